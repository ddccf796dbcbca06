"""What people do in a day: seeded, in order of time, sometimes impossible."""

from datetime import timedelta

from elfe.coordination.values import ApplianceType
from elfe.simulation.story import WHEN, Act, day

from .made import NOON, appliance

MIDNIGHT = NOON.replace(hour=0)
LASTS = timedelta(minutes=112)
MACHINES = [(appliance(id, type), LASTS) for id, type in enumerate(
    [ApplianceType.WASHING_MACHINE, ApplianceType.DISHWASHER, ApplianceType.TUMBLE_DRYER] * 30)]


def hours(at):
    return (at - MIDNIGHT) / timedelta(hours=1)


def test_a_seed_is_a_day():
    assert day(MACHINES, MIDNIGHT, 1) == day(MACHINES, MIDNIGHT, 1) != day(MACHINES, MIDNIGHT, 2)


def test_who_else_lives_there_changes_nobodys_day():
    assert set(day(MACHINES[:5], MIDNIGHT, 1)) <= set(day(MACHINES, MIDNIGHT, 1))


def test_acts_come_in_order_of_time():
    acts = day(MACHINES, MIDNIGHT, 1)
    assert acts == sorted(acts, key=lambda act: act.at)


def test_most_machines_are_used_and_not_all():
    assert 60 < len(day(MACHINES, MIDNIGHT, 1)) < 90


def test_everyone_loads_in_the_hours_of_the_machine_and_rounds_up():
    for act in day(MACHINES, MIDNIGHT, 1):
        earliest, latest = WHEN[act.appliance.type][0]
        assert earliest <= hours(act.at) <= latest + 0.02
        assert act.lasts == timedelta(hours=2)


def test_some_ask_the_impossible():
    impossible = [act for seed in range(5) for act in day(MACHINES, MIDNIGHT, seed) if act.deadline - act.at < act.lasts]
    assert 5 <= len(impossible) <= 50


def test_a_tank_is_declared_once_soon_after_midnight_for_as_long_as_it_likes():
    heater = appliance(7, ApplianceType.WATER_HEATER)
    assert day([(heater, None)], MIDNIGHT, 1) == [Act(MIDNIGHT + timedelta(minutes=12), heater)]


def test_a_machine_that_we_do_not_know_is_used_as_one_that_washes():
    assert [each for seed in range(5) for each in day([(appliance(1, ApplianceType.MACHINE), LASTS)], MIDNIGHT, seed)]
