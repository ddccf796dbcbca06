"""What is wanted of each appliance now, as a load: its rows, what was measured of it, what its people were told.

    movable     everything that may be placed, as the databases describe it
    about_of    what is known beside those rows
    loads       what is to be placed of one

What one of them cannot be raises `ValueError`, `Unbelievable` with what to change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime, timedelta

import numpy as np
from attrs import frozen
from sqlalchemy import Engine

from elfe.coordination import abilities, queries
from elfe.coordination.values import (
    Ability,
    Appliance,
    Battery,
    Duty,
    Flexibility,
    Heating,
    Machine,
    Mode,
    OffPeak,
    Room,
    Vehicle,
    WaterHeater,
)
from elfe.ems import believable, store
from elfe.ems.believable import Unbelievable
from elfe.ems.cycles import Cycle, usual_cycle
from elfe.ems.cycles.learning import Known, expected, lengths, outlasting, rest
from elfe.ems.forecast import store as announced
from elfe.ems.loads import (
    BatteryLoad,
    ChargeLoad,
    CycleLoad,
    DutyLoad,
    HeatingLoad,
    Load,
    RoomLoad,
    TankLoad,
    VehicleLoad,
    rooms,
    vehicles,
)
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.hours import lies_in
from elfe.ems.loads.tanks import QUARTER_H, full_reheat_wh, heating_day, held_wh, is_hot, was_cut
from elfe.ems.sources import HELD_FOR, Sources
from elfe.history import quarters
from elfe.slots import HORIZON, SLOT, slot_of, slot_start, slots_lasting

DAY = timedelta(days=1)
TANK_DAYS = 3
LEAST_REHEAT, MARGIN = 0.3, 1.1
"""A tank is given at least this share of a full reheat a day, and a tenth more than it drew on its thirstiest day."""
WEEK = 7
"""Days: on one of them, a day of its own, every tank is given a full reheat, whatever it drew."""
FAITH = 200.0
"""W summed over slots (50 Wh) that a plan must gain before it breaks the start that the one before it told."""
FRESH = timedelta(hours=2)
"""As long as a room's temperature is believed."""
ROOM_DAYS = 21
"""Of its history, that a room is learned from."""
Movable = Machine | WaterHeater | Vehicle | Heating | Room | Duty | Battery


@frozen
class About:
    """What is known beside the rows of an appliance."""

    sources: Sources
    now: datetime
    first_slot: int
    started: Set[int]                                    # the appliances that were started these days
    allowed: Mapping[int, set[int]]                      # by appliance: the slots that it was given
    told: Mapping[int, int]                              # by appliance: the start that the last plan told, an index
    running: Mapping[int, tuple[float, ...] | None]      # by appliance: what it draws anyway, W per slot
    abilities: Mapping[int, Ability]                     # by vehicle: it may pause
    declared: Mapping[int, datetime]                     # by appliance: since when it is lent

    def wishes(self, appliance_id: int) -> Wishes:
        """What decides between equals: the start that was told."""
        return Wishes(promised=self.told.get(appliance_id, -1), faith=FAITH)


def about_of(sources: Sources, those: Sequence[Movable], now: datetime, first_slot: int) -> About:
    """What is known of them beside their rows, for a plan that begins with `first_slot`."""
    sources.cycles.open()
    started = [each for each in queries.flexibilities(sources.coordination, now - 2 * DAY) if each.started_at]
    running = {each.appliance.id: _running(each, started, sources, now, first_slot) for each in those}
    return About(sources, now, first_slot, {each.appliance_id for each in started},
                 store.allowed_slots(sources.sortie, first_slot - 2 * HORIZON, first_slot),
                 _told(sources.sortie, first_slot), running, abilities.abilities(sources.coordination),
                 {each.appliance_id: each.opened_at for each in queries.open_flexibilities(sources.coordination)})


def movable(coordination: Engine, known: Mapping[int, Appliance]) -> list[Movable]:
    """Everything that may be placed, and what runs of it, by kind; what `elfe loads` says goes before the contract's row."""
    said: list[Movable] = [*abilities.duties(coordination, known), *abilities.batteries(coordination, known)]
    ours = {each.appliance.id for each in said}
    contract: list[Movable] = [*queries.machines(coordination), *queries.water_heaters(coordination),
                               *queries.vehicles(coordination), *queries.heatings(coordination), *queries.rooms(coordination)]
    return [*(each for each in contract if each.appliance.id not in ours), *said]


def _told(sortie: Engine, first_slot: int) -> dict[int, int]:
    """The starts of the last plan that this one can still keep, be it for the same quarter: participants have read them."""
    last = store.newest_plan(sortie, first_slot)
    if last is None or not 0 <= first_slot - last.first_slot < HORIZON:
        return {}
    starts = {each.appliance_id: last.first_slot + int(np.flatnonzero(each.power_w)[0]) - first_slot
              for each in last.placements if any(each.power_w)}
    return {appliance_id: start for appliance_id, start in starts.items() if start >= 0}


def loads(what: Movable, about: About) -> list[Load]:
    """What is to be placed of an appliance: nothing, or one load."""
    sources, first_slot, wishes = about.sources, about.first_slot, about.wishes(what.appliance.id)
    match what:
        case Machine():
            busy = len(np.trim_zeros(about.running[what.appliance.id] or (), "b"))
            learned = sources.cycles.of(what, about.now)
            return [_sound(CycleLoad(what, _cycle_of(what, learned), first_slot, busy, wishes, lengths(learned)))]
        case WaterHeater():
            return [_sound(_tank_load(what, sources, about.allowed.get(what.appliance.id, set()), first_slot, wishes))]
        case Vehicle():
            load = _vehicle_load(what, about)
            return [_sound(load)] if load else []
        case Heating():
            past = store.decided(sources.sortie, what.appliance.id, first_slot - HORIZON, first_slot)
            heating = HeatingLoad(what, first_slot, sources.zone, past)
            return [_sound(heating)]
        case Room():
            return [_room_load(what, about)]
        case Duty():
            return [_sound(_duty_load(what, about))]
        case Battery():
            return [_battery_load(what, about)]


def believed(what: Movable, described: Set[int]) -> Movable:
    """An appliance, where it can be. Raises `ValueError` with what to change."""
    if what.appliance.id in described:
        raise Unbelievable("another row describes it as well: the first one alone counts, remove the other",
                           "une autre ligne le décrit aussi : seule la première compte, retirez l'autre")
    if found := believable.problem(what):
        raise found
    return what


def _sound(load: Load) -> Load:
    """The load, if it can be computed with at all."""
    alone = type(load).fleet([load])
    powers = alone.powers(alone.soonest())
    if not (np.isfinite(powers).all() and (powers >= 0).all() and powers.any()):
        raise Unbelievable("its power is not a number of watts", "sa puissance n'est pas un nombre de watts")
    return load


def _vehicle_load(vehicle: Vehicle, about: About) -> VehicleLoad | ChargeLoad | None:
    """Its charge, whole or in pieces; None where its battery holds what is wanted."""
    ability, wishes = about.abilities.get(vehicle.appliance.id), about.wishes(vehicle.appliance.id)
    if ability is None:
        whole = VehicleLoad(vehicle, about.first_slot, wishes)
        return whole if whole.powers else None
    since = slot_of(about.declared.get(vehicle.appliance.id, about.now))
    drawn = about.sources.history.quarters(vehicle.power_series, since, max(0, about.first_slot - since), HELD_FOR)
    charge = ChargeLoad(vehicle, ability, about.first_slot, quarters.energy_wh(drawn), wishes)
    return charge if charge.left_wh >= 1 else None


def _duty_load(duty: Duty, about: About) -> DutyLoad:
    """What is left of today's hours; tomorrow's, when nothing is left or today cannot hold it."""
    sources, zone = about.sources, about.sources.zone
    windows = (duty.window,) if duty.window.start_s != duty.window.end_s else ()
    may = [t for t in range(HORIZON) if not windows or lies_in(windows, slot_start(about.first_slot + t), zone)]
    begun, over = heating_day(windows or (OffPeak(0, 0),), slot_start(about.first_slot), zone)
    begun_slot, ends = slot_of(begun), slot_of(over) - about.first_slot
    drawn = sources.history.quarters(duty.power_series, begun_slot, about.first_slot - begun_slot, HELD_FOR)
    ran = sum(power is not None and power > duty.power_w / 2 for power in drawn)
    wanted = slots_lasting(duty.lasts)
    today, tomorrow = [t for t in may if t < ends], [t for t in may if t >= ends]
    wishes = about.wishes(duty.appliance.id)
    if ran < wanted and (today or not tomorrow):
        return DutyLoad(duty, tuple(today), min(wanted - ran, len(today)), max(0, wanted - ran - len(today)), wishes)
    return DutyLoad(duty, tuple(tomorrow), min(wanted, len(tomorrow)), wishes=wishes)      # what its end cannot hold yet can wait


def _battery_load(battery: Battery, about: About) -> BatteryLoad:
    """A battery from where it stands; half full where that is not measured, and told."""
    if not (battery.capacity_wh > 0 and battery.charge_w >= 0 and battery.discharge_w >= 0 and 0 < battery.efficiency <= 1):
        raise Unbelievable("its capacity, powers or efficiency are none of a battery",
                           "sa capacité, ses puissances ou son rendement ne sont pas ceux d'une batterie")
    last = about.sources.history.last(battery.charge_series, about.now) if battery.charge_series else None
    if last is None or last.at < about.now - FRESH or not 0 <= last.value <= 100:
        return BatteryLoad(battery, battery.capacity_wh / 2, "its charge not measured: taken as half")
    return BatteryLoad(battery, battery.capacity_wh * last.value / 100)


def _cycle_of(machine: Machine, learned: Known) -> Cycle:
    return usual_cycle(machine.appliance.type, expected(learned, machine.lasts), machine.lasts)


def _running(what: Movable, started: Sequence[Flexibility], sources: Sources, now: datetime,
             first_slot: int) -> tuple[float, ...] | None:
    """The rest of what was started: it is not moved, nothing is stacked on it, and its next cycle begins behind it."""
    starts = [each.started_at for each in started if each.started_at and each.appliance_id == what.appliance.id]
    if not starts or not isinstance(what, Machine | Vehicle):
        return None
    begun = slot_of(max(starts))
    if isinstance(what, Vehicle):
        left = vehicles.profile(what)[first_slot - begun:][:HORIZON] if what.appliance.mode != Mode.PILOTED else ()
    else:
        learned = sources.cycles.of(what, now)
        known = rest(learned, max(starts), first_slot)
        usual = known if known is not None else _cycle_of(what, learned).power_w[first_slot - begun:][:HORIZON]
        left = usual or outlasting(learned)
    return (*left, *(0.0,) * (HORIZON - len(left))) if left else None


def _tank_load(heater: WaterHeater, sources: Sources, allowed: set[int], first_slot: int, wishes: Wishes) -> TankLoad:
    """What is left of the present heating day's need; the next one's, when nothing is left or the day cannot hold it."""
    begun, over = heating_day(heater.windows, slot_start(first_slot), sources.zone)
    begun_slot, rest = slot_of(begun), min(HORIZON, (over - slot_start(first_slot)) // SLOT)
    past = TANK_DAYS * HORIZON
    seen = sources.history.quarters(heater.power_series, begun_slot - past, past + first_slot - begun_slot, HELD_FOR)
    drawn = seen[past:]
    may = [slot in allowed for slot in range(begun_slot - HORIZON, first_slot)]
    cut, cut_before = (was_cut(powers, slots, heater.power_w)
                       for powers, slots in ((drawn, may[HORIZON:]), (seen[past - HORIZON:past], may[:HORIZON])))
    need, next_need = (_daily_need_wh(heater, seen[:past], day.astimezone(sources.zone), too_little)
                       for day, too_little in ((begun, cut_before), (over, cut)))
    left = need - quarters.energy_wh(drawn)
    hot = is_hot(drawn, may[HORIZON:], heater.power_w)
    a_slot = heater.power_w * QUARTER_H
    lately = drawn or seen[-HORIZON:]
    known = sum(each is not None for each in lately) >= len(lately) / 2
    today = TankLoad(heater, left, first_slot, sources.zone, 0, rest, known, wishes)
    more = TankLoad(heater, a_slot, first_slot, sources.zone, 0, rest, False, wishes)
    tomorrow = TankLoad(heater, next_need, first_slot, sources.zone, min(rest, HORIZON - 1), HORIZON, False, wishes)
    if cut and not hot and left <= a_slot and more.allowed:
        return more
    if hot or left <= a_slot or left > rest * a_slot or not (known or today.allowed):
        return tomorrow
    return today


def _daily_need_wh(heater: WaterHeater, drawn: Sequence[float | None], day: datetime, too_little: bool) -> float:
    """Its thirstiest of the last heating days and a margin, between a share of a full reheat and the whole of it.

    On its day of the week, the whole of it: water that is never hot throughout breeds legionella. `too_little`: the plan ended its
    last heating, so that what it drew is not what it needed: at least what its windows hold.
    """
    full = full_reheat_wh(heater.volume_l)
    days = [quarters.energy_wh(drawn[n * HORIZON:(n + 1) * HORIZON]) for n in range(TANK_DAYS)]
    if not any(days) or day.weekday() == heater.appliance.id % WEEK:
        return full
    return min(full, max(LEAST_REHEAT * full, MARGIN * max(days), held_wh(heater) if too_little else 0.0))


def _room_load(room: Room, about: About) -> RoomLoad:
    """A room from where it stands now; what is not known is taken to its people's advantage, and told."""
    sources, first_slot = about.sources, about.first_slot
    begins, count = first_slot - ROOM_DAYS * HORIZON, ROOM_DAYS * HORIZON
    inside, drawn = (np.array([np.nan if each is None else each for each in sources.history.quarters(series, begins, count, held)])
                     for series, held in ((room.temperature_series, FRESH), (room.power_series, HELD_FOR)))
    inside, said = rooms.believed(inside), inside[-1]
    outside = announced.weather(sources.sortie, begins, count + HORIZON)[0]
    thermal = rooms.learned(inside, drawn, outside[:count]) or rooms.of_contract(room.insulation)
    coming, last = outside[count:], sources.history.last(room.temperature_series, about.now)
    told = []
    if np.isnan(coming).any():
        told.append("the weather outside not known")
        coming = np.where(np.isnan(coming), rooms.OUTSIDE_C, coming)
    warm = last.value if last and last.at >= about.now - FRESH else room.eco_c - room.band_k
    if last is None or last.at < about.now - FRESH:
        told.append("its temperature not measured: taken as too cold")
    elif rooms.COLDEST_C <= said <= rooms.WARMEST_C and np.isnan(inside[-1]):
        told.append(f"its thermometer stuck at {warm:.1f} °C: taken as too cold")
        warm = room.eco_c - room.band_k
    if not rooms.COLDEST_C <= warm <= rooms.WARMEST_C:
        raise Unbelievable(f"its room cannot have {warm:.1f} °C",
                           f"il ne peut pas faire {warm:.1f} °C dans sa pièce".replace(".", ","))
    return RoomLoad(room, thermal, warm, tuple(map(float, coming)), first_slot, sources.zone, ", ".join(told))
