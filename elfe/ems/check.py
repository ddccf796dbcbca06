"""Does a plan keep its promises? Asked of every plan, whoever made it; shares nothing with the model that made it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from elfe.ems.loads import CycleLoad, Load, TankLoad
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.slots import HORIZON, SLOT_S, slot_start

NOISE_W = NOISE_WH = 1.0
QUARTER_H = SLOT_S / 3600


def check(plan: Plan, loads: Sequence[Load], balance_w: Sequence[float]) -> None:
    """Raise a `PlanError` that names the load whose promise is broken."""
    placed = {each.appliance_id: each for each in plan.placements}
    if len(placed) != len(plan.placements) or set(placed) != {load.appliance.id for load in loads}:
        raise PlanError("the plan does not place each load once")
    if len(plan.balance_w) != HORIZON:
        raise PlanError(f"the plan covers {len(plan.balance_w)} slots instead of {HORIZON}")
    for load in loads:
        problem = _problem(load, placed[load.appliance.id], plan.first_slot)
        if problem:
            raise PlanError(f"appliance {load.appliance.id}: {problem}")
    claimed, true = plan.imported_wh, _imported_wh(balance_w, plan.placements)
    if not abs(claimed - true) <= NOISE_WH + 1e-6 * abs(true):
        raise PlanError(f"the plan claims an import of {claimed:.0f} Wh and causes {true:.0f} Wh")
    if plan.bound_wh is not None and plan.bound_wh > true + NOISE_WH + 1e-4 * abs(true):
        raise PlanError(f"the bound of {plan.bound_wh:.0f} Wh is above the plan's own {true:.0f} Wh")


def _problem(load: Load, placement: Placement, first_slot: int) -> str:
    if len(placement.decisions) != HORIZON or len(placement.power_w) != HORIZON:
        return f"its row has {len(placement.decisions)} slots"
    if any(each not in (0, 1) for each in placement.decisions):
        return "a decision that is neither 0 nor 1"
    if isinstance(load, CycleLoad):
        return _cycle_problem(load, placement, first_slot)
    if isinstance(load, TankLoad):
        return _tank_problem(load, placement)
    return f"nobody checks a {type(load).__name__}"


def _cycle_problem(load: CycleLoad, placement: Placement, first_slot: int) -> str:
    if sum(placement.decisions) != 1:
        return f"started {sum(placement.decisions)} times"
    start = placement.decisions.index(1)
    expected = [0.0] * start + list(load.cycle.power_w) + [0.0] * HORIZON
    if any(abs(here - there) > NOISE_W for here, there in zip(expected, placement.power_w, strict=False)):
        return "its powers are not those of its cycle"
    end = slot_start(first_slot + start + load.length)
    late = max(timedelta(), end - load.machine.deadline) if load.machine.deadline else timedelta()
    if late and start > 0:
        return f"ends {late} behind its deadline, and did not start at once"
    if late != placement.late_by:
        return f"is {late} late and says {placement.late_by}"
    if placement.ends_at != end:
        return f"ends at {end} and says {placement.ends_at}"
    return ""


def _tank_problem(load: TankLoad, placement: Placement) -> str:
    needs = min(load.need_wh, load.needed * load.heater.power_w * QUARTER_H)
    draws = sum(placement.power_w) * QUARTER_H
    if abs(draws - needs) > NOISE_WH:
        return f"draws {draws:.0f} of the {needs:.0f} Wh that it needs"
    for i, (may_heat, power) in enumerate(zip(placement.decisions, placement.power_w, strict=True)):
        if not 0 <= power <= load.heater.power_w + NOISE_W or (power and not may_heat):
            return f"draws {power:.0f} W in slot {i}, which it cannot or may not"
        if may_heat and i not in load.allowed and not load.overruns:
            return f"heats in slot {i}, outside its off-peak windows"
    return ""


def _imported_wh(balance_w: Sequence[float], placements: Sequence[Placement]) -> float:
    return QUARTER_H * sum(max(0.0, sum(each.power_w[t] for each in placements) - balance)
                           for t, balance in enumerate(balance_w))
