"""What was measured, cleaned, on the territory's clock: people rise by their clock, on the days of 92 and 100 quarters too. Pure.

A *local quarter* counts the quarters of local wall time: `local_quarters` maps slots to them. In the hour that is lived twice,
the second one stands; the hour that is skipped is a hole, filled as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import numpy as np
from attrs import frozen

from elfe.ems.forecast.values import Floats, Ints
from elfe.slots import HORIZON, SLOT, SLOTS_PER_HOUR, slot_start

DAY, WEEK = HORIZON, 7 * HORIZON
ABSURD = 30.0
"""So many times the median distance from the median: no balance is there, a meter lied."""
USUAL, BEYOND = 90.0, 3.0
"""Per cent of the quarters that lie no further from the median than is usual, and so many times as far what may still be: beside a
solar park the nights lie close together, and noon lies far from them."""
MOST_W = 1e9
"""No territory's balance is beyond a gigawatt, and the contract's columns hold no more than two."""
STUCK, LONGER, AS_LONG = 16, 4, 3
"""A meter that says the very same for four hours, and four times longer than all but three times before, says nothing."""
FILLED_FROM = (DAY, WEEK, 2 * DAY, 3 * DAY)
CALM_MS = 13.0
"""Above this wind, m/s, a turbine gives no more for more wind."""
HEATED_C = 15.0
"""Below this temperature, °C, homes are heated."""


@frozen(eq=False)
class Past:
    """What a forecast is made from; nothing in it is unknown any more.

    `balance` has n local quarters, oldest first, as far as the forecast's first; `weather` has a row per quantity and 96 columns
    more, or no row. Both are in units of their own spread, so that numbers are near one.
    """

    first: int
    balance: Floats
    weather: Floats
    scale_w: float
    holes: int = 0                  # quarters of the last day that were not measured

    @property
    def days(self) -> Ints:
        """The kind of day of each quarter and of the 96 to come: 0 from Monday to Friday, 1 on Saturday, 2 on Sunday."""
        weekday = ((self.first + np.arange(len(self.balance) + HORIZON)) // DAY + 3) % 7
        return np.maximum(weekday - 4, 0)

    def until(self, origin: int) -> Past:
        """What was known when the forecast of that local quarter was made (its index), the weather forecast included."""
        return Past(self.first, self.balance[:origin], self.weather[:, :origin + HORIZON], self.scale_w)


def local_quarters(slots: Sequence[int] | Ints, zone: tzinfo) -> Ints:
    """The local quarter of each slot."""
    hours = {int(slot) // SLOTS_PER_HOUR for slot in slots}
    offsets = {hour: _offset(hour * SLOTS_PER_HOUR, zone) for hour in hours}
    return np.array([int(slot) + offsets[int(slot) // SLOTS_PER_HOUR] for slot in slots], dtype=np.int64)


def _offset(slot: int, zone: tzinfo) -> int:
    offset = slot_start(slot).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // SLOT


def past(balance_w: Sequence[float | None], first_slot: int, weather: Floats, zone: tzinfo) -> Past | None:
    """What was measured in the slots before `first_slot`, the newest last; None when next to nothing was.

    `weather`: rows of °C, W/m² and m/s for the same slots and 96 more, NaN where unknown.
    """
    if not balance_w:
        return None
    places = local_quarters(np.arange(first_slot - len(balance_w), first_slot + HORIZON), zone)
    first, n = int(places[0]), int(places[len(balance_w) - 1] - places[0]) + 1
    curve = _laid(np.array([[np.nan if each is None else each for each in balance_w]], dtype=float), places - first, n)[0]
    curve = sound(curve)
    begins = int(np.argmax(np.isfinite(curve))) if np.isfinite(curve).any() else n
    curve = curve[begins:]
    if np.isfinite(curve).sum() < DAY:
        return None
    holes = int(np.isnan(curve[-DAY:]).sum())
    whole = filled(curve)
    scale = float(whole.std()) or 1.0
    around = _laid(weather, places - first, n + HORIZON)
    return Past(first + begins, whole / scale, _effects(around[:, begins:]), scale, holes)


def _laid(rows: Floats, places: Ints, length: int) -> Floats:
    """Rows laid out by their places, NaN where there is none. In the hour that is lived twice some lie beyond the end: left out."""
    laid = np.full((len(rows), length), np.nan)
    if len(rows):
        places = places[:rows.shape[1]]
        inside = places < length
        laid[:, places[inside]] = rows[:, inside]
    return laid


def sound(values: Floats) -> Floats:
    """The values without what no balance can be: infinite, absurdly far from all the others, or stuck."""
    values = np.where(np.abs(values) < MOST_W, values, np.nan)
    if np.isnan(values).all():
        return values
    distance = np.abs(values - np.nanmedian(values))
    spread = np.nanmedian(distance) or np.nanmedian(distance[distance > 0]) if (distance > 0).any() else 0.0
    most = max(ABSURD * spread, BEYOND * float(np.nanpercentile(distance, USUAL)))
    return _moving(np.where(distance > most, np.nan, values) if spread else values)


def _moving(values: Floats) -> Floats:
    """The values without those of a meter that is stuck; what is often the same for so long is no lie: a plant by night."""
    begins = np.flatnonzero(np.append(True, values[1:] != values[:-1]))
    lasts = np.diff(np.append(begins, len(values))) * np.isfinite(values[begins])
    usual = np.sort(np.append(np.zeros(AS_LONG), lasts))[-AS_LONG - 1]
    stuck = (lasts >= STUCK) & (lasts > LONGER * usual)
    if lasts[~stuck].sum() < 2 * DAY:                   # of too little that moves nothing can be said
        return values
    return np.where(np.repeat(stuck, np.diff(np.append(begins, len(values)))), np.nan, values)


def filled(values: Floats) -> Floats:
    """Holes taken from the same quarter of the day before, a week before, ...; what is left, from the neighbours."""
    whole = values.copy()
    for lag in FILLED_FROM:
        holes = np.flatnonzero(np.isnan(whole))
        holes = holes[holes >= lag]
        whole[holes] = whole[holes - lag]
    known = np.flatnonzero(np.isfinite(whole))
    filled_in: Floats = np.interp(np.arange(len(whole)), known, whole[known])
    return filled_in


def _effects(weather: Floats) -> Floats:
    """What the weather does to a balance: sun on roofs, wind's power, warmth, and heating when it is cold.

    No row when what is known does not suffice: four fifths of the past, and all of the day to come but an hour or two.
    """
    nothing = np.empty((0, weather.shape[1]))
    if len(weather) != 3:
        return nothing
    there = np.isfinite(weather)
    if there.mean() < 0.8 or there[:, -HORIZON:].mean() < 0.9:
        return nothing
    warmth, sun, wind = (filled(row) for row in weather)
    rows = np.stack([sun, np.minimum(wind, CALM_MS) ** 3, warmth, np.maximum(HEATED_C - warmth, 0)])
    spread = rows.std(axis=1, keepdims=True)
    effects: Floats = rows / np.where(spread > 0, spread, 1.0)
    return effects
