"""The placement problem as mathematics. Reads and writes values; PuLP is the modelling front.

Sets        t ∈ T = 0..95           slots of the horizon
            i ∈ I                   loads
            k ∈ K_i                 alternatives of load i (starts)
Data        b_t   [W]               the forecast balance without the loads, production − consumption
            w_ikt [W]               what load i draws in slot t under alternative k
            ε     [W per slot]      the price of waiting one slot, see EARLIER
Variables   x_ik ∈ {0, 1}           load i runs by alternative k
            m_t ≥ 0  [W]            what the territory imports in slot t

minimise    Σ_t m_t + ε · Σ_i Σ_k start_ik · x_ik

subject to  once_i:     Σ_k x_ik = 1                                    ∀ i
            import_t:   m_t − Σ_i Σ_k w_ikt · x_ik ≥ −b_t               ∀ t

The energy imported is Σ_t m_t · ¼ h.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulp
from attrs import frozen

from elfe.ems.loads import Alternative, Load
from elfe.slots import HORIZON, SLOT_S

EARLIER = 0.01
"""W per slot of waiting: over a whole day less than one watt-slot per load, so it decides only between equals."""


@frozen
class Placing:
    """What is to be placed, and against which balance."""

    balance_w: tuple[float, ...]
    loads: tuple[tuple[int, tuple[Alternative, ...]], ...]     # appliance, its alternatives


@frozen
class Choice:
    """Which alternative each load was given, and how good that is."""

    picks: tuple[int, ...]             # index into the load's alternatives
    objective: float
    bound: float | None                # no choice is below; None where nobody proved it
    made_by: str


def placing(balance_w: Sequence[float], loads: Sequence[Load]) -> Placing:
    """The problem as plain values, to be sent to the solver's process."""
    return Placing(tuple(balance_w), tuple((load.appliance.id, load.alternatives) for load in loads))


def build(problem: Placing) -> tuple[pulp.LpProblem, list[list[pulp.LpVariable]], list[pulp.LpVariable]]:
    """The model above, constraint by constraint, with its variables x and m."""
    model = pulp.LpProblem("placement", pulp.LpMinimize)
    x = [[pulp.LpVariable(f"x_{i}_{k}", cat=pulp.LpBinary) for k in range(len(K_i))]
         for i, (_, K_i) in enumerate(problem.loads)]
    m = [pulp.LpVariable(f"m_{t}", lowBound=0) for t in range(HORIZON)]

    waiting = [(x[i][k], EARLIER * each.start) for i, (_, K_i) in enumerate(problem.loads)
               for k, each in enumerate(K_i)]
    model.setObjective(pulp.LpAffineExpression([(m_t, 1.0) for m_t in m] + waiting))

    for i, x_i in enumerate(x):
        model.addConstraint(pulp.LpAffineExpression([(x_ik, 1) for x_ik in x_i]) == 1, f"once_{i}")

    drawn: list[list[tuple[pulp.LpVariable, float]]] = [[(m[t], 1.0)] for t in range(HORIZON)]
    for i, (_, K_i) in enumerate(problem.loads):
        for k, each in enumerate(K_i):
            for offset, w in enumerate(each.power_w):
                if w and each.start + offset < HORIZON:
                    drawn[each.start + offset].append((x[i][k], -w))
    for t in range(HORIZON):
        model.addConstraint(pulp.LpAffineExpression(drawn[t]) >= -problem.balance_w[t], f"import_{t}")
    return model, x, m


def objective(problem: Placing, picks: Sequence[int]) -> float:
    """The objective of a choice, evaluated without the model."""
    waiting = sum(EARLIER * alternatives[k].start for (_, alternatives), k in zip(problem.loads, picks, strict=True))
    return waiting + sum(max(0.0, -b) for b in balance_with(problem, picks))


def balance_with(problem: Placing, picks: Sequence[int]) -> list[float]:
    """The balance once the chosen loads draw, W per slot."""
    balance = list(problem.balance_w)
    for (_, alternatives), k in zip(problem.loads, picks, strict=True):
        add(balance, alternatives[k], -1)
    return balance


def add(balance: list[float], each: Alternative, sign: int) -> None:
    """Add or take what an alternative draws, in place."""
    for offset, w in enumerate(each.power_w):
        if each.start + offset < len(balance):
            balance[each.start + offset] += sign * w


def longest_waiting(problem: Placing) -> float:
    """The most that the term of waiting can be: what to take off a bound on the objective to bound the import alone."""
    return sum(EARLIER * max(each.start for each in alternatives) for _, alternatives in problem.loads)


def imported_wh(balance_w: Sequence[float]) -> float:
    """The energy that a territory of this balance imports, Wh."""
    return sum(max(0.0, -b) for b in balance_w) * SLOT_S / 3600
