"""Every answer of a real device of the first generation, from the data beside the project, decoded to its stated meaning,
and our twins' answers held against theirs."""

import json
from pathlib import Path

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import Device, Fault, Firmware, Measure, OutputState, Quantity, Setting

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures"
PLUG = Device(id="A101", type_id=111, templates={"root": "shellies/shellyplug-s-A8BC25"})
ROOM = Device(id="F002", type_id=611, templates={"root": "shellies/F002"})
PLUGS = {      # name of a collected meaning → what we call it
    "power_w": (Quantity.POWER, ""), "energy_wh": (Quantity.ENERGY, ""), "temperature_c": (Quantity.TEMPERATURE, "internal"),
}
ROOMS = {
    "temperature_c": (Quantity.TEMPERATURE, ""), "humidity_pct": (Quantity.HUMIDITY, ""), "battery_pct": (Quantity.BATTERY, ""),
}


def collected():
    files = [CAPTURES / f"{name}.json" for name in ("shelly_gen1", "shelly_ht")]
    if not all(file.exists() for file in files):
        return []
    found = [each for file in files for each in json.loads(file.read_text("utf-8"))]
    return [each for each in found if each["topic"].startswith(("CoIoT", "HTTP"))]      # the others are of later generations


def captures(prefix, without=()):
    found = [pytest.param(each, id=f"{each['device']}-{each['topic']}") for each in collected()
             if each["topic"].startswith(prefix) and each["device"] not in without]
    return found or [pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]


def of_room(capture):
    return "ht" in capture["device"].lower()


def path(capture):
    return capture["topic"].removeprefix("HTTP GET ")


def measures(meaning, names):
    return {(*names[name], round(float(value), 3)) for name, value in meaning.items() if name in names}


@pytest.mark.parametrize("capture", captures("HTTP"))
def test_what_a_real_device_answered_means_what_its_collector_says(capture):
    device, names = (ROOM, ROOMS) if of_room(capture) else (PLUG, PLUGS)
    meaning, payload = capture["meaning"], json.loads(capture["payload"])
    events = plugin.decode_http(device, path(capture), capture["payload"].encode())
    measured = {(each.quantity, each.register, round(each.value, 3)) for each in events if isinstance(each, Measure)}
    assert not [event for event in events if isinstance(event, Fault)]
    match meaning["kind"]:
        case "http_status":
            signal = (Quantity.SIGNAL, "", float(payload["wifi_sta"]["rssi"]))
            assert measured == measures(meaning, names) | {signal}
            outputs = [event for event in events if isinstance(event, OutputState)]
            assert outputs == ([OutputState(meaning["relay0_on"])] if "relay0_on" in meaning else [])
            assert events[-1] == Firmware("1.14.0")
            message = plugin.decode_message(device, f"{device.templates['root']}/info", capture["payload"].encode())
            assert message == events      # newer firmware says the same on `info`
        case "http_settings" | "settings":
            mqtt = payload["mqtt"]
            assert Setting("mqtt.id", meaning.get("mqtt_id", mqtt["id"])) in events
            assert Setting("mqtt.update_period", str(meaning.get("update_period_s", mqtt["update_period"]))) in events
            assert Setting("device.type", payload["device"]["type"]) in events
            relays = {f"relay/0.{name}" for relay in payload.get("relays", ())
                      for name in ("default_state", "auto_on", "auto_off", "schedule", "max_power") if name in relay}
            assert {event.name for event in events if isinstance(event, Setting) and event.name.startswith("relay/0")} == relays
            assert events[-1] == Firmware("1.14.0")
        case "identify":
            assert events == (Firmware("1.14.0"),)
        case _:
            pytest.fail(f"a kind of capture that nothing is asserted of: {meaning['kind']}")


@pytest.mark.parametrize("capture", captures("CoIoT cit/s"))
def test_what_a_thermometer_said_over_coiot_means_the_same_over_mqtt(capture):
    values = {row[1]: row[2] for row in json.loads(capture["payload"])["G"]}
    said = {"sensor/temperature": 3101, "sensor/humidity": 3103, "sensor/battery": 3111}
    events = {event for name, number in said.items()
              for event in plugin.decode_message(ROOM, f"shellies/F002/{name}", str(values[number]).encode())}
    assert {(each.quantity, each.register, each.value) for each in events} == measures(capture["meaning"], ROOMS)


# -- our twins beside them


def shape(value, where=""):
    """The names and the kinds of values of a document."""
    if isinstance(value, dict):
        return {each for name, inner in value.items() for each in shape(inner, f"{where}.{name}")}
    if isinstance(value, list):
        return {each for inner in value for each in shape(inner, f"{where}[]")} or {(f"{where}[]", "empty")}
    return {(where, "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__)}


def may_be_null(documents):
    """Texts and places that are null until they are set."""
    return {(where, kind) for each in documents for where, kind in each if kind in {"str", "NoneType", "number"}
            and where.rpartition(".")[2] in {"name", "ssid", "timezone", "lat", "lng"}}


@pytest.mark.parametrize("capture", captures("HTTP", without={"SHAIR-1"}))      # which is another model
def test_a_twin_answers_what_the_real_one_answers(capture):
    twin = plugin.simulate(ROOM if of_room(capture) else PLUG, seed=1)
    theirs, ours = shape(json.loads(capture["payload"])), shape(json.loads(twin.get(path(capture))))
    free = may_be_null((theirs, ours))
    assert ours - free == theirs - free


@pytest.mark.parametrize("capture", captures("CoIoT"))
def test_a_twin_describes_itself_over_coiot_as_the_real_one(capture):
    twin = plugin.simulate(ROOM, seed=1)
    theirs, ours = json.loads(capture["payload"]), json.loads(twin.get(capture["topic"].replace("CoIoT ", "/")))
    if "sen" in theirs:
        assert ours == theirs
    else:
        assert [row[:2] for row in ours["G"]] == [row[:2] for row in theirs["G"]]
