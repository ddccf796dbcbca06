"""The indicators from real rows, on both databases: a washing machine that ran where it was placed, and one that never answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from sqlalchemy import insert, update

from elfe.app import indicated
from elfe.command import store as orders
from elfe.command.orders import Cause, Stage
from elfe.coordination import inventory, ledger, queries
from elfe.coordination import store as provisioning
from elfe.devices.drivers import load
from elfe.ems import store as sortie_store
from elfe.ems.values import Placement, Plan
from elfe.errors import HistoryAway
from elfe.history.store import READING, SqlHistory, open_history
from elfe.history.values import BALANCE, Reading
from elfe.indicators import definitions, store
from elfe.indicators.store import World
from elfe.indicators.waterfall import Step, waterfall
from elfe.slots import HORIZON, SLOT, slot_of, slot_start
from tests.cli.test_cli import elfe
from tests.coordination.conftest import csv

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIRST = slot_of(NOON)
LATER = NOON + timedelta(hours=5)
TWO = csv("R004;;Lave-linge;lave_linge;120;A001;11;111;A8BC25;2h;;;;", "R005;;Lave-linge;lave_linge;120;A002;11;112;;2h;;;;")


@pytest.fixture
def world(coordination_url: str, tmp_path: Path) -> Iterator[World]:
    """Two machines lent at noon for 16 h: both placed at 13 h; one ran, in the sun; the other's plug never answered."""
    drivers = load()
    coordination, sortie = queries.open_coordination(coordination_url), sortie_store.open_sortie(f"sqlite:///{tmp_path}/s.db")
    sortie_store.create_sortie(sortie)
    history = open_history(f"sqlite:///{tmp_path}/h.db")
    read, problems = inventory.read(TWO, drivers)
    changes = provisioning.prepare(coordination, read, problems, history)
    ran, silent = provisioning.apply(coordination, changes, drivers, history, NOON)
    for each in (ran, silent):
        queries.declare(coordination, each.appliance_id, NOON + timedelta(hours=4), timedelta(hours=1), NOON)
    row = tuple(int(i == 4) for i in range(HORIZON))
    powers = (0.0,) * 4 + (2000.0,) * 4 + (0.0,) * (HORIZON - 8)
    placements = tuple(Placement(each.appliance_id, 112, row, powers, "", "") for each in (ran, silent))
    for first, decided in ((FIRST, row), (FIRST + 4, (1, *row[:-1]))):
        sortie_store.write_plan(sortie, Plan(first, NOON, tuple(
            Placement(each.appliance_id, 112, decided, each.power_w, "", "") for each in placements), (0.0,) * HORIZON, "", "", 1.0,
            None, 1))
    flexible = {each.appliance_id: each for each in queries.open_flexibilities(coordination)}
    with coordination.begin() as connection:
        for each, stage, cause in ((ran, Stage.DONE, Cause.PROVED), (silent, Stage.EXPIRED, Cause.SILENT)):
            connection.execute(insert(ledger.OrderRow.__table__).values(
                id=each.points[0], key=each.points[0], device_id=each.points[0], appliance_id=each.appliance_id,
                flexibility_id=flexible[each.appliance_id].id, why="start", is_on=True, powers=True, slot=FIRST + 4, status="",
                stage=stage, cause=cause, attempts=1, wanted_ms=0))
        queries.mark_started(connection, [(flexible[ran.appliance_id].id, slot_start(FIRST + 4))])
        queries.close_flexibilities(connection, [(flexible[ran.appliance_id].id, "started")], slot_start(FIRST + 4))
        connection.execute(update(queries.EPOM).where(queries.EPOM.c.id == ran.appliance_id)
                           .values(equipement_pilote_ou_mesure_mode_id=20))
    minutes = [NOON + timedelta(minutes=at) for at in range(5 * 60)]
    balance = history.series(BALANCE, "W")
    runs = range(60, 120)
    history.append([Reading(ran.power_series, at, 2000.0 if number in runs else 0.0) for number, at in enumerate(minutes)])
    history.append([Reading(balance, at, 500.0 if number in runs else -3000.0) for number, at in enumerate(minutes)])
    for name, watts in (("Panel_Prod_puissance_mae", 4000.0), ("Panel_R_puissance_mae", 3000.0), ("Prod_solaire", 9000.0)):
        series = history.series(name, "W")
        history.append([Reading(series, at, watts) for at in minutes])
    yield World(coordination, sortie, history, PARIS)
    for engine in (coordination, sortie, history.engine):
        engine.dispose()


def test_the_waterfall_says_what_was_moved_and_what_was_lost_and_why(world):
    lent, kept = store.lent(world, NOON - timedelta(hours=1), LATER)
    found = waterfall(lent)
    assert found.adds_up
    assert found.reached_kwh[Step.ORDERED] == pytest.approx(4.0)
    assert found.reached_kwh[Step.USEFUL] == pytest.approx(2.0)
    assert found.lost_kwh[Step.ORDERED] == {str(Cause.SILENT): pytest.approx(2.0)}
    assert (kept.due, kept.kept) == (2, 1)


def test_import_avoided_is_counted_against_starting_as_soon_as_declared(world):
    [ran] = [each for each in store.lent(world, NOON - timedelta(hours=1), LATER)[0] if each.proved]
    assert ran.avoided_wh == pytest.approx(2000.0)        # at noon there was nothing to spare


def test_the_twelve_from_real_rows(world):
    values = {each.indicator.key: each.value for each in definitions.computed(store.facts(world, LATER))}
    assert values["Nombre_appareils_connectes"] == 2
    assert values["Pourcentage_app_lances_24h"] == 50.0
    assert values["Energie_autoconsommee"] == 750.0
    assert values["Enr_solaire"] == 2250.0
    assert values["Part_solaire_prod"] == 100.0


def test_what_was_placed_adds_up_once_whoever_restarts_and_whenever(world):
    at = NOON
    while at <= LATER:
        store.facts(world, at)
        store.facts(world, at)
        at += SLOT * 3
    found = store.facts(world, LATER)
    assert (found.placed_ever_wh, found.placed_today_wh) == (pytest.approx(2000.0), pytest.approx(2000.0))


def test_a_quarter_that_nobody_counted_is_counted_when_somebody_is_back(world):
    store.facts(world, NOON + timedelta(minutes=30))
    assert store.facts(world, LATER).placed_ever_wh == pytest.approx(2000.0)


def test_a_total_does_not_go_on_from_what_the_first_program_sent_to_the_same_item(world):
    store.facts(world, NOON)
    theirs = world.history.series("Cumul_energie_placee", "kWh")
    world.history.append([Reading(theirs, NOON + timedelta(minutes=at, seconds=2), 2456.0) for at in range(0, 300, 15)])
    found = store.facts(world, LATER)
    assert (found.placed_ever_wh, found.placed_today_wh) == (pytest.approx(2000.0), pytest.approx(2000.0))


def test_what_became_of_each_flexibility_is_added_once_when_its_run_is_over(world):
    """The silent one was never closed; the other began at 13 h, and its six hours are over at 19 h."""
    store.facts(world, NOON)
    at = NOON + timedelta(hours=7)
    assert store.facts(world, at).ever["Cumul_flex_declaree"] == 0.0
    said = indicated.publish(world, at + SLOT)
    again = store.facts(world, at + SLOT + timedelta(minutes=3))
    assert again.ever["Cumul_flex_declaree"] == again.ever["Cumul_flex_utile"] == pytest.approx(2.0)
    assert again.ever["Cumul_energie_deplacee"] == again.ever["Cumul_import_evite"] == pytest.approx(2.0)
    assert (again.month["Cumul_promesses_echues"], again.month["Cumul_promesses_tenues"]) == (1, 1)
    assert json.loads(said["INDICATEURS/Promesses_tenues_30j"]) == 100.0
    kept = world.history.readings(world.history.find("Cumul_import_evite"), at, at + SLOT * 2)
    assert [(each.at, each.value) for each in kept] == [(at, 0.0), (at + SLOT, pytest.approx(2.0))]


@pytest.mark.parametrize(("outcome", "due"), [
    ("not started", 1), ("unknown whether it started", 1), ("mode 1", 0), ("given back", 0)])
def test_a_promise_that_somebody_took_back_is_not_broken(world, outcome, due):
    silent = min(queries.open_flexibilities(world.coordination), key=lambda each: each.id)
    with world.coordination.begin() as connection:
        queries.close_flexibilities(connection, [(silent.id, outcome)], NOON + timedelta(hours=2))
    _, kept = store.lent(world, NOON - timedelta(hours=1), LATER)
    assert (kept.kept, kept.due) == (1, 1 + due)


def test_what_a_plan_passed_over_could_not_be_planned_and_what_no_plan_saw_was_never_planned(world):
    passed = queries.flexibilities(world.coordination, NOON - timedelta(hours=1))[-1].appliance_id
    with world.sortie.begin() as connection:
        connection.execute(sortie_store.PLACEMENT.delete().where(sortie_store.PLACEMENT.c.appliance_id == passed))
    steps = [each.step for each in store.lent(world, NOON - timedelta(hours=1), LATER)[0] if each.appliance_id == passed]
    assert steps == [Step.DECLARED]
    with world.sortie.begin() as connection:
        connection.execute(sortie_store.PLAN.delete())
    steps = [each.step for each in store.lent(world, NOON - timedelta(hours=1), LATER)[0] if each.appliance_id == passed]
    assert steps == [Step.PLANNABLE]


def test_what_was_sent_is_told_with_its_instant_and_what_never_left_is_not(world):
    at = slot_start(FIRST + 4) + timedelta(seconds=5)
    order = ledger.OrderRow.__table__
    with world.coordination.begin() as connection:
        connection.execute(update(order).where(order.c.stage == Stage.DONE).values(sent_ms=int(at.timestamp() * 1000)))
    [told] = orders.sent(world.coordination, NOON, LATER)
    assert (told.at, told.on) == (at, True)
    assert orders.sent(world.coordination, at + timedelta(milliseconds=1), LATER) == []


def test_what_is_older_than_a_day_is_not_read_again_and_a_younger_gap_is_still_filled(world):
    old, young = NOON + timedelta(minutes=1), NOON + timedelta(hours=6)
    later = NOON + timedelta(days=1, hours=4)
    before = store.facts(world, later)
    for name in ("Panel_Prod_puissance_mae", "Panel_R_puissance_mae"):
        series = world.history.find(name)
        with world.history.engine.begin() as connection:
            connection.execute(READING.delete().where(READING.c.at_ms < int((old + SLOT).timestamp() * 1000)))
        world.history.append([Reading(series, young + timedelta(minutes=at), 9000.0) for at in range(15)])
    after = store.facts(world, later + SLOT)
    at, late = slot_of(NOON) - slot_of(later), slot_of(young) - slot_of(later)
    assert after.production_w[at - 1] == before.production_w[at] == 4000.0
    assert (before.production_w[late], after.production_w[late - 1]) == (None, 9000.0)
    assert len(after.production_w) == len(before.production_w) + 1


def test_each_quarter_is_kept_and_said(world):
    said = indicated.publish(world, LATER)
    assert json.loads(said["INDICATEURS/Energie_autoconsommee"]) == 750.0
    kept = world.history.last(world.history.find("Energie_autoconsommee"), LATER + SLOT)
    assert (kept.at, kept.value) == (LATER, 750.0)


@pytest.mark.parametrize(("last", "quarters"), [("2026-03-31T22:00Z", 31 * 96 - 4), ("2026-10-31T23:00Z", 31 * 96 + 4)])
def test_d1_a_local_month_has_the_quarters_of_its_changed_day(world, last, quarters):
    end = datetime.fromisoformat(last)
    assert len(store.facts(world, end - SLOT).production_w) == quarters - 1
    assert store.facts(world, end).production_w == ()


def known(world: World, at: datetime = LATER) -> set[str]:
    return {each.indicator.key for each in definitions.computed(store.facts(world, at)) if each.value is not None}


OF_THE_HISTORY = {"Cumul_energie_placee", "Energie_autoconsommee", "Enr_solaire", "Part_solaire_prod", "Cumul_import_evite"}
OF_THE_PLANS = {"Nombre_appareils_connectes", "Pourcentage_app_lances_24h"}


def test_e3_a_history_that_is_away_costs_what_is_read_of_it_and_is_asked_once(world, monkeypatch, caplog):
    before = known(world)
    assert before >= OF_THE_HISTORY | OF_THE_PLANS
    asked = []

    def away(self, *_):
        asked.append(1)
        raise HistoryAway("Zabbix does not answer")

    for each in ("find", "all_series", "last", "quarters", "quarters_of"):
        monkeypatch.setattr(SqlHistory, each, away)
    assert known(evolve(world), LATER + SLOT) == OF_THE_PLANS
    assert (len(asked), caplog.text.count("Zabbix does not answer")) == (1, 1)


def test_a_database_of_plans_that_is_away_costs_no_energy_of_the_territory(world):
    before = known(world)
    with world.sortie.begin() as connection:
        for table in (sortie_store.RESULT, sortie_store.PLACEMENT):
            table.drop(connection)
    after = known(world, LATER + SLOT)
    assert before - after == {"Nombre_appareils_connectes", "Cumul_energie_placee", "Pourcentage_energie_consommee_placee"} & before
    assert {"Energie_autoconsommee", "Enr_solaire", "Pourcentage_app_lances_24h"} <= after


def test_a_placement_that_somebody_wrote_badly_costs_no_indicator(world, caplog):
    with world.sortie.begin() as connection:
        connection.execute(update(sortie_store.PLACEMENT).values(power_w="[1, oops"))
    assert known(world) >= OF_THE_HISTORY | OF_THE_PLANS
    assert len(store.lent(world, NOON - timedelta(hours=1), LATER)[0]) == 2
    assert "powers of a placement cannot be read" in caplog.text


def test_they_are_typed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(json.loads(elfe("indicators", "show", "--json"))) == 24
    assert "first program" in elfe("indicators", "show", "--first")
    assert "Nothing was kept yet" in elfe("indicators", "history", "Enr_solaire")
    assert elfe("indicators", "history", "Enr_solaire", "--csv").startswith("at;Enr_solaire")
    assert json.loads(elfe("indicators", "flexibility", "--json"))["promises"] == {"due": 0, "kept": 0}
    assert elfe("indicators", "flexibility", "--csv").startswith("id;appliance")
    assert "0 of 0 deadlines kept" in elfe("indicators", "flexibility")


def _declared(world, deadline: timedelta):
    ran = min(queries.flexibilities(world.coordination, NOON - timedelta(hours=1)), key=lambda each: each.started_at is None)
    table = queries.FLEXIBILITY
    with world.coordination.begin() as connection:
        connection.execute(update(table).where(table.c.id == ran.id).values(deadline=int((NOON + deadline).timestamp())))
    return ran


def test_a_promise_that_is_broken_before_its_deadline_comes_is_counted(world):
    silent = min(queries.open_flexibilities(world.coordination), key=lambda each: each.id)
    store.facts(world, NOON)
    with world.coordination.begin() as connection:
        queries.close_flexibilities(connection, [(silent.id, "not started")], NOON + timedelta(hours=2))
    month = store.facts(world, NOON + timedelta(hours=2) + SLOT).month
    assert (month["Cumul_promesses_echues"], month["Cumul_promesses_tenues"]) == (1, 0)


@pytest.mark.parametrize("deadline", [timedelta(hours=4), timedelta(hours=10), timedelta(hours=30)])
def test_a_promise_is_counted_however_long_after_its_run_its_deadline_comes(world, deadline):
    _declared(world, deadline)
    store.facts(world, NOON)
    month = store.facts(world, NOON + timedelta(hours=7) + SLOT).month
    assert (month["Cumul_promesses_echues"], month["Cumul_promesses_tenues"]) == (1, 1)


def test_a_machine_that_stands_by_after_its_run_has_kept_its_promise(world):
    series = world.history.find("A001 puissance")
    later = range(120, 300)
    with world.history.engine.begin() as connection:
        connection.execute(READING.delete().where(READING.c.series_id == series, READING.c.value == 0.0))
    world.history.append([Reading(series, NOON + timedelta(minutes=at), 1.2) for at in later])
    _, kept = store.lent(world, NOON - timedelta(hours=1), LATER)
    assert (kept.due, kept.kept) == (2, 1)
