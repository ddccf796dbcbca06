"""Who finds which plan, and what stands behind the solver."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.ems import model, search
from elfe.ems.model import Choice, Placing
from elfe.ems.solve import Limits, Solver
from elfe.slots import HORIZON
from tests.ems.made import a_problem

WHOLE_SECONDS = 0.5


@pytest.fixture(scope="module")
def solver() -> Iterator[Solver]:
    made = Solver()
    yield made
    made.close()


def cost(problem: Placing, picks: tuple[int, ...]) -> float:
    """The objective, written once more: what is imported, and a hundredth of a watt per slot of waiting."""
    balance, waiting = list(problem.balance_w), 0
    for (_, alternatives), k in zip(problem.loads, picks, strict=True):
        waiting += alternatives[k].start
        for offset, power in enumerate(alternatives[k].power_w):
            balance[alternatives[k].start + offset] -= power
    return sum(-each for each in balance if each < 0) + 0.01 * waiting


def best(problem: Placing) -> float:
    """Every combination of starts, tried."""
    return min(cost(problem, picks) for picks in itertools.product(*(range(len(each)) for _, each in problem.loads)))


@pytest.mark.parametrize("seed", range(12))
def test_five_loads_match_exhaustive_search(solver: Solver, seed: int) -> None:
    problem = a_problem(count=5, starts=6, seed=seed)
    found = solver.solve(problem)
    assert found.objective == pytest.approx(best(problem), abs=1e-3)
    assert found.objective == pytest.approx(cost(problem, found.picks))
    assert (found.made_by, found.bound) == ("optimal", pytest.approx(found.objective, abs=0.5))


@given(count=st.integers(2, 4), seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_the_search_is_never_worse_than_greedy_nor_better_than_the_best(count: int, seed: int) -> None:
    problem = a_problem(count, starts=8, seed=seed)
    found = search.searched(problem)
    assert best(problem) - 1e-6 <= found.objective <= search.greedy(problem).objective
    assert found.objective == pytest.approx(cost(problem, found.picks))


def test_forty_loads_are_placed_under_a_proved_bound() -> None:
    problem = a_problem(count=40, starts=40, seed=1)
    brief = Solver(Limits(nodes=20, gap=5e-3, seconds=None))
    found = brief.solve(problem)
    brief.close()
    assert found.bound is not None
    assert found.bound - 1 <= found.objective <= search.greedy(problem).objective
    assert found.objective <= 1.05 * found.bound


def test_work_is_bounded_the_same_way_every_time() -> None:
    problem = a_problem(count=8, starts=30, seed=3)
    answers = []
    for _ in range(2):
        bounded = Solver(Limits(nodes=10, gap=1e-9, seconds=None))
        answers.append(bounded.solve(problem))
        bounded.close()
    assert answers[0] == answers[1]
    assert answers[0].bound is not None


def test_nothing_to_place_is_a_plan(solver: Solver) -> None:
    assert solver.solve(Placing((-100.0,) * HORIZON, ())) == Choice((), 9600.0, 9600.0, "nothing to place")


def test_between_equals_the_earlier_start_is_chosen(solver: Solver) -> None:
    problem = a_problem(count=3, starts=20, seed=4)
    indifferent = Placing((-1000.0,) * HORIZON, problem.loads)
    assert solver.solve(indifferent).picks == (0, 0, 0)


# -- what stands behind -----------------------------------------------------------------------------------------------------


def hangs(pipe: Connection) -> None:
    pipe.recv()
    time.sleep(60)


def dies(pipe: Connection) -> None:
    pipe.recv()
    os._exit(1)


def says_nothing_useful(pipe: Connection) -> None:
    while pipe.recv():
        pipe.send("42")


def names_a_start_that_is_not_there(pipe: Connection) -> None:
    while pipe.recv():
        pipe.send(Choice((10_000,) * 5, 0.0, 0.0, "optimal"))


@pytest.mark.parametrize("child", [hangs, dies, says_nothing_useful, names_a_start_that_is_not_there])
def test_a_solver_that_fails_leaves_the_plan_of_the_search(child: object) -> None:
    problem = a_problem(count=5, starts=6, seed=1)
    failing = Solver(Limits(seconds=WHOLE_SECONDS, grace_s=0), serve=child)  # type: ignore[arg-type]
    assert failing.solve(problem) == search.searched(problem)
    assert failing.solve(problem) == search.searched(problem)      # and again: a lost child is replaced
    failing.close()


def test_a_solver_that_died_is_started_again() -> None:
    problem = a_problem(count=5, starts=6, seed=1)
    mortal = Solver()
    first = mortal.solve(problem)
    children = [each for each in multiprocessing.active_children() if each.name == "elfe-solver"]
    for each in children:
        each.kill()
        each.join()
    assert children
    assert mortal.solve(problem) == first
    mortal.close()


def test_the_objective_of_the_model_is_the_one_that_is_told() -> None:
    problem = a_problem(count=5, starts=6, seed=2)
    assert model.objective(problem, (0,) * 5) == pytest.approx(cost(problem, (0,) * 5))
