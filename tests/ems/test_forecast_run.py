"""A forecast for a run: what is read, what is kept, and what is said when something is missing."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from elfe import clock
from elfe.cli import app
from elfe.ems.forecast import store
from elfe.ems.forecast.judged import judged
from elfe.ems.forecast.store import Hour
from elfe.ems.forecast.values import Forecast
from elfe.ems.run import gather, run_once
from elfe.ems.solve import Solver
from elfe.ems.sources import Sources
from elfe.history.values import BALANCE, Reading
from elfe.slots import HORIZON, SLOT, slot_of, slot_start
from tests.ems.made import NOON, PARIS

FIRST = slot_of(NOON)


def day(slot: int) -> float:
    """W: the same every day, but for weekends and what nobody can know."""
    weekday = (slot // HORIZON + 3) % 7
    return -20_000.0 - (60_000.0 if weekday < 5 and 28 <= slot % HORIZON < 72 else 0.0) + 9_000 * math.sin(slot * slot)


def measured(territory, days: int) -> None:
    series = territory.history.series(BALANCE, "W")
    territory.history.append([Reading(series, slot_start(slot), day(slot)) for slot in range(FIRST - days * HORIZON, FIRST)])


def test_a_territory_that_was_measured_before_elfe_came_is_learned_from_at_once(territory):
    measured(territory, 40)
    inputs = gather(territory.sources, NOON - timedelta(seconds=30), FIRST)
    assert "below persistence's when rehearsed" in inputs.forecast.source
    saturdays_morning = np.array(inputs.forecast.balance_w)[-8:]      # as persistence has it, at work: -80 kW
    assert (saturdays_morning > -50_000).all()
    assert all(low <= here <= high for low, here, high in
               zip(inputs.forecast.low_w, inputs.forecast.balance_w, inputs.forecast.high_w, strict=True))


def test_what_was_measured_and_what_was_expected_are_kept(territory):
    measured(territory, 20)
    plan = run_once(territory.sources, Solver(), NOON - timedelta(seconds=30), FIRST)
    kept = store.measured(territory.sources.sortie, FIRST - 20 * HORIZON, 20 * HORIZON)
    assert kept[:-1] == [pytest.approx(day(slot)) for slot in range(FIRST - 20 * HORIZON, FIRST - 1)]
    assert kept[-1] is None      # that quarter is not over
    said = store.forecasts(territory.sources.sortie, FIRST, FIRST + 1)
    assert [(each.first_slot, each.forecast.source) for each in said] == [(FIRST, plan.forecast)]
    assert said[0].forecast.balance_w == tuple(round(each) for each in plan.balance_w)


def test_a_dry_run_keeps_nothing(territory):
    measured(territory, 20)
    run_once(territory.sources, Solver(), NOON - timedelta(seconds=30), FIRST, write=False)
    assert store.forecasts(territory.sources.sortie, FIRST, FIRST + 1) == []
    assert set(store.measured(territory.sources.sortie, FIRST - 20 * HORIZON, 20 * HORIZON)) == {None}


def test_what_was_placed_yesterday_is_not_kept_as_the_territorys(territory):
    """W-16: what the first EMS moved into yesterday's sun it forecast for today's."""
    series = territory.machine(1)
    territory.started(1, NOON - timedelta(hours=5))
    measured(territory, 20)
    territory.drew(series, NOON - timedelta(hours=5), 2000.0, 2000.0, 0.0)
    run_once(territory.sources, Solver(), NOON - timedelta(seconds=30), FIRST)
    begins = FIRST - 20
    assert store.measured(territory.sources.sortie, begins, 3) == [day(begins) + 2000, day(begins + 1) + 2000, day(begins + 2)]


def test_less_than_nine_days_leave_the_documentations_persistence(territory):
    measured(territory, 5)
    assert gather(territory.sources, NOON, FIRST).forecast.source == "persistence of the last 24 hours"


def test_who_wants_the_documentations_persistence_has_it(territory):
    measured(territory, 40)
    given = territory.sources
    sources = Sources(given.coordination, given.sortie, given.history, PARIS, learns=False)
    assert gather(sources, NOON, FIRST).forecast.source == "persistence of the last 24 hours"


def test_what_is_kept_is_preferred_to_the_history(territory):
    measured(territory, 30)
    run_once(territory.sources, Solver(), NOON - timedelta(seconds=30), FIRST)
    slot = FIRST - 5 * HORIZON
    store.keep_measured(territory.sources.sortie, {slot: 123.0})
    run_once(territory.sources, Solver(), NOON + timedelta(minutes=14, seconds=30), FIRST + 1)
    assert store.measured(territory.sources.sortie, slot, 1) == [123.0]


@pytest.mark.parametrize("absurd", [1e12, -1e7, 1e300])
def test_f8_what_cannot_be_is_believed_by_a_young_territory_no_more_than_by_an_old_one(territory, absurd):
    measured(territory, 4)
    expected = gather(territory.sources, NOON, FIRST).forecast
    territory.history.append([Reading(territory.history.find(BALANCE), slot_start(FIRST - 8) + SLOT / 3, absurd)])
    told = gather(territory.sources, NOON, FIRST).forecast
    assert told.source == "persistence of the last 24 hours, 1 of 96 quarters taken from the day before"
    assert np.allclose(np.delete(told.balance_w, 88), np.delete(expected.balance_w, 88))
    assert abs(told.balance_w[88]) < 1e5
    run_once(territory.sources, Solver(), NOON, FIRST)
    assert store.measured(territory.sources.sortie, FIRST - 8, 1) == [None]


def test_f8_a_young_territory_whose_data_is_three_days_late_expects_what_it_last_saw(territory):
    measured(territory, 2)
    told = gather(territory.sources, NOON + timedelta(days=3), FIRST + 3 * HORIZON).forecast
    assert told.source == "persistence of the last 24 hours, 96 of 96 quarters taken from earlier days"
    assert np.mean(told.balance_w) < -10_000


def test_f8_what_was_measured_while_no_run_was_made_is_kept_by_the_next_one(territory):
    measured(territory, 20)
    early = FIRST - 6 * HORIZON
    run_once(territory.sources, Solver(), slot_start(early) - timedelta(seconds=30), early)
    run_once(territory.sources, Solver(), NOON - timedelta(seconds=30), FIRST)
    kept = store.measured(territory.sources.sortie, early - 96, 7 * HORIZON)
    assert kept[:-1] == [pytest.approx(day(slot)) for slot in range(early - 96, FIRST - 1)]


# -- the weather --------------------------------------------------------------------------------------------------------------


def test_of_several_announcements_the_one_that_was_early_enough_counts(sortie):
    noon = FIRST
    for before, warmth in ((30, 1.0), (8, 2.0), (2, 3.0), (-4, 4.0)):
        store.keep_weather(sortie, slot_start(noon) - timedelta(hours=before), [Hour(noon, warmth, 0.0, 0.0)])
    assert store.weather(sortie, noon - 4, 12)[0].tolist()[4:8] == [2.0] * 4
    assert np.isnan(store.weather(sortie, noon - 4, 12)[0][[0, 3, 8, 11]]).all()
    assert store.newest_weather(sortie) == slot_start(noon) + timedelta(hours=4)


def test_what_was_only_known_afterwards_is_better_than_nothing(sortie):
    store.keep_weather(sortie, slot_start(FIRST) + timedelta(days=3), [Hour(FIRST, 5.0, 100.0, 3.0)])
    store.keep_weather(sortie, slot_start(FIRST) + timedelta(days=4), [Hour(FIRST, 9.0, 100.0, 3.0)])
    assert store.weather(sortie, FIRST, 1)[:, 0].tolist() == [5.0, 100.0, 3.0]


def test_the_weather_is_believed_where_it_helps_and_missed_when_it_stops(territory):
    chance = np.random.default_rng(1)
    hours = range(FIRST - 40 * HORIZON, FIRST + 2 * HORIZON, 4)
    sun = {slot: 900 * chance.uniform() * max(np.sin((slot % HORIZON / 4 - 6) / 12 * np.pi), 0) for slot in hours}
    series = territory.history.series(BALANCE, "W")
    territory.history.append([Reading(series, slot_start(slot), day(slot) + 200 * sun[slot - slot % 4])
                              for slot in range(FIRST - 40 * HORIZON, FIRST)])
    store.keep_weather(territory.sources.sortie, NOON - timedelta(hours=1), [Hour(slot, 15.0, sun[slot], 5.0) for slot in hours])
    with_weather = gather(territory.sources, NOON, FIRST).forecast
    assert "regression with weather" in with_weather.source

    later = FIRST + HORIZON + HORIZON // 2      # it was announced for half of this day alone
    territory.history.append([Reading(series, slot_start(slot), day(slot)) for slot in range(FIRST, later)])
    assert "regression with weather" not in gather(territory.sources, slot_start(later), later).forecast.source


# -- what it was worth ---------------------------------------------------------------------------------------------------------


def test_forecasts_are_judged_by_what_came():
    came = dict.fromkeys(range(1000 - 2 * HORIZON, 1000 + HORIZON), 100.0)
    said = Forecast((110.0,) * HORIZON, "", (95.0,) * HORIZON, (120.0,) * HORIZON)
    worth = judged([(1000, said), (1000 + 5 * HORIZON, said)], came)
    assert [(each.begins, each.ends) for each in worth][-1] == (0, HORIZON)
    assert (worth[-1].error_w, worth[-1].persistence_w, worth[-1].inside) == (10.0, 0.0, 1.0)
    assert judged([(5000, said)], came) == []


def test_no_forecast_is_judged_beside_a_persistence_that_had_nothing_to_say():
    said = [(FIRST, Forecast((-5000.0,) * HORIZON, "similar days"))]
    came = dict.fromkeys(range(FIRST, FIRST + HORIZON), -5000.0)
    assert judged(said, came) == []
    assert judged(said, came | {FIRST - 1: -5000.0})[-1].gain == 0


def test_an_operator_sees_what_is_expected_and_what_it_has_been_worth(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elfe.toml").write_text(f"data_dir = '{tmp_path}'\n")
    assert "nothing was forecast" in str(elfe("ems", "forecast").exception)
    from elfe.app.context import Context
    from elfe.settings import load
    here = Context(load(Path("elfe.toml"), {}))
    now = slot_of(clock.now())
    store.keep_measured(here.sortie, {slot: 100.0 + slot % 7 for slot in range(now - 5 * HORIZON, now)})
    for first in range(now - 2 * HORIZON, now + 1):
        store.keep_forecast(here.sortie, first, slot_start(first) - timedelta(seconds=30),
                            Forecast((103.0,) * HORIZON, "told", (90.0,) * HORIZON, (110.0,) * HORIZON))
    told = json.loads(elfe("ems", "forecast", "--json").stdout)
    assert (len(told["balance_w"]), told["source"]) == (HORIZON, "told")
    assert told["worth"][-1]["error_w"] < told["worth"][-1]["persistence_w"]
    shown = elfe("ems", "forecast").stdout
    assert "the whole day" in shown
    assert "100%" in shown


def elfe(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_what_was_learned_is_kept_for_a_day(territory):
    measured(territory, 60)
    asked = territory.sources.forecasts
    asked.look(FIRST, [])
    learned = asked._blends[False]
    asked.look(FIRST + 1, [])
    assert asked._blends[False] is learned
    asked.look(FIRST + HORIZON, [])
    assert asked._blends[False] is not learned


def test_d1_the_first_slot_may_lie_in_any_hour_of_a_change_of_time(territory):
    first = slot_of(datetime(2026, 3, 29, 0, 45, tzinfo=PARIS))
    series = territory.history.series(BALANCE, "W")
    territory.history.append([Reading(series, slot_start(slot), day(slot)) for slot in range(first - 20 * HORIZON, first + 20)])
    for each in range(first, first + 12):
        found = gather(territory.sources, slot_start(each) - SLOT, each).forecast
        assert len(found.balance_w) == HORIZON
        assert np.isfinite(found.balance_w).all()
