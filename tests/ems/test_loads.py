"""What machines and tanks may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from elfe.coordination.values import OffPeak
from elfe.ems.loads import CycleLoad, TankLoad
from elfe.ems.loads.tanks import full_reheat_wh, heating_day, is_hot
from elfe.slots import HORIZON, slot_of
from tests.ems.made import HOUR, NIGHT, NOON, PARIS, a_cycle_load, a_tank_load, minutes, slots

LUNCH = OffPeak(12 * HOUR + 1800, 14 * HOUR + 1800)


def starts(load: CycleLoad | TankLoad) -> list[int]:
    """Every start that it may have."""
    return [int(each) for each in type(load).fleet([load]).menu(0).runs]


def drawn(load: CycleLoad | TankLoad, start: int) -> list[float]:
    """What it draws from its start to its last slot, W."""
    row = type(load).fleet([load]).powers(np.array([start]))[0]
    return [float(each) for each in row[start:np.flatnonzero(row)[-1] + 1]]


def answer(load: CycleLoad | TankLoad, price: list[float]) -> int:
    """When it would start at this price."""
    return int(type(load).fleet([load]).respond(np.array(price))[0][0])


# -- machines ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "last_start"), [
    (slots(10), 7),
    (slots(10) + minutes(14), 7),       # a deadline within a slot: by floor, never a minute late
    (slots(3), 0),
    (slots(400), HORIZON - 3),          # beyond the horizon: it ends inside it, the next run looks further
    (None, HORIZON - 3),
])
def test_a_cycle_may_start_at_any_quarter_that_keeps_its_deadline(by: timedelta | None, last_start: int) -> None:
    load = a_cycle_load(by=by)
    assert starts(load) == list(range(last_start + 1))
    assert load.late_by == timedelta()


@pytest.mark.parametrize(("by", "late_by"), [(minutes(44), minutes(1)), (minutes(0), minutes(45)), (-minutes(60), minutes(105))])
def test_an_impossible_deadline_leaves_the_earliest_end_and_says_how_late(by: timedelta, late_by: timedelta) -> None:
    load = a_cycle_load(by=by)
    assert (starts(load), load.late_by) == ([0], late_by)


def test_a_declared_duration_that_is_longer_than_the_cycle_holds_the_place() -> None:
    load = a_cycle_load(by=slots(10), lasts=minutes(61))
    assert load.length == 5
    assert starts(load) == list(range(6))


@pytest.mark.parametrize(("by", "may_wait", "expected"), [
    (slots(20), slots(4), [13, 14, 15, 16, 17]),
    (slots(20), minutes(50), [13, 14, 15, 16, 17]),
    (slots(20), slots(90), list(range(18))),
    (slots(2), slots(4), [0]),                       # the deadline is out of reach: the wish does not make it later
    (slots(200), slots(4), [HORIZON - 3]),
])
def test_a_finished_load_waits_no_longer_than_wished(by: timedelta, may_wait: timedelta, expected: list[int]) -> None:
    assert starts(a_cycle_load(by=by, may_wait=may_wait)) == expected


def test_the_row_of_a_cycle_has_a_single_one_at_its_start() -> None:
    load = a_cycle_load()
    row = load.decisions(7)
    assert (len(row), sum(row), row.index(1)) == (HORIZON, 1, 7)


def test_a_cycle_answers_prices_with_its_cheapest_start() -> None:
    price = [1.0] * HORIZON
    price[30] = 0.1
    assert answer(a_cycle_load(), price) == 30
    assert answer(a_cycle_load(), [1.0] * HORIZON) == 0


# -- tanks ------------------------------------------------------------------------------------------------------------------


def heated(load: TankLoad) -> list[int]:
    """The slots that it heats in when it starts as soon as it may."""
    return [starts(load)[0] + i for i, power in enumerate(drawn(load, starts(load)[0])) if power]


def test_a_tank_heats_across_midnight_inside_its_window() -> None:
    load = a_tank_load(need_wh=3000)
    assert load.allowed == tuple(range(40, 72))                      # 22:00 to 06:00, seen from noon
    assert starts(load) == list(range(40, 67))
    assert drawn(load, 40) == [2000] * 6


def test_a_tank_may_heat_a_slot_more_than_it_is_expected_to() -> None:
    load = a_tank_load(need_wh=3000)
    assert [i for i, each in enumerate(load.decisions(40)) if each] == list(range(40, 47))
    assert [i for i, each in enumerate(load.decisions(66)) if each] == list(range(66, 72))


def test_the_last_slot_of_a_tank_draws_what_is_left() -> None:
    assert drawn(a_tank_load(need_wh=1300), 40) == pytest.approx([2000, 2000, 1200])


def test_a_tank_that_one_window_cannot_hold_goes_on_in_the_next() -> None:
    load = a_tank_load(need_wh=17_000, windows=(NIGHT, LUNCH))
    assert not load.overruns
    assert len(starts(load)) == 7                                    # 40 allowed slots, 34 needed
    assert heated(load) == [*range(2, 10), *range(40, 66)]


def test_windows_that_are_too_short_are_widened_by_the_nearest_slots_and_say_so() -> None:
    load = a_tank_load(need_wh=5000, windows=(LUNCH,))
    assert starts(load) == [1]
    assert load.overruns
    assert heated(load) == list(range(1, 11))
    assert load.source == "5.0 kWh of hot water, more than its off-peak windows hold"


def test_what_the_horizon_cuts_off_its_heating_day_can_wait() -> None:
    load = a_tank_load(need_wh=5000, from_index=40, to_index=44, whole=False)
    assert (load.needed, load.overruns) == (4, False)


def test_a_slot_that_only_begins_in_a_window_is_not_allowed() -> None:
    assert a_tank_load(windows=(OffPeak(22 * HOUR + 600, 23 * HOUR + 600),)).allowed == (41, 42, 43)


def test_a_tank_without_windows_heats_at_any_time() -> None:
    assert a_tank_load(windows=()).allowed == tuple(range(HORIZON))


@pytest.mark.parametrize(("evening", "hours"), [
    (datetime(2024, 10, 26, 20, 0, tzinfo=UTC), 9),      # summer time ends in this night: 22:00 to 06:00 last nine hours
    (datetime(2025, 3, 29, 21, 0, tzinfo=UTC), 7),       # and begins in this one
])
def test_d1_a_window_is_local_time_on_the_days_that_the_clock_changes(evening: datetime, hours: int) -> None:
    assert a_tank_load(first=evening).allowed[:4 * hours] == tuple(range(4 * hours))
    assert len([i for i in a_tank_load(first=evening).allowed if i < 80]) == 4 * hours


@pytest.mark.parametrize(("windows", "at", "begun", "over"), [
    ((NIGHT,), NOON, "2024-10-10T22:00+02:00", "2024-10-11T22:00+02:00"),
    ((NIGHT, LUNCH), NOON, "2024-10-10T22:00+02:00", "2024-10-11T22:00+02:00"),
    ((LUNCH,), NOON, "2024-10-10T12:30+02:00", "2024-10-11T12:30+02:00"),
    ((), NOON, "2024-10-11T12:00+02:00", "2024-10-12T12:00+02:00"),
    ((NIGHT,), datetime(2024, 10, 27, 12, tzinfo=UTC), "2024-10-26T22:00+02:00", "2024-10-27T22:00+01:00"),
])
def test_a_heating_day_begins_with_its_longest_window(windows: tuple[OffPeak, ...], at: datetime, begun: str,
                                                      over: str) -> None:
    assert heating_day(windows, at, PARIS) == (datetime.fromisoformat(begun), datetime.fromisoformat(over))


@pytest.mark.parametrize(("powers", "allowed", "hot"), [
    ([2000, 900, 0], [1, 1, 1], True),
    ([2000, 900, 0], [1, 1, 0], False),                  # the plan cut it, not its thermostat
    ([0, 0, 0], [1, 1, 1], False),                       # it never drew: perhaps nobody switched it on
    ([2000, None, None], [1, 1, 1], False),
    ([2000, 0, 2000, 0], [1, 0, 1, 1], True),
])
def test_a_tank_is_hot_when_it_was_allowed_and_drew_no_more(powers: list[float | None], allowed: list[int], hot: bool) -> None:
    assert is_hot(powers, [bool(each) for each in allowed], 2000) is hot


def test_a_full_reheat_of_200_litres_takes_nearly_twelve_kilowatt_hours() -> None:
    assert full_reheat_wh(200) == pytest.approx(11_628, abs=1)


def test_loads_count_from_the_same_slot() -> None:
    assert a_cycle_load().first_slot == a_tank_load().first_slot == slot_of(NOON)
