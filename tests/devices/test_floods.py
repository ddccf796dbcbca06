"""Who floods is heard no more than another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from elfe.devices.floods import A_SECOND, BURST, Floods

NOON = datetime(2024, 6, 12, 10, tzinfo=UTC)


def said(floods: Floods, a_second: int, seconds: int, begins: datetime, who: str = "D001") -> int:
    """How many messages are read of a unit that says so many a second."""
    return sum(floods.lets(who, begins + timedelta(seconds=n / a_second)) for n in range(a_second * seconds))


def test_who_says_a_little_is_always_heard() -> None:
    floods = Floods()

    assert said(floods, 10, 120, NOON) == 1200
    assert floods.told == []


def test_a_burst_is_heard_whole() -> None:
    floods = Floods()

    assert sum(floods.lets("D001", NOON) for _ in range(int(BURST))) == BURST
    assert not floods.dropped


def test_c3_who_floods_is_heard_at_the_rate_of_a_talkative_one_and_every_drop_is_counted() -> None:
    floods = Floods()
    read = said(floods, 500, 30, NOON)

    assert abs(read - (BURST + 30 * A_SECOND)) <= 2
    assert floods.dropped["D001"] == 500 * 30 - read
    assert len(floods.told) == 1


def test_c3_who_floods_for_a_minute_is_not_heard_until_it_has_been_calm_and_others_are() -> None:
    floods = Floods()
    said(floods, 200, 64, NOON)
    assert said(floods, 200, 10, NOON + timedelta(seconds=64)) == 0
    assert said(floods, 1, 10, NOON + timedelta(seconds=64), "D002") == 10

    assert said(floods, 2, 10, NOON + timedelta(seconds=92)) == 20
    assert [each.split(" ", 2)[0] for each in floods.told] == ["D001"] * 3
    assert "is calm again" in floods.told[-1]


def test_a_clock_that_goes_back_gives_nobody_room() -> None:
    floods = Floods()
    for _ in range(int(BURST)):
        floods.lets("D001", NOON)

    assert not floods.lets("D001", NOON - timedelta(hours=1))
