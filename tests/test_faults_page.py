"""The page of what may fail names tests that exist, each scenario has some, and of each a defence can be taken away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.undefended import DEFENCES

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([A-H]\d+) \| [^|]+ \| (.*) \|$", PAGE, re.MULTILINE)
SCENARIOS = {f"{letter}{number}" for letter, numbers in {
    "A": (1, 2, 3, 4, 5, 6, 7, 10, 11), "B": (1, 2, 3, 9, 10, 12, 13, 14), "C": (3,), "D": range(1, 8), "E": range(1, 10),
    "F": range(1, 11), "G": (*range(1, 11), 12, 14, 15),
}.items() for number in numbers}


def test_every_scenario_stands_on_the_page_once() -> None:
    assert sorted(id for id, _ in ROWS) == sorted(SCENARIOS)


@pytest.mark.parametrize(("id", "tests"), ROWS, ids=[id for id, _ in ROWS])
def test_what_a_scenario_names_exists(id: str, tests: str) -> None:
    named = re.findall(r"`([^`]+\.py)`: ((?:`\w+`(?:, )?)+)", tests)
    for file, names in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert [each for each in re.findall(r"`(\w+)`", names) if f"def {each}(" not in source] == []
        assert all(each.startswith(f"test_{id.lower()}_") for each in re.findall(r"`(\w+)`", names))
    assert named


def test_of_every_scenario_a_defence_can_be_taken_away() -> None:
    assert {id.upper() for id in DEFENCES} == SCENARIOS


@pytest.mark.parametrize("id", DEFENCES)
def test_what_is_taken_away_is_there_and_the_tests_that_it_is_taken_from_too(id: str) -> None:
    defence = DEFENCES[id]
    assert all(each.owner() is not None for each in defence.removals)
    found = {name for file in defence.where.split() for name in re.findall(r"def (test_\w+)\(", (ROOT / file).read_text())}
    chosen = {each: [name for name in found if each in name] for each in (defence.which or f"test_{id}_").split(" or ")}
    assert all(chosen.values())
    assert any(name.startswith(f"test_{id}_") for names in chosen.values() for name in names)
