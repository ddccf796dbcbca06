"""What is impossible says so at once, by how much, and what would be possible instead; the others are planned."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve

from elfe.coordination.values import Vehicle
from elfe.ems.loads import CycleLoad, VehicleLoad
from elfe.ems.ways import ways, within_limit
from elfe.slots import HORIZON, SLOT
from tests.ems.made import FIRST, NOON, PARIS, a_cycle_load, an_appliance, minutes, slots

HOURS = timedelta(hours=1)


def told(load: object) -> dict[str, str]:
    return {each.what: each.english for each in ways(load, FIRST, PARIS)}  # type: ignore[arg-type]


def a_car(by: timedelta, wanted_pct: float = 100) -> VehicleLoad:
    return VehicleLoad(Vehicle(an_appliance(3), deadline=NOON + by, charge_pct=0, wanted_pct=wanted_pct, capacity_wh=9_000,
                               power_w=1_000, power_series=3), FIRST)


def test_what_is_possible_has_no_way_out() -> None:
    assert told(a_cycle_load(by=slots(3))) == {}
    assert told(a_car(12 * HOURS)) == {}


def test_f4_a_cycle_that_cannot_end_in_time_is_told_when_it_could_and_which_programme_would() -> None:
    assert told(a_cycle_load((2000, 500, 500, 500), by=slots(2))) == {
        "deadline": "finish by 13:00 instead", "programme": "a programme of at most 30 min"}


@pytest.mark.parametrize("longer", range(4))
def test_each_way_out_of_a_cycle_suffices_and_nothing_smaller_does(longer: int) -> None:
    load = a_cycle_load((2000, *(500,) * (longer + 2)), by=slots(2))
    assert load.late_by > timedelta()
    deadline = NOON + slots(longer + 3)
    assert told(load)["deadline"] == f"finish by {deadline.astimezone(PARIS):%H:%M} instead"
    assert not _by(load, slots(longer + 3)).late_by
    assert _by(load, slots(longer + 3) - timedelta(minutes=1)).late_by


def _by(load: CycleLoad, by: timedelta) -> CycleLoad:
    return evolve(load, machine=evolve(load.machine, deadline=NOON + by))


def test_f4_a_car_that_cannot_be_full_is_told_how_full_it_can_be_when_and_with_what_power() -> None:
    load = a_car(4 * HOURS)
    found = told(load)
    assert set(found) == {"deadline", "charge", "power"}
    percent = int("".join(filter(str.isdigit, found["charge"])))
    watts = int("".join(filter(str.isdigit, found["power"])))
    assert not a_car(4 * HOURS, wanted_pct=percent).late_by
    assert a_car(4 * HOURS, wanted_pct=percent + 2).late_by
    assert not evolve(load, vehicle=evolve(load.vehicle, power_w=watts)).late_by
    assert evolve(load, vehicle=evolve(load.vehicle, power_w=watts - 100)).late_by


def test_a_home_that_cannot_carry_it_is_told_the_limit_that_could_and_the_next_time_that_can() -> None:
    load = a_cycle_load((2000, 2000))
    drawn = np.zeros(HORIZON)
    drawn[4:6] = 2000
    room = np.where(np.arange(HORIZON) < 8, 1500.0, 3000.0)
    found = {each.what: each.english for each in within_limit(load, drawn, room, 3000, FIRST, PARIS)}
    fits = NOON.astimezone(PARIS) + 10 * SLOT
    assert found == {"limit": "a limit of 3500 W for the home", "deadline": f"finish by {fits:%H:%M} instead"}
    assert within_limit(load, drawn, room + 500, 3000, FIRST, PARIS) == ()


def test_a_participant_reads_them_in_french() -> None:
    assert [each.french for each in ways(a_cycle_load((2000, 500, 500, 500), by=minutes(30)), FIRST, PARIS)] == [
        "finir à 13:00 plutôt", "un programme de 30 min au plus"]
