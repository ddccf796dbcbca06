"""What a process takes of the machine while it works, as Linux counts it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """The CPU seconds of a process and of its children, those that have ended included."""
    return sum(sum(int(each) for each in _stat(one)[11:15]) for one in _family(pid)) / TICKS


def memory_mb(pid: int) -> float:
    """The resident memory of a process, without its children's."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in _read(f"/proc/{pid}/task/{pid}/children").split():
        yield from _family(int(child))


def _stat(pid: int) -> list[str]:
    """The fields of /proc/pid/stat behind the name, which may hold spaces."""
    return _read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _read(file: str) -> str:
    """Nothing of what has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(file).read_text()
    return ""
