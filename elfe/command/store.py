"""The order ledger in the coordination database, and the lock that keeps one engine at a time.

An order is written once (`record`), before anything is sent; then its row follows it and an event is appended for each
thing that happens (`save`).
"""

from __future__ import annotations

import fcntl
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from attrs import frozen
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.dialects import postgresql, sqlite

from elfe.command.orders import S2_STATUS, TRANSITIONS, Order, Stage, Why
from elfe.command.values import EngineEvent, Known, NotRecorded, Record, Recorded, Save
from elfe.coordination import holds, queries
from elfe.coordination.ledger import OrderEventRow, OrderRow
from elfe.coordination.queries import FLEXIBILITY
from elfe.coordination.values import Mode
from elfe.slots import EPOCH

LIVE = tuple(stage.value for stage, row in TRANSITIONS.items() if row)
_ORDER = OrderRow.__table__  # type: ignore[attr-defined]
_EVENT = OrderEventRow.__table__  # type: ignore[attr-defined]
_MS = timedelta(milliseconds=1)


@frozen
class Happened:
    """One line of an order's history."""

    at: datetime
    what: str
    stage: Stage
    detail: str


def record(connection: Connection, wanted: Record) -> EngineEvent:
    """Commit an order's existence: `Recorded`, `Known` when its key exists, `NotRecorded` when its mode has gone."""
    if queries.mode_of(connection, wanted.order.appliance_id) != wanted.allowed:
        return NotRecorded(wanted.order.id)
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert
    written = connection.execute(insert(_ORDER).values(_row_of(wanted.order)).on_conflict_do_nothing())
    if written.rowcount:
        return Recorded(wanted.order.id)
    earlier = connection.execute(select(_ORDER).where(_ORDER.c.key == wanted.order.key)).one()
    return Known(wanted.order.id, _order_of(earlier))


def save(connection: Connection, happened: Save) -> None:
    """Bring an order's row up to date and append what happened."""
    order = happened.order
    connection.execute(_ORDER.update().where(_ORDER.c.id == order.id).values(_row_of(order)))
    connection.execute(_EVENT.insert().values(order_id=order.id, at_ms=_ms(happened.at), happened=happened.what.value,
                                              stage=order.stage.value, detail=happened.detail))


def orders(engine: Engine, *, live: bool = False, since_slot: int | None = None,
           limit: int | None = None) -> list[Order]:
    """Orders, the newest last."""
    wanted = select(_ORDER).order_by(_ORDER.c.wanted_ms.desc(), _ORDER.c.id.desc())
    if live:
        wanted = wanted.where(_ORDER.c.stage.in_(LIVE))
    if since_slot is not None:
        wanted = wanted.where(_ORDER.c.slot >= since_slot)
    with engine.connect() as connection:
        return [_order_of(row) for row in reversed(connection.execute(wanted.limit(limit)).all())]


def presses(engine: Engine) -> list[Order]:
    """The presses that have ended, of the stays in mode 30 that are not over."""
    wanted = (select(_ORDER).join(FLEXIBILITY, FLEXIBILITY.c.id == _ORDER.c.flexibility_id)
              .where(_ORDER.c.press, _ORDER.c.stage.not_in(LIVE), FLEXIBILITY.c.closed_at.is_(None)).order_by(_ORDER.c.wanted_ms))
    with engine.connect() as connection:
        return [_order_of(row) for row in connection.execute(wanted)]


def take_over(connection: Connection, appliance_id: int, device_id: str, taken: bool, now: datetime) -> None:
    """A unit went local: 70, and what it was before is remembered. It came back: what it was, if the 70 was ours."""
    mode = queries.mode_of(connection, appliance_id)
    if taken and mode in (Mode.MANUAL, Mode.PILOTED):
        holds.take_over(connection, appliance_id, device_id, Mode(mode), now)
        queries.write_appliance(connection, appliance_id, only_if_modes=(mode,), mode=Mode.DISABLED)
    elif not taken:
        before = holds.give_back(connection, appliance_id, now)
        if before is not None:      # unless somebody has decided otherwise meanwhile
            queries.write_appliance(connection, appliance_id, only_if_modes=(Mode.DISABLED,), mode=before)


def history(engine: Engine, order_id: str) -> list[Happened]:
    """Everything that happened to one order, in order."""
    wanted = select(_EVENT).where(_EVENT.c.order_id == order_id).order_by(_EVENT.c.id)
    with engine.connect() as connection:
        return [Happened(_at(row.at_ms), row.happened, Stage(row.stage), row.detail)
                for row in connection.execute(wanted)]


class Leadership:
    """One engine at a time: an advisory lock of PostgreSQL on a connection of its own, or a locked file beside SQLite.

    Whoever dies lets go: the connection breaks, the file closes.
    """

    KEY = 0x656C6665     # "elfe"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None
        self._file: IO[str] | None = None

    def held(self) -> bool:
        """Take the lock if it is free; whether it is ours now."""
        if self._engine.dialect.name == "postgresql":
            return self._holds_connection()
        return self._holds_file()

    def release(self) -> None:
        """Let another one lead. The connection is broken, not given back to its pool: the lock would live on there."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        if self._file is not None:
            self._file.close()
        self._connection = self._file = None

    def _holds_connection(self) -> bool:
        if self._connection is not None:
            self._connection.execute(text("SELECT 1"))       # raises when the connection, and so the lock, is gone
            return True
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self.KEY}).scalar():
            self._connection = connection
            return True
        connection.close()
        return False

    def _holds_file(self) -> bool:
        if self._file is not None or not self._engine.url.database or self._engine.url.database == ":memory:":
            return True
        file = Path(f"{self._engine.url.database}.engine.lock").open("w")  # noqa: SIM115 - held open as long as we lead
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True


def _row_of(order: Order) -> dict[str, object]:
    return {
        "id": order.id, "key": order.key, "device_id": order.device_id, "appliance_id": order.appliance_id,
        "flexibility_id": order.flexibility_id, "why": order.why.value, "is_on": order.on, "powers": order.powers,
        "slot": order.slot, "status": S2_STATUS[order.stage], "stage": order.stage.value, "cause": order.cause,
        "press": order.press, "step": order.step, "again": order.again, "seen_w": order.seen_w,
        "attempts": order.attempts, "wanted_ms": _ms(order.wanted_at), "recorded_ms": _ms(order.recorded_at),
        "sent_ms": _ms(order.sent_at), "acknowledged_ms": _ms(order.acknowledged_at),
        "proved_ms": _ms(order.proved_at), "ended_ms": _ms(order.ended_at),
    }


def _order_of(row: object) -> Order:
    get = row._mapping.__getitem__  # type: ignore[attr-defined]
    return Order(
        id=get("id"), device_id=get("device_id"), appliance_id=get("appliance_id"), why=Why(get("why")),
        on=get("is_on"), powers=get("powers"), slot=get("slot"), flexibility_id=get("flexibility_id"),
        wanted_at=_at(get("wanted_ms")), stage=Stage(get("stage")), cause=get("cause"), attempts=get("attempts"),
        recorded_at=_at_or_none(get("recorded_ms")), sent_at=_at_or_none(get("sent_ms")),
        acknowledged_at=_at_or_none(get("acknowledged_ms")), proved_at=_at_or_none(get("proved_ms")),
        ended_at=_at_or_none(get("ended_ms")), press=get("press"), step=get("step"), again=get("again"), seen_w=get("seen_w"),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MS


def _at(ms: int) -> datetime:
    return EPOCH + ms * _MS


def _at_or_none(ms: int | None) -> datetime | None:
    return None if ms is None else _at(ms)


