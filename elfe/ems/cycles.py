"""The last cycle of a machine, found in its power curve, as mean powers at quarter-hour steps. Pure.

Four parameters, as in the documentation: a cycle starts where the power reaches `start_w` and stays there for `start_for`;
it ends where it stays under `stop_w` for `stop_for`. A touch (somebody presses start, and the plug is cut) and a cycle with a
hole in its readings are no cycles to plan with. A machine without one of its own gets a named default.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.history.values import Reading
from elfe.slots import SLOT, SLOT_S, slots_lasting


@frozen
class Detection:
    """When a cycle starts and when it is over."""

    start_w: float = 40.0
    start_for: timedelta = timedelta(seconds=30)
    stop_w: float = 10.0
    stop_for: timedelta = timedelta(minutes=10)      # a soak pauses for less
    shortest: timedelta = timedelta(minutes=15)      # what is over sooner was a touch, not a cycle
    held_for: timedelta = timedelta(minutes=15)      # a value is not held over a longer silence


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


def last_cycle(readings: Sequence[Reading], rules: Detection | None = None) -> Cycle | None:
    """The last whole cycle in a power curve, or None. `readings` stand in order of time, W."""
    rules = rules or Detection()
    found = None
    index = 0
    while index < len(readings):
        start = _start(readings, index, rules)
        if start is None:
            break
        end = _end(readings, start, rules)
        if end is None:
            break                                   # it is still running
        if _is_whole(readings[start:end + 1], rules):
            found = (start, end)
        index = end + 1
    return None if found is None else _profile(readings, *found)


def usual_cycle(appliance_type: int, measured: Cycle | None, lasts: timedelta) -> Cycle:
    """The measured cycle where there is one; else the type's default, made as long as was declared."""
    if measured is not None:
        return measured
    default = DEFAULTS.get(appliance_type, ANY_MACHINE)
    wanted = slots_lasting(lasts)
    if wanted in (0, len(default.power_w)):
        return default
    return Cycle(_stretched(default.power_w, wanted), f"{default.source}, over the declared {_hours(lasts)}")


def _start(readings: Sequence[Reading], index: int, rules: Detection) -> int | None:
    """The first reading from which the power stays at its threshold long enough."""
    begun: int | None = None
    for i in range(index, len(readings)):
        if readings[i].value < rules.start_w:
            if begun is not None and readings[i].at - readings[begun].at >= rules.start_for:
                return begun
            begun = None
        elif begun is None:
            begun = i
        elif readings[i].at - readings[begun].at >= rules.start_for:
            return begun
    return None


def _end(readings: Sequence[Reading], start: int, rules: Detection) -> int | None:
    """The first reading of the silence that ends the cycle."""
    quiet: int | None = None
    for i in range(start, len(readings)):
        if readings[i].value >= rules.stop_w:
            if quiet is not None and readings[i].at - readings[quiet].at >= rules.stop_for:
                return quiet
            quiet = None
        elif quiet is None:
            quiet = i
        elif readings[i].at - readings[quiet].at >= rules.stop_for:
            return quiet
    return None


def _is_whole(cycle: Sequence[Reading], rules: Detection) -> bool:
    """Neither a touch nor a cycle that was not seen all the way."""
    seen = all(after.at - here.at <= rules.held_for for here, after in pairwise(cycle))
    return seen and cycle[-1].at - cycle[0].at >= rules.shortest


def _profile(readings: Sequence[Reading], start: int, end: int) -> Cycle:
    """Quarter-hour means counted from the cycle's own start."""
    begun, over = readings[start].at, readings[end].at
    energy_ws = [0.0] * slots_lasting(over - begun)
    for here, after in pairwise(readings[start:end + 1]):
        at = here.at
        while at < after.at:
            step = (at - begun) // SLOT
            upto = min(after.at, begun + (step + 1) * SLOT)
            energy_ws[step] += here.value * (upto - at).total_seconds()
            at = upto
    return Cycle(tuple(each / SLOT_S for each in energy_ws), f"its last cycle, {begun:%Y-%m-%d %H:%M} UTC", begun)


def _stretched(power_w: Sequence[float], count: int) -> tuple[float, ...]:
    """The same mean power drawn over another number of slots: the shape is sampled, the heights stay."""
    return tuple(power_w[min(len(power_w) - 1, i * len(power_w) // count)] for i in range(count))


def _hours(lasts: timedelta) -> str:
    minutes = int(lasts.total_seconds()) // 60
    return f"{minutes // 60} h {minutes % 60:02}"
