"""The life of one order, as a table and a value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from elfe.command.orders import MISSED, S2_STATUS, TRANSITIONS, Cause, On, Order, Stage, Why, ends
from elfe.command.pace import Pace
from elfe.slots import slot_of

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
WITHIN = timedelta(seconds=5)
ORDER = Order(id="o1", device_id="D003", appliance_id=4, why=Why.START, on=True, powers=True, slot=slot_of(NOON),
              flexibility_id=7, wanted_at=NOON)
SENT = ORDER.happens(On.RECORDS, NOON).said(NOON, WITHIN)
HEARD = SENT.happens(On.ECHOES, NOON)
ALL_WELL = {"present": True, "connected": True, "measured": True, "thirsty": True}
LATER = NOON + timedelta(minutes=15)


def test_every_stage_is_in_the_table_and_in_the_words_of_s2():
    assert set(TRANSITIONS) == set(Stage) == set(S2_STATUS)


@pytest.mark.parametrize(("order", "status"), [
    (SENT, "NEW"),
    (SENT.happens(On.REFUSES, NOON, f"{Cause.REFUSED}: overpower"), "NEW"),                                # it is said again
    (SENT.happens(On.FAILS, NOON, f"{Cause.REFUSED}: overpower"), "REJECTED"),
    (SENT.happens(On.FAILS, NOON, f"{Cause.NO_WORDS}: no such output"), "REJECTED"),
    (evolve(SENT, press=True).happens(On.FAILS, NOON, Cause.FLAT), "REJECTED"),
    (HEARD.happens(On.FAILS, NOON, Cause.NOTHING_DREW), "ABORTED"),
    (evolve(SENT, press=True).happens(On.FAILS, NOON, Cause.DID_NOT_START), "ABORTED"),
    (SENT.happens(On.EXPIRES, NOON, Cause.SILENT), "ABORTED"),
])
def test_what_was_refused_is_rejected_and_what_was_taken_on_in_vain_aborted(order, status):
    assert order.status == status


def test_every_end_is_final_and_every_other_stage_can_be_ended():
    ends_of = {stage for stage, row in TRANSITIONS.items() if not row}
    assert ends_of == {Stage.DONE, Stage.EXPIRED, Stage.SUPERSEDED, Stage.OVERRIDDEN, Stage.OFFLINE, Stage.FAILED}
    assert all(On.SUPERSEDES in TRANSITIONS[stage] for stage in set(Stage) - ends_of)


@pytest.mark.parametrize(("order", "minute", "worthless_at"), [
    (SENT, 0, 1),                                            # a level is said again by then
    (SENT, 14.5, 15),                                        # and is of its slot
    (evolve(SENT, press=True), 0, 5),                        # by then somebody has judged whether it was pressed
    (evolve(SENT, press=True, sent_at=NOON + timedelta(minutes=12)), 12, 15),
])
def test_what_a_broker_keeps_for_who_is_away_is_not_obeyed_when_it_is_old(order, minute, worthless_at):
    assert order.worthless_at(NOON + timedelta(minutes=minute), timedelta(minutes=5)) == NOON + timedelta(minutes=worthless_at)


def test_an_order_with_changes_is_another_value_and_knows_its_fields_only():
    changed = ORDER.but(id="o2", attempts=3)
    assert changed == evolve(ORDER, id="o2", attempts=3)
    assert (ORDER.id, ORDER.attempts) == ("o1", 0)
    with pytest.raises(TypeError, match="atempts"):
        ORDER.but(atempts=3)


def test_an_order_cannot_be_sent_before_it_is_recorded():
    with pytest.raises(KeyError):
        ORDER.happens(On.SENDS, NOON)


def test_an_order_without_echo_is_said_again_ever_more_rarely_until_its_slot_ends():
    order, said, now = ORDER.happens(On.RECORDS, NOON), [], NOON
    while now < LATER + timedelta(minutes=1):
        if order.due(now):
            order = order.said(now, WITHIN)
            said.append((now - NOON).total_seconds())
        now += timedelta(seconds=1)

    assert said[:5] == [0, 5, 15, 35, 75]
    assert said[-1] < 900


@pytest.mark.parametrize(("order", "given", "stage", "cause"), [
    (HEARD.happens(On.DRAWS, NOON), {}, Stage.DONE, Cause.PROVED),
    (HEARD, {"measured": False}, Stage.DONE, Cause.NOT_MEASURABLE),
    (HEARD, {}, Stage.DONE, Cause.NOT_MEASURABLE),                        # a meter that said nothing measured nothing
    (HEARD.weighs(2.0, 10.0, NOON), {}, Stage.FAILED, Cause.NOTHING_DREW),
    (HEARD.weighs(2.0, 10.0, NOON), {"thirsty": False}, Stage.DONE, Cause.SATISFIED),
    (SENT, {}, Stage.EXPIRED, Cause.SILENT),
    (SENT, {"present": False}, Stage.OFFLINE, Cause.AWAY),
    (SENT, {"connected": False}, Stage.EXPIRED, Cause.BROKER_AWAY),
    (SENT.happens(On.REFUSES, NOON, f"{Cause.REFUSED}: overpower"), {}, Stage.FAILED, f"{Cause.REFUSED}: overpower"),
])
def test_how_an_order_ends_when_its_slot_is_over(order, given, stage, cause):
    ended = ends(order, LATER, **{**ALL_WELL, **given})

    assert (ended.stage, ended.cause, ended.ended_at) == (stage, cause, LATER)


def test_power_before_the_echo_proves_nothing():
    assert SENT.weighs(2000.0, 10.0, NOON).stage is Stage.SENT


def test_an_off_is_proved_by_the_absence_of_power():
    off = Order(id="o2", device_id="D003", appliance_id=4, why=Why.WAIT, on=False, powers=False, slot=slot_of(NOON),
                flexibility_id=7, wanted_at=NOON).happens(On.RECORDS, NOON).said(NOON, WITHIN).happens(On.ECHOES, NOON)

    assert off.weighs(0.0, 10.0, NOON).stage is Stage.PROVED
    assert off.weighs(1900.0, 10.0, NOON).stage is Stage.ACKNOWLEDGED
    assert ends(off.weighs(1900.0, 10.0, NOON), LATER, **ALL_WELL).cause == Cause.STILL_DRAWS


@given(st.lists(st.sampled_from(On), max_size=30))
def test_whatever_happens_an_order_ends_at_most_once_and_stays_ended(happenings):
    order = ORDER
    for what in happenings:
        if order.may(what):
            assert order.live
            order = order.happens(what, NOON)
        assert (order.ended_at is None) == order.live
    assert order.stage not in MISSED or order.ended_at == NOON


def test_a_person_may_want_the_same_by_hand_twice_in_a_slot():
    by_hand = [evolve(ORDER, id=id, why=Why.HAND).key for id in ("o1", "o2")]
    assert by_hand == ["D003/hand/o1", "D003/hand/o2"]


PRESSED = evolve(SENT, press=True)


@pytest.mark.parametrize(("order", "measured", "end"), [
    (evolve(PRESSED, cause=f"{Cause.REFUSED}: errorConnect", seen_w=2.0), True, (Stage.FAILED, f"{Cause.REFUSED}: errorConnect")),
    (evolve(PRESSED, seen_w=2.0), True, (Stage.FAILED, Cause.DID_NOT_START)),
    (evolve(PRESSED, seen_w=2.0), False, (Stage.EXPIRED, Cause.UNKNOWN)),
    (PRESSED, True, (Stage.EXPIRED, Cause.UNKNOWN)),
    (PRESSED.happens(On.ECHOES, NOON), True, (Stage.DONE, Cause.NOT_MEASURABLE)),
], ids=["refused", "nothing started", "nothing measures it", "nobody can tell", "the arm moved"])
def test_a_press_that_nothing_proved_ends_as_what_is_known_of_it(order: Order, measured: bool, end: tuple[Stage, str]):
    ended = ends(order, LATER, present=True, connected=True, measured=measured, thirsty=True)
    assert (ended.stage, ended.cause) == end


def test_the_limit_of_kilowatts_frees_itself_as_the_minute_passes_and_one_appliance_is_never_too_many():
    pace, kw = Pace(), {"D001": 2.0, "D002": 3.0, "D003": 1.0, "D004": 2.0, "D005": 5.0, "D006": 9.0}
    pace.spend("D001", NOON)
    pace.spend("D002", NOON + timedelta(seconds=20))
    now = NOON + timedelta(seconds=30)

    assert pace.room_at("D003", kw.__getitem__, 6.0, now) == now
    assert pace.room_at("D003", kw.__getitem__, 0.0, now) == now
    assert pace.room_at("D004", kw.__getitem__, 6.0, now) == NOON + timedelta(seconds=60)
    assert pace.room_at("D005", kw.__getitem__, 6.0, now) == NOON + timedelta(seconds=80)
    assert pace.room_at("D006", kw.__getitem__, 6.0, now) == NOON + timedelta(seconds=80)
    assert pace.room_at("D006", kw.__getitem__, 6.0, NOON + timedelta(seconds=80)) == NOON + timedelta(seconds=80)


def test_who_is_told_again_counts_once_and_from_then_on():
    pace, kw = Pace(), {"D001": 2.0, "D002": 3.0, "D003": 4.0}
    for second, id in ((0, "D001"), (20, "D002"), (50, "D001")):
        pace.spend(id, NOON + timedelta(seconds=second))
    now = NOON + timedelta(seconds=55)

    assert pace.room_at("D001", kw.__getitem__, 5.0, now) == now
    assert pace.room_at("D003", kw.__getitem__, 6.0, now) == NOON + timedelta(seconds=80)
    assert pace.room_at("D003", kw.__getitem__, 5.0, now) == NOON + timedelta(seconds=110)
