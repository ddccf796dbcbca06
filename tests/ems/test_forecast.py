"""Tomorrow is yesterday, shifted to where the balance stands now."""

from __future__ import annotations

import pytest

from elfe.ems.forecast import persistence
from elfe.slots import HORIZON

NOTHING: list[float | None] = [None] * HORIZON


def recursive(c: list[float]) -> list[float]:
    """The documentation's own wording of it, step by step."""
    n, p = len(c), [c[-1]]
    for i in range(1, n):
        p.append((1 - i / n) * (p[i - 1] + c[i] - c[i - 1]) + i / n * c[i])
    return p


def test_the_closed_form_is_the_recursion_of_the_documentation() -> None:
    c = [float((7 * i * i) % 1013 - 400) for i in range(HORIZON)]
    assert persistence(c, NOTHING).balance_w == pytest.approx(recursive(c))


def test_it_begins_where_the_balance_stands_and_ends_on_yesterdays_curve() -> None:
    c: list[float | None] = [100.0] * 95 + [500.0]
    forecast = persistence(c, NOTHING)
    assert forecast.balance_w[0] == 500
    assert forecast.balance_w[8] == pytest.approx(100 + 400 * 0.68, abs=2)      # after two hours
    assert forecast.balance_w[50] == pytest.approx(100, abs=1)
    assert forecast.source == "persistence of the last 24 hours"


def test_f8_a_hole_is_filled_with_the_same_quarter_of_the_day_before() -> None:
    c: list[float | None] = [100.0] * HORIZON
    before: list[float | None] = [700.0] * HORIZON
    c[40] = None
    forecast = persistence(c, before)
    assert forecast.balance_w[40] == pytest.approx(700)
    assert forecast.source == "persistence of the last 24 hours, 1 of 96 quarters taken from the day before"


def test_f8_a_hole_of_both_days_is_filled_from_its_neighbours() -> None:
    c: list[float | None] = [100.0] * 40 + [None] * 3 + [500.0] * 50 + [None, None, 100.0]
    forecast = persistence(c, NOTHING)
    assert forecast.balance_w[40:43] == pytest.approx((200, 300, 400), abs=1)
    assert forecast.source.endswith("5 of 96 quarters taken from their neighbours")


def test_f8_holes_at_the_ends_take_the_nearest_value() -> None:
    c: list[float | None] = [None, None, *[300.0] * 92, None, None]
    assert persistence(c, NOTHING).balance_w == (300.0,) * HORIZON


def test_f8_without_any_measure_the_balance_is_flat_and_says_so() -> None:
    forecast = persistence(NOTHING, NOTHING)
    assert (forecast.balance_w, forecast.source) == ((0.0,) * HORIZON, "no balance was measured: taken as zero")
