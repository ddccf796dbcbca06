"""Days to be lived through again: from the databases, or from files that anybody can write.

    balance.csv     time,power_w                 a row per quarter or per hour; production − consumption, surplus positive
    loads.csv       kind,home,declared,deadline,power_w       the powers of its quarters, separated by spaces: 2000 1500 300

Times are ISO 8601, local where they name no zone. What cannot be read raises `ElfeError` with its line.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TypeVar

import numpy as np
from attrs import evolve

from elfe.coordination import abilities, queries
from elfe.coordination.values import Appliance, ApplianceType, Flexibility, Machine, Vehicle, WaterHeater
from elfe.ems.backtest.values import Days, Declared
from elfe.ems.cycles import store as known_cycles
from elfe.ems.cycles import usual_cycle
from elfe.ems.cycles.detection import parameters
from elfe.ems.cycles.learning import Known
from elfe.ems.cycles.profiles import quarters
from elfe.ems.cycles.run import look
from elfe.ems.forecast import store as forecasts
from elfe.ems.forecast.models import LEARNS_FROM
from elfe.ems.loads.tanks import DRAWS, heating_day
from elfe.ems.sources import HELD_FOR, Sources
from elfe.errors import ElfeError
from elfe.slots import HORIZON, SLOTS_PER_HOUR, slot_of, slot_start, slots_lasting

NEAR = timedelta(minutes=30)
"""A cycle that began so near to a start is the one that was started."""
DAY = timedelta(days=1)
KINDS = {each.value: each.name.lower().replace("_", " ") for each in ApplianceType}
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
    declared = _loads_of(loads_file, sources.zone) if loads_file else [*_lent(sources, begins, ends)]
    within = tuple(each for each in sorted(declared, key=lambda each: each.known) if slot_of(begins) <= each.known < last)
    if not within:
        raise ElfeError(f"nothing was declared from {day(begins)} to {day(ends)}")
    around = forecasts.weather(sources.sortie, first, behind - first + HORIZON)
    own_w = {} if loads_file else queries.subscribed_w(sources.coordination)
    return Days(first, slot_of(begins), last, balance, within, sources.zone, around, own_w)


# -- from the databases ------------------------------------------------------------------------------------------------------


def _lent(sources: Sources, begins: datetime, ends: datetime) -> Iterator[Declared]:
    """What was lent, and ran or still waits. Who took a declaration back before it ran had nothing moved: it is not replayed."""
    lent = queries.flexibilities(sources.coordination, begins)
    with sources.coordination.connect() as connection:
        daily = abilities.daily(connection)
    of = {id: [each for each in lent if each.appliance_id == id] for id in {each.appliance_id for each in lent} - daily}
    for machine in queries.machines(sources.coordination, of):
        yield from _cycles(sources, machine, of[machine.appliance.id], begins, ends)
    for vehicle in queries.vehicles(sources.coordination, of):
        yield from _charges(sources, vehicle, of[vehicle.appliance.id])
    for heater in queries.water_heaters(sources.coordination):
        yield from _heats(sources, heater, of.get(heater.appliance.id, []), begins, ends)


def _cycles(sources: Sources, machine: Machine, lent: Sequence[Flexibility], begins: datetime,
            ends: datetime) -> Iterator[Declared]:
    """The cycle that was run each time or, where none was found, the usual one."""
    kept = known_cycles.known(sources.sortie, [machine.appliance.id]).get(machine.appliance.id)
    known = look(sources.history, machine, evolve(kept or Known(parameters(machine.appliance.type)), resumes_at=begins - NEAR),
                 ends + DAY)
    for each in lent:
        waits = each.closed_at is None and (each.deadline is None or each.deadline > ends)
        if each.started_at or waits:
            usual = usual_cycle(machine.appliance.type, None, each.lasts or machine.lasts).power_w
            slot = slot_of(each.opened_at) + 1
            yield Declared(_kind(machine.appliance), machine.appliance.participant, slot,
                           slot_of(each.deadline) if each.deadline else slot + HORIZON, _run_of(known, each) or usual)


def _kind(appliance: Appliance) -> str:
    return KINDS.get(appliance.type, f"type {appliance.type}")


def _run_of(known: Known, flexibility: Flexibility) -> tuple[float, ...]:
    """What the cycle drew that it started."""
    for each in known.whole:
        if flexibility.started_at and abs(each.run.started_at - flexibility.started_at) <= NEAR:
            return quarters(each.minutes_w)
    return ()


def _charges(sources: Sources, vehicle: Vehicle, lent: Sequence[Flexibility]) -> Iterator[Declared]:
    """What its battery was charged with each time, in one go, within a day and before it was lent again."""
    for each, following in zip(lent, [*lent[1:], None], strict=True):
        begun = each.started_at or each.opened_at
        ends = [begun + DAY, *([following.opened_at] if following else []),
                *([each.closed_at] if each.closed_at and not each.started_at else [])]
        profile = _drawn(sources, vehicle.power_series, vehicle.power_w, begun, min(ends))
        if profile:
            leaves = each.deadline or _leaves(vehicle, each, sources.zone)
            yield Declared(_kind(vehicle.appliance), vehicle.appliance.participant, slot_of(each.opened_at) + 1,
                           slot_of(leaves), profile)


def _leaves(vehicle: Vehicle, lent: Flexibility, zone: tzinfo) -> datetime:
    """Its deadline: the ledger has none, so that of its row while it still waits, and else the next time that it is that hour."""
    if vehicle.deadline is None:
        return lent.opened_at + DAY
    if lent.closed_at is None and vehicle.deadline > lent.opened_at:
        return vehicle.deadline
    at, opened = vehicle.deadline.astimezone(zone), lent.opened_at.astimezone(zone)
    that_day = at + (opened.date() - at.date())
    return (that_day if that_day > opened else that_day + DAY).astimezone(UTC)


def _heats(sources: Sources, heater: WaterHeater, lent: Sequence[Flexibility], begins: datetime,
           ends: datetime) -> Iterator[Declared]:
    """What it drew, a load per heating day that began while it was lent: it could have run at any time of that day's windows."""
    begun, over = heating_day(heater.windows, begins, sources.zone)
    while begun < ends:
        profile = _drawn(sources, heater.power_series, heater.power_w, begun, over)
        if profile and any(each.opened_at <= begun and (each.closed_at is None or each.closed_at > begun) for each in lent):
            yield Declared(_kind(heater.appliance), heater.appliance.participant, slot_of(begun), _closes(heater, begun, over),
                           profile)
        begun, over = heating_day(heater.windows, over, sources.zone)


def _drawn(sources: Sources, series: int, power_w: float, begins: datetime, ends: datetime) -> tuple[float, ...]:
    """What something of so many W drew in that time, W per slot, in one go."""
    drawn = sources.history.quarters(series, slot_of(begins), slot_of(ends) - slot_of(begins), HELD_FOR)
    return tuple(each for each in drawn if each is not None and each > DRAWS * power_w)


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
