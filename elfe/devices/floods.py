"""Who floods is heard no more than another: so many messages a second of one unit are read, the rest is dropped and counted. Pure.

One account can say thousands of messages a second; the others must not wait for it. A unit has room for a burst, as a territory
that returns makes one. Who floods for a minute is not heard at all, until it has been calm.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from attrs import define, field

A_SECOND = 20.0
"""A PLC that says each figure of its eight outputs every second stays below it."""
BURST = 400.0
PATIENCE = timedelta(minutes=1)


@define
class _Unit:
    room: float = BURST
    at: datetime | None = None
    floods_since: datetime | None = None
    silenced: bool = False
    dropped: int = 0


@define
class Floods:
    """How much room each unit has left."""

    dropped: Counter[str] = field(factory=Counter)          # by unit, since the beginning
    told: list[str] = field(factory=list)                   # what operators are to be told; whoever tells it empties it
    _units: dict[str, _Unit] = field(factory=dict)

    def lets(self, unit_id: str, now: datetime) -> bool:
        """Whether one more message of a unit is read."""
        unit = self._units.setdefault(unit_id, _Unit())
        elapsed = max(0.0, (now - unit.at).total_seconds()) if unit.at else 0.0
        unit.at, unit.room = now, min(BURST, unit.room + elapsed * A_SECOND)
        if unit.floods_since is not None and unit.room >= BURST / 2:
            self._is_calm(unit_id, unit)
        if unit.room < 1.0:
            self._floods(unit_id, unit, now)
        if unit.room >= 1.0 or unit.silenced:       # who is silenced goes on filling its room, or it would seem calm
            unit.room = max(0.0, unit.room - 1.0)
            if not unit.silenced:
                return True
        unit.dropped += 1
        self.dropped[unit_id] += 1
        return False

    def _floods(self, unit_id: str, unit: _Unit, now: datetime) -> None:
        if unit.floods_since is None:
            unit.floods_since = now
            self.told.append(f"{unit_id} says more than {A_SECOND:g} messages a second: what is more is dropped")
        if not unit.silenced and now - unit.floods_since >= PATIENCE:
            unit.silenced = True
            self.told.append(f"{unit_id} has flooded for a minute: nothing of it is read until it has been calm for ten seconds; "
                             f"look at its account")

    def _is_calm(self, unit_id: str, unit: _Unit) -> None:
        self.told.append(f"{unit_id} is calm again: it is read; {unit.dropped} of its messages were dropped")
        unit.floods_since, unit.silenced, unit.dropped = None, False, 0
