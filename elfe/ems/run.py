"""One run of the EMS: gather, place, check, tell why, write.

Everything is read once into one frozen value; from there to the plan no module touches the world but the solver's child
process. Whatever is wrong with one appliance leaves that appliance out, and says so; the others are planned.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np
from attrs import define, evolve, field, frozen
from sqlalchemy import Engine

from elfe.coordination import queries
from elfe.coordination.values import Flexibility, Machine, Mode, WaterHeater
from elfe.ems import check, decompose, explain, model, search, store
from elfe.ems.costs import IMPORT
from elfe.ems.cycles import Cycle, usual_cycle
from elfe.ems.cycles.learning import expected, rest
from elfe.ems.cycles.run import Book
from elfe.ems.forecast import Forecast
from elfe.ems.forecast.run import Forecaster, Seen
from elfe.ems.loads import CycleLoad, Load, TankLoad
from elfe.ems.loads.base import Floats
from elfe.ems.loads.tanks import QUARTER_H, full_reheat_wh, heating_day, is_hot
from elfe.ems.solve import Solver
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.history import quarters
from elfe.history.values import History
from elfe.slots import HORIZON, SLOT, slot_of, slot_start

HELD_FOR = timedelta(minutes=15)
DAY = timedelta(days=1)
TANK_DAYS = 3
LEAST_REHEAT, MARGIN = 0.3, 1.1
"""A tank is given at least this share of a full reheat a day, and a tenth more than it drew on its thirstiest day."""

log = logging.getLogger("elfe.ems")


@define
class Sources:
    """Where a run reads. Keep it from run to run: it remembers the cycles that were found, and what was learned of the balance."""

    coordination: Engine
    sortie: Engine
    history: History
    zone: tzinfo
    learns: bool = True             # to forecast better than persistence does
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

    @property
    def forecast(self) -> Forecast:
        """What is expected without what runs and what is placed."""
        return self.seen.forecast

    @property
    def balance_w(self) -> tuple[float, ...]:
        """The forecast with what runs already, W per slot."""
        return tuple(b - sum(powers[t] for powers in self.running) for t, b in enumerate(self.forecast.balance_w))


def run_once(sources: Sources, solver: Solver, now: datetime, first_slot: int, *, write: bool = True) -> Plan:
    """Gather, place, check, write; the plan begins with `first_slot`."""
    inputs = gather(sources, now, first_slot)
    for problem in inputs.left_out:
        log.error("left out of the plan: %s", problem)
    plan = place(inputs, solver)
    if write:
        store.write_plan(sources.sortie, plan)
        sources.forecasts.keep(inputs.seen, now)
    return plan


def first_slot_at(now: datetime) -> int:
    """The slot that a run at `now` plans from: the coming one, whether the run is early or finds itself late."""
    return slot_of(now) + 1


# -- gathering ------------------------------------------------------------------------------------------------------------


def gather(sources: Sources, now: datetime, first_slot: int) -> Inputs:
    """Read what can be moved, what is running, and what was measured."""
    machines = queries.machines(sources.coordination)
    sources.cycles.open()
    movable: list[Machine | WaterHeater] = [*machines, *queries.water_heaters(sources.coordination)]
    allowed = store.allowed_slots(sources.sortie, first_slot - 2 * HORIZON, first_slot)
    started = [each for each in queries.flexibilities(sources.coordination, now - 2 * DAY) if each.started_at]
    loads: list[Load] = []
    left_out: list[str] = []
    for each in movable:
        if each.appliance.mode == Mode.PILOTED:
            try:
                loads.append(_load(each, sources, allowed, now, first_slot))
            except (ValueError, ArithmeticError) as error:
                left_out.append(f"appliance {each.appliance.id} ({each.appliance.name}): {error}")
    running = (_running(machine, started, sources, now, first_slot) for machine in machines)
    placed = {each.appliance_id for each in started} | {each.appliance.id for each in loads if each.appliance.continuous}
    seen = sources.forecasts.look(first_slot, [each.power_series for each in movable if each.appliance.id in placed])
    return Inputs(now, first_slot, sources.zone, seen, tuple(loads), tuple(powers for powers in running if powers),
                  tuple(left_out))


def _load(what: Machine | WaterHeater, sources: Sources, allowed: Mapping[int, set[int]], now: datetime,
          first_slot: int) -> Load:
    if isinstance(what, Machine):
        return _sound(CycleLoad(what, _cycle_of(what, sources, now), first_slot))
    return _sound(_tank_load(what, sources, allowed.get(what.appliance.id, set()), first_slot))


def _sound(load: Load) -> Load:
    """The load, if it can be computed with at all."""
    alone = type(load).fleet([load])
    powers = alone.powers(alone.soonest())
    if not (np.isfinite(powers).all() and (powers >= 0).all() and powers.any()):
        raise ValueError("its power is not a number of watts")
    return load


def _cycle_of(machine: Machine, sources: Sources, now: datetime) -> Cycle:
    return usual_cycle(machine.appliance.type, expected(sources.cycles.of(machine, now)), machine.lasts)


def _running(machine: Machine, started: Sequence[Flexibility], sources: Sources, now: datetime,
             first_slot: int) -> tuple[float, ...] | None:
    """The rest of a machine's cycle: it is not moved, and nothing is stacked on it."""
    starts = [each.started_at for each in started if each.started_at and each.appliance_id == machine.appliance.id]
    if not starts or machine.appliance.mode == Mode.PILOTED:
        return None
    left = rest(sources.cycles.of(machine, now), max(starts), first_slot)
    if left is None:
        left = _cycle_of(machine, sources, now).power_w[first_slot - slot_of(max(starts)):][:HORIZON]
    return (*left, *(0.0,) * (HORIZON - len(left))) if left else None


def _tank_load(heater: WaterHeater, sources: Sources, allowed: set[int], first_slot: int) -> TankLoad:
    """What is left of the present heating day's need; the next one's, when nothing is left or the day cannot hold it."""
    begun, over = heating_day(heater.windows, slot_start(first_slot), sources.zone)
    begun_slot, rest = slot_of(begun), min(HORIZON, (over - slot_start(first_slot)) // SLOT)
    need = _daily_need_wh(heater, sources.history, begun_slot)
    drawn = sources.history.quarters(heater.power_series, begun_slot, first_slot - begun_slot, HELD_FOR)
    left = need - quarters.energy_wh(drawn)
    hot = is_hot(drawn, [slot in allowed for slot in range(begun_slot, first_slot)], heater.power_w)
    a_slot = heater.power_w * QUARTER_H
    today = TankLoad(heater, left, first_slot, sources.zone, 0, rest)
    tomorrow = TankLoad(heater, need, first_slot, sources.zone, min(rest, HORIZON - 1), HORIZON, whole=False)
    unseen = sum(each is not None for each in drawn) < len(drawn) / 2
    if hot or left <= a_slot or left > rest * a_slot or (unseen and not today.allowed):
        return tomorrow
    return today


def _daily_need_wh(heater: WaterHeater, history: History, end_slot: int) -> float:
    """Its thirstiest of the last heating days and a margin, between a share of a full reheat and the whole of it."""
    full = full_reheat_wh(heater.volume_l)
    drawn = history.quarters(heater.power_series, end_slot - TANK_DAYS * HORIZON, TANK_DAYS * HORIZON, HELD_FOR)
    days = [quarters.energy_wh(drawn[day * HORIZON:(day + 1) * HORIZON]) for day in range(TANK_DAYS)]
    return min(full, max(LEAST_REHEAT * full, MARGIN * max(days))) if any(days) else full


# -- placing ----------------------------------------------------------------------------------------------------------------


def place(inputs: Inputs, solver: Solver) -> Plan:
    """The plan for what was gathered: solved, checked, explained."""
    began = time.perf_counter()
    placing = model.placing(inputs.balance_w, inputs.loads)
    plan = _plan(inputs, placing, solver.solve(placing.problem), began)
    try:
        check.check(plan, inputs.loads, inputs.balance_w)
    except PlanError as error:
        log.error("the solver's plan breaks a promise (%s); the greedy one is taken", error)
        plan = _plan(inputs, placing, search.greedy(placing.problem), began)
        check.check(plan, inputs.loads, inputs.balance_w)
    return plan


def _plan(inputs: Inputs, placing: model.Placing, choice: model.Choice, began: float) -> Plan:
    problem = placing.problem
    left = model.left_of(problem, choice.runs)
    powers = model.powers_of(problem, choice.runs)
    return Plan(
        first_slot=inputs.first_slot, made_at=inputs.now, balance_w=inputs.balance_w,
        placements=tuple(_placement(inputs, placing, choice, n, powers[placing.number[n]], left) for n in range(len(inputs.loads))),
        forecast=inputs.forecast.source, solver=choice.made_by, imported_wh=model.imported_wh(left),
        bound_wh=_import_bound_wh(problem, choice), solve_ms=int((time.perf_counter() - began) * 1000))


def _import_bound_wh(problem: model.Problem, choice: model.Choice) -> float | None:
    """What no plan imports less than: by the prices alone, or by the solver's bound less the most that the tie-breaks weigh."""
    imports = evolve(problem, costs=IMPORT)
    bounds = [decompose.bound(imports, choice.prices, own=False)] if choice.prices else []
    if choice.bound is not None and problem.costs is IMPORT:
        bounds.append(choice.bound - model.longest_waiting(problem))
    return max(0.0, *bounds) * QUARTER_H if bounds else None


def _placement(inputs: Inputs, placing: model.Placing, choice: model.Choice, n: int, powers: Floats, left: Floats) -> Placement:
    load, run = inputs.loads[n], placing.run_of(choice, n)
    starts = slot_start(inputs.first_slot + int(np.flatnonzero(powers)[0])).astimezone(inputs.zone)
    told = explain.facts(placing, choice, n, load, left)
    return Placement(
        appliance_id=load.appliance.id, appliance_type=load.appliance.type, decisions=load.decisions(run),
        power_w=tuple(map(float, powers)), source=load.source, reason=explain.reason_in("en", told, f"{starts:%H:%M}"),
        late_by=load.late_by, ends_at=slot_start(inputs.first_slot + load.ends(run)))
