"""A day of plans, one every quarter, while the forecast keeps changing: which starts move, and by how much."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
from attrs import evolve, frozen

from elfe.ems.cycles import Cycle
from elfe.ems.fairness import evened
from elfe.ems.loads import CycleLoad
from elfe.ems.loads.base import Floats, Wishes
from elfe.ems.model import Choice, Problem, placing
from elfe.slots import HORIZON, slot_start
from tests.ems.made import FIRST, a_machine, an_appliance, slots

QUARTERS = 40
MACHINES = 16


@frozen
class Moves:
    """What became of the starts that were told, from plan to plan."""

    told: int              # that a later plan could still keep
    moved: int
    slots: tuple[int, ...]       # by how many each moved
    imported: float        # W summed over slots, of what was carried out

    @property
    def a_start(self) -> float:
        """How often a start moves before it comes."""
        return self.moved / MACHINES


def expected(seed: int) -> Iterator[Floats]:
    """From quarter to quarter, what is expected of the next 96: a day with sun, and a forecast that errs and mends itself."""
    dice = np.random.default_rng(seed)
    t = np.arange(2 * HORIZON)
    true = 9000 * np.clip(np.sin(2 * np.pi * (t - 12) / HORIZON), 0, None) - 2500 + np.cumsum(dice.normal(0, 60, len(t)))
    level = shape = 0.0
    for now in range(QUARTERS):
        level, shape = 0.9 * level + dice.normal(0, 250), 0.9 * shape + dice.normal(0, 0.05)
        ahead = np.arange(HORIZON)
        yield true[now:now + HORIZON] * (1 + shape) + level * np.exp(-ahead / 12) + dice.normal(0, 150, HORIZON)


def lived(seed: int, solve: Callable[[Problem], Choice], faith: float) -> Moves:
    """Machines are lent one after the other; each plan is told, what begins now is started, the rest is planned again."""
    dice = np.random.default_rng([seed, 1])
    lent = sorted(int(each) for each in dice.integers(0, 20, MACHINES))
    cycles = [tuple(float(each) for each in dice.uniform(200, 2200, int(dice.integers(3, 9)))) for _ in range(MACHINES)]
    plans: list[dict[int, int]] = []
    begun: dict[int, int] = {}
    drawn = np.zeros(3 * HORIZON)
    balances = list(expected(seed))
    for now, balance in enumerate(balances):
        waiting = [n for n in range(MACHINES) if lent[n] <= now and n not in begun]
        told = plans[-1] if plans else {}
        loads = [CycleLoad(evolve(a_machine(n, slot_start(FIRST) + slots(70)), appliance=an_appliance(n)), Cycle(cycles[n], "made"),
                           FIRST + now, 0, Wishes(promised=told.get(n, now - 1) - now, faith=faith)) for n in waiting]
        plan: dict[int, int] = {}
        if loads:
            made = placing(balance - drawn[now:now + HORIZON], loads)
            choice = evened(made.problem, solve(made.problem), np.ones(len(loads)))
            plan = {n: now + int(made.run_of(choice, k)) for k, n in enumerate(waiting)}
        plans.append(plan)
        for n in [n for n, start in plan.items() if start == now]:
            begun[n] = now
            drawn[now:now + len(cycles[n])] += cycles[n]
    pairs = [(before[n], after[n]) for before, after in pairwise(plans) for n in before.keys() & after.keys()]
    moved = [abs(after - before) for before, after in pairs if after != before]
    true = np.concatenate([[each[0] for each in balances], balances[-1][1:]])
    return Moves(len(pairs), len(moved), tuple(moved), float(np.maximum(0, drawn[:len(true)] - true).sum()))

