"""Days that are lived through again: what is carried out, what is found, what is told."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from attrs import evolve
from sqlalchemy import insert
from typer.testing import CliRunner

from elfe.cli import app
from elfe.coordination import queries, tables
from elfe.ems import search
from elfe.ems.backtest import store
from elfe.ems.backtest.losses import judged
from elfe.ems.backtest.replay import Forecasts, Truth, at_once, replay
from elfe.ems.backtest.values import Days, Declared
from elfe.ems.cycles.run import learn
from elfe.ems.forecast.store import keep_measured
from elfe.ems.solve import Limits, Solver
from elfe.errors import ElfeError
from elfe.slots import HORIZON, epoch_s, slot_of, slot_start
from tests.ems.made import FIRST, NOON
from tests.ems.test_gather import vehicle

DAY = HORIZON
PARIS = ZoneInfo("Europe/Paris")
MONDAY = slot_of(datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture(scope="module")
def solve():
    solver = Solver(Limits(nodes=200, seconds=None, tries=100))
    yield solver.solve
    solver.close()


def sunny(days: int, seed: int = 1) -> np.ndarray:
    """Every day sun at noon, more or less of it."""
    dice, t = np.random.default_rng(seed), np.arange(days * DAY)
    sky = np.repeat(dice.uniform(0.2, 1, days), DAY)
    return sky * 6000 * np.maximum(np.sin((t % DAY / 4 - 7) / 12 * np.pi), 0) - 1500.0


def village(days: int = 2, before: int = 16, loads: int = 3) -> Days:
    dice = np.random.default_rng(2)
    begins = MONDAY + before * DAY
    declared = [Declared("washing" if n % 2 else "dryer", f"R{n % 3:03}", begins + day * DAY + 28 + n,
                         begins + day * DAY + 28 + n + int(dice.integers(20, 50)), (2000.0, 1500.0, 300.0, 300.0))
                for day in range(days) for n in range(loads)]
    return Days(MONDAY, begins, begins + days * DAY, sunny(before + days), tuple(declared), UTC)


def test_each_load_is_started_once_not_before_it_is_known_and_in_time(solve):
    days = village()
    starts = replay(days, Truth(days), solve)
    for each, start in zip(days.declared, starts, strict=True):
        assert each.known <= start <= each.last_start


def test_foresight_is_better_than_forecasts_and_these_than_haste(solve):
    days = village()
    soonest, planned, known = (days.imported_wh(each) for each in (
        at_once(days), replay(days, Forecasts(days), solve), replay(days, Truth(days), solve)))
    assert known <= planned + 1 < soonest


def test_what_is_expected_hangs_on_nothing_that_comes_later():
    days = village()
    changed = days.balance.copy()
    changed[days.begins - days.first + 10:] -= 1e5
    here, there = Forecasts(days), Forecasts(evolve(days, balance=changed))
    np.testing.assert_array_equal(here(days.begins + 10), there(days.begins + 10))


def test_a_deadline_that_cannot_be_kept_starts_at_once_and_counts_as_late(solve):
    days = village(days=1, loads=1)
    days = evolve(days, declared=(evolve(days.declared[0], deadline=days.declared[0].known + 2),))
    assert replay(days, Truth(days), solve) == [days.declared[0].known]


def test_losses_are_told_by_cause_and_gains_by_kind(solve):
    days = village(days=2)
    near = evolve(days, declared=tuple(evolve(each, deadline=each.known + 6) for each in days.declared))
    worth = judged(near, solve, solve, home_w=2500.0)
    assert worth.at_once_wh - worth.planned_wh == pytest.approx(worth.avoided_wh)
    assert worth.lost_wh["deadline"] > 100      # they could have waited for the sun
    assert set(worth.by_kind_wh) == {"washing", "dryer"}
    assert set(worth.lost_wh) == {"forecast", "deadline", "limit", "solver"}
    assert sum(worth.lost_wh.values()) == pytest.approx(worth.planned_wh - worth.best_wh)
    assert len(worth.per_day) == 2
    assert sum(row[2] for row in worth.per_day) == pytest.approx(worth.planned_wh)


def test_each_home_is_replayed_within_its_own_limit_and_what_it_costs_is_told(solve):
    alone = village(days=1, loads=0)
    noon = alone.begins + 40
    balance = np.full(len(alone.balance), -1000.0)
    balance[noon - alone.first:noon - alone.first + 2] = 8000.0      # for all four at once
    days = evolve(alone, balance=balance, own_w={"R001": 2500.0}, declared=tuple(
        Declared("washing", home, noon, noon + 8, (2000.0, 2000.0)) for home in ("R001", "R002", "R001", "R002")))
    for home_w, others in ((None, [0, 0]), (4500.0, [0, 0]), (2500.0, [0, 2])):
        starts = [start - noon for start in replay(days, Truth(days), solve, home_w)]
        assert (sorted(starts[::2]), sorted(starts[1::2])) == ([0, 2], others)
    worth = judged(days, solve, solve, None)
    assert worth.lost_wh["limit"] == pytest.approx(1000)             # 2000 W for half an hour, in the dark
    assert sum(worth.lost_wh.values()) == pytest.approx(worth.planned_wh - worth.best_wh)


def test_d1_the_days_of_92_and_100_quarters_are_days_of_the_territory(solve):
    for midnight, quarters in ((datetime(2026, 3, 28, tzinfo=PARIS), 92), (datetime(2026, 10, 24, tzinfo=PARIS), 100)):
        begins = slot_of(midnight.astimezone(UTC))
        days = Days(begins - 10 * DAY, begins, begins + 2 * DAY + quarters, sunny(14), (
            Declared("washing", "R001", begins + 30, begins + 60, (2000.0,)),), PARIS)
        worth = judged(days, solve, solve, None)
        told = [slot_start(row[0]).astimezone(PARIS) for row in worth.per_day]
        assert [(each.day - midnight.day, each.hour) for each in told] == [(0, 0), (1, 0), (2, 0)]
        assert worth.per_day[2][0] - worth.per_day[1][0] == quarters
        assert sum(row[1] for row in worth.per_day) == pytest.approx(worth.at_once_wh)


def test_what_may_run_behind_the_last_day_is_not_avoided_by_running_there():
    days = village(days=1, loads=0)
    dark = evolve(days, balance=np.full(len(days.balance), -1000.0), declared=(
        Declared("washing", "R001", days.ends - 4, days.ends + 20, (2000.0, 1500.0)),))
    assert dark.imported_wh([days.ends - 4]) == dark.imported_wh([days.ends + 8]) == pytest.approx(24_000 + 875)
    assert at_once(dark) == replay(dark, Truth(dark), lambda problem: search.greedy(problem))


def test_f8_a_hole_in_the_balance_is_taken_as_the_day_before_it(solve):
    days = village(days=1)
    holes = days.balance.copy()
    holes[-60:-50] = np.nan
    worth = judged(evolve(days, balance=holes), solve, solve, None)
    assert np.isfinite([worth.at_once_wh, worth.planned_wh, worth.forecast_error_w]).all()
    filled = holes.copy()
    filled[-60:-50] = holes[-60 - DAY:-50 - DAY]
    assert worth.at_once_wh == pytest.approx(evolve(days, balance=filled).imported_wh(at_once(days)))


# -- from files and databases -----------------------------------------------------------------------------------------------------


def written(folder: Path, days: Days) -> tuple[Path, Path]:
    balance, loads = folder / "balance.csv", folder / "loads.csv"
    with balance.open("w", newline="") as file:
        csv.writer(file).writerows([("time", "power_w"), *((slot_start(days.first + n).isoformat(), f"{power:.1f}")
                                                           for n, power in enumerate(days.balance))])
    with loads.open("w", newline="") as file:
        csv.writer(file).writerows([("kind", "home", "declared", "deadline", "power_w"), *(
            (each.kind, each.home, slot_start(each.known).isoformat(), slot_start(each.deadline).isoformat(),
             " ".join(map(str, each.profile))) for each in days.declared)])
    return balance, loads


def test_an_operator_has_a_report_of_days_in_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elfe.toml").write_text(f"data_dir = '{tmp_path}'\ntimezone = 'UTC'\n")
    balance, loads = written(tmp_path, village(days=1))
    words = ("backtest", "--from", "2026-03-18", "--to", "2026-03-19", "--balance", str(balance), "--loads", str(loads))
    told = json.loads(CliRunner().invoke(app, [*words, "--json"]).stdout)
    assert (told["loads"], told["late"]) == (3, 0)
    assert 0 < told["avoided_wh"] <= told["at_once_wh"] - told["foresight_wh"] + 1
    shown = CliRunner().invoke(app, [*words, "--html", "report.html"])
    assert "of import avoided" in shown.stdout
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page
    assert "as soon as declared" in page
    assert "worth, 2026-03-18</h1>" in page       # the day that --to names is behind the last
    assert "height:auto" in page                  # a phone shows the chart without a gap around it


def test_a_file_that_cannot_be_read_is_told_with_its_line(tmp_path, territory):
    balance, loads = written(tmp_path, village(days=1))
    begins, ends = slot_start(MONDAY + 16 * DAY), slot_start(MONDAY + 17 * DAY)
    loads.write_text(loads.read_text().replace("2000.0", "lots", 1))
    with pytest.raises(ElfeError, match="line 2: could not convert"):
        store.days(territory.sources, begins, ends, balance, loads)
    loads.write_text("a;b\n")
    with pytest.raises(ElfeError, match="kind, home, declared, deadline, power_w is missing"):
        store.days(territory.sources, begins, ends, balance, loads)
    with pytest.raises(ElfeError, match="less than half of the quarters"):
        store.days(territory.sources, begins, ends)
    balance.unlink()
    with pytest.raises(ElfeError, match="cannot be read"):
        store.days(territory.sources, begins, ends, balance, loads)


def lent(territory, id: int, opened: datetime, started: datetime | None = None, closed: datetime | None = None,
         by: datetime | None = None) -> None:
    """A stay in mode 30, as the ledger has it; what is started is closed by it."""
    over = started or closed
    with territory.coordination.begin() as connection:
        connection.execute(insert(queries.FLEXIBILITY).values(
            appliance_id=id, opened_at=epoch_s(opened), started_at=started and epoch_s(started),
            closed_at=over and epoch_s(over), outcome="started" if started else "mode 20" if closed else "",
            deadline=by and epoch_s(by)))


def lived(territory, days: int = 1) -> Days:
    """The days from two hours before noon on, replayed from the ledger."""
    keep_measured(territory.sources.sortie, {FIRST + n: float(power) for n, power in enumerate(sunny(days))})
    return store.days(territory.sources, NOON - timedelta(hours=2), NOON + timedelta(days=days, hours=-2))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_what_the_ledger_and_the_history_hold_is_replayed(territory):
    series = territory.machine(1, by=NOON + hours(8), lasts=timedelta(minutes=45))
    tank = territory.tank(2, windows=())
    territory.started(1, NOON + hours(2))
    lent(territory, 2, NOON - hours(50))
    territory.drew(series, NOON + hours(1), *(0.0,) * 4, 2000.0, 1500.0, 300.0, 0.0)
    territory.drew(tank, NOON + hours(1), 2000.0, 2000.0, 0.0)
    heat, cycle = lived(territory).declared
    assert (heat.kind, heat.known, heat.profile) == ("water heater", FIRST, (2000.0, 2000.0))
    assert (cycle.kind, cycle.known) == ("washing machine", slot_of(NOON + hours(2)) + 1)
    assert cycle.profile == pytest.approx((2000.0, 1500.0, 300.0))


def test_every_run_of_the_ledger_is_replayed_with_what_it_drew_itself(territory):
    series = territory.machine(1)
    for day, watts in enumerate((2000.0, 1000.0, 500.0)):
        start = NOON + hours(24 * day + 2)
        lent(territory, 1, start - hours(1), started=start)
        territory.drew(series, start - hours(1), *(0.0,) * 4, watts, watts, 0.0)
    learn(territory.sources.sortie, territory.history, queries.machines(territory.coordination)[0], NOON + hours(80))
    assert [each.profile for each in lived(territory, days=3).declared] == [
        pytest.approx((watts, watts)) for watts in (2000.0, 1000.0, 500.0)]


def test_what_was_taken_back_before_it_ran_is_not_replayed_and_what_was_lent_again_is_replayed_once(territory):
    territory.machine(1)
    lent(territory, 1, NOON, closed=NOON + hours(1))
    lent(territory, 1, NOON + hours(2), closed=NOON + hours(3))
    lent(territory, 1, NOON + hours(4), started=NOON + hours(6), by=NOON + hours(8))
    territory.machine(2)
    lent(territory, 2, NOON + hours(1), by=NOON + hours(5))      # it stands open, its deadline passed: it never ran
    territory.machine(3)
    lent(territory, 3, NOON + hours(20), by=NOON + hours(30))    # it waits
    assert [each.known for each in lived(territory).declared] == [slot_of(NOON + hours(4)) + 1, slot_of(NOON + hours(20)) + 1]


def test_a_tank_that_was_not_lent_is_not_replayed(territory):
    tank = territory.tank(2, windows=())
    territory.machine(1)
    lent(territory, 1, NOON, started=NOON + hours(1))
    lent(territory, 2, NOON - hours(50), closed=NOON - hours(1))
    territory.drew(tank, NOON + hours(1), 2000.0, 2000.0, 0.0)
    assert [each.kind for each in lived(territory).declared] == ["washing machine"]


def test_a_charge_is_replayed_with_what_it_drew_until_the_hour_at_which_it_leaves(territory):
    series = vehicle(territory, by=NOON + hours(10 * 24 - 5))    # of today: at seven
    lent(territory, 3, NOON + hours(1), closed=NOON + hours(2))
    lent(territory, 3, NOON + hours(6), started=NOON + hours(13))
    territory.drew(series, NOON + hours(13), 3000.0, 3000.0, 1200.0, 0.0)
    charge, = lived(territory).declared
    assert (charge.kind, charge.known, charge.profile) == ("car", slot_of(NOON + hours(6)) + 1, (3000.0, 3000.0, 1200.0))
    assert slot_start(charge.deadline).astimezone(PARIS).isoformat() == "2024-10-12T07:00:00+02:00"


def test_a_charge_that_pauses_is_replayed_in_one_go(territory):
    series = vehicle(territory, by=NOON + hours(19))
    lent(territory, 3, NOON + hours(6))
    territory.drew(series, NOON + hours(7), 3000.0, 0.0, 0.0, 3000.0, 0.0)
    charge, = lived(territory).declared
    assert (charge.profile, charge.deadline) == ((3000.0, 3000.0), slot_of(NOON + hours(19)))


def test_the_homes_of_the_ledger_have_their_own_limits_those_of_a_file_have_not(territory, tmp_path):
    territory.machine(1, by=NOON + timedelta(hours=8))
    territory.started(1, NOON + timedelta(hours=2))
    territory._add(tables.ParticipantRow(reference="R004", observer=False, subscribed_w=6000))
    keep_measured(territory.sources.sortie, {FIRST + n: float(power) for n, power in enumerate(sunny(1))})
    loads = tmp_path / "loads.csv"
    loads.write_text("kind,home,declared,deadline,power_w\n"
                     f"washing,R004,{NOON.isoformat()},{(NOON + timedelta(hours=4)).isoformat()},2000\n", encoding="utf-8")
    for file, own_w in ((None, {"R004": 6000.0}), (loads, {})):
        lived = store.days(territory.sources, NOON - timedelta(hours=2), NOON + timedelta(hours=22), loads_file=file)
        assert [each.home for each in lived.declared] == ["R004"]
        assert lived.own_w == own_w
