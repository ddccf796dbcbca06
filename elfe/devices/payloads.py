"""Reading words, numbers and JSON that may be anything. Total: every refusal is `BadPayload`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import orjson

from elfe.devices.values import BadPayload, Measure, Quantity, Setting

LIMIT = 65_536
"""No device that we know says more at once; a larger message is not one of theirs."""
SHOWN = 80
LARGEST = 1e12
"""No appliance can say such a number."""
DEEPEST = 100
"""Levels of JSON in JSON: beyond some hundreds Python cannot even show them."""
Meaning = TypeVar("Meaning")


def word(payload: bytes) -> str:
    """A plain-text payload, stripped."""
    try:
        return payload[:LIMIT].decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise BadPayload(repr(payload[:SHOWN])) from error


def one_of(payload: bytes, meanings: Mapping[str, Meaning]) -> Meaning:
    """What a word of a family's own vocabulary means: `{"Online": Presence.ONLINE, ...}`."""
    said = word(payload)
    if said not in meanings:
        raise BadPayload(f"none of {', '.join(meanings)}: {said[:SHOWN]}")
    return meanings[said]


def meaning(value: object, meanings: Mapping[str, Meaning]) -> Meaning:
    """What a word inside JSON means, as `one_of` for a whole payload."""
    if not isinstance(value, str) or value not in meanings:
        raise BadPayload(f"none of {', '.join(meanings)}: {str(value)[:SHOWN]}")
    return meanings[value]


def measures(said: Mapping[str, Any], names: Mapping[str, tuple[Quantity, float]], channel: int = 0) -> tuple[Measure, ...]:
    """The measures of a JSON object by their names, each with its quantity and the factor to its unit; null is not known."""
    return tuple(Measure(quantity, as_number(said[name]) * factor, channel) for name, (quantity, factor) in names.items()
                 if said.get(name) is not None)


def settings_said(said: Mapping[str, Any], *names: str) -> tuple[Setting, ...]:
    """The settings of a JSON object that are read back, by their names."""
    return tuple(Setting(name, str(said[name])[:SHOWN]) for name in names if said.get(name) is not None)


def number(payload: bytes) -> float:
    """A plain-text number; refuses NaN, infinities and what no appliance can say."""
    try:
        return as_number(float(word(payload)))
    except ValueError as error:
        raise BadPayload(repr(payload[:SHOWN])) from error


def as_number(value: object) -> float:
    """A JSON number, as a finite float. A bool is not a number, nor is a numeric text."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise BadPayload(f"not a number: {str(value)[:SHOWN]}")
    if not -LARGEST < value < LARGEST:      # neither NaN nor an infinity is between them
        raise BadPayload("not a plausible number")
    return float(value)


def json_object(payload: bytes) -> Mapping[str, Any]:
    """A JSON object. Neither NaN, nor an infinity, nor a byte-order mark is JSON."""
    if len(payload) > LIMIT:
        raise BadPayload(f"{len(payload)} bytes in one message")
    if payload.count(b"{") + payload.count(b"[") > DEEPEST and _depth(payload) > DEEPEST:
        raise BadPayload("nested too deeply for a device")
    try:
        return as_object(orjson.loads(payload))
    except orjson.JSONDecodeError as error:
        raise BadPayload(repr(payload[:SHOWN])) from error


def _depth(payload: bytes) -> int:
    """How deep brackets stand in brackets; those inside a text count too, which no device comes near."""
    depth = deepest = 0
    for each in payload:
        depth += (each in b"{[") - (each in b"}]")
        deepest = max(deepest, depth)
    return deepest


def as_object(value: object) -> Mapping[str, Any]:
    """An object inside JSON."""
    if not isinstance(value, dict):
        raise BadPayload(f"not an object: {str(value)[:SHOWN]}")
    return value
