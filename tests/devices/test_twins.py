"""What twins that switch and measure share."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import define

from elfe.devices.twins import MeteredRelay
from elfe.devices.values import FailSafe, Publish

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)


@define
class Plug(MeteredRelay):
    """Says one word on each occasion."""

    period: timedelta = timedelta(minutes=5)
    closes_after: timedelta | None = None

    def say_born(self, now):
        return (Publish("born", b""),)

    def say_state(self, now, source):
        return (Publish("state", source.encode()),)

    def say_measures(self, now):
        return (Publish("measures", f"{self.energy_wh:.1f}".encode()),)

    def timer_after_switching(self):
        return None if self.on else self.closes_after


def topics(said):
    return [each.topic for each in said]


def test_it_says_nothing_by_itself_before_it_is_connected():
    plug = Plug()
    assert plug.next_at is None
    assert plug.tick(NOON) == ()


def test_its_first_word_comes_within_a_period_and_then_once_a_period():
    plug = Plug()
    plug.connected(NOON)
    first = plug.next_at
    assert NOON <= first < NOON + plug.period
    assert topics(plug.tick(first)) == ["measures"]
    assert plug.next_at == first + plug.period


def test_its_counter_holds_what_was_drawn_at_every_power():
    plug = Plug()
    plug.connected(NOON)
    plug.draw(1000.0, NOON)
    plug.draw(100.0, NOON + timedelta(minutes=30))
    plug.meter(NOON + timedelta(minutes=90))
    assert plug.energy_wh == pytest.approx(600.0)


def test_a_lost_connection_loses_no_energy():
    plug = Plug()
    plug.connected(NOON)
    plug.draw(1000.0, NOON)
    plug.connected(NOON + timedelta(hours=1))
    assert plug.energy_wh == pytest.approx(1000.0)


def test_many_small_changes_are_said_when_they_make_a_large_one():
    plug = Plug(says_change_w=10.0)
    plug.connected(NOON)
    assert [topics(plug.draw(watts, NOON)) for watts in (4.0, 8.0, 12.0, 16.0)] == [[], [], ["measures"], []]


def test_its_timer_is_armed_again_by_a_repeated_off():
    plug = Plug(closes_after=timedelta(minutes=30))
    plug.connected(NOON)
    plug.switch(False, NOON, "order")
    plug.switch(False, NOON + timedelta(minutes=20), "order")
    plug.tick(NOON + timedelta(minutes=31))
    assert not plug.on
    assert "state" in topics(plug.tick(NOON + timedelta(minutes=50)))
    assert plug.on
    assert plug.flips_at is None


def test_a_devices_own_part_of_a_fail_safe_is_always_the_same():
    safe = FailSafe(True, "a timer", timedelta(minutes=30), spread=timedelta(minutes=10))
    assert safe.own_part("D001") == safe.own_part("D001") != safe.own_part("D002")
    assert FailSafe(True, "a timer", timedelta(minutes=30)).own_part("D001") == timedelta()
