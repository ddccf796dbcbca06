"""What devices say: presence, states, answers, powers, who has them in hand. Pure."""

from __future__ import annotations

from datetime import datetime
from heapq import heappush

from elfe.command import answering, pressing, running, saying, wanting
from elfe.command.memory import MANUAL, Memory
from elfe.command.orders import Cause, On, Order, Stage
from elfe.command.running import LISTENS
from elfe.command.seen import Seen
from elfe.command.signature import ODD_FOR, oddity
from elfe.command.values import Effect, LookAt, Pilot, Save, TakeOver
from elfe.coordination.values import CommandState, ControlState, Mode, Write
from elfe.devices.values import (
    PROTECTIONS,
    Acknowledgement,
    Fault,
    LocalControl,
    Measure,
    OutputState,
    Presence,
    Quantity,
)
from elfe.errors import DriverDefect


def hear(memory: Memory, device_id: str, said: object, now: datetime) -> list[Effect]:
    """A device says something: an event of `elfe.devices.values`, or whether it is there."""
    memory.deaf_until_at = memory.deaf_until_at or now      # the first word of all: nobody has listened before
    memory.seen_of(device_id).speaks(memory.rules.arms_within, now, memory.deaf_until_at)
    if isinstance(said, Presence):
        return _hear_presence(memory, device_id, said, now)
    known = memory.seen.get(device_id)
    gone = known is not None and known.presence is Presence.OFFLINE      # who speaks is there: a last will may come too late
    back = _hear_presence(memory, device_id, Presence.ONLINE, now) if gone else []
    return [*back, *_hear_word(memory, device_id, said, now)]


def _hear_word(memory: Memory, device_id: str, said: object, now: datetime) -> list[Effect]:
    match said:
        case Measure(Quantity.POWER, value, _, ""):
            return _weigh(memory, device_id, value, now)
        case Measure(Quantity.BATTERY, value):
            memory.seen_of(device_id).battery_pct = value
        case OutputState(on):
            return _hear_state(memory, device_id, on, now)
        case Acknowledgement(token, ok, detail):
            return _hear_answer(memory, device_id, token, ok, detail, now)
        case LocalControl(taken):
            return _hear_local(memory, device_id, taken, now)
        case Fault() if said.cuts:
            return _hear_protection(memory, device_id, said.what)
    return []


def recall(memory: Memory, device_id: str, said: object, now: datetime) -> list[Effect]:
    """What the broker kept is never fresh; but who was gone when it was kept is gone until it speaks, and who was taken over
    is left alone until it says that it was given back."""
    if said is Presence.OFFLINE:
        memory.seen_of(device_id).presence = Presence.OFFLINE
    return _hear_local(memory, device_id, True, now) if said == LocalControl(True) else []


def _hear_presence(memory: Memory, device_id: str, said: Presence, now: datetime) -> list[Effect]:
    known = memory.seen_of(device_id)
    was, known.presence = known.presence, said
    if said is Presence.OFFLINE and was is not said:
        known.gone_at = now
    if said is Presence.ONLINE and was is Presence.OFFLINE and known.gone_at:
        for meter in memory.meters_of(device_id):
            meter.pauses(known.gone_at, memory.rules.pauses_within, now)
    if said is not Presence.ONLINE or was is Presence.ONLINE or device_id not in memory.driven:
        return []
    known.back_at = now
    driven = memory.installed(device_id)
    order = memory.live.get(device_id)
    if order and order.sayable and not order.press:
        memory.keep(order.but(say_again_at=None))
    return [*(saying.ask(driven) if driven and memory.connected else []), *saying.say(memory, memory.live.get(device_id), now)]


def _hear_answer(memory: Memory, device_id: str, token: str, ok: bool, detail: str, now: datetime) -> list[Effect]:
    order = memory.live.get(device_id)
    if order is None or token not in (order.id, _answered_by(memory, order)):
        return []
    if ok:
        return answering.acknowledge(memory, order, now)
    return memory.move(order.id, On.REFUSES, now, f"{Cause.REFUSED}: {detail}") if order.may(On.REFUSES) else []


def _answered_by(memory: Memory, order: Order) -> str:
    """What the answer to it is known by where that is not its id: some devices say the command alone, as a finger does."""
    driven = memory.installed(order.device_id)
    if driven is None or driven.driver.encode_command is None or order.stage is not Stage.SENT:
        return ""
    try:
        expects = driven.driver.encode_command(driven.device, saying.command_of(order)).expects
    except (DriverDefect, ValueError):      # it was said, so this is another driver than it was
        return ""
    return expects.token if isinstance(expects, Acknowledgement) else ""


def _hear_state(memory: Memory, device_id: str, on: bool, now: datetime) -> list[Effect]:
    order, known = memory.live.get(device_id), memory.seen_of(device_id)
    first, known.output = known.output is None, on
    was_on, known.last_output = known.last_output, on
    known.cut_itself = known.cut_itself and not on
    if order is None:
        return answering.restore(memory, device_id, on, was_on, now)
    if order.press:
        return []
    if on == order.on:
        known.acknowledges(order.powers, now)
        pilot = memory.pilot_of(device_id)
        return [*answering.acknowledge(memory, order, now), *(saying.heard_at_last(memory, pilot, now) if first and pilot else [])]
    if not order.heard:
        return []
    if answering.lost_it(memory, order, now):
        return [*memory.move(order.id, On.LAPSES, now), *saying.say(memory, memory.live.get(device_id), now)]
    return answering.give_way(memory, order, now)


def _hear_protection(memory: Memory, device_id: str, what: str) -> list[Effect]:
    """It has opened its output to protect itself: nobody's will, nothing to be repeated. Told once, until it is on again."""
    known, pilot = memory.seen_of(device_id), memory.pilot_of(device_id)
    told, known.cut_itself = known.cut_itself, True
    if told or pilot is None:
        return []
    look_at = LookAt(device_id, f"s'est coupé pour se protéger : {PROTECTIONS[what]}")
    if pilot.typology.inverted:
        return [look_at]
    return [look_at, Write(pilot.appliance.id, MANUAL, control=ControlState.OFF, command=CommandState.FAILED)]


def _hear_local(memory: Memory, device_id: str, taken: bool, now: datetime) -> list[Effect]:
    """A person has the unit in hand, or has given it back: what they do until then is no news to anybody."""
    known = memory.seen_of(device_id)
    changed, known.local = known.local != taken, taken
    known.given_back_at = now if changed and not taken else known.given_back_at
    pilot = memory.pilot_of(device_id)
    if pilot is None or (not changed and taken):
        return []
    if not taken and not changed and pilot.appliance.mode != Mode.DISABLED:
        return []
    return [TakeOver(pilot.appliance.id, device_id, taken)]


def _weigh(memory: Memory, meter_id: str, power_w: float, now: datetime) -> list[Effect]:
    known = memory.seen_of(meter_id)
    first = known.watts is None
    unheard_until = running.silence_ended_at(memory, meter_id)
    pilots = [memory.pilots[appliance_id] for appliance_id in memory.by_meter.get(meter_id, ())]
    found = unheard_until is not None and now - unheard_until < LISTENS
    found = found or any(running.may_run_until(memory, pilot, now) for pilot in pilots)      # it may have begun, and soaked
    known.measures(power_w, memory.rules.proof_w, memory.rules.pauses_within, now, found)
    weighed = [effect for pilot in pilots for device in pilot.devices
               for effect in _weigh_order(memory, pilot, memory.live.get(device.device.id), power_w, now)]
    news = pilots if first else ()
    weighed += [effect for pilot in pilots for effect in _wonder(memory, pilot, known, power_w, now)]
    return [*weighed, *(effect for pilot in news
                        for effect in (*wanting.want(memory, pilot, now), *saying.heard_at_last(memory, pilot, now)))]


def _wonder(memory: Memory, pilot: Pilot, meter: Seen, power_w: float, now: datetime) -> list[Effect]:
    """Somebody is asked to look at what draws what its kind does not draw; once, until it draws as it should again."""
    driven = memory.seen.get(pilot.driven.device.id)
    supplied = pilot.typology.level(driven.output) if pilot.supplies and driven and driven.output is not None else None
    why = oddity(pilot.appliance.type, power_w, supplied, memory.rules.proof_w)
    if not why:
        meter.odd_since, meter.odd_told = None, False
        return []
    meter.odd_since = meter.odd_since or now
    if meter.odd_told or now - meter.odd_since < ODD_FOR:
        return []
    meter.odd_told = True
    return [LookAt(pilot.meter, why)]


def _weigh_order(memory: Memory, pilot: Pilot, order: Order | None, power_w: float, now: datetime) -> list[Effect]:
    if order is None or not order.can_be_weighed or order.appliance_id != pilot.appliance.id:      # given to another one meanwhile
        return []
    weighed = order.weighs(power_w, memory.rules.proof_w, now)
    memory.live[order.device_id] = weighed
    if weighed.press and weighed.seen_w != order.seen_w:
        heappush(memory.alarms, (weighed.over_at(memory.rules.proves_within), order.device_id))
    if weighed.stage is order.stage:
        return []
    proved: list[Effect] = [Save(weighed, On.DRAWS, now, f"{power_w:.0f} W")]
    if order.press and pilot.flexibility and order.step == len(pilot.presses) - 1:
        proved += pressing.has_started(pilot, now)
    return proved
