"""SwitchBot Bots behind a gateway on an ESP32.

    bot.py     the finger: what is true of every one
    codec.py   what its gateway says and understands
    twin.py    a gateway with its bot that are not there
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
    FirmwareSteps,
    LegacyTopics,
    Presence,
    Topics,
    Twin,
    hookimpl,
    one_of,
)
from elfe_switchbot import codec
from elfe_switchbot.bot import BOT
from elfe_switchbot.codec import Settings


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (BOT,)


@hookimpl
def build_topics(device: Device) -> Topics:
    return codec.topics(device)


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(topic, payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    return codec.encode(device, command, BOT.answers_within)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    return codec.configure(device, settings)


@hookimpl
def firmware(device: Device, running: str) -> FirmwareSteps:
    """The bot's own. It is updated in the vendor's app, and the gateway on its own web page: by a person each."""
    return FirmwareSteps(read=(codec.ask_settings(device),))


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    return codec.render_columns(device)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    return codec.parse_columns(columns)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_switchbot.twin import GatewayTwin

    return GatewayTwin(gateway=device.templates["gateway"], bot=device.templates["bot"], seed=seed, period=BOT.publishes_every)
