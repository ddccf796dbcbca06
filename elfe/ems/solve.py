"""Who solves: HiGHS in a child process, with two bounds, and what stands behind it.

    HiGHS' incumbent, improved by single moves  ▸ greedy and the same moves  (the better of the two; greedy alone when the
    child hangs, dies, or answers nonsense)

The work (nodes, gap) is always bounded; seconds only in real time, because in virtual time a slow machine must decide the
same. The child lives as long as the solver: importing it costs more than solving.
"""

from __future__ import annotations

import logging
import multiprocessing
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import pulp
from attrs import evolve, frozen

from elfe.ems import model, search
from elfe.ems.model import Choice, Placing

log = logging.getLogger("elfe.ems")


@frozen
class Limits:
    """How much a solve may cost."""

    nodes: int = 200
    gap: float = 1e-3
    seconds: float | None = 60.0         # None: bounded by work alone
    grace_s: float = 10.0                # beyond `seconds`, before the child is killed


class Solver:
    """A solver's child process, started when first needed."""

    def __init__(self, limits: Limits | None = None, target: Any = None) -> None:
        self._limits = limits or Limits()
        self._target = target or serve
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None

    def solve(self, problem: Placing) -> Choice:
        """The best choice that is found within the limits. Always one."""
        fallback = self.fallback(problem)
        if not problem.loads:
            return evolve(fallback, bound=fallback.objective, made_by="nothing to place")
        found = self._ask(problem)
        if found is None or not _makes_sense(found, problem):
            return fallback
        found = evolve(search.improved(problem, list(found.picks), found.made_by), bound=found.bound)
        best = min((found, fallback), key=lambda each: each.objective)
        return evolve(best, bound=found.bound)

    @staticmethod
    def fallback(problem: Placing) -> Choice:
        """Greedy: needs no child, never fails."""
        return search.greedy(problem)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None

    def _ask(self, problem: Placing) -> Choice | None:
        try:
            pipe = self._ready()
            pipe.send((problem, self._limits))
            if self._limits.seconds is not None and not pipe.poll(self._limits.seconds + self._limits.grace_s):
                log.error("the solver hangs: it is killed, and a greedy plan is made")
                self.close()
                return None
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            log.error("the solver died (%s): a greedy plan is made", error or type(error).__name__)
            self.close()
            return None
        return answer if isinstance(answer, Choice) else None

    def _ready(self) -> Connection:
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._child = context.Process(target=self._target, args=(theirs,), daemon=True, name="elfe-solver")
            self._child.start()
            theirs.close()
        return self._pipe


def serve(pipe: Connection) -> None:
    """The child's life: a problem in, a choice out."""
    while True:
        try:
            problem, limits = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(exact(problem, limits))


def exact(problem: Placing, limits: Limits) -> Choice | None:
    """The model solved by HiGHS; None when it found no choice within the limits."""
    built, x = model.build(problem)
    options: dict[str, Any] = {"mip_max_nodes": limits.nodes, "random_seed": 1}
    solver = pulp.HiGHS(msg=False, gapRel=limits.gap, timeLimit=limits.seconds, threads=1, **options)
    built.solve(solver)
    if built.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return None
    picks = [max(range(len(x_i)), key=lambda k: x_i[k].value() or 0.0) for x_i in x]
    bound = float(built.solverModel.getInfo().mip_dual_bound)
    value = model.objective(problem, picks)
    proved = value - bound <= max(1e-6, limits.gap * abs(value))
    return Choice(tuple(picks), value, bound, "optimal" if proved else "incumbent")


def _makes_sense(found: Choice, problem: Placing) -> bool:
    return len(found.picks) == len(problem.loads) and all(
        0 <= k < len(alternatives) for k, (_, alternatives) in zip(found.picks, problem.loads, strict=True))
