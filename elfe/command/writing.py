"""What the engine asks of the database, performed: much of it at once, in one transaction, before anything goes on the wire.

A territory's orders are due at one instant, and its devices answer at one instant. So what is alike is written as one, in the order
in which it makes sense: what happened, what is known, and last what is wanted, which the mode that was just written may forbid.

Other programs write the same rows. Whose row one of them holds, in a transaction that it has forgotten perhaps, waits alone.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
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
from elfe.coordination.values import Appliance, Write
from elfe.slots import epoch_s, instant

log = logging.getLogger("elfe.command")
REFUSED = (DataError, IntegrityError, orjson.JSONEncodeError)
"""What the database will never take, however often it is asked."""
NOBODY: Mapping[int, Pilot] = {}


@frozen
class Written:
    """What came of it: what the engine is to be told, and what the database refused for good."""

    answers: list[EngineEvent] = field(factory=list)
    refused: list[Effect] = field(factory=list)
    locked: frozenset[int] = frozenset()                # the appliances whose rows somebody else holds
    free: frozenset[int] = frozenset()                  # those whose rows we could take
    held: list[Effect] = field(factory=list)            # what is to be written of the locked ones when they are let go
    modes: Mapping[int, int] = field(factory=dict)      # by appliance, of those of which a `Write` was done: in which it left them

    def __add__(self, other: Written) -> Written:
        return Written(self.answers + other.answers, self.refused + other.refused, self.locked | other.locked,
                       self.free | other.free, self.held + other.held, {**self.modes, **other.modes})


@frozen
class Writer:
    """Writes to the coordination database, as long as its engine leads."""

    coordination: Engine
    leadership: Leadership

    def write(self, effects: Sequence[Effect], now: datetime, pilots: Mapping[int, Pilot] = NOBODY,
              waiting: frozenset[int] = frozenset()) -> Written:
        """All in one transaction, but for the appliances whose rows somebody else holds, or of which earlier things are `waiting`.
        What the database refuses is found, left out and logged: the rest is written without it.

        Raises `LostLead` where another engine leads, and `DBAPIError` while the database is away.
        """
        if not effects:
            return Written()
        try:
            with self.coordination.begin() as connection:
                self.leadership.confirm(connection)
                asked = _written_of(effects) - waiting
                locked = waiting | queries.locked(connection, asked)
                free, held = _apart(effects, locked, pilots)
                dropped: list[EngineEvent] = [NotRecorded(each.order.id) for each in held if isinstance(each, Record)]
                return _write(connection, free, now) + Written(
                    dropped, [], locked, asked - locked, [each for each in held if not isinstance(each, Record)])
        except REFUSED as error:
            if len(effects) == 1:
                log.error("the database refuses it for good, it is left out: %s: %s", effects[0], error)
                return Written([NotRecorded(each.order.id) for each in effects if isinstance(each, Record)], list(effects))
        half = len(effects) // 2
        first = self.write(effects[:half], now, pilots, waiting)
        return first + self.write(effects[half:], now, pilots, waiting | first.locked)


def concerned(effect: Effect, pilots: Mapping[int, Pilot]) -> int | None:
    """The appliance of which something is written; None: of none that we know."""
    match effect:
        case Record(order) | Save(order):
            return order.appliance_id
        case MarkStarted(stay) | CloseFlexibility(stay):
            return next((id for id, pilot in pilots.items() if pilot.flexibility and pilot.flexibility.id == stay), None)
        case Write() | OpenFlexibility() | LeaveAlone() | TakeOver():
            return effect.appliance_id
    return None


def _written_of(effects: Sequence[Effect]) -> frozenset[int]:
    """The appliances whose own rows are written, or may not change meanwhile."""
    wanted = frozenset(each.order.appliance_id for each in effects if isinstance(each, Record))
    return wanted | {each.appliance_id for each in effects if isinstance(each, Write | OpenFlexibility | TakeOver)}


def _apart(effects: Sequence[Effect], locked: frozenset[int], pilots: Mapping[int, Pilot]) -> tuple[list[Effect], list[Effect]]:
    """What can be written now, and all that concerns who must wait: of one appliance all or nothing, in its order."""
    theirs = {id: pilots[id] for id in locked if id in pilots}
    waits = [concerned(each, theirs) in locked for each in effects] if locked else [False] * len(effects)
    return ([each for each, wait in zip(effects, waits, strict=True) if not wait],
            [each for each, wait in zip(effects, waits, strict=True) if wait])


def touched(effects: Sequence[Effect], pilots: Mapping[int, Pilot]) -> set[int]:
    """The appliances of which something else is written now than was read."""
    found = {each.appliance_id for each in effects if isinstance(each, Write | OpenFlexibility | LeaveAlone | TakeOver)}
    stays = {each.flexibility_id for each in effects if isinstance(each, MarkStarted | CloseFlexibility)}
    if stays:
        found |= {id for id, pilot in pilots.items() if pilot.flexibility and pilot.flexibility.id in stays}
    return found


def sure(effects: Sequence[Effect], pilots: Mapping[int, Pilot], modes: Mapping[int, int]) -> dict[int, Write]:
    """Of the appliances that were touched, those of which nothing is to be read to know how they are now: one `Write` was done, it
    left the mode alone, and that is the one that we know."""
    others = touched([each for each in effects if not isinstance(each, Write)], pilots)
    found: dict[int, Write] = {}
    for each in effects:
        if isinstance(each, Write):
            if each.appliance_id in found:
                others.add(each.appliance_id)
            found[each.appliance_id] = each
    return {id: each for id, each in found.items() if id not in others and each.mode is None and id in pilots
            and modes.get(id) == pilots[id].appliance.mode}


def after(pilot: Pilot, written: Write) -> Pilot:
    """What is known of an appliance once that was written of it, as it would be read."""
    was = pilot.appliance
    control, command, ems_order, started = written.control, written.command, written.ems_order, written.last_started
    appliance = Appliance(
        was.id, was.name, was.type, was.typology, was.mode, was.control if control is None else control,
        was.command if command is None else command, was.participant, was.ems_order if ems_order is None else ems_order,
        was.last_started if started is None else instant(epoch_s(started)), was.programmed_at, was.pauses)
    return Pilot(appliance, pilot.typology, pilot.driven, pilot.meter, pilot.flexibility, pilot.besides, pilot.presses, pilot.hold)


def _write(connection: Connection, effects: Sequence[Effect], now: datetime) -> Written:
    alike: defaultdict[type, list[Any]] = defaultdict(list)
    done = Written()
    for each in effects:
        if isinstance(each, LeaveAlone | TakeOver):      # a person's: rare, and it changes modes
            done += _write_alike(connection, alike, now)
            alike.clear()
            _write_a_persons(connection, each, now)
        else:
            alike[type(each)].append(each)
    return done + _write_alike(connection, alike, now)


def _write_alike(connection: Connection, alike: defaultdict[type, list[Any]], now: datetime) -> Written:
    store.save(connection, alike[Save])
    modes = queries.write(connection, alike[Write])
    queries.mark_started(connection, [(each.flexibility_id, each.at) for each in alike[MarkStarted]])
    queries.close_flexibilities(connection, [(each.flexibility_id, each.outcome) for each in alike[CloseFlexibility]], now)
    for each in alike[LookAt]:
        states.take_down(connection, each.device_id, states.Kind.CHECK, each.why, now)
    queries.begin_flexibilities(connection, {each.appliance_id for each in alike[OpenFlexibility]}, now)
    return Written(store.record(connection, alike[Record]), modes=modes)


def _write_a_persons(connection: Connection, effect: LeaveAlone | TakeOver, now: datetime) -> None:
    match effect:
        case LeaveAlone(id, until):
            holds.put(connection, id, None, now, until, holds.Origin.DEVICE)
        case TakeOver(id, device_id, taken):
            store.take_over(connection, id, device_id, taken, now)
