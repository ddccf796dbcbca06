"""A power curve as two arrays, cleaned: what a meter said, and how long it is believed. Pure.

A value holds until the next reading, as devices that report on change mean it, and those that report by the clock too. But one
that draws and says nothing for long is out of sight: neither drawing nor quiet, unknown. A quiet one may stay quiet for days
without a word.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from elfe.history.values import Reading

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]

ABSURD_W = 100_000.0
"""No appliance on a plug or a relay draws as much: a meter that says so is wrong."""
SILENT_SHARE, SAME_SHARE, UNEVEN = 0.5, 0.1, 5.0
"""A meter that seldom says the same twice, and is silent for more than half of the time or takes now five times as long as then to
speak again, speaks only when something changes."""


@frozen(eq=False)
class Curve:
    """What a meter said: instants (epoch s, strictly increasing) and watts (finite, never negative)."""

    at_s: Floats
    power_w: Floats

    def __len__(self) -> int:
        return len(self.at_s)

    def between(self, start_s: float, end_s: float) -> Curve:
        """The readings in [start, end[, and the last one before them, which holds into it."""
        first = max(0, int(np.searchsorted(self.at_s, start_s, side="right")) - 1)
        last = int(np.searchsorted(self.at_s, end_s))
        return Curve(self.at_s[first:last], self.power_w[first:last])


@frozen(eq=False)
class Held:
    """A curve with how long each value is believed: until the next reading, or for so long at most. Epoch s."""

    curve: Curve
    next_s: Floats
    held_s: Floats

    @property
    def energy_wh(self) -> Floats:
        """Of each reading."""
        drawn: Floats = self.curve.power_w * (self.held_s - self.curve.at_s) / 3600
        return drawn

    def stretches(self, level_w: float) -> tuple[Indexes, Indexes]:
        """First and last reading of every time at or above a level that was seen without a silence."""
        above = self.curve.power_w >= level_w
        goes_on = above[:-1] & above[1:] & (self.next_s[:-1] <= self.held_s[:-1])
        return np.flatnonzero(above & ~np.append(False, goes_on)), np.flatnonzero(above & ~np.append(goes_on, False))

    def means_w(self, start_s: float, step_s: float, count: int) -> Floats:
        """The mean power of `count` steps from an instant on; what was not seen drew nothing."""
        upto_wh = np.append(0.0, np.cumsum(self.energy_wh))
        at_s = np.column_stack((self.curve.at_s, self.held_s)).ravel()
        known_wh = np.column_stack((upto_wh[:-1], upto_wh[1:])).ravel()
        means: Floats = np.diff(np.interp(start_s + step_s * np.arange(count + 1), at_s, known_wh)) * 3600 / step_s
        return means


def believed(curve: Curve, held_for_s: float, longest_s: float, until_s: float | None = None) -> Held:
    """Each value believed for `held_for_s` at most; for `longest_s` where the meter speaks only when something changes.

    `until_s`: up to when the last reading holds; it is the end of what is known without it.
    """
    end_s = curve.at_s[-1] if until_s is None else max(curve.at_s[-1], until_s)
    next_s = np.append(curve.at_s[1:], end_s)
    lasts_s = next_s - curve.at_s
    silent_s, same = lasts_s[lasts_s > held_for_s].sum(), np.diff(curve.power_w) == 0
    uneven = len(same) > 0 and np.quantile(lasts_s, 0.9) > UNEVEN * np.quantile(lasts_s, 0.1)
    on_change = same.sum() <= SAME_SHARE * len(same) and (uneven or silent_s > SILENT_SHARE * lasts_s.sum())
    most_s = longest_s if on_change else held_for_s
    return Held(curve, next_s, np.minimum(next_s, curve.at_s + most_s))


def curve_of(readings: Sequence[Reading]) -> Curve:
    """The curve of a power series, W."""
    at_s = np.fromiter((each.at.timestamp() for each in readings), float, len(readings))
    return cleaned(at_s, np.fromiter((each.value for each in readings), float, len(readings)))


def curve_of_counter(readings: Sequence[Reading], held_for_s: float) -> Curve:
    """The curve of an energy counter, Wh: it counts evenly between two readings.

    One that goes backwards was reset, one that was silent for longer than it is believed is a hole: what was drawn meanwhile is
    not known, and the value before is not made longer by it.
    """
    count = cleaned(np.fromiter((each.at.timestamp() for each in readings), float, len(readings)),
                    np.fromiter((each.value for each in readings), float, len(readings)), absurd=np.inf)
    if len(count) < 2:
        return Curve(count.at_s[:0], count.power_w[:0])
    lasts_s, drawn_wh = np.diff(count.at_s), np.diff(count.power_w)
    known = (drawn_wh >= 0) & (lasts_s <= held_for_s)
    power_w = np.append(3600 * drawn_wh / lasts_s, 0.0)
    return cleaned(count.at_s[np.append(known, True)], power_w[np.append(known, True)])


def cleaned(at_s: Floats, power_w: Floats, absurd: float = ABSURD_W) -> Curve:
    """In order of time, one value an instant (the last said), nothing absurd; what is a little negative is nothing."""
    sane = np.isfinite(at_s) & np.isfinite(power_w) & (np.abs(power_w) < absurd)
    at_s, power_w = at_s[sane], np.maximum(power_w[sane], 0.0)
    if np.any(np.diff(at_s) <= 0):                 # a clock that was set back, or two that tell of the same instant
        order = np.argsort(at_s, kind="stable")
        at_s, power_w = at_s[order], power_w[order]
        last = np.append(np.diff(at_s) > 0, True)
        at_s, power_w = at_s[last], power_w[last]
    return Curve(at_s, power_w)
