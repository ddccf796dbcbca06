"""What a history took is in doubt until some of it was found."""

from __future__ import annotations

from datetime import UTC, datetime

from elfe.history.doubt import WITNESSES, WRITTEN_WITHIN, Doubt, Spooled

NOON = datetime(2026, 6, 12, 10, tzinfo=UTC)


def rows(*at_s: int, series: str = "D101 puissance") -> list[Spooled]:
    return [(series, "W", 1000 * each, 1.0) for each in at_s]


def test_what_was_just_taken_is_not_looked_for_yet():
    doubt = Doubt()
    doubt.took(rows(1))
    assert doubt.due(NOON) == []
    assert doubt.due(NOON + WRITTEN_WITHIN / 2) == []
    assert doubt.due(NOON + WRITTEN_WITHIN) == rows(1)


def test_what_is_found_is_in_doubt_no_more():
    doubt = Doubt()
    doubt.took(rows(1))
    doubt.due(NOON)
    doubt.took(rows(2))
    assert doubt.judged(rows(1), doubt.due(NOON + WRITTEN_WITHIN)) == []
    assert doubt.all() == rows(2)


def test_where_one_is_missing_all_that_is_in_doubt_goes_again_the_oldest_first():
    doubt = Doubt()
    doubt.took(rows(1, 2))
    doubt.due(NOON)
    doubt.took(rows(3))
    assert doubt.judged(rows(1), doubt.due(NOON + WRITTEN_WITHIN)) == rows(1, 2, 3)
    assert doubt.all() == []


def test_of_many_a_few_are_looked_for_from_first_to_last():
    doubt = Doubt()
    doubt.took(rows(*range(1000)))
    doubt.due(NOON)
    asked = doubt.due(NOON + WRITTEN_WITHIN)
    assert (len(asked), asked[0], asked[-1] > rows(850)[0]) == (WITNESSES, *rows(0), True)


def test_a_series_of_which_nothing_is_ever_found_makes_nobody_send_twice_for_long():
    doubt, again = Doubt(), []
    for turn in range(8):
        doubt.took([*rows(turn, series="D102 puissance"), *rows(turn)])
        asked = doubt.due(NOON + WRITTEN_WITHIN * turn)
        again.append(bool(asked and doubt.judged([each for each in asked if each[0] != "D102 puissance"], asked)))
    assert again == [False, True, *[False] * 6]


def test_there_is_room_for_so_many_and_the_oldest_are_taken_for_written():
    doubt = Doubt(room=3)
    doubt.took(rows(1, 2))
    doubt.due(NOON)
    doubt.took(rows(3, 4))
    assert doubt.all() == rows(2, 3, 4)
    doubt.took(rows(*range(9)))
    assert doubt.all() == rows(6, 7, 8)
