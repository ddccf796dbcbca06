"""A good choice without a solver: one load after the other, then again while anything improves. Pure."""

from __future__ import annotations

from elfe.ems.loads import Alternative
from elfe.ems.model import EARLIER, Choice, Placing, add, objective

MOST_ROUNDS = 50


def greedy(problem: Placing) -> Choice:
    """The largest loads first, each where it costs least; then every load in turn, until none wants to move."""
    order = sorted(range(len(problem.loads)), key=lambda i: -_energy(problem.loads[i][1]))
    balance = list(problem.balance_w)
    picks = [-1] * len(problem.loads)
    for i in order:
        picks[i] = _settle(balance, problem.loads[i][1])
    return improved(problem, picks, "greedy")


def improved(problem: Placing, picks: list[int], made_by: str) -> Choice:
    """The same choice after every single move that helps."""
    balance = list(problem.balance_w)
    for (_, alternatives), k in zip(problem.loads, picks, strict=True):
        add(balance, alternatives[k], -1)
    for _ in range(MOST_ROUNDS):
        before = list(picks)
        for i, (_, alternatives) in enumerate(problem.loads):
            add(balance, alternatives[picks[i]], +1)
            picks[i] = _settle(balance, alternatives, picks[i])
        if picks == before:
            break
    return Choice(tuple(picks), objective(problem, picks), None, made_by)


def _settle(balance: list[float], alternatives: tuple[Alternative, ...], current: int | None = None) -> int:
    """Choose the alternative that costs least against this balance, and draw it. Ties stay where they are."""
    costs = [_cost(balance, each) for each in alternatives]
    best = min(range(len(costs)), key=lambda k: costs[k])
    if current is not None and costs[current] <= costs[best] + 1e-9:
        best = current
    add(balance, alternatives[best], -1)
    return best


def _cost(balance: list[float], each: Alternative) -> float:
    """What it adds to the import, W summed over slots, and its waiting."""
    added = 0.0
    for offset, w in enumerate(each.power_w):
        t = each.start + offset
        if t < len(balance):
            added += max(0.0, w - max(0.0, balance[t]))
    return added + EARLIER * each.start


def _energy(alternatives: tuple[Alternative, ...]) -> float:
    return sum(alternatives[0].power_w)
