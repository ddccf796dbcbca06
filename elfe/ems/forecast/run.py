"""A forecast for a run of the EMS: read what was measured and announced, learn once a day, ask; and keep what was said.

Whatever is missing, there is a forecast: without weather the blend that needs none, with less than nine days persistence, with
nothing a flat zero. Its source says which, in words.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np
from attrs import define, field, frozen
from sqlalchemy import Engine

from elfe.ems.forecast import blend, store
from elfe.ems.forecast.blend import Blend
from elfe.ems.forecast.models import LEARNS_FROM
from elfe.ems.forecast.past import DAY, Past, local_quarters, past, sound
from elfe.ems.forecast.persistence import persistence
from elfe.ems.forecast.values import Forecast
from elfe.history.values import BALANCE, History
from elfe.slots import HORIZON

HELD_FOR = timedelta(minutes=15)
FRESH = 2 * DAY
"""Slots that are read from the history at each run: readings may come late."""
CORRECTED = DAY
"""Slots whose base balance is written anew: what was placed in them is known for as long."""
REACH = LEARNS_FROM + 2 * DAY
"""Slots that are looked back to."""
TOLD_SHARE = 0.1
"""A model that is believed less is not named."""

log = logging.getLogger("elfe.ems")


@frozen
class Seen:
    """A forecast, and what was measured behind it: slot → W, without what was placed."""

    first_slot: int
    forecast: Forecast
    measured: Mapping[int, float]


@define
class Forecaster:
    """Forecasts from run to run; what it learned it keeps for a day."""

    sortie: Engine
    history: History
    zone: tzinfo
    learns: bool = True                                                           # else: persistence, as the documentation
    _blends: Mapping[bool, Blend | None] = field(factory=dict, init=False)        # with the weather or without
    _learned: int | None = field(default=None, init=False)                       # the day
    _looked_for: int | None = field(default=None, init=False)                    # the day, of what was never kept

    def look(self, first_slot: int, placed: Sequence[int]) -> Seen:
        """The forecast from `first_slot` on; `placed`: the power series of what was placed in the last day."""
        kept = self._kept(first_slot)
        missed, fresh = self._missed(first_slot, kept), self._fresh(first_slot, placed)
        known = _sound({**missed, **kept, **fresh}, first_slot)
        simple = persistence([known.get(slot) for slot in range(first_slot - HORIZON, first_slot)],
                             [known.get(slot) for slot in range(first_slot - FRESH, first_slot - HORIZON)],
                             [_days_before(known, slot) for slot in range(first_slot - HORIZON, first_slot)])
        new = {slot for slot in fresh if slot < first_slot - 1 and (slot >= first_slot - CORRECTED or slot not in kept)}
        learned = self._ask(known, first_slot) if self.learns else None
        return Seen(first_slot, learned or simple, {slot: known[slot] for slot in missed.keys() | new if slot in known})

    def keep(self, seen: Seen, now: datetime) -> None:
        """Keep what was measured and what is expected."""
        self._looked_for = seen.first_slot // DAY
        store.keep_measured(self.sortie, seen.measured)
        store.keep_forecast(self.sortie, seen.first_slot, now, seen.forecast)

    # -- what was measured ----------------------------------------------------------------------------------------------------

    def _fresh(self, first_slot: int, placed: Sequence[int]) -> dict[int, float]:
        """The balance of the last two days, without what the loads drew that were placed in them.

        Those are placed anew: what they drew yesterday says nothing of today, and what runs now is counted by itself. The
        quarter that is not over counts as far as it is known.
        """
        series = self.history.find(BALANCE)
        if series is None:
            return {}
        balance, *drawn = (self.history.quarters(each, first_slot - FRESH, FRESH, HELD_FOR) for each in (series, *placed))
        return {first_slot - FRESH + n: b + sum(filter(None, draws))
                for n, (b, *draws) in enumerate(zip(balance, *drawn, strict=True)) if b is not None}

    def _kept(self, first_slot: int) -> dict[int, float]:
        return _known(first_slot - REACH, store.measured(self.sortie, first_slot - REACH, REACH))

    def _missed(self, first_slot: int, kept: Mapping[int, float]) -> dict[int, float]:
        """What was measured and never kept, as it was: nobody knows what was placed in it.

        Before elfe came, while no run was made, or what came days late. Looked for once a day.
        """
        missing = [slot for slot in range(first_slot - REACH, first_slot - FRESH) if slot not in kept]
        series = self.history.find(BALANCE) if missing and self._looked_for != first_slot // DAY else None
        if series is None:
            return {}
        begins, ends = missing[0], missing[-1] + 1
        found = _known(begins, self.history.quarters(series, begins, ends - begins, HELD_FOR))
        return {slot: power for slot, power in found.items() if slot not in kept}

    # -- what is said -----------------------------------------------------------------------------------------------------------

    def _ask(self, known: Mapping[int, float], first_slot: int) -> Forecast | None:
        begins = first_slot - REACH
        around = store.weather(self.sortie, begins, first_slot + HORIZON - begins)
        seen = past([known.get(slot) for slot in range(begins, first_slot)], first_slot, around, self.zone)
        if seen is None:
            return None
        self._learn(seen)
        weather = bool(len(seen.weather)) and self._blends.get(True) is not None
        asked = self._blends[weather]
        if asked is None or asked.error >= asked.error_of_persistence:
            return None
        return _forecast(asked, seen, first_slot, self.zone)

    def _learn(self, seen: Past) -> None:
        """Once a day of the territory, and when it had nothing to learn from before."""
        today = (seen.first + len(seen.balance)) // DAY
        if self._learned == today and self._blends.get(bool(len(seen.weather))) is not None:
            return
        self._blends = {weather: blend.learned(seen, weather=weather) for weather in (False, True)}
        self._learned = today
        for weather, each in self._blends.items():
            if each is not None:
                log.info("forecast learned %s: %s", "with weather" if weather else "without weather", told(each))


def _known(start_slot: int, powers: Sequence[float | None]) -> dict[int, float]:
    return {start_slot + n: power for n, power in enumerate(powers) if power is not None}


def _sound(known: Mapping[int, float], first_slot: int) -> dict[int, float]:
    """What can be of what was measured."""
    begins = first_slot - REACH
    curve = sound(np.array([known.get(slot, np.nan) for slot in range(begins, first_slot)]))
    return {begins + int(n): float(curve[n]) for n in np.flatnonzero(np.isfinite(curve))}


def _days_before(known: Mapping[int, float], slot: int) -> float | None:
    """What was last measured in the same quarter of a day, two days before it and earlier."""
    return next((known[each] for each in range(slot - 2 * DAY, slot - REACH, -DAY) if each in known), None)


def _forecast(asked: Blend, seen: Past, first_slot: int, zone: tzinfo) -> Forecast:
    """The blend's answer, from local quarters to slots."""
    leads = leads_of(seen, first_slot, zone)
    powers, low, high = ([float(each[lead]) * seen.scale_w for lead in leads] for each in asked.ask(seen))
    holes = f", {seen.holes} of 96 quarters of the last day not measured" if seen.holes else ""
    return Forecast(tuple(powers), told(asked) + holes, tuple(low), tuple(high))


def leads_of(seen: Past, first_slot: int, zone: tzinfo) -> list[int]:
    """The lead of each slot on the territory's clock; the hours of a change of time stay within the day."""
    leads = local_quarters(range(first_slot, first_slot + HORIZON), zone) - (seen.first + len(seen.balance))
    return [int(min(max(lead, 0), HORIZON - 1)) for lead in leads]


def told(asked: Blend) -> str:
    """Who is believed, and what it has been worth: for operators."""
    shares = ", ".join(f"{share:.0%} {name}" for name, share in asked.shares().items() if share >= TOLD_SHARE)
    gain = 1 - asked.error / asked.error_of_persistence if asked.error_of_persistence else 0.0
    return f"{shares}; error {gain:.0%} below persistence's when rehearsed"
