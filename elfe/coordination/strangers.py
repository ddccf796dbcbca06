"""Units that speak on the broker and are nobody's (fault B11): counted, grouped by unit, and which types would read them. Pure.

A unit is known by the part of its topics that a type's topic data leaves open, its name on the wire. Nothing that a stranger
says is stored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import define, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.devices.drivers import Driver, Drivers
from elfe.devices.routing import Heard, Router
from elfe.devices.values import Device, Role
from elfe.errors import DriverDefect

ID, HARDWARE_ID = "9zq9", "8yv8"
"""Stand where a type's topics hold the device's id and its hardware id."""
MOST = 1000
"""So many units are told apart; who makes up more names than that is counted, not listed."""
MAC = re.compile(r"(?:^|[^0-9A-Za-z])([0-9A-Fa-f]{6,12})$")


@frozen
class Shape:
    """What the topics of one type look like, whoever speaks."""

    driver: Driver
    topic: re.Pattern[str]
    filter: str                    # what to subscribe to


def shapes(drivers: Drivers) -> list[Shape]:
    """Of every type that is installed."""
    found = []
    for driver in drivers:
        try:
            topics = driver.build_topics(driver.device(ID, HARDWARE_ID))
        except (DriverDefect, ValueError):      # it cannot say it for a device that is not there
            continue
        found += [Shape(driver, _pattern(topic), _filter(topic))
                  for topic, role in topics.listen.items() if role is not Role.ANSWERS and (ID in topic or HARDWARE_ID in topic)]
    return found


def _pattern(topic: str) -> re.Pattern[str]:
    pattern, seen = "", set()
    for part in re.split(f"({ID}|{HARDWARE_ID}|[+]|#)", topic):
        name = {ID: "id", HARDWARE_ID: "hardware"}.get(part)
        if name is not None:
            pattern += f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+)"
            seen.add(name)
        else:
            pattern += {"+": "[^/]+", "#": ".+"}.get(part) or re.escape(part)
    return re.compile(pattern)


def _filter(topic: str) -> str:
    return "/".join("+" if ID in level or HARDWARE_ID in level else level for level in topic.split("/"))


@frozen
class Candidate:
    """A type that would read a unit, and how it would be set up."""

    type_id: int
    product: str
    events: int                    # that it read in what the unit said
    hardware_id: str
    topics: Mapping[str, str]      # topic data that differs from what a point would be given


@define
class _Reader:
    device: Device
    router: Router
    events: int = 0


@define
class Stranger:
    """A unit that nobody knows."""

    name: str
    said: Counter[str] = field(factory=Counter)      # topic → messages
    kept: int = 0                                    # those of them that the broker had kept: it need not be there any more
    readers: dict[int, _Reader] = field(factory=dict)

    @property
    def hardware_id(self) -> str:
        """What of its name looks like the end of a MAC address; its whole name where nothing does."""
        found = MAC.search(self.name)
        return found[1].upper() if found else self.name

    def candidates(self, drivers: Drivers) -> list[Candidate]:
        """The types that would read it, those that read most first."""
        able = sorted((each for each in self.readers.items() if each[1].events), key=lambda each: (-each[1].events, each[0]))
        return [self._candidate(drivers[type_id], reader) for type_id, reader in able]

    def _candidate(self, driver: Driver, reader: _Reader) -> Candidate:
        by_point = {name: reader.device.templates[name] for name, template in driver.type.templates.items() if "{id}" in template}
        by_hardware = any("{hardware_id}" in template for template in driver.type.templates.values())
        return Candidate(driver.type.id, driver.type.human_name or driver.type.product, reader.events,
                         reader.device.hardware_id if by_hardware else self.hardware_id, by_point)


@define
class Strangers:
    """Listens to everything that is said, and takes down who is nobody's."""

    drivers: Drivers
    _known: MQTTMatcher
    _shapes: list[Shape]
    found: dict[str, Stranger] = field(factory=dict)
    elsewhere: Counter[str] = field(factory=Counter)
    """Topics of no shape that is installed, by their first two levels."""

    def hear(self, topic: str, payload: bytes, retained: bool) -> None:
        """One message of the broker."""
        if next(iter(self._known.iter_match(topic)), None) is not None:  # type: ignore[no-untyped-call]
            return
        matches = [(shape.driver, match) for shape in self._shapes if (match := shape.topic.fullmatch(topic))]
        if not matches:
            self._count_elsewhere(topic)
        for driver, match in matches:
            self._read(driver, match.groupdict(), topic, payload, retained)
        for name in {_name(match.groupdict()) for _, match in matches} & self.found.keys():
            self.found[name].said[topic] += 1
            self.found[name].kept += retained

    def _count_elsewhere(self, topic: str) -> None:
        root = "/".join(topic.split("/")[:2])
        if not topic.startswith("$") and (root in self.elsewhere or len(self.elsewhere) < MOST):
            self.elsewhere[root] += 1

    def _read(self, driver: Driver, names: Mapping[str, str | None], topic: str, payload: bytes, retained: bool) -> None:
        name = _name(names)
        if name not in self.found and len(self.found) >= MOST:
            return
        stranger = self.found.setdefault(name, Stranger(name))
        reader = stranger.readers.get(driver.type.id)
        if reader is None:
            id, hardware_id = names.get("id") or name, names.get("hardware") or name
            try:
                device = driver.device(id, hardware_id)
            except ValueError:
                return
            reader = stranger.readers[driver.type.id] = _Reader(device, Router(self.drivers, (device,)))
        reader.events += sum(isinstance(each, Heard) for each in reader.router.read(topic, payload))


def _name(names: Mapping[str, str | None]) -> str:
    return names.get("id") or names.get("hardware") or ""


def strangers(drivers: Drivers, known: Iterable[str]) -> Strangers:
    """A listener. `known`: the filters of everything that is somebody's."""
    matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
    for each in known:
        matcher[each] = True
    return Strangers(drivers, matcher, shapes(drivers))
