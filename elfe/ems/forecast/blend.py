"""How much each model is believed, by its own errors: every model is rehearsed on weeks that it was not learned from. Pure.

The last three weeks are taken one by one; models are learned from what lies before each, and asked at origins inside it. The
weights of the blend, per band of leads, are those that would have erred least there; the band around the forecast is what the
blend was wrong by there, per band of leads and three hours of the day. A blend that persistence beats is not used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen

from elfe.ems.forecast.models import BANDS, LEARNS_FROM, MODELS, Clues, Model, Said, clues, faded, first_origin
from elfe.ems.forecast.past import DAY, WEEK, Past
from elfe.ems.forecast.values import HIGH, LOW, Floats, Ints
from elfe.slots import HORIZON

EVERY = 4
"""Quarters between origins that are learned from."""
REHEARSED = 3
"""Weeks."""
ENOUGH = 7 * DAY // EVERY
"""Origins without which no regression is learned."""
PARTS = 8
"""Of a day, for the band."""
ROUNDS = 300


@frozen(eq=False)
class Blend:
    """Models that were learned, and how much each is believed."""

    names: tuple[str, ...]
    says: tuple[Said, ...]
    weights: Floats                 # (bands, models); each row sums to one
    spread: Floats                  # (bands, parts of the day, 2): quantiles of what came less what was said
    error: float                    # mean absolute error of the rehearsal, and persistence's there, in units of the past's spread
    error_of_persistence: float
    rehearsed: int                  # origins

    def ask(self, past: Past) -> tuple[Floats, Floats, Floats]:
        """The forecast at the end of a past, and the two quantiles, 96 values each, in units of its spread."""
        origin = np.array([len(past.balance)])
        said = _blended(np.stack([each(clues(past, origin))[0] for each in self.says]), self.weights)
        low, high = past.balance.min(), past.balance.max()
        said = np.clip(said, low - (high - low) / 4, high + (high - low) / 4)
        around = said[:, None] + _around(self.spread, past.first + len(past.balance) + np.arange(HORIZON))
        return said, np.minimum(around[:, 0], said), np.maximum(around[:, 1], said)

    def shares(self) -> Mapping[str, float]:
        """How much each model is believed over the day, the most believed first."""
        lengths = np.array([high - low for low, high in BANDS])
        over_all = lengths @ self.weights / HORIZON
        return dict(sorted(zip(self.names, map(float, over_all), strict=True), key=lambda each: -each[1]))


def learned(past: Past, *, weather: bool) -> Blend | None:
    """The best blend of what is known, with or without what needs the weather; None when the past is too short for any."""
    origins = np.arange(max(first_origin(), len(past.balance) - LEARNS_FROM), len(past.balance) - HORIZON + 1, EVERY)
    if len(origins) < DAY // EVERY or (weather and not len(past.weather)):
        return None
    known = clues(past, origins)
    came = past.balance[origins[:, None] + np.arange(HORIZON)]
    models = [each for each in MODELS if weather or not each.weather]
    asked = _rehearsals(origins, len(past.balance))
    if not asked:
        models, asked = [each for each in models if each.learns is None], [np.ones(len(origins), dtype=bool)]
    said, inside = _rehearsed(models, known, came, origins, asked)
    return _blend(models, known, came, origins, said, inside, past)


def _rehearsals(origins: Ints, now: int) -> list[np.ndarray]:
    """For each week that can be rehearsed, which origins lie in it: enough must be known before it."""
    weeks = [now - HORIZON + 1 - WEEK * each for each in range(REHEARSED, 0, -1)]
    return [(origins >= begin) & (origins < begin + WEEK) for begin in weeks
            if (origins + HORIZON <= begin).sum() >= ENOUGH]


def _rehearsed(models: Sequence[Model], known: Clues, came: Floats, origins: Ints,
               asked: Sequence[np.ndarray]) -> tuple[Floats, np.ndarray]:
    """What each model said in the weeks that it was not learned from: (models, origins in them, 96); and which origins."""
    said = [[_learn(model, known, came, origins, origins + HORIZON <= origins[week][0])(_some(known, week)) for week in asked]
            for model in models]
    return np.stack([np.concatenate(each) for each in said]), np.any(asked, axis=0)


def _learn(model: Model, known: Clues, came: Floats, origins: Ints, of: np.ndarray) -> Said:
    if model.learns is None:
        assert model.says is not None
        return model.says
    return model.learns(_some(known, of), came[of], faded(origins[of], int(origins[of][-1])))


def _some(known: Clues, which: np.ndarray) -> Clues:
    return Clues(known.origins[which], known.clues[which], known.persistence[which])


def _blend(models: Sequence[Model], known: Clues, came: Floats, origins: Ints, said: Floats, inside: np.ndarray,
           past: Past) -> Blend:
    truth = came[inside]
    weights = np.stack([_believed(said[:, :, low:high].reshape(len(models), -1), truth[:, low:high].reshape(-1))
                        for low, high in BANDS])
    of_persistence = float(np.abs(said[0] - truth).mean())
    error = float(np.abs(_blended(said, weights) - truth).mean())
    if error >= of_persistence:
        weights, error = np.eye(len(models))[np.zeros(len(BANDS), dtype=int)], of_persistence
    wrong = truth - _blended(said, weights)
    local = past.first + origins[inside][:, None] + np.arange(HORIZON)
    everything = np.ones(len(origins), dtype=bool)
    return Blend(tuple(each.name for each in models), tuple(_learn(each, known, came, origins, everything) for each in models),
                 weights, _spread(wrong, local), error, of_persistence, int(inside.sum()))


def _believed(said: Floats, came: Floats) -> Floats:
    """Weights of a convex blend that errs little in the mean: exponentiated gradients from equal ones, of at most 4,000 points."""
    points = np.linspace(0, len(came) - 1, min(len(came), 4000)).astype(int)
    said, came = said[:, points], came[points]
    scale = np.abs(said - came).mean() or 1.0
    weights, kept = np.full(len(said), 1 / len(said)), np.zeros(len(said))
    for each in range(ROUNDS):
        slope = (said * np.sign(weights @ said - came)).mean(axis=1) / scale
        weights = weights * np.exp(-2.0 / np.sqrt(1 + each) * (slope - slope.mean()))
        weights /= weights.sum()
        kept += weights * (each >= ROUNDS // 2)
    believed: Floats = kept / kept.sum()
    return believed


def _blended(said: Floats, weights: Floats) -> Floats:
    """What the blend says, of what each model says (models, ..., 96)."""
    return np.concatenate([np.tensordot(each, said[..., low:high], axes=1)
                           for each, (low, high) in zip(weights, BANDS, strict=True)], axis=-1)


def _spread(wrong: Floats, local: Ints) -> Floats:
    """The quantiles of the errors per band of leads and part of the day; of the band, where a part was never rehearsed."""
    parts = local % DAY // (DAY // PARTS)
    spread = np.empty((len(BANDS), PARTS, 2))
    for band, (low, high) in enumerate(BANDS):
        here = wrong[:, low:high]
        for part in range(PARTS):
            inside = here[parts[:, low:high] == part]
            spread[band, part] = np.quantile(inside if inside.size else here, (LOW, HIGH))
    return spread


def _around(spread: Floats, local: Ints) -> Floats:
    """The two quantiles of the error of each lead, (96, 2)."""
    band = np.repeat(np.arange(len(BANDS)), [high - low for low, high in BANDS])
    around: Floats = spread[band, local % DAY // (DAY // PARTS)]
    return around
