"""Every message of a real device, from the data beside the project, decoded to its stated meaning."""

import json
from pathlib import Path

import elfe_tasmota as plugin
import pytest

from elfe.devices import Device, LegacyTopics, Measure, OutputState, Presence, Quantity

CAPTURES = Path(__file__).parents[4] / "shared" / "data" / "captures"
NAMES = {      # name of a collected meaning → what we call it, and the factor to our unit
    "power_w": (Quantity.POWER, "", 1),
    "energy_total_kwh": (Quantity.ENERGY, "", 1000),
    "today_kwh": (Quantity.ENERGY, "today", 1000),
    "voltage_v": (Quantity.VOLTAGE, "", 1),
    "current_a": (Quantity.CURRENT, "", 1),
    "wifi_signal_dbm": (Quantity.SIGNAL, "", 1),
    "BASE_wh": (Quantity.ENERGY, "BASE", 1),
    "EAST_wh": (Quantity.ENERGY, "EAST", 1),
    "apparent_va": (Quantity.APPARENT_POWER, "", 1),
}
PHASES = {"Phase1": "a", "Phase2": "b"}
NOT_KEPT = {"kind", "wifi_rssi_pct", "tariff_period", "subscribed_a", "stge"}      # a percentage, contracts: no quantity of ours


def captures(family):
    file = CAPTURES / f"{family}.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]
    return [pytest.param(each, id=f"{each['device']}-{each['topic']}") for each in json.loads(file.read_text("utf-8"))]


def means(meaning):
    """What its collector says of it, as events; a value per phase is told by its phase."""
    for name, value in meaning.items():
        if name == "power_on":
            yield OutputState(value)
        elif name in NAMES and value is not None:
            quantity, register, factor = NAMES[name]
            phases = value if isinstance(value, dict) else {register: value}
            yield from (Measure(quantity, pytest.approx(each * factor), register=PHASES.get(phase, phase))
                        for phase, each in phases.items())
        elif name == "online":
            yield Presence.ONLINE if value else Presence.OFFLINE
        else:
            assert name in NOT_KEPT or value is None or (name, meaning["kind"]) == ("voltage_v", "tic_frame_standard")


@pytest.mark.parametrize("capture", captures("tasmota"))
def test_what_a_real_device_said_means_what_its_collector_says(capture):
    templates, _ = plugin.parse_legacy_topics(112, LegacyTopics(control=capture["topic"], command="", lwt=""))
    device, payload = Device(id="A110", type_id=112, templates=templates), capture["payload"].encode()
    assert capture["topic"] in plugin.build_topics(device).listen
    if capture["meaning"]["kind"] == "lwt":
        events = (plugin.parse_lwt(device, payload),)
    else:
        events = plugin.decode_message(device, capture["topic"], payload)
    assert all(wanted in events for wanted in means(capture["meaning"]))


@pytest.mark.parametrize("as_numbers", [True, False])
@pytest.mark.parametrize("capture", captures("teleinfo"))
def test_what_a_reader_makes_of_a_frame_of_the_meter(capture, as_numbers):
    """The firmware makes numbers of figures; other readers keep the meter's text."""
    device = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})
    lines = (line.replace("\t", " ").split(" ") for line in capture["payload"].strip("\x02\x03\r\n").splitlines())
    frame = {line[0]: int(line[1]) if as_numbers and line[1].isdigit() else line[1] for line in lines if len(line) > 1}
    events = plugin.decode_message(device, "tele/B001/SENSOR", json.dumps({"TIC": frame}).encode())
    for wanted in means(capture["meaning"]):
        if isinstance(wanted, Measure) and wanted.quantity is Quantity.VOLTAGE:
            wanted = Measure(Quantity.VOLTAGE, wanted.value, register="a")      # URMS1 is of the first phase
        assert wanted in events
