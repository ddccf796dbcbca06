"""A heater that is switched by the temperature of its room. Shape: `Stores`.

The room is kept within its band around the comfort temperature in its comfort hours and around the eco temperature else, as far as
the heater can: it is warm when comfort begins, since the heater is planned before. What a room does is learned from its own history
where that suffices, else taken from the contract's three models of insulation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np
from attrs import define, field, frozen

from elfe.coordination.values import Appliance, Room, Week
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.hours import in_programme
from elfe.ems.loads.stores import Stores
from elfe.slots import HORIZON, SLOT_S

RC_S = 12_960.0
"""Of the contract's models: 3.6 h for all three."""
OF_INSULATION = {0: 0.003893, 1: 0.004570, 2: 0.005621}
"""K/W of the contract's models."""
ENOUGH = 5 * HORIZON
"""Quarters without which nothing is learned."""
SLOWEST_S, FASTEST_S = 200 * 3600.0, 3600.0
WEAKEST, STRONGEST = 5e-4, 5e-2
"""What a room can be: its time constant, and K/W."""
COLDEST_C, WARMEST_C = -20.0, 45.0
"""Of a room that somebody lives in; a thermometer that says else lies."""
STUCK, STILL_K = HORIZON, 1e-3
"""Quarters through which no heated room has the very same temperature: a thermometer that says so is stuck."""
OUTSIDE_C = 7.0
"""When nobody knows how cold it is: a winter's mean."""


@frozen
class Thermal:
    """A room's model: resistance, K/W, and time constant, s."""

    resistance: float
    rc_s: float
    source: str

    @property
    def keeps(self) -> float:
        """The share of its warmth over outside that is left after a quarter."""
        return float(np.exp(-SLOT_S / self.rc_s))


def of_contract(insulation: int) -> Thermal:
    """The contract's model of an insulation; the medium one where it names none that is known."""
    return Thermal(OF_INSULATION.get(insulation, OF_INSULATION[1]), RC_S, "the model of its insulation")


def believed(inside: Floats) -> Floats:
    """A room's quarters, °C, NaN unknown: without those that no room has, and those of a thermometer that is stuck."""
    said = np.where((inside >= COLDEST_C) & (inside <= WARMEST_C), inside, np.nan)
    moves = np.flatnonzero(~(np.abs(np.diff(said)) < STILL_K)) + 1
    for begin, end in pairwise([0, *map(int, moves), len(said)]):
        if end - begin >= STUCK:
            said[begin:end] = np.nan
    return said


def learned(inside: Floats, powers: Floats, outside: Floats) -> Thermal | None:
    """The model that explains a room's quarters best: means of °C, W and °C outside, NaN unknown; None when they do not suffice.

    Least squares of T_{t+1} − T_t = α (outside_t − T_t) + β x_t.
    """
    change = np.diff(inside)
    pulls, heats = (outside - inside)[:-1], powers[:-1]
    known = np.isfinite(change) & np.isfinite(pulls) & np.isfinite(heats)
    if known.sum() < ENOUGH or heats[known].max(initial=0.0) <= 0:
        return None
    (alpha, beta), *_ = np.linalg.lstsq(np.stack([pulls[known], heats[known]], axis=1), change[known], rcond=None)
    if not 0 < alpha < 1:
        return None
    found = Thermal(float(beta / alpha), float(-SLOT_S / np.log(1 - alpha)), "what it has shown")
    return found if FASTEST_S <= found.rc_s <= SLOWEST_S and WEAKEST <= found.resistance <= STRONGEST else None


@define(slots=False)
class RoomLoad:
    """A room's next day. `outside_c`: °C of each slot."""

    room: Room
    thermal: Thermal
    warm_c: float
    outside_c: tuple[float, ...]
    first_slot: int
    zone: tzinfo
    told: str = ""                   # what was missing, in words
    wishes: Wishes = field(factory=Wishes)
    begins, modulates = "heats", False
    late_by = timedelta()

    @classmethod
    def fleet(cls, loads: Sequence[RoomLoad]) -> Stores:
        """As of `Load`: the room's temperature is what it stores, °C."""
        keeps = np.array([each.thermal.keeps for each in loads])
        nothing = np.zeros(len(loads))
        return Stores(
            np.array([each.warm_c for each in loads]), keeps, (1 - keeps)[:, None] * np.array([each.outside_c for each in loads]),
            nothing, np.array([[each.room.power_w] for each in loads], float),
            ((1 - keeps) * np.array([each.thermal.resistance for each in loads]))[:, None],
            np.array([each.band[0] for each in loads]), np.array([each.band[1] for each in loads]),
            np.ones(len(loads), bool), nothing)

    @property
    def appliance(self) -> Appliance:
        """Whose load it is."""
        return self.room.appliance

    @property
    def source(self) -> str:
        """What it needs, in words."""
        told = f", {self.told}" if self.told else ""
        return f"a room at {self.warm_c:.1f} °C, by {self.thermal.source}{told}"

    @cached_property
    def band(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The least and the most that its temperature may be after each slot, as far as heating or not heating can keep them.

        What was allowed may cool at its own pace, and what is wanted later is heated for in time, above the eco band where it must:
        from the least of one slot the least of the next can be reached, and with a heater that is only switched the room stays
        between the two.
        """
        keeps, a_slot, needed = self.thermal.keeps, self._a_slot, self._needed
        hottest = allowed = self.warm_c
        lows, highs = [], []
        for t, outside in enumerate(self.outside_c):
            cools = (1 - keeps) * outside
            hottest = keeps * hottest + cools + a_slot
            lows.append(min(needed[t], hottest))
            allowed = max(self.wanted(t + 1) + self.room.band_k, keeps * allowed + cools, needed[t])
            highs.append(allowed)
            hottest = min(hottest, allowed)
        for t in range(HORIZON - 1, 0, -1):
            lows[t - 1] = max(lows[t - 1], (lows[t] - (1 - keeps) * self.outside_c[t] - a_slot) / keeps)
        return tuple(lows), tuple(max(high, low + a_slot) for low, high in zip(lows, highs, strict=True))

    @property
    def _a_slot(self) -> float:
        """K that a slot of heating is worth at its end."""
        return (1 - self.thermal.keeps) * self.thermal.resistance * self.room.power_w

    @property
    def _needed(self) -> list[float]:
        """The least after each slot that is wanted then, or from which a heater that goes on reaches what is wanted later.

        Never above what is wanted at some time: a heater that is too weak is not to overheat the room before.
        """
        keeps, most = self.thermal.keeps, -np.inf
        needed = [self.wanted(t + 1) - self.room.band_k for t in range(HORIZON)]
        for t in range(HORIZON - 1, 0, -1):
            most = max(most, needed[t])
            before = (needed[t] - (1 - keeps) * self.outside_c[t] - self._a_slot) / keeps
            needed[t - 1] = max(needed[t - 1], min(most, before))
        return needed

    def wanted(self, index: int) -> float:
        """°C that its programme asks for in a slot, the one behind the horizon included."""
        return self.room.comfort_c if _comfort(self.room.programme, self.first_slot, self.zone)[index] else self.room.eco_c

    def decisions(self, run: Floats) -> tuple[int, ...]:
        """The contract's row: a 1 in every slot that it heats in."""
        return tuple(int(power > 0) for power in run)

    def ends(self, run: Floats) -> int:
        """The index behind the last slot that it heats in."""
        heats = np.flatnonzero(run)
        return int(heats[-1]) + 1 if len(heats) else 0


@lru_cache(maxsize=1024)      # rooms share their programmes, and a room is asked with others of its numbers
def _comfort(programme: Week, first_slot: int, zone: tzinfo) -> tuple[bool, ...]:
    """Whether comfort is wanted, of each slot of the horizon and the one behind it."""
    return tuple(in_programme(programme, first_slot + t, zone) for t in range(HORIZON + 1))
