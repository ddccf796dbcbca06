"""Devices by themselves: each on its own connection, woken when its moment has come, and told of as it happens."""

from datetime import timedelta

import pytest
from attrs import define

from elfe.devices.mischief import Mischief, misbehaving
from elfe.devices.values import Publish
from elfe.simulation.appliances import Constant, CycleMachine, Profile
from elfe.simulation.crowd import AT_ONCE, GRAIN, Crowd, Seat
from elfe.simulation.homes import Group, Unit

from .made import NOON, Finger, MemoryWire, Plug, Quiet, Strip, after

WASH = Profile((2000.0,), timedelta(hours=1))


class World:
    """A crowd on a broker in memory, and somebody who commands."""

    def __init__(self, *seats):
        self.wire, self.happened = MemoryWire(), []
        self.engine = self.wire.broker.session()
        self.crowd = Crowd(seats, self.wire, self.happened.append)

    def lives(self, until, since=NOON):
        now, steps = since, 0
        while now <= until:
            now = max(now + timedelta(milliseconds=1), self.crowd.step(now))
            steps += 1
        return steps

    def tells(self, topic, payload, at):
        self.engine.send(Publish(topic, payload))
        self.crowd.step(at)

    def seen(self, *whats):
        return [(each.who, each.what, each.text or each.topic) for each in self.happened if each.what in whats]


def seat(twin=None, behind=None, id="A001", **more):
    unit = Unit(id, twin or Plug())
    return Seat(id, (unit,), (Group(1, behind, unit, (unit,)),) if behind else (), **more)


def test_each_joins_with_its_own_account_and_last_will():
    world = World(seat(username="u", password="p"), seat(Quiet(), id="B001"))
    world.lives(after(seconds=1))
    assert world.wire.accounts == {"A001": ("u", "p"), "B001": ("", "")}
    assert world.wire.wills == {"A001": Publish("plug/online", b"false", retain=True), "B001": None}
    assert world.seen("joins") == [("A001", "joins", ""), ("B001", "joins", "")]


def test_many_are_let_in_a_few_at_a_time():
    world = World(*(seat(Plug(root=f"p{number}"), id=f"A{number}") for number in range(3 * AT_ONCE)))
    assert world.crowd.step(NOON) <= NOON + GRAIN
    assert len(world.wire.sessions) == AT_ONCE
    world.lives(after(seconds=1))
    assert len(world.wire.sessions) == 3 * AT_ONCE


def test_everyone_speaks_in_its_period():
    world = World(*(seat(Plug(root=f"p{number}", seed=number), id=f"A{number}") for number in range(30)))
    world.lives(after(15))
    assert all(len(world.wire.said(f"p{number}/power")) == 3 for number in range(30))


def test_nobody_is_woken_without_a_reason():
    """Thirty devices that say three things each: about as many steps, whatever the hour holds."""
    world = World(*(seat(Plug(root=f"p{number}", seed=number), id=f"A{number}") for number in range(30)))
    assert world.lives(after(15)) < 30 * 3 + 10


def test_an_order_is_heard_done_told_and_felt_by_what_hangs_on_it():
    world = World(seat(behind=Constant(100.0)))
    world.lives(after(1))
    world.tells("plug/set", b"off", after(2))
    assert world.seen("told", "switches") == [("A001", "told", "plug/set"), ("A001", "switches", "output 0 off")]
    assert world.wire.said("plug/state") == ["off"]
    assert world.wire.said("plug/power")[-2:] == ["100", "0"]


def test_a_lie_is_told_apart_from_the_deed():
    world = World(seat(misbehaving(Plug(), [Mischief("lying")])))
    world.lives(after(1))
    world.tells("plug/set", b"off", after(2))
    assert world.wire.said("plug/state") == ["off"]
    assert world.seen("switches") == []


def test_a_finger_starts_the_machine_under_it():
    machine = CycleMachine(WASH)
    machine.load(NOON, started=False)
    world = World(seat(Finger(), machine, id="B001"))
    world.lives(after(1))
    world.tells("finger/set", b"", after(2))
    assert world.seen("presses") == [("B001", "presses", "")]
    assert machine.power_w(True) == 2000.0


def test_the_outputs_of_one_unit_speak_on_one_connection():
    unit = Unit("S001", Strip())
    world = World(Seat("S001", (unit,), (Group(1, Constant(100.0), unit, (unit,), channel=0),
                                         Group(2, Constant(40.0), unit, (unit,), channel=1))))
    world.lives(after(1))
    world.tells("strip/set", b"1 off", after(2))
    assert unit.twin.drawn_w == {0: 100.0, 1: 0.0}
    assert world.seen("switches") == [("S001", "switches", "output 1 off")]


def test_those_behind_one_gateway_hear_each_what_is_theirs():
    one, other = Unit("B001", Finger(root="esp/1")), Unit("B002", Finger(root="esp/2"))
    world = World(Seat("B001", (one, other)))
    world.lives(after(1))
    world.tells("esp/2/set", b"", after(2))
    assert (one.presses, other.presses) == (0, 1)
    assert world.seen("told") == [("B002", "told", "esp/2/set")]
    assert set(world.wire.sessions) == {"B001"}


def test_who_was_cut_off_is_told_once_and_comes_back_as_it_was():
    world = World(seat())
    world.lives(after(1))
    world.tells("plug/set", b"off", after(2))
    world.wire.sessions["A001"].lose("no route")
    world.crowd.step(after(3))
    world.wire.sessions["A001"].regain()
    world.crowd.step(after(4))
    assert world.seen("away", "joins")[1:] == [("A001", "away", "no route"), ("A001", "joins", "")]
    assert world.crowd.seats[0].units[0].twin.outputs == {0: False}


def test_what_is_said_while_nobody_hears_is_not_told_of():
    world = World(seat())
    world.lives(after(1))
    world.wire.sessions["A001"].lose("no route")
    told = len(world.seen("says"))
    world.lives(after(20), since=after(2))
    assert len(world.seen("says")) == told


def test_in_the_end_the_broker_says_their_last_wills():
    world = World(seat(), seat(misbehaving(Plug(root="mean"), [Mischief("gone")]), id="A002"))
    world.lives(after(seconds=1))
    world.crowd.close(after(1))
    assert world.wire.said("plug/online") == ["true", "false"]
    assert world.wire.said("mean/online") == ["true"], "this one was gone without a word"
    assert world.seen("leaves") == [("A001", "leaves", ""), ("A002", "leaves", "")]
    assert world.wire.closed


def test_who_had_not_come_yet_does_not_leave():
    world = World(*(seat(Plug(root=f"p{number}"), id=f"A{number}") for number in range(2 * AT_ONCE)))
    world.crowd.step(NOON)
    world.crowd.close(after(1))
    assert len(world.seen("leaves")) == AT_ONCE


@define
class Chatty(Plug):
    """Wants to be woken at once, always."""

    @property
    def next_at(self):
        return NOON


def test_who_wants_to_be_woken_at_once_is_woken_often_and_not_always():
    world = World(seat(Chatty()))
    assert world.lives(after(seconds=1)) == pytest.approx(timedelta(seconds=1) / GRAIN, abs=5)


@define
class Brittle(Plug):
    """Breaks on what it is told."""

    def receive(self, topic, payload, now):
        raise KeyError("socket")


def test_a_twin_that_breaks_is_cut_off_and_the_others_go_on():
    world = World(seat(Brittle(root="brittle")), seat(Plug(), id="B001"))
    world.lives(after(1))
    world.tells("brittle/set", b"off", after(2))
    assert world.seen("broken") == [("A001", "broken", "its twin raised KeyError: 'socket'")]
    assert world.wire.said("brittle/online")[-1] == "false"
    world.tells("plug/set", b"off", after(3))
    world.crowd.close(after(20))
    assert world.seen("switches", "leaves") == [("B001", "switches", "output 0 off"), ("B001", "leaves", "")]


def test_nothing_is_remembered_of_what_was_drawn():
    """It may live for weeks."""
    world = World(seat(behind=Constant(100.0)))
    world.lives(after(1))
    for minute in range(2, 40):
        world.tells("plug/set", b"off" if minute % 2 else b"on", after(minute))
    assert len(world.crowd.seats[0].groups[0].log.lines) == 1
