"""What Tasmota says. https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/JSON-Status-Responses/

STATE, SENSOR, RESULT and STATUSn differ in what stands in them, never in how it is said: a name tells what its value is.
Energies are kWh; a measure of several phases is an array; what is null is not known. `Time` is the device's own clock, which
may be wrong, and is not read. What we do not keep (Heap, Switch1, Info2, ...) is understood and says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Event,
    Fault,
    Firmware,
    Measure,
    OutputState,
    Presence,
    Quantity,
    Setting,
    as_number,
    as_object,
    json_object,
    one_of,
)
from elfe_tasmota.topics import POWERS

Json = Mapping[str, Any]
Reader = Callable[[str, object], list[Event]]
STATES = {"ON": True, "OFF": False}      # StateText can change them: its own words are pushed back (see orders.py)
OUTPUTS = {name: {word: OutputState(on, channel) for word, on in STATES.items()} for name, channel in POWERS.items()}
PRESENCES = {"Online": Presence.ONLINE, "Offline": Presence.OFFLINE}
SHOWN = 80


def decode(name: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says on the topic that ends with `name`."""
    if name in POWERS and payload[:1] != b"{":      # JSON stands there where SetOption4 is 1, beside the plain word
        return (one_of(payload, OUTPUTS[name]),) if payload else ()      # PowerRetain 0 clears it
    return tuple(_events(json_object(payload)))


def decode_body(path: str, body: bytes) -> tuple[Event, ...]:
    """The answer to `/cm?cmnd=...`: the results of its commands in one object, or why there are none."""
    said, (command, *_) = json_object(body), parse_qs(path.partition("?")[2]).get("cmnd", [""])
    token = command.partition(" ")[0]               # what follows may be a password
    refused = said.get("WARNING") or (said.get("Command") in ("Unknown", "Error") and said["Command"])
    if refused:
        return (Acknowledgement(token, ok=False, detail=str(refused)[:SHOWN]),)
    return (Acknowledgement(token, ok=True), *_events(said))


def _events(said: Json) -> list[Event]:
    """What stands in one message."""
    return _read(said, READERS)


def _read(said: Json, readers: Mapping[str, Reader]) -> list[Event]:
    events: list[Event] = []
    for name, value in said.items():
        read = readers.get(name)
        if read is not None:
            events += read(name, value)
        elif type(value) is dict:
            events += _room(name, value, said)
    if "Temperature" in said or "Humidity" in said:      # a Sonoff SC has no name around its sensors
        events += _room("", said, said)
    return events


def _inside(name: str, value: object) -> list[Event]:
    """What stands in a status. No status stands in another, however deep a message nests them."""
    return _read(as_object(value), INSIDE)


def _output(name: str, value: object) -> list[Event]:
    if type(value) is not str or value not in STATES:
        raise BadPayload(f"{name} is neither ON nor OFF: {str(value)[:SHOWN]}")
    return [OUTPUTS[name][value]]


# -- measures -----------------------------------------------------------------------------------------------------------------

ENERGY = {      # name → quantity, factor to our unit, register
    "Power": (Quantity.POWER, 1.0, ""),
    "Total": (Quantity.ENERGY, 1000.0, ""),
    "Today": (Quantity.ENERGY, 1000.0, "today"),                # starts again at 0 at its midnight
    "ExportActive": (Quantity.ENERGY, 1000.0, "returned"),
    "ApparentPower": (Quantity.APPARENT_POWER, 1.0, ""),
    "ReactivePower": (Quantity.REACTIVE_POWER, 1.0, ""),
    "Factor": (Quantity.POWER_FACTOR, 1.0, ""),
    "Voltage": (Quantity.VOLTAGE, 1.0, ""),
    "Current": (Quantity.CURRENT, 1.0, ""),
    "Frequency": (Quantity.FREQUENCY, 1.0, ""),
}
PLAIN = frozenset({int, float})
LARGEST = 1e9      # kWh, W, V, ...: what is larger is refused by `as_number`, or read by it
SUMMED = frozenset({Quantity.POWER, Quantity.ENERGY, Quantity.APPARENT_POWER, Quantity.REACTIVE_POWER, Quantity.CURRENT})
PHASES = "abcdefgh"      # eight phases are the most that the firmware is built for

INDEXES = (      # of a meter, Wh
    "BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM", "BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR",      # historique
    "EAST", "EAIT", *(f"EASF{number:02}" for number in range(1, 11)), *(f"EASD{number:02}" for number in range(1, 5)),
)
TIC = {      # label → quantity, register; historique and standard labels never meet. PAPP and SINSTS VA, IINST and IRMS A
    **{label: (Quantity.ENERGY, label) for label in INDEXES},
    "PAPP": (Quantity.APPARENT_POWER, ""),
    "SINSTS": (Quantity.APPARENT_POWER, ""),
    "SINSTI": (Quantity.APPARENT_POWER, "SINSTI"),      # injected
    "IINST": (Quantity.CURRENT, ""),
    **{f"{label}{phase}": (quantity, PHASES[phase - 1]) for phase in (1, 2, 3) for label, quantity in (
        ("SINSTS", Quantity.APPARENT_POWER), ("IINST", Quantity.CURRENT), ("IRMS", Quantity.CURRENT), ("URMS", Quantity.VOLTAGE))},
}
UNITS: Mapping[Quantity, Mapping[str, float]] = {      # a figure with its unit is in that unit
    Quantity.POWER: {"W": 1, "kW": 1000},
    Quantity.ENERGY: {"Wh": 1, "kWh": 1000},
    Quantity.APPARENT_POWER: {"VA": 1, "kVA": 1000},
    Quantity.REACTIVE_POWER: {"var": 1, "VAr": 1},
    Quantity.VOLTAGE: {"V": 1},
    Quantity.CURRENT: {"A": 1, "mA": 0.001},
    Quantity.FREQUENCY: {"Hz": 1},
}
FIGURE = re.compile(r"\s*(?P<figure>[+-]?\d{1,15}(?:\.\d{1,9})?)\s*(?P<unit>[A-Za-z]{0,3})\s*", re.ASCII)


def _energy(name: str, value: object) -> list[Event]:
    events: list[Event] = []
    for key, each in as_object(value).items():
        row = ENERGY.get(key)
        if row is None or each is None:
            continue
        quantity, factor, register = row
        if type(each) in PLAIN and -LARGEST < each < LARGEST:      # nearly always: the others are read one by one
            events.append(Measure(quantity, each * factor, 0, register))
        elif isinstance(each, (list, dict)):
            events += _phases(each, quantity, factor, register)
        else:
            events.append(Measure(quantity, _figure(each, quantity, factor), 0, register))
    return events


def _phases(values: list[Any] | dict[str, Any], quantity: Quantity, factor: float, register: str) -> list[Event]:
    """One value per phase, as an array or by name; what adds up is also given as its sum."""
    each_value = values.values() if isinstance(values, dict) else values
    phases = [_figure(each, quantity, factor) for each in each_value]
    events: list[Event] = [Measure(quantity, each, register=f"{register} {phase}".strip())
                           for phase, each in zip(PHASES, phases, strict=False)]
    if quantity in SUMMED and phases:
        events.append(Measure(quantity, sum(phases), register=register))
    return events


def _tic(name: str, value: object) -> list[Event]:
    """A frame, whole or partial. The firmware makes numbers of figures; raw ones have leading zeros and may have units."""
    return [Measure(quantity, _figure(each, quantity), 0, register)
            for label, each in as_object(value).items() if label in TIC for quantity, register in (TIC[label],)]


def _figure(value: Any, quantity: Quantity, factor: float = 1) -> float:
    """A number, or a text: 170, "00170", "170 VA"."""
    if type(value) is not str:
        return as_number(value) * factor
    read = FIGURE.fullmatch(value)
    units = UNITS.get(quantity, {})
    if read is None or (read["unit"] and read["unit"] not in units):
        raise BadPayload(f"not a figure of {quantity.value}: {value[:SHOWN]}")
    return as_number(float(read["figure"])) * units.get(read["unit"], factor)


def _room(name: str, sensor: Json, said: Json) -> list[Event]:
    """A sensor, which its name tells from others. The chip's own temperature is not the room's."""
    events: list[Event] = []
    register = "internal" if name.startswith("ESP") else name[:32]
    if sensor.get("Temperature") is not None:
        degrees = as_number(sensor["Temperature"])
        celsius = (degrees - 32) / 1.8 if said.get("TempUnit") == "F" else degrees
        events.append(Measure(Quantity.TEMPERATURE, celsius, register=register))
    if sensor.get("Humidity") is not None:
        events.append(Measure(Quantity.HUMIDITY, as_number(sensor["Humidity"]), register=register))
    return events


def _wifi(name: str, value: object) -> list[Event]:
    """`Signal` is dBm, from 6.6 on; `RSSI` is a percentage."""
    signal = as_object(value).get("Signal")
    return [] if signal is None else [Measure(Quantity.SIGNAL, as_number(signal))]


# -- what it is set to, what it runs --------------------------------------------------------------------------------------------


def _word(name: str, value: object) -> list[Event]:
    if type(value) is not str:
        raise BadPayload(f"{name} is no text: {str(value)[:SHOWN]}")
    return [Setting(name, value[:SHOWN])]


def _count(name: str, value: object) -> list[Event]:
    """A number; before 9 with its unit ("10 %"). A timer: {"Set":1900,"Remaining":0}; before 6.7 "1900 (Active 0)"."""
    wanted = value.get("Set") if isinstance(value, dict) else value
    if isinstance(wanted, str):
        wanted = wanted.partition(" ")[0]
        wanted = int(wanted) if wanted.isdecimal() and len(wanted) < 10 else None
    if type(wanted) is not int:
        raise BadPayload(f"{name} is no number: {str(value)[:SHOWN]}")
    return [Setting("PowerDelta1" if name == "PowerDelta" else name, str(wanted)[:SHOWN])]


def _version(name: str, value: object) -> list[Event]:
    """12.1.1(tasmota): the version and the build."""
    version = value if name == "Version" else as_object(value).get("Version")
    return [Firmware(version[:SHOWN])] if isinstance(version, str) and version else []


def _upgrade(name: str, value: object) -> list[Event]:
    """Begun, done, or `Failed` with the reason."""
    return [Fault(f"upgrade {value[:SHOWN]}")] if isinstance(value, str) and value.startswith("Failed") else []


INSIDE: Mapping[str, Reader] = {
    **dict.fromkeys(POWERS, _output),
    "ENERGY": _energy,
    "TIC": _tic,
    "Wifi": _wifi,
    **dict.fromkeys(("Version", "StatusFWR", "Info1"), _version),
    "Upgrade": _upgrade,
    **dict.fromkeys(("TelePeriod", "PowerOnState", "PowerDelta", "PowerDelta1", "MqttPort"), _count),
    **dict.fromkeys((f"PulseTime{number}" for number in range(1, 33)), _count),
    **dict.fromkeys(("PowerRetain", "SetOption4", "SetOption65", "SetOption103", "StateText1", "StateText2", "Topic", "FullTopic",
                     "MqttHost", "MqttUser", "SSId1"), _word),
}
READERS: Mapping[str, Reader] = {**INSIDE, **dict.fromkeys(("StatusSNS", "StatusSTS", "StatusMQT"), _inside)}
