"""Shelly devices of the first generation.

    codec.py    what they say, whatever the model
    kind.py     what tells one model from the next, and their settings
    plug_s.py   the plug
    ht.py       the thermometer
    twin.py     devices that are not there
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import asdict, evolve

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
    OutputState,
    Presence,
    Publish,
    Query,
    Role,
    Switch,
    Topics,
    Twin,
    UnsupportedCommand,
    hookimpl,
    one_of,
)
from elfe_shelly_gen1 import codec
from elfe_shelly_gen1.ht import THERMOMETER
from elfe_shelly_gen1.kind import Kind, Settings, Wanted, ask, push
from elfe_shelly_gen1.plug_s import PLUG

KINDS: Mapping[int, Kind] = {each.type.id: each for each in (PLUG, THERMOMETER)}
FAMILY = "shellies/"
"""Every topic of the first generation begins with it; what follows is the device's MQTT id."""


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return tuple(each.type for each in KINDS.values())


@hookimpl
def build_topics(device: Device) -> Topics:
    root, kind = device.templates["root"], KINDS[device.type_id]
    says = {f"{root}/{name}": Role.SAYS for name in kind.listen}
    return Topics(_command_topic(device), {**says, f"{root}/online": Role.PRESENCE},
                  reads=(f"{root}/command", f"{root}/relay/0/command", "shellies/command"),
                  writes=(f"{root}/#", "shellies/announce"))


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    return codec.decode(KINDS[device.type_id].says, topic.removeprefix(f"{device.templates['root']}/"), payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    type_ = KINDS[device.type_id].type
    match command:
        case Switch(on) if type_.outputs:
            say = Publish(_command_topic(device), b"on" if on else b"off")
            return Encoded((say,), expects=OutputState(on), within=type_.answers_within)
        case Query() if type_.outputs:      # "update": it says its state again
            return Encoded((_tell(device, b"update"),), None, type_.answers_within)
    raise UnsupportedCommand(f"{type_.product}: {command}")


def _command_topic(device: Device) -> str:
    command = KINDS[device.type_id].command
    return f"{device.templates['root']}/{command}" if command else ""


def _tell(device: Device, word: bytes) -> Publish:
    """What every model understands, whatever it is: announce, update, update_fw."""
    return Publish(f"{device.templates['root']}/command", word)


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, KINDS[device.type_id].presences)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    kind = KINDS[device.type_id]
    restart = settings.restart and kind.type.outputs > 0      # a thermometer restarts at each report
    return push(kind.model, kind.wants(device, settings), then=(ask("/reboot"),) if restart else ())


@hookimpl
def decode_http(device: Device, path: str, body: bytes) -> tuple[Event, ...]:
    return codec.decode(KINDS[device.type_id].answers, path.partition("?")[0], body)


@hookimpl
def onboard(device: Device, network: Network) -> ConfigPush:
    """Over its own access point (192.168.33.1) or the home's network; the restart puts MQTT in force.

    Its Wi-Fi comes last of the settings: it is applied at once, and what follows finds the unit on the home's network.
    """
    root = device.templates["root"]
    if network.tls:
        raise ValueError("a Shelly of the first generation speaks no TLS: give it a listener without TLS, within a tunnel")
    if not root.startswith(FAMILY) or root == FAMILY:
        raise ValueError(f"a Shelly of the first generation speaks under {FAMILY}<its id>: its root cannot be {root}")
    broker: Mapping[str, str | bool] = {
        "enable": True, "server": f"{network.host}:{network.port}", "user": network.username,
        "id": root.removeprefix(FAMILY), "retain": False,
    }
    rows = [*(Wanted("/settings", f"mqtt_{name}", value, f"mqtt.{name}") for name, value in broker.items()),
            Wanted("/settings", "mqtt_pass", network.password)]
    if network.wifi:
        rows += [Wanted("/settings/sta", "enabled", True, "wifi_sta.enabled"),
                 Wanted("/settings/sta", "ssid", network.wifi, "wifi_sta.ssid"),
                 Wanted("/settings/sta", "key", network.wifi_password)]
    return push(KINDS[device.type_id].model, rows, then=(ask("/reboot"),))


# -- firmware -------------------------------------------------------------------------------------------------------------

ANNOUNCES_ITSELF = (1, 6, 0)
"""Before, it announces itself only on `shellies/announce`, a topic that all share."""


def _numbers(running: str) -> tuple[int, ...]:
    """`1.14.0`, or the whole build's name, as numbers that compare; empty when it is not known."""
    found = re.match(r"\d+(?:\.\d+)+", codec.version(running))
    return tuple(int(each) for each in found[0].split(".")) if found else ()


@hookimpl
def firmware(device: Device, running: str) -> FirmwareSteps:
    """Read over MQTT where it answers there, or over HTTP; where nothing is known of it, both are given.

    `update_fw` updates when its vendor offers something newer, and does nothing otherwise. Who sleeps hears no message:
    its steps are for its three minutes awake.
    """
    kind, runs = KINDS[device.type_id], _numbers(running)
    over_mqtt, over_http = (_tell(device, b"announce"),), (ask("/ota"),)
    if not kind.type.outputs:
        return FirmwareSteps(read=over_http, update=(ask("/ota", update=True),))
    read = (*over_mqtt, *over_http) if not runs else over_mqtt if runs >= ANNOUNCES_ITSELF else over_http
    stone = next((each for each in kind.stones if runs and runs < each.below), None)
    if stone is not None:
        return FirmwareSteps(read, update=(ask(stone.path),), brings=stone.brings)
    return FirmwareSteps(read, update=(_tell(device, b"update_fw"),))


# -- the first command engine's columns -----------------------------------------------------------------------------------


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    root, columns = device.templates["root"], KINDS[device.type_id].columns
    named = {column: f"{root}/{name}" for column, name in asdict(columns).items() if name != "aucun"}
    return evolve(columns, **named)


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    kind = KINDS[type_id]
    shape = re.compile(rf"(?P<root>[^/+#]+(?:/[^/+#]+)*?)/(?:{kind.hand_filled})")
    for column in (columns.command, columns.control, columns.lwt):
        match = shape.fullmatch(column.strip().strip("/"))
        if match:
            return {"root": match["root"]}, 0
    root = kind.type.templates["root"].format(id=f"{kind.type.letter}002", hardware_id="A8BC25")
    raise ValueError(f"no topic column tells the root of a {kind.type.product}: expected {root}/{kind.command or 'online'}, "
                     f"found {columns.command!r}")


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen1.twin import HtTwin, PlugTwin

    root, period = device.templates["root"], KINDS[device.type_id].type.publishes_every
    return PlugTwin(root=root, seed=seed, period=period) if device.type_id == PLUG.type.id \
        else HtTwin(root=root, seed=seed, period=period)
