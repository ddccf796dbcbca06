"""A whole run: from the databases to a plan that keeps its promises."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from attrs import evolve
from sqlalchemy import select

from elfe.coordination.values import ApplianceType, Mode
from elfe.ems import run as runs
from elfe.ems import search
from elfe.ems.cycles.profiles import DEFAULTS, Cycle
from elfe.ems.loads import Load
from elfe.ems.model import Choice, Problem
from elfe.ems.run import Outlook, first_slot_at, gather, outlook, run_once
from elfe.ems.service import EmsService
from elfe.ems.solve import Solver
from elfe.ems.store import RESULT, newest_plan, plan_in_force, write_plan
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.slots import HORIZON, SLOT, SLOT_S
from tests.ems.conftest import Territory
from tests.ems.made import FIRST, NOON, SUNNY, minutes

RUNS_AT = NOON - timedelta(seconds=30)
HOURS = timedelta(hours=1)


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    made = Solver()
    yield made
    made.close()


def planned(territory: Territory, solver: Solver, now: datetime = RUNS_AT) -> Plan:
    return run_once(territory.sources, solver, now, first_slot_at(now))


def starts(plan: Plan) -> dict[int, int]:
    return {each.appliance_id: each.decisions.index(1) for each in plan.placements}


def of(plan: Plan, id: int) -> Placement:
    return next(each for each in plan.placements if each.appliance_id == id)


# -- when ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "first"), [
    (RUNS_AT, FIRST), (NOON - SLOT, FIRST), (NOON, FIRST + 1), (NOON + timedelta(seconds=35), FIRST + 1)])
def test_a_run_plans_from_the_coming_quarter_even_when_it_is_late(now: datetime, first: int) -> None:
    assert first_slot_at(now) == first


def test_the_service_runs_half_a_minute_before_each_quarter(territory: Territory) -> None:
    service = EmsService(territory.sources, Solver())
    assert service.step(NOON - minutes(10)) == RUNS_AT
    assert newest_plan(territory.sources.sortie) is None
    assert service.step(RUNS_AT) == RUNS_AT + SLOT
    service.close()
    found = newest_plan(territory.sources.sortie)
    assert found is not None
    assert (found.first_slot, found.made_at) == (FIRST, RUNS_AT)


def test_old_plans_go_behind_a_run(territory: Territory) -> None:
    territory.balance(SUNNY)
    of_one = (Placement(101, 131, (1,) * HORIZON, (0.0,) * HORIZON, "", ""),)
    for days in (401, 399):
        write_plan(territory.sources.sortie, Plan(FIRST - days * HORIZON, NOON - timedelta(days=days), of_one, (0.0,) * HORIZON,
                                                  "persistence", "optimal", 1.0, 1.0, 3))
    service = EmsService(territory.sources, Solver())
    service.step(RUNS_AT - minutes(1))
    service.step(RUNS_AT)
    service.close()
    with territory.sources.sortie.connect() as connection:
        assert list(connection.scalars(select(RESULT.c.first_valid_timestamp))) == [(FIRST - 399 * HORIZON) * SLOT_S]


def test_a_database_that_is_away_costs_a_run_and_not_the_service(territory: Territory, caplog: pytest.LogCaptureFixture) -> None:
    service = EmsService(territory.sources, Solver())
    service.step(RUNS_AT - minutes(1))
    with territory.coordination.begin() as connection:
        connection.exec_driver_sql("DROP TABLE equipement_pilote_ballon_ecs_heures_creuses")
    assert service.step(RUNS_AT) == RUNS_AT + SLOT
    assert "no plan this quarter" in caplog.text


# -- what is placed -----------------------------------------------------------------------------------------------------------


def test_a_declared_machine_waits_for_the_surplus_and_says_why(territory: Territory, solver: Solver) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    plan = planned(territory, solver)
    assert starts(plan) == {101: 8}
    assert of(plan, 101).source == "the default cycle of a washing machine"
    assert of(plan, 101).reason == ("starts at 14:00 because 1.04 of its 1.04 kWh then come from local surplus; at once it "
                                    "would have imported 1.04 kWh more")
    assert plan_in_force(territory.sources.sortie, NOON) == plan


def test_only_what_is_in_mode_30_is_placed(territory: Territory, solver: Solver) -> None:
    for id, mode in enumerate(Mode, start=101):
        territory.machine(id, by=NOON + 6 * HOURS, mode=mode)
    assert list(starts(planned(territory, solver))) == [101 + list(Mode).index(Mode.PILOTED)]


def test_the_last_cycle_of_a_machine_is_what_it_is_planned_with(territory: Territory, solver: Solver) -> None:
    series = territory.machine(101, by=NOON + 6 * HOURS, lasts=timedelta())
    territory.drew(series, NOON - 20 * HOURS, 1, 1800, 900, 300, 1, 1)
    placed = of(planned(territory, solver), 101)
    assert [round(power) for power in placed.power_w[:4]] == [1800, 900, 300, 0]
    assert placed.source == "its last cycle, 2024-10-10 14:15 UTC"


def test_a_cycle_that_was_found_is_remembered_and_a_newer_one_replaces_it(territory: Territory, solver: Solver) -> None:
    series = territory.machine(101, by=NOON + 6 * HOURS)
    territory.drew(series, NOON - 90 * HOURS, 1, 1800, 900, 300, 1, 1)
    assert of(planned(territory, solver), 101).source == "its last cycle, 2024-10-07 16:15 UTC"
    territory.drew(series, NOON, 1, 1500, 1500, 1, 1)
    later = NOON + 3 * HOURS - timedelta(seconds=30)
    assert of(planned(territory, solver, later), 101).source == "its last cycle, 2024-10-11 10:15 UTC"
    assert of(planned(territory, solver, later + SLOT), 101).source == "its last cycle, 2024-10-11 10:15 UTC"


def test_f4_an_impossible_deadline_is_late_says_so_and_touches_no_other(territory: Territory, solver: Solver) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    alone = planned(territory, solver)
    territory.machine(102, by=NOON + 1 * HOURS, type=ApplianceType.DISHWASHER)
    both = planned(territory, solver)
    assert starts(both) == {101: 8, 102: 0}
    assert of(both, 101) == of(alone, 101)
    late = of(both, 102)
    assert (late.late_by, late.ends_at) == (1 * HOURS, NOON + 2 * HOURS)
    assert late.reason == "starts at 12:00, at once, and yet it ends 1 h 00 behind its deadline, which can no longer be kept"


def test_two_machines_do_not_share_a_surplus_that_holds_one(territory: Territory, solver: Solver) -> None:
    territory.balance(tuple(1600.0 if 8 <= t < 24 else -500.0 for t in range(HORIZON)))
    for id in (101, 102):
        territory.machine(id, by=NOON + 8 * HOURS)
    assert sorted(starts(planned(territory, solver)).values()) == [8, 16]


def test_a_cycle_that_runs_is_not_stacked_on(territory: Territory, solver: Solver) -> None:
    territory.balance((1600.0,) * HORIZON)
    territory.machine(101, mode=Mode.MANUAL)
    territory.started(101, NOON - SLOT)
    territory.machine(102, by=NOON + 8 * HOURS)
    plan = planned(territory, solver)
    assert starts(plan) == {102: 7}                     # the surplus holds one of them at a time
    assert [round(each) for each in plan.balance_w[:3]] == [200, 1350, 1450]


def test_what_was_placed_yesterday_is_not_forecast_again(territory: Territory, solver: Solver) -> None:
    yesterday = NOON - 24 * HOURS
    territory.balance(tuple(-2500.0 if 8 <= t < 12 else -500.0 for t in range(HORIZON)))
    territory.drew(territory.machine(101, mode=Mode.MANUAL), yesterday + 8 * SLOT, *[2000] * 4, 0)
    as_measured = planned(territory, solver).balance_w
    territory.started(101, yesterday + 8 * SLOT)
    assert [round(each) for each in as_measured[7:13]] == [-500, -2500, -2500, -2500, -2500, -500]
    assert [round(each) for each in planned(territory, solver).balance_w[7:13]] == [-500] * 6


def test_one_bad_appliance_is_left_out_and_the_others_are_planned(
        territory: Territory, solver: Solver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFAULTS, ApplianceType.DISHWASHER, Cycle((float("inf"),), "no number"))
    territory.machine(101, by=NOON + 6 * HOURS, type=ApplianceType.DISHWASHER, lasts=timedelta())
    territory.machine(102, by=NOON + 6 * HOURS)
    with caplog.at_level(logging.ERROR):
        assert list(starts(planned(territory, solver))) == [102]
    assert "left out of the plan: appliance 101 (appareil 101): its power is not a number of watts" in caplog.text


def test_nothing_declared_is_an_empty_plan(territory: Territory, solver: Solver) -> None:
    plan = planned(territory, solver)
    assert (plan.placements, plan.solver, plan.imported_wh) == ((), "nothing to place", 0)
    assert plan.forecast == "no balance was measured: taken as zero"


def test_a_dry_run_writes_nothing(territory: Territory, solver: Solver) -> None:
    run_once(territory.sources, solver, RUNS_AT, FIRST, write=False)
    assert newest_plan(territory.sources.sortie) is None


# -- tanks --------------------------------------------------------------------------------------------------------------------


def heats(plan: Plan, id: int = 201) -> list[int]:
    return [t for t, power in enumerate(of(plan, id).power_w) if power]


def test_a_tank_of_which_nothing_is_known_gets_a_full_reheat_in_its_next_night(territory: Territory, solver: Solver) -> None:
    territory.tank(201)
    placed = heats(planned(territory, solver))
    assert (placed[0], len(placed)) == (40, 24)          # 22:00, 11.6 kWh at 2 kW
    assert set(placed) <= set(range(40, 72))


def test_a_tank_gets_a_tenth_more_than_it_drew_on_its_thirstiest_day(territory: Territory, solver: Solver) -> None:
    series = territory.tank(201)
    territory.drew(series, NOON - 38 * HOURS, 0, *[2000] * 10, 0, 0)       # 5 kWh in the night before last
    territory.drew(series, NOON - 14 * HOURS, 0, *[2000] * 12, 0, 0)       # 6 kWh in the last one
    assert of(planned(territory, solver), 201).source == "5.5 kWh of hot water"
    tomorrow = RUNS_AT + 11 * HOURS                                        # 23:00 in Paris: the next heating day has begun
    assert of(planned(territory, solver, tomorrow), 201).source == "6.6 kWh of hot water"


def test_what_a_tank_drew_since_its_day_began_is_not_placed_again(territory: Territory, solver: Solver) -> None:
    series = territory.tank(201)
    night = NOON + 10 * HOURS                                              # 22:00 in Paris
    territory.drew(series, night, *[2000] * 8)
    plan = planned(territory, solver, night + 2 * HOURS - timedelta(seconds=30))
    assert of(plan, 201).source == "7.6 kWh of hot water"                  # of 11.6
    assert len(heats(plan)) == 16


def test_a_tank_whose_thermostat_has_cut_is_done_for_the_day(territory: Territory, solver: Solver) -> None:
    series = territory.tank(201)
    night = NOON + 10 * HOURS
    for i in range(6):
        planned(territory, solver, night + i * SLOT - timedelta(seconds=30))
        territory.drew(series, night + i * SLOT, 2000 if i < 4 else 0)
    placed = heats(planned(territory, solver, night + 6 * SLOT - timedelta(seconds=30)))
    assert placed[0] == HORIZON - 6                                        # from 22:00 of the next day on


def test_a_tank_that_drew_little_for_days_is_not_held_to_it_when_its_people_are_back(territory: Territory, solver: Solver) -> None:
    """Three days away; then it draws whatever it may: the plan goes on until its thermostat has cut."""
    series, night = territory.tank(201, windows=()), NOON
    for day in (1, 2, 3):
        territory.drew(series, NOON - day * 24 * HOURS, 300.0, *[0.0] * 95)
    drawn = 0
    for i in range(30):
        placed = planned(territory, solver, night + i * SLOT - timedelta(seconds=30))
        on = bool(of(placed, 201).decisions[0]) and drawn < 12
        territory.drew(series, night + i * SLOT, 2000 if on else 0)
        drawn += on
    assert drawn == 12                                                     # 6 kWh; a third of a full reheat is 3.5


def test_a_tank_whose_heating_the_plan_ended_may_fill_its_windows_the_next_day(territory: Territory, solver: Solver) -> None:
    series, night = territory.tank(201), NOON - 14 * HOURS                 # from 22:00 of the day before
    for day in (1, 2, 3):
        territory.drew(series, night - day * 24 * HOURS, 300.0, *[0.0] * 95)
    for i in range(32):
        planned(territory, solver, night + i * SLOT - timedelta(seconds=30))
        territory.drew(series, night + i * SLOT, 600)                      # it never comes to rest
    assert of(planned(territory, solver), 201).source == "11.6 kWh of hot water"


def test_a_tank_that_stayed_cold_in_its_night_is_heated_by_day(territory: Territory, solver: Solver) -> None:
    territory.balance(SUNNY)
    series = territory.tank(201)
    territory.drew(series, NOON - 14 * HOURS, *[0.0] * 56)                 # measured all along, and never on
    placed = heats(planned(territory, solver))
    assert len(placed) == 24
    assert placed[-1] < 40                                                 # its heating day ends at 22:00


def test_a_tank_that_was_out_of_sight_is_not_heated_outside_its_windows_on_a_guess(territory: Territory, solver: Solver) -> None:
    """Lent at noon, an hour of its windows before it: a full reheat would go on until the evening."""
    territory.tank(201, windows=((22, 6), (13, 14)))
    placed = of(planned(territory, solver), 201)
    assert [t for t, power in enumerate(placed.power_w) if power] == [4, 5, 6, 7]
    assert placed.source == "11.6 kWh of hot water, of which its off-peak windows hold 2.0"


def test_a_tank_nobody_measures_stays_in_its_windows_from_their_first_slot_on(territory: Territory, solver: Solver) -> None:
    territory.tank(201, windows=((22, 2),))
    for now in (NOON + 10 * HOURS, NOON + 10 * HOURS + SLOT):              # 22:00 and a quarter later
        placed = heats(planned(territory, solver, now - timedelta(seconds=30)))
        ends = 16 - (now - NOON - 10 * HOURS) // SLOT
        assert placed == list(range(ends))


# -- a plan that is wrong -----------------------------------------------------------------------------------------------------


class Liar(Solver):
    """Says that it has found something better than anything can be."""

    def solve(self, problem: Problem) -> Choice:
        return evolve(super().solve(problem), bound=1e9)


def test_f6_a_plan_that_breaks_a_promise_is_replaced_by_the_greedy_one(
        territory: Territory, caplog: pytest.LogCaptureFixture) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    liar = Liar()
    plan = planned(territory, liar)
    liar.close()
    assert (plan.solver, plan.bound_wh, starts(plan)) == ("greedy", plan.priced_bound_wh, {101: 8})
    assert "breaks a promise" in caplog.text


def test_every_plan_has_prices_and_a_bound_that_they_prove_whoever_made_it(territory: Territory, solver: Solver) -> None:
    territory.balance(tuple(each - 2000 for each in SUNNY))
    for id in (101, 102):
        territory.machine(id, by=NOON + 6 * HOURS)
    liar = Liar()
    for each in (solver, liar):
        plan = planned(territory, each)
        assert plan.priced_bound_wh is not None
        assert plan.bound_wh is not None
        assert 0.9 * plan.imported_wh < plan.priced_bound_wh <= plan.bound_wh <= plan.imported_wh + 1
        assert all(0 <= price <= 1 for price in plan.prices)
        assert len(plan.prices) == HORIZON
    liar.close()
    assert plan.solver == "greedy"


def test_f6_what_nobody_can_place_is_left_out_and_the_others_are_planned(
        territory: Territory, solver: Solver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    territory.machine(102, by=NOON + 6 * HOURS)
    asked: list[str] = []

    def stubborn(plan: Plan, loads: Sequence[Load]) -> dict[int, str]:
        asked.append(plan.solver)
        return {each.appliance.id: "it begins too early" for each in loads if each.appliance.id == 102}

    monkeypatch.setattr(runs.check, "broken", stubborn)
    plan = planned(territory, solver)
    assert starts(plan) == {101: 8}
    assert asked[1:3] == ["greedy", "the plan before, kept"], "each who can make a plan is asked before anybody is left out"
    assert "left out of the plan: appliance 102: nobody can place it: it begins too early" in caplog.text


@pytest.mark.parametrize("absurd", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_f6_a_forecast_that_is_no_number_makes_no_plan_and_is_told(territory: Territory, absurd: float) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    inputs = gather(territory.sources, RUNS_AT, FIRST)
    forecast = evolve(inputs.forecast, balance_w=(*SUNNY[:7], absurd, *SUNNY[8:]))
    with pytest.raises(PlanError, match="is no number of watts in 1 quarters, the first of index 7"):
        runs.place(evolve(inputs, seen=evolve(inputs.seen, forecast=forecast)), Solver())


def test_f6_the_plan_before_is_kept_where_it_still_can_be(
        territory: Territory, solver: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    told = starts(planned(territory, solver))[101]
    greedy, liar = search.greedy, Liar()
    monkeypatch.setattr(search, "greedy", lambda problem: evolve(greedy(problem), bound=1e9))
    later = planned(territory, liar, RUNS_AT + SLOT)
    liar.close()
    assert (later.solver, starts(later)) == ("the plan before, kept", {101: told - 1})


def test_f4_an_impossible_wish_is_told_with_its_ways_out_in_the_plan_and_before_it(territory: Territory, solver: Solver) -> None:
    territory.machine(101, by=NOON + 1 * HOURS)
    before = outlook(territory.sources, 101, RUNS_AT)
    assert (before.late_by, before.missing, before.absurd) == (HOURS, "au plus tôt, il finirait 1 h 00 après", "")
    out = before.ways
    assert [each.french for each in out] == ["finir à 14:00 plutôt", "un programme de 60 min au plus"]
    why = of(planned(territory, solver), 101).why
    assert why is not None
    assert why.ways == out
    assert outlook(territory.sources, 101, RUNS_AT - 2 * HOURS) == Outlook()


def test_what_each_other_start_would_import_is_kept_with_the_newest_plan_alone(territory: Territory, solver: Solver) -> None:
    territory.balance(SUNNY)
    territory.machine(101, by=NOON + 6 * HOURS)
    first = of(planned(territory, solver), 101)
    assert first.why is not None
    costs = [wh for wh in first.why.starts_wh if wh is not None]
    assert len(costs) == 17, "two hours long, within six: from noon to 16:00"
    assert first.why.starts_wh[8] == min(costs) == 0
    assert first.why.starts_wh[0] == pytest.approx(sum(first.power_w) / 4, abs=0.1), "at noon nothing is local"
    planned(territory, solver, RUNS_AT + SLOT)
    old = plan_in_force(territory.sources.sortie, NOON)
    assert old is not None
    assert of(old, 101).why is None


def test_a_run_reads_everything_before_it_plans(territory: Territory) -> None:
    territory.machine(101, by=NOON + 6 * HOURS)
    territory.tank(201)
    inputs = gather(territory.sources, RUNS_AT, FIRST)
    territory.coordination.dispose()
    lone = Solver()
    assert {each.appliance_id for each in runs.place(inputs, lone).placements} == {101, 201}
    lone.close()
