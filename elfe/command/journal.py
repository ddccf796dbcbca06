"""What operators read of orders in the journal: a line per order and per answer, and none without end. Pure.

A whole territory's orders are told together. A device that comes and goes each minute would be told again and again: after
`AN_HOUR` lines of it, how many more there were is told once an hour. What went wrong is always told.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from elfe.command.orders import MISSED, On
from elfe.command.values import Save

LINES = 200
"""What happens at once to more orders than these is told of all of them, except what went wrong."""
AN_HOUR = 20
"""An order a quarter, sent, acknowledged and proved, is twelve."""
Line = tuple[int, str]
"""A level of `logging`, and the words."""
TOLD = frozenset({On.SENDS, On.ECHOES, On.DRAWS, On.OVERRIDES})


@define
class Journal:
    """What was told of each device in this hour."""

    _ends_at: datetime | None = None
    _told: Counter[str] = field(factory=Counter)

    def lines(self, happened: Sequence[Save], now: datetime) -> Iterator[Line]:
        """What to tell of what happened."""
        yield from self._turn_the_hour(now)
        together = len(happened) > LINES
        if together:
            counts = Counter(each.what for each in happened)
            told = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
            yield logging.INFO, f"orders: {told} (`elfe orders list`)"
        for each in happened:
            if each.order.stage in MISSED:
                yield logging.WARNING, f"{_who(each)} {each.what}: {each.order.cause or each.detail}"
            elif each.what in TOLD and not together:
                self._told[each.order.device_id] += 1
                if self._told[each.order.device_id] <= AN_HOUR:
                    yield logging.INFO, f"{_who(each)} {_words(each)}"

    def _turn_the_hour(self, now: datetime) -> Iterator[Line]:
        if self._ends_at is not None and now < self._ends_at:
            return
        for device_id, count in self._told.items():
            if count > AN_HOUR:
                yield logging.WARNING, f"{device_id}: {count - AN_HOUR} more lines in the last hour (`elfe orders list`)"
        self._told, self._ends_at = Counter(), now + timedelta(hours=1)


def _who(each: Save) -> str:
    return f"order {each.order.id}: {each.order.device_id}"


def _words(each: Save) -> str:
    order = each.order
    if each.what is On.SENDS:
        return f"{'ON' if order.on else 'OFF'} ({order.why}), attempt {order.attempts}"
    return f"{each.what} {each.detail}"


LOCKED_FOR = timedelta(seconds=10)
"""Other programs write for milliseconds; who holds a row for so long has forgotten it."""


@define
class Locks:
    """Which appliances' rows somebody else holds, and since when."""

    _since: dict[int, datetime] = field(factory=dict)
    _told: set[int] = field(factory=set)

    def lines(self, locked: Collection[int], free: Collection[int], now: datetime) -> Iterator[str]:
        """What is told of it, once until it is let go."""
        for id in free:
            self._since.pop(id, None)
            if id in self._told:
                self._told.remove(id)
                yield f"the row of appliance {id} is free again: it is driven"
        for id in sorted(locked):
            if now - self._since.setdefault(id, now) >= LOCKED_FOR and id not in self._told:
                self._told.add(id)
                yield (f"the row of appliance {id} is held by another program's transaction: no order is made for it until that "
                       "ends; pg_stat_activity names who is `idle in transaction`")
