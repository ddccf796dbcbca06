"""Locks that the dead let go of: a connection to PostgreSQL that breaks, a file beside SQLite that closes. Edge."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import IO

from sqlalchemy import Connection, Engine


def has_file(engine: Engine) -> bool:
    """Whether others could open the same database: one in memory is its program's own."""
    return bool(engine.url.database) and engine.url.database != ":memory:"


def file_beside(engine: Engine, name: str) -> Path:
    """Where the lock of that name is of a database in a file."""
    return Path(f"{engine.url.database}.{name}.lock")


def take(place: Path) -> IO[str] | None:
    """The lock, ours for as long as it is open; None where another program has it."""
    file = place.open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def is_taken(place: Path) -> bool:
    """Whether a program has it."""
    try:
        with place.open() as opened:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def let_go(connection: Connection | None, file: IO[str] | None) -> None:
    """Of what holds a lock. A connection is broken, not given back to its pool: the lock would live on there."""
    if connection is not None:
        connection.invalidate()
        connection.close()
    if file is not None:
        file.close()
