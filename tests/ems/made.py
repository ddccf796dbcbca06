"""Small appliances, loads and problems."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from elfe.coordination.values import Appliance, ApplianceType, Machine, Mode, OffPeak, WaterHeater
from elfe.ems.cycles import Cycle
from elfe.ems.loads import CycleLoad, TankLoad
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Problem
from elfe.slots import HORIZON, SLOT, slot_of

PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2024, 10, 11, 10, 0, tzinfo=UTC)           # a Friday, noon in Paris
FIRST = slot_of(NOON)
HOUR = 3600
NIGHT = OffPeak(22 * HOUR, 6 * HOUR)
SUNNY = tuple(3000.0 if 8 <= t < 16 else -500.0 for t in range(HORIZON))       # a surplus from 14:00 to 16:00


def an_appliance(id: int = 1, type: int = ApplianceType.WASHING_MACHINE, mode: int = Mode.PILOTED) -> Appliance:
    return Appliance(id, f"appareil {id}", type, 120, mode, 15, 1, "R004")


def a_machine(id: int = 1, deadline: datetime | None = None, may_wait: timedelta = timedelta(),
              lasts: timedelta = timedelta()) -> Machine:
    return Machine(an_appliance(id), deadline, may_wait, lasts, power_series=id)


def a_cycle_load(powers: Sequence[float] = (2000, 500, 500), id: int = 1, by: timedelta | None = None,
                 may_wait: timedelta = timedelta(), lasts: timedelta = timedelta()) -> CycleLoad:
    """A machine whose deadline is `by` after noon."""
    deadline = NOON + by if by is not None else None
    return CycleLoad(a_machine(id, deadline, may_wait, lasts), Cycle(tuple(powers), "a cycle of the tests"), FIRST)


def a_heater(id: int = 9, windows: tuple[OffPeak, ...] = (NIGHT,), volume_l: int = 200, power_w: int = 2000) -> WaterHeater:
    return WaterHeater(an_appliance(id, ApplianceType.WATER_HEATER), volume_l, power_w, windows, power_series=id)


def a_tank_load(need_wh: float = 3000, windows: tuple[OffPeak, ...] = (NIGHT,), first: datetime = NOON,
                from_index: int = 0, to_index: int = HORIZON, whole: bool = True) -> TankLoad:
    return TankLoad(a_heater(windows=windows), need_wh, slot_of(first), PARIS, from_index, to_index, whole)


def a_problem(count: int, starts: int, seed: int) -> Problem:
    """Loads of random cycles with at most so many starts each, and a surplus at noon of about their energy."""
    dice = random.Random(seed)
    cycles, first, last = [], [], []
    for _ in range(count):
        cycles.append([float(dice.choice((80, 150, 300, 600, 1500, 2000, 2200))) for _ in range(dice.randint(3, 10))])
        first.append(dice.randrange(20, 60))
        last.append(min(HORIZON - 1, first[-1] + dice.randint(1, starts) - 1))
    top = dice.uniform(0.3, 1.2) * sum(map(sum, cycles)) / 20
    balance = [top * max(0.0, 1 - abs(t - 48) / 20) - dice.uniform(0, 300) for t in range(HORIZON)]
    return Problem(np.array(balance), (Shifts.of(cycles, first, last, [Wishes()] * count),))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def slots(count: float) -> timedelta:
    return count * SLOT
