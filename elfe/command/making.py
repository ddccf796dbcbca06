"""An order is made: recorded first, and said by whoever says things once it is. Pure."""

from __future__ import annotations

from datetime import datetime

from elfe.command.memory import Memory
from elfe.command.orders import Cause, On, Order, Why
from elfe.command.pace import said_at
from elfe.command.typologies import latest_start
from elfe.command.values import Effect, Pilot, Record
from elfe.coordination.values import Mode
from elfe.slots import slot_of


def order_for(pilot: Pilot, device_id: str, why: Why, now: datetime, *, on: bool = True, powers: bool = True,
              press: bool = False, step: int = 0, again: int = 0) -> Order:
    """An order as it would be; it gets its id when it is made."""
    flexibility_id = pilot.flexibility.id if pilot.flexibility else 0
    return Order("", device_id, pilot.appliance.id, why, on, powers, slot_of(now), flexibility_id, now,
                 press=press, step=step, again=again)


def make(memory: Memory, order: Order, standing: Order | None, pilot: Pilot, now: datetime) -> list[Effect]:
    """It is its device's live order from now on, in the place of the one that stands."""
    effects = memory.move(standing.id, On.SUPERSEDES, now, Cause.NEW_WISH) if standing else []
    latest = latest_start(pilot.flexibility) if pilot.flexibility else None
    slack = latest - now if latest and order.why is Why.START else memory.rules.spread
    order = order.but(id=memory.new_id(), say_again_at=said_at(order, memory.rules.spread, slack))
    memory.newest_slot = max(memory.newest_slot, order.slot)
    memory.keep(order)
    return [*effects, Record(order, Mode(pilot.appliance.mode))]
