"""Appliances that nobody has measured for us, second by second, with the cycles that they truly ran.

Each family is one make of a machine with its habits: what it draws at rest, how its drum turns, what follows its end. A day holds
one or two cycles of it. What is true is said as of the measured traces (`traces.py`): the first and the last second of its work; an
end that is drawn out, by anti-crease turns or a last pump, may be told anywhere in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve, Floats
from tests.ems.made import NOON
from tests.ems.traces import Trace, Truth

Dice = np.random.Generator
BEGINS_S = NOON.timestamp() // 86_400 * 86_400
DAY_S = 86_400
MINUTE = 60


@frozen
class Cycle:
    """One run, W second by second: its work, and what may follow it without belonging to it."""

    work: Floats
    after: Floats


@frozen
class Family:
    """One make of machine: what it is, what it draws at rest, and how it runs."""

    kind: ApplianceType
    standby_w: float
    runs: Callable[[Dice], Cycle]
    noise_w: float = 0.3
    a_day: int = 2
    apart_s: int = 2 * 3600
    """From the end of one run to the start of the next, at least."""


def flat(minutes: float, watts: float) -> Floats:
    return np.full(round(minutes * MINUTE), float(watts))


def drum(dice: Dice, minutes: float, watts: float, turns_s: int = 12, rests_s: int = 6, awake_w: float = 4.0) -> Floats:
    """A drum that turns and rests; a motor pulls harder when it begins to turn."""
    turn = np.concatenate([np.linspace(1.3, 1.0, turns_s) * watts, np.full(rests_s, awake_w)])
    turned = np.tile(turn, int(minutes * MINUTE / len(turn)) + 1)[:round(minutes * MINUTE)]
    return np.where(turned > awake_w, turned * dice.uniform(0.8, 1.2, len(turned)), turned)


def no_tail() -> Floats:
    return np.zeros(0)


def _washer(dice: Dice, heats_min: float, heats_w: float, turns_min: float, soak_min: float = 0.0, awake_w: float = 4.0,
            crease: bool = False, rests_s: int = 6) -> Cycle:
    parts = [flat(1.5, 9), drum(dice, 3, 110, awake_w=awake_w, rests_s=rests_s)]
    if heats_min:
        parts.append(drum(dice, heats_min * dice.uniform(0.9, 1.1), 120, awake_w=awake_w, rests_s=rests_s) + heats_w)
    if soak_min:
        parts.append(flat(soak_min, awake_w))
    parts += [drum(dice, turns_min * dice.uniform(0.9, 1.1), 130, awake_w=awake_w, rests_s=rests_s), flat(1, 32), flat(0.7, 9),
              drum(dice, 8, 120, awake_w=awake_w), flat(1, 32), np.linspace(120, 520, 240), flat(3, 450), flat(0.3, 30)]
    after = np.concatenate([np.concatenate([flat(4.5, awake_w), flat(0.4, 70)]) for _ in range(6)]) if crease else no_tail()
    return Cycle(np.concatenate(parts), after)


def _dishwasher(dice: Dice, watts: float, dries_min: float, rests_w: float, fan_w: float = 0.0, prewash: bool = False) -> Cycle:
    parts = [flat(1, 30), flat(4, 65)] + ([flat(8, 60), flat(1.2, 25)] if prewash else [])
    parts += [flat(16 * dice.uniform(0.9, 1.1), watts + 60), flat(25 * dice.uniform(0.9, 1.2), 62), flat(1.2, 25), flat(2, 40),
              flat(10, 60), flat(1.2, 25), flat(14 * dice.uniform(0.9, 1.1), watts + 60), flat(5, 60), flat(1.2, 25)]
    if fan_w:
        parts.append(flat(dries_min, fan_w))
        return Cycle(np.concatenate(parts), no_tail())
    return Cycle(np.concatenate(parts), np.concatenate([flat(dries_min, rests_w), flat(0.5, 20)]))


def _dryer(dice: Dice, minutes: float, watts: float, crease: bool, rests_s: int = 0) -> Cycle:
    lasts = minutes * dice.uniform(0.85, 1.15)
    heated = flat(lasts, watts) * dice.uniform(0.97, 1.03, round(lasts * MINUTE))
    heated[np.arange(len(heated)) % (11 * MINUTE) > 10.5 * MINUTE] = 230.0      # its thermostat, now and then
    if rests_s:                                                  # its drum turns the other way now and then
        heated[np.arange(len(heated)) % (10 * MINUTE) < rests_s] = 12.0
    turns = np.concatenate([np.concatenate([flat(1.75, 3.0), flat(0.25, 180)]) for _ in range(30)]) if crease else no_tail()
    return Cycle(np.concatenate([heated, flat(8, min(220.0, watts / 2))]), turns)


def _cheap_washer(dice: Dice) -> Cycle:
    return _washer(dice, 18, 1900, 45)


def _thermal(dice: Dice) -> Cycle:
    """A bread maker: it kneads, rests, and bakes with an element that is switched."""
    bakes = np.where(np.arange(55 * MINUTE) % 40 < 22, 550.0, 5.0)
    return Cycle(np.concatenate([drum(dice, 20, 90, 20, 5, 5.0), flat(8, 6), drum(dice, 10, 90, 20, 5, 5.0), bakes]), no_tail())


WASHER, DISHES, DRYER = ApplianceType.WASHING_MACHINE, ApplianceType.DISHWASHER, ApplianceType.TUMBLE_DRYER
FAMILIES: Mapping[str, Family] = {
    "washer, cotton": Family(WASHER, 0.5, _cheap_washer),
    "washer, cold": Family(WASHER, 1.0, lambda dice: _washer(dice, 4, 2000, 35)),
    "washer, no standby": Family(WASHER, 0.0, _cheap_washer, noise_w=0.0),
    "washer, 7 W standby": Family(WASHER, 7.0, lambda dice: _washer(dice, 18, 1900, 45, awake_w=9)),
    "washer, soak of 7 min": Family(WASHER, 0.5, lambda dice: _washer(dice, 15, 2100, 50, soak_min=7, awake_w=2)),
    "washer, soak of 30 min awake": Family(WASHER, 0.5, lambda dice: _washer(dice, 15, 2100, 50, soak_min=30, awake_w=4)),
    "washer, long rests": Family(WASHER, 1.0, lambda dice: _washer(dice, 12, 2000, 90, rests_s=50)),
    "washer, anti-crease": Family(WASHER, 1.0, lambda dice: _washer(dice, 15, 2000, 40, crease=True), apart_s=3 * 3600),
    "washer, eco of 3 h": Family(WASHER, 0.8, lambda dice: _washer(dice, 10, 1500, 150), a_day=1),
    "washer, heat pump": Family(WASHER, 0.8, lambda dice: _washer(dice, 45, 400, 60)),
    "washer, twice in a row": Family(WASHER, 0.8, _cheap_washer, apart_s=13 * MINUTE),
    "dishwasher": Family(DISHES, 0.6, lambda dice: _dishwasher(dice, 1900, 12, 3.5)),
    "dishwasher, prewash": Family(DISHES, 1.5, lambda dice: _dishwasher(dice, 2200, 25, 2.0, prewash=True)),
    "dishwasher, fan": Family(DISHES, 0.6, lambda dice: _dishwasher(dice, 1800, 30, 0, fan_w=15)),
    "dishwasher, 6 W standby": Family(DISHES, 6.0, lambda dice: _dishwasher(dice, 1800, 10, 6.0)),
    "dryer, condenser": Family(DRYER, 0.5, lambda dice: _dryer(dice, 80, 2400, crease=False)),
    "dryer, anti-crease": Family(DRYER, 2.5, lambda dice: _dryer(dice, 80, 2400, crease=True), apart_s=3 * 3600),
    "dryer, heat pump": Family(DRYER, 0.5, lambda dice: _dryer(dice, 130, 480, crease=False, rests_s=20)),
    "dryer, heat pump, anti-crease": Family(DRYER, 0.5, lambda dice: _dryer(dice, 120, 400, crease=True, rests_s=20),
                                            apart_s=3 * 3600),
    "dryer, vented, reverses": Family(DRYER, 0.0, lambda dice: _dryer(dice, 60, 1900, crease=False, rests_s=40)),
    "bread maker": Family(ApplianceType.MACHINE, 1.0, _thermal),
}


def a_day(name: str, seed: int) -> Trace:
    """A day of one machine, at one reading a second; a run may go over midnight: the day then has 30 hours."""
    family, dice = FAMILIES[name], np.random.default_rng([seed, *name.encode()])
    power = np.full(DAY_S + 6 * 3600, family.standby_w)
    power += dice.normal(0, family.noise_w, len(power))
    truth: list[Truth] = []
    at = int(dice.integers(2 * 3600, 20 * 3600 // family.a_day))
    for _ in range(family.a_day):
        run = family.runs(dice)
        both = np.concatenate([run.work, run.after])
        if at + len(both) + 3600 > len(power):
            break
        power[at:at + len(both)] = both + dice.normal(0, family.noise_w, len(both))
        begins, ends, over = (BEGINS_S + at + each for each in (0, len(run.work), len(both)))
        truth.append(Truth((begins,), (ends, over), float(run.work.sum()) / 3600, False))
        at += len(both) + family.apart_s + int(dice.integers(0, 600 if family.apart_s < 3600 else 3 * 3600))
    return Trace(f"{name}_{seed}", name, Curve(BEGINS_S + np.arange(len(power), dtype=float), power.clip(min=0.0)), tuple(truth))
