"""Who leaves is erased from every table, series and file, and nobody else is."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, Table, insert, select

from elfe import settings
from elfe.app import after_visit, brokering, visit_journal
from elfe.app.context import Context
from elfe.coordination import inventory, queries, store
from elfe.coordination.tables import OURS
from elfe.ems import store as sortie
from elfe.ems.fairness import Account
from elfe.ems.fairness import store as fairness
from elfe.history import store as history
from elfe.history.values import Reading
from tests.coordination.test_every_kind import HEADER

NOW = datetime(2024, 10, 11, 8, 0, tzinfo=UTC)
ANNE = """\
R004;anne@exemple.fr;Lave-linge d'Anne;lave_linge;120;A001;11;111;A8BC25
R004;;Ballon d'Anne;ballon_ecs;180;D001;12;411;;;;2200;;;;;;;;;;;;200;22:30-06:30
R004;;Voiture d'Anne;voiture_electrique;180;D002;12;411;;;;7,4 kW;52;90
R004;;Radiateurs d'Anne;chauffage_non_asservi;120;D003;11;411;;;;1500;;;300;30;06:00-08:30 17h-22h;00:00-12:00
R004;;Chauffage d'Anne;chauffage_asservi;140;D004;12;411;;;;2000;;;;;;;19,5 °C;17;0,5;bonne
R004;;Chauffage d'Anne;;;F004;61;611;A8032A
R004;;Compteur d'Anne;compteur_electrique;200;B006;21;211;;;;;;;;;;;;;;;12345678901234
"""
BERT = ANNE.replace("R004", "R005").replace("anne@", "bert@").replace("Anne", "Bert").replace("12345678901234", "98765432109876")
FILLED_OTHERWISE = {"participant", "hardware", "departure", "command_order"}
ELSEWHERE = {"A001": "A101", "D001": "D101", "D002": "D102", "D003": "D103", "D004": "D104", "F004": "F104", "B006": "B106",
             "A8BC25": "A8BC26", "A8032A": "A8032B"}
OF_ANNE = ("R004", "anne@", "Anne", "12345678901234")
HOW_THEY_LIVED = ("prog_", "temperature_", "timestamp_", "pourcentage_charge", "numero_")
KNOWN_TO_STAY = {("departure", "R004")}
"""That somebody with this reference left, and when: so that a restored backup can be erased again."""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Context]:
    """Two homes with every kind of appliance, and everything that there is to know of them."""
    databases = ""
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_url")
        engine = queries.open_coordination(url)
        queries.create_blank(engine)
        sortie.create_sortie(engine)
        engine.dispose()
        databases = "[databases]\n" + "".join(f"{name} = '{url}'\n" for name in ("coordination", "sortie_ems", "history"))
    made = Context(settings.parse(f"data_dir = '{tmp_path}'\n{databases}", {}))
    queries.upgrade(made.coordination)
    header = HEADER.replace("participant;", "participant;email;")
    lines = [*ANNE.splitlines(), *_moved(BERT).splitlines()]
    asked, problems = inventory.read("\n".join([header, *(each + ";" * (header.count(";") - each.count(";")) for each in lines)]),
                                     made.drivers)
    store.apply(made.coordination, store.prepare(made.coordination, asked, problems, made.history), made.drivers, made.history, NOW)
    _live(made)
    yield made
    for each in (made.coordination, made.sortie, made.history.engine):
        each.dispose()


def _moved(lines: str) -> str:
    for before, after in ELSEWHERE.items():
        lines = lines.replace(before, after)
    return lines


def _live(here: Context) -> None:
    """Something of both in every table of ours that tells of a person or a device, whoever adds one; and all else there is."""
    fairness.book(here.sortie, 1, {home: Account(1.0, 1.0, 1.0) for home in ("R004", "R005")})
    for home, who, point in (("R004", "Anne", "A001"), ("R005", "Bert", "A101")):
        whose = {"reference": home, "home": home, "device_id": point}
        with here.coordination.begin() as connection:
            for table in queries.metadata.sorted_tables:
                if table.schema == OURS and whose.keys() & set(table.c.keys()) and table.name not in FILLED_OTHERWISE:
                    connection.execute(insert(table).values(_row(table, whose, who)))
        washer = next(each for each in store.standing(here.coordination).appliances if (each.participant, each.type) == (home, 112))
        queries.declare(here.coordination, washer.id, NOW + timedelta(hours=9), timedelta(hours=1), NOW)
        visit_journal.Journal(after_visit.visits_folder(here)).expect(home, [f"Lave-linge d'{who}"])
        here.history.append([Reading(here.history.series(f"{point} puissance", "W"), NOW, 4321.0)])
        brokering.secrets_of(here).ensure(point)


def _row(table: Table, whose: Mapping[str, str], who: str) -> dict[str, Any]:
    """A row of any table."""
    serial = table.autoincrement_column
    return {each.name: whose.get(each.name, _any(each, who)) for each in table.c if each is not serial}


def _any(column: Column[Any], who: str) -> object:
    return {bool: False, int: 1, float: 1.0}.get(column.type.python_type, f"{column.name} d'{who}")


def cells(here: Context) -> Iterator[tuple[str, str]]:
    """Every row of our three bases, as text."""
    for engine, metadata in _bases(here):
        with engine.connect() as connection:
            for table in metadata.sorted_tables:
                for row in connection.execute(select(table)).mappings():
                    yield table.name, json.dumps({name: str(value) for name, value in row.items()}, ensure_ascii=False)


def _bases(here: Context) -> Iterable[tuple[Engine, Any]]:
    return ((here.coordination, queries.metadata), (here.sortie, sortie.Base.metadata),
            (here.history.engine, history.Base.metadata))


def test_of_who_has_left_nothing_is_found_in_any_table(here: Context) -> None:
    assert {word for word in OF_ANNE for _, row in cells(here) if word in row} == set(OF_ANNE)
    after_visit.leave(here, after_visit.leaves(here, "R004", "", (), keeps_measures=False), NOW)
    assert {(table, word) for table, row in cells(here) for word in OF_ANNE if word in row} == KNOWN_TO_STAY
    assert not [row for table, row in cells(here) if table == "reading" and "4321" in row and _series(here, "A001") in row]


def _series(here: Context, point: str) -> str:
    return f'"series_id": "{here.history.find(f"{point} puissance")}"'


def test_what_the_other_homes_have_stays_as_it_is(here: Context) -> None:
    before = [each for each in cells(here) if "Bert" in each[1] or "R005" in each[1] or _series(here, "A101") in each[1]]
    after_visit.leave(here, after_visit.leaves(here, "R004", "", (), keeps_measures=False), NOW)
    after = list(cells(here))
    assert len(before) > 20
    assert [each for each in before if each not in after] == []


@pytest.mark.parametrize("here", ["sqlite"], indirect=True)
def test_of_who_has_left_nothing_is_found_in_any_file(here: Context, tmp_path: Path) -> None:
    """Neither in free pages and logs of the databases, nor in a report, a journal, a secret; while services have them open."""
    with closing(sqlite3.connect(tmp_path / "coordination.db")) as service:
        service.execute("SELECT count(*) FROM participant").fetchall()
        after_visit.leave(here, after_visit.leaves(here, "R004", "", (), keeps_measures=False), NOW)
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each.name for each in files if b"bert@exemple.fr" in each.read_bytes()] == ["coordination.db"]
    assert [(each.name, word) for each in files for word in OF_ANNE[1:] if word.encode() in each.read_bytes()] == []
    assert [each.name for each in files if "R004" in each.name or each.name == "A001"] == []


def test_how_somebody_lived_is_told_by_no_appliance(here: Context) -> None:
    wishes = {each.id: each for each in store.standing(here.coordination).appliances if each.participant == "R004"}
    assert any(each.windows for each in wishes.values())
    after_visit.leave(here, after_visit.leaves(here, "R004", "", (), keeps_measures=False), NOW)
    told = {value for table in store.DETAIL_TABLES.values() for id, row in _details(here, table).items() if id in wishes
            for name, value in row.items() if name.startswith(HOW_THEY_LIVED)}
    assert told <= {0, 1, "0"}      # 0 and no programme are False too
    assert [each.windows for each in queries.water_heaters(here.coordination) if each.appliance.id in wishes] == [()]


def _details(here: Context, table: Table) -> dict[int, dict[str, Any]]:
    with here.coordination.connect() as connection:
        return {row["equipement_pilote_ou_mesure_id"]: dict(row) for row in connection.execute(select(table)).mappings()}
