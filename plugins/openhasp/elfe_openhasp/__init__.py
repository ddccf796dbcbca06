"""Screens that run openHASP.

    core2.py     the ELFI screen
    codec.py     what a screen says, its settings, its topics
    jsonl.py     what it is told to show
    console.py   what is typed on its serial console
    twin.py      a screen that is not there
    picture.py   what it would look like
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
    Network,
    Presence,
    Publish,
    Query,
    Render,
    Topics,
    Twin,
    UnsupportedCommand,
    hookimpl,
    one_of,
)
from elfe_openhasp import codec, console, jsonl
from elfe_openhasp.codec import Settings
from elfe_openhasp.core2 import CORE2


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (CORE2,)


@hookimpl
def build_topics(device: Device) -> Topics:
    return codec.topics(device)


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(topic, payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    """A screen never says what it shows: nothing is expected of a `Render`."""
    match command:
        case Render(widgets):
            topic = codec.topics(device).command
            publishes = tuple(Publish(topic, each.encode()) for each in jsonl.payloads(widgets, topic))
        case Query():
            publishes = (codec.ask_status(device),)
        case _:
            raise UnsupportedCommand(f"{CORE2.product}: {command}")
    return Encoded(publishes, expects=None, within=CORE2.answers_within)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    return codec.configure(device, settings)


@hookimpl
def onboard(device: Device, network: Network) -> ConfigPush:
    return console.onboard(codec.node(device), network)


@hookimpl
def firmware(device: Device, running: str) -> FirmwareSteps:
    return codec.firmware(device)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    return codec.parse_columns(columns)


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    return codec.render_columns(device)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_openhasp.twin import ScreenTwin

    return ScreenTwin(node=codec.node(device), seed=seed)
