"""One run of the EMS: gather, place, check, tell why, write.

Everything is read once into one frozen value; from there to the plan no module touches the world but the solver's child
process. Whatever is wrong with one appliance leaves that appliance out, and says so; the others are planned.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import frozen
from sqlalchemy import Engine

from elfe.coordination import queries
from elfe.coordination.values import Flexibility, Machine, Mode, WaterHeater
from elfe.ems import check, explain, forecast, model, store
from elfe.ems.cycles import Cycle, last_cycle, usual_cycle
from elfe.ems.forecast import Forecast
from elfe.ems.loads import CycleLoad, Load, TankLoad, full_reheat_wh, heating_day
from elfe.ems.solve import Solver
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.history.values import BALANCE, History
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_of, slot_start

HELD_FOR = timedelta(minutes=15)
LEARNT_FROM = timedelta(days=14)
TANK_DAYS = 3
LEAST_REHEAT, MARGIN = 0.3, 1.1
"""A tank is given at least this share of a full reheat a day, and a tenth more than it drew on its thirstiest day."""

log = logging.getLogger("elfe.ems")


@frozen
class Inputs:
    """All that a plan is made from, cleaned."""

    now: datetime
    first_slot: int
    zone: tzinfo
    forecast: Forecast
    loads: tuple[Load, ...]
    committed: tuple[tuple[int, tuple[float, ...]], ...]    # running machines: appliance, W per slot of the horizon
    left_out: tuple[str, ...]


def run_once(coordination: Engine, sortie: Engine, history: History, solver: Solver, zone: tzinfo,
             now: datetime, first_slot: int, *, write: bool = True) -> Plan:
    """Gather, place, check, write; the plan begins with `first_slot`."""
    inputs = gather(coordination, history, zone, now, first_slot)
    for problem in inputs.left_out:
        log.error("left out of the plan: %s", problem)
    plan = place(inputs, solver)
    if write:
        store.write_plan(sortie, plan)
    log.info("plan from %s: %d loads, %.1f kWh imported, %s, %d ms", slot_start(first_slot).isoformat(),
             len(plan.placements), plan.imported_wh / 1000, plan.solver, plan.solve_ms)
    return plan


# -- gathering ------------------------------------------------------------------------------------------------------------


def gather(coordination: Engine, history: History, zone: tzinfo, now: datetime, first_slot: int) -> Inputs:
    """Read what can be moved, what is running, and what was measured."""
    loads: list[Load] = []
    left_out: list[str] = []
    machines = queries.machines(coordination)
    for machine in machines:
        if machine.appliance.mode == Mode.PILOTED:
            _try(loads, left_out, machine, lambda each=machine: _cycle_load(each, history, now, first_slot))
    heaters = queries.water_heaters(coordination)
    for heater in heaters:
        if heater.appliance.mode == Mode.PILOTED:
            _try(loads, left_out, heater, lambda each=heater: _tank_load(each, history, zone, now, first_slot))
    started = queries.flexibilities(coordination, now - timedelta(hours=24))
    committed = _committed(machines, started, history, now, first_slot)
    placed = {load.appliance_id for load in loads} | {id for id, _ in committed}
    known: list[Machine | WaterHeater] = [*machines, *heaters]
    series = [each.power_series for each in known if each.appliance.id in placed]
    return Inputs(now, first_slot, zone, _forecast(history, first_slot, series), tuple(loads), committed, tuple(left_out))


def _try(loads: list[Load], left_out: list[str], what: Machine | WaterHeater, make: object) -> None:
    try:
        loads.append(make())  # type: ignore[operator]
    except (ValueError, ArithmeticError) as error:
        left_out.append(f"appliance {what.appliance.id} ({what.appliance.name}): {error}")


def _forecast(history: History, first_slot: int, placed: Sequence[int]) -> Forecast:
    """Persistence from the 192 quarters behind `first_slot`, as far as they are over.

    What the appliances that are to be placed drew then (`placed`: their power series) is given back to the balance: the plan
    decides when they draw, and they would count twice.
    """
    series = history.find(BALANCE)
    if series is None:
        return forecast.persistence([None] * HORIZON, [None] * HORIZON)
    start, count = first_slot - 2 * HORIZON, 2 * HORIZON
    balance = history.quarters(series, start, count, HELD_FOR)
    for each in placed:
        drawn = history.quarters(each, start, count, HELD_FOR)
        balance = [b if b is None or w is None else b + w for b, w in zip(balance, drawn, strict=True)]
    return forecast.persistence(balance[HORIZON:], balance[:HORIZON])


def _cycle_load(machine: Machine, history: History, now: datetime, first_slot: int) -> CycleLoad:
    return CycleLoad(machine, _cycle_of(machine, history, now), first_slot)


def _cycle_of(machine: Machine, history: History, now: datetime) -> Cycle:
    measured = last_cycle(history.readings(machine.power_series, now - LEARNT_FROM, now))
    return usual_cycle(machine.appliance.type, measured, machine.lasts)


def _tank_load(heater: WaterHeater, history: History, zone: tzinfo, now: datetime, first_slot: int) -> TankLoad:
    """What is left of the present heating day's need, or the whole of the next one's."""
    begun = heating_day(heater.windows, slot_start(first_slot), zone)
    over = begun + timedelta(days=1)
    need = _daily_need_wh(heater, history, begun)
    left = need - _measured_wh(history, heater.power_series, slot_of(begun), first_slot)
    day_ends = min(HORIZON, (over - slot_start(first_slot)) // SLOT)
    if left > heater.power_w * SLOT_S / 3600 and day_ends > 0:
        return TankLoad(heater, left, first_slot, zone, 0, day_ends)
    return TankLoad(heater, need, first_slot, zone, min(day_ends, HORIZON - 1), HORIZON)


def _daily_need_wh(heater: WaterHeater, history: History, begun: datetime) -> float:
    """Its thirstiest of the last heating days and a margin, between a share of a full reheat and the whole of it."""
    full = full_reheat_wh(heater.volume_l)
    end = slot_of(begun)
    days = [_measured_wh(history, heater.power_series, end - (day + 1) * HORIZON, end - day * HORIZON)
            for day in range(TANK_DAYS)]
    return min(full, max(LEAST_REHEAT * full, MARGIN * max(days))) if any(days) else full


def _measured_wh(history: History, series: int, start_slot: int, end_slot: int) -> float:
    powers = history.quarters(series, start_slot, max(0, end_slot - start_slot), HELD_FOR)
    return sum(power for power in powers if power is not None) * SLOT_S / 3600


def _committed(machines: Sequence[Machine], started: Sequence[Flexibility], history: History, now: datetime,
               first_slot: int) -> tuple[tuple[int, tuple[float, ...]], ...]:
    """The rest of the cycles that run: they are not moved, and nothing is stacked on them."""
    newest = {each.appliance_id: each for each in started if each.started_at}
    running = []
    for machine in machines:
        flexibility = newest.get(machine.appliance.id)
        if flexibility is None or flexibility.started_at is None or machine.appliance.mode == Mode.PILOTED:
            continue
        cycle = _cycle_of(machine, history, flexibility.started_at)
        ran = first_slot - slot_of(flexibility.started_at)
        rest = cycle.power_w[ran:]
        if rest:
            running.append((machine.appliance.id, (*rest[:HORIZON], *(0.0,) * (HORIZON - len(rest)))))
    return tuple(running)


# -- placing ----------------------------------------------------------------------------------------------------------------


def place(inputs: Inputs, solver: Solver) -> Plan:
    """The plan for what was gathered: solved, checked, explained."""
    began = time.perf_counter()
    balance = list(inputs.forecast.balance_w)
    for _, powers in inputs.committed:
        balance = [b - w for b, w in zip(balance, powers, strict=True)]
    problem = model.placing(balance, inputs.loads)
    choice = solver.solve(problem)
    plan = _plan(inputs, problem, choice, began)
    try:
        check.check(plan, inputs.loads, problem.balance_w)
    except PlanError as error:
        log.error("the solver's plan breaks a promise (%s); the greedy one is taken", error)
        plan = _plan(inputs, problem, solver.fallback(problem), began)
        check.check(plan, inputs.loads, problem.balance_w)
    return plan


def _plan(inputs: Inputs, problem: model.Placing, choice: model.Choice, began: float) -> Plan:
    placements = tuple(_placement(inputs, problem, choice, i) for i in range(len(inputs.loads)))
    waiting = sum(model.EARLIER * alternatives[k].start
                  for (_, alternatives), k in zip(problem.loads, choice.picks, strict=True))
    quarter = SLOT_S / 3600
    return Plan(
        first_slot=inputs.first_slot, made_at=inputs.now, placements=placements, balance_w=problem.balance_w,
        forecast=inputs.forecast.source, solver=choice.made_by,
        imported_wh=model.imported_wh(model.balance_with(problem, choice.picks)),
        bound_wh=None if choice.bound is None else max(0.0, choice.bound - waiting) * quarter,
        solve_ms=int((time.perf_counter() - began) * 1000))


def _placement(inputs: Inputs, problem: model.Placing, choice: model.Choice, i: int) -> Placement:
    load = inputs.loads[i]
    chosen = load.alternatives[choice.picks[i]]
    powers = [0.0] * HORIZON
    model.add(powers, chosen, +1)
    length = load.length if isinstance(load, CycleLoad) else len(chosen.power_w)
    appliance = load.machine.appliance if isinstance(load, CycleLoad) else load.heater.appliance
    return Placement(
        appliance_id=load.appliance_id, appliance_type=appliance.type, decisions=load.decisions(chosen),
        power_w=tuple(powers), source=load.cycle.source if isinstance(load, CycleLoad) else _need_in_words(load),
        reason=explain.sentence(explain.facts(problem, choice.picks, i), _local(inputs, chosen.start), "en"), late_by=load.late_by,
        ends_at=slot_start(inputs.first_slot + chosen.start + length))


def _local(inputs: Inputs, index: int) -> str:
    return f"{slot_start(inputs.first_slot + index).astimezone(inputs.zone):%H:%M}"


def _need_in_words(load: TankLoad) -> str:
    words = f"{load.need_wh / 1000:.1f} kWh of hot water"
    return f"{words}, more than its off-peak windows hold" if load.overruns else words


def first_slot_at(now: datetime) -> int:
    """The slot that a run at `now` plans from: the coming one, whether the run is early or finds itself late."""
    return slot_of(now) + 1
