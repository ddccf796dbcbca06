"""Opening and creating a database, on both engines."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from elfe import database
from elfe.coordination import queries, tables
from elfe.coordination.values import Mode
from elfe.errors import SchemaError

SERVICES = 6


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    url: str = request.getfixturevalue("postgresql_url") if request.param == "postgresql" else f"sqlite:///{tmp_path}/new.db"
    return url


def test_services_that_start_together_may_all_create_what_is_missing(empty_url: str) -> None:
    engines = [queries.open_coordination(empty_url) for _ in range(SERVICES)]
    with ThreadPoolExecutor(SERVICES) as pool:
        for done in [pool.submit(queries.create_blank, engine) for engine in engines]:
            done.result()
    with engines[0].connect() as connection:
        assert len(connection.execute(select(tables.Modes)).all()) == 6
    _dispose(engines)


def test_a_statement_that_is_built_once_reads_other_rows_each_time(empty_url: str) -> None:
    engine = queries.open_coordination(empty_url)
    queries.create_blank(engine)
    modes = tables.Modes
    named = select(modes.c.id).where(database.among_those(engine.dialect.name, modes.c.id)).order_by(modes.c.id)
    with engine.connect() as connection:
        found = [connection.execute(named, {database.ROWS: database.told_of(modes.c.id, wanted)}).scalars().all()
                 for wanted in ([Mode.MANUAL, Mode.PILOTED], [], [Mode.REMOVED, 12345])]

    assert found == [[20, 30], [], [80]]
    _dispose([engine])


@pytest.mark.postgresql
def test_a_url_of_postgresql_needs_no_driver(postgresql_url: str) -> None:
    engine = queries.open_coordination(postgresql_url.replace("postgresql+psycopg", "postgres"))
    database.check(engine)
    _dispose([engine])


def test_a_database_that_does_not_answer_is_named_without_its_password() -> None:
    engine = queries.open_coordination("postgresql://elfe:secret@127.0.0.1:1/bdd_coordination")
    with pytest.raises(SchemaError, match=r"postgresql\+psycopg://elfe:\*\*\*@127.0.0.1:1/bdd_coordination does not answer"):
        database.check(engine)


def _dispose(engines: list[Engine]) -> None:
    for engine in engines:
        engine.dispose()
