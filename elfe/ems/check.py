"""Does a plan keep its promises? Asked of every plan, whoever made it; shares nothing with the model that made it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from elfe.ems.loads import CycleLoad, Load, TankLoad
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.slots import HORIZON, SLOT, SLOT_S, slot_start

NOISE_WH = 1.0


def check(plan: Plan, loads: Sequence[Load], balance_w: Sequence[float]) -> None:
    """Raise a `PlanError` that names the load whose promise is broken."""
    placed = {each.appliance_id: each for each in plan.placements}
    if len(placed) != len(plan.placements) or set(placed) != {load.appliance_id for load in loads}:
        raise PlanError("the plan does not place each load once")
    if len(plan.balance_w) != HORIZON:
        raise PlanError(f"the plan covers {len(plan.balance_w)} slots instead of {HORIZON}")
    for load in loads:
        problem = _problem(load, placed[load.appliance_id], plan.first_slot)
        if problem:
            raise PlanError(f"appliance {load.appliance_id}: {problem}")
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
    return _cycle_problem(load, placement, first_slot) if isinstance(load, CycleLoad) else _tank_problem(load, placement)


def _cycle_problem(load: CycleLoad, placement: Placement, first_slot: int) -> str:
    if sum(placement.decisions) != 1:
        return f"started {sum(placement.decisions)} times"
    start = placement.decisions.index(1)
    expected = [0.0] * HORIZON
    for offset, power in enumerate(load.cycle.power_w[:HORIZON - start]):
        expected[start + offset] = power
    if any(abs(here - there) > NOISE_WH for here, there in zip(expected, placement.power_w, strict=True)):
        return "its powers are not those of its cycle"
    end = slot_start(first_slot + start + load.length)
    late = end - load.machine.deadline if load.machine.deadline else timedelta()
    if late > timedelta() and start > 0:
        return f"ends {late} behind its deadline, and did not start at once"
    if max(timedelta(), late) != placement.late_by:
        return f"is {late} late and says {placement.late_by}"
    return ""


def _tank_problem(load: TankLoad, placement: Placement) -> str:
    allowed = sum(placement.decisions) * load.heater.power_w * SLOT_S / 3600
    possible = (load.to_index - load.from_index) * load.heater.power_w * SLOT_S / 3600
    if allowed < min(load.need_wh, possible) - NOISE_WH:
        return f"may draw {allowed:.0f} of the {load.need_wh:.0f} Wh that it needs"
    outside = [i for i, each in enumerate(placement.decisions) if each and not load.allowed[i]]
    if outside and not load.overruns:
        return f"heats in slot {outside[0]}, outside its off-peak windows"
    return ""


def _imported_wh(balance_w: Sequence[float], placements: Sequence[Placement]) -> float:
    total = 0.0
    for t, balance in enumerate(balance_w):
        total += max(0.0, sum(each.power_w[t] for each in placements) - balance)
    return total * SLOT.total_seconds() / 3600
