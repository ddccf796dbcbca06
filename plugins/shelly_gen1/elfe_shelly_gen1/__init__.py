"""Shelly Plug S, first generation: https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plugs-mqtt

Its topic is its hardware id and cannot be changed on old firmware. It counts energy in watt-minutes. Its settings go
over HTTP only, so nothing of it can be repaired or renewed from the centre. Plugs of early 2022 are stuck on their
firmware and need https://archive.shelly-tools.de v1.9.4 as a stepping stone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

from attrs import frozen

from elfe.devices import (
    BadPayload,
    Capability,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FailSafe,
    Fault,
    HttpGet,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Role,
    Topics,
    Twin,
    as_number,
    hookimpl,
    json_object,
    number,
    word,
)

PLUG_S = DeviceType(
    id=111,
    name="shellyplugs_shellycloud_v1",
    product="Shelly Plug S",
    vendor_url="https://shelly-api-docs.shelly.cloud/gen1/#shelly-plug-plug-s",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(seconds=30),
    silent_after=timedelta(seconds=90),
    answers_within=timedelta(seconds=5),
    templates={"root": "shellies/shellyplug-s-{hardware_id}"},
    fail_safe=FailSafe(safe_state=True, enforced_by="auto_on of the relay, over HTTP", after=timedelta(seconds=1800),
                       spread=timedelta(seconds=600)),
)
WATT_MINUTES_PER_WATT_HOUR = 60
STATES = {"on": True, "off": False, "overpower": False}      # overpower: the plug cut itself
PRESENCES = {"true": Presence.ONLINE, "false": Presence.OFFLINE}
COLUMNS = re.compile(r"(?P<root>[^/]+(?:/[^/]+)*?)/(?:relay/0(?:/command)?|online)/?")


@frozen
class Settings:
    """What a plug is set to, over the local network."""

    update_period_s: int = 30
    auto_on_s: int = 1800        # plus a part of its own per device, up to `spread`


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (PLUG_S,)


@hookimpl
def build_topics(device: Device) -> Topics:
    root = device.templates["root"]
    relay = f"{root}/relay/0"
    return Topics(
        command=f"{relay}/command",
        listen={
            relay: Role.SAYS,
            f"{relay}/power": Role.SAYS,
            f"{relay}/energy": Role.SAYS,
            f"{root}/temperature": Role.SAYS,
            f"{root}/overtemperature": Role.SAYS,
            f"{root}/info": Role.SAYS,
            f"{root}/online": Role.PRESENCE,
        },
    )


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    if isinstance(command, Query):      # "update": it says everything again
        return Encoded((Publish(f"{device.templates['root']}/command", b"update"),), None, PLUG_S.answers_within)
    say = Publish(build_topics(device).command, b"on" if command.on else b"off")
    return Encoded((say,), expects=OutputState(command.on), within=PLUG_S.answers_within)


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    match topic.removeprefix(f"{device.templates['root']}/"):
        case "relay/0" if word(payload) in STATES:
            fault = (Fault("overpower"),) if word(payload) == "overpower" else ()
            return (OutputState(STATES[word(payload)]), *fault)
        case "relay/0/power":
            return (Measure(Quantity.POWER, number(payload)),)
        case "relay/0/energy":
            return (Measure(Quantity.ENERGY, number(payload) / WATT_MINUTES_PER_WATT_HOUR),)
        case "temperature":
            return (Measure(Quantity.TEMPERATURE, number(payload), register="internal"),)
        case "overtemperature":
            return (Fault("overtemperature"),) if number(payload) else ()
        case "info":
            return _status(json_object(payload))
    raise BadPayload(f"{topic}: {payload[:80]!r}")


def _status(status: Mapping[str, Any]) -> tuple[Event, ...]:
    """The answer to "update" of newer firmware: the whole of its HTTP /status."""
    events: list[Event] = []
    for relay in _objects(status.get("relays", ())):
        if not isinstance(relay.get("ison"), bool):
            raise BadPayload("a relay that is neither on nor off")
        events.append(OutputState(relay["ison"]))
    for meter in _objects(status.get("meters", ())):
        events.append(Measure(Quantity.POWER, as_number(meter.get("power"))))
        events.append(Measure(Quantity.ENERGY, as_number(meter.get("total")) / WATT_MINUTES_PER_WATT_HOUR))
    return tuple(events)


def _objects(value: object) -> list[Mapping[str, Any]]:
    """The first of a list of objects: a plug has one relay and one meter."""
    if not isinstance(value, list | tuple) or not all(isinstance(each, dict) for each in value):
        raise BadPayload("not a list of objects")
    return list(value[:1])


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    try:
        return PRESENCES[word(payload)]
    except KeyError:
        raise BadPayload(repr(payload[:80])) from None


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    assert PLUG_S.fail_safe is not None
    auto_on = settings.auto_on_s + Random(device.id).randrange(int(PLUG_S.fail_safe.spread.total_seconds()))
    return ConfigPush(
        steps=(
            HttpGet(f"/settings?mqtt_update_period={settings.update_period_s}"),
            HttpGet(f"/settings/relay/0?default_state=on&auto_on={auto_on}"),
        ),
        read_back=(HttpGet("/settings"),),
    )


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/relay/0", command=f"{root}/relay/0/command", lwt=f"{root}/online")


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    for column in (columns.command, columns.control, columns.lwt):
        match = COLUMNS.fullmatch(column.strip().lstrip("/"))
        if match:
            return {"root": match["root"]}, 0
    raise ValueError(f"no topic column tells the root of a Plug S: expected …/relay/0/command, found {columns.command!r}")


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen1.twin import PlugTwin

    return PlugTwin(root=device.templates["root"], seed=seed)


