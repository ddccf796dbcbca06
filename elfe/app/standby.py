"""One service of a kind at a time: a second one, here or on another machine, says so and stands by.

All of a kind come to the broker under one identity, and would throw each other off it for ever. Who holds the lock of its kind
serves: an advisory lock of the coordination database on a connection of its own, or a locked file beside SQLite. Who dies lets go
of it; a machine that is gone is noticed within half a minute. While the database is away each goes on as it was: measures do not
wait for it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import IO

from attrs import define, field
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from elfe.app.loop import Service
from elfe.broker.session import Session
from elfe.coordination import locks

KINDS = ("recorder", "territory", "screens")
KEY = 3 << 32
"""Above the keys of `elfe.command.leadership`, one for each kind."""
LOOKS_S = 5.0
ALIVE = ("SET tcp_keepalives_idle = 10", "SET tcp_keepalives_interval = 5", "SET tcp_keepalives_count = 3")

log = logging.getLogger("elfe.standby")


@define
class Lock:
    """The lock of a kind of service."""

    engine: Engine
    kind: str
    _connection: Connection | None = field(default=None, init=False)
    _file: IO[str] | None = field(default=None, init=False)

    def held(self) -> bool:
        """Take it where it is free; whether it is ours now. Raises `DBAPIError` where nobody can tell."""
        if self.engine.dialect.name == "postgresql":
            return self._holds_connection()
        return self._holds_file()

    def release(self) -> None:
        """Let another one serve."""
        locks.let_go(self._connection, self._file)
        self._connection = self._file = None

    def _holds_connection(self) -> bool:
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))      # raises when the connection, and so the lock, is gone
                return True
            self._connection = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            for each in ALIVE:
                self._connection.execute(text(each))
            if self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": KEY + KINDS.index(self.kind)}).scalar():
                return True
        except DBAPIError:
            self.release()
            raise
        self.release()
        return False

    def _holds_file(self) -> bool:
        if self._file is None and locks.has_file(self.engine):
            self._file = locks.take(locks.file_beside(self.engine, self.kind))
            return self._file is not None
        return True


@define
class OneAtATime:
    """A service that serves while it holds its lock. See the module, and `elfe.app.loop.Service`."""

    service: Service
    session: Session
    lock: Lock
    begins: Callable[[], object] = lambda: None
    """Done once, when it is this one's turn: what two could not do beside each other."""
    _begun: bool = field(default=False, init=False)
    _serves: bool = field(default=False, init=False)
    _told: bool = field(default=False, init=False)
    _looked_s: float | None = field(default=None, init=False)

    def step(self, now: datetime) -> datetime:
        """Step the service, where it is its turn."""
        if self._looked_s is None or monotonic() - self._looked_s >= LOOKS_S:
            self._look()
        return self.service.step(now) if self._serves else now + timedelta(seconds=LOOKS_S)

    def close(self) -> None:
        """Leave in order; another one may serve."""
        self.service.close()
        self.lock.release()

    def _look(self) -> None:
        with contextlib.suppress(DBAPIError):      # nobody can tell: as it was
            self._serves = self.lock.held()
        self._looked_s = monotonic()
        if self._serves:
            self.session.join()
            if not self._begun:
                self._begun = True
                self.begins()
        else:
            self.session.leave()
        if self._serves == self._told:
            log.log(logging.INFO if self._serves else logging.WARNING, "%s: %s", self.lock.kind, (
                "the other one has gone, this one serves now" if self._serves else
                "another one serves this territory already; this one stands by, and serves when it has gone"))
            self._told = not self._serves
