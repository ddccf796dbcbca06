"""`elfe territory`, `elfe weather`, `elfe mail`, as they are typed."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from elfe import clock
from elfe.app.context import Context
from elfe.coordination import announced
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


def test_every_source_is_asked_and_what_is_wrong_is_told(here):
    done = RUNNER.invoke(app, ["territory", "sources", "--json"])
    solar, wind = json.loads(done.stdout)
    assert (solar["value"], solar["problem"]) == (1200.0, "")
    assert "none.csv cannot be read" in wind["problem"]
    assert done.exit_code == 1


def test_the_weather_says_what_is_missing_then_what_comes(here):
    assert "aucun seuil" in str(RUNNER.invoke(app, ["weather", "show"]).exception)
    elfe("weather", "thresholds", "--set", "-2000 -500 500 2000")
    assert "aucune prévision" in str(RUNNER.invoke(app, ["weather", "show"]).exception)
    now = clock.now()
    sortie_store.write_plan(here.sortie, Plan(slot_of(now), now, (), (3000.0,) * 96, "persistence", "optimal", 1.0, 1.0, 3))
    assert "++" in elfe("weather", "show")
    assert json.loads(elfe("weather", "show", "--json"))["level"] == 2


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
    assert "Les bons moments" in elfe("mail", "preview", "R004")
    assert elfe("mail", "preview", "R004", "--html").startswith("<!doctype html>")
    elfe("mail", "unsubscribe", "R004")
    assert announced.unsubscribed(here.coordination) == {"R004"}
    elfe("mail", "subscribe", "R004")
    assert announced.unsubscribed(here.coordination) == frozenset()
    day = clock.now().astimezone(here.settings.zone).date()
    announced.claim(here.coordination, day, "R004", clock.now() - timedelta(minutes=1))
    assert "peut-être envoyé" in elfe("mail", "status")
