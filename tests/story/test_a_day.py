"""Whole days, lived by the real program: `elfe demo` in a process of its own, on the broker that this machine has."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

WITHIN_S = 240


def live_a_day(folder: Path, *options: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run([sys.executable, "-m", "elfe", "demo", "--json", *options], cwd=folder, capture_output=True,
                          text=True, timeout=WITHIN_S, check=False)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def day(tmp_path_factory):
    return live_a_day(tmp_path_factory.mktemp("day"), "--homes", "4")


def test_four_homes_live_a_day_and_everything_goes_well(day):
    code, report = day

    assert (code, report["problems"]) == (0, [])
    assert report["done"] >= 4
    assert report["kept"] == report["deadlines"] - report["impossible"]


def test_every_order_is_sent_and_acknowledged_and_none_is_missed(day):
    orders = day[1]["orders"]

    assert orders["made"] == orders["sent"] == orders["acknowledged"] > 100
    assert orders["missed"] == 0


def test_what_ran_was_proved_by_power_or_honestly_not(day):
    orders = day[1]["orders"]

    assert orders["proved"] + orders["satisfied"] + orders["not measurable"] >= 0.95 * orders["made"]


def test_every_machine_ran_inside_its_promise_by_the_twins_own_log(day):
    for told in day[1]["told"]:
        if told["deadline"] and told["possible"]:
            declared, began, ended, deadline = (datetime.fromisoformat(told[each]) for each in (
                "declared_at", "ran_from", "ran_to", "deadline"))
            assert declared <= began < ended <= deadline


def test_moving_things_avoids_import(day):
    report = day[1]

    assert report["avoided_wh"] > 0
    assert report["imported_wh"] + report["owed_wh"] + report["avoided_wh"] == pytest.approx(report["at_once_wh"])


def test_the_same_day_is_the_same_whatever_the_machine_does(day, tmp_path):
    assert live_a_day(tmp_path, "--homes", "4")[1] == day[1]


def test_one_suppressed_start_makes_it_fail_and_says_which(tmp_path):
    code, report = live_a_day(tmp_path, "--homes", "1", "--deaf", "A001", "--deaf", "A002")

    assert code == 1
    assert any("never ran" in each or "was missed" in each for each in report["problems"])
