"""Parameters that suit one appliance better than those of its type, from what was measured of it. Pure."""

from __future__ import annotations

import numpy as np
from attrs import evolve

from elfe.ems.cycles.curve import Curve, Floats
from elfe.ems.cycles.detection import Detection

RESTS_W, RESTS_S = 12.0, 1800.0
"""Half an hour below 12 W is a rest: no machine works as little for as long."""
USUAL = 0.8
"""At rest it draws as much for four fifths of the time, or less: a blink of its panel is left out."""
ABOVE_W = 1.0


def suited(curve: Curve, rules: Detection) -> Detection:
    """The parameters with a stop power above what this appliance draws when it is left on."""
    return evolve(rules, stop_w=max(rules.stop_w, (standby_w(curve) or 0.0) + ABOVE_W))


def standby_w(curve: Curve) -> float | None:
    """What it draws at rest, W, in the rest in which it draws most: switched off and left on are two. None without a rest."""
    if not len(curve):
        return None
    lasts_s = np.diff(curve.at_s)
    low = np.concatenate(([False], curve.power_w[:-1] < RESTS_W, [False]))
    begins, ends = np.flatnonzero(np.diff(low.astype(np.int8))).reshape(-1, 2).T
    rests = curve.at_s[ends] - curve.at_s[begins] >= RESTS_S
    return max((_usual_w(curve.power_w[a:b], lasts_s[a:b]) for a, b in zip(begins[rests], ends[rests], strict=True)), default=None)


def _usual_w(power_w: Floats, lasts_s: Floats) -> float:
    """What is not exceeded for the usual share of the time, W."""
    order = np.argsort(power_w)
    upto_s = np.cumsum(lasts_s[order])
    return float(power_w[order][np.searchsorted(upto_s, USUAL * upto_s[-1])])
