"""What a Socorel PLC says and understands: plain words on topics of one root. UNVERIFIED: no vendor's documentation was found.

The eight outputs are eight devices with the same templates and another channel; their topics are the same, so the router
decodes a message once and each hears its own channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

from elfe.devices import (
    BadPayload,
    Device,
    Encoded,
    Event,
    LegacyTopics,
    LocalControl,
    Measure,
    OutputState,
    Publish,
    Quantity,
    Query,
    Role,
    Switch,
    Topics,
    UnsupportedCommand,
    as_number,
    number,
    one_of,
    word,
)
from elfe.devices import Command as Order

OUTPUTS = range(8)                              # channel n is sortie n + 1
BITMAP = "EtatSorties"                          # as in the annex of the project's documentation
MODE, MANUAL = "mode", "manuel"
POWER, WHOLE_PLC = "PA1MN", "automate"          # the register under which its one power stands, with output 1
WATTS = {"W": 1.0, "kW": 1000.0}
A_WORD = re.compile(r"[^\W\d_][\w '’/-]{0,39}")
NOTHING = "aucun"                               # how the first engine's tables write that there is none

STATES: Mapping[str, Mapping[str, tuple[Event, ...]]] = {
    f"EtatSortie{output + 1}": {"1": (OutputState(True, output),), "0": (OutputState(False, output),)} for output in OUTPUTS}
BITMAPS: Mapping[str, tuple[Event, ...]] = {
    f"{bits:08b}": tuple(OutputState(bit == "1", output) for output, bit in enumerate(f"{bits:08b}")) for bits in range(256)}


# -- topics -------------------------------------------------------------------------------------------------------------


def topics(device: Device) -> Topics:
    """Its own order topic; what is said is said for all eight."""
    root = device.templates["root"]
    watts_per_unit(device)
    return Topics(command=_command(device), listen={f"{root}/{name}": Role.SAYS for name in (BITMAP, *STATES, POWER, MODE)},
                  reads=(_command(device),), writes=(f"{root}/+",))


def watts_per_unit(device: Device) -> float:
    """What 1 on PA1MN means. Raises `ValueError` where the topic data name an unknown unit."""
    unit = device.templates.get("power_unit", "W")
    if unit not in WATTS:
        raise ValueError(f"power_unit={unit} of {device.id}: {' or '.join(WATTS)}")
    return WATTS[unit]


def _command(device: Device) -> str:
    if device.channel not in OUTPUTS:
        raise ValueError(f"channel {device.channel} of {device.id}: outputs are 0 to 7 (sortie1 to sortie8)")
    return f"{device.templates['root']}/sortie{device.channel + 1}"


# -- what it is told ------------------------------------------------------------------------------------------------------


def encode(device: Device, command: Order, within: timedelta) -> Encoded:
    """Its output's word. No question that it answers is known: it tells by itself, so a `Query` sends nothing."""
    match command:
        case Switch(on):
            return Encoded((Publish(_command(device), b"1" if on else b"0"),), OutputState(on, device.channel), within)
        case Query():
            return Encoded((), None, within)
        case _:
            raise UnsupportedCommand(f"a PLC's output takes no {type(command).__name__}")


# -- what it says -----------------------------------------------------------------------------------------------------------


def decode(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    """Everything that one message says, of all eight outputs."""
    name = topic[topic.rfind("/") + 1:]
    if name in STATES:
        return one_of(payload, STATES[name])
    reader = READERS.get(name)
    return reader(device, payload) if reader is not None else ()


def _bitmap(device: Device, payload: bytes) -> tuple[Event, ...]:
    said = word(payload)
    if said not in BITMAPS:
        raise BadPayload(f"not eight times 0 or 1: {said[:80]}")
    return BITMAPS[said]


def _power(device: Device, payload: bytes) -> tuple[Event, ...]:
    try:
        watts = as_number(number(payload) * watts_per_unit(device))
    except ValueError as error:      # an unknown unit; a BadPayload is one too
        raise BadPayload(str(error)) from error
    return (Measure(Quantity.POWER, watts, register=WHOLE_PLC),)


def _mode(device: Device, payload: bytes) -> tuple[Event, ...]:
    """Who holds it. Only a word gives control back: garbage must not make us switch what a person has taken over."""
    said = word(payload)
    if not A_WORD.fullmatch(said):
        raise BadPayload(f"no word: {said[:80]}")
    return (LocalControl(said.lower() == MANUAL),)


READERS: Mapping[str, Callable[[Device, bytes], tuple[Event, ...]]] = {BITMAP: _bitmap, POWER: _power, MODE: _mode}

# -- the first command engine's columns -------------------------------------------------------------------------------------

SHAPE = re.compile(r"/?(?P<root>[^+#]+)/(?:sortie|EtatSortie)(?P<output>[1-8])")


def render_columns(device: Device) -> LegacyTopics:
    """The first engine takes the output from the last character of the command topic, and for confirmed any message on the
    control topic that holds the digit: on the bitmap of the annex an OFF would be confirmed by another output's 0."""
    root = device.templates["root"]
    return LegacyTopics(control=f"{root}/EtatSortie{device.channel + 1}", command=_command(device), lwt=NOTHING)


def parse_columns(columns: LegacyTopics) -> tuple[Mapping[str, str], int]:
    """The root and the output, from whichever column tells both; `EtatSorties` as control topic tells no output."""
    for column in (columns.command, columns.control):
        match = SHAPE.fullmatch(column.strip())
        if match:
            return {"root": match["root"]}, int(match["output"]) - 1
    raise ValueError(f"no topic column tells an output of a PLC: expected Socorel/031636408854/sortie1 to sortie8, "
                     f"found {columns.command!r}")
