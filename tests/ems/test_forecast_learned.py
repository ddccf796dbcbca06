"""What is learned of a balance: the week, the weather, the last error; and how much it is believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from elfe.ems.forecast import blend
from elfe.ems.forecast.models import clues, first_origin
from elfe.ems.forecast.past import DAY, Past, filled, local_quarters, past, sound
from elfe.ems.forecast.run import leads_of
from elfe.slots import HORIZON, slot_of

PARIS = ZoneInfo("Europe/Paris")
FIRST = slot_of(datetime(2026, 1, 5, tzinfo=UTC))      # a Monday
NO_WEATHER = np.empty((0, 0))


def week(slots: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """A village: it rises at seven, works on weekdays, and no two days are alike."""
    hour, weekday = slots % DAY / 4, (slots // DAY + 3) % 7
    works = np.where(weekday < 5, 1.0, 0.3)
    noise = np.convolve(chance.normal(0, 6_000, len(slots) + 8), np.ones(9) / 9, "valid")
    return -20_000 - 60_000 * works * ((hour >= 7) & (hour < 18)) - 15_000 * (hour >= 18) + noise


def seen(balance: np.ndarray, weather: np.ndarray | None = None, zone: object = UTC) -> Past:
    around = weather if weather is not None else np.empty((0, len(balance) + HORIZON))
    found = past(list(balance), FIRST + len(balance), around, zone)      # type: ignore[arg-type]
    assert found is not None
    return found


def errors(balance: np.ndarray, weather: np.ndarray | None, days: range) -> tuple[float, float, float]:
    """The mean error, persistence's, and the share inside the band, over days that were not learned from."""
    said, simple, inside = [], [], []
    for day in days:
        n = day * DAY
        here = seen(balance[:n], None if weather is None else weather[:, :n + HORIZON])
        learned = blend.learned(here, weather=weather is not None)
        assert learned is not None
        told, low, high = (each * here.scale_w for each in learned.ask(here))
        came = balance[n:n + HORIZON]
        said.append(np.abs(told - came).mean())
        simple.append(np.abs(clues(here, np.array([n])).persistence[0] * here.scale_w - came).mean())
        inside.append(((low <= came) & (came <= high)).mean())
    return float(np.mean(said)), float(np.mean(simple)), float(np.mean(inside))


def test_the_week_is_learned():
    balance = week(np.arange(FIRST, FIRST + 50 * DAY), np.random.default_rng(1))
    error, simple, inside = errors(balance, None, range(40, 47))
    assert error < 0.6 * simple
    assert 0.65 < inside < 0.95


def test_the_weather_is_learned_and_a_cloudy_day_after_sunny_ones_is_expected():
    slots = np.arange(FIRST, FIRST + 50 * DAY)
    chance = np.random.default_rng(2)
    sky = np.repeat(chance.uniform(0.1, 1, 50), DAY)
    sun = 900 * sky * np.maximum(np.sin((slots % DAY / 4 - 6) / 12 * np.pi), 0)
    balance = week(slots, chance) + 150 * sun
    weather = np.stack([np.full(len(slots), 12.0), sun, np.full(len(slots), 4.0)])
    blind, _, _ = errors(balance, None, range(40, 46))
    error, _, _ = errors(balance, weather, range(40, 46))
    assert error < 0.5 * blind


def test_what_is_said_hangs_on_nothing_that_came_later():
    balance = week(np.arange(FIRST, FIRST + 20 * DAY), np.random.default_rng(3))
    origins = np.arange(first_origin(), 12 * DAY, 7)
    here, there = seen(balance), balance.copy()
    there[12 * DAY:] += 1e4
    changed = Past(here.first, there / here.scale_w, here.weather, here.scale_w)
    before, after = clues(here, origins), clues(changed, origins)
    np.testing.assert_array_equal(before.clues, after.clues)
    np.testing.assert_array_equal(before.persistence, after.persistence)
    alone = clues(here.until(int(origins[-1])), origins[-1:])
    np.testing.assert_allclose(alone.clues[0], before.clues[-1])


def test_where_persistence_is_best_it_is_believed_alone():
    """Every day is the one before, but on a level of its own: what else is there to know?"""
    chance = np.random.default_rng(4)
    level = np.cumsum(chance.normal(0, 1, 40 * DAY)) * 500
    learned = blend.learned(seen(level), weather=False)
    assert learned is not None
    assert learned.error <= learned.error_of_persistence


@pytest.mark.parametrize(("days", "learns"), [(6, False), (8, False), (11, True), (16, True)])
def test_a_short_past_teaches_little(days, learns):
    balance = week(np.arange(FIRST, FIRST + days * DAY), np.random.default_rng(5))
    learned = blend.learned(seen(balance), weather=False)
    assert (learned is not None) is learns
    if learned is not None and days < 15:
        assert set(learned.names) == {"persistence", "similar days"}


def test_what_the_weather_does_is_left_out_when_half_of_it_is_unknown():
    balance = week(np.arange(FIRST, FIRST + 20 * DAY), np.random.default_rng(6))
    weather = np.full((3, 20 * DAY + HORIZON), 10.0)
    assert len(seen(balance, weather).weather) == 4
    late = weather.copy()
    late[:, -HORIZON // 2:] = np.nan
    assert len(seen(balance, late).weather) == 0


# -- bad input ----------------------------------------------------------------------------------------------------------------


def test_a_meter_that_lies_is_not_believed():
    balance = week(np.arange(FIRST, FIRST + 20 * DAY), np.random.default_rng(7))
    lied = balance.copy()
    lied[[300, 700, -3]] = 1e12, -4e9, np.inf
    assert np.isnan(sound(lied)[[300, 700, -3]]).all()
    assert np.isfinite(sound(balance)).all()


def test_the_noon_of_a_solar_park_is_believed_though_the_nights_lie_close_together():
    dice, hours = np.random.default_rng(1), np.arange(26 * HORIZON) % HORIZON / 4
    sun = 300_000 * np.maximum(0, np.sin((hours - 8.5) / 8 * np.pi)) * ((hours > 8.5) & (hours < 16.5))
    balance = sun - 5000 + dice.normal(0, 300, len(sun))
    assert np.isfinite(sound(balance)).all()
    lied = balance.copy()
    lied[[300, 700, -3]] = 3e6, -3e6, 5e6
    assert np.flatnonzero(np.isnan(sound(lied))).tolist() == [300, 700, len(lied) - 3]


def test_a_night_of_zeros_is_no_lie():
    plant = np.tile(np.where((np.arange(DAY) > 30) & (np.arange(DAY) < 60), 5e6, 0.0), 10)
    assert np.isfinite(sound(plant)).all()


def test_f8_a_meter_that_is_stuck_says_nothing_and_one_that_never_moves_does():
    balance = week(np.arange(FIRST, FIRST + 20 * DAY), np.random.default_rng(7))
    stuck = balance.copy()
    stuck[-5 * DAY:], stuck[300:330] = 0.0, balance[300]
    found = sound(stuck)
    assert np.isnan(found[-5 * DAY:]).all()
    assert np.isnan(found[300:330]).all()
    np.testing.assert_array_equal(found[:300], balance[:300])
    for never in (np.full(20 * DAY, -5e4), np.repeat(balance[::4], 4)):      # nor one that speaks once an hour
        assert np.isfinite(sound(never)).all()


def test_a_lie_is_told_from_a_balance_that_never_moved():
    found = sound(np.append(np.full(20 * DAY, -5e4), [1e10, -5e4]))
    assert np.flatnonzero(np.isnan(found)).tolist() == [20 * DAY]


@pytest.mark.parametrize("missing", [12, 40, 96])
def test_f8_data_that_is_late_costs_little(missing):
    balance = week(np.arange(FIRST, FIRST + 45 * DAY), np.random.default_rng(8))
    n = 42 * DAY

    def error(late: int) -> float:
        here = past([*balance[:n - late], *[None] * late], FIRST + n, NO_WEATHER, UTC)
        assert here is not None
        assert here.holes == late
        learned = blend.learned(here, weather=False)
        assert learned is not None
        return float(np.abs(learned.ask(here)[0] * here.scale_w - balance[n:n + HORIZON]).mean())

    assert error(missing) < 1.3 * error(0) + 500


def test_f8_holes_are_filled_with_the_same_quarter_of_other_days():
    curve = np.tile(np.arange(DAY, dtype=float), 9)
    curve[8 * DAY + 10:8 * DAY + 20] = np.nan
    np.testing.assert_array_equal(filled(curve)[8 * DAY:], np.arange(DAY))


def test_f8_with_next_to_nothing_measured_there_is_no_past():
    assert past([None] * 5000, FIRST, NO_WEATHER, PARIS) is None
    assert past([1.0] * 50, FIRST, NO_WEATHER, PARIS) is None


def test_a_balance_that_never_moves_is_forecast_as_it_is():
    here = seen(np.full(30 * DAY, -5_000.0))
    learned = blend.learned(here, weather=False)
    assert learned is not None
    assert np.allclose(learned.ask(here)[0] * here.scale_w, -5_000, atol=1)


# -- the clock ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("changes", "quarters"), [(datetime(2026, 3, 29), 92), (datetime(2026, 10, 25), 100)])
def test_d1_people_rise_by_their_clock_on_the_days_of_92_and_100_quarters(changes, quarters):
    first = slot_of(datetime(changes.year, changes.month, changes.day, tzinfo=PARIS)) - 30 * DAY
    slots = np.arange(first, first + 33 * DAY)
    local = local_quarters(slots, PARIS)
    balance = np.where((local % DAY >= 28) & (local % DAY < 72), -80_000.0, -20_000.0)
    midnight = slot_of(changes.replace(tzinfo=PARIS).astimezone(UTC))
    after = slot_of((changes + timedelta(days=1)).replace(tzinfo=PARIS).astimezone(UTC))
    assert after - midnight == quarters
    for begins in (midnight - 20, midnight, midnight + 6, midnight + 11, after, after + 40):
        known = list(balance[:begins - first])
        here = past(known, begins, NO_WEATHER, PARIS)
        assert here is not None
        learned = blend.learned(here, weather=False)
        assert learned is not None
        told = learned.ask(here)[0] * here.scale_w
        by_slot = np.array([told[lead] for lead in leads_of(here, begins, PARIS)])
        came = balance[begins - first:begins - first + HORIZON]
        assert (np.abs(by_slot - came) > 10_000).sum() <= 4, begins - midnight
