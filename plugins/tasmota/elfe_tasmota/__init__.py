"""Devices that run Tasmota: one dialect, and a table of types.

    devices.py    the plug, the TIC readers, any plug or relay
    topics.py     where they listen and speak
    codec.py      what they say
    orders.py     what they are told
    twin.py       devices that are not there
"""

from __future__ import annotations

from collections.abc import Mapping

from elfe.devices import (
    Capability,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FirmwareSteps,
    LegacyTopics,
    Network,
    Presence,
    Topics,
    Twin,
    UnsupportedCommand,
    hookimpl,
    one_of,
)
from elfe_tasmota import codec, orders, topics
from elfe_tasmota.devices import READS_TIC, TYPES
from elfe_tasmota.orders import Settings


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return tuple(TYPES.values())


@hookimpl
def build_topics(device: Device) -> Topics:
    return topics.topics(device, switches=TYPES[device.type_id].can(Capability.SWITCH))


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(topic[topic.rfind("/") + 1:], payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    type_ = TYPES[device.type_id]
    if not type_.can(Capability.SWITCH):
        raise UnsupportedCommand(f"{type_.product}: {command}")
    return orders.encode(device, command, type_.answers_within)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    return orders.configure(device, TYPES[device.type_id], settings)


@hookimpl
def decode_http(device: Device, path: str, body: bytes) -> tuple[Event, ...]:
    return codec.decode_body(path, body)


@hookimpl
def onboard(device: Device, network: Network) -> ConfigPush:
    return orders.lead(device, TYPES[device.type_id], network)


@hookimpl
def firmware(device: Device, running: str) -> FirmwareSteps:
    return orders.upgrade(device, running)


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    return topics.render_columns(device)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    return topics.parse_columns(columns)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    """A unit with as many relays as reach the device's channel."""
    from elfe_tasmota.twin import TasmotaTwin

    type_ = TYPES[device.type_id]
    return TasmotaTwin(device=device, seed=seed, period=type_.publishes_every, tic="historique" if type_.id in READS_TIC else "",
                       relays=device.channel + 1 if type_.can(Capability.SWITCH) else 0)
