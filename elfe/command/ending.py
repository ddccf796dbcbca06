"""How orders end when their validity is over, and what is written then. Pure."""

from __future__ import annotations

from datetime import datetime
from heapq import heappush

from elfe.command import orders, pressing
from elfe.command.memory import OURS, Memory
from elfe.command.orders import Cause, On, Order, Stage
from elfe.command.running import LISTENS
from elfe.command.values import Effect, Save
from elfe.coordination.values import CommandState, ControlState, Write


def close(memory: Memory, now: datetime) -> list[Effect]:
    """End the orders whose validity is over."""
    return [effect for order in list(memory.live.values()) if is_over(memory, order, now) for effect in end(memory, order, now)]


def is_over(memory: Memory, order: Order, now: datetime) -> bool:
    """Whether it ends now. What was pressed before our last silence ended is judged by its meter's first word since."""
    if not orders.is_over(order, now, memory.rules.proves_within):
        return False
    pilot, deaf_until = memory.pilots.get(order.appliance_id), memory.deaf_until_at
    measured = order.press and order.attempts and pilot is not None and pilot.meter
    if not measured or order.seen_w is not None or deaf_until is None or order.sent_at is None or order.sent_at > deaf_until:
        return True
    heappush(memory.alarms, (deaf_until + LISTENS, order.device_id))
    return now >= deaf_until + LISTENS


def end(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """End an order whose validity is over, and write what follows."""
    if order.stage is Stage.WANTED:          # never recorded: it never was
        memory.forget(order.id)
        return []
    pilot = memory.pilots.get(order.appliance_id)
    ended = orders.ends(
        order, now, present=memory.is_present(order.device_id), connected=memory.connected,
        measured=bool(pilot and pilot.meter), thirsty=bool(pilot and not pilot.appliance.continuous),
    )
    memory.settle(ended)
    after = pressing.press_is_over(memory, ended, now) if order.press else say_what_is_not_known(ended)
    return [Save(ended, _event_of(order, ended), now), *after]


def say_what_is_not_known(ended: Order) -> list[Effect]:
    """An order that was never answered leaves the appliance's supply unknown."""
    if ended.stage not in orders.MISSED or ended.acknowledged_at is not None or ended.cause == Cause.UNSAID:
        return []
    control = None if ended.press else ControlState.UNKNOWN
    return [Write(ended.appliance_id, OURS, control=control, command=CommandState.FAILED)]


def _event_of(before: Order, after: Order) -> On:
    return next(what for what, stage in orders.TRANSITIONS[before.stage].items() if stage is after.stage)
