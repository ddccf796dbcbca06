"""Devices and homes that are not as they should be: away, wired otherwise, drawing too long, coming and going."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from elfe.command.journal import AN_HOUR, Journal
from elfe.command.orders import Cause, On, Stage, Why
from elfe.command.values import LookAt, PlanRead, Said, Save, Write
from elfe.coordination import states
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Usage
from elfe.devices.values import Measure, OutputState, Presence, Quantity
from tests.command.conftest import NOON, World, a_pilot, a_plan, a_wired_pilot, state
from tests.command.home import WASHER, Home, a_home


def watts(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    with a_home(f"sqlite:///{tmp_path}/coordination.db", tmp_path) as home:
        yield home


def goes(home: Home, point: str = "A001") -> None:
    """It loses its supply: the broker says its last will."""
    twin, session = home.twins[point]
    assert twin.last_will is not None
    session.ready = False
    home.broker.deliver(twin.last_will)


def comes_back(home: Home, point: str = "A001", on: bool | None = None) -> None:
    twin, session = home.twins[point]
    session.ready = True
    session.arrivals()
    said = twin.reboot(home.now) if on is None else twin.connected(home.now)
    for each in said:
        session.send(each)


# -- B1: the same word again --------------------------------------------------------------------------------------------------


def test_b1_an_answer_that_comes_twice_is_one_answer(world: World) -> None:
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))
    again = world.tell(Said("D001", state(False)), Said("D001", state(False)))

    assert again == []
    assert world.happened().count(On.ECHOES) == 1


def test_b2_an_order_is_judged_by_the_newest_word_though_an_older_one_comes_late(world: World) -> None:
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))
    world.now += timedelta(minutes=2)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))
    world.tell(Said("D001", state(True)), Said("D001", state(False)))       # what it was when it began, then what it is

    assert world.order.stage is Stage.ACKNOWLEDGED


# -- G1: away when it is to start -----------------------------------------------------------------------------------------------


def test_g1_a_machine_that_is_away_at_its_start_is_told_so_and_started_when_it_is_back(home: Home) -> None:
    home.declare(hours=3)
    home.live(seconds=2)
    home.plan(WASHER, 0, 1)
    goes(home)
    for _ in range(3):
        home.live(minutes=15)
    found = home.appliance()
    missed = [each for each in home.orders() if each.why is Why.START and not each.live]
    assert [(each.stage, each.cause, each.attempts) for each in missed] == [(Stage.OFFLINE, Cause.AWAY, 0)] * 2
    assert (found.mode, found.control, found.command) == (Mode.PILOTED, ControlState.UNKNOWN, CommandState.FAILED)

    comes_back(home)
    home.live(seconds=2)
    home.live(seconds=2)
    assert home.relay() is True
    assert home.appliance().mode == Mode.MANUAL


# -- G5: not what should hang there -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "said", "power_w", "words"), [
    (ApplianceType.WATER_HEATER, True, 25.0, "appareil inattendu : consomme 25 W"),
    (ApplianceType.WASHING_MACHINE, True, 6000.0, "appareil inattendu : consomme 6000 W"),
    (ApplianceType.WASHING_MACHINE, False, 1500.0, "consomme 1500 W alors que son relais le coupe"),
])
def test_g5_what_draws_unlike_its_kind_is_told_once_and_not_at_once(world, kind, said, power_w, words) -> None:
    world.change(evolve(a_pilot(type=kind), flexibility=None))
    world.tell(Said("D001", OutputState(said)))
    told = []
    for _ in range(30):
        world.now += timedelta(minutes=1)
        told += [each for each in world.tell(Said("D001", watts(power_w))) if isinstance(each, LookAt)]

    assert [each.device_id for each in told] == ["D001"]
    assert words in told[0].why


@pytest.mark.parametrize("power_w", [[2000.0] * 30, [2000.0, 2.0] * 15, [6000.0] * 8 + [900.0] * 22])
def test_what_draws_as_its_kind_does_or_oddly_for_a_moment_is_nobodys_business(world, power_w) -> None:
    world.change(evolve(a_pilot(), flexibility=None))
    told = []
    for each in power_w:
        world.now += timedelta(minutes=1)
        told += [effect for effect in world.tell(Said("D001", watts(each))) if isinstance(effect, LookAt)]

    assert told == []


def test_g5_somebody_is_asked_to_look_at_it(home: Home) -> None:
    home.service._perform([LookAt("A001", "appareil inattendu : consomme 3600 W")], home.now)

    (task,) = states.open_tasks(home.coordination)
    assert (task.device_id, task.kind, task.says) == ("A001", states.Kind.CHECK, "appareil inattendu : consomme 3600 W")


# -- G7: longer than was said ---------------------------------------------------------------------------------------------------


def test_g7_a_cycle_that_lasts_longer_than_was_said_is_never_cut(home: Home) -> None:
    home.declare(hours=2)
    home.live(seconds=2)
    home.plan(WASHER, 0, 1)
    home.live(minutes=15)
    switched = home.commands_to("A001")
    for _ in range(12):                                        # past its deadline, and past what it was to last
        home.draw("A001", 1900)
        home.live(minutes=15)
    assert (home.relay(), home.commands_to("A001")) == (True, switched)

    home.plan(WASHER, *(0,) * 8, 1)
    home.live(minutes=1)
    home.declare(hours=6)                                      # and declared anew while it runs, for later
    home.live(seconds=2)
    home.draw("A001", 1900)
    home.live(minutes=5)
    assert home.relay() is True


# -- G9: a person's boost -------------------------------------------------------------------------------------------------------


def test_g9_a_boost_of_a_car_goes_before_whatever_is_planned(world: World) -> None:
    world.tell(PlanRead(a_plan(m1=(0,) * 40 + (1,))))
    world.change(a_pilot(type=ApplianceType.CAR))
    assert world.said() == [("D001/set", b"off")]
    world.tell(Said("D001", state(False)))

    boost = Hold(3, 1, True, NOON, NOON + timedelta(hours=2), Origin.SCREEN)
    assert world.said(world.change(evolve(world.rows[1], hold=boost))) == [("D001/set", b"on")]
    assert world.order.why is Why.HOLD


# -- G12: comes and goes --------------------------------------------------------------------------------------------------------


def test_g12_a_device_that_comes_and_goes_each_minute_is_told_in_a_line_an_hour(world: World) -> None:
    journal, lines, said = Journal(), [], 0
    world.change(a_pilot())
    for _ in range(4 * 60):
        effects = [*world.tell(Said("D001", Presence.OFFLINE)), *world.after(seconds=20),
                   *world.tell(Said("D001", Presence.ONLINE), Said("D001", state(True))),        # its power-up state
                   *world.after(seconds=2), *world.tell(Said("D001", state(False))), *world.after(seconds=38)]
        said += len(world.said(effects))
        lines += list(journal.lines([each for each in effects if isinstance(each, Save)], world.now))

    assert said >= 4 * 60                                      # it is told each time, and the journal is not
    assert sum("more lines in the last hour" in words for _, words in lines) in (3, 4)
    assert len(lines) <= 4 * (AN_HOUR + 1) + AN_HOUR


# -- E7: what a restored database brings back -------------------------------------------------------------------------------


def a_finger(hours: float):
    pilot = a_wired_pilot(130, Usage.PRESS_START, Usage.SWITCH_AND_METER)
    assert pilot.flexibility is not None
    return evolve(pilot, flexibility=evolve(pilot.flexibility, deadline=NOON + timedelta(hours=hours), lasts=timedelta(hours=1)))


def test_e7_a_start_of_the_past_is_not_pressed_any_more_and_its_person_is_told(world: World) -> None:
    world.tell(PlanRead(None))
    effects = world.change(a_finger(hours=-3))

    assert world.said(effects) == []
    assert [(each.mode, each.command) for each in effects if isinstance(each, Write)] == [(Mode.MANUAL, CommandState.FAILED)]


def test_a_start_that_is_a_little_late_is_pressed_all_the_same(world: World) -> None:
    world.tell(PlanRead(None))

    assert world.said(world.change(a_finger(hours=-1))) == [("P1/set", b"press")]
