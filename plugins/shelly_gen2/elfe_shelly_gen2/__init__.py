"""Shelly devices of the second generation and later: one dialect, JSON-RPC, and a table of types.

    devices.py    the relays, plugs and thermometers
    codec.py      what they say
    requests.py   what they are told
    twin.py       devices that are not there
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from elfe.devices import (
    Acknowledgement,
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
from elfe_shelly_gen2.devices import FAIL_SAFE, LEASE, ROWS, TYPES, WITHOUT_INPUT
from elfe_shelly_gen2.requests import call, http, method_of, named


@frozen
class Settings:
    """What a device is set to, over MQTT."""

    auto_on_s: int = field(default=1800, metadata={"from": 1800, "to": 64_000})
    """Plus a part of its own per device. Not less: the command engine repeats an OFF in time for this much."""
    initial_state: str = field(default="on", metadata={"of": ("on", "off", "restore_last", "match_input")})
    report_c: float = field(default=0.5, metadata={"from": 0.5, "to": 5})      # a change that wakes a thermometer
    report_rh: float = field(default=10.0, metadata={"from": 1, "to": 20})     # its factory's 5 % costs its battery more
    restart: bool = False
    """Whether a push ends with a restart, after which a changed `status_ntf` is in force. The relay takes its initial state."""


@hookimpl
def device_types() -> tuple[DeviceType, ...]:
    return tuple(TYPES.values())


def _is_thermometer(device: Device) -> bool:
    return TYPES[device.type_id].can(Capability.AMBIENT)


def _says(device: Device) -> tuple[str, ...]:
    """The components whose status we keep, as they are named in topics."""
    if _is_thermometer(device):
        return ("temperature:0", "humidity:0", "devicepower:0", "sys", "wifi")
    return (f"switch:{device.channel}", "sys", "wifi")


@hookimpl
def build_topics(device: Device) -> Topics:
    root = device.templates["root"]
    return Topics(
        command=f"{root}/rpc",
        listen={
            **{f"{root}/status/{component}": Role.SAYS for component in _says(device)},
            f"{root}/events/rpc": Role.SAYS,
            f"{root}/online": Role.PRESENCE,
            f"{device.reply_to}/rpc": Role.ANSWERS,
        },
        reads=(f"{root}/rpc", f"{root}/command", f"{root}/command/+"),
        writes=(f"{root}/status/+", f"{root}/events/rpc", f"{root}/online"),
    )


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    component = topic.removeprefix(f"{device.templates['root']}/status/")
    return codec.decode_frame(payload) if component == topic else codec.decode_status(component, payload)


@hookimpl
def encode_command(device: Device, command: Command) -> Encoded:
    type_ = TYPES[device.type_id]
    if not type_.can(Capability.SWITCH):
        raise UnsupportedCommand(f"{type_.product}: {command}")
    match command:
        case Switch(on, token):
            say = call(device, token, "Switch.Set", id=device.channel, on=on, **_lease(device, on))
        case Query(token):
            say = call(device, token, "Switch.GetStatus", id=device.channel)
        case _:
            raise UnsupportedCommand(f"{type_.product}: {command}")
    return Encoded((say,), Acknowledgement(token, ok=True), type_.answers_within)


def _lease(device: Device, on: bool) -> dict[str, int]:
    """What its home does not want holds for so long behind the last order: a timer in its memory, its flash is spared."""
    holds = LEASE + FAIL_SAFE.own_part(device.id)
    return {} if on == device.serves_when else {"toggle_after": int(holds.total_seconds())}


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    return one_of(payload, codec.SLEEPERS_PRESENCES if _is_thermometer(device) else codec.PRESENCES)


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    """`status_ntf` is in force after the next restart: the answer says `restart_required`, and `sys` until it is done."""
    wanted = _thresholds(settings) if _is_thermometer(device) else _relay_config(device, settings)
    steps = [call(device, f"config-{name}", _method(name, "SetConfig"), **_params(name, config=config))
             for name, config in wanted.items()]
    read_back = [call(device, f"read-{name}", _method(name, "GetConfig"), **_params(name)) for name in wanted]
    expects = {key: value for name, config in wanted.items() for key, value in named(name, config).items()}
    if settings.restart:
        steps.append(call(device, "restart", "Shelly.Reboot"))
        expects["restart_required"] = False
    return ConfigPush(tuple(steps), (*read_back, call(device, "read-sys", "Sys.GetStatus")), _expected(expects))


def _relay_config(device: Device, settings: Settings) -> dict[str, dict[str, Any]]:
    """Its fail-safe and its notifications, by component.

    `auto_on_delay` is a number in the vendor's documentation; the annex of ours has it as a text. Wired inverted, its home
    is served when it is open: everything is the other way round. A timer that somebody left the other way would cut it.
    """
    delay = settings.auto_on_s + int(FAIL_SAFE.own_part(device.id).total_seconds())
    timer, other, initial = (("auto_on", "auto_off", settings.initial_state) if device.serves_when
                             else ("auto_off", "auto_on", "off"))
    if initial == "match_input" and device.type_id in WITHOUT_INPUT:
        initial = "restore_last"
    return {f"switch:{device.channel}": {"initial_state": initial, timer: True, f"{timer}_delay": delay, other: False},
            "mqtt": {"rpc_ntf": True, "status_ntf": True}}


def _thresholds(settings: Settings) -> dict[str, dict[str, Any]]:
    """What wakes a thermometer. It tells its whole status when it wakes: it needs no `status_ntf`."""
    return {"temperature:0": {"report_thr_C": settings.report_c}, "humidity:0": {"report_thr": settings.report_rh}}


def _method(component: str, verb: str) -> str:
    return f"{component.partition(':')[0].capitalize()}.{verb}"


def _params(component: str, **params: Any) -> dict[str, Any]:
    number = component.partition(":")[2]
    return {"id": int(number), **params} if number else params


def _expected(wanted: Mapping[str, Any]) -> tuple[Setting, ...]:
    return tuple(Setting(name, codec.shown(value)) for name, value in wanted.items())


@hookimpl
def decode_http(device: Device, path: str, body: bytes) -> tuple[Event, ...]:
    return codec.decode_body(method_of(path), body)


@hookimpl
def onboard(device: Device, network: Network) -> ConfigPush:
    """Over its own access point (192.168.33.1) or the home's network; the restart puts `mqtt` in force.

    Its Wi-Fi comes last of the settings: what follows may find it elsewhere. Where it has a password, HTTP asks for it.
    """
    mqtt = {
        "enable": True, "server": f"{network.host}:{network.port}", "client_id": network.username, "user": network.username,
        "ssl_ca": "ca.pem" if network.tls else None, "topic_prefix": device.templates["root"],
        "enable_rpc": True, "rpc_ntf": True, "status_ntf": not _is_thermometer(device),
    }
    steps = [http("Mqtt.SetConfig", config={**mqtt, "pass": network.password}),
             http("Sys.SetConfig", config={"device": {"name": device.id}})]
    read_back, expects = [http("Mqtt.GetConfig")], named("mqtt", mqtt)
    if network.wifi:
        sta = {"ssid": network.wifi, "enable": True}
        steps.append(http("Wifi.SetConfig", config={"sta": {
            **sta, "pass": network.wifi_password or None, "is_open": not network.wifi_password}}))
        read_back.append(http("Wifi.GetConfig"))
        expects |= named("wifi.sta", sta)
    return ConfigPush((*steps, http("Shelly.Reboot")), tuple(read_back), _expected(expects))


@hookimpl
def firmware(device: Device, running: str) -> FirmwareSteps:
    """The version that runs and the newer one are two answers, each with its half. It fetches an update by itself."""
    return FirmwareSteps(
        read=(call(device, "firmware", "Shelly.GetDeviceInfo"), call(device, "firmware-newer", "Shelly.CheckForUpdate")),
        update=(call(device, "firmware-update", "Shelly.Update", stage="stable"),),
    )


# -- the first command engine's columns -------------------------------------------------------------------------------

COLUMNS = re.compile(r"(?P<root>[^/+#]+(?:/[^/+#]+)*?)/(?:status/switch:(?P<channel>\d{1,2})|(?:events/)?rpc|online)")
REPLY_COLUMN = re.compile(r"controle/(?P<root>[^/+#]+)")      # the annex names the reply topic: /controle/D003


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    """The first command engine names the control column as `src`, and listens for the answer on `<control>/rpc`."""
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/status/{_says(device)[0]}", command=f"{root}/rpc", lwt=f"{root}/online")


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    for shape in (COLUMNS, REPLY_COLUMN):      # the reply topic tells the least: it is asked last
        for column in (columns.control, columns.command, columns.lwt):
            match = shape.fullmatch(column.strip().strip("/"))
            if match:
                return {"root": match["root"]}, int(match.groupdict().get("channel") or 0)
    raise ValueError(f"no topic column tells the prefix of a Plus 1PM: expected D003/rpc, found {columns.command!r}")


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen2.twin import Relay, Thermometer

    row, root, period = ROWS[device.type_id], device.templates["root"], TYPES[device.type_id].publishes_every
    if _is_thermometer(device):
        return Thermometer(root=root, seed=seed, period=period, model=row.model, generation=row.generation)
    return Relay(root=root, seed=seed, period=period, count=row.outputs, model=row.model, generation=row.generation)
