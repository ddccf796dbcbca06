"""An older base is brought up to date without losing a row, on both databases; the contract's tables are never altered.

`released/0.1.0` holds bases that the code of 0.1.0 itself made and lived in: two homes, a replaced plug, a declaration, an order,
a plan, readings.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from attrs import frozen
from sqlalchemy import Engine, delete, inspect, text

from elfe import database, migrations
from elfe.coordination import queries
from elfe.coordination.tables import CONTRACT
from elfe.ems import store as sortie
from elfe.errors import SchemaError
from elfe.history import store as history
from elfe.migrations import Versioned
from tests.conftest import Server
from tests.coordination.test_schemas import CATALOGUE

RELEASED = Path(__file__).parent / "released" / "0.1.0"
BASES: dict[str, Versioned] = {"coordination": queries.VERSIONED, "sortie_ems": sortie.VERSIONED, "history": history.VERSIONED}
UPGRADE: Mapping[str, Callable[[Engine], list[tuple[str, str]]]] = {
    "coordination": queries.upgrade,
    "sortie_ems": lambda engine: migrations.upgrade(engine, sortie.VERSIONED),
    "history": lambda engine: migrations.upgrade(engine, history.VERSIONED),
}
Rows = dict[str, list[Mapping[str, object]]]


@frozen
class Old:
    """A base of 0.1.0."""

    name: str
    engine: Engine

    @property
    def base(self) -> Versioned:
        return BASES[self.name]

    def rows(self) -> Rows:
        """Everything in it, by table."""
        with self.engine.connect() as connection:
            return {table: sorted((dict(row) for row in connection.execute(text(f"SELECT * FROM {table}")).mappings()), key=str)
                    for table in self._tables()}

    def _tables(self) -> list[str]:
        if self.engine.dialect.name == "sqlite":
            return [f'"{each}"' for each in inspect(self.engine).get_table_names()]
        with self.engine.connect() as connection:
            return [f'"{row[0]}"."{row[1]}"' for row in connection.execute(text(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"))]


@pytest.fixture(params=list(BASES))
def name(request: pytest.FixtureRequest) -> str:
    """Each of our three bases in turn."""
    chosen: str = request.param
    return chosen


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, on SQLite and on a real PostgreSQL."""
    found: str = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/base.db"
    return found


@pytest.fixture
def old(name: str, url: str) -> Iterator[Old]:
    """A base that 0.1.0 made and lived in."""
    _load(url, name)
    engine = database.connect(url, BASES[name].metadata)
    yield Old(name, engine)
    engine.dispose()


def _load(url: str, name: str) -> None:
    if url.startswith("sqlite"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            connection.executescript((RELEASED / f"{name}.sqlite.sql").read_text(encoding="utf-8"))
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute((RELEASED / f"{name}.postgresql.sql").read_bytes())


def bare(table: str) -> str:
    """Its name, wherever it stands."""
    return table.rpartition('."')[2].strip('"')


# -- upgrading ---------------------------------------------------------------------------------------------------------------


def test_an_older_base_is_upgraded_without_losing_a_row(old: Old) -> None:
    before = {bare(table): rows for table, rows in old.rows().items()}
    assert any(before.values())
    UPGRADE[old.name](old.engine)
    after = {bare(table): rows for table, rows in old.rows().items()}
    for table, rows in before.items():
        kept = [{column: row[column] for column in rows[0]} for row in after[table]] if rows else []
        assert [row for row in rows if row not in kept] == [], table


def test_an_upgraded_base_is_one_of_this_version(old: Old) -> None:
    UPGRADE[old.name](old.engine)
    migrations.require(old.engine, old.base, "")
    assert migrations.version(old.engine, old.base) == old.base.head


@pytest.mark.postgresql
def test_an_upgraded_base_is_what_the_tables_say(name: str, postgresql_url: str) -> None:
    """Whoever changes a table that a released version has writes a revision: without one this test fails."""
    _load(postgresql_url, name)
    engine = database.connect(postgresql_url, BASES[name].metadata)
    UPGRADE[name](engine)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_schemas": True, "compare_type": True})
        changes = [each for each in compare_metadata(context, BASES[name].metadata) if not _spared(each)]
    engine.dispose()
    assert changes == []


def _spared(change: Any) -> bool:
    """The tables of device types beyond the contract are in no metadata; the comments are not in the dumps."""
    changes = [change] if isinstance(change, tuple) else change
    return all(each[0] in {"remove_table", "add_table_comment", "modify_comment"} for each in changes)


def test_an_upgrade_tells_what_it_did_and_does_it_once(old: Old) -> None:
    foreseen = migrations.pending(old.engine, old.base)
    assert [number for number, _ in foreseen] == [f"{each:04}" for each in range(1, int(old.base.head) + 1)]
    assert UPGRADE[old.name](old.engine) == foreseen
    assert UPGRADE[old.name](old.engine) == []


def test_a_base_that_is_older_is_not_worked_with_and_the_command_is_named(old: Old) -> None:
    database.create(old.engine, old.base.metadata)
    with pytest.raises(SchemaError, match="was made by an older elfe: make a backup, then run `elfe db upgrade`"):
        migrations.require(old.engine, old.base, "")


def test_the_homes_of_an_older_base_have_no_limit_of_their_own_until_one_is_written(url: str) -> None:
    _load(url, "coordination")
    engine = database.connect(url, BASES["coordination"].metadata)
    queries.upgrade(engine)
    assert queries.subscribed_w(engine) == {}
    with engine.begin() as connection:
        changed = connection.execute(queries.PARTICIPANT.update().values(subscribed_w=6000)).rowcount
    assert len(queries.subscribed_w(engine)) == changed > 0
    engine.dispose()


@pytest.mark.postgresql
def test_the_contracts_tables_are_never_altered(postgresql_url: str) -> None:
    _load(postgresql_url, "coordination")
    before = _contract(postgresql_url)
    engine = queries.open_coordination(postgresql_url)
    queries.upgrade(engine)
    engine.dispose()
    after = _contract(postgresql_url)
    assert before["columns"]
    assert {kind: [row for row in rows if row not in after[kind]] for kind, rows in before.items()} == {kind: [] for kind in before}
    assert {row[1] for kind in after for row in after[kind]} == {row[1] for kind in before for row in before[kind]}


def _contract(url: str) -> dict[str, list[tuple[object, ...]]]:
    """All that another program sees of the contract's schema, but its rows and the comments, which the dump left out."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return {kind: [row[:7] for row in connection.execute((query + f" AND n.nspname = '{CONTRACT}'").encode()).fetchall()]
                for kind, query in CATALOGUE.items() if kind != "tables"}


@pytest.mark.postgresql
def test_the_contracts_output_tables_are_in_public_whatever_the_role_is_called(postgresql: Server) -> None:
    for role in ("elfe", "ems"):
        url = postgresql.fresh("empty")
        postgresql.execute(f"DO $$ BEGIN CREATE ROLE {role} SUPERUSER LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        engine = sortie.open_sortie(url.replace("elfe@", f"{role}@"))
        sortie.create_sortie(engine)
        assert {"result", "ems_run_info"} <= set(inspect(engine).get_table_names(schema="public"))
        assert "result" not in inspect(engine).get_table_names(schema="elfe")
        engine.dispose()
        postgresql.drop(url)


# -- versions ----------------------------------------------------------------------------------------------------------------


def test_a_blank_base_is_at_the_newest_revision(name: str, url: str) -> None:
    engine = database.connect(url, BASES[name].metadata)
    migrations.create(engine, BASES[name])
    assert migrations.pending(engine, BASES[name]) == []
    migrations.require(engine, BASES[name], "")
    engine.dispose()


def test_a_base_made_between_releases_is_recognised_by_what_it_has(name: str, url: str) -> None:
    engine, base = database.connect(url, BASES[name].metadata), BASES[name]
    migrations.create(engine, base)
    with engine.begin() as connection:
        connection.execute(delete(base.versions))
    migrations.upgrade(engine, base)
    migrations.require(engine, base, "")
    engine.dispose()


def test_a_base_of_a_newer_elfe_is_refused(name: str, url: str) -> None:
    engine, base = database.connect(url, BASES[name].metadata), BASES[name]
    migrations.create(engine, base)
    with engine.begin() as connection:
        connection.execute(base.versions.update().values(version_num="9999"))
    for work in (lambda: migrations.upgrade(engine, base), lambda: migrations.require(engine, base, "")):
        with pytest.raises(SchemaError, match="belongs to a newer elfe"):
            work()
    engine.dispose()


def test_the_revisions_are_one_line_named_as_their_files(name: str) -> None:
    base = BASES[name]
    script = ScriptDirectory(str(base.folder), version_locations=[str(base.folder)])
    revisions = list(script.walk_revisions())
    assert script.get_heads() == [base.head]
    assert [Path(each.path).stem[1:5] for each in revisions] == [each.revision for each in revisions]
    assert all(each.doc for each in revisions)
