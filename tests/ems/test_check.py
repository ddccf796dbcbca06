"""The independent checker: a sound plan passes, each broken promise is named with its load."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve

from elfe.ems.check import check
from elfe.ems.loads import CycleLoad, TankLoad
from elfe.ems.values import Placement, Plan
from elfe.errors import PlanError
from elfe.slots import HORIZON, SLOT, slot_start
from tests.ems.made import FIRST, NOON, SUNNY, a_cycle_load, a_tank_load, slots

CYCLE = a_cycle_load(powers=(2000, 500, 500), id=1, by=slots(20))
TANK = a_tank_load(need_wh=3000)
LOADS = (CYCLE, TANK)


def a_placement(load: CycleLoad | TankLoad, start: int) -> Placement:
    powers = tuple(map(float, type(load).fleet([load]).powers(np.array([start]))[0]))
    return Placement(load.appliance.id, load.appliance.type, load.decisions(start), powers, "made", "because",
                     load.late_by, slot_start(FIRST + load.ends(start)))


def a_plan(cycle: Placement, tank: Placement) -> Plan:
    balance = [b - c - d for b, c, d in zip(SUNNY, cycle.power_w, tank.power_w, strict=True)]
    return Plan(FIRST, NOON, (cycle, tank), SUNNY, "made", "made", sum(-b for b in balance if b < 0) / 4, None, 1)


GOOD_CYCLE = a_placement(CYCLE, 8)
GOOD_TANK = a_placement(TANK, 43)


def test_a_sound_plan_passes() -> None:
    check(a_plan(GOOD_CYCLE, GOOD_TANK), LOADS, SUNNY)


def moved(placement: Placement, by: int) -> Placement:
    """The same row, its decisions and powers a few slots later."""
    def later(row: tuple[float, ...]) -> tuple[float, ...]:
        return row[-by:] + row[:-by]
    assert placement.ends_at is not None
    return evolve(placement, decisions=later(placement.decisions), power_w=later(placement.power_w),
                  ends_at=placement.ends_at + by * SLOT)


@pytest.mark.parametrize(("cycle", "tank", "broken"), [
    (evolve(GOOD_CYCLE, decisions=(0,) * HORIZON), GOOD_TANK, "appliance 1: started 0 times"),
    (evolve(GOOD_CYCLE, decisions=(1, 1, *(0,) * 94)), GOOD_TANK, "appliance 1: started 2 times"),
    (evolve(GOOD_CYCLE, decisions=(2, *(0,) * 95)), GOOD_TANK, "appliance 1: a decision that is neither 0 nor 1"),
    (evolve(GOOD_CYCLE, decisions=(0, 1)), GOOD_TANK, "appliance 1: its row has 2 slots"),
    (evolve(GOOD_CYCLE, power_w=moved(GOOD_CYCLE, 1).power_w), GOOD_TANK, "appliance 1: its powers are not those of its cycle"),
    (moved(GOOD_CYCLE, 10), GOOD_TANK, "appliance 1: ends 0:15:00 behind its deadline"),
    (evolve(GOOD_CYCLE, late_by=timedelta(minutes=5)), GOOD_TANK, "appliance 1: is 0:00:00 late and says 0:05:00"),
    (evolve(GOOD_CYCLE, ends_at=NOON), GOOD_TANK, "appliance 1: ends at"),
    (GOOD_CYCLE, moved(GOOD_TANK, 30), "appliance 9: heats in slot 73, outside its off-peak windows"),
    (GOOD_CYCLE, evolve(GOOD_TANK, power_w=(0.0,) * HORIZON), "appliance 9: draws 0 of the 3000 Wh"),
    (GOOD_CYCLE, evolve(GOOD_TANK, decisions=(0,) * HORIZON), "appliance 9: draws 2000 W in slot 43"),
    (GOOD_CYCLE, evolve(GOOD_TANK, power_w=(*(0.0,) * 43, 12_000.0, *(0.0,) * 52)), "appliance 9: draws 12000 W in slot 43"),
    (GOOD_CYCLE, evolve(GOOD_TANK, appliance_id=1), "does not place each load once"),
    (GOOD_CYCLE, evolve(GOOD_TANK, appliance_id=3), "does not place each load once"),
])
def test_f6_a_broken_promise_is_named_with_its_load(cycle: Placement, tank: Placement, broken: str) -> None:
    with pytest.raises(PlanError, match=broken):
        check(a_plan(cycle, tank), LOADS, SUNNY)


@pytest.mark.parametrize(("change", "broken"), [
    ({"imported_wh": 1.0}, "claims an import of 1 Wh"),
    ({"imported_wh": float("nan")}, "claims an import of nan Wh"),
    ({"bound_wh": 1e6}, "the bound of 1000000 Wh is above"),
    ({"balance_w": SUNNY[:95]}, "covers 95 slots instead of 96"),
])
def test_f6_a_plan_cannot_claim_what_is_not_so(change: dict[str, object], broken: str) -> None:
    plan = a_plan(GOOD_CYCLE, GOOD_TANK)
    lying = Plan(**{name: getattr(plan, name) for name in Plan.__annotations__} | change)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match=broken):
        check(lying, LOADS, SUNNY)


def test_a_late_cycle_starts_at_once_or_is_refused() -> None:
    late = a_cycle_load(powers=(2000, 500, 500), id=1, by=slots(1))
    at_once = a_placement(late, 0)
    check(a_plan(at_once, GOOD_TANK), (late, TANK), SUNNY)
    with pytest.raises(PlanError, match="and did not start at once"):
        check(a_plan(evolve(moved(at_once, 1), late_by=late.late_by + SLOT), GOOD_TANK), (late, TANK), SUNNY)
