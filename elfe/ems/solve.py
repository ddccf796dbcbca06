"""Who solves: a child process that finds better and better choices, and what stands behind it.

    the decomposition, with its bound  ▸  local search, beside it HiGHS where the model is small enough to be exact

The child says each choice as soon as it has it; the last one that came is taken, whatever happened to the child. One that never
said any (it hangs, dies, or answers nonsense) leaves the greedy choice.

The work is always bounded; seconds only in real time, because in virtual time a slow machine must decide the same.
The child lives as long as the solver: importing it costs more than solving.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import multiprocessing
import pickle
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

import highspy
import numpy as np
import pulp
from attrs import evolve, frozen

from elfe.ems import model, search
from elfe.ems.baths import Used
from elfe.ems.decompose import decomposed, quick
from elfe.ems.flow import flows
from elfe.ems.loads.base import OVERLOAD, Fleet
from elfe.ems.model import Choice, Problem
from elfe.ems.shortlist import Shorter, shorter
from elfe.slots import HORIZON

MANY = 150
"""Loads beyond which something is said before anything better is looked for."""
SOME = 3000
"""Loads beyond which local search finds hardly more than what the decomposition's rounding leaves."""
LOOKS_PER_NODE = 2
"""HiGHS asks now and then whether to go on: about twice per node of its tree, and also where most of the time goes, at the
root. Those questions are the work that is counted: they come alike on every machine."""
STARTS_WITHIN_S = 30
"""The child imports what it needs, a second of work; on a machine that does much else, for long. That is nobody's solving time.
A run begins so long before its quarter: of a child that hangs before it listens, the plan is there when it counts."""
MOST_COLUMNS = 10_000
"""Variables beyond which an exact model finds nothing more in seconds."""
WORTH_S = 5e-4
"""What the exact model takes before it is of any use, per variable: with less time left it is not begun, for building it alone
holds the search up."""
GRACE = 0.1
"""Share of the time that the child may be late by."""
NOISE, NOISY = 4.0, 1e-4
"""W summed over slots, and relatively: what rounding may put a bound above its choice by."""
BRIEF, IN_TURN, AT_LEAST = 24, 2, 4
"""The first round of the search takes so small a part of the tries, to know what can be left out; how many rounds there are where
nothing is proved beside them, and where it is."""
LIKELY = 1 / 3
"""Share of the gap that what a better plan holds hardly ever pays for a single load, where they are many."""
FEW = 60
"""Loads up to which one of them may well pay for most of it."""
SEARCHED, PROVED, ENDED = 0.93, 0.95, 0.98
"""The shares of the time that may be used when each ends."""

log = logging.getLogger("elfe.ems")


@frozen
class Limits:
    """How much a solve may cost."""

    nodes: int = 5000                    # without `seconds`: proves any five loads, and stops in seconds on most territories
    gap: float = 1e-6                    # relative: a choice so near the bound is as good as the best
    seconds: float | None = 20.0         # None: bounded by work alone
    grace_s: float = 5.0                 # at most, beyond `seconds`, before the child is killed
    tries: int = 12_000                  # of the local search, of each kind

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
            return unhelped(problem)
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
            began = time.monotonic()
            until = None if limits.seconds is None else began + limits.latest_s
            threading.Thread(target=_send, args=(pipe, (problem, limits, began)), daemon=True).start()
            while (answer := self._next(pipe, until)) is not None:
                best = _sensible(answer, problem)
        except (EOFError, OSError, pickle.UnpicklingError, ValueError) as error:
            log.error("the solver's process is lost (%s): %s", error or type(error).__name__,
                      "the best that it had said is taken" if best else
                      "the greedy plan is taken, or the one before where that costs less")
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
            with _nobodys_main():
                self._child.start()
            theirs.close()
            if not self._pipe.poll(STARTS_WITHIN_S):
                raise TimeoutError(f"not started within {STARTS_WITHIN_S} s")
            self._pipe.recv()
        return self._pipe


@contextlib.contextmanager
def _nobodys_main() -> Iterator[None]:
    """What is started in here does not import the program that starts it: the command line takes longer than most solves."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = ours


def unhelped(problem: Problem) -> Choice:
    """What is done without a child: the greedy choice, or what was told before where that costs less."""
    if problem.count <= MANY:
        found = (search.greedy(problem), search.kept(problem))
    else:
        found = (at_once := quick(problem), search.keeping(problem, at_once))
    return min(found, key=lambda each: each.objective + OVERLOAD * model.overload(problem, each.runs))


def _send(pipe: Connection, asked: object) -> None:
    """In a thread of its own: a child that does not listen holds nobody up."""
    with contextlib.suppress(OSError):      # it is dead, which who waits for its answer will see
        pipe.send(asked)


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


def choices(problem: Problem, limits: Limits, began: float | None = None) -> Iterator[Choice]:
    """Better and better ones; the last is the best. `began`: the instant, by `time.monotonic`, that the seconds count from."""
    clock = _Clock(limits.seconds, time.monotonic() if began is None else began)
    if problem.count > (SOME if flows(problem) else MANY):
        yield quick(problem)      # far from the best, but there, and with a bound, on however slow a machine
    best = _Best(decomposed(problem, clock.within))
    yield best.choice
    if problem.count <= SOME and not best.meets(limits):
        yield from _in_turn(problem, best, limits) if limits.seconds is None else _side_by_side(problem, best, limits, clock)


def _in_turn(problem: Problem, best: _Best, limits: Limits) -> Iterator[Choice]:
    """The search, then the exact model: the same every time."""
    for _ in itertools.islice(_rounds(problem, best, limits), IN_TURN):
        yield best.choice
    _prove(problem, best, limits, _Clock())
    yield best.choice


def _side_by_side(problem: Problem, best: _Best, limits: Limits, clock: _Clock) -> Iterator[Choice]:
    """The exact model in a thread, which leaves Python alone; the search, which began before it, goes on as long as it does."""
    rounds = _rounds(problem, best, limits, lambda: clock.used(SEARCHED))
    next(rounds)
    yield best.choice
    proof = threading.Thread(target=_prove, args=(problem, best, limits, clock), daemon=True, name="proof")
    proof.start()
    for n, _ in enumerate(rounds, 2):
        yield best.choice
        if not clock.within(SEARCHED) or (n >= AT_LEAST and not proof.is_alive()):
            break
    proof.join(clock.left(ENDED))
    yield best.choice


def _rounds(problem: Problem, best: _Best, limits: Limits, used: Used = lambda: 0.0) -> Iterator[None]:
    """The search, again and again, among what a plan better than the best then known can hold, or is likely to."""
    shares = itertools.cycle([LIKELY, 1.0] if problem.count > FEW else [1.0])
    rounds = itertools.chain([(limits.tries // BRIEF, 1.0)], zip(itertools.repeat(limits.tries), shares))
    for n, (tries, share) in enumerate(rounds):
        if best.meets(limits):
            return
        short = shorter(problem, best.choice, share).problem
        best.take(search.searched(short, best.choice, tries, _from_now(used), n))
        yield


def _from_now(used: Used) -> Used:
    """What is used of what is left now."""
    began = used()
    return lambda: (used() - began) / max(1e-9, 1 - began)


def _prove(problem: Problem, best: _Best, limits: Limits, clock: _Clock) -> None:
    """The exact model of what a better plan is likely to hold, then of all that it can."""
    for share in (LIKELY, 1.0):
        short = shorter(problem, best.choice, share)
        left = clock.left(PROVED)
        if best.meets(limits) or short.columns > MOST_COLUMNS or (left is not None and left < WORTH_S * short.columns):
            return
        best.take(exact(problem, best.choice, limits, short, left, best.take))


def exact(problem: Problem, start: Choice, limits: Limits, short: Shorter | None = None, seconds: float | None = None,
          take: Callable[[Choice], None] = lambda _found: None) -> Choice:
    """The model solved by HiGHS from a choice that is known; as good as that one or better, its bound too.

    `short`: what of the problem is looked through; `take`: is told each better choice as soon as it is found.
    """
    short = short or Shorter(problem)
    built = model.build(short.problem)
    built.begin(short.problem, start.runs)

    def found() -> Choice:
        runs = built.read()
        return Choice(runs, model.objective(problem, runs), None, "incumbent")

    built.model.solve(_Highs(evolve(limits, seconds=seconds), lambda: take(found())))
    if built.model.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return start
    last = search.improved(problem, found().runs, "incumbent")
    told = built.model.solverModel.getInfo()
    bound = min(float(told.mip_dual_bound if built.model.isMIP() else told.objective_function_value), short.beyond)
    bounds = [each for each in (start.bound, bound) if each is not None and math.isfinite(each)]
    return evolve(min(last, start, key=lambda each: each.objective), bound=max(bounds, default=None), prices=start.prices)


@frozen
class _Clock:
    """How much of the time is used; work that is bounded by itself has all the time."""

    seconds: float | None = None
    began: float = 0.0

    def within(self, share: float) -> bool:
        """Whether no more than this share of the time is used."""
        return (left := self.left(share)) is None or left > 0

    def used(self, share: float) -> float:
        """How much of this share of the time is used: 1 and more when all of it is."""
        return 0.0 if self.seconds is None else (time.monotonic() - self.began) / (share * self.seconds)

    def left(self, share: float) -> float | None:
        """The seconds until this share of the time is used."""
        return None if self.seconds is None else max(0.0, self.began + share * self.seconds - time.monotonic())


class _Best:
    """The best choice and the best bound so far, whoever finds them."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self._lock = threading.Lock()

    def take(self, found: Choice) -> None:
        """What of it is better. The prices stay those of the decomposition."""
        with self._lock:
            bounds = [each.bound for each in (self.choice, found) if each.bound is not None]
            better = min(self.choice, found, key=lambda each: each.objective)
            self.choice = evolve(better, bound=max(bounds, default=None), prices=self.choice.prices)

    def meets(self, limits: Limits) -> bool:
        """Whether there is hardly anything left to gain."""
        choice = self.choice
        return choice.bound is not None and choice.objective - choice.bound <= limits.gap * abs(choice.objective)


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """HiGHS that begins with the variables' initial values, which PuLP 3.3 does not offer, tells what it finds, and stops after
    some work.

    Not by `mip_max_nodes`: PuLP 3.3 knows no name for the status that it ends with, and the root is not counted in it.
    """

    def __init__(self, limits: Limits, finds: Callable[[], None]) -> None:
        kinds = highspy.cb.HighsCallbackType
        self._looks, self._finds = limits.nodes * LOOKS_PER_NODE, finds
        self._variables: tuple[pulp.LpVariable, ...] = ()
        self._answers: dict[Any, Callable[[Any, Any], None]] = {kinds.kCallbackMipImprovingSolution: self._found}
        if limits.seconds is None:      # where seconds bound it, being asked would hold the search beside it up
            self._answers[kinds.kCallbackMipInterrupt] = self._go_on
        super().__init__(
            msg=False, gapRel=limits.gap, timeLimit=limits.seconds, threads=1, random_seed=1,
            mip_heuristic_effort=0.0, mip_allow_restart=False,      # the local search has done the heuristics' work
            callbackTuple=(self._called, None), callbacksToActivate=list(self._answers))

    def callSolver(self, lp: pulp.LpProblem) -> None:
        """Run, from where the variables stand."""
        self._variables = tuple(lp.variables())
        start = highspy.HighsSolution()
        start.col_value = [variable.varValue for variable in self._variables]
        lp.solverModel.setSolution(start)
        lp.solverModel.run()

    def _called(self, kind: Any, _message: str, said: Any, answer: Any, _user: Any) -> None:
        self._answers[kind](said, answer)

    def _go_on(self, _said: Any, answer: Any) -> None:
        self._looks -= 1
        answer.user_interrupt = self._looks < 0

    def _found(self, said: Any, _answer: Any) -> None:
        for variable, value in zip(self._variables, said.mip_solution, strict=True):
            variable.varValue = value
        self._finds()


def _live(serve: Callable[[Connection], None], pipe: Connection) -> None:
    pipe.send("ready")      # all is imported: from now on time counts
    serve(pipe)


def _serve(pipe: Connection) -> None:
    """The child's life: a problem in, choices out, None when there are no more."""
    while True:
        try:
            problem, limits, began = pipe.recv()
        except (EOFError, KeyboardInterrupt):
            return
        for choice in choices(problem, limits, began):
            pipe.send(choice)
        pipe.send(None)
