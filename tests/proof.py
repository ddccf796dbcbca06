"""How well the facts prove what moves a home: every branch of it is taken.

    make branches        (python -m tests.proof, with coverage beside it)

`MODULES` is the code of orders, slots, modes and fail-safes that decides without touching the world; what performs its decisions
(`service`, `reading`, `writing`, `store`, `leadership`) is tried by the fault scenarios, on a real broker and a real PostgreSQL.
`FACTS` are the tests that read it as facts: no home, no broker, no file but a small database.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = ("elfe.slots", "elfe.coordination.holds", *(f"elfe.command.{each}" for each in (
    "orders", "typologies", "rules", "pace", "seen", "signature", "timekeeping", "upkeep", "fleet", "by_hand", "engine", "memory",
    "making", "running", "wanting", "pressing", "saying", "hearing", "answering", "ending")))
FACTS = [f"tests/{each}.py" for each in (
    "test_slots", "coordination/test_holds", "command/test_orders", "command/test_typologies", "command/test_people",
    "command/test_bounds", "command/test_engine", "command/test_rarely", "command/test_safe_without_us", "command/test_upkeep",
    "command/test_odd_devices", "command/test_odd_times", "command/test_told_apart")]
WORLDLY = {"home", "bench", "postgresql", "coordination"}
"""Fixtures that stand for more than the code itself: what asks for them is no fact in the sense of this page."""
LONG = ("_d6_", "_d7_")
"""Facts that live whole days."""


class Facts:
    """As a plugin of pytest: only the facts are run."""

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        facts = [each for each in items if not WORLDLY & set(getattr(each, "fixturenames", ()))
                 and not any(id in each.name for id in LONG)]
        config.hook.pytest_deselected(items=[each for each in items if each not in facts])
        items[:] = facts


def branches() -> int:
    """Run the facts under coverage; 1 unless they pass and take every branch."""
    import coverage  # no dependency: `make branches` brings it

    measured = coverage.Coverage(branch=True, data_file=None, include=[f"{name.replace('.', '/')}.py" for name in MODULES])
    with measured.collect():
        failed = pytest.main(["-q", *FACTS], plugins=[Facts()])
    share = measured.report(show_missing=True, file=sys.stdout)
    return 1 if failed or share < 100 else 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(branches())
