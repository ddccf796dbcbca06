"""Cases that differ in one thing alone, and what follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.engine import Engine
from elfe.command.fleet import fleet, wires
from elfe.command.making import order_for
from elfe.command.memory import Memory
from elfe.command.orders import Cause, On, Order, Stage, Why
from elfe.command.rules import Rules
from elfe.command.running import may_run_until, runs
from elfe.command.saying import fades_at
from elfe.command.seen import Seen
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    Effect,
    FleetRead,
    Found,
    Known,
    LeaveAlone,
    LedgerRead,
    LookAt,
    MarkStarted,
    OpenFlexibility,
    Pilot,
    PlanRead,
    Record,
    Recorded,
    Said,
    Save,
    TakeOver,
    Tick,
    Write,
)
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Flexibility, Mode, Usage
from elfe.devices.values import Acknowledgement, Fault, LocalControl, Measure, Presence, Quantity
from elfe.errors import DriverDefect
from elfe.slots import slot_of
from tests.command.conftest import NOON, TOY, TOY_FINGER, World, a_device, a_pilot, a_plan, a_wired_pilot, state

PLUG, SWITCH, METER, POWER, START = (
    Usage.SWITCH_AND_METER, Usage.SWITCH, Usage.METER, Usage.PRESS_POWER, Usage.PRESS_START)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ITS_TURN = PlanRead(a_plan(m1=(1,)))
ORDER = Order(id="o1", device_id="D001", appliance_id=1, why=Why.WAIT, on=False, powers=False, slot=slot_of(NOON), flexibility_id=7,
              wanted_at=NOON)
SENT = ORDER.happens(On.RECORDS, NOON).said(NOON, 5 * SECOND)
HEARD = SENT.happens(On.ECHOES, NOON)
PRESSED = Acknowledgement("press", ok=True)
DEFECTS = [DriverDefect("toy.encode_command: KeyError: 'root'"), ValueError("no root")]


def watts(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


def a_tank(id: int = 1, device: str = "D001", control: int = ControlState.ON, mode: int = Mode.PILOTED) -> Pilot:
    pilot = a_pilot(id, device=device, type=ApplianceType.WATER_HEATER, mode=mode)
    return evolve(pilot, appliance=evolve(pilot.appliance, control=control))


def knowing(pilot: Pilot, live: dict[str, Order] | None = None, **seen: Seen) -> Memory:
    """What an engine knows of devices."""
    memory = Memory(seen=dict(seen), live=live or {})
    memory.learn({pilot.appliance.id: pilot})
    return memory


def saved(effects: list[Effect]) -> list[tuple[str, Stage]]:
    return [(each.order.id, each.order.stage) for each in effects if isinstance(each, Save)]


def made(effects: list[Effect]) -> list[Why]:
    return [each.order.why for each in effects if isinstance(each, Record)]


def asked(effects: list[Effect]) -> list[str]:
    return [each.device_id for each in effects if isinstance(each, Ask)]


def saying_nothing(pilot: Pilot, error: Exception) -> Pilot:
    """The appliance's driver breaks on whatever it is to say."""
    def broken(device, command):
        raise error

    return evolve(pilot, driven=evolve(pilot.driven, driver=evolve(pilot.driven.driver, encode_command=broken)))


# -- orders --------------------------------------------------------------------------------------------------------------------


def test_a_level_is_no_step_of_a_sequence_and_supplies_where_nothing_else_is_said():
    order = order_for(a_pilot(), "D001", Why.START, NOON)

    assert (order.press, order.step, order.again, order.on, order.powers, order.attempts) == (False, 0, 0, True, True, 0)
    assert order.key == f"D001/{slot_of(NOON)}/on/start/7"
    assert order_for(evolve(a_pilot(), flexibility=None), "D001", Why.HOLD, NOON).flexibility_id == 0


@pytest.mark.parametrize(("change", "fades"), [
    ({}, True), ({"powers": True}, False), ({"press": True}, False)], ids=["a cut", "a supply", "a press"])
def test_a_cut_alone_is_undone_by_a_fail_safe_and_said_again(change, fades):
    memory = knowing(a_pilot())

    assert fades_at(memory, evolve(HEARD, **change), NOON) == (NOON + 10 * MINUTE if fades else None)
    assert fades_at(memory, evolve(HEARD, device_id="nobody's"), NOON) is None


@pytest.mark.parametrize("after", [None, timedelta(minutes=30)])
def test_what_has_no_fail_safe_or_one_without_a_time_is_not_said_again(after):
    pilot = a_pilot()
    type = evolve(pilot.driven.driver.type, fail_safe=after and evolve(pilot.driven.driver.type.fail_safe, after=None))
    memory = knowing(evolve(pilot, driven=evolve(pilot.driven, driver=evolve(pilot.driven.driver, type=type))))

    assert fades_at(memory, HEARD, NOON) is None


def test_of_two_orders_of_a_device_in_the_ledger_the_later_one_lives_and_the_other_is_nobodys():
    engine = Engine()
    engine.on(LedgerRead((evolve(SENT, id="o2"), SENT)), NOON)

    assert engine.order_of("o1") is engine.live["D001"]
    assert engine.order_of("o2") is None
    assert engine.on(Recorded("o2"), NOON) == []


@pytest.mark.parametrize("found", ["o0", "o2"])
def test_e2_what_is_found_where_another_order_stands_ends_whatever_its_number(world, found):
    world.change(a_pilot())
    effects = world.tell(Found((evolve(SENT, id=found),)))

    assert saved(effects) == [(found, Stage.SUPERSEDED)]


def test_e2_what_was_dropped_and_is_found_is_judged_once_and_not_made_anew(world):
    effects = world.tell(Found((SENT,)), FleetRead({1: a_pilot()}))

    assert made(effects) == []
    assert [each.id for each in world.engine.live.values()] == ["o1"]


def test_f1_what_the_device_has_done_already_is_not_said_again_by_the_engine_that_takes_it_up():
    def said(order: Order) -> list[tuple[str, bytes]]:
        world = World(Engine(connected=True), now=NOON + SECOND)
        world.tell(LedgerRead((evolve(order, why=Why.PLAN),)), PlanRead(a_plan(m1=(0,) * 8)))
        return world.said(world.tell(FleetRead({1: a_tank()})))

    assert said(HEARD) == []
    assert said(evolve(SENT, say_again_at=NOON + HOUR)) == [("D001/set", b"off")]


@pytest.mark.parametrize(("heard_s", "said_at_s"), [(None, 60), (20, 80)], ids=["it never answered", "it answered"])
def test_g4_what_was_switched_on_before_the_engine_died_counts_from_when_it_was_last_known(heard_s, said_at_s):
    """It is away now; the next one waits a minute from then, for the limit of kilowatts."""
    switched = evolve(SENT, why=Why.PLAN, on=True, powers=True, say_again_at=NOON + 10 * MINUTE)
    heard = switched if heard_s is None else switched.happens(On.ECHOES, NOON + heard_s * SECOND)
    world = World(Engine(connected=True, rules=Rules(most_kw_a_minute=3.0)), now=NOON + 30 * SECOND)
    world.tell(LedgerRead((heard,)), PlanRead(a_plan(m1=(1,), m2=(1,))))
    world.tell(Said("D001", Presence.OFFLINE))
    world.rows[1] = a_tank()
    world.change(a_tank(2, "D002"))

    said_at = next(second for second in range(30, 90) if ("D002/set", b"on") in world.said(world.after(seconds=1)))
    assert said_at + 1 == said_at_s


def test_f1_an_order_of_the_same_key_that_was_heard_is_gone_on_with_in_silence(world):
    record = next(each for each in world.engine.on(FleetRead({1: a_pilot()}), NOON) if isinstance(each, Record))

    assert world.tell(Known(record.order.id, evolve(HEARD, id="earlier"))) == []
    assert world.engine.live["D001"].heard


def test_f1_a_level_ends_with_its_slot_though_its_meter_has_not_been_heard_since_a_silence():
    world = World(Engine(), now=NOON + 14 * MINUTE)
    world.tell(LedgerRead((evolve(SENT, why=Why.PLAN),)), PlanRead(a_plan(m1=(0,) * 8)), BrokerUp())
    world.change(a_tank())

    assert saved(world.after(minutes=1))[0] == ("o1", Stage.EXPIRED)


# -- which flexibilities are opened --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "opened"), [
    (Mode.MEASURED, False), (Mode.INSTALLING, False), (Mode.MANUAL, False), (Mode.PILOTED, True), (Mode.DISABLED, False)])
def test_mode_30_alone_opens_a_stay_where_none_is_open(world, mode, opened):
    effects = world.change(evolve(a_pilot(mode=mode), flexibility=None))

    assert (OpenFlexibility(1) in effects) is opened
    assert OpenFlexibility(1) not in world.change(a_pilot(mode=mode))
    assert (CloseFlexibility(7, f"mode {mode:d}") in world.effects) is (mode not in (Mode.MANUAL, Mode.PILOTED))


# -- wiring --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typology", "usage", "driver", "words"), [
    (120, PLUG, TOY_FINGER, "device X1 is a a toy plug, which cannot be switched"),
    (120, PLUG, evolve(TOY, encode_command=None), "device X1 is a a toy plug, which cannot be switched"),
    (130, START, TOY, "device X1 is a a toy plug, which cannot be asked to press"),
    (130, START, evolve(TOY_FINGER, encode_command=None), "device X1 is a a toy plug, which cannot be asked to press"),
])
def test_w17_a_device_that_cannot_do_what_its_usage_wants_is_said(typology, usage, driver, words):
    appliance = evolve(a_pilot().appliance, typology=typology)
    device = a_device("X1", usage, evolve(driver, type=evolve(driver.type, id=902)))
    found = fleet([appliance], wires([device]), [])

    assert found.pilots == {}
    assert words in found.problems[0]


def test_of_what_is_installed_only_a_meter_proves_and_the_first_one_where_there_are_two():
    assert a_wired_pilot(120, PLUG).meter == "D1"
    assert a_wired_pilot(180, SWITCH, METER).meter == "D2"
    assert a_wired_pilot(110, SWITCH, SWITCH).meter == ""
    assert a_wired_pilot(130, PLUG, METER, START).meter == "D1"


def test_what_is_held_of_everything_goes_before_what_is_held_of_one():
    def held(appliance_id: int | None) -> Hold:
        return Hold(1, appliance_id, None, NOON, None, Origin.CENTRE)

    def hold_of(*holds: Hold) -> Hold | None:
        return fleet([a_pilot().appliance], wires([a_device("D001", PLUG)]), [], holds).pilots[1].hold

    assert hold_of(held(1)) == held(1)
    assert hold_of(held(None)) == held(None)
    assert hold_of(held(1), held(None)) == held(None)
    assert hold_of(held(2)) is hold_of() is None


# -- holds ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("supply", "running", "type", "origin", "cut"), [
    (False, True, ApplianceType.DISHWASHER, Origin.PORTAL, False),
    (False, True, ApplianceType.DISHWASHER, Origin.SCREEN, True),
    (False, False, ApplianceType.DISHWASHER, Origin.PORTAL, True),
    (False, True, ApplianceType.HEATING, Origin.PORTAL, True),
])
def test_i4_who_asks_from_afar_cuts_no_cycle_that_runs(world, supply, running, type, origin, cut):
    hold = Hold(1, 1, supply, NOON, None, origin)
    world.tell(Said("D001", watts(2000.0 if running else 2.0)))
    world.now += 15 * MINUTE
    world.tell(Said("D001", watts(2000.0 if running else 2.0)))

    assert world.said(world.change(evolve(a_pilot(type=type), hold=hold))) == ([("D001/set", b"off")] if cut else [])


def test_what_a_person_wants_supplied_is_supplied_though_it_runs(world):
    world.tell(Said("D001", watts(2000.0)))
    world.now += 15 * MINUTE
    hold = Hold(1, 1, True, NOON, None, Origin.PORTAL)

    assert world.said(world.change(evolve(a_pilot(), hold=hold))) == [("D001/set", b"on")]


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED])
def test_what_is_dropped_because_its_mode_was_changed_says_so_though_its_stay_is_still_open(world, mode):
    world.change(a_pilot())
    order = world.order
    effects = world.change(a_pilot(mode=mode))

    assert [(each.order.id, each.order.cause) for each in effects if isinstance(each, Save)] == [(order.id, Cause.MODE)]


# -- whether a cycle is under way ----------------------------------------------------------------------------------------------


DRAWS = Seen(drew_at=NOON + HOUR, draws_since=NOON)


@pytest.mark.parametrize(("order", "running"), [
    (None, True), (SENT, True), (HEARD, False), (evolve(HEARD, powers=True), True)],
    ids=["no order", "not yet answered", "it says that it cuts", "it says that it supplies"])
def test_what_draws_runs_unless_its_device_has_just_done_as_it_was_told_to_cut(order, running):
    memory = knowing(a_pilot(), {"D001": order} if order else {}, D001=DRAWS)

    assert runs(memory, a_pilot(), NOON + HOUR) is running


@pytest.mark.parametrize(("known", "running"), [
    ({}, True),
    ({"told_off_at": NOON - MINUTE, "output": False}, True),           # that was before it began
    ({"told_off_at": NOON, "output": False}, False),
    ({"told_off_at": NOON + 30 * MINUTE, "output": True}, True),       # lit again, and drawing for half an hour
    ({"told_off_at": NOON + 55 * MINUTE, "output": True}, False),      # lit again, and drawing since a moment
    ({"told_off_at": NOON + 30 * MINUTE, "output": None}, True),
])
def test_what_was_cut_meanwhile_began_after_that(known, running):
    assert runs(knowing(a_pilot(), D001=evolve(DRAWS, **known)), a_pilot(), NOON + HOUR) is running


def test_what_was_lit_again_and_has_not_drawn_since_does_not_run():
    idle = Seen(drew_at=NOON + 10 * MINUTE, draws_since=NOON, told_off_at=NOON + 12 * MINUTE, output=True)
    found = evolve(idle, found_running=True)

    assert not runs(knowing(a_pilot(), D001=found), a_pilot(), NOON + 25 * MINUTE)
    assert runs(knowing(a_pilot(), D001=evolve(found, told_off_at=NOON + 8 * MINUTE)), a_pilot(), NOON + 25 * MINUTE)


@pytest.mark.parametrize("typology", [120, 190])
@pytest.mark.parametrize("supplied", [True, False, None])
def test_a_relays_word_of_its_output_is_read_as_it_is_wired(typology, supplied):
    """After a silence of ours: what is still cut has not begun; what is supplied, or says nothing, may have."""
    pilot = a_wired_pilot(typology, PLUG)
    output = supplied if supplied is None else pilot.typology.level(supplied)
    memory = knowing(pilot, D1=Seen(output=output))
    memory.deaf_until_at = NOON

    assert (may_run_until(memory, pilot, NOON) is None) is (supplied is False)


@pytest.mark.parametrize("typology", [120, 190])
def test_what_draws_behind_a_relay_that_cuts_does_not_run_and_behind_one_that_supplies_it_does(typology):
    pilot = a_wired_pilot(typology, PLUG)

    def running(supplied: bool) -> bool:
        known = evolve(DRAWS, told_off_at=NOON + 30 * MINUTE, output=pilot.typology.level(supplied))
        return runs(knowing(pilot, D1=known), pilot, NOON + HOUR)

    assert [running(True), running(False)] == [True, False]


@pytest.mark.parametrize("change", [{"meter": ""}, {"appliance": evolve(a_pilot().appliance, type=ApplianceType.HEATING)}],
                         ids=["nothing measures it", "it has no cycle"])
def test_what_has_no_cycle_that_a_meter_could_tell_of_is_not_waited_for(change):
    pilot = evolve(a_pilot(), **change)
    memory = knowing(pilot, D001=Seen())
    memory.deaf_until_at = NOON

    assert may_run_until(memory, pilot, NOON) is None
    assert may_run_until(memory, a_pilot(), NOON) is not None


@pytest.mark.parametrize(("meter", "running"), [({}, False), ({"D2": Seen(presence=Presence.OFFLINE)}, True),
                                                ({"D2": Seen(presence=Presence.ONLINE)}, False)])
def test_a_machine_whose_meter_is_away_may_run_and_one_whose_meter_is_there_and_rests_does_not(meter, running):
    pilot = a_wired_pilot(180, SWITCH, METER)

    assert runs(knowing(pilot, **meter), pilot, NOON + HOUR) is running


def test_what_measures_what_a_device_drives_is_its_meter_and_itself_where_it_measures_one():
    meter, relay, both = Seen(watts=1.0), Seen(watts=2.0), Seen(watts=3.0)

    assert knowing(a_wired_pilot(180, SWITCH, METER), D1=relay, D2=meter).meters_of("D1") == [meter]
    assert knowing(a_wired_pilot(180, SWITCH, METER), D1=relay, D2=meter).meters_of("D2") == [meter]
    assert knowing(a_pilot(), D001=both).meters_of("D001") == [both]
    assert knowing(a_pilot(), D009=both).meters_of("D009") == []


# -- levels --------------------------------------------------------------------------------------------------------------------


def test_f10_the_next_slots_plan_is_followed_though_its_level_was_switched_a_minute_ago(world):
    world.tell(PlanRead(a_plan(m1=(1, 0))))
    world.now = NOON + 14 * MINUTE
    world.change(a_tank())
    world.tell(Said("D001", state(True)))

    assert world.said(world.after(minutes=1)) == [("D001/set", b"off")]


@pytest.mark.parametrize("answers", [True, False])
def test_f10_a_level_that_nobody_has_confirmed_is_changed_at_once(world, answers):
    world.tell(ITS_TURN)
    world.change(a_tank())
    if answers:
        world.tell(Said("D001", state(True)))

    assert world.said(world.tell(PlanRead(a_plan(m1=(0,))))) == ([] if answers else [("D001/set", b"off")])


@pytest.mark.parametrize(("type", "last_started", "owed"), [
    (ApplianceType.WATER_HEATER, None, True), (ApplianceType.HEATING, None, False),
    (ApplianceType.WATER_HEATER, NOON + HOUR, False), (ApplianceType.WATER_HEATER, NOON - HOUR, True)],
    ids=["a tank", "a heater", "heated meanwhile", "heated before its stay"])
def test_g8_a_tank_is_owed_its_heat_a_day_after_it_last_had_its_supply_or_its_stay_began(world, type, last_started, owed):
    world.now = NOON + timedelta(days=1, minutes=1)
    world.tell(PlanRead(a_plan(world.now, m1=(0,) * 96)))
    pilot = a_pilot(type=type)
    cut = evolve(pilot.appliance, control=ControlState.OFF, last_started=last_started)

    assert made(world.change(evolve(pilot, appliance=cut))) == [Why.GUARANTEE if owed else Why.PLAN]


def test_the_start_of_a_tank_that_was_on_is_not_written_again(world):
    world.tell(PlanRead(a_plan(m1=(1, 1))))
    world.change(a_tank(control=ControlState.OFF))
    world.tell(Said("D001", state(True)))
    world.rows = {1: a_tank(control=ControlState.ON)}
    world.after(minutes=15)
    world.tell(Said("D001", state(True)))

    assert [each.last_started for each in world.written()] == [NOON, None]
    assert {(each.control, each.command, each.ems_order) for each in world.written()} == {
        (ControlState.ON, CommandState.MANUAL_ON, True)}


@pytest.mark.parametrize(("supply", "control", "command"), [
    (True, ControlState.ON, CommandState.MANUAL_ON), (False, ControlState.OFF, CommandState.INITIAL)])
def test_what_a_person_holds_is_written_as_no_order_of_the_ems(world, supply, control, command):
    world.change(evolve(a_tank(), hold=Hold(1, 1, supply, NOON, None, Origin.SCREEN)))
    world.tell(Said("D001", state(supply)))

    assert world.written() == [Write(1, frozenset({Mode.MANUAL, Mode.PILOTED}), control=control, command=command, ems_order=False)]


def test_of_two_relays_a_supply_is_written_when_both_have_said_it_and_a_cut_with_the_first(world):
    world.tell(PlanRead(a_plan(m1=(0, 1))))
    world.change(a_wired_pilot(110, SWITCH, SWITCH, type=ApplianceType.WATER_HEATER))
    world.tell(Said("D1", state(False)))
    assert [each.control for each in world.written()] == [ControlState.OFF]

    world.tell(Said("D2", state(False)))
    world.after(minutes=15)
    world.tell(Said("D2", state(True)))
    assert [each.control for each in world.written()] == [ControlState.OFF] * 2
    world.tell(Said("D1", state(True)))
    assert [each.control for each in world.written()] == [ControlState.OFF, ControlState.OFF, ControlState.ON]


def test_of_two_relays_one_that_is_still_told_to_cut_keeps_the_supply_unwritten(world):
    world.change(a_wired_pilot(110, SWITCH, SWITCH))
    world.tell(Said("D1", state(False)), Said("D2", state(False)))
    world.engine.live["D1"] = evolve(world.engine.live["D1"], on=True, powers=True, stage=Stage.SENT, why=Why.START)
    effects = world.tell(Said("D1", state(True)))

    assert saved(effects) == [(world.engine.live["D1"].id, Stage.ACKNOWLEDGED)]
    assert not [each for each in effects if isinstance(each, Write | MarkStarted)]


# -- fingers -------------------------------------------------------------------------------------------------------------------


def finger(world: World, typology: int = 130, *usages: Usage, **changes: object) -> World:
    """A machine on fingers whose turn it is, standing by at 3 W."""
    world.tell(Said("D1", watts(3)), ITS_TURN)
    world.change(evolve(a_wired_pilot(typology, *(usages or (PLUG, START))), **changes))
    return world


def starts(effects: list[Effect]) -> bool:
    return any(isinstance(each, MarkStarted) for each in effects)


def test_without_a_meter_a_machine_has_started_with_the_last_of_its_presses(world):
    finger(world, 150, PLUG, POWER, START, meter="")
    first = world.tell(Said("P1", PRESSED))
    assert not starts(first)
    assert [(each.command, each.ems_order) for each in first if isinstance(each, Write)] == [(CommandState.ACTIVATING, True)]

    world.after(seconds=5)
    assert starts(world.tell(Said("P2", PRESSED)))


def test_with_a_meter_the_last_press_has_started_nothing_before_power_is_measured(world):
    finger(world)

    assert not starts(world.tell(Said("P1", PRESSED)))
    assert starts(world.tell(Said("D1", watts(1900))))


def test_the_power_that_a_machine_draws_when_it_is_lit_is_not_its_start(world):
    finger(world, 150, PLUG, POWER, START)
    world.tell(Said("P1", PRESSED))
    assert not starts(world.tell(Said("D1", watts(12))))

    world.after(seconds=5)
    world.tell(Said("P2", PRESSED))
    assert starts(world.tell(Said("D1", watts(1900))))


def test_a_press_that_power_proves_when_its_stay_is_over_starts_nothing(world):
    finger(world)
    world.change(evolve(world.rows[1], flexibility=None))
    effects = world.tell(Said("D1", watts(1900)))

    assert saved(effects) == [(world.order.id, Stage.PROVED)]
    assert not starts(effects)


def test_f1_a_press_taken_up_late_is_judged_with_the_first_word_of_its_meter_and_not_a_quarter_later(world):
    finger(world)
    reborn = World(Engine(), now=NOON + 6 * MINUTE)
    reborn.tell(LedgerRead((world.order,)), ITS_TURN, BrokerUp())
    reborn.change(world.rows[1])
    reborn.tell(Tick())
    assert saved(reborn.effects) == []
    assert reborn.engine.next_at(reborn.now) == NOON + 12 * MINUTE

    reborn.tell(Said("D1", watts(2.0)))
    assert reborn.engine.next_at(reborn.now) == reborn.now
    assert (world.order.id, Stage.FAILED) in saved(reborn.tell(Tick()))


@pytest.mark.parametrize("press", [True, False])
def test_a_meter_that_says_the_same_each_second_wakes_nobody(world, press):
    world.tell(ITS_TURN, Said("D1", watts(3)))
    world.change(a_wired_pilot(130, PLUG, START) if press else a_wired_pilot(120, PLUG))
    world.tell(Said("D1", state(True)), Said("D1", watts(3)))
    before = len(world.engine.alarms)
    for n in range(60):
        world.tell(Said("D1", watts(3 if press else 3 + n % 2)))

    assert len(world.engine.alarms) == before


@pytest.mark.parametrize(("minutes", "ended"), [(11.99, False), (12, True)])
def test_f1_a_press_taken_up_late_whose_meter_says_nothing_is_judged_when_it_has_been_listened_to(world, minutes, ended):
    finger(world)
    reborn = World(Engine(), now=NOON + 6 * MINUTE)
    reborn.tell(LedgerRead((world.order,)), ITS_TURN, BrokerUp())
    reborn.change(world.rows[1])
    assert reborn.engine.next_at(reborn.now) <= NOON + 12 * MINUTE
    reborn.now = NOON + minutes * MINUTE

    assert ((world.order.id, Stage.EXPIRED) in saved(reborn.tell(Tick()))) is ended


def test_a_press_that_left_after_the_silence_is_judged_in_its_own_time(world):
    finger(world)
    world.engine.seen["D1"].watts = None
    world.engine.deaf_until_at = NOON - SECOND
    world.now += 5 * MINUTE

    assert saved(world.tell(Tick())) == [(world.order.id, Stage.EXPIRED)]


@pytest.mark.parametrize(("heard_again", "judged"), [
    (-SECOND, 5 * MINUTE), (timedelta(), 6 * MINUTE), (SECOND, 6 * MINUTE + SECOND)])
def test_f1_a_press_of_the_instant_in_which_we_heard_again_or_before_waits_for_its_meter(world, heard_again, judged):
    finger(world)
    world.engine.deaf_until_at = NOON + heard_again
    world.now = NOON + judged - SECOND
    assert saved(world.tell(Tick())) == []

    world.now += SECOND
    assert saved(world.tell(Tick())) == [(world.order.id, Stage.EXPIRED)]


@pytest.mark.parametrize(("deadline", "pressed"), [
    (None, True), (NOON + HOUR, True), (NOON - HOUR, True), (NOON - 3 * HOUR, False)])
def test_a_machine_that_has_missed_its_end_by_hours_is_given_back_with_that_said(world, deadline, pressed):
    finger(world, 130, PLUG, START, flexibility=Flexibility(7, 1, NOON, deadline=deadline))

    assert (world.said() == [("P1/set", b"press")]) is pressed
    assert (CloseFlexibility(7, "too late") in world.effects) is not pressed
    assert not [each for each in world.written() if each.ems_order]


def test_a_sequence_that_has_begun_is_gone_on_with_however_late_it_is(world):
    finger(world, 160, PLUG, START, flexibility=Flexibility(7, 1, NOON, deadline=NOON - 2 * HOUR))
    world.tell(Said("P1", PRESSED))
    world.after(seconds=6)

    assert world.said() == [("P1/set", b"press")] * 2


def test_what_its_person_has_started_is_written_as_no_order_of_the_ems(world):
    world.change(a_wired_pilot(130, PLUG, START))
    world.tell(Said("D1", watts(2000)))
    effects = world.tell(ITS_TURN)

    assert [(each.mode, each.ems_order, each.last_started) for each in effects if isinstance(each, Write)] == [
        (Mode.MANUAL, False, NOON)]


@pytest.mark.parametrize(("stay", "closed"), [(7, [7]), (8, [])])
def test_a_press_of_a_stay_that_is_over_closes_no_other(world, stay, closed):
    finger(world)
    first, pilot = world.order.id, world.rows[1]
    world.change(evolve(pilot, flexibility=evolve(pilot.flexibility, id=stay)))
    world.now += 5 * MINUTE
    effects = world.tell(Tick())

    assert (first, Stage.EXPIRED) in saved(effects)
    assert [each.flexibility_id for each in effects if isinstance(each, CloseFlexibility)] == closed


def test_the_next_press_waits_for_its_gap_from_the_proof_where_its_finger_never_answered(world):
    finger(world, 150, PLUG, POWER, START)
    world.tell(Said("D1", watts(12)), FleetRead(world.rows))           # lit: the first press is proved
    world.after(seconds=4)
    assert world.said() == [("P1/set", b"press")]

    world.after(seconds=1)
    assert world.said() == [("P1/set", b"press"), ("P2/set", b"press")]


def test_f1_the_first_of_two_presses_that_is_over_when_it_is_taken_up_has_started_nothing():
    pilot = evolve(a_wired_pilot(150, PLUG, POWER, START), meter="")
    first = evolve(HEARD, device_id="P1", why=Why.START, on=True, powers=True, press=True)
    world = World(Engine(connected=True), now=NOON + 6 * MINUTE)
    world.tell(LedgerRead((first,)), ITS_TURN)
    effects = world.change(pilot)

    assert ("o1", Stage.DONE) in saved(effects)
    assert not starts(effects)
    assert world.said(effects) == [("P2/set", b"press")]


def test_what_was_answered_and_failed_leaves_the_supply_as_it_was_said(world):
    world.tell(ITS_TURN)
    world.change(a_pilot())
    world.tell(Said("D001", state(True)), Said("D001", watts(1)))
    effects = world.after(minutes=15)

    assert [stage for _, stage in saved(effects)] == [Stage.FAILED]
    assert not [each for each in effects if isinstance(each, Write)]


def test_a_plug_that_is_lit_again_is_pressed_only_when_it_has_said_that_it_is_lit(world):
    world.change(a_wired_pilot(170, PLUG, START))
    world.tell(Said("D1", state(False)), Said("D1", watts(0)))
    world.after(hours=2)
    for _ in range(3):
        world.after(seconds=20)
    assert ("P1/set", b"press") not in world.said()

    effects = world.tell(Said("D1", state(True)))
    assert [(each.command, each.ems_order, each.mode) for each in effects if isinstance(each, Write)] == [
        (CommandState.ACTIVATING, True, None)]
    world.after(seconds=10)
    assert world.said()[-1] == ("P1/set", b"press")


# -- what devices say ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("taken", "again"), [(True, []), (False, [])])
def test_a_unit_that_says_twice_that_a_person_has_it_is_taken_over_once(world, taken, again):
    world.change(a_pilot())
    if not taken:
        world.tell(Said("D001", LocalControl(True)))
    first = world.tell(Said("D001", LocalControl(taken)))

    assert first == [TakeOver(1, "D001", taken)]
    assert world.tell(Said("D001", LocalControl(taken))) == again


def test_a_unit_that_says_that_nobody_has_it_gives_back_what_is_disabled_and_nothing_else(world):
    world.change(a_pilot())
    assert world.tell(Said("D001", LocalControl(False))) == []
    world.set_mode(Mode.DISABLED)

    assert world.tell(Said("D001", LocalControl(False))) == [TakeOver(1, "D001", False)]
    assert world.engine.seen["D001"].given_back_at is None               # it was not in anybody's hand since we hear it
    assert world.tell(Said("D009", LocalControl(True))) == []


def test_when_a_unit_was_given_back_is_when_it_first_said_so(world):
    world.change(a_pilot())
    world.tell(Said("D001", LocalControl(True)))
    assert world.engine.seen["D001"].given_back_at is None
    world.tell(Said("D001", LocalControl(False)))
    world.now += HOUR
    world.tell(Said("D001", LocalControl(False)))

    assert world.engine.seen["D001"].given_back_at == NOON


@pytest.mark.parametrize(("said", "effects"), [
    (LocalControl(True), [TakeOver(1, "D001", True)]), (LocalControl(False), []), (state(True), []), (Presence.ONLINE, [])])
def test_of_what_the_broker_kept_only_that_a_person_has_it_is_believed(world, said, effects):
    world.change(a_pilot())

    assert world.tell(Said("D001", said, retained=True)) == effects


def test_a_device_that_comes_back_is_asked_how_it_is_and_told_at_once_what_it_missed(world):
    world.tell(Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    world.change(a_tank())
    effects = world.tell(Said("D001", Presence.ONLINE))

    assert asked(effects) == ["D001"]
    assert world.said(effects) == [("D001/set", b"off")]
    assert world.tell(Said("D001", Presence.ONLINE)) == []
    assert world.tell(Said("D009", Presence.ONLINE)) == []


def test_d1_a_device_that_is_heard_back_while_our_broker_is_away_is_asked_when_it_returns(world):
    """Its word was on its way when the connection broke."""
    world.change(a_tank())
    world.tell(Said("D001", Presence.OFFLINE), BrokerDown())

    assert asked(world.tell(Said("D001", Presence.ONLINE))) == []
    assert asked(world.tell(BrokerUp())) == ["D001"]


def test_a_device_that_was_waited_for_with_patience_and_comes_back_is_told_without(world):
    world.change(a_tank())
    for _ in range(4):
        world.after(seconds=20)
    before = len(world.said())
    world.tell(Said("D001", Presence.OFFLINE))

    assert world.said(world.tell(Said("D001", Presence.ONLINE))) == [("D001/set", b"off")]
    assert before >= 3


def test_a_finger_that_comes_back_is_not_asked_to_press_again(world):
    finger(world)
    world.tell(Said("P1", Presence.ONLINE), Said("P1", Presence.OFFLINE))

    assert world.said(world.tell(Said("P1", Presence.ONLINE))) == []


def test_who_speaks_after_a_last_will_is_back_and_who_was_never_gone_is_not(world):
    world.change(a_tank())
    world.tell(Said("D001", Presence.OFFLINE))
    effects = world.tell(Said("D001", watts(3)))

    assert asked(effects) == ["D001"]
    assert asked(world.tell(Said("D001", watts(3)))) == []


def test_when_a_device_was_gone_is_when_it_was_first_said_to_be(world):
    world.change(a_tank())
    world.tell(Said("D001", Presence.OFFLINE))
    world.now += MINUTE
    world.tell(Said("D001", Presence.OFFLINE))

    assert world.engine.seen["D001"].gone_at == NOON


def test_i4_the_time_in_which_a_device_was_gone_is_no_pause_and_is_counted_once(world):
    world.change(a_pilot())
    world.tell(Said("D001", watts(2000)), Said("D001", Presence.ONLINE))
    assert world.engine.seen["D001"].drew_at == NOON

    world.now += MINUTE
    world.tell(Said("D001", Presence.OFFLINE))
    world.now += 15 * MINUTE
    world.tell(Said("D001", Presence.ONLINE))
    world.now += 5 * MINUTE
    world.tell(Said("D001", Presence.ONLINE))
    assert world.engine.seen["D001"].drew_at == NOON + 15 * MINUTE


def test_a_fault_that_cuts_nothing_is_nobodys_business(world):
    world.change(a_tank())

    assert world.tell(Said("D001", Fault("sensor"))) == []
    assert not world.engine.seen["D001"].cut_itself


@pytest.mark.parametrize("order", [True, False])
def test_an_answer_counts_by_its_token_alone(world, order):
    if order:
        world.change(a_tank())

    assert world.tell(Said("D001", Acknowledgement("somebody's", ok=True))) == []
    assert world.tell(Said("D001", Acknowledgement("somebody's", ok=False))) == []


def test_a_waiting_order_that_could_not_be_told_is_said_with_the_first_state_and_others_with_their_time(world):
    """A supply that was just said is not said twice because its plug tells how it is."""
    world.change(a_tank())
    world.tell(PlanRead(a_plan(m1=(1,))))
    sent = len(world.said())
    world.tell(Said("D001", state(False)))

    assert len(world.said()) == sent


def test_a_meters_first_word_makes_nobody_repeat_a_start(world):
    world.tell(ITS_TURN)
    world.change(a_pilot())

    assert world.said() == [("D001/set", b"on")]
    assert world.said(world.tell(Said("D001", watts(3)))) == []


# -- what was lost, what is a person's -----------------------------------------------------------------------------------------


def test_a_supply_that_its_plug_lost_long_after_its_return_is_a_persons_will(world):
    world.tell(ITS_TURN)
    world.change(a_tank())
    world.tell(Said("D001", state(True)))
    world.now += 14 * MINUTE
    effects = world.tell(Said("D001", state(False)))

    assert [stage for _, stage in saved(effects)] == [Stage.OVERRIDDEN]
    assert LeaveAlone(1, world.now + 2 * HOUR) in effects
    assert Write(1, frozenset({Mode.MANUAL, Mode.PILOTED}), control=ControlState.OFF) in effects


def test_a_cut_that_a_person_undoes_is_written_as_a_supply(world):
    world.change(evolve(a_tank(), hold=Hold(1, 1, False, NOON, None, Origin.SCREEN)))
    world.tell(Said("D001", state(False)))
    effects = world.tell(Said("D001", state(True)))

    assert Write(1, frozenset({Mode.MANUAL, Mode.PILOTED}), control=ControlState.ON) in effects


def test_a_machine_that_its_person_switches_on_while_it_waits_is_theirs_and_was_not_our_order(world):
    world.change(a_pilot())
    world.tell(Said("D001", state(False)))
    effects = world.tell(Said("D001", state(True)))

    assert [(each.mode, each.control, each.command, each.ems_order) for each in effects if isinstance(each, Write)] == [
        (Mode.MANUAL, ControlState.ON, CommandState.MANUAL_ON, False)]
    assert not [each for each in effects if isinstance(each, LeaveAlone)]


def test_d3_what_was_acknowledged_in_a_time_that_is_still_to_come_was_lost_and_is_nobodys_will(world):
    world.tell(PlanRead(a_plan(m1=(1,))))
    world.now = NOON + 10 * MINUTE
    world.change(a_tank())
    world.tell(Said("D001", state(True)))
    assert saved(world.tell(Said("D001", state(False))))[0][1] is Stage.OVERRIDDEN

    again = World(Engine(connected=True), now=NOON + 10 * MINUTE)
    again.tell(PlanRead(a_plan(m1=(1,))))
    again.change(a_tank())
    again.tell(Said("D001", state(True)))
    again.now -= MINUTE
    effects = again.tell(Said("D001", state(False)))
    assert [stage for _, stage in saved(effects)] == [Stage.SENT, Stage.SENT]
    assert again.said(effects) == [("D001/set", b"on")]


@pytest.mark.parametrize(("plan", "ends"), [(0, [Stage.SENT, Stage.SENT]), (1, [Stage.OVERRIDDEN])])
def test_a_fail_safe_shorter_than_a_slot_undoes_a_cut_and_no_supply(world, plan, ends):
    """It did not hear that it was to stay off, and switched on; what gave up its supply did so by a hand."""
    tank = a_tank()
    type = evolve(tank.driven.driver.type, fail_safe=evolve(tank.driven.driver.type.fail_safe, after=5 * MINUTE))
    world.tell(Said("D001", state(False)), PlanRead(a_plan(m1=(plan,))))
    world.engine.seen_of("D001").told_off_at = NOON
    world.change(evolve(tank, driven=evolve(tank.driven, driver=evolve(tank.driven.driver, type=type))))
    world.tell(Said("D001", state(bool(plan))))
    world.now += 6 * MINUTE

    assert [stage for _, stage in saved(world.tell(Said("D001", state(not plan))))] == ends


@pytest.mark.parametrize(("was_on", "mode", "hold", "restored"), [
    (True, Mode.MANUAL, None, True), (False, Mode.MANUAL, None, False), (True, Mode.DISABLED, None, False),
    (True, Mode.MANUAL, Hold(1, 1, None, NOON, None, Origin.DEVICE), False)])
def test_g2_what_had_its_power_before_a_blip_gets_it_back_in_manual_and_free_of_holds(world, was_on, mode, hold, restored):
    world.change(evolve(a_tank(mode=mode), flexibility=None, hold=hold))
    world.tell(Said("D001", state(was_on)), Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))

    assert (made(world.tell(Said("D001", state(False)))) == [Why.RESTORE]) is restored


def test_g2_a_finger_or_what_has_its_power_is_given_none(world):
    pilot = evolve(a_wired_pilot(130, PLUG, START, mode=Mode.MANUAL), flexibility=None)
    world.change(pilot)
    world.tell(*(Said(id, each) for id in ("P1", "D1") for each in (state(True), Presence.OFFLINE, Presence.ONLINE)))

    assert made(world.tell(Said("P1", state(False)), Said("D1", state(False)))) == []
    plug = evolve(a_tank(mode=Mode.MANUAL), flexibility=None)
    world.change(plug)
    world.tell(Said("D001", state(True)), Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))
    assert made(world.tell(Said("D001", state(True)))) == []


@pytest.mark.parametrize(("appliance", "restored"), [
    ({"ems_order": True, "last_started": NOON - 5 * HOUR}, True),
    ({"ems_order": True, "last_started": NOON - 5 * HOUR - SECOND}, False),
    ({"ems_order": False, "last_started": NOON - HOUR}, False),
    ({"ems_order": True, "last_started": None}, False),
    ({"ems_order": True, "last_started": NOON - HOUR, "type": ApplianceType.HEATING}, False)])
def test_g2_a_cycle_that_we_started_not_five_hours_ago_gets_its_power_back_whatever_it_was_before(world, appliance, restored):
    pilot = a_pilot(mode=Mode.MANUAL)
    world.change(evolve(pilot, flexibility=None, appliance=evolve(pilot.appliance, **appliance)))
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))
    effects = world.tell(Said("D001", state(False)))

    assert (made(effects) == [Why.RESTORE]) is restored
    assert (world.said(effects) == [("D001/set", b"on")]) is restored


@pytest.mark.parametrize(("mode", "stands"), [(Mode.MANUAL, True), (Mode.INSTALLING, False), (Mode.PILOTED, False)])
def test_w2_power_is_given_back_as_long_as_its_appliance_is_its_persons(world, mode, stands):
    world.change(evolve(a_tank(mode=Mode.MANUAL), flexibility=None))
    world.tell(Said("D001", state(True)), Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE), Said("D001", state(False)))
    restore = world.order
    effects = world.change(evolve(a_tank(mode=mode), flexibility=None))

    assert restore.why is Why.RESTORE
    assert (saved(effects) == []) is stands


# -- what is odd ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typology", "output", "odd"), [
    (120, False, True), (120, True, False), (120, None, False), (190, True, True), (190, False, False)])
def test_g5_what_draws_while_its_relay_cuts_is_odd_as_it_is_wired(world, typology, output, odd):
    world.change(a_wired_pilot(typology, PLUG, mode=Mode.MANUAL))
    said = [Said("D1", watts(500.0)), *([] if output is None else [Said("D1", state(output))])]
    found = []
    for _ in range(12):
        found += [each for each in world.tell(*reversed(said)) if isinstance(each, LookAt)]
        world.now += MINUTE

    assert bool(found) is odd


def test_g5_what_only_measures_cuts_nothing_whatever_its_output_says(world):
    world.change(a_wired_pilot(130, PLUG, START, mode=Mode.MANUAL))
    found = []
    for _ in range(12):
        found += [each for each in world.tell(Said("D1", state(False)), Said("D1", watts(500.0))) if isinstance(each, LookAt)]
        world.now += MINUTE

    assert found == []


# -- drivers that break their contract -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", DEFECTS)
def test_a_driver_that_breaks_on_a_question_a_refresh_or_an_answer_stops_nothing(world, error):
    world.tell(PlanRead(a_plan(m1=(0,) * 4)))
    world.change(a_tank())
    broken = saying_nothing(a_tank(), error)
    world.change(broken)
    assert world.tell(Said("D001", Acknowledgement("off", ok=True))) == []
    world.tell(Said("D001", state(False)))
    assert world.after(minutes=11) == []

    world.engine.ask_again()
    other = a_tank(2, "D002")
    effects = world.tell(FleetRead({1: broken, 2: other}))
    assert asked(effects) == ["D002"]


# -- who asks ------------------------------------------------------------------------------------------------------------------


def test_nobody_is_asked_while_the_broker_is_away_or_no_device_is_known_and_then_each_once():
    world = World(Engine())
    assert asked(world.change(a_tank())) == []
    assert world.said() == []
    assert asked(world.tell(BrokerUp())) == ["D001"]
    assert asked(world.tell(FleetRead(world.rows))) == []

    unknown = World(Engine())
    assert asked(unknown.tell(BrokerUp(), FleetRead({}))) == []
    assert asked(unknown.change(a_tank())) == ["D001"]
