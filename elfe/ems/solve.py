"""Who solves: HiGHS in a child process, with two bounds, and what stands behind it.

    HiGHS' incumbent after single moves  ▸  the local search that it started from  (the better of the two; the latter alone
    when the child hangs, dies, or answers nonsense)

    beyond `MANY` loads, where no exact model can be proved in seconds: the decomposition with its bound  ▸  greedy

The work is always bounded; seconds only in real time, because in virtual time a slow machine must decide the same.
The child lives as long as the solver: importing it costs more than solving.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import pickle
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import highspy
import pulp
from attrs import evolve, frozen

from elfe.ems import model, search
from elfe.ems.decompose import decomposed
from elfe.ems.model import Choice, Placing

MANY = 150
"""Loads beyond which the rounding of a decomposition loses less than an exact model that is stopped early."""
LOOKS_PER_NODE = 2
"""HiGHS asks now and then whether to go on: about twice per node of its tree, and also where most of the time goes, at the
root. Those questions are the work that is counted: they come alike on every machine."""

log = logging.getLogger("elfe.ems")


@frozen
class Limits:
    """How much a solve may cost."""

    nodes: int = 5000                    # proves any five loads, and stops in seconds on most territories
    gap: float = 1e-6                    # relative: a choice so near the bound is as good as the best
    seconds: float | None = 20.0         # None: bounded by work alone
    grace_s: float = 5.0                 # beyond `seconds`, before the child is killed


class Solver:
    """A solver's child process, started when first needed."""

    def __init__(self, limits: Limits | None = None, serve: Callable[[Connection], None] | None = None) -> None:
        self._limits = limits or Limits()
        self._serve = serve or _serve
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None

    def solve(self, problem: Placing) -> Choice:
        """The best choice that is found within the limits. Always one."""
        if len(problem.loads) > MANY:
            many = self._ask(problem, None)
            return self._judged(many, many.bound) if many else search.greedy(problem)
        found = search.searched(problem)
        if not problem.loads:
            return evolve(found, bound=found.objective, made_by="nothing to place")
        answer = self._ask(problem, found)
        if answer is None:
            return found
        better = search.improved(problem, answer.picks, "incumbent")
        return self._judged(min(found, better, key=lambda each: each.objective), answer.bound)

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None

    def _judged(self, best: Choice, bound: float | None) -> Choice:
        """The choice with its bound, and called optimal when that is as near as was asked for."""
        proved = bound is not None and best.objective - bound <= max(1e-3, self._limits.gap * best.objective)
        return evolve(best, bound=bound, made_by="optimal" if proved else best.made_by)

    def _ask(self, problem: Placing, start: Choice | None) -> Choice | None:
        try:
            pipe = self._ready()
            pipe.send((problem, start.picks if start else (), self._limits))
            if self._limits.seconds is not None and not pipe.poll(self._limits.seconds + self._limits.grace_s):
                raise TimeoutError(f"no answer within {self._limits.seconds:g} s")
            answer = pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError) as error:
            log.error("the solver's process is lost (%s): the local search's plan is taken", error or type(error).__name__)
            self.close()
            return None
        if not _makes_sense(answer, problem):
            log.error("the solver answers nonsense: the local search's plan is taken")
            return None
        return answer if isinstance(answer, Choice) else None

    def _ready(self) -> Connection:
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._child = context.Process(target=self._serve, args=(theirs,), daemon=True, name="elfe-solver")
            self._child.start()
            theirs.close()
        return self._pipe


def exact(problem: Placing, start: Sequence[int], limits: Limits) -> Choice:
    """The model solved by HiGHS from a choice that is known; as good as that one or better."""
    built, x, m = model.build(problem)
    for x_i, picked in zip(x, start, strict=True):
        for k, x_ik in enumerate(x_i):
            x_ik.setInitialValue(int(k == picked))
    for m_t, balance in zip(m, model.balance_with(problem, start), strict=True):
        m_t.setInitialValue(max(0.0, -balance))
    built.solve(_Highs(limits))
    solved = built.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    picks = [_largest(x_i) for x_i in x] if solved else start
    bound = float(built.solverModel.getInfo().mip_dual_bound)
    return Choice(tuple(picks), model.objective(problem, picks), bound if math.isfinite(bound) else None, "incumbent")


def _largest(x_i: Sequence[pulp.LpVariable]) -> int:
    values = [x_ik.value() for x_ik in x_i]
    return values.index(max(values))


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """HiGHS that begins with the variables' initial values, which PuLP 3.3 does not offer, and stops after some work.

    Not by `mip_max_nodes`: PuLP 3.3 knows no name for the status that it ends with, and the root is not counted in it.
    """

    def __init__(self, limits: Limits) -> None:
        looks = limits.nodes * LOOKS_PER_NODE

        def go_on(_kind: Any, _message: str, _seen: Any, answer: Any, _user: Any) -> None:
            nonlocal looks
            looks -= 1
            answer.user_interrupt = looks < 0

        super().__init__(
            msg=False, gapRel=limits.gap, timeLimit=limits.seconds, threads=1, random_seed=1,
            mip_heuristic_effort=0.0, mip_allow_restart=False,      # the local search has done the heuristics' work
            callbackTuple=(go_on, None), callbacksToActivate=[highspy.cb.HighsCallbackType.kCallbackMipInterrupt])

    def callSolver(self, lp: pulp.LpProblem) -> None:
        """Run, from where the variables stand."""
        start = highspy.HighsSolution()
        start.col_value = [variable.varValue for variable in lp.variables()]
        lp.solverModel.setSolution(start)
        lp.solverModel.run()


def _serve(pipe: Connection) -> None:
    """The child's life: a problem in, a choice out."""
    while True:
        try:
            problem, start, limits = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        pipe.send(decomposed(problem) if len(problem.loads) > MANY else exact(problem, start, limits))


def _makes_sense(answer: object, problem: Placing) -> bool:
    return isinstance(answer, Choice) and len(answer.picks) == len(problem.loads) and all(
        isinstance(k, int) and 0 <= k < len(alternatives)
        for k, (_, alternatives) in zip(answer.picks, problem.loads, strict=True))
