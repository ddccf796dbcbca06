"""Days to be lived through again: from the databases, or from files that anybody can write.

    balance.csv     time,power_w                 a row per quarter or per hour; production − consumption, surplus positive
    loads.csv       kind,home,declared,deadline,power_w       the powers of its quarters, separated by spaces: 2000 1500 300

Times are ISO 8601, local where they name no zone. What cannot be read raises `ElfeError` with its line.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

import numpy as np

from elfe.coordination import queries
from elfe.coordination.values import Flexibility, Machine, WaterHeater
from elfe.ems.backtest.values import Days, Declared
from elfe.ems.cycles import usual_cycle
from elfe.ems.cycles.learning import Known
from elfe.ems.cycles.profiles import quarters
from elfe.ems.forecast import store as forecasts
from elfe.ems.forecast.models import LEARNS_FROM
from elfe.ems.loads.tanks import DRAWS, heating_day
from elfe.ems.run import HELD_FOR, Sources
from elfe.errors import ElfeError
from elfe.slots import HORIZON, SLOTS_PER_HOUR, slot_of, slot_start, slots_lasting

NEAR = timedelta(minutes=30)
"""A cycle that began so near to a start is the one that was started."""
Read = TypeVar("Read")


def days(sources: Sources, begins: datetime, ends: datetime, balance_file: Path | None = None,
         loads_file: Path | None = None) -> Days:
    """The days from `begins` to `ends`, with eight weeks before them to learn from. Raises `ElfeError`."""
    def day(at: datetime) -> str:
        return f"{at.astimezone(sources.zone):%Y-%m-%d}"

    first, last = slot_of(begins) - LEARNS_FROM, slot_of(ends)
    behind = last + HORIZON
    balance = _balance_of(balance_file, first, behind, sources.zone) if balance_file else np.array(
        [np.nan if each is None else each for each in forecasts.measured(sources.sortie, first, behind - first)])
    inside = balance[slot_of(begins) - first:last - first]
    if not len(inside) or np.isnan(inside).mean() > 0.5:
        where = balance_file or "elfe.base_balance, which a run of the EMS fills"
        raise ElfeError(f"less than half of the quarters from {day(begins)} to {day(ends)} are known in {where}")
    declared = _loads_of(loads_file, sources.zone) if loads_file else [*_machines(sources, begins), *_tanks(sources, begins, ends)]
    within = tuple(each for each in sorted(declared, key=lambda each: each.known) if slot_of(begins) <= each.known < last)
    if not within:
        raise ElfeError(f"nothing was declared from {day(begins)} to {day(ends)}")
    around = forecasts.weather(sources.sortie, first, behind - first + HORIZON)
    own_w = {} if loads_file else queries.subscribed_w(sources.coordination)
    return Days(first, slot_of(begins), last, balance, within, sources.zone, around, own_w)


# -- from the databases ------------------------------------------------------------------------------------------------------


def _machines(sources: Sources, begins: datetime) -> Iterator[Declared]:
    """What was declared of machines, with the cycle that was run or, where none was found, the usual one."""
    machines = {each.appliance.id: each for each in queries.machines(sources.coordination)}
    sources.cycles.open()
    for each in queries.flexibilities(sources.coordination, begins):
        machine = machines.get(each.appliance_id)
        if machine is not None:
            known = sources.cycles.of(machine, each.started_at or each.opened_at)
            profile = _run_of(known, each) or usual_cycle(machine.appliance.type, None, machine.lasts).power_w
            slot = slot_of(each.opened_at) + 1
            deadline = slot_of(each.deadline) if each.deadline else slot + HORIZON
            yield Declared(_kind(machine), machine.appliance.participant, slot, deadline, tuple(profile))


def _kind(machine: Machine) -> str:
    return f"type {machine.appliance.type}"


def _run_of(known: Known, flexibility: Flexibility) -> tuple[float, ...]:
    """What the cycle drew that it started."""
    for each in known.whole:
        if flexibility.started_at and abs(each.run.started_at - flexibility.started_at) <= NEAR:
            return quarters(each.minutes_w)
    return ()


def _tanks(sources: Sources, begins: datetime, ends: datetime) -> Iterator[Declared]:
    """What tanks drew, a load per heating day: it could have run at any time of that day's windows, in one go."""
    for heater in queries.water_heaters(sources.coordination):
        begun, over = heating_day(heater.windows, begins, sources.zone)
        while begun < ends:
            drawn = sources.history.quarters(heater.power_series, slot_of(begun), slot_of(over) - slot_of(begun), HELD_FOR)
            profile = tuple(each for each in drawn if each is not None and each > DRAWS * heater.power_w)
            if profile:
                yield Declared("type 131", heater.appliance.participant, slot_of(begun), _closes(heater, begun, over), profile)
            begun, over = heating_day(heater.windows, over, sources.zone)


def _closes(heater: WaterHeater, begun: datetime, over: datetime) -> int:
    """The end of the heating day's longest window."""
    longest = max(((each.end_s - each.start_s) % 86_400 for each in heater.windows), default=0)
    return min(slot_of(over), slot_of(begun) + slots_lasting(timedelta(seconds=longest)) if longest else slot_of(over))


# -- from files --------------------------------------------------------------------------------------------------------------


def _balance_of(file: Path, first: int, last: int, zone: tzinfo) -> np.ndarray:
    """A row holds until the next one, an hour at most."""
    rows = sorted(_rows(file, ("time", "power_w"), lambda row: (slot_of(_at(row["time"], zone)), float(row["power_w"]))))
    balance = np.full(last - first, np.nan)
    for (slot, power), (until, _) in zip(rows, [*rows[1:], (rows[-1][0] + 1, 0.0)] if rows else [], strict=True):
        low, high = max(slot, first) - first, min(until, slot + SLOTS_PER_HOUR, last) - first
        balance[low:max(low, high)] = power
    return balance


def _loads_of(file: Path, zone: tzinfo) -> list[Declared]:
    def read(row: dict[str, str]) -> Declared:
        profile = tuple(float(each) for each in row["power_w"].split())
        known, deadline = (slot_of(_at(row[name], zone)) for name in ("declared", "deadline"))
        if not profile or min(profile) < 0 or len(profile) > HORIZON:
            raise ValueError("power_w: one to 96 powers, none below zero, are expected")
        return Declared(row["kind"], row["home"], known + (slot_start(known) < _at(row["declared"], zone)), deadline, profile)
    return _rows(file, ("kind", "home", "declared", "deadline", "power_w"), read)


def _rows(file: Path, columns: tuple[str, ...], read: Callable[[dict[str, str]], Read]) -> list[Read]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            missing = [each for each in columns if each not in (reader.fieldnames or ())]
            if missing:
                raise ElfeError(f"{file}: the columns {', '.join(columns)} are expected, {', '.join(missing)} is missing")
            found = []
            for row in reader:
                try:
                    found.append(read(row))
                except (ValueError, TypeError, AttributeError) as error:
                    raise ElfeError(f"{file}, line {reader.line_num}: {error}") from None
            return found
    except (OSError, UnicodeDecodeError) as error:
        raise ElfeError(f"{file} cannot be read: {error}") from None


def _at(text: str, zone: tzinfo) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=zone)
