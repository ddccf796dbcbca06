"""Ways out of what is impossible: the smallest change of a deadline, an energy or a limit that makes a wish possible. Pure.

A wish that cannot be kept is planned as near to it as can be, and nobody else's is given up for it. What would have made it
possible is told with the plan; each way alone suffices.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

import numpy as np
from attrs import evolve

from elfe.ems.loads import ChargeLoad, CycleLoad, DutyLoad, Load, RoomLoad, TankLoad, VehicleLoad
from elfe.ems.loads.base import Floats
from elfe.ems.loads.vehicles import EFFICIENCY, QUARTER_H, drawn_wh
from elfe.ems.values import Way
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_start

NOISE_K = 0.05
DAY_S = 86_400
MINUTES = SLOT_S // 60
STRONGEST_W = 22_000
"""No charger on our relays gives more: three phases of 32 A."""
WARMEST_W, STEP_W = 10_000, 50
"""No heater of one room draws more; and how finely one is told."""
STRONGER = 2
"""Times its own power: no tank takes a stronger element."""
STEP_K = 0.1
SENTENCES = {
    "deadline": ("finish by {at} instead", "finir à {at} plutôt"),
    "programme": ("a programme of at most {minutes} min", "un programme de {minutes} min au plus"),
    "known": ("its programme of {minutes} min", "son programme de {minutes} min"),
    "charge": ("accept {percent} % at that hour", "accepter {percent} % à cette heure"),
    "power": ("charge with {watts} W", "charger à {watts} W"),
    "window": ("off-peak hours also from {begin} to {end}", "des heures creuses aussi de {begin} à {end}"),
    "element": ("an element of {watts} W", "une résistance de {watts} W"),
    "hours": ("ask for {hours:g} h a day", "demander {hours:g} h par jour"),
    "until": ("let it run until {at}", "le laisser tourner jusqu'à {at}"),
    "comfort": ("be warm from {at} on", "avoir chaud à partir de {at}"),
    "degrees": ("ask for {degrees:.1f} °C of comfort", "demander {degrees:.1f} °C de confort"),
    "heater": ("a heater of {watts} W", "un chauffage de {watts} W"),
    "limit": ("a limit of {watts} W for the home", "une limite de {watts} W pour le foyer"),
}
MISSING = {
    "late": ("it would end {time} late at the earliest", "au plus tôt, il finirait {time} après"),
    "window": ("its off-peak hours are {time} too short", "ses heures creuses sont trop courtes de {time}"),
    "hours": ("its day can no longer hold {time} of it", "sa journée ne peut plus en contenir {time}"),
    "limit": ("its home would draw {watts} W more than it may", "son foyer consommerait {watts} W de plus qu'il ne peut"),
    "degrees": ("its room would be up to {degrees:.1f} °C too cold", "il y ferait jusqu'à {degrees:.1f} °C de moins que voulu"),
}
"""By how much a wish cannot be kept."""


def ways(load: Load, first_slot: int, zone: tzinfo) -> tuple[Way, ...]:
    """What would make its wish possible; nothing where it is."""
    found = OF_KIND.get(type(load))
    return tuple(found(load, first_slot, zone)) if found else ()


def missing(load: Load, over_w: float = 0.0) -> tuple[str, str] | None:
    """By how much its wish cannot be kept, in English and French; None where it can. `over_w`: as of `over_limit_w`."""
    if load.late_by:
        return _told(MISSING["late"], time=_duration(load.late_by))
    if isinstance(load, TankLoad) and (slots := _too_short(load)):
        return _told(MISSING["window"], time=_duration(slots * SLOT))
    if isinstance(load, DutyLoad) and load.short:
        return _told(MISSING["hours"], time=_duration(load.short * SLOT))
    if isinstance(load, RoomLoad) and (cold := _cold(load)):
        return _told(MISSING["degrees"], degrees=max(_least(load, t) - load.band[0][t] for t in cold))
    return _told(MISSING["limit"], watts=int(np.ceil(over_w))) if over_w else None


def over_limit_w(drawn: Floats, room: Floats) -> float:
    """By how much its home would draw more than it may, W, where it draws itself.

    `drawn` W per slot, `room` W what the others of its home leave of the limit.
    """
    over = float(np.where(drawn > 0, drawn - room, 0.0).max())
    return over if over >= 1 else 0.0


def within_limit(load: Load, drawn: Floats, room: Floats, limit_w: float, first_slot: int, zone: tzinfo) -> tuple[Way, ...]:
    """Out, where its home cannot carry it."""
    over_w = over_limit_w(drawn, room)
    if not over_w:
        return ()
    found = [_way("limit", watts=int(np.ceil(limit_w + over_w)))]
    if isinstance(load, CycleLoad | VehicleLoad):
        profile = np.trim_zeros(drawn)
        later = (s + len(profile) for s in range(int(np.flatnonzero(drawn)[0]) + 1, HORIZON - len(profile) + 1)
                 if (profile <= room[s:s + len(profile)] + 1).all())
        found += [_way("deadline", at=_local(first_slot + end, zone)) for end in [next(later, None)] if end is not None]
    return tuple(found)


def _of_cycle(load: CycleLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    if not load.late_by:
        return
    yield _way("deadline", at=_local(first_slot + load.busy_until + load.length, zone))
    room = load.deadline_index - load.busy_until
    if load.cycle.started_at is None and room > 0:      # none was measured: what is declared is believed
        yield _way("programme", minutes=MINUTES * room)
    elif shorter := max((each for each in load.known if each <= room), default=0):
        yield _way("known", minutes=MINUTES * shorter)


def _of_charge(load: VehicleLoad | ChargeLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    deadline, vehicle = load.vehicle.deadline, load.vehicle
    if not load.late_by or deadline is None:
        return
    slots = int((deadline - slot_start(first_slot)).total_seconds() // SLOT_S)
    left_wh = load.left_wh if isinstance(load, ChargeLoad) else drawn_wh(vehicle)
    yield _way("deadline", at=_local_at(deadline + load.late_by, zone))
    if slots > 0:
        missing = (left_wh - slots * vehicle.power_w * QUARTER_H) * EFFICIENCY / vehicle.capacity_wh * 100
        yield _way("charge", percent=int(vehicle.wanted_pct - np.ceil(missing)))
        watts = int(np.ceil(left_wh / (slots * QUARTER_H) / 10)) * 10
        if watts <= STRONGEST_W:
            yield _way("power", watts=watts)


def _of_tank(load: TankLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    short = _too_short(load)
    if not short:
        return
    if (begin := _beside(load, short)) is not None:
        yield _way("window", begin=_local(first_slot + begin, zone), end=_local(first_slot + begin + short, zone))
    if load.allowed:
        watts = int(np.ceil(load.need_wh / (len(load.allowed) * QUARTER_H) / 10)) * 10
        if watts <= STRONGER * load.heater.power_w:
            yield _way("element", watts=watts)


def _too_short(load: TankLoad) -> int:
    """How many slots more its windows should hold."""
    return load.needed - len(load.allowed) if load.overruns and load.whole else 0


def _beside(load: TankLoad, count: int) -> int | None:
    """Where so many slots in a row stand next to its windows, behind one of them where they can; anywhere without one."""
    free = [load.from_index <= t < load.to_index and t not in load.allowed for t in range(HORIZON)]
    behind = [t + 1 for t in load.allowed] or [load.from_index]
    before = [t - count for t in load.allowed]
    return next((t for t in (*behind, *before) if 0 <= t <= HORIZON - count and all(free[t:t + count])), None)


def _of_duty(load: DutyLoad, _first_slot: int, _zone: tzinfo) -> Iterator[Way]:
    if not load.short:
        return
    if (hours := load.duty.lasts.total_seconds() / 3600 - load.short * QUARTER_H) > 0:
        yield _way("hours", hours=hours)
    window = load.duty.window
    shut_s = (window.start_s - window.end_s) % DAY_S
    if load.short * SLOT_S <= shut_s:
        minute = (window.end_s + load.short * SLOT_S) % DAY_S // 60
        yield _way("until", at=f"{minute // 60:02}:{minute % 60:02}")


def _of_room(load: RoomLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    cold = _cold(load)
    if not cold:
        return
    warm = _warm_from(load, cold)
    if warm:
        yield _way("comfort", at=" / ".join(_local(first_slot + t, zone) for t in warm))
    if (degrees := _comfort_that_can_be(load)) is not None:
        yield _way("degrees", degrees=degrees)
    if (watts := _heater_that_could(load)) is not None:
        yield _way("heater", watts=watts)


def _cold(load: RoomLoad) -> list[int]:
    """The slots of comfort that it ends too cold, whatever is planned."""
    return [t for t in range(HORIZON) if load.wanted(t + 1) == load.room.comfort_c and load.band[0][t] < _least(load, t) - NOISE_K]


def _least(load: RoomLoad, t: int) -> float:
    """°C that its room is wanted to have at least after a slot."""
    return load.wanted(t + 1) - load.room.band_k


def _warm_from(load: RoomLoad, cold: Sequence[int]) -> list[int]:
    """From when on it can be warm, of each of its comfort periods that begin too cold; nothing where one is cold to its end.

    What is wanted in a slot is to be there when the slot before it ends.
    """
    found = []
    comfort = [load.wanted(t + 1) == load.room.comfort_c for t in range(HORIZON)]
    for t in cold:
        if t + 1 < HORIZON and t + 1 not in cold:
            if not comfort[t + 1]:
                return []
            found.append(t + 2)
    return found if cold[-1] + 1 < HORIZON else []


def _comfort_that_can_be(load: RoomLoad) -> float | None:
    """°C: the warmest comfort that can be kept in all its hours; None where that is no comfort any more.

    The contract keeps tenths of a kelvin, so that what a person asks for may be kept a little warmer.
    """
    degrees = round(load.room.comfort_c, 1)
    while degrees > load.room.eco_c:
        asked = evolve(load, room=evolve(load.room, comfort_c=degrees + STEP_K / 2))
        cold = _cold(asked)
        if not cold:
            return degrees
        short = max(_least(asked, t) - asked.band[0][t] for t in cold)
        degrees = round(degrees - max(STEP_K, np.floor(short / STEP_K) * STEP_K), 1)
    return None


def _heater_that_could(load: RoomLoad) -> int | None:
    """W: the weakest heater that keeps all its comfort hours; None where none would."""
    steps = range(load.room.power_w // STEP_W + 1, WARMEST_W // STEP_W + 1)
    found = bisect_left(steps, True, key=lambda n: not _cold(evolve(load, room=evolve(load.room, power_w=n * STEP_W))))
    return steps[found] * STEP_W if found < len(steps) else None


OF_KIND: dict[type, Callable[[Any, int, tzinfo], Iterator[Way]]] = {
    CycleLoad: _of_cycle, VehicleLoad: _of_charge, ChargeLoad: _of_charge, TankLoad: _of_tank, DutyLoad: _of_duty,
    RoomLoad: _of_room,
}


def _way(what: str, **values: object) -> Way:
    return Way(what, *_told(SENTENCES[what], **values))


def _told(sentences: tuple[str, str], **values: object) -> tuple[str, str]:
    """Both languages; numbers with a comma in French."""
    english, french = (each.format(**values) for each in sentences)
    return english, re.sub(r"(?<=\d)\.(?=\d)", ",", french)


def _duration(time: timedelta) -> str:
    hours, minutes = divmod(-(-int(time.total_seconds()) // 60), 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


def _local(slot: int, zone: tzinfo) -> str:
    return _local_at(slot_start(slot), zone)


def _local_at(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"
