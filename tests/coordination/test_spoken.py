"""What people write: durations, hours, windows, appliances."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from elfe.coordination import spoken
from elfe.coordination.values import Appliance, ApplianceType, Mode, OffPeak
from elfe.errors import DeclarationError

PARIS = ZoneInfo("Europe/Paris")
FRIDAY_NOON = datetime(2024, 10, 11, 10, 0, tzinfo=UTC)      # 12:00 in Paris

WASHER = Appliance(id=7, name="Lave-linge", type=ApplianceType.WASHING_MACHINE, typology=120, mode=Mode.MANUAL, control=15,
                   command=1, participant="R004")
DRYER = evolve(WASHER, id=8, name="Sèche-linge", type=ApplianceType.TUMBLE_DRYER)
OTHER_WASHER = evolve(WASHER, id=9, participant="R005")
SECOND_WASHER = evolve(WASHER, id=10, name="Lave-linge cave")
TANK = evolve(WASHER, id=11, name="Cumulus", type=ApplianceType.WATER_HEATER, typology=190)


@pytest.mark.parametrize(("text", "minutes"), [
    ("2h30", 150), ("2h", 120), ("2 h 30 min", 150), ("45min", 45), ("45 mn", 45), ("90m", 90), ("2H05", 125),
])
def test_a_duration_is_read_with_its_unit(text: str, minutes: int) -> None:
    assert spoken.parse_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["", "45", "h", "deux heures", "2h30s", "-2h", "2,5h"])
def test_what_has_no_unit_or_no_sense_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="^" + text.replace("-", r"\-") + "$"):
        spoken.parse_duration(text)


def test_off_peak_windows_may_cross_midnight_and_end_with_the_day() -> None:
    windows = spoken.parse_windows("22:30-06:30 12h-14h30 23:00-24:00")
    assert windows == (OffPeak(81_000, 23_400), OffPeak(43_200, 52_200), OffPeak(82_800, 86_400))


@pytest.mark.parametrize("text", ["22:30", "22:30-25:00", "22:61-23:00", "06:00-06:00", "nuit"])
def test_a_window_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        spoken.parse_windows(f"12:00-13:00 {text}")


@pytest.mark.parametrize(("text", "local"), [
    ("18:00", "2024-10-11T18:00+02:00"),
    ("18h", "2024-10-11T18:00+02:00"),
    ("7h30", "2024-10-12T07:30+02:00"),                # past for today
    ("12:00", "2024-10-12T12:00+02:00"),               # now is not in the future
    ("demain 07:00", "2024-10-12T07:00+02:00"),
    ("demain 18h", "2024-10-12T18:00+02:00"),
    ("2024-10-13T08:00", "2024-10-13T08:00+02:00"),
    ("2024-10-13T08:00+00:00", "2024-10-13T10:00+02:00"),
    ("2024-10-10T08:00", "2024-10-10T08:00+02:00"),    # past: whoever declares refuses it
])
def test_a_deadline_is_the_next_occurrence_of_a_local_time(text: str, local: str) -> None:
    assert spoken.parse_deadline(text, FRIDAY_NOON, PARIS) == datetime.fromisoformat(local)


def test_d2_a_time_that_the_clock_skips_in_spring_is_refused() -> None:
    saturday_evening = datetime(2024, 3, 30, 20, 0, tzinfo=UTC)
    with pytest.raises(DeclarationError, match="31/03/2024, 02:30 n'existe pas"):
        spoken.parse_deadline("2:30", saturday_evening, PARIS)


@pytest.mark.parametrize(("now", "meant"), [
    ("2024-10-26T20:00+02:00", "2024-10-27T02:30+02:00"),      # it comes twice: the first
    ("2024-10-27T02:45+02:00", "2024-10-27T02:30+01:00"),      # the first has passed
    ("2024-10-27T02:45+01:00", "2024-10-28T02:30+01:00"),      # both have
])
def test_d2_a_time_that_comes_twice_in_autumn_is_the_first_that_is_still_to_come(now: str, meant: str) -> None:
    found = spoken.parse_deadline("02:30", datetime.fromisoformat(now).astimezone(UTC), PARIS)
    assert found == datetime.fromisoformat(meant)


@pytest.mark.parametrize("text", ["bientôt", "25:00", "18:60", "demain", "18", ""])
def test_what_is_not_a_deadline_is_answered_with_what_would_be(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"accepté : 18:00, demain 07:00 ou 2024-10-11T18:00"):
        spoken.parse_deadline(text, FRIDAY_NOON, PARIS)


@pytest.mark.parametrize(("text", "id"), [
    ("lave-linge R004", 7), ("LAVE LINGE r004", 7), ("seche linge R004", 8), ("sèche-linge", 8), ("R005", 9),
    ("cave", 10), ("lave-linge cave R004", 10), ("8", 8), ("ballon r004", 11), ("cumulus", 11),
])
def test_an_appliance_is_found_by_words_of_its_name_its_type_and_its_participant(text: str, id: int) -> None:
    assert spoken.find_appliance(text, [WASHER, DRYER, OTHER_WASHER, SECOND_WASHER, TANK]).id == id


def test_several_that_answer_are_listed() -> None:
    with pytest.raises(DeclarationError, match=r"plusieurs appareils : Lave-linge R004 \(n° 7\), Lave-linge R005 \(n° 9\)"):
        spoken.find_appliance("lave-linge", [WASHER, DRYER, OTHER_WASHER])


def test_when_none_answers_the_participants_own_are_listed() -> None:
    with pytest.raises(DeclarationError, match=r"« frigo R005 » ; il y a : Lave-linge R005 \(n° 9\)$"):
        spoken.find_appliance("frigo R005", [WASHER, DRYER, OTHER_WASHER])


def test_a_removed_appliance_answers_to_nothing() -> None:
    with pytest.raises(DeclarationError, match="aucun appareil"):
        spoken.find_appliance("lave-linge R004", [evolve(WASHER, mode=Mode.REMOVED)])
