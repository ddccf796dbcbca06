"""What rounding has broken is mended, and homes keep below their limits: choices of any size, a little at a time. Pure.

    mended          the single moves that help: of all loads, of some thousand, or of all loads of homes that are beyond their limit
    stored_again    what stores in such homes answers anew, with the room that its home has
    part_of         the problem of some loads alone, all the others staying where they are
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from attrs import evolve

from elfe.ems import search
from elfe.ems.board import HELPS, MOST_ROUNDS, GoOn
from elfe.ems.loads.base import OVERLOAD, Bools, Fleet, Floats, Ints, Runs
from elfe.ems.loads.stores import PRICE_DIGITS, Stores
from elfe.ems.model import Homes, Problem, beyond, left_of, objective, overload, powers_of
from elfe.slots import HORIZON

MENDING = 10_000         # loads that move to mend the rounding of all; a party of those of homes beyond their limits
MOST_TURNS = 3           # of all loads of homes beyond their limits
SLOW = 1500              # loads of which those that store move as well
AT_ONCE = 4096           # loads that are asked at once


def mended(problem: Problem, runs: list[Runs], bound: float, go_on: GoOn) -> list[Runs]:
    """The same after the single moves that help, of all loads or of some: those of many that store move too slowly.

    What is beyond a home's limit weighs as it does for a load alone; the loads of all such homes move in their turn.
    """
    if problem.count <= SLOW:
        return list(search.improved(problem, runs, "", bound, go_on).runs)
    cost = _weighed(problem, runs)
    for _ in range(MOST_TURNS):
        parties, before = _parties(problem, runs), cost
        for party in parties:
            if go_on():
                moved = _moved(problem, runs, party, len(parties) == 1, go_on)
                runs, cost = min((runs, cost), (moved, _weighed(problem, moved)), key=itemgetter(1))
        if len(parties) == 1 or before - cost <= HELPS * cost:
            break
    return runs


def stored_again(problem: Problem, runs: list[Runs], prices: Floats, go_on: GoOn) -> list[Runs]:
    """What stores in homes that are beyond their limit answers anew with the room that is left to it: one of each home at once."""
    if problem.homes is None or problem.count <= SLOW:
        return runs
    homes, again = problem.homes, [each.copy() for each in runs]
    powers = powers_of(problem, runs)
    room = _homes_around(problem, runs, np.zeros(0, np.int64)).limit_w
    which = np.flatnonzero(_stores(problem) & beyond(problem, runs))
    begins, turn = np.cumsum([0, *(fleet.count for fleet in problem.fleets)]), _turns(homes.of[which])
    price = (prices + problem.costs.drawn).round(PRICE_DIGITS)
    asked = ((f, begin, now) for n in range(turn.max(initial=-1) + 1) for f, (begin, end) in enumerate(itertools.pairwise(begins))
             for now in _some_at_once(which[(turn == n) & (which >= begin) & (which < end)]))
    for f, begin, now in asked:
        fleet: Fleet = problem.fleets[f].some(now - begin)
        if not go_on():
            break
        assert isinstance(fleet, Stores), "only they are asked"
        again[f][now - begin] = fleet.fitted(price, room[homes.of[now]] + powers[now])
        room[homes.of[now]] += powers[now] - again[f][now - begin]
    return min(runs, again, key=lambda each: _weighed(problem, each))


def _weighed(problem: Problem, runs: Sequence[Runs]) -> float:
    return objective(problem, runs) + OVERLOAD * overload(problem, runs)


def _parties(problem: Problem, runs: Sequence[Runs]) -> list[Ints]:
    """Who moves, party after party: the loads of homes that are beyond their limit, home by home, or else some thousand."""
    dice, over = np.random.default_rng(4), beyond(problem, runs)
    turns = dice.permutation(np.flatnonzero(~_stores(problem)))
    homes = np.where(over, -1 if problem.homes is None else problem.homes.of, -1)
    turns = turns[np.lexsort((homes[turns], ~over[turns]))][:max(MENDING, int(over[turns].sum()))]
    return [np.sort(turns[begin:begin + MENDING]) for begin in range(0, len(turns), MENDING)]


def _stores(problem: Problem) -> Bools:
    """Of each load, whether it stores."""
    return np.concatenate([np.full(fleet.count, isinstance(fleet, Stores)) for fleet in problem.fleets])


def _moved(problem: Problem, runs: Sequence[Runs], chosen: Ints, again: bool, go_on: GoOn) -> list[Runs]:
    """The same after every single move of these loads that helps, `again` until none does; all others stay where they are."""
    begins = np.cumsum([0, *(fleet.count for fleet in problem.fleets)])
    which = [chosen[(chosen >= begin) & (chosen < end)] - begin for begin, end in itertools.pairwise(begins)]
    some = [mine[each] for mine, each in zip(runs, which, strict=True)]
    part = part_of(problem, [fleet.some(each) for fleet, each in zip(problem.fleets, which, strict=True)], some, runs)
    if problem.homes is not None:
        part = evolve(part, homes=_homes_around(problem, runs, chosen))
    moved = [each.copy() for each in runs]
    found = search.improved(part, some, "", go_on=go_on, rounds=MOST_ROUNDS if again else 1)
    for all_of, each, now in zip(moved, which, found.runs, strict=True):
        all_of[each] = now
    return moved


def _some_at_once(loads: Ints) -> list[Ints]:
    return [loads[begin:begin + AT_ONCE] for begin in range(0, len(loads), AT_ONCE)]


def _turns(homes: Ints) -> Ints:
    """The how manieth of its home each is."""
    order = homes.argsort(kind="stable")
    turns = np.empty(len(homes), np.int64)
    turns[order] = np.arange(len(homes)) - np.searchsorted(homes[order], homes[order])
    return turns


def part_of(problem: Problem, fleets: Sequence[Fleet], some: Sequence[Runs], runs: Sequence[Runs]) -> Problem:
    """The problem of these loads alone, all the others staying as in `runs`."""
    theirs = problem.balance - left_of(Problem(problem.balance, tuple(fleets)), some)
    return Problem(left_of(problem, runs) + theirs, tuple(fleets), problem.costs)


def _homes_around(problem: Problem, runs: Sequence[Runs], chosen: Ints) -> Homes:
    """What these loads may draw in their homes: less by what the others of the home draw."""
    assert problem.homes is not None
    others = np.ones(problem.count, bool)
    others[chosen] = False
    limited = others & (problem.homes.of >= 0)
    drawn = np.zeros((len(problem.homes.limit_w), HORIZON))
    np.add.at(drawn, problem.homes.of[limited], powers_of(problem, runs)[limited])
    return Homes(problem.homes.of[chosen], problem.homes.limit_w - drawn)
