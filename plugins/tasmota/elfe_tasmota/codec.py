"""What Tasmota says and understands. https://tasmota.github.io/docs/MQTT/ and https://tasmota.github.io/docs/Commands/

Three prefixes: `cmnd` for what it is told, `stat` for what it answers, `tele` for what it says by itself; where they stand
in a topic is the device's own `FullTopic`. An order is answered at once on `stat/…/RESULT` and `stat/…/POWER`; energies
are kWh; a measure of several phases is an array.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from attrs import frozen

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
    Topics,
    as_number,
    json_object,
    word,
)

STATES = {"ON": True, "OFF": False}
PRESENCES = {"Online": Presence.ONLINE, "Offline": Presence.OFFLINE}
WATT_HOURS_PER_KILOWATT_HOUR = 1000
PULSE_SECONDS_FROM = 112         # PulseTime 1..111 are tenths of a second; from 112 on, seconds + 100
PULSE_OFFSET, PULSE_MOST = 100, 64_900
WATTS_FROM = 100                 # PowerDelta 101..32000 is a change in W, + 100
PHASES = "abc"

ENERGY = {                       # the ENERGY object: name → quantity and factor to our unit
    "Power": (Quantity.POWER, 1),
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
        "EAIT", *(f"EASF{number:02}" for number in range(1, 11)), *(f"EASD{number:02}" for number in range(1, 5)))},
    "EAST": (Quantity.ENERGY, ""),
    "PAPP": (Quantity.APPARENT_POWER, ""),
    "SINSTS": (Quantity.APPARENT_POWER, ""),
    **{f"SINSTS{phase}": (Quantity.APPARENT_POWER, PHASES[phase - 1]) for phase in (1, 2, 3)},
    "SINSTI": (Quantity.APPARENT_POWER, "SINSTI"),
    "IINST": (Quantity.CURRENT, ""),
    **{f"IINST{phase}": (Quantity.CURRENT, PHASES[phase - 1]) for phase in (1, 2, 3)},
    **{f"IRMS{phase}": (Quantity.CURRENT, PHASES[phase - 1]) for phase in (1, 2, 3)},
    **{f"URMS{phase}": (Quantity.VOLTAGE, PHASES[phase - 1]) for phase in (1, 2, 3)},
}
CONFIGURED = ("TelePeriod", "PowerDelta1", "PowerRetain", "PowerOnState", "PulseTime1")


@frozen
class Settings:
    """What a device is set to, over MQTT."""

    tele_period_s: int = 0           # 0: the type's own period
    power_delta_w: int = 10          # a change that is said at once
    pulse_time_s: int = 1800         # plus a part of its own per device, up to `spread`


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
    if isinstance(command, Query):
        return Encoded((Publish(power, b""), Publish(topic(device, "cmnd", "STATUS"), b"8")), None, within)
    say = Publish(power, b"ON" if command.on else b"OFF")
    return Encoded((say,), expects=OutputState(command.on, device.channel), within=within)


def configure(device: Device, type: DeviceType, settings: Settings) -> ConfigPush:
    """Its period, and its fail-safe: after an OFF it closes again by itself.

    `PowerOnState 5` inverts `PulseTime` for good, and must come first: before it, an ON would cut itself.
    """
    assert type.fail_safe is not None
    pulse = settings.pulse_time_s + Random(device.id).randrange(int(type.fail_safe.spread.total_seconds()))
    values = {
        "TelePeriod": settings.tele_period_s or int(type.publishes_every.total_seconds()),
        "PowerDelta1": settings.power_delta_w + WATTS_FROM,
        "PowerRetain": 0,
        "PowerOnState": 5,
        "PulseTime1": min(PULSE_MOST, pulse + PULSE_OFFSET),
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
    if name.startswith("POWER"):
        return (OutputState(_state(word(payload)), _channel(name)),)
    said = json_object(payload)
    for wrapped in ("StatusSNS", "StatusSTS"):
        if wrapped in said:
            said = _object(said[wrapped])
    events = tuple(_events(said))
    return (*events, *_settings(said)) if name == "RESULT" else events


def parse_presence(payload: bytes) -> Presence:
    """Its last will, and its birth."""
    try:
        return PRESENCES[word(payload)]
    except KeyError:
        raise BadPayload(repr(payload[:80])) from None


def _events(said: Mapping[str, Any]) -> Iterator[Event]:
    for name, value in said.items():
        if re.fullmatch(r"POWER\d{0,2}", name):
            yield OutputState(_state(value), _channel(name))
        elif name == "ENERGY":
            yield from _energy(_object(value))
        elif name == "TIC":
            yield from _tic(_object(value))
        elif isinstance(value, dict):
            yield from _ambient(name, value, str(said.get("TempUnit", "C")))


def _energy(energy: Mapping[str, Any]) -> Iterator[Event]:
    """One value, or an array with one per phase; what adds up is also given as its sum."""
    for name, (quantity, factor) in ENERGY.items():
        value = energy.get(name)
        if isinstance(value, list):
            phases = [as_number(each) * factor for each in value]
            yield from (Measure(quantity, each, register=PHASES[phase]) for phase, each in enumerate(phases[:3]))
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


def _ambient(name: str, sensor: Mapping[str, Any], unit: str) -> Iterator[Event]:
    """A sensor by its name; the chip's own temperature is not the room's."""
    register = "internal" if name.startswith("ESP") else "" if name in {"DS18B20", "AM2301", "BME280", "SHT3X"} else name
    if sensor.get("Temperature") is not None:
        celsius = as_number(sensor["Temperature"])
        yield Measure(Quantity.TEMPERATURE, (celsius - 32) / 1.8 if unit == "F" else celsius, register=register)
    if sensor.get("Humidity") is not None:
        yield Measure(Quantity.HUMIDITY, as_number(sensor["Humidity"]), register=register)


def _settings(said: Mapping[str, Any]) -> Iterator[Event]:
    """Settings read back. PulseTime comes as an object; with lists in newer firmware, one entry a relay."""
    for name in CONFIGURED:
        value = said.get(name, said.get(name.rstrip("1")))
        if isinstance(value, dict):
            value = value.get("Set")
            if isinstance(value, list):
                value = value[0] if value else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            yield Setting(name, str(value))


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
    digits = name.removeprefix("POWER")
    try:
        return max(0, int(digits) - 1) if digits else 0
    except ValueError as error:
        raise BadPayload(f"no relay has the name {name[:80]}") from error


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadPayload(f"not an object: {str(value)[:80]}")
    return value


# -- the first command engine's columns -------------------------------------------------------------------------------------

PREFIX = r"(?:cmnd|cmd|stat|tele)"       # "cmd" stands in rows that were filled by hand
NAME = r"(?:POWER\d{0,2}|RESULT|STATE|SENSOR|LWT)"
SHAPES = (
    re.compile(rf"(?P<before>(?:.+/)?){PREFIX}/(?P<topic>[^/]+)(?:/(?P<name>{NAME}))?"),      # cmnd/A110/POWER
    re.compile(rf"(?P<before>(?:.+/)?)(?P<topic>[^/]+)/{PREFIX}(?:/(?P<name>{NAME}))?"),      # xky/A110/tele/SENSOR
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
                channel = _channel(name) if name.startswith("POWER") else 0
                return {"topic": match["topic"], "full_topic": match["before"] + full_topic}, channel
    raise ValueError(f"no topic column tells the topic of a Tasmota device: expected cmnd/A110/POWER, "
                     f"found {columns.command!r}")
