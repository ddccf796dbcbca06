"""Runs found in power curves: made ones, each with one difficulty, and measured ones."""

from __future__ import annotations

from datetime import timedelta
from time import process_time

import numpy as np
import pytest
from attrs import evolve

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve, cleaned, curve_of_counter
from elfe.ems.cycles.detection import Detection, Run, parameters, runs
from elfe.ems.cycles.proposal import suited
from tests.ems.curves import REST, WASH, curve, readings
from tests.ems.families import FAMILIES, a_day
from tests.ems.made import NOON, minutes
from tests.ems.traces import TYPES, Trace, changes, every, means, traces

WASHER, DRYER = parameters(ApplianceType.WASHING_MACHINE), parameters(ApplianceType.TUMBLE_DRYER)
TURNS = ((2, 2), (0.25, 200))


def told(found: tuple[Run, ...]) -> list[tuple[float, float]]:
    """Start and end in minutes after noon."""
    return [(round((each.started_at - NOON) / minutes(1), 1), round((each.ended_at - NOON) / minutes(1), 1)) for each in found]


# -- the four parameters -----------------------------------------------------------------------------------------------------


def test_a_cycle_begins_with_its_first_work_and_ends_with_its_last() -> None:
    assert told(runs(curve(REST, *WASH, REST), WASHER)) == [(60, 125)]


@pytest.mark.parametrize(("rules", "count"), [
    (Detection(start_w=2000), 1), (Detection(start_w=2001), 0),
    (Detection(start_for=minutes(20)), 1), (Detection(start_for=minutes(26)), 0),
    (Detection(stop_w=20), 1), (Detection(stop_for=minutes(30)), 1)])
def test_a_run_is_a_cycle_when_its_start_power_lasts_for_its_start_duration(rules: Detection, count: int) -> None:
    assert len(runs(curve(REST, *WASH, REST), rules)) == count


@pytest.mark.parametrize(("pause", "count"), [(9, 1), (11, 2)])
def test_a_soak_pause_is_shorter_than_what_stands_between_two_runs(pause: float, count: int) -> None:
    assert len(runs(curve(REST, *WASH, (pause, 1), *WASH, REST), WASHER)) == count


def test_what_still_runs_is_told_as_not_over() -> None:
    found = runs(curve(REST, *WASH, REST, *WASH[:2]), WASHER)
    assert [each.over for each in found] == [True, False]


def test_a_run_is_over_once_it_has_been_quiet_for_long_enough() -> None:
    ended = curve(REST, *WASH, (1, 1))
    assert [each.over for each in runs(ended, WASHER)] == [False]
    assert [each.over for each in runs(ended, WASHER, until=NOON + minutes(140))] == [True]


@pytest.mark.parametrize("steps", [
    ((600, 1),),
    ((5, 1), (0.5, 2000), (60, 1)),                       # a spike
    ((10, 1), (5, 300), (60, 0)),                         # start is pressed, the plug is cut
    (REST, (40, 15), REST),                               # the panel was left on
    ((40, 0), (14, 130), (40, 0), (14, 130), (40, 0)),    # the compressor of a refrigerator
])
def test_what_is_no_cycle_is_not_told(steps: tuple[tuple[float, float], ...]) -> None:
    assert runs(curve(*steps), WASHER) == ()


def test_nothing_measured_is_nothing_found() -> None:
    assert runs(Curve(np.empty(0), np.empty(0)), WASHER) == ()


# -- real life ------------------------------------------------------------------------------------------------------------------


def test_a_curve_that_begins_inside_a_run_does_not_know_where_it_started() -> None:
    assert [each.whole for each in runs(curve(*WASH, REST, *WASH, REST), WASHER)] == [False, True]


@pytest.mark.parametrize(("silence", "whole"), [(14, True), (30, False)])
def test_a_silence_inside_a_run_does_not_end_it(silence: float, whole: bool) -> None:
    said = curve(REST, *WASH, REST)
    gap = NOON.timestamp() + 60 * np.array([70, 70 + silence])
    kept = (said.at_s < gap[0]) | (said.at_s >= gap[1])
    found = runs(Curve(said.at_s[kept], said.power_w[kept]), WASHER)
    assert told(found) == [(60, 125)]
    assert found[0].whole is whole


def test_a_meter_lost_in_the_middle_of_a_run_ends_it_where_it_was_last_believed() -> None:
    said = curve(REST, *WASH, (900, 1))
    lost = (said.at_s < NOON.timestamp() + 70 * 60) | (said.at_s > NOON.timestamp() + 800 * 60)
    found = runs(Curve(said.at_s[lost], said.power_w[lost]), WASHER)
    assert [(each.over, each.whole) for each in found] == [(True, False)]


def test_a_standby_above_the_stop_power_is_found_and_stepped_over() -> None:
    said = curve((60, 6), *WASH, (60, 6), *WASH, (60, 6))
    assert len(runs(said, WASHER)) == 1
    assert told(runs(said, suited(said, WASHER))) == [(60, 125), (185, 250)]


def test_the_drum_that_waits_to_be_emptied_is_not_drying() -> None:
    dries = ((40, 2500), (5, 220))
    assert told(runs(curve(REST, *dries, *TURNS * 20, REST), DRYER)) == [(60, 105)]


def test_a_second_load_may_be_dried_while_the_drum_still_turns() -> None:
    dries = ((40, 2500), (5, 220))
    assert told(runs(curve(REST, *dries, *TURNS * 4, *dries, *TURNS * 20, REST), DRYER)) == [(60, 105), (113.8, 159)]


def test_a_pump_that_runs_once_more_is_not_waited_for() -> None:
    assert told(runs(curve(REST, *WASH, (8, 1), (0.3, 30), REST), WASHER)) == [(60, 125)]


def test_midnight_is_an_instant_like_any_other() -> None:
    at_midnight = curve(REST, *WASH, REST)
    later = Curve(at_midnight.at_s + 11 * 3600 - 90 * 60, at_midnight.power_w)
    assert [each.lasts for each in runs(later, WASHER)] == [each.lasts for each in runs(at_midnight, WASHER)]


@pytest.mark.parametrize("every_s", [1, 5, 30, 60])
def test_how_often_the_meter_speaks_does_not_matter(every_s: float) -> None:
    found = runs(curve(REST, *WASH, REST, every_s=every_s), WASHER)
    assert [(each.started_at, each.energy_wh) for each in found] == [(NOON + minutes(60), pytest.approx(771.7, rel=0.001))]


def test_a_meter_that_speaks_on_change_only_is_believed_for_an_hour() -> None:
    at_s = NOON.timestamp() + 60 * np.array([0, 600, 605, 645, 680])
    found = runs(Curve(at_s, np.array([0.0, 20, 2000, 120, 0])), WASHER, until=NOON + minutes(1400))
    assert told(found) == [(600, 679.7)]
    assert found[0].whole


def test_a_clock_that_was_set_back_costs_neither_the_run_nor_the_program() -> None:
    said = curve(REST, *WASH, REST)
    at_s = np.where(np.arange(len(said)) < 1000, said.at_s, said.at_s - 600)
    assert told(runs(cleaned(at_s, said.power_w), WASHER)) == [(60, 115)]


@pytest.mark.parametrize("absurd", [float("nan"), float("inf"), -float("inf"), 1e9, -1e9])
def test_an_absurd_reading_is_none(absurd: float) -> None:
    said = curve(REST, *WASH, REST)
    power_w = said.power_w.copy()
    power_w[[10, 800, 1500]] = absurd
    assert told(runs(cleaned(said.at_s, power_w), WASHER)) == [(60, 125)]


def test_a_counter_tells_the_same_runs_and_survives_its_reset() -> None:
    said = curve(REST, *WASH, REST, every_s=60)
    counted = np.cumsum(np.append(0.0, said.power_w[:-1])) / 60
    counted[100:] -= counted[100]                      # the plug was taken out, and has forgotten
    found = runs(curve_of_counter(readings(Curve(said.at_s, counted)), 900), WASHER)
    assert told(found) == [(60, 124.7)]
    assert found[0].energy_wh == pytest.approx(771.7, rel=0.01)


def test_a_month_of_readings_every_five_seconds_takes_well_under_a_second() -> None:
    chance = np.random.default_rng(1)
    day = curve((600, 1), *WASH, (400, 1), *WASH, (310, 1)).power_w
    power_w = np.maximum(0, np.tile(day, 31) + chance.normal(0, 0.5, 31 * len(day)))
    said = Curve(NOON.timestamp() + 5.0 * np.arange(len(power_w)), power_w)
    begun = process_time()
    assert len(runs(said, suited(said, WASHER))) == 62
    assert process_time() - begun < 1


# -- measured at real machines ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(TYPES))
@pytest.mark.parametrize("meter", ["5 s", "30 s", "60 s", "means of 60 s", "changes"])
def test_the_cycles_of_real_machines_are_found_and_nothing_else_is(kind: str, meter: str) -> None:
    measured = [each for each in traces() if each.kind == kind]
    if not measured:
        pytest.skip("no traces beside the project")
    said = {"5 s": lambda each: each, "30 s": lambda each: every(each, 30), "60 s": lambda each: every(each, 60),
            "means of 60 s": lambda each: means(each, 60), "changes": changes}[meter]
    true = found = false = 0
    for trace in measured:
        heard = said(trace.curve)
        left = list(runs(heard, suited(heard, parameters(TYPES[kind]))))
        for each in trace.truth:
            hit = next((run for run in left if each.is_found_in(run)), None)
            true, found = true + 1, found + (hit is not None)
            left = [run for run in left if run is not hit]
        false += len(left)
    assert found >= 0.9 * true
    assert false <= 1


# -- made, second by second: makes that nobody measured for us ----------------------------------------------------------------


@pytest.mark.parametrize("step_s", [5, 30, 60])
@pytest.mark.parametrize("name", FAMILIES)
def test_the_cycles_of_machines_that_were_never_seen_are_found_and_nothing_else_is(name: str, step_s: float) -> None:
    trace = a_day(name, seed=7)
    found = runs(every(trace.curve, step_s, step_s / 3), _suited(trace, name, step_s))
    assert [each.is_found_in(run) for each, run in zip(trace.truth, found, strict=True)] == [True] * len(trace.truth)


def _suited(trace: Trace, name: str, step_s: float) -> Detection:
    return suited(every(trace.curve, step_s, step_s / 3), parameters(FAMILIES[name].kind))


@pytest.mark.parametrize("name", ["washer, long rests", "dishwasher", "dryer, heat pump"])
@pytest.mark.parametrize("how", ["jitter", "lost", "twice", "out of order", "set back"])
def test_what_a_meter_and_its_clock_do_to_readings_costs_no_cycle(name: str, how: str) -> None:
    trace, dice = a_day(name, seed=3), np.random.default_rng(1)
    said = every(trace.curve, 10)
    at_s, power_w = said.at_s, said.power_w
    if how == "jitter":
        at_s = at_s + dice.uniform(-4, 4, len(at_s))
    elif how == "lost":
        kept = dice.random(len(at_s)) > 0.2
        at_s, power_w = at_s[kept], power_w[kept]
    elif how == "twice":
        at_s, power_w = np.repeat(at_s, 2), np.repeat(power_w, 2)
    elif how == "out of order":
        order = np.argsort(np.arange(len(at_s)) + dice.uniform(0, 20, len(at_s)))
        at_s, power_w = at_s[order], power_w[order]
    else:      # in the night before, by ten minutes
        at_s = np.where(at_s < trace.truth[0].starts_s[0] - 3600, at_s + 600, at_s)
    heard = cleaned(at_s, power_w)
    found = runs(heard, suited(heard, parameters(FAMILIES[name].kind)))
    assert [each.is_found_in(run) for each, run in zip(trace.truth, found, strict=True)] == [True] * len(trace.truth)


def test_the_energy_of_real_cycles_is_right_within_a_twentieth() -> None:
    for trace in traces():
        rules = parameters(TYPES.get(trace.kind, ApplianceType.MACHINE))
        found = runs(trace.curve, suited(trace.curve, evolve(rules, shortest=timedelta(minutes=5))))
        for each in trace.truth:
            hits = [run for run in found if each.is_found_in(run) and run.whole and not each.cut]
            assert [run.energy_wh for run in hits[:1]] == [pytest.approx(each.energy_wh, rel=0.05)] * len(hits[:1]), trace.name
