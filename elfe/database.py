"""Opening a database, on SQLite (the embedded default) or PostgreSQL (the real one), and rendering its schema as text.

A room that owns tables declares them on a `Base` of its own (`own_registry()`), so that each database is one metadata.
Tables name their schema as on PostgreSQL; SQLite has no schemas, so there they stand side by side in one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    MetaData,
    String,
    Table,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    func,
    inspect,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import registry
from sqlalchemy.schema import BLANK_SCHEMA, CreateIndex, CreateSchema, CreateTable, SetColumnComment, SetTableComment

from elfe.errors import SchemaError

LOCK_WAIT_S = 15
"""How long a SQLite writer waits for another one."""
ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7031)"}
"""What lets one creator at a time look for what is missing and create it."""
ONE_STATE = {"sqlite": "BEGIN", "postgresql": "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"}
"""What lets all statements of a transaction read the same state."""
LOCK_NOT_AVAILABLE = "55P03"
"""PostgreSQL's code where a lock was waited for in vain."""
ROWS = "given_rows"
"""The parameter of a statement that is built once, and reads as a table the rows that are `told` each time."""


def given(connection: Connection, like: Sequence[Column[Any]], rows: Sequence[Mapping[str, Any]]) -> FromClause:
    """Rows of ours that one statement reads as a table, with columns named and typed as others; one parameter, however many.

    Ten times as fast as a statement for each. A row that lacks a column has NULL there.
    """
    return _as_table(connection.dialect.name, like, literal(told(rows), String))


def to_come(dialect: str, like: Sequence[Column[Any]]) -> FromClause:
    """Likewise, in a statement that is built once and executed with `{ROWS: told(rows)}`: to build one costs more."""
    return _as_table(dialect, like, bindparam(ROWS, type_=String))


def told(rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows as one parameter."""
    return orjson.dumps(list(rows)).decode()


def _as_table(dialect: str, like: Sequence[Column[Any]], said: ColumnElement[str]) -> FromClause:
    if dialect == "postgresql":
        columns = (column(each.name, each.type) for each in like)
        return func.json_to_recordset(cast(said, JSON)).table_valued(*columns).render_derived("given", with_types=True)
    value = func.json_each(said).table_valued("value").c.value
    extracted = (func.json_extract(value, f"$.{each.name}", type_=each.type).label(each.name) for each in like)
    return select(*extracted).subquery("given")


def among(connection: Connection, wanted: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column has one of many values."""
    return wanted.in_(select(given(connection, [wanted], _column(wanted, values))))


def among_those(dialect: str, wanted: Column[Any]) -> ColumnElement[bool]:
    """Likewise, in a statement that is built once and executed with `{ROWS: told_of(wanted, values)}`."""
    return wanted.in_(select(to_come(dialect, [wanted])))


def told_of(wanted: Column[Any], values: Iterable[Any]) -> str:
    """Values of a column as one parameter."""
    return told(_column(wanted, values))


def _column(wanted: Column[Any], values: Iterable[Any]) -> list[dict[str, Any]]:
    return [{str(wanted.name): each} for each in values]


def insert(connection: Connection, table: Table) -> Any:
    """An INSERT that knows what to do on a conflict."""
    return _insert(connection.dialect.name, table)


def _insert(dialect: str, table: Table) -> Any:
    return (postgresql if dialect == "postgresql" else sqlite).insert(table)


def put(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows; what a table holds with the same primary key is replaced."""
    made, keys = insert(connection, table), [each.name for each in table.primary_key]
    changes = {each.name: made.excluded[each.name] for each in table.c if each.name not in keys}
    connection.execute(made.on_conflict_do_update(index_elements=keys, set_=changes), rows)


def insert_given(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> Any:
    """An INSERT of many rows that have the same columns."""
    return _insert_from(connection.dialect.name, table, list(rows[0]), given(connection, [table.c[name] for name in rows[0]], rows))


def insert_to_come(dialect: str, table: Table, names: Sequence[str]) -> Any:
    """Likewise, built once and executed with `{ROWS: told(rows)}`."""
    return _insert_from(dialect, table, names, to_come(dialect, [table.c[name] for name in names]))


def _insert_from(dialect: str, table: Table, names: Sequence[str], rows: FromClause) -> Any:
    always = literal_column("1") == literal_column("1")      # SQLite would take ON CONFLICT for the join's ON
    return _insert(dialect, table).from_select(names, select(rows).where(always))


def own_registry() -> registry:
    """A registry for the tables of one database, so that its metadata holds them and nothing else."""
    return registry(metadata=MetaData())


def connect(url: str, metadata: MetaData) -> Engine:
    """An engine for `url`: foreign keys enforced, and on SQLite write-ahead logging and no schemas.

    On PostgreSQL a table without a schema is one of `public`: otherwise a role called elfe would make the contract's in ours.
    """
    if not url.startswith("sqlite"):
        engine = create_engine(_with_driver(url), pool_pre_ping=True)
        event.listen(engine, "connect", _look_in_public, insert=True)
        return engine
    engine = create_engine(url, connect_args={"timeout": LOCK_WAIT_S})
    event.listen(engine, "connect", _set_pragmas)
    schemas = {table.schema for table in metadata.tables.values() if table.schema}
    return engine.execution_options(schema_translate_map=dict.fromkeys(schemas))


def hurry(engine: Engine, longest: timedelta) -> None:
    """Let no statement of a service wait for a lock, or run, for longer: what it cannot do in time it does when it can.

    For whoever acts on the world and must go on; on PostgreSQL, and for connections that are not open yet.
    """
    _limit(engine, lock_timeout=longest, statement_timeout=2 * longest)


def wait_at_most(engine: Engine, longest: timedelta) -> None:
    """Likewise, but a statement that waits for nobody takes the time that it takes: for whoever sits before a command."""
    _limit(engine, lock_timeout=longest)


def _limit(engine: Engine, **limits: timedelta) -> None:
    said = "; ".join(f"SET {name} = {limit // timedelta(milliseconds=1)}" for name, limit in limits.items())

    def limits_it(connection: Any, _: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(said)
        connection.commit()

    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", limits_it)


def unable(error: DBAPIError) -> str:
    """Why a command could not be done, and what to do next."""
    if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
        return ("another program holds what was to be changed, in a transaction that it has not ended; what was not told as done "
                "is not written: end that transaction (SELECT pid, usename, application_name, xact_start FROM pg_stat_activity "
                "WHERE state = 'idle in transaction'), then try again")
    said = str(error.orig).strip().partition("\n")[0]
    return f"the database did not do it ({said}); what was not told as done is not written: try again"


def create(engine: Engine, metadata: MetaData, blank: Callable[[Connection], None] = lambda _: None) -> None:
    """Create what is missing of schemas and tables; what stands is never altered. Several may do so at once.

    `blank` is done in the same transaction when there was none of the tables.
    """
    with alone(engine) as connection:
        if engine.dialect.name == "sqlite":
            metadata = _side_by_side(metadata)
        there = _standing(connection, metadata)
        for schema in schemas_of(metadata):
            connection.execute(CreateSchema(schema, if_not_exists=True))
        for table in metadata.sorted_tables:      # in the order of `render`: PostgreSQL numbers the names that it makes
            if table.fullname not in there:
                table.create(connection, checkfirst=False)
        if not there:
            blank(connection)


@contextmanager
def alone(engine: Engine) -> Iterator[Connection]:
    """A transaction that nobody else's creation or upgrade, nor another one of these, runs beside."""
    with engine.begin() as connection:
        connection.exec_driver_sql(ALONE[engine.dialect.name])
        yield connection


@contextmanager
def one_state(engine: Engine) -> Iterator[Connection]:
    """A transaction that reads one state of a base, whatever is written meanwhile."""
    with engine.begin() as connection:
        connection.exec_driver_sql(ONE_STATE[engine.dialect.name])
        yield connection


def standing(engine: Engine, metadata: MetaData) -> frozenset[str]:
    """The full names of the tables that are there."""
    with engine.connect() as connection:
        return _standing(connection, metadata)


def _standing(connection: Connection, metadata: MetaData) -> frozenset[str]:
    there, flat = inspect(connection), connection.dialect.name == "sqlite"
    names = {schema: set(there.get_table_names(schema=None if flat else schema))
             for schema in {table.schema for table in metadata.tables.values()}}
    return frozenset(table.fullname for table in metadata.tables.values() if table.name in names[table.schema])


def _side_by_side(metadata: MetaData) -> MetaData:
    """The same tables without schemas: SQLAlchemy leaves foreign keys between schemas out of SQLite, unasked."""
    copy = MetaData()
    for table in metadata.sorted_tables:
        table.to_metadata(copy, schema=None, referred_schema_fn=lambda *_: BLANK_SCHEMA)  # type: ignore[arg-type]
    return copy


def check(engine: Engine) -> None:
    """Raise a `SchemaError` with what to do when the database does not answer."""
    try:
        with engine.connect():
            pass
    except OperationalError as error:
        raise SchemaError(f"the database {shown(engine)} does not answer: {error.orig}; start it, or change its URL "
                          "under [databases] in elfe.toml") from error


def require(engine: Engine, metadata: MetaData, how: str) -> None:
    """Raise a `SchemaError` that says how to create them when the tables are not there."""
    check(engine)
    there = standing(engine, metadata)
    missing = [table.fullname for table in metadata.sorted_tables if table.fullname not in there]
    if missing:
        raise SchemaError(f"the database {shown(engine)} lacks {len(missing)} of its {len(metadata.tables)} tables "
                          f"({missing[0]}, ...): {how}")


def shown(engine: Engine) -> str:
    """Its URL, without the password."""
    return engine.url.render_as_string(hide_password=True)


def settle(engine: Engine) -> None:
    """On SQLite, bring what was erased out of the write-ahead log too, as far as nobody is reading it."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def schemas_of(metadata: MetaData) -> list[str]:
    """The schemas that the tables stand in."""
    return sorted({table.schema for table in metadata.tables.values() if table.schema})


def render(metadata: MetaData) -> str:
    """The schema as PostgreSQL text: schemas, tables, indexes, comments. Rows are the room's own business.

    Named parameters, of which there are none, so that a % in a comment is not doubled.
    """
    dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
    statements: list[Any] = [CreateSchema(schema, if_not_exists=True) for schema in schemas_of(metadata)]
    for table in metadata.sorted_tables:
        statements.append(CreateTable(table))
        statements.extend(CreateIndex(index) for index in sorted(table.indexes, key=lambda index: str(index.name)))
        if table.comment:
            statements.append(SetTableComment(table))
        statements.extend(SetColumnComment(column) for column in table.columns if column.comment)
    return "\n".join(_tidy(str(each.compile(dialect=dialect))) for each in statements)


def _tidy(statement: str) -> str:
    lines = [line.rstrip().replace("\t", "    ") for line in statement.strip().splitlines()]
    return "\n".join(line for line in lines if line) + ";\n"


def _with_driver(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url


def _look_in_public(connection: Any, _: Any) -> None:
    connection.execute("SET search_path TO public")
    connection.commit()


def _set_pragmas(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA secure_delete = ON")      # who leaves is not in the file's free pages either
    cursor.close()
