"""The home is well served when the plan, the broker or we are dead; and nothing happens everywhere at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from elfe.command.engine import Engine
from elfe.command.orders import Why
from elfe.command.pace import said_at
from elfe.command.rules import Rules
from elfe.command.values import BrokerUp, Effect, FleetRead, LedgerRead, PlanRead, Record, Said, Send, Tick
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import ApplianceType, ControlState, Flexibility, Mode, Usage
from elfe.devices.values import Fault, LocalControl, Measure, Presence, Quantity
from tests.command.conftest import NOON, World, a_pilot, a_plan, a_wired_pilot, state


def watts(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


def a_tank(id: int = 1, device: str = "D001", **appliance):
    pilot = a_pilot(id, device=device, type=ApplianceType.WATER_HEATER)
    return evolve(pilot, appliance=evolve(pilot.appliance, **appliance))


def promised(hours: float, lasts: float = 2) -> Flexibility:
    return Flexibility(7, 1, NOON, deadline=NOON + timedelta(hours=hours), lasts=timedelta(hours=lasts))


# -- the fail-safe of the device ------------------------------------------------------------------------------------------


def test_i5_a_long_off_is_said_again_every_third_of_the_fail_safes_time(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 20)))
    world.change(a_tank())
    world.tell(Said("D001", state(False)))
    said = []
    for minute in range(1, 31):
        for _topic, word in world.said(world.after(minutes=1)):
            said.append((minute, word))
            world.tell(Said("D001", state(False)))

    assert said == [(10, b"off"), (15, b"off"), (25, b"off"), (30, b"off")]


def test_an_off_that_is_said_again_is_not_said_to_a_device_that_is_away(world):
    world.change(a_tank())
    world.tell(PlanRead(a_plan(m1=(0,) * 4)), Said("D001", state(False)), Said("D001", Presence.ONLINE),
               Said("D001", Presence.OFFLINE))

    assert world.said(world.after(minutes=11)) == []


# -- the plan is stale, or nobody plans ------------------------------------------------------------------------------------------


def test_f7_a_fresh_plan_is_followed_though_the_latest_start_has_come(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 20 + (1,))))
    world.change(a_pilot(flexibility=promised(2)))
    world.tell(Said("D001", state(False)))

    assert ("D001/set", b"on") not in world.said(world.after(minutes=15))


def test_f7_when_the_plan_is_stale_the_engine_itself_keeps_the_deadline(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 20 + (1,))))
    world.change(a_pilot(flexibility=promised(3)))
    world.tell(Said("D001", state(False)))
    starts = [world.now for _ in range(8) if ("D001/set", b"on") in world.said(world.after(minutes=15))]

    assert starts[0] == NOON + timedelta(hours=1)


def test_f7_after_two_hours_without_a_plan_everything_gets_its_normal_service_back(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 96, m2=(0,) * 40 + (1,))))
    world.rows = {1: a_tank(1, "D001"), 2: a_pilot(2, device="D002", flexibility=evolve(promised(20), id=8, appliance_id=2))}
    world.after(minutes=1)
    world.tell(Said("D001", state(False)), Said("D002", state(False)))
    said = {}
    for _ in range(9):
        for topic, word in world.said(world.after(minutes=15)):
            said.setdefault((topic, word), world.now - NOON)

    assert said["D001/set", b"on"] == said["D002/set", b"on"] == timedelta(hours=2, minutes=1)


def test_g8_a_tank_that_was_cut_for_a_day_is_supplied_for_three_hours_whatever_is_planned(world):
    opened = Flexibility(7, 1, NOON - timedelta(days=3))
    pilot = a_tank(control=ControlState.OFF, last_started=NOON - timedelta(hours=23, minutes=55))
    world.rows = {1: evolve(pilot, flexibility=opened)}
    levels = []
    for _ in range(16):
        world.tell(PlanRead(a_plan(world.now, m1=(0,) * 4)))
        world.after(minutes=15)
        supplied = ControlState.ON if world.order.powers else ControlState.OFF
        world.rows = {1: evolve(a_tank(control=supplied, last_started=NOON), flexibility=opened)}      # as it is written
        levels.append((world.order.powers, world.order.why))

    assert levels[:12] == [(True, Why.GUARANTEE)] * 12
    assert levels[-1] == (False, Why.PLAN)


# -- cycles that run ------------------------------------------------------------------------------------------


def running(world: World) -> None:
    """A quarter of an hour of a cycle."""
    for _ in range(3):
        world.tell(Said("D001", watts(2000)))
        world.now += timedelta(minutes=6)
    world.tell(Said("D001", watts(2000)))


def test_i4_a_machine_that_runs_when_it_is_declared_is_not_cut(world):
    running(world)
    assert world.said(world.change(a_pilot())) == []

    world.tell(Said("D001", watts(2)))                       # it soaks
    for _ in range(2):
        world.after(minutes=6)
        world.tell(Said("D001", watts(2)))
    assert world.said(world.after(minutes=7)) == []
    assert world.said(world.after(minutes=2)) == [("D001/set", b"off")]


def test_a_machine_that_its_person_starts_and_declares_is_cut_and_waits(world):
    world.knows("D001")
    world.tell(Said("D001", watts(2000)))
    world.now += timedelta(minutes=5)

    assert world.said(world.change(a_pilot())) == [("D001/set", b"off")]


def test_i4_a_machine_that_could_not_be_cut_in_time_is_not_cut_any_more(world):
    world.tell(Said("D001", watts(2000)), Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    world.change(a_pilot())
    for _ in range(11):
        world.after(minutes=1)
        world.tell(Said("D001", watts(2000)))

    assert world.said(world.tell(Said("D001", Presence.ONLINE))) == []


def away(world, minutes: float) -> list[Effect]:
    """Its plug was there, and then not; the machine is declared meanwhile. What is done when it is back."""
    world.tell(Said("D001", watts(2)), Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    world.change(a_pilot())
    for _ in range(round(minutes)):
        world.after(minutes=1)
    return world.tell(Said("D001", Presence.ONLINE))


def test_i4_what_may_have_begun_while_its_plug_was_away_is_not_cut_before_its_power_is_heard(world):
    assert world.said(away(world, minutes=40)) == []
    world.tell(Said("D001", state(True)), Said("D001", watts(2000)))

    assert [world.said(world.after(minutes=1)) for _ in range(12)] == [[]] * 12


def test_what_its_plug_says_is_still_cut_after_it_was_away_is_told_so_at_once(world):
    away(world, minutes=40)

    assert world.said(world.tell(Said("D001", state(False)))) == [("D001/set", b"off")]


def test_i4_a_plug_that_an_engine_has_never_heard_is_told_to_cut_only_until_its_machine_may_have_begun(world):
    """It comes back within the minute in which its broker keeps what it was told."""
    world.change(a_pilot())
    told = [len(world.said(world.after(minutes=1))) for _ in range(40)]

    assert set(told[:10]) == {1}
    assert set(told[11:]) == {0}


def test_what_was_away_for_a_moment_is_told_at_once(world):
    assert world.said(away(world, minutes=2)) == [("D001/set", b"off")]


def test_i4_what_an_engine_that_has_just_begun_finds_running_is_not_cut(world):
    reborn = World(type(world.engine)(), now=NOON)
    reborn.tell(LedgerRead(()), BrokerUp(), Said("D001", watts(2000)))

    assert reborn.said(reborn.change(a_pilot())) == []


def test_i4_a_plug_that_was_away_when_the_engine_began_and_comes_back_later_is_listened_to_first(world):
    reborn = World(type(world.engine)(), now=NOON)
    reborn.tell(LedgerRead(()), BrokerUp())
    reborn.now += timedelta(minutes=54)
    reborn.change(a_pilot())

    said = reborn.tell(Said("D001", Presence.ONLINE), Said("D001", state(True)), Said("D001", watts(60)))
    assert reborn.said(said) == []


def test_i4_an_engine_that_has_just_begun_listens_before_it_cuts(world):
    reborn = World(type(world.engine)(), now=NOON)
    reborn.tell(LedgerRead(()), BrokerUp())
    assert reborn.said(reborn.change(a_pilot())) == []

    assert reborn.said(reborn.tell(Said("D001", watts(2)))) == [("D001/set", b"off")]


@pytest.mark.parametrize("draws_at", [8, 11, 19])
def test_i4_what_begins_to_run_while_nobody_can_tell_is_not_cut_when_that_is_over(world, draws_at):
    """It may have begun in the silence, and soaked since: what it draws then is no new beginning."""
    reborn = World(type(world.engine)(), now=NOON + timedelta(minutes=31))
    reborn.tell(LedgerRead(()), BrokerUp())
    reborn.change(a_pilot())                                 # declared half an hour ago: it may soak
    said = reborn.tell(Said("D001", watts(2)))
    for minute in range(1, 25):
        reborn.now += timedelta(minutes=1)
        said += reborn.tell(Said("D001", watts(2000 if minute >= draws_at else 2)), Tick())

    assert reborn.said(said) == []


def test_what_was_heard_to_be_cut_after_a_silence_is_cut_again_at_once_when_it_restarts(world):
    reborn = World(type(world.engine)(), now=NOON + timedelta(minutes=31))
    reborn.tell(LedgerRead(()), BrokerUp())
    reborn.change(a_pilot())
    reborn.tell(Said("D001", state(False)), Said("D001", state(False)))
    reborn.now += timedelta(minutes=8)

    assert reborn.said(reborn.tell(Said("D001", Presence.ONLINE), Said("D001", state(True)))) == [("D001/set", b"off")]


def test_a_meter_that_says_nothing_is_not_waited_for_for_ever(world):
    reborn = World(type(world.engine)(), now=NOON)
    reborn.tell(LedgerRead(()), BrokerUp())
    reborn.change(a_pilot())
    said = [reborn.said(reborn.after(minutes=1)) for _ in range(7)]

    assert said[:6] == [[]] * 5 + [[("D001/set", b"off")]]


def test_what_says_that_it_is_still_cut_is_told_so_at_once(world):
    reborn = World(type(world.engine)(), now=NOON)
    reborn.tell(LedgerRead(()), BrokerUp())
    reborn.change(a_pilot())

    assert reborn.said(reborn.tell(Said("D001", state(False)))) == [("D001/set", b"off")]


def test_i4_what_was_cut_released_and_runs_is_not_cut_when_the_release_ends(world):
    world.knows("D001")
    world.tell(Said("D001", watts(2000)))                    # its person has started it, declares it, and it waits
    world.change(a_pilot())
    world.tell(Said("D001", state(False)), Said("D001", watts(0)))
    world.now += timedelta(minutes=5)
    everything = Hold(1, None, True, world.now, None, Origin.CENTRE)
    world.change(evolve(a_pilot(), hold=everything))
    world.tell(Said("D001", state(True)))
    running(world)

    assert world.said(world.change(a_pilot())) == []


@pytest.mark.parametrize(("away_for", "said"), [(20, [("D2/set", b"off")]), (40, [])])
def test_i4_of_two_relays_one_that_is_away_is_known_to_cut_until_its_fail_safe_may_have_fired(world, away_for, said):
    pilot = a_wired_pilot(110, Usage.SWITCH, Usage.SWITCH)
    world.change(pilot)
    world.tell(Said("D1", state(False)), Said("D2", state(False)), Said("D1", Presence.OFFLINE))
    world.change(evolve(pilot, hold=Hold(1, None, True, world.now, None, Origin.CENTRE)))
    for minutes in (0, away_for - 5, 5):
        world.now += timedelta(minutes=minutes)
        world.tell(Said("D2", state(True)))

    assert world.said(world.change(pilot)) == said


def test_i4_a_cycle_whose_meter_is_away_is_judged_as_one_that_nothing_measures(world):
    world.tell(Said("D1", state(True)), Said("D2", watts(2)), Said("D2", Presence.OFFLINE))
    world.now += timedelta(minutes=20)

    assert world.said(world.change(a_wired_pilot(180, Usage.SWITCH, Usage.METER))) == []


def test_i4_the_time_in_which_a_machine_had_no_supply_is_no_pause_of_its_cycle(world):
    world.change(evolve(a_pilot(mode=Mode.MANUAL), flexibility=None))
    world.tell(Said("D001", Presence.ONLINE), Said("D001", watts(2000)))
    world.now += timedelta(minutes=15)
    world.tell(Said("D001", watts(2000)))
    for minutes, word in ((9, Presence.OFFLINE), (9, Presence.ONLINE), (0, watts(2)), (5, watts(2))):
        world.now += timedelta(minutes=minutes)
        world.tell(Said("D001", word))

    assert world.said(world.change(a_pilot())) == []


def test_i4_what_runs_at_the_first_word_that_an_engine_hears_may_have_run_for_long(world):
    """It could not read its ledger yet; its clock had jumped."""
    reborn = World(type(world.engine)(connected=True), now=NOON)
    reborn.tell(Said("D001", watts(2000)))
    reborn.now += timedelta(minutes=8)
    reborn.tell(LedgerRead(()))
    reborn.change(a_pilot())

    assert reborn.said(reborn.tell(Said("D001", state(True)), Said("D001", watts(2000)))) == []


def test_a_contact_that_is_welded_is_still_asked_to_open(world):
    world.change(a_pilot())
    world.tell(Said("D001", state(False)), Said("D001", watts(2000)))
    asked = []
    for _ in range(3):
        asked += world.said(world.after(minutes=15))
        world.tell(Said("D001", state(False)), Said("D001", watts(2000)))

    assert asked == [("D001/set", b"off")] * 3


def test_i4_what_nothing_measures_and_has_had_its_supply_for_long_is_not_cut(world):
    world.change(a_pilot(meter=""))
    world.tell(Said("D001", state(False)))
    world.now += timedelta(minutes=5)
    world.change(evolve(a_pilot(meter=""), hold=Hold(1, None, True, world.now, None, Origin.CENTRE)))
    world.tell(Said("D001", state(True)))
    world.now += timedelta(minutes=12)

    assert world.said(world.change(a_pilot(meter=""))) == []


@pytest.mark.parametrize(("minutes", "said"), [(0, []), (30, [("D001/set", b"off")])], ids=["in mode 30 again", "declared later"])
def test_i4_what_was_declared_before_its_unit_was_taken_over_may_run_when_it_is_given_back(world, minutes, said):
    world.change(evolve(a_pilot(mode=Mode.MANUAL, meter=""), flexibility=None))
    world.tell(Said("D001", state(True)), Said("D001", LocalControl(True)))
    world.now += timedelta(minutes=40)
    world.tell(Said("D001", LocalControl(False)))
    world.now += timedelta(minutes=minutes)

    assert world.said(world.change(a_pilot(meter="", flexibility=Flexibility(8, 1, world.now)))) == said


def test_i4_an_engine_that_has_just_begun_does_not_cut_what_nothing_measures(world):
    reborn = World(type(world.engine)(), now=NOON + timedelta(minutes=30))
    reborn.tell(LedgerRead(()), BrokerUp(), Said("D001", state(True)))
    assert reborn.said(reborn.change(a_pilot(meter=""))) == []

    reborn.tell(Said("D001", state(False)))
    assert reborn.said(reborn.after(seconds=5)) == [("D001/set", b"off")]


def started(world: World):
    """A machine that we have started an hour ago."""
    pilot = a_pilot(mode=Mode.MANUAL)
    world.change(evolve(pilot, flexibility=None, appliance=evolve(pilot.appliance, ems_order=True,
                                                                 last_started=NOON - timedelta(hours=1))))
    world.tell(Said("D001", Presence.ONLINE))
    return world


def test_g2_a_cycle_that_we_started_gets_its_power_back_after_a_blip(world):
    started(world)
    world.now += timedelta(minutes=5)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))
    effects = world.tell(Said("D001", state(False)))

    assert world.said(effects) == [("D001/set", b"on")]
    assert world.order.why is Why.RESTORE
    world.after(seconds=5)
    world.tell(Said("D001", state(True)))
    assert world.order.heard


def test_a_plug_that_comes_back_and_cuts_itself_gives_no_power_back(world):
    started(world)
    world.now += timedelta(minutes=5)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))
    effects = world.tell(Said("D001", Fault("overpower")), Said("D001", state(False)))

    assert world.said(effects) == []


@pytest.mark.parametrize("change", [
    lambda pilot: evolve(pilot, appliance=evolve(pilot.appliance, ems_order=False)),
    lambda pilot: evolve(pilot, appliance=evolve(pilot.appliance, last_started=NOON - timedelta(hours=6))),
    lambda pilot: evolve(pilot, appliance=evolve(pilot.appliance, mode=Mode.DISABLED)),
], ids=["their own cycle", "over for long", "disabled"])
def test_what_we_did_not_start_is_not_given_power_after_a_blip(world, change):
    started(world)
    world.change(change(world.rows[1]))
    world.now += timedelta(minutes=5)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))

    assert world.said(world.tell(Said("D001", state(False)))) == []


def test_g2_a_plug_that_was_on_and_comes_back_off_is_switched_on_again_whoever_uses_it(world):
    started(world)
    world.change(evolve(world.rows[1], appliance=evolve(world.rows[1].appliance, ems_order=False)))
    world.tell(Said("D001", state(True)))
    world.now += timedelta(minutes=5)
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))

    assert world.said(world.tell(Said("D001", state(False)))) == [("D001/set", b"on")]


def test_g4_a_machine_that_its_person_switches_off_is_not_switched_on_again(world):
    started(world)
    world.now += timedelta(minutes=5)

    assert world.said(world.tell(Said("D001", state(False)))) == []


# -- not everywhere at once ------------------------------------------------------------------------------------------


def fifty(world: World, rules: Rules) -> World:
    world.engine.rules = rules
    world.tell(PlanRead(a_plan(**{f"m{n}": (1, 0, 1) for n in range(1, 51)})))
    world.rows = {n: evolve(a_tank(n, f"D{n:03}"), flexibility=Flexibility(n, n, NOON)) for n in range(1, 51)}
    return world


def obeyed(world: World, effects: list[Effect]) -> int:
    """How many were switched on, now that each has said so."""
    told = [topic.removesuffix("/set") for topic, word in world.said(effects) if word == b"on"]
    world.tell(*(Said(device_id, state(True)) for device_id in told))
    return len(told)


def minute_by_minute(world: World, minutes: int) -> list[int]:
    return [obeyed(world, world.after(minutes=1)) for _ in range(minutes)]


def test_the_loads_of_a_slot_are_switched_over_ten_minutes_and_each_has_its_own_delay(world):
    fifty(world, Rules(spread=timedelta(minutes=10)))
    counts = [obeyed(world, world.tell(FleetRead(world.rows), Tick())), *minute_by_minute(world, 11)]

    assert sum(counts) == 50
    assert max(counts) <= 15
    assert sum(count > 0 for count in counts) >= 8


def test_a_delay_never_costs_a_machine_its_deadline(world):
    world.engine.rules = Rules(spread=timedelta(minutes=10))
    world.tell(PlanRead(a_plan(m1=(1,))))
    world.change(a_pilot(flexibility=promised(2, lasts=2)))
    (order,) = [each.order for each in world.effects if isinstance(each, Record)]

    assert said_at(order, timedelta(minutes=10), timedelta()) is None
    assert world.said() == [("D001/set", b"on")]


def test_i12_at_most_so_many_kilowatts_are_switched_on_a_minute_and_nothing_is_forgotten(world):
    fifty(world, Rules(most_kw_a_minute=22.0))
    counts = [obeyed(world, world.tell(FleetRead(world.rows), Tick())), *minute_by_minute(world, 6)]

    assert counts[0] == 10
    assert max(counts) <= 10
    assert sum(counts) == 50


def test_g3_after_an_outage_the_loads_come_back_by_and_by(world):
    fifty(world, Rules(most_kw_a_minute=22.0))
    world.engine.connected = False
    world.after(minutes=1)
    back = [obeyed(world, world.tell(BrokerUp())), *minute_by_minute(world, 6)]

    assert max(back) <= 10
    assert sum(back) == 50


def test_i12_who_was_silent_and_is_asked_again_counts_each_time_and_comes_after_who_was_not_asked_yet(world):
    fifty(world, Rules(most_kw_a_minute=22.0))
    world.tell(FleetRead(world.rows), Tick())      # ten, and none of them answers
    later = [{topic for topic, _ in world.said(world.after(minutes=1))} for _ in range(6)]

    assert [len(each) for each in later] == [10] * 6
    assert len(set().union(*later[:4])) == 40


def test_i12_an_engine_that_takes_over_counts_what_the_one_before_has_just_switched_on(world):
    fifty(world, Rules(most_kw_a_minute=22.0))
    world.tell(FleetRead(world.rows), Tick())
    world.now += timedelta(seconds=20)
    told = {topic.removesuffix("/set") for topic, _ in world.said()}
    world.tell(*(Said(device_id, state(True)) for device_id in told))
    heard = tuple(each for each in world.engine.live.values() if each.heard)
    plan, world.engine = world.engine.plan, Engine(rules=world.engine.rules, new_id=world.engine.new_id, connected=True)
    world.now += timedelta(seconds=10)

    assert world.said(world.tell(LedgerRead(heard), PlanRead(plan), FleetRead(world.rows))) == []
    assert len(world.said(world.after(seconds=50))) == 10


def test_f10_a_plan_that_changes_its_mind_within_a_slot_makes_nothing_flutter(world):
    world.tell(PlanRead(a_plan(m1=(1, 0))))
    world.change(a_tank())
    world.tell(Said("D001", state(True)))
    said = []
    for minute in range(1, 10):
        world.tell(PlanRead(a_plan(m1=(minute % 2, 0))))
        said += world.said(world.after(minutes=1))
    assert said == []

    world.tell(PlanRead(a_plan(m1=(0, 0))))
    assert world.said(world.after(minutes=2)) == [("D001/set", b"off")]


def test_a_level_that_is_said_again_is_no_new_order(world):
    world.change(a_tank())
    world.tell(PlanRead(a_plan(m1=(0,) * 4)), Said("D001", state(False)))
    effects = world.after(minutes=11)

    assert [type(each) for each in effects] == [Send]
