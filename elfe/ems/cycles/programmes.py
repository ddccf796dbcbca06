"""The programmes of a machine: runs that draw alike, averaged; and which of them has just begun. Pure.

Two runs are alike when the energy that they have drawn by each minute is. Let $A_t$ and $B_t$ be these energies, $T$ the longer of
the two runs; what is over goes on having drawn what it drew. Their distance is

    d = mean over t ≤ T of |A_t − B_t|, over max(A_T, B_T)

A heating that comes some minutes later costs little, as with time warping, but one that is not there costs what it is worth.
Runs are joined into programmes by average linkage, as long as the mean distance between two groups is at most `SAME`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from attrs import frozen

from elfe.ems.cycles.curve import Floats, Indexes

SAME = 0.14
"""Between programmes it is 0.3 and more, between runs of one with a full drum and with a half-empty one 0.1."""
KNOWN = 0.15
"""A programme whose first minutes lie further from a run's than this is not what runs."""
EARLIEST = 5
"""Minutes: before, every programme lets water in."""
SPREAD = 0.04
"""Standard deviation of the distance between the first minutes of a run and its programme's."""
SURE = 0.8
LEAST_SHARE = 0.1
"""First minutes weigh against at least this share of the programme's energy: one litre more of cold water is no other programme."""


@frozen
class Programme:
    """Runs that draw alike."""

    number: int                         # from 1, in the order in which they were first seen
    minutes_w: tuple[float, ...]        # the mean of its runs, from their own starts on
    runs: int
    confidence: float                   # how often the others foretell one of its runs: see `_confidence`
    last_at: datetime                   # when it was last started

    @property
    def energy_wh(self) -> float:
        """What a run draws."""
        return sum(self.minutes_w) / 60

    @property
    def lasts(self) -> timedelta:
        """From start to end."""
        return timedelta(minutes=len(self.minutes_w))


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two runs lie apart, told by their mean W per minute: 0 is the same, 1 has nothing in common."""
    return float(_distances(_energies([one, other]), np.array([len(one), len(other)]))[0, 1])


def grouped(runs: Sequence[tuple[datetime, Sequence[float]]]) -> tuple[tuple[int, ...], tuple[Programme, ...]]:
    """The number of each run's programme, and the programmes. Runs are their starts and mean W per minute, in order of time."""
    if not runs:
        return (), ()
    profiles = [profile for _, profile in runs]
    lengths = np.array([len(profile) for profile in profiles])
    groups = _linked(_distances(_energies(profiles), lengths))
    number = {run: n for n, group in enumerate(groups, 1) for run in group}
    found = (_programme(n, [runs[i] for i in group]) for n, group in enumerate(groups, 1))
    return tuple(number[i] for i in range(len(runs))), tuple(found)


def recognised(programmes: Sequence[Programme], drawn_w: Sequence[float]) -> tuple[Programme, float] | None:
    """The programme that a run is of, by what it has drawn minute by minute so far, and how sure that is; None: too early.

    Bayes' rule: how often each programme was run, times how likely its first minutes look like these.
    """
    if len(drawn_w) < EARLIEST or not programmes:
        return None
    apart = np.array([_apart(each, drawn_w) for each in programmes])
    likely = np.array([each.runs for each in programmes]) * np.exp(-0.5 * (apart / SPREAD) ** 2)
    best = int(np.argmax(likely))
    if apart[best] > KNOWN or likely[best] < SURE * likely.sum():
        return None
    return programmes[best], float(likely[best] / likely.sum()) * programmes[best].confidence


def _apart(programme: Programme, drawn_w: Sequence[float]) -> float:
    """The distance of a run's first minutes from a programme's."""
    count = len(drawn_w)
    energies = _energies([drawn_w, programme.minutes_w])[:, :count]
    against = max(energies[:, -1].max(), LEAST_SHARE * programme.energy_wh * 60, 1.0)
    return float(np.abs(energies[0] - energies[1]).mean() / against)


def _energies(profiles: Sequence[Sequence[float]]) -> Floats:
    """What each run has drawn by each minute, W·min, a row per run."""
    padded = np.zeros((len(profiles), max(map(len, profiles))))
    for row, profile in zip(padded, profiles, strict=True):
        row[:len(profile)] = profile
    return np.cumsum(padded, axis=1)


def _distances(energies: Floats, lengths: Indexes) -> Floats:
    """The distance of every run from every other."""
    drawn, apart = energies[:, -1], np.empty((len(energies), len(energies)))
    for i, own in enumerate(energies):
        upto = np.cumsum(np.abs(energies - own), axis=1)
        longer = np.maximum(lengths, lengths[i])
        apart[i] = upto[np.arange(len(energies)), longer - 1] / longer / np.maximum(np.maximum(drawn, drawn[i]), 1.0)
    return apart


def _linked(apart: Floats) -> list[list[int]]:
    """Groups of indexes by average linkage, each and all in the order of their first."""
    groups, between = [[i] for i in range(len(apart))], apart + np.diag(np.full(len(apart), np.inf))
    while len(groups) > 1 and between.min() <= SAME:
        i, j = sorted(divmod(int(np.argmin(between)), len(groups)))
        joined = (len(groups[i]) * between[i] + len(groups[j]) * between[j]) / (len(groups[i]) + len(groups[j]))
        between[i, :], between[:, i] = joined, joined
        between[i, i] = np.inf
        between = np.delete(np.delete(between, j, 0), j, 1)
        groups[i] = sorted(groups[i] + groups.pop(j))
    return sorted(groups)


def _programme(number: int, runs: Sequence[tuple[datetime, Sequence[float]]]) -> Programme:
    profiles = [profile for _, profile in runs]
    return Programme(number, _mean(profiles), len(runs), _confidence(profiles), max(at for at, _ in runs))


def _mean(profiles: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Minute by minute, as long as half of them last; the rest is left in its last minute, so that no energy is lost."""
    lasts = int(np.median([len(profile) for profile in profiles]))
    energies = _energies([*profiles, [0.0] * lasts])[:-1].mean(axis=0)
    return tuple(np.diff(np.append(0.0, np.append(energies[:lasts - 1], energies[-1]))).round(1).tolist())


def _confidence(profiles: Sequence[Sequence[float]]) -> float:
    """How probable it is that the next one is foretold: (foretold + 1) / (runs + 2), each run by the mean of the others."""
    others = ([each for each in profiles if each is not own] for own in profiles)
    foretold = sum(distance(_mean(rest), own) <= SAME for own, rest in zip(profiles, others, strict=True) if rest)
    return (foretold + 1) / (len(profiles) + 2)
