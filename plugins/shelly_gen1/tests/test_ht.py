"""What a Shelly H&T says. SHHT-1, firmware 20210710-130145/v1.11.0 unless a line says otherwise."""

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import (
    BadPayload,
    Device,
    Fault,
    Firmware,
    LegacyTopics,
    Measure,
    Presence,
    Quantity,
    Query,
    Role,
    Switch,
    UnsupportedCommand,
)

ROOT = "shellies/F002"
ROOM = Device(id="F002", type_id=611, hardware_id="703523", templates={"root": ROOT})
FACTORY = "shellies/shellyht-703523"

INFO = (b'{"wifi_sta":{"connected":true,"ssid":"","ip":"192.168.1.176","rssi":-51},"mqtt":{"connected":true},"is_valid":true,'
        b'"tmp":{"value":71.15,"units":"F","tC":21.75,"tF":71.15,"is_valid":true},"hum":{"value":62.5,"is_valid":true},'
        b'"bat":{"value":100,"voltage":2.98},"act_reasons":["sensor"],"connect_retries":0,"sensor_error":0,'
        b'"update":{"status":"idle","has_update":false,"new_version":"20230913-112531/v1.14.0-gcb84623",'
        b'"old_version":"20230913-112531/v1.14.0-gcb84623"}}')      # v1.14.0, set to °F

SAID = [
    ("sensor/temperature", b"29.62", [Measure(Quantity.TEMPERATURE, 29.62)]),
    ("sensor/temperature", b"-5.38", [Measure(Quantity.TEMPERATURE, -5.38)]),
    ("sensor/temperature", b"999", []),          # what CoIoT says of a sensor that could not be read
    ("sensor/temperature", b"null", []),         # seen at periodic wake-ups
    ("sensor/humidity", b"40.5", [Measure(Quantity.HUMIDITY, 40.5)]),
    ("sensor/humidity", b"null", []),
    ("sensor/battery", b"100", [Measure(Quantity.BATTERY, 100.0)]),
    ("sensor/battery", b"-1", []),
    ("sensor/ext_power", b"false", []),
    ("sensor/ext_power", b"true", []),
    ("sensor/error", b"0", []),
    ("sensor/error", b"1", [Fault("sensor error 1")]),
    ("sensor/act_reasons", b'["sensor"]', []),
    ("sensor/act_reasons", b'["poweron","sensor"]', []),
    ("announce", b'{"id":"shellyht-123456","model":"SHHT-1","mac":"123456789","ip":"192.168.0.123","new_fw":false,'
                 b'"fw_ver":"20210710-130145/v1.11.0-g12a9327-master"}', [Firmware("1.11.0")]),
    ("info", INFO, [Measure(Quantity.TEMPERATURE, 21.75), Measure(Quantity.HUMIDITY, 62.5), Measure(Quantity.BATTERY, 100.0),
                    Measure(Quantity.SIGNAL, -51.0), Firmware("1.14.0")]),
    ("info", b'{"is_valid":false,"tmp":{"tC":999,"is_valid":false},"hum":{"value":999,"is_valid":false},"sensor_error":3}',
     [Fault("sensor error 3")]),
]

REFUSED = [
    ("sensor/temperature", b""), ("sensor/temperature", b"21,5"), ("sensor/temperature", b"NaN"), ("sensor/humidity", b"wet"),
    ("sensor/ext_power", b"yes"), ("sensor/error", b"none"),
    ("sensor/act_reasons", b"sensor"), ("sensor/act_reasons", b'{"all":[]}'), ("sensor/act_reasons", b"[1]"),
    ("sensor/act_reasons", b'[],"all":1'), ("sensor/act_reasons", b"[" * 9000),
    ("info", b'{"tmp":21}'), ("info", b'{"hum":{"value":"62"}}'), ("info", b'{"sensor_error":"bad"}'),
    ("relay/0", b"on"), ("sensor/flood", b"true"),
]


@pytest.mark.parametrize(("name", "payload", "meaning"), SAID)
def test_what_a_thermometer_says(name, payload, meaning):
    assert list(plugin.decode_message(ROOM, f"{ROOT}/{name}", payload)) == meaning


@pytest.mark.parametrize(("name", "payload"), REFUSED)
def test_what_a_thermometer_never_says_is_refused(name, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(ROOM, f"{ROOT}/{name}", payload)


@pytest.mark.parametrize(("payload", "presence"), [(b"true", Presence.ONLINE), (b"false", Presence.ASLEEP)])
def test_its_last_will_is_its_sleep(payload, presence):
    assert plugin.parse_lwt(ROOM, payload) is presence


def test_it_takes_no_order():
    topics = plugin.build_topics(ROOM)
    assert (topics.command, topics.listen[f"{ROOT}/online"]) == ("", Role.PRESENCE)
    for command in (Switch(True), Query()):
        with pytest.raises(UnsupportedCommand, match="Shelly H&T"):
            plugin.encode_command(ROOM, command)


@pytest.mark.parametrize("columns", [
    LegacyTopics(control="aucun", command="aucun", lwt=f"{ROOT}/online"),
    LegacyTopics(control="-", command=f"{ROOT}/rpc", lwt=""),      # the annex's command column, which is another family's
    LegacyTopics(control=f"/{ROOT}/sensor/temperature", command="", lwt="aucun"),
])
def test_a_hand_filled_row_tells_its_root(columns):
    assert plugin.parse_legacy_topics(611, columns) == ({"root": ROOT}, 0)


def test_its_columns_say_none_where_there_is_none():
    assert plugin.render_legacy_topics(ROOM) == LegacyTopics(control="aucun", command="aucun", lwt=f"{ROOT}/online")


def test_one_with_its_factorys_topic_is_a_matter_of_data():
    device = Device(id="F002", type_id=611, templates={"root": FACTORY})
    assert plugin.decode_message(device, f"{FACTORY}/sensor/humidity", b"40.5") == (Measure(Quantity.HUMIDITY, 40.5),)
    assert plugin.parse_legacy_topics(611, plugin.render_legacy_topics(device)) == ({"root": FACTORY}, 0)


def test_a_row_that_tells_nothing_is_refused_with_what_is_expected():
    with pytest.raises(ValueError, match="expected shellies/F002/online"):
        plugin.parse_legacy_topics(611, LegacyTopics(control="aucun", command="aucun", lwt="aucun"))
