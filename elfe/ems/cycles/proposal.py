"""Parameters that suit one appliance better than those of its type, from what was measured of it. Pure.

The stop power follows the standby, by itself. The start power and the stop duration decide what a cycle is; these are proposed,
with the reason, to whoever looks. Whether two runs are two loads or one with a long soak, no curve says; but a soak lasts as
long every time, and people do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np
from attrs import evolve, frozen

from elfe.ems.cycles.curve import Curve, Floats
from elfe.ems.cycles.detection import Detection, Run, runs
from elfe.ems.cycles.profiles import minutes
from elfe.ems.cycles.programmes import grouped

RESTS_W, RESTS_S = 12.0, 1800.0
"""Half an hour below 12 W is a rest."""
SOAKS_S, WORKS_WH = 4500.0, 10.0
"""One that is shorter than this and is followed by half an hour of work may be a soak: it says nothing of the standby."""
USUAL = 0.8
"""At rest it draws as much for four fifths of the time, or less: a blink of its panel is left out."""
ABOVE_W = 1.0
NEVER_OFF_W, NEVER_OFF_S = 100.0, 86_400.0
"""What is never below 12 W in a day and keeps to one level below 100 W for half of it rests there: a lamp on the same plug."""
NEAR = 0.1
"""Such a level wavers by a tenth."""

MINUTE = timedelta(minutes=1)
LEVELS_W = (40, 60, 100, 150, 250, 400, 600, 1000, 1500, 2000)
PAUSES = tuple(timedelta(minutes=each) for each in (4, 6, 8, 10, 12, 15, 20, 30, 45, 60))
ENOUGH_RUNS = 4
AS_LONG = 1.25
"""The longest of a programme's pauses, over its shortest."""
ALIKE = 0.8
"""Where four runs in five resemble another one, the parameters cut the curve where the machine does."""


@frozen
class Proposal:
    """One parameter that would suit better."""

    name: str                      # of `Detection`
    value: float | timedelta
    why: str


def suited(curve: Curve, rules: Detection) -> Detection:
    """The parameters with a stop power above what this appliance draws when it is left on."""
    at_rest = standby_w(curve)
    return rules if at_rest is None else evolve(rules, stop_w=max(rules.stop_w, at_rest + _above_w(at_rest)))


def _above_w(at_rest_w: float) -> float:
    """How far above the standby a run is over, W."""
    return ABOVE_W if at_rest_w < RESTS_W else NEAR * at_rest_w


def standby_w(curve: Curve) -> float | None:
    """What it draws at rest, W, in the rest in which it draws most: switched off and left on are two. None without a rest.

    Of one that is never below 12 W: the level that it keeps to.
    """
    if not len(curve):
        return None
    lasts_s = np.diff(curve.at_s)
    low = np.concatenate(([False], curve.power_w[:-1] < RESTS_W, [False]))
    begins, ends = np.flatnonzero(np.diff(low.astype(np.int8))).reshape(-1, 2).T
    lasts = curve.at_s[ends] - curve.at_s[begins]
    rests = (lasts >= RESTS_S) & ((lasts >= SOAKS_S) | (_drawn_wh(curve, curve.at_s[ends]) < WORKS_WH))
    if not low.any():
        return _never_off_w(curve.power_w[:-1], lasts_s)
    return max((_usual_w(curve.power_w[a:b], lasts_s[a:b]) for a, b in zip(begins[rests], ends[rests], strict=True)), default=None)


def _never_off_w(power_w: Floats, lasts_s: Floats) -> float | None:
    """The level that something keeps to that never rests, W; None where it keeps to none, or was seen for too short."""
    if lasts_s.sum() < NEVER_OFF_S:
        return None
    level_w = _usual_w(power_w, lasts_s, 0.5)
    kept_s = lasts_s[np.abs(power_w - level_w) <= NEAR * level_w].sum()
    return level_w if level_w < NEVER_OFF_W and kept_s >= lasts_s.sum() / 2 else None


def _drawn_wh(curve: Curve, at_s: Floats) -> Floats:
    """What is drawn in the half hour from each of these instants on."""
    upto_wh = np.append(0.0, np.cumsum(curve.power_w[:-1] * np.diff(curve.at_s))) / 3600
    drawn: Floats = np.interp(at_s + RESTS_S, curve.at_s, upto_wh) - np.interp(at_s, curve.at_s, upto_wh)
    return drawn


def proposals(curve: Curve, rules: Detection) -> tuple[Proposal, ...]:
    """What would suit an appliance better, of some weeks of its curve; nothing where the parameters do."""
    return (*_stop_power(curve, rules), *_start_power(curve, suited(curve, rules)), *_stop_duration(curve, suited(curve, rules)))


def _stop_power(curve: Curve, rules: Detection) -> Iterator[Proposal]:
    better = suited(curve, rules).stop_w
    if better > rules.stop_w:
        yield Proposal("stop_w", round(better, 1),
                       f"it draws {standby_w(curve):.1f} W at rest: no run would end at {rules.stop_w:g} W")


def _start_power(curve: Curve, rules: Detection) -> Iterator[Proposal]:
    """Runs as long and as heavy as a cycle that do not reach the start power for long enough."""
    weak = evolve(rules, start_w=max(LEVELS_W[0], rules.stop_w))
    every = _whole(curve, weak)
    missed = len(every) - len(_whole(curve, rules))
    if missed <= 0 or len(every) < ENOUGH_RUNS:
        return
    reached = [level for level in LEVELS_W if len(_whole(curve, evolve(weak, start_w=level))) == len(every)]
    if reached:
        yield Proposal("start_w", float(reached[-1]), f"{missed} of {len(every)} runs that are long and heavy enough do not reach "
                       f"{rules.start_w:g} W for {rules.start_for.total_seconds():.0f} s, all of them reach {reached[-1]} W")


def _stop_duration(curve: Curve, rules: Detection) -> Iterator[Proposal]:
    """Another stop duration, where runs pause alike every time, or where runs that stand close together resemble others."""
    found = _whole(curve, rules)
    for stop_for in (each for each in PAUSES if each > rules.stop_for):
        paused = [gap / MINUTE for one, other in pairwise(found) if (gap := other.started_at - one.ended_at) < stop_for]
        if len(paused) >= ENOUGH_RUNS and max(paused) <= AS_LONG * min(paused) and len(found) <= 2.5 * len(paused):
            yield Proposal("stop_for", stop_for,
                           f"{len(paused)} times it pauses for {min(paused):.0f} to {max(paused):.0f} min and goes on: a soak")
            return
    if len(found) < ENOUGH_RUNS or _resembling(curve, rules, found) >= ALIKE:
        return
    for stop_for in (each for each in PAUSES if each < rules.stop_for):
        parted = _whole(curve, evolve(rules, stop_for=stop_for))
        if len(parted) > len(found) and _resembling(curve, rules, parted) >= ALIKE:
            yield Proposal("stop_for", stop_for,
                           f"{len(parted) - len(found)} times two runs that resemble others stand closer together")
            return


def _resembling(curve: Curve, rules: Detection, found: Sequence[Run]) -> float:
    """Which share of runs resembles another one."""
    numbers, programmes = grouped([(run.started_at, minutes(curve, run, rules)) for run in found])
    several = {each.number for each in programmes if each.runs > 1}
    return sum(number in several for number in numbers) / max(1, len(numbers))


def _whole(curve: Curve, rules: Detection) -> list[Run]:
    return [run for run in runs(curve, rules) if run.whole and run.over]


def _usual_w(power_w: Floats, lasts_s: Floats, share: float = USUAL) -> float:
    """What is not exceeded for the usual share of the time, W."""
    order = np.argsort(power_w)
    upto_s = np.cumsum(lasts_s[order])
    return float(power_w[order][np.searchsorted(upto_s, share * upto_s[-1])])
