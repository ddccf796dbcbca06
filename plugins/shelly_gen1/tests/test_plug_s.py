"""What a Shelly Plug S says and understands. SHPLG-S, firmware 20230913-113421/v1.14.0 unless a line says otherwise."""

from datetime import UTC, datetime, timedelta

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import (
    BadPayload,
    Device,
    Encoded,
    Fault,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Switch,
)

ROOT = "shellies/shellyplug-s-A8BC25"
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": ROOT})
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)

INFO = (b'{"wifi_sta":{"connected":true,"ssid":"","ip":"10.101.2.83","rssi":-57},"cloud":{"enabled":true,"connected":true},'
        b'"mqtt":{"connected":true},"time":"11:34","serial":42080,"has_update":false,"mac":"4022D88349C4",'
        b'"relays":[{"ison":true,"has_timer":false,"overpower":false,"source":"input"}],'
        b'"meters":[{"power":12.5,"overpower":0,"is_valid":true,"counters":[0,0,0],"total":2632}],'
        b'"temperature":43.69,"overtemperature":false,"tmp":{"tC":43.69,"tF":110.65,"is_valid":true},"uptime":1902722}')

SAID = [
    ("relay/0", b"on", [OutputState(True)]),
    ("relay/0", b"off", [OutputState(False)]),
    ("relay/0", b"overpower", [OutputState(False), Fault("overpower")]),
    ("relay/0/power", b"0.00", [Measure(Quantity.POWER, 0.0)]),
    ("relay/0/power", b"1834.27", [Measure(Quantity.POWER, 1834.27)]),
    ("relay/0/energy", b"486230", [Measure(Quantity.ENERGY, pytest.approx(8103.83, abs=0.01))]),     # the annex: 8.10 kWh
    ("relay/0/energy", b"81010", [Measure(Quantity.ENERGY, pytest.approx(1350.17, abs=0.01))]),      # v1.11, from a log
    ("relay/0/overpower_value", b"2500", []),
    ("temperature", b"24.14", [Measure(Quantity.TEMPERATURE, 24.14, register="internal")]),
    ("temperature_f", b"75.45", []),
    ("overtemperature", b"0", []),
    ("overtemperature", b"1", [Fault("overtemperature")]),
    ("announce", b'{"id":"shellyplug-s-A8BC25","model":"SHPLG-S","mac":"E868E7A8BC25","ip":"192.168.1.133",'
                 b'"new_fw":false,"fw_ver":"20211109-130223/v1.11.7-g682a0db"}', []),
    ("info", INFO, [OutputState(True), Measure(Quantity.POWER, 12.5),
                    Measure(Quantity.ENERGY, pytest.approx(43.867, abs=0.001)),
                    Measure(Quantity.TEMPERATURE, 43.69, register="internal")]),
    ("info", b'{"relays":[{"ison":false,"overpower":true}],"overtemperature":true}',
     [OutputState(False), Fault("overpower"), Fault("overtemperature")]),
]

REFUSED = [
    ("relay/0", b"ON"), ("relay/0", b""), ("relay/0", b"onoff"),
    ("relay/0/power", b"nan"), ("relay/0/power", b"1e999"), ("relay/0/power", b"12,5"), ("relay/0/power", b""),
    ("relay/0/energy", b"9" * 400), ("relay/0/energy", b"true"),
    ("info", b"[]"), ("info", b'{"relays":{}}'), ("info", b'{"relays":[{"ison":"on"}]}'), ("info", b'{"meters":[{}]}'),
    ("relay/1", b"on"), ("relay/0/command", b"on"), ("sensor/humidity", b"40"),
]

COLUMNS = [      # as the first engine's tables hold them, and as hands fill them
    LegacyTopics(control=f"{ROOT}/relay/0", command=f"{ROOT}/relay/0/command", lwt=f"{ROOT}/online"),
    LegacyTopics(control="", command=f"{ROOT}/relay/0/command/", lwt=""),
    LegacyTopics(control=f"/{ROOT}/relay/0", command="?", lwt="aucun"),
    LegacyTopics(control=f"{ROOT}/relay/0/power", command="", lwt=""),
    LegacyTopics(control="", command="", lwt=f" {ROOT}/online "),
]


@pytest.mark.parametrize(("name", "payload", "meaning"), SAID)
def test_what_a_plug_says(name, payload, meaning):
    assert list(plugin.decode_message(PLUG, f"{ROOT}/{name}", payload)) == meaning


@pytest.mark.parametrize(("name", "payload"), REFUSED)
def test_what_a_plug_never_says_is_refused(name, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(PLUG, f"{ROOT}/{name}", payload)


def test_another_plug_is_not_heard():
    with pytest.raises(BadPayload):
        plugin.decode_message(PLUG, "shellies/shellyplug-s-ABCDEF/relay/0", b"on")


@pytest.mark.parametrize(("payload", "presence"), [(b"true", Presence.ONLINE), (b"false", Presence.OFFLINE)])
def test_its_presence(payload, presence):
    assert plugin.parse_lwt(PLUG, payload) is presence


@pytest.mark.parametrize("payload", [b"", b"True", b"online", b"1"])
def test_a_presence_in_another_familys_words_is_refused(payload):
    with pytest.raises(BadPayload):
        plugin.parse_lwt(PLUG, payload)


def test_on_is_said_in_its_own_word_and_proved_by_its_relay():
    assert plugin.encode_command(PLUG, Switch(True)) == Encoded(
        (Publish(f"{ROOT}/relay/0/command", b"on"),), expects=OutputState(True), within=timedelta(seconds=5))


def test_a_query_asks_it_to_say_everything_again():
    assert plugin.encode_command(PLUG, Query()).publishes == (Publish(f"{ROOT}/command", b"update"),)


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_hand_filled_row_tells_its_root(columns):
    assert plugin.parse_legacy_topics(111, columns) == ({"root": ROOT}, 0)


@pytest.mark.parametrize("columns", [
    LegacyTopics(control="", command="", lwt=""),
    LegacyTopics(control="tele/A110", command="cmd/A110", lwt="tele/A110/LWT"),
    LegacyTopics(control="shellies/+/relay/0", command="#", lwt=""),
])
def test_a_row_that_tells_nothing_is_refused_with_what_is_expected(columns):
    with pytest.raises(ValueError, match="expected shellies/shellyplug-s-A8BC25/relay/0/command"):
        plugin.parse_legacy_topics(111, columns)


def test_it_is_set_over_the_local_network_only():
    push = plugin.push_config(PLUG, plugin.Settings(update_period_s=30, auto_on_s=1800))
    assert push.steps[0].path == "/settings?mqtt_update_period=30"
    delay = int(push.steps[1].path.removeprefix("/settings/relay/0?default_state=on&auto_on="))
    assert 1800 <= delay < 2400


def test_a_plug_that_lost_its_supply_comes_back_on_and_counts_from_zero():
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    twin.get("/settings/relay/0?default_state=on&auto_on=1800")
    twin.receive(f"{ROOT}/relay/0/command", b"off", NOON)
    twin.draw(600.0, NOON)
    said = {each.topic: each.payload for each in twin.reboot(NOON + timedelta(hours=1))}
    assert (said[f"{ROOT}/relay/0"], said[f"{ROOT}/relay/0/energy"]) == (b"on", b"0")


def test_a_person_at_the_button_is_heard():
    twin = plugin.simulate(PLUG, seed=1)
    twin.connected(NOON)
    assert twin.press_button(NOON) == (Publish(f"{ROOT}/relay/0", b"off", qos=0),)
