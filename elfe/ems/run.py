"""One run of the EMS: gather, place, check, tell why, write.

Everything is read once into one frozen value; from there to the plan no module touches the world but the solver's child
process. Whatever is wrong with one appliance leaves that appliance out, and says so; the others are planned.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime, timedelta, tzinfo

import numpy as np
import pulp
from attrs import define, evolve, field, frozen
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
from elfe.ems import believable, check, decompose, explain, model, search, store, ways
from elfe.ems.believable import Unbelievable
from elfe.ems.costs import IMPORT, Aims, Costs
from elfe.ems.cycles import Cycle, usual_cycle
from elfe.ems.cycles.learning import Known, expected, lengths, outlasting, rest
from elfe.ems.cycles.run import Book
from elfe.ems.fairness import Account, booked, evened, weights
from elfe.ems.fairness import store as accounts
from elfe.ems.forecast import Forecast
from elfe.ems.forecast import store as announced
from elfe.ems.forecast.run import Forecaster, Seen
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
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.hours import lies_in
from elfe.ems.loads.tanks import QUARTER_H, full_reheat_wh, heating_day, held_wh, is_hot, was_cut
from elfe.ems.solve import Solver
from elfe.ems.values import Placement, Plan, Way, Why
from elfe.errors import PlanError
from elfe.history import quarters
from elfe.history.values import History
from elfe.slots import HORIZON, SLOT, local_time, slot_of, slot_start, slots_lasting

LEAD = timedelta(seconds=30)
"""A run that the clock calls begins so long before its quarter."""
HELD_FOR = timedelta(minutes=15)
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
UNDESCRIBED = Unbelievable("no table says what it is: a row of its kind is missing",
                           "aucune table ne dit ce qu'il est : il manque une ligne de son genre")
Movable = Machine | WaterHeater | Vehicle | Heating | Room | Duty | Battery
FOLLOWED = (ChargeLoad, DutyLoad, BatteryLoad)
"""What is told what to draw slot by slot."""

log = logging.getLogger("elfe.ems")


@frozen
class Rules:
    """What plans are judged by, and what they keep to."""

    aims: Aims = field(factory=Aims)         # its prices and intensities are filled in from the history
    home_w: float | None = None              # what the loads of a home may draw at once, but for those with a limit of their own
    price_series: str = ""
    co2_series: str = ""


@define
class Sources:
    """Where a run reads. Keep it from run to run: it remembers the cycles that were found, and what was learned of the balance."""

    coordination: Engine
    sortie: Engine
    history: History
    zone: tzinfo
    learns: bool = True             # to forecast better than persistence does
    rules: Rules = field(factory=Rules)
    cycles: Book = field(init=False)
    forecasts: Forecaster = field(init=False)

    @cycles.default
    def _book(self) -> Book:
        return Book(self.sortie, self.history)

    @forecasts.default
    def _forecaster(self) -> Forecaster:
        return Forecaster(self.sortie, self.history, self.zone, self.learns)


@frozen
class Inputs:
    """All that a plan is made from, cleaned."""

    now: datetime
    first_slot: int
    zone: tzinfo
    seen: Seen
    loads: tuple[Load, ...]
    running: tuple[tuple[float, ...], ...]      # of each cycle that runs already, W per slot of the horizon
    left_out: tuple[str, ...]
    costs: Costs = IMPORT
    homes: Mapping[int, tuple[int, float]] = field(factory=dict)      # by appliance: the number of its home, and its limit, W
    taken: Mapping[int, Floats] = field(factory=dict)                 # by number of a home: what runs in it already, W per slot
    accounts: Mapping[str, Account] = field(factory=dict)             # by participant

    @property
    def forecast(self) -> Forecast:
        """What is expected without what runs and what is placed."""
        return self.seen.forecast

    @property
    def balance_w(self) -> tuple[float, ...]:
        """The forecast with what runs already, W per slot."""
        return tuple(b - sum(powers[t] for powers in self.running) for t, b in enumerate(self.forecast.balance_w))


def run_once(sources: Sources, solver: Solver, now: datetime, first_slot: int, *, write: bool = True,
             tell: Callable[[Inputs], None] = lambda _: None) -> Plan:
    """Gather, place, check, write; the plan begins with `first_slot`. `tell` hears what it is made from."""
    inputs = gather(sources, now, first_slot)
    tell(inputs)
    for problem in inputs.left_out:
        log.error("left out of the plan: %s", problem)
    plan = place(inputs, solver)
    if write:
        store.write_plan(sources.sortie, plan)
        accounts.book(sources.sortie, first_slot, booked(plan, inputs.loads))
        sources.forecasts.keep(inputs.seen, now)
    return plan


def first_slot_at(now: datetime) -> int:
    """The slot that a run at `now` plans from: the coming one, whether the run is early or finds itself late."""
    return slot_of(now) + 1


# -- gathering ------------------------------------------------------------------------------------------------------------


def gather(sources: Sources, now: datetime, first_slot: int) -> Inputs:
    """Read what can be moved, what is running, and what was measured."""
    known = {each.id: each for each in queries.appliances(sources.coordination)}
    movable = _movable(sources.coordination, known)
    lent = [each for each in known.values() if each.mode == Mode.PILOTED]
    about = _about(sources, movable, now, first_slot)
    loads: list[Load] = []
    left_out: list[str] = []
    described: set[int] = set()
    for each in movable:
        if each.appliance.mode == Mode.PILOTED:
            try:
                loads += _loads(_believed(each, described), about)
            except (ValueError, ArithmeticError) as error:
                left_out.append(_left_out(each.appliance, error))
            described.add(each.appliance.id)
    left_out += [_left_out(each, f"lent, and {UNDESCRIBED}") for each in lent if each.id not in described]
    placed = about.started | {
        each.appliance.id for each in loads if each.appliance.recurs or isinstance(each, FOLLOWED)}
    seen = sources.forecasts.look(first_slot, [each.power_series for each in movable if each.appliance.id in placed])
    homes = _homes(loads, queries.subscribed_w(sources.coordination), sources.rules.home_w)
    return Inputs(now, first_slot, sources.zone, seen, tuple(loads), tuple(powers for powers in about.running.values() if powers),
                  tuple(left_out), _costs(sources, first_slot), homes, _taken(loads, homes, movable, about.running),
                  accounts.accounts(sources.sortie, first_slot))


@frozen
class Outlook:
    """What is to be said of a wish before any plan."""

    late_by: timedelta = timedelta()
    missing: str = ""                # in French: by how much it cannot be kept; nothing where it can
    ways: tuple[Way, ...] = ()       # out
    absurd: str = ""                 # in French: why no plan will hold it, where its rows are those of nothing that can be
    rests: bool = False              # whether it needs nothing: a battery that holds what is wanted


def outlook(sources: Sources, appliance_id: int, now: datetime) -> Outlook:
    """What the next run will find impossible of one wish, and the ways out."""
    first_slot = first_slot_at(now + LEAD - timedelta.resolution)      # one that has begun before does not know of it
    known = {each.id: each for each in queries.appliances(sources.coordination)}
    asked = [each for each in _movable(sources.coordination, known) if each.appliance.id == appliance_id]
    about = _about(sources, asked, now, first_slot)
    try:
        loads = [load for each in asked for load in _loads(_believed(each, set()), about)]
    except (ValueError, ArithmeticError) as error:
        return Outlook(absurd=_in_french(error))
    found = tuple(way for load in loads for way in ways.ways(load, first_slot, sources.zone))
    late_by = max((load.late_by for load in loads), default=timedelta())
    missing = ", ".join(french for _, french in filter(None, map(ways.missing, loads)))
    return Outlook(late_by, missing, found, "" if asked else UNDESCRIBED.french, rests=bool(asked) and not loads)


def _about(sources: Sources, movable: Sequence[Movable], now: datetime, first_slot: int) -> About:
    sources.cycles.open()
    started = [each for each in queries.flexibilities(sources.coordination, now - 2 * DAY) if each.started_at]
    running = {each.appliance.id: _running(each, started, sources, now, first_slot) for each in movable}
    return About(sources, now, first_slot, {each.appliance_id for each in started},
                 store.allowed_slots(sources.sortie, first_slot - 2 * HORIZON, first_slot),
                 _told(sources.sortie, first_slot), running, abilities.abilities(sources.coordination),
                 {each.appliance_id: each.opened_at for each in queries.open_flexibilities(sources.coordination)})


def _movable(coordination: Engine, known: Mapping[int, Appliance]) -> list[Movable]:
    """Everything that may be placed, and what runs of it, by kind; what `elfe loads` says goes before the contract's row."""
    said: list[Movable] = [*abilities.duties(coordination, known), *abilities.batteries(coordination, known)]
    ours = {each.appliance.id for each in said}
    contract: list[Movable] = [*queries.machines(coordination), *queries.water_heaters(coordination),
                               *queries.vehicles(coordination), *queries.heatings(coordination), *queries.rooms(coordination)]
    return [*(each for each in contract if each.appliance.id not in ours), *said]


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


def _told(sortie: Engine, first_slot: int) -> dict[int, int]:
    """The starts of the last plan that this one can still keep, be it for the same quarter: participants have read them."""
    last = store.newest_plan(sortie, first_slot)
    if last is None or not 0 <= first_slot - last.first_slot < HORIZON:
        return {}
    starts = {each.appliance_id: last.first_slot + int(np.flatnonzero(each.power_w)[0]) - first_slot
              for each in last.placements if any(each.power_w)}
    return {appliance_id: start for appliance_id, start in starts.items() if start >= 0}


def _loads(what: Movable, about: About) -> list[Load]:
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


def _left_out(appliance: Appliance, why: object) -> str:
    return f"appliance {appliance.id} ({appliance.name}): {why}"


def _believed(what: Movable, described: Set[int]) -> Movable:
    """An appliance, where it can be. Raises `ValueError` with what to change."""
    if what.appliance.id in described:
        raise Unbelievable("another row describes it as well: the first one alone counts, remove the other",
                           "une autre ligne le décrit aussi : seule la première compte, retirez l'autre")
    if found := believable.problem(what):
        raise found
    return what


def _in_french(error: Exception) -> str:
    """What is wrong with a row, for participants."""
    if isinstance(error, Unbelievable):
        return error.french
    return f"une de ses données ne se lit pas ({error or type(error).__name__})"


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


def _costs(sources: Sources, first_slot: int) -> Costs:
    """What the rules say, with the market's price and the CO2 of the day; what is not known weighs nothing, and is told."""
    rules, aims = sources.rules, sources.rules.aims
    if aims.price:
        aims = evolve(aims, prices=_ahead(sources.history, rules.price_series, first_slot))
    if aims.co2:
        aims = evolve(aims, intensities=_ahead(sources.history, rules.co2_series, first_slot))
    return IMPORT if aims == Aims() else aims.costs()


def _ahead(history: History, name: str, first_slot: int) -> tuple[float, ...]:
    """A series over the horizon; what is not announced yet, as the day before. Empty when half of it is not known."""
    series = history.find(name)
    if series is None:
        log.warning("there is no series %r: it weighs nothing in the plan", name)
        return ()
    day_before, day = (history.quarters(series, begin, HORIZON, timedelta(hours=1)) for begin in (first_slot - HORIZON, first_slot))
    known = [here if here is not None else there for here, there in zip(day, day_before, strict=True)]
    found = [each for each in known if each is not None]
    if len(found) < HORIZON / 2:
        log.warning("%r is known for %d of the 96 quarters: it weighs nothing in the plan", name, len(found))
        return ()
    return tuple(each if each is not None else sum(found) / len(found) for each in known)


def _homes(loads: Sequence[Load], own_w: Mapping[str, float], home_w: float | None) -> dict[int, tuple[int, float]]:
    """The home of each load with its limit, its own or that of all; what has neither is left out."""
    limits = model.limits([each.appliance.participant for each in loads], own_w, home_w)
    numbers = {home: n for n, home in enumerate(limits)}
    return {each.appliance.id: (numbers[home], limits[home]) for each in loads if (home := each.appliance.participant) in limits}


def _taken(loads: Sequence[Load], homes: Mapping[int, tuple[int, float]], movable: Sequence[Movable],
           running: Mapping[int, tuple[float, ...] | None]) -> dict[int, Floats]:
    """By number of a home that is limited: what runs in it already, W per slot."""
    number = {each.appliance.participant: homes[each.appliance.id][0] for each in loads if each.appliance.id in homes}
    found: dict[int, Floats] = {}
    for each in {what.appliance.id: what.appliance for what in movable}.values():
        home, powers = number.get(each.participant), running[each.id]
        if home is not None and powers:
            found[home] = found.get(home, np.zeros(HORIZON)) + powers
    return found


# -- placing ----------------------------------------------------------------------------------------------------------------


def place(inputs: Inputs, solver: Solver) -> Plan:
    """The plan for what was gathered: solved, checked, explained.

    A plan that breaks a promise is refused, whoever made it, and the next who can make one is asked; a load of which none
    can keep the promise is left out, and the others are planned.
    """
    began = time.perf_counter()
    unknown = [t for t, watts in enumerate(inputs.balance_w) if not np.isfinite(watts)]
    if unknown:
        raise PlanError(f"the forecast is no number of watts in {len(unknown)} quarters, the first of index {unknown[0]}: "
                        "look at what the history holds of the balance; the plan in force goes on")
    placing = model.placing(inputs.balance_w, inputs.loads, inputs.costs, inputs.homes, inputs.taken)
    weighs = _weighs(inputs, placing)
    refused: Plan | None = None
    for whose, make in (("the solver's plan", lambda problem: evened(problem, solver.solve(problem), weighs)),
                        ("the greedy plan", search.greedy), ("the plan before", search.kept)):
        refused = _plan(inputs, placing, make(placing.problem), began)
        try:
            check.check(refused, inputs.loads, inputs.balance_w)
        except PlanError as error:
            log.error("%s breaks a promise and is refused: %s", whose, error)
        else:
            return refused
    bad = check.broken(refused, inputs.loads) if refused else {}
    if not bad:
        raise PlanError("no plan keeps its promises; the one in force goes on")
    for appliance_id, problem in bad.items():
        log.error("left out of the plan: appliance %d: nobody can place it: %s", appliance_id, problem)
    return place(evolve(inputs, loads=tuple(each for each in inputs.loads if each.appliance.id not in bad)), solver)


def exact_model(inputs: Inputs) -> pulp.LpProblem:
    """The model of `model.py` for what was gathered, every constraint named as there."""
    return model.build(model.placing(inputs.balance_w, inputs.loads, inputs.costs, inputs.homes, inputs.taken).problem).model


def _weighs(inputs: Inputs, placing: model.Placing) -> Floats:
    """What the account of each load's household weighs, by the number of the load."""
    of, found = weights(inputs.accounts), np.ones(len(inputs.loads))
    found[list(placing.number)] = [of.get(load.appliance.participant, 1.0) for load in inputs.loads]
    return found


def _plan(inputs: Inputs, placing: model.Placing, choice: model.Choice, began: float) -> Plan:
    problem = placing.problem
    left = model.left_of(problem, choice.runs)
    powers = model.powers_of(problem, choice.runs)
    room = _room_of(problem, powers)
    priced_wh, prices = _priced(problem, choice, left)
    _tell_feeder(inputs, left)
    _tell_homes(inputs, placing, powers, room)
    return Plan(
        first_slot=inputs.first_slot, made_at=inputs.now, balance_w=inputs.balance_w,
        placements=tuple(_placement(inputs, placing, choice, n, powers[placing.number[n]], left, room.get(placing.number[n]))
                         for n in range(len(inputs.loads))),
        forecast=inputs.forecast.source, solver=choice.made_by, imported_wh=model.imported_wh(left),
        bound_wh=max(priced_wh, _solver_bound_wh(problem, choice)), prices=prices, priced_bound_wh=priced_wh,
        solve_ms=int((time.perf_counter() - began) * 1000))


def _priced(problem: model.Problem, choice: model.Choice, left: Floats) -> tuple[float, tuple[float, ...]]:
    """What no plan imports less than, Wh, and the prices that prove it: the solver's; where it said none, the best of plain ones.

    One of these is the plan's own: a watt is worth one where it imports.
    """
    imports = evolve(problem, costs=IMPORT)
    some = [np.array(choice.prices)] if choice.prices else [*decompose.plain_prices(imports), (left < 0).astype(float)]
    told = [tuple(map(float, decompose.allowed(IMPORT, decompose.plain(imports, each)))) for each in some]
    proved, prices = max((decompose.bound(imports, each, own=False, go_on=lambda: bool(choice.prices)), each) for each in told)
    return max(0.0, proved) * QUARTER_H, prices


def _solver_bound_wh(problem: model.Problem, choice: model.Choice) -> float:
    """What the solver's own bound says of the import: less by the most that the tie-breaks weigh. 0 where it says nothing."""
    if choice.bound is None or problem.costs is not IMPORT:
        return 0.0
    return (choice.bound - model.longest_waiting(problem)) * QUARTER_H


def _room_of(problem: model.Problem, powers: Floats) -> dict[int, Floats]:
    """By number of a load in an overloaded home: what the others of the home leave it of the limit, W per slot."""
    if problem.homes is None:
        return {}
    found = {}
    of, limit_w = problem.homes.of, problem.homes.limit_w
    for home in np.unique(of[of >= 0]):
        members = np.flatnonzero(of == home)
        total = powers[members].sum(axis=0)
        if (total > limit_w[home] + 1).any():
            found.update({int(n): limit_w[home] - total + powers[n] for n in members})
    return found


def _tell_homes(inputs: Inputs, placing: model.Placing, powers: Floats, room: Mapping[int, Floats]) -> None:
    """A home that cannot keep below its limit is told where, and by how much."""
    over = {load.appliance.participant: powers[number] - room[number]
            for load, number in zip(inputs.loads, placing.number, strict=True) if number in room}
    for name, watts in sorted(over.items()):
        at = slot_start(inputs.first_slot + int(watts.argmax())).astimezone(inputs.zone)
        log.warning("the loads of %s draw %.1f kW more than their home may at %s: no plan found avoids it", name,
                    watts.max() / 1000, f"{at:%H:%M}")


def _tell_feeder(inputs: Inputs, left: Floats) -> None:
    """A territory that cannot keep below its maximum is told where, and by how much."""
    for level in inputs.costs.levels[1:]:
        over = -left - level.offset
        if over.max() > 1:
            at = local_time(slot_start(inputs.first_slot + int(over.argmax())), inputs.zone)
            log.warning("the territory imports %.1f kW more than its maximum at %s, in %d quarters in all: no plan found avoids it",
                        over.max() / 1000, at, int((over > 1).sum()))


def _placement(inputs: Inputs, placing: model.Placing, choice: model.Choice, n: int, powers: Floats, left: Floats,
               room: Floats | None) -> Placement:
    load, run = inputs.loads[n], placing.run_of(choice, n)
    decisions = load.decisions(run)
    starts = decisions.index(1) if 1 in decisions else int(np.append(np.flatnonzero(powers), 0)[0])
    told, at = explain.facts(placing, choice, n, load, left), local_time(slot_start(inputs.first_slot + starts), inputs.zone)
    out, over_w = ways.ways(load, inputs.first_slot, inputs.zone), 0.0
    if room is not None:
        limit_w, over_w = inputs.homes[load.appliance.id][1], ways.over_limit_w(powers, room)
        out += ways.within_limit(load, powers, room, limit_w, inputs.first_slot, inputs.zone)
    english, french = (explain.reason_in(language, told, at) for language in ("en", "fr"))
    if not load.late_by and (missing := ways.missing(load, over_w)):
        english, french = f"{english}; {missing[0]}", f"{french} ; {missing[1]}"
    return Placement(
        appliance_id=load.appliance.id, appliance_type=load.appliance.type, decisions=decisions,
        power_w=tuple(map(float, powers)), source=load.source, reason=english,
        late_by=load.late_by, ends_at=slot_start(inputs.first_slot + load.ends(run)),
        pauses=isinstance(load, FOLLOWED),
        why=Why(french, explain.starts_wh(placing, choice, n, left), out))
