"""What people have decided for a while, and which 70 is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from elfe.coordination import holds, queries
from elfe.coordination.holds import HOLD, TAKEN_OVER, Hold, Origin
from elfe.coordination.values import Mode
from tests.coordination.conftest import NOW

SOON = NOW + timedelta(hours=2)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Engine]:
    """A database with the two tables and no more."""
    engine = queries.open_coordination(f"sqlite:///{tmp_path}/coordination.db")
    for table in (HOLD, TAKEN_OVER):
        table.create(engine)
    yield engine
    engine.dispose()


def put(engine: Engine, appliance_id: int | None = 7, supply: bool | None = True, until=SOON, at=NOW, who: str = "") -> None:
    with engine.begin() as connection:
        holds.put(connection, appliance_id, supply, at, until, Origin.SCREEN, who)


def end(engine: Engine, appliance_id: int | None, at=NOW) -> bool:
    with engine.begin() as connection:
        return holds.end(connection, appliance_id, at)


def test_a_hold_is_read_as_it_was_put(held):
    put(held, who="R004")
    assert holds.in_force(held, NOW) == [Hold(1, 7, True, NOW, SOON, "screen", "R004")]


def test_a_hold_ends_by_itself_in_the_second_of_its_end(held):
    put(held)
    (hold,) = holds.in_force(held, SOON - timedelta(seconds=1))

    assert holds.in_force(held, SOON) == []
    assert [hold.holds(at) for at in (SOON - timedelta(seconds=1), SOON)] == [True, False]


def test_a_hold_without_an_end_holds_until_it_is_taken_back(held):
    put(held, until=None)
    (hold,) = holds.in_force(held, NOW + timedelta(days=900))
    assert hold.until is None
    assert hold.holds(NOW + timedelta(days=900))

    assert end(held, 7)
    assert holds.in_force(held, NOW) == []


def test_what_is_taken_back_twice_or_was_over_says_so(held):
    assert not end(held, 7)
    put(held)
    assert not end(held, 7, SOON)
    put(held)
    assert [end(held, 7, SOON - timedelta(seconds=1)), end(held, 7, SOON - timedelta(seconds=1))] == [True, False]


def test_of_one_appliance_the_last_word_holds_and_the_others_keep_theirs(held):
    put(held, 7, None)
    put(held, 8, False)
    put(held, None, True)
    put(held, 7, False)
    assert [(each.appliance_id, each.supply) for each in holds.in_force(held, NOW)] == [(8, False), (None, True), (7, False)]

    assert end(held, None)
    assert [each.appliance_id for each in holds.in_force(held, NOW)] == [8, 7]


def take_over(engine: Engine, mode: Mode = Mode.PILOTED, appliance_id: int = 7) -> None:
    with engine.begin() as connection:
        holds.take_over(connection, appliance_id, "D001", mode, NOW)


def give_back(engine: Engine, appliance_id: int = 7) -> Mode | None:
    with engine.begin() as connection:
        return holds.give_back(connection, appliance_id, SOON)


def test_w3_the_mode_before_is_given_back_once_and_an_operators_own_70_never(held):
    assert give_back(held) is None
    take_over(held)
    assert (give_back(held), give_back(held)) == (Mode.PILOTED, None)


def test_w3_what_is_taken_over_twice_keeps_the_mode_that_it_had_first(held):
    take_over(held, Mode.MANUAL)
    take_over(held, Mode.DISABLED)
    take_over(held, Mode.PILOTED, 8)
    assert holds.taken_over(held) == {7: NOW, 8: NOW}

    assert give_back(held) is Mode.MANUAL
    assert holds.taken_over(held) == {8: NOW}
    take_over(held, Mode.PILOTED)
    assert give_back(held) is Mode.PILOTED


def test_the_database_itself_knows_one_open_taking_over_of_an_appliance_and_many_that_are_past(held):
    with held.connect() as connection:
        (made,) = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = 'taken_over_one_open'")).scalars()
    assert made.startswith("CREATE UNIQUE INDEX")
    assert made.endswith("(appliance_id) WHERE given_back_at IS NULL")


def test_of_a_household_that_leaves_nothing_remains(held):
    put(held, 7)
    put(held, 8)
    put(held, None)
    take_over(held)
    take_over(held, appliance_id=8)
    with held.begin() as connection:
        holds.forget(connection, [7])

    assert [each.appliance_id for each in holds.in_force(held, NOW)] == [8, None]
    assert set(holds.taken_over(held)) == {8}
