"""Quarter hours from readings, without inventing values across gaps. Pure.

A power is held from its reading to the next, for at most `held_for`: an appliance that says nothing for longer is not
known, not zero. A counter tells what was counted between two of its readings, when they are no further apart. A quarter
is known when at least half of it is. Readings are one series', in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from attrs import define, field

from elfe.history.values import Reading
from elfe.slots import SLOT_S, slot_of, slot_start

KNOWN_ENOUGH = 0.5


def means(readings: Sequence[Reading], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """The time-weighted mean of each of `count` quarters; None where less than half of the quarter is known.

    Readings may begin before the first quarter: the last of those holds into it.
    """
    quarters = _Quarters(start_slot, count)
    ends = [*(each.at for each in readings[1:]), quarters.end]
    for here, end in zip(readings, ends, strict=False):
        quarters.spread(here.value, here.at, min(here.at + held_for, end))
    return [total / seconds if known else None for total, seconds, known in quarters.sums()]


def counted(readings: Sequence[Reading], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """What a counter counted in each of `count` quarters, in its unit; None where less than half of the quarter is known.

    Between two readings it is taken to have counted evenly. One that goes backwards was reset: what it counted since its
    last reading is not known, and a new count begins.
    """
    quarters = _Quarters(start_slot, count)
    for here, there in pairwise(readings):
        if here.at < there.at <= here.at + held_for and here.value <= there.value:
            per_second = (there.value - here.value) / (there.at - here.at).total_seconds()
            quarters.spread(per_second, here.at, there.at)
    return [total if known else None for total, _, known in quarters.sums()]


def energy_wh(powers: Sequence[float | None]) -> float:
    """The energy of quarter means of a power, Wh; unknown quarters count for nothing."""
    return sum(power for power in powers if power is not None) * SLOT_S / 3600


@define
class _Quarters:
    """Value × seconds, and seconds known, of consecutive quarters."""

    first: int
    count: int
    _weighted: list[float] = field(init=False)
    _known: list[float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._weighted, self._known = [0.0] * self.count, [0.0] * self.count

    @property
    def end(self) -> datetime:
        return slot_start(self.first + self.count)

    def spread(self, value: float, start: datetime, end: datetime) -> None:
        """The value held from `start` to `end`; what lies outside the quarters is left out."""
        start, end = max(start, slot_start(self.first)), min(end, self.end)
        while start < end:
            slot = slot_of(start)
            until = min(end, slot_start(slot + 1))
            seconds = (until - start).total_seconds()
            self._weighted[slot - self.first] += value * seconds
            self._known[slot - self.first] += seconds
            start = until

    def sums(self) -> list[tuple[float, float, bool]]:
        """Of each quarter: value × seconds, seconds known, and whether these are enough."""
        return [(total, seconds, seconds >= KNOWN_ENOUGH * SLOT_S)
                for total, seconds in zip(self._weighted, self._known, strict=True)]
