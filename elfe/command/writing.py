"""What the engine asks of the database, performed: much of it at once, in one transaction, before anything goes on the wire.

A territory's orders are due at one instant, and its devices answer at one instant. So what is alike is written as one, in the order
in which it makes sense: what happened, what is known, and last what is wanted, which the mode that was just written may forbid.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from attrs import field, frozen
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError

from elfe.command import store
from elfe.command.leadership import Leadership
from elfe.command.values import (
    CloseFlexibility,
    Effect,
    EngineEvent,
    LeaveAlone,
    LookAt,
    MarkStarted,
    NotRecorded,
    OpenFlexibility,
    Pilot,
    Record,
    Save,
    TakeOver,
)
from elfe.coordination import holds, queries, states
from elfe.coordination.values import Write

log = logging.getLogger("elfe.command")
REFUSED = (DataError, IntegrityError, orjson.JSONEncodeError)
"""What the database will never take, however often it is asked."""


@frozen
class Written:
    """What came of it: what the engine is to be told, and what the database refused for good."""

    answers: list[EngineEvent] = field(factory=list)
    refused: list[Effect] = field(factory=list)


@frozen
class Writer:
    """Writes to the coordination database, as long as its engine leads."""

    coordination: Engine
    leadership: Leadership

    def write(self, effects: Sequence[Effect], now: datetime) -> Written:
        """All in one transaction. What the database refuses is found, left out and logged: the rest is written without it.

        Raises `LostLead` where another engine leads, and `DBAPIError` while the database is away.
        """
        if not effects:
            return Written()
        try:
            with self.coordination.begin() as connection:
                self.leadership.confirm(connection)
                return Written(list(_write(connection, effects, now)))
        except REFUSED as error:
            if len(effects) == 1:
                log.error("the database refuses it for good, it is left out: %s: %s", effects[0], error)
                return Written([NotRecorded(each.order.id) for each in effects if isinstance(each, Record)], list(effects))
        half = len(effects) // 2
        first, second = self.write(effects[:half], now), self.write(effects[half:], now)
        return Written(first.answers + second.answers, first.refused + second.refused)


def touched(effects: Sequence[Effect], pilots: Mapping[int, Pilot]) -> set[int]:
    """The appliances of which something else is written now than was read."""
    found = {each.appliance_id for each in effects if isinstance(each, Write | OpenFlexibility | LeaveAlone | TakeOver)}
    stays = {each.flexibility_id for each in effects if isinstance(each, MarkStarted | CloseFlexibility)}
    if stays:
        found |= {id for id, pilot in pilots.items() if pilot.flexibility and pilot.flexibility.id in stays}
    return found


def _write(connection: Connection, effects: Sequence[Effect], now: datetime) -> Iterator[EngineEvent]:
    alike: defaultdict[type, list[Any]] = defaultdict(list)
    for each in effects:
        if isinstance(each, LeaveAlone | TakeOver):      # a person's: rare, and it changes modes
            yield from _write_alike(connection, alike, now)
            alike.clear()
            _write_a_persons(connection, each, now)
        else:
            alike[type(each)].append(each)
    yield from _write_alike(connection, alike, now)


def _write_alike(connection: Connection, alike: defaultdict[type, list[Any]], now: datetime) -> list[EngineEvent]:
    store.save(connection, alike[Save])
    queries.write(connection, alike[Write])
    queries.mark_started(connection, [(each.flexibility_id, each.at) for each in alike[MarkStarted]])
    queries.close_flexibilities(connection, [(each.flexibility_id, each.outcome) for each in alike[CloseFlexibility]], now)
    for each in alike[LookAt]:
        states.take_down(connection, each.device_id, states.Kind.CHECK, each.why, now)
    queries.begin_flexibilities(connection, {each.appliance_id for each in alike[OpenFlexibility]}, now)
    return store.record(connection, alike[Record])


def _write_a_persons(connection: Connection, effect: LeaveAlone | TakeOver, now: datetime) -> None:
    match effect:
        case LeaveAlone(id, until):
            holds.put(connection, id, None, now, until, holds.Origin.DEVICE)
        case TakeOver(id, device_id, taken):
            store.take_over(connection, id, device_id, taken, now)
