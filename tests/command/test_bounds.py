"""Where each rule begins and ends: on its bound, and a moment beside it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from attrs import evolve

from elfe.command.engine import Engine
from elfe.command.fleet import Share
from elfe.command.memory import Memory
from elfe.command.orders import LONGEST_PATIENCE, Cause, On, Order, Stage, Why, is_over
from elfe.command.pace import Pace, said_at
from elfe.command.pressing import supplied
from elfe.command.rules import Rules
from elfe.command.running import LISTENS, may_have_fired, may_run_until, runs, speaks_first
from elfe.command.seen import Seen
from elfe.command.signature import KINDS, oddity
from elfe.command.timekeeping import Timekeeper
from elfe.command.typologies import TYPOLOGIES, NextPress, Situation, Wish, latest_start, next_press, usual_w, wish
from elfe.command.upkeep import Upkeep, Upkept, upkept
from elfe.command.values import Ask, FleetRead, LedgerRead, Pilot, PlanRead, Record, Said, Save, Tick
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import ApplianceType, ControlState, Flexibility, Mode, Usage
from elfe.devices.values import Acknowledgement, ConfigPush, Measure, Presence, Publish, Quantity, Setting
from elfe.slots import EPOCH, SLOT, slot_of
from tests.command.conftest import NOON, PLUG, TOY, World, a_device, a_pilot, a_plan, a_wired_pilot, state

MOMENT = timedelta(microseconds=1)
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WITHIN = timedelta(seconds=5)
ORDER = Order(id="o1", device_id="D001", appliance_id=1, why=Why.WAIT, on=False, powers=False, slot=slot_of(NOON), flexibility_id=7,
              wanted_at=NOON)
SENT = ORDER.happens(On.RECORDS, NOON).said(NOON, WITHIN)
HEARD = SENT.happens(On.ECHOES, NOON)


def watts(w: float) -> Measure:
    return Measure(Quantity.POWER, w)


def around(at: datetime) -> list[datetime]:
    """A moment before, then, and a moment after."""
    return [at - MOMENT, at, at + MOMENT]


# -- the rules as they are without settings ------------------------------------------------------------------------------------


def test_without_settings_the_engine_goes_by_what_its_pages_say():
    assert Rules() == Rules(
        proof_w=10, hold_for=2 * HOUR, stale_after=30 * MINUTE, dead_after=2 * HOUR, pauses_within=20 * MINUTE,
        arms_within=10 * MINUTE, proves_within=5 * MINUTE, least_level=10 * MINUTE, longest_run=5 * HOUR, too_late=2 * HOUR,
        longest_without=24 * HOUR, then_for=3 * HOUR, spread=timedelta(), most_kw_a_minute=0, flat_pct=10)


@pytest.mark.parametrize(("kind", "kw"), [
    (ApplianceType.WATER_HEATER, 2.2), (ApplianceType.HEATING, 1.5), (ApplianceType.CONTROLLED_HEATING, 1.5),
    (ApplianceType.CAR, 7.0), (ApplianceType.E_BIKE, 0.2), (ApplianceType.FORKLIFT, 5.0), (ApplianceType.DISHWASHER, 2.0)])
def test_each_kind_counts_for_what_it_usually_draws(kind, kw):
    assert usual_w(a_pilot(type=kind).appliance) == kw * 1000


def test_an_engine_alone_has_every_home_and_of_two_each_has_the_other_half():
    assert Share() == Share(1, 1)
    assert Share().has("R004")
    assert [Share(worker, 2).has("R004") for worker in (1, 2)].count(True) == 1


# -- orders --------------------------------------------------------------------------------------------------------------------


def test_an_order_is_of_its_slot_from_its_first_moment_to_its_last():
    assert [ORDER.valid_at(at) for at in around(NOON)] == [False, True, True]
    assert [ORDER.valid_at(at) for at in around(NOON + SLOT)] == [True, False, False]
    assert [is_over(SENT, at, 5 * MINUTE) for at in around(NOON + SLOT)] == [False, True, True]


def test_what_nobody_answered_is_due_when_its_patience_ends():
    assert [SENT.due(at) for at in around(NOON + WITHIN)] == [False, True, True]


@pytest.mark.parametrize(("attempts", "patience_s"), [(0, 5), (1, 10), (2, 20), (3, 40), (4, 60), (40, 60)])
def test_who_is_silent_is_waited_for_twice_as_long_each_time_up_to_a_minute(attempts, patience_s):
    assert evolve(SENT, attempts=attempts).said(NOON, WITHIN).say_again_at == NOON + timedelta(seconds=patience_s)


def test_who_answers_slowly_is_given_its_own_time_though_it_is_more_than_a_minute():
    assert SENT.said(NOON, 2 * MINUTE).say_again_at == NOON + 2 * MINUTE


def test_who_is_quick_is_asked_again_with_patience_however_often_it_was_asked():
    quick = timedelta(milliseconds=100)

    assert evolve(SENT, attempts=8).said(NOON, quick).say_again_at == NOON + 256 * quick
    assert evolve(SENT, attempts=9).said(NOON, quick).say_again_at == NOON + 256 * quick


def test_what_is_said_counts_as_one_attempt_and_keeps_when_it_was_said_first():
    again = SENT.said(NOON + MINUTE, WITHIN)

    assert (SENT.attempts, again.attempts) == (1, 2)
    assert again.sent_at == NOON


def test_what_a_device_has_done_is_said_again_when_it_is_time_and_never_outside_its_slot():
    fading = evolve(HEARD, say_again_at=NOON + 10 * MINUTE)

    assert [fading.fades(at) for at in around(NOON + 10 * MINUTE)] == [False, True, True]
    assert not fading.fades(NOON + SLOT)
    assert not HEARD.fades(NOON + 10 * MINUTE)
    assert not evolve(fading, press=True).fades(NOON + 10 * MINUTE)
    assert not evolve(SENT, say_again_at=NOON).fades(NOON + 10 * MINUTE)


@pytest.mark.parametrize(("powers", "proved"), [(True, [False, True]), (False, [True, False])])
def test_ten_watts_are_drawing_and_less_is_standby(powers, proved):
    order = evolve(HEARD, powers=powers)

    assert [order.weighs(w, 10.0, NOON).proved_at is not None for w in (9.99, 10.0)] == proved


# -- what is wanted ------------------------------------------------------------------------------------------------------------


def tank(now: datetime, plan=None) -> Wish | None:
    return wish(a_pilot(type=ApplianceType.WATER_HEATER).appliance, Situation(now, Rules(), plan, Flexibility(7, 1, NOON)))


def machine(now: datetime, plan=None, deadline: datetime | None = None, lasts: timedelta | None = None, **at) -> Wish | None:
    return wish(a_pilot().appliance, Situation(now, Rules(), plan, Flexibility(7, 1, NOON, deadline=deadline, lasts=lasts), **at))


def whys(wishes) -> list[Why | None]:
    return [each and each.why for each in wishes]


def test_a_plan_of_two_hours_ago_lives_and_is_dead_a_moment_later():
    cut = a_plan(m1=(0,) * 12)

    assert [tank(at, cut).powers for at in around(NOON + 2 * HOUR)] == [False, False, True]


def test_a_plan_of_half_an_hour_ago_keeps_the_deadline_and_the_engine_does_from_then_on():
    at, later = NOON + 30 * MINUTE, a_plan(m1=(0,) * 6 + (1,))
    wishes = [machine(now, later, deadline=NOON + HOUR, lasts=HOUR) for now in around(at)]

    assert whys(wishes) == [Why.WAIT, Why.WAIT, Why.START]


def test_a_machine_that_nobody_plans_starts_in_the_slot_of_its_latest_start():
    """It is looked at once a quarter: the slot before its latest start is the last one in which it can still be in time."""
    latest = NOON + 2 * HOUR
    wishes = [machine(now, deadline=NOON + 4 * HOUR, lasts=2 * HOUR) for now in around(latest - SLOT)]

    assert whys(wishes) == [Why.WAIT, Why.WAIT, Why.START]


def test_a_plan_that_begins_later_starts_nothing_yet():
    soon = a_plan(NOON + HOUR, m1=(1,))

    assert whys(machine(NOON + n * SLOT, soon) for n in range(5)) == [Why.WAIT] * 4 + [Why.START]
    assert whys([machine(NOON, a_plan(NOON + 2 * HOUR, m1=(0,) * 94 + (1,)))]) == [Why.WAIT]


def test_what_the_plan_does_not_cover_any_more_has_its_supply():
    assert tank(NOON + SLOT, a_plan(NOON - 95 * SLOT, m1=(0,))).powers
    assert tank(NOON, a_plan(m2=(0,))).powers


@pytest.mark.parametrize(("deadline", "lasts", "latest"), [
    (NOON + 3 * HOUR, HOUR, NOON + 2 * HOUR), (NOON, None, None), (None, HOUR, None), (None, None, None)])
def test_a_latest_start_is_known_where_both_the_end_and_the_length_are(deadline, lasts, latest):
    assert latest_start(Flexibility(7, 1, NOON, deadline=deadline, lasts=lasts)) == latest


def test_of_a_machine_whose_length_nobody_knows_the_plan_alone_says_when():
    assert whys(machine(NOON + n * HOUR, a_plan(m1=(0,) * 4 + (1,)), deadline=NOON + HOUR) for n in (0, 1)) == [
        Why.WAIT, Why.START]
    assert whys([machine(NOON + 2 * HOUR, deadline=NOON + HOUR)]) == [Why.WAIT]


@pytest.mark.parametrize("change", [{"control": ControlState.UNREACHABLE}, {"mode": Mode.INSTALLING}, {"mode": Mode.DISABLED}])
def test_what_is_not_ours_or_out_of_reach_is_wanted_nothing_of(change):
    appliance = evolve(a_pilot().appliance, **change)

    assert wish(appliance, Situation(NOON, Rules(), None, Flexibility(7, 1, NOON))) is None


# -- presses -------------------------------------------------------------------------------------------------------------------


def test_what_was_asked_for_and_never_left_is_asked_for_again_under_another_number():
    unsaid = Order("o1", "P1", 1, Why.START, True, True, slot_of(NOON), 7, NOON, press=True)
    first = evolve(unsaid, attempts=1, acknowledged_at=NOON)

    assert next_press(TYPOLOGIES[130], [unsaid, unsaid]) == NextPress(0, 2)
    assert next_press(TYPOLOGIES[150], [unsaid, first, evolve(unsaid, step=1)]) == NextPress(1, 1)


def test_a_machine_is_pressed_up_to_two_hours_behind_its_end_and_not_later():
    def comes_of(end: timedelta) -> list[str]:
        fresh = World(Engine(connected=True))
        fresh.tell(Said("D1", watts(3)), PlanRead(a_plan(m1=(1,))))
        pilot = a_wired_pilot(130, Usage.SWITCH_AND_METER, Usage.PRESS_START)
        fresh.change(evolve(pilot, flexibility=evolve(pilot.flexibility, deadline=NOON - end)))
        return [topic for topic, _ in fresh.said()]

    assert comes_of(2 * HOUR) == ["P1/set"]
    assert comes_of(2 * HOUR + MOMENT) == []


def test_the_press_after_another_comes_when_its_gap_is_over(world):
    world.tell(Said("D1", watts(3)), PlanRead(a_plan(m1=(1,))))
    world.change(a_wired_pilot(160, Usage.SWITCH_AND_METER, Usage.PRESS_START))
    world.tell(Said("P1", Acknowledgement("press", ok=True)), FleetRead(world.rows))
    world.now += WITHIN - MOMENT
    assert world.said(world.tell(Tick())) == []

    assert world.engine.next_at(world.now) == NOON + WITHIN
    world.now += MOMENT
    assert world.said(world.tell(Tick())) == [("P1/set", b"press")]


def test_a_plug_that_is_lit_again_is_pressed_ten_seconds_later():
    pilot = a_wired_pilot(170, Usage.SWITCH_AND_METER, Usage.PRESS_START)
    memory = Memory(live={"D1": evolve(HEARD, device_id="D1", powers=True)})

    assert [supplied(memory, pilot, at) for at in around(NOON + 10 * SECOND)] == [False, True, True]


@pytest.mark.parametrize(("pct", "said"), [(10.0, []), (10.01, [("P1/set", b"press")])])
def test_a_finger_with_a_tenth_of_its_battery_is_flat(world, pct, said):
    world.tell(Said("P1", Measure(Quantity.BATTERY, pct)), Said("D1", watts(3)), PlanRead(a_plan(m1=(1,))))

    assert world.said(world.change(a_wired_pilot(130, Usage.SWITCH_AND_METER, Usage.PRESS_START))) == said


@pytest.mark.parametrize(("drawn_w", "goes_on"), [(9.99, False), (10.0, True)])
def test_i2_what_draws_ten_watts_as_soon_as_it_is_lit_again_goes_on_by_itself(world, drawn_w, goes_on):
    world.change(a_wired_pilot(170, Usage.SWITCH_AND_METER, Usage.PRESS_START))
    world.tell(Said("D1", state(False)), Said("D1", watts(0)))
    world.after(hours=2)
    world.tell(Said("D1", state(True)), Said("D1", watts(drawn_w)))
    world.after(seconds=11)

    assert (("P1/set", b"press") not in world.said()) is goes_on


# -- not everywhere at once ----------------------------------------------------------------------------------------------------


def test_what_begins_with_its_slot_is_spread_and_what_is_wanted_a_minute_later_is_not():
    def delayed(after: timedelta, **change) -> bool:
        order = evolve(ORDER, why=Why.PLAN, wanted_at=NOON + after, **change)
        return said_at(order, 10 * MINUTE, 10 * MINUTE) is not None

    assert [delayed(each) for each in (timedelta(), MINUTE, MINUTE + MOMENT)] == [True, True, False]
    assert said_at(evolve(ORDER, why=Why.PLAN), timedelta(), HOUR) is None
    assert said_at(ORDER, 10 * MINUTE, 10 * MINUTE) is None                # a person has just declared it


def test_a_delay_is_within_the_spread_and_the_slack_and_always_the_same():
    orders = [evolve(ORDER, why=Why.PLAN, device_id=f"D{n:03}") for n in range(200)]
    delays = [said_at(each, 10 * MINUTE, 4 * MINUTE) - NOON for each in orders]

    assert delays == [said_at(each, 10 * MINUTE, 4 * MINUTE) - NOON for each in orders]
    assert timedelta() <= min(delays) < MINUTE
    assert 3 * MINUTE < max(delays) <= 4 * MINUTE


def test_what_was_switched_on_counts_for_a_minute_and_is_forgotten_with_it():
    pace, two = Pace(), lambda _: 2.0
    pace.spend("D001", NOON)

    assert [pace.room_at("D002", two, 3.0, at) for at in around(NOON + MINUTE)][:1] == [NOON + MINUTE]
    assert pace.room_at("D002", two, 3.0, NOON + MINUTE) == NOON + MINUTE
    assert pace.room_at("D002", two, 3.0, NOON + 2 * MINUTE) == NOON + 2 * MINUTE
    pace.spend("D002", NOON + MINUTE)
    assert pace == Pace({"D002": NOON + MINUTE})


def test_there_is_room_for_what_fits_exactly_now_or_when_others_are_over():
    pace, kw = Pace(), {"D001": 2.0, "D002": 3.0, "D003": 4.0, "D004": 1.0}
    pace.spend("D001", NOON)
    pace.spend("D002", NOON + 20 * SECOND)
    now = NOON + 30 * SECOND

    assert pace.room_at("D004", kw.__getitem__, 6.0, now) == now
    assert pace.room_at("D003", kw.__getitem__, 7.0, now) == NOON + MINUTE
    assert pace.room_at("D003", kw.__getitem__, 6.0, now) == NOON + MINUTE + 20 * SECOND


def test_i12_what_must_start_soonest_is_said_first(world):
    world.engine.rules = Rules(most_kw_a_minute=2.0)
    world.tell(PlanRead(a_plan(m1=(0, 1), m2=(0, 1))))
    late, soon = (Flexibility(id, id, NOON, deadline=NOON + hours * HOUR, lasts=HOUR) for id, hours in ((1, 9), (2, 5)))
    world.rows = {1: a_pilot(1, flexibility=late), 2: a_pilot(2, device="D002", flexibility=soon)}
    world.tell(FleetRead(world.rows), *(Said(id, state(False)) for id in ("D001", "D002")))
    world.now += SLOT

    assert world.said(world.tell(Tick())) == [("D002/set", b"on")]
    assert world.said(world.after(minutes=1)) == [("D001/set", b"on")]


# -- what devices are known by -------------------------------------------------------------------------------------------------


def test_for_half_a_minute_behind_its_return_a_state_is_that_of_power_up():
    known = Seen(back_at=NOON)

    assert [known.just_back(at) for at in around(NOON + 30 * SECOND)] == [True, True, False]
    assert not Seen().just_back(NOON)


def test_what_was_known_is_old_after_a_longer_silence_than_that():
    for spoke_at, old in zip(around(NOON - 10 * MINUTE), (True, False, False), strict=True):
        known = Seen(spoke_at=spoke_at, watts=2.0, output=True)
        known.speaks(10 * MINUTE, NOON, NOON - HOUR)
        assert (known.unheard_until, known.watts, known.output) == ((NOON, None, None) if old else (None, 2.0, True))
        assert known.spoke_at == NOON


def test_whose_first_word_comes_half_a_minute_after_we_listen_was_silent_before_nobody_knows_how_long():
    for listens_since, late in zip(around(NOON - 30 * SECOND), (True, False, False), strict=True):
        known = Seen()
        known.speaks(10 * MINUTE, NOON, listens_since)
        assert known.unheard_until == (NOON if late else None)


def test_a_cycle_goes_on_through_its_pauses_and_another_begins_behind_a_longer_one():
    known = Seen()
    known.measures(9.99, 10.0, 20 * MINUTE, NOON, found=True)
    assert (known.watts, known.drew_at, known.draws_since) == (9.99, None, None)
    known.measures(10.0, 10.0, 20 * MINUTE, NOON, found=True)
    assert (known.draws_since, known.found_running) == (NOON, True)

    known.measures(2000.0, 10.0, 20 * MINUTE, NOON + 20 * MINUTE, found=False)
    assert (known.drew_at, known.draws_since, known.found_running) == (NOON + 20 * MINUTE, NOON, True)
    later = NOON + 40 * MINUTE + MOMENT
    known.measures(2000.0, 10.0, 20 * MINUTE, later, found=False)
    assert (known.drew_at, known.draws_since, known.found_running) == (later, later, False)
    assert [known.drew_within(HOUR, at) for at in around(later + HOUR)] == [True, True, False]
    assert not Seen().drew_within(HOUR, NOON)


@pytest.mark.parametrize(("silent_from", "drew"), [
    (timedelta(), timedelta()), (MOMENT, HOUR - MOMENT), (20 * MINUTE, 40 * MINUTE), (20 * MINUTE + MOMENT, timedelta())])
def test_a_time_without_supply_is_no_pause_of_a_cycle_that_went_on_until_then(silent_from, drew):
    known = Seen(drew_at=NOON)
    known.pauses(NOON + silent_from, 20 * MINUTE, NOON + HOUR)

    assert known.drew_at == NOON + drew


def test_what_never_drew_pauses_nothing():
    known = Seen()
    known.pauses(NOON, 20 * MINUTE, NOON + HOUR)

    assert known == Seen()


def test_when_a_device_said_that_it_cuts_and_when_it_last_switched():
    known = Seen()
    assert not known.told_off_since(NOON)
    known.acknowledges(False, NOON)
    known.acknowledges(False, NOON + MINUTE)

    assert (known.switched_at, known.told_off_at, known.powers) == (NOON, NOON + MINUTE, False)
    assert [known.told_off_since(at) for at in around(NOON + MINUTE)] == [True, True, False]
    known.acknowledges(True, NOON + HOUR)
    assert (known.switched_at, known.told_off_at, known.powers) == (NOON + HOUR, NOON + MINUTE, True)


# -- what it draws -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "least", "most"), [
    (ApplianceType.MACHINE, 10, 4_500), (ApplianceType.WASHING_MACHINE, 10, 3_500), (ApplianceType.DISHWASHER, 10, 3_500),
    (ApplianceType.TUMBLE_DRYER, 10, 4_000), (ApplianceType.WATER_HEATER, 40, 7_000), (ApplianceType.E_BIKE, 10, 1_000)])
@pytest.mark.parametrize("supplied", [True, None])
def test_what_each_kind_draws_is_like_it_between_its_least_and_its_most(kind, least, most, supplied):
    assert [oddity(kind, w, supplied, 10.0) for w in (least, most)] == ["", ""]
    assert "appareil inattendu" in oddity(kind, most + 0.5, supplied, 10.0)
    assert ("appareil inattendu" in oddity(kind, least - 0.5, supplied, 10.0)) is (least > 10)


def test_standby_is_like_every_kind_from_where_it_is_none():
    assert oddity(ApplianceType.WATER_HEATER, 9.99, True, 10.0) == ""
    assert oddity(ApplianceType.WATER_HEATER, 10.0, True, 10.0) == "appareil inattendu : consomme 10 W"
    assert oddity(ApplianceType.CAR, 22_000, True, 10.0) == ""


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {ApplianceType.WATER_HEATER}))
def test_where_a_territory_calls_half_a_watt_drawing_a_machine_may_draw_that(kind):
    assert oddity(kind, 0.5, True, 0.5) == ""


def test_a_lamp_may_burn_behind_a_relay_that_cuts_and_a_hundred_watts_may_not():
    assert [bool(oddity(ApplianceType.DISHWASHER, w, False, 10.0)) for w in (99.9, 100.0)] == [False, True]


def test_somebody_is_asked_to_look_when_it_has_been_odd_for_ten_minutes_and_again_when_it_is_anew(world):
    world.change(a_pilot())
    told = []
    for _ in range(2):
        world.tell(Said("D001", watts(2000.0)))
        for step in (timedelta(), 10 * MINUTE - MOMENT, MOMENT, MINUTE):
            world.now += step
            told.append([type(each).__name__ for each in world.tell(Said("D001", watts(9000.0)))].count("LookAt"))

    assert told == [0, 0, 1, 0] * 2


# -- the time of day -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", [1, -1])
def test_two_minutes_are_no_jump_and_what_is_more_is(sign):
    def jumps(by: timedelta) -> bool:
        keeper = Timekeeper()
        keeper.jumped(NOON, 1000.0)
        return bool(keeper.jumped(NOON + sign * by + MINUTE, 1060.0))

    assert [jumps(2 * MINUTE), jumps(2 * MINUTE + MOMENT)] == [False, True]


def test_a_new_time_is_believed_after_five_minutes_to_the_second_or_when_it_goes_back():
    def keeper_after(*jumps: timedelta) -> Timekeeper:
        keeper = Timekeeper()
        for n in range(len(jumps) + 1):
            keeper.jumped(NOON + n * SECOND + sum(jumps[:n], timedelta()), 1000.0 + n)
        return keeper

    doubted = keeper_after(HOUR)
    assert not doubted.believes()
    doubted.jumped(NOON + HOUR + 300 * SECOND, 1300.0)
    assert not doubted.believes()
    doubted.jumped(NOON + HOUR + 301 * SECOND, 1301.0)
    assert doubted.believes()
    assert keeper_after(HOUR, -HOUR).believes()
    assert keeper_after(HOUR, 2 * MINUTE - HOUR).believes()
    assert not keeper_after(HOUR, 2 * MINUTE + MOMENT - HOUR).believes()


def test_the_first_time_that_is_shown_is_no_jump_whatever_the_steady_clock_says():
    assert Timekeeper().jumped(NOON, 12_345.0) == timedelta()
    assert Timekeeper().believes()


# -- settings that are read back -----------------------------------------------------------------------------------------------


READ, SET = Publish("D001/rpc", b"read"), Publish("D001/rpc", b"set")
PUSH = ConfigPush(steps=(SET,), read_back=(READ,), expects=(Setting("status", "true"),))


@pytest.mark.parametrize(("type_silent", "silent_after"), [(2 * MINUTE, 15 * MINUTE), (40 * MINUTE, 40 * MINUTE)])
def test_a_device_is_silent_after_a_quarter_or_as_its_type_is_and_has_thrice_its_answering_time(type_silent, silent_after):
    driver = evolve(TOY, type=evolve(PLUG, silent_after=type_silent))
    found = upkept([a_device("D001", Usage.SWITCH_AND_METER, driver)], lambda _: PUSH)

    assert found == {"D001": Upkept(silent_after, 3 * PLUG.answers_within, PUSH)}


@pytest.mark.parametrize("push", [None, ConfigPush((), (READ,), ()), ConfigPush((SET,), (), ())],
                         ids=["none", "nothing to set", "nothing to read"])
def test_what_cannot_be_both_set_and_read_back_is_not_kept_up(push):
    assert upkept([a_device("D001", Usage.SWITCH_AND_METER)], lambda _: push) == {}


def test_a_silent_device_is_asked_judged_and_asked_again_each_to_the_moment():
    upkeep = Upkeep({"D001": Upkept(15 * MINUTE, 15 * SECOND, PUSH)})
    upkeep.hear("D001", Presence.ONLINE, NOON)
    upkeep.hear("D001", state(True), NOON + MINUTE)
    asked = NOON + 16 * MINUTE
    assert [upkeep.due(at) for at in around(asked)] == [[], [Ask("D001", (READ,))], []]

    upkeep.hear("D001", Setting("status", "false"), asked)
    judged = asked + 15 * SECOND
    assert [upkeep.due(at) for at in around(judged)] == [[], [Ask("D001", (SET,))], []]
    again = asked + HOUR
    assert [upkeep.due(at) for at in around(again)] == [[], [Ask("D001", (READ,))], []]


# -- whether a cycle is under way ----------------------------------------------------------------------------------------------


def knowing(pilot: Pilot, **seen: Seen) -> Memory:
    """What an engine knows of devices, and no order."""
    memory = Memory(seen=dict(seen))
    memory.learn({pilot.appliance.id: pilot})
    return memory


def test_what_has_drawn_for_ten_minutes_has_only_just_begun_and_runs_a_moment_later():
    memory = knowing(a_pilot(), D001=Seen(drew_at=NOON, draws_since=NOON))

    assert [runs(memory, a_pilot(), at) for at in around(NOON + 10 * MINUTE)] == [False, False, True]


def test_what_was_found_drawing_after_a_silence_runs_at_once():
    memory = knowing(a_pilot(), D001=Seen(drew_at=NOON, draws_since=NOON, found_running=True))

    assert runs(memory, a_pilot(), NOON)


def test_what_was_cut_in_the_moment_in_which_it_began_to_draw_does_not_run():
    def told_off(at: datetime, output: bool) -> Memory:
        return knowing(a_pilot(), D001=Seen(drew_at=NOON + HOUR, draws_since=NOON, told_off_at=at, output=output))

    now = NOON + HOUR
    assert [runs(told_off(at, output=False), a_pilot(), now) for at in around(NOON)] == [True, False, False]
    assert [runs(told_off(now - 10 * MINUTE, output=True), a_pilot(), at) for at in around(now)] == [False, False, True]


def unmeasured() -> Pilot:
    return evolve(a_wired_pilot(110, Usage.SWITCH, Usage.SWITCH), meter="")


def test_what_nothing_measures_may_run_when_it_has_had_its_supply_for_longer_than_ten_minutes():
    pilot = unmeasured()
    memory = knowing(pilot, D1=Seen(told_off_at=NOON + HOUR))

    assert [runs(knowing(pilot), pilot, at) for at in around(NOON + 10 * MINUTE)] == [False, False, True]
    assert [runs(memory, pilot, at) for at in around(NOON + HOUR + 10 * MINUTE)] == [False, False, True]
    assert not runs(memory, evolve(pilot, flexibility=None), NOON + DAY)


@pytest.mark.parametrize(("declared_after", "may_run"), [
    (-MOMENT, False), (timedelta(), True), (10 * MINUTE, True), (10 * MINUTE + MOMENT, False)])
def test_a_stay_that_opens_within_ten_minutes_of_its_units_return_goes_on_from_before(declared_after, may_run):
    pilot = unmeasured()
    opened = evolve(pilot, flexibility=evolve(pilot.flexibility, opened_at=NOON + declared_after))
    memory = knowing(opened, D1=Seen(given_back_at=NOON))

    assert runs(memory, opened, NOON + declared_after) is may_run


def test_a_relay_that_said_since_its_return_that_it_cuts_lets_nothing_go_on():
    pilot = unmeasured()
    memory = knowing(pilot, D1=Seen(given_back_at=NOON, told_off_at=NOON))

    assert not runs(memory, pilot, NOON)


def test_who_is_away_cuts_until_its_fail_safe_may_have_fired():
    pilot = unmeasured()
    away = Seen(presence=Presence.OFFLINE, output=False, told_off_at=NOON)
    memory = knowing(pilot, D1=away)

    assert [may_have_fired(memory, "D1", at) for at in around(NOON + 30 * MINUTE)] == [False, True, True]
    assert [runs(memory, pilot, at) for at in around(NOON + 30 * MINUTE)] == [False, True, True]
    assert not runs(knowing(pilot, D1=evolve(away, presence=Presence.ONLINE)), pilot, NOON + DAY)
    assert not may_have_fired(memory, "D2", NOON + DAY)          # it never said that it cuts
    assert not may_have_fired(memory, "nobody's", NOON + DAY)


def test_after_a_silence_six_minutes_are_listened_to_a_meter_that_says_nothing():
    memory = knowing(a_pilot(), D001=Seen())
    memory.deaf_until_at = NOON
    until = NOON + LISTENS

    assert LISTENS == 6 * MINUTE
    assert [may_run_until(memory, a_pilot(), at) for at in around(until)] == [until, None, None]
    assert may_run_until(knowing(a_pilot()), a_pilot(), NOON) is None             # nobody was silent


def test_what_was_declared_in_a_silence_may_soak_for_twenty_minutes_once_it_could_have_begun():
    def doubt(opened_before: timedelta, after: timedelta) -> datetime | None:
        pilot = a_pilot(flexibility=Flexibility(7, 1, NOON - opened_before))
        memory = knowing(pilot, D001=Seen(watts=2.0))
        memory.deaf_until_at = NOON
        return may_run_until(memory, pilot, NOON + after)

    soaks = NOON + 20 * MINUTE
    assert doubt(9 * MINUTE, MINUTE) is None                     # ten minutes: it is only just being made ready
    assert doubt(9 * MINUTE, MINUTE + MOMENT) == soaks
    assert doubt(timedelta(), 15 * MINUTE) is None               # declared when we heard again
    assert doubt(MOMENT, 15 * MINUTE) == soaks
    assert [doubt(HOUR, at - NOON) for at in around(soaks)] == [soaks, None, None]


@pytest.mark.parametrize("known", [{"output": False}, {"told_off_at": NOON}])
def test_what_says_that_it_cuts_leaves_no_doubt(known):
    memory = knowing(a_pilot(), D001=Seen(**known))
    memory.deaf_until_at = NOON

    assert may_run_until(memory, a_pilot(), NOON) is None
    assert may_run_until(memory, a_pilot(type=ApplianceType.WATER_HEATER), NOON) is None


def test_an_order_that_waits_for_doubt_to_end_is_looked_at_when_it_does(world):
    world.tell(Said("D001", Presence.ONLINE))
    world.now += HOUR
    world.tell(Said("D001", state(True)))                        # the first word after an hour: it may have begun in it
    world.change(a_pilot(flexibility=Flexibility(7, 1, world.now)))

    assert world.said() == []
    assert world.engine.next_at(world.now) == world.now + LISTENS


def test_who_says_nothing_is_told_to_cut_for_ten_minutes_and_then_listened_to_minute_by_minute():
    pilot = a_pilot()
    memory = knowing(pilot)
    assert [speaks_first(memory, ORDER, pilot, at) for at in around(NOON + 10 * MINUTE)] == [
        None, None, NOON + 10 * MINUTE + MOMENT + LONGEST_PATIENCE]

    memory = knowing(pilot, D001=Seen(spoke_at=NOON + HOUR))
    told = [speaks_first(memory, ORDER, pilot, at) is None for at in around(NOON + HOUR + 10 * MINUTE)]
    assert told == [True, True, False]
    memory = knowing(pilot, D001=Seen(output=False, told_off_at=NOON))
    assert [speaks_first(memory, ORDER, pilot, at) is None for at in around(NOON + 30 * MINUTE)] == [True, False, False]
    assert speaks_first(knowing(pilot), ORDER, evolve(pilot, flexibility=None), NOON + DAY) is None


# -- levels and tanks ----------------------------------------------------------------------------------------------------------


def made(effects) -> list[tuple[Why, bool]]:
    return [(each.order.why, each.order.powers) for each in effects if isinstance(each, Record)]


def test_f10_a_level_that_the_plan_asked_for_stands_for_ten_minutes_and_no_longer(world):
    world.tell(PlanRead(a_plan(m1=(1, 0))))
    world.change(a_pilot(type=ApplianceType.WATER_HEATER))
    world.tell(Said("D001", state(True)))
    world.now += 10 * MINUTE - MOMENT
    assert made(world.tell(PlanRead(a_plan(m1=(0, 0))))) == []

    world.now += MOMENT
    assert made(world.tell(FleetRead(world.rows))) == [(Why.PLAN, False)]


def test_g8_a_tank_that_was_cut_for_a_day_is_owed_three_hours_each_to_the_moment(world):
    world.tell(PlanRead(a_plan(m1=(0,) * 96)))
    cut = a_pilot(type=ApplianceType.WATER_HEATER)
    cut = evolve(cut, appliance=evolve(cut.appliance, control=ControlState.OFF))

    def wanted(at: datetime) -> list[Why]:
        world.now = at
        world.tell(PlanRead(a_plan(at - HOUR, m1=(0,) * 96)), FleetRead({1: cut}))
        return [each.why for each in world.engine.live.values()]

    assert wanted(NOON + DAY) == [Why.PLAN]
    assert wanted(NOON + DAY + MOMENT) == [Why.GUARANTEE]
    cut = evolve(cut, appliance=evolve(cut.appliance, control=ControlState.ON))
    assert wanted(NOON + DAY + 3 * HOUR) == [Why.GUARANTEE]
    assert wanted(NOON + DAY + 3 * HOUR + MOMENT) == [Why.PLAN]


# -- what an engine begins with ------------------------------------------------------------------------------------------------


def test_an_engine_that_begins_in_the_first_slot_of_all_time_drives_in_it():
    world = World(Engine(connected=True), now=EPOCH)
    pilot = a_pilot(flexibility=Flexibility(7, 1, EPOCH))

    assert made(world.change(pilot)) == [(Why.WAIT, False)]


def test_an_engine_that_takes_over_on_a_broker_that_it_hears_already_asks_every_device(world):
    world.rows = {1: a_pilot()}
    world.after(minutes=1)
    effects = world.tell(LedgerRead(()), FleetRead(world.rows))

    assert [each.device_id for each in effects if isinstance(each, Ask)] == ["D001"]


# -- what is not wanted any more -----------------------------------------------------------------------------------------------


def ends_of(effects) -> list[tuple[Stage, str]]:
    return [(each.order.stage, each.order.cause) for each in effects if isinstance(each, Save) and not each.order.live]


def test_a_press_that_cannot_leave_yet_is_not_made_anew_at_each_look(world):
    world.tell(Said("P1", Presence.ONLINE), Said("P1", Presence.OFFLINE), Said("D1", watts(3)), PlanRead(a_plan(m1=(1,))))
    world.change(a_wired_pilot(130, Usage.SWITCH_AND_METER, Usage.PRESS_START))
    first = world.order.id
    for _ in range(5):
        world.after(minutes=1)

    assert world.order.id == first


@pytest.mark.parametrize(("answers", "end"), [(False, [(Stage.SUPERSEDED, Cause.NEW_WISH)]), (True, [])],
                         ids=["not yet said", "said"])
def test_a_press_is_taken_back_with_its_machine_unless_it_has_left(world, answers, end):
    world.tell(Said("D1", watts(3)), PlanRead(a_plan(m1=(1,))))
    if not answers:
        world.tell(Said("P1", Presence.ONLINE), Said("P1", Presence.OFFLINE))
    world.change(a_wired_pilot(130, Usage.SWITCH_AND_METER, Usage.PRESS_START))

    assert ends_of(world.set_mode(Mode.MANUAL)) == end


@pytest.mark.parametrize(("change", "cause"), [
    ({"hold": Hold(1, 1, None, NOON, None, Origin.PORTAL)}, Cause.HELD), ({"mode": Mode.DISABLED}, Cause.MODE),
    ({"flexibility": None}, Cause.MODE), ({}, Cause.RUNS)], ids=["held", "disabled", "no stay", "runs"])
def test_what_is_wanted_no_more_is_told_with_why(world, change, cause):
    world.tell(Said("D001", Presence.ONLINE), Said("D001", Presence.OFFLINE))
    world.change(a_pilot())
    world.engine.seen["D001"].drew_at, world.engine.seen["D001"].draws_since = NOON, NOON - HOUR if not change else None
    mode = change.pop("mode", Mode.PILOTED)
    effects = world.change(evolve(a_pilot(mode=mode), **change))

    assert ends_of(effects) == [(Stage.SUPERSEDED, cause)]


@pytest.mark.parametrize("change", [{"mode": Mode.DISABLED}, {"hold": Hold(1, 1, None, NOON, None, Origin.PORTAL)}])
def test_w2_what_was_started_and_then_taken_out_of_our_hands_is_not_said_again_when_its_plug_has_lost_it(world, change):
    world.tell(PlanRead(a_plan(m1=(1,))))
    world.change(a_pilot())
    world.tell(Said("D001", state(True)))
    kept = {**change}
    world.change(evolve(a_pilot(mode=kept.pop("mode", Mode.MANUAL)), flexibility=None, **kept))
    world.tell(Said("D001", Presence.OFFLINE), Said("D001", Presence.ONLINE))

    assert world.said(world.tell(Said("D001", state(False)))) == []


@pytest.mark.parametrize(("control", "started"), [(ControlState.OFF, NOON), (ControlState.UNKNOWN, NOON), (ControlState.ON, None)])
def test_a_tank_was_started_when_it_was_off_before(world, control, started):
    world.tell(PlanRead(a_plan(m1=(1,))))
    pilot = a_pilot(type=ApplianceType.WATER_HEATER)
    world.change(evolve(pilot, appliance=evolve(pilot.appliance, control=control)))
    world.tell(Said("D001", state(True)))

    assert [each.last_started for each in world.written()] == [started]


def test_i12_what_gives_a_home_its_service_back_is_said_before_what_waits_for_the_limit(world):
    world.engine.rules = Rules(most_kw_a_minute=2.2)
    world.tell(PlanRead(a_plan(m1=(1,))))
    released = a_pilot(2, device="D002", type=ApplianceType.WATER_HEATER, mode=Mode.MANUAL, flexibility=Flexibility(8, 2, NOON))
    world.rows = {1: a_pilot(type=ApplianceType.WATER_HEATER), 2: released}

    assert world.said(world.tell(FleetRead(world.rows))) == [("D002/set", b"on")]
    world.tell(Said("D002", state(True)))
    assert world.said(world.after(minutes=1)) == [("D001/set", b"on")]
