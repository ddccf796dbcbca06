"""Messages of real devices, from the data beside the project, read by the installed drivers as their collectors read them."""

import json
from itertools import chain
from pathlib import Path

import pytest

from elfe.devices.drivers import Drivers, load
from elfe.devices.values import LegacyTopics, Measure, OutputState, Presence, Quantity

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "captures"
NAMES = {      # name of a collected meaning → quantity and factor to our unit
    "power_w": (Quantity.POWER, 1),
    "energy_wh": (Quantity.ENERGY, 1),
    "energy_total_kwh": (Quantity.ENERGY, 1000),
    "voltage_v": (Quantity.VOLTAGE, 1),
    "current_a": (Quantity.CURRENT, 1),
    "power_factor": (Quantity.POWER_FACTOR, 1),
    "frequency_hz": (Quantity.FREQUENCY, 1),
    "temperature_c": (Quantity.TEMPERATURE, 1),
    "apparent_va": (Quantity.APPARENT_POWER, 1),
    "BASE_wh": (Quantity.ENERGY, 1),
    "EAST_wh": (Quantity.ENERGY, 1),
}


def captures(family, without=()):
    """What was collected of a family, but for the kinds that are never said over MQTT."""
    file = CAPTURES / f"{family}.json"
    if not file.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no data beside the project: shared/data/captures"))]
    return [pytest.param(each, id=f"{each['device']}-{each['topic']}"[:60])
            for each in json.loads(file.read_text("utf-8")) if each["meaning"]["kind"] not in without]


@pytest.fixture(scope="module")
def drivers() -> Drivers:
    pytest.importorskip("elfe_tasmota", reason="the plugins are not installed")
    return load()


def check(events, meaning, channel=0):
    """Everything that was collected is among the events."""
    for name in ("on", "power_on", "relay0_on"):
        if name in meaning:
            assert OutputState(meaning[name], channel) in events
    measured = {(each.quantity, round(each.value, 3)) for each in events if isinstance(each, Measure)}
    for name, (quantity, factor) in NAMES.items():
        values = meaning.get(name)
        for value in values.values() if isinstance(values, dict) else [values]:
            if value is not None:
                assert (quantity, round(value * factor, 3)) in measured


@pytest.mark.parametrize("capture", captures("shelly_gen1", without={"http_settings", "settings", "identify"}))
def test_what_a_plug_of_the_first_generation_says(drivers, capture):
    driver = drivers[111]
    device = driver.device("A101", "AABBCC")      # newer firmware says its HTTP status on `info`
    check(driver.decode_message(device, f"{device.templates['root']}/info", capture["payload"].encode()), capture["meaning"])


@pytest.mark.parametrize("capture", captures("shelly_gen2", without={"config", "settings", "identify", "status"}))
def test_what_a_relay_of_the_second_generation_says(drivers, capture):
    root, _, name = capture["topic"].partition("/")
    device = drivers[411].device("D003", stored={"root": root})
    events = drivers[411].decode_message(device, capture["topic"], capture["payload"].encode())
    check(events, capture["meaning"], channel=int(name.rpartition(":")[2]))


@pytest.mark.parametrize("capture", captures("shelly_gen2", without={"config", "settings", "identify", "switch_status"}))
def test_what_a_relay_of_the_second_generation_answers(drivers, capture):
    device = drivers[411].device("D003")
    answer = json.dumps({"id": "q", "result": json.loads(capture["payload"])}).encode()
    events = drivers[411].decode_message(device, f"{device.reply_to}/rpc", answer)
    check(events, capture["meaning"].get("switch:0", {}))


@pytest.mark.parametrize("capture", captures("tasmota"))
def test_what_tasmota_says(drivers, capture):
    driver, meaning = drivers[112], capture["meaning"]
    templates, _ = driver.parse_legacy_topics(112, LegacyTopics(control=capture["topic"], command="", lwt=""))
    device = driver.device("A110", stored=templates)
    assert capture["topic"] in driver.build_topics(device).listen
    if meaning["kind"] == "lwt":
        assert driver.parse_lwt(device, capture["payload"].encode()) is Presence.ONLINE
    else:
        check(driver.decode_message(device, capture["topic"], capture["payload"].encode()), meaning)


@pytest.mark.parametrize("capture", captures("teleinfo"))
def test_what_a_tic_card_makes_of_a_frame_of_the_meter(drivers, capture):
    driver = drivers[211]
    device = driver.device("B001")
    lines = (line.replace("\t", " ").split(" ") for line in capture["payload"].strip("\x02\x03\r\n").splitlines())
    frame = dict(chain.from_iterable([(line[0], line[1])] for line in lines if len(line) > 1))
    payload = json.dumps({"TIC": frame}).encode()
    check(driver.decode_message(device, "tele/B001/SENSOR", payload), capture["meaning"])
