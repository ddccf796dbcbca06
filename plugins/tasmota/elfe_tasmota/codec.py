"""What Tasmota says and understands. https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/Commands/

Three prefixes: `cmnd` for what it is told, `stat` for what it answers, `tele` for what it says by itself; where they stand
in a topic is the device's own `FullTopic`. An order is answered at once on `stat/…/RESULT` and `stat/…/POWER`; energies
are kWh; a measure of several phases is an array.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from attrs import field, frozen

from elfe.devices import (
    BadPayload,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Role,
    Setting,
    Switch,
    Topics,
    UnsupportedCommand,
    as_number,
    as_object,
    json_object,
    one_of,
)

STATES = {"ON": True, "OFF": False}
PRESENCES = {"Online": Presence.ONLINE, "Offline": Presence.OFFLINE}
WATT_HOURS_PER_KILOWATT_HOUR = 1000
PULSE_OFFSET = 100               # PulseTime from 112 on is seconds + 100, up to 64900; 1..111 are tenths of a second
DELTA_OFFSET = 100               # PowerDelta from 101 on is a change in W, + 100, up to 32000; 1..100 are percents
PHASES = "abcdefgh"              # a meter of eight phases is the most that the firmware is built for

ENERGY = {                       # the ENERGY object: name → quantity and factor to our unit
    "Power": (Quantity.POWER, 1),                                # of a TIC reader: PAPP, VA taken for W by the firmware
    "Total": (Quantity.ENERGY, WATT_HOURS_PER_KILOWATT_HOUR),
    "ApparentPower": (Quantity.APPARENT_POWER, 1),
    "ReactivePower": (Quantity.REACTIVE_POWER, 1),
    "Factor": (Quantity.POWER_FACTOR, 1),
    "Voltage": (Quantity.VOLTAGE, 1),
    "Current": (Quantity.CURRENT, 1),
    "Frequency": (Quantity.FREQUENCY, 1),
}
SUMMED = {Quantity.POWER, Quantity.ENERGY, Quantity.APPARENT_POWER, Quantity.REACTIVE_POWER, Quantity.CURRENT}

TIC = {                          # TIC label → quantity, register; indexes Wh, PAPP and SINSTS VA, IINST A
    **{label: (Quantity.ENERGY, label) for label in (
        "BASE", "HCHC", "HCHP", "EJPHN", "EJPHPM", "BBRHCJB", "BBRHPJB", "BBRHCJW", "BBRHPJW", "BBRHCJR", "BBRHPJR",
        "EAST", "EAIT", *(f"EASF{number:02}" for number in range(1, 11)), *(f"EASD{number:02}" for number in range(1, 5)))},
    "PAPP": (Quantity.APPARENT_POWER, ""),
    "SINSTS": (Quantity.APPARENT_POWER, ""),
    **{f"SINSTS{phase}": (Quantity.APPARENT_POWER, PHASES[phase - 1]) for phase in (1, 2, 3)},
    "SINSTI": (Quantity.APPARENT_POWER, "SINSTI"),
    "IINST": (Quantity.CURRENT, ""),
    **{f"IINST{phase}": (Quantity.CURRENT, PHASES[phase - 1]) for phase in (1, 2, 3)},
    **{f"IRMS{phase}": (Quantity.CURRENT, PHASES[phase - 1]) for phase in (1, 2, 3)},
    **{f"URMS{phase}": (Quantity.VOLTAGE, PHASES[phase - 1]) for phase in (1, 2, 3)},
}
POWER = re.compile(r"POWER\d{0,2}")
CONFIGURED = re.compile(r"TelePeriod|PowerDelta1|PowerRetain|PowerOnState|PulseTime\d{1,2}")
SENSOR = re.compile(r"[\w-]{1,32}")       # DS18B20, DS18B20-1, ESP32, ...: becomes the name of what is measured


@frozen
class Settings:
    """What a device is set to, over MQTT."""

    tele_period_s: int = field(default=0, metadata={"from": 0, "to": 3600})      # 0: the type's own period
    power_delta_w: int = field(default=10, metadata={"from": 1, "to": 31_900})   # a change that is said at once
    pulse_time_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per device. Not less: the command engine repeats an OFF in time for this much."""


# -- topics -----------------------------------------------------------------------------------------------------------


def topics(device: Device) -> Topics:
    """Where it listens and what it says where."""
    power = _power(device.channel)
    return Topics(
        command=topic(device, "cmnd", power),
        listen={
            topic(device, "stat", "RESULT"): Role.SAYS,
            topic(device, "stat", power): Role.SAYS,
            topic(device, "stat", "STATUS8"): Role.SAYS,
            topic(device, "stat", "STATUS10"): Role.SAYS,
            topic(device, "stat", "STATUS11"): Role.SAYS,
            topic(device, "tele", "STATE"): Role.SAYS,
            topic(device, "tele", "SENSOR"): Role.SAYS,
            topic(device, "tele", "LWT"): Role.PRESENCE,
        },
    )


def topic(device: Device, prefix: str, name: str) -> str:
    """A topic of the device's own FullTopic."""
    full = device.templates["full_topic"].replace("%prefix%", prefix).replace("%topic%", device.templates["topic"])
    return f"{full.rstrip('/')}/{name}"


def _power(channel: int) -> str:
    return "POWER" if channel == 0 else f"POWER{channel + 1}"


# -- what it is told ----------------------------------------------------------------------------------------------------


def encode(device: Device, command: Command, within: timedelta) -> Encoded:
    """POWER ON or OFF; an empty POWER asks for the state, and STATUS 8 for the measures."""
    power = topic(device, "cmnd", _power(device.channel))
    match command:
        case Switch(on):
            say = Publish(power, b"ON" if on else b"OFF")
            return Encoded((say,), expects=OutputState(on, device.channel), within=within)
        case Query():
            return Encoded((Publish(power, b""), Publish(topic(device, "cmnd", "STATUS"), b"8")), None, within)
    raise UnsupportedCommand(f"{device.id}: {command}")


def configure(device: Device, type: DeviceType, settings: Settings) -> ConfigPush:
    """Its period, and its fail-safe: after an OFF, a repeated one too, it closes again by itself.

    `PowerOnState 5` turns `PulseTime` round for good, and must come first: before it, an ON would cut itself. When its
    supply comes back the relay stays open until `PulseTime` is over, each device at a time of its own. Wired inverted, its
    home is served when it is open: the plain `PulseTime` then opens it again.
    """
    assert type.fail_safe is not None
    pulse_s = settings.pulse_time_s + int(type.fail_safe.own_part(device.id).total_seconds())
    values = {
        "TelePeriod": settings.tele_period_s or int(type.publishes_every.total_seconds()),
        "PowerDelta1": settings.power_delta_w + DELTA_OFFSET,
        "PowerRetain": 0,
        "PowerOnState": 5 if device.serves_when else 0,
        f"PulseTime{device.channel + 1}": pulse_s + PULSE_OFFSET,
    }
    expects = {**values, "PowerRetain": "OFF"}
    return ConfigPush(
        steps=tuple(Publish(topic(device, "cmnd", name), str(value).encode()) for name, value in values.items()),
        read_back=tuple(Publish(topic(device, "cmnd", name), b"") for name in values),
        expects=tuple(Setting(name, str(value)) for name, value in expects.items()),
    )


# -- what it says ---------------------------------------------------------------------------------------------------------


def decode(device: Device, on_topic: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says."""
    name = on_topic.rpartition("/")[2]
    if POWER.fullmatch(name):
        return (OutputState(one_of(payload, STATES), _channel(name)),)
    return tuple(_events(json_object(payload)))


def _events(said: Mapping[str, Any]) -> Iterator[Event]:
    """STATE, SENSOR, RESULT and STATUS answers differ in what stands in them, never in how it is said."""
    for name, value in said.items():
        if POWER.fullmatch(name):
            yield OutputState(_state(value), _channel(name))
        elif name in ("StatusSNS", "StatusSTS"):
            yield from _events(as_object(value))
        elif name == "ENERGY":
            yield from _energy(as_object(value))
        elif name == "TIC":
            yield from _tic(as_object(value))
        elif CONFIGURED.fullmatch(name):
            yield from _setting(name, value)
        elif isinstance(value, dict) and SENSOR.fullmatch(name):
            yield from _ambient(name, value, fahrenheit=said.get("TempUnit") == "F")


def _energy(energy: Mapping[str, Any]) -> Iterator[Event]:
    """One value, or one per phase as an array or an object; what adds up is also given as its sum."""
    for name, (quantity, factor) in ENERGY.items():
        value = energy.get(name)
        if isinstance(value, list | dict):
            phases = [as_number(each) * factor for each in (value.values() if isinstance(value, dict) else value)]
            yield from (Measure(quantity, each, register=phase) for phase, each in zip(PHASES, phases, strict=False))
            if quantity in SUMMED and phases:
                yield Measure(quantity, sum(phases))
        elif value is not None:
            yield Measure(quantity, as_number(value) * factor)


def _tic(frame: Mapping[str, Any]) -> Iterator[Event]:
    """A frame, whole or partial: the labels that we know. Figures come as numbers or as text with leading zeros."""
    for label, value in frame.items():
        if label in TIC:
            quantity, register = TIC[label]
            yield Measure(quantity, _figure(value), register=register)


def _ambient(name: str, sensor: Mapping[str, Any], fahrenheit: bool) -> Iterator[Event]:
    """A sensor by its name; the chip's own temperature is not the room's."""
    register = "internal" if name.startswith("ESP") else name
    if sensor.get("Temperature") is not None:
        degrees = as_number(sensor["Temperature"])
        yield Measure(Quantity.TEMPERATURE, (degrees - 32) / 1.8 if fahrenheit else degrees, register=register)
    if sensor.get("Humidity") is not None:
        yield Measure(Quantity.HUMIDITY, as_number(sensor["Humidity"]), register=register)


def _setting(name: str, value: object) -> Iterator[Event]:
    """A setting read back; PulseTime1 comes as {"Set": …, "Remaining": …}."""
    wanted = value.get("Set") if isinstance(value, dict) else value
    if isinstance(wanted, bool) or not isinstance(wanted, str | int):
        raise BadPayload(f"{name} is neither a number nor a word")
    yield Setting(name, str(wanted)[:80])


def _figure(value: object) -> float:
    if isinstance(value, str):
        try:
            return as_number(float(value))
        except ValueError as error:
            raise BadPayload(f"not a figure: {value[:80]}") from error
    return as_number(value)


def _state(value: object) -> bool:
    if not isinstance(value, str) or value not in STATES:
        raise BadPayload(f"neither ON nor OFF: {str(value)[:80]}")
    return STATES[value]


def _channel(name: str) -> int:
    """POWER and POWER1 are the first relay."""
    return max(1, int(name.removeprefix("POWER") or 1)) - 1


# -- the first command engine's columns -------------------------------------------------------------------------------------

PREFIX = r"(?:cmnd|cmd|stat|tele)"       # "cmd" stands in rows that were filled by hand
NAME = r"(?:POWER\d{0,2}|RESULT|STATE|STATUS\d{0,2}|SENSOR|LWT)"
TOPIC = rf"(?!{NAME}(?:/|$))(?P<topic>[^/+#]+)"
SHAPES = (
    re.compile(rf"(?P<before>(?:[^+#]+/)?){PREFIX}/{TOPIC}(?:/(?P<name>{NAME}))?"),      # cmnd/A110/POWER, tele/A110
    re.compile(rf"(?P<before>(?:[^+#]+/)?){TOPIC}/{PREFIX}(?:/(?P<name>{NAME}))?"),      # xky/A110/tele/SENSOR
)
FULL_TOPICS = ("%prefix%/%topic%/", "%topic%/%prefix%/")


def render_columns(device: Device) -> LegacyTopics:
    """Where it answers, where it is told, where it says that it is there."""
    return LegacyTopics(control=topic(device, "stat", "RESULT"), command=topic(device, "cmnd", _power(device.channel)),
                        lwt=topic(device, "tele", "LWT"))


def parse_columns(columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    """The topic, the FullTopic and the relay, from whichever column tells."""
    for column in (columns.command, columns.control, columns.lwt):
        for shape, full_topic in zip(SHAPES, FULL_TOPICS, strict=True):
            match = shape.fullmatch(column.strip().strip("/"))
            if match:
                name = match["name"] or ""
                channel = _channel(name) if POWER.fullmatch(name) else 0
                return {"topic": match["topic"], "full_topic": match["before"] + full_topic}, channel
    raise ValueError(f"no topic column tells the topic of a Tasmota device: expected cmnd/A110/POWER, "
                     f"found {columns.command!r}")
