"""Readings that wait on disk while the history is away: bounded, and every one that is lost is counted. Edge.

What was put here survives a killed process. The oldest go first when there is no room: the newest are worth more. A file that is
damaged is set aside and a new one is begun; on a disk that is full nothing can wait, and what could not is counted.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from attrs import define, field, frozen

from elfe.errors import SettingsError

ROOM = 2_000_000
"""Readings: an hour of a territory of 5,000 devices, some hundred megabytes."""
LAST_READ = ", as last read"
"""Behind the name of what a counter elsewhere counts: how far we have read it."""
TABLES = """
CREATE TABLE IF NOT EXISTS waiting (id INTEGER PRIMARY KEY, series TEXT NOT NULL, unit TEXT NOT NULL, at_ms INTEGER NOT NULL,
                                    value REAL NOT NULL, refused INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS counted (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
DAMAGED = ".damaged"
T = TypeVar("T")

log = logging.getLogger("elfe.history")


@frozen
class Waiting:
    """A reading that waits. `refused`: how often the history has not taken it."""

    id: int
    series: str
    unit: str
    at_ms: int
    value: float
    refused: int


@define
class Spool:
    """A file of readings; `:memory:` for one that dies with us."""

    path: str = ":memory:"
    room: int = ROOM
    mends: bool = True                 # whoever only looks leaves a damaged file where it is
    count: int = field(default=0, init=False)
    _file: sqlite3.Connection = field(init=False)
    _uncounted: Counter[str] = field(factory=Counter, init=False)      # lost while nothing could be written
    _told: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        if self.path != ":memory:":
            Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open()
        except sqlite3.OperationalError as error:
            raise SettingsError(f"readings cannot wait in {self.path}: {error}; its folder must have room, and be ours") from None
        except sqlite3.DatabaseError as error:
            if not self.mends:
                raise SettingsError(f"{self.path} is damaged ({error}); whoever writes there sets it aside") from None
            self._begin_anew(error)

    def put(self, readings: Iterable[tuple[str, str, int, float]]) -> int:
        """Keep readings (series, unit, epoch ms, value); how many older ones, or of these, had to go."""
        rows = list(readings)
        lost = self._tried(lambda: self._put(rows), None)
        if lost is None:
            self._uncounted["lost"] += len(rows)
            return len(rows)
        self.count += len(rows) - lost
        return lost

    def _put(self, rows: Sequence[tuple[str, str, int, float]]) -> int:
        with self._file:
            self._file.execute("BEGIN")
            self._file.executemany("INSERT INTO waiting (series, unit, at_ms, value) VALUES (?, ?, ?, ?)", rows)
            lost = max(0, self.count + len(rows) - self.room)
            if lost:
                self._file.execute("DELETE FROM waiting WHERE id IN (SELECT id FROM waiting ORDER BY id LIMIT ?)", (lost,))
                self._add("lost", lost)
            for name, count in self._uncounted.items():
                self._add(name, count)
        self._uncounted.clear()
        return lost

    def take(self, limit: int) -> Sequence[Waiting]:
        """The oldest of those that were refused least; they stay until `done`."""
        wanted = "SELECT id, series, unit, at_ms, value, refused FROM waiting ORDER BY refused, id LIMIT ?"
        return self._tried(lambda: [Waiting(*row) for row in self._file.execute(wanted, (limit,))], [])

    def done(self, ids: Iterable[int]) -> None:
        """These are kept elsewhere now."""
        given = list(ids)
        self._tried(lambda: self._forget(given, ""), None)

    def refuse(self, ids: Iterable[int], most: int) -> int:
        """The history has not taken these; who was refused more than `most` times goes, counted. How many went."""
        given = [(each,) for each in ids]
        return self._tried(lambda: self._refuse(given, most), 0)

    def _refuse(self, given: Sequence[tuple[int]], most: int) -> int:
        with self._file:
            self._file.execute("BEGIN")
            self._file.executemany("UPDATE waiting SET refused = refused + 1 WHERE id = ?", given)
        hopeless = [row[0] for row in self._file.execute("SELECT id FROM waiting WHERE refused > ?", (most,))]
        self._forget(hopeless, "refused")
        return len(hopeless)

    def counted(self) -> dict[str, int]:
        """What was ever lost: for want of room, because the history never took it, or unread in a flood."""
        counted = Counter(dict(self._file.execute("SELECT name, count FROM counted WHERE count > 0"))) + self._uncounted
        return {name: count for name, count in counted.items() if not name.endswith(LAST_READ)}

    def lose(self, what: str, count: int) -> None:
        """Remember that so many were lost on another way."""
        if self._tried(lambda: self._lose(what, count), None) is None:
            self._uncounted[what] += count

    def _lose(self, what: str, count: int) -> int:
        with self._file:
            self._file.execute("BEGIN")
            self._add(what, count)
        return count

    def lose_up_to(self, what: str, reading: int) -> int:
        """A counter elsewhere says so many: what it has counted since it was last read is lost. A smaller one has begun again."""
        return self._tried(lambda: self._lose_up_to(what, reading), 0)

    def _lose_up_to(self, what: str, reading: int) -> int:
        last = what + LAST_READ
        found = self._file.execute("SELECT count FROM counted WHERE name = ?", (last,)).fetchone()
        before = found[0] if found else 0
        new = reading - before if reading >= before else reading
        with self._file:
            self._file.execute("BEGIN")
            self._add(what, new)
            self._add(last, reading - before)
        return int(new)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _forget(self, ids: Sequence[int], counted_as: str) -> None:
        with self._file:
            self._file.execute("BEGIN")
            self._file.executemany("DELETE FROM waiting WHERE id = ?", [(each,) for each in ids])
            if counted_as and ids:
                self._add(counted_as, len(ids))
        self.count -= len(ids)

    def _add(self, name: str, count: int) -> None:
        self._file.execute("INSERT INTO counted VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET count = count + excluded.count",
                           (name, count))

    # -- a disk that is full, a file that is damaged -------------------------------------------------------------------------------

    def _open(self) -> None:
        self._file = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + TABLES)
        self.count = self._file.execute("SELECT count(*) FROM waiting").fetchone()[0]

    def _tried(self, work: Callable[[], T], otherwise: T) -> T:
        """The work done; `otherwise` where it cannot be."""
        try:
            done = work()
        except (sqlite3.OperationalError, sqlite3.IntegrityError) as error:      # an odd reading damages no file
            if not self._told:
                log.error("readings cannot wait in %s: %s; what cannot is counted as lost", self.path, error)
            self._told = True
        except sqlite3.DatabaseError as error:
            self._begin_anew(error)
        else:
            self._told = False
            return done
        return otherwise

    def _begin_anew(self, error: sqlite3.DatabaseError) -> None:
        """Set the damaged file aside: what waited in it is not in the history."""
        self._file.close()
        aside = Path(self.path + DAMAGED)
        Path(self.path).replace(aside)
        for each in ("-wal", "-shm"):
            Path(self.path + each).unlink(missing_ok=True)
        self._open()
        self._uncounted["damaged file with all that waited in it"] += 1
        log.error("%s is damaged (%s), and was set aside as %s with all that waited in it", self.path, error, aside.name)
