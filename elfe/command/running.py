"""Whether a cycle is under way, or may be: as far as meters, relays and silences tell. Pure; nothing is changed here."""

from __future__ import annotations

from datetime import datetime, timedelta

from elfe.command.memory import Memory
from elfe.command.orders import LONGEST_PATIENCE, Order
from elfe.command.values import Pilot

LISTENS = timedelta(minutes=6)
"""After a silence, ours or its device's own, a machine may have been started by its person or its device's fail-safe: it is not cut
before its power is heard. A meter that says nothing for so long, longer than any period, is not waited for."""


def runs(memory: Memory, pilot: Pilot, now: datetime) -> bool:
    """Whether a cycle of it is under way, as far as its meter tells; while nobody can tell yet, it may be.

    One that has only just begun is not: behind a plug, a machine is started by its person, declared, and waits for its power.
    """
    driven, standing = memory.seen.get(pilot.driven.device.id), memory.live.get(pilot.driven.device.id)
    if standing and standing.heard and not standing.powers:
        return False
    if not _is_measured(memory, pilot) and _may_run_unseen(memory, pilot, now):
        return True
    meter = memory.seen.get(pilot.meter)
    if meter is None or meter.draws_since is None or not meter.drew_within(memory.rules.pauses_within, now):
        return False
    since, cut_at = meter.draws_since, driven.told_off_at if driven else None
    if driven and cut_at and cut_at >= since:      # it was cut meanwhile: what it draws now began after that
        if driven.output == pilot.typology.level(False) or not meter.drew_within(now - cut_at, now):
            return False
        since = cut_at
    return meter.found_running or now - since > memory.rules.arms_within


def _is_measured(memory: Memory, pilot: Pilot) -> bool:
    """Whether something measures it now: a meter that is no plug may be away while its relays are there."""
    return pilot.meter == pilot.driven.device.id or bool(pilot.meter and memory.is_present(pilot.meter))


def _may_run_unseen(memory: Memory, pilot: Pilot, now: datetime) -> bool:
    """Nothing measures it now: what has had its supply for longer than it takes to be made ready may be under way."""
    if pilot.flexibility is None or any(_cuts(memory, each.device.id, pilot, now) for each in pilot.supplies):
        return False
    opened_at = pilot.flexibility.opened_at
    relays = [memory.seen[each.device.id] for each in pilot.supplies if each.device.id in memory.seen]
    given_back = [each.given_back_at for each in relays if each.given_back_at and not each.told_off_since(each.given_back_at)]
    if any(timedelta() <= opened_at - each <= memory.rules.arms_within for each in given_back):
        return True      # its stay goes on from before its person had it in hand
    since = max([opened_at, *(each.told_off_at for each in relays if each.told_off_at)])
    return now - since > memory.rules.arms_within


def _cuts(memory: Memory, device_id: str, pilot: Pilot, now: datetime) -> bool:
    """Whether a relay is known to cut it: of who is away only until its fail-safe may have fired."""
    known = memory.seen.get(device_id)
    cuts = known is not None and known.output == pilot.typology.level(False)
    return cuts and (memory.is_present(device_id) or not may_have_fired(memory, device_id, now))


def may_run_until(memory: Memory, pilot: Pilot, now: datetime) -> datetime | None:
    """Until when nobody can tell, after a silence, that no cycle of it is under way; None: it can be told.

    What was declared during the silence, and draws nothing now, may have been started then, and soak.
    """
    meter, driven = memory.seen.get(pilot.meter), memory.seen.get(pilot.driven.device.id)
    unheard_until = silence_ended_at(memory, pilot.meter, pilot.driven.device.id)
    if not pilot.meter or pilot.appliance.continuous or unheard_until is None:
        return None
    if driven is not None and (driven.output == pilot.typology.level(False) or driven.told_off_since(unheard_until)):
        return None
    unheard = meter is None or meter.watts is None
    opened_at = pilot.flexibility.opened_at if pilot.flexibility else now
    long_ago = opened_at < unheard_until and now - opened_at > memory.rules.arms_within
    doubt = max(LISTENS if unheard else timedelta(), memory.rules.pauses_within if long_ago else timedelta())
    return unheard_until + doubt if now < unheard_until + doubt else None


def speaks_first(memory: Memory, order: Order, pilot: Pilot, now: datetime) -> datetime | None:
    """When to look again at who says nothing, and may have been started by the time it hears us; None: it can be told now."""
    opened_at = pilot.flexibility.opened_at if pilot.flexibility else now
    known = memory.seen_of(order.device_id)
    speaks = known.spoke_at is not None and now - known.spoke_at <= memory.rules.arms_within
    still_cut = known.output == pilot.typology.level(False) and not may_have_fired(memory, order.device_id, now)
    return None if speaks or still_cut or now - opened_at <= memory.rules.arms_within else now + LONGEST_PATIENCE


def silence_ended_at(memory: Memory, *device_ids: str) -> datetime | None:
    """When the last silence ended in which a cycle may have begun: ours, or of one of the devices itself."""
    ends = [memory.deaf_until_at, *(memory.seen[id].unheard_until for id in device_ids if id in memory.seen)]
    return max((each for each in ends if each is not None), default=None)


def may_have_fired(memory: Memory, device_id: str, now: datetime) -> bool:
    """Whether its fail-safe may have undone since that it cuts."""
    driven, told_off_at = memory.installed(device_id), memory.seen_of(device_id).told_off_at
    fail_safe = driven.driver.type.fail_safe if driven else None
    return bool(fail_safe and fail_safe.after and told_off_at and now - told_off_at >= fail_safe.after)
