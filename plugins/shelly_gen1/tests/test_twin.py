"""Devices that are not there live as their vendor says."""

import json
from datetime import UTC, datetime, timedelta

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import BadPayload, Device, Fault, Measure, OutputState, Presence, Publish, Quantity

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
ROOT, SHELF = "shellies/shellyplug-s-A8BC25", "shellies/F002"
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": ROOT})
ROOM = Device(id="F002", type_id=611, hardware_id="703523", templates={"root": SHELF})
SECOND = timedelta(seconds=1)


@pytest.fixture
def plug():
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    return twin


@pytest.fixture
def room():
    """Left on its shelf, asleep."""
    twin = plugin.simulate(ROOM, seed=1)
    twin.connected(NOON)
    twin.press_button(NOON + SECOND)
    return twin


def by_topic(said):
    return {each.topic.removeprefix(f"{ROOT}/").removeprefix(f"{SHELF}/"): each.payload.decode() for each in said}


def heard(device, said):
    topics = plugin.build_topics(device).listen
    return [event for each in said if each.topic in topics and not each.topic.endswith("/online")
            for event in plugin.decode_message(device, each.topic, each.payload)]


# -- the plug


def test_on_connecting_it_says_that_it_is_there_who_it_is_and_its_complete_state():
    said = plugin.simulate(PLUG, seed=1).connected(NOON)
    assert [each.topic.removeprefix(f"{ROOT}/") for each in said] == [
        "online", "shellies/announce", "announce", "info", "relay/0/power", "relay/0/energy", "relay/0",
        "temperature", "temperature_f", "overtemperature"]
    assert {each.qos for each in said} == {0}
    assert set(json.loads(said[2].payload)) == {"id", "model", "mac", "ip", "new_fw", "fw_ver"}


def test_nothing_is_retained_unless_its_owner_wants_it(plug):
    assert not plug.last_will.retain
    plug.get("/settings?mqtt_retain=true")
    assert all(each.retain for each in (plug.last_will, *plug.receive("shellies/command", b"update", NOON)))


def test_a_plug_that_lost_its_supply_comes_back_on_and_counts_from_zero(plug):
    plug.get("/settings/relay/0?default_state=on&auto_on=1800")
    plug.receive(f"{ROOT}/relay/0/command", b"off", NOON)
    plug.draw(600.0, NOON)
    later = NOON + timedelta(hours=1)
    assert Measure(Quantity.ENERGY, 600.0) in heard(PLUG, plug.receive("shellies/command", b"update", later))
    said = by_topic(plug.reboot(later))
    assert (said["relay/0"], said["relay/0/energy"]) == ("on", "0")


def test_a_person_at_the_button_is_heard(plug):
    assert plug.press_button(NOON) == (Publish(f"{ROOT}/relay/0", b"off", qos=0),)


def test_above_its_limit_it_cuts_itself_and_says_so(plug):
    said = plug.draw(2600.0, NOON)
    assert by_topic(said)["relay/0"] == "overpower"
    assert {OutputState(False), Fault("overpower")} <= set(heard(PLUG, said))
    assert plugin.decode_http(PLUG, "/relay/0", plug.get("/relay/0").encode()) == (OutputState(False), Fault("overpower"))
    assert by_topic(plug.receive(f"{ROOT}/relay/0/command", b"on", NOON))["relay/0"] == "on"


def test_when_it_overheats_it_opens_and_says_so(plug):
    assert heard(PLUG, plug.overheat(NOON)) == [OutputState(False), Fault("overtemperature")]


def test_its_timer_is_told_over_http(plug):
    plug.get("/settings/relay/0?auto_on=1800")
    plug.receive(f"{ROOT}/relay/0/command", b"off", NOON)
    told = json.loads(plug.get("/relay/0"))
    assert (told["has_timer"], told["timer_duration"], told["timer_remaining"]) == (True, 1800, 1800)
    assert told["timer_started"] == int(NOON.timestamp())
    assert heard(PLUG, plug.tick(NOON + timedelta(seconds=1800)))[0] == OutputState(True)


def test_it_is_switched_over_http_too(plug):
    assert json.loads(plug.get("/relay/0?turn=off"))["ison"] is False
    assert plug.outputs == {0: False}


def test_a_restart_that_is_asked_for_comes_at_once(plug):
    plug.get("/settings/relay/0?default_state=off")
    assert json.loads(plug.get("/reboot")) == {"ok": True}
    assert plug.next_at == NOON
    assert by_topic(plug.tick(NOON))["relay/0"] == "off"
    assert plug.next_at > NOON


def test_announce_brings_its_whole_status(plug):
    said = by_topic(plug.receive(f"{ROOT}/command", b"announce", NOON))
    assert json.loads(said["info"]) == json.loads(plug.get("/status"))
    assert plug.receive(f"{ROOT}/command", b"dance", NOON) == ()


def test_what_it_does_not_have_is_not_found(plug):
    assert plug.get("/light/0") == "Not Found"


# -- the thermometer


def test_it_connects_says_its_room_and_is_gone(room):
    woken = room.next_at
    said = room.tick(woken)
    assert by_topic(said) | {"announce": "", "info": "", "shellies/announce": ""} == {
        "online": "true", "announce": "", "info": "", "shellies/announce": "", "sensor/temperature": "20.00",
        "sensor/humidity": "50.0", "sensor/battery": "100", "sensor/ext_power": "false", "sensor/error": "0",
        "sensor/act_reasons": '["periodic"]'}
    (gone,) = room.tick(room.next_at)
    assert plugin.parse_lwt(ROOM, gone.payload) is Presence.ASLEEP
    assert room.next_at == woken + timedelta(hours=6)


def test_who_sleeps_hears_nothing(room):
    assert room.receive(f"{SHELF}/command", b"announce", NOON) == ()
    assert room.get("/status") == ""
    with pytest.raises(BadPayload):
        plugin.decode_http(ROOM, "/status", room.get("/status").encode())


def test_a_small_change_lets_it_sleep_and_a_larger_one_wakes_it(room):
    assert room.feel(20.9, 50.0, NOON + timedelta(minutes=10)) == ()
    said = room.feel(21.1, 50.0, NOON + timedelta(minutes=20))
    assert Measure(Quantity.TEMPERATURE, 21.1) in heard(ROOM, said)
    assert by_topic(said)["sensor/act_reasons"] == '["sensor"]'
    assert room.feel(21.1, 56.0, NOON + timedelta(minutes=30)) != ()


def test_its_button_keeps_it_awake_for_three_minutes(room):
    pressed = NOON + timedelta(minutes=10)
    assert by_topic(room.press_button(pressed))["sensor/act_reasons"] == '["button"]'
    room.tick(pressed + timedelta(seconds=179))
    assert room.awake
    assert by_topic(room.receive(f"{SHELF}/command", b"update", pressed))["sensor/humidity"] == "50.0"
    room.tick(pressed + timedelta(minutes=3))
    assert not room.awake


def test_set_to_fahrenheit_its_message_lies_to_us_and_its_status_does_not(room):
    room.press_button(NOON + timedelta(hours=1))
    room.get("/settings?temperature_units=F")
    temperatures = [event.value for event in heard(ROOM, room.feel(25.0, 50.0, NOON + timedelta(hours=1)))
                    if isinstance(event, Measure) and event.quantity is Quantity.TEMPERATURE]
    assert temperatures == [25.0, 77.0]      # info, then sensor/temperature: why the push sets its unit


def test_a_broken_sensor_is_a_fault_and_no_measure(room):
    room.error = 1
    info = plugin.decode_message(ROOM, f"{SHELF}/info", by_topic(room.tick(room.next_at))["info"].encode())
    assert Fault("sensor error 1") in info
    assert not [event for event in info if isinstance(event, Measure) and event.quantity is Quantity.TEMPERATURE]


def test_new_batteries_wake_it(room):
    assert by_topic(room.reboot(NOON + timedelta(hours=2)))["sensor/act_reasons"] == '["poweron"]'
    assert room.draw(100.0, NOON) == ()
    assert room.outputs == {}
