"""People go first: what they hold, what they switch by hand, what they take over at the unit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.orders import Cause, Stage, Why
from elfe.command.values import PlanRead, Said, Save, TakeOver, Write
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import ApplianceType, ControlState, Mode
from elfe.devices.values import LocalControl, Measure, Quantity
from tests.command.conftest import NOON, World, a_pilot, a_plan, state


def held(supply: bool | None, origin: Origin = Origin.CENTRE, hours: float | None = 2) -> Hold:
    return Hold(3, 1, supply, NOON, NOON + timedelta(hours=hours) if hours else None, origin)


def a_tank(**changes):
    return evolve(a_pilot(type=ApplianceType.WATER_HEATER), **changes)


@pytest.mark.parametrize(("supply", "said"), [(True, b"on"), (False, b"off")])
@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.PILOTED])
def test_what_a_person_holds_goes_before_the_plan(world, mode, supply, said):
    world.tell(PlanRead(a_plan(m1=(0 if supply else 1,) * 4)))
    pilot = a_tank(hold=held(supply))
    world.change(evolve(pilot, appliance=evolve(pilot.appliance, mode=mode)))

    assert world.said() == [("D001/set", said)]
    assert world.order.why is Why.HOLD


def test_i6_what_is_left_alone_gets_no_order_and_what_was_not_yet_said_is_not_said(world):
    world.change(a_tank())
    effects = world.change(a_tank(hold=held(None)))

    assert [(each.order.stage, each.order.cause) for each in effects if isinstance(each, Save)] == [(Stage.SUPERSEDED, Cause.HELD)]
    assert world.said(world.after(minutes=30)) == []


def test_when_the_hold_is_over_the_plan_goes_on(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 20)))
    world.change(a_tank(hold=held(None)))
    assert world.said() == []

    world.change(a_tank())
    assert world.said() == [("D001/set", b"off")]


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED])
def test_w2_a_hold_does_not_touch_what_a_mode_forbids(world, mode):
    pilot = a_tank(hold=held(True))
    effects = world.change(evolve(pilot, appliance=evolve(pilot.appliance, mode=mode)))

    assert world.said(effects) == []


@pytest.mark.parametrize(("origin", "said"), [(Origin.CENTRE, []), (Origin.SCREEN, [("D001/set", b"off")])])
def test_i4_only_the_person_in_front_of_it_cuts_a_cycle_that_runs(world, origin, said):
    for _ in range(4):
        world.tell(Said("D001", Measure(Quantity.POWER, 2000)))
        world.now += timedelta(minutes=5)
    pilot = a_pilot(mode=Mode.MANUAL)
    world.change(evolve(pilot, flexibility=None, hold=held(False, origin)))

    assert world.said() == said


def test_g4_what_a_person_switched_is_written_as_it_is(world):
    world.tell(PlanRead(a_plan(m1=(1,) * 20)))
    world.change(a_tank())
    world.tell(Said("D001", state(True)))
    effects = world.tell(Said("D001", state(False)))

    assert Write(1, frozenset({Mode.MANUAL, Mode.PILOTED}), control=ControlState.OFF) in effects


def test_w3_a_unit_that_goes_local_is_said_once_and_once_when_it_is_given_back(world):
    world.change(a_tank())
    effects = [world.tell(Said("D001", LocalControl(taken))) for taken in (False, True, True, False, False)]

    assert effects == [[], [TakeOver(1, "D001", True)], [], [TakeOver(1, "D001", False)], []]


def test_a_unit_that_was_local_while_we_were_away_is_taken_for_local_by_what_the_broker_kept(world):
    world.change(a_tank())

    assert world.tell(Said("D001", LocalControl(True), retained=True)) == [TakeOver(1, "D001", True)]
    assert world.tell(Said("D001", LocalControl(False), retained=True)) == []


def test_an_order_that_awaits_its_answer_is_not_said_again_once_the_mode_has_changed(world: World):
    world.change(a_tank())
    world.rows[1] = evolve(world.rows[1], appliance=evolve(world.rows[1].appliance, mode=Mode.DISABLED))

    assert [world.said(world.after(seconds=5)) for _ in range(12)] == [[]] * 12
