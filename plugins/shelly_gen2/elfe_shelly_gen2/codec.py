"""What devices of the second generation say and understand: JSON-RPC, and the status of each of their components.

https://shelly-api-docs.shelly.cloud/gen2/General/RPCProtocol and https://shelly-api-docs.shelly.cloud/gen2/General/Notifications

An answer comes on `<src>/rpc`, where `src` is what the request named: a topic per device that only that device may
write. A NotifyStatus frame is partial: it carries changed attributes alone. An error frame is an answer too: a refusal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Event,
    Fault,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Setting,
    as_number,
    as_object,
    json_object,
)

PRESENCES = {"true": Presence.ONLINE, "false": Presence.OFFLINE}


def request(root: str, reply_to: str, token: str, method: str, params: Mapping[str, Any]) -> Publish:
    """A call of `method`, whose answer carries `token`."""
    frame = {"id": token, "src": reply_to, "method": method, "params": params}
    return Publish(f"{root}/rpc", json.dumps(frame, separators=(",", ":")).encode())


def decode_status(component: str, payload: bytes) -> tuple[Event, ...]:
    """The whole status of one component, `switch:0`."""
    return tuple(_component(component, json_object(payload)))


def decode_frame(payload: bytes) -> tuple[Event, ...]:
    """A notification, or the answer to a request."""
    frame = json_object(payload)
    return tuple(_notification(frame) if "method" in frame else _answer(frame))


def _notification(frame: Mapping[str, Any]) -> Iterator[Event]:
    """NotifyStatus and NotifyFullStatus: components by name. NotifyEvent says nothing that we keep."""
    if frame["method"] in ("NotifyStatus", "NotifyFullStatus"):
        yield from _components(as_object(frame.get("params")))


def _answer(frame: Mapping[str, Any]) -> Iterator[Event]:
    """The answer to a request: a refusal is one too."""
    token = frame.get("id")
    if isinstance(token, bool) or not isinstance(token, str | int):
        raise BadPayload("an answer without the id of its request")
    if "error" in frame:
        error = as_object(frame["error"])
        yield Acknowledgement(str(token), ok=False, detail=f"{error.get('code')} {error.get('message', '')}".strip())
    elif "result" in frame:
        yield Acknowledgement(str(token), ok=True)
        yield from _result(frame["result"])
    else:
        raise BadPayload("neither a result nor an error")


def _result(result: object) -> Iterator[Event]:
    """What else an answer says: the status of a switch or of all components, or a configuration read back."""
    if not isinstance(result, dict):
        return
    if "output" in result:
        yield from _switch(result, _channel(result))
    elif "initial_state" in result:
        yield from _settings(f"switch:{_channel(result)}", result)
    elif "status_ntf" in result:
        yield from _settings("mqtt", result)
    elif result.get("restart_required") is True:
        yield Setting("restart_required", "true")
    else:
        yield from _components(result)


def _components(named: Mapping[str, Any]) -> Iterator[Event]:
    for name, status in named.items():
        if COMPONENT.fullmatch(name):
            yield from _component(name, as_object(status))


def _component(name: str, status: Mapping[str, Any]) -> Iterator[Event]:
    match = COMPONENT.fullmatch(name)
    return READERS[match["kind"]](status, int(match["channel"])) if match else iter(())


def _switch(status: Mapping[str, Any], channel: int) -> Iterator[Event]:
    """A switch's status, whole or partial: what is not there has not changed, null is not known."""
    output = status.get("output")
    if output is not None:
        if not isinstance(output, bool):
            raise BadPayload("an output that is neither true nor false")
        yield OutputState(output, channel)
    yield from _measures(status, channel, SWITCH)
    for counter, register in COUNTERS.items():
        yield from _measures(_part(status, counter), channel, {"total": (Quantity.ENERGY, register)})
    yield from _measures(_part(status, "temperature"), channel, {"tC": (Quantity.TEMPERATURE, "internal")})
    for error in _errors(status):
        yield Fault(error, channel)


def _phases(status: Mapping[str, Any], channel: int) -> Iterator[Event]:
    """A meter of three phases."""
    return _measures(status, channel, PHASES)


def _measures(status: Mapping[str, Any], channel: int, names: Mapping[str, tuple[Quantity, str]]) -> Iterator[Event]:
    for name, (quantity, register) in names.items():
        if status.get(name) is not None:
            yield Measure(quantity, as_number(status[name]), channel, register)


SWITCH = {                                # attribute → quantity, register
    "apower": (Quantity.POWER, ""),       # W
    "voltage": (Quantity.VOLTAGE, ""),
    "current": (Quantity.CURRENT, ""),
    "freq": (Quantity.FREQUENCY, ""),
    "pf": (Quantity.POWER_FACTOR, ""),
}
COUNTERS = {"aenergy": "", "ret_aenergy": "returned"}      # `total` is Wh; `by_minute`, mWh, is its past
PHASES = {
    "total_act_power": (Quantity.POWER, ""),
    "total_aprt_power": (Quantity.APPARENT_POWER, ""),
    "total_current": (Quantity.CURRENT, ""),
    "total_act": (Quantity.ENERGY, ""),                    # Wh, of emdata
    "total_act_ret": (Quantity.ENERGY, "returned"),
    **{f"{phase}_{name}": (quantity, phase) for phase in "abc" for name, quantity in (
        ("act_power", Quantity.POWER),
        ("aprt_power", Quantity.APPARENT_POWER),
        ("voltage", Quantity.VOLTAGE),
        ("current", Quantity.CURRENT),
        ("freq", Quantity.FREQUENCY),
        ("pf", Quantity.POWER_FACTOR),
        ("total_act_energy", Quantity.ENERGY),
    )},
}
READERS: Mapping[str, Callable[[Mapping[str, Any], int], Iterator[Event]]] = {
    "switch": _switch, "pm1": _switch, "em": _phases, "emdata": _phases,
}
COMPONENT = re.compile(rf"(?P<kind>{'|'.join(READERS)}):(?P<channel>\d{{1,2}})")
CONFIGURED = ("initial_state", "auto_on", "auto_on_delay", "auto_off", "auto_off_delay", "status_ntf")


def _settings(of: str, config: Mapping[str, Any]) -> Iterator[Event]:
    """The settings that we push, as they are read back."""
    return (Setting(f"{of}.{name}", shown(config[name])) for name in CONFIGURED if name in config)


def shown(value: object) -> str:
    """A setting's value as text: firmware writes the same delay as 1800 or as 1800.0."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)


def _channel(component: Mapping[str, Any]) -> int:
    channel = component.get("id", 0)
    if isinstance(channel, bool) or not isinstance(channel, int) or not 0 <= channel < 100:
        raise BadPayload("a component without its number")
    return channel


def _part(status: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a status; one that is not there, or is not known, has nothing in it."""
    return {} if status.get(name) is None else as_object(status[name])


def _errors(status: Mapping[str, Any]) -> list[str]:
    errors = status.get("errors") or []
    if not isinstance(errors, list):
        raise BadPayload(f"not a list: {str(errors)[:80]}")
    return [str(each)[:80] for each in errors]
