"""`elfe territory`, `elfe weather`, `elfe mail`, as they are typed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from elfe import clock
from elfe.app.context import Context
from elfe.connectors import csv_file
from elfe.coordination import announced, tables
from elfe.ems import store as sortie_store
from elfe.ems.values import Plan
from elfe.history.values import BALANCE, Reading
from elfe.settings import load
from elfe.slots import slot_of, slot_start
from tests.cli.test_cli import RUNNER, app, elfe


@pytest.fixture
def here(tmp_path, monkeypatch) -> Context:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod.csv").write_text(f"at;w\n{clock.now().isoformat()};1200\n")
    (tmp_path / "elfe.toml").write_text(
        '[sources.Prod_solaire]\nconnector = "csv"\nfile = "prod.csv"\ntime = "at"\nvalue = "w"\n'
        '[sources.Prod_eolienne]\nconnector = "csv"\nfile = "none.csv"\ntime = "at"\nvalue = "w"\n')
    return Context(load(tmp_path / "elfe.toml"))


def test_f12_every_source_is_asked_and_what_is_wrong_is_told_in_its_row(here):
    with open("elfe.toml", "a") as more:
        more.write('[sources.A]\nconnector = "pigeon"\n[sources.B]\nconnector = "csv"\nspeed = 1\n'
                   '[sources.Odd]\nconnector = "csv"\nfile = "odd.csv"\ntime = "at"\nvalue = "w"\n')
    with open("odd.csv", "w") as odd:
        odd.write(f"at;w\n{clock.now().isoformat()};7\nhier;8\n")
    done = RUNNER.invoke(app, ["territory", "sources", "--json"])
    solar, wind, unknown, wrong, odd_one = json.loads(done.stdout)
    assert (solar["value"], solar["problem"]) == (1200.0, "")
    assert "none.csv cannot be read" in wind["problem"]
    assert "'pigeon' is not installed" in unknown["problem"]
    assert "unknown speed" in wrong["problem"]
    assert (odd_one["value"], "'hier' is not an instant" in odd_one["problem"]) == (7.0, True)
    assert done.exit_code == 1


def test_f12_a_source_whose_newest_value_counts_for_nothing_says_so(here):
    with open("elfe.toml", "a") as more:
        more.write('[sources.Prod_old]\nconnector = "csv"\nfile = "old.csv"\ntime = "at"\nvalue = "w"\n'
                   '[sources.Prod_odd]\nconnector = "csv"\nfile = "odd.csv"\ntime = "at"\nvalue = "w"\n')
    with open("old.csv", "w") as old, open("odd.csv", "w") as odd:
        old.write(f"at;w\n{(clock.now() - timedelta(hours=2)).isoformat()};7\n")
        odd.write("at;w\n9000-01-01 00:00;7\n")
    _, _, old_one, odd_one = json.loads(RUNNER.invoke(app, ["territory", "sources", "--json"]).stdout)
    assert (old_one["value"], "it counts for nothing" in old_one["problem"]) == (7.0, True)
    assert (odd_one["value"], odd_one["problem"]) == (None, "rows of another time are left out, one of 9000-01-01")


def examined(what: str) -> tuple[str, str]:
    [found] = [each for each in json.loads(RUNNER.invoke(app, ["doctor", "--json"]).stdout) if each["what"] == what]
    return found["state"], found["says"]


def test_the_doctor_names_sources_that_are_silent_and_since_when(here):
    for name, ago in (("Prod_solaire", timedelta(minutes=2)), ("Prod_eolienne", timedelta(hours=3))):
        at = clock.now() - ago
        here.history.append([Reading(here.history.series(name, "W"), at, 7.0)])
    assert examined("sources") == (
        "warn", f"Prod_eolienne says nothing since {at:%Y-%m-%d %H:%M} UTC; `elfe territory sources` asks each")


def test_the_doctor_names_a_source_that_is_configured_wrongly(here):
    with open("elfe.toml", "a") as more:
        more.write('[sources.A]\nconnector = "pigeon"\n')
    state, says = examined("sources")
    assert (state, says.startswith("[sources.A]: connector: 'pigeon' is not installed")) == ("fail", True)
    assert says.endswith("; `elfe territory sources` asks each")


def test_the_doctor_tells_a_plan_that_had_nothing_to_place(here):
    now = clock.now()
    sortie_store.write_plan(here.sortie, Plan(slot_of(now), now, (), (0.0,) * 96, "persistence", "nothing to place", 1.0, 1.0, 0))
    state, says = examined("plan")
    assert (state, says.endswith("minutes ago, with nothing to place")) == ("ok", True)


def test_the_doctor_tells_a_plan_whose_quarter_is_to_come(here, monkeypatch):
    now = slot_start(slot_of(clock.now()))
    monkeypatch.setattr(clock, "now", lambda: now)
    coming = Plan(slot_of(now) + 1, now, (), (0.0,) * 96, "persistence", "nothing to place", 1.0, 1.0, 0)
    sortie_store.write_plan(here.sortie, coming)
    assert examined("plan") == ("ok", "from in 15 minutes, with nothing to place")


def test_f12_a_strangers_connector_may_raise_anything_and_the_others_are_told(here, monkeypatch):
    monkeypatch.setattr(csv_file.CsvFile, "read", lambda self, since, now: 1 / 0)
    done = RUNNER.invoke(app, ["territory", "sources", "--json"])
    assert [each["problem"] for each in json.loads(done.stdout)] == ["ZeroDivisionError: division by zero"] * 2


@pytest.mark.parametrize("words", [("mail", "preview"), ("mail", "unsubscribe"), ("mail", "subscribe"), ("weather", "cohort")])
def test_a_participant_that_nobody_knows_is_told_with_those_who_are_known(here, words):
    a_participant(here, "R004")
    told = str(RUNNER.invoke(app, [*words, "R005"]).exception)
    assert told == "aucun participant « R005 » (connus : R004)"
    assert announced.unsubscribed(here.coordination) == frozenset()


def test_a_participant_is_found_as_one_types_them(here):
    a_participant(here, "L'Île \"d'été\"")
    assert "Les bons moments" in elfe("mail", "preview", "l'île \"D'ÉTÉ\"")


@pytest.mark.parametrize("name", ["a/b", "a+", "#", "general", "x" * 41])
def test_a_group_that_could_not_stand_in_a_topic_is_refused_wherever_it_is_typed(here, name):
    a_participant(here, "R004")
    for words in (["weather", "cohort", "R004", name], ["weather", "thresholds", "--cohort", name, "--set", "1 2 3 4"]):
        assert "un groupe se nomme" in str(RUNNER.invoke(app, words).exception)


def test_flexibility_of_no_time_is_refused(here):
    today = clock.now().date()
    words = ["--from", f"{today - timedelta(days=3)}", "--to", f"{today - timedelta(days=9)}"]
    told = str(RUNNER.invoke(app, ["indicators", "flexibility", *words]).exception)
    assert told == f"--from ({words[1]}) must be before --to ({words[3]})"


def test_flexibility_from_before_the_plans_that_are_kept_is_refused(here):
    told = str(RUNNER.invoke(app, ["indicators", "flexibility", "--days", "401"]).exception)
    assert told.startswith("plans are kept for 400 days (ems.keep_days)")


def a_participant(here: Context, reference: str) -> None:
    with here.coordination.begin() as connection:
        connection.execute(insert(tables.ParticipantRow.__table__).values(reference=reference, email="", observer=False))


def test_the_weather_says_what_is_missing_then_what_comes(here):
    assert "aucun seuil" in str(RUNNER.invoke(app, ["weather", "show"]).exception)
    elfe("weather", "thresholds", "--set", "-2000 -500 500 2000")
    assert "Maintenant : inconnu\nLa prévision manque" in elfe("weather", "show")
    now = clock.now()
    sortie_store.write_plan(here.sortie, Plan(slot_of(now), now, (), (3000.0,) * 96, "persistence", "optimal", 1.0, 1.0, 3))
    assert "++" in elfe("weather", "show")
    assert json.loads(elfe("weather", "show", "--json"))["level"] == 2


def test_a_group_that_there_is_not_is_named_beside_those_that_there_are(here):
    a_participant(here, "R004")
    elfe("weather", "thresholds", "--set", "-2000 -500 500 2000")
    assert "ACC_1 est un nouveau groupe" in RUNNER.invoke(app, ["weather", "cohort", "R004", "ACC_1"]).stderr
    assert RUNNER.invoke(app, ["weather", "cohort", "R004", "ACC_1"]).stderr == ""
    assert elfe("weather", "show", "--cohort", "ACC_1") == elfe("weather", "show", "--cohort", "general")
    assert str(RUNNER.invoke(app, ["weather", "show", "--cohort", "ACC_2"]).exception) == "aucun groupe « ACC_2 » (connus : ACC_1)"


@pytest.mark.parametrize(("four", "told"), [
    ("1 2 3", "quatre nombres"), ("4 3 2 1", "doivent croître"), ("a b c d", "quatre nombres")])
def test_thresholds_that_cannot_be_are_refused(here, four, told):
    assert told in str(RUNNER.invoke(app, ["weather", "thresholds", "--set", four]).exception)
    assert announced.thresholds(here.coordination) == []


def test_thresholds_are_proposed_from_a_week(here):
    assert "trop tôt" in str(RUNNER.invoke(app, ["weather", "thresholds", "--propose"]).exception)
    series, last = here.history.series(BALANCE, "W"), slot_of(clock.now())
    here.history.append([Reading(series, slot_start(last - i), float(i)) for i in range(1, 700)])
    assert '--set "70 210 490 630"' in elfe("weather", "thresholds", "--propose")


def test_a_mail_can_be_seen_before_it_goes_and_refused_for_good(here):
    a_participant(here, "R004")
    assert "Les bons moments" in elfe("mail", "preview", "R004")
    assert elfe("mail", "preview", "R004", "--html").startswith("<!doctype html>")
    elfe("mail", "unsubscribe", "R004")
    assert announced.unsubscribed(here.coordination) == {"R004"}
    elfe("mail", "subscribe", "R004")
    assert announced.unsubscribed(here.coordination) == frozenset()
    day = clock.now().astimezone(here.settings.zone).date()
    announced.claim(here.coordination, day, "R004", clock.now() - timedelta(minutes=1))
    assert "peut-être envoyé" in elfe("mail", "status")
