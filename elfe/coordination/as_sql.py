"""What provisioning would do, as SQL for the administrator of a PostgreSQL: a transaction per home. Edge.

The changes are performed in a transaction that is rolled back, and every statement is written down as it went. A sequence does not
roll back: the numbers in the text are reserved, and it may be run whenever its reader likes, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Dialect, Engine, Insert, event
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ClauseElement, Delete, Update

from elfe.coordination import store
from elfe.coordination.provision import Changes
from elfe.devices.drivers import Drivers
from elfe.history.values import History

DIALECT: Dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


class _RolledBack(Exception):
    """Leaves the transaction as it was."""


def as_sql(engine: Engine, changes: Changes, drivers: Drivers, history: History, now: datetime) -> Iterator[str]:
    """The text, home after home. Series that are missing in the history are created there: their numbers stand in the text."""
    store.require_types(engine, changes, drivers)
    for home in changes.by_home():
        statements = _performed(engine, home, drivers, history, now)
        yield "\n".join((f"-- {', '.join(home.homes)}", "BEGIN;", *(f"{each};" for each in statements), "COMMIT;\n"))


def _performed(engine: Engine, home: Changes, drivers: Drivers, history: History, now: datetime) -> list[str]:
    """The statements that change something, in order."""
    said: list[str] = []

    def hear(_connection: Any, clause: ClauseElement, _many: Any, given: dict[str, Any], _options: Any, result: Any) -> None:
        if isinstance(clause, Insert):
            said.append(_text(_with_its_number(clause, result)))
        elif isinstance(clause, (Update, Delete)) and result.rowcount:
            said.append(_text(clause))

    event.listen(engine, "after_execute", hear)
    try:
        store.perform_and(engine, home, drivers, history, now, _roll_back)
    except _RolledBack:
        return said
    finally:
        event.remove(engine, "after_execute", hear)
    return said


def _roll_back() -> None:
    raise _RolledBack


def _with_its_number(clause: Insert, result: Any) -> Insert:
    """A row's serial number, as it was given out, so that the rows that name it stay right."""
    numbers = dict(zip((each.name for each in clause.table.primary_key), result.inserted_primary_key or (), strict=False))
    return clause.values(numbers) if numbers else clause


def _text(clause: ClauseElement) -> str:
    return str(clause.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))
