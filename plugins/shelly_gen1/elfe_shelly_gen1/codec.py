"""What devices of the first generation say: plain words and numbers, each on a topic of its own under the device's root.

https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plugs-mqtt
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from elfe.devices import (
    BadPayload,
    Event,
    Fault,
    Measure,
    OutputState,
    Presence,
    Quantity,
    Setting,
    as_number,
    json_object,
    number,
    one_of,
    word,
)

WATT_MINUTES_PER_WATT_HOUR = 60
STATES = {"on": True, "off": False, "overpower": False}      # overpower: the plug cut itself
PRESENCES = {"true": Presence.ONLINE, "false": Presence.OFFLINE}      # firmware 1.4.3 and later


def decode(name: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says; `name` is its topic under the device's root."""
    if name not in SAID:
        raise BadPayload(f"nothing is known to be said on {name}")
    return tuple(SAID[name](payload))


def _state(payload: bytes) -> Iterator[Event]:
    yield OutputState(one_of(payload, STATES))
    if word(payload) == "overpower":
        yield Fault("overpower")


def _power(payload: bytes) -> Iterator[Event]:
    yield Measure(Quantity.POWER, number(payload))


def _energy(payload: bytes) -> Iterator[Event]:
    yield Measure(Quantity.ENERGY, number(payload) / WATT_MINUTES_PER_WATT_HOUR)


def _temperature(payload: bytes) -> Iterator[Event]:
    yield Measure(Quantity.TEMPERATURE, number(payload), register="internal")


def _overtemperature(payload: bytes) -> Iterator[Event]:
    if number(payload):
        yield Fault("overtemperature")


def _info(payload: bytes) -> Iterator[Event]:
    """The whole of its HTTP `/status`, which newer firmware says when it is born and when it is asked for an update."""
    status = json_object(payload)
    for relay in _first(status.get("relays")):
        if not isinstance(relay.get("ison"), bool):
            raise BadPayload("a relay that is neither on nor off")
        yield OutputState(relay["ison"])
        if relay.get("overpower") is True:
            yield Fault("overpower")
    for meter in _first(status.get("meters")):
        yield Measure(Quantity.POWER, as_number(meter.get("power")))
        yield Measure(Quantity.ENERGY, as_number(meter.get("total")) / WATT_MINUTES_PER_WATT_HOUR)
    if status.get("temperature") is not None:
        yield Measure(Quantity.TEMPERATURE, as_number(status["temperature"]), register="internal")
    if status.get("overtemperature") is True:
        yield Fault("overtemperature")


def decode_relay_settings(body: bytes) -> tuple[Event, ...]:
    """The settings that we push of the relay, as it reads them back over HTTP; delays in seconds, 1800 or 1800.00."""
    relay = json_object(body)
    shown = {"default_state": lambda value: str(value)[:80], **dict.fromkeys(("auto_on", "auto_off"), _seconds)}
    return tuple(Setting(f"relay/0.{name}", show(relay[name])) for name, show in shown.items() if name in relay)


def _seconds(value: object) -> str:
    return f"{as_number(value):g}"


def _first(parts: object) -> list[Mapping[str, Any]]:
    """The first of a list of objects, when there is one: a plug has one relay and one meter."""
    if parts is None:
        return []
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise BadPayload("not a list of objects")
    return parts[:1]


def _number_again(payload: bytes) -> Iterator[Event]:
    """A figure that another topic gives, or that is a setting."""
    number(payload)
    return iter(())


def _object_again(payload: bytes) -> Iterator[Event]:
    """Its name, address and firmware: nothing that is measured."""
    json_object(payload)
    return iter(())


SAID: Mapping[str, Callable[[bytes], Iterator[Event]]] = {
    "relay/0": _state,
    "relay/0/power": _power,                        # W
    "relay/0/energy": _energy,                      # W·min since its supply came back
    "relay/0/overpower_value": _number_again,       # W, where it cuts itself
    "temperature": _temperature,                    # °C, of the chip
    "temperature_f": _number_again,                 # the same in °F
    "overtemperature": _overtemperature,            # 0 or 1
    "info": _info,
    "announce": _object_again,
}
