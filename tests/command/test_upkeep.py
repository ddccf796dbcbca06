"""Who is online and says nothing of its state is asked how it is set, and set again where it differs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from elfe.command.upkeep import Upkeep, Upkept, upkept
from elfe.command.values import Ask, Installed
from elfe.devices.drivers import load
from elfe.devices.routing import Router
from elfe.devices.values import ConfigPush, HttpGet, Measure, OutputState, Presence, Publish, Quantity, Setting
from tests.command.conftest import NOON, a_pilot

READ, SET = Publish("D001/rpc", b"Mqtt.GetConfig"), Publish("D001/rpc", b"Mqtt.SetConfig")
PUSH = ConfigPush(steps=(SET,), read_back=(READ,), expects=(Setting("mqtt.status_ntf", "true"),))
LATER = NOON + timedelta(minutes=15)
JUDGED = LATER + timedelta(seconds=15)


@pytest.fixture
def upkeep() -> Upkeep:
    """A device that came online at noon, and has said nothing since."""
    upkeep = Upkeep({"D001": Upkept(timedelta(minutes=15), timedelta(seconds=15), PUSH)})
    upkeep.hear("D001", Presence.ONLINE, NOON)
    return upkeep


def test_a_device_online_without_status_is_asked_how_it_is_set(upkeep):
    assert upkeep.due(LATER - timedelta(seconds=1)) == []
    assert upkeep.due(LATER) == [Ask("D001", (READ,))]


def test_one_that_was_kept_as_online_by_the_broker_too(upkeep):
    again = Upkeep(upkeep.devices)
    again.hear("D001", Presence.ONLINE, NOON, retained=True)
    assert again.due(LATER) == [Ask("D001", (READ,))]


def test_it_is_set_again_when_a_setting_differs(upkeep):
    upkeep.due(LATER)
    upkeep.hear("D001", Setting("mqtt.status_ntf", "false"), LATER)
    assert upkeep.due(JUDGED - timedelta(seconds=1)) == []
    assert upkeep.due(JUDGED) == [Ask("D001", (SET,))]


@pytest.mark.parametrize("answered", [[Setting("mqtt.status_ntf", "true")], []])
def test_it_is_left_alone_when_nothing_differs_or_it_does_not_answer(upkeep, answered):
    upkeep.due(LATER)
    for each in answered:
        upkeep.hear("D001", each, LATER)
    assert upkeep.due(JUDGED) == []


def test_one_that_stays_silent_is_asked_once_an_hour(upkeep):
    asked = [minute for minute in range(180) if upkeep.due(NOON + timedelta(minutes=minute))]
    assert asked == [15, 75, 135]


@pytest.mark.parametrize("word", [Measure(Quantity.POWER, 0.0), OutputState(False)])
def test_a_word_of_its_state_is_enough(upkeep, word):
    upkeep.hear("D001", word, LATER - timedelta(seconds=1))
    assert upkeep.due(LATER) == []


@pytest.mark.parametrize("gone", [Presence.OFFLINE, Presence.ASLEEP])
def test_who_is_not_there_is_not_asked(upkeep, gone):
    upkeep.hear("D001", gone, NOON + timedelta(minutes=1))
    assert upkeep.due(LATER) == []


def test_what_the_broker_kept_is_no_answer_and_no_word(upkeep):
    upkeep.hear("D001", OutputState(True), LATER - timedelta(seconds=1), retained=True)
    assert upkeep.due(LATER) == [Ask("D001", (READ,))]
    upkeep.hear("D001", Setting("mqtt.status_ntf", "false"), LATER, retained=True)
    assert upkeep.due(JUDGED) == []


@pytest.mark.parametrize("push", [None, ConfigPush((HttpGet("/settings"),), (HttpGet("/settings"),)), ConfigPush((SET,))])
def test_who_cannot_be_set_from_here_is_left_to_a_visit(push):
    assert upkept([a_pilot().driven], lambda installed: push) == {}


def test_a_slow_type_is_given_its_own_time():
    slow = upkept([a_pilot().driven], lambda installed: PUSH)
    assert slow == {"D001": Upkept(timedelta(minutes=15), timedelta(seconds=15), PUSH)}


def test_a_relay_out_of_its_box_is_told_to_publish_its_status():
    """A real driver and its twin: online, silent; read back, set, and it publishes after its next restart."""
    driver = load()[411]
    device = driver.device("D001", instance="engine")
    twin = driver.simulate(device, 1)
    router = Router(load(), (device,))
    pilot = a_pilot()
    installed = Installed(pilot.driven.row, device, driver)
    upkeep = Upkeep(upkept([installed], lambda each: driver.push_config(each.device, driver.settings()())))
    upkeep.hear("D001", Presence.ONLINE, NOON)

    def carry(now):
        for ask in upkeep.due(now):
            for message in ask.publishes:
                for said in twin.receive(message.topic, message.payload, now):
                    for heard in router.read(said.topic, said.payload):
                        if isinstance(heard.event, Setting | Presence):      # of its state not a word arrives
                            upkeep.hear("D001", heard.event, now)
    carry(LATER)
    carry(JUDGED)
    reborn = [said.topic for said in twin.reboot(JUDGED)]

    assert "D001/status/switch:0" in reborn
