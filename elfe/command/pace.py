"""Never everywhere at once: when an order of a slot is said, and how many kilowatts are switched on in a minute. Pure."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from random import Random

from attrs import define, field

from elfe.command.orders import Order, Why
from elfe.slots import slot_start

MINUTE = timedelta(minutes=1)
SPREAD = frozenset({Why.PLAN, Why.START})
"""What begins with a slot, for everybody in the same second; what somebody asked for just now is not kept waiting."""
BEGINS = timedelta(minutes=1)
"""What is wanted later than that in its slot is a change of mind: it comes by itself, alone."""


def said_at(order: Order, spread: timedelta, slack: timedelta) -> datetime | None:
    """When a new order is to be said for the first time; None: at once. The same order always has the same delay."""
    longest = min(spread, slack)
    if order.why not in SPREAD or longest <= timedelta() or order.wanted_at - slot_start(order.slot) > BEGINS:
        return None
    return order.wanted_at + longest * Random(order.key).random()


@define
class Pace:
    """How many kilowatts were switched on in the last minute, and whether there is room for more."""

    _switched: deque[tuple[datetime, float]] = field(factory=deque)

    def room_at(self, kw: float, most_kw: float, now: datetime) -> datetime:
        """When `kw` more may be switched on; one appliance is never too many. `most_kw` 0: no limit."""
        while self._switched and self._switched[0][0] + MINUTE <= now:
            self._switched.popleft()
        free = most_kw - sum(each for _, each in self._switched)
        if not most_kw or not self._switched or kw <= free:
            return now
        for at, each in self._switched:
            free += each
            if kw <= free:
                return at + MINUTE
        return self._switched[-1][0] + MINUTE

    def spend(self, kw: float, now: datetime) -> None:
        """So many are switched on now."""
        self._switched.append((now, kw))
