"""Simulated homes: whatever twins they have, and whatever people do."""

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.broker.session import Message
from elfe.devices.drivers import load
from elfe.devices.mischief import Mischief, misbehaving
from elfe.devices.values import HttpGet, Publish
from elfe.errors import DeclarationError
from elfe.history.recorder import BALANCE_TOPIC
from elfe.simulation.appliances import Constant, CycleMachine, Profile
from elfe.simulation.homes import BREATH, Group, Homes, Unit, balance_of
from elfe.simulation.story import Act
from elfe.slots import SLOT

from .made import NOON, Finger, MemoryWire, Plug, Quiet, Strip, after, appliance

WASH = Profile((2000.0,), timedelta(hours=1))
BORN = NOON + BREATH


class World:
    """Homes on a broker in memory, and somebody who commands."""

    def __init__(self, *groups, acts=(), refuses=()):
        self.wire, self.declared = MemoryWire(), []
        self.engine = self.wire.broker.session()
        self.homes = Homes(groups, acts, balance_of([1000.0, 3000.0], NOON), self._declare, self.wire)
        self.refuses = refuses

    def _declare(self, appliance_id, deadline, lasts, now):
        if appliance_id in self.refuses:
            raise DeclarationError("not today")
        self.declared.append((appliance_id, now))

    def lives(self, until):
        """Instant after instant, each stepped until nothing is on its way."""
        now = NOON
        while now <= until:
            for _ in range(3):
                next_at = self.homes.step(now)
            now = next_at

    def tells(self, topic, payload, at):
        self.engine.send(Publish(topic, payload))
        self.homes.step(at)


def group(twin=None, behind=None, id=1, inverted=False, **unit):
    supply = Unit("A001", twin or Plug(), **unit)
    return Group(id, behind or Constant(100.0), supply, (supply,), inverted)


# -- how they begin ---------------------------------------------------------------------------------------------------------


def test_who_listens_has_a_moment_before_the_first_is_born():
    world = World(group())
    assert world.homes.step(NOON) == BORN
    assert world.wire.broker.log == []
    world.homes.step(BORN)
    assert world.wire.said("plug/online") == ["true"]
    assert world.homes.ready


def test_an_installer_was_there_before_it_was_born():
    world = World(group(configuration=(Publish("plug/set", b"off"), HttpGet("/settings"))))
    world.lives(BORN)
    assert world.homes.groups[0].supply.twin.outputs == {0: False}


def test_a_will_stands_with_the_broker():
    world = World(group())
    world.lives(BORN)
    assert world.wire.wills["A001"] == Publish("plug/online", b"false", retain=True)


# -- what they draw ---------------------------------------------------------------------------------------------------------


def test_what_hangs_on_a_plug_draws_while_it_is_on_and_its_log_says_so():
    world = World(group(Plug(period=timedelta(days=1))))
    world.lives(after(1))
    world.tells("plug/set", b"off", after(10))
    world.tells("plug/set", b"on", after(20))
    assert [(power, on) for _, power, on in world.homes.groups[0].log.lines] == [(100.0, True), (0.0, False), (100.0, True)]
    assert world.wire.said("plug/power") == ["100", "0", "100"], "and its meter, at once"


def test_behind_an_inverted_relay_it_is_the_other_way_round():
    world = World(group(inverted=True))
    world.lives(after(1))
    assert world.homes.groups[0].log.lines[-1][1:] == (0.0, False)
    world.tells("plug/set", b"off", after(10))
    assert world.homes.groups[0].log.lines[-1][1:] == (100.0, True)


def test_the_balance_is_the_territorys_less_what_the_homes_draw():
    world = World(group())
    world.lives(after(20))
    said = [float(each) for each in world.wire.said(BALANCE_TOPIC)]
    assert said[0] == 1000.0, "as it was until now: nobody drew yet"
    assert said[1] == 900.0
    assert said[-1] == 2900.0


def test_a_meter_of_its_own_notices_a_breath_later():
    supply, meter = Unit("D001", Plug(root="relay")), Unit("B001", Plug(root="meter"))
    world = World(Group(1, Constant(100.0), supply, (meter,)))
    world.lives(after(1))
    assert (world.wire.said("relay/power"), world.wire.said("meter/power")) == ([], ["100"])


# -- whatever the twin ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behind", [lambda: Constant(100.0), lambda: CycleMachine(WASH)], ids=["constant", "machine"])
@pytest.mark.parametrize("driver", [driver for driver in load() if driver.simulate is not None], ids=lambda driver: driver.type.id)
def test_any_twin_lives_in_a_home(driver, behind):
    """A sleeper, a finger, a screen, eight outputs: with or without a will, with or without an output."""
    world = World(group(driver.simulate(driver.device("Z901", "ABCDEF"), 1), behind()),
                  acts=[Act(after(2), appliance())])
    world.lives(after(15))
    world.homes.close()
    assert world.homes.groups[0].powered in (True, False)
    assert world.declared == [(1, after(2))]


def test_what_only_measures_never_cuts():
    world = World(group(Quiet()))
    world.lives(after(1))
    assert world.homes.groups[0].log.lines[-1][1:] == (100.0, True)


def test_a_machine_under_a_finger_starts_when_it_is_pressed_and_not_before():
    world = World(group(Finger(), CycleMachine(WASH)), acts=[Act(after(1), appliance())])
    world.lives(after(30))
    assert world.homes.groups[0].log.lines[-1][1] == 0.0
    world.tells("finger/set", b"", after(31))
    assert world.homes.groups[0].log.lines[-1] == (after(31), 2000.0, True)
    world.homes.step(after(91))
    assert world.homes.groups[0].appliance.runs[0].ended_at == after(91)


def test_two_outputs_of_one_unit_are_one_connection_and_two_appliances():
    strip = Unit("S001", Strip())
    world = World(Group(1, Constant(100.0), strip, (strip,), channel=0), Group(2, Constant(40.0), strip, (strip,), channel=1))
    world.lives(after(1))
    world.tells("strip/set", b"1 off", after(2))
    assert [each.log.lines[-1][1] for each in world.homes.groups] == [100.0, 0.0]
    assert strip.twin.drawn_w == {0: 100.0, 1: 0.0}
    assert set(world.wire.sessions) == {"S001", "portal"}


def test_a_misbehaving_twin_lives_in_a_home():
    world = World(group(misbehaving(Plug(), [Mischief("stuck"), Mischief("slow")])))
    world.lives(after(1))
    world.tells("plug/set", b"off", after(2))
    assert world.homes.groups[0].log.lines[-1][1:] == (100.0, True)
    world.homes.step(after(3))
    assert world.wire.said("plug/state") == ["off"]


def test_a_deaf_one_ignores_what_would_switch_it_on_and_nothing_else():
    unit = Unit("A001", Plug(on=False), deaf=True)
    assert unit.receive(Message("plug/set", b"on"), NOON) == ()
    assert unit.twin.outputs == {0: False}
    assert evolve(unit, deaf=False).receive(Message("plug/set", b"on"), NOON)
    assert unit.receive(Message("plug/set", b"off"), NOON)


# -- people -----------------------------------------------------------------------------------------------------------------


def test_people_load_declare_and_wake_the_engine():
    world = World(group(behind=CycleMachine(WASH)), acts=[Act(after(10), appliance())])
    world.lives(after(10))
    assert world.declared == [(1, after(10))]
    assert world.wire.said("viriya/update/1") == [""]
    assert world.homes.note["running"] == 1
    assert world.homes.account().acts == (Act(after(10), appliance()),)


def test_who_fills_a_machine_that_still_runs_is_refused():
    acts = [Act(after(10), appliance()), Act(after(20), appliance())]
    world = World(group(behind=CycleMachine(WASH)), acts=acts)
    world.lives(after(20))
    assert world.homes.account().refused == ("Washing machine R001: it still runs",)
    assert len(world.declared) == 1


def test_what_the_coordination_refuses_is_told_and_life_goes_on():
    world = World(group(behind=CycleMachine(WASH)), acts=[Act(after(10), appliance())], refuses=(1,))
    world.lives(after(40))
    assert world.homes.account().refused == ("Washing machine R001: not today",)


# -- how they end -----------------------------------------------------------------------------------------------------------


def test_they_leave_nothing_retained():
    world = World(group(Finger(), CycleMachine(WASH)), Group(2, Constant(1.0), unit := Unit("A002", Plug()), (unit,)))
    world.lives(after(1))
    world.tells("finger/set", b"", after(2))
    assert set(world.wire.broker.retained) == {"finger/pressed", "plug/online"}
    world.homes.close()
    assert world.wire.broker.retained == {}
    assert world.wire.closed


def test_a_balance_of_quarters_holds_its_first_and_last_value_outside():
    balance = balance_of([1.0, 2.0], NOON)
    assert [balance(at) for at in (NOON - SLOT, NOON, NOON + SLOT, NOON + 5 * SLOT)] == [1.0, 1.0, 2.0, 2.0]
