"""One engine at a time, of those that stand ready: whoever leads a share of the homes, and what it may still write."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from time import monotonic
from typing import IO

from sqlalchemy import ColumnElement, Connection, Engine, literal_column, select, text, update
from sqlalchemy.dialects import postgresql

from elfe.command.fleet import Share
from elfe.coordination import locks
from elfe.coordination.ledger import LeaderRow
from elfe.errors import ElfeError

_LEADER = LeaderRow.__table__  # type: ignore[attr-defined]
WRITES, COUNTS = 1 << 32, 2 << 32
"""Beside a leader's lock: the one of its writing transactions (who is put aside loses those too), and, shared by all leaders, that
of the number of shares that they count."""
_NOW: ColumnElement[float] = literal_column("extract(epoch FROM clock_timestamp())::float8")
_HOLDERS = text("""
    SELECT pg_terminate_backend(pid, 2000) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32 | objid::bigint) IN (:leads, :writes)
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
_COUNTED = text("""
    SELECT DISTINCT objid::bigint FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint = :counts >> 32
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")
_LED = text("""
    SELECT objid::bigint - :key + 1 FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = 0 AND objid::bigint BETWEEN :key AND :key + 999
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())""")

log = logging.getLogger("elfe.command")


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
    LOOKS_S = 0.2        # so often that the connection stands; before anything is written it is made sure of
    FROZEN_S = 6.0

    def __init__(self, engine: Engine, share: int = 1, shares: int = 1) -> None:
        self._engine, self._share, self._shares = engine, share, shares
        self._told_others = self._told_standing_by = False
        self._connection: Connection | None = None
        self._file: IO[str] | None = None
        self._key = self.KEY + share - 1
        self._epoch = 0
        self._beat_at = self._looked_at = 0.0

    def held(self) -> bool:
        """Take the lock if it is free, and say that we are alive; whether it is ours now."""
        held = self._holds_connection() if self._engine.dialect.name == "postgresql" else self._holds_file()
        if not held and not self._told_standing_by:
            log.info("another engine leads share %d: this one stands by", self._share)
        self._told_standing_by = not held
        return held

    def confirm(self, connection: Connection) -> None:
        """Within a transaction: raises `LostLead` where another one leads. Until it ends nobody can take the lead."""
        if not self._epoch:
            return
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self._key + WRITES})
        if not self._beats(connection):
            raise LostLead(f"another engine leads share {self._share}")

    def release(self) -> None:
        """Let another one lead."""
        locks.let_go(self._connection, self._file)
        self._connection = self._file = None

    def _holds_connection(self) -> bool:
        if self._connection is not None:
            if monotonic() - self._beat_at < self.BEAT_S:
                if monotonic() - self._looked_at >= self.LOOKS_S:
                    self._looked_at = monotonic()
                    self._connection.execute(text("SELECT 1"))       # raises when the connection, and so the lock, is gone
                return True
            self._beat_at = monotonic()
            return self._beats(self._connection)
        connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if not self._locks(connection) and not (self._puts_aside(connection) and self._locks(connection)):
            connection.close()
            return False
        if self._others_count_otherwise(connection):
            locks.let_go(connection, None)      # of both
            self._told_standing_by = True       # and why
            return False
        self._connection, self._epoch, self._beat_at = connection, self._begins(connection), monotonic()
        return True

    def _locks(self, connection: Connection) -> bool:
        return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar())

    def _others_count_otherwise(self, connection: Connection) -> bool:
        """Whether an engine leads that shares the homes among another number: some would be driven twice, others by nobody."""
        connection.execute(text("SELECT pg_advisory_lock_shared(:key)"), {"key": COUNTS + self._shares})
        others = sorted(set(connection.execute(_COUNTED, {"counts": COUNTS}).scalars()) - {self._shares})
        if others and not self._told_others:
            log.error("the homes are shared among %d engines here, and among %s by an engine that leads: this one stands by; "
                      "command.workers must be the same for all", self._shares, others[0])
        self._told_others = bool(others)
        return bool(others)

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
        if self._file is None and locks.has_file(self._engine):
            self._file = locks.take(_lock_file(self._engine, self._share))
            return self._file is not None
        return True


def led(engine: Engine, shares: int) -> set[int]:
    """The shares, from 1, that an engine leads at this instant."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            return set(connection.execute(_LED, {"key": Leadership.KEY}).scalars())
    return {share for share in range(1, shares + 1) if locks.is_taken(_lock_file(engine, share))}


def undriven(engine: Engine, shares: int, homes: Iterable[str]) -> set[str]:
    """Of some homes, those that no engine drives at this instant."""
    missing = [Share(each, shares) for each in set(range(1, shares + 1)) - led(engine, shares)]
    return {home for home in homes if any(share.has(home) for share in missing)}


def _lock_file(engine: Engine, share: int) -> Path:
    return locks.file_beside(engine, f"engine{'' if share == 1 else share}")
