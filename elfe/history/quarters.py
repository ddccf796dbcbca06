"""Quarter hours from readings, without inventing values across gaps. Pure.

A power is held from its reading to the next, for at most `held_for`: an appliance that says nothing for longer is not
known, not zero. A counter tells what was counted between two of its readings, when they are no further apart. A quarter
is known when at least half of it is. Readings are one series', in order of time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from elfe.history.values import Reading
from elfe.slots import EPOCH, SLOT_S

KNOWN_ENOUGH = 0.5
SECOND = timedelta(seconds=1)
Floats = npt.NDArray[np.float64]


def means(readings: Sequence[Reading], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """The time-weighted mean of each of `count` quarters; None where less than half of the quarter is known.

    Readings may begin before the first quarter: the last of those holds into it.
    """
    at_s = np.array([(each.at - EPOCH) / SECOND for each in readings], float)
    return means_of(at_s, np.array([each.value for each in readings], float), start_slot, count, held_for)


def means_of(at_s: Floats, values: Floats, start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """The same of readings as arrays; `at_s`: s since the epoch. What is no number was not said."""
    said = np.isfinite(values)
    at_s, values = at_s[said], values[said]
    ends = np.append(at_s[1:], (start_slot + count) * SLOT_S)[:len(at_s)]
    total, seconds = _spread(values, at_s, np.minimum(at_s + held_for / SECOND, ends), start_slot, count)
    return [float(sum_ / known) if enough else None for sum_, known, enough in zip(total, seconds, _enough(seconds), strict=True)]


def counted(readings: Sequence[Reading], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    """What a counter counted in each of `count` quarters, in its unit; None where less than half of the quarter is known.

    Between two readings it is taken to have counted evenly. One that goes backwards was reset: what it counted since its
    last reading is not known, and a new count begins.
    """
    pairs = [(here, there) for here, there in pairwise(readings)
             if here.at < there.at <= here.at + held_for and here.value <= there.value]
    begins, ends = (np.array([(each.at - EPOCH) / SECOND for each in some], float)
                    for some in ([here for here, _ in pairs], [there for _, there in pairs]))
    per_second = np.array([there.value - here.value for here, there in pairs], float) / (ends - begins)
    total, seconds = _spread(per_second, begins, ends, start_slot, count)
    return [float(each) if enough else None for each, enough in zip(total, _enough(seconds), strict=True)]


def _spread(values: Floats, begins: Floats, ends: Floats, start_slot: int, count: int) -> tuple[Floats, Floats]:
    """Value × seconds, and seconds known, of each quarter; values hold from `begins` to `ends`, s since the epoch."""
    begins = np.maximum(begins, start_slot * SLOT_S)
    ends = np.minimum(ends, (start_slot + count) * SLOT_S)
    real = begins < ends
    values, begins, ends = values[real], begins[real], ends[real]
    slots = (begins // SLOT_S).astype(np.int64)
    total, seconds = np.zeros(count), np.zeros(count)
    for n in range(int((np.ceil(ends / SLOT_S) - slots).max(initial=0))):       # of each, its n-th quarter
        inside = (np.minimum(ends, (slots + n + 1) * SLOT_S) - np.maximum(begins, (slots + n) * SLOT_S)).clip(min=0.0)
        at = np.minimum(slots + n - start_slot, count - 1)
        total += np.bincount(at, weights=values * inside, minlength=count)
        seconds += np.bincount(at, weights=inside, minlength=count)
    return total, seconds


def _enough(seconds: Floats) -> list[bool]:
    return [bool(each) for each in seconds >= KNOWN_ENOUGH * SLOT_S]


def energy_wh(powers: Sequence[float | None]) -> float:
    """The energy of quarter means of a power, Wh; unknown quarters count for nothing."""
    return sum(power for power in powers if power is not None) * SLOT_S / 3600
