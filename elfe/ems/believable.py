"""What an appliance cannot be: rows that others wrote, looked at before anything is computed with them. Pure.

An appliance that cannot be is left out of the plan with one sentence that says what to change; the others are planned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from elfe.coordination.values import Battery, Duty, Heating, Machine, Room, Vehicle, WaterHeater


class Unbelievable(ValueError):
    """An appliance that cannot be: what to change, for operators in English, for participants in French."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


@frozen
class Bounds:
    """What one number of a kind is between, in the unit that people say it in."""

    english: str                     # "{value}" stands in both
    french: str
    value: Callable[[Any], float]
    least: float
    most: float

    def broken(self, what: object) -> Unbelievable | None:
        """What is wrong with it, if anything."""
        value: object = self.value(what)                                              # SQLite takes any text for a number
        if isinstance(value, int | float) and self.least <= value <= self.most:      # not where it is no number
            return None
        english, french = (f"{value:g}", f"{value:.12g}".replace(".", ",")) if isinstance(value, int | float) else (value, value)
        return Unbelievable(f"{self.english.format(value=english)}: give {self.least:g} to {self.most:g}",
                            f"{self.french.format(value=french)} : donnez de {self.least:.12g} à {self.most:.12g}")


MOST_W = 100_000
"""No appliance of a home or a workshop on our relays draws as much."""


def _power(english: str, french: str, value: Callable[[Any], float], least: float = 1) -> Bounds:
    return Bounds(f"{english} {{value}} W", f"{french} {{value}} W", value, least, MOST_W)


def _hours(english: str, french: str, value: Callable[[Any], float], least: float = 0) -> Bounds:
    return Bounds(f"{english} {{value}} h", f"{french} {{value}} h", value, least, 24)


OF_KIND: Mapping[type, tuple[Bounds, ...]] = {
    Machine: (_hours("its programme cannot last", "son programme ne peut pas durer", lambda it: it.lasts.total_seconds() / 3600),),
    WaterHeater: (
        Bounds("its tank cannot hold {value} litres", "son ballon ne peut pas contenir {value} litres",
               lambda it: it.volume_l, 1, 100_000),
        _power("its element cannot draw", "sa résistance ne peut pas consommer", lambda it: it.power_w)),
    Vehicle: (
        _power("it cannot be charged with", "il ne peut pas se charger à", lambda it: it.power_w),
        Bounds("its battery cannot hold {value} Wh", "sa batterie ne peut pas contenir {value} Wh",
               lambda it: it.capacity_wh, 1, 2_000_000),
        Bounds("its battery cannot be charged to {value} % now", "sa batterie ne peut pas être chargée à {value} % maintenant",
               lambda it: it.charge_pct, 0, 100),
        Bounds("its battery cannot be wanted at {value} %", "sa batterie ne peut pas être voulue à {value} %",
               lambda it: it.wanted_pct, 0, 100)),
    Heating: (
        _power("it cannot draw in eco", "il ne peut pas consommer, en éco,", lambda it: it.eco_w, 0),
        _power("it cannot draw in comfort", "il ne peut pas consommer, en confort,", lambda it: it.comfort_w),
        Bounds("{value} % of its comfort hours cannot be spent in eco",
               "{value} % de ses heures de confort ne peuvent pas passer en éco", lambda it: it.forced_eco_pct, 0, 100)),
    Room: (
        _power("its heater cannot draw", "son chauffage ne peut pas consommer", lambda it: it.power_w),
        Bounds("its room cannot be wanted at {value} °C in eco", "sa pièce ne peut pas être voulue à {value} °C en éco",
               lambda it: it.eco_c, 0, 40),
        Bounds("its room cannot be wanted at {value} °C in comfort", "sa pièce ne peut pas être voulue à {value} °C en confort",
               lambda it: it.comfort_c, 0, 40)),
    Duty: (
        _power("it cannot run with", "il ne peut pas tourner à", lambda it: it.power_w),
        _hours("it cannot run for", "il ne peut pas tourner", lambda it: it.lasts.total_seconds() / 3600)),
    Battery: (
        Bounds("it cannot hold {value} Wh", "elle ne peut pas contenir {value} Wh", lambda it: it.capacity_wh, 1, 10_000_000),
        _power("it cannot be charged with", "elle ne peut pas se charger à", lambda it: it.charge_w, 0),
        _power("it cannot give", "elle ne peut pas rendre", lambda it: it.discharge_w, 0)),
}


def problem(what: object) -> Unbelievable | None:
    """What is absurd about an appliance, in one sentence; None where it can be."""
    return next(filter(None, (each.broken(what) for each in OF_KIND.get(type(what), ()))), None)
