"""Power curves made of steps, each with one difficulty."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from elfe.ems.cycles.curve import Curve
from elfe.history.values import Reading
from elfe.slots import instant
from tests.ems.made import NOON

Step = tuple[float, float]              # minutes, W
REST: Step = (60, 1)
WASH: tuple[Step, ...] = ((5, 20), (20, 2000), (35, 120), (5, 400))          # 772 Wh
COLD: tuple[Step, ...] = ((5, 20), (25, 120), (5, 400))                      # 85 Wh
ECO: tuple[Step, ...] = ((5, 20), (10, 2000), (100, 120), (5, 400))          # 568 Wh


def curve(*steps: Step, every_s: float = 5, begins: datetime = NOON) -> Curve:
    """One step after the other, from noon on."""
    power_w = np.concatenate([np.full(round(lasts * 60 / every_s), power) for lasts, power in steps])
    return Curve(begins.timestamp() + every_s * np.arange(len(power_w)), power_w.astype(float))


def readings(said: Curve, series: int = 1) -> list[Reading]:
    """A curve as a history keeps it."""
    return [Reading(series, instant(at), float(power)) for at, power in zip(said.at_s, said.power_w, strict=True)]
