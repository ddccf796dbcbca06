"""What a screen that runs openHASP says and understands, 0.6.0 to 0.7.1. https://www.openhasp.com/latest/commands/

It says everything under `<node>/state/`: what a person does on `p<page>b<item>`, the rest by name. A page that was given a
name (0.7) says `<name>.b<item>` instead: whose page that is we cannot know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen

from elfe.devices import (
    BadPayload,
    ConfigPush,
    Device,
    Event,
    Firmware,
    FirmwareSteps,
    Gesture,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Role,
    Setting,
    Topics,
    UserInput,
    as_number,
    as_object,
    json_object,
    one_of,
    word,
)
from elfe_openhasp.core2 import CORE2
from elfe_openhasp.jsonl import PAGES

PRESENCES = {"online": Presence.ONLINE, "offline": Presence.OFFLINE}      # never translated, in any language of the firmware
GESTURES = {                # Parser::get_event_name; "lost" is never sent, a finger that slips off ends without a word
    "down": Gesture.DOWN,
    "up": Gesture.SHORT,
    "long": Gesture.LONG,
    "hold": Gesture.HOLD,
    "release": Gesture.RELEASE,
    "changed": Gesture.CHANGED,
}
PLACES = {f"p{page}b{item}": (page, item) for page in PAGES for item in range(256)}
PLACE_LIKE = re.compile(r"p[0-9]+b[0-9]+")
OUTPUT = re.compile(r"output([0-9]{1,2})")           # a GPIO of the board; the Core2 drives none
FIGURES = re.compile(r"-?[0-9]{1,5}")
WIDEST = 65_535                                   # values are int16; "no button" of a matrix is 65535
LONGEST_TEXT = 256                                # the firmware's own buffer of an option
IDLE = {"off": (), "short": (), "long": ()}       # nobody has touched it for a while: nothing to us
SWITCHED = {"on": True, "off": False}
CONFIGURED = {"debug": ("tele",), "gui": ("idle1", "idle2")}     # section of its configuration → what we set in it
SENSORS = {                 # of the Core2: its chip, and its power manager with a battery behind it
    ("ESP32", "Temperature"): (Quantity.TEMPERATURE, "internal"),
    ("AXP192", "Temperature"): (Quantity.TEMPERATURE, "charger"),
    ("AXP192", "BattVoltage"): (Quantity.VOLTAGE, "battery"),
}


@frozen
class Settings:
    """What a screen is set to, over MQTT."""

    tele_period_s: int = field(default=300, metadata={"from": 10, "to": 300})
    """How often it tells its firmware and signal. Not more: its silence is noticed by this."""
    idle_short_s: int = field(default=60, metadata={"from": 0, "to": 65_535})     # 0: never
    idle_long_s: int = field(default=0, metadata={"from": 0, "to": 65_535})
    """Beyond the short one; a script on the screen may then put out its light. 0, never: it is there to be glanced at."""


# -- topics -----------------------------------------------------------------------------------------------------------


def node(device: Device) -> str:
    """Its root. The firmware keeps a hostname as it was typed, and elfe types its points' ids in lower case; a root that
    somebody chose stays as it is."""
    stored = device.templates["node"]
    return stored.lower() if stored == f"hasp/{device.id}" else stored


def topics(device: Device) -> Topics:
    """Where it listens, and what it says where."""
    root, everybody = node(device), CORE2.everybody["node"]
    return Topics(command=f"{root}/command/jsonl", listen={f"{root}/state/+": Role.SAYS, f"{root}/LWT": Role.PRESENCE},
                  reads=(f"{root}/command/#", f"{root}/config/#", f"{everybody}/command/#"),
                  writes=(f"{root}/state/#", f"{root}/LWT"))


# -- what it is told ----------------------------------------------------------------------------------------------------


def ask_status(device: Device) -> Publish:
    """Its firmware, signal and page, on `state/statusupdate`."""
    return Publish(f"{node(device)}/command/statusupdate", b"")


def configure(device: Device, settings: Settings) -> ConfigPush:
    """Its telemetry and idle times, in force at once.

    The section `hasp` is left alone: without colours in it the firmware takes its theme back to the factory's.
    """
    values = {"debug": {"tele": settings.tele_period_s},
              "gui": {"idle1": settings.idle_short_s, "idle2": settings.idle_long_s}}
    return ConfigPush(
        steps=tuple(_command(device, f"config/{section}={json.dumps(wanted, separators=(',', ':'))}")
                    for section, wanted in values.items()),
        read_back=tuple(_command(device, f"config/{section}") for section in values),
        expects=tuple(Setting(f"{section}.{name}", str(value))
                      for section, wanted in values.items() for name, value in wanted.items()),
    )


def _command(device: Device, text: str) -> Publish:
    """A command as a line of text. For `config/…` the only form that both understand: 0.6 wants `<node>/config/…` and does
    not know `<node>/command/config/…`, 0.7 the other way round."""
    return Publish(f"{node(device)}/command", text.encode())


def firmware(device: Device) -> FirmwareSteps:
    """It tells its version; the next one is brought by hand.

    `command/update <url>` loads a file of one's own server. The vendor's are behind redirects that the firmware does not
    follow out of the box, under names that no documentation tells, and from 0.6 to 0.7 a cable is needed.
    """
    return FirmwareSteps(read=(ask_status(device),))


# -- what it says ---------------------------------------------------------------------------------------------------------


def decode(topic: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says."""
    name = topic[topic.rfind("/") + 1:]
    place = PLACES.get(name)
    if place is not None:
        return _touched(*place, json_object(payload))
    reader = READERS.get(name)
    return reader(payload) if reader is not None else _other(name, payload)


def _touched(page: int, item: int, said: Mapping[str, Any]) -> tuple[Event, ...]:
    """What a person did. Without an event it is the answer to a question about one attribute."""
    event = said.get("event")
    if event is None:
        return ()
    if not isinstance(event, str):
        raise BadPayload(f"not an event: {str(event)[:80]}")
    gesture = GESTURES.get(event)
    return () if gesture is None else (UserInput(gesture, page, item, _value(said.get("val")), _text(said)),)


def _value(value: object) -> int | None:
    """A calendar gives its day as a text, everything else a number."""
    if isinstance(value, str) and FIGURES.fullmatch(value):
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > WIDEST:
        raise BadPayload(f"not a value: {str(value)[:80]}")
    return value


def _text(said: Mapping[str, Any]) -> str:
    """The chosen option as it reads; of a colour picker the colour."""
    text = said.get("text", said.get("color", ""))
    if not isinstance(text, str):
        raise BadPayload(f"not a text: {str(text)[:80]}")
    return text[:LONGEST_TEXT]


def _page(payload: bytes) -> tuple[Event, ...]:
    """The page that is shown: when it changes, when it is asked, and when the screen comes back."""
    said = word(payload)
    if not FIGURES.fullmatch(said) or int(said) not in PAGES:
        raise BadPayload(f"no page: {said[:80]}")
    return (UserInput(Gesture.PAGE, int(said)),)


def _status(payload: bytes) -> tuple[Event, ...]:
    said = json_object(payload)
    version, signal = said.get("version"), said.get("rssi")
    if not isinstance(version, str) or not version:
        raise BadPayload(f"no version: {str(version)[:80]}")
    measured = () if signal is None else (Measure(Quantity.SIGNAL, as_number(signal)),)
    return (Firmware(version[:LONGEST_TEXT]), *measured)


def _sensors(payload: bytes) -> tuple[Event, ...]:
    said = json_object(payload)
    chips = {chip: as_object(said[chip]) for chip, _ in SENSORS if chip in said}
    return tuple(Measure(quantity, as_number(chips[chip][name]), register=register)
                 for (chip, name), (quantity, register) in SENSORS.items() if name in chips.get(chip, ()))


def _backlight(payload: bytes) -> tuple[Event, ...]:
    said = json_object(payload)
    _switched(said)
    return (Setting("backlight.state", said["state"]),
            *((Setting("backlight.brightness", f"{as_number(said['brightness']):.0f}"),) if "brightness" in said else ()))


def _config(payload: bytes) -> tuple[Event, ...]:
    """A section of its configuration, read back; of it, what we set."""
    return tuple(Setting(f"{section}.{name}", f"{as_number(values[name]):.0f}")
                 for section, values in json_object(payload).items() if section in CONFIGURED
                 for name in CONFIGURED[section] if name in as_object(values))


def _light(payload: bytes) -> tuple[Event, ...]:
    """A light of its own, or its burn-in protection: there or not, nothing for us."""
    _switched(json_object(payload))
    return ()


def _other(name: str, payload: bytes) -> tuple[Event, ...]:
    """An output of the board, or what we do not know."""
    if PLACE_LIKE.fullmatch(name):
        raise BadPayload(f"no screen has {name[:80]}")
    output = OUTPUT.fullmatch(name)
    if output is not None:
        return (OutputState(_switched(json_object(payload)), channel=int(output[1])),)
    word(payload)
    return ()


def _switched(said: Mapping[str, Any]) -> bool:
    state = said.get("state")
    if not isinstance(state, str) or state not in SWITCHED:
        raise BadPayload(f"neither on nor off: {str(state)[:80]}")
    return SWITCHED[state]


READERS: Mapping[str, Callable[[bytes], tuple[Event, ...]]] = {
    "page": _page,
    "statusupdate": _status,
    "sensors": _sensors,
    "sensor": _sensors,         # as the annex has it
    "config": _config,
    "idle": lambda payload: one_of(payload, IDLE),
    "backlight": _backlight,
    "moodlight": _light,
    "antiburn": _light,
}


# -- the first command engine's columns -------------------------------------------------------------------------------------

COLUMN = re.compile(r"(?P<node>(?:[^+#]+/)?hasp/[^/+#]+)/(?:(?:command|cmd)(?:/jsonl?)?|(?:state/)?page|state(?:/[^/]+)?|LWT)")


def render_columns(device: Device) -> LegacyTopics:
    """The first engine sends one JSON line per message to the command column."""
    root = node(device)
    return LegacyTopics(control=f"{root}/state/page", command=f"{root}/command/jsonl", lwt=f"{root}/LWT")


def parse_columns(columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    """The node, from whichever column tells: hasp/g001/cmd/jsonl, hasp/g001/page, hasp/g001/LWT."""
    for column in (columns.command, columns.lwt, columns.control):
        match = COLUMN.fullmatch(column.strip().strip("/"))
        if match:
            return {"node": match["node"]}, 0
    raise ValueError(f"no topic column tells the node of a screen: expected hasp/g002/command/jsonl, found {columns.command!r}")
