"""A good choice without a solver. Pure, and the same on every machine: bounded by tries, its dice are loaded.

    greedy      the largest loads first, each where it costs least, then single moves until none helps
    improved    single moves alone, from a choice that is there
    annealed    sixteen copies of a choice cool down together (`baths.py`)
    paired      every pair of loads is lifted and put back where both together cost least
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from attrs import evolve

from elfe.ems.baths import Used, annealed
from elfe.ems.board import ASKS_EVERY, HELPS, MOST_ROUNDS, Board, GoOn
from elfe.ems.loads.base import Runs
from elfe.ems.model import Choice, Problem, objective, soonest

ENOUGH = 10              # tries per cube of the number of loads: a handful of loads is soon searched through
KEPT = "the plan before, kept"
BATHS = 0.9              # share of the time after which the baths are cold


def greedy(problem: Problem) -> Choice:
    """The largest loads first, each where it costs least; then every load in turn, until none wants to move."""
    board = Board(problem, [some.copy() for some in soonest(problem)])
    sizes = np.concatenate([np.zeros(0), *(fleet.sizes() for fleet in problem.fleets)])
    order = [int(i) for i in np.argsort(-sizes, kind="stable")]
    board.lift(order)
    for i in order:
        board.settle(i)
    return _choice(problem, board.moved(), "greedy")


def kept(problem: Problem) -> Choice:
    """What was told before, wherever it still can be; the others where they cost least around it, the largest first."""
    board = Board(problem, [some.copy() for some in soonest(problem)])
    told = np.concatenate([np.zeros(0, np.int64), *(fleet.told() for fleet in problem.fleets)])
    board.lift(range(problem.count))
    for n in map(int, np.flatnonzero(told >= 0)):
        board.put(n, int(np.flatnonzero(board.offers(n).menu.runs == told[n])[0]))
    sizes = np.concatenate([np.zeros(0), *(fleet.sizes() for fleet in problem.fleets)])
    for n in map(int, np.argsort(-sizes, kind="stable")):
        if told[n] < 0:
            board.settle(n)
    return _choice(problem, board.runs, KEPT)


def keeping(problem: Problem, choice: Choice) -> Choice:
    """A choice with what was told before wherever it still can be: at once, for any number; its bound and prices stay."""
    runs = tuple(np.where(told >= 0, told, some) if (told >= 0).any() else some
                 for told, some in zip((fleet.told() for fleet in problem.fleets), choice.runs, strict=True))
    return evolve(choice, runs=runs, objective=objective(problem, runs), made_by=KEPT)


def improved(problem: Problem, runs: Sequence[Runs], made_by: str, bound: float = -np.inf, go_on: GoOn = lambda: True,
             rounds: int = MOST_ROUNDS) -> Choice:
    """The same choice after every single move that helps, of all loads so many times; one that has met its bound is left alone."""
    return _choice(problem, Board(problem, [some.copy() for some in runs]).moved(bound, go_on, rounds), made_by)


def searched(problem: Problem, start: Choice, tries: int, used: Used = lambda: 0.0, seed: int = 0) -> Choice:
    """The best that tries of all kinds find from a choice; its bound and prices stay."""
    def go_on() -> bool:
        return used() < 1

    board, tries = Board(problem, [some.copy() for some in start.runs]), min(tries, ENOUGH * problem.count**3)
    best = paired([*annealed(board, tries, lambda: used() / BATHS, seed), board], tries, go_on)
    found = _choice(problem, best.moved(go_on=go_on), "local search")
    return evolve(min(start, found, key=lambda each: each.objective), bound=start.bound, prices=start.prices)


def _choice(problem: Problem, runs: Sequence[Runs], made_by: str) -> Choice:
    return Choice(tuple(runs), objective(problem, runs), None, made_by)


# -- moves of two ---------------------------------------------------------------------------------------------------------------


def paired(boards: Sequence[Board], tries: int, go_on: GoOn = lambda: True) -> Board:
    """The best of the boards after every move of two loads at once that helps, until none does or so many were tried in all."""
    for board in boards:
        if tries > 0:
            tries -= _pair(board, tries, go_on)
    return min(boards, key=Board.cost)


def _pair(board: Board, tries: int, go_on: GoOn) -> int:
    """How many pairs it tried to move."""
    pairs = list(itertools.combinations(board.loose, 2))
    dice, tried, cost = np.random.default_rng(2), 0, board.cost()
    while pairs and tried < tries and go_on():
        for n in dice.permutation(len(pairs))[:tries - tried]:
            board.move_both(*pairs[n])
            tried += 1
            if not tried % ASKS_EVERY and not go_on():
                break
        before, cost = cost, board.cost()
        if before - cost <= HELPS * max(1.0, abs(cost)):
            break
    return tried
