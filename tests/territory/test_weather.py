"""The balance, the energy weather, and whether it came true: pure facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elfe.history.values import History, Reading
from elfe.slots import HORIZON, slot_of
from elfe.territory import weather
from elfe.territory.balance import HELD_FOR, Sample, scaled, silent
from elfe.territory.store import Measured, heard
from elfe.territory.weather import Level, Thresholds, Window

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST = slot_of(NOW)
FOUR = Thresholds(-2000, -500, 500, 2000, NOW - timedelta(days=60))
WATTS = st.floats(-1e5, 1e5)


def said(value: float, ago: timedelta = timedelta()) -> Sample:
    return Sample(NOW - ago, value)


# -- the balance ---------------------------------------------------------------------------------------------------------------


def test_production_is_split_over_the_territory_and_given_to_the_homes_that_are_heard():
    made = scaled({"sun": said(1_000_000), "wind": said(500_000)}, {"R001": said(400), "R002": said(-100)}, 5000, NOW)
    assert made is not None
    assert made.production_w == {"sun": 400.0, "wind": 200.0}
    assert (made.made_w, made.consumption_w, made.balance_w, made.homes) == (600.0, 300.0, 300.0, 2)


def test_a_home_that_falls_silent_leaves_both_sides():
    meters = {f"R{i:03}": said(500) for i in range(100)}
    before = scaled({"sun": said(5_000_000)}, meters, 10_000, NOW)
    meters["R000"] = said(500, ago=HELD_FOR + timedelta(seconds=1))
    after = scaled({"sun": said(5_000_000)}, meters, 10_000, NOW)
    assert before is not None
    assert after is not None
    assert before.balance_w == pytest.approx(0.0)
    assert after.balance_w == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("production", "meters"), [
    ({}, {"R001": said(1)}), ({"sun": said(1)}, {}), ({"sun": said(1, ago=timedelta(hours=1))}, {"R001": said(1)}),
    ({"sun": said(1)}, {"R001": said(1, ago=-timedelta(days=1))}),
])
def test_without_a_source_or_a_home_no_balance_is_invented(production, meters):
    assert scaled(production, meters, 5000, NOW) is None


def test_a_source_counts_for_nothing_once_its_last_value_stands_no_more():
    production = {"sun": said(1), "wind": said(1, ago=HELD_FOR + timedelta(seconds=1)), "tide": said(1, ago=-timedelta(days=1))}
    assert silent(production, ("sun", "wind", "tide", "biogas"), NOW) == {"wind", "tide", "biogas"}


def test_a_panel_larger_than_the_territory_gets_no_more_than_all():
    made = scaled({"sun": said(1000)}, {f"R{i}": said(1) for i in range(10)}, 5, NOW)
    assert made is not None
    assert made.made_w == 1000.0


# -- levels and windows --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("balance", "level"), [
    (-2001, Level.VERY_LOW), (-2000, Level.LOW), (-501, Level.LOW), (-500, Level.MIDDLE), (499, Level.MIDDLE), (500, Level.HIGH),
    (1999, Level.HIGH), (2000, Level.VERY_HIGH)])
def test_a_threshold_belongs_to_the_level_above_it(balance, level):
    assert FOUR.level(balance) is level


def test_thresholds_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="must rise"):
        Thresholds(0, 1, 0, 2, NOW)


def test_the_newest_thresholds_of_the_group_are_in_force_else_those_of_everybody():
    old, new, later, mine = (Thresholds(-1, 0, 1, 2, NOW + timedelta(days=days), cohort)
                             for days, cohort in ((-2, ""), (-1, ""), (1, ""), (-9, "ACC_1")))
    known = [later, mine, new, old]
    assert weather.in_force(known, "ACC_1", NOW) == mine
    assert weather.in_force(known, "ML_1", NOW) == new
    assert weather.in_force(known, "", NOW - timedelta(days=30)) is None


def test_proposed_thresholds_give_each_level_its_share_of_the_time():
    history = [float(i) for i in range(10_000)]
    found = weather.proposed(history, NOW)
    assert found is not None
    levels = [found.level(each) for each in history]
    assert [round(levels.count(each) / 10_000, 1) for each in sorted(Level)] == [0.1, 0.2, 0.4, 0.2, 0.1]


def test_less_than_a_week_proposes_nothing():
    assert weather.proposed([1.0] * 671 + [None] * 500, NOW) is None


@given(st.lists(WATTS, min_size=1, max_size=20))
def test_whatever_was_measured_proposed_thresholds_rise(history):
    assert weather.proposed(history * weather.LEAST_HISTORY, NOW) is not None


def test_the_next_three_windows_are_told_in_order_and_none_is_shorter_than_an_hour():
    balance = [0.0] * HORIZON
    for first, count, watts in ((2, 3, 900), (10, 4, 900), (30, 8, 3000), (50, 5, 600), (70, 9, 9000)):
        balance[first:first + count] = [float(watts)] * count
    found = weather.windows(balance, FIRST, FOUR)
    assert [(each.first_slot - FIRST, each.end_slot - FIRST, each.level) for each in found] == [
        (10, 14, Level.HIGH), (30, 38, Level.VERY_HIGH), (50, 55, Level.HIGH)]


@given(st.lists(WATTS, min_size=4, max_size=HORIZON))
def test_every_slot_of_a_window_is_good_and_windows_do_not_touch(balance):
    found = weather.windows(balance, FIRST, FOUR)
    for each in found:
        assert all(FOUR.level(b) >= Level.HIGH for b in balance[each.first_slot - FIRST:each.end_slot - FIRST])
        assert each.level >= Level.HIGH
    assert all(one.end_slot < other.first_slot for one, other in pairwise(found))


def test_without_a_good_window_the_least_bad_hour_is_told():
    balance = [-3000.0] * 20 + [-600.0] * 4 + [-3000.0] * 20
    assert weather.windows(balance, FIRST, FOUR) == []
    assert weather.least_bad(balance, FIRST, FOUR) == Window(FIRST + 20, FIRST + 24, Level.LOW)


# -- the hit rate --------------------------------------------------------------------------------------------------------------


def test_a_window_is_judged_by_its_measured_mean():
    window = Window(0, 4, Level.HIGH)
    assert weather.came_true(window, [0.0, 500.0, 500.0, 1000.0], FOUR) is True
    assert weather.came_true(window, [0.0, 0.0, 500.0, 500.0], FOUR) is False
    assert weather.came_true(window, [None, None, 499.0, 501.0], FOUR) is True


def test_a_window_that_was_not_measured_is_not_judged():
    assert weather.came_true(Window(0, 4, Level.HIGH), [None, None, None, 9000.0], FOUR) is None
    rate = weather.hit_rate([True, False, None, True], 0.4)
    assert (rate.announced, rate.judged, rate.hits, rate.rate) == (4, 3, 2, 2 / 3)
    assert weather.hit_rate([], 0.0).rate is None


def test_chance_is_the_share_of_good_hours():
    assert weather.by_chance([1000.0] * 4 + [0.0] * 4, FOUR) == 3 / 5      # those that begin 0, 1 and 2 slots in
    assert weather.by_chance([None] * 9, FOUR) == 0.0


def test_two_meters_of_a_participant_that_bear_one_name_are_both_heard() -> None:
    class Newest:
        def newest(self, series: set[int], _since: datetime, _until: datetime) -> dict[int, Reading]:
            return {each: Reading(each, NOW, 100.0) for each in series}

    both = [Measured(1, "Linky", "R004", 11), Measured(2, "Linky", "R004", 12)]
    assert len(heard(cast(History, Newest()), both, NOW)) == 2
