"""What is impossible says so at once, by how much, and what would be possible instead; the others are planned."""

from __future__ import annotations

import re
from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve

from elfe.coordination.values import ApplianceType, Duty, OffPeak, Room, Vehicle, Week
from elfe.ems.loads import CycleLoad, DutyLoad, RoomLoad, VehicleLoad
from elfe.ems.loads.rooms import Thermal
from elfe.ems.ways import missing, over_limit_w, ways, within_limit
from elfe.slots import HORIZON, SLOT
from tests.ems.made import FIRST, HOUR, NOON, PARIS, a_cycle_load, a_tank_load, an_appliance, minutes, slots

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


# -- each way taken alone -------------------------------------------------------------------------------------------------------


WEEK = Week((OffPeak(6 * HOUR, 9 * HOUR), OffPeak(17 * HOUR, 22 * HOUR)), (OffPeak(8 * HOUR, 22 * HOUR),))


def a_room(power_w: int, warm: float = 17.0, outside: float = 0.0, rc_h: float = 40.0) -> RoomLoad:
    room = Room(an_appliance(5, ApplianceType.CONTROLLED_HEATING), 16.0, 20.0, 1.0, power_w, 1, WEEK, 5, 6)
    return RoomLoad(room, Thermal(0.0075, rc_h * 3600, ""), warm, (outside,) * HORIZON, FIRST, PARIS)


def number(told: str) -> float:
    return float(re.findall(r"[\d.]+", told)[0])


def with_comfort_from(load: RoomLoad, hours: list[str]) -> RoomLoad:
    """Its programme of the evening, and where two hours are said of the next morning, begun later."""
    evening, *morning = [OffPeak(int(at[:2]) * HOUR + int(at[3:]) * 60, 22 * HOUR) for at in hours]
    return evolve(load, room=evolve(load.room, programme=Week((WEEK.working_days[0], evening), tuple(morning) or WEEK.weekend)))


@pytest.mark.parametrize(("power_w", "warm", "rc_h", "offers"), [
    (5000, 15.0, 40.0, {"comfort", "degrees", "heater"}), (3000, 14.0, 8.0, {"comfort", "degrees", "heater"}),
    (2400, 17.0, 10.0, {"degrees", "heater"}), (2800, 12.0, 40.0, {"heater"})])
def test_each_way_out_of_a_cold_room_suffices_in_all_its_comfort_hours(
        power_w: int, warm: float, rc_h: float, offers: set[str]) -> None:
    load = a_room(power_w, warm, rc_h=rc_h)
    found = told(load)
    assert missing(load) is not None
    assert set(found) == offers
    if "degrees" in found:
        degrees = number(found["degrees"])
        assert told(evolve(load, room=evolve(load.room, comfort_c=degrees))) == {}
        assert told(evolve(load, room=evolve(load.room, comfort_c=degrees + 0.2))) != {}
    if "comfort" in found:
        assert told(with_comfort_from(load, re.findall(r"\d\d:\d\d", found["comfort"]))) == {}
    watts = int(number(found["heater"]))
    assert told(evolve(load, room=evolve(load.room, power_w=watts))) == {}
    assert told(evolve(load, room=evolve(load.room, power_w=watts - 50))) != {}


def test_a_room_that_can_be_warm_has_no_way_out() -> None:
    assert told(a_room(6000)) == {}
    assert missing(a_room(6000)) is None


def test_each_way_out_of_a_tank_whose_windows_are_too_short_suffices() -> None:
    load = a_tank_load(5000, windows=(OffPeak(13 * HOUR, 14 * HOUR), OffPeak(22 * HOUR, 22 * HOUR + 1800)))
    found = told(load)
    assert found == {"window": "off-peak hours also from 14:00 to 15:00", "element": "an element of 3340 W"}
    assert missing(load) == ("its off-peak hours are 1 h 00 too short", "ses heures creuses sont trop courtes de 1 h 00")
    longer = evolve(load, heater=evolve(load.heater, windows=(*load.heater.windows, OffPeak(14 * HOUR, 15 * HOUR))))
    stronger = evolve(load, heater=evolve(load.heater, power_w=3340))
    assert told(longer) == told(stronger) == {}
    assert (longer.overruns, stronger.overruns) == (False, False)
    shorter = evolve(load, heater=evolve(load.heater, windows=(*load.heater.windows, OffPeak(14 * HOUR, 15 * HOUR - 900))))
    assert told(shorter) != {}
    assert told(evolve(load, heater=evolve(load.heater, power_w=3320))) != {}


def test_what_runs_some_hours_may_ask_for_fewer_or_be_let_run_longer() -> None:
    duty = Duty(an_appliance(6), 500, 4 * HOURS, OffPeak(8 * HOUR, 14 * HOUR), 6)
    load = DutyLoad(duty, tuple(range(8)), 8, short=8)
    assert told(load) == {"hours": "ask for 2 h a day", "until": "let it run until 16:00"}
    assert missing(load) == ("its day can no longer hold 2 h 00 of it", "sa journée ne peut plus en contenir 2 h 00")


def test_a_cycle_that_was_measured_is_told_a_programme_that_it_has_and_no_other() -> None:
    default = a_cycle_load((2000, 500, 500, 500), by=slots(3))
    measured = evolve(default, cycle=evolve(default.cycle, started_at=NOON))
    assert set(told(measured)) == {"deadline"}
    assert told(evolve(measured, known=(1, 2, 4)))["known"] == "its programme of 30 min"


def test_only_those_that_draw_where_their_home_draws_too_much_are_told_so() -> None:
    load, drawn = a_cycle_load((500, 500)), np.zeros(HORIZON)
    drawn[10:12] = 500
    room = np.full(HORIZON, 500.0)
    room[20:24] = -4400.0       # the others alone are too many then
    assert within_limit(load, drawn, room, 3000, FIRST, PARIS) == ()
    room[11] = 200.0
    assert over_limit_w(drawn, room) == 300.0
    assert missing(load, 300.0) == (
        "its home would draw 300 W more than it may", "son foyer consommerait 300 W de plus qu'il ne peut")
