"""Devices that run Tasmota: one dialect, a module per type.

    codec.py      what Tasmota says and understands, whatever the device
    nous_a1t.py   the plug
    teleinfo.py   the relay and TIC reader
    twin.py       a device that is not there
"""

from __future__ import annotations

from collections.abc import Mapping

from elfe.devices import (
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    LegacyTopics,
    Presence,
    Topics,
    Twin,
    hookimpl,
    one_of,
)
from elfe_tasmota import codec
from elfe_tasmota.codec import Settings
from elfe_tasmota.nous_a1t import NOUS_A1T
from elfe_tasmota.teleinfo import TELEINFO

TYPES = {each.id: each for each in (NOUS_A1T, TELEINFO)}


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return tuple(TYPES.values())


@hookimpl
def build_topics(device: Device) -> Topics:
    return codec.topics(device)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    return codec.encode(device, command, TYPES[device.type_id].answers_within)


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(device, topic, payload)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    return codec.configure(device, TYPES[device.type_id], settings)


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    return codec.render_columns(device)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    return codec.parse_columns(columns)


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_tasmota.twin import TasmotaTwin

    return TasmotaTwin(device=device, seed=seed, period=TYPES[device.type_id].publishes_every,
                       reads_tic=device.type_id == TELEINFO.id)
