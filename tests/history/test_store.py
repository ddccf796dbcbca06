"""The history on SQLite and on a real PostgreSQL: each reading once, each series by its name."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from elfe.errors import SchemaError
from elfe.history.store import SqlHistory, open_history
from elfe.history.values import BALANCE, Reading
from elfe.slots import slot_of

NOON = datetime(2024, 6, 12, 10, tzinfo=UTC)
A_DAY_OF_QUARTERS_WITHIN_S = 0.05
"""Of our own processor, for a day of one appliance that spoke every thirty seconds; the EMS asks it for each load."""


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_series_keeps_its_id(history: SqlHistory, history_url: str) -> None:
    power, balance = history.series("D101 puissance", "W"), history.series(BALANCE, "W")
    assert power != balance
    assert history.series("D101 puissance", "W") == power
    assert open_history(history_url).series("D101 puissance", "W") == power
    assert history.names() == [(power, "D101 puissance", "W"), (balance, BALANCE, "W")]


def test_looking_for_a_series_makes_none(history: SqlHistory) -> None:
    assert history.find("D101 puissance") is None
    assert history.names() == []


def test_a_reading_is_kept_once_and_as_it_first_was(history: SqlHistory) -> None:
    power = history.series("D101 puissance", "W")
    history.append([Reading(power, NOON, 100.0)])
    history.append([Reading(power, NOON, 999.0), Reading(power, _at(1), 101.0), Reading(power, _at(1), 102.0)])
    assert [(each.at, each.value) for each in history.readings(power, NOON, _at(60))] == [(NOON, 100.0), (_at(1), 101.0)]


def test_the_order_of_arrival_does_not_matter(history: SqlHistory) -> None:
    readings = [(0, 100.0), (30, 200.0), (60, 300.0), (90, 400.0)]
    for number, shuffled in enumerate(permutations(readings)):
        series = history.series(f"D{number:03} puissance", "W")
        for seconds, value in shuffled:
            history.append([Reading(series, _at(seconds), value)])
        found = [(each.at, each.value) for each in history.readings(series, NOON, _at(900))]
        assert found == [(_at(seconds), value) for seconds, value in readings]


def test_an_instant_is_kept_to_the_millisecond_and_comes_back_in_utc(history: SqlHistory) -> None:
    series = history.series("D101 puissance", "W")
    history.append([Reading(series, datetime.fromisoformat("2024-10-27T02:30:00.123456+01:00"), 1.0)])
    found = history.last(series, datetime(2025, 1, 1, tzinfo=UTC))
    assert found is not None
    assert found.at == datetime(2024, 10, 27, 1, 30, 0, 123_000, tzinfo=UTC)
    assert found.at.utcoffset() == timedelta()


def test_a_window_holds_its_start_and_not_its_end(history: SqlHistory) -> None:
    series = history.series("D101 puissance", "W")
    history.append(Reading(series, _at(seconds), seconds) for seconds in (-1, 0, 59, 60))
    assert [each.value for each in history.readings(series, NOON, _at(60))] == [0.0, 59.0]


def test_the_last_reading_before_an_instant(history: SqlHistory) -> None:
    series, other = history.series("D101 puissance", "W"), history.series("D102 puissance", "W")
    history.append([Reading(series, _at(0), 1.0), Reading(series, _at(60), 2.0), Reading(other, _at(70), 3.0)])
    assert history.last(series, _at(60)) == Reading(series, _at(0), 1.0)
    assert history.last(series, _at(61)) == Reading(series, _at(60), 2.0)
    assert history.last(series, _at(0)) is None


def test_quarters_know_what_was_said_just_before_them(history: SqlHistory) -> None:
    series = history.series("D101 puissance", "W")
    history.append(Reading(series, _at(seconds), 500.0) for seconds in (-60, 240, 540))
    assert history.quarters(series, slot_of(NOON), 2, timedelta(minutes=6)) == [500.0, None]


def test_readings_of_a_series_that_is_not_there_are_refused_whole(history: SqlHistory) -> None:
    series = history.series("D101 puissance", "W")
    with pytest.raises(IntegrityError):
        history.append([Reading(series, NOON, 1.0), Reading(series + 1, NOON, 1.0)])
    assert list(history.readings(series, NOON, _at(60))) == []


def test_a_day_of_one_appliance_is_read_at_once(history: SqlHistory) -> None:
    chance = random.Random(1)
    series = history.series("D101 puissance", "W")
    history.append(Reading(series, _at(30 * number), chance.uniform(0, 3000)) for number in range(2880))
    took = []
    for _ in range(3):
        begun = time.process_time()
        found = history.quarters(series, slot_of(NOON), 96, timedelta(minutes=5))
        took.append(time.process_time() - begun)
    assert None not in found
    assert min(took) < A_DAY_OF_QUARTERS_WITHIN_S


def test_a_database_that_does_not_answer_is_named(tmp_path: object) -> None:
    with pytest.raises(SchemaError, match=r"nowhere/history\.db does not answer"):
        open_history(f"sqlite:///{tmp_path}/nowhere/history.db")


def test_the_series_of_a_whole_territory_are_made_together_and_asked_for_once(history: SqlHistory) -> None:
    known = history.series("D001 puissance", "W")
    wanted = {f"D{number:03} puissance": "W" for number in range(1, 400)}
    begun: list[object] = []
    event.listen(history.engine, "begin", begun.append)
    ids = history.all_series(wanted)
    assert history.all_series(wanted) == ids
    assert len(begun) == 1
    assert ids["D001 puissance"] == known
    assert {id: (name, "W") for name, id in ids.items()} == {id: (name, unit) for id, name, unit in history.names()}
