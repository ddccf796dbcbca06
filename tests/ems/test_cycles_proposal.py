"""Parameters proposed from what was measured."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from attrs import evolve

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve
from elfe.ems.cycles.detection import Detection, parameters, runs
from elfe.ems.cycles.proposal import Proposal, proposals, standby_w, suited
from tests.ems.curves import COLD, REST, WASH, Step, curve
from tests.ems.made import minutes

WASHER = parameters(ApplianceType.WASHING_MACHINE)
DAY: tuple[Step, ...] = ((600, 1),)
SOAKS: tuple[Step, ...] = ((5, 20), (20, 2000), (25, 1), (35, 120), (5, 400))


def lived(*days: tuple[Step, ...]) -> Curve:
    return curve(REST, *(step for each in days for step in (*each, *DAY)), every_s=30)


def proposed(said: Curve, rules: Detection = WASHER) -> dict[str, float | timedelta]:
    return {each.name: each.value for each in proposals(said, rules)}


def applied(rules: Detection, found: tuple[Proposal, ...]) -> Detection:
    return evolve(rules, **{each.name: each.value for each in found})


def test_where_the_parameters_suit_nothing_is_proposed() -> None:
    assert proposed(lived(WASH, WASH, COLD, WASH, COLD, WASH)) == {}


def test_a_stop_power_is_proposed_above_the_standby() -> None:
    said = curve((60, 6), *WASH, (60, 6))
    found, = proposals(said, WASHER)
    assert (found.name, found.value) == ("stop_w", 7)
    assert found.why == "it draws 6.0 W at rest: no run would end at 3 W"


def test_a_rest_is_what_is_usual_in_it_and_a_blink_is_not() -> None:
    said = curve((30, 2), (1, 9), (30, 2))
    assert standby_w(said) == 2
    assert standby_w(curve((20, 2))) is None
    assert standby_w(Curve(np.empty(0), np.empty(0))) is None


@pytest.mark.parametrize("level", [15, 40, 90])
def test_what_shares_its_plug_with_something_that_is_never_off_is_found_above_it(level: float) -> None:
    dice = np.random.default_rng(1)
    days = curve(*((lasts, power + level) for _ in range(4) for lasts, power in (*WASH, (700, 0), *WASH, (600, 0))), every_s=30)
    said = Curve(days.at_s, days.power_w + dice.normal(0, level / 50, len(days)))
    found, = proposals(said, WASHER)
    assert found.name == "stop_w"
    assert found.value == pytest.approx(1.1 * level, rel=0.02)
    whole = runs(said, suited(said, WASHER))
    assert [round(each.lasts / timedelta(minutes=1)) for each in whole[1:]] == [65] * 7


def test_something_that_draws_as_much_all_day_long_but_never_keeps_to_a_level_is_at_no_rest() -> None:
    assert standby_w(curve(*((20, 60), (20, 30), (20, 90)) * 40, every_s=30)) is None
    assert standby_w(curve((600, 40), every_s=30)) is None      # too short to tell


def test_a_start_power_is_proposed_that_every_run_reaches() -> None:
    gentle: tuple[Step, ...] = ((5, 20), (60, 110))
    said = lived(gentle, gentle, WASH, gentle, WASH)
    found = proposals(said, WASHER)
    assert {each.name: each.value for each in found} == {"start_w": 100}
    assert "3 of 5 runs" in found[0].why
    assert len(runs(said, applied(WASHER, found))) == 5


def test_a_soak_that_every_run_makes_is_waited_for() -> None:
    said = lived(*[SOAKS] * 6)
    found = proposals(said, WASHER)
    assert {each.name: each.value for each in found} == {"stop_for": minutes(30)}
    assert "6 times it pauses" in found[0].why
    assert (len(runs(said, WASHER)), len(runs(said, applied(WASHER, found)))) == (12, 6)


def test_pauses_of_chance_between_two_loads_are_not_taken_for_a_soak() -> None:
    two = [(*WASH, (wait, 1.0), *WASH) for wait in (14, 40, 22, 55, 18, 33)]
    assert proposed(lived(*two)) == {}


def test_loads_that_follow_each_other_closely_are_parted_where_they_resemble_others() -> None:
    two = [(*WASH, (wait, 1.0), *WASH) for wait in (6, 9, 5, 8)]
    said = lived(WASH, COLD, *two)
    found = proposals(said, WASHER)
    assert {each.name: each.value for each in found} == {"stop_for": minutes(4)}
    assert len(runs(said, applied(WASHER, found))) == 10
