"""The order ledger in the coordination database, and the lock that keeps one engine at a time.

An order is written once (`record`), before anything is sent; then its row follows it and an event is appended for each
thing that happens (`save`).
"""

from __future__ import annotations

import fcntl
import logging
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import IO

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, Engine, literal_column, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from elfe.command.orders import S2_STATUS, TRANSITIONS, On, Order, Stage, Why
from elfe.command.values import EngineEvent, Known, NotRecorded, Record, Recorded, Save
from elfe.coordination import holds, queries
from elfe.coordination.ledger import LeaderRow, OrderEventRow, OrderRow
from elfe.coordination.queries import FLEXIBILITY
from elfe.coordination.values import Mode
from elfe.errors import ElfeError
from elfe.slots import EPOCH

LIVE = tuple(stage.value for stage, row in TRANSITIONS.items() if row)
_ORDER = OrderRow.__table__  # type: ignore[attr-defined]
_EVENT = OrderEventRow.__table__  # type: ignore[attr-defined]
_LEADER = LeaderRow.__table__  # type: ignore[attr-defined]
_MS = timedelta(milliseconds=1)
WRITES = 1 << 32
"""Beside a leader's lock: the one of its writing transactions. Who is put aside loses those too."""
_NOW: ColumnElement[float] = literal_column("extract(epoch FROM clock_timestamp())::float8")
_HOLDERS = text("""
    SELECT pg_terminate_backend(pid, 2000) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32 | objid::bigint) IN (:leads, :writes)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")

log = logging.getLogger("elfe.command")


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
    order = wanted.order.happens(On.RECORDS, wanted.order.wanted_at)      # with its row it is: who dies now goes on from here
    written = connection.execute(insert(_ORDER).values(_row_of(order)).on_conflict_do_nothing())
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


class LostLead(ElfeError):
    """Another engine has taken the lead: nothing that this one still wanted to write is true any more."""


class Leadership:
    """One engine at a time for a share of the homes: an advisory lock of PostgreSQL on a connection of its own, or a locked
    file beside SQLite.

    Whoever dies lets go: the connection breaks, the file closes. Whoever freezes is put aside on PostgreSQL: a leader beats, and
    one that has not for `FROZEN_S` loses its connections, and with them the lock. When it wakes up its epoch has passed: it writes
    nothing. A lock is of one machine beside SQLite, and there a frozen leader keeps it.
    """

    KEY = 0x656C6665     # "elfe"
    BEAT_S = 1.0
    FROZEN_S = 6.0

    def __init__(self, engine: Engine, share: int = 1) -> None:
        self._engine, self._share = engine, share
        self._connection: Connection | None = None
        self._file: IO[str] | None = None
        self._key = self.KEY + share - 1
        self._epoch = 0
        self._beat_at = 0.0

    def held(self) -> bool:
        """Take the lock if it is free, and say that we are alive; whether it is ours now."""
        if self._engine.dialect.name == "postgresql":
            return self._holds_connection()
        return self._holds_file()

    def confirm(self, connection: Connection) -> None:
        """Within a transaction: raises `LostLead` where another one leads. Until it ends nobody can take the lead."""
        if not self._epoch:
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._key + WRITES})
        if not self._beats(connection):
            raise LostLead(f"another engine leads share {self._share}")

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
            if monotonic() - self._beat_at < self.BEAT_S:
                self._connection.execute(text("SELECT 1"))       # raises when the connection, and so the lock, is gone
                return True
            self._beat_at = monotonic()
            return self._beats(self._connection)
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not self._locks(connection) and not (self._puts_aside(connection) and self._locks(connection)):
            connection.close()
            return False
        self._connection, self._epoch, self._beat_at = connection, self._begins(connection), monotonic()
        return True

    def _locks(self, connection: Connection) -> bool:
        return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar())

    def _puts_aside(self, connection: Connection) -> bool:
        """Break the connection of a leader that has not beaten for too long: it is frozen, or cannot reach the database."""
        silent = connection.execute(select(_NOW - _LEADER.c.beat_s).where(_LEADER.c.share == self._share)).scalar()
        if silent is None or silent < self.FROZEN_S:
            return False
        log.warning("the engine that leads share %d has said nothing for %.0f s: it is put aside", self._share, silent)
        return bool(connection.execute(_HOLDERS, {"leads": self._key, "writes": self._key + WRITES}).all())

    def _begins(self, connection: Connection) -> int:
        taken = postgresql.insert(_LEADER).values(share=self._share, epoch=1, beat_s=_NOW)
        taken = taken.on_conflict_do_update(index_elements=["share"], set_={"epoch": _LEADER.c.epoch + 1, "beat_s": _NOW})
        return int(connection.execute(taken.returning(_LEADER.c.epoch)).scalar_one())

    def _beats(self, connection: Connection) -> bool:
        ours = update(_LEADER).where(_LEADER.c.share == self._share, _LEADER.c.epoch == self._epoch)
        return bool(connection.execute(ours.values(beat_s=_NOW)).rowcount)

    def _holds_file(self) -> bool:
        if self._file is not None or not self._engine.url.database or self._engine.url.database == ":memory:":
            return True
        name = f"{self._engine.url.database}.engine{'' if self._share == 1 else self._share}.lock"
        file = Path(name).open("w")  # noqa: SIM115 - held open as long as we lead
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


