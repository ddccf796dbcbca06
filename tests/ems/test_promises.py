"""Starts that people have read are kept from run to run, while forecasts change."""

from __future__ import annotations

import pytest

from elfe.ems import search
from elfe.ems.model import Choice, Problem
from elfe.ems.wanted import FAITH
from tests.ems.replans import lived


def good(problem: Problem) -> Choice:
    """A good plan in some milliseconds: what was promised and all else, each mended by single moves."""
    kept = search.improved(problem, search.kept(problem).runs, "kept")
    return min(search.greedy(problem), kept, key=lambda each: each.objective)


@pytest.mark.parametrize("seed", [0, 1])
def test_starts_that_were_told_seldom_move_and_it_costs_next_to_nothing(seed: int) -> None:
    """Forty plans of sixteen machines, under a forecast that errs by some 250 W another way every quarter."""
    fickle, faithful = (lived(seed, good, faith) for faith in (0.0, FAITH))
    assert fickle.a_start > 5
    assert faithful.a_start < 1
    assert faithful.imported < 1.01 * fickle.imported
