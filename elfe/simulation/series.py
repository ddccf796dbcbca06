"""What a simulated territory lives on: a balance curve of two days, and the cycles of its machines.

Real ones are read from a folder of data beside the project when it is there (the folder's own manifest names sources and
licences; nothing of it is part of elfe). Otherwise a small series of our own making is used, and the report says so.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random

from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.errors import SettingsError
from elfe.simulation.appliances import Profile, Tape
from elfe.slots import HORIZON

STEP = timedelta(minutes=1)

OWN = {                           # minutes at a power, of our own making
    ApplianceType.WASHING_MACHINE: ((6, 90), (22, 2050), (44, 160), (8, 320), (22, 140), (10, 380), (8, 90)),
    ApplianceType.DISHWASHER: ((14, 70), (20, 1900), (36, 80), (16, 1850), (30, 60), (10, 30)),
    ApplianceType.TUMBLE_DRYER: ((50, 2250), (14, 1500), (12, 260)),
}
CYCLES = {each.name.lower(): each for each in OWN}
"""The machines whose cycle we have, by name."""
TRACES = {
    ApplianceType.WASHING_MACHINE: "washing_machine",
    ApplianceType.DISHWASHER: "dishwasher",
    ApplianceType.TUMBLE_DRYER: "tumble_dryer",
}


@frozen
class Territory:
    """Balance before the simulated loads, production − consumption: a mean W per quarter of yesterday and today."""

    balance_w: tuple[float, ...]
    source: str


def territory(folder: Path | None, flexible_wh: float, seed: int) -> Territory:
    """Two days of balance, whose second day has about as much surplus as there is flexible energy."""
    path = folder / "territory" / "simbench_lvrural1_profiles_15min_2016.csv.gz" if folder else None
    if path is not None and path.exists():
        homes, sun = _simbench(path, seed)
        source = "measured profiles of homes and photovoltaics (SimBench, ODbL)"
    else:
        homes, sun = _own(seed)
        source = "a made-up series"
    return Territory(tuple(_scaled(homes, sun, flexible_wh)), source)


def profile(folder: Path | None, appliance_type: int, seed: int) -> Profile:
    """A cycle of a machine: a real one when there is one, else ours."""
    found = _real_cycles(folder, appliance_type) if folder else []
    if found:
        return found[seed % len(found)]
    steps = OWN.get(ApplianceType(appliance_type), OWN[ApplianceType.WASHING_MACHINE])
    stretch = Random(seed).uniform(0.85, 1.2)
    return Profile(tuple(float(power) for minutes, power in steps for _ in range(round(minutes * stretch))), STEP)


def tape(path: Path) -> Tape:
    """A recorded draw: a CSV of two columns, `t` (seconds, or an ISO date and time) and `power_w`; .gz too.

    The last value lasts as long as the one before. Raises `SettingsError`.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            rows = list(enumerate(csv.DictReader(file), 2))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    recorded = [_moment(path, line, row) for line, row in rows if row.get("power_w") != ""]
    ordered = all(here[0] < there[0] for here, there in pairwise(recorded))
    if len(recorded) < 2 or not ordered:
        raise SettingsError(f"{path}: write at least two rows of t,power_w, each later than the one before")
    start, (before, last) = recorded[0][0], (recorded[-2][0], recorded[-1][0])
    changes = [(at - start, power_w) for number, (at, power_w) in enumerate(recorded)
               if not number or power_w != recorded[number - 1][1]]
    return Tape(tuple(changes), lasts=last - start + (last - before))


def _moment(path: Path, line: int, row: Mapping[str, str | None]) -> tuple[timedelta, float]:
    """One row: when, since any beginning, and how much."""
    at, power_w = row.get("t") or "", row.get("power_w") or ""
    try:
        seconds, drawn = _seconds(at), float(power_w)
        if not (math.isfinite(seconds) and 0 <= drawn < math.inf):
            raise ValueError(at)
    except ValueError:
        raise SettingsError(f"{path}, line {line}: {at},{power_w} is no row of t,power_w: write 60,2050 or "
                            "2024-06-12T10:01:00,2050") from None
    return timedelta(seconds=seconds), drawn


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _scaled(homes: Sequence[float], sun: Sequence[float], flexible_wh: float) -> list[float]:
    """W per quarter: homes that consume three times what can be moved, and as much sun as makes the surplus equal to it."""
    today = homes[HORIZON:]
    consumption = [each * 3 * flexible_wh / (sum(today) / 4) for each in homes]
    least, most = 0.0, 100 * flexible_wh / max(1e-9, sum(sun[HORIZON:]) / 4)
    for _ in range(50):
        factor = (least + most) / 2
        surplus = sum(max(0.0, factor * s - c) for s, c in zip(sun[HORIZON:], consumption[HORIZON:], strict=True)) / 4
        least, most = (factor, most) if surplus < flexible_wh else (least, factor)
    return [least * s - c for s, c in zip(sun, consumption, strict=True)]


def _simbench(path: Path, seed: int) -> tuple[list[float], list[float]]:
    """Two days between spring and autumn, the second about as sunny as the first: persistence is all that forecasts it."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    homes = [float(row["H0-A_pload"]) + float(row["H0-B_pload"]) + float(row["L1-A_pload"]) for row in rows]
    sun = [float(row["PV5"]) + float(row["PV8"]) for row in rows]
    days = [sum(sun[day * HORIZON:(day + 1) * HORIZON]) for day in range(len(rows) // HORIZON)]
    alike = [day for day in range(100, 260)
             if days[day] > 0.6 * max(days) and abs(days[day + 1] - days[day]) < 0.2 * days[day]]
    here = slice(Random(seed).choice(alike) * HORIZON, None)
    return homes[here][:2 * HORIZON], sun[here][:2 * HORIZON]


def _own(seed: int) -> tuple[list[float], list[float]]:
    chance = Random(seed)
    homes, sun, cloud = [], [], 0.8
    for t in range(2 * HORIZON):
        hour = t % HORIZON / 4
        peaks = math.exp(-((hour - 8) / 1.5) ** 2) + 1.4 * math.exp(-((hour - 19.5) / 2) ** 2)
        homes.append(0.8 + peaks + 0.05 * chance.gauss(0, 1))
        cloud = min(1.0, max(0.5, cloud + 0.05 * chance.gauss(0, 1)))
        up = max(0.0, math.sin(math.pi * (hour - 6.5) / 13)) if 6.5 < hour < 19.5 else 0.0
        sun.append(cloud * up ** 1.3)
    return homes, sun


@cache
def _real_cycles(folder: Path, appliance_type: int) -> list[Profile]:
    """Whole cycles of the type, found in real traces at the instants that the data's own truth file names."""
    truth = folder / "appliances" / "cycles_truth.csv"
    name = TRACES.get(ApplianceType(appliance_type))
    if name is None or not truth.exists():
        return []
    with truth.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["appliance"] == name and row["flags"] in {"", "standby_4W"}]
    found = [_cut(folder / "appliances" / name / f"{row['trace']}.csv.gz", row) for row in rows]
    return [each for each in found if timedelta(minutes=30) <= each.lasts <= timedelta(hours=3)]


def _cut(path: Path, row: dict[str, str]) -> Profile:
    """One cycle out of a trace, as means of a minute."""
    start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end_main"])
    minutes: dict[int, list[float]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            at = datetime.fromisoformat(line["t"])
            if start <= at < end and line["power_w"]:
                minutes.setdefault((at - start) // STEP, []).append(float(line["power_w"]))
    count = max(minutes, default=-1) + 1
    return Profile(tuple(sum(minutes[m]) / len(minutes[m]) if m in minutes else 0.0 for m in range(count)), STEP)
