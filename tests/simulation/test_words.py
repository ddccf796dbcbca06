"""The report in words: the same in both languages, and nothing that cannot be said."""

from datetime import UTC, timedelta
from string import Formatter

import pytest
from attrs import evolve

from elfe.simulation.report import Problem, Report, Told, Trouble
from elfe.simulation.words import WORDS, figures, sentence, tell, verdict

from .made import NOON, after, appliance

TOLD = Told(appliance(), NOON, after(360), True, after(120), after(180), 1200.0, 1000.0, 1100.0, 800.0, None, True)
DAY = Report(24.0, "a made-up series", 3000.0, 9000.0, 0.0, 12_000.0, 2, 2, 2, 2, 0, 51.6,
             {"made": 9, "sent": 9, "acknowledged": 8, "proved": 7, "satisfied": 1, "not measurable": 0, "missed": 1}, (TOLD,))


def names(text):
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_both_languages_say_the_same_things():
    assert WORDS["en"].keys() == WORDS["fr"].keys()


@pytest.mark.parametrize("key", WORDS["en"])
def test_both_languages_tell_the_same_facts(key):
    assert names(WORDS["en"][key]) == names(WORDS["fr"][key])


@pytest.mark.parametrize("language", WORDS)
@pytest.mark.parametrize("trouble", Trouble)
def test_every_trouble_can_be_told(trouble, language):
    problem = Problem(trouble, "Washing machine R001", "30/60", after(270), after(300))
    text = verdict(evolve(DAY, problems=(problem,)), language, UTC)
    assert "[red]" in text
    assert "{" not in text


def test_a_day_that_went_well_says_so_in_green():
    assert verdict(DAY, "en", UTC) == "[green]Everything went well.[/]"


@pytest.mark.parametrize(("change", "words"), [
    ({}, "wanted by 18:00; ran from 14:00 to 15:00 because 1.1 kWh of surplus were forecast for it (1.0 of its 1.2 kWh came "
         "from it); started at once it would have imported 0.8 kWh more"),
    ({"expected_local_wh": 10.0}, "because no surplus was forecast for it before its deadline"),
    ({"expected_local_wh": None}, "because it could not wait any longer"),
    ({"possible": False}, "wanted by 18:00, which was impossible; ran from 14:00 to 15:00 at once, because it was late already"),
    ({"ran_to": None}, "ran from 14:00 and was not done at the end of the day"),
    ({"ran_from": None, "ran_to": None}, "wanted by 18:00; it has not run"),
    ({"deadline": None}, "declared at 12:00; ran from"),
    ({"more_wh": -300.0}, "it would have imported 0.3 kWh less"),
    ({"more_wh": 49.0}, "it would have imported as much"),
    ({"coldest_c": 51.6}, "drew 1.2 kWh, 1.0 of them from local surplus, never below 52 °C; always on it would have imported"),
])
def test_why_it_ran_when_it_did(change, words):
    assert words in sentence(evolve(TOLD, **change), "en", UTC)


def test_french_writes_its_decimals_with_a_comma():
    assert "1,2" in sentence(TOLD, "fr", UTC)
    assert figures(DAY, "fr")[0] == "Une journée de 24 heures, sur une série inventée"
    assert "Énergie déplacée : 3,0 kWh. Import évité : 3,0 kWh" in figures(DAY, "fr")[1]


@pytest.mark.parametrize(("expected", "words"), [
    (100.0, "0,1 kWh de surplus était prévu pour lui"), (1940.0, "1,9 kWh de surplus était prévu"),
    (1960.0, "2,0 kWh de surplus étaient prévus"), (12_000.0, "12,0 kWh de surplus étaient prévus")])
def test_in_french_the_plural_begins_at_two(expected, words):
    assert words in sentence(evolve(TOLD, expected_local_wh=expected), "fr", UTC)


def test_in_french_a_space_stands_before_the_colon():
    name = f"{TOLD.appliance.participant} {TOLD.appliance.name}"
    assert f"{name}\N{NO-BREAK SPACE}: déclaré" in tell(DAY, "fr", UTC)
    assert f"{name}: declared" in tell(DAY, "en", UTC)


def test_what_is_owed_is_told_when_there_is_any():
    assert "still to be drawn" not in figures(DAY, "en")[1]
    assert "2.0 kWh that are still to be drawn" in figures(evolve(DAY, owed_wh=2000.0), "en")[1]


def test_a_tank_is_told_when_there_is_one():
    assert "Coldest tank: 52 °C." in figures(DAY, "en")
    assert len(figures(evolve(DAY, coldest_c=None), "en")) == 4


def test_a_clock_is_the_territorys():
    from zoneinfo import ZoneInfo

    assert "declared at 14:00" in sentence(evolve(TOLD, declared_at=NOON + timedelta()), "en", ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize("language", WORDS)
def test_what_went_badly_is_red_in_the_whole_report(language):
    text = tell(evolve(DAY, told=(TOLD, evolve(TOLD, well=False))), language, UTC)
    assert text.count("[red]") == 1
    assert "{" not in text
