"""Never everywhere at once: when an order of a slot is said, and how many kilowatts are switched on in a minute. Pure."""

from __future__ import annotations

from collections.abc import Callable
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
    """When each device was last told to give its appliance its supply, or said that it does; whether there is room for one more.

    Who does not answer may do it whenever it is told: its kilowatts count each time, once in a minute.
    """

    _told: dict[str, datetime] = field(factory=dict)      # the latest last

    def room_at(self, device_id: str, kw_of: Callable[[str], float], most_kw: float, now: datetime) -> datetime:
        """When it may be told; one appliance is never too many. `kw_of`: what a device switches on; `most_kw` 0: no limit."""
        if not most_kw:
            return now
        others = [(at, kw_of(id)) for id, at in self._told.items() if id != device_id and at + MINUTE > now]
        free, kw = most_kw - sum(each for _, each in others), kw_of(device_id)
        if not others or kw <= free:
            return now
        for at, each in others:
            free += each
            if kw <= free:
                return at + MINUTE
        return others[-1][0] + MINUTE

    def spend(self, device_id: str, at: datetime) -> None:
        """It is told, or says that it does it."""
        self._told.pop(device_id, None)
        while self._told and next(iter(self._told.values())) + MINUTE <= at:
            del self._told[next(iter(self._told))]
        self._told[device_id] = at
