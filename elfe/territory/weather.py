"""The energy weather: is there local energy to spare, now and in the next 24 hours? Pure.

Five levels by four dated thresholds on the balance, per group of participants:

    −−  < very_low ≤  −  < low ≤  0  < high ≤  +  < very_high ≤  ++        (W)

A good window is a stretch of + or better, an hour at least. Whether what was announced came true is told beside it: the hit rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import groupby

from attrs import frozen

from elfe.slots import SLOT, SLOTS_PER_HOUR, slot_start

WINDOWS = 3
SHORTEST = SLOTS_PER_HOUR
LEAST_KNOWN = 0.5
QUANTILES = (0.1, 0.3, 0.7, 0.9)
LEAST_HISTORY = 7 * 24 * SLOTS_PER_HOUR
"""Slots of history below which no thresholds are proposed: a week has seen each day once."""


class Level(IntEnum):
    """How much there is to spare."""

    VERY_LOW = -2
    LOW = -1
    MIDDLE = 0
    HIGH = 1
    VERY_HIGH = 2

    @property
    def sign(self) -> str:
        """As the first programs write it."""
        return {-2: "--", -1: "-", 0: "0", 1: "+", 2: "++"}[self]

    @property
    def words(self) -> str:
        """For participants."""
        return {-2: "très peu d'énergie locale", -1: "peu d'énergie locale", 0: "ni trop, ni trop peu",
                1: "de l'énergie locale disponible", 2: "beaucoup d'énergie locale disponible"}[self]

    @property
    def color(self) -> str:
        """#RRGGBB; told apart without red and green too, by how light they are."""
        return {-2: "#A50026", -1: "#F46D43", 0: "#FEE08B", 1: "#66BD63", 2: "#006837"}[self]


@frozen
class Thresholds:
    """Where one level ends and the next begins, W, for a group of participants from an instant on."""

    very_low: float
    low: float
    high: float
    very_high: float
    valid_from: datetime
    group: str = ""                 # empty: everybody who has no group of their own

    def __attrs_post_init__(self) -> None:
        if not self.very_low <= self.low <= self.high <= self.very_high:
            raise ValueError(f"thresholds must rise: {self.very_low:g}, {self.low:g}, {self.high:g}, {self.very_high:g} W")

    def level(self, balance_w: float) -> Level:
        """The level of a balance."""
        below = sum(balance_w >= each for each in (self.very_low, self.low, self.high, self.very_high))
        return Level(below - 2)


def in_force(known: Iterable[Thresholds], group: str, at: datetime) -> Thresholds | None:
    """The newest of the group that is valid at an instant; else the newest of everybody."""
    valid = sorted((each for each in known if each.valid_from <= at), key=lambda each: each.valid_from)
    for asked in (group, ""):
        found = [each for each in valid if each.group == asked]
        if found:
            return found[-1]
    return None


def proposed(balance_w: Iterable[float | None], valid_from: datetime, group: str = "") -> Thresholds | None:
    """Thresholds such that a tenth of the time is −−, a fifth −, two fifths 0, a fifth +, a tenth ++; None: too little history."""
    known = sorted(each for each in balance_w if each is not None)
    if len(known) < LEAST_HISTORY:
        return None
    very_low, low, high, very_high = (_rounded(known[int(share * (len(known) - 1))]) for share in QUANTILES)
    return Thresholds(very_low, low, high, very_high, valid_from, group)


def _rounded(watts: float) -> float:
    """To two significant figures: a threshold is read by people."""
    return float(f"{watts:.2g}")


# -- windows ------------------------------------------------------------------------------------------------------------------


@frozen
class Window:
    """A stretch of slots, its end excluded, and the level of its mean balance."""

    first_slot: int
    end_slot: int
    level: Level

    @property
    def start(self) -> datetime:
        """When it begins."""
        return slot_start(self.first_slot)

    @property
    def end(self) -> datetime:
        """When it is over."""
        return slot_start(self.end_slot)

    @property
    def lasts(self) -> timedelta:
        """How long."""
        return (self.end_slot - self.first_slot) * SLOT


def windows(balance_w: Sequence[float], first_slot: int, thresholds: Thresholds) -> list[Window]:
    """The next good windows, in order of time, three at most."""
    good = [thresholds.level(each) >= Level.HIGH for each in balance_w]
    found = []
    for is_good, group in groupby(range(len(good)), key=lambda i: good[i]):
        run = list(group)
        if is_good and len(run) >= SHORTEST:
            found.append(_window(balance_w, first_slot, thresholds, run[0], run[-1] + 1))
    return found[:WINDOWS]


def least_bad(balance_w: Sequence[float], first_slot: int, thresholds: Thresholds) -> Window:
    """The hour with most to spare, when no window is good; the earliest among equals."""
    starts = range(len(balance_w) - SHORTEST + 1)
    best = max(starts, key=lambda i: (sum(balance_w[i:i + SHORTEST]), -i))
    return _window(balance_w, first_slot, thresholds, best, best + SHORTEST)


def _window(balance_w: Sequence[float], first_slot: int, thresholds: Thresholds, start: int, end: int) -> Window:
    mean = sum(balance_w[start:end]) / (end - start)
    return Window(first_slot + start, first_slot + end, thresholds.level(mean))


# -- did it come true? ---------------------------------------------------------------------------------------------------------


@frozen
class HitRate:
    """Of the windows that were announced and measured, how many were good; and how many an announcement by lot would have hit."""

    announced: int
    judged: int
    hits: int
    by_chance: float               # of hours drawn by lot in the same days, the share that was good

    @property
    def rate(self) -> float | None:
        """Between 0 and 1; None while nothing could be judged."""
        return self.hits / self.judged if self.judged else None


def came_true(window: Window, measured_w: Sequence[float | None], thresholds: Thresholds) -> bool | None:
    """Whether the window's measured mean was + or better; None where less than half of it was measured."""
    known = [each for each in measured_w if each is not None]
    if len(known) < LEAST_KNOWN * (window.end_slot - window.first_slot):
        return None
    return thresholds.level(sum(known) / len(known)) >= Level.HIGH


def by_chance(measured_w: Sequence[float | None], thresholds: Thresholds) -> float:
    """The share of all hours, beginning at any slot, that were good."""
    hours = [measured_w[i:i + SHORTEST] for i in range(len(measured_w) - SHORTEST + 1)]
    whole = [[each for each in hour if each is not None] for hour in hours]
    means = [sum(hour) / SHORTEST for hour in whole if len(hour) == SHORTEST]
    return sum(thresholds.level(each) >= Level.HIGH for each in means) / len(means) if means else 0.0


def hit_rate(judged: Iterable[bool | None], chance: float) -> HitRate:
    """The rate of a list of outcomes."""
    outcomes = list(judged)
    known = [each for each in outcomes if each is not None]
    return HitRate(len(outcomes), len(known), sum(known), chance)
