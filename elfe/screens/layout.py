"""Which items stand on which page of a screen: the first engine's numbers, or those of a file. Pure.

A page is for one kind of appliance. Its items have roles; a role that a page lacks is not shown there. An item stands where
`PLACES` says, or the file's table `[places]`.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import combinations
from typing import Any

from attrs import field, frozen

from elfe.coordination import reference
from elfe.errors import SettingsError

PAGES, ITEMS = range(1, 13), range(1, 255)


class Role(StrEnum):
    """What an item of an appliance's page is for."""

    PILOT = "pilot"                # lent or not: the switch
    LED = "led"                    # green where it is lent
    END_HOUR = "end_hour"          # options 0 to 23
    END_QUARTER = "end_quarter"    # options 0 to 3
    LASTS_HOUR = "lasts_hour"
    LASTS_QUARTER = "lasts_quarter"
    CHARGE = "charge"              # options 0 to 10: tens of percent
    NAME = "name"
    STATUS = "status"              # what is true of it, in words
    FORCE = "force"                # on, at once
    STOP = "stop"                  # off, at once
    NEXT = "next"                  # another appliance of the kind
    BACK = "back"                  # to the summary
    PILOT_LABEL = "pilot_label"
    END_LABEL = "end_label"
    LASTS_LABEL = "lasts_label"


Place = tuple[int, int, int, int]
"""x, y, width and height, in pixels."""
WIDTH, HEIGHT, ROLLER_H = 320, 240, 40
PLACES: Mapping[Role, Place] = {
    Role.BACK: (2, 2, 50, 42),
    Role.NAME: (58, 8, 222, 30),
    Role.LED: (286, 8, 26, 26),
    Role.END_LABEL: (8, 53, 92, 30),
    Role.END_HOUR: (100, 47, 72, ROLLER_H),
    Role.END_QUARTER: (176, 47, 72, ROLLER_H),
    Role.LASTS_LABEL: (8, 97, 92, 30),
    Role.LASTS_HOUR: (100, 91, 72, ROLLER_H),
    Role.LASTS_QUARTER: (176, 91, 72, ROLLER_H),
    Role.CHARGE: (100, 91, 148, ROLLER_H),
    Role.NEXT: (252, 47, 66, 84),
    Role.STATUS: (8, 133, 308, 60),
    Role.PILOT: (4, 196, 64, 40),
    Role.PILOT_LABEL: (76, 201, 62, 30),
    Role.FORCE: (142, 194, 86, 44),
    Role.STOP: (232, 194, 86, 44),
}
"""Where an item stands unless the file says otherwise. A millimetre of the ELFI's glass is eight pixels."""
ROLLERS = frozenset({Role.END_HOUR, Role.END_QUARTER, Role.LASTS_HOUR, Role.LASTS_QUARTER, Role.CHARGE})
TOUCHED = ROLLERS | {Role.BACK, Role.NEXT, Role.PILOT, Role.FORCE, Role.STOP}
FINGER = 40
"""Five millimetres: what is touched is not smaller, nor lower than letters of 24."""


@frozen
class Page:
    """The page of a kind of appliance."""

    number: int
    types: tuple[int, ...]
    items: Mapping[Role, int]
    light: int                     # of the summary: the item that shows whether it is lent


@frozen
class Layout:
    """All pages. Beside those of appliances: the weather (drawn by the territory), the summary, the connection."""

    pages: tuple[Page, ...]
    weather: int = 1
    gauge: int = 13                # the territory says what they show
    weather_words: int = 14
    weather_seen: int = 15
    weather_link: int = 16
    summary: int = 8
    connection: int = 9
    connection_item: int = 8
    clock_item: int = 9            # beside it: when the screen was last told anything
    places: Mapping[Role, Place] = field(factory=dict)      # those that the file moves
    _by_item: Mapping[tuple[int, int], tuple[Page, Role]] = field(init=False, repr=False, eq=False)

    @_by_item.default
    def _index(self) -> Mapping[tuple[int, int], tuple[Page, Role]]:
        return {(page.number, item): (page, role) for page in self.pages for role, item in page.items.items()}

    def at(self, page: int, item: int) -> tuple[Page, Role] | None:
        """What stands there."""
        return self._by_item.get((page, item))


OURS = {Role.FORCE: 11, Role.STOP: 12, Role.NAME: 20, Role.STATUS: 21, Role.NEXT: 22, Role.BACK: 23, Role.PILOT_LABEL: 24}
"""On every page, beside what the first engine's screens have."""
EVERY = {Role.PILOT: 3, Role.LED: 10, **OURS}
MACHINE = {**EVERY, Role.END_HOUR: 8, Role.END_QUARTER: 9, Role.LASTS_HOUR: 5, Role.LASTS_QUARTER: 6, Role.END_LABEL: 25,
           Role.LASTS_LABEL: 26}
CAR = {**EVERY, Role.END_HOUR: 5, Role.END_QUARTER: 6, Role.CHARGE: 8, Role.END_LABEL: 25, Role.LASTS_LABEL: 26}
DEFAULT = Layout((
    Page(2, (111,), MACHINE, 12), Page(3, (112,), MACHINE, 13), Page(4, (113,), MACHINE, 14), Page(5, (221,), CAR, 15),
    Page(6, (131,), EVERY, 16), Page(7, (151, 155), EVERY, 17)))

NUMBERS = ("summary", "connection", "connection_item", "clock_item")
"""Those of a layout's file beside its pages; where the weather stands is the territory's."""
KNOWN_TYPES = {code.id: code.name for code in reference.APPLIANCE_TYPES}


def read(text: str, file: str) -> Layout:
    """The layout that a TOML text describes. Raises `SettingsError` with everything that is wrong.

    `[[page]]` with `number`, `types`, `light` and one key for each role; beside them the numbers of `NUMBERS`, and `[places]` with
    the roles that stand elsewhere.
    """
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    given, problems = tree.pop("page", []), list[str]()
    numbers = {name: tree.pop(name, getattr(DEFAULT, name)) for name in NUMBERS}
    places = _places(tree.pop("places", {}), problems)
    problems += [f"unknown key {name}" for name in tree]
    problems += [f"{name}: a number is expected" for name, value in numbers.items() if type(value) is not int]
    if not isinstance(given, list) or not given:
        problems.append("no [[page]]: without one, leave the file out and the usual pages are used")
        given = []
    pages = [page for number, each in enumerate(given, 1) for page in _page(each, number, problems)]
    problems += [*_clashes(pages, numbers), *_overlaps(pages, places)] if not problems else []
    if problems:
        raise SettingsError("\n".join(f"{file}: {each}" for each in problems))
    return Layout(tuple(pages), **numbers, places=places)


def written(layout: Layout) -> str:
    """As TOML, to start from."""
    lines = [f"{name} = {getattr(layout, name)}" for name in NUMBERS]
    for page in layout.pages:
        kinds = ", ".join(KNOWN_TYPES[each] for each in page.types)
        lines += ["", "[[page]]", f"number = {page.number}", f"types = {list(page.types)}      # {kinds}", f"light = {page.light}"]
        lines += [f"{role} = {page.items[role]}" for role in Role if role in page.items]
    lines += ["", "[places]      # x, y, width, height; a roller is 40 high"]
    lines += [f"{role} = {list(layout.places.get(role, PLACES[role]))}" for role in Role]
    return "\n".join(lines) + "\n"


def _page(given: Any, number: int, problems: list[str]) -> Iterator[Page]:
    where = f"page {number}"
    if not isinstance(given, dict):
        problems.append(f"{where}: write [[page]], with its keys under it")
        return
    items = {each: given[each] for each in Role if each in given}
    wrong = [f"{where}: unknown key {name} (known: number, types, light, {', '.join(Role)})"
             for name in given if name not in {"number", "types", "light", *Role}]
    wrong += [f"{where}: number {given.get('number')!r} cannot be (accepted: 1 to 12)"] if given.get("number") not in PAGES else []
    types = given.get("types")
    if not isinstance(types, list) or not types or any(each not in KNOWN_TYPES for each in types):
        accepted = ", ".join(f"{id} {name}" for id, name in KNOWN_TYPES.items())
        wrong.append(f"{where}: types {types!r} cannot be (accepted: {accepted})")
    wrong += [f"{where}: {name} = {item!r} cannot be (accepted: 1 to 254)"
              for name, item in (*items.items(), ("light", given.get("light"))) if type(item) is not int or item not in ITEMS]
    wrong += [f"{where}: without {Role.PILOT} nobody could lend anything there"] if Role.PILOT not in items else []
    problems += wrong
    if not wrong:
        yield Page(given["number"], tuple(given["types"]), items, given["light"])


def _places(given: Any, problems: list[str]) -> dict[Role, Place]:
    """Those that are not where they usually are."""
    if not isinstance(given, dict):
        problems.append("places: write [places], with a role and its x, y, width and height in each line")
        return {}
    problems += [f"places: unknown role {name} (known: {', '.join(Role)})" for name in given if name not in set(Role)]
    known = {Role(name): each for name, each in given.items() if name in set(Role)}
    problems += [wrong for role, each in known.items() if (wrong := _misplaced(role, each))]
    return {role: place for role, each in known.items()
            if not _misplaced(role, each) and (place := (each[0], each[1], each[2], each[3])) != PLACES[role]}


def _misplaced(role: Role, place: Any) -> str:
    """What is wrong with a place; nothing where it can be."""
    if not isinstance(place, list) or len(place) != 4 or any(type(each) is not int for each in place):
        return f"places: {role} = {place!r} cannot be (expected: [x, y, width, height])"
    x, y, w, h = place
    if min(x, y) < 0 or min(w, h) < 1 or x + w > WIDTH or y + h > HEIGHT:
        return f"places: {role} = {place} is not on the screen, which is {WIDTH} wide and {HEIGHT} high"
    if role in TOUCHED and min(w, h) < FINGER:
        return f"places: {role} = {place} is too small for a finger: {FINGER} at least in both directions"
    if role in ROLLERS and h != ROLLER_H:
        return f"places: {role} = {place}: a roller is {ROLLER_H} high"
    return ""


def _overlaps(pages: list[Page], places: Mapping[Role, Place]) -> list[str]:
    """What would lie on something else of its page, each pair once."""
    at = {**PLACES, **places}
    found = {f"places: {one} lies on {other}" for page in pages for one, other in combinations(sorted(page.items), 2)
             if _touch(at[one], at[other])}
    return sorted(found)


def _touch(one: Place, other: Place) -> bool:
    (x, y, w, h), (x2, y2, w2, h2) = one, other
    return x < x2 + w2 and x2 < x + w and y < y2 + h2 and y2 < y + h


def _clashes(pages: list[Page], numbers: Mapping[str, int]) -> list[str]:
    """What would stand over something else, or could not be reached."""
    found = [f"page {number} is described {times} times"
             for number, times in Counter(each.number for each in pages).items() if times > 1]
    found += [f"appliances of type {type} are on {times} pages"
              for type, times in Counter(type for each in pages for type in each.types).items() if times > 1]
    found += [f"page {page.number}: item {item} has {times} roles"
              for page in pages for item, times in Counter(page.items.values()).items() if times > 1]
    found += [f"summary: item {item} lights for {times} pages"
              for item, times in Counter(each.light for each in pages).items() if times > 1]
    reserved = {DEFAULT.weather: "weather", numbers["summary"]: "summary", numbers["connection"]: "connection"}
    found += [f"page {each.number} is that of the {reserved[each.number]}: give it another number" for each in pages
              if each.number in reserved]
    return found
