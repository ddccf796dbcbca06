"""How near to the best plan, in how many seconds, beside the same problem as one PuLP model: `python -m benchmarks.planning`.

Instances are those of the bench beside this checkout (../shared/bench), with seeds of ours; what solves is the planner's own
`Solver`, child process and all. The bound is computed again from the published prices by `benchmarks/bound.py`, which shares
nothing with the planner. The peer is the model of docs/model.md, built by PuLP and solved by HiGHS, stopped at PEER_S.

    python -m benchmarks.planning [--large] [--kinds cycle] [--only 1000]      # --large: 100,000 and 1,000,000 loads as well
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pulp

from benchmarks.bound import bound_of, check
from benchmarks.tables import show
from elfe.ems import model
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.loads.fills import Fills
from elfe.ems.loads.shifts import Shifts
from elfe.ems.loads.stores import Stores
from elfe.ems.model import Choice, Problem
from elfe.ems.solve import Limits, Solver
from elfe.slots import HORIZON

INSTANCES = Path(__file__).parents[2] / "shared" / "bench" / "instances.py"
PEER_S = 20.0
SLOT_H = 0.25
SURPLUS = (0.5, 0.8, 1.2, 2.0)
SEEDS = (11, 12)


def instances() -> ModuleType:
    """The bench's own generator."""
    if not INSTANCES.exists():
        sys.exit("no instances stand beside this checkout (../shared/bench/instances.py)")
    spec = importlib.util.spec_from_file_location("instances", INSTANCES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KINDS: Mapping[str, Callable[[dict[str, Any]], bool]] = {
    "shifts": lambda load: "profile_w" in load,
    "fills": lambda load: load.get("mode") == "modulated",
    "modulating": lambda load: load["kind"] == "heating" and load["modulating"],
    "switched": lambda load: load["kind"] == "heating" and not load["modulating"],
    "batteries": lambda load: load["kind"] == "battery",
}


def problem_of(instance: dict[str, Any]) -> Problem:
    """An instance as the planner has it, by fleet of `KINDS`; without the price of waiting, which the bench does not know."""
    makers = {"shifts": _shifts, "fills": _fills, "modulating": _heaters, "switched": _heaters, "batteries": _batteries}
    fleets = [makers[kind](found) for kind, found in _by_kind(instance).items() if found]
    return Problem(-np.array(instance["balance_w"], float), tuple(fleets))


def powers_of(instance: dict[str, Any], problem: Problem, choice: Choice) -> Floats:
    """What each load of the instance draws, loads × slots."""
    drawn = np.empty((len(instance["loads"]), HORIZON))
    of = [[each["id"] for each in found] for found in _by_kind(instance).values() if found]
    for fleet, runs, ids in zip(problem.fleets, choice.runs, of, strict=True):
        drawn[ids] = fleet.powers(runs)
    return drawn


def _by_kind(instance: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    return {kind: [each for each in instance["loads"] if is_so(each)] for kind, is_so in KINDS.items()}


def _shifts(loads: list[dict[str, Any]]) -> Shifts:
    return Shifts.of([each["profile_w"] for each in loads], [each["earliest"] for each in loads],
                     [each["latest_end"] - len(each["profile_w"]) for each in loads], [Wishes(haste=0.0)] * len(loads))


def _fills(loads: list[dict[str, Any]]) -> Fills:
    slots = np.arange(HORIZON)
    may = np.array([(each["earliest"] <= slots) & (slots < each["latest_end"]) for each in loads])
    return Fills(np.array([each["max_power_w"] for each in loads], float), may,
                 np.array([each["energy_wh"] for each in loads]) / SLOT_H, np.zeros(len(loads), bool), np.zeros(len(loads)))


def _heaters(loads: list[dict[str, Any]]) -> Stores:
    """°C. What is wanted later is heated for in time, as a room of the planner's own is."""
    resistance = np.array([each["r_k_per_w"] for each in loads])
    keeps = np.exp(-SLOT_H * 3600 / (resistance * np.array([each["c_j_per_k"] for each in loads])))
    watts = np.array([each["power_w"] for each in loads], float)
    drift = (1 - keeps)[:, None] * np.array([each["t_ext_c"] for each in loads])
    gain = (1 - keeps) * resistance
    low = np.array([each["t_min_c"] for each in loads])
    for t in range(HORIZON - 1, 0, -1):
        low[:, t - 1] = np.maximum(low[:, t - 1], (low[:, t] - drift[:, t] - gain * watts) / keeps)
    return Stores(np.array([each["t_init_c"] for each in loads]), keeps, drift, np.zeros(len(loads)), watts[:, None], gain[:, None],
                  low, np.array([each["t_max_c"] for each in loads]), np.array([not each["modulating"] for each in loads]),
                  np.zeros(len(loads)))


def _batteries(loads: list[dict[str, Any]]) -> Stores:
    """Wh. It ends with no less than it began with."""
    gives = np.array([each["max_discharge_w"] for each in loads])
    takes = np.array([each["max_charge_w"] for each in loads])
    gain = np.stack([SLOT_H / np.array([each["eta_discharge"] for each in loads]),
                     SLOT_H * np.array([each["eta_charge"] for each in loads])], axis=1)
    least, ends = (np.array([each[name] for each in loads])[:, None] for name in ("soc_min_wh", "soc_end_min_wh"))
    low = np.maximum(least, ends - np.arange(HORIZON - 1, -1, -1) * (takes * gain[:, 1])[:, None])
    return Stores(np.array([each["soc_init_wh"] for each in loads]), np.ones(len(loads)),
                  np.repeat((-gives * gain[:, 0])[:, None], HORIZON, axis=1), -gives, np.stack([gives, takes], axis=1), gain, low,
                  np.repeat(np.array([each["capacity_wh"] for each in loads], float)[:, None], HORIZON, axis=1),
                  np.zeros(len(loads), bool), np.zeros(len(loads)))


def ours(problem: Problem, seconds: float) -> tuple[Choice, float]:
    """The planner's choice and its wall time, its child process warm."""
    solver = Solver(Limits(seconds=seconds))
    try:
        solver.solve(Problem(problem.balance, (problem.fleets[0].some(np.arange(3)),)))
        began = time.perf_counter()
        return solver.solve(problem), time.perf_counter() - began
    finally:
        solver.close()


def peer(problem: Problem, until: float, seconds: float = PEER_S) -> tuple[float | None, float]:
    """The one PuLP model with HiGHS: stopped when it is as good as `until`, or after so many seconds."""
    began = time.perf_counter()
    built = model.build(problem)
    built.model.solve(pulp.HiGHS(msg=False, threads=1, timeLimit=seconds, objective_target=until))
    if any(variable.value() is None for row in built.imports for variable in row):
        return None, time.perf_counter() - began
    reached = model.objective(problem, built.read())
    return None if np.isnan(reached) else reached, time.perf_counter() - began


def row(make: ModuleType, n: int, kinds: str, surplus: float, seed: int, seconds: float, beside: bool) -> Sequence[str]:
    """One instance."""
    instance = make.make(n, seed, kinds, surplus)
    problem = problem_of(instance)
    found, took = ours(problem, seconds)
    imported = check(instance, powers_of(instance, problem, found).tolist())
    if abs(imported - found.objective) > 1e-6 * imported:
        sys.exit(f"the plan imports {imported}, and was said to import {found.objective}")
    bound = bound_of(instance, found.prices) if found.prices else float("-inf")
    gap = (found.objective - max(bound, found.bound or bound)) / max(1.0, found.objective)
    told = "", ""
    if beside:
        objective, peer_took = peer(problem, found.objective * (1 + 5e-5))
        told = ("none" if objective is None else f"{objective / found.objective - 1:+.1e}", f"{peer_took / took:.0f} times")
    return (f"{n:,}", kinds, f"{surplus:g}", str(seed), f"{took:.2f} s", f"{gap:.1e}", f"{bound / found.objective - 1:+.1e}", *told)


def measure(large: bool, kinds: str, only: int = 0) -> None:
    """Print the table."""
    make = instances()
    sizes = [(10, 2.0, True), (50, 2.0, True), (200, 2.0, True), (1000, 2.0, True), (10_000, 5.0, False)]
    if large or only:
        sizes += [(100_000, 10.0, False), (1_000_000, 60.0, False)]
    sizes = [each for each in sizes if only in (0, each[0])]
    rows = []
    for n, seconds, beside in sizes:
        for surplus in SURPLUS if n <= 10_000 else (0.8,):
            for seed in SEEDS if n <= 1000 else SEEDS[:1]:
                rows.append(row(make, n, kinds, surplus, seed, seconds, beside and (n < 1000 or surplus == 0.8)))
                sys.stderr.write(" ".join(rows[-1]) + "\n")
    show("The planner", ("loads", "kinds", "surplus", "seed", "took", "gap", "the prices' bound", "HiGHS' plan", "its time"), rows)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    sys.stdout.write(f"the solver's process took {children:.0f} MB at most; HiGHS was stopped after {PEER_S:.0f} s\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.planning")
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--kinds", default="cycle", choices=("cycle", "block", "mix"))
    parser.add_argument("--only", type=int, default=0, help="loads")
    asked = parser.parse_args()
    measure(asked.large, asked.kinds, asked.only)
