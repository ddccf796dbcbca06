"""What is wanted of an appliance now, as the orders that are missing for it; what is not wanted any more is dropped. Pure."""

from __future__ import annotations

from datetime import datetime

from elfe.command import making, pressing, running
from elfe.command.memory import MANUAL, PILOTED, Memory
from elfe.command.orders import Cause, On, Order, Why
from elfe.command.seen import Seen
from elfe.command.timekeeping import is_behind
from elfe.command.typologies import Situation, Wish, wish
from elfe.command.values import CloseFlexibility, Effect, Pilot
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Write
from elfe.slots import slot_of


def want(memory: Memory, pilot: Pilot, now: datetime) -> list[Effect]:
    """Make the orders that are missing for what is wanted of an appliance; drop what is wanted no more."""
    if is_behind(now, memory.newest_slot):       # the clock was set back: what is over is over
        return []
    wanted = wish(pilot.appliance, _situation(memory, pilot, now))
    if wanted is None:
        return _drop(memory, pilot, now)
    unsaid = pressing.unpress(memory, pilot, now) if pilot.presses and wanted.why is not Why.START else []
    if not pilot.supplies:
        return [*unsaid, *(pressing.want_press(memory, pilot, now) if wanted.why is Why.START else _tell(memory, pilot, wanted))]
    effects = [*unsaid, *(effect for each in pilot.supplies for effect in _want_level(memory, pilot, each.device.id, wanted, now))]
    if pilot.presses and wanted.why is Why.START and not effects and pressing.supplied(memory, pilot, now):
        return pressing.want_press(memory, pilot, now)
    return effects


def _situation(memory: Memory, pilot: Pilot, now: datetime) -> Situation:
    return Situation(now, memory.rules, memory.plan, pilot.flexibility, pilot.hold, running.runs(memory, pilot, now),
                     _owed(memory, pilot, now))


def _want_level(memory: Memory, pilot: Pilot, device_id: str, wanted: Wish, now: datetime) -> list[Effect]:
    standing = memory.live.get(device_id)
    order = making.order_for(pilot, device_id, wanted.why, now, on=pilot.typology.level(wanted.powers), powers=wanted.powers)
    if (standing and standing.key == order.key) or memory.settled.get(device_id) == order.key:
        return []
    if wanted.why is Why.PLAN and _too_soon(memory, device_id, wanted.powers, now):
        return []
    return making.make(memory, order, standing, pilot, now)


def _drop(memory: Memory, pilot: Pilot, now: datetime) -> list[Effect]:
    """Nothing is wanted of it: what has not been done yet is not done any more."""
    runs = pilot.appliance.mode == Mode.PILOTED and pilot.flexibility and not pilot.hold
    cause = Cause.RUNS if runs else Cause.HELD if pilot.hold else Cause.MODE
    standing = [memory.live[each.device.id] for each in pilot.devices if each.device.id in memory.live]
    return [effect for order in standing if not _stands_by_itself(order, pilot)
            for effect in memory.move(order.id, On.SUPERSEDES, now, cause)]


def _stands_by_itself(order: Order, pilot: Pilot) -> bool:
    """Its appliance is its person's again by the order itself, or it cannot be unsaid; only the proof is awaited."""
    if order.why is Why.RESTORE:
        return pilot.appliance.mode == Mode.MANUAL
    return bool(order.press and order.attempts) or (order.why in {Why.START, Why.RELEASE} and order.acknowledged_at is not None)


def _too_soon(memory: Memory, device_id: str, powers: bool, now: datetime) -> bool:
    """Whether the level that it has was only just asked for: a plan that changes its mind makes nothing flutter."""
    known = memory.seen.get(device_id)
    return bool(known and known.switched_at and known.powers is not None and known.powers != powers
                and slot_of(known.switched_at) == slot_of(now) and now - known.switched_at < memory.rules.least_level)


def _owed(memory: Memory, pilot: Pilot, now: datetime) -> bool:
    """Whether a tank has been cut for so long that it is supplied, whatever the plan says."""
    appliance, flexibility = pilot.appliance, pilot.flexibility
    if appliance.type != ApplianceType.WATER_HEATER or flexibility is None:
        return False
    known = memory.seen.setdefault(pilot.driven.device.id, Seen())
    if known.owed_until is None or now >= known.owed_until:
        since = max(appliance.last_started or flexibility.opened_at, flexibility.opened_at)
        if appliance.control != ControlState.OFF or now - since <= memory.rules.longest_without:
            return False
        known.owed_until = now + memory.rules.then_for
    return True


def _tell(memory: Memory, pilot: Pilot, wanted: Wish) -> list[Effect]:
    """What is never cut has nothing done to it while it waits, nor when it is given back: that much is written."""
    appliance = pilot.appliance
    if wanted.why is Why.WAIT and appliance.command != CommandState.STANDING_BY:
        return [Write(appliance.id, PILOTED, command=CommandState.STANDING_BY, ems_order=False)]
    if wanted.why is Why.RELEASE and pilot.flexibility:
        return [Write(appliance.id, MANUAL, command=CommandState.INITIAL, ems_order=False),
                CloseFlexibility(pilot.flexibility.id, "given back")]
    return []
