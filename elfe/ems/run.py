"""One run of the EMS: gather, place, check, tell why, write.

Everything is read once into one frozen value; from there to the plan no module touches the world but the solver's child
process. Whatever is wrong with one appliance leaves that appliance out, and says so; the others are planned.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import numpy as np
import pulp
from attrs import evolve, field, frozen

from elfe.coordination import queries
from elfe.coordination.values import Appliance, Mode
from elfe.ems import check, decompose, explain, model, search, store, wanted, ways
from elfe.ems.believable import Unbelievable
from elfe.ems.costs import IMPORT, Aims, Costs
from elfe.ems.fairness import Account, booked, evened, weights
from elfe.ems.fairness import store as accounts
from elfe.ems.forecast import Forecast
from elfe.ems.forecast.run import Seen
from elfe.ems.loads import BatteryLoad, ChargeLoad, DutyLoad, Load
from elfe.ems.loads.base import Floats
from elfe.ems.loads.tanks import QUARTER_H
from elfe.ems.solve import Solver
from elfe.ems.sources import Sources
from elfe.ems.values import Placement, Plan, Way, Why
from elfe.ems.wanted import Movable
from elfe.errors import PlanError
from elfe.history.values import History
from elfe.slots import HORIZON, local_time, slot_of, slot_start

LEAD = timedelta(seconds=30)
"""A run that the clock calls begins so long before its quarter."""
UNDESCRIBED = Unbelievable("no table says what it is: a row of its kind is missing",
                           "aucune table ne dit ce qu'il est : il manque une ligne de son genre")
FOLLOWED = (ChargeLoad, DutyLoad, BatteryLoad)
"""What is told what to draw slot by slot."""

log = logging.getLogger("elfe.ems")


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
    movable = wanted.movable(sources.coordination, known)
    lent = [each for each in known.values() if each.mode == Mode.PILOTED]
    about = wanted.about_of(sources, movable, now, first_slot)
    loads: list[Load] = []
    left_out: list[str] = []
    described: set[int] = set()
    for each in movable:
        if each.appliance.mode == Mode.PILOTED:
            try:
                loads += wanted.loads(wanted.believed(each, described), about)
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
    asked = [each for each in wanted.movable(sources.coordination, known) if each.appliance.id == appliance_id]
    about = wanted.about_of(sources, asked, now, first_slot)
    try:
        loads = [load for each in asked for load in wanted.loads(wanted.believed(each, set()), about)]
    except (ValueError, ArithmeticError) as error:
        return Outlook(absurd=_in_french(error))
    found = tuple(way for load in loads for way in ways.ways(load, first_slot, sources.zone))
    late_by = max((load.late_by for load in loads), default=timedelta())
    missing = ", ".join(french for _, french in filter(None, map(ways.missing, loads)))
    return Outlook(late_by, missing, found, "" if asked else UNDESCRIBED.french, rests=bool(asked) and not loads)


def _left_out(appliance: Appliance, why: object) -> str:
    return f"appliance {appliance.id} ({appliance.name}): {why}"


def _in_french(error: Exception) -> str:
    """What is wrong with a row, for participants."""
    if isinstance(error, Unbelievable):
        return error.french
    return f"une de ses données ne se lit pas ({error or type(error).__name__})"


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
