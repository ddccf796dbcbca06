"""What happens rarely: words that nobody expects, late answers, drivers that cannot say it, orders found by another engine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.by_hand import refusal
from elfe.command.fleet import Share, fleet, wires
from elfe.command.orders import Cause, On, Order, Stage, Why
from elfe.command.timekeeping import BELIEVED_AFTER_S, Timekeeper
from elfe.command.typologies import TYPOLOGIES, NextPress, next_press
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    FleetRead,
    Known,
    LeaveAlone,
    LedgerRead,
    LookAt,
    MarkStarted,
    NotRecorded,
    PlanRead,
    Record,
    Said,
    Save,
    Send,
    Tick,
    Unsent,
    Write,
)
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Usage
from elfe.devices.values import Acknowledgement, Fault, Measure, Presence, Press, Quantity, Query, Setting, Switch
from elfe.slots import SLOT, slot_of
from tests.command.conftest import NOON, TOY, World, a_device, a_pilot, a_plan, a_wired_pilot, state

PLUG, START = Usage.SWITCH_AND_METER, Usage.PRESS_START
SWITCH_OFF = Switch(False)
ITS_TURN = PlanRead(a_plan(m1=(1,)))


def a_tank(id: int = 1, device: str = "D001", **changes):
    return evolve(a_pilot(id, device=device, type=ApplianceType.WATER_HEATER), **changes)


def with_driver(pilot, **changes):
    """The appliance's device is now spoken to by a driver that is otherwise."""
    return evolve(pilot, driven=evolve(pilot.driven, driver=evolve(pilot.driven.driver, **changes)))


def no_words(device, command):
    raise ValueError("no root")


def made(effects) -> list[Order]:
    return [each.order for each in effects if isinstance(each, Record)]


# -- what could not be sent ---------------------------------------------------------------------------------------------------


def test_a_level_that_could_not_be_sent_is_due_again_at_once(world):
    world.change(a_tank())
    assert world.said(world.tell(BrokerDown(), BrokerUp())) == []            # it was said just now

    world.tell(Unsent(world.order.id), Unsent("nobody's"))
    assert world.said(world.tell(BrokerDown(), BrokerUp())) == [("D001/set", b"off")]


def test_i2_a_press_that_may_not_have_been_sent_is_not_said_again(world):
    world.tell(ITS_TURN)
    world.change(a_wired_pilot(130, PLUG, START))
    effects = world.tell(Unsent(world.order.id), BrokerDown(), BrokerUp())

    assert {type(each) for each in effects} == {Ask}


def test_what_was_never_recorded_never_was(world):
    record = next(each for each in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(each, Record))
    effects = world.engine.on(Tick(), NOON + SLOT)

    assert [each for each in effects if isinstance(each, Save)] == []
    assert [each.slot for each in made(effects)] == [record.order.slot + 1]
    assert world.engine.on(NotRecorded(record.order.id), NOON + SLOT) == []
    assert len(world.engine.live) == 1


# -- drivers that cannot say it ------------------------------------------------------------------------------------------------


def test_what_no_driver_can_say_any_more_is_neither_said_nor_asked(world):
    effects = world.change(with_driver(a_pilot(), encode_command=None))

    assert not [each for each in effects if isinstance(each, Send | Ask)]
    assert world.tell(Said("D001", Acknowledgement("off", ok=True))) == []


@pytest.mark.parametrize("encode", [None, no_words])
def test_a_refresh_that_cannot_be_said_waits_for_the_next_order_to_tell(world, encode):
    world.tell(PlanRead(a_plan(m1=(0,) * 4)))
    world.change(a_tank())
    world.tell(Said("D001", state(False)))
    world.change(with_driver(a_tank(), encode_command=encode))

    assert world.after(minutes=11) == []
    assert world.engine.live["D001"].heard


def test_a_device_that_cannot_be_asked_after_a_silence_is_not_asked(world):
    effects = world.tell(FleetRead({1: with_driver(a_pilot(), encode_command=no_words), 2: a_pilot(2, device="D002")}))

    assert [each.device_id for each in effects if isinstance(each, Ask)] == ["D002"]


def test_the_answer_of_a_device_whose_driver_is_another_now_is_nobodys(world):
    world.change(a_pilot())
    world.change(with_driver(a_pilot(), encode_command=no_words))

    assert world.tell(Said("D001", Acknowledgement("off", ok=True))) == []


# -- words that nobody expects ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [Setting("mqtt.status_ntf", "true"), Measure(Quantity.TEMPERATURE, 20.0)])
def test_a_word_that_is_no_business_of_ours_changes_nothing(world, word):
    world.change(a_pilot())
    assert world.tell(Said("D001", word)) == []


def test_a_refusal_after_the_answer_changes_nothing(world):
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))

    assert world.tell(Said("D001", Acknowledgement(world.order.id, ok=False, detail="late"))) == []
    assert world.order.stage is Stage.ACKNOWLEDGED


def test_a_finger_that_speaks_of_an_output_is_not_believed_to_have_pressed(world):
    world.tell(ITS_TURN)
    world.change(a_wired_pilot(130, PLUG, START))

    assert world.tell(Said("P1", state(True))) == []
    assert world.order.stage is Stage.SENT


def test_who_was_gone_when_the_broker_kept_it_is_gone_until_it_speaks(world):
    world.knows("D001")
    world.tell(Said("D001", Presence.OFFLINE, retained=True))
    assert world.said(world.change(a_pilot())) == []

    assert world.said(world.tell(Said("D001", state(True)))) == [("D001/set", b"off")]


def test_who_was_there_when_the_broker_kept_it_may_be_gone(world):
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE, retained=True))

    assert world.said(world.change(a_pilot())) == []


def test_a_machine_whose_start_is_switched_off_by_hand_is_left_to_its_person(world):
    world.change(a_pilot())
    world.after(hours=2)
    world.tell(Said("D001", state(True)))
    effects = world.tell(Said("D001", state(False)))

    assert [(each.order.stage, each.order.cause) for each in effects if isinstance(each, Save)] == [
        (Stage.OVERRIDDEN, Cause.PERSON)]
    assert not [each for each in effects if isinstance(each, Write | LeaveAlone | Send)]


def test_a_plug_that_cuts_itself_is_no_person(world):
    """A dryer of 2,540 W behind a plug of 2,500: it was called switched by hand, and nobody was told."""
    world.change(a_pilot())
    world.after(hours=2)
    world.tell(Said("D001", state(True)), Said("D001", Measure(Quantity.POWER, 1959.0)))
    overload = Said("D001", Fault("overpower")), Said("D001", state(False))
    effects = world.tell(*overload)

    assert [(each.order.stage, each.order.cause) for each in effects if isinstance(each, Save)] == [(Stage.FAILED, Cause.PROTECTED)]
    assert [each.why for each in effects if isinstance(each, LookAt)] == ["s'est coupé pour se protéger : surcharge"]
    assert [(each.only_in, each.control, each.command) for each in effects if isinstance(each, Write)] == [
        ({Mode.MANUAL}, ControlState.OFF, CommandState.FAILED)]
    assert not [each for each in effects if isinstance(each, Send)]
    assert world.tell(*overload) == []                                       # it says so every half minute
    world.tell(Said("D001", state(True)))
    assert [type(each) for each in world.tell(*overload)].count(LookAt) == 1


def test_a_plug_that_cuts_itself_just_after_its_return_is_not_lit_again(world):
    world.change(a_pilot())
    world.after(hours=2)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE), Said("D001", state(True)))
    effects = world.tell(Said("D001", Fault("overpower")), Said("D001", state(False)))

    assert [each.order.cause for each in effects if isinstance(each, Save)] == [Cause.PROTECTED]
    assert not [each for each in effects if isinstance(each, Send)]


def test_a_relay_that_supplies_when_it_is_open_has_cut_nobody_when_it_protects_itself(world):
    world.change(a_wired_pilot(190, PLUG, type=ApplianceType.WATER_HEATER))
    effects = world.tell(Said("D1", Fault("overtemperature")))

    assert [type(each) for each in effects] == [LookAt]


def test_a_tank_whose_relay_cuts_itself_is_left_alone_for_a_while(world):
    world.change(a_tank())
    world.tell(PlanRead(a_plan(m1=(1,))))
    world.tell(Said("D001", state(True)))
    effects = world.tell(Said("D001", Fault("overtemperature")), Said("D001", state(False)))

    assert [each.order.cause for each in effects if isinstance(each, Save)] == [Cause.PROTECTED]
    assert [type(each) for each in effects].count(LeaveAlone) == 1


# -- machines on fingers -----------------------------------------------------------------------------------------------------


def test_a_machine_on_a_finger_that_is_taken_back_is_given_back_in_writing_alone(world):
    world.change(a_wired_pilot(130, PLUG, START))
    effects = world.change(a_wired_pilot(130, PLUG, START, mode=Mode.MANUAL))

    assert effects == [Write(1, frozenset({Mode.MANUAL}), command=CommandState.INITIAL, ems_order=False),
                       CloseFlexibility(7, "given back")]


def test_a_machine_on_a_finger_that_stands_by_already_is_not_written_again(world):
    effects = world.change(a_wired_pilot(130, PLUG, START, command=CommandState.STANDING_BY))

    assert [each for each in effects if not isinstance(each, Ask)] == []


def pressed(world: World) -> World:
    """A finger has pressed Start at noon, and said so; its plug has not said a word."""
    world.tell(ITS_TURN)
    world.change(a_wired_pilot(130, PLUG, START))
    world.tell(Said("P1", Acknowledgement("press", ok=True)))
    return world


def test_a_press_whose_meter_says_nothing_is_believed_on_the_fingers_word_after_five_minutes(world):
    pressed(world)
    world.now += timedelta(minutes=5, seconds=-1)
    assert world.tell(Tick()) == []

    world.now += timedelta(seconds=1)
    effects = world.tell(Tick())

    assert (world.order.stage, world.order.cause) == (Stage.DONE, Cause.NOT_MEASURABLE)
    assert MarkStarted(7, world.now) in effects
    assert CloseFlexibility(7, "started") in effects


def test_a_press_that_power_has_proved_is_told_once(world):
    pressed(world)
    world.tell(Said("D1", Measure(Quantity.POWER, 1900)), FleetRead(world.rows))
    world.now += timedelta(minutes=5)
    effects = world.tell(Tick())

    assert (world.order.stage, world.order.cause) == (Stage.DONE, Cause.PROVED)
    assert [type(each) for each in effects] == [Save]


def test_a_second_press_does_not_follow_a_first_that_nobody_answered():
    first = Order("o1", "P1", 1, Why.START, True, True, slot_of(NOON), 7, NOON, press=True, attempts=1)

    assert next_press(TYPOLOGIES[160], [first]) is None
    assert next_press(TYPOLOGIES[160], [evolve(first, acknowledged_at=NOON)]) == NextPress(1, 0)
    assert next_press(TYPOLOGIES[160], [evolve(first, attempts=0)]) == NextPress(0, 1)
    assert next_press(TYPOLOGIES[120], []) is None


@pytest.mark.parametrize(("tries", "comes"), [
    ([], NextPress(0, 0)),
    ([(Stage.FAILED, 2.0)], NextPress(0, 1)),
    ([(Stage.FAILED, None)], None),
    ([(Stage.DONE, 2.0)], None),
    ([(Stage.FAILED, 2.0), (Stage.FAILED, 2.0)], None),
], ids=["not yet", "nothing started", "nobody measured", "done", "twice nothing"])
def test_the_last_press_is_made_again_once_and_only_when_power_proves_that_nothing_started(tries, comes):
    first = Order("o1", "P1", 1, Why.START, True, True, slot_of(NOON), 7, NOON, press=True, attempts=1)

    assert next_press(TYPOLOGIES[130], [evolve(first, stage=stage, seen_w=watts) for stage, watts in tries]) == comes


# -- orders that another one made ---------------------------------------------------------------------------------------------


def test_the_answer_to_what_a_person_gave_by_hand_writes_nothing(world):
    by_hand = Order("h1", "D001", 1, Why.HAND, True, True, slot_of(NOON), 0, NOON).happens(On.RECORDS, NOON)
    world.tell(LedgerRead((by_hand.said(NOON, SLOT),)))
    effects = world.tell(Said("D001", state(True)))

    assert [type(each) for each in effects] == [Save]
    assert world.order.stage is Stage.ACKNOWLEDGED


def test_f1_an_order_that_lives_already_is_gone_on_with(world):
    record = next(each for each in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(each, Record))
    earlier = evolve(record.order, id="earlier").happens(On.RECORDS, NOON)
    effects = world.tell(Known(record.order.id, earlier))

    assert [each.order.id for each in effects if isinstance(each, Send)] == ["earlier"]
    assert [each.id for each in world.engine.recorded] == ["earlier"]


def test_f1_a_press_that_has_ended_already_is_not_made_again(world):
    world.tell(ITS_TURN)
    effects = world.engine.on(FleetRead({1: a_wired_pilot(130, PLUG, START)}), NOON)
    record = next(each for each in effects if isinstance(each, Record))
    sent = evolve(record.order, id="earlier").happens(On.RECORDS, NOON).said(NOON, SLOT)
    ended = sent.happens(On.EXPIRES, NOON, Cause.UNKNOWN)
    world.tell(Known(record.order.id, ended))

    assert made(world.after(minutes=1)) == []
    assert world.engine.recorded == [ended]


def test_an_appliance_that_was_not_known_yet_is_read_alone(world):
    world.rows = {1: a_tank()}
    world.tell(FleetRead(world.rows, frozenset({1, 2})))

    assert world.said() == [("D001/set", b"off")]


# -- when it will next be asked ------------------------------------------------------------------------------------------------


def test_the_engine_is_woken_at_the_next_quarter_or_when_an_order_asks_for_it(world):
    assert world.engine.next_at(NOON) == NOON + SLOT
    world.change(a_pilot())
    assert world.engine.next_at(NOON) == NOON + timedelta(seconds=5)
    assert world.engine.next_at(NOON + timedelta(minutes=1)) == NOON + timedelta(minutes=1)


def test_who_goes_by_old_words_asks_every_device_anew(world):
    world.change(a_pilot())
    assert [each for each in world.after(minutes=1) if isinstance(each, Ask)] == []

    world.engine.ask_again()
    assert [each.device_id for each in world.after(minutes=1) if isinstance(each, Ask)] == ["D001"]


def test_d3_a_new_time_is_believed_in_the_second_in_which_it_has_stood_for_five_minutes():
    keeper = Timekeeper()
    keeper.jumped(NOON, 0.0)
    keeper.jumped(NOON + timedelta(hours=1), 1.0)
    keeper.jumped(NOON + timedelta(hours=1, seconds=BELIEVED_AFTER_S - 1), BELIEVED_AFTER_S)
    assert not keeper.believes()
    keeper.jumped(NOON + timedelta(hours=1, seconds=BELIEVED_AFTER_S), BELIEVED_AFTER_S + 1)
    assert keeper.believes()

    keeper.jumped(NOON + timedelta(seconds=BELIEVED_AFTER_S), BELIEVED_AFTER_S + 2)      # back again: a jump of its own
    assert not keeper.believes()


# -- from rows to what may be moved -----------------------------------------------------------------------------------------------


def test_a_home_is_of_one_share_and_all_homes_are_of_some():
    homes = [f"R{n:03}" for n in range(200)]
    owners = [[share for share in (1, 2, 3) if Share(share, 3).has(home)] for home in homes]

    assert {len(each) for each in owners} == {1}
    assert {share for (share,) in owners} == {1, 2, 3}
    assert all(Share().has(home) for home in homes)


def test_an_appliance_of_which_no_driver_knows_a_device_lacks_it_and_that_is_said():
    found = fleet([a_pilot().appliance], {}, [])

    assert found.pilots == {}
    assert found.problems == (
        "appliance 1 (lave-linge, R004): typology 120 (prise_commande) needs one device of usage 11, there are 0",)


def test_what_nothing_drives_is_no_problem():
    meter = evolve(a_pilot().appliance, typology=200)

    assert fleet([meter], wires([a_device("D001", PLUG)]), []) == fleet([], {}, [])


# -- by hand ------------------------------------------------------------------------------------------------------------------


WASHER = a_pilot()


def refused(command=SWITCH_OFF, drawn_w: float | None = None, cut: bool = False, driven=WASHER.driven, **appliance) -> str:
    return refusal(driven, evolve(WASHER.appliance, **appliance), command, drawn_w, cut)


@pytest.mark.parametrize("command", [Switch(True), SWITCH_OFF])
@pytest.mark.parametrize(("mode", "words"), [
    (Mode.MEASURED, "only measured (mode 1)"), (Mode.INSTALLING, "being installed (mode 10)"), (Mode.MANUAL, ""),
    (Mode.PILOTED, ""), (Mode.DISABLED, "disabled (mode 70)"), (Mode.REMOVED, "removed (mode 80)")])
def test_w1_what_a_mode_forbids_is_forbidden_by_hand_too_and_asking_never_is(command, mode, words):
    said = refused(command, mode=mode)

    assert said == "" if not words else f"lave-linge of R004 is {words}: nobody switches it" in said
    assert refused(Query(), mode=mode) == ""


@pytest.mark.parametrize(("drawn_w", "given", "cuts"), [
    (10.0, {}, True), (9.9, {}, False), (None, {}, False), (2000.0, {"cut": True}, False),
    (2000.0, {"command": Switch(True)}, False), (2000.0, {"type": ApplianceType.WATER_HEATER}, False),
    (2000.0, {"typology": 190}, False),
    (2000.0, {"typology": 190, "command": Switch(True)}, True), (2000.0, {"typology": 999}, True),
    (2000.0, {"command": Query()}, False),
])
def test_i4_by_hand_too_a_running_cycle_is_cut_only_when_a_person_says_so(drawn_w, given, cuts):
    assert ("a running cycle is never cut" in refused(drawn_w=drawn_w, **given)) is cuts
    assert cuts or refused(drawn_w=drawn_w, **given) == ""


def test_what_a_device_cannot_do_is_refused_with_what_it_can():
    mute = evolve(WASHER.driven, driver=evolve(TOY, encode_command=None))

    assert refused(Press()) == "D001 is a a toy plug, which cannot do it (it can: meter, switch)"
    assert refused(Query(), driven=mute) == refused(Switch(True), driven=mute) == refused(Press())
