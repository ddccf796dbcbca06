"""The cycle that a machine is planned with."""

from __future__ import annotations

from datetime import timedelta

import pytest

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles import Cycle, last_cycle, usual_cycle
from elfe.ems.cycles.profiles import DEFAULTS
from elfe.history.values import Reading
from tests.ems.made import NOON, minutes


def readings(*steps: tuple[float, float], every: float = 1) -> list[Reading]:
    """(minutes, W) one after the other from noon on, a reading each minute."""
    at, made = NOON, []
    for lasts, power in steps:
        for _ in range(int(lasts / every)):
            made.append(Reading(1, at, power))
            at += minutes(every)
    return made


WASH = ((20, 2000), (5, 100), (35, 300))


def test_a_cycle_is_told_in_means_of_quarters_from_its_own_start() -> None:
    found = last_cycle(readings((7, 1), *WASH, (30, 1)))
    assert found is not None
    assert found.started_at == NOON + minutes(7)
    assert found.power_w == pytest.approx((2000, (5 * 2000 + 5 * 100 + 5 * 300) / 15, 300, 300))
    assert found.source == "its last cycle, 2024-10-11 10:07 UTC"


def test_the_last_whole_cycle_is_taken_not_the_one_that_runs() -> None:
    found = last_cycle(readings((5, 1), *WASH, (30, 1), (60, 1500), (30, 1), (20, 2000)))
    assert found is not None
    assert found.power_w == (1500,) * 4


def test_a_soak_does_not_end_a_cycle() -> None:
    found = last_cycle(readings((5, 1), (20, 2000), (9, 2), (30, 500), (30, 1)))
    assert found is not None
    assert len(found.power_w) == 4


@pytest.mark.parametrize("curve", [
    readings((120, 3)),                                              # standby
    readings((5, 1), (0.5, 2000), (60, 1), every=0.25),              # a spike
    readings((10, 1), (5, 150), (60, 0)),                            # start is pressed, the plug is cut
    readings((10, 1), (60, 2000)),                                   # it still runs
    [],
])
def test_what_is_not_a_whole_cycle_is_none(curve: list[Reading]) -> None:
    assert last_cycle(curve) is None


def test_a_cycle_with_a_hole_in_its_readings_is_not_planned_with() -> None:
    whole = readings((5, 1), *WASH, (30, 1))
    holed = [Reading(1, each.at + timedelta(days=1), each.value) for each in whole[:30] + whole[55:]]
    found = last_cycle(whole + holed)
    assert found is not None
    assert found.started_at == NOON + minutes(5)


def test_readings_every_five_minutes_are_enough() -> None:
    found = last_cycle(readings((5, 1), *WASH, (30, 1), every=5))
    assert found is not None
    assert found.energy_wh == pytest.approx((20 * 2000 + 5 * 100 + 35 * 300) / 60)


def test_a_machine_without_a_cycle_takes_the_named_default_of_its_type() -> None:
    cycle = usual_cycle(ApplianceType.DISHWASHER, None, timedelta())
    assert cycle == DEFAULTS[ApplianceType.DISHWASHER]
    assert cycle.source == "the default cycle of a dishwasher"


@pytest.mark.parametrize(("lasts", "slots"), [(minutes(90), 6), (minutes(91), 7), (minutes(180), 12)])
def test_a_default_is_made_as_long_as_was_declared(lasts: timedelta, slots: int) -> None:
    cycle = usual_cycle(ApplianceType.WASHING_MACHINE, None, lasts)
    assert len(cycle.power_w) == slots
    assert cycle.source.startswith("the default cycle of a washing machine, over the declared ")


def test_a_measured_cycle_is_taken_as_it_was() -> None:
    measured = Cycle((100.0,), "its last cycle")
    assert usual_cycle(ApplianceType.WASHING_MACHINE, measured, minutes(90)) is measured


@pytest.mark.parametrize("type", sorted(DEFAULTS))
def test_a_default_is_a_plausible_cycle(type: int) -> None:
    assert 4 <= len(DEFAULTS[type].power_w) <= 9
    assert 700 <= DEFAULTS[type].energy_wh <= 2600
