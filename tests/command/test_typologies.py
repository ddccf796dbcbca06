"""Every typology, told as what its devices are asked to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.fleet import fleet, wires
from elfe.command.orders import Cause, On, Stage
from elfe.command.typologies import TYPOLOGIES, lacking
from elfe.command.values import BrokerUp, CloseFlexibility, LedgerRead, MarkStarted, PlanRead, Record, Said, Save, Send, Tick, Write
from elfe.coordination import reference
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Usage
from elfe.devices.drivers import load
from elfe.devices.values import Acknowledgement, Measure, Presence, Quantity
from tests.command.conftest import NOON, World, a_plan, a_wired_pilot, state

PLUG, SWITCH, METER, POWER, START, AMBIENT = (
    Usage.SWITCH_AND_METER, Usage.SWITCH, Usage.METER, Usage.PRESS_POWER, Usage.PRESS_START, Usage.AMBIENT)
NOW_IS_ITS_TURN = PlanRead(a_plan(m1=(1,)))


def watts(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


def pressed(world: World) -> None:
    """The finger says that it has pressed."""
    world.tell(Said(world.order.device_id, Acknowledgement("press", ok=True)))


def presses(world: World) -> list[str]:
    return [topic.removesuffix("/set") for topic, word in world.said() if word == b"press"]


def finger(world: World, typology: int = 130, *usages: Usage) -> World:
    """A machine on a finger whose turn it is, standing by at 3 W."""
    world.tell(Said("D1", watts(3)), NOW_IS_ITS_TURN)
    world.change(a_wired_pilot(typology, *(usages or (PLUG, START))))
    return world


# -- relays ---------------------------------------------------------------------------------------------------------------


def test_every_typology_of_the_contract_that_drives_something_is_here():
    assert {each.id for each in reference.TYPOLOGIES} == {*TYPOLOGIES, 200}
    assert {each.id: each.name for each in reference.TYPOLOGIES if each.id != 200} == {
        id: each.name for id, each in TYPOLOGIES.items()}


@pytest.mark.parametrize(("typology", "usages", "cut", "supplied"), [
    (110, (SWITCH, SWITCH), {"D1": b"off", "D2": b"off"}, {"D1": b"on", "D2": b"on"}),
    (120, (PLUG,), {"D1": b"off"}, {"D1": b"on"}),
    (140, (SWITCH, AMBIENT), {"D1": b"off"}, {"D1": b"on"}),
    (140, (PLUG, AMBIENT), {"D1": b"off"}, {"D1": b"on"}),
    (180, (SWITCH, METER), {"D1": b"off"}, {"D1": b"on"}),
    (190, (PLUG,), {"D1": b"on"}, {"D1": b"off"}),
])
def test_a_supply_is_cut_while_it_waits_and_given_at_its_slot(world, typology, usages, cut, supplied):
    world.change(a_wired_pilot(typology, *usages))
    assert {topic.removesuffix("/set"): word for topic, word in world.said()} == cut

    effects = world.after(hours=2)
    assert {topic.removesuffix("/set"): word for topic, word in world.said(effects)} == supplied


def test_two_relays_supply_when_both_have_said_so(world):
    world.change(a_wired_pilot(110, SWITCH, SWITCH))
    world.after(hours=2)
    assert not [each for each in world.tell(Said("D1", state(True))) if isinstance(each, Write)]

    assert MarkStarted(7, world.now) in world.tell(Said("D2", state(True)))


@pytest.mark.parametrize(("typology", "usages", "wants"), [
    (110, (SWITCH,), "needs 2 devices of usage 12, there are 1"),
    (120, (SWITCH,), "needs one device of usage 11, there are 0"),
    (140, (AMBIENT,), "needs one device of usage 11 or 12, there are 0"),
    (150, (PLUG, START), "needs one device of usage 31, there are 0"),
    (160, (PLUG, START, START), "needs one device of usage 32, there are 2"),
])
def test_w17_what_is_missing_or_too_much_is_said(typology, usages, wants):
    assert wants in lacking(TYPOLOGIES[typology], usages)


def test_w12_a_load_that_is_switched_every_quarter_is_not_hung_on_a_finger():
    pilot = a_wired_pilot(130, PLUG, START)
    tank = evolve(pilot.appliance, type=ApplianceType.WATER_HEATER)
    found = fleet([tank], wires(pilot.devices), [])

    assert found.pilots == {}
    assert "starts it only" in found.problems[0]


# -- fingers --------------------------------------------------------------------------------------------------------------


def test_a_machine_on_a_finger_keeps_its_power_while_it_waits_and_is_standing_by(world):
    effects = world.change(a_wired_pilot(130, PLUG, START))

    assert world.said(effects) == []
    assert Write(1, frozenset({Mode.PILOTED}), command=CommandState.STANDING_BY, ems_order=False) in effects


def test_w8_a_press_is_proved_by_power_alone_and_only_then_is_the_machine_its_persons(world):
    finger(world)
    assert presses(world) == ["P1"]
    pressed(world)
    assert not [each for each in world.written() if each.mode]

    effects = world.tell(Said("D1", watts(1900)))

    assert world.order.stage is Stage.PROVED
    assert Write(1, frozenset({Mode.PILOTED}), mode=Mode.MANUAL, control=ControlState.ON, command=CommandState.MANUAL_ON,
                 ems_order=True, last_started=NOON) in effects
    assert CloseFlexibility(7, "started") in effects


@pytest.mark.parametrize(("typology", "usages", "order"), [
    (150, (PLUG, POWER, START), ["P1", "P2"]), (160, (PLUG, START), ["P1", "P1"])])
def test_the_second_press_follows_the_answer_to_the_first_by_five_seconds(world, typology, usages, order):
    finger(world, typology, *usages)
    for _ in range(30):
        world.after(seconds=1)
    assert presses(world) == order[:1]

    pressed(world)
    world.after(seconds=4)
    assert presses(world) == order[:1]
    world.after(seconds=2)
    assert presses(world) == order

    pressed(world)
    assert MarkStarted(7, world.now) in world.tell(Said("D1", watts(2000)))


def test_a_plug_that_is_lit_again_is_cut_while_it_waits_and_pressed_once_it_is_lit(world):
    world.change(a_wired_pilot(170, PLUG, START))
    world.tell(Said("D1", state(False)), Said("D1", watts(0)))
    world.after(hours=2)
    assert world.said()[-1] == ("D1/set", b"on")
    assert presses(world) == []

    world.tell(Said("D1", state(True)))
    world.after(seconds=5)
    assert presses(world) == []
    world.after(seconds=6)
    assert presses(world) == ["P1"]


def test_i2_what_goes_on_as_soon_as_its_plug_is_lit_again_is_not_pressed(world):
    """Its person had pressed Start before it was cut: a press would pause it."""
    world.change(a_wired_pilot(170, PLUG, START))
    world.tell(Said("D1", state(False)), Said("D1", watts(0)))
    world.after(hours=2)
    world.tell(Said("D1", state(True)), Said("D1", watts(1900)))
    effects = world.after(seconds=11)

    assert presses(world) == []
    assert CloseFlexibility(7, "started") in effects


def test_i2_a_finger_that_does_not_answer_is_not_asked_twice_and_nobody_pretends_to_know(world):
    finger(world)
    world.engine.seen["D1"].watts = None
    for _ in range(40):
        world.after(minutes=1)

    assert presses(world) == ["P1"]
    assert (world.order.stage, world.order.cause) == (Stage.EXPIRED, Cause.UNKNOWN)
    assert CloseFlexibility(7, "unknown whether it started") in world.effects


def test_i2_a_press_that_power_proves_before_its_finger_answers_is_not_made_again(world):
    """SwitchBot's answer may be lost, and its machine run: a second press would pause it."""
    finger(world)
    world.tell(Said("D1", watts(1900)))
    for _ in range(20):
        world.now += timedelta(minutes=1)
        world.tell(Tick())

    assert presses(world) == ["P1"]


def test_a_press_that_power_proves_to_have_started_nothing_is_made_once_more_and_no_more(world):
    finger(world)
    pressed(world)
    for _ in range(40):
        world.after(minutes=1)
        world.tell(Said("D1", watts(3)))

    assert presses(world) == ["P1", "P1"]
    assert CloseFlexibility(7, "not started") in world.effects
    assert [each.command for each in world.written() if each.mode is Mode.MANUAL] == [CommandState.FAILED]


def test_a_press_that_was_refused_fails_with_what_the_finger_said_and_is_not_made_twice(world):
    finger(world)
    world.engine.seen["D1"].watts = None
    world.tell(Said("P1", Acknowledgement("press", ok=False, detail="errorConnect")))
    for _ in range(6):
        world.after(minutes=1)

    assert presses(world) == ["P1"]
    assert (world.order.stage, world.order.cause) == (Stage.FAILED, f"{Cause.REFUSED}: errorConnect")
    assert CloseFlexibility(7, "not started") in world.effects


def test_the_answer_to_another_command_is_not_its_own(world):
    finger(world)
    world.tell(Said("P1", Acknowledgement("REQUESTSETTINGS", ok=True)))

    assert world.happened() == [On.RECORDS, On.SENDS]


def test_a_real_finger_is_heard_by_the_words_of_its_gateway(world):
    bot = load()[311]
    device = bot.device("C002", "C900", {"gateway": "switchbot/C900", "bot": "C002"})
    pilot = a_wired_pilot(160, PLUG, START)
    driven = evolve(pilot.driven, device=device, driver=bot, row=evolve(pilot.driven.row, id="C002", type_id=311))
    world.tell(NOW_IS_ITS_TURN)
    world.change(evolve(pilot, driven=driven, presses=(driven, driven)))
    said = list(bot.decode_message(device, "switchbot/C900/bot/C002/status",
                                                  b'{"status":"success","value":5,"command":"PRESS"}'))
    world.tell(*(Said("C002", each) for each in said))
    world.after(seconds=6)

    assert world.said() == [("switchbot/C900/bot/C002/set", b"PRESS")] * 2


def test_a_finger_that_was_away_is_asked_when_it_is_back(world):
    world.tell(Said("P1", Presence.ONLINE), Said("P1", Presence.OFFLINE))
    finger(world)
    world.after(minutes=15)
    assert presses(world) == []

    world.tell(Said("P1", Presence.ONLINE))
    assert presses(world) == ["P1"]


def test_g10_a_finger_with_a_flat_battery_is_not_asked(world):
    world.tell(Said("P1", Measure(Quantity.BATTERY, 5)))
    finger(world)

    assert presses(world) == []
    assert (world.order.stage, world.order.cause) == (Stage.FAILED, Cause.FLAT)


def test_what_its_person_has_started_is_not_pressed(world):
    world.change(a_wired_pilot(130, PLUG, START))
    world.tell(Said("D1", watts(2000)))
    world.tell(NOW_IS_ITS_TURN)

    assert presses(world) == []
    assert CloseFlexibility(7, "started by hand") in world.effects


def test_without_a_meter_the_answer_is_all_that_will_ever_be_known(world):
    pilot = evolve(a_wired_pilot(130, PLUG, START), meter="")
    world.tell(NOW_IS_ITS_TURN)
    world.change(pilot)
    pressed(world)

    assert MarkStarted(7, world.now) in world.effects


def test_f1_an_engine_that_restarts_between_two_presses_goes_on_with_the_second(world):
    finger(world, 160, PLUG, START)
    pressed(world)
    first = world.order
    reborn = World(type(world.engine)(), now=world.now + timedelta(minutes=20))
    reborn.tell(LedgerRead((first.happens(world.happened()[0].SETTLES, reborn.now),)), NOW_IS_ITS_TURN, BrokerUp())
    reborn.change(world.rows[1])

    (made,) = [each.order for each in reborn.effects if isinstance(each, Record)]
    assert (made.step, made.again) == (1, 0)


def test_f1_an_engine_that_restarts_after_a_press_that_was_sent_does_not_send_it_again(world):
    finger(world)
    sent = world.order
    reborn = World(type(world.engine)(), now=world.now + timedelta(seconds=30))
    reborn.tell(LedgerRead((sent,)), NOW_IS_ITS_TURN, BrokerUp())
    reborn.change(world.rows[1])
    reborn.after(minutes=1)

    assert not [each for each in reborn.effects if isinstance(each, Send)]


@pytest.mark.parametrize(("power_w", "cause"), [(2.0, Cause.DID_NOT_START), (1900.0, Cause.PROVED), (None, Cause.UNKNOWN)])
def test_f1_a_press_whose_time_was_over_when_an_engine_takes_it_up_is_judged_by_the_next_word_of_its_meter(world, power_w, cause):
    """The engine died behind the commit and before the publish: the press was called unknown, and the cycle did not run."""
    finger(world)
    reborn = World(type(world.engine)(), now=world.now + timedelta(minutes=6))
    reborn.tell(LedgerRead((world.order,)), NOW_IS_ITS_TURN, BrokerUp())
    reborn.change(world.rows[1])
    waits = [each for each in reborn.effects if isinstance(each, Save)]
    reborn.now += timedelta(seconds=20)
    for said in [] if power_w is None else [Said("D1", watts(power_w))]:
        reborn.tell(said)
    reborn.after(minutes=6 if power_w is None else 0)

    assert waits == []
    saved = [each.order for each in reborn.effects if isinstance(each, Save) and each.order.id == world.order.id]
    assert saved[-1].cause == cause
    assert presses(reborn) == (["P1"] if power_w == 2.0 else [])


def test_what_was_pressed_is_known_as_long_as_its_stay_lasts_and_a_day_longer(world):
    finger(world)
    stays = world.rows[1]
    pressed(world)
    world.after(minutes=20)
    next_one = evolve(stays, flexibility=evolve(stays.flexibility, id=8))
    known = []
    for pilot, days in ((stays, 2), (next_one, -1.5), (next_one, 1)):
        world.now += timedelta(days=days)
        world.change(pilot)
        known.append(7 in world.engine.pressed)

    assert known == [True, True, False]
