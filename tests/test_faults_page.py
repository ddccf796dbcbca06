"""The page of what may fail names tests that exist, and each scenario has some."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
