"""What a day was worth: from what the twins logged, never from what was planned."""

from datetime import timedelta

import pytest

from elfe.command.orders import Cause, Order, Stage, Why
from elfe.coordination.values import ApplianceType
from elfe.ems.values import Placement, Plan
from elfe.simulation.appliances import CycleMachine, Log, Profile, Tank
from elfe.simulation.homes import Account, Seen
from elfe.simulation.report import Day, Trouble, expected_local_wh, live_unpiloted, replay, report
from elfe.simulation.story import Act
from elfe.slots import SLOT, slot_of

from .made import NOON, after, appliance

HOUR = timedelta(hours=1)
WASH = Profile((1000.0,), HOUR)
MACHINE = appliance(1)
HOURS = 8
SURPLUS_FROM_FOUR = [-500.0] * 16 + [2000.0] * 16       # W, from noon: nothing to spare before four o'clock


def lived(act_at=NOON, starts=after(240), cut=None):
    """A machine that was loaded, and supplied from `starts` on, or until it was `cut`; and its log."""
    machine, log = CycleMachine(WASH), Log()
    powered = False
    for minute in range(HOURS * 60):
        now = after(minute)
        machine.until(now, powered)
        if now == act_at:
            machine.load(now)
        powered = now >= starts and (cut is None or now < cut)
        log.write(now, machine.power_w(powered), powered)
    return Seen(1, log, machine)


def order(why=Why.START, wanted_at=after(240), stage=Stage.DONE, cause=Cause.PROVED, **more):
    return Order("x", "A001", 1, why, True, True, slot_of(wanted_at), 1, wanted_at, stage, cause, **more)


def told(seen=None, acts=None, orders=(), plans=None, refused=(), balance_w=SURPLUS_FROM_FOUR):
    seen = seen or lived()
    acts = acts if acts is not None else (Act(NOON, MACHINE, after(HOURS * 60 - 30), HOUR),)
    account = Account((seen,), tuple(acts), tuple(refused))
    fresh = {1: CycleMachine(WASH)} if isinstance(seen.appliance, CycleMachine) else {1: tank()}
    end = after(HOURS * 60)
    return report(Day(NOON, end, balance_w, "a made-up series", account, replay(account, fresh, NOON, end), orders, plans or {}))


def tank(**given):
    return Tank(200, 2200.0, 1, NOON.tzinfo, **given)


# -- energy -----------------------------------------------------------------------------------------------------------------


def test_import_is_avoided_by_who_waits_for_the_sun():
    day = told()
    assert day.at_once_wh == pytest.approx(2000 + 1000)
    assert day.imported_wh == pytest.approx(2000)
    assert day.avoided_wh == pytest.approx(1000, abs=20)
    assert day.moved_wh == pytest.approx(1000, abs=20)


def test_who_starts_at_once_moves_and_avoids_nothing():
    day = told(lived(starts=NOON))
    assert (day.moved_wh, day.avoided_wh) == pytest.approx((0.0, 0.0), abs=40)


def test_what_has_not_run_at_the_end_of_the_day_is_owed():
    """Waiting past midnight avoids nothing."""
    day = told(lived(starts=after(HOURS * 60)))
    assert day.owed_wh == pytest.approx(1000, abs=20)
    assert day.avoided_wh == pytest.approx(0.0, abs=20)


def test_each_declaration_tells_what_came_from_the_surplus_and_what_starting_at_once_had_cost():
    [use] = told().told
    assert (use.energy_wh, use.local_wh) == pytest.approx((1000.0, 1000.0), abs=20)
    assert use.more_wh == pytest.approx(1000.0, abs=20)


def test_the_plan_that_started_it_says_what_was_expected():
    started = order()
    plan = Plan(started.slot, NOON, (Placement(1, MACHINE.type, (1,) + (0,) * 95, (1000.0,) * 4 + (0.0,) * 92, "", ""),),
                (600.0,) * 96, "", "", 0.0, None, 0)
    assert expected_local_wh(plan, 1) == pytest.approx(600.0)
    assert expected_local_wh(plan, 2) is None
    [use] = told(orders=[started], plans={started.slot: plan}).told
    assert use.expected_local_wh == pytest.approx(600.0)


# -- promises ---------------------------------------------------------------------------------------------------------------


def test_a_promise_that_was_kept_is_no_problem():
    day = told()
    assert (day.declared, day.done, day.deadlines, day.kept, day.impossible) == (1, 1, 1, 1, 0)
    assert (day.problems, day.well) == ((), True)


def test_a_promise_that_could_be_kept_and_was_not_is_late():
    [problem] = told(acts=[Act(NOON, MACHINE, after(270), HOUR)]).problems
    assert (problem.trouble, problem.deadline, problem.ended_at) == (Trouble.LATE, after(270), after(300))


def test_a_wish_that_was_impossible_is_counted_and_is_no_problem():
    day = told(acts=[Act(NOON, MACHINE, after(75), HOUR)])
    assert (day.deadlines, day.kept, day.impossible, day.well) == (1, 0, 1, True)


def test_an_impossible_wish_must_be_done_all_the_same():
    [problem] = told(lived(starts=after(HOURS * 60)), acts=[Act(NOON, MACHINE, after(75), HOUR)]).problems
    assert problem.trouble is Trouble.UNFINISHED


def test_a_cycle_that_was_cut_and_never_resumed_is_unfinished():
    [problem] = told(lived(cut=after(270))).problems
    assert (problem.trouble, problem.detail) == (Trouble.UNFINISHED, "30/60")


def test_a_promise_that_is_due_after_the_day_is_not_judged():
    day = told(lived(starts=after(HOURS * 60)), acts=[Act(NOON, MACHINE, after(HOURS * 60 + 1), HOUR)])
    assert (day.deadlines, day.well) == (0, True)


def test_a_refused_declaration_is_a_problem_and_ends_nobodys_promise():
    acts = [Act(NOON, MACHINE, after(270), HOUR), Act(after(60), MACHINE, after(400), HOUR)]
    day = told(acts=acts, refused=["Washing machine R001: it still runs"])
    assert {each.trouble for each in day.problems} == {Trouble.REFUSED, Trouble.LATE}


def test_two_loads_of_a_machine_are_two_promises():
    machine, log = CycleMachine(WASH), Log()
    for minute in range(HOURS * 60):
        machine.until(after(minute), True)
        if minute in (0, 120):
            machine.load(after(minute))
        log.write(after(minute), machine.power_w(True), True)
    acts = [Act(NOON, MACHINE, after(90), HOUR), Act(after(120), MACHINE, after(200), HOUR)]
    day = told(Seen(1, log, machine), acts)
    assert (day.declared, day.done, day.deadlines, day.kept) == (2, 2, 2, 2)
    assert [use.energy_wh for use in day.told] == pytest.approx([1000.0, 1000.0], abs=20)


def test_it_ran_from_when_its_supply_came_back():
    assert told().told[0].ran_from == after(240)
    assert told(lived(starts=NOON)).told[0].ran_from == NOON


# -- orders and tanks -------------------------------------------------------------------------------------------------------


def test_orders_are_counted_by_how_far_they_came():
    at = after(240)
    orders = [
        order(sent_at=at, acknowledged_at=at, proved_at=at),
        order(cause=Cause.SATISFIED, sent_at=at, acknowledged_at=at),
        order(stage=Stage.SUPERSEDED, cause=Cause.NEW_WISH, sent_at=at),
        order(stage=Stage.EXPIRED, cause=Cause.SILENT, sent_at=at),
    ]
    day = told(orders=orders)
    assert day.orders == {"made": 4, "sent": 4, "acknowledged": 2, "proved": 1, "satisfied": 1, "not measurable": 0,
                          "superseded": 1, "overridden": 0, "missed": 1}
    assert [(each.trouble, each.who) for each in day.problems] == [(Trouble.ORDER, "A001")]


@pytest.mark.parametrize(("coldest_c", "well"), [(52.0, True), (39.0, False)])
def test_nobody_wants_to_wash_with_cold_water(coldest_c, well):
    heater = appliance(1, ApplianceType.WATER_HEATER)
    log = Log([(NOON, 0.0, True)])
    day = told(Seen(1, log, tank(coldest_c=coldest_c)), [Act(NOON, heater)])
    assert (day.coldest_c, day.well) == (coldest_c, well)


def test_what_nobody_pilots_runs_as_soon_as_it_is_loaded():
    log = live_unpiloted(CycleMachine(WASH), [after(30), after(45)], NOON, after(180))
    assert log.quarters_w(NOON, 12, SLOT) == pytest.approx([0, 0, *[1000] * 8, 0, 0], abs=70)
