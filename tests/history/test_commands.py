"""`elfe history`, as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from elfe import settings
from elfe.app.context import Context
from elfe.cli.history import history
from elfe.errors import ElfeError
from elfe.history.values import Reading

Run = Callable[..., Result]
MORNING = datetime.fromisoformat("2024-06-12T08:00:00+02:00")


@pytest.fixture
def here(tmp_path: Path) -> Context:
    """A newcomer's context, with half an hour at 2 kW in its history."""
    here = Context(settings.parse(f"data_dir = '{tmp_path}'", {}))
    power, energy = here.history.series("D101 puissance", "W"), here.history.series("D101 energie", "Wh")
    for minute in range(31):
        at = MORNING + timedelta(minutes=minute)
        here.history.append([Reading(power, at, 2000.0), Reading(energy, at, 50_000 + 2000 * minute / 60)])
    return here


@pytest.fixture
def run(here: Context) -> Run:
    """Run a command line; what it raises reaches the test."""
    return lambda *arguments: CliRunner().invoke(history, arguments, obj=here, catch_exceptions=False)


def test_a_power_is_shown_as_means_of_quarters_in_local_time(run: Run) -> None:
    shown = run("show", "D101 puissance", "--from", "2024-06-12 08:00", "--to", "2024-06-12 09:00")
    rows = [line.strip("│ \n").split() for line in shown.output.splitlines() if "12/06" in line]
    assert [(row[1], row[-1]) for row in rows] == [("08:00", "2000.0"), ("08:15", "2000.0"), ("08:30", "2000.0"), ("08:45", "-")]
    assert "mean, W" in shown.output


def test_a_counter_is_shown_as_what_it_counted_in_each_quarter(run: Run) -> None:
    shown = run("show", "D101 energie", "--from", "2024-06-12T08:00", "--to", "2024-06-12T09:00", "--json")
    assert json.loads(shown.output) == [
        {"at": "2024-06-12T06:00:00+00:00", "counted": pytest.approx(500.0)},
        {"at": "2024-06-12T06:15:00+00:00", "counted": pytest.approx(500.0)},
        {"at": "2024-06-12T06:30:00+00:00", "counted": None},
        {"at": "2024-06-12T06:45:00+00:00", "counted": None},
    ]


def test_without_times_it_is_the_last_day(run: Run) -> None:
    found = json.loads(run("show", "D101 puissance", "--json").output)
    assert len(found) in {96, 97}
    assert all(each["mean"] is None for each in found)


def test_a_series_that_is_not_there_is_refused_with_where_to_look(run: Run) -> None:
    with pytest.raises(ElfeError, match=r"no series 'D999 puissance'; `elfe history list` shows them"):
        run("show", "D999 puissance")


def test_the_series_are_listed_with_their_units(run: Run) -> None:
    assert [(each["name"], each["unit"]) for each in json.loads(run("list", "--json").output)] == [
        ("D101 energie", "Wh"), ("D101 puissance", "W")]
