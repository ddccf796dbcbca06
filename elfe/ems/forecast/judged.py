"""What forecasts were worth: what was said, beside what came, and beside what persistence would have said then. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from elfe.ems.forecast.models import BANDS
from elfe.ems.forecast.persistence import persistence
from elfe.ems.forecast.values import Floats, Forecast
from elfe.slots import HORIZON


@frozen
class Worth:
    """Mean absolute errors of leads in [begins, ends[ quarters, W, and the share of quarters that came inside the band."""

    begins: int
    ends: int
    error_w: float
    persistence_w: float
    inside: float | None          # None: no band was told

    @property
    def gain(self) -> float:
        """How far below persistence's the error is, as a share of it."""
        return 1 - self.error_w / self.persistence_w if self.persistence_w else 0.0


def judged(said: Sequence[tuple[int, Forecast]], came: Mapping[int, float]) -> list[Worth]:
    """Of forecasts by their first slot: a row per band of leads, and over the whole day last; nothing when nothing came yet.

    `came`: slot → W, from two days before the first of them on, for persistence.
    """
    rows = [_row(first, each, came) for first, each in said]
    whole = [each for each in rows if each is not None]
    if not whole:
        return []
    told, simple, true, low, high = (np.stack(each) for each in zip(*whole, strict=True))
    return [found for begins, ends in (*BANDS, (0, HORIZON))
            if (found := _worth(begins, ends, *(each[:, begins:ends] for each in (told, simple, true, low, high))))]


def _row(first: int, forecast: Forecast, came: Mapping[int, float]) -> tuple[Floats, ...] | None:
    """What was said, what persistence says, what came, the band: 96 numbers each, NaN where nothing came.

    None where nothing came at all, or where nothing had been measured in two days: it would be judged beside a flat zero.
    """
    true = _curve(came, first)
    before = [came.get(slot) for slot in range(first - 2 * HORIZON, first)]
    if np.isnan(true).all() or not any(each is not None for each in before):      # persistence had nothing to say then
        return None
    simple = persistence(before[HORIZON:], before[:HORIZON])
    band = (forecast.low_w, forecast.high_w) if forecast.low_w else ([np.nan] * HORIZON,) * 2
    return np.array(forecast.balance_w), np.array(simple.balance_w), true, np.array(band[0]), np.array(band[1])


def _curve(came: Mapping[int, float], first: int) -> Floats:
    return np.array([came.get(slot, np.nan) for slot in range(first, first + HORIZON)])


def _worth(begins: int, ends: int, told: Floats, simple: Floats, true: Floats, low: Floats, high: Floats) -> Worth | None:
    known = np.isfinite(true)
    if not known.any():
        return None
    banded = known & np.isfinite(low)
    inside = float(((low <= true) & (true <= high))[banded].mean()) if banded.any() else None
    return Worth(begins, ends, float(np.abs(told - true)[known].mean()), float(np.abs(simple - true)[known].mean()), inside)
