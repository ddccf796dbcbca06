"""What a machine draws when it runs: mean powers per minute as they are learned, per quarter of an hour as they are planned. Pure.

A run with a hole in its readings is none to plan with. A machine without one of its own gets a named default.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve, curve_of
from elfe.ems.cycles.detection import Detection, Run, held, parameters, runs
from elfe.history.values import Reading
from elfe.slots import SLOT_S, instant, slots_lasting

MINUTE_S = 60
MINUTES = SLOT_S // MINUTE_S
"""Of a quarter."""


@frozen
class Cycle:
    """A cycle at quarter-hour steps: mean W per slot from its start on, and where it comes from."""

    power_w: tuple[float, ...]
    source: str
    started_at: datetime | None = None

    @property
    def energy_wh(self) -> float:
        """What it draws."""
        return sum(self.power_w) * SLOT_S / 3600


DEFAULTS: dict[int, Cycle] = {
    each: Cycle(power_w, f"the default cycle of a {name}")
    for each, name, power_w in (
        (ApplianceType.DISHWASHER, "dishwasher", (300, 1850, 900, 90, 80, 1500, 700, 30)),
        (ApplianceType.WASHING_MACHINE, "washing machine", (1500, 1400, 250, 150, 180, 160, 300, 220)),
        (ApplianceType.TUMBLE_DRYER, "tumble dryer", (2200, 2250, 2150, 1900, 1200, 400)),
    )
}
ANY_MACHINE = Cycle((1000.0, 600.0, 300.0, 300.0), "the default cycle of a machine")


def minutes(curve: Curve, run: Run, rules: Detection) -> tuple[float, ...]:
    """Mean W of each minute from the run's own start on; its last reading holds until the next one."""
    start_s, end_s = run.started_at.timestamp(), run.ended_at.timestamp()
    following = curve.at_s[np.searchsorted(curve.at_s, end_s):][:1]
    until = instant(following[0]) if len(following) else run.ended_at
    seen = held(curve.between(start_s, end_s), rules, until)
    count = max(1, math.ceil((seen.held_s[-1] - start_s) / MINUTE_S))
    return tuple(seen.means_w(start_s, MINUTE_S, count).tolist())


def quarters(minutes_w: Sequence[float], skipped: int = 0) -> tuple[float, ...]:
    """Mean W of each quarter, of minutes that begin `skipped` minutes into the first one; what is missing draws nothing."""
    padded = np.zeros(-(-(skipped + len(minutes_w)) // MINUTES) * MINUTES)
    padded[skipped:skipped + len(minutes_w)] = minutes_w
    return tuple(padded.reshape(-1, MINUTES).mean(axis=1).tolist())


def cycle_of(run: Run, minutes_w: Sequence[float]) -> Cycle:
    """A run as the plan takes it."""
    return Cycle(quarters(minutes_w), f"its last cycle, {run.started_at:%Y-%m-%d %H:%M} UTC", run.started_at)


def last_cycle(readings: Sequence[Reading], rules: Detection | None = None) -> Cycle | None:
    """The last whole cycle in a power series, or None. `readings` stand in order of time, W."""
    rules = rules or parameters(ApplianceType.WASHING_MACHINE)
    curve = curve_of(readings)
    whole = [run for run in runs(curve, rules) if run.whole and run.over]
    return cycle_of(whole[-1], minutes(curve, whole[-1], rules)) if whole else None


def usual_cycle(appliance_type: int, measured: Cycle | None, lasts: timedelta) -> Cycle:
    """The measured cycle where there is one; else the type's default, made as long as was declared."""
    if measured is not None:
        return measured
    default = DEFAULTS.get(appliance_type, ANY_MACHINE)
    wanted = slots_lasting(lasts)
    if wanted in (0, len(default.power_w)):
        return default
    return Cycle(_stretched(default.power_w, wanted), f"{default.source}, over the declared {_hours(lasts)}")


def _stretched(power_w: Sequence[float], count: int) -> tuple[float, ...]:
    """The same mean power drawn over another number of slots: the shape is sampled, the heights stay."""
    return tuple(power_w[min(len(power_w) - 1, i * len(power_w) // count)] for i in range(count))


def _hours(lasts: timedelta) -> str:
    minutes = int(lasts.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60:02}"
