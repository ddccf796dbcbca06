"""Orders are said to devices when they are due: who goes first, what must wait, what is said again; and devices are asked how
they are. Pure: what is said is an effect."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from elfe.command import ending, running
from elfe.command.memory import OURS, Memory
from elfe.command.orders import REFRESHES, Cause, On, Order, Why
from elfe.command.typologies import latest_start, usual_w
from elfe.command.values import Ask, Effect, Installed, Pilot, Save, Send
from elfe.devices.values import Press, Query, Switch
from elfe.errors import DriverDefect

CAPPED = frozenset({Why.PLAN, Why.START, Why.GUARANTEE})
"""What waits for the limit of kilowatts a minute; what gives a home its service back does not, but counts."""


def say_all(memory: Memory, now: datetime) -> list[Effect]:
    """Send what is due; what must start soonest first, for the limit of kilowatts lets not all through at once."""
    if not memory.connected:
        return []
    due = [order for order in memory.live.values() if order.due(now) or order.fades(now)]
    return [effect for order in sorted(due, key=partial(urgency, memory)) for effect in say(memory, order, now)]


def urgency(memory: Memory, order: Order) -> tuple[bool, bool, datetime]:
    """Who has been asked already and was silent comes after the others: it may not be there."""
    pilot = memory.pilots.get(order.appliance_id)
    latest = latest_start(pilot.flexibility) if pilot and pilot.flexibility and order.why is Why.START else None
    return order.why in CAPPED, order.attempts > 0, latest or order.valid_until


def say(memory: Memory, order: Order | None, now: datetime) -> list[Effect]:
    """Send it, or send it again, if it is due and nothing forbids it; else see to it that it is looked at again."""
    if order is None or not memory.connected or not memory.is_present(order.device_id) or not _may_say(memory, order):
        return []
    if order.why is Why.WAIT and not order.heard:
        pilot = memory.pilots[order.appliance_id]
        if running.runs(memory, pilot, now):
            return memory.move(order.id, On.SUPERSEDES, now, Cause.RUNS)
        if doubt := running.may_run_until(memory, pilot, now) or running.speaks_first(memory, order, pilot, now):
            memory.keep(order.but(say_again_at=doubt))
            return []
    if order.fades(now):
        return _refresh(memory, order, now)
    return _send(memory, order, now) if order.due(now) and _has_room(memory, order, now) else []


def _may_say(memory: Memory, order: Order) -> bool:
    """Whether its appliance is still ours to move: the mode and what a person has decided go before every message."""
    pilot = memory.pilots.get(order.appliance_id)
    return pilot is not None and pilot.appliance.mode in OURS and (pilot.hold is None or pilot.hold.supply is not None)


def _has_room(memory: Memory, order: Order, now: datetime) -> bool:
    """Whether the limit of kilowatts a minute lets it through; it is looked at again when it does."""
    if not order.powers:
        return True
    at = memory.pace.room_at(order.device_id, partial(_switches_kw, memory), memory.rules.most_kw_a_minute, now)
    if order.why in CAPPED and at > now:
        memory.keep(order.but(say_again_at=at))
        return False
    memory.pace.spend(order.device_id, now)
    return True


def _switches_kw(memory: Memory, device_id: str) -> float:
    pilot = memory.pilot_of(device_id)
    return usual_w(pilot.appliance) / 1000 if pilot else 0.0


def _send(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    driven = memory.installed(order.device_id)
    if driven is None or driven.driver.encode_command is None:
        return []
    if order.press and _flat(memory, order.device_id):
        return _fail(memory, order, now, Cause.FLAT)
    try:
        encoded = driven.driver.encode_command(driven.device, command_of(order))
    except (DriverDefect, ValueError) as error:
        return _fail(memory, order, now, f"{Cause.NO_WORDS}: {error}")
    said = order.said(now, encoded.within)
    memory.keep(said)
    return [Save(said, On.SENDS, now), Send(said, encoded.publishes, said.worthless_at(now, memory.rules.proves_within))]


def _refresh(memory: Memory, order: Order, now: datetime) -> list[Effect]:
    """Say again what the device has done, before its fail-safe undoes it; nothing is awaited and nothing kept."""
    driven = memory.installed(order.device_id)
    memory.keep(order.but(say_again_at=fades_at(memory, order, now)))
    if driven is None or driven.driver.encode_command is None:
        return []
    try:
        encoded = driven.driver.encode_command(driven.device, command_of(order))
    except (DriverDefect, ValueError):      # its next order says so
        return []
    return [Send(order, encoded.publishes, order.worthless_at(now, memory.rules.proves_within))]


def _fail(memory: Memory, order: Order, now: datetime, cause: str) -> list[Effect]:
    failed = order.happens(On.FAILS, now, cause)
    memory.settle(failed)
    return [Save(failed, On.FAILS, now, failed.cause), *ending.say_what_is_not_known(failed)]


def _flat(memory: Memory, device_id: str) -> bool:
    known = memory.seen.get(device_id)
    return known is not None and known.battery_pct is not None and known.battery_pct <= memory.rules.flat_pct


def postpone(memory: Memory, order_id: str) -> list[Effect]:
    """It could not be sent: a level is due as soon as it can; a press is not said twice."""
    order = memory.order_of(order_id)
    if order is not None and not order.press:
        memory.keep(order.but(say_again_at=None))
    return []


def ask_all(memory: Memory) -> list[Effect]:
    """After a silence of ours, each device's own word about its state."""
    if not memory.to_ask or not memory.connected or not memory.driven:
        return []
    memory.to_ask = False
    return [effect for _, driven in memory.driven.values() for effect in ask(driven)]


def ask(driven: Installed) -> list[Effect]:
    """How it is, of a device that understands the question."""
    if driven.driver.encode_command is None:
        return []
    try:
        return [Ask(driven.device.id, driven.driver.encode_command(driven.device, Query()).publishes)]
    except (DriverDefect, ValueError):      # not asked: its next order tells, and says why
        return []


def heard_at_last(memory: Memory, pilot: Pilot, now: datetime) -> list[Effect]:
    """What was not said because its appliance might be running is said now, unless it is not wanted any more."""
    standing = [memory.live[each.device.id] for each in pilot.supplies if each.device.id in memory.live]
    waiting = [order for order in standing if order.why is Why.WAIT and order.sayable]
    for order in waiting:
        memory.keep(order.but(say_again_at=None))
    return [effect for order in waiting for effect in say(memory, memory.live[order.device_id], now)]


def fades_at(memory: Memory, order: Order, now: datetime) -> datetime | None:
    """When what it has done is to be said again; None: no fail-safe undoes it."""
    driven = memory.installed(order.device_id)
    fail_safe = driven.driver.type.fail_safe if driven else None
    if order.press or order.powers or fail_safe is None or fail_safe.after is None:
        return None
    return now + fail_safe.after / REFRESHES


def command_of(order: Order) -> Press | Switch:
    """The order, as drivers are told it."""
    return Press(token=order.id) if order.press else Switch(order.on, token=order.id)
