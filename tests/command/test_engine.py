"""What the engine does, told as the day of a washing machine and of a tank."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.orders import Cause, On, Stage, Why
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    FleetRead,
    Found,
    Known,
    LeaveAlone,
    LedgerRead,
    MarkStarted,
    NotRecorded,
    OpenFlexibility,
    PlanRead,
    Record,
    Recorded,
    Said,
    Save,
    Send,
    Tick,
    Write,
)
from elfe.coordination.values import (
    ApplianceType,
    CommandState,
    ControlState,
    Flexibility,
    Mode,
    Usage,
)
from elfe.devices.values import Acknowledgement, Measure, Presence, Quantity
from elfe.errors import DriverDefect
from tests.command.conftest import NOON, World, a_pilot, a_plan, a_wired_pilot, state


def power(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


def loaded(world: World) -> World:
    """The machine has entered mode 30 and its plug has said that it is off."""
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))
    return world


# -- a cycle ------------------------------------------------------------------------------------------------------


def test_entering_mode_30_cuts_the_plug_until_its_slot(world):
    effects = world.change(a_pilot())

    assert world.said(effects) == [("D001/set", b"off")]
    assert world.order.why is Why.WAIT


def test_an_order_is_recorded_before_it_is_sent(world):
    effects = world.change(a_pilot())

    kinds = [type(effect) for effect in effects]
    assert kinds.index(Record) < kinds.index(Send)


def test_what_is_written_is_what_the_device_has_said(world):
    world.change(a_pilot())
    assert world.written() == []

    world.tell(Said("D001", state(False)))

    assert [(w.control, w.command, w.ems_order) for w in world.written()] == [
        (ControlState.OFF, CommandState.STANDING_BY, False)]


def test_a_waiting_machine_is_told_off_again_every_quarter_so_that_its_fail_safe_never_fires(world):
    loaded(world)
    said = []
    for _ in range(4):
        said += world.said(world.after(minutes=15))
        world.tell(Said("D001", state(False)))

    assert said == [("D001/set", b"off")] * 4


def test_its_slot_gives_it_back_its_power_and_its_person(world):
    loaded(world)
    effects = world.after(hours=2)
    assert world.said(effects) == [("D001/set", b"on")]

    effects = world.tell(Said("D001", state(True)))

    assert Write(1, frozenset({Mode.PILOTED}), mode=Mode.MANUAL, control=ControlState.ON,
                 command=CommandState.MANUAL_ON, ems_order=True, last_started=world.now) in effects
    assert MarkStarted(7, world.now) in effects
    assert CloseFlexibility(7, "started") in effects


def test_a_start_is_proved_by_the_power_that_follows_its_echo(world):
    loaded(world).after(hours=2)
    world.tell(Said("D001", power(1900)), Said("D001", state(True)), Said("D001", power(3)))
    assert world.order.stage is Stage.ACKNOWLEDGED

    world.after(seconds=30)
    world.tell(Said("D001", power(1900)))
    assert world.order.stage is Stage.PROVED

    world.after(minutes=15)
    assert (world.order.stage, world.order.cause) == (Stage.DONE, Cause.PROVED)


def test_g6_a_start_that_nothing_follows_says_so_and_is_not_tried_for_ever(world):
    loaded(world).after(hours=2)
    world.tell(Said("D001", state(True)), Said("D001", power(1)))
    world.after(minutes=15)
    assert (world.order.stage, world.order.cause) == (Stage.FAILED, Cause.NOTHING_DREW)

    assert [world.said(world.after(minutes=15)) for _ in range(8)] == [[]] * 8


def test_a_start_without_echo_is_said_again_and_leaves_the_machine_in_mode_30(world):
    loaded(world).after(hours=2)
    said = [world.said(world.after(seconds=1)) for _ in range(60)]

    assert sum(len(each) for each in said) == 3      # after 5, 15 and 35 s
    assert not [w for w in world.written() if w.mode]


def test_a_missed_start_is_tried_again_in_the_next_slot_even_when_the_plan_is_old(world):
    loaded(world).after(hours=2)
    effects = world.after(minutes=15)

    assert [e.order.stage for e in effects if isinstance(e, Save)][:1] == [Stage.EXPIRED]
    assert world.said(effects) == [("D001/set", b"on")]


def test_without_a_plan_a_machine_starts_at_its_latest_start(world):
    flexibility = Flexibility(7, 1, NOON, deadline=NOON + timedelta(hours=3), lasts=timedelta(hours=2))
    world.tell(PlanRead(None))
    world.change(a_pilot(flexibility=flexibility))
    world.tell(Said("D001", state(False)))

    starts = [world.now - NOON for _ in range(12) if ("D001/set", b"on") in world.said(world.after(minutes=15))]

    assert starts[0] == timedelta(hours=1)


# -- modes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED])
def test_w1_an_appliance_in_this_mode_is_never_touched(world, mode):
    loaded(world)
    effects = [*world.set_mode(mode), *world.after(hours=2), *world.tell(BrokerDown(), BrokerUp())]

    assert world.said(effects) == []
    assert CloseFlexibility(7, f"mode {mode}") in effects


def test_going_back_to_manual_gives_the_power_back(world):
    loaded(world)
    effects = world.set_mode(Mode.MANUAL)
    assert world.said(effects) == [("D001/set", b"on")]

    effects = world.tell(Said("D001", state(True)))
    assert CloseFlexibility(7, "given back") in effects


def test_an_appliance_in_manual_mode_without_a_flexibility_is_left_alone(world):
    effects = world.change(evolve(a_pilot(mode=Mode.MANUAL), flexibility=None))

    assert {type(each) for each in effects} == {Ask}


def test_a_mode_30_written_by_another_program_opens_a_flexibility_and_waits_for_it(world):
    effects = world.change(evolve(a_pilot(), flexibility=None))

    assert [each for each in effects if not isinstance(each, Ask)] == [OpenFlexibility(1)]


def test_an_order_whose_mode_changed_before_it_was_recorded_is_dropped(world):
    record = next(e for e in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(e, Record))

    assert record.allowed is Mode.PILOTED
    assert world.engine.on(NotRecorded(record.order.id), NOON) == []
    assert world.engine.live == {}


def test_e2_an_order_that_was_committed_after_all_is_its_devices_again(world):
    record = next(e for e in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(e, Record))
    world.engine.on(NotRecorded(record.order.id), NOON)
    kept = record.order.happens(On.RECORDS, NOON)

    effects = world.tell(Found((kept,)), FleetRead({1: a_pilot()}))

    assert not [each for each in effects if isinstance(each, Record)]
    assert [each.order.id for each in effects if isinstance(each, Send)] == [kept.id]


def test_e2_an_order_that_was_committed_after_all_ends_where_another_one_stands(world):
    world.change(a_pilot())
    lost = evolve(world.order, id="lost", on=True, powers=True, why=Why.RELEASE)
    effects = world.tell(Found((lost,)))

    assert [(each.order.id, each.order.stage) for each in effects] == [("lost", Stage.SUPERSEDED)]
    assert [each.id for each in world.engine.live.values()] != ["lost"]


def test_an_order_that_is_unsaid_while_it_is_recorded_ends_in_the_ledger_too(world):
    record = next(e for e in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(e, Record))
    world.engine.on(FleetRead({1: a_pilot(mode=Mode.DISABLED)}), NOON)

    ended = next(e for e in world.engine.on(Recorded(record.order.id), NOON) if isinstance(e, Save))

    assert (ended.order.id, ended.order.stage) == (record.order.id, Stage.SUPERSEDED)
    assert world.engine.on(Recorded(record.order.id), NOON) == []


def test_of_what_was_written_only_those_appliances_are_read_again(world):
    other = a_pilot(2, device="D002")
    world.rows = {1: a_pilot(), 2: other}
    world.tell(FleetRead(world.rows))
    taken_back = evolve(a_pilot(), appliance=evolve(a_pilot().appliance, mode=Mode.MANUAL))

    effects = world.tell(FleetRead({1: taken_back}, frozenset({1})))

    assert {each.appliance_id for each in world.engine.live.values()} == {1, 2}
    assert [each.order.why for each in effects if isinstance(each, Record)] == [Why.RELEASE]
    assert world.engine.pilots[2] is other
    world.tell(FleetRead({}, frozenset({1})))          # it has no driver any more
    assert set(world.engine.pilots) == {2}


# -- a tank -------------------------------------------------------------------------------------------------------


def a_tank(**changes):
    return a_pilot(2, device="D002", type=ApplianceType.WATER_HEATER, typology=190, **changes)


def test_a_continuous_load_gets_its_level_every_quarter(world):
    world.tell(PlanRead(a_plan(m2=(1, 1, 0))))
    world.change(a_tank())
    said = [world.said(world.after(minutes=15)) for _ in range(3)]

    assert world.said() == [("D002/set", b"off")] * 2 + [("D002/set", b"on")] * 2      # the relay is inverted
    assert [len(each) for each in said] == [1, 1, 1]


def test_a_hot_tank_is_satisfied(world):
    world.tell(PlanRead(a_plan(m2=(1,))))
    world.change(a_tank())
    world.tell(Said("D002", state(False)), Said("D002", power(0)))
    effects = world.after(minutes=15)

    ended = next(e.order for e in effects if isinstance(e, Save))
    assert (ended.stage, ended.cause) == (Stage.DONE, Cause.SATISFIED)


def test_a_load_that_nothing_measures_is_honestly_not_measurable(world):
    world.tell(PlanRead(a_plan(m2=(1,))))
    world.change(a_tank(meter=""))
    world.tell(Said("D002", state(False)), Said("D002", power(2000)))
    effects = world.after(minutes=15)

    ended = next(e.order for e in effects if isinstance(e, Save))
    assert (ended.stage, ended.cause) == (Stage.DONE, Cause.NOT_MEASURABLE)


def test_a_tank_that_nobody_plans_is_served(world):
    world.tell(PlanRead(None))
    world.change(a_tank())

    assert world.said() == [("D002/set", b"off")]      # inverted: off is supplied


# -- people, devices and brokers ------------------------------------------------------------------------------------


def test_g4_a_button_pressed_while_the_machine_waits_makes_it_its_persons_again(world):
    loaded(world)
    effects = world.tell(Said("D001", state(True)))

    assert world.order.stage is Stage.OVERRIDDEN
    assert Write(1, frozenset({Mode.PILOTED}), mode=Mode.MANUAL, control=ControlState.ON,
                 command=CommandState.MANUAL_ON, ems_order=False) in effects
    assert world.said(world.set_mode(Mode.MANUAL)) == []     # nobody switches it back off, nor on again


def test_g4_a_tank_switched_by_hand_is_left_alone_for_two_hours_and_then_follows_the_plan_again(world):
    world.tell(PlanRead(a_plan(m2=(0,) * 90)))
    world.change(a_tank())
    world.tell(Said("D002", state(True)))
    effects = world.tell(Said("D002", state(False)))
    assert LeaveAlone(2, world.now + timedelta(hours=2)) in effects

    quiet = [world.said(world.after(minutes=15)) for _ in range(7)]
    assert not any(quiet)

    world.change(evolve(world.rows[2], hold=None))
    assert world.said(world.after(minutes=15)) == [("D002/set", b"on")]


def test_g2_a_device_that_restarts_is_told_again(world):
    loaded(world)
    world.now += timedelta(minutes=3)
    world.tell(Said("D001", Presence.OFFLINE))
    effects = world.tell(Said("D001", Presence.ONLINE), Said("D001", state(True)))

    assert world.order.stage is Stage.SENT
    assert world.said(effects) == [("D001/set", b"off")]


def test_g15_a_fail_safe_that_fired_is_not_taken_for_a_person(world):
    loaded(world)
    world.tell(BrokerDown())
    world.now += timedelta(minutes=35)
    world.tell(BrokerUp(), Tick())
    effects = world.tell(Said("D001", state(True)))

    assert not [e for e in effects if isinstance(e, Save) and e.what is On.OVERRIDES]


def test_an_absent_device_is_not_spoken_to_until_it_is_back(world):
    world.knows("D001")
    world.tell(Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    assert world.said(world.change(a_pilot())) == []

    effects = world.tell(Said("D001", Presence.ONLINE))
    assert ("D001/set", b"off") in world.said(effects)


def test_an_order_to_a_device_that_stays_away_ends_offline(world):
    world.tell(Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    world.change(a_pilot())
    effects = world.after(minutes=15)

    ended = next(e.order for e in effects if isinstance(e, Save))
    assert (ended.stage, ended.cause) == (Stage.OFFLINE, Cause.AWAY)


def test_b3_a_retained_word_is_never_fresh(world):
    world.change(a_pilot())
    effects = world.tell(Said("D001", state(False), retained=True), Said("D001", power(2000), retained=True))

    assert effects == []


def test_w5_an_error_frame_is_a_refusal_and_the_order_is_said_again(world):
    world.knows("D001")
    world.change(a_pilot())
    world.tell(Said("D001", Acknowledgement(world.order.id, ok=False, detail="-114 overpower")))
    assert world.order.stage is Stage.SENT

    assert world.said(world.after(seconds=10)) == [("D001/set", b"off")]


def test_another_ones_answer_acknowledges_nothing(world):
    world.change(a_pilot())
    world.tell(Said("D001", Acknowledgement("somebody else's", ok=True)))

    assert world.order.stage is Stage.SENT


def test_a1_when_the_broker_returns_every_device_is_asked_and_orders_in_flight_are_said_again(world):
    world.change(a_pilot())
    world.tell(BrokerDown())
    assert world.said(world.after(minutes=2)) == []

    effects = world.tell(BrokerUp())
    assert [e.device_id for e in effects if isinstance(e, Ask)] == ["D001"]
    assert world.said(effects) == []                         # its fail-safe may have started it: its power first

    assert world.said(world.tell(Said("D001", power(2)))) == [("D001/set", b"off")]


def test_a3_after_an_outage_a_tank_is_told_at_once(world):
    world.tell(PlanRead(a_plan(m2=(0,) * 4)), BrokerDown())
    world.change(a_tank())

    assert world.said(world.tell(BrokerUp())) == [("D002/set", b"on")]


def test_i4_a_machine_that_its_fail_safe_started_during_an_outage_is_not_cut(world):
    loaded(world)
    world.tell(BrokerDown())
    for _ in range(3):
        world.after(minutes=15)
    world.tell(BrokerUp(), Said("D001", state(True)), Said("D001", power(2000)))

    assert [world.said(world.after(minutes=1)) for _ in range(12)] == [[]] * 12


def test_a3_an_expired_order_is_never_said_when_the_broker_returns(world):
    world.tell(PlanRead(a_plan(m2=(0, 1))), BrokerDown())
    world.change(a_tank())
    old = world.order
    world.now += timedelta(minutes=15)
    effects = [*world.tell(BrokerUp()), *world.after(seconds=1)]      # the broker is faster than the quarter's review

    assert {e.order.slot for e in effects if isinstance(e, Send)} == {old.slot + 1}
    assert world.said(effects) == [("D002/set", b"off")]               # supplied, as the present slot wants it
    assert [e.order.stage for e in effects if isinstance(e, Save) and e.order.id == old.id] == [Stage.EXPIRED]


# -- another engine's life ------------------------------------------------------------------------------------------


def test_f1_an_engine_that_restarts_goes_on_with_the_order_that_it_finds(world):
    world.change(a_pilot())
    kept = world.order
    reborn = World(type(world.engine)())
    effects = reborn.tell(LedgerRead((kept,)), PlanRead(a_plan(m1=(0,) * 8 + (1,))), FleetRead({1: a_pilot()}),
                          BrokerUp(), Said("D001", power(2)))

    assert not [e for e in effects if isinstance(e, Record)]
    assert [e.order.id for e in effects if isinstance(e, Send)] == [kept.id]


def test_f1_an_order_that_was_made_and_has_ended_is_not_made_again_in_its_slot(world):
    record = next(e for e in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(e, Record))
    earlier = evolve(record.order, id="earlier").happens(On.SUPERSEDES, NOON)
    world.engine.on(Known(record.order.id, earlier), NOON)

    assert world.engine.on(Tick(), NOON) == []


def test_f1_a_press_that_was_over_when_an_engine_takes_it_up_is_told_of_its_stay_all_the_same(world):
    world.tell(PlanRead(a_plan(m1=(1,))))
    world.change(a_wired_pilot(130, Usage.SWITCH_AND_METER, Usage.PRESS_START))
    world.tell(Said("P1", Acknowledgement("press", ok=True)))
    reborn = World(type(world.engine)(), now=NOON + timedelta(minutes=6), rows=world.rows)
    effects = reborn.tell(LedgerRead((world.order,)), PlanRead(world.engine.plan), FleetRead(world.rows))
    silent = reborn.after(minutes=6)                     # its meter might have said that it did not start

    assert CloseFlexibility(7, "started") not in effects
    assert CloseFlexibility(7, "started") in silent


def test_a_new_wish_supersedes_the_old_order(world):
    world.tell(PlanRead(a_plan(m2=(0,))))
    world.change(a_tank())
    first = world.order
    effects = world.tell(PlanRead(a_plan(m2=(1,))))

    assert next((e.order.id, e.order.stage) for e in effects if isinstance(e, Save)) == (first.id, Stage.SUPERSEDED)
    assert world.said(effects) == [("D002/set", b"off")]


# -- a driver that breaks its contract ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [DriverDefect("toy.encode_command: KeyError: 'root'"), ValueError("no root")])
def test_an_order_that_its_driver_cannot_say_fails_with_that_cause_and_the_others_are_sent(world, error):
    def broken(device, command):
        raise error

    odd, sound = a_pilot(1, device="D001"), a_pilot(2, device="D002")
    odd = evolve(odd, driven=evolve(odd.driven, driver=evolve(odd.driven.driver, encode_command=broken)))
    effects = world.tell(FleetRead({1: odd, 2: sound}), Tick())

    assert ("D002/set", b"off") in world.said(effects)
    (failed,) = [each.order for each in effects if isinstance(each, Save) and each.what is On.FAILS]
    assert (failed.device_id, failed.stage, failed.cause) == ("D001", Stage.FAILED, f"its driver cannot say it: {error}")
    assert Write(1, frozenset({Mode.PILOTED, Mode.MANUAL}), control=ControlState.UNKNOWN, command=CommandState.FAILED) in effects
