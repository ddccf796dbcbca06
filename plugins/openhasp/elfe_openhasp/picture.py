"""A page as a picture, for a person to look at: what the firmware would draw, near enough to judge it by. SVG, 320 × 240.

The kinds of items and what they look like: https://www.openhasp.com/latest/design/objects/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from html import escape
from math import cos, pi, sin
from typing import Any

WIDTH, HEIGHT = 320, 240
GROUND, INK, ACCENT, FAINT = "#202830", "#ffffff", "#2b8acb", "#56626e"
PER_LINE = 0.5
"""The width of a letter, of its height, on average."""
Shows = Mapping[str, Any]


def svg(shown: Mapping[tuple[int, int], Shows], kinds: Mapping[tuple[int, int], str], page: int) -> str:
    """One page; `shown` are the properties of items by page and item, `kinds` what they are."""
    ground = str(shown.get((page, 0), {}).get("bg_color", GROUND))
    items = [(kinds.get(place, ""), shows) for place, shows in sorted(shown.items())
             if place[0] == page and place[1] and "x" in shows]
    drawn = "\n".join(line for kind, shows in items if not shows.get("hidden") for line in DRAWERS.get(kind, _nothing)(shows))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{2 * WIDTH}" height="{2 * HEIGHT}" '
            f'font-family="Roboto Condensed, sans-serif">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="{escape(ground)}"/>\n'
            f"{drawn}\n</svg>\n")


def _nothing(shows: Shows) -> Iterator[str]:
    return iter(())


def _box(shows: Shows, height: int = 36) -> tuple[int, int, int, int]:
    return int(shows["x"]), int(shows["y"]), int(shows.get("w", 60)), int(shows.get("h", height))


def _label(shows: Shows) -> Iterator[str]:
    x, y, w, h = _box(shows)
    size, text = int(shows.get("text_font", 16)), str(shows.get("text", ""))
    fits = max(1, int(w / (size * PER_LINE)))
    lines = _broken(text, fits) if shows.get("mode") == "break" else [text if len(text) <= fits else text[:fits - 1] + "…"]
    middle = shows.get("align") == "center"
    for number, line in enumerate(lines[:max(1, h // size)]):
        yield _text(line, x + w / 2 if middle else x, y + size * (number + 0.9), size, str(shows.get("text_color", INK)),
                    "middle" if middle else "start")


def _button(shows: Shows) -> Iterator[str]:
    x, y, w, h = _box(shows)
    size = int(shows.get("text_font", 16))
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="8" fill="{escape(str(shows.get("bg_color", ACCENT)))}"/>'
    yield _text(str(shows.get("text", "")), x + w / 2, y + h / 2 + size * 0.35, size, INK, "middle", w - 8)


def _switch(shows: Shows) -> Iterator[str]:
    x, y, w, h = _box(shows)
    on = bool(shows.get("val"))
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{h / 2}" fill="{ACCENT if on else FAINT}"/>'
    yield f'<circle cx="{x + (w - h / 2 if on else h / 2)}" cy="{y + h / 2}" r="{h / 2 - 3}" fill="{INK}"/>'


def _led(shows: Shows) -> Iterator[str]:
    x, y, w, h = _box(shows)
    colour = escape(str(shows.get("bg_color", FAINT)))
    yield f'<circle cx="{x + w / 2}" cy="{y + h / 2}" r="{min(w, h) / 2}" fill="{colour}" stroke="{INK}" stroke-width="1"/>'


def _roller(shows: Shows) -> Iterator[str]:
    size = int(shows.get("text_font", 16))
    x, y, w, h = _box(shows, int(shows.get("rows", 3)) * (size + 16))
    options, chosen = str(shows.get("options", "")).split("\n"), int(shows.get("val", 0))
    yield f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="6" fill="{FAINT}"/>'
    if 0 <= chosen < len(options):
        yield _text(options[chosen], x + w / 2, y + h / 2 + size * 0.35, size, INK, "middle", w - 8)


def _gauge(shows: Shows) -> Iterator[str]:
    x, y, w, h = _box(shows, 120)
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


def _broken(text: str, fits: int) -> list[str]:
    """Words in lines."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > fits:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _text(text: str, x: float, y: float, size: int, colour: str, anchor: str, widest: float = 0) -> str:
    narrowed = f' textLength="{widest}" lengthAdjust="spacingAndGlyphs"' if widest and len(text) * size * 0.6 > widest else ""
    return (f'<text x="{x}" y="{y:.1f}" font-size="{size}" fill="{escape(colour)}" text-anchor="{anchor}"{narrowed}>'
            f"{escape(text)}</text>")
