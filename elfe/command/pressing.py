"""Machines that are started by fingers: the presses of a start one after the other, and what comes of them. Pure."""

from __future__ import annotations

from datetime import datetime
from heapq import heappush

from elfe.command import making
from elfe.command.memory import PILOTED, Memory
from elfe.command.orders import Cause, On, Order, Stage, Why
from elfe.command.typologies import NextPress, next_press
from elfe.command.values import CloseFlexibility, Effect, MarkStarted, Pilot
from elfe.coordination.values import CommandState, ControlState, Mode, Write


def want_press(memory: Memory, pilot: Pilot, now: datetime) -> list[Effect]:
    """The next press of a start, once what came before it is done and has had its time."""
    assert pilot.flexibility is not None
    standing = [memory.live[each.device.id] for each in pilot.presses
                if each.device.id in memory.live and memory.live[each.device.id].press]
    effects: list[Effect] = []
    for order in standing:
        if not order.heard or order.step == len(pilot.presses) - 1:
            return effects
        if _waits(memory, order, pilot, now):
            return effects
        effects += memory.move(order.id, On.SETTLES, now, Cause.NEXT_STEP)
    if not standing and _starts_by_itself(memory, pilot, now):
        return has_started(pilot, now, "started" if pilot.supplies else "started by hand")
    nexts = next_press(pilot.typology, memory.pressed.get(pilot.flexibility.id, ()))
    if nexts is None:
        return effects
    deadline = pilot.flexibility.deadline
    if deadline is not None and nexts == NextPress(0, 0) and now - deadline > memory.rules.too_late:
        return _is_not_started(pilot.appliance.id, pilot.flexibility.id, "too late")
    device_id = pilot.presses[nexts.step].device.id
    order = making.order_for(pilot, device_id, Why.START, now, press=True, step=nexts.step, again=nexts.again)
    return [*effects, *making.make(memory, order, None, pilot, now)]


def unpress(memory: Memory, pilot: Pilot, now: datetime) -> list[Effect]:
    """A press that has not left us is not wanted any more."""
    standing = [memory.live[each.device.id] for each in pilot.presses if each.device.id in memory.live]
    return [effect for order in standing if order.press and not order.attempts
            for effect in memory.move(order.id, On.SUPERSEDES, now, Cause.NEW_WISH)]


def _waits(memory: Memory, before: Order, pilot: Pilot, now: datetime) -> bool:
    """Whether the press after it must still wait; it is looked at again when it need not."""
    at = (before.acknowledged_at or before.proved_at or now) + pilot.typology.gap
    if now < at:
        heappush(memory.alarms, (at, before.device_id))
    return now < at


def supplied(memory: Memory, pilot: Pilot, now: datetime) -> bool:
    """Whether the relays have given it its supply for this start, long enough ago for it to be ready."""
    given = [memory.live.get(each.device.id) for each in pilot.supplies]
    return all(order and order.heard and not _waits(memory, order, pilot, now) for order in given)


def _starts_by_itself(memory: Memory, pilot: Pilot, now: datetime) -> bool:
    """Whether its person was faster than we: what runs, or goes on as soon as it has its supply, is not pressed again."""
    if pilot.supplies:
        given = [memory.live[each.device.id] for each in pilot.supplies]
        return any(each.seen_w is not None and each.seen_w >= memory.rules.proof_w for each in given)
    meter = memory.seen.get(pilot.meter)
    return meter is not None and meter.drew_within(memory.rules.pauses_within, now)


def has_started(pilot: Pilot, now: datetime, outcome: str = "started") -> list[Effect]:
    """A pressed machine runs: it is its person's again."""
    assert pilot.flexibility is not None
    by_us = outcome == "started"
    return [Write(pilot.appliance.id, PILOTED, mode=Mode.MANUAL, control=ControlState.ON, command=CommandState.MANUAL_ON,
                  ems_order=by_us, last_started=now),
            MarkStarted(pilot.flexibility.id, now), CloseFlexibility(pilot.flexibility.id, outcome)]


def press_is_over(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """What follows from a press that has ended: it started, it is pressed again, or nobody can start it."""
    pilot = memory.pilots.get(order.appliance_id)
    if pilot is None or pilot.flexibility is None or pilot.flexibility.id != order.flexibility_id or not order.attempts:
        return []
    if order.stage is Stage.DONE:
        last = order.step == len(pilot.presses) - 1
        return has_started(pilot, now) if last and order.proved_at is None else []
    if next_press(pilot.typology, memory.pressed.get(order.flexibility_id, ())) is not None:
        return []
    outcome = "not started" if order.stage is Stage.FAILED else "unknown whether it started"
    return _is_not_started(order.appliance_id, order.flexibility_id, outcome)


def _is_not_started(appliance_id: int, flexibility_id: int, outcome: str) -> list[Effect]:
    """It is its person's again, who is told that it did not run."""
    return [Write(appliance_id, PILOTED, mode=Mode.MANUAL, command=CommandState.FAILED, ems_order=False),
            CloseFlexibility(flexibility_id, outcome)]
