"""What a gateway says of a bot, and what it is told. SwitchBot-MQTT-BLE-ESP32 v7.1 unless a line says otherwise."""

import json

import elfe_switchbot as plugin
import pytest
from elfe_switchbot.codec import STATUSES, Settings
from hypothesis import given, settings
from hypothesis import strategies as st

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Device,
    Fault,
    Firmware,
    LegacyTopics,
    Measure,
    Presence,
    Press,
    Progress,
    Publish,
    Quantity,
    Query,
    Role,
    Setting,
    Switch,
    UnsupportedCommand,
)

BOT = Device(id="C003", type_id=311, templates={"gateway": "switchbot/C002", "bot": "C003", "hold": ""})
ROOT = "switchbot/C002/bot/C003"
PRESSED = Acknowledgement("PRESS", ok=True)

SAID = [
    ("status", b'{"status":"connected","command":"PRESS"}', [Progress("PRESS", "connected")]),
    ("status", b'{"status":"commandSent","command":"PRESS"}', [Progress("PRESS", "commandSent")]),
    ("status", b'{"status":"busy", "value":3, "command":"PRESS"}', [Progress("PRESS", "busy")]),
    ("status", b'{"status":"success","value":5,"command":"PRESS"}', [PRESSED]),
    ("status", b'{"status":"success", "value":1, "command":"PRESS"}', [PRESSED]),
    ("status", b'{"status":"failed","value":7,"command":"PRESS"}',      # issue 138
     [Acknowledgement("PRESS", False, "failed 7: it has a password and the gateway none")]),
    ("status", b'{"status":"failed", "value":9, "command":"PRESS"}',
     [Acknowledgement("PRESS", False, "failed 9: wrong password")]),
    ("status", b'{"status":"failed", "value":77, "command":"PRESS"}', [Acknowledgement("PRESS", False, "failed 77")]),
    ("status", b'{"status":"errorConnect", "command":"PRESS"}', [Acknowledgement("PRESS", False, "errorConnect")]),
    ("status", b'{"status":"errorCommand", "command":"NOTVALID"}', [Acknowledgement("NOTVALID", False, "errorCommand")]),
    ("status", b'{"status":"errorRequestInfo","command":"requestInfo"}',
     [Acknowledgement("requestInfo", False, "errorRequestInfo")]),
    ("status", b'{"status":"lowbattery","value":6,"command":"PRESS"}',
     [Acknowledgement("PRESS", False, "lowbattery 6: battery low"), Fault("lowbattery")]),
    ("status", b'{"id":"C003","status":"errorLocatingDevice"}', [Fault("errorLocatingDevice")]),
    ("status", b'{"status":"success","command":"REQUESTSETTINGS"}', [Acknowledgement("REQUESTSETTINGS", True)]),
    ("status", b'{"status":"success","command":"REQUESTINFO"}', [Acknowledgement("REQUESTINFO", True)]),
    ("status", b'{"status":"success","value":1,"command":"5"}', [Acknowledgement("5", True)]),
    ("battery", b"94", [Measure(Quantity.BATTERY, 94.0)]),
    ("rssi", b"-78", [Measure(Quantity.SIGNAL, -78.0)]),
    ("attributes", b'{"rssi":-78,"mode":"Press","state":"OFF","batt":94}',
     [Measure(Quantity.BATTERY, 94.0), Measure(Quantity.SIGNAL, -78.0), Setting("mode", "Press")]),
    ("attributes", b'{"mode":"Press","state":"OFF","batt":100,"rssi":-70}',      # the order of v7.1, issue 138
     [Measure(Quantity.BATTERY, 100.0), Measure(Quantity.SIGNAL, -70.0), Setting("mode", "Press")]),
    ("attributes", b'{"rssi":-83,"mode":"PressOnOff","state":"ON","batt":89}',   # issue 19
     [Measure(Quantity.BATTERY, 89.0), Measure(Quantity.SIGNAL, -83.0), Setting("mode", "Press")]),
    ("settings", b'{"firmware":4.9,"timers":0,"inverted":false,"hold":5}',
     [Firmware("4.9"), Setting("inverted", "false"), Setting("hold", "5"), Setting("timers", "0")]),
    ("settings", b'{"firmware":6.2,"timers":1,"inverted":true,"hold":0}',
     [Firmware("6.2"), Setting("inverted", "true"), Setting("hold", "0"), Setting("timers", "1")]),
    ("state", b"OFF", []),
    ("assumedstate", b"ON", []),
]
REFUSED = [
    ("status", b"success"),
    ("status", b'{"status":"success"}'),
    ("status", b'{"status":"success","command":5}'),
    ("status", b'{"status":"thrilled","command":"PRESS"}'),
    ("status", b'{"status":"failed","value":"9","command":"PRESS"}'),
    ("battery", b"101"),
    ("battery", b""),
    ("rssi", b"nan"),
    ("attributes", b'{"mode":"Dance"}'),
    ("attributes", b'{"batt":"94"}'),
    ("attributes", b"[]"),
    ("settings", b'{"inverted":0}'),
    ("settings", b'{"firmware":true}'),
    ("settings", b'{"hold":null}'),
]


@pytest.mark.parametrize(("name", "payload", "means"), SAID)
def test_what_it_says(name, payload, means):
    assert plugin.decode_message(BOT, f"{ROOT}/{name}", payload) == tuple(means)


@pytest.mark.parametrize(("name", "payload"), REFUSED)
def test_what_is_none_of_its_words_is_refused(name, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(BOT, f"{ROOT}/{name}", payload)


@pytest.mark.parametrize(("payload", "means"), [(b"online", Presence.ONLINE), (b"offline", Presence.OFFLINE)])
def test_the_gateway_says_whether_it_is_there(payload, means):
    assert plugin.parse_lwt(BOT, payload) is means


@pytest.mark.parametrize("payload", [b"Online", b"true", b"", b"0"])
def test_other_words_say_nothing_of_its_presence(payload):
    with pytest.raises(BadPayload):
        plugin.parse_lwt(BOT, payload)


@given(st.sampled_from(sorted(set(STATUSES) - {"errorLocatingDevice"})), st.just("PRESS") | st.text(min_size=1, max_size=40),
       st.none() | st.integers(0, 255))
@settings(max_examples=200, deadline=None, database=None, derandomize=True)
def test_each_answer_is_about_the_command_that_it_names(status, command, value):
    said = {"status": status, "command": command, **({} if value is None else {"value": value})}
    first, *_ = plugin.decode_message(BOT, f"{ROOT}/status", json.dumps(said).encode())
    assert first.token == command
    assert (first == PRESSED) is ((status, command) == ("success", "PRESS"))


@given(st.integers(0, 100), st.integers(-127, 0))
@settings(max_examples=100, deadline=None, database=None, derandomize=True)
def test_battery_and_signal_are_the_same_in_both_forms(battery, signal):
    attributes = json.dumps({"mode": "Press", "state": "OFF", "batt": battery, "rssi": signal}).encode()
    apart = (*plugin.decode_message(BOT, f"{ROOT}/battery", b"%d" % battery),
             *plugin.decode_message(BOT, f"{ROOT}/rssi", b"%d" % signal))
    assert plugin.decode_message(BOT, f"{ROOT}/attributes", attributes)[:2] == apart


def test_a_press_is_one_message_proved_by_its_own_success_within_two_minutes():
    encoded = plugin.encode_command(BOT, Press(token="any"))
    assert encoded.publishes == (Publish(f"{ROOT}/set", b"PRESS", qos=2),)
    assert encoded.expects == PRESSED
    assert encoded.within.total_seconds() == 120


def test_a_question_is_a_scan_asked_of_the_gateway():
    encoded = plugin.encode_command(BOT, Query())
    assert encoded.publishes == (Publish("switchbot/C002/requestInfo", b'{"id":"C003"}'),)
    assert encoded.expects is None


def test_a_finger_has_no_level():
    with pytest.raises(UnsupportedCommand, match="Switch"):
        plugin.encode_command(BOT, Switch(True))


def test_it_hears_its_own_topics_and_the_last_will_of_its_gateway():
    topics = plugin.build_topics(BOT)
    assert topics.command == f"{ROOT}/set"
    assert [topic for topic, role in topics.listen.items() if role is Role.PRESENCE] == ["switchbot/C002/lastwill"]
    assert all(topic.startswith(f"{ROOT}/") for topic, role in topics.listen.items() if role is Role.SAYS)


def test_a_push_sets_the_mode_and_the_hold_and_reads_both_back():
    push = plugin.push_config(BOT, Settings(hold_s=3))
    assert push.steps == (Publish("switchbot/C002/setMode", b'{"id":"C003","mode":"MODEPRESS"}'),
                          Publish("switchbot/C002/setHold", b'{"id":"C003","hold":3}'))
    assert push.read_back == (Publish("switchbot/C002/requestSettings", b'{"id":"C003"}'),
                              Publish("switchbot/C002/requestInfo", b'{"id":"C003"}'))
    assert push.expects == (Setting("mode", "Press"), Setting("inverted", "false"), Setting("hold", "3"))


def test_a_bot_whose_button_wants_longer_has_a_hold_of_its_own():
    stubborn = Device(id="C003", type_id=311, templates={**BOT.templates, "hold": "8"})
    assert Setting("hold", "8") in plugin.push_config(stubborn, Settings(hold_s=3)).expects


@pytest.mark.parametrize("hold", ["-1", "101", "long", "1.5", "²"])
def test_a_hold_that_no_bot_can_keep_is_refused_in_words(hold):
    wrong = Device(id="C003", type_id=311, templates={**BOT.templates, "hold": hold})
    with pytest.raises(ValueError, match="seconds from 0 to 100"):
        plugin.push_config(wrong, Settings())


COLUMNS = LegacyTopics(control=f"{ROOT}/status", command=f"{ROOT}/set", lwt="switchbot/C002/lastwill")


def test_the_first_engine_finds_its_columns():
    assert plugin.render_legacy_topics(BOT) == COLUMNS


@pytest.mark.parametrize("columns", [
    COLUMNS,
    LegacyTopics(control="", command=f"/{ROOT}/set", lwt="/switchbot/C002/lastwill"),      # the annex's slash
    LegacyTopics(control=ROOT, command="aucun", lwt="aucun"),
])
def test_a_row_filled_by_hand_tells_the_bot_and_its_gateway(columns):
    assert plugin.parse_legacy_topics(311, columns) == ({"gateway": "switchbot/C002", "bot": "C003"}, 0)


@pytest.mark.parametrize("command", ["", "switchbot/C002/set", "bot/C003/set", "switchbot/+/bot/C003/set"])
def test_a_row_that_tells_no_bot_says_what_is_expected(command):
    with pytest.raises(ValueError, match="switchbot/C002/bot/C003/set"):
        plugin.parse_legacy_topics(311, LegacyTopics(control="", command=command, lwt="switchbot/C002/lastwill"))
