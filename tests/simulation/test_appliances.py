"""What draws power: cycles that pause and resume, a tank, a tape, and the log that the report is made from."""

from datetime import UTC, timedelta

import pytest

from elfe.simulation.appliances import Constant, CycleMachine, Filled, Log, Profile, Tank, Tape

from .made import NOON, after

MINUTE = timedelta(minutes=1)
WASH = Profile((100.0, 2000.0, 50.0), timedelta(minutes=20))


def loaded(started=True):
    machine = CycleMachine(WASH)
    machine.load(NOON, started)
    return machine


def lives(appliance, minutes, powered=lambda minute: True):
    """Its power, minute by minute, as it is supplied."""
    powers = []
    for minute in range(minutes):
        appliance.until(after(minute), powered(max(0, minute - 1)))
        powers.append(appliance.power_w(powered(minute)))
    return powers


# -- a machine --------------------------------------------------------------------------------------------------------------


def test_a_profile_knows_how_long_it_lasts_and_what_it_draws():
    assert (WASH.lasts, WASH.energy_wh) == (timedelta(hours=1), pytest.approx(716.7, abs=0.1))


def test_a_supplied_machine_runs_its_steps_and_ends():
    machine = loaded()
    assert [machine.power_w(True), machine.next_change(True)] == [100.0, after(20)]
    machine.until(after(20), True)
    assert machine.power_w(True) == 2000.0
    machine.until(after(75), True)
    assert machine.runs[0].ended_at == after(60)
    assert (machine.power_w(True), machine.next_change(True), machine.running) == (0.0, None, None)


def test_a_machine_whose_supply_is_cut_resumes_where_it_was():
    machine = loaded()
    machine.until(after(25), True)
    machine.until(after(85), False)
    assert (machine.power_w(False), machine.power_w(True)) == (0.0, 2000.0)
    assert machine.next_change(True) == after(100)
    machine.until(after(200), True)
    assert machine.runs[0].ended_at == after(120)
    assert machine.runs[0].began_at == NOON


def test_what_is_never_supplied_never_begins():
    machine = loaded()
    machine.until(after(600), False)
    assert (machine.runs[0].began_at, machine.runs[0].done) == (None, timedelta())


def test_an_empty_machine_draws_nothing():
    machine = CycleMachine(WASH)
    machine.until(after(10), True)
    assert (machine.power_w(True), machine.next_change(True)) == (0.0, None)


def test_two_loads_a_day_are_two_runs():
    machine = loaded()
    machine.until(after(60), True)
    machine.load(after(120))
    machine.until(after(200), True)
    assert [run.ended_at for run in machine.runs] == [after(60), after(180)]


def test_pressing_its_button_twice_undoes():
    machine = loaded(started=False)
    machine.until(after(5), True)
    assert (machine.power_w(True), machine.next_change(True)) == (0.0, None)
    machine.press()
    assert (machine.power_w(True), machine.next_change(True)) == (100.0, after(25))
    machine.until(after(15), True)
    machine.press()
    machine.until(after(100), True)
    assert machine.power_w(True) == 0.0
    assert machine.runs[0].done == timedelta(minutes=10)


def test_pressing_the_button_of_an_empty_machine_does_nothing():
    machine = CycleMachine(WASH)
    machine.press()
    assert machine.running is None


def test_a_machine_is_filled_again_once_it_is_empty_and_not_before():
    machine = Filled(CycleMachine(WASH), after=10 * MINUTE, every=30 * MINUTE)
    powers = lives(machine, 200)
    assert powers[:11] == [0.0] * 10 + [100.0]
    assert [run.loaded_at for run in machine.machine.runs] == [after(10), after(70), after(130), after(190)]


def test_a_machine_that_is_filled_once_stays_empty_afterwards():
    machine = Filled(CycleMachine(WASH))
    lives(machine, 300)
    assert len(machine.machine.runs) == 1
    assert machine.next_change(True) is None


# -- what else draws --------------------------------------------------------------------------------------------------------


def test_a_constant_draws_as_long_as_it_is_supplied():
    lamp = Constant(60.0)
    lamp.until(NOON, True)
    assert (lamp.power_w(True), lamp.power_w(False), lamp.next_change(True)) == (60.0, 0.0, None)


def test_a_tape_is_told_again_and_again():
    tape = Tape(((timedelta(), 10.0), (2 * MINUTE, 500.0)), lasts=3 * MINUTE)
    assert lives(tape, 7) == [10.0, 10.0, 500.0, 10.0, 10.0, 500.0, 10.0]


def test_a_tape_says_when_it_changes():
    tape = Tape(((timedelta(), 10.0), (2 * MINUTE, 500.0)), lasts=3 * MINUTE)
    changes = []
    for at in (NOON, after(1), after(2), after(2.5), after(3)):
        tape.until(at, True)
        changes.append(tape.next_change(True))
    assert changes == [after(2), after(2), after(3), after(3), after(5)]


def test_a_tape_runs_on_without_supply():
    tape = Tape(((timedelta(), 10.0), (2 * MINUTE, 500.0)), lasts=3 * MINUTE)
    assert lives(tape, 3, powered=lambda minute: minute == 2) == [0.0, 0.0, 500.0]


# -- a tank -----------------------------------------------------------------------------------------------------------------


def tank(**given):
    return Tank(volume_l=200, element_w=2200.0, seed=3, zone=UTC, **given)


def test_a_supplied_tank_stays_between_its_thermostats_limits():
    heater = tank()
    heater.until(NOON, True)
    coldest = 60.0
    for minute in range(0, 24 * 60, 5):
        heater.until(after(minute), True)
        coldest = min(coldest, heater.temperature_c)
        assert heater.temperature_c < 61.0
    assert 40.0 < coldest < 56.0, "people wash in the evening faster than it heats"
    assert heater.coldest_c == pytest.approx(coldest, abs=1.0)


def test_a_tank_that_is_cut_for_a_day_loses_what_people_draw_and_what_it_leaks():
    heater = tank()
    heater.until(NOON, False)
    heater.until(after(24 * 60), False)
    assert heater.power_w(False) == 0.0
    assert 25.0 < heater.temperature_c < 45.0
    assert heater.coldest_c == heater.temperature_c


def test_a_tank_lives_alike_however_often_it_is_looked_at():
    often, seldom = tank(), tank()
    for heater in (often, seldom):
        heater.until(NOON, True)
    for minute in range(5, 605, 5):
        often.until(after(minute), True)
    seldom.until(after(600), True)
    assert often.temperature_c == pytest.approx(seldom.temperature_c, abs=1e-9)


def test_a_tank_heats_by_what_its_element_gives():
    """2200 W for an hour in 200 L of water: 9.46 K, less a quarter of a kelvin lost."""
    heater = tank(temperature_c=30.0)
    night = NOON.replace(hour=1)
    heater.until(night, True)
    heater.until(night + timedelta(hours=1), True)
    assert heater.temperature_c == pytest.approx(30.0 + 2200 / (200 * 4186 / 3600) - 0.25, abs=0.05)


def test_a_days_hot_water_is_a_share_of_the_tank_and_each_home_has_its_own():
    drawn = [sum(Tank(200, 2200.0, seed, UTC)._drawn_l(NOON.replace(hour=0) + timedelta(minutes=minute), 1 / 60)
                 for minute in range(24 * 60)) for seed in range(6)]
    assert all(0.44 * 200 <= litres <= 0.76 * 200 for litres in drawn)
    assert len({round(litres) for litres in drawn}) == 6


# -- its log ----------------------------------------------------------------------------------------------------------------


def log():
    """100 W from noon, cut from 12:20 to 12:40, 300 W until one o'clock."""
    written = Log()
    for minute, power_w, powered in ((0, 100.0, True), (20, 0.0, False), (40, 300.0, True), (60, 0.0, True)):
        written.write(after(minute), power_w, powered)
    return written


def test_a_line_is_written_when_something_changes():
    written = log()
    written.write(after(70), 0.0, True)
    assert len(written.lines) == 4


def test_the_mean_power_of_each_quarter():
    assert log().quarters_w(NOON, 5, timedelta(minutes=15)) == pytest.approx([100.0, 100 / 3, 100.0, 300.0, 0.0])


def test_what_went_on_before_the_first_quarter_counts_in_it():
    assert log().quarters_w(after(45), 1, timedelta(minutes=15)) == pytest.approx([300.0])


def test_who_drew_nothing_drew_nothing_in_every_quarter():
    assert Log().quarters_w(NOON, 3, timedelta(minutes=15)) == [0.0, 0.0, 0.0]
    assert list(Log().every(MINUTE, after(3))) == []


def test_a_part_of_a_log_has_drawn_nothing_outside_of_it():
    part = log().between(after(10), after(50))
    assert part.lines == [(after(10), 100.0, True), (after(20), 0.0, False), (after(40), 300.0, True), (after(50), 0.0, False)]


def test_the_last_time_that_its_supply_came_back():
    assert log().supplied_since(NOON, after(60)) == after(40)
    assert log().supplied_since(NOON, after(30)) is None


def test_what_a_meter_would_have_said():
    said = list(log().every(timedelta(minutes=15), after(45)))
    assert said == [(NOON, 100.0), (after(15), 100.0), (after(20), 0.0), (after(35), 0.0), (after(40), 300.0)]


def test_a_log_that_nobody_reports_on_keeps_its_last_line():
    written = log()
    written.forget()
    assert written.lines == [(after(60), 0.0, True)]
