"""How near to the best plan, in how many seconds, beside the same problem as one PuLP model: `python -m benchmarks.planning`.

Instances are those of the bench beside this checkout (../shared/bench), with seeds of ours; what solves is the planner's own
`Solver`, child process and all. The bound is computed again from the published prices by `benchmarks/bound.py`, which shares
nothing with the planner. The peer is the model of docs/model.md, built by PuLP and solved by HiGHS, stopped at PEER_S.

    python -m benchmarks.planning [--large] [--kinds cycle]      # --large: 100,000 and 1,000,000 loads as well
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pulp

from benchmarks.bound import bound_of
from benchmarks.tables import show
from elfe.ems import model
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Choice, Problem
from elfe.ems.solve import Limits, Solver

INSTANCES = Path(__file__).parents[2] / "shared" / "bench" / "instances.py"
PEER_S = 20.0
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


def problem_of(instance: dict[str, Any]) -> Problem:
    """An instance of cycles and blocks as the planner has it; without the price of waiting, which the bench does not know."""
    loads = instance["loads"]
    shifts = Shifts.of([each["profile_w"] for each in loads], [each["earliest"] for each in loads],
                       [each["latest_end"] - len(each["profile_w"]) for each in loads], [Wishes(haste=0.0)] * len(loads))
    return Problem(-np.array(instance["balance_w"], float), (shifts,))


def ours(problem: Problem, seconds: float) -> tuple[Choice, float]:
    """The planner's choice and its wall time, its child process warm."""
    solver = Solver(Limits(seconds=seconds))
    try:
        solver.solve(Problem(problem.balance, (problem.fleets[0].some(slice(0, 3)),)))
        began = time.perf_counter()
        return solver.solve(problem), time.perf_counter() - began
    finally:
        solver.close()


def peer(problem: Problem, until: float) -> tuple[float | None, float]:
    """The one PuLP model with HiGHS: stopped when it is as good as `until`, or after PEER_S."""
    began = time.perf_counter()
    built = model.build(problem)
    built.model.solve(pulp.HiGHS(msg=False, threads=1, timeLimit=PEER_S, objective_target=until))
    if any(variable.value() is None for row in built.imports for variable in row):
        return None, time.perf_counter() - began
    return model.objective(problem, built.read()), time.perf_counter() - began


def row(make: ModuleType, n: int, kinds: str, surplus: float, seed: int, seconds: float, beside: bool) -> Sequence[str]:
    """One instance."""
    instance = make.make(n, seed, kinds, surplus)
    problem = problem_of(instance)
    found, took = ours(problem, seconds)
    bound = bound_of(instance, found.prices) if found.prices else float("-inf")
    gap = (found.objective - max(bound, found.bound or bound)) / max(1.0, found.objective)
    told = "", ""
    if beside:
        objective, peer_took = peer(problem, found.objective * (1 + 5e-5))
        told = ("none" if objective is None else f"{objective / found.objective - 1:+.1e}", f"{peer_took / took:.0f} times")
    return (f"{n:,}", kinds, f"{surplus:g}", str(seed), f"{took:.2f} s", f"{gap:.1e}", f"{bound / found.objective - 1:+.1e}", *told)


def measure(large: bool, kinds: str) -> None:
    """Print the table."""
    make = instances()
    sizes = [(10, 2.0, True), (50, 2.0, True), (200, 2.0, True), (1000, 2.0, True), (10_000, 5.0, False)]
    if large:
        sizes += [(100_000, 10.0, False), (1_000_000, 60.0, False)]
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
    parser.add_argument("--kinds", default="cycle", choices=("cycle", "block"))
    asked = parser.parse_args()
    measure(asked.large, asked.kinds)
