"""Who says what of the next 96 quarters: persistence, similar days, regressions. Pure; a few matrix products.

A forecast is made at an *origin*, the index of its first quarter in the past; its *leads* are 0 to 95. What is known of a quarter
that far ahead stands in `Clues`: a row of numbers per origin and lead, which holds nothing that was not known at the origin.

A model is learned from origins and then asked at others. Regressions are ridge regressions per band of leads, shrunk towards
similar days, so that with little past they say what similar days say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen

from elfe.ems.forecast.past import DAY, WEEK, Past
from elfe.ems.forecast.values import Floats, Ints
from elfe.slots import HORIZON

BANDS = ((0, 2), (2, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 96))
"""Leads that are learned together, quarters: the near ones by themselves, where the last error weighs most."""
LEADS = np.arange(HORIZON)
SIMILAR_DAYS = 21
FORGOTTEN_IN, OTHER_KIND = 5.0, 0.25
"""Days after which a day counts a third, and what a day of another kind counts."""
LIKE_FORGOTTEN_IN, LIKE_OTHER_KIND = 15.0, 0.01
"""The same where like days are nearly all that counts: for weekends."""
FADES = 12.0
"""Quarters after which the last error counts a third, of similar days."""
LEARNS_FROM = 56 * DAY
FADED_IN = 30.0
"""Days after which what is learned from counts a third."""
PLAIN = 17
"""Clues that need no weather."""
FLAT = 1e-3
"""A clue that spreads less than this says nothing."""


@frozen(eq=False)
class Clues:
    """What is known at origins: `clues` of shape (origins, 96, clues), in the order of `_plain`, then two a row of weather."""

    origins: Ints
    clues: Floats
    persistence: Floats             # what persistence says, (origins, 96)


def first_origin() -> int:
    """The first index at which everything that clues look back to has been."""
    return WEEK + DAY


def clues(past: Past, origins: Ints) -> Clues:
    """What is known at each origin; origins from `first_origin()` to the length of the past."""
    quarters = origins[:, None] + LEADS
    usual = _usual(past.balance, past.days)
    plain = _plain(past, origins, quarters, usual)
    weather = [row[quarters] - other for row in past.weather
               for other in (_usual(row[:len(past.balance)], np.zeros(len(row), dtype=np.int64))[quarters], row[quarters - DAY])]
    return Clues(origins, np.stack([*plain, *weather], axis=-1), _persistence(past.balance, origins))


def _plain(past: Past, origins: Ints, quarters: Ints, usual: Floats) -> list[Floats]:
    y, one = past.balance, np.ones(quarters.shape)
    total = np.concatenate([[0.0], np.cumsum(y)])
    behind = [((total[origins] - total[origins - length]) / length)[:, None] for length in (DAY, WEEK)]
    before = ((total[origins - DAY] - total[origins - 2 * DAY]) / DAY)[:, None]
    errors = y[origins[:, None] - np.arange(1, 5)] - usual[origins[:, None] - np.arange(1, 5)]
    last, hour, day = errors[:, :1], errors.mean(axis=1, keepdims=True), (y[origins - 1] - y[origins - 1 - DAY])[:, None]
    kind, like = past.days[quarters], _usual(past.balance, past.days, LIKE_FORGOTTEN_IN, LIKE_OTHER_KIND)[quarters]
    return [
        one, usual[quarters], last * np.exp(-LEADS / FADES), y[quarters - DAY], y[quarters - 2 * DAY], y[quarters - WEEK],
        last * np.exp(-LEADS / 3), last * np.exp(-LEADS / 48), hour * np.exp(-LEADS / 12), hour * np.exp(-LEADS / 48),
        day * np.exp(-LEADS / 12), day * np.exp(-LEADS / 48), (behind[0] - before) * one, (behind[0] - behind[1]) * one,
        (kind == 1) * one, (kind == 2) * one, like,
    ]


def _usual(y: Floats, days: Ints, forgotten_in: float = FORGOTTEN_IN, other_kind: float = OTHER_KIND) -> Floats:
    """Of each quarter and the 96 to come: the mean of the same quarter of the three weeks before, near and like days foremost."""
    reach = len(y) + HORIZON
    total, weights = np.zeros(reach), np.zeros(reach)
    for ago in range(1, SIMILAR_DAYS + 1):
        there = slice(min(ago * DAY, reach), reach)
        back = y[:reach - ago * DAY] if reach > ago * DAY else y[:0]
        same = days[there] == days[:max(reach - ago * DAY, 0)]
        weight = np.exp(-ago / forgotten_in) * np.where(same, 1.0, other_kind)
        total[there] += weight[:len(back)] * back
        weights[there] += weight[:len(back)]
    first_day = np.resize(y[:DAY], min(DAY, reach))
    return np.concatenate([first_day, total[DAY:] / weights[DAY:]])


def _persistence(y: Floats, origins: Ints) -> Floats:
    """See `elfe.ems.forecast.persistence`."""
    c = y[origins[:, None] - DAY + LEADS]
    said: Floats = c + (c[:, -1:] - c[:, :1]) * np.cumprod(1 - LEADS / HORIZON)
    return said


# -- models -------------------------------------------------------------------------------------------------------------------

Said = Callable[[Clues], Floats]
"""Forecasts at origins: (origins, 96)."""


@frozen
class Model:
    """A model's name, as operators read it, whether it needs the weather, and how it is learned from what came.

    `learns` takes clues, what came (origins, 96) and each origin's weight; it is None for what needs no learning.
    """

    name: str
    learns: Callable[[Clues, Floats, Floats], Said] | None = None
    says: Said | None = None
    weather: bool = False


def _similar(known: Clues) -> Floats:
    said: Floats = known.clues[:, :, 1] + known.clues[:, :, 2]
    return said


def _regression(caution: float, count: int | None) -> Callable[[Clues, Floats, Floats], Said]:
    def learns(known: Clues, came: Floats, weights: Floats) -> Said:
        by_band = [_ridge(known.clues[:, low:high, :count], came[:, low:high], weights, caution) for low, high in BANDS]

        def says(known: Clues) -> Floats:
            return np.concatenate([known.clues[:, low:high, :count] @ each
                                   for (low, high), each in zip(BANDS, by_band, strict=True)], axis=1)
        return says
    return learns


def _ridge(x: Floats, came: Floats, weights: Floats, caution: float) -> Floats:
    """Coefficients of clues, shrunk towards similar days: minimises Σ w (x·b − y)² / Σ w + caution · |s (b − b₀)|²."""
    flat, weight = x.reshape(-1, x.shape[-1]), np.repeat(weights, x.shape[1])
    size = np.sqrt((flat ** 2).mean(axis=0))
    usable = size > FLAT
    towards = np.zeros(len(size))
    towards[1:3] = 1.0
    scaled = flat[:, usable] / size[usable]
    weighted = scaled * (weight / weight.sum())[:, None]
    shrink = caution * np.eye(scaled.shape[1])
    aim = (towards * size)[usable]
    solved = np.linalg.solve(weighted.T @ scaled + shrink, weighted.T @ came.reshape(-1) + shrink @ aim)
    found = towards.copy()
    found[usable] = solved / size[usable]
    return found


MODELS: Sequence[Model] = (
    Model("persistence", says=lambda known: known.persistence),
    Model("similar days", says=_similar),
    Model("regression", _regression(0.3, PLAIN)),
    Model("cautious regression", _regression(3.0, PLAIN)),
    Model("regression with weather", _regression(0.3, None), weather=True),
    Model("cautious regression with weather", _regression(3.0, None), weather=True),
)


def faded(origins: Ints, now: int) -> Floats:
    """What each origin counts in learning: what is long ago counts less."""
    weights: Floats = np.exp((origins - now) / DAY / FADED_IN)
    return weights
