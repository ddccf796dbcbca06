"""What follows from a device's answer: what is written, what was lost and is said again, what is a person's will. Pure."""

from __future__ import annotations

from datetime import datetime

from attrs import evolve

from elfe.command import making, pressing, running, saying
from elfe.command.memory import MANUAL, OURS, PILOTED, Memory
from elfe.command.orders import Cause, On, Order, Why
from elfe.command.values import CloseFlexibility, Effect, LeaveAlone, MarkStarted
from elfe.coordination.values import CommandState, ControlState, Mode, Write


def acknowledge(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """Its device has said that it did it: what is known by that is written."""
    if not order.may(On.ECHOES):
        return []
    memory.seen_of(order.device_id).acknowledges(order.powers, now)
    if order.powers:
        memory.pace.spend(order.device_id, now)
    effects = memory.move(order.id, On.ECHOES, now)
    heard = memory.live[order.device_id]
    memory.keep(heard.but(say_again_at=saying.fades_at(memory, heard, now)))
    return [*effects, *_write_what_is_known(memory, heard, now)]


def _write_what_is_known(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    id = order.appliance_id
    off = Write(id, PILOTED, control=ControlState.OFF, command=CommandState.STANDING_BY, ems_order=False)
    on = Write(id, PILOTED, control=ControlState.ON, command=CommandState.MANUAL_ON, ems_order=True)
    if order.powers and not _all_heard(memory, order):
        return []
    match order.why:
        case Why.HAND:
            return []      # whoever gave it writes
        case Why.START if order.press:
            return _write_press(memory, order, now)
        case Why.START if id in memory.pilots and memory.pilots[id].presses:
            return [evolve(on, command=CommandState.ACTIVATING)]
        case Why.START:
            return [evolve(on, mode=Mode.MANUAL, last_started=now), MarkStarted(order.flexibility_id, now),
                    CloseFlexibility(order.flexibility_id, "started")]
        case Why.RELEASE:
            return [evolve(on, only_in=MANUAL), CloseFlexibility(order.flexibility_id, "given back")]
        case Why.RESTORE:
            return [evolve(on, only_in=MANUAL)]
        case Why.HOLD:
            return [evolve(on, only_in=OURS, ems_order=False) if order.powers else
                    evolve(off, only_in=OURS, command=CommandState.INITIAL)]
        case Why.PLAN | Why.GUARANTEE if order.powers:
            was_off = memory.pilots[id].appliance.control != ControlState.ON if id in memory.pilots else True
            return [evolve(on, last_started=now if was_off else None)]
    return [off]


def _all_heard(memory: Memory, order: Order) -> bool:
    """Whether every relay of its appliance has said that it supplies it."""
    pilot = memory.pilots.get(order.appliance_id)
    others = pilot.supplies if pilot and not order.press else ()
    found = [memory.live.get(each.device.id) for each in others if each.device.id != order.device_id]
    return all(each is not None and each.heard and each.powers for each in found)


def _write_press(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """The arm has moved: whether it started anything is for the meter to say, where there is one."""
    pilot = memory.pilots.get(order.appliance_id)
    if pilot and pilot.flexibility and not pilot.meter and order.step == len(pilot.presses) - 1:
        return pressing.has_started(pilot, now)
    return [Write(order.appliance_id, PILOTED, control=ControlState.ON, command=CommandState.ACTIVATING, ems_order=True)]


def lost_it(memory: Memory, order: Order, now: datetime) -> bool:
    """The device has another state without anybody's will: it restarted, or its fail-safe fired."""
    known = memory.seen_of(order.device_id)
    if order.on and known.cut_itself:
        return False
    if known.just_back(now) or (order.acknowledged_at is not None and order.acknowledged_at > now):     # the clock was set back
        return True
    return not order.powers and running.may_have_fired(memory, order.device_id, now)


def restore(memory: Memory, device_id: str, on: bool, was_on: bool | None, now: datetime) -> list[Effect]:
    """What had its power before a blip, or a machine that we started, and comes back without it gets it back: nobody's will."""
    pilot = memory.pilot_of(device_id)
    supplied = pilot.typology.level(True) if pilot else None
    if pilot is None or device_id not in {each.device.id for each in pilot.supplies} or on == supplied:
        return []
    appliance, known = pilot.appliance, memory.seen_of(device_id)
    if appliance.mode != Mode.MANUAL or not known.just_back(now) or known.cut_itself or pilot.hold:
        return []
    started = not appliance.continuous and appliance.ems_order and appliance.last_started
    if was_on != supplied and not (started and now - started <= memory.rules.longest_run):
        return []
    order = making.order_for(pilot, device_id, Why.RESTORE, now, on=pilot.typology.level(True))
    return [] if memory.settled.get(device_id) == order.key else making.make(memory, order, None, pilot, now)


def give_way(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """Switched by hand, or by the device to protect itself: no fight. A waiting cycle is its person's again, a continuous load
    for a while."""
    protects = order.on and memory.seen_of(order.device_id).cut_itself
    what, why = (On.FAILS, Cause.PROTECTED) if protects else (On.OVERRIDES, Cause.PERSON)
    effects = memory.move(order.id, what, now, why)
    if order.why is Why.WAIT:
        return [*effects,
                Write(order.appliance_id, PILOTED, mode=Mode.MANUAL, control=ControlState.ON,
                      command=CommandState.MANUAL_ON, ems_order=False),
                CloseFlexibility(order.flexibility_id, Cause.PERSON)]
    pilot = memory.pilots.get(order.appliance_id)
    if pilot and (pilot.appliance.continuous or pilot.hold):
        control = ControlState.OFF if order.powers else ControlState.ON
        return [*effects, Write(order.appliance_id, OURS, control=control),
                LeaveAlone(order.appliance_id, now + memory.rules.hold_for)]
    return effects
