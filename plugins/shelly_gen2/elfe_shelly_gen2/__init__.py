"""Shelly Plus 1PM, second generation: https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch

It is spoken to by JSON-RPC. Its answer comes on `<src>/rpc`, where `src` is what the request named: a topic per device
that only that device may write. `status_ntf` is off out of the box: until it is pushed, the state comes only as partial
`NotifyStatus` frames, which carry changed attributes alone. QoS 1 at most. An error frame is an answer too: a refusal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from attrs import frozen

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Capability,
    Command,
    ConfigPush,
    Device,
    DeviceType,
    Encoded,
    Event,
    FailSafe,
    Fault,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Query,
    Role,
    Setting,
    Topics,
    Twin,
    as_number,
    hookimpl,
    json_object,
    word,
)

PLUS_1PM = DeviceType(
    id=411,
    name="shellyplus1pm_shellycloud_v1",
    product="Shelly Plus 1PM",
    vendor_url="https://shelly-api-docs.shelly.cloud/gen2/Devices/Gen2/ShellyPlus1PM",
    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
    publishes_every=timedelta(minutes=1),
    silent_after=timedelta(minutes=3),
    answers_within=timedelta(seconds=5),
    templates={"root": "{id}"},      # Gen2 `topic_prefix`
    # Whether a repeated OFF re-arms auto_on is not documented and was not tried on hardware.
    fail_safe=FailSafe(safe_state=True, enforced_by="auto_on of the switch", after=timedelta(seconds=1800),
                       spread=timedelta(seconds=600)),
)
PRESENCES = {"true": Presence.ONLINE, "false": Presence.OFFLINE}
MEASURES = {                              # attribute of a switch → quantity
    "apower": Quantity.POWER,             # W
    "voltage": Quantity.VOLTAGE,
    "current": Quantity.CURRENT,
    "freq": Quantity.FREQUENCY,
    "pf": Quantity.POWER_FACTOR,
}
COMPONENT = re.compile(r"(?:switch|pm1):(\d{1,2})")
COLUMNS = re.compile(r"(?P<root>[^/]+(?:/[^/]+)*?)/(?:status/switch:(?P<channel>\d+)|(?:events/)?rpc|online)/?")
REPLY_COLUMN = re.compile(r"controle/(?P<root>[^/]+)")      # the annex names the reply topic: /controle/D003


@frozen
class Settings:
    """What a relay is set to, over MQTT."""

    auto_on_s: int = 1800        # plus a part of its own per device, up to `spread`
    initial_state: str = "on"


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
def encode_command(device: Device, command: Command) -> Encoded:
    within = PLUS_1PM.answers_within
    if isinstance(command, Query):
        ask = _request(device, command.token, "Switch.GetStatus", {"id": device.channel})
        return Encoded((ask,), Acknowledgement(command.token, ok=True), within)
    say = _request(device, command.token, "Switch.Set", {"id": device.channel, "on": command.on})
    return Encoded((say,), Acknowledgement(command.token, ok=True), within)


def _request(device: Device, token: str, method: str, params: Mapping[str, Any]) -> Publish:
    frame = {"id": token, "src": device.reply_to, "method": method, "params": params}
    return Publish(f"{device.templates['root']}/rpc", json.dumps(frame, separators=(",", ":")).encode())


@hookimpl
def decode_message(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    said = json_object(payload)
    match topic.removeprefix(f"{device.templates['root']}/").partition("/")[0]:
        case "status":
            return tuple(_switch(said, int(topic.rpartition(":")[2])))
        case "events":
            return tuple(_notification(said))
    return tuple(_answer(said))


def _notification(frame: Mapping[str, Any]) -> Iterator[Event]:
    """NotifyStatus and NotifyFullStatus: components by name. NotifyEvent says nothing that we keep."""
    if frame.get("method") not in {"NotifyStatus", "NotifyFullStatus"}:
        return
    for name, component in _object(frame.get("params")).items():
        match = COMPONENT.fullmatch(name)
        if match:
            yield from _switch(_object(component), int(match[1]))


def _answer(frame: Mapping[str, Any]) -> Iterator[Event]:
    token = frame.get("id")
    if isinstance(token, bool) or not isinstance(token, str | int):
        raise BadPayload("an answer without the id of its request")
    if "error" in frame:
        error = _object(frame["error"])
        yield Acknowledgement(str(token), ok=False, detail=f"{error.get('code')} {error.get('message', '')}".strip())
        return
    if "result" not in frame:
        raise BadPayload("neither a result nor an error")
    yield Acknowledgement(str(token), ok=True)
    result = frame["result"]
    if isinstance(result, dict):
        yield from _result(result)


def _result(result: Mapping[str, Any]) -> Iterator[Event]:
    """What else an answer says: the status of a switch, or a configuration read back."""
    if "output" in result:
        yield from _switch(result, _channel(result))
    elif "initial_state" in result:
        yield from _settings(f"switch:{_channel(result)}", result)
    elif "status_ntf" in result:
        yield from _settings("mqtt", result)


def _settings(of: str, config: Mapping[str, Any]) -> Iterator[Event]:
    return (Setting(f"{of}.{name}", json.dumps(value)) for name, value in config.items())


def _switch(status: Mapping[str, Any], channel: int) -> Iterator[Event]:
    """A switch's status, whole or partial: what is not there has not changed, null is not known."""
    if "output" in status:
        if not isinstance(status["output"], bool):
            raise BadPayload("an output that is neither true nor false")
        yield OutputState(status["output"], channel)
    for name, quantity in MEASURES.items():
        if status.get(name) is not None:
            yield Measure(quantity, as_number(status[name]), channel)
    if _object(status.get("aenergy") or {}).get("total") is not None:
        yield Measure(Quantity.ENERGY, as_number(status["aenergy"]["total"]), channel)      # Wh
    if _object(status.get("temperature") or {}).get("tC") is not None:
        yield Measure(Quantity.TEMPERATURE, as_number(status["temperature"]["tC"]), channel, register="internal")
    for error in _list(status.get("errors") or []):
        yield Fault(str(error), channel)


def _channel(component: Mapping[str, Any]) -> int:
    channel = component.get("id", 0)
    if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < 100:
        raise BadPayload("a component without its number")
    return channel


def _object(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadPayload(f"not an object: {str(value)[:80]}")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise BadPayload(f"not a list: {str(value)[:80]}")
    return value


@hookimpl
def parse_lwt(device: Device, payload: bytes) -> Presence:
    try:
        return PRESENCES[word(payload)]
    except KeyError:
        raise BadPayload(repr(payload[:80])) from None


@hookimpl
def settings() -> type:
    return Settings


@hookimpl
def push_config(device: Device, settings: Settings) -> ConfigPush:
    assert PLUS_1PM.fail_safe is not None
    delay = settings.auto_on_s + Random(device.id).randrange(int(PLUS_1PM.fail_safe.spread.total_seconds()))
    switch = {"initial_state": settings.initial_state, "auto_on": True, "auto_on_delay": float(delay)}
    mqtt = {"status_ntf": True}
    wanted = {"id": device.channel, "config": {"id": device.channel, **switch}}
    return ConfigPush(
        steps=(_request(device, "config-switch", "Switch.SetConfig", wanted),
               _request(device, "config-mqtt", "Mqtt.SetConfig", {"config": mqtt})),
        read_back=(_request(device, "read-switch", "Switch.GetConfig", {"id": device.channel}),
                   _request(device, "read-mqtt", "Mqtt.GetConfig", {})),
        expects=(*(Setting(f"switch:{device.channel}.{name}", json.dumps(value)) for name, value in switch.items()),
                 *(Setting(f"mqtt.{name}", json.dumps(value)) for name, value in mqtt.items())),
    )


@hookimpl
def render_legacy_topics(device: Device) -> LegacyTopics:
    """The first command engine names the control column as `src`, and listens for the answer on `<control>/rpc`."""
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/status/switch:{device.channel}", command=f"{root}/rpc", lwt=f"{root}/online")


@hookimpl
def parse_legacy_topics(type_id: int, columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    for column in (columns.control, columns.command, columns.lwt):
        text = column.strip().strip("/")
        match = REPLY_COLUMN.fullmatch(text) or COLUMNS.fullmatch(text)
        if match:
            return {"root": match["root"]}, int(match.groupdict().get("channel") or 0)
    raise ValueError(f"no topic column tells the prefix of a Plus 1PM: expected …/rpc, found {columns.command!r}")


@hookimpl
def simulate(device: Device, seed: int) -> Twin:
    from elfe_shelly_gen2.twin import Plus1PmTwin

    return Plus1PmTwin(root=device.templates["root"], seed=seed)
