"""`sql/` is what the tables say, and loaded alone into a real PostgreSQL it gives the very same database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import Engine

from elfe.app import schemas
from elfe.coordination import queries
from elfe.coordination.reference import DEVICE_TYPES
from elfe.coordination.tables import CONTRACT, DETAILS
from elfe.ems import store as sortie
from elfe.history import store as history
from tests.conftest import Server

CATALOGUE = {
    "tables": """
        SELECT n.nspname, c.relname, obj_description(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r'""",
    "columns": """
        SELECT n.nspname, c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
               pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        SELECT n.nspname, r.relname, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
        JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace WHERE true""",
    "indexes": """
        SELECT n.nspname, c.relname, c.relname, pg_get_indexdef(c.oid) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i'""",
}
OURS_AND_THEIRS = " AND n.nspname IN ('bdd_coordination_schema', 'elfe', 'public') ORDER BY 1, 2, 3"
"""Everything that another program could see of a database, but its rows."""

CREATE: dict[str, tuple[Callable[[str], Engine], Callable[[Engine], None]]] = {
    "bdd_coordination.sql": (queries.open_coordination, queries.create_blank),
    "sortie_ems.sql": (sortie.open_sortie, sortie.create_sortie),
}


@pytest.fixture(params=list(CREATE))
def both(request: pytest.FixtureRequest, postgresql: Server) -> Iterator[tuple[str, str]]:
    """The same schema twice: loaded from its file, and created from its tables."""
    loaded, created = postgresql.fresh("empty"), postgresql.fresh("empty")
    with psycopg.connect(_plain(loaded), autocommit=True) as connection:
        connection.execute((schemas.SQL / request.param).read_bytes())
    open_it, create = CREATE[request.param]
    engine = open_it(created)
    create(engine)
    engine.dispose()
    yield loaded, created
    postgresql.drop(loaded)
    postgresql.drop(created)


@pytest.mark.parametrize("name", list(CREATE))
def test_the_text_is_rendered_from_the_tables(name: str) -> None:
    assert (schemas.SQL / name).read_text(encoding="utf-8") == schemas.schemas()[name], "run python -m elfe.app.schemas"


@pytest.mark.postgresql
def test_the_text_alone_gives_the_same_database_as_the_tables(both: tuple[str, str]) -> None:
    loaded, created = both
    for query in CATALOGUE.values():
        assert _ask(loaded, query + OURS_AND_THEIRS) == _ask(created, query + OURS_AND_THEIRS)
    for schema, table, _ in _ask(created, CATALOGUE["tables"] + OURS_AND_THEIRS):
        rows = f'SELECT * FROM "{schema}"."{table}" ORDER BY 1'
        assert _ask(loaded, rows) == _ask(created, rows)


@pytest.mark.postgresql
def test_every_table_is_explained_in_the_database_itself(both: tuple[str, str]) -> None:
    told = _ask(both[0], CATALOGUE["tables"] + OURS_AND_THEIRS)
    assert told
    assert [table for _, table, comment in told if not comment] == []


@pytest.mark.postgresql
def test_only_the_ids_that_the_contract_counts_are_serial(coordination_created: str) -> None:
    serial = {row[1] for row in _ask(coordination_created, CATALOGUE["columns"] + OURS_AND_THEIRS)
              if row[0] == CONTRACT and "nextval" in (row[6] or "")}
    enumerations = {table.name for table, _ in queries.reference_rows()}
    assert "equipement_pilote_ou_mesure" in serial
    assert not serial & {*enumerations, "chauffage_asservi_modele_thermique", "equipement_pilote_consommation_moyenne"}


@pytest.mark.postgresql
def test_each_device_type_has_the_detail_table_that_the_first_engine_looks_for(coordination_created: str) -> None:
    columns: dict[str, list[str]] = {}
    for schema, table, _, column, *_ in _ask(coordination_created, CATALOGUE["columns"] + OURS_AND_THEIRS):
        if schema == CONTRACT:
            columns.setdefault(table, []).append(column)
    for each in DEVICE_TYPES:
        assert columns[f"equipement_domotique_{each.name}"] == ["id", "equipement_domotique_id", *each.columns]


@pytest.fixture
def coordination_created(postgresql: Server) -> Iterator[str]:
    """A blank coordination database on PostgreSQL."""
    url = postgresql.fresh("coordination")
    yield url
    postgresql.drop(url)


def _ask(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(_plain(url)) as connection:
        return connection.execute(query.encode()).fetchall()


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")


def test_every_table_is_in_the_documentation() -> None:
    page = (schemas.SQL.parent / "docs" / "databases.md").read_text(encoding="utf-8")
    tables = [*queries.metadata.tables.values(), *sortie.metadata.tables.values(), *history.Base.metadata.tables.values()]
    details = {table.name for table in DETAILS.values()}
    assert [table.name for table in tables if table.name not in details and f"`{table.name}`" not in page] == []
