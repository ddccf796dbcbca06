"""Socorel PLCs.

    automate.py   the PLC: what is true of every one
    codec.py      what it says and understands
    twin.py       a PLC that is not there
"""

from __future__ import annotations

from collections.abc import Mapping

from elfe.devices import Command, Device, DeviceType, Encoded, Event, LegacyTopics, Topics, Twin, hookimpl
from elfe_socorel import codec
from elfe_socorel.automate import AUTOMATE


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (AUTOMATE,)


@hookimpl
def build_topics(device: Device) -> Topics:
    return codec.topics(device)


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(device, topic, payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    return codec.encode(device, command, AUTOMATE.answers_within)


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    return codec.render_columns(device)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    return codec.parse_columns(columns)


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_socorel.twin import AutomateTwin

    return AutomateTwin(root=device.templates["root"], watts_per_unit=codec.watts_per_unit(device), seed=seed,
                        period=AUTOMATE.publishes_every)
