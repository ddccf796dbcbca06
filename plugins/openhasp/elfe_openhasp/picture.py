"""A page as a picture, for a person to look at, and what stands under a finger. SVG, 320 × 240.

What the firmware would draw, near enough to judge it by: letters are as wide as those of its font, what has no room is cut or
broken as there. The kinds of items: https://www.openhasp.com/latest/design/objects/
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from html import escape
from math import cos, pi, sin
from typing import Any

WIDTH, HEIGHT = 320, 240
GROUND, INK, ACCENT, FAINT = "#202830", "#ffffff", "#2b8acb", "#56626e"
WIDTHS = dict(zip(map(chr, range(32, 127)), (
    23, 25, 32, 55, 49, 63, 54, 17, 31, 32, 43, 50, 20, 25, 26, 37, 49, 49, 49, 49, 49, 49, 49, 49, 49, 49, 23, 20, 45, 48, 46, 42,
    77, 58, 55, 57, 57, 50, 48, 59, 62, 25, 48, 55, 48, 76, 62, 60, 55, 60, 53, 52, 52, 56, 56, 76, 55, 52, 52, 25, 37, 25, 37, 40,
    31, 48, 49, 46, 50, 47, 32, 49, 48, 23, 22, 45, 23, 75, 48, 50, 49, 50, 30, 46, 30, 48, 43, 65, 44, 42, 44, 31, 24, 31, 59),
    strict=True))
"""Of Roboto Condensed, the firmware's font, in hundredths of its size; a letter with an accent is as wide as without."""
WIDE, LINE = 80, 1.2
"""What is not in it; from a line to the next (29 pixels of 24)."""
Shows = Mapping[str, Any]
Places = Mapping[tuple[int, int], Shows]
Kinds = Mapping[tuple[int, int], str]


def svg(shown: Places, kinds: Kinds, page: int) -> str:
    """One page, page 0 above it; `shown` are the properties of items by page and item, `kinds` what they are."""
    ground = str(shown.get((page, 0), {}).get("bg_color", GROUND))
    drawn = "\n".join(line for place in _visible(shown, page) for line in DRAWERS.get(kinds.get(place, ""), _nothing)(shown[place]))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{2 * WIDTH}" height="{2 * HEIGHT}" '
            f'font-family="Roboto Condensed, sans-serif">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="{escape(ground)}"/>\n'
            f"{drawn}\n</svg>\n")


def under(shown: Places, kinds: Kinds, page: int, x: int, y: int) -> tuple[int, int] | None:
    """What a finger meets there: the page and the item that lies above the others."""
    for place in reversed(_visible(shown, page)):
        left, top, width, height = box(shown[place], kinds.get(place, ""))
        if left <= x < left + width and top <= y < top + height:
            return place
    return None


def box(shows: Shows, kind: str) -> tuple[int, int, int, int]:
    """x, y, width, height. The height of a roller follows from its rows."""
    height = int(shows.get("rows", 3)) * (_size(shows) + 16) if kind == "roller" else int(shows.get("h", HEIGHTS.get(kind, 36)))
    return int(shows["x"]), int(shows["y"]), int(shows.get("w", 60)), height


def fits(shows: Shows, kind: str) -> bool:
    """Its text has room, every word of it."""
    _, _, w, h = box(shows, kind)
    size, text = _size(shows), str(shows.get("text", ""))
    if shows.get("mode") == "break":
        lines = _broken(text, size, w)
        return len(lines) <= _rows(size, h) and all(width(each, size) <= w for each in lines)
    return width(text, size) <= (w - 2 * PADDING if kind == "btn" else w)


def width(text: str, size: int) -> float:
    """How wide a text is."""
    return sum(WIDTHS.get(unicodedata.normalize("NFD", each)[:1], WIDE) for each in text) * size / 100


def _visible(shown: Places, page: int) -> list[tuple[int, int]]:
    """The items of a page in the order in which they lie, those of page 0 last. One whose place is not told is in the screen's own
    pages, and nobody here knows where."""
    return [place for each in (page, 0) for place in sorted(shown)
            if place[0] == each and place[1] and "x" in shown[place] and not shown[place].get("hidden")]


def _size(shows: Shows) -> int:
    return int(shows.get("text_font", 16))


def _rows(size: int, height: int) -> int:
    return max(1, int(height / (size * LINE)))


def _nothing(shows: Shows) -> Iterator[str]:
    return iter(())


def _label(shows: Shows) -> Iterator[str]:
    x, y, w, h = box(shows, "label")
    size, text = _size(shows), str(shows.get("text", ""))
    lines = _broken(text, size, w)[:_rows(size, h)] if shows.get("mode") == "break" else [_dotted(text, size, w)]
    middle = shows.get("align") == "center"
    for number, line in enumerate(lines):
        yield _text(line, x + w / 2 if middle else x, y + size * (number * LINE + 0.9), size, str(shows.get("text_color", INK)),
                    "middle" if middle else "start")


def _button(shows: Shows) -> Iterator[str]:
    x, y, w, h = box(shows, "btn")
    size, left = _size(shows), shows.get("align") == "left"
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{escape(str(shows.get("bg_color", ACCENT)))}"/>'
    text = _dotted(str(shows.get("text", "")), size, w - 2 * PADDING)
    yield _text(text, x + PADDING if left else x + w / 2, y + h / 2 + size * 0.35, size, str(shows.get("text_color", INK)),
                "start" if left else "middle")


def _switch(shows: Shows) -> Iterator[str]:
    x, y, w, h = box(shows, "switch")
    on = bool(shows.get("val"))
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{h / 2}" fill="{ACCENT if on else FAINT}"/>'
    yield f'<circle cx="{x + (w - h / 2 if on else h / 2)}" cy="{y + h / 2}" r="{h / 2 - 3}" fill="{INK}"/>'


def _led(shows: Shows) -> Iterator[str]:
    x, y, w, h = box(shows, "led")
    colour = escape(str(shows.get("bg_color", FAINT)))
    yield f'<circle cx="{x + w / 2}" cy="{y + h / 2}" r="{min(w, h) / 2}" fill="{colour}" stroke="{INK}" stroke-width="1"/>'


def _roller(shows: Shows) -> Iterator[str]:
    size = _size(shows)
    x, y, w, h = box(shows, "roller")
    options, chosen = str(shows.get("options", "")).split("\n"), int(shows.get("val", 0))
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="6" fill="{FAINT}"/>'
    if 0 <= chosen < len(options):
        yield _text(options[chosen], x + w / 2, y + h / 2 + size * 0.35, size, INK, "middle")


def _gauge(shows: Shows) -> Iterator[str]:
    x, y, w, h = box(shows, "gauge")
    low, high = float(shows.get("min", 0)), float(shows.get("max", 100))
    share = (float(shows.get("val", low)) - low) / ((high - low) or 1)
    radius, middle, foot = min(w / 2, h) - 8, x + w / 2, y + h - 6
    angle = pi * (1 - min(1.0, max(0.0, share)))
    colour = escape(str(shows.get("bg_color10", shows.get("bg_color", ACCENT))))
    yield (f'<path d="M {middle - radius} {foot} A {radius} {radius} 0 0 1 {middle + radius} {foot}" fill="none" '
           f'stroke="{colour}" stroke-width="14"/>')
    across, up = radius * 0.8 * cos(angle), radius * 0.8 * sin(angle)
    yield (f'<line x1="{middle}" y1="{foot}" x2="{middle + across:.1f}" y2="{foot - up:.1f}" stroke="{INK}" stroke-width="4"/>')


DRAWERS: Mapping[str, Callable[[Shows], Iterator[str]]] = {
    "label": _label, "btn": _button, "switch": _switch, "led": _led, "roller": _roller, "gauge": _gauge}


HEIGHTS = {"gauge": 120}
PADDING = 4
"""Of a button, beside its text."""


def _broken(text: str, size: int, room: int) -> list[str]:
    """Words in lines."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and width(f"{lines[-1]} {word}", size) > room:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip(" ")
    return lines


def _dotted(text: str, size: int, room: int) -> str:
    """A line that has no room ends in three dots."""
    if width(text, size) <= room:
        return text
    kept = next((end for end in range(len(text), 0, -1) if width(f"{text[:end]}...", size) <= room), 0)
    return f"{text[:kept]}..."


def _text(text: str, x: float, y: float, size: int, colour: str, anchor: str) -> str:
    return (f'<text x="{x}" y="{y:.1f}" font-size="{size}" fill="{escape(colour)}" text-anchor="{anchor}">'
            f"{escape(text)}</text>")
