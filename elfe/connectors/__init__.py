"""Where numbers come from that no device of ours says: production, the market's price, other programs' values.

A connector is a function found in the entry-point group `elfe.connectors`, ours and others' alike: it takes its section of the
settings and returns something that answers `read`. A plugin package adds one with two lines of its pyproject.toml:

    [project.entry-points."elfe.connectors"]
    acme = "elfe_acme:connect"

    [sources.Prod_solaire]          # elfe.toml; the section's name is the series under which it is kept
    connector = "acme"
    kind = "production"             # or price, value; what can be one kind alone says so itself
    every_s = 60
    peak_w = 9_000_000              # it can make no more: what is told beyond it, either way, is refused

What cannot be read raises `SourceError` with one sentence; the last value then stands as long as it may, and no longer. Rows of
which some cannot be read raise `PartlyRead`, which holds the others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Protocol, TypeVar, get_type_hints

from attrs import field, fields, frozen

from elfe.errors import SettingsError, SourceError

Row = TypeVar("Row")
GROUP = "elfe.connectors"
KINDS = ("production", "price", "value", "weather")
BELIEVED = timedelta(days=62), timedelta(days=8)
"""So far back, and so far ahead, a source's instants are taken for true."""


@frozen
class Sampled:
    """A value as its source tells it: `at` None means now."""

    value: float = field()
    at: datetime | None = field(default=None)

    @value.validator
    def _is_number(self, _: object, value: object) -> None:
        if not _is_number(value):
            raise ValueError(f"a number is expected, {value!r} was told")

    @at.validator
    def _has_zone(self, _: object, at: datetime | None) -> None:
        if at is not None and at.tzinfo is None:
            raise ValueError(f"an instant with its zone is expected, {at} was told")


@frozen
class WeatherHour:
    """The weather of the hour that begins `at`, as announced or as it was."""

    at: datetime
    temperature_c: float
    radiation_w_m2: float
    """On a level ground, mean of the hour."""
    wind_m_s: float
    """Ten metres above ground."""


class PartlyRead(SourceError):
    """Some rows cannot be read; `read` are the others."""

    def __init__(self, problem: str, read: Sequence[Sampled]) -> None:
        super().__init__(problem)
        self.read = tuple(read)


def believed(samples: Sequence[Sampled], now: datetime) -> list[Sampled]:
    """Those whose instants may be true."""
    return [each for each in samples if each.at is None or now - BELIEVED[0] <= each.at <= now + BELIEVED[1]]


class Connector(Protocol):
    """Something that can be asked. It may say its `kind`, and how often it wants to be asked (`every_s`)."""

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """What is known from `since` to `now`, oldest first, or beyond for what is known ahead. Raises `SourceError`.

        A connector of the kind `weather` answers `WeatherHour`s.
        """


class Listener(Protocol):
    """Something that is told, over our broker."""

    topics: tuple[str, ...]

    def decode(self, payload: bytes) -> Sampled:
        """What a message says. Raises `SourceError`.

        A message that the broker had kept says what was: without an instant of its own (`at`) it is not taken.
        """


@frozen
class PeakedConnector:
    """A connector of what cannot make more than so much: watts taken for kilowatts move real machines."""

    connector: Connector
    peak_w: float

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """What can be of what it answers."""
        problem = ""
        try:
            found = self.connector.read(since, now)
        except PartlyRead as error:
            found, problem = error.read, f"; {error}"
        can_be = [each for each in found if abs(each.value) <= self.peak_w]
        if len(can_be) < len(found) or problem:
            raise PartlyRead(f"{_beyond(found, self.peak_w)}{problem}".removeprefix("; "), can_be)
        return found


@frozen
class PeakedListener:
    """The same, of one that is told."""

    listener: Listener
    peak_w: float

    @property
    def topics(self) -> tuple[str, ...]:
        """Its topics."""
        return self.listener.topics

    def decode(self, payload: bytes) -> Sampled:
        """What a message says, if it can be."""
        said = self.listener.decode(payload)
        if abs(said.value) > self.peak_w:
            raise SourceError(_beyond((said,), self.peak_w))
        return said


def _beyond(found: Iterable[Sampled], peak_w: float) -> str:
    """In words, what cannot be."""
    cannot = [each.value for each in found if abs(each.value) > peak_w]
    return f"{cannot[0]:g} W is beyond peak_w, {peak_w:g}: is `scale` right?" if cannot else ""


Connect = Callable[[Mapping[str, Any]], Connector | Listener]


@frozen
class Source:
    """A section [sources.<name>], opened."""

    name: str
    kind: str
    every_s: float
    connector: Connector | Listener

    @property
    def unit(self) -> str:
        """Of its series: what production is in; the others' is their source's own."""
        return "W" if self.kind == "production" else ""


@functools.cache
def installed() -> Mapping[str, EntryPoint]:
    """The connectors of this machine, by name."""
    return {each.name: each for each in entry_points(group=GROUP)}


def opened(sections: Mapping[str, Any]) -> list[Source]:
    """Every source of the settings. Raises `SettingsError` with everything that is wrong."""
    problems: list[str] = []
    found = []
    for name, section in sections.items():
        try:
            found.append(_open(name, section))
        except (ValueError, TypeError, ImportError, AttributeError) as error:
            problems.append(f"[sources.{name}]: {error}")
    if problems:
        raise SettingsError("\n".join(problems))
    return found


def _open(name: str, section: Any) -> Source:
    if not isinstance(section, dict):
        raise ValueError("a section is expected")
    options = dict(section)
    which, kind, every_s = options.pop("connector", ""), options.pop("kind", ""), options.pop("every_s", 0)
    peak_w = options.pop("peak_w", None)
    if which not in installed():
        raise ValueError(f"connector: {which!r} is not installed (accepted: {', '.join(sorted(installed()))})")
    made = installed()[which].load()(options)
    own = getattr(made, "kind", "")
    if (kind or own or "production") not in ((own,) if own else KINDS):
        raise ValueError(f"kind: {kind!r} cannot be (accepted: {own or ', '.join(KINDS)})")
    every_s = every_s or getattr(made, "every_s", 60)
    if not isinstance(every_s, int | float) or isinstance(every_s, bool) or not 1 <= every_s <= 86_400:
        raise ValueError(f"every_s: {every_s!r} cannot be (accepted: seconds, from 1 to 86400)")
    if peak_w is not None:
        if (kind or own or "production") != "production" or not _is_number(peak_w) or peak_w <= 0:
            raise ValueError(f"peak_w: {peak_w!r} cannot be (accepted: watts, of a production)")
        made = PeakedConnector(made, peak_w) if hasattr(made, "read") else PeakedListener(made, peak_w)
    return Source(name, kind or own or "production", float(every_s), made)


def topics(sources: Iterable[Source]) -> tuple[str, ...]:
    """Where somebody says what they ask for, on our broker."""
    return tuple(topic for each in sources for topic in getattr(each.connector, "topics", ()))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


FITS: Mapping[object, tuple[Callable[[object], bool], str]] = {
    float: (_is_number, "a number, without quotes"),
    int: (lambda value: isinstance(value, int) and not isinstance(value, bool), "a whole number, without quotes"),
    bool: (lambda value: isinstance(value, bool), "true or false"),
    str: (lambda value: isinstance(value, str), "text, in quotes"),
}
"""What a section may write for an option of each type; an option of another type says itself what it takes."""


def options(into: type[Any], given: Mapping[str, Any]) -> Any:
    """A connector's options as its attrs class. Raises `ValueError` that names what is wrong."""
    known = {each.name: each for each in fields(into) if each.init}
    unknown = given.keys() - known.keys()
    if unknown:
        raise ValueError(f"unknown {', '.join(sorted(unknown))} (known: {', '.join(known)})")
    hints = get_type_hints(into)
    for name, value in given.items():
        fits, wanted = FITS.get(hints[name], (lambda value: True, ""))
        if not fits(value):
            raise ValueError(f"{name}: {value!r} cannot be (accepted: {wanted})")
    return into(**given)


def rows(given: Iterable[Row], read: Callable[[Row], Sampled | None]) -> Sequence[Sampled]:
    """What rows say. One that says nothing (None) is a gap; those that cannot be read cost no other: `PartlyRead` tells of them."""
    found: list[Sampled] = []
    problems: list[SourceError] = []
    for each in given:
        try:
            said = read(each)
        except SourceError as error:
            problems.append(error)
        else:
            found += [said] if said is not None else []
    if not problems:
        return found
    if not found:
        raise problems[0]
    raise PartlyRead(f"{problems[0]} ({len(problems)} of {len(problems) + len(found)} rows are left out)", found)


THOUSANDS = str.maketrans("", "", " \xa0\u202f")
"""How French parts thousands."""


def number(found: object, where: str, scale: float = 1.0) -> float:
    """A number that a source wrote as a number or as text, as French writes it too, brought to `scale`. Raises `SourceError`."""
    text = found.translate(THOUSANDS).replace(",", ".") if isinstance(found, str) else found
    if not isinstance(text, str | int | float) or isinstance(text, bool):
        raise SourceError(f"{where}: a number is expected, {str(found)[:40]!r} was found")
    try:
        value = float(text) * scale
    except (ValueError, OverflowError):
        raise SourceError(f"{where}: a number is expected, {str(found)[:40]!r} was found") from None
    if not abs(value) < 1e12:
        raise SourceError(f"{where}: {value} cannot be")
    return value
