"""Copies of a choice that cool down together (heat bath). Pure, and the same on every machine: its dice are loaded.

A load is lifted from all copies and put back where its run is drawn with the odds exp(−cost / temperature), the temperature
falling. First load after load, from hot; then two at once, anywhere among the cheapest alternatives of each, which gets out of what
single loads are stuck in. Now and then the copies that cost most give way to those that cost least (population annealing, Hukushima
and Iba 2003), so that the work goes where it is worth most.

The work is counted in moves. Where something else bounds the time, `used` says what share of it is used: who is late cools faster,
for a bath that is cut off warm has found nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from elfe.ems.board import ASKS_EVERY, Board
from elfe.ems.loads.base import Floats, Ints
from elfe.slots import HORIZON

Used = Callable[[], float]
COPIES = 16
DICE = 1 << 18
COLD_W, WARM_W, HOT_W = 3.0, 30.0, 1000.0
HOTTER_W = 5.0
"""Temperatures, W summed over slots: a move that costs as much is taken now and then. A bath ends cold, and begins the hotter the
more sweeps it has to cool down in."""
SINGLY = 0.1             # of the moves: single loads in the beginning
BOTH_HOT_W, BOTH_COLD_W = 200.0, 10.0      # of two at once; single moves do the last of the cooling
CHEAPEST = 8             # alternatives of each of two loads: all pairs of them are compared
GIVES_WAY, GIVES_WAY_EVERY = COPIES // 4, 300      # copies, moves


def annealed(board: Board, moves: int, used: Used = lambda: 0.0, seed: int = 0) -> list[Board]:
    """The copies of a board after so many moves, each in all of them, the best first; only the loose loads move."""
    bath = _Bath(board, seed)
    if bath.loads:
        bath.cool_singly(int(SINGLY * moves), used)
    if len(bath.loads) > 1:
        bath.cool_by_twos(moves, used)
    return bath.boards()


class _Bath:
    """The copies: what each has left of the balance, and which alternative of each load it holds."""

    def __init__(self, board: Board, seed: int) -> None:
        self._board, self.loads = board, board.loose
        self._offers = [board.offers(n) for n in self.loads]
        places = [board.places[n] for n in self.loads]
        picks = [int(np.flatnonzero(offers.menu.runs == board.runs[f][k])[0])
                 for (f, k), offers in zip(places, self._offers, strict=True)]
        self._picks = np.repeat(np.array(picks, np.int64)[:, None], COPIES, axis=1)      # loads × copies
        self._left = np.repeat(board.left[:, None], COPIES, axis=1)                      # 97 slots × copies
        self._dice = np.random.default_rng(seed)
        self._noise = self._dice.gumbel(size=DICE)

    def cool_singly(self, moves: int, used: Used) -> None:
        """Every load is lifted and put back, once in a sweep."""
        sweeps = moves // len(self.loads)
        for temperature in np.geomspace(min(HOT_W, max(WARM_W, HOTTER_W * sweeps)), COLD_W, sweeps):
            if used() >= SINGLY:
                break
            for i in self._dice.permutation(len(self.loads)):
                self._move(int(i), float(temperature))

    def cool_by_twos(self, moves: int, used: Used) -> None:
        """Any two loads are lifted and put back, again and again."""
        began, late, count = used(), 0.0, len(self.loads)
        firsts = self._dice.integers(count, size=moves)
        seconds = (firsts + self._dice.integers(1, count, size=moves)) % count
        for n, (i, j) in enumerate(zip(firsts.tolist(), seconds.tolist(), strict=True)):
            if not n % ASKS_EVERY:
                now = used()
                if now >= 1:
                    break
                late = (now - began) / (1 - began)
            if n and not n % GIVES_WAY_EVERY:
                self._give_way()
            done = max(n / moves, late)
            self._move_both(i, j, BOTH_HOT_W * (BOTH_COLD_W / BOTH_HOT_W) ** done)

    def boards(self) -> list[Board]:
        """The copies, the best first, those that are alike once."""
        return sorted((self._copy(picks) for picks in np.unique(self._picks, axis=1).T), key=Board.cost)

    def _copy(self, picks: Ints) -> Board:
        board = self._board.copy()
        board.lift(self.loads)
        for n, pick in zip(self.loads, picks, strict=True):
            board.put(n, int(pick))
        return board

    def _move(self, i: int, temperature: float) -> None:
        offers = self._offers[i]
        self._left += offers.columns[:, self._picks[i]]
        self._picks[i] = self._drawn(offers.added(self._left), temperature)
        self._left -= offers.columns[:, self._picks[i]]

    def _move_both(self, i: int, j: int, temperature: float) -> None:
        one, other, copies = self._offers[i], self._offers[j], np.arange(COPIES)
        self._left += one.columns[:, self._picks[i]] + other.columns[:, self._picks[j]]
        firsts, added = _cheapest(one.added(self._left))
        seconds, _ = _cheapest(other.added(self._left))
        both = other.added_after(seconds, self._left, one.columns, firsts.T) + added.T
        picks = self._drawn(both.transpose(0, 2, 1).reshape(-1, COPIES), temperature)
        second, first = np.divmod(picks, len(firsts))
        self._picks[i], self._picks[j] = firsts[first, copies], seconds[second, copies]
        self._left -= one.columns[:, self._picks[i]] + other.columns[:, self._picks[j]]

    def _drawn(self, added: Floats, temperature: float) -> Ints:
        """A row for each copy, with the odds of the heat bath: where cost less temperature times Gumbel noise is least."""
        at = int(self._dice.integers(DICE - added.size))
        drawn: Ints = (added - temperature * self._noise[at:at + added.size].reshape(added.shape)).argmin(axis=0)
        return drawn

    def _give_way(self) -> None:
        """The copies that cost most become like those that cost least."""
        costs = self._board.costs
        cost = [costs.of(left[:HORIZON], self._board.problem.balance) for left in self._left.T]
        owns = sum(offers.menu.own[picks] for offers, picks in zip(self._offers, self._picks, strict=True))
        order = (cost + owns).argsort(kind="stable")
        least, most = order[:GIVES_WAY], order[-GIVES_WAY:]
        self._picks[:, most], self._left[:, most] = self._picks[:, least], self._left[:, least]


def _cheapest(added: Floats) -> tuple[Ints, Floats]:
    """The alternatives that add least in each copy, and what they add, both alternatives × copies."""
    if len(added) <= CHEAPEST:
        return np.repeat(np.arange(len(added))[:, None], COPIES, axis=1), added
    which = np.argpartition(added, CHEAPEST - 1, axis=0)[:CHEAPEST]
    return which, added[which, np.arange(COPIES)]
