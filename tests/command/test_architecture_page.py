"""docs/architecture.md says of an order what `orders.TRANSITIONS` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from elfe.command.orders import TRANSITIONS, Stage

PAGE = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("stage", [stage for stage, row in TRANSITIONS.items() if row])
def test_the_page_has_a_row_for_each_stage_that_names_every_stage_it_leads_to(stage):
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {stage} |"))
    led_to = row.removeprefix(f"| {stage} |")

    assert {each for each in Stage if each in led_to} == set(TRANSITIONS[stage].values())


def test_the_page_names_every_end():
    ends = [stage for stage, row in TRANSITIONS.items() if not row]

    assert all(f"*{stage}*" in PAGE for stage in ends)
