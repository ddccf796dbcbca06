"""What a screen is told to show: one JSON object per line, each an item of a page.

https://www.openhasp.com/latest/commands/global/#jsonl and https://www.openhasp.com/latest/design/objects/

A line changes an item that is there; with `obj` it makes one that is not. The firmware reads a payload line by line and
stops at the first that it cannot read, so that a line too long costs all those behind it. Everything is written in ASCII,
other characters as `\\u` escapes, as the vendor asks for JSON.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from elfe.devices import Widget

PACKET_BYTES = 2048      # MQTT_MAX_PACKET_SIZE of all ESP32 builds from 0.6.0 to 0.7.1: the whole packet, topic included
OVERHEAD_BYTES = 10      # fixed header 5, topic's length 2, packet's id 2, and the NUL that 0.6 writes behind a payload
MEMORY_BYTES = 1152      # ArduinoJson's room for one line, MQTT_MAX_PACKET_SIZE / 2 + 128: dispatch_parse_jsonl, 0.6.0 to 0.7.1
PROPERTY_BYTES = 16      # of it, what a property takes on a 32-bit chip, beside its name and its text with a NUL each
PAGES = range(13)        # HASP_NUM_PAGES is 12; page 0 lies above every page
ITEMS = range(255)       # item 0 is the page itself
CUT = "..."

INVISIBLE = (0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10), 0xFEFF)
"""Joiners, directions of writing, variants of signs: the firmware knows none, and drew a box for each."""
# The font of the builds, `src/font/latin1` of 0.6.3 and 0.7.1, has Latin 1 but for these, and no control characters.
LIKENESS = str.maketrans({
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), *INVISIBLE)), "\n": "\n", "\t": " ",
    "«": '"', "»": '"', "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-",
    "…": "...", "·": "•", "\u202f": "\xa0", "\u2009": " ",
})


def payloads(widgets: Iterable[Widget], topic: str) -> tuple[str, ...]:
    """The widgets in their order, in as few payloads to `topic` as can be.

    Raises `ValueError` for an item that no screen has, and for properties that no cut of the text makes small enough.
    """
    room = PACKET_BYTES - OVERHEAD_BYTES - len(topic.encode())
    return tuple(grouped((line(each, room) for each in widgets), "\n".join, room))


def grouped(parts: Iterable[str], joined: Callable[[Sequence[str]], str], room: int) -> Iterator[str]:
    """Neighbours joined as long as they fit; a part that does not fit alone stands alone."""
    group: list[str] = []
    for part in parts:
        if group and len(joined([*group, part])) > room:
            yield joined(group)
            group = []
        group.append(part)
    if group:
        yield joined(group)


def line(widget: Widget, room: int) -> str:
    """One item; a text that is too long is cut, since a screen that shows its beginning is better than one left as it was."""
    name = f"p{widget.page}b{widget.item}"
    if widget.page not in PAGES or widget.item not in ITEMS:
        raise ValueError(f"no screen has {name}: pages go to {PAGES[-1]}, items to {ITEMS[-1]}")
    whole = _properties(widget)
    if _fits(whole, room):
        return _written(whole)
    text = str(whole.get("text", ""))

    def cut(kept: int) -> dict[str, str | int]:
        return {**whole, "text": text[:kept] + CUT}

    if "text" not in whole or not _fits(cut(0), room):
        raise ValueError(f"{name} is told too much at once: {len(_written(whole))} bytes")
    return _written(cut(bisect_left(range(len(text)), True, key=lambda kept: not _fits(cut(kept + 1), room))))


def shown(text: str) -> str:
    """A text as the screen can show it: what its font lacks is replaced by its likeness."""
    return text.translate(LIKENESS).encode("utf-8", "ignore").decode()      # a lone surrogate is no character


def _properties(widget: Widget) -> dict[str, str | int]:
    """`more` comes first: a roller must have its options before its value."""
    said = {"page": widget.page, "id": widget.item, **dict(widget.more),
            "val": widget.value, "text": widget.text, "bg_color": widget.color, "text_color": widget.text_color}
    return {name: shown(value) if isinstance(value, str) else value for name, value in said.items() if value is not None}


def _written(said: Mapping[str, str | int]) -> str:
    return json.dumps(said, separators=(",", ":"))


def _fits(said: Mapping[str, str | int], room: int) -> bool:
    return len(_written(said)) <= room and memory_of(said) <= MEMORY_BYTES


def memory_of(said: Mapping[str, str | int]) -> int:
    """What ArduinoJson 6 needs for a line on the chip: https://arduinojson.org/v6/assistant/"""
    texts = [*said, *(each for each in said.values() if isinstance(each, str))]
    return PROPERTY_BYTES * len(said) + sum(len(each.encode()) + 1 for each in texts)
