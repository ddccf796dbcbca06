"""Quarter hours from readings: energy is conserved, gaps stay gaps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfe.history.quarters import counted, energy_wh, means
from elfe.history.values import Reading
from elfe.slots import SLOT, SLOT_S, slot_of

NOON = datetime(2024, 6, 12, 10, tzinfo=UTC)
FIRST = slot_of(NOON)
HELD = timedelta(minutes=5)
HOUR_S = 3600


def _readings(*pairs: tuple[float, float]) -> list[Reading]:
    """Readings of one series from (seconds after noon, value)."""
    return [Reading(1, NOON + timedelta(seconds=seconds), value) for seconds, value in pairs]


def _every(seconds: int, value: float, start: int = 0, end: int = HOUR_S) -> list[Reading]:
    return _readings(*((at, value) for at in range(start, end, seconds)))


# -- powers ------------------------------------------------------------------------------------------------------------


def test_a_steady_power_is_its_own_mean() -> None:
    assert means(_every(30, 2000.0), FIRST, 4, HELD) == [2000.0] * 4


def test_a_mean_is_weighted_by_time_and_not_by_readings() -> None:
    """One minute at 3 kW among many readings, fourteen minutes at 60 W among few."""
    readings = _readings(*((at, 3000.0) for at in range(0, 60, 10)), *((at, 60.0) for at in range(60, 900, 200)))
    assert means(readings, FIRST, 1, HELD) == [pytest.approx((3000 * 60 + 60 * 840) / 900)]


def test_a_reading_before_the_first_quarter_holds_into_it() -> None:
    assert means(_readings((-60, 500.0), (240, 500.0), (540, 500.0), (840, 500.0)), FIRST, 1, HELD) == [500.0]


def test_a_power_is_not_held_for_longer_than_it_may() -> None:
    """A plug that is unplugged: what it drew last is not what it draws for the rest of the hour."""
    assert means(_readings((0, 2000.0), (300, 2000.0)), FIRST, 4, HELD) == [2000.0, None, None, None]


def test_half_a_quarter_is_enough_and_less_is_not() -> None:
    enough, too_little = timedelta(seconds=SLOT_S / 2), timedelta(seconds=SLOT_S / 2 - 1)
    assert means(_readings((0, 100.0)), FIRST, 1, enough) == [100.0]
    assert means(_readings((0, 100.0)), FIRST, 1, too_little) == [None]


def test_a_silence_between_two_words_is_a_gap_and_not_a_slope() -> None:
    readings = [*_every(30, 1000.0, 0, 900), *_every(30, 3000.0, 2700, 3600)]
    assert means(readings, FIRST, 4, HELD) == [1000.0, None, None, 3000.0]


def test_nothing_measured_is_nothing_known() -> None:
    assert means([], FIRST, 3, HELD) == [None] * 3


# -- counters ----------------------------------------------------------------------------------------------------------


def test_a_counter_tells_what_was_counted_in_each_quarter() -> None:
    readings = _readings(*((at, 5000 + at * 2000 / HOUR_S) for at in range(0, HOUR_S + 1, 60)))
    assert counted(readings, FIRST, 4, HELD) == [pytest.approx(500.0)] * 4


def test_a_counter_that_starts_again_never_counts_backwards() -> None:
    """A plug without memory of its energy was unplugged at 300 s; the minute around it is not known."""
    readings = _readings(*((at, 1000.0 + at / 60) for at in range(0, 300, 60)), *((at, at / 60) for at in range(300, 901, 60)))
    assert counted(readings, FIRST, 1, HELD) == [pytest.approx(14.0)]


def test_a_counter_that_was_silent_says_how_much_but_not_when() -> None:
    readings = _readings((0, 0.0), (300, 100.0), (600, 200.0), (900, 300.0), (3600, 4000.0))
    assert counted(readings, FIRST, 4, HELD) == [300.0, None, None, None]


# -- whatever is measured ----------------------------------------------------------------------------------------------

INSTANTS = st.lists(st.integers(-900, 4 * SLOT_S - 1), min_size=1, max_size=60, unique=True).map(sorted)
POWERS = st.floats(-5000, 20_000)


@st.composite
def measured(draw: st.DrawFn) -> list[Reading]:
    instants = draw(INSTANTS)
    return _readings(*((at, draw(POWERS)) for at in instants))


@given(measured())
def test_a_mean_lies_among_what_was_measured(readings: list[Reading]) -> None:
    values = [each.value for each in readings]
    for mean in means(readings, FIRST, 4, HELD):
        assert mean is None or min(values) - 1e-6 <= mean <= max(values) + 1e-6


@given(measured())
def test_the_energy_of_whole_quarters_is_conserved(readings: list[Reading]) -> None:
    """With no silence longer than a value may be held, quarters hold exactly the energy of the readings."""
    readings = _filled(readings)
    assert energy_wh(means(readings, FIRST, 4, HELD)) == pytest.approx(_integral_wh(readings), abs=1e-6)


@given(measured())
def test_a_quarter_that_nobody_spoke_in_or_just_before_is_unknown(readings: list[Reading]) -> None:
    for number, mean in enumerate(means(readings, FIRST, 4, HELD)):
        start = NOON + number * SLOT
        spoken = any(start - HELD < each.at < start + SLOT for each in readings)
        assert spoken or mean is None


@given(measured(), st.integers(1, 4))
def test_a_quarter_does_not_depend_on_how_many_are_asked_for(readings: list[Reading], count: int) -> None:
    """But for the hold at the end, which the next reading would have ended."""
    assert means(readings, FIRST, 4, HELD)[:count - 1] == means(readings, FIRST, count, HELD)[:count - 1]


@given(measured())
def test_what_is_counted_is_never_negative(readings: list[Reading]) -> None:
    assert all(each is None or each >= 0 for each in counted(readings, FIRST, 4, HELD))


@given(st.lists(st.floats(0, 100), min_size=13, max_size=40))
def test_quarters_count_all_that_a_counter_counted(steps: list[float]) -> None:
    seconds = 4 * SLOT_S / len(steps)
    values = [sum(steps[:number]) for number in range(len(steps) + 1)]
    readings = _readings(*((number * seconds, value) for number, value in enumerate(values)))
    found = counted(readings, FIRST, 4, timedelta(seconds=seconds + 1))
    assert sum(each for each in found if each is not None) == pytest.approx(values[-1], abs=1e-6)


def _filled(readings: Sequence[Reading]) -> list[Reading]:
    """The same, with a word repeated wherever a silence would be longer than a value may be held."""
    filled = _readings((-900, readings[0].value)) if readings[0].at > NOON - SLOT else []
    for each in readings:
        while filled and filled[-1].at + HELD < each.at:
            filled.append(Reading(1, filled[-1].at + HELD, filled[-1].value))
        filled.append(each)
    while filled[-1].at + HELD < NOON + 4 * SLOT:
        filled.append(Reading(1, filled[-1].at + HELD, filled[-1].value))
    return filled


def _integral_wh(readings: Sequence[Reading]) -> float:
    end = Reading(1, NOON + 4 * SLOT, 0.0)
    return sum(here.value * max(0.0, (there.at - max(here.at, NOON)).total_seconds()) / 3600
               for here, there in pairwise([*readings, end]))
