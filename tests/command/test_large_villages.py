"""Nine villages of sixty homes live a day each; with the small ones, a thousand home-days in each run of the tests."""

from __future__ import annotations

import pytest

from tests.command.villages import lives_a_day


@pytest.mark.parametrize("seed", range(1, 10))
def test_a_village_of_sixty_homes_lives_a_day_with_a_fault_an_hour_and_no_invariant_is_broken(seed: int) -> None:
    lives_a_day(seed, homes=60)
