"""The order ledger in the coordination database.

An order is written once (`record`), before anything is sent; then its row follows it and an event is appended for each
thing that happens (`save`). A whole territory's orders are due at one instant: many are written as one.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, func, select

from elfe.command.orders import TRANSITIONS, On, Order, Stage, Why
from elfe.command.values import EngineEvent, Known, NotRecorded, Record, Recorded, Save
from elfe.coordination import holds, queries
from elfe.coordination.ledger import OrderEventRow, OrderRow
from elfe.coordination.queries import FLEXIBILITY
from elfe.coordination.values import Mode
from elfe.database import ROWS, among, insert_given, insert_to_come, to_come, told
from elfe.history.values import Told
from elfe.slots import EPOCH, instant, slot_of

LIVE = tuple(stage.value for stage, row in TRANSITIONS.items() if row)
_ORDER = OrderRow.__table__  # type: ignore[attr-defined]
_EVENT = OrderEventRow.__table__  # type: ignore[attr-defined]
MOVES = ("status", "stage", "cause", "seen_w", "attempts", "recorded_ms", "sent_ms", "acknowledged_ms", "proved_ms", "ended_ms")
"""What an order's life changes of its row."""
COLUMNS = tuple(_ORDER.c.keys())
HAPPENED = ("order_id", "at_ms", "happened", "stage", "detail")
_MS = timedelta(milliseconds=1)
log = logging.getLogger("elfe.command")


@frozen
class Happened:
    """One line of an order's history."""

    at: datetime
    what: str
    stage: Stage
    detail: str


def record(connection: Connection, wanted: Sequence[Record]) -> list[EngineEvent]:
    """Commit that orders exist: of each `Recorded`, `Known` when its key exists, `NotRecorded` when its mode has gone."""
    if not wanted:
        return []
    modes = queries.modes_of(connection, {each.order.appliance_id for each in wanted})
    still = [each.order for each in wanted if modes.get(each.order.appliance_id) == each.allowed]
    written = _insert(connection, still)
    earlier = {} if len(written) == len(still) else _by_key(
        connection, {each.key for each in still} - {each.key for each in still if each.id in written})
    return [Recorded(each.order.id) if each.order.id in written
            else Known(each.order.id, earlier[each.order.key]) if each.order.key in earlier
            else NotRecorded(each.order.id) for each in wanted]


def _insert(connection: Connection, wanted: Sequence[Order]) -> set[str]:
    """The ids of those that were not there; with its row an order is recorded: who dies now goes on from here."""
    if not wanted:
        return set()
    rows = [_row_of(each.happens(On.RECORDS, each.wanted_at)) for each in wanted]
    return set(connection.execute(_inserts(connection.dialect.name), {ROWS: told(rows)}).scalars())


@cache
def _inserts(dialect: str) -> Any:
    return insert_to_come(dialect, _ORDER, COLUMNS).on_conflict_do_nothing().returning(_ORDER.c.id)


def _by_key(connection: Connection, keys: set[str]) -> dict[str, Order]:
    if not keys:
        return {}
    return {each.key: each for each in _orders_of(connection.execute(select(_ORDER).where(among(connection, _ORDER.c.key, keys))))}


def save(connection: Connection, happened: Sequence[Save]) -> None:
    """Bring orders' rows up to date and append what happened, in order."""
    if not happened:
        return
    newest = {each.order.id: each.order for each in happened}
    dialect = connection.dialect.name
    connection.execute(_moves(dialect), {ROWS: told({"id": id, **_moves_of(order)} for id, order in newest.items())})
    connection.execute(_appends(dialect), {ROWS: told(
        {"order_id": each.order.id, "at_ms": _ms(each.at), "happened": each.what.value, "stage": each.order.stage.value,
         "detail": each.detail} for each in happened)})


@cache
def _moves(dialect: str) -> Any:
    rows = to_come(dialect, [_ORDER.c.id, *(_ORDER.c[name] for name in MOVES)])
    return _ORDER.update().where(_ORDER.c.id == rows.c.id).values({name: rows.c[name] for name in MOVES})


@cache
def _appends(dialect: str) -> Any:
    return insert_to_come(dialect, _EVENT, HAPPENED)


def orders(engine: Engine, *, live: bool = False, since_slot: int | None = None,
           limit: int | None = None) -> list[Order]:
    """Orders, the newest last."""
    wanted = select(_ORDER).order_by(_ORDER.c.wanted_ms.desc(), _ORDER.c.id.desc())
    if live:
        wanted = wanted.where(_ORDER.c.stage.in_(LIVE))
    if since_slot is not None:
        wanted = wanted.where(_ORDER.c.slot >= since_slot)
    with engine.connect() as connection:
        return _orders_of(reversed(connection.execute(wanted.limit(limit)).all()))


def starts(engine: Engine, appliances: Collection[int], since_slot: int) -> list[Order]:
    """The orders that start some appliances, from a slot on, the newest last."""
    with engine.connect() as connection:
        wanted = select(_ORDER).where(among(connection, _ORDER.c.appliance_id, appliances), _ORDER.c.slot >= since_slot,
                                      _ORDER.c.why == Why.START).order_by(_ORDER.c.wanted_ms, _ORDER.c.id)
        return _orders_of(connection.execute(wanted))


def sent(engine: Engine, since: datetime, until: datetime) -> list[Told]:
    """What devices were told in [since, until[, by the engine or by hand, in order."""
    begin, end = ((each - EPOCH) // _MS for each in (since, until))
    wanted = (select(_ORDER.c.device_id, _ORDER.c.is_on, _ORDER.c.press, _ORDER.c.sent_ms)
              .where(_ORDER.c.stage.in_(list(Stage)), _ORDER.c.slot.between(slot_of(since) - 1, slot_of(until) + 1),
                     _ORDER.c.sent_ms >= begin, _ORDER.c.sent_ms < end).order_by(_ORDER.c.sent_ms))
    with engine.connect() as connection:
        return [Told(row.device_id, EPOCH + row.sent_ms * _MS, row.is_on or row.press) for row in connection.execute(wanted)]


def presses(engine: Engine) -> list[Order]:
    """The presses that have ended, of the stays in mode 30 that are not over."""
    wanted = (select(_ORDER).join(FLEXIBILITY, FLEXIBILITY.c.id == _ORDER.c.flexibility_id)
              .where(_ORDER.c.press, _ORDER.c.stage.not_in(LIVE), FLEXIBILITY.c.closed_at.is_(None)).order_by(_ORDER.c.wanted_ms))
    with engine.connect() as connection:
        return _orders_of(connection.execute(wanted))


def last_event(engine: Engine) -> datetime | None:
    """When something last happened to an order; None: nothing ever did. A clock that was set meanwhile does not hide it."""
    newest = select(_EVENT.c.at_ms).order_by(_EVENT.c.id.desc()).limit(1000).subquery()
    with engine.connect() as connection:
        return _at_or_none(connection.execute(select(func.max(newest.c.at_ms))).scalar())


def restore(engine: Engine, known: Sequence[Order]) -> int:
    """Write orders again that the ledger has lost; how many it had."""
    if not known:
        return 0
    with engine.begin() as connection:
        new = insert_given(connection, _ORDER, [_row_of(each) for each in known]).on_conflict_do_nothing().returning(_ORDER.c.id)
        return len(connection.execute(new).all())


def take_over(connection: Connection, appliance_id: int, device_id: str, taken: bool, now: datetime) -> None:
    """A unit went local: 70, and what it was before is remembered. It came back: what it was, if the 70 was ours."""
    mode = queries.mode_of(connection, appliance_id)
    if taken and mode in (Mode.MANUAL, Mode.PILOTED):
        holds.take_over(connection, appliance_id, device_id, Mode(mode), now)
        queries.write_appliance(connection, appliance_id, only_if_modes=(mode,), mode=Mode.DISABLED)
    elif not taken:
        before = holds.give_back(connection, appliance_id, now)
        if before is not None:      # unless somebody has decided otherwise meanwhile
            queries.write_appliance(connection, appliance_id, only_if_modes=(Mode.DISABLED,), mode=before)


def history(engine: Engine, order_id: str) -> list[Happened]:
    """Everything that happened to one order, in order."""
    wanted = select(_EVENT).where(_EVENT.c.order_id == order_id).order_by(_EVENT.c.id)
    with engine.connect() as connection:
        return [Happened(_at(row.at_ms), row.happened, Stage(row.stage), row.detail)
                for row in connection.execute(wanted)]


def _row_of(order: Order) -> dict[str, object]:
    return {
        "id": order.id, "key": order.key, "device_id": order.device_id, "appliance_id": order.appliance_id,
        "flexibility_id": order.flexibility_id, "why": order.why.value, "is_on": order.on, "powers": order.powers,
        "slot": order.slot, "press": order.press, "step": order.step, "again": order.again, "wanted_ms": _ms(order.wanted_at),
        **_moves_of(order),
    }


def _moves_of(order: Order) -> dict[str, object]:
    """What an order's life changes of its row."""
    return {
        "status": order.status, "stage": order.stage.value, "cause": order.cause, "seen_w": order.seen_w,
        "attempts": order.attempts, "recorded_ms": _ms(order.recorded_at), "sent_ms": _ms(order.sent_at),
        "acknowledged_ms": _ms(order.acknowledged_at), "proved_ms": _ms(order.proved_at), "ended_ms": _ms(order.ended_at),
    }


def _orders_of(rows: Iterable[object]) -> list[Order]:
    """The orders of rows; one that another version has made, in words that this one lacks, costs itself alone."""
    found = []
    for row in rows:
        try:
            found.append(_order_of(row))
        except ValueError as error:
            log.error("an order in the ledger cannot be read, it is left as it is: %s, %s", row, error)
    return found


def _order_of(row: object) -> Order:
    get = row._mapping.__getitem__  # type: ignore[attr-defined]
    return Order(
        id=get("id"), device_id=get("device_id"), appliance_id=get("appliance_id"), why=Why(get("why")),
        on=get("is_on"), powers=get("powers"), slot=get("slot"), flexibility_id=get("flexibility_id"),
        wanted_at=_at(get("wanted_ms")), stage=Stage(get("stage")), cause=get("cause"), attempts=get("attempts"),
        recorded_at=_at_or_none(get("recorded_ms")), sent_at=_at_or_none(get("sent_ms")),
        acknowledged_at=_at_or_none(get("acknowledged_ms")), proved_at=_at_or_none(get("proved_ms")),
        ended_at=_at_or_none(get("ended_ms")), press=get("press"), step=get("step"), again=get("again"), seen_w=get("seen_w"),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MS


def _at(ms: int) -> datetime:
    return instant(ms // 1000) + ms % 1000 * _MS


def _at_or_none(ms: int | None) -> datetime | None:
    return None if ms is None else _at(ms)


