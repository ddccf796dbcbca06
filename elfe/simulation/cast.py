"""Who plays in `elfe simulate`: a file of devices, read and checked whole. Pure.

Whatever is wrong is told at once, each with its line, its key and what to write instead. `{n}` (from 1) and `{i}` (from 0)
number the devices of an entry with a count; topic data and accounts may hold `{id}` and `{hardware_id}` too.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from attrs import define, field, frozen

from elfe.devices.drivers import Driver, Drivers
from elfe.devices.mischief import Mischief, parameters
from elfe.devices.values import Device
from elfe.errors import DriverDefect, SettingsError

INSTANCE = "simulation"
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+")


@frozen
class Behind:
    """What hangs on an output: a constant power, a recorded draw, or a machine that somebody fills."""

    power_w: float | None = None
    trace: str = ""                        # a file, from where the devices' file is
    cycle: str = ""
    after: timedelta = timedelta()         # how long after the beginning the machine is filled
    every: timedelta | None = None         # and how often again; None: once


@frozen
class Part:
    """One device, and all that is to be played with it."""

    device: Device
    driver: Driver
    where: str                             # the line of the file, to name it by
    seed: int
    behind: Behind | None = None
    misbehaves: tuple[Mischief, ...] = ()
    period: timedelta | None = None        # None: its firmware's own
    username: str = ""
    password: str = field(default="", repr=False)
    configured: bool = True                # False: as it comes out of its box

    @property
    def unit(self) -> tuple[object, ...]:
        """What it shares with the other outputs of its hardware."""
        return self.device.type_id, tuple(sorted(self.device.templates.items()))

    @property
    def connection(self) -> tuple[object, ...]:
        """What it shares with the others behind its gateway, or with the other outputs of its hardware."""
        parent = self.driver.type.parent
        return (self.driver.plugin, parent, self.device.templates[parent]) if parent else self.unit


@frozen
class Cast:
    """Everybody who plays; the broker's URL where the file names one."""

    parts: tuple[Part, ...]
    broker: str = ""
    ca: str = ""


def read(text: str, drivers: Drivers, cycles: Sequence[str], file: str = "devices.toml", seed: int = 1) -> Cast:
    """The cast of a file. Raises `SettingsError` with everything that is wrong with it."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    reader = _Reader(file, drivers, tuple(cycles), _places(text), seed)
    cast = reader.cast(tree)
    if reader.problems:
        raise SettingsError("\n".join(reader.problems))
    return cast


def duration(text: str) -> timedelta:
    """`90s`, `10m`, `1h30m`. Raises `ValueError`."""
    if not DURATION.fullmatch(text):
        raise ValueError(text)
    return timedelta(seconds=sum(float(number) * UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ms|[smhd])", text)))


# -- what may be written ------------------------------------------------------------------------------------------------------

Accepts = Mapping[str, tuple[tuple[type, ...], str]]
"""A key, the kinds of values that it takes, and what to write."""
NUMBER, TEXT, FLAG, TABLE, LIST = (int,), (str,), (bool,), (dict,), (list,)

OF_THE_FILE: Accepts = {
    "broker": (TEXT, 'a URL, "mqtt://127.0.0.1:1883"'),
    "ca": (TEXT, "the file of the authority that signed the broker's certificate"),
    "device": (LIST, "tables, each under [[device]]"),
}
OF_A_DEVICE: Accepts = {
    "type": ((int, str), "the number or the name of a device type"),
    "id": (TEXT, 'an installation point, "A001"; with a count, "A{n:03}"'),
    "hardware_id": (TEXT, 'what is printed on it, "A8BC25"; with a count, "{n:06X}"'),
    "templates": (TABLE, 'its topic data, { root = "home/plug1" }'),
    "channel": ((int, str), 'an output, from 0; with a count, "{i}"'),
    "count": (NUMBER, "how many, from 1"),
    "appliance": (TABLE, '{ power_w = 60 }, { trace = "fridge.csv" } or { cycle = "washing_machine" }'),
    "misbehaves": (LIST, '["lying", { kind = "slow", by = "30s" }]'),
    "period": (TEXT, 'a time, "30s"'),
    "seed": (NUMBER, "a whole number"),
    "username": (TEXT, "its account on the broker"),
    "password": (TEXT, "the password of its account"),
    "configured": (FLAG, "true, or false: as it comes out of its box"),
    "serves_when": (FLAG, "true, or false behind a relay that is wired inverted"),
}
OF_AN_APPLIANCE: Accepts = {
    "power_w": ((int, float), "a number of watts"),
    "trace": (TEXT, "a CSV file of two columns, t and power_w"),
    "cycle": (TEXT, "a machine"),
    "after": (TEXT, 'how long after the beginning it is filled, "5m"'),
    "every": (TEXT, 'how often it is filled again, "3h"'),
}
REQUIRED = {"type", "id"}
SHORTEST, STRONGEST_W = timedelta(milliseconds=100), 100_000
MOST = 100_000
"""More devices than this in one entry is a slip of the keyboard."""


def _is(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))


@frozen
class _Place:
    """An entry, and a key in it: what a problem is told with."""

    number: int                            # of the device; 0: of the file
    key: str = ""

    def of(self, key: str) -> _Place:
        """A key further down."""
        return _Place(self.number, f"{self.key}.{key}" if self.key else key)


@define
class _Reader:
    """Reads, and collects what is wrong."""

    file: str
    drivers: Drivers
    cycles: tuple[str, ...]
    places: Mapping[tuple[int, str], int]
    seed: int
    problems: list[str] = field(factory=list)

    def cast(self, tree: Mapping[str, Any]) -> Cast:
        """Everybody."""
        top = self._known(tree, OF_THE_FILE, _Place(0))
        entries = top.get("device", [])
        if not tree.get("device"):
            self._wrong(_Place(0, "device"), "nobody plays: write a [[device]] with its type and its id")
        parts = [part for number, entry in enumerate(entries, 1) for part in self._entry(entry, _Place(number))]
        self._check_neighbours(parts)
        return Cast(tuple(parts), top.get("broker", ""), top.get("ca", ""))

    def _entry(self, entry: Any, place: _Place) -> Iterator[Part]:
        if not isinstance(entry, dict):
            self._wrong(place, "write its keys under [[device]]")
            return
        known = self._known(entry, OF_A_DEVICE, place)
        for key in REQUIRED - entry.keys():
            self._wrong(place.of(key), f"is missing: write {OF_A_DEVICE[key][1]}")
        driver = self._driver(known["type"], place.of("type")) if "type" in known else None
        behind = self._behind(known["appliance"], place.of("appliance")) if "appliance" in known else None
        misbehaves = self._misbehaves(known.get("misbehaves", []), place.of("misbehaves"))
        period = self._time(known["period"], place.of("period"), SHORTEST) if "period" in known else None
        count = self._within(known.get("count", 1), 1, MOST, place.of("count"))
        if driver is None or count is None or "id" not in known:
            return
        if count > 1 and not re.search(r"{[ni][:}]", known["id"]):
            self._wrong(place.of("id"), f"{count} devices cannot have one id: write {OF_A_DEVICE['id'][1]}")
            return
        for i in range(count):
            device = self._device(driver, known, i, place)
            if device is None:
                return       # what is wrong with one is wrong with all
            username, password = (self._filled(known.get(key, ""), _names(i, device.id, device.hardware_id), place.of(key))
                                  for key in ("username", "password"))
            yield Part(device, driver, self._where(place), self._seed_of(device, known, i), behind, misbehaves, period, username,
                       password, known.get("configured", True))

    def _device(self, driver: Driver, known: Mapping[str, Any], i: int, place: _Place) -> Device | None:
        before = len(self.problems)
        id = self._filled(known["id"], _names(i), place.of("id"))
        hardware_id = self._filled(known.get("hardware_id", ""), _names(i), place.of("hardware_id"))
        templates = {name: self._filled(text, _names(i, id, hardware_id or id), place.of(f"templates.{name}"))
                     for name, text in known.get("templates", {}).items() if self._is_template(driver, name, text, place)}
        channel = self._channel(driver, known.get("channel", 0), i, place.of("channel"))
        if not id:
            self._wrong(place.of("id"), f"is empty: write {OF_A_DEVICE['id'][1]}")
        if len(self.problems) > before:
            return None
        try:
            device = driver.device(id, hardware_id, templates, channel, INSTANCE, known.get("serves_when", True))
            driver.build_topics(device)
        except (ValueError, DriverDefect) as error:
            self._wrong(place.of("templates" if templates else "id"), str(error))
            return None
        return device

    def _seed_of(self, device: Device, known: Mapping[str, Any], i: int) -> int:
        """Its own, or one that is always the same for its id."""
        given: int | None = known.get("seed")
        return Random(f"{self.seed} {device.id}").randrange(2 ** 31) if given is None else given + i

    # -- one value

    def _driver(self, wanted: int | str, place: _Place) -> Driver | None:
        found = next((each for each in self.drivers if wanted in (each.type.id, each.type.name)), None)
        if found is None:
            there_are = ", ".join(f"{each.type.id} {each.type.name}" for each in self.drivers)
            self._wrong(place, f"no plugin drives {wanted!r}: write one of {there_are}")
        elif found.simulate is None:
            self._wrong(place, f"the plugin {found.plugin} has no twin of {found.type.product}")
        else:
            return found
        return None

    def _channel(self, driver: Driver, given: int | str, i: int, place: _Place) -> int:
        if isinstance(given, str):
            text = self._filled(given, _names(i), place)
            if not text.isdecimal():
                self._wrong(place, f"cannot be {text!r}: write {OF_A_DEVICE['channel'][1]}")
                return 0
            given = int(text)
        return self._within(given, 0, max(1, driver.type.outputs) - 1, place) or 0

    def _is_template(self, driver: Driver, name: str, text: Any, place: _Place) -> bool:
        if name not in driver.type.templates:
            self._wrong(place.of(f"templates.{name}"), f"is unknown: its type has {_or(driver.type.templates or ['none'])}")
        elif not isinstance(text, str):
            self._wrong(place.of(f"templates.{name}"), f"cannot be {text!r}: write a text")
        else:
            return True
        return False

    def _behind(self, given: Mapping[str, Any], place: _Place) -> Behind | None:
        known = self._known(given, OF_AN_APPLIANCE, place)
        if len(known) < len(given):
            return None
        if len({"power_w", "trace", "cycle"} & known.keys()) != 1:
            self._wrong(place, f"is one of {OF_A_DEVICE['appliance'][1]}")
        elif "cycle" not in known and {"after", "every"} & known.keys():
            self._wrong(place, "only a cycle has after and every")
        elif known.get("cycle", self.cycles[0]) not in self.cycles:
            self._wrong(place.of("cycle"), f"no machine is called {known['cycle']!r}: write {_or(self.cycles)}")
        elif "power_w" not in known or self._within(known["power_w"], -STRONGEST_W, STRONGEST_W, place.of("power_w")) is not None:
            for key, least in (("after", timedelta()), ("every", SHORTEST)):
                if key in known:
                    known[key] = self._time(known[key], place.of(key), least) or timedelta()
            return Behind(**known)
        return None

    def _misbehaves(self, given: Sequence[Any], place: _Place) -> tuple[Mischief, ...]:
        made = (self._mischief(each, place) for each in given)
        return tuple(each for each in made if each is not None)

    def _mischief(self, given: Any, place: _Place) -> Mischief | None:
        """A kind alone, or in a table with what differs from its defaults."""
        table = {"kind": given} if isinstance(given, str) else given
        if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
            self._wrong(place, f"cannot be {given!r}: write {OF_A_DEVICE['misbehaves'][1]}")
            return None
        try:
            times = parameters(Mischief(table["kind"]).kind)
            given = {key: self._time(value, place, timedelta.min) if isinstance(times.get(key), timedelta) else value
                     for key, value in table.items() if key != "kind"}
            return None if None in given.values() else Mischief(table["kind"], given)
        except ValueError as error:
            self._wrong(place, str(error))
            return None

    def _time(self, given: Any, place: _Place, least: timedelta) -> timedelta | None:
        """A time in words; one that runs backwards begins with a minus."""
        try:
            time = -duration(given[1:]) if given.startswith("-") else duration(given)
        except (AttributeError, ValueError, OverflowError):
            self._wrong(place, f'{given!r} is no time: write "90s", "10m" or "1h30m"')
            return None
        if time < least:
            self._wrong(place, f"cannot be {given}: it is too short")
            return None
        return time

    def _within(self, given: Any, least: int, most: int, place: _Place) -> Any:
        if least <= given <= most:
            return given
        self._wrong(place, f"cannot be {given}: write a number from {least} to {most}")
        return None

    def _filled(self, text: str, names: Mapping[str, int | str], place: _Place) -> str:
        """The text with its numbers and names."""
        try:
            return text.format(**names)
        except (LookupError, ValueError, AttributeError, TypeError):
            self._wrong(place, f"{text!r} cannot be filled: write {_or(f'{{{name}}}' for name in names)}, and {{{{ for a brace")
            return ""

    # -- all of them

    def _known(self, given: Mapping[str, Any], accepts: Accepts, place: _Place) -> dict[str, Any]:
        """What of a table can be used."""
        for key, value in given.items():
            if key not in accepts:
                self._wrong(place.of(key), f"is unknown: write {_or(accepts)}")
            elif not _is(value, accepts[key][0]):
                self._wrong(place.of(key), f"cannot be {value!r}: write {accepts[key][1]}")
        return {key: value for key, value in given.items() if key in accepts and _is(value, accepts[key][0])}

    def _check_neighbours(self, parts: Sequence[Part]) -> None:
        """No two have one id, or are one output."""
        for id, times in Counter(part.device.id for part in parts).items():
            if times > 1:
                where = ", ".join(dict.fromkeys(part.where for part in parts if part.device.id == id))
                self.problems.append(f"{where}: id: {times} devices are called {id!r}: give each its own")
        outputs: dict[tuple[object, ...], Part] = {}
        for part in parts:
            first = outputs.setdefault((*part.unit, part.device.channel), part)
            if first is not part and first.device.id != part.device.id:
                self.problems.append(f"{part.where}: channel: {first.device.id} and {part.device.id} are the same output of the "
                                     "same unit: give each its own channel, hardware_id or templates")

    def _wrong(self, place: _Place, what: str) -> None:
        self.problems.append(f"{self._where(place)}: {place.key + ': ' if place.key else ''}{what}")

    def _where(self, place: _Place) -> str:
        """The line of its key, of the key that it stands in, or of its entry."""
        key = place.key
        while (place.number, key) not in self.places and key:
            key = key.rpartition(".")[0]
        line = self.places.get((place.number, key))
        return f"{self.file}, line {line}" if line else self.file


def _places(text: str) -> Mapping[tuple[int, str], int]:
    """(number of the device, key) → its line. `tomllib` tells none."""
    places: dict[tuple[int, str], int] = {}
    number, table = 0, ""
    for line, raw in enumerate(text.splitlines(), 1):
        said = raw.strip()
        if re.match(r"\[\[\s*device\s*\]\]", said):
            number, table = number + 1, ""
            places[number, ""] = line
        elif said.startswith("["):
            table = re.sub(r"^device\.?|[\[\]\s]", "", re.sub(r"[\[\]\s]|#.*", "", said))
            places.setdefault((number, table), line)
        elif "=" in said and not said.startswith("#"):
            key = said.partition("=")[0].strip().strip("\"'")
            places.setdefault((number, f"{table}.{key}" if table else key), line)
    return places


def _names(i: int, id: str = "", hardware_id: str = "") -> Mapping[str, int | str]:
    """What may be filled in: once it has an id, that too."""
    return {"i": i, "n": i + 1, **({"id": id, "hardware_id": hardware_id} if id else {})}


def _or(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last
