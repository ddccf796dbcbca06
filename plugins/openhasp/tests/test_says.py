"""What screens that run openHASP say: 0.6.3 unless a line tells otherwise."""

import json
import re
from pathlib import Path

import elfe_openhasp as plugin
import pytest

from elfe.devices import (
    BadPayload,
    Device,
    Firmware,
    Gesture,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Quantity,
    Role,
    Setting,
    Topics,
    UserInput,
)

SCREEN = Device(id="G002", type_id=711, templates={"node": "hasp/G002"})

STATUS = (b'{"node":"g002","idle":"long","version":"0.6.3","uptime":11027,"ssid":"my_network","rssi":-60,"ip":"192.168.0.133",'
          b'"mac":"7C:87:CE:E3:55:55","heapFree":58756,"heapFrag":7,"core":"v4.4.1","canUpdate":"false","page":1,"numPages":12,'
          b'"tftDriver":"ILI9342C","tftWidth":320,"tftHeight":240}')
SENSORS = (b'{"time":"2024-10-11T12:00:00","uptimeSec":11027,"uptime":"0T03:03:47","ESP32":{"Temperature":51.67},'
           b'"AXP192":{"BattVoltage":4.132,"BattPower":0,"BattChargeCurrent":0,"Temperature":43.1,"Charging":true}}')
DEBUG = b'{"debug":{"ansi":0,"baud":115200,"tele":300,"host":"","port":514,"proto":0,"log":0}}'
GUI = b'{"gui":{"idle1":60,"idle2":0,"bckl":-1,"bcklinv":0,"rotate":0,"cursor":0,"invert":0,"calibration":[0,65535,0,65535,0]}}'

SAID = [
    ("p2b3", b'{"event":"up","val":1}', [UserInput(Gesture.SHORT, 2, 3, 1)]),
    ("p2b3", b'{"event":"down","val":0}', [UserInput(Gesture.DOWN, 2, 3, 0)]),
    ("p2b8", b'{"event":"changed","val":22,"text":"22h"}', [UserInput(Gesture.CHANGED, 2, 8, 22, "22h")]),
    ("p5b8", b'{"event":"changed","val":4,"text":"40%","tag":{"a":[1]}}', [UserInput(Gesture.CHANGED, 5, 8, 4, "40%")]),
    ("p1b2", b'{"event":"long"}', [UserInput(Gesture.LONG, 1, 2)]),
    ("p1b2", b'{"event":"hold"}', [UserInput(Gesture.HOLD, 1, 2)]),
    ("p1b2", b'{"event":"release"}', [UserInput(Gesture.RELEASE, 1, 2)]),
    ("p0b254", b'{"event":"up"}', [UserInput(Gesture.SHORT, 0, 254)]),
    ("p12b0", b'{"event":"up"}', [UserInput(Gesture.SHORT, 12, 0)]),
    ("p1b4", b'{"event":"up","color":"#6200ff","r":98,"g":0,"b":255}', [UserInput(Gesture.SHORT, 1, 4, text="#6200ff")]),
    ("p1b5", b'{"event":"changed","val":"24","text":"2024-12-24T00:00:00Z"}',      # a calendar
     [UserInput(Gesture.CHANGED, 1, 5, 24, "2024-12-24T00:00:00Z")]),
    ("p1b6", b'{"event":"changed","val":-1,"text":""}', [UserInput(Gesture.CHANGED, 1, 6, -1)]),
    ("p1b2", b'{"event":"lost"}', []),
    ("p1b2", b'{"event":"double"}', []),
    ("p1b2", b'{"val":25}', []),                      # an attribute that was asked for
    ("p1b2", b'{"text":"Tout va bien :)"}', []),
    ("kitchen.b3", b'{"event":"up"}', []),            # 0.7, a page that was given a name
    ("page", b"7", [UserInput(Gesture.PAGE, 7)]),
    ("statusupdate", STATUS, [Firmware("0.6.3"), Measure(Quantity.SIGNAL, -60.0)]),
    ("statusupdate", b'{"node":"g002","version":"0.7.0"}', [Firmware("0.7.0")]),       # on a cable
    ("sensors", SENSORS, [Measure(Quantity.TEMPERATURE, 51.67, register="internal"),
                          Measure(Quantity.TEMPERATURE, 43.1, register="charger"),
                          Measure(Quantity.VOLTAGE, 4.132, register="battery")]),
    ("sensors", b'{"time":"2024-10-11T12:00:00"}', []),
    ("config", DEBUG, [Setting("debug.tele", "300")]),
    ("config", GUI, [Setting("gui.idle1", "60"), Setting("gui.idle2", "0")]),
    ("config", b'{"wifi":{"ssid":"maison"}}', []),
    ("idle", b"short", []),
    ("backlight", b'{"state":"on","brightness":128}', [Setting("backlight.state", "on"), Setting("backlight.brightness", "128")]),
    ("moodlight", b'{"state":"off","brightness":255,"color":"#ff0000","r":255,"g":0,"b":0}', []),
    ("antiburn", b'{"state":"off"}', []),
    ("output27", b'{"state":"off"}', [OutputState(False, channel=27)]),
    ("input4", b'{"event":"up"}', []),
    ("whatever", b"it may be", []),
]

UNREADABLE = [
    ("p2b3", b""), ("p2b3", b"up"), ("p2b3", b"[]"), ("p2b3", b'{"event":"up","val":1'), ("p2b3", b'{"event":1}'),
    ("p2b3", b'{"event":["up"]}'), ("p2b3", b'{"event":"up","val":true}'), ("p2b3", b'{"event":"up","val":1.5}'),
    ("p2b3", b'{"event":"up","val":65536}'), ("p2b3", b'{"event":"up","val":"douze"}'), ("p2b3", b'{"event":"up","text":7}'),
    ("p2b3", b'{"event":"changed","val":0,"text":"a "quote" that 0.6 does not escape"}'),
    ("p13b1", b'{"event":"up"}'), ("p1b256", b'{"event":"up"}'), ("p01b1", b'{"event":"up"}'), ("p99999b99999", b'{}'),
    ("page", b"13"), ("page", b"-1"), ("page", b"next"), ("page", b""), ("page", "٣".encode()),
    ("statusupdate", b"{}"), ("statusupdate", b'{"version":7}'), ("statusupdate", b'{"version":"0.6.3","rssi":"-60"}'),
    ("sensors", b'{"ESP32":4}'), ("sensors", b'{"ESP32":{"Temperature":"hot"}}'),
    ("config", b'{"debug":[]}'), ("config", b'{"debug":{"tele":"300"}}'), ("config", b"null"),
    ("idle", b"asleep"), ("backlight", b'{"state":1}'), ("backlight", b'{"state":"on","brightness":"full"}'),
    ("moodlight", b"on"), ("output27", b'{"state":["on"]}'), ("whatever", b"\xff"),
]


@pytest.mark.parametrize(("name", "payload", "means"), SAID, ids=[f"{name} {payload[:40]!r}" for name, payload, _ in SAID])
def test_what_a_screen_says(name, payload, means):
    assert plugin.decode_message(SCREEN, f"hasp/g002/state/{name}", payload) == tuple(means)


@pytest.mark.parametrize(("name", "payload"), UNREADABLE)
def test_what_no_screen_says_is_refused(name, payload):
    with pytest.raises(BadPayload):
        plugin.decode_message(SCREEN, f"hasp/g002/state/{name}", payload)


@pytest.mark.parametrize(("payload", "presence"), [(b"online", Presence.ONLINE), (b"offline", Presence.OFFLINE)])
def test_its_last_will(payload, presence):
    assert plugin.parse_lwt(SCREEN, payload) is presence


@pytest.mark.parametrize("payload", [b"", b"Online", b"en ligne", b"true", b"1"])
def test_no_other_word_is_its_last_will(payload):
    with pytest.raises(BadPayload):
        plugin.parse_lwt(SCREEN, payload)


# -- topics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("stored", "root"), [
    ("hasp/G002", "hasp/g002"),            # the default: its point's id, as elfe types it on the screen
    ("hasp/Salon", "hasp/Salon"),          # somebody's own choice
])
def test_a_point_is_lower_case_on_the_wire(stored, root):
    assert plugin.build_topics(Device(id="G002", type_id=711, templates={"node": stored})) == Topics(
        command=f"{root}/command/jsonl", listen={f"{root}/state/+": Role.SAYS, f"{root}/LWT": Role.PRESENCE},
        reads=(f"{root}/command/#", f"{root}/config/#", "hasp/broadcast/command/#"), writes=(f"{root}/state/#", f"{root}/LWT"))


@pytest.mark.parametrize("columns", [
    LegacyTopics("hasp/g001/page", "hasp/g001/cmd/jsonl", "hasp/g001/LWT"),       # as the schema's comments have them
    LegacyTopics("-", "hasp/g001/command", ""),
    LegacyTopics("hasp/g001/state/page", "", ""),
    LegacyTopics("hasp/g001/state/p2b3", "aucun", "aucun"),
    LegacyTopics("", "", "/hasp/g001/LWT"),
])
def test_columns_filled_by_hand_tell_the_node(columns):
    assert plugin.parse_legacy_topics(711, columns) == ({"node": "hasp/g001"}, 0)


@pytest.mark.parametrize("command", ["G001", "cmnd/A110/POWER", "hasp/+/command/jsonl"])
def test_columns_that_tell_nothing_are_refused_with_what_is_expected(command):
    with pytest.raises(ValueError, match=f"expected hasp/g002/command/jsonl, found '{re.escape(command)}'"):
        plugin.parse_legacy_topics(711, LegacyTopics("-", command, "tele/A110/LWT"))


# -- messages of the documentation and the firmware ----------------------------------------------------------------------

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures" / "openhasp.json"
COLLECTED = json.loads(CAPTURES.read_text("utf-8")) if CAPTURES.exists() else [
    pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]


@pytest.mark.parametrize("capture", COLLECTED, ids=lambda each: each and each["topic"])
def test_what_was_collected_means_what_its_collectors_say(capture):
    meaning, payload = capture["meaning"], capture["payload"].encode()
    device = Device(id="plate01", type_id=711, templates={"node": "/".join(capture["topic"].split("/")[:2])})
    if meaning["kind"] == "lwt":
        assert plugin.parse_lwt(device, payload) is (Presence.ONLINE if meaning["online"] else Presence.OFFLINE)
    elif meaning["kind"] == "command":
        assert capture["topic"].startswith(plugin.build_topics(device).command.removesuffix("/jsonl"))
        assert "/state/" not in capture["topic"]
    else:
        events = plugin.decode_message(device, capture["topic"], payload)
        assert [collected(each) for each in events] == [
            {name: value for name, value in meaning.items() if name in ("val", "on", "color", "acts", "final")}]


def collected(event):
    """An event in the collectors' words."""
    if isinstance(event, OutputState):
        return {"on": event.on}
    assert isinstance(event, UserInput)
    if event.text:
        return {"color": event.text}
    ends = event.gesture in (Gesture.SHORT, Gesture.RELEASE)
    return {"val": event.value, **({"final": ends} if re.search("b3$", f"b{event.item}") else {"acts": ends})}
