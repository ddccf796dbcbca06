"""Who goes first where nothing is lost by it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve
from sqlalchemy import Engine

from elfe.ems.fairness import EPSILON, Account, booked, evened, gave, store, weights
from elfe.ems.forecast import Forecast
from elfe.ems.forecast.run import Seen
from elfe.ems.loads import CycleLoad, Load
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Problem, objective, placing
from elfe.ems.run import Inputs, place
from elfe.ems.search import greedy
from elfe.ems.solve import Limits, Solver
from elfe.ems.values import Plan
from elfe.slots import HORIZON
from tests.ems.made import FIRST, NOON, PARIS, a_cycle_load, a_problem, a_tank_load, an_appliance

WASH = (2000.0, 500.0, 500.0, 500.0)
NARROW = np.where((np.arange(HORIZON) >= 8) & (np.arange(HORIZON) < 12), 2000.0, -500.0)      # a surplus that holds one wash


def of_home(load: CycleLoad, home: str) -> CycleLoad:
    machine = evolve(load.machine, appliance=evolve(load.machine.appliance, participant=home))
    return evolve(load, machine=machine)


def a_wash(id: int, home: str) -> CycleLoad:
    return of_home(a_cycle_load(WASH, id, timedelta(hours=20)), home)


def evenly(problem: Problem, starts: Sequence[int], weights: Sequence[float] = ()) -> list[int]:
    """Where evening puts loads that stand at these starts."""
    choice = evolve(greedy(problem), runs=(np.array(starts),))
    return [int(start) for start in evened(problem, choice, np.array(weights or [1.0] * problem.count, float)).runs[0]]


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    made = Solver(Limits(gap=0.0))
    yield made
    made.close()


def planned(solver: Solver, loads: Sequence[Load], balance_w: tuple[float, ...],
            accounts: dict[str, Account] | None = None) -> Plan:
    seen = Seen(FIRST, Forecast(balance_w, "made"), {})
    return place(Inputs(NOON, FIRST, PARIS, seen, tuple(loads), (), (), accounts=accounts or {}), solver)


# -- the account --------------------------------------------------------------------------------------------------------------


def test_an_account_is_what_a_kwh_waited_and_how_much_of_it_was_local_beside_the_mean() -> None:
    both = {"R1": Account(10_000, 4_000, 60_000), "R2": Account(10_000, 8_000, 20_000)}
    total = Account(20_000, 12_000, 80_000)
    assert gave(both["R1"], total) == pytest.approx((6 / 4 - 0.4 / 0.6) * 10 / 15)
    assert gave(both["R2"], total) == pytest.approx((2 / 4 - 0.8 / 0.6) * 10 / 15)
    assert weights(both) == pytest.approx({"R1": 2 ** gave(both["R1"], total), "R2": 2 ** gave(both["R2"], total)})


@pytest.mark.parametrize("accounts", [
    {}, {"R1": Account()}, {"R1": Account(10, 0, 0), "R2": Account(10, 0, 0)}, {"R1": Account(1e9, 0, 0), "R2": Account()}])
def test_where_nothing_is_known_or_nothing_differs_everybody_weighs_the_same(accounts: dict[str, Account]) -> None:
    assert all(weight == pytest.approx(1.0) for weight in weights(accounts).values())


def test_what_was_booked_counts_half_after_thirty_days() -> None:
    assert Account(8, 6, 4).faded(30 * HORIZON) == Account(4, 3, 2)


def test_the_quarter_that_comes_is_booked_a_wait_by_what_waits_and_a_start_whole(solver: Solver) -> None:
    loads: list[Load] = [a_wash(1, "R001"), a_wash(2, "R002")]
    plan = planned(solver, loads, (2000.0,) * 4 + (-500.0,) * 92)
    assert sorted(each.begins or 0 for each in plan.placements) == [0, 1]
    of = {plan.placements[n].begins: found for n, found in enumerate(booked(plan, loads).values())}
    assert (of[0].placed_wh, of[0].waited_wh_h) == (pytest.approx(875), 0)
    assert (of[1].placed_wh, of[1].waited_wh_h) == (0, pytest.approx(875 / 4))


def test_who_draws_in_one_quarter_shares_alike_in_its_surplus(solver: Solver) -> None:
    loads: list[Load] = [of_home(a_cycle_load(powers, id, timedelta(minutes=30)), f"R{id}")
                         for id, powers in ((1, (1000.0, 1000.0)), (2, (3000.0, 3000.0)))]
    found = booked(planned(solver, loads, (2000.0,) * HORIZON), loads)
    assert [found[home].local_wh / found[home].placed_wh for home in ("R1", "R2")] == pytest.approx([0.5, 0.5])


# -- evening --------------------------------------------------------------------------------------------------------------------


def two(balance: np.ndarray, last: int = 40) -> Problem:
    return Problem(balance, (Shifts.of([WASH, WASH], [0, 0], [last, last], [Wishes()] * 2),))


def test_who_has_given_more_takes_the_place_in_the_sun() -> None:
    assert evenly(two(NARROW), [8, 12], [0.5, 2.0])[1] == 8
    assert evenly(two(NARROW), [8, 12], [2.0, 0.5])[0] == 8


def test_a_start_that_was_promised_is_not_taken_from_anybody() -> None:
    promised = Shifts.of([WASH, WASH], [0, 0], [40, 40], [Wishes(promised=8, faith=200.0), Wishes()])
    assert evenly(Problem(NARROW, (promised,)), [8, 12], [0.5, 2.0])[0] == 8


def test_starts_are_not_stacked_where_nothing_is_lost_by_it() -> None:
    assert sorted(evenly(two(np.full(HORIZON, 9000.0)), [0, 0])) == [0, 1]
    assert sorted(evenly(two(np.full(HORIZON, -500.0)), [7, 7])) == [0, 1]


def test_they_are_stacked_where_the_sun_is_short() -> None:
    short = np.where((np.arange(HORIZON) >= 8) & (np.arange(HORIZON) < 12), 4000.0, -500.0)
    assert evenly(two(short), [8, 8]) == [8, 8]


def test_a_crowd_is_spread_over_an_hour_or_two_and_not_over_the_day() -> None:
    crowd = Shifts.of([WASH] * 200, [0] * 200, [90] * 200, [Wishes()] * 200)
    starts = np.array(evenly(Problem(np.full(HORIZON, 1e6), (crowd,)), [0] * 200))
    assert 4 <= starts.max() <= 8
    assert np.bincount(starts).max() < 80


def test_what_need_not_wait_does_not() -> None:
    alone = Problem(np.full(HORIZON, -500.0), (Shifts.of([WASH], [3], [40], [Wishes()]),))
    assert evenly(alone, [30]) == [3]


@pytest.mark.parametrize("seed", range(5))
def test_an_evened_plan_costs_no_more_than_a_millionth_more(seed: int) -> None:
    problem = a_problem(60, 40, seed)
    choice = greedy(problem)
    given = np.exp2(np.random.default_rng(seed).uniform(-2, 2, 60))
    after = evened(problem, choice, given)
    bare = evolve(problem, fleets=tuple(fleet.selfless() for fleet in problem.fleets))
    before, now = objective(bare, choice.runs), objective(bare, after.runs)
    assert now <= before + EPSILON * max(1.0, before)
    assert after.objective == pytest.approx(objective(problem, after.runs))


def test_households_that_want_the_same_take_turns(solver: Solver) -> None:
    """Two equal machines are lent every morning, and the sun holds one: whoever came second comes first the next time."""
    accounts: dict[str, Account] = {}
    first_in: list[str] = []
    for _ in range(8):
        loads: list[Load] = [a_wash(1, "R001"), a_wash(2, "R002")]
        plan = planned(solver, loads, tuple(map(float, NARROW)), accounts)
        begins = {each.appliance_id: each.begins or 0 for each in plan.placements}
        first_in.append("R001" if begins[1] == 8 else "R002")
        for id, home in ((1, "R001"), (2, "R002")):
            local = 875.0 if begins[id] == 8 else 0.0
            accounts[home] = accounts.get(home, Account()) + Account(875, local, 875 * begins[id] / 4)
    assert sorted(first_in) == ["R001"] * 4 + ["R002"] * 4
    assert first_in[:2] in (["R001", "R002"], ["R002", "R001"])


def test_tanks_too_go_in_turn() -> None:
    loads = [a_tank_load(), a_tank_load()]
    loads = [evolve(each, heater=evolve(each.heater, appliance=an_appliance(n))) for n, each in enumerate(loads, 1)]
    made = placing([-500.0] * HORIZON, loads)
    after = evened(made.problem, greedy(made.problem), np.ones(2))
    assert len(set(map(int, after.runs[0]))) == 2


# -- kept ------------------------------------------------------------------------------------------------------------------------


def test_accounts_are_kept_fade_and_are_booked_once_for_each_quarter(sortie: Engine) -> None:
    store.book(sortie, FIRST, {"R001": Account(100, 50, 10)})
    store.book(sortie, FIRST, {"R001": Account(100, 50, 10)})
    assert store.accounts(sortie, FIRST) == {"R001": Account(100, 50, 10)}
    store.book(sortie, FIRST + 30 * HORIZON, {"R001": Account(10, 0, 0), "R002": Account(1, 1, 1)})
    assert store.accounts(sortie, FIRST + 30 * HORIZON) == {"R001": Account(60, 25, 5), "R002": Account(1, 1, 1)}
    store.forget(sortie, ["R001"])
    assert list(store.accounts(sortie, FIRST)) == ["R002"]
