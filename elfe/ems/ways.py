"""Ways out of what is impossible: the smallest change of a deadline, an energy or a limit that makes a wish possible. Pure.

A wish that cannot be kept is planned as near to it as can be, and nobody else's is given up for it. What would have made it
possible is told with the plan; each way alone suffices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, tzinfo
from typing import Any

import numpy as np

from elfe.ems.loads import ChargeLoad, CycleLoad, DutyLoad, Load, RoomLoad, TankLoad, VehicleLoad
from elfe.ems.loads.base import Floats
from elfe.ems.loads.vehicles import EFFICIENCY, QUARTER_H, drawn_wh
from elfe.ems.values import Way
from elfe.slots import HORIZON, SLOT_S, slot_start

MINUTES = SLOT_S // 60
STRONGEST_W = 22_000
"""No charger on our relays gives more: three phases of 32 A."""
SENTENCES = {
    "deadline": ("finish by {at} instead", "finir à {at} plutôt"),
    "programme": ("a programme of at most {minutes} min", "un programme de {minutes} min au plus"),
    "charge": ("accept {percent} % at that hour", "accepter {percent} % à cette heure"),
    "power": ("charge with {watts} W", "charger à {watts} W"),
    "window": ("off-peak hours {minutes} min longer", "{minutes} min d'heures creuses de plus"),
    "hours": ("ask for {hours:g} h a day", "demander {hours:g} h par jour"),
    "comfort": ("be warm from {at} on", "avoir chaud à partir de {at}"),
    "degrees": ("accept {degrees:.1f} °C then", "accepter {degrees:.1f} °C à ce moment"),
    "limit": ("a limit of {watts} W for the home", "une limite de {watts} W pour le foyer"),
}


def ways(load: Load, first_slot: int, zone: tzinfo) -> tuple[Way, ...]:
    """What would make its wish possible; nothing where it is."""
    found = OF_KIND.get(type(load))
    return tuple(found(load, first_slot, zone)) if found else ()


def within_limit(load: Load, drawn: Floats, room: Floats, limit_w: float, first_slot: int, zone: tzinfo) -> tuple[Way, ...]:
    """Where its home cannot carry it: `drawn` W per slot, `room` W what the others of its home leave of the limit."""
    over = float((drawn - room).max())
    if over < 1:
        return ()
    found = [_way("limit", watts=int(np.ceil(limit_w + over)))]
    if isinstance(load, CycleLoad | VehicleLoad):
        profile = np.trim_zeros(drawn)
        later = (s + len(profile) for s in range(int(np.flatnonzero(drawn)[0]) + 1, HORIZON - len(profile) + 1)
                 if (profile <= room[s:s + len(profile)] + 1).all())
        found += [_way("deadline", at=_local(first_slot + end, zone)) for end in [next(later, None)] if end is not None]
    return tuple(found)


def _of_cycle(load: CycleLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    if load.late_by:
        yield _way("deadline", at=_local(first_slot + load.busy_until + load.length, zone))
        if load.deadline_index > load.busy_until:
            yield _way("programme", minutes=MINUTES * (load.deadline_index - load.busy_until))


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


def _of_tank(load: TankLoad, _first_slot: int, _zone: tzinfo) -> Iterator[Way]:
    if load.overruns and load.whole:
        yield _way("window", minutes=MINUTES * (load.needed - len(load.allowed)))


def _of_duty(load: DutyLoad, _first_slot: int, _zone: tzinfo) -> Iterator[Way]:
    if load.short:
        yield _way("hours", hours=load.duty.lasts.total_seconds() / 3600 - load.short * QUARTER_H)


def _of_room(load: RoomLoad, first_slot: int, zone: tzinfo) -> Iterator[Way]:
    cold = [t for t in range(HORIZON) if load.band[0][t] < load.wanted(t + 1) - load.room.band_k - 0.05 and
            load.wanted(t + 1) == load.room.comfort_c]
    if not cold:
        return
    warm = next((t for t in range(cold[0], HORIZON) if t not in cold), None)
    if warm is not None:
        yield _way("comfort", at=_local(first_slot + warm, zone))
    yield _way("degrees", degrees=min(load.band[0][t] for t in cold))


OF_KIND: dict[type, Callable[[Any, int, tzinfo], Iterator[Way]]] = {
    CycleLoad: _of_cycle, VehicleLoad: _of_charge, ChargeLoad: _of_charge, TankLoad: _of_tank, DutyLoad: _of_duty,
    RoomLoad: _of_room,
}


def _way(what: str, **values: object) -> Way:
    english, french = (sentence.format(**values) for sentence in SENTENCES[what])
    return Way(what, english, french.replace(".", ",") if what in ("degrees", "hours") else french)


def _local(slot: int, zone: tzinfo) -> str:
    return _local_at(slot_start(slot), zone)


def _local_at(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"
