"""What a territory lives on: its own series, its machines' cycles, and tapes that a person recorded."""

import gzip
from datetime import timedelta

import pytest

from elfe.coordination.values import ApplianceType
from elfe.errors import SettingsError
from elfe.simulation import series
from elfe.slots import HORIZON


def test_today_has_about_as_much_surplus_as_there_is_to_move():
    balance_w = series.territory(None, flexible_wh=40_000.0, seed=1).balance_w
    assert len(balance_w) == 2 * HORIZON
    assert sum(max(0.0, each) for each in balance_w[HORIZON:]) / 4 == pytest.approx(40_000.0, rel=0.01)


def test_the_homes_consume_three_times_what_can_be_moved():
    homes, sun = series._own(1)
    balance_w = series._scaled(homes, [0.0 for _ in sun], 40_000.0)
    assert -sum(balance_w[HORIZON:]) / 4 == pytest.approx(120_000.0)


def test_a_seed_is_a_day_and_the_report_says_when_it_is_made_up():
    one, again, other = (series.territory(None, 40_000.0, seed) for seed in (1, 1, 2))
    assert one == again != other
    assert one.source == "a made-up series"


@pytest.mark.parametrize("machine", series.CYCLES.values())
def test_every_machine_has_a_cycle_of_ours(machine):
    profile = series.profile(None, machine, seed=1)
    assert timedelta(minutes=60) <= profile.lasts <= timedelta(hours=3)
    assert 700 < profile.energy_wh < 3000


def test_a_machine_that_we_do_not_know_washes():
    assert series.profile(None, ApplianceType.MACHINE, 1) == series.profile(None, ApplianceType.WASHING_MACHINE, 1)


# -- tapes ------------------------------------------------------------------------------------------------------------------


def recorded(tmp_path, text, name="fridge.csv"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("rows", [
    "0,5\n60,80\n120,80\n180,5\n",
    "2024-10-11T12:00:00,5\n2024-10-11T12:01:00,80\n2024-10-11T12:02:00,80\n2024-10-11T12:03:00,5\n",
    "2024-10-11T12:00:00Z,5\n2024-10-11T14:01:00+02:00,80\n2024-10-11T12:02:00Z,80\n2024-10-11T12:03:00Z,5\n",
    "0,5\n30,\n60,80\n120,80\n180,5\n",
])
@pytest.mark.parametrize("name", ["fridge.csv", "fridge.csv.gz"])
def test_a_tape_is_read_in_seconds_or_with_dates_and_keeps_its_changes(tmp_path, rows, name):
    tape = series.tape(recorded(tmp_path, "t,power_w\n" + rows, name))
    assert [(at.total_seconds(), power_w) for at, power_w in tape.changes] == [(0, 5.0), (60, 80.0), (180, 5.0)]
    assert tape.lasts == timedelta(minutes=4)


@pytest.mark.parametrize(("text", "told"), [
    ("t,power_w\n0,5\nx,80\n", "line 3: x,80 is no row of t,power_w"),
    ("t,power_w\n0,5\n60,nan\n", "line 3: 60,nan"),
    ("t,power_w\n0,5\n60,-1\n", "line 3: 60,-1"),
    ("time;power\n0;5\n", "line 2: ,"),
    ("t,power_w\n60,5\n0,80\n", "each later than the one before"),
    ("t,power_w\n0,5\n", "at least two rows"),
    ("", "at least two rows"),
])
def test_a_tape_that_is_none_is_told_with_its_line_and_what_to_write(tmp_path, text, told):
    with pytest.raises(SettingsError, match=told):
        series.tape(recorded(tmp_path, text))


def test_a_tape_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"gone\.csv cannot be read: No such file"):
        series.tape(tmp_path / "gone.csv")
