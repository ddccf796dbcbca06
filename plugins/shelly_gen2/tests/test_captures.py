"""Every answer of a real device, from the data beside the project, decoded to its stated meaning."""

import json
from pathlib import Path

import elfe_shelly_gen2 as plugin
import pytest

from elfe.devices import Acknowledgement, Device, Firmware, Measure, OutputState, Quantity, Setting

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures"
NAMES = {      # name of a collected meaning → what we call it
    "power_w": (Quantity.POWER, ""),
    "energy_wh": (Quantity.ENERGY, ""),
    "voltage_v": (Quantity.VOLTAGE, ""),
    "current_a": (Quantity.CURRENT, ""),
    "power_factor": (Quantity.POWER_FACTOR, ""),
    "frequency_hz": (Quantity.FREQUENCY, ""),
    "temperature_c": (Quantity.TEMPERATURE, "internal"),
}
AMBIENT = {
    "temperature_c": (Quantity.TEMPERATURE, ""),
    "humidity_pct": (Quantity.HUMIDITY, ""),
    "battery_pct": (Quantity.BATTERY, ""),
}


def captures():
    files = [CAPTURES / f"{name}.json" for name in ("shelly_gen2", "shelly_ht")]
    if not all(file.exists() for file in files):
        return [pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]
    collected = [each for file in files for each in json.loads(file.read_text("utf-8"))]
    return [pytest.param(each, id=f"{each['device']}-{each['topic']}") for each in collected
            if not each["topic"].startswith(("CoIoT", "HTTP"))]      # the first generation's


def heard(capture):
    """On its own topic, or as the answer to a request of ours: over MQTT and over HTTP it says the same."""
    root, separator, _ = capture["topic"].partition("/status/")
    device = Device(id="D003", type_id=411, templates={"root": root if separator else "D003"}, reply_to="elfe/engine/D003")
    if separator:
        return plugin.decode_message(device, capture["topic"], capture["payload"].encode())
    answer = json.dumps({"id": "q", "src": "shelly", "dst": device.reply_to, "result": json.loads(capture["payload"])}).encode()
    ack, *events = plugin.decode_message(device, f"{device.reply_to}/rpc", answer)
    method = capture["topic"].removeprefix("RPC ")
    assert plugin.decode_http(device, f"/rpc/{method}", capture["payload"].encode()) == (Acknowledgement(method, ok=True), *events)
    assert ack == Acknowledgement("q", ok=True)
    return tuple(events)


def measures(meaning, channel=0, names=NAMES):
    return {Measure(*(names[name][0], float(value), channel, names[name][1])) for name, value in meaning.items() if name in names}


@pytest.mark.parametrize("capture", captures())
def test_what_a_real_device_said_means_what_its_collector_says(capture):
    meaning, payload, events = capture["meaning"], json.loads(capture["payload"]), heard(capture)
    kind, number = meaning["kind"], int(capture["topic"].rpartition(":")[2]) if ":" in capture["topic"] else 0
    match kind:
        case "identify":
            assert events == (Firmware(payload["ver"]),)
        case "config" | "settings":
            mqtt = payload["mqtt"]
            assert Setting("mqtt.status_ntf", json.dumps(meaning.get("status_ntf", mqtt["status_ntf"]))) in events
            assert Setting("mqtt.topic_prefix", json.dumps(meaning.get("mqtt_topic_prefix", mqtt["topic_prefix"]))) in events
            assert all(isinstance(event, Setting) for event in events)
        case "switch_status":
            assert {OutputState(meaning["on"], number), *measures(meaning, number)} <= set(events)
        case "status":
            switches = {name: each for name, each in meaning.items() if name.startswith("switch:")}
            for name, each in switches.items():
                channel = int(name.partition(":")[2])
                assert {OutputState(each["on"], channel), *measures(each, channel)} <= set(events)
            assert measures(meaning, names=AMBIENT) <= set(events)
            assert Setting("restart_required", json.dumps(payload["sys"]["restart_required"])) in events
            signal = [event.value for event in events if isinstance(event, Measure) and event.quantity is Quantity.SIGNAL]
            assert signal == [payload["wifi"]["rssi"]] * bool(payload["wifi"]["rssi"])
        case "temperature_status" | "humidity_status" | "devicepower_status":
            assert set(events) == measures(meaning, names=AMBIENT)
        case _:
            pytest.fail(f"a kind of capture that nothing is asserted of: {kind}")
