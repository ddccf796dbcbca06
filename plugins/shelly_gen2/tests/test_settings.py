"""How devices are configured, onboarded, updated: what is pushed reaches the twin, and is read back."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import elfe_shelly_gen2 as plugin
import pytest
from attrs import evolve
from elfe_shelly_gen2.devices import PLUGS, RELAYS, THERMOMETERS, TYPES
from elfe_shelly_gen2.requests import http, method_of
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices import Acknowledgement, BadPayload, Device, Firmware, HttpGet, Network, Setting

ROWS = (*RELAYS, *PLUGS, *THERMOMETERS)
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
RELAY = Device(id="D003", type_id=411, templates={"root": "D003"}, reply_to="elfe/engine/D003")
PLUG = evolve(RELAY, type_id=1122)
ROOM = evolve(RELAY, type_id=1162)
SECOND = Device(id="D004", type_id=1107, templates={"root": "D003"}, channel=1, reply_to="elfe/engine/D004")
EACH = [pytest.param(each, id=TYPES[each.type_id].name) for each in (RELAY, PLUG, ROOM, SECOND)]


def twin_of(device):
    twin = plugin.simulate(device, seed=1)
    twin.connected(NOON)
    return twin


def ask(device, twin, steps, now=NOON):
    """What the driver understands of the answers, over MQTT or HTTP."""
    heard = []
    for step in steps:
        if isinstance(step, HttpGet):
            heard += plugin.decode_http(device, step.path, twin.get(step.path).encode())
        else:
            heard += [event for said in twin.receive(step.topic, step.payload, now) if said.topic == f"{device.reply_to}/rpc"
                      for event in plugin.decode_message(device, said.topic, said.payload)]
    return heard


def wanted(push):
    return {each.name: json.loads(each.value) for each in push.expects}


# -- settings over MQTT ---------------------------------------------------------------------------------------------------


def test_the_fail_safe_closes_a_relay_after_a_number_of_seconds_of_its_own():
    settings = wanted(plugin.push_config(RELAY, plugin.Settings()))
    assert 1800 <= settings["switch:0.auto_on_delay"] < 2400
    assert {**settings, "switch:0.auto_on_delay": 0} == {
        "switch:0.initial_state": "on", "switch:0.auto_on": True, "switch:0.auto_on_delay": 0, "switch:0.auto_off": False,
        "mqtt.rpc_ntf": True, "mqtt.status_ntf": True}


def test_behind_a_relay_wired_inverted_it_is_the_other_way_round():
    settings = wanted(plugin.push_config(evolve(RELAY, serves_when=False), plugin.Settings()))
    assert settings["switch:0.initial_state"] == "off"
    assert (settings["switch:0.auto_off"], settings["switch:0.auto_on"]) == (True, False)
    assert "switch:0.auto_on_delay" not in settings


def test_a_plug_has_no_input_to_match():
    by_input = plugin.Settings(initial_state="match_input")
    assert wanted(plugin.push_config(PLUG, by_input))["switch:0.initial_state"] == "restore_last"
    assert wanted(plugin.push_config(RELAY, by_input))["switch:0.initial_state"] == "match_input"


@pytest.mark.parametrize("device", EACH)
def test_what_is_pushed_is_read_back_and_was_not_so_before(device):
    twin, push = twin_of(device), plugin.push_config(device, plugin.Settings())
    assert not set(push.expects) <= set(ask(device, twin, push.read_back))
    assert all(event.ok for event in ask(device, twin, push.steps) if isinstance(event, Acknowledgement))
    assert set(push.expects) <= set(ask(device, twin, push.read_back))


def test_the_second_relay_of_a_unit_leaves_the_first_as_it_is():
    twin = twin_of(SECOND)
    ask(SECOND, twin, plugin.push_config(SECOND, plugin.Settings()).steps)
    assert [twin.configs[name]["auto_on"] for name in ("switch:0", "switch:1")] == [False, True]


def test_a_device_that_publishes_no_status_is_told_to_and_says_that_it_must_restart():
    twin, push = twin_of(RELAY), plugin.push_config(RELAY, plugin.Settings())
    assert Setting("mqtt.status_ntf", "false") in ask(RELAY, twin, push.read_back)
    assert Setting("restart_required", "true") in ask(RELAY, twin, push.steps)
    assert {Setting("mqtt.status_ntf", "true"), Setting("restart_required", "true")} <= set(ask(RELAY, twin, push.read_back))
    assert "D003/status/switch:0" not in {said.topic for said in twin.draw(100.0, NOON)}
    assert "D003/status/switch:0" in {said.topic for said in twin.reboot(NOON + timedelta(minutes=1))}


def test_a_push_ends_with_a_restart_only_where_the_settings_ask_for_it():
    twin, push = twin_of(RELAY), plugin.push_config(RELAY, plugin.Settings(restart=True))
    ask(RELAY, twin, push.steps)
    assert Setting("restart_required", "false") in push.expects
    assert set(push.expects) <= set(ask(RELAY, twin, push.read_back))
    assert "D003/status/switch:0" in {said.topic for said in twin.draw(100.0, NOON)}
    assert not any(b"Reboot" in step.payload for step in plugin.push_config(RELAY, plugin.Settings()).steps)


def test_a_thermometer_that_sleeps_is_not_reached():
    twin, push = twin_of(ROOM), plugin.push_config(ROOM, plugin.Settings())
    asleep, later = NOON + timedelta(minutes=5), NOON + timedelta(minutes=6)
    twin.tick(asleep)
    assert ask(ROOM, twin, push.steps, asleep) == []
    twin.press_button(later)
    assert ask(ROOM, twin, push.steps, later) != []


def test_a_delay_that_is_a_text_is_refused():
    """As the annex has it: "auto_on_delay":"1800"."""
    request = {"id": 123, "src": RELAY.reply_to, "method": "Switch.SetConfig",
               "params": {"id": 0, "config": {"id": 0, "initial_state": "on", "auto_on": True, "auto_on_delay": "1800"}}}
    (answer,) = twin_of(RELAY).receive("D003/rpc", json.dumps(request).encode(), NOON)
    (refused,) = plugin.decode_message(RELAY, answer.topic, answer.payload)
    assert (refused.token, refused.ok) == ("123", False)


# -- out of the box -------------------------------------------------------------------------------------------------------

NETWORK = Network("mqtt.example.org", 8883, "D003", "s3cret-é&?", "maison &=#", "w1fi+%", tls=True)


@pytest.mark.parametrize("device", EACH)
def test_a_unit_is_led_to_our_broker_and_reads_it_back(device):
    twin, push = twin_of(device), plugin.onboard(device, NETWORK)
    ask(device, twin, push.steps)
    assert set(push.expects) <= set(ask(device, twin, push.read_back))
    mqtt, sta = twin.configs["mqtt"], twin.configs["wifi"]["sta"]
    assert (mqtt["server"], mqtt["client_id"]) == ("mqtt.example.org:8883", "D003")
    assert (mqtt["user"], mqtt["pass"]) == ("D003", "s3cret-é&?")
    assert (mqtt["topic_prefix"], mqtt["ssl_ca"], mqtt["enable"]) == ("D003", "ca.pem", True)
    assert (sta["ssid"], sta["pass"], sta["enable"], sta["is_open"]) == ("maison &=#", "w1fi+%", True, False)
    assert twin.configs["sys"]["device"]["name"] == device.id
    assert not twin.restart_required


def test_on_the_homes_network_already_its_wifi_is_left_alone():
    push = plugin.onboard(RELAY, Network("10.0.0.2", 1883, "D003", "x"))
    assert [method_of(step.path) for step in push.steps] == ["Mqtt.SetConfig", "Sys.SetConfig", "Shelly.Reboot"]
    assert (wanted(push)["mqtt.ssl_ca"], wanted(push)["mqtt.server"]) == (None, "10.0.0.2:1883")


def test_no_secret_is_in_what_it_reads_back():
    twin, push = twin_of(RELAY), plugin.onboard(RELAY, NETWORK)
    heard = [*push.expects, *ask(RELAY, twin, push.steps), *ask(RELAY, twin, push.read_back)]
    assert not any(secret in str(heard) for secret in ("s3cret", "w1fi"))


@pytest.mark.parametrize(("body", "meaning"), [
    (b"null", [Acknowledgement("Shelly.Reboot", ok=True)]),
    (b'{"code":-103,"message":"Missing required argument \'id\'!"}',
     [Acknowledgement("Shelly.Reboot", ok=False, detail="-103 Missing required argument 'id'!")]),
    (b'{"restart_required":true}', [Acknowledgement("Shelly.Reboot", ok=True), Setting("restart_required", "true")]),
])
def test_what_http_answers(body, meaning):
    assert list(plugin.decode_http(RELAY, "/rpc/Shelly.Reboot?delay_ms=500", body)) == meaning


@pytest.mark.parametrize("body", [b"", b"Unauthorized", b"\xff", b"[]"])
def test_what_is_no_answer_is_refused(body):
    with pytest.raises(BadPayload):
        plugin.decode_http(RELAY, "/rpc/Shelly.Reboot", body)


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.dictionaries(st.text("abc_", min_size=1), st.text(max_size=20) | st.integers() | st.booleans() | st.none(), max_size=4))
def test_whatever_a_setting_is_it_arrives_as_it_was(config):
    path = http("Mqtt.SetConfig", config=config).path
    ((name, value),) = parse_qsl(path.partition("?")[2])
    assert (name, json.loads(value), method_of(path)) == ("config", config, "Mqtt.SetConfig")


# -- firmware -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", EACH)
def test_its_firmware_is_read_and_the_next_one_forced_upon_it(device):
    twin, steps = twin_of(device), plugin.firmware(device, "")
    firmware = [event for event in ask(device, twin, steps.read) if isinstance(event, Firmware)]
    assert firmware == [Firmware("1.4.4"), Firmware("", newer="1.7.5")]
    ask(device, twin, steps.update)
    assert [event for event in ask(device, twin, steps.read) if isinstance(event, Firmware)] == [Firmware("1.7.5")]


# -- the catalogue --------------------------------------------------------------------------------------------------------


def test_numbers_and_names_are_each_types_own():
    assert len(TYPES) == len({row.name for row in ROWS}) == len({row.page for row in ROWS}) == len({row.model for row in ROWS})
    assert all(number == 411 or number in range(1100, 1200) for number in TYPES)


@pytest.mark.parametrize("type_", TYPES.values(), ids=lambda each: each.name)
def test_what_one_would_not_guess_is_written_in_two_languages_with_its_source(type_):
    assert type_.human_name
    assert type_.letter
    assert all(caveat.english and caveat.french and caveat.link.startswith("https://") for caveat in type_.caveats)
    assert len(set(type_.caveats)) == len(type_.caveats) > 2
