"""Does a plan keep its promises? Asked of every plan, whoever made it; shares nothing with the model that made it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from elfe.ems.loads import BatteryLoad, ChargeLoad, CycleLoad, DutyLoad, HeatingLoad, Load, RoomLoad, TankLoad, VehicleLoad
from elfe.ems.loads.comforts import GAP
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.slots import HORIZON, SLOT_S, slot_start

NOISE_W = NOISE_WH = 1.0
NOISE_K = 0.01
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
    if isinstance(load, VehicleLoad):
        return _vehicle_problem(load, placement, first_slot)
    if isinstance(load, TankLoad):
        return _tank_problem(load, placement)
    if isinstance(load, HeatingLoad):
        return _heating_problem(load, placement)
    if isinstance(load, RoomLoad):
        return _room_problem(load, placement)
    if isinstance(load, ChargeLoad):
        return _charge_problem(load, placement, first_slot)
    if isinstance(load, DutyLoad):
        return _duty_problem(load, placement)
    if isinstance(load, BatteryLoad):
        return _battery_problem(load, placement)
    return f"nobody checks a {type(load).__name__}"


def _cycle_problem(load: CycleLoad, placement: Placement, first_slot: int) -> str:
    return _placed_whole(placement, load.cycle.power_w, load.length, load.machine.deadline, first_slot, load.busy_until)


def _vehicle_problem(load: VehicleLoad, placement: Placement, first_slot: int) -> str:
    return _placed_whole(placement, load.powers, len(load.powers), load.vehicle.deadline, first_slot)


def _placed_whole(placement: Placement, powers: Sequence[float], length: int, deadline: datetime | None, first_slot: int,
                  free_from: int = 0) -> str:
    if sum(placement.decisions) != 1:
        return f"started {sum(placement.decisions)} times"
    start = placement.decisions.index(1)
    if start < free_from:
        return f"starts in slot {start}, and runs until slot {free_from}"
    expected = [0.0] * start + list(powers) + [0.0] * HORIZON
    if any(abs(here - there) > NOISE_W for here, there in zip(expected, placement.power_w, strict=False)):
        return "its powers are not those of its cycle"
    end = slot_start(first_slot + start + length)
    late = max(timedelta(), end - deadline) if deadline else timedelta()
    if late and start > free_from:
        return f"ends {late} behind its deadline, and did not start at once"
    if late != placement.late_by:
        return f"is {late} late and says {placement.late_by}"
    if placement.ends_at != end:
        return f"ends at {end} and says {placement.ends_at}"
    return ""


def _heating_problem(load: HeatingLoad, placement: Placement) -> str:
    eco = [t for t, (p, on) in enumerate(zip(load.period, placement.decisions, strict=True)) if p >= 0 and not on]
    if any(on and p < 0 for p, on in zip(load.period, placement.decisions, strict=True)):
        return "comfort outside its comfort hours"
    if any(after - here < GAP for here, after in pairwise(eco)):
        return "two quarters of eco within an hour of its comfort hours"
    for p, count in load.saved.items():
        found = sum(load.period[t] == p for t in eco)
        if found != count:
            return f"{found} quarters of eco in a period that is to have {count}"
    return ""


def _room_problem(load: RoomLoad, placement: Placement) -> str:
    keeps, now, (lows, _) = load.thermal.keeps, load.warm_c, load.band
    for t, power in enumerate(placement.power_w):
        if not 0 <= power <= load.room.power_w + NOISE_W or bool(power) != bool(placement.decisions[t]):
            return f"draws {power:.0f} W in slot {t}, which it cannot or may not"
        now = keeps * now + (1 - keeps) * (load.outside_c[t] + load.thermal.resistance * power)
        if now < lows[t] - NOISE_K:
            return f"{now:.1f} °C after slot {t}, and {lows[t]:.1f} could be kept"
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


def _charge_problem(load: ChargeLoad, placement: Placement, first_slot: int) -> str:
    most = load.vehicle.power_w
    if any(not -NOISE_W <= power <= most + NOISE_W for power in placement.power_w):
        return f"draws what is not between 0 and {most} W"
    draws = sum(placement.power_w) * QUARTER_H
    if draws < load.need_wh - NOISE_WH:
        return f"draws {draws:.0f} of the {load.need_wh:.0f} Wh that it needs"
    if not load.ability.modulates and sum(NOISE_W < power < most - NOISE_W for power in placement.power_w) > 1:
        return "is modulated, and its device only switches"
    last = max((t + 1 for t, power in enumerate(placement.power_w) if power > NOISE_W), default=0)
    leaves = load.vehicle.deadline
    if leaves and slot_start(first_slot + last) > leaves and any(power <= NOISE_W for power in placement.power_w[:last]):
        return "is charged behind its departure, and paused before"
    return _single_start(placement)


def _duty_problem(load: DutyLoad, placement: Placement) -> str:
    runs = [t for t, power in enumerate(placement.power_w) if power > NOISE_W]
    if len(runs) != load.needed or not set(runs) <= set(load.slots):
        return f"runs {len(runs)} quarters of the {load.needed} that it must, or outside its hours"
    if any(abs(placement.power_w[t] - load.duty.power_w) > NOISE_W for t in runs):
        return "its power is not its own"
    return "" if load.appliance.recurs else _single_start(placement)


def _battery_problem(load: BatteryLoad, placement: Placement) -> str:
    battery, held = load.battery, load.charge_wh
    way, (lows, highs) = battery.efficiency ** 0.5, load.band
    for t, power in enumerate(placement.power_w):
        if not -battery.discharge_w - NOISE_W <= power <= battery.charge_w + NOISE_W:
            return f"is told {power:.0f} W in slot {t}, which it cannot"
        held += QUARTER_H * (power * way if power > 0 else power / way)
        if not lows[t] - NOISE_WH <= held <= highs[t] + NOISE_WH:
            return f"holds {held:.0f} Wh after slot {t}, and may {lows[t]:.0f} to {highs[t]:.0f}"
    return "has a start, and nothing starts a battery" if any(placement.decisions) else ""


def _single_start(placement: Placement) -> str:
    """Its row says where it begins, once."""
    begins = next((t for t, power in enumerate(placement.power_w) if power > 0), None)
    marked = [t for t, decision in enumerate(placement.decisions) if decision]
    return "" if marked == [begins] else f"begins in slot {begins} and its row says {marked}"


def _imported_wh(balance_w: Sequence[float], placements: Sequence[Placement]) -> float:
    return QUARTER_H * sum(max(0.0, sum(each.power_w[t] for each in placements) - balance)
                           for t, balance in enumerate(balance_w))
