"""A home as the items of its screen. Pure.

Every item is drawn whole when a screen comes: a new one has no pages of its own, and one that restarted has forgotten what it
showed. After that only what changes is sent; what is gone is hidden. 320 × 240; letters of 24 are read from two metres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import evolve, frozen

from elfe.devices.values import Widget
from elfe.screens.layout import PLACES, Layout, Page, Role
from elfe.screens.words import MODES, Known, brief, status

Properties = tuple[tuple[str, str | int], ...]
Drawn = dict[tuple[int, int], Widget]

GREEN, RED, CONNECTED = "#00FF00", "#FF0000", "#208020"
"""The first engine's: lent, not lent, connected."""
GROUND, PAPER, INK = "#202830", "#FFFFFF", "#202830"
BLUE, GO, HALT, UNDO = "#15619C", "#17692F", "#A3212B", "#7A4A00"
"""Of buttons. White letters on them have a contrast of six and more."""
LETTERS: Properties = (("text_font", 24),)
QUARTERS = "00\n15\n30\n45"
HOURS = "\n".join(f"{hour:02} h" for hour in range(24))
TENS = "\n".join(f"{tens}0 %" if tens else "0 %" for tens in range(11))
TOO_OLD = timedelta(minutes=3)
"""So long after it was last read, what a screen shows is no news any more."""


def _roller(options: str) -> Properties:
    return (("obj", "roller"), ("rows", 1), *LETTERS, ("options", options))


LOOKS: Mapping[Role, Properties] = {
    Role.BACK: (("obj", "btn"), *LETTERS, ("action", '{"down":"page %d"}')),
    Role.NAME: (("obj", "label"), *LETTERS, ("mode", "dots")),
    Role.LED: (("obj", "led"),),
    Role.END_LABEL: (("obj", "label"), *LETTERS),
    Role.END_HOUR: _roller(HOURS),
    Role.END_QUARTER: _roller(QUARTERS),
    Role.LASTS_LABEL: (("obj", "label"), *LETTERS),
    Role.LASTS_HOUR: _roller(HOURS),
    Role.LASTS_QUARTER: _roller(QUARTERS),
    Role.CHARGE: _roller(TENS),
    Role.NEXT: (("obj", "btn"), *LETTERS),
    Role.STATUS: (("obj", "label"), *LETTERS, ("mode", "break")),
    Role.PILOT: (("obj", "switch"),),
    Role.PILOT_LABEL: (("obj", "label"), *LETTERS),
    Role.FORCE: (("obj", "btn"), *LETTERS),
    Role.STOP: (("obj", "btn"), *LETTERS),
}
"""What an item is that the screen's own pages have not; where it stands is the layout's."""
FIXED = {Role.BACK: Widget(0, 0, text="<", color=BLUE), Role.PILOT_LABEL: Widget(0, 0, text="Piloté"),
         Role.END_LABEL: Widget(0, 0, text="Prêt à")}
ALWAYS = frozenset({Role.BACK, Role.NAME, Role.LED, Role.NEXT, Role.STATUS})
"""What is shown of an appliance that nobody may touch here; the rest is hidden."""
EVERY_PAGE, BANNER, LOST = 0, 250, "#B00020"
FIRST_BUTTON, FIRST_WORD, TO_WEATHER, NOBODY = 40, 60, 80, 81
"""Of the summary: the buttons with the appliances' names and the words beside them, from here on; what leads to the weather."""
TALLEST, SUMMARY_HEIGHT = 52, 236


@frozen
class Shown:
    """One of a home's appliances on its page: which of how many of the kind, and what a person has just been told."""

    known: Known
    index: int = 0
    of: int = 1
    note: str = ""


def drawn(layout: Layout, shown: Mapping[int, Shown], now: datetime, zone: tzinfo, known_at: datetime | None = None) -> Drawn:
    """Everything that a home's screen shows; `shown` by page, as it was known at `known_at` (else now)."""
    at = known_at or now
    old = now - at > TOO_OLD
    found = [banner(hidden=not old), *_weather(layout), *_summary(layout, shown, now, zone), *_connection(layout, at, old, zone)]
    for page in layout.pages:
        if page.number in shown:
            found += _page(page, layout, shown[page.number], now, zone)
    return {(each.page, each.item): _with_hidden(each) for each in found}


def lost(layout: Layout) -> tuple[Widget, ...]:
    """What every screen is told when we leave, or cannot tell it ourselves any more."""
    return banner(hidden=False), Widget(layout.connection, layout.connection_item, text="hors ligne", text_color=LOST)


def changes(before: Drawn, after: Drawn) -> Iterator[Widget]:
    """What is to be sent: an item that was not drawn whole, of others what differs; one that is gone is hidden."""
    for place, widget in after.items():
        if place not in before:
            yield widget
        elif widget != before[place]:
            yield _difference(before[place], widget)
    for place in before:
        if place not in after and place[1]:
            yield Widget(*place, more=(("hidden", 1),))


def _difference(was: Widget, widget: Widget) -> Widget:
    return evolve(widget, value=None if widget.value == was.value else widget.value,
                  text=None if widget.text == was.text else widget.text,
                  color=None if widget.color == was.color else widget.color,
                  text_color=None if widget.text_color == was.text_color else widget.text_color,
                  more=tuple(each for each in widget.more if each not in was.more))


def _with_hidden(widget: Widget) -> Widget:
    """Said each time: what was hidden before stays so otherwise. A page itself is never."""
    if not widget.item or any(name == "hidden" for name, _ in widget.more):
        return widget
    return evolve(widget, more=(*widget.more, ("hidden", 0)))


def _box(kind: str, x: int, y: int, w: int, h: int, *more: tuple[str, str | int]) -> Properties:
    return (("obj", kind), ("x", x), ("y", y), ("w", w), ("h", h), *more)


def _page(page: Page, layout: Layout, shown: Shown, now: datetime, zone: tzinfo) -> Iterator[Widget]:
    yield _ground(page.number)
    values, touchable = {**FIXED, **_values(shown, now, zone)}, shown.known.appliance.mode not in MODES
    for role, item in page.items.items():
        widget = values[role]
        hidden = () if touchable or role in ALWAYS else (("hidden", 1),)
        more = (*_placed(role, layout), *_targeted(LOOKS[role], layout), *widget.more, *hidden)
        yield evolve(widget, page=page.number, item=item, more=more)


def _placed(role: Role, layout: Layout) -> Properties:
    """The height of a roller follows from its rows."""
    x, y, w, h = layout.places.get(role, PLACES[role])
    return (("x", x), ("y", y), ("w", w), *((("h", h),) if LOOKS[role][0] != ("obj", "roller") else ()))


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
        Role.NEXT: Widget(0, 0, text=f"{shown.index + 1}/{shown.of} >", color=BLUE, more=(("hidden", int(not several)),)),
        Role.STATUS: _text(shown.note or status(known, now, zone)),
        Role.FORCE: _hold_button(known, True, "Marche", GO),
        Role.STOP: _hold_button(known, False, "Arrêt", HALT),
    }


def _hold_button(known: Known, supply: bool, text: str, color: str) -> Widget:
    """What is held by this very button is undone by it."""
    held = known.hold is not None and known.hold.appliance_id is not None and known.hold.supply is supply
    return Widget(0, 0, text="Annuler", color=UNDO) if held else Widget(0, 0, text=text, color=color)


def banner(hidden: bool) -> Widget:
    """Over every page, when we are gone: what it shows is old then. Our last will says so, or the screen itself does.

    It covers the name and the light, never what leads back.
    """
    shape = (*_box("btn", 56, 2, 262, 42, *LETTERS), ("hidden", int(hidden)))
    return Widget(EVERY_PAGE, BANNER, text="Hors ligne : pas à jour", color=LOST, more=shape)


def _weather(layout: Layout) -> Sequence[Widget]:
    """Its items; what they show is said by the territory, which is asked to as soon as a screen comes."""
    page = layout.weather
    return (_ground(page),
            Widget(page, layout.gauge, value=0, color="#808080", more=_box("gauge", 70, 4, 180, 104, ("min", -5), ("max", 5))),
            Widget(page, layout.weather_words, text="Météo pas encore reçue",
                   more=_box("label", 8, 112, 304, 88, *LETTERS, ("mode", "break"))),
            Widget(page, layout.weather_seen, text="", more=_box("label", 8, 206, 140, 30, *LETTERS)),
            _leads(page, layout.weather_link, layout.summary, "Appareils >", 172, 198, 144, 40))


def _leads(page: int, item: int, to: int, text: str, *box: int) -> Widget:
    x, y, w, h = box
    return Widget(page, item, text=text, color=BLUE,
                  more=_box("btn", x, y, w, h, *LETTERS, ("mode", "dots"), ("action", f'{{"down":"page {to}"}}')))


def _ground(page: int, color: str = GROUND) -> Widget:
    """Swiped from page to page."""
    return Widget(page, 0, more=(("bg_color", color), ("swipe", 1)))


def _summary(layout: Layout, shown: Mapping[int, Shown], now: datetime, zone: tzinfo) -> Iterator[Widget]:
    """A light, a button and a word for each kind of appliance that the home has."""
    yield _ground(layout.summary)
    pages = [page for page in layout.pages if page.number in shown]
    rows = max(len(pages), 1) + 1                       # the last one leads to the weather; six kinds leave it no room
    row_h = min(TALLEST, SUMMARY_HEIGHT // (rows if len(pages) < 6 else len(pages)))
    for row, page in enumerate(pages):
        y, known = 4 + row * row_h, shown[page.number].known
        yield Widget(layout.summary, page.light, color=GREEN if known.lent else RED,
                     more=_box("led", 8, y + (row_h - 30) // 2, 26, 26))
        name = _text(known.appliance.name).text or ""
        yield _leads(layout.summary, FIRST_BUTTON + row, page.number, name, 42, y, 186, row_h - 4)
        yield Widget(layout.summary, FIRST_WORD + row, text=brief(known, now, zone),
                     more=_box("label", 232, y + (row_h - 32) // 2, 88, 30, *LETTERS))
    if not pages:
        yield Widget(layout.summary, NOBODY, text="Aucun appareil ici", more=_box("label", 20, 20, 280, 30, *LETTERS))
    if len(pages) < 6:
        yield _leads(layout.summary, TO_WEATHER, layout.weather, "Météo >", 42, SUMMARY_HEIGHT - row_h + 4, 274, row_h - 4)


def _connection(layout: Layout, at: datetime, old: bool, zone: tzinfo) -> Sequence[Widget]:
    """That we are there, and when what is shown was last known, to five minutes: to the minute, every screen would be told so
    every minute."""
    at -= timedelta(minutes=at.minute % 5)
    return (_ground(layout.connection, PAPER),
            Widget(layout.connection, layout.connection_item, text="hors ligne" if old else "ecran connecté",
                   text_color=LOST if old else CONNECTED, more=_box("label", 20, 80, 280, 34, *LETTERS, ("align", "center"))),
            Widget(layout.connection, layout.clock_item, text=f"à jour à {at.astimezone(zone):%H:%M}", text_color=INK,
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
