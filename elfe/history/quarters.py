"""Quarter hours from readings, without inventing values across gaps. Pure.

A power is held from its reading to the next, for at most `held_for`: an appliance that says nothing for longer is not
known, not zero. A quarter is known when at least half of it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from elfe.history.values import Reading
from elfe.slots import SLOT_S, slot_of, slot_start

KNOWN_ENOUGH = 0.5


def means(readings: Sequence[Reading], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """The time-weighted mean of each of `count` quarters; None where less than half of the quarter is known.

    `readings` stand in order of time and may begin before the first quarter.
    """
    weighted, known = [0.0] * count, [0.0] * count
    first, last = slot_start(start_slot), slot_start(start_slot + count)
    ends = [*(each.at for each in readings[1:]), last]
    for here, end in zip(readings, ends, strict=False):
        until = min(here.at + held_for, end, last)
        _spread(max(here.at, first), until, here.value, start_slot, weighted, known)
    return [total / seconds if seconds >= KNOWN_ENOUGH * SLOT_S else None
            for total, seconds in zip(weighted, known, strict=True)]


def _spread(start: datetime, end: datetime, value: float, start_slot: int, weighted: list[float],
            known: list[float]) -> None:
    while start < end:
        slot = slot_of(start)
        here = min(end, slot_start(slot + 1))
        seconds = (here - start).total_seconds()
        weighted[slot - start_slot] += value * seconds
        known[slot - start_slot] += seconds
        start = here


def energy_wh(powers: Sequence[float | None]) -> float:
    """The energy of quarter means, Wh; unknown quarters count for nothing."""
    return sum(power for power in powers if power is not None) * SLOT_S / 3600


def counted_wh(readings: Sequence[Reading]) -> float:
    """What a counter counted, Wh. One that goes backwards was reset: what it shows then was counted since."""
    return sum(after.value - before.value if after.value >= before.value else after.value
               for before, after in pairwise(readings))
