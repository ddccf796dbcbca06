"""The contract of a driver, whole. A plugin is a module whose plain functions answer these questions.

Each device type is routed to exactly one plugin: nothing is broadcast, so the wrong dialect on a wire is impossible.
A hook that is absent is a capability that is absent. Signatures must be full (the conformance kit asks for it):
after its checks the core calls the plain functions, not pluggy.

Codecs are pure and total: what cannot be read raises `BadPayload`, never another exception, never half an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pluggy import HookimplMarker, HookspecMarker

from elfe.devices.values import (
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
)

if TYPE_CHECKING:
    from elfe.devices.twins import Twin

GROUP = "elfe"
"""The entry-point group in which plugins are found, and the name of the pluggy project."""

hookspec = HookspecMarker(GROUP)
hookimpl = HookimplMarker(GROUP)


@hookspec
def device_types() -> tuple[DeviceType, ...]:  # type: ignore[empty-body]
    """The device types that I drive."""


@hookspec
def build_topics(device: Device) -> Topics:  # type: ignore[empty-body]
    """Topic building: where the device listens, and what it says where."""


@hookspec
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:  # type: ignore[empty-body]
    """Everything that one message says, of all its channels, in our units. An empty tuple: understood, nothing for us."""


@hookspec
def encode_command(device: Device, command: Command) -> Encoded:  # type: ignore[empty-body]
    """Command encoding: the messages that carry `command`, and the event that will prove that it was heard."""


@hookspec
def parse_lwt(device: Device, payload: bytes) -> Presence:  # type: ignore[empty-body]
    """LWT parsing: is it there?"""


@hookspec
def push_config(device: Device, settings: Any) -> ConfigPush:  # type: ignore[empty-body]
    """Config push: what brings the device to `settings` (an instance of my class of settings), fail-safe included."""


@hookspec
def decode_http(device: Device, path: str, body: bytes) -> tuple[Event, ...]:  # type: ignore[empty-body]
    """Everything that the answer to an `HttpGet` says, as `decode_message` does for a message."""


@hookspec
def onboard(device: Device, network: Network) -> ConfigPush:  # type: ignore[empty-body]
    """What brings a unit fresh out of its box onto our broker: over the local network or a cable, never MQTT."""


@hookspec
def firmware(device: Device, running: str) -> FirmwareSteps:  # type: ignore[empty-body]
    """How its firmware is read, and what forces the next one upon a device that runs `running` ("": not known)."""


@hookspec
def render_legacy_topics(device: Device) -> LegacyTopics:  # type: ignore[empty-body]
    """The topic columns that the first command engine needs to drive the same device."""


@hookspec
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:  # type: ignore[empty-body]
    """The templates and the channel of a device whose row was filled by hand."""


@hookspec
def settings() -> type:  # type: ignore[empty-body]
    """My class of settings (frozen attrs, every field with a default), read from `[plugins.<name>]` of elfe.toml."""


@hookspec
def simulate(device: Device, seed: int) -> Twin:  # type: ignore[empty-body]
    """Simulation: a twin that speaks the same wire."""
