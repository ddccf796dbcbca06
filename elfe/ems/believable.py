"""What an appliance cannot be: rows that others wrote, looked at before anything is computed with them. Pure.

An appliance that cannot be is left out of the plan with one sentence that says what to change; the others are planned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from elfe.coordination.values import Battery, Duty, Heating, Machine, Room, Vehicle, WaterHeater


@frozen
class Bounds:
    """What one number of a kind is between, in the unit that people say it in."""

    words: str                       # "{value}" stands in it
    value: Callable[[Any], float]
    least: float
    most: float


MOST_W = 100_000
"""No appliance of a home or a workshop on our relays draws as much."""


def _power(words: str, value: Callable[[Any], float], least: float = 1) -> Bounds:
    return Bounds(f"{words} {{value:g}} W", value, least, MOST_W)


def _hours(words: str, value: Callable[[Any], float], least: float = 0) -> Bounds:
    return Bounds(f"{words} {{value:g}} h", value, least, 24)


OF_KIND: Mapping[type, tuple[Bounds, ...]] = {
    Machine: (_hours("its programme cannot last", lambda it: it.lasts.total_seconds() / 3600),),
    WaterHeater: (
        Bounds("its tank cannot hold {value:g} litres", lambda it: it.volume_l, 1, 100_000),
        _power("its element cannot draw", lambda it: it.power_w)),
    Vehicle: (
        _power("it cannot be charged with", lambda it: it.power_w),
        Bounds("its battery cannot hold {value:g} Wh", lambda it: it.capacity_wh, 1, 2_000_000),
        Bounds("its battery cannot be charged to {value:g} % now", lambda it: it.charge_pct, 0, 100),
        Bounds("its battery cannot be wanted at {value:g} %", lambda it: it.wanted_pct, 0, 100)),
    Heating: (
        _power("it cannot draw in eco", lambda it: it.eco_w, 0),
        _power("it cannot draw in comfort", lambda it: it.comfort_w),
        Bounds("{value:g} % of its comfort hours cannot be spent in eco", lambda it: it.forced_eco_pct, 0, 100)),
    Room: (
        _power("its heater cannot draw", lambda it: it.power_w),
        Bounds("its room cannot be wanted at {value:g} °C in eco", lambda it: it.eco_c, 0, 40),
        Bounds("its room cannot be wanted at {value:g} °C in comfort", lambda it: it.comfort_c, 0, 40)),
    Duty: (
        _power("it cannot run with", lambda it: it.power_w),
        _hours("it cannot run for", lambda it: it.lasts.total_seconds() / 3600)),
    Battery: (
        Bounds("it cannot hold {value:g} Wh", lambda it: it.capacity_wh, 1, 10_000_000),
        _power("it cannot be charged with", lambda it: it.charge_w, 0), _power("it cannot give", lambda it: it.discharge_w, 0)),
}


def problem(what: object) -> str:
    """What is absurd about an appliance, in one sentence; nothing where it can be."""
    for each in OF_KIND.get(type(what), ()):
        value: object = each.value(what)
        if not isinstance(value, int | float):        # SQLite takes any text for a number
            return f"{each.words.replace(':g}', '}').format(value=value)}: give {each.least:g} to {each.most:g}"
        if not each.least <= value <= each.most:      # and where it is no number
            return f"{each.words.format(value=value)}: give {each.least:g} to {each.most:g}"
    return ""
