"""At which revision of our schema a database stands, and how an older one is brought up to date; by Alembic's revisions.

A new table needs no revision: it is made from its class where it is missing. What changes of a table that a released version has
is a revision, a file of its room's `migrations/`. It touches what is ours alone: the contract's tables are made once and never
altered. It leaves alone what is so already, for a base that was made before bases had versions is taken for the oldest.

    r0003_what_changes.py      revision = "0003", down_revision = "0002", and `upgrade()`; there is no way back but a backup
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import define
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, inspect, select

from elfe import database
from elfe.errors import SchemaError

OURS = "elfe"
LONGEST = 32
"""Characters of a revision's name, as Alembic has them."""


def versions(metadata: MetaData, name: str, schema: str | None = OURS) -> Table:
    """The table that holds the revision at which a base stands; one for each of our three, which may share one database."""
    number = Column("version_num", String(LONGEST), primary_key=True, comment="a revision of elfe, as Alembic keeps it")
    return Table(f"version_{name}", metadata, number, schema=schema, comment=f"At which revision the tables of {name} are")


@define(slots=False)
class Versioned:
    """One of our databases: its tables, and the folder of its revisions."""

    name: str
    metadata: MetaData
    folder: Path
    versions: Table

    @cached_property
    def head(self) -> str:
        """The newest revision. Read from the names of the files: Alembic takes a third of a second to be there."""
        return max(each.stem[1:5] for each in self.folder.glob("r[0-9]*.py"))

    def stamp(self, connection: Connection) -> None:
        """Write that it is at its newest revision."""
        connection.execute(insert(self.versions).values(version_num=self.head))


def create(engine: Engine, base: Versioned) -> None:
    """Create what is missing of a base; one that is blank is at its newest revision from the start."""
    database.create(engine, base.metadata, blank=base.stamp)


def version(engine: Engine, base: Versioned) -> str | None:
    """The revision at which a base stands; None: it was made before bases had versions, or is blank."""
    with engine.connect() as connection:
        return _version(connection, base)


def pending(engine: Engine, base: Versioned) -> list[tuple[str, str]]:
    """The revisions that a base lacks, each with what it changes."""
    at = version(engine, base) or ""
    if at >= base.head:
        return []
    return [(each.revision, (each.doc or "").splitlines()[0]) for each in reversed([*_script(base).walk_revisions()])
            if each.revision > at]


def upgrade(engine: Engine, base: Versioned) -> list[tuple[str, str]]:
    """Bring a base up to date, in one transaction, then create what is missing; returns the revisions that it lacked.

    Several may do so at once. Raises `SchemaError` for a base of a newer elfe.
    """
    _not_newer(engine, version(engine, base), base)
    done = [] if _is_blank(engine, base) else pending(engine, base)
    if done:
        with database.alone(engine) as connection:
            _revise(connection, base)
    create(engine, base)
    return done


def require(engine: Engine, base: Versioned, how: str) -> None:
    """Raise a `SchemaError` that says what to do when the tables are not there, or not those of this version of elfe."""
    database.require(engine, base.metadata, how)
    at = version(engine, base)
    _not_newer(engine, at, base)
    if at != base.head:
        raise SchemaError(f"the database {database.shown(engine)} was made by an older elfe: make a backup, then run "
                          "`elfe db upgrade`")


def _not_newer(engine: Engine, at: str | None, base: Versioned) -> None:
    if at is not None and at > base.head:
        raise SchemaError(f"the database {database.shown(engine)} belongs to a newer elfe (revision {at}, this one knows "
                          f"{base.head}): install that one")


def _is_blank(engine: Engine, base: Versioned) -> bool:
    """Whether none of its tables is there, nor in the schema where a role of that name once made them."""
    there, names = inspect(engine), {table.name for table in base.metadata.tables.values()}
    schemas = {None} if engine.dialect.name == "sqlite" else {OURS, *(table.schema for table in base.metadata.tables.values())}
    return not any(names & set(there.get_table_names(schema=each)) for each in schemas)


def _version(connection: Connection, base: Versioned) -> str | None:
    if not inspect(connection).has_table(base.versions.name, schema=_schema(connection, base.versions.schema)):
        return None
    found: str | None = connection.scalar(select(base.versions.c.version_num))
    return found


def _script(base: Versioned) -> Any:
    from alembic.script import ScriptDirectory
    return ScriptDirectory(str(base.folder), version_locations=[str(base.folder)])


def _revise(connection: Connection, base: Versioned) -> None:
    """Run the revisions that are lacking, in a transaction that has begun."""
    from alembic.config import Config
    from alembic.runtime.environment import EnvironmentContext
    script = _script(base)
    steps: Callable[[Any, Any], Any] = lambda at, _: script._upgrade_revs("head", at)  # noqa: E731 - the shape Alembic asks for
    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, version_table=base.versions.name,
                              version_table_schema=_schema(connection, base.versions.schema))
        environment.run_migrations()


def _schema(connection: Connection, schema: str | None) -> str | None:
    """On SQLite the tables of all schemas stand side by side."""
    return None if connection.dialect.name == "sqlite" else schema


# -- what revisions do ------------------------------------------------------------------------------------------------------


def add_column(table: str, column: Column[Any]) -> None:
    """Add a column to a table of ours, unless the table is not there yet or has it."""
    from alembic import op
    connection = op.get_bind()
    schema = _schema(connection, OURS)
    there = inspect(connection)
    columns = {each["name"] for each in there.get_columns(table, schema=schema)} if there.has_table(table, schema=schema) else None
    if columns is not None and column.name not in columns:
        op.add_column(table, column, schema=schema)


def bring_home(*tables: str) -> None:
    """Move tables from the schema `elfe` to `public`, where the contract has them.

    Until 0.2.0 a PostgreSQL role that is itself called elfe made them there: its search path begins with its own name.
    """
    from alembic import op
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    there = inspect(connection)
    for each in tables:
        if there.has_table(each, schema=OURS) and not there.has_table(each, schema="public"):
            op.execute(f'ALTER TABLE "{OURS}"."{each}" SET SCHEMA public')
