"""Slots: quarters of an hour of elapsed time, always by floor."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from elfe.slots import (
    HORIZON,
    SLOT,
    SLOT_S,
    SLOTS_PER_HOUR,
    epoch_s,
    instant,
    is_due,
    local_time,
    next_slot_start,
    slot_of,
    slot_start,
    slots_lasting,
)

QUARTER = datetime(2024, 10, 11, 12, 15, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


def test_a_slot_is_the_epoch_divided_by_nine_hundred():
    assert [SLOT.total_seconds(), SLOT_S, SLOTS_PER_HOUR * SLOT_S, HORIZON * SLOT_S] == [900, 900, 3600, 86_400]
    assert slot_of(QUARTER) == int(QUARTER.timestamp()) // 900


def test_a_slot_begins_with_its_quarter_and_ends_before_the_next():
    slot = slot_of(QUARTER)
    assert [slot_of(QUARTER - A_MOMENT), slot_of(QUARTER + SLOT - A_MOMENT), slot_of(QUARTER + SLOT)] == [slot - 1, slot, slot + 1]
    assert slot_start(slot) == QUARTER


def test_before_the_epoch_too_it_is_by_floor():
    assert slot_of(datetime(1969, 12, 31, 23, 59, tzinfo=UTC)) == -1


@pytest.mark.parametrize("at", [QUARTER, QUARTER + A_MOMENT, QUARTER + SLOT - A_MOMENT])
def test_the_next_quarter_is_strictly_after(at):
    assert next_slot_start(at) == QUARTER + SLOT


def test_the_second_of_an_instant_is_by_floor_and_back_again_nothing_is_lost():
    assert epoch_s(QUARTER + timedelta(milliseconds=999)) == int(QUARTER.timestamp())
    assert instant(epoch_s(QUARTER)) == QUARTER
    assert instant(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(("epoch", "year"), [(10**12, 9000), (10**30, 9000), (-10**12, 1000)])
def test_a_second_that_no_calendar_has_is_the_first_or_the_last_that_we_reckon_with(epoch, year):
    assert instant(epoch) == datetime(year, 1, 1, tzinfo=UTC)
    assert slot_start(epoch) == datetime(year, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("minutes", "slots"), [(0, 0), (1, 1), (15, 1), (16, 2), (150, 10)])
def test_what_lasts_needs_its_slots_whole(minutes, slots):
    assert slots_lasting(timedelta(minutes=minutes)) == slots


def test_d1_the_hour_that_is_lived_twice_says_which_of_the_two_it_is() -> None:
    paris = ZoneInfo("Europe/Paris")
    told = [local_time(datetime(2026, 10, 25, 0, 15, tzinfo=UTC) + timedelta(hours=n), paris) for n in range(-1, 3)]
    assert told == ["01:15", "02:15 CEST", "02:15 CET", "03:15"]
    assert local_time(datetime(2026, 3, 29, 1, 0, tzinfo=UTC), paris, "%d/%m %H:%M") == "29/03 03:00"


@pytest.mark.parametrize(("waits", "due"), [(0, True), (1, False), (900, False), (901, True), (-5, True)])
def test_what_waits_is_due_at_its_time_and_where_a_clock_was_set_back_by_more_than_it_may_wait(waits, due):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert is_due(now + timedelta(seconds=waits), now, SLOT) is due


def test_an_instant_is_read_from_numpys_numbers_too() -> None:
    """A start that a solver chose is one of them."""
    assert slot_start(np.int64(1_978_456)) == slot_start(1_978_456)
