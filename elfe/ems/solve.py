"""Who solves: a child process that finds better and better choices, and what stands behind it.

    the decomposition, with its bound  ▸  local search  ▸  HiGHS, where the model is small enough to be exact

The child says each choice as soon as it has it; the last one that came is taken, whatever happened to the child. One that never
said any (it hangs, dies, or answers nonsense) leaves the greedy choice.

The work is always bounded; seconds only in real time, because in virtual time a slow machine must decide the same.
The child lives as long as the solver: importing it costs more than solving.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import pickle
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import highspy
import numpy as np
import pulp
from attrs import evolve, frozen

from elfe.ems import model, search
from elfe.ems.decompose import decomposed, quick
from elfe.ems.flow import flows
from elfe.ems.loads.base import Fleet
from elfe.ems.model import Choice, Problem
from elfe.slots import HORIZON

MANY = 150
"""Loads beyond which an exact model finds nothing more in seconds."""
SOME = 3000
"""Loads beyond which local search finds hardly more than what the decomposition's rounding leaves."""
LOOKS_PER_NODE = 2
"""HiGHS asks now and then whether to go on: about twice per node of its tree, and also where most of the time goes, at the
root. Those questions are the work that is counted: they come alike on every machine."""
STARTS_WITHIN_S = 60
"""The child imports what it needs; on a machine that does much else, for long. That is nobody's solving time."""
BUILT_S = 0.01
"""What building the exact model takes at most, per load: with less time left it is not begun."""
GRACE = 0.1
"""Share of the time that the child may be late by."""
NOISE, NOISY = 4.0, 1e-4
"""W summed over slots, and relatively: what rounding may put a bound above its choice by."""
SEARCHES = 0.9
"""Share of the time that is left to the decomposition and the search."""

log = logging.getLogger("elfe.ems")


@frozen
class Limits:
    """How much a solve may cost."""

    nodes: int = 5000                    # proves any five loads, and stops in seconds on most territories
    gap: float = 1e-6                    # relative: a choice so near the bound is as good as the best
    seconds: float | None = 20.0         # None: bounded by work alone
    grace_s: float = 5.0                 # at most, beyond `seconds`, before the child is killed
    tries: int = 9000                    # of the local search, of each kind


    @property
    def latest_s(self) -> float:
        """When the child is killed; what it has said by then is taken."""
        return (self.seconds or 0.0) + min(self.grace_s, GRACE * (self.seconds or 0.0))


class Solver:
    """A solver's child process, started when first needed."""

    def __init__(self, limits: Limits | None = None, serve: Callable[[Connection], None] | None = None) -> None:
        self._limits = limits or Limits()
        self._serve = serve or _serve
        self._child: BaseProcess | None = None
        self._pipe: Connection | None = None

    def solve(self, problem: Problem) -> Choice:
        """The best choice that is found within the limits. Always one."""
        if not problem.count:
            nothing = model.objective(problem, ())
            return Choice((), nothing, nothing, "nothing to place")
        found = self._ask(problem)
        if found is None:
            return search.greedy(problem) if problem.count <= MANY else quick(problem)
        proved = found.bound is not None and found.objective - found.bound <= max(1e-3, self._limits.gap * abs(found.objective))
        return evolve(found, made_by="optimal") if proved else found

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.kill()
            self._child.join()
        if self._pipe is not None:
            self._pipe.close()
        self._child = self._pipe = None

    def _ask(self, problem: Problem) -> Choice | None:
        """The last choice that the child said before it was done, or was no more."""
        best: Choice | None = None
        limits = self._limits
        try:
            pipe = self._ready()
            until = None if limits.seconds is None else time.monotonic() + limits.latest_s
            pipe.send((problem, limits))
            while (answer := self._next(pipe, until)) is not None:
                best = _sensible(answer, problem)
        except (EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
            log.error("the solver's process is lost (%s): %s", error or type(error).__name__,
                      "the best that it had said is taken" if best else "the greedy plan is taken")
            self.close()
        return best

    def _next(self, pipe: Connection, until: float | None) -> object:
        if until is not None and not pipe.poll(max(0.0, until - time.monotonic())):
            raise TimeoutError(f"not done within {self._limits.seconds:g} s")
        return pipe.recv()

    def _ready(self) -> Connection:
        if self._child is None or self._pipe is None or not self._child.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._child = context.Process(target=_live, args=(self._serve, theirs), daemon=True, name="elfe-solver")
            self._child.start()
            theirs.close()
            if not self._pipe.poll(STARTS_WITHIN_S):
                raise TimeoutError(f"not started within {STARTS_WITHIN_S} s")
            self._pipe.recv()
        return self._pipe


def _sensible(answer: object, problem: Problem) -> Choice:
    """The answer, if it is a choice for this problem; its objective is computed again. Raises `ValueError` for anything else."""
    if not isinstance(answer, Choice) or len(answer.runs) != len(problem.fleets):
        raise ValueError("it answers nonsense")
    if not all(_are_runs(fleet, runs) for fleet, runs in zip(problem.fleets, answer.runs, strict=True)):
        raise ValueError("it answers runs that are none")
    if len(answer.prices) not in (0, HORIZON) or not np.isfinite(np.array(answer.prices, float)).all():
        raise ValueError("it answers prices that are none")
    objective = model.objective(problem, answer.runs)
    if answer.bound is not None and not answer.bound <= objective + NOISE + NOISY * abs(objective):
        raise ValueError(f"it proves that no plan costs less than {answer.bound:g}, and answers one of {objective:g}")
    return evolve(answer, objective=objective)


def _are_runs(fleet: Fleet, runs: object) -> bool:
    """Whether these are runs of such loads at all: starts within the horizon, or powers. Which are allowed, the checker says."""
    like = fleet.some(slice(0, 1)).soonest()
    if not isinstance(runs, np.ndarray) or runs.shape != (fleet.count, *like.shape[1:]) or runs.dtype.kind != like.dtype.kind:
        return False
    return bool(((runs >= 0) & (runs < HORIZON)).all() if runs.dtype.kind == "i" else np.isfinite(runs).all())


def choices(problem: Problem, limits: Limits) -> Iterator[Choice]:
    """Better and better ones; the last is the best."""
    began = time.monotonic()

    def within(share: float) -> bool:
        return limits.seconds is None or time.monotonic() - began < share * limits.seconds

    def searching() -> bool:
        return within(SEARCHES)

    if problem.count > (SOME if flows(problem) else MANY):
        yield quick(problem)      # far from the best, but there, and with a bound, on however slow a machine
    best = decomposed(problem, within)
    yield best
    if problem.count <= SOME and not _met(best, limits):
        best = search.searched(problem, best, limits.tries, searching)
        yield best
    left = None if limits.seconds is None else limits.seconds - (time.monotonic() - began)
    if problem.count <= MANY and not _met(best, limits) and (left is None or left > BUILT_S * problem.count):
        yield exact(problem, best, evolve(limits, seconds=left))


def _met(choice: Choice, limits: Limits) -> bool:
    return choice.bound is not None and choice.objective - choice.bound <= limits.gap * abs(choice.objective)


def exact(problem: Problem, start: Choice, limits: Limits) -> Choice:
    """The model solved by HiGHS from a choice that is known; as good as that one or better, its bound too."""
    built = model.build(problem)
    built.begin(problem, start.runs)
    built.model.solve(_Highs(limits))
    if built.model.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return start
    found = search.improved(problem, built.read(), "incumbent")
    told = built.model.solverModel.getInfo()
    bound = float(told.mip_dual_bound if built.model.isMIP() else told.objective_function_value)
    bounds = [each for each in (start.bound, bound) if each is not None and math.isfinite(each)]
    return evolve(min(found, start, key=lambda each: each.objective), bound=max(bounds, default=None), prices=start.prices)


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


def _live(serve: Callable[[Connection], None], pipe: Connection) -> None:
    pipe.send("ready")      # all is imported: from now on time counts
    serve(pipe)


def _serve(pipe: Connection) -> None:
    """The child's life: a problem in, choices out, None when there are no more."""
    while True:
        try:
            problem, limits = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        for choice in choices(problem, limits):
            pipe.send(choice)
        pipe.send(None)
