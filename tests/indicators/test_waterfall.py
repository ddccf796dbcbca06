"""From what was lent to what was useful: every kilowatt-hour is counted once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from elfe.indicators.waterfall import TOTALS, Kept, Lent, Step, added, waterfall

RAN = Lent(1, 11, "Lave-linge R004", datetime(2026, 3, 10, tzinfo=UTC), expected_wh=1000.0, ordered=True, proved=True,
           drawn_w=(2000.0, 400.0), balance_w=(-500.0, 800.0), at_once_w=(100.0, -50.0))

NEVER_RAN = evolve(RAN, drawn_w=(), balance_w=(), at_once_w=())


def test_useful_is_what_was_drawn_while_there_was_energy_to_spare():
    assert RAN.energy_wh == 600.0
    assert RAN.useful_wh == (1500 + 400) / 4          # 1500 W of the first quarter's 2000 were there before it drew


def test_import_is_avoided_against_the_same_run_as_soon_as_declared():
    assert RAN.avoided_wh == RAN.useful_wh - 100 / 4


def test_moved_is_what_was_drawn_at_another_time_than_as_soon_as_declared():
    run = evolve(RAN, drawn_w=(2000.0, 1000.0, None, 400.0))
    assert run.moved_wh == 0.0                                              # it ran as soon as it was declared
    assert evolve(run, waited=1).moved_wh == (1000 + 1000 + 0 + 400) / 4     # at once it would have drawn 1000, 0, 400 here
    assert evolve(run, waited=9).moved_wh == 3400 / 4


def test_totals_grow_by_what_each_flexibility_adds():
    grown = added([evolve(RAN, waited=5), NEVER_RAN, evolve(NEVER_RAN, proved=False)], Kept(1, 2))
    assert grown["Cumul_energie_deplacee"] == pytest.approx(0.6)
    assert grown["Cumul_import_evite"] == pytest.approx(RAN.avoided_wh / 1000)
    assert (grown["Cumul_promesses_echues"], grown["Cumul_promesses_tenues"]) == (2, 1)
    assert grown["Cumul_flex_declaree"] == pytest.approx(2.6)
    assert grown["Cumul_flex_prouvee"] == pytest.approx(1.6)
    assert grown["Cumul_flex_utile"] == pytest.approx(0.475)
    assert set(grown) == set(TOTALS)


def test_an_unmeasured_counterfactual_avoids_nothing():
    assert evolve(RAN, at_once_w=(None, 5.0)).avoided_wh == 0.0


@pytest.mark.parametrize(("lent", "step", "kwh", "cause"), [
    (evolve(NEVER_RAN, plannable=False), Step.DECLARED, 1.0, "cannot be planned: its data is incomplete"),
    (evolve(NEVER_RAN, expected_wh=None, usual_wh=900.0), Step.PLANNABLE, 0.9, "was never planned"),
    (evolve(NEVER_RAN, ordered=False, cause="taken back (mode 20)"), Step.PLANNED, 1.0, "taken back (mode 20)"),
    (evolve(NEVER_RAN, proved=False, cause="the device was offline"), Step.ORDERED, 1.0, "the device was offline"),
    (RAN, Step.PROVED, 0.125, "ran when there was nothing to spare"),
])
def test_each_lost_kilowatt_hour_has_one_cause(lent, step, kwh, cause):
    found = waterfall([lent])
    assert lent.step is step
    assert found.lost_kwh[step] == {cause: pytest.approx(kwh)}
    assert found.adds_up


def test_a_run_that_was_useful_whole_loses_nothing():
    found = waterfall([evolve(RAN, balance_w=(0.0, 0.0))])
    assert found.reached_kwh[Step.USEFUL] == found.reached_kwh[Step.DECLARED] == 0.6


WATTS = st.none() | st.floats(0, 5000)
LENT = st.builds(
    lambda plannable, expected, ordered, proved, cause, rows: evolve(
        RAN, plannable=plannable, expected_wh=expected, ordered=ordered, proved=proved, cause=cause,
        drawn_w=[drawn for drawn, _ in rows], balance_w=[balance for _, balance in rows]),
    st.booleans(), st.none() | st.floats(0, 1e4), st.booleans(), st.booleans(), st.sampled_from(["", "asked by hand"]),
    st.lists(st.tuples(WATTS, st.none() | st.floats(-1e4, 1e4)), max_size=5))


@given(st.lists(LENT, max_size=6))
def test_what_was_declared_is_what_was_useful_and_what_was_lost(lent):
    found = waterfall(lent)
    assert found.adds_up
    assert list(found.reached_kwh.values()) == sorted(found.reached_kwh.values(), reverse=True)


def test_promises_of_nobody_have_no_share():
    assert Kept(0, 0).share is None
    assert Kept(3, 4).share == 0.75
