"""The sentence of every kind of load, in both languages: its numbers are those of an evaluation that knows the plan alone."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pytest

from elfe.coordination import abilities
from elfe.coordination.values import ApplianceType, Mode
from elfe.ems import search
from elfe.ems.model import Choice, Problem
from elfe.ems.run import gather, place
from elfe.ems.values import Placement, Plan
from elfe.slots import local_time, slot_start
from tests.ems.conftest import Territory
from tests.ems.made import FIRST, HOUR, NOON, PARIS, SUNNY, minutes
from tests.ems.test_gather import heating, room, vehicle

HOURS = timedelta(hours=1)
NUMBER = re.compile(r"-?\d+[.,]\d\d(?= |$)")
KINDS = {1: "a machine", 2: "a tank", 3: "a vehicle", 4: "a heater", 5: "a room", 6: "a charge that pauses",
         7: "hours that must be run", 8: "a battery"}


class Greedy:
    """A solver that needs no process."""

    def solve(self, problem: Problem) -> Choice:
        return search.greedy(problem)


@pytest.fixture
def plan(territory: Territory) -> Plan:
    """One appliance of each kind, some sun in the afternoon."""
    territory.balance(SUNNY)
    territory.machine(1, by=NOON + 8 * HOURS)
    territory.tank(2, volume_l=60, windows=((12, 18),))
    vehicle(territory, 3)
    heating(territory, 4)
    room(territory, 5)
    vehicle(territory, 6)
    abilities.put(territory.coordination, abilities.ABILITY, 6, modulates=True)
    for id in (7, 8):
        territory._add(territory._appliance(id, ApplianceType.MACHINE, Mode.PILOTED))
    abilities.put(territory.coordination, abilities.DUTY, 7, power_w=700, lasts_s=3 * HOUR, start_s=0, end_s=0, power_series=0)
    abilities.put(territory.coordination, abilities.BATTERY, 8, capacity_wh=6000, charge_w=2000, discharge_w=2000, least_pct=10,
                  efficiency=0.9, power_series=0, charge_series=0)
    return place(gather(territory.sources, NOON - minutes(1), FIRST), Greedy())  # type: ignore[arg-type]


def added_wh(plan: Plan, placed: Placement) -> float:
    """What it adds to the import of all the others, by the plan's own rows."""
    with_it = np.array(plan.balance_with_w)
    without = with_it + np.array(placed.power_w)
    return float(np.maximum(0, -with_it).sum() - np.maximum(0, -without).sum()) / 4


@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_the_numbers_of_every_kinds_sentence_are_those_of_the_plan_in_both_languages(plan: Plan) -> None:
    assert {each.appliance_id for each in plan.placements} == set(KINDS)
    for placed in plan.placements:
        assert placed.why is not None
        english, french = (NUMBER.findall(words) for words in (placed.reason, placed.why.french))
        assert [each.replace(",", ".") for each in french] == english, placed.reason
        energy = sum(power for power in placed.power_w if power > 0) / 4
        local, *rest = map(float, english)
        if placed.appliance_id == 8:      # stored and given back
            assert (local, rest[0]) == (pytest.approx(energy / 1000, abs=0.006),
                                        pytest.approx(-sum(power for power in placed.power_w if power < 0) / 4000, abs=0.006))
            continue
        assert rest[0] == pytest.approx(energy / 1000, abs=0.006), placed.reason
        assert local == pytest.approx((energy - added_wh(plan, placed)) / 1000, abs=0.006), placed.reason


@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_what_keeps_somebody_warm_is_told_from_its_first_comfort_on_and_does_not_wait(plan: Plan) -> None:
    heater, room = (each for each in plan.placements if each.appliance_id in (4, 5))
    assert heater.why is not None
    assert heater.power_w[0] > 0      # in eco
    comfort = local_time(slot_start(plan.first_slot + heater.decisions.index(1)), PARIS)
    assert heater.reason.startswith(f"is in comfort from {comfort}: ")
    assert heater.why.french.startswith(f"est en confort dès {comfort} : ")
    for each in (heater, room):
        assert "at once" not in each.reason


@pytest.mark.parametrize("sortie", ["sqlite"], indirect=True)
def test_what_each_start_would_import_is_what_moving_it_there_would(plan: Plan) -> None:
    for placed in plan.placements:
        assert placed.why is not None
        assert placed.begins is not None
        if placed.appliance_id in (1, 2, 3):
            assert placed.why.starts_wh[placed.begins] == pytest.approx(added_wh(plan, placed), abs=0.1)
        if placed.appliance_id in (1, 3):      # a profile, shifted
            profile = np.trim_zeros(np.array(placed.power_w))
            without = np.array(plan.balance_with_w) + np.array(placed.power_w)
            for start, told in enumerate(placed.why.starts_wh):
                if told is not None:
                    there = without.copy()
                    there[start:start + len(profile)] -= profile[:len(there) - start]
                    assert told == pytest.approx((np.maximum(0, -there).sum() - np.maximum(0, -without).sum()) / 4, abs=0.1)
