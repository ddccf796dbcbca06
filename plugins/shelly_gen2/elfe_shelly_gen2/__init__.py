"""Shelly devices of the second generation.

    codec.py      what they say and understand, whatever the device
    plus_1pm.py   the relay
    twin.py       a relay that is not there
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from elfe.devices import (
    Acknowledgement,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    LegacyTopics,
    Presence,
    Publish,
    Query,
    Role,
    Setting,
    Switch,
    Topics,
    Twin,
    UnsupportedCommand,
    hookimpl,
    one_of,
)
from elfe_shelly_gen2 import codec
from elfe_shelly_gen2.plus_1pm import FAIL_SAFE, PLUS_1PM


@frozen
class Settings:
    """What a relay is set to, over MQTT."""

    auto_on_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per device. Not less: the command engine repeats an OFF in time for this much."""
    initial_state: str = field(default="on", metadata={"of": ("on", "off", "restore_last", "match_input")})


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return (PLUS_1PM,)


@hookimpl
def build_topics(device: Device) -> Topics:
    root = device.templates["root"]
    return Topics(
        command=f"{root}/rpc",
        listen={
            f"{root}/status/switch:{device.channel}": Role.SAYS,
            f"{root}/events/rpc": Role.SAYS,
            f"{root}/online": Role.PRESENCE,
            f"{device.reply_to}/rpc": Role.ANSWERS,
        },
    )


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    component = topic.removeprefix(f"{device.templates['root']}/status/")
    return codec.decode_frame(payload) if component == topic else codec.decode_status(component, payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    match command:
        case Switch(on, token):
            say = _request(device, token, "Switch.Set", {"id": device.channel, "on": on})
        case Query(token):
            say = _request(device, token, "Switch.GetStatus", {"id": device.channel})
        case _:
            raise UnsupportedCommand(f"{PLUS_1PM.product}: {command}")
    return Encoded((say,), Acknowledgement(token, ok=True), PLUS_1PM.answers_within)


def _request(device: Device, token: str, method: str, params: Mapping[str, Any]) -> Publish:
    return codec.request(device.templates["root"], device.reply_to, token, method, params)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.PRESENCES)


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    """A changed `mqtt` setting needs a restart, and says so; until then NotifyStatus frames tell the same."""
    delay = settings.auto_on_s + int(FAIL_SAFE.own_part(device.id).total_seconds())
    # `auto_on_delay` is a number in the vendor's documentation; the annex of ours has it as a text.
    # Wired inverted, its home is served when it is open: everything is the other way round.
    timer, initial = ("auto_on", settings.initial_state) if device.serves_when else ("auto_off", "off")
    switch = {"initial_state": initial, timer: True, f"{timer}_delay": delay}
    mqtt = {"status_ntf": True}
    wanted = {"id": device.channel, "config": {"id": device.channel, **switch}}
    return ConfigPush(
        steps=(_request(device, "config-switch", "Switch.SetConfig", wanted),
               _request(device, "config-mqtt", "Mqtt.SetConfig", {"config": mqtt})),
        read_back=(_request(device, "read-switch", "Switch.GetConfig", {"id": device.channel}),
                   _request(device, "read-mqtt", "Mqtt.GetConfig", {})),
        expects=(*(Setting(f"switch:{device.channel}.{name}", codec.shown(value)) for name, value in switch.items()),
                 *(Setting(f"mqtt.{name}", codec.shown(value)) for name, value in mqtt.items())),
    )


# -- the first command engine's columns -------------------------------------------------------------------------------

COLUMNS = re.compile(r"(?P<root>[^/+#]+(?:/[^/+#]+)*?)/(?:status/switch:(?P<channel>\d{1,2})|(?:events/)?rpc|online)")
REPLY_COLUMN = re.compile(r"controle/(?P<root>[^/+#]+)")      # the annex names the reply topic: /controle/D003


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    """The first command engine names the control column as `src`, and listens for the answer on `<control>/rpc`."""
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/status/switch:{device.channel}", command=f"{root}/rpc", lwt=f"{root}/online")


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    for shape in (COLUMNS, REPLY_COLUMN):      # the reply topic tells the least: it is asked last
        for column in (columns.control, columns.command, columns.lwt):
            match = shape.fullmatch(column.strip().strip("/"))
            if match:
                return {"root": match["root"]}, int(match.groupdict().get("channel") or 0)
    raise ValueError(f"no topic column tells the prefix of a Plus 1PM: expected D003/rpc, found {columns.command!r}")


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen2.twin import Plus1PmTwin

    return Plus1PmTwin(root=device.templates["root"], seed=seed)
