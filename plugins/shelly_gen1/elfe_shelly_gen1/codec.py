"""What devices of the first generation say: plain words and numbers, each on a topic of its own under the device's root,
and JSON over HTTP, whose `/status` newer firmware also says on `info`.

https://shelly-api-docs.shelly.cloud/gen1/#mqtt-support and #common-http-api
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from elfe.devices import (
    BadPayload,
    Event,
    Fault,
    Firmware,
    Measure,
    OutputState,
    Quantity,
    Setting,
    as_number,
    as_object,
    json_object,
    number,
    one_of,
    word,
)

Decoder = Callable[[bytes], tuple[Event, ...]]
NOTHING: tuple[Event, ...] = ()
WATT_MINUTES_PER_WATT_HOUR = 60
LONGEST_TEXT = 80


def decode(table: Mapping[str, Decoder], name: str, body: bytes) -> tuple[Event, ...]:
    """Everything that one message, or one answer, says; `name` is its topic under the device's root, or its path."""
    if name not in table:
        raise BadPayload(f"nothing is known to be said on {name[:LONGEST_TEXT]}")
    return table[name](body)


# -- plain words and numbers ----------------------------------------------------------------------------------------------

STATES: Mapping[str, tuple[Event, ...]] = {
    "on": (OutputState(True),),
    "off": (OutputState(False),),
    "overpower": (OutputState(False), Fault("overpower")),      # the plug cut itself
}
OVERTEMPERATURE: Mapping[str, tuple[Event, ...]] = {"0": NOTHING, "1": (Fault("overtemperature"),)}
FLAGS: Mapping[str, tuple[Event, ...]] = dict.fromkeys(("true", "false", "1", "0"), NOTHING)


def state(payload: bytes) -> tuple[Event, ...]:
    """`on`, `off` or `overpower`."""
    return one_of(payload, STATES)


def power(payload: bytes) -> tuple[Event, ...]:
    """W."""
    return (Measure(Quantity.POWER, number(payload)),)


def energy(payload: bytes) -> tuple[Event, ...]:
    """W·min since its supply came back."""
    return (Measure(Quantity.ENERGY, number(payload) / WATT_MINUTES_PER_WATT_HOUR),)


def chip_temperature(payload: bytes) -> tuple[Event, ...]:
    """°C."""
    return (Measure(Quantity.TEMPERATURE, number(payload), register="internal"),)


def overtemperature(payload: bytes) -> tuple[Event, ...]:
    """1 when it has overheated, normally 0."""
    return one_of(payload, OVERTEMPERATURE)


def reading(quantity: Quantity, unknown: float) -> Decoder:
    """A sensor's number. `unknown` says that there is none; so does `null`, which was seen at periodic wake-ups."""
    def decode_reading(payload: bytes) -> tuple[Event, ...]:
        if payload == b"null":
            return NOTHING
        value = number(payload)
        return NOTHING if value == unknown else (Measure(quantity, value),)

    return decode_reading


def sensor_error(payload: bytes) -> tuple[Event, ...]:
    """0, or the number of what is wrong with the sensor."""
    return _error(number(payload))


def flag(payload: bytes) -> tuple[Event, ...]:
    """True or false of something that we do not keep."""
    return one_of(payload, FLAGS)


def reasons(payload: bytes) -> tuple[Event, ...]:
    """`["sensor"]`: why it woke up. Nothing for us."""
    listed = json_object(b'{"all":%b}' % payload)["all"]      # the kit reads objects; the last "all" is the one kept
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        raise BadPayload(f"not a list of reasons: {word(payload)[:LONGEST_TEXT]}")
    return NOTHING


def number_again(payload: bytes) -> tuple[Event, ...]:
    """A figure that another topic gives, or that is a setting."""
    number(payload)
    return NOTHING


# -- firmware -------------------------------------------------------------------------------------------------------------

BUILD = re.compile(r"(?:^|/)v(\d{1,4}(?:\.\d{1,4}){1,3}(?:-(?:rc|beta|hotfix)\d{1,3})?)(?!\d)")
UNNAMED = "?"
"""A newer version whose number is not said: an announcement knows only that there is one."""


def version(build: str) -> str:
    """`20230913-113421/v1.14.0-gcb84623` → `1.14.0`; a build that has no version is its own."""
    found = BUILD.search(build)
    return found[1] if found else build[:LONGEST_TEXT]


def announce(payload: bytes) -> tuple[Event, ...]:
    """Said when it connects and when asked `announce`: its id, model, MAC address, IP address and firmware (1.4.3 on)."""
    said = json_object(payload)
    build = _text(said, "fw_ver")
    return (Firmware(version(build), UNNAMED if said.get("new_fw") is True else ""),) if build else NOTHING


def identity(body: bytes) -> tuple[Event, ...]:
    """`/shelly`: what it is, to whoever asks; the only answer that never needs a password."""
    build = _text(json_object(body), "fw")
    return (Firmware(version(build)),) if build else NOTHING


def ota(body: bytes) -> tuple[Event, ...]:
    """`/ota`: the firmware that runs, and the newer one that it knows of."""
    return _firmware(json_object(body))


def _firmware(update: Mapping[str, Any]) -> tuple[Event, ...]:
    runs, newer = version(_text(update, "old_version")), version(_text(update, "new_version"))
    if not runs:
        return NOTHING
    return (Firmware(runs, newer if update.get("has_update") is True and newer != runs else ""),)


# -- status ---------------------------------------------------------------------------------------------------------------


def plug_status(body: bytes) -> tuple[Event, ...]:
    """The whole of a plug's `/status`; on `info` when it connects and when asked `announce` (firmware 1.8.0 on)."""
    status = json_object(body)
    return (
        *(event for relay in _first(status, "relays") for event in _relay(relay)),
        *(event for meter in _first(status, "meters") for event in _meter(meter)),
        *_chip(status),
        *_unit(status),
    )


def room_status(body: bytes) -> tuple[Event, ...]:
    """The whole of a thermometer's `/status`, whatever the unit in which it shows its temperature."""
    status = json_object(body)
    return (
        *_valid(_section(status, "tmp"), "tC", Quantity.TEMPERATURE),
        *_valid(_section(status, "hum"), "value", Quantity.HUMIDITY),
        *_valid(_section(status, "bat"), "value", Quantity.BATTERY),
        *_error(as_number(status.get("sensor_error", 0))),
        *_unit(status),
    )


def relay_status(body: bytes) -> tuple[Event, ...]:
    """`/relay/0`."""
    return _relay(json_object(body))


def meter_status(body: bytes) -> tuple[Event, ...]:
    """`/meter/0`."""
    return _meter(json_object(body))


def _relay(relay: Mapping[str, Any]) -> tuple[Event, ...]:
    on = relay.get("ison")
    if not isinstance(on, bool):
        raise BadPayload("a relay that is neither on nor off")
    return (OutputState(on), Fault("overpower")) if relay.get("overpower") is True else (OutputState(on),)


def _meter(meter: Mapping[str, Any]) -> tuple[Event, ...]:
    energies = _valid(meter, "total", Quantity.ENERGY)
    return (*_valid(meter, "power", Quantity.POWER),
            *(Measure(Quantity.ENERGY, each.value / WATT_MINUTES_PER_WATT_HOUR) for each in energies))


def _chip(status: Mapping[str, Any]) -> tuple[Event, ...]:
    hot = OVERTEMPERATURE["1"] if status.get("overtemperature") is True else NOTHING
    if status.get("temperature") is None or _section(status, "tmp").get("is_valid") is False:
        return hot
    return (Measure(Quantity.TEMPERATURE, as_number(status["temperature"]), register="internal"), *hot)


def _unit(status: Mapping[str, Any]) -> tuple[Event, ...]:
    """Its Wi-Fi and its firmware: what every model's status has."""
    wifi = _section(status, "wifi_sta")
    signal = (Measure(Quantity.SIGNAL, as_number(wifi["rssi"])),) if wifi.get("rssi") else ()      # 0: not connected
    return (*signal, *_firmware(_section(status, "update")))


def _valid(part: Mapping[str, Any], name: str, quantity: Quantity) -> tuple[Measure, ...]:
    """A measure that is there and passes the device's own check."""
    if part.get(name) is None or part.get("is_valid") is False:
        return ()
    return (Measure(quantity, as_number(part[name])),)


def _error(code: float) -> tuple[Event, ...]:
    return (Fault(f"sensor error {code:g}"),) if code else NOTHING


# -- settings -------------------------------------------------------------------------------------------------------------

KEPT = (
    "device.type", "mqtt.enable", "mqtt.server", "mqtt.user", "mqtt.id", "mqtt.clean_session", "mqtt.keep_alive", "mqtt.max_qos",
    "mqtt.retain", "mqtt.update_period", "wifi_sta.enabled", "wifi_sta.ssid", "cloud.enabled", "login.enabled", "max_power",
    "sensors.temperature_threshold", "sensors.temperature_unit", "sensors.humidity_threshold", "sleep_mode.period",
    "sleep_mode.unit", "external_power", "temperature_offset", "humidity_offset",
)
KEPT_OF_RELAY = ("default_state", "auto_on", "auto_off", "schedule", "max_power")
KEPT_OF_WIFI = ("enabled", "ssid")


def settings(body: bytes) -> tuple[Event, ...]:
    """`/settings`: what we set or look at, under the vendor's own names, and the firmware."""
    said = json_object(body)
    kept = [(name, _at(said, name)) for name in KEPT]
    relays = [event for relay in _first(said, "relays") for event in _kept(relay, KEPT_OF_RELAY, "relay/0.")]
    build = _text(said, "fw")
    return (*(Setting(name, shown(value)) for name, value in kept if value is not None), *relays,
            *((Firmware(version(build)),) if build else ()))


def relay_settings(body: bytes) -> tuple[Event, ...]:
    """`/settings/relay/0`, which `/settings` repeats."""
    return _kept(json_object(body), KEPT_OF_RELAY, "relay/0.")


def wifi_settings(body: bytes) -> tuple[Event, ...]:
    """`/settings/sta`, which `/settings` repeats."""
    return _kept(json_object(body), KEPT_OF_WIFI, "wifi_sta.")


def done(body: bytes) -> tuple[Event, ...]:
    """The answer to what is only to be done."""
    json_object(body)
    return NOTHING


def shown(value: object) -> str:
    """A setting's value as text: firmware writes the same delay as 1800, 1800.0 or 1800.00."""
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, bool):
        return "true" if value else "false"
    wide = as_number(value)
    return str(int(wide)) if wide.is_integer() else str(wide)


def _kept(part: Mapping[str, Any], names: tuple[str, ...], prefix: str) -> tuple[Setting, ...]:
    return tuple(Setting(f"{prefix}{name}", shown(part[name])) for name in names if part.get(name) is not None)


# -- parts of JSON --------------------------------------------------------------------------------------------------------


def _at(said: Mapping[str, Any], name: str) -> object:
    *parents, leaf = name.split(".")
    for parent in parents:
        said = _section(said, parent)
    return said.get(leaf)


def _section(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name)
    return {} if value is None else as_object(value)


def _first(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The first of a list of objects, when there is one: a plug has one relay and one meter."""
    parts = said.get(name)
    if parts is None:
        return []
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise BadPayload(f"{name} is not a list of objects")
    return parts[:1]


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name, "")
    if not isinstance(value, str):
        raise BadPayload(f"{name} is not a text: {str(value)[:LONGEST_TEXT]}")
    return value


ANSWERS: Mapping[str, Decoder] = {
    "/shelly": identity,
    "/settings": settings,
    "/settings/sta": wifi_settings,
    "/ota": ota,
    "/ota/check": done,
    "/reboot": done,
}
"""What every model answers over HTTP; each adds its own `/status`."""
