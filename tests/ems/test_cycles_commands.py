"""`elfe cycles`, on the embedded databases and on files."""

from __future__ import annotations

import gzip
import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from elfe import clock
from elfe.app import cycles
from elfe.app.context import Context
from elfe.cli import app
from elfe.ems.cycles import store
from elfe.ems.sources import Sources
from elfe.errors import ElfeError
from elfe.settings import Settings
from elfe.slots import instant
from tests.ems.conftest import Territory
from tests.ems.curves import ECO, REST, WASH, curve, readings
from tests.ems.made import NOON

ENDS = instant(datetime(2026, 1, 12, 12, 0).astimezone().timestamp())


@pytest.fixture
def territory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Territory:
    """A washing machine that washed three times and ran eco once, in the last three days."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "now", lambda: ENDS)
    here = Context(Settings())
    made = Territory(Sources(here.coordination, here.sortie, here.history, here.settings.zone), here.history)
    lived = [step for each in (WASH, WASH, ECO, WASH) for step in (REST, *each, (900, 1))]
    lasts = timedelta(minutes=sum(minutes for minutes, _ in lived))
    made.history.append(readings(curve(*lived, every_s=60, begins=ENDS - lasts), made.machine(101)))
    return made


def elfe(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["cycles", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def document(*arguments: str) -> Any:
    return json.loads(elfe(*arguments, "--json"))


def test_what_is_learned_is_listed(territory: Territory) -> None:
    learnt, = document("learn")
    listed, = document("list")
    assert listed == learnt
    assert [each["programme"] for each in listed["cycles"]] == [1, 1, 2, 1]
    assert [each["runs"] for each in listed["programmes"]] == [3, 1]
    assert listed["expected"]["source"] == "its programme 1 (3 runs, 80% sure)"
    assert "0.77 kWh" in elfe("list")


def test_a_dry_run_keeps_nothing(territory: Territory) -> None:
    assert len(document("learn", "101", "--dry-run")[0]["cycles"]) == 4
    assert store.known(territory.sources.sortie) == {}


def test_since_an_instant_older_runs_are_left_alone(territory: Territory) -> None:
    begun = (ENDS - timedelta(days=1)).astimezone(territory.sources.zone)
    found, = document("learn", "101", "--since", f"{begun:%Y-%m-%d %H:%M}")
    assert len(found["cycles"]) == 1


def test_a_machine_is_shown_with_its_curve_its_cycles_and_its_parameters(territory: Territory) -> None:
    words = " ".join(elfe("show", "101").split())
    assert "█" in words
    assert "start power 150 W, start duration 30 s, stop power 3 W, stop duration 10 min" in words
    assert "1h04 0.77" in words


def test_a_shown_time_has_its_own_cycles_alone_and_expects_what_all_of_them_say(territory: Territory) -> None:
    learnt, = document("learn")
    begun = (ENDS - timedelta(days=1)).astimezone(territory.sources.zone)
    shown = document("show", "101", "--since", f"{begun:%Y-%m-%d %H:%M}")
    assert shown["cycles"] == learnt["cycles"][-1:]
    assert shown["expected"] == learnt["expected"]


def test_what_a_run_that_goes_on_is_recognised_as_is_told(territory: Territory, monkeypatch: pytest.MonkeyPatch) -> None:
    series, = (id for id, name, _ in territory.history.names() if "puissance" in name)
    territory.history.append(readings(curve((5, 20), (20, 2000), (20, 120), every_s=60, begins=ENDS), series))
    monkeypatch.setattr(clock, "now", lambda: ENDS + timedelta(minutes=45))
    elfe("learn")
    sure = document("show", "101")["going_on"]
    assert sure["programme"] == 1
    assert 0.7 < sure["sure"] <= 1
    assert f"still runs, as programme 1 ({sure['sure']:.0%} sure)" in " ".join(elfe("show", "101").split())


def test_a_chart_hides_no_cycle_and_says_the_hour_as_people_do(territory: Territory) -> None:
    pytest.importorskip("matplotlib")
    here = Context(Settings())
    what = cycles.shown(here, cycles.machines(here, "101")[0], ENDS, None, None)
    figure = cycles.drawn(what, here.settings.zone)
    figure.canvas.draw()
    axes, = figure.axes
    assert axes.get_legend() is None      # it stands outside
    assert all(re.fullmatch(r"\d\d/\d\d \d\d:\d\d", each.get_text()) for each in axes.get_xticklabels())
    edge = figure.bbox.x1
    assert all(each.get_window_extent().x1 <= edge for each in axes.texts)


def test_a_chart_is_drawn(territory: Territory, tmp_path: Path) -> None:
    elfe("show", "101", "--png", str(tmp_path / "d.png"))
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")


def test_parameters_are_set_by_hand_and_given_back(territory: Territory) -> None:
    assert len(document("set", "101", "--start-w", "2100")["cycles"]) == 0
    learnt, = document("learn")
    assert (learnt["parameters"]["start_w"], learnt["origin"]) == (2100, "hand")
    back = document("set", "101", "--default")
    assert (back["parameters"]["start_w"], back["origin"], len(back["cycles"])) == (150, "type", 4)


def test_what_cannot_be_is_told_in_a_sentence(territory: Territory) -> None:
    for arguments, told in (
            (("show", "D999"), "no machine at 'D999'; `elfe cycles list` shows them"),
            (("set", "101"), "say what: --start-w"),
            (("set", "101", "--proposed"), "nothing is proposed for it"),
            (("set", "101", "--stop-for", "soon"), "'soon' is no duration"),
            (("set", "101", "--stop-w", "500"), "no run could begin"),
            (("find", "nowhere.csv"), "nowhere.csv cannot be read"),
            (("find", "nowhere.csv", "--kind", "toaster"), "no kind 'toaster'")):
        with pytest.raises(ElfeError, match=told):
            CliRunner().invoke(app, ["cycles", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
def test_the_cycles_of_a_file_are_found(tmp_path: Path, name: str) -> None:
    said = curve(REST, *WASH, REST)
    lines = "\n".join(["t,power_w", *(f"{instant(at):%Y-%m-%dT%H:%M:%S},{power}" for at, power in zip(said.at_s, said.power_w,
                                                                                                      strict=True)), "2030-01-01,"])
    (tmp_path / name).write_bytes(gzip.compress(lines.encode()) if name.endswith("gz") else lines.encode())
    found = document("find", str(tmp_path / name), "--kind", "washing_machine")
    assert [each["started_at"] for each in found["cycles"]] == [(NOON + timedelta(hours=1)).isoformat()]


def test_a_file_that_is_no_curve_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("when,what\n1,2\n")
    with pytest.raises(ElfeError, match="a CSV with the columns t and power_w is expected"):
        CliRunner().invoke(app, ["cycles", "find", str(tmp_path / "a.csv")], catch_exceptions=False)
