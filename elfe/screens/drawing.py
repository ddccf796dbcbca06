"""A home as the items of its screen. Pure.

Every item is drawn whole when a screen comes: a new one has no pages of its own, and one that restarted has forgotten what it
showed. After that only what changes is sent. 320 × 240; letters of 24 are read from two metres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo

from attrs import evolve, frozen

from elfe.devices.values import Widget
from elfe.screens.layout import Layout, Page, Role
from elfe.screens.words import Known, status

Properties = tuple[tuple[str, str | int], ...]
Drawn = dict[tuple[int, int], Widget]

GREEN, RED, CONNECTED, GROUND = "#00FF00", "#FF0000", "#208020", "#202830"
LETTERS: Properties = (("text_font", 24),)
QUARTERS = "00\n15\n30\n45"


def _box(kind: str, x: int, y: int, w: int, h: int, *more: tuple[str, str | int]) -> Properties:
    return (("obj", kind), ("x", x), ("y", y), ("w", w), ("h", h), *more)


def _roller(x: int, y: int, options: str) -> Properties:
    """Its height follows from its rows."""
    return (("obj", "roller"), ("x", x), ("y", y), ("w", 66), ("rows", 1), *LETTERS, ("options", options))


HOURS = "\n".join(f"{hour:02}" for hour in range(24))
PLACES: Mapping[Role, Properties] = {
    Role.BACK: _box("btn", 4, 2, 44, 36, ("text_font", 24), ("action", '{"down":"page %d"}')),
    Role.NAME: _box("label", 56, 6, 222, 32, *LETTERS, ("mode", "dots")),
    Role.LED: _box("led", 286, 6, 26, 26),
    Role.END_LABEL: _box("label", 8, 52, 92, 30, *LETTERS),
    Role.END_HOUR: _roller(100, 44, HOURS),
    Role.END_QUARTER: _roller(172, 44, QUARTERS),
    Role.LASTS_LABEL: _box("label", 8, 98, 92, 30, *LETTERS),
    Role.LASTS_HOUR: _roller(100, 90, HOURS),
    Role.LASTS_QUARTER: _roller(172, 90, QUARTERS),
    Role.CHARGE: _roller(100, 90, "\n".join(f"{tens}0 %" if tens else "0 %" for tens in range(11))),
    Role.NEXT: _box("btn", 246, 44, 70, 84, *LETTERS),
    Role.STATUS: _box("label", 8, 134, 304, 56, *LETTERS, ("mode", "break")),
    Role.PILOT: _box("switch", 6, 200, 58, 32),
    Role.PILOT_LABEL: _box("label", 70, 203, 84, 30, *LETTERS),
    Role.FORCE: _box("btn", 156, 194, 88, 44, *LETTERS),
    Role.STOP: _box("btn", 248, 194, 68, 44, *LETTERS),
}
"""Where an item stands that the screen's own pages have not."""
TEXTS = {Role.BACK: "<", Role.PILOT_LABEL: "Piloté", Role.END_LABEL: "Prêt à", Role.FORCE: "Marche", Role.STOP: "Arrêt"}
ROW, ROWS_FROM = 38, 6
EVERY_PAGE, BANNER, LOST = 0, 250, "#B00020"
FIRST_BUTTON = 40
"""Of the summary: the buttons with the appliances' names, from here on."""


@frozen
class Shown:
    """One of a home's appliances on its page: which of how many of the kind, and what a person has just been told."""

    known: Known
    index: int = 0
    of: int = 1
    note: str = ""


def drawn(layout: Layout, shown: Mapping[int, Shown], now: datetime, zone: tzinfo) -> Drawn:
    """Everything that a home's screen shows; `shown` by page."""
    found = [banner(hidden=True), *_weather(layout), *_summary(layout, shown), *_connection(layout, now, zone)]
    for page in layout.pages:
        if page.number in shown:
            found += _page(page, layout, shown[page.number], now, zone)
    return {(each.page, each.item): each for each in found}


def changes(before: Drawn, after: Drawn) -> Iterator[Widget]:
    """What is to be sent: an item that was not drawn whole, of others what differs."""
    for place, widget in after.items():
        if place not in before:
            yield widget
        elif widget != before[place]:
            yield evolve(widget, more=tuple(each for each in widget.more if each not in before[place].more))


def _page(page: Page, layout: Layout, shown: Shown, now: datetime, zone: tzinfo) -> Iterator[Widget]:
    yield _ground(page.number)
    values = _values(shown, now, zone)
    for role, item in page.items.items():
        widget = values.get(role, Widget(0, 0, text=TEXTS.get(role)))
        more = (*(_targeted(PLACES[role], layout)), *widget.more)
        yield evolve(widget, page=page.number, item=item, more=more)


def _targeted(properties: Properties, layout: Layout) -> Properties:
    """What leads to the summary knows its page."""
    return tuple((name, str(value) % layout.summary if name == "action" else value) for name, value in properties)


def _values(shown: Shown, now: datetime, zone: tzinfo) -> Mapping[Role, Widget]:
    known = shown.known
    end = known.deadline.astimezone(zone) if known.deadline else None
    lasts_min = int(known.lasts.total_seconds()) // 60 if known.lasts else 0
    several = shown.of > 1
    return {
        Role.NAME: _text(known.appliance.name),
        Role.LED: Widget(0, 0, color=GREEN if known.lent else RED),
        Role.PILOT: Widget(0, 0, value=int(known.lent)),
        Role.END_HOUR: Widget(0, 0, value=end.hour if end else 0),
        Role.END_QUARTER: Widget(0, 0, value=end.minute // 15 if end else 0),
        Role.LASTS_LABEL: Widget(0, 0, text="Charge" if known.charge_pct is not None else "Dure"),
        Role.LASTS_HOUR: Widget(0, 0, value=min(lasts_min // 60, 23)),
        Role.LASTS_QUARTER: Widget(0, 0, value=lasts_min % 60 // 15),
        Role.CHARGE: Widget(0, 0, value=min(10, (known.charge_pct or 0) // 10)),
        Role.NEXT: Widget(0, 0, text=f"{shown.index + 1}/{shown.of} >", more=(("hidden", int(not several)),)),
        Role.STATUS: _text(shown.note or status(known, now, zone)),
    }


def banner(hidden: bool) -> Widget:
    """Over every page, when we are gone: what it shows is old then. Our last will says so, or the screen itself does."""
    shape = (*_box("btn", 0, 0, 320, 40, *LETTERS), ("hidden", int(hidden)))
    return Widget(EVERY_PAGE, BANNER, text="Hors ligne", color=LOST, more=shape)


def _weather(layout: Layout) -> Sequence[Widget]:
    """Its items alone; what they show is said by the territory."""
    return (_ground(layout.weather),
            Widget(layout.weather, layout.gauge, more=_box("gauge", 60, 30, 200, 130, ("min", -5), ("max", 5))),
            Widget(layout.weather, layout.weather_words, more=_box("label", 8, 176, 304, 58, *LETTERS, ("mode", "break"))))


def _ground(page: int) -> Widget:
    """Swiped from page to page."""
    return Widget(page, 0, more=(("bg_color", GROUND), ("swipe", 1)))


def _summary(layout: Layout, shown: Mapping[int, Shown]) -> Iterator[Widget]:
    """A light and a button for each kind of appliance that the home has."""
    yield _ground(layout.summary)
    pages = [page for page in layout.pages if page.number in shown]
    for row, page in enumerate(pages):
        y = ROWS_FROM + row * ROW
        known = shown[page.number].known
        yield Widget(layout.summary, page.light, color=GREEN if known.lent else RED, more=_box("led", 10, y + 4, 26, 26))
        button = _box("btn", 48, y, 262, ROW - 4, *LETTERS, ("action", f'{{"down":"page {page.number}"}}'))
        yield evolve(_text(known.appliance.name), page=layout.summary, item=FIRST_BUTTON + row, more=button)


def _connection(layout: Layout, now: datetime, zone: tzinfo) -> Sequence[Widget]:
    """That we are there, and since when it has been told nothing."""
    return (_ground(layout.connection),
            Widget(layout.connection, layout.connection_item, text="ecran connecté", text_color=CONNECTED,
                   more=_box("label", 20, 80, 280, 34, *LETTERS, ("align", "center"))),
            Widget(layout.connection, layout.clock_item, text=f"à jour à {now.astimezone(zone):%H:%M}",
                   more=_box("label", 20, 120, 280, 34, *LETTERS, ("align", "center"))))


def _text(text: str) -> Widget:
    """A text that people wrote: a number sign would begin a colour."""
    return Widget(0, 0, text=text.replace("#", "n°").replace("\n", " ").replace("\r", " "))


def by_page(layout: Layout, home: Iterable[Known], chosen: Mapping[int, int], notes: Mapping[int, str]) -> dict[int, Shown]:
    """Which appliance each page shows: `chosen` counts how often somebody asked for the next one; notes are by appliance."""
    known = sorted(home, key=lambda each: each.appliance.id)
    found: dict[int, Shown] = {}
    for page in layout.pages:
        kind = [each for each in known if each.appliance.type in page.types]
        if kind:
            index = chosen.get(page.number, 0) % len(kind)
            found[page.number] = Shown(kind[index], index, len(kind), notes.get(kind[index].appliance.id, ""))
    return found
