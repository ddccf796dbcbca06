"""What devices of the second generation and later say: JSON-RPC, and the status of each of their components.

https://shelly-api-docs.shelly.cloud/gen2/General/RPCProtocol and https://shelly-api-docs.shelly.cloud/gen2/General/Notifications

An answer comes on `<src>/rpc`, where `src` is what the request named: a topic per device that only that device may
write. A NotifyStatus frame is partial: it carries changed attributes alone. An error frame is an answer too: a refusal.
What is null is not known; what we do not keep (cloud, input, script, ...) is understood and says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    Event,
    Fault,
    Firmware,
    Measure,
    OutputState,
    Presence,
    Quantity,
    Setting,
    as_number,
    as_object,
    json_object,
)

Json = Mapping[str, Any]
PRESENCES = {"true": Presence.ONLINE, "false": Presence.OFFLINE}
SLEEPERS_PRESENCES = {"true": Presence.ONLINE, "false": Presence.ASLEEP}


def decode_status(component: str, payload: bytes) -> tuple[Event, ...]:
    """The whole status of one component, `switch:0`."""
    return tuple(_component(component, json_object(payload)))


def decode_frame(payload: bytes) -> tuple[Event, ...]:
    """A notification, or the answer to a request."""
    frame = json_object(payload)
    return tuple(_notification(frame) if "method" in frame else _answer(frame))


def decode_body(method: str, body: bytes) -> tuple[Event, ...]:
    """The answer to a request over HTTP: the bare result, or the bare error; its token is the method."""
    if body.strip() == b"null":
        return (Acknowledgement(method, ok=True),)
    said = json_object(body)
    if {"code", "message"} <= said.keys():
        return (_refusal(method, said),)
    return (Acknowledgement(method, ok=True), *_result(said))


# -- frames -----------------------------------------------------------------------------------------------------------


def _notification(frame: Json) -> list[Event]:
    """NotifyStatus and NotifyFullStatus: components by name. NotifyEvent: an update that failed, the rest we do not keep."""
    match frame["method"]:
        case "NotifyStatus" | "NotifyFullStatus":
            return _components(as_object(frame.get("params")))
        case "NotifyEvent":
            return _failures(as_object(frame.get("params")))
    return []


def _failures(params: Json) -> list[Event]:
    events = [as_object(each) for each in _list(params, "events")]
    return [Fault(f"ota_error {_text(each, 'msg')}".strip()) for each in events if each.get("event") == "ota_error"]


def _answer(frame: Json) -> list[Event]:
    token = frame.get("id")
    if isinstance(token, bool) or not isinstance(token, str | int):
        raise BadPayload("an answer without the id of its request")
    if "error" in frame:
        return [_refusal(str(token), as_object(frame["error"]))]
    if "result" not in frame:
        raise BadPayload("neither a result nor an error")
    result = frame["result"]
    return [Acknowledgement(str(token), ok=True), *(_result(result) if isinstance(result, dict) else ())]


def _refusal(token: str, error: Json) -> Acknowledgement:
    """-103 an argument, -105 no such component, -109 overpower or shutting down, -114 unavailable, 404 no such method, ...

    https://shelly-api-docs.shelly.cloud/gen2/General/CommonErrors
    """
    return Acknowledgement(token, ok=False, detail=f"{error.get('code')} {error.get('message', '')}".strip()[:SHOWN])


# -- results: an answer does not name its method, what stands in it tells which it answers --------------------------------


def _result(result: Json) -> list[Event]:
    """What else an answer says: a status, a configuration read back, a version. `was_on` and its like say nothing."""
    for mark, read in RESULTS.items():
        if mark in result:
            return read(result)
    return _configurations(result) if "device" in _part(result, "sys") else _components(result)


def _status_of(kind: str) -> Callable[[Json], list[Event]]:
    return lambda result: READERS[kind](result, _number(result))


def _settings_of(kind: str) -> Callable[[Json], list[Event]]:
    return lambda result: _settings(f"{kind}:{_number(result)}", kind, result)


def _configurations(named: Json) -> list[Event]:
    """Shelly.GetConfig: the configuration of each component by name."""
    return [event for name, config in named.items() if (kind := name.partition(":")[0]) in CONFIGURED
            for event in _settings(name, kind, as_object(config))]


def _settings(of: str, kind: str, config: Json) -> list[Event]:
    """The settings that we push, as they are read back."""
    return [Setting(f"{of}.{name}", shown(config[name])) for name in CONFIGURED[kind] if name in config]


def _restart(result: Json) -> list[Event]:
    """Whether what was set is in force only after a restart."""
    return [Setting("restart_required", shown(result["restart_required"]))]


def _identity(result: Json) -> list[Event]:
    """Shelly.GetDeviceInfo: the version that it runs."""
    return [Firmware(_text(result, "ver"))]


def _updates(result: Json) -> list[Event]:
    """Newer versions by their stage; betas are not for homes. Which version runs stands in another answer."""
    newer = _text(_part(result, "stable"), "version")
    return [Firmware("", newer)] if newer else []


def shown(value: object) -> str:
    """A setting's value as text: firmware writes the same delay as 1800 or as 1800.0."""
    return json.dumps(int(value) if isinstance(value, float) and value.is_integer() else value)[:SHOWN]


SHOWN = 400
CONFIGURED = {
    "switch": ("initial_state", "auto_on", "auto_on_delay", "auto_off", "auto_off_delay"),
    "mqtt": ("enable", "server", "client_id", "user", "ssl_ca", "topic_prefix", "enable_rpc", "rpc_ntf", "status_ntf"),
    "temperature": ("report_thr_C",),
    "humidity": ("report_thr",),
    "wifi.sta": ("enable", "ssid"),
}
RESULTS: Mapping[str, Callable[[Json], list[Event]]] = {      # what stands in it → what it is; the first that fits
    "output": _status_of("switch"),
    "uptime": lambda result: _system(result, 0),
    "restart_required": _restart,                             # of each SetConfig
    "ver": _identity,
    "stable": _updates,                                       # Shelly.CheckForUpdate
    "initial_state": _settings_of("switch"),
    "report_thr_C": _settings_of("temperature"),
    "report_thr": _settings_of("humidity"),
    "topic_prefix": lambda result: _settings("mqtt", "mqtt", result),
    "sta": lambda result: _settings("wifi.sta", "wifi.sta", _part(result, "sta")),
    "sta_ip": lambda result: _wifi(result, 0),
    "tC": _status_of("temperature"),
    "rh": _status_of("humidity"),
    "battery": _status_of("devicepower"),
    "apower": _status_of("pm1"),
}


# -- components ---------------------------------------------------------------------------------------------------------


def _components(named: Json) -> list[Event]:
    return [event for name, status in named.items() for event in _component(name, status)]


def _component(name: str, status: object) -> list[Event]:
    """Those that we keep; the names of the others, and their forms, are their firmware's business."""
    kind, _, number = name.partition(":")
    if status is None or kind not in READERS or number not in NUMBERS:
        return []
    return READERS[kind](as_object(status), NUMBERS[number])


def _switch(status: Json, channel: int) -> list[Event]:
    """A switch's status, whole or partial: what is not there has not changed, null is not known."""
    output = status.get("output")
    if output is None:
        return _load(status, channel)
    if not isinstance(output, bool):
        raise BadPayload("an output that is neither true nor false")
    return [OutputState(output, channel), *_load(status, channel)]


def _load(status: Json, channel: int) -> list[Event]:
    """What a meter says of its load. A counter starts again at 0 after ResetCounters: it is said as it is."""
    parts = [Measure(quantity, as_number(value), channel, register) for part, name, quantity, register in PARTS
             if (value := _part(status, part).get(name)) is not None]
    return [*_measures(status, channel, LOAD), *parts, *_faults(status, channel)]


def _phases(status: Json, channel: int) -> list[Event]:
    """A meter of three phases."""
    return _measures(status, channel, PHASES) + _faults(status, channel)


def _ambient(status: Json, number: int) -> list[Event]:
    """The room's; what an add-on measures (numbers from 100) is known by its number. All on one channel: the unit's."""
    names = AMBIENT if number == 0 else [(name, quantity, str(number)) for name, quantity, _ in AMBIENT]
    return _measures(status, 0, names) + _faults(status, 0)


def _power_supply(status: Json, number: int) -> list[Event]:
    """On USB a Plus H&T says 0 % of no battery (0.43 V, firmware of 2022 and 2023): it is not an empty one."""
    if _part(status, "external").get("present") is True:
        return []
    return _measures(_part(status, "battery"), 0, BATTERY) + _faults(status, 0)


def _system(status: Json, number: int) -> list[Event]:
    """What is to be in force after a restart, and the newer firmware that it knows of."""
    said = _restart(status) if isinstance(status.get("restart_required"), bool) else []
    return said + _updates(_part(status, "available_updates"))


def _wifi(status: Json, number: int) -> list[Event]:
    """Its signal; on Ethernet it says 0 dBm of no network (Pro 3EM, 1.1.0)."""
    return [] if status.get("rssi") in (None, 0) else _measures(status, 0, SIGNAL)


Names = tuple[tuple[str, Quantity, str], ...] | list[tuple[str, Quantity, str]]      # attribute, quantity, register


def _measures(status: Json, channel: int, names: Names) -> list[Event]:
    return [Measure(quantity, as_number(value), channel, register) for name, quantity, register in names
            if (value := status.get(name)) is not None]


LOAD = (
    ("apower", Quantity.POWER, ""),       # W
    ("voltage", Quantity.VOLTAGE, ""),
    ("current", Quantity.CURRENT, ""),
    ("freq", Quantity.FREQUENCY, ""),
    ("pf", Quantity.POWER_FACTOR, ""),
    ("aprtpower", Quantity.APPARENT_POWER, ""),
)
PARTS = (                                 # `total` is Wh; `by_minute`, mWh of the last three minutes, is its past
    ("aenergy", "total", Quantity.ENERGY, ""),
    ("ret_aenergy", "total", Quantity.ENERGY, "returned"),
    ("temperature", "tC", Quantity.TEMPERATURE, "internal"),
)
PHASES = (
    ("total_act_power", Quantity.POWER, ""),
    ("total_aprt_power", Quantity.APPARENT_POWER, ""),
    ("total_current", Quantity.CURRENT, ""),
    ("total_act", Quantity.ENERGY, ""),                    # Wh, of emdata
    ("total_act_ret", Quantity.ENERGY, "returned"),
    *((f"{phase}_{name}", quantity, phase) for phase in "abc" for name, quantity in (
        ("act_power", Quantity.POWER),
        ("aprt_power", Quantity.APPARENT_POWER),
        ("voltage", Quantity.VOLTAGE),
        ("current", Quantity.CURRENT),
        ("freq", Quantity.FREQUENCY),
        ("pf", Quantity.POWER_FACTOR),
        ("total_act_energy", Quantity.ENERGY),
    )),
)
AMBIENT = (("tC", Quantity.TEMPERATURE, ""), ("rh", Quantity.HUMIDITY, ""))
BATTERY = (("percent", Quantity.BATTERY, ""),)
SIGNAL = (("rssi", Quantity.SIGNAL, ""),)
READERS: Mapping[str, Callable[[Json, int], list[Event]]] = {
    "switch": _switch,
    "pm1": _load,
    "em": _phases,
    "emdata": _phases,
    "temperature": _ambient,
    "humidity": _ambient,
    "devicepower": _power_supply,
    "sys": _system,
    "wifi": _wifi,
}
NUMBERS = {"": 0, **{str(number): number for number in range(200)}}      # 100 to 199 are an add-on's


# -- what may be anything -------------------------------------------------------------------------------------------------


def _number(component: Json) -> int:
    number = component.get("id", 0)
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 200:
        raise BadPayload("a component without its number")
    return number


def _part(status: Json, name: str) -> Json:
    """A part of a status; one that is not there, or is not known, has nothing in it."""
    return {} if status.get(name) is None else as_object(status[name])


def _faults(status: Json, channel: int) -> list[Event]:
    return [Fault(str(each)[:80], channel) for each in _list(status, "errors")]


def _list(status: Json, name: str) -> list[Any]:
    listed = status.get(name)
    if not isinstance(listed, list | None):
        raise BadPayload(f"not a list: {str(listed)[:80]}")
    return listed or []


def _text(status: Json, name: str) -> str:
    text = status.get(name) or ""
    if not isinstance(text, str):
        raise BadPayload(f"not a text: {str(text)[:80]}")
    return text[:80]
