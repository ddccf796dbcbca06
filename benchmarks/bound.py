"""A bound on every plan, from prices alone: `python benchmarks/bound.py INSTANCE.json PRICES.json`. Nothing of elfe is in it.

For prices λ_t between 0 and 1, what territory and loads would pay each other is less than what any plan imports:

    bound = Σ_i min over the runs x of load i of Σ_t λ_t · x_t  +  Σ_t λ_t · balance_t

in W summed over slots; the instance's balance is what is imported without the loads. The runs are those of docs/model.md: of what
has a profile its starts; of a charge that modulates any powers that make its energy; of a heater and a battery any powers that keep
its state within its bounds, each a small linear programme for HiGHS; of a heater that is only switched, on or off in each slot, by
what the rest of the day costs from each temperature on (`_switched`).

`check` says whether a plan keeps them all, and what it imports.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

SLOTS = 96
SLOT_H = 0.25
NEARLY = 1e-4
"""W, Wh or °C that a plan may miss a bound by: rounding."""
ROUNDING = 1e-6
"""°C that a temperature which is kept exactly may seem to miss its bound by."""
FLOOR_W = 1e-3
"""What the rest of a day costs is told in such steps, rounded down: W summed over slots."""
Load = Mapping[str, Any]


def bound_of(instance: Mapping[str, Any], prices: Sequence[float]) -> float:
    """Of any kinds. Raises `ValueError` for prices that bound nothing."""
    if len(prices) != SLOTS or not all(0 <= each <= 1 for each in prices):
        raise ValueError("96 prices between 0 and 1 are needed")
    total = sum(price * here for price, here in zip(prices, instance["balance_w"], strict=True))
    programme = Programme()
    for each in instance["loads"]:
        if each["kind"] == "heating" and not each["modulating"]:
            total += _switched(each, prices)
        else:
            total += programme.cheapest(each, prices) if each["kind"] in STORES else _cheapest(each, prices)
    return total


def _cheapest(load: Load, prices: Sequence[float]) -> float:
    if load.get("mode") == "modulated":
        return _poured(load, prices)
    profile = load["profile_w"]
    return min(sum(watts * prices[start + n] for n, watts in enumerate(profile))
               for start in range(load["earliest"], load["latest_end"] - len(profile) + 1))


def _poured(load: Load, prices: Sequence[float]) -> float:
    """The cheapest slots first, each filled."""
    left, total = load["energy_wh"] / SLOT_H, 0.0
    for price in sorted(prices[load["earliest"]:load["latest_end"]]):
        taken = min(left, load["max_power_w"])
        total, left = total + price * taken, left - taken
    return total


# -- what stores --------------------------------------------------------------------------------------------------------------


def _heater(load: Load) -> tuple[float, list[float], list[tuple[float, float]], list[float], list[float], float]:
    """keep, drift, parts (W, units of state per W), least, most, state before."""
    keep = math.exp(-SLOT_H * 3600 / (load["r_k_per_w"] * load["c_j_per_k"]))
    return (keep, [(1 - keep) * each for each in load["t_ext_c"]], [(load["power_w"], (1 - keep) * load["r_k_per_w"])],
            list(load["t_min_c"]), list(load["t_max_c"]), load["t_init_c"])


def _battery(load: Load) -> tuple[float, list[float], list[tuple[float, float]], list[float], list[float], float]:
    least = [load["soc_min_wh"]] * (SLOTS - 1) + [max(load["soc_min_wh"], load["soc_end_min_wh"])]
    parts = [(load["max_charge_w"], SLOT_H * load["eta_charge"]), (-load["max_discharge_w"], SLOT_H / load["eta_discharge"])]
    return 1.0, [0.0] * SLOTS, parts, least, [load["capacity_wh"]] * SLOTS, load["soc_init_wh"]


STORES: Mapping[str, Callable[[Load], Any]] = {"heating": _heater, "battery": _battery}


def _switched(load: Load, prices: Sequence[float]) -> float:
    """What the day costs at least of a heater that is on or off.

    V_t(T), the least that all slots behind t cost where T is the temperature after it, falls in steps as T rises: it is `cost[k]`
    from `warm[k]` on, and infinite below the first. From the last slot back, off or on,

        V_{t−1}(T) = min( V_t(rests),  λ_t P + V_t(min(rests + gain P, max(rests, high_t))) )       rests = keep T + drift_t

    A heater that would overshoot stays at `high_t` and draws P all the same: real ones may not, so the bound is one of theirs.
    """
    keep, drift, parts, least, most, before = _heater(load)
    watts, gain = parts[0]
    warm, cost = np.array([-np.inf]), np.zeros(1)
    for t in range(SLOTS - 1, -1, -1):
        warm = np.maximum(warm, least[t] - ROUNDING)
        reached = warm <= most[t] + ROUNDING
        begins = np.concatenate([warm - drift[t], warm[reached] - drift[t] - gain * watts]) / keep
        costs = np.concatenate([cost, cost[reached] + prices[t] * watts])
        costs = np.floor(costs / FLOOR_W + ROUNDING) * FLOOR_W
        order = np.lexsort((costs, begins))
        begins, costs = begins[order], costs[order]
        cheaper = costs < np.minimum.accumulate(np.concatenate([[np.inf], costs[:-1]]))
        warm, cost = begins[cheaper], costs[cheaper]
    if before < warm[0] - ROUNDING:
        raise ValueError(f"load {load['id']} has no run at all")
    return float(cost[max(0, np.searchsorted(warm, before, side="right") - 1)])


class Programme:
    """One linear programme per kind, used again for each load: what a HiGHS model costs is its making."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def cheapest(self, load: Load, prices: Sequence[float]) -> float:
        """min Σ λ_t x_t: s_t = keep · s_{t−1} + drift_t + Σ_j gain_j · x_jt, least_t ≤ s_t ≤ most_t, x_j between 0 and its W."""
        import highspy

        keep, drift, parts, least, most, before = STORES[load["kind"]](load)
        model = highspy.HighsLp()
        columns = SLOTS * (1 + len(parts))
        model.num_col_, model.num_row_ = columns, SLOTS
        model.col_cost_ = [0.0] * SLOTS + [price for _ in parts for price in prices]
        model.col_lower_ = least + [min(0.0, watts) for watts, _ in parts for _ in range(SLOTS)]
        model.col_upper_ = most + [max(0.0, watts) for watts, _ in parts for _ in range(SLOTS)]
        known = [each + (keep * before if t == 0 else 0.0) for t, each in enumerate(drift)]
        model.row_lower_, model.row_upper_ = known, known
        start, index, value = [0], [], []
        for t in range(SLOTS):
            row = [(t, 1.0)] + ([(t - 1, -keep)] if t else []) + [(SLOTS * (1 + j) + t, -gain) for j, (_, gain) in enumerate(parts)]
            index += [each for each, _ in row]
            value += [each for _, each in row]
            start.append(len(index))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_, model.a_matrix_.value_ = start, index, value
        if "solver" not in self._made:
            solver = highspy.Highs()
            solver.setOptionValue("output_flag", False)
            solver.setOptionValue("threads", 1)
            self._made["solver"] = solver
        solver = self._made["solver"]
        solver.passModel(model)
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise ValueError(f"load {load['id']} has no run at all")
        found: float = solver.getInfo().objective_function_value
        return found


# -- a plan -------------------------------------------------------------------------------------------------------------------


def check(instance: Mapping[str, Any], powers: Sequence[Sequence[float]]) -> float:
    """What a plan imports, W summed over slots; `powers` are those of each load in each slot.

    Raises `ValueError` for a broken promise.
    """
    total: list[float] = list(instance["balance_w"])
    for load, row in zip(instance["loads"], powers, strict=True):
        problem = _broken(load, row)
        if problem:
            raise ValueError(f"load {load['id']}, {load['kind']}: {problem}")
        total = [before + here for before, here in zip(total, row, strict=True)]
    return sum(each for each in total if each > 0)


def _broken(load: Load, row: Sequence[float]) -> str:
    if load["kind"] in STORES:
        return _broken_state(load, row)
    if any(row[:load["earliest"]]) or any(row[load["latest_end"]:]):
        return "it draws outside its window"
    if load.get("mode") == "modulated":
        whole = abs(sum(row) * SLOT_H - load["energy_wh"]) <= NEARLY * load["energy_wh"]
        within = all(-NEARLY <= each <= load["max_power_w"] + NEARLY for each in row)
        return "" if whole and within else "its energy or a power is wrong"
    begin = next((t for t, each in enumerate(row) if each), SLOTS)
    profile = load["profile_w"]
    runs = list(row[begin:begin + len(profile)])
    same = len(runs) == len(profile) and all(abs(a - b) <= NEARLY for a, b in zip(runs, profile, strict=True))
    return "" if same and not any(row[begin + len(profile):]) else "it does not run once, whole"


def _broken_state(load: Load, row: Sequence[float]) -> str:
    keep, drift, parts, least, most, state = STORES[load["kind"]](load)
    for t, watts in enumerate(row):
        wide = next((gain for power, gain in parts if (power > 0) == (watts > 0)), parts[0][1])
        if not min(0.0, *(power for power, _ in parts)) - NEARLY <= watts <= max(power for power, _ in parts) + NEARLY:
            return f"{watts:.1f} W in slot {t}"
        if load["kind"] == "heating" and not load["modulating"] and min(abs(watts), abs(watts - parts[0][0])) > NEARLY:
            return f"{watts:.1f} W in slot {t}, and it is only switched"
        state = keep * state + drift[t] + wide * watts
        if not least[t] - NEARLY <= state <= most[t] + NEARLY:
            return f"its state is {state:.4f} after slot {t}, not within {least[t]:.4f} and {most[t]:.4f}"
    return ""


if __name__ == "__main__":
    given, published = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
    sys.stdout.write(f"{bound_of(given, published):.3f}\n")
