"""Every placement says why, with numbers that can be computed again."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve

from elfe.ems.explain import Facts, facts, reason_in
from elfe.ems.loads import Load
from elfe.ems.model import Choice, left_of, placing
from elfe.slots import HORIZON
from tests.ems.made import SUNNY, a_cycle_load, a_tank_load, slots

CYCLE = (2000.0, 500.0, 500.0)


def known(loads: list[Load], starts: list[int], balance: tuple[float, ...] = SUNNY) -> Facts:
    """The facts of the first load, all of one kind."""
    placed = placing(balance, loads)
    chosen = Choice((np.array(starts),), 0.0, None, "made")
    return facts(placed, chosen, 0, loads[0], left_of(placed.problem, chosen.runs))


def told(load: Load, start: int, balance: tuple[float, ...] = SUNNY, language: str = "en", at: str = "14:00") -> str:
    return reason_in(language, known([load], [start], balance), at)


def imported_kwh(balance: tuple[float, ...], start: int) -> float:
    """What the cycle adds to the import, by hand."""
    added = 0.0
    for offset, power in enumerate(CYCLE):
        added += max(0.0, power - max(0.0, balance[start + offset]))
    return added / 4 / 1000


HALF = tuple(min(each, 1500.0) for each in SUNNY)


@pytest.mark.parametrize("balance", [SUNNY, HALF])
def test_its_numbers_are_those_of_a_second_evaluation(balance: tuple[float, ...]) -> None:
    load = a_cycle_load(powers=CYCLE)
    found = known([load], [8], balance)
    assert found.energy_wh == pytest.approx(750)
    assert found.local_wh / 1000 == pytest.approx(0.75 - imported_kwh(balance, 8))
    assert found.saved_wh / 1000 == pytest.approx(imported_kwh(balance, 0) - imported_kwh(balance, 8))


def test_what_others_draw_is_not_local_surplus() -> None:
    loads = [a_cycle_load(powers=(2500.0,), id=1), a_cycle_load(powers=(2500.0,), id=2)]
    assert known(loads, [8, 8]).local_wh == pytest.approx(125)          # 3000 W, of which the other one draws 2500


@pytest.mark.parametrize(("load", "pick", "sentence"), [
    (a_cycle_load(CYCLE), 8, "starts at 14:00 because 0.75 of its 0.75 kWh then come from local surplus; at once it would have "
                             "imported 0.75 kWh more"),
    (a_cycle_load(CYCLE), 0, "starts at 14:00, at once: 0.00 of its 0.75 kWh come from local surplus, waiting would not help"),
    (a_cycle_load(CYCLE), 20, "starts at 14:00: 0.00 of its 0.75 kWh come from local surplus, no more than at once"),
    (a_cycle_load(CYCLE, by=slots(3)), 0, "starts at 14:00: there was no other choice"),
    (a_cycle_load(CYCLE, by=slots(1)), 0, "starts at 14:00, at once, and yet it ends 30 min behind its deadline, which can no "
                                          "longer be kept"),
    (a_cycle_load(CYCLE, by=slots(-5)), 0, "starts at 14:00, at once, and yet it ends 2 h 00 behind its deadline, which can no "
                                           "longer be kept"),
    (evolve(a_cycle_load(CYCLE, by=slots(1)), busy_until=2), 2,
     "starts at 14:00, at the earliest, and yet it ends 1 h 00 behind its deadline, which can no longer be kept"),
    (a_tank_load(1000), 40, "heats from 14:00, at the earliest: 0.00 of its 1.00 kWh come from local surplus, waiting would not "
                           "help"),
])
def test_a_placement_says_why(load: Load, pick: int, sentence: str) -> None:
    assert told(load, pick) == sentence


def test_a_participant_reads_it_in_french() -> None:
    assert told(a_cycle_load(CYCLE), 8, language="fr") == (
        "démarre à 14:00 parce que 0,75 de ses 0,75 kWh viennent alors du surplus local ; tout de suite, 0,75 kWh de plus "
        "auraient été importés")
    assert told(a_cycle_load(CYCLE), 20, language="fr") == (
        "démarre à 14:00 : 0,00 de ses 0,75 kWh viennent du surplus local, pas plus que tout de suite")


def test_a_flat_balance_leaves_nothing_to_choose_between() -> None:
    assert told(a_cycle_load(CYCLE), 0, (-500.0,) * HORIZON).endswith("waiting would not help")
