"""Thirty-one villages of fifteen homes, one of each kind, live a day each; the large ones beside them are another file's, for
another process of the tests' run."""

from __future__ import annotations

import pytest

from tests.command.villages import lives_a_day


@pytest.mark.parametrize("seed", range(101, 132))
def test_a_village_of_fifteen_homes_lives_a_day_with_a_fault_an_hour_and_no_invariant_is_broken(seed: int) -> None:
    lives_a_day(seed, homes=15)
