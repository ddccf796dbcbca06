"""Copies of a choice that cool down together."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from elfe.ems import search
from elfe.ems.baths import ASKS_EVERY, annealed
from elfe.ems.board import Board
from elfe.ems.costs import Aims
from elfe.ems.loads.base import Offers
from elfe.ems.model import Problem
from elfe.slots import HORIZON
from tests.ems.made import a_problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return a_problem(count=30, starts=30, seed=5)


def board_of(problem: Problem) -> Board:
    return Board(problem, list(search.greedy(problem).runs))


def test_the_best_copy_comes_first_and_keeps_account_of_what_it_costs(problem: Problem) -> None:
    boards = annealed(board_of(problem), 600)
    costs = [each.cost() for each in boards]
    assert costs == sorted(costs)
    assert costs[0] == pytest.approx(Board(problem, boards[0].runs).cost())


def test_two_at_once_find_more_than_single_moves(problem: Problem) -> None:
    stuck = board_of(problem)
    assert annealed(stuck, 2000)[0].cost() < stuck.cost()


def test_the_same_seed_ends_in_the_same_copies_and_another_one_elsewhere(problem: Problem) -> None:
    one, again, other = (annealed(board_of(problem), 400, seed=seed) for seed in (1, 1, 2))
    assert [each.cost() for each in one] == [each.cost() for each in again] != [each.cost() for each in other]


def test_who_is_late_ends_cold_all_the_same(problem: Problem) -> None:
    """A few of its moves fit into its time. They leave the copies as cold as if it had planned for so few."""
    asked = iter(range(10_000))
    hurried, planned = (np.median([each.cost() for each in boards]) for boards in (
        annealed(board_of(problem), 400 * ASKS_EVERY, lambda: next(asked) / 10), annealed(board_of(problem), 10 * ASKS_EVERY)))
    assert next(asked) < 20
    assert hurried <= 1.02 * planned


def test_without_time_nothing_moves(problem: Problem) -> None:
    board = board_of(problem)
    alone, = annealed(board, 5000, lambda: 1.0)
    assert alone.cost() == pytest.approx(board.cost())


def test_a_single_load_has_nobody_to_move_with() -> None:
    problem = a_problem(count=1, starts=12, seed=1)
    assert annealed(board_of(problem), 300)[0].cost() == pytest.approx(search.greedy(problem).objective)


@pytest.mark.parametrize("aims", [Aims(), Aims(price=1.0, prices=tuple(1.0 + (t % 7) for t in range(HORIZON)), feeder_w=3000.0)])
def test_what_is_added_after_another_load_is_what_is_added_to_what_that_one_leaves(aims: Aims) -> None:
    problem = evolve(a_problem(count=4, starts=20, seed=3), costs=aims.costs())
    board = Board(problem, list(search.greedy(problem).runs))
    one, other = board.offers(0), board.offers(1)
    dice, copies = np.random.default_rng(1), 3
    left = np.append(dice.normal(0, 2000, (HORIZON, copies)), np.full((1, copies), np.inf), axis=0)
    firsts, rows = dice.integers(len(one.rows), size=(copies, 5)), dice.integers(len(other.rows), size=(4, copies))
    found = other.added_after(rows, left, one.columns, firsts)
    for copy in range(copies):
        lefts = left[:, copy, None] - one.columns[:, firsts[copy]]
        np.testing.assert_allclose(found[:, copy], Offers(other.menu, board.costs).added(lefts)[rows[:, copy]])
