"""Programmes recognised, runs remembered, and what a plan then expects of them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from attrs import evolve
from sqlalchemy import Engine

from elfe.coordination.values import ApplianceType, Mode
from elfe.ems.cycles import store
from elfe.ems.cycles.curve import Curve
from elfe.ems.cycles.detection import parameters
from elfe.ems.cycles.learning import BY_DATA, BY_HAND, BY_TYPE, Known, expected, learned, lengths, looked, rest
from elfe.ems.cycles.programmes import Programme, distance, grouped, recognised
from elfe.ems.cycles.run import FIRST_LOOK, Book, learn
from elfe.ems.service import EmsService
from elfe.ems.solve import Solver
from elfe.slots import HORIZON, SLOT, slot_of
from tests.ems.conftest import Territory
from tests.ems.curves import COLD, ECO, REST, WASH, Step, curve, readings
from tests.ems.made import NOON, a_machine, minutes

DAY, HOUR_LONG = timedelta(days=1), timedelta(hours=1)
NEW = Known(parameters(ApplianceType.WASHING_MACHINE))


def per_minute(*steps: Step) -> tuple[float, ...]:
    return tuple(power for lasts, power in steps for _ in range(int(lasts)))


def varied(steps: tuple[Step, ...], seed: int) -> tuple[Step, ...]:
    """The same programme with another load: heats and turns a little longer or shorter."""
    chance = np.random.default_rng(seed)
    return tuple((lasts * chance.uniform(0.9, 1.1), power * chance.uniform(0.95, 1.05)) for lasts, power in steps)


def a_life(*programmes: tuple[Step, ...], gap: float = 600) -> Curve:
    """Runs one after the other, every one with its own load."""
    return curve(REST, *(step for seed, each in enumerate(programmes) for step in (*varied(each, seed), (gap, 1))))


def told(known: Known) -> list[int]:
    """When each run started, in minutes after noon."""
    return [round((each.run.started_at - NOON) / minutes(1)) for each in known.cycles]


# -- programmes ------------------------------------------------------------------------------------------------------------------


def test_a_run_is_as_far_from_itself_as_nothing() -> None:
    assert distance(per_minute(*WASH), per_minute(*WASH)) == 0


def test_a_heating_that_comes_a_little_later_is_the_same_programme_and_none_is_another() -> None:
    later = ((8, 20), (20, 2000), (35, 120), (5, 400))
    assert distance(per_minute(*WASH), per_minute(*later)) < 0.05
    assert distance(per_minute(*WASH), per_minute(*COLD)) > 0.5
    assert distance(per_minute(*WASH), per_minute(*COLD)) == distance(per_minute(*COLD), per_minute(*WASH))


def test_three_programmes_are_told_apart_whatever_their_loads() -> None:
    lives = [WASH, COLD, ECO, WASH, ECO, WASH, COLD, WASH]
    runs = [(NOON + i * DAY, per_minute(*varied(each, i))) for i, each in enumerate(lives)]
    numbers, found = grouped(runs)
    assert numbers == (1, 2, 3, 1, 3, 1, 2, 1)
    assert [(each.runs, round(each.energy_wh, -1)) for each in found] == [(4, 750), (2, 80), (2, 550)]
    assert found[0].last_at == NOON + 7 * DAY


def test_a_programme_draws_what_its_runs_draw_on_average() -> None:
    runs = [per_minute(*varied(WASH, seed)) for seed in range(5)]
    _, (found,) = grouped([(NOON + i * DAY, run) for i, run in enumerate(runs)])
    assert found.energy_wh == pytest.approx(sum(map(sum, runs)) / 60 / 5, rel=0.001)
    assert len(found.minutes_w) == sorted(map(len, runs))[2]


def test_the_more_often_a_programme_was_foretold_the_surer_it_is() -> None:
    sure = [grouped([(NOON + i * DAY, per_minute(*varied(WASH, i))) for i in range(count)])[1][0].confidence
            for count in (1, 2, 5, 20)]
    assert sure == [pytest.approx(1 / 3), pytest.approx(3 / 4), pytest.approx(6 / 7), pytest.approx(21 / 22)]


def test_sixty_runs_are_put_into_programmes_in_no_time_and_none_is_lost() -> None:
    numbers, found = grouped([(NOON + i * DAY, per_minute(*varied((WASH, COLD, ECO)[i % 3], i))) for i in range(60)])
    assert [each.runs for each in found] == [20, 20, 20]
    assert len(numbers) == 60


@pytest.fixture(scope="module")
def three() -> tuple[Programme, ...]:
    """Wash, cold and eco, three runs each."""
    return grouped([(NOON + i * DAY, per_minute(*varied((WASH, COLD, ECO)[i % 3], i))) for i in range(9)])[1]


@pytest.mark.parametrize(("steps", "after", "number"), [
    (WASH, 4, None), (COLD, 15, 2), (WASH, 24, 1), (ECO, 24, 3), (((60, 300),), 30, None)])
def test_the_first_minutes_of_a_run_tell_its_programme(three: tuple[Programme, ...], steps: tuple[Step, ...], after: int,
                                                      number: int | None) -> None:
    found = recognised(three, per_minute(*varied(steps, 99))[:after])
    assert (found and found[0].number) == number


def test_two_programmes_that_begin_alike_are_not_told_apart_before_they_part(three: tuple[Programme, ...]) -> None:
    assert recognised(three, per_minute(*WASH)[:10]) is None


# -- looking ----------------------------------------------------------------------------------------------------------------------


def test_looking_bit_by_bit_finds_what_one_look_finds() -> None:
    said = a_life(WASH, ECO, WASH, COLD)
    end = NOON + minutes(3000)
    known, at = NEW, NOON
    while at < end:
        at += SLOT
        known = looked(known, said.between((known.resumes_at or NOON).timestamp(), at.timestamp()), at)
    assert told(known) == told(looked(NEW, said, end))
    assert [each.run.energy_wh for each in known.cycles] == pytest.approx(
        [each.run.energy_wh for each in looked(NEW, said, end).cycles], rel=0.001)
    assert all(each.run.whole and each.run.over for each in known.cycles)


def test_the_run_that_is_going_on_is_known_minute_by_minute() -> None:
    known = looked(NEW, curve(REST, *WASH[:2]), NOON + minutes(85))
    assert known.running is not None
    assert [round(each) for each in known.running.minutes_w[::12]] == [20, 2000, 2000]
    assert known.whole == ()


def test_a_touch_that_was_taken_for_a_run_is_forgotten() -> None:
    known = looked(NEW, curve(REST, (5, 300)), NOON + minutes(65))
    assert known.running is not None
    assert looked(known, curve(REST, (5, 300), REST), NOON + minutes(125)).cycles == ()


def test_a_run_that_was_seen_whole_is_not_replaced_by_a_part_of_it() -> None:
    said = curve(REST, *WASH, REST)
    known = looked(NEW, said, NOON + minutes(185))
    again = looked(known, said.between((NOON + minutes(90)).timestamp(), (NOON + minutes(185)).timestamp()), NOON + minutes(185))
    assert again.cycles == known.cycles


def test_an_own_standby_becomes_an_own_stop_power_unless_somebody_has_set_it() -> None:
    said = curve((60, 6), *WASH, (60, 6))
    assert (NEW.rules.stop_w, NEW.origin) == (3, BY_TYPE)
    found = looked(NEW, said, NOON + minutes(185))
    assert (found.rules.stop_w, found.origin) == (7, BY_DATA)
    by_hand = looked(evolve(NEW, origin=BY_HAND), said, NOON + minutes(185))
    assert (by_hand.rules.stop_w, by_hand.origin) == (3, BY_HAND)


def test_runs_of_half_a_year_ago_are_forgotten() -> None:
    known = looked(NEW, a_life(WASH, ECO), NOON + minutes(1500))
    assert told(learned(known, NOON + minutes(1500))) == told(known)
    assert told(learned(known, NOON + timedelta(days=180, minutes=300))) == told(known)[1:]


# -- what a plan expects --------------------------------------------------------------------------------------------------------


def known_of(*programmes: tuple[Step, ...]) -> Known:
    said = a_life(*programmes)
    end = NOON + timedelta(seconds=said.at_s[-1] - said.at_s[0])
    return learned(looked(NEW, said, end), end)


def test_until_a_programme_is_known_the_latest_run_is_what_is_planned() -> None:
    cycle = expected(known_of(ECO, WASH))
    assert cycle is not None
    assert cycle.source.startswith("its last cycle, ")
    assert cycle.energy_wh == pytest.approx(772, rel=0.1)


def test_the_programme_of_the_latest_run_is_planned_with_its_mean() -> None:
    cycle = expected(known_of(WASH, ECO, WASH, WASH))
    assert cycle is not None
    assert cycle.source == "its programme 1 (3 runs, 80% sure)"
    assert cycle.energy_wh == pytest.approx(772, rel=0.05)


def test_the_programme_that_lasts_as_was_declared_is_what_is_planned_where_the_latest_lasted_otherwise() -> None:
    known = known_of(ECO, ECO, WASH, WASH)
    short, long = sorted(lengths(known))
    assert long - short > 1
    declared = expected(known, long * SLOT)
    assert declared is not None
    assert (len(declared.power_w), declared.source) == (long, "its programme 1 (2 runs, 75% sure), as was declared")
    for lasts in (timedelta(), short * SLOT, (short + 1) * SLOT, 12 * HOUR_LONG):      # not said, as the latest, as none
        assert expected(known, lasts) == expected(known)


def test_nothing_known_is_nothing_expected() -> None:
    assert expected(NEW) is None
    assert rest(NEW, NOON, slot_of(NOON)) is None


def running(known: Known, *steps: Step) -> tuple[Known, datetime]:
    """A run that has come so far, a day after the last one, and its start."""
    begun = max(each.run.ended_at for each in known.cycles) + DAY
    said = curve(*steps, begins=begun)
    return looked(known, Curve(np.append(begun.timestamp() - 60, said.at_s), np.append(1.0, said.power_w)),
                  begun + timedelta(minutes=sum(lasts for lasts, _ in steps))), begun


def test_a_run_is_expected_to_go_on_as_its_programme_once_its_first_minutes_have_told_which() -> None:
    known, begun = running(known_of(WASH, ECO, WASH, ECO, WASH), (5, 20), (10, 2000), (10, 120))
    left = rest(known, begun, slot_of(begun) + 2)
    assert left is not None
    assert sum(left) / 4 == pytest.approx((85 * 120 + 5 * 400) / 60, rel=0.15)             # eco, though the latest was a wash


def test_a_run_that_is_over_draws_no_more() -> None:
    known, begun = running(known_of(WASH, WASH), *WASH, (30, 1))
    assert rest(known, begun, slot_of(begun) + 5) == ()


def test_what_is_left_of_a_run_begins_where_it_is_and_not_with_a_quarter() -> None:
    begun = NOON + minutes(5)
    known = Known(NEW.rules, cycles=looked(NEW, curve((65, 1), *WASH, REST), NOON + minutes(190)).cycles)
    now, start = NOON + minutes(600), begun + minutes(600)
    going_on = looked(known, curve((5, 1), (5, 20), (5, 2000), begins=now), now + minutes(15))
    left = rest(going_on, start, slot_of(start) + 1)
    assert left is not None
    assert left == pytest.approx((2000, 120, 120, (5 * 120 + 5 * 400) / 15))


# -- kept ------------------------------------------------------------------------------------------------------------------------


def test_what_is_kept_is_read_as_it_was(sortie: Engine) -> None:
    known = known_of(WASH, ECO, WASH)
    store.save(sortie, 101, known)
    store.save(sortie, 102, NEW)
    read = store.known(sortie)
    assert (read[101].rules, read[101].origin, read[101].programmes) == (known.rules, known.origin, known.programmes)
    assert told(read[101]) == told(known)
    assert [each.programme for each in read[101].cycles] == [1, 2, 1]
    assert read[102] == NEW
    assert told(store.in_short(sortie)[101]) == told(known)[-1:]


def test_what_is_learned_of_those_who_have_left_is_forgotten(sortie: Engine) -> None:
    for id in (101, 102):
        store.save(sortie, id, known_of(WASH))
    store.forget(sortie, [101])
    assert list(store.known(sortie)) == [102]


def test_learning_reads_the_history_and_goes_on_where_it_was(territory: Territory) -> None:
    series = territory.machine(101)
    machine = evolve(a_machine(101), power_series=series)
    said = a_life(WASH, ECO, WASH)
    half = NOON + minutes(1000)
    territory.history.append([each for each in readings(said, series) if each.at < half])
    learn(territory.sources.sortie, territory.history, machine, half)
    territory.history.append(readings(said, series))
    known = learn(territory.sources.sortie, territory.history, machine, NOON + minutes(3000))
    assert [each.programme for each in known.cycles] == [1, 2, 1]
    assert store.known(territory.sources.sortie)[101].programmes == known.programmes


def test_what_a_plan_asks_for_is_looked_up_to_now_and_not_written(territory: Territory) -> None:
    series = territory.machine(101)
    machine = evolve(a_machine(101), power_series=series)
    territory.history.append(readings(a_life(WASH, ECO, WASH), series))
    book = Book(territory.sources.sortie, territory.history)
    assert len(book.of(machine, NOON + minutes(400)).whole) == 1
    assert len(book.of(machine, NOON + minutes(3000)).whole) == 3
    assert store.known(territory.sources.sortie) == {}


def test_a_machine_that_was_just_learned_by_hand_is_read_again(territory: Territory) -> None:
    series = territory.machine(101)
    machine = evolve(a_machine(101), power_series=series)
    territory.history.append(readings(a_life(WASH, WASH, WASH), series))
    book, now = Book(territory.sources.sortie, territory.history), NOON + minutes(3000)
    assert book.of(machine, now).programmes == ()
    learn(territory.sources.sortie, territory.history, machine, now)
    book.open()
    assert len(book.of(machine, now + SLOT).programmes) == 1


def test_the_service_learns_every_machine_once_a_day(territory: Territory) -> None:
    for id in (101, 102):
        series = territory.machine(id, mode=Mode.MANUAL)
        territory.history.append(readings(curve((600, 1), *WASH, (600, 1), every_s=60, begins=NOON - DAY), series))
    service = EmsService(territory.sources, Solver())
    at, learnt = service.step(NOON), []
    for _ in range(HORIZON + 1):
        at = service.step(at)
        learnt.append(len(store.known(territory.sources.sortie)))
    service.close()
    assert learnt[0] == 0
    assert sorted(set(learnt)) == [0, 1, 2]
    assert all(len(each.whole) == 1 for each in store.known(territory.sources.sortie).values())


def test_a_first_look_goes_two_weeks_back(territory: Territory) -> None:
    series = territory.machine(101)
    machine = evolve(a_machine(101), power_series=series)
    for back in (FIRST_LOOK + DAY, FIRST_LOOK - DAY):
        territory.history.append(readings(curve(REST, *WASH, REST, every_s=60, begins=NOON - back), series))
    assert len(learn(territory.sources.sortie, territory.history, machine, NOON).cycles) == 1
    assert len(learn(territory.sources.sortie, territory.history, machine, NOON, since=NOON - 30 * DAY).cycles) == 2
