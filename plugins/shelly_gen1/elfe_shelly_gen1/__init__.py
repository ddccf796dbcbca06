"""Shelly devices of the first generation.

    codec.py    what they say, whatever the device
    plug_s.py   the plug
    twin.py     a plug that is not there
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

from attrs import field, frozen

from elfe.devices import (
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    HttpGet,
    LegacyTopics,
    OutputState,
    Presence,
    Publish,
    Query,
    Setting,
    Switch,
    Topics,
    Twin,
    UnsupportedCommand,
    hookimpl,
    one_of,
)
from elfe_shelly_gen1 import codec
from elfe_shelly_gen1.plug_s import FAIL_SAFE, LISTEN, PLUG_S


@frozen
class Settings:
    """What a plug is set to, over the local network."""

    update_period_s: int = field(default=30, metadata={"from": 1, "to": 3600})
    auto_on_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per device. Not less: the command engine repeats an OFF in time for this much."""


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (PLUG_S,)


@hookimpl
def build_topics(device: Device) -> Topics:
    root = device.templates["root"]
    return Topics(f"{root}/relay/0/command", {f"{root}/{name}": role for name, role in LISTEN.items()})


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(topic.removeprefix(f"{device.templates['root']}/"), payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    match command:
        case Switch(on):
            say = Publish(build_topics(device).command, b"on" if on else b"off")
            return Encoded((say,), expects=OutputState(on), within=PLUG_S.answers_within)
        case Query():      # "update": it says everything again
            return Encoded((Publish(f"{device.templates['root']}/command", b"update"),), None, PLUG_S.answers_within)
    raise UnsupportedCommand(f"{PLUG_S.product}: {command}")


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    delay = settings.auto_on_s + int(FAIL_SAFE.own_part(device.id).total_seconds())
    # Wired inverted, its home is served when it is open: everything is the other way round.
    relay = {"default_state": "on", "auto_on": delay} if device.serves_when else {"default_state": "off", "auto_off": delay}
    return ConfigPush(
        steps=(HttpGet(f"/settings?mqtt_update_period={settings.update_period_s}"),
               HttpGet(f"/settings/relay/0?{urlencode(relay)}")),
        read_back=(HttpGet("/settings/relay/0"),),
        expects=tuple(Setting(f"relay/0.{name}", str(value)) for name, value in relay.items()),
    )


@hookimpl
def decode_http(device: Device, path: str, body: bytes) -> tuple[Event, ...]:
    return codec.decode_relay_settings(body)


COLUMNS = re.compile(r"(?P<root>[^/+#]+(?:/[^/+#]+)*?)/(?:relay/0(?:/(?:command|power|energy))?|online)")


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/relay/0", command=f"{root}/relay/0/command", lwt=f"{root}/online")


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    for column in (columns.command, columns.control, columns.lwt):
        match = COLUMNS.fullmatch(column.strip().strip("/"))
        if match:
            return {"root": match["root"]}, 0
    raise ValueError(f"no topic column tells the root of a Plug S: expected shellies/shellyplug-s-A8BC25/relay/0/command, "
                     f"found {columns.command!r}")


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen1.twin import PlugTwin

    return PlugTwin(root=device.templates["root"], seed=seed)
