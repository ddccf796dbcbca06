"""Who finds which plan, and what stands behind the solver."""

from __future__ import annotations

import faulthandler
import itertools
import multiprocessing
import os
import resource
import signal
import sys
import time
import types
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.ems import decompose, model, search
from elfe.ems.costs import Aims
from elfe.ems.loads.base import EARLIER, Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Choice, Homes, Problem
from elfe.ems.solve import Limits, Solver, _serve, exact
from elfe.slots import HORIZON
from tests.ems.made import a_problem

WHOLE_SECONDS = 0.5


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    made = Solver()
    yield made
    made.close()


def cost(problem: Problem, starts: tuple[int, ...]) -> float:
    """The objective, written once more: what is imported, and next to nothing per slot of waiting."""
    cycles, = problem.fleets
    balance = list(problem.balance)
    for profile, start in zip(cycles.profile, starts, strict=True):
        for offset, power in enumerate(profile[:HORIZON - start]):
            balance[start + offset] -= power
    return sum(-each for each in balance if each < 0) + EARLIER * sum(starts)


def best(problem: Problem) -> float:
    """Every combination of starts, tried."""
    cycles, = problem.fleets
    choices = (range(first, last + 1) for first, last in zip(cycles.first, cycles.last, strict=True))
    return min(cost(problem, starts) for starts in itertools.product(*choices))


def starts(found: Choice) -> tuple[int, ...]:
    return tuple(int(each) for each in found.runs[0])


@pytest.mark.parametrize("seed", range(12))
def test_five_loads_match_exhaustive_search(solver: Solver, seed: int) -> None:
    problem = a_problem(count=5, starts=6, seed=seed)
    found = solver.solve(problem)
    assert found.objective == pytest.approx(best(problem), abs=1e-3)
    assert found.objective == pytest.approx(cost(problem, starts(found)))
    assert (found.made_by, found.bound) == ("optimal", pytest.approx(found.objective, abs=0.5))


@given(count=st.integers(2, 4), seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_search_is_never_worse_than_greedy_nor_better_than_the_best(count: int, seed: int) -> None:
    problem = a_problem(count=count, starts=8, seed=seed)
    greedy = search.greedy(problem)
    found = search.searched(problem, greedy, tries=60)
    assert best(problem) - 1e-6 <= found.objective <= greedy.objective
    assert found.objective == pytest.approx(cost(problem, starts(found)))


def test_moves_of_two_find_what_single_moves_cannot() -> None:
    """A dozen loads, where single moves are stuck: from two starts, kicks reach the same."""
    problem = a_problem(count=12, starts=40, seed=3)
    stuck = search.greedy(problem)
    found = search.searched(problem, stuck, tries=9000)
    again = search.searched(problem, decompose.decomposed(problem), tries=9000)
    assert found.objective == pytest.approx(again.objective, rel=1e-3)
    assert found.objective < stuck.objective


def test_forty_loads_are_placed_under_a_proved_bound() -> None:
    problem = a_problem(count=40, starts=40, seed=1)
    brief = Solver(Limits(nodes=20, gap=5e-3, seconds=None, tries=300))
    found = brief.solve(problem)
    brief.close()
    assert found.bound is not None
    assert found.bound - 1 <= found.objective <= search.greedy(problem).objective
    assert found.objective <= 1.05 * found.bound


def test_work_is_bounded_the_same_way_every_time() -> None:
    problem = a_problem(count=8, starts=30, seed=3)
    answers = []
    for _ in range(2):
        bounded = Solver(Limits(nodes=10, gap=1e-9, seconds=None, tries=100))
        answers.append(bounded.solve(problem))
        bounded.close()
    assert answers[0] == answers[1]
    assert answers[0].bound is not None


def test_nothing_to_place_is_a_plan(solver: Solver) -> None:
    assert solver.solve(Problem(np.full(HORIZON, -100.0), ())) == Choice((), 9600.0, 9600.0, "nothing to place")


def test_between_equals_the_earlier_start_is_chosen(solver: Solver) -> None:
    problem = a_problem(count=3, starts=20, seed=4)
    indifferent = evolve(problem, balance=np.full(HORIZON, -1000.0))
    assert starts(solver.solve(indifferent)) == tuple(problem.fleets[0].first)


# -- what stands behind -----------------------------------------------------------------------------------------------------


def freezes(pipe: Connection) -> None:
    pipe.recv()
    os.kill(os.getpid(), signal.SIGSTOP)


def is_killed(pipe: Connection) -> None:
    pipe.recv()
    os.kill(os.getpid(), signal.SIGKILL)


def segfaults(pipe: Connection) -> None:
    """As the shell says it: exit 139."""
    pipe.recv()
    faulthandler.disable()
    os.kill(os.getpid(), signal.SIGSEGV)


def has_no_memory(pipe: Connection) -> None:
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    resource.setrlimit(resource.RLIMIT_AS, (1 << 26, 1 << 26))
    _serve(pipe)


def solvers() -> set[int | None]:
    """The processes of solvers that live, other tests' among them."""
    return {each.pid for each in multiprocessing.active_children() if each.name == "elfe-solver"}


@pytest.mark.parametrize("child", [freezes, is_killed, segfaults, has_no_memory])
def test_f5_a_solver_that_hangs_or_dies_leaves_the_greedy_plan_and_is_replaced(child: Callable[[Connection], None]) -> None:
    problem, before = a_problem(count=5, starts=6, seed=1), solvers()
    failing = Solver(Limits(seconds=WHOLE_SECONDS, grace_s=0), serve=child)
    assert failing.solve(problem) == search.greedy(problem)
    assert solvers() <= before
    failing._serve = _serve
    failing._limits = Limits()
    assert failing.solve(problem).made_by == "optimal"
    failing.close()


def test_the_solver_does_not_import_the_program_that_asks_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line takes longer to import than most plans to be made."""
    program, read = tmp_path / "program.py", tmp_path / "read"
    program.write_text(f"open({str(read)!r}, 'w')")
    asking = types.ModuleType("__main__")
    asking.__file__ = str(program)
    monkeypatch.setitem(sys.modules, "__main__", asking)
    alone = Solver()
    assert alone.solve(a_problem(count=5, starts=6, seed=1)).made_by == "optimal"
    alone.close()
    assert not read.exists()
    assert sys.modules["__main__"] is asking


def never_listens(pipe: Connection) -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


def test_f5_a_solver_that_does_not_even_listen_holds_nobody_up() -> None:
    problem = a_problem(count=2000, starts=6, seed=1)      # more than a pipe holds
    deaf = Solver(Limits(seconds=WHOLE_SECONDS, grace_s=0), serve=never_listens)
    assert deaf.solve(problem) == decompose.quick(problem)


class Answering(Solver):
    """Whatever a child may say, without one."""

    def __init__(self, *answers: object) -> None:
        super().__init__(Limits(seconds=WHOLE_SECONDS))
        self.answers = answers

    def _ready(self) -> Connection:
        ours, self.theirs = multiprocessing.Pipe()
        for each in (*self.answers, None):
            self.theirs.send(each)
        return ours


def said(runs: object, bound: float | None = None, prices: tuple[float, ...] = ()) -> Choice:
    return Choice((runs,), 0.0, bound, "optimal", prices)  # type: ignore[arg-type]


SOONEST = a_problem(count=5, starts=6, seed=1).fleets[0].soonest()
NONSENSE = {
    "words": "42", "no runs": Choice((), 0.0, None, "optimal"), "runs of others": said(np.zeros(10_000, np.int64)),
    "NaN": said(np.full(5, np.nan)), "infinite": said(np.full(5, np.inf)), "a list": said([1, 2, 3, 4, 5]),
    "rows": said(np.zeros((5, HORIZON), np.int64)), "behind the day": said(SOONEST + HORIZON), "before it": said(SOONEST - HORIZON),
    "a bound above its own plan": said(SOONEST, bound=1e9), "a bound that is none": said(SOONEST, bound=float("nan")),
    "prices that are none": said(SOONEST, prices=(float("nan"),) * HORIZON), "three prices": said(SOONEST, prices=(1.0, 1.0, 1.0)),
}


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_f5_nonsense_is_not_taken_and_what_was_said_before_it_is(nonsense: str, caplog: pytest.LogCaptureFixture) -> None:
    problem = a_problem(count=5, starts=6, seed=1)
    assert Answering(NONSENSE[nonsense]).solve(problem) == search.greedy(problem)
    assert "the greedy plan is taken" in caplog.text
    sound = said(SOONEST)
    assert Answering(sound, NONSENSE[nonsense]).solve(problem).runs[0].tolist() == SOONEST.tolist()


def test_f5_what_a_choice_costs_is_computed_again_whatever_it_says() -> None:
    problem = a_problem(count=5, starts=6, seed=1)
    assert Answering(said(SOONEST)).solve(problem).objective == pytest.approx(cost(problem, tuple(map(int, SOONEST))))


@pytest.mark.parametrize("count", [40, 400])
def test_f5_without_a_child_the_plan_before_is_kept_where_it_costs_less(count: int) -> None:
    problem = a_problem(count=count, starts=30, seed=3)
    good = decompose.decomposed(problem).runs[0]
    told = evolve(problem, fleets=(evolve(problem.fleets[0], promised=good, faith=np.zeros(count)),))
    left = Answering("42").solve(told)
    assert (left.made_by, left.runs[0].tolist()) == ("the plan before, kept", good.tolist())
    assert left.objective < Answering("42").solve(problem).objective
    bad = evolve(problem, fleets=(evolve(problem.fleets[0], promised=problem.fleets[0].last, faith=np.zeros(count)),))
    assert Answering("42").solve(bad).made_by != "the plan before, kept"


def test_f5_the_plan_before_is_not_kept_where_it_breaks_what_a_home_may_draw() -> None:
    two = Shifts.of([[2000.0, 500.0]] * 2, [0, 0], [20, 20], [Wishes(promised=10, faith=1e4)] * 2)
    problem = Problem(np.zeros(HORIZON), (two,), homes=Homes(np.zeros(2, np.int64), np.array([3000.0])))
    assert model.overload(problem, (two.told(),)) == 1000.0
    assert model.overload(problem, search.kept(problem).runs) == 1000.0
    left = Answering("42").solve(problem)
    assert (model.overload(problem, left.runs), left.made_by) == (0.0, "greedy")


def test_loads_that_are_all_alike_are_placed_and_proved(solver: Solver) -> None:
    one = a_problem(count=1, starts=40, seed=5)
    alike = evolve(one, fleets=(one.fleets[0].some(np.zeros(30, np.int64)),))
    found = solver.solve(alike)
    assert found.bound is not None
    assert found.bound - 1e-3 <= found.objective <= 1.01 * found.bound + 1


def says_one_and_hangs(pipe: Connection) -> None:
    problem, *_ = pipe.recv()
    pipe.send(decompose.decomposed(problem))
    time.sleep(60)


def test_f5_what_a_solver_had_said_before_it_hung_is_taken() -> None:
    problem = a_problem(count=30, starts=30, seed=1)
    hanging = Solver(Limits(seconds=6.0, grace_s=0), serve=says_one_and_hangs)
    found = hanging.solve(problem)
    hanging.close()
    assert found.runs[0].tolist() == decompose.decomposed(problem).runs[0].tolist()
    assert found.bound is not None


def test_f5_a_solver_that_died_is_started_again() -> None:
    problem, before = a_problem(count=5, starts=6, seed=1), solvers()
    mortal = Solver()
    first = mortal.solve(problem)
    (child,) = [each for each in multiprocessing.active_children() if each.pid in solvers() - before]
    child.kill()
    child.join()
    assert mortal.solve(problem) == first
    mortal.close()


def test_the_objective_of_the_model_is_the_one_that_is_told() -> None:
    problem = a_problem(count=5, starts=6, seed=2)
    first = tuple(int(each) for each in problem.fleets[0].first)
    assert model.objective(problem, (problem.fleets[0].first,)) == pytest.approx(cost(problem, first))


@pytest.mark.parametrize("aims", [
    Aims(peak=3.0), Aims(peak=2.0, feeder_w=2_000.0, unused_surplus=0.5),
    Aims(imported=0.0, price=1.0, prices=tuple(2 + np.sin(np.arange(HORIZON))), peak=1.0)])
def test_the_exact_model_begins_from_a_choice_and_finds_the_best_whatever_is_aimed_at(aims: Aims) -> None:
    problem = evolve(a_problem(count=3, starts=6, seed=4), costs=aims.costs())
    cycles, = problem.fleets
    every = itertools.product(*(range(first, last + 1) for first, last in zip(cycles.first, cycles.last, strict=True)))
    least = min(model.objective(problem, (np.array(each),)) for each in every)
    soonest = model.soonest(problem)
    found = exact(problem, Choice(soonest, model.objective(problem, soonest), None, "soonest"), Limits(gap=0.0, seconds=None))
    assert found.bound is not None
    assert (found.objective, found.bound) == (pytest.approx(least), pytest.approx(least, rel=1e-4))
