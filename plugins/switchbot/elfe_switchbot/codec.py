"""What SwitchBot-MQTT-BLE-ESP32 v7 says of a bot and does with it. https://github.com/devWaves/SwitchBot-MQTT-BLE-ESP32

Read in its README and in the sketch of v7.1; where they differ the sketch is followed, and it is said here. A press is told
as `connected`, `commandSent`, `success`, each with the command that it is about: other commands run between ours, given by the
gateway itself (REQUESTSETTINGS at its start and after each setHold), and their success is not our press.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from attrs import field, frozen

from elfe.devices import (
    Acknowledgement,
    BadPayload,
    ConfigPush,
    Device,
    Encoded,
    Event,
    Fault,
    Firmware,
    LegacyTopics,
    Measure,
    Presence,
    Press,
    Progress,
    Publish,
    Quantity,
    Query,
    Role,
    Setting,
    Topics,
    UnsupportedCommand,
    as_number,
    json_object,
    number,
)
from elfe.devices import Command as Order

PRESS = "PRESS"      # in every mode of the bot, and never simulated; ON presses too, OFF is swallowed in press mode
PRESENCES = {"online": Presence.ONLINE, "offline": Presence.OFFLINE}      # said again every 30 s, retained
STATUSES: Mapping[str, bool | None] = {      # what an answer means for the command that it names; None: not over yet
    "connected": None,
    "commandSent": None,
    "busy": None,                    # retryBotOnBusy: the gateway tries again until it is another word
    "success": True,
    "failed": False,
    "lowbattery": False,
    "errorConnect": False,           # after 60 attempts
    "errorCommand": False,           # connected, and could not be written 30 times over
    "errorRequestInfo": False,
    "errorLocatingDevice": False,    # three scans of 60 s in vain; the one answer that names no command
}
FAULTS = frozenset({"lowbattery", "errorLocatingDevice"})      # what is wrong with the bot, whatever it was asked
REFUSALS = {      # the bot's own response status; 1 and, to an action, 5 are success, 3 is busy
    2: "error while it acted",
    4: "another protocol version",
    5: "command not supported",
    6: "battery low",
    7: "it has a password and the gateway none",
    8: "it has no password and the gateway one",
    9: "wrong password",
    10: "encryption not supported",
}      # https://github.com/OpenWonderLabs/SwitchBotAPI-BLE/blob/latest/devicetypes/bot.md
MODES = {"Press": "Press", "PressOnOff": "Press", "Switch": "Switch"}      # PressOnOff: the gateway simulates the two states
ON_OR_OFF = {True: "true", False: "false"}
WORDS = 80


@frozen
class Settings:
    """What every bot is set to. What one bot needs otherwise is data of its own: the template `hold`."""

    hold_s: int = field(default=0, metadata={"from": 0, "to": 100})
    """How long the arm stays down."""


# -- topics -------------------------------------------------------------------------------------------------------------


REQUESTS = ("requestInfo", "requestSettings", "setMode", "setHold", "holdPress", "rescan")      # to the gateway, for its bots


def topics(device: Device) -> Topics:
    """Where its orders go, and what is said of it; the last will is its gateway's."""
    root = _root(device)
    said = ("status", "battery", "rssi", "attributes", "settings")
    return Topics(command=f"{root}/set",
                  listen={**{f"{root}/{name}": Role.SAYS for name in said},
                          f"{device.templates['gateway']}/lastwill": Role.PRESENCE},
                  reads=(f"{root}/set", *(f"{device.templates['gateway']}/{name}" for name in REQUESTS)),
                  writes=(f"{device.templates['gateway']}/#",))


def _root(device: Device) -> str:
    return f"{device.templates['gateway']}/bot/{device.templates['bot']}"


# -- what it is told ------------------------------------------------------------------------------------------------------


def encode(device: Device, command: Order, within: timedelta) -> Encoded:
    """A press, or a scan for it. A press is sent at QoS 2: to the broker at QoS 1 it could arrive twice."""
    match command:
        case Press():
            sent = Publish(topics(device).command, PRESS.encode(), qos=2)
            return Encoded((sent,), Acknowledgement(PRESS, ok=True), within)
        case Query():
            return Encoded((ask_info(device),), None, within)
        case _:
            raise UnsupportedCommand(f"a SwitchBot Bot presses, and takes no {type(command).__name__}")


def ask_info(device: Device) -> Publish:
    """Scan for it now: `attributes`, when the last ones are old or others. As REQUESTINFO on `set` it would keep the gateway
    waiting 20 s for an answer that never comes."""
    return _tell(device, "requestInfo")


def ask_settings(device: Device) -> Publish:
    """Its firmware, timers, direction and hold, on `settings`."""
    return _tell(device, "requestSettings")


def configure(device: Device, settings: Settings) -> ConfigPush:
    """The mode in which every order is one press, and how long it lasts. Mode and hold are read back on two topics."""
    hold_s = _hold_s(device, settings)
    return ConfigPush(
        steps=(_tell(device, "setMode", mode="MODEPRESS"), _tell(device, "setHold", hold=hold_s)),
        read_back=(ask_settings(device), ask_info(device)),
        expects=(Setting("mode", "Press"), Setting("inverted", "false"), Setting("hold", str(hold_s))),
    )


def _hold_s(device: Device, settings: Settings) -> int:
    own = device.templates.get("hold", "")
    if own and not (own.isdecimal() and int(own) <= 100):
        raise ValueError(f"hold={own} of {device.id}: seconds from 0 to 100, or nothing for the setting of all bots")
    return int(own) if own else settings.hold_s


def _tell(device: Device, what: str, **told: str | int) -> Publish:
    said = {"id": device.templates["bot"], **told}
    return Publish(f"{device.templates['gateway']}/{what}", json.dumps(said, separators=(",", ":")).encode())


# -- what it says -----------------------------------------------------------------------------------------------------------


def decode(topic: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says. `state` is none of it: in press mode it is always OFF, or simulated."""
    reader = READERS.get(topic[topic.rfind("/") + 1:])
    return reader(payload) if reader is not None else ()


def _status(payload: bytes) -> tuple[Event, ...]:
    said = json_object(payload)
    status = _word(said, "status")
    if status not in STATUSES:
        raise BadPayload(f"no status of v7: {status[:WORDS]}")
    faults = (Fault(status),) if status in FAULTS else ()
    if status == "errorLocatingDevice":      # which command it was is not said: none is taken for failed
        return faults
    command, over = _word(said, "command")[:WORDS], STATUSES[status]
    if over is None:
        return (Progress(command, status),)
    return (Acknowledgement(command, over, "" if over else _why(status, said.get("value"))), *faults)


def _why(status: str, value: object) -> str:
    """The status with the bot's own code, in words where it has some."""
    if value is None:
        return status
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 255:
        raise BadPayload(f"not a response of a bot: {str(value)[:WORDS]}")
    return f"{status} {value}: {REFUSALS[value]}" if value in REFUSALS else f"{status} {value}"


def _battery(payload: bytes) -> tuple[Event, ...]:
    return (Measure(Quantity.BATTERY, _percent(number(payload))),)


def _rssi(payload: bytes) -> tuple[Event, ...]:
    """The bot's Bluetooth as its gateway receives it."""
    return (Measure(Quantity.SIGNAL, number(payload)),)


def _attributes(payload: bytes) -> tuple[Event, ...]:
    """What a scan found: the same battery and signal, and the mode."""
    said = json_object(payload)
    found: list[Event] = []
    if "batt" in said:
        found.append(Measure(Quantity.BATTERY, _percent(as_number(said["batt"]))))
    if "rssi" in said:
        found.append(Measure(Quantity.SIGNAL, as_number(said["rssi"])))
    if "mode" in said:
        mode = _word(said, "mode")
        if mode not in MODES:
            raise BadPayload(f"no mode of a bot: {mode[:WORDS]}")
        found.append(Setting("mode", MODES[mode]))
    return tuple(found)


def _settings(payload: bytes) -> tuple[Event, ...]:
    """What the bot is set to, and its firmware: 4.9 comes as a number."""
    said = json_object(payload)
    found: list[Event] = []
    if "firmware" in said:
        found.append(Firmware(f"{as_number(said['firmware']):.1f}"))
    if "inverted" in said:
        if not isinstance(said["inverted"], bool):
            raise BadPayload(f"neither true nor false: {str(said['inverted'])[:WORDS]}")
        found.append(Setting("inverted", ON_OR_OFF[said["inverted"]]))
    found += [Setting(name, f"{as_number(said[name]):.0f}") for name in ("hold", "timers") if name in said]
    return tuple(found)


def _word(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if not isinstance(value, str) or not value:
        raise BadPayload(f"no {name}: {str(value)[:WORDS]}")
    return value


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        raise BadPayload(f"not a percentage: {value}")
    return value


READERS: Mapping[str, Callable[[bytes], tuple[Event, ...]]] = {
    "status": _status,
    "battery": _battery,
    "rssi": _rssi,
    "attributes": _attributes,
    "settings": _settings,
}

# -- the first command engine's columns -------------------------------------------------------------------------------------

SHAPE = re.compile(r"/?(?P<gateway>[^+#]+)/bot/(?P<bot>[^/+#]+)(?:/(?:set|status|attributes|battery|rssi|settings|state))?/?")


def render_columns(device: Device) -> LegacyTopics:
    """Where it confirms, where it is told, and its gateway's last will. The annex has a slash before the last: a misprint."""
    root = _root(device)
    return LegacyTopics(control=f"{root}/status", command=f"{root}/set", lwt=f"{device.templates['gateway']}/lastwill")


def parse_columns(columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    """The gateway and the bot, from whichever column tells both."""
    for column in (columns.command, columns.control):
        match = SHAPE.fullmatch(column.strip())
        if match:
            return {"gateway": match["gateway"], "bot": match["bot"]}, 0
    raise ValueError(f"no topic column tells a bot and its gateway: expected switchbot/C002/bot/C003/set, "
                     f"found {columns.command!r}")
