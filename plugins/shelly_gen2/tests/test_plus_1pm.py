"""What a Shelly Plus 1PM says and understands. Frames of SNSW-001P16EU, firmware 1.0 to 1.7, and of its sisters."""

import json
from datetime import UTC, datetime, timedelta

import elfe_shelly_gen2 as plugin
import pytest

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Device,
    Fault,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Setting,
    Switch,
)

RELAY = Device(id="D003", type_id=411, templates={"root": "D003"}, reply_to="elfe/engine/D003")
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
STATUS, EVENTS, REPLY = "D003/status/switch:0", "D003/events/rpc", "elfe/engine/D003/rpc"

WHOLE = (b'{"id":0, "source":"init", "output":true, "apower":5.2, "voltage":232.1, "freq":50.0, "current":0.053, "pf":0.64,'
         b' "aenergy":{"total":84885.708,"by_minute":[91.017,90.927,90.972],"minute_ts":1779362340},'
         b' "ret_aenergy":{"total":1.5,"by_minute":[0.000,0.000,0.000],"minute_ts":1779362340},'
         b' "temperature":{"tC":43.2, "tF":109.7}}')      # 1.7.5
WHOLE_MEANS = [
    OutputState(True), Measure(Quantity.POWER, 5.2), Measure(Quantity.VOLTAGE, 232.1), Measure(Quantity.CURRENT, 0.053),
    Measure(Quantity.FREQUENCY, 50.0), Measure(Quantity.POWER_FACTOR, 0.64), Measure(Quantity.ENERGY, 84885.708),
    Measure(Quantity.ENERGY, 1.5, register="returned"), Measure(Quantity.TEMPERATURE, 43.2, register="internal"),
]


def frame(**said):
    return json.dumps({"src": "shellyplus1pm-a8032ab12345", "dst": "D003/events", **said}).encode()


def notified(method="NotifyStatus", **params):
    return frame(method=method, params={"ts": 1698999954.77, **params})


SAID = [
    (STATUS, WHOLE, WHOLE_MEANS),
    (STATUS, b'{"id":0,"output":false,"apower":null,"errors":["overpower"]}', [OutputState(False), Fault("overpower")]),
    ("D003/status/switch:1", b'{"id":1,"output":true}', [OutputState(True, channel=1)]),
    ("D003/status/sys", b'{"mac":"80646FD031F8","uptime":21}', []),
    ("D003/status/input:0", b'{"id":0,"state":false}', []),
    (EVENTS, notified(**{"switch:0": {"id": 0, "output": False, "source": "MQTT"}}), [OutputState(False)]),
    (EVENTS, notified(**{"switch:0": {"id": 0, "apower": 12.5}}), [Measure(Quantity.POWER, 12.5)]),
    (EVENTS, notified(**{"switch:0": {"id": 0, "aenergy": {"total": 30473.355, "by_minute": [0.0, 0.0, 0.0]}}}),
     [Measure(Quantity.ENERGY, 30473.355)]),
    (EVENTS, notified("NotifyFullStatus", ble={}, sys={"uptime": 21}, **{"switch:0": json.loads(WHOLE)}), WHOLE_MEANS),
    (EVENTS, notified(**{"input:0": {"id": 0, "state": True}}), []),
    (EVENTS, notified("NotifyEvent", events=[{"component": "input:0", "id": 0, "event": "btn_down"}]), []),
    (EVENTS, notified(**{"em:0": {"id": 0, "a_act_power": 100.0, "b_act_power": 200.0, "c_act_power": 300.5,
                                  "total_act_power": 600.5}}),      # Pro 3EM
     [Measure(Quantity.POWER, 600.5), Measure(Quantity.POWER, 100.0, register="a"),
      Measure(Quantity.POWER, 200.0, register="b"), Measure(Quantity.POWER, 300.5, register="c")]),
    (EVENTS, notified(**{"emdata:0": {"id": 0, "a_total_act_energy": 10.5, "total_act": 10.5}}),
     [Measure(Quantity.ENERGY, 10.5), Measure(Quantity.ENERGY, 10.5, register="a")]),
    (REPLY, frame(id="o-17", result={"was_on": True}), [Acknowledgement("o-17", ok=True)]),
    (REPLY, frame(id=123, result={"was_on": False}), [Acknowledgement("123", ok=True)]),
    (REPLY, frame(id="o-17", result=None), [Acknowledgement("o-17", ok=True)]),
    (REPLY, frame(id="o-17", error={"code": -103, "message": "Argument 'id', value 3 not found!"}),
     [Acknowledgement("o-17", ok=False, detail="-103 Argument 'id', value 3 not found!")]),
    (REPLY, frame(id="on", error={"code": 404, "message": "No handler for Switch.Sett"}),
     [Acknowledgement("on", ok=False, detail="404 No handler for Switch.Sett")]),
    (REPLY, frame(id="q", result=json.loads(WHOLE)), [Acknowledgement("q", ok=True), *WHOLE_MEANS]),
    (REPLY, frame(id="q", result={"sys": {"uptime": 3}, "switch:0": {"id": 0, "output": True}}),      # Shelly.GetStatus
     [Acknowledgement("q", ok=True), OutputState(True)]),
    (REPLY, frame(id="c", result={"id": 0, "name": None, "in_mode": "follow", "initial_state": "on", "auto_on": True,
                                  "auto_on_delay": 1800.0, "power_limit": 4480}),
     [Acknowledgement("c", ok=True), Setting("switch:0.initial_state", '"on"'), Setting("switch:0.auto_on", "true"),
      Setting("switch:0.auto_on_delay", "1800")]),
    (REPLY, frame(id="m", result={"enable": True, "server": "broker:1883", "user": "d003", "status_ntf": True}),
     [Acknowledgement("m", ok=True), Setting("mqtt.status_ntf", "true")]),
    (REPLY, frame(id="m", result={"restart_required": True}),
     [Acknowledgement("m", ok=True), Setting("restart_required", "true")]),
    (REPLY, frame(id="m", result={"restart_required": False}), [Acknowledgement("m", ok=True)]),
]

REFUSED = [
    (STATUS, b""), (STATUS, b"null"), (STATUS, b"[]"), (STATUS, b"true"), (STATUS, b'{"output":"on"}'),
    (STATUS, b'{"apower":NaN}'), (STATUS, b'{"apower":1e999}'), (STATUS, b'{"apower":"12"}'), (STATUS, b'{"aenergy":[]}'),
    (STATUS, b'{"aenergy":{"total":true}}'), (STATUS, b'{"errors":"overpower"}'), (STATUS, b'{"temperature":40}'),
    (STATUS, b"{" * 10_000), (STATUS, b'{"apower":' + b"9" * 400 + b"}"), (STATUS, b" " * 70_000),
    (EVENTS, b'{"method":"NotifyStatus"}'), (EVENTS, b'{"method":"NotifyStatus","params":{"switch:0":null}}'),
    (REPLY, b'{"result":{}}'), (REPLY, b'{"id":true,"result":{}}'), (REPLY, b'{"id":"o-17"}'), (REPLY, b'{"id":"o","error":1}'),
    (REPLY, b'{"id":"q","result":{"id":"0","output":true}}'),
]

COLUMNS = [
    (LegacyTopics("D003/status/switch:0", "D003/rpc", "D003/online"), "D003", 0),
    (LegacyTopics("D002/status/switch:0", "D002/events/rpc", "D022/online"), "D002", 0),      # the old tables' own example
    (LegacyTopics("/controle/D003", "", "aucun"), "D003", 0),                                # the annex
    (LegacyTopics("/controle/D003", "shelly/D003/rpc", ""), "shelly/D003", 0),
    (LegacyTopics("shelly/D003/status/switch:1/", "", ""), "shelly/D003", 1),
    (LegacyTopics("", "", "D003/online"), "D003", 0),
]


@pytest.mark.parametrize(("topic", "payload", "meaning"), SAID)
def test_what_a_relay_says(topic, payload, meaning):
    assert list(plugin.decode_message(RELAY, topic, payload)) == meaning


@pytest.mark.parametrize(("topic", "payload"), REFUSED)
def test_what_a_relay_never_says_is_refused(topic, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(RELAY, topic, payload)


@pytest.mark.parametrize(("payload", "presence"), [(b"true", Presence.ONLINE), (b"false", Presence.OFFLINE)])
def test_its_presence(payload, presence):
    assert plugin.parse_lwt(RELAY, payload) is presence


def test_an_order_names_the_topic_of_its_answer_and_waits_for_its_own_token():
    encoded = plugin.encode_command(RELAY, Switch(True, token="o-17"))
    assert encoded.publishes == (Publish("D003/rpc", b'{"id":"o-17","src":"elfe/engine/D003","method":"Switch.Set",'
                                                     b'"params":{"id":0,"on":true}}'),)
    assert encoded.expects == Acknowledgement("o-17", ok=True)


def test_a_refusal_never_proves_an_order():
    encoded = plugin.encode_command(RELAY, Switch(True, token="on"))
    refused = frame(id="on", error={"code": -103, "message": "invalid"})
    assert encoded.expects not in plugin.decode_message(RELAY, REPLY, refused)


def test_a_relay_of_several_is_told_which():
    second = Device(id="D004", type_id=411, templates={"root": "D003"}, channel=1, reply_to="elfe/engine/D004")
    sent = json.loads(plugin.encode_command(second, Query(token="q")).publishes[0].payload)
    assert (sent["method"], sent["params"]) == ("Switch.GetStatus", {"id": 1})


@pytest.mark.parametrize(("columns", "root", "channel"), COLUMNS)
def test_a_hand_filled_row_tells_its_prefix(columns, root, channel):
    assert plugin.parse_legacy_topics(411, columns) == ({"root": root}, channel)


@pytest.mark.parametrize("columns", [LegacyTopics("", "", ""), LegacyTopics("tele/A110", "cmd/A110", "+/online")])
def test_a_row_that_tells_nothing_is_refused_with_what_is_expected(columns):
    with pytest.raises(ValueError, match="expected D003/rpc"):
        plugin.parse_legacy_topics(411, columns)


def test_the_fail_safe_delay_is_a_number():
    push = plugin.push_config(RELAY, plugin.Settings())
    wanted = json.loads(push.steps[0].payload)["params"]["config"]
    assert {**wanted, "auto_on_delay": 0} == {"id": 0, "initial_state": "on", "auto_on": True, "auto_on_delay": 0}
    assert 1800 <= wanted["auto_on_delay"] < 2400


def test_status_comes_after_the_restart_that_the_setting_asks_for():
    twin = plugin.simulate(RELAY, seed=1)
    twin.connected(NOON)
    answer = [event for step in plugin.push_config(RELAY, plugin.Settings()).steps
              for said in twin.receive(step.topic, step.payload, NOON) if said.topic == REPLY
              for event in plugin.decode_message(RELAY, said.topic, said.payload)]
    assert Setting("restart_required", "true") in answer
    assert STATUS not in {said.topic for said in twin.draw(100.0, NOON)}
    assert STATUS in {said.topic for said in twin.reboot(NOON + timedelta(minutes=1))}


def test_a_repeated_order_is_answered_and_nothing_else():
    twin = plugin.simulate(RELAY, seed=1)
    twin.connected(NOON)
    order = plugin.encode_command(RELAY, Switch(True, token="o-17")).publishes[0]
    (answer,) = twin.receive(order.topic, order.payload, NOON)
    assert plugin.decode_message(RELAY, answer.topic, answer.payload) == (Acknowledgement("o-17", ok=True),)


def test_a_person_at_the_button_is_heard():
    twin = plugin.simulate(RELAY, seed=1)
    twin.connected(NOON)
    said = [event for message in twin.press_button(NOON)
            for event in plugin.decode_message(RELAY, message.topic, message.payload)]
    assert said == [OutputState(False)]


def test_an_unknown_method_is_refused_by_the_twin():
    twin = plugin.simulate(RELAY, seed=1)
    request = b'{"id":"x","src":"elfe/engine/D003","method":"Switch.Sett","params":{}}'
    (answer,) = twin.receive("D003/rpc", request, NOON)
    assert plugin.decode_message(RELAY, answer.topic, answer.payload) == (
        Acknowledgement("x", ok=False, detail="404 No handler for Switch.Sett"),)
