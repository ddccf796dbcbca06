"""Slots: quarters of an hour of elapsed time, counted from the epoch. No clock here, `now` is always an argument.

A slot is `epoch // 900`, always by floor. Instants are aware datetimes in UTC; epoch integers stand only in the
contract's tables.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

SLOT_S = 900
SLOT = timedelta(seconds=SLOT_S)
HORIZON = 96
"""How many slots a plan looks ahead: 24 hours of elapsed time."""
SLOTS_PER_HOUR = 4

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST_S, LATEST_S = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(seconds=1) for year in (1000, 9000))
"""No instant of a home lies outside; a program that writes milliseconds where seconds are due writes the year 57000."""


def epoch_s(at: datetime) -> int:
    """The Unix second that `at` falls in."""
    return (at - EPOCH) // timedelta(seconds=1)


def instant(epoch: float) -> datetime:
    """The aware UTC instant of a Unix second; of one that no calendar has, the first or the last that we reckon with."""
    return datetime.fromtimestamp(float(min(max(epoch, EARLIEST_S), LATEST_S)), UTC)


def slot_of(at: datetime) -> int:
    """The slot that `at` falls in."""
    return (at - EPOCH) // SLOT


@lru_cache(4096)      # of the same few slots it is asked many times for each order
def slot_start(slot: int) -> datetime:
    """The first instant of a slot."""
    return instant(slot * SLOT_S)


def next_slot_start(at: datetime) -> datetime:
    """The first quarter strictly after `at`."""
    return slot_start(slot_of(at) + 1)


def is_due(at: datetime, now: datetime, at_most: timedelta) -> bool:
    """Whether it is time for what waits until `at`, never longer than `at_most`: a clock that was set back makes nobody wait."""
    return not now < at <= now + at_most


def slots_lasting(duration: timedelta) -> int:
    """How many slots a duration needs: the ceiling."""
    return -(-duration // SLOT)


def local_time(at: datetime, zone: tzinfo, form: str = "%H:%M") -> str:
    """An instant as the territory's clocks show it; in the hour that is lived twice with which of the two: 02:15 CEST."""
    here = at.astimezone(zone)
    twice = here.replace(fold=0).utcoffset() != here.replace(fold=1).utcoffset()
    return f"{here:{form}} {here:%Z}" if twice else f"{here:{form}}"
