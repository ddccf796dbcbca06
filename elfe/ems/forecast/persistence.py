"""Persistence, as the documentation describes it. Pure.

    p_i = c_i + (c_{n−1} − c_0) · Π_{k=1..i} (1 − k/n)          i = 0..n−1, n = 96

c is the balance measured over the last 24 hours, one mean per quarter; p is yesterday's curve, shifted to where the
balance stands now, the shift fading over the day (source: the first EMS, closed form).
"""

from __future__ import annotations

from collections.abc import Sequence

from elfe.ems.forecast.values import Forecast
from elfe.slots import HORIZON


def persistence(measured: Sequence[float | None], day_before: Sequence[float | None],
                earlier: Sequence[float | None] = (None,) * HORIZON) -> Forecast:
    """Yesterday's curve with a fading shift.

    `measured`: the last 96 quarters, the newest last; `day_before`: the 96 before; `earlier`: of each quarter what was last
    measured in it on the days before that. What is missing is taken from the same quarter of the day before, of an earlier day,
    else from its neighbours in time; with nothing at all the balance is taken as zero.
    """
    known = [next((each for each in days if each is not None), None) for days in zip(measured, day_before, earlier, strict=True)]
    missing = [days for days in zip(measured, day_before, earlier, strict=True) if days[0] is None]
    unknown = sum(value is None for value in known)
    if unknown == HORIZON:
        return Forecast((0.0,) * HORIZON, "no balance was measured: taken as zero")
    yesterday = sum(there is not None for _, there, _ in missing)
    holes = [f"{count} of 96 quarters taken from {where}" for count, where in
             ((yesterday, "the day before"), (len(missing) - yesterday - unknown, "earlier days"), (unknown, "their neighbours"))
             if count]
    return Forecast(tuple(_shifted(_interpolated(known))), ", ".join(["persistence of the last 24 hours", *holes]))


def _shifted(c: Sequence[float]) -> list[float]:
    n, fading, p = len(c), 1.0, []
    for i in range(n):
        fading *= 1 - i / n
        p.append(c[i] + (c[-1] - c[0]) * fading)
    return p


def _interpolated(values: Sequence[float | None]) -> list[float]:
    """Holes filled on the straight line between their known neighbours; at the ends, with the nearest one."""
    known = [i for i, value in enumerate(values) if value is not None]
    filled = []
    for i, value in enumerate(values):
        if value is not None:
            filled.append(value)
            continue
        before = max((k for k in known if k < i), default=known[0])
        after = min((k for k in known if k > i), default=known[-1])
        left, right = values[before], values[after]
        assert left is not None
        assert right is not None
        share = (i - before) / (after - before) if before < i < after else 0.0
        filled.append(left + (right - left) * share)
    return filled
