"""What the family says and understands. Frames of a Plus 1PM (SNSW-001P16EU), firmware 1.0 to 1.7, and of its sisters."""

import json

import elfe_shelly_gen2 as plugin
import pytest
from attrs import evolve
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
    OutputState,
    Presence,
    Press,
    Publish,
    Quantity,
    Query,
    Setting,
    Switch,
    UnsupportedCommand,
)

RELAY = Device(id="D003", type_id=411, templates={"root": "D003"}, reply_to="elfe/engine/D003")
ROOM = Device(id="F002", type_id=1161, templates={"root": "D003"}, reply_to="elfe/engine/D003")
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
HT_WAKES = (b'{"src":"shellyplusht-c049ef8bc088","dst":"shellyplusht-c049ef8bc088/events","method":"NotifyFullStatus","params":'
            b'{"ts":1669541352.21,"ble":{},"cloud":{"connected":false},"devicepower:0":{"id": 0,"battery":{"V":0.43, "percent":0},'
            b'"external":{"present":true}},"ht_ui":{},"humidity:0":{"id": 0,"rh":57.6},"mqtt":{"connected":true},"sys":{"mac":'
            b'"C049EF8BC088","restart_required":false,"time":null,"unixtime":null,"uptime":0,"available_updates":{},'
            b'"wakeup_reason":{"boot":"deepsleep_wake","cause":"status_update"},"wakeup_period":600},"temperature:0":{"id": 0,'
            b'"tC":19.0, "tF":66.2},"wifi":{"sta_ip":"192.168.1.43","status":"got ip","ssid":"MyWifi","rssi":-60},'
            b'"ws":{"connected":false}}}')      # Plus H&T on USB, 2022: github.com/enesbcs/Shelly_MQTT/pull/99
SYS = {"mac": "80646FD031F8", "restart_required": True, "uptime": 21, "cfg_rev": 22,
       "available_updates": {"stable": {"version": "1.3.3"}, "beta": {"version": "1.4.0-beta1"}}}
INFO = {"name": None, "id": "shellyplus1pm-a8032ab12345", "mac": "A8032AB12345", "slot": 1, "model": "SNSW-001P16EU", "gen": 2,
        "fw_id": "20231107-164738/1.0.8-g8192e94", "ver": "1.0.8", "app": "Plus1PM", "auth_en": False, "auth_domain": None}
MQTT = {"enable": True, "server": "broker:1883", "client_id": "d003", "user": "d003", "ssl_ca": None, "topic_prefix": "D003",
        "rpc_ntf": True, "status_ntf": False, "use_client_cert": False, "enable_rpc": True, "enable_control": True}
MQTT_MEANS = [
    Setting("mqtt.enable", "true"), Setting("mqtt.server", '"broker:1883"'), Setting("mqtt.client_id", '"d003"'),
    Setting("mqtt.user", '"d003"'), Setting("mqtt.ssl_ca", "null"), Setting("mqtt.topic_prefix", '"D003"'),
    Setting("mqtt.enable_rpc", "true"), Setting("mqtt.rpc_ntf", "true"), Setting("mqtt.status_ntf", "false"),
]
SWITCH_CONFIG = {"id": 0, "name": None, "in_mode": "follow", "initial_state": "on", "auto_on": True, "auto_on_delay": 1800.0,
                 "power_limit": 4480}
SWITCH_CONFIG_MEANS = [Setting("switch:0.initial_state", '"on"'), Setting("switch:0.auto_on", "true"),
                       Setting("switch:0.auto_on_delay", "1800")]


def frame(**said):
    return json.dumps({"src": "shellyplus1pm-a8032ab12345", "dst": "D003/events", **said}).encode()


def notified(method="NotifyStatus", **params):
    return frame(method=method, params={"ts": 1698999954.77, **params})


SAID = [
    (STATUS, WHOLE, WHOLE_MEANS),
    (STATUS, b'{"id":0,"output":false,"apower":null,"errors":["overpower"]}', [OutputState(False), Fault("overpower")]),
    ("D003/status/switch:1", b'{"id":1,"output":true}', [OutputState(True, channel=1)]),
    (STATUS, b'{"id":0,"output":null,"apower":null,"aenergy":null,"temperature":{"tC":null,"tF":null},"errors":null}', []),
    (STATUS, b'{"id":0,"source":"limit","output":false,"errors":["overpower","overvoltage"]}',
     [OutputState(False), Fault("overpower"), Fault("overvoltage")]),
    (STATUS, b'{"id":0,"output":true,"timer_started_at":1626935739.79,"timer_duration":60,"source":"timer"}', [OutputState(True)]),
    (STATUS, b'{"id":0,"aenergy":{"total":0.0,"by_minute":[0.0,0.0,0.0],"minute_ts":1779362340}}',      # after ResetCounters
     [Measure(Quantity.ENERGY, 0.0)]),
    ("D003/status/sys", b'{"mac":"80646FD031F8","uptime":21}', []),
    ("D003/status/sys", json.dumps(SYS).encode(), [Setting("restart_required", "true"), Firmware("", newer="1.3.3")]),
    ("D003/status/sys", b'{"available_updates":{"beta":{"version":"1.2.0-beta1"}}}', []),
    ("D003/status/wifi", b'{"sta_ip":"192.168.1.53","status":"got ip","rssi":-52}', [Measure(Quantity.SIGNAL, -52.0)]),
    ("D003/status/wifi", b'{"sta_ip":null,"status":"disconnected","ssid":null,"rssi":0}', []),      # Pro 3EM on Ethernet, 1.1.0
    ("D003/status/cloud", b'{"connected":false}', []),
    ("D003/status/mqtt", b'{"connected":true}', []),
    ("D003/status/script:1", b'{"id":1,"running":true,"mem_used":574}', []),
    ("D003/status/switch:200", b'{"id":200,"output":true}', []),
    ("D003/status/switch:x", b'{"id":200,"output":true}', []),
    ("D003/status/temperature:100", b'{"id":100,"tC":47.5,"tF":117.5}',      # a DS18B20 of an add-on
     [Measure(Quantity.TEMPERATURE, 47.5, register="100")]),
    ("D003/status/input:0", b'{"id":0,"state":false}', []),
    (EVENTS, notified(**{"switch:0": {"id": 0, "output": False, "source": "MQTT"}}), [OutputState(False)]),
    (EVENTS, notified(**{"switch:0": {"id": 0, "apower": 12.5}}), [Measure(Quantity.POWER, 12.5)]),
    (EVENTS, notified(**{"switch:0": {"id": 0, "aenergy": {"total": 30473.355, "by_minute": [0.0, 0.0, 0.0]}}}),
     [Measure(Quantity.ENERGY, 30473.355)]),
    (EVENTS, notified("NotifyFullStatus", ble={}, sys={"uptime": 21}, **{"switch:0": json.loads(WHOLE)}), WHOLE_MEANS),
    (EVENTS, notified(**{"input:0": {"id": 0, "state": True}}), []),
    (EVENTS, notified("NotifyEvent", events=[{"component": "input:0", "id": 0, "event": "btn_down"}]), []),
    (EVENTS, notified("NotifyEvent", events=[{"component": "sys", "event": "ota_progress", "progress_percent": 12}]), []),
    (EVENTS, notified("NotifyEvent", events=[{"component": "sys", "event": "ota_error", "msg": "no space"}]),
     [Fault("ota_error no space")]),
    (EVENTS, notified("NotifyEvent"), []),
    (EVENTS, frame(method="Script.Eval", id=4, params={"code": "1"}), []),
    (EVENTS, notified(**{"switch:0": None, "input:0": None}), []),
    (EVENTS, notified(**{"switch:1": {"id": 1, "apower": 3.5}}), [Measure(Quantity.POWER, 3.5, channel=1)]),      # of a Pro 2PM
    (EVENTS, notified(sys=SYS, wifi={"rssi": -70}),
     [Setting("restart_required", "true"), Firmware("", newer="1.3.3"), Measure(Quantity.SIGNAL, -70.0)]),
    (EVENTS, notified(mqtt={"connected": True}), []),
    (EVENTS, notified(**{"pm1:0": {"id": 0, "voltage": 229.9, "current": 0.5, "apower": 100.0, "aprtpower": 115.0, "freq": 50.0,
                                   "aenergy": {"total": 12.5}}}),      # PM Mini
     [Measure(Quantity.POWER, 100.0), Measure(Quantity.VOLTAGE, 229.9), Measure(Quantity.CURRENT, 0.5),
      Measure(Quantity.FREQUENCY, 50.0), Measure(Quantity.APPARENT_POWER, 115.0), Measure(Quantity.ENERGY, 12.5)]),
    (EVENTS, HT_WAKES,
     [Measure(Quantity.HUMIDITY, 57.6), Setting("restart_required", "false"), Measure(Quantity.TEMPERATURE, 19.0),
      Measure(Quantity.SIGNAL, -60.0)]),
    ("D003/status/devicepower:0", b'{"id":0,"battery":{"V":5.58,"percent":78},"external":{"present":false}}',      # Plus H&T, 1.7.4
     [Measure(Quantity.BATTERY, 78.0)]),
    ("D003/status/devicepower:0", b'{"id":0,"battery":{"V":null,"percent":null}}', []),
    ("D003/status/humidity:0", b'{"id":0,"rh":55.5}', [Measure(Quantity.HUMIDITY, 55.5)]),      # H&T Gen3, 1.7.5
    ("D003/status/temperature:0", b'{"id":0,"tC":null,"tF":null,"errors":["out_of_range"]}', [Fault("out_of_range")]),
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
    (REPLY, frame(id="o-17", error={"code": -105, "message": "Argument 'id', value 3 not found!"}),
     [Acknowledgement("o-17", ok=False, detail="-105 Argument 'id', value 3 not found!")]),
    (REPLY, frame(id="o-17", error={"code": -109}), [Acknowledgement("o-17", ok=False, detail="-109")]),
    (REPLY, frame(id="o-17", error={"code": 401, "message": '{"auth_type":"digest","nonce":1625038762}'}),
     [Acknowledgement("o-17", ok=False, detail='401 {"auth_type":"digest","nonce":1625038762}')]),
    (REPLY, frame(id="c", result=SWITCH_CONFIG), [Acknowledgement("c", ok=True), *SWITCH_CONFIG_MEANS]),
    (REPLY, frame(id="m", result=MQTT), [Acknowledgement("m", ok=True), *MQTT_MEANS]),
    (REPLY, frame(id="c", result={"sys": {"device": {"name": None}}, "wifi": "as published, anonymised", "input:0": {"id": 0},
                                  "mqtt": MQTT, "switch:0": SWITCH_CONFIG}),      # Shelly.GetConfig
     [Acknowledgement("c", ok=True), *MQTT_MEANS, *SWITCH_CONFIG_MEANS]),
    (REPLY, frame(id="t", result={"id": 0, "name": None, "report_thr_C": 0.5, "offset_C": 0.0}),
     [Acknowledgement("t", ok=True), Setting("temperature:0.report_thr_C", "0.5")]),
    (REPLY, frame(id="m", result={"restart_required": True}),
     [Acknowledgement("m", ok=True), Setting("restart_required", "true")]),
    (REPLY, frame(id="m", result={"restart_required": False}),
     [Acknowledgement("m", ok=True), Setting("restart_required", "false")]),
    (REPLY, frame(id="s", result=SYS),
     [Acknowledgement("s", ok=True), Setting("restart_required", "true"), Firmware("", newer="1.3.3")]),
    (REPLY, frame(id="f", result=INFO), [Acknowledgement("f", ok=True), Firmware("1.0.8")]),
    (REPLY, frame(id="u", result={"stable": {"version": "1.7.5", "build_id": "20260311-095824/1.7.5-g9979d16"}}),
     [Acknowledgement("u", ok=True), Firmware("", newer="1.7.5")]),
    (REPLY, frame(id="u", result={}), [Acknowledgement("u", ok=True)]),
    (REPLY, frame(id="r", result={"aenergy": {"total": 123.4}, "ret_aenergy": {"total": 0.0}}),      # ResetCounters: as they stood
     [Acknowledgement("r", ok=True)]),
]

REFUSED = [
    (STATUS, b""), (STATUS, b"null"), (STATUS, b"[]"), (STATUS, b"true"), (STATUS, b'{"output":"on"}'),
    (STATUS, b'{"apower":NaN}'), (STATUS, b'{"apower":1e999}'), (STATUS, b'{"apower":"12"}'), (STATUS, b'{"aenergy":[]}'),
    (STATUS, b'{"aenergy":{"total":true}}'), (STATUS, b'{"errors":"overpower"}'), (STATUS, b'{"temperature":40}'),
    (STATUS, b"{" * 10_000), (STATUS, b'{"apower":' + b"9" * 400 + b"}"), (STATUS, b" " * 70_000),
    (EVENTS, b'{"method":"NotifyStatus"}'), (EVENTS, b'{"method":"NotifyStatus","params":{"switch:0":[]}}'),
    (EVENTS, b'{"method":"NotifyEvent","params":{"events":{}}}'), (EVENTS, b'{"method":"NotifyEvent","params":{"events":[1]}}'),
    (REPLY, b'{"id":"f","result":{"ver":1}}'), (REPLY, b'{"id":"q","result":{"sys":"?"}}'),
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
def test_what_a_device_says(topic, payload, meaning):
    assert list(plugin.decode_message(RELAY, topic, payload)) == meaning


@pytest.mark.parametrize(("topic", "payload"), REFUSED)
def test_what_a_device_never_says_is_refused(topic, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(RELAY, topic, payload)


@pytest.mark.parametrize(("device", "payload", "presence"), [
    (RELAY, b"true", Presence.ONLINE), (RELAY, b"false", Presence.OFFLINE),
    (ROOM, b"true", Presence.ONLINE), (ROOM, b"false", Presence.ASLEEP),
])
def test_its_presence(device, payload, presence):
    assert plugin.parse_lwt(device, payload) is presence


def test_an_order_names_the_topic_of_its_answer_and_waits_for_its_own_token():
    encoded = plugin.encode_command(RELAY, Switch(True, token="o-17"))
    assert encoded.publishes == (Publish("D003/rpc", b'{"id":"o-17","src":"elfe/engine/D003","method":"Switch.Set",'
                                                     b'"params":{"id":0,"on":true}}'),)
    assert encoded.expects == Acknowledgement("o-17", ok=True)


def test_what_its_home_does_not_want_is_ordered_for_half_an_hour_and_a_part_of_its_own():
    off = json.loads(plugin.encode_command(RELAY, Switch(False, token="o-18")).publishes[0].payload)["params"]
    assert off.pop("toggle_after") in range(1800, 2400)
    assert off == {"id": 0, "on": False}
    inverted = evolve(RELAY, serves_when=False)
    params = [json.loads(plugin.encode_command(inverted, Switch(on)).publishes[0].payload)["params"] for on in (True, False)]
    assert ["toggle_after" in each for each in params] == [True, False]


def test_a_refusal_never_proves_an_order():
    encoded = plugin.encode_command(RELAY, Switch(True, token="on"))
    refused = frame(id="on", error={"code": -103, "message": "invalid"})
    assert encoded.expects not in plugin.decode_message(RELAY, REPLY, refused)


def test_a_relay_of_several_is_told_which():
    second = Device(id="D004", type_id=1107, templates={"root": "D003"}, channel=1, reply_to="elfe/engine/D004")
    sent = json.loads(plugin.encode_command(second, Query(token="q")).publishes[0].payload)
    assert (sent["method"], sent["params"]) == ("Switch.GetStatus", {"id": 1})
    assert set(plugin.build_topics(second).listen) == {
        "D003/status/switch:1", "D003/status/sys", "D003/status/wifi", "D003/events/rpc", "D003/online", "elfe/engine/D004/rpc"}


@pytest.mark.parametrize(("device", "command"), [(RELAY, Press()), (ROOM, Switch(True)), (ROOM, Query())])
def test_what_it_cannot_do_is_refused_by_name(device, command):
    with pytest.raises(UnsupportedCommand, match="Shelly Plus"):
        plugin.encode_command(device, command)


@pytest.mark.parametrize(("columns", "root", "channel"), COLUMNS)
def test_a_hand_filled_row_tells_its_prefix(columns, root, channel):
    assert plugin.parse_legacy_topics(411, columns) == ({"root": root}, channel)


@pytest.mark.parametrize("columns", [LegacyTopics("", "", ""), LegacyTopics("tele/A110", "cmd/A110", "+/online")])
def test_a_row_that_tells_nothing_is_refused_with_what_is_expected(columns):
    with pytest.raises(ValueError, match="expected D003/rpc"):
        plugin.parse_legacy_topics(411, columns)


# -- whatever it says ---------------------------------------------------------------------------------------------------------

NUMBER = st.none() | st.floats(-1e9, 1e9) | st.integers(-10**9, 10**9)
ATTRIBUTES = {"apower": Quantity.POWER, "voltage": Quantity.VOLTAGE, "current": Quantity.CURRENT, "freq": Quantity.FREQUENCY}


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(sorted(ATTRIBUTES)), NUMBER), st.none() | st.booleans(), st.integers(0, 3))
def test_each_attribute_that_is_said_is_heard_once_and_no_other(measures, output, channel):
    said = json.dumps({"id": channel, "output": output, **measures}).encode()
    heard = plugin.decode_message(RELAY, f"D003/status/switch:{channel}", said)
    expected = {Measure(ATTRIBUTES[name], float(value), channel) for name, value in measures.items() if value is not None}
    assert set(heard) == expected | ({OutputState(output, channel)} if output is not None else set())
    assert len(heard) == len(set(heard))


@settings(max_examples=100, deadline=None, database=None, derandomize=True)
@given(st.text(max_size=40), st.booleans())
def test_the_token_of_an_order_comes_back_whatever_it_is(token, ok):
    encoded = plugin.encode_command(RELAY, Switch(True, token))
    sent = json.loads(encoded.publishes[0].payload)
    answer = {"id": sent["id"], "src": "shelly", "dst": sent["src"], **({"result": {}} if ok else {"error": {"code": -109}})}
    heard = plugin.decode_message(RELAY, f"{sent['src']}/rpc", json.dumps(answer).encode())
    assert (encoded.expects in heard) is ok
