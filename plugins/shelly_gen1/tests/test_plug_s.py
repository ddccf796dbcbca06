"""What a Shelly Plug S says and understands. SHPLG-S, firmware 20230913-113421/v1.14.0 unless a line says otherwise."""

from datetime import timedelta

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import (
    BadPayload,
    Device,
    Encoded,
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
    Role,
    Switch,
    UnsupportedCommand,
)

ROOT = "shellies/shellyplug-s-A8BC25"
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": ROOT})

INFO = (b'{"wifi_sta":{"connected":true,"ssid":"","ip":"10.101.2.83","rssi":-57},"cloud":{"enabled":true,"connected":true},'
        b'"mqtt":{"connected":true},"time":"11:34","serial":42080,"has_update":false,"mac":"4022D88349C4",'
        b'"relays":[{"ison":true,"has_timer":false,"overpower":false,"source":"input"}],'
        b'"meters":[{"power":12.5,"overpower":0,"is_valid":true,"counters":[0,0,0],"total":2632}],'
        b'"temperature":43.69,"overtemperature":false,"tmp":{"tC":43.69,"tF":110.65,"is_valid":true},'
        b'"update":{"status":"pending","has_update":true,"new_version":"20230913-113421/v1.14.0-gcb84623",'
        b'"old_version":"20221027-105518/v1.12.1-ga9117d3"},"uptime":1902722}')
JUST_BORN = (b'{"wifi_sta":{"connected":true,"rssi":0},"relays":[{"ison":false,"overpower":false}],'
             b'"meters":[{"power":0.00,"overpower":0.00,"is_valid":true,"timestamp":0,"counters":[0.000,0.000,0.000],"total":0}],'
             b'"tmp":{"tC":0,"is_valid":false},"temperature":0.00,"overtemperature":false,'
             b'"update":{"status":"unknown","has_update":false,"new_version":"","old_version":"20220809-123240/v1.12-g99f7e0b"}}')


def announce(build, newer="false"):
    return (f'{{"id":"shellyplug-s-A8BC25","model":"SHPLG-S","mac":"E868E7A8BC25","ip":"192.168.1.133",'
            f'"new_fw":{newer},"fw_ver":"{build}"}}').encode()


SAID = [
    ("relay/0", b"on", [OutputState(True)]),
    ("relay/0", b"off", [OutputState(False)]),
    ("relay/0", b"overpower", [OutputState(False), Fault("overpower")]),
    ("relay/0/power", b"0.00", [Measure(Quantity.POWER, 0.0)]),
    ("relay/0/power", b"1834.27", [Measure(Quantity.POWER, 1834.27)]),
    ("relay/0/energy", b"0", [Measure(Quantity.ENERGY, 0.0)]),                                       # it was just plugged in
    ("relay/0/energy", b"486230", [Measure(Quantity.ENERGY, pytest.approx(8103.83, abs=0.01))]),     # the annex: 8.10 kWh
    ("relay/0/energy", b"81010", [Measure(Quantity.ENERGY, pytest.approx(1350.17, abs=0.01))]),      # v1.11, from a log
    ("relay/0/overpower_value", b"2500", []),
    ("temperature", b"24.14", [Measure(Quantity.TEMPERATURE, 24.14, register="internal")]),
    ("temperature_f", b"75.45", []),
    ("overtemperature", b"0", []),
    ("overtemperature", b"1", [Fault("overtemperature")]),
    ("announce", announce("20211109-130223/v1.11.7-g682a0db"), [Firmware("1.11.7")]),
    ("announce", announce("20200827-065344/v1.8.3@4a8bc427", newer="true"), [Firmware("1.8.3", newer="?")]),
    ("announce", b'{"id":"shellyplug-s-A8BC25"}', []),
    ("info", INFO, [OutputState(True), Measure(Quantity.POWER, 12.5),
                    Measure(Quantity.ENERGY, pytest.approx(43.867, abs=0.001)),
                    Measure(Quantity.TEMPERATURE, 43.69, register="internal"), Measure(Quantity.SIGNAL, -57.0),
                    Firmware("1.12.1", newer="1.14.0")]),
    ("info", JUST_BORN, [OutputState(False), Measure(Quantity.POWER, 0.0), Measure(Quantity.ENERGY, 0.0), Firmware("1.12")]),
    ("info", b'{"relays":[{"ison":false,"overpower":true}],"overtemperature":true}',
     [OutputState(False), Fault("overpower"), Fault("overtemperature")]),
    ("info", b'{"meters":[{"power":3.5,"is_valid":false,"total":60}]}', []),      # its meter fails its own check
    ("info", b'{"meters":[{"power":0.00,"is_valid":true}]}', [Measure(Quantity.POWER, 0.0)]),      # SHSW-1 v1.12: no counter
]

REFUSED = [
    ("relay/0", b"ON"), ("relay/0", b""), ("relay/0", b"onoff"), ("relay/0", b"toggle"),
    ("relay/0/power", b"nan"), ("relay/0/power", b"1e999"), ("relay/0/power", b"12,5"), ("relay/0/power", b""),
    ("relay/0/energy", b"9" * 400), ("relay/0/energy", b"true"),
    ("overtemperature", b"true"), ("overtemperature", b"2"),
    ("info", b"[]"), ("info", b'{"relays":{}}'), ("info", b'{"relays":[{"ison":"on"}]}'), ("info", b'{"meters":[{"power":"1"}]}'),
    ("info", b'{"update":{"old_version":3}}'), ("info", b'{"wifi_sta":[1]}'), ("info", b'{"wifi_sta":{"rssi":"-57"}}'),
    ("announce", b'{"fw_ver":17}'), ("announce", b"SHPLG-S"),
    ("relay/1", b"on"), ("relay/0/command", b"on"), ("sensor/humidity", b"40"), ("online", b"true"),
]

BUILDS = [      # as /shelly, announcements and captures of several models have them
    ("20230913-113421/v1.14.0-gcb84623", "1.14.0"), ("20231107-164219/v1.14.1-rc1-g0617c15", "1.14.1-rc1"),
    ("20220809-123240/v1.12-g99f7e0b", "1.12"), ("20210710-130145/v1.11.0-g12a9327-master", "1.11.0"),
    ("20220415-105853/v1.11.7-25-gb3b096857-v1.11.7-3em", "1.11.7"), ("20201124-092310/v1.9.0@57ac4ad8", "1.9.0"),
    ("20201202-141017/v1.9.3-rc3@50c6ab57", "1.9.3-rc3"), ("20190711-084501/v1.5.0-hotfix4@3b4f7414", "1.5.0-hotfix4"),
    ("20161223-111304/master@2bc16496", "20161223-111304/master@2bc16496"), ("v1.9.4", "1.9.4"),
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


@pytest.mark.parametrize(("build", "version"), BUILDS)
def test_a_builds_name_tells_its_version(build, version):
    assert plugin.decode_http(PLUG, "/shelly", f'{{"type":"SHPLG-S","fw":"{build}"}}'.encode()) == (Firmware(version),)


def test_another_plug_is_not_heard():
    with pytest.raises(BadPayload):
        plugin.decode_message(PLUG, "shellies/shellyplug-s-ABCDEF/relay/0", b"on")


def test_what_tells_us_nothing_is_not_subscribed_to():
    listen = plugin.build_topics(PLUG).listen
    assert listen[f"{ROOT}/online"] is Role.PRESENCE
    assert not {f"{ROOT}/temperature_f", f"{ROOT}/relay/0/overpower_value", "shellies/announce"} & set(listen)


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


def test_a_plug_is_not_pressed():
    with pytest.raises(UnsupportedCommand):
        plugin.encode_command(PLUG, Press())


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
