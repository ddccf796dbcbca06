"""A good choice without a solver. Pure, and the same on every machine: bounded by tries, its dice are loaded.

    greedy      the largest loads first, each where it costs least, then single moves until none helps
    searched    from there: a few loads lifted, put back in another order, kept when that is not worse
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random

from attrs import define

from elfe.ems.loads import Alternative
from elfe.ems.model import EARLIER, Choice, Placing, add, balance_with, objective

MOST_ROUNDS = 50
TRIES_PER_LOAD, MOST_TRIES = 20, 200
LIFTED = (2, 4)
"""How many loads a try lifts."""
NEIGHBOURS = 6
"""How many others may move after it."""
NOWHERE = -1


def greedy(problem: Placing) -> Choice:
    """The largest loads first, each where it costs least; then every load in turn, until none wants to move."""
    board = _Board([each for _, each in problem.loads], list(problem.balance_w), [NOWHERE] * len(problem.loads))
    board.settle(sorted(range(len(problem.loads)), key=lambda i: -sum(board.loads[i][0].power_w)))
    return improved(problem, board.picks, "greedy")


def improved(problem: Placing, picks: Sequence[int], made_by: str) -> Choice:
    """The same choice after every single move that helps."""
    board = _Board.of(problem, picks)
    for _ in range(MOST_ROUNDS):
        before = list(board.picks)
        board.move(range(len(board.loads)))
        if board.picks == before:
            break
    return Choice(tuple(board.picks), objective(problem, board.picks), None, made_by)


def searched(problem: Placing) -> Choice:
    """The greedy choice after some hundred tries to do better."""
    best = greedy(problem)
    count, dice = len(problem.loads), Random(0)
    board = _Board.of(problem, best.picks)
    for _ in range(min(MOST_TRIES, TRIES_PER_LOAD * count) if count > 1 else 0):
        tried = board.copy()
        lifted = dice.sample(range(count), min(count, dice.randint(*LIFTED)))
        tried.lift(lifted)
        tried.settle(lifted)
        tried.move(dice.sample(range(count), min(count, NEIGHBOURS)))
        if tried.cost() <= board.cost():
            board = tried
    return min(best, improved(problem, board.picks, "local search"), key=lambda each: each.objective)


@define
class _Board:
    """Where every load stands, and the balance that is left."""

    loads: list[tuple[Alternative, ...]]
    balance: list[float]
    picks: list[int]

    @classmethod
    def of(cls, problem: Placing, picks: Sequence[int]) -> _Board:
        return cls([each for _, each in problem.loads], balance_with(problem, picks), list(picks))

    def copy(self) -> _Board:
        return _Board(self.loads, list(self.balance), list(self.picks))

    def cost(self) -> float:
        """The objective of the model."""
        waiting = sum(EARLIER * alternatives[k].start for alternatives, k in zip(self.loads, self.picks, strict=True))
        return waiting - sum(b for b in self.balance if b < 0)

    def lift(self, which: Iterable[int]) -> None:
        """Take loads away."""
        for i in which:
            add(self.balance, self.loads[i][self.picks[i]], +1)
            self.picks[i] = NOWHERE

    def settle(self, which: Iterable[int]) -> None:
        """Put loads down one after the other, each where it costs least; the first among equals."""
        for i in which:
            costs = [self._cost(each) for each in self.loads[i]]
            self.picks[i] = costs.index(min(costs))
            add(self.balance, self.loads[i][self.picks[i]], -1)

    def move(self, which: Iterable[int]) -> None:
        """Lift and settle one load after the other."""
        for i in which:
            self.lift((i,))
            self.settle((i,))

    def _cost(self, each: Alternative) -> float:
        """What an alternative adds to the import, W summed over slots, and its waiting."""
        added = EARLIER * each.start
        for balance, w in zip(self.balance[each.start:], each.power_w, strict=False):
            if w > balance:
                added += w - balance if balance > 0 else w
        return added
