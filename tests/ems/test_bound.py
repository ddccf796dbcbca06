"""What prices prove is the same for those who share no code.

`benchmarks/bound.py` knows the kinds of loads of the bench, `benchmarks/proved.py` any model as it was written.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from benchmarks.bound import SLOTS, bound_of
from benchmarks.proved import proved_wh
from elfe.ems import model
from elfe.ems.decompose import bound
from elfe.ems.loads.base import Floats
from elfe.ems.loads.fills import Fills
from elfe.ems.loads.stores import Stores
from elfe.ems.model import Problem
from elfe.slots import HORIZON
from tests.ems.made import a_problem

WATTS, RESISTANCE, SLOT_S = 1500.0, 0.01, 900


def a_room(tau_h: float, begins: float) -> dict[str, object]:
    """A heater that is only switched, as the bench says it: comfort from 8:00 to 20:00."""
    low = [19.0 if 32 <= t < 80 else 16.5 for t in range(SLOTS)]
    return {"id": 0, "kind": "heating", "modulating": False, "power_w": WATTS, "r_k_per_w": RESISTANCE,
            "c_j_per_k": tau_h * 3600 / RESISTANCE, "t_init_c": begins, "t_ext_c": [7.0] * SLOTS, "t_min_c": low,
            "t_max_c": [21.5] * SLOTS}


def as_planned(room: dict[str, object]) -> Stores:
    """The same in the planner's own form; what is wanted at 8:00 is heated for in time."""
    keep = float(np.exp(-SLOT_S / (float(room["c_j_per_k"]) * RESISTANCE)))          # type: ignore[arg-type]
    low, drift, gain = np.array([room["t_min_c"]], float), (1 - keep) * 7.0, (1 - keep) * RESISTANCE
    for t in range(HORIZON - 1, 0, -1):
        low[:, t - 1] = np.maximum(low[:, t - 1], (low[:, t] - drift - gain * WATTS) / keep)
    one = np.ones(1)
    return Stores(one * float(room["t_init_c"]), one * keep, np.full((1, HORIZON), drift), one * 0, one[None] * WATTS,    # type: ignore[arg-type]
                  one[None] * gain, low, np.full((1, HORIZON), 21.5), np.ones(1, bool), one * 0)


@pytest.mark.parametrize(("tau_h", "begins"), [(20, 18.5), (35, 19.2), (50, 20.0)])
def test_a_switched_heater_is_bounded_alike_from_either_end_of_the_day(tau_h: float, begins: float) -> None:
    """The planner follows its states from the first slot on, the checker what they cost from the last one back."""
    room = a_room(tau_h, begins)
    prices = np.random.default_rng(int(tau_h)).choice([0.0, 0.25, 0.5, 0.9, 1.0], HORIZON)
    problem = Problem(np.full(HORIZON, -100.0), (as_planned(room),))
    independent = bound_of({"balance_w": [100.0] * SLOTS, "loads": [room]}, list(prices))
    assert independent == pytest.approx(bound(problem, tuple(prices)), abs=0.01)


def test_no_switching_of_a_heater_costs_less_than_its_bound() -> None:
    """Every way to switch it in the last eight slots, after a day at the least that is wanted."""
    room = a_room(20, 19.0)
    prices = np.random.default_rng(1).uniform(0, 1, HORIZON)
    fleet = as_planned(room)
    told: Floats = fleet.soonest()[0]
    costs = []
    for last in itertools.product((0.0, WATTS), repeat=8):
        run = np.concatenate([told[:-8], last])
        if (fleet.states(run[None]) >= fleet.low - 1e-9).all():
            costs.append(float(prices @ run))
    assert costs
    assert bound_of({"balance_w": [0.0] * SLOTS, "loads": [room]}, list(prices)) <= min(costs)


@pytest.mark.parametrize("file", ["run.lp", "run.mps"])
def test_what_the_prices_prove_is_read_from_the_written_model_alone(tmp_path: Path, file: str) -> None:
    shifts = a_problem(count=6, starts=30, seed=2)
    charge = Fills(np.array([3000.0]), np.ones((1, HORIZON), bool), np.array([20_000.0]), np.zeros(1, bool), np.zeros(1))
    problem = Problem(shifts.balance, (*shifts.fleets, charge, as_planned(a_room(20, 19.5))))
    built, prices = model.build(problem).model, np.where(shifts.balance < 0, 1.0, 0.25)
    (built.writeMPS if file.endswith("mps") else built.writeLP)(str(tmp_path / file))
    found = proved_wh(tmp_path / file, list(prices))
    claimed = bound(problem, tuple(prices), own=False) / 4
    assert claimed - 0.01 <= found <= claimed + 0.002 * abs(claimed), "a real heater may not overshoot: a little more is proved"
