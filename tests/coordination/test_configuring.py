"""One device brought to its settings: read back, compared, pushed, read back again."""

from __future__ import annotations

from datetime import timedelta

from elfe.coordination.configuring import READS, SETTLES_WITHIN, Configuring, How, on_site, over_mqtt
from elfe.devices.values import ConfigPush, HttpGet, Publish, SerialLine, Setting
from tests.coordination.conftest import NOW

SET, READ = Publish("cmnd/A002/PowerOnState", b"1"), Publish("cmnd/A002/PowerOnState", b"")
PUSH = ConfigPush((SET,), (READ,), (Setting("PowerOnState", "1"), Setting("SetOption4", "OFF")))
WITHIN = timedelta(seconds=5)
RIGHT = (Setting("PowerOnState", "1"), Setting("SetOption4", "OFF"))
WRONG = (Setting("PowerOnState", "3"), Setting("SetOption4", "OFF"))


def one(repairs: bool = True) -> Configuring:
    return Configuring(PUSH, WITHIN, repairs)


def hear(asked: Configuring, *settings: Setting) -> None:
    for each in settings:
        asked.hear(each)


def test_what_is_right_is_read_once_and_left_alone() -> None:
    asked = one()
    assert asked.step(NOW) == (READ,)
    hear(asked, *RIGHT, Setting("Password1", "secret"))
    assert asked.step(NOW) == ()
    assert (asked.ended, "Password1" in asked.heard) == (How.RIGHT, False)


def test_what_differs_is_set_and_read_back() -> None:
    asked = one()
    asked.step(NOW)
    hear(asked, *WRONG)
    assert asked.step(NOW) == (SET,)
    assert asked.step(NOW + WITHIN) == (READ,)
    hear(asked, *RIGHT)
    asked.step(NOW + WITHIN)
    assert asked.ended is How.REPAIRED


def test_one_that_restarts_is_asked_again_until_it_says_so() -> None:
    asked, now = one(), NOW
    asked.step(now)
    hear(asked, *WRONG)
    reads = 0
    while not reads or now < NOW + SETTLES_WITHIN / 2:
        reads += asked.step(now) == (READ,)
        now += timedelta(seconds=1)
    assert reads >= 3
    hear(asked, *RIGHT)
    asked.step(now)
    assert asked.ended is How.REPAIRED


def test_who_is_only_looked_at_is_told_nothing() -> None:
    asked = one(repairs=False)
    asked.step(NOW)
    hear(asked, *WRONG)
    assert asked.step(NOW) == ()
    assert (asked.ended, asked.differs) == (How.DIFFERS, [("PowerOnState", "1", "3")])


def test_who_says_nothing_is_asked_three_times() -> None:
    asked, reads = one(), 0
    for second in range(60):
        reads += asked.step(NOW + second * timedelta(seconds=1)) == (READ,)
    assert (reads, asked.ended) == (READS, How.SILENT)


def test_a_setting_that_will_not_be_changed_is_told_with_what_it_is() -> None:
    asked, now = one(), NOW
    while asked.ended is None:
        if asked.step(now) == (READ,):
            hear(asked, *WRONG)
        now += timedelta(seconds=1)
    assert (asked.ended, asked.differs) == (How.DIFFERS, [("PowerOnState", "1", "3")])


def test_a_setting_that_old_firmware_does_not_know_is_told_as_not_read() -> None:
    asked, now = one(repairs=False), NOW
    while asked.ended is None:
        if asked.step(now) == (READ,):
            hear(asked, RIGHT[0])
        now += timedelta(seconds=1)
    assert (asked.ended, asked.differs) == (How.DIFFERS, [("SetOption4", "OFF", "")])


def test_steps_of_the_local_network_are_for_a_visit() -> None:
    steps = (HttpGet("/settings?mqtt_retain=false"), SerialLine("Restart 1"))
    assert over_mqtt((SET, READ))
    assert not over_mqtt((SET, *steps))
    assert on_site((SET, *steps)) == ["/settings?mqtt_retain=false", "Restart 1"]
