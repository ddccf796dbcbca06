"""Measured traces of real machines with their true cycles, where they lie beside the project. See their MANIFEST.md."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve, Floats, cleaned
from elfe.ems.cycles.detection import Run

TRACES = Path(__file__).parents[3] / "shared" / "data" / "appliances"
TYPES = {"washing_machine": ApplianceType.WASHING_MACHINE, "dishwasher": ApplianceType.DISHWASHER,
         "tumble_dryer": ApplianceType.TUMBLE_DRYER}
MINUTE_S = 60.0


@frozen
class Truth:
    """A true cycle, epoch s: it may start at any of `starts_s`, and end anywhere between two instants."""

    starts_s: tuple[float, ...]
    ends_s: tuple[float, float]
    energy_wh: float
    cut: bool           # by the trace's own start or end

    def is_found_in(self, run: Run) -> bool:
        """Whether a run starts within a minute of it, and ends in its tolerance."""
        late_s = min(abs(run.started_at.timestamp() - each) for each in self.starts_s)
        earliest, latest = self.ends_s
        return late_s <= MINUTE_S and earliest - MINUTE_S <= run.ended_at.timestamp() <= latest + MINUTE_S


@frozen(eq=False)
class Trace:
    """A day of one machine."""

    name: str           # dev_D338C9_2012-05-16
    kind: str
    curve: Curve
    truth: tuple[Truth, ...]

    @property
    def machine(self) -> str:
        """The machine without its day."""
        return self.name.rpartition("_")[0]


@cache
def traces(folder: Path = TRACES) -> list[Trace]:
    """Every trace of the folder; none where there is no such folder."""
    if not folder.exists():
        return []
    with (folder / "cycles_truth.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [Trace(name, path.parent.name, _curve(path), tuple(_true(row) for row in rows if row["trace"] == name))
            for path in sorted(folder.glob("*/*.csv.gz")) if (name := path.name.removesuffix(".csv.gz"))]


def every(curve: Curve, step_s: float, phase_s: float = 0.0) -> Curve:
    """What a meter says that speaks every so many seconds: the power of that very moment."""
    asked_s = np.arange(curve.at_s[0] + phase_s, curve.at_s[-1], step_s)
    said = np.searchsorted(curve.at_s, asked_s, side="right") - 1
    fresh = asked_s - curve.at_s[said] < max(step_s, 30)
    return Curve(asked_s[fresh], curve.power_w[said][fresh])


def means(curve: Curve, step_s: float) -> Curve:
    """What a meter says that tells the mean of every so many seconds."""
    steps, step_of = np.unique(curve.at_s // step_s, return_inverse=True)
    return Curve(steps * step_s, np.bincount(step_of, curve.power_w) / np.bincount(step_of))


def changes(curve: Curve, least_w: float = 2.0, share: float = 0.1) -> Curve:
    """What a meter says that speaks only when its power has changed."""
    said = [0]
    for i, power_w in enumerate(curve.power_w):
        known_w = curve.power_w[said[-1]]
        if abs(power_w - known_w) > max(least_w, share * known_w) or (power_w == 0) != (known_w == 0):
            said.append(i)
    return Curve(curve.at_s[said], curve.power_w[said])


def _curve(path: Path) -> Curve:
    with gzip.open(path, "rt") as file:
        rows = [(_instant(row["t"]), float(row["power_w"])) for row in csv.DictReader(file) if row["power_w"]]
    at_s, power_w = np.array(rows).T
    curve: Curve = cleaned(_floats(at_s), _floats(power_w))
    return curve


def _floats(values: Floats) -> Floats:
    return np.ascontiguousarray(values, float)


def _true(row: dict[str, str]) -> Truth:
    starts = tuple(_instant(row[each]) for each in ("start_prelude", "start") if row[each])
    return Truth(starts, (_instant(row["end_main"]), _instant(row["end_all"])), 1000 * float(row["energy_kwh"]),
                 "truncated" in row["flags"])


def _instant(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
