"""Reading words, numbers and JSON that may be anything. Total: every refusal is `BadPayload`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from elfe.devices.values import BadPayload

LIMIT = 65_536
"""No device that we know says more at once; a larger message is not one of theirs."""
SHOWN = 80
LARGEST = 1e12
"""No appliance can say such a number."""
Meaning = TypeVar("Meaning")


def _refuse(constant: str) -> float:
    raise ValueError(constant)


BLANKS = " \t\n\r"      # of JSON, around a value
JSON = json.JSONDecoder(parse_constant=_refuse)
"""Made once: `json.loads` with a `parse_constant` makes one for each message, half as long again as reading it."""


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
    """A JSON object."""
    if len(payload) > LIMIT:
        raise BadPayload(f"{len(payload)} bytes in one message")
    try:
        # Decoded first: given bytes, json would guess at UTF-16 and forgive a byte-order mark.
        text = payload.decode("utf-8").strip(BLANKS)
        value, end = JSON.raw_decode(text)
    except (ValueError, RecursionError) as error:   # JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise BadPayload(repr(payload[:SHOWN])) from error
    if end != len(text):
        raise BadPayload(f"more than one value: {text[:SHOWN]}")
    return as_object(value)


def as_object(value: object) -> Mapping[str, Any]:
    """An object inside JSON."""
    if not isinstance(value, dict):
        raise BadPayload(f"not an object: {str(value)[:SHOWN]}")
    return value
