"""From a message on the wire to what it says of which device. Pure: who calls it owns the socket.

Devices that share one physical unit (several channels under the same templates) share its messages: a message is
decoded once and its channels fan out.

A driver may only refuse. A unit whose messages make it raise anything else is set aside, until `release`, and the others
go on: of its whole family never, since who holds one device could then silence all.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from attrs import define, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.devices.drivers import Driver, Drivers
from elfe.devices.values import (
    Acknowledgement,
    BadPayload,
    Device,
    Event,
    Fault,
    Firmware,
    Gesture,
    LocalControl,
    Measure,
    OutputState,
    Presence,
    Progress,
    Quantity,
    Role,
    Setting,
    UserInput,
)
from elfe.errors import DriverDefect

MOST_EVENTS = 1000
"""What one message may say: a PLC with every figure of its outputs says a tenth of it."""
LARGEST = 1e15
"""No figure of a home is larger; NaN and infinity are none."""
OVERLOAD = 1.25
"""No output carries more than its maker says by this factor, in either direction: it would have tripped, or burnt."""


def _never(_event: object) -> bool:
    return False


SOUND: Mapping[type, Callable[[Any], bool]] = defaultdict(lambda: _never, {
    Measure: lambda each: (type(each.value) in (float, int) and -LARGEST < each.value < LARGEST and type(each.channel) is int
                           and isinstance(each.quantity, Quantity) and type(each.register) is str),
    OutputState: lambda each: type(each.on) is bool and type(each.channel) is int,
    Acknowledgement: lambda each: type(each.token) is str and type(each.ok) is bool,
    Progress: lambda each: type(each.token) is str,
    LocalControl: lambda each: type(each.taken) is bool,
    UserInput: lambda each: isinstance(each.gesture, Gesture) and type(each.page) is int and type(each.item) is int,
    Firmware: lambda each: type(each.version) is str and type(each.newer) is str,
    Setting: lambda each: type(each.name) is str and type(each.value) is str,
    Fault: lambda each: True,
})
"""Of each event, whether it is one that we can do with; what is none of these is no event."""


def _told(answer: object) -> str:
    text = repr(answer)
    return text if len(text) <= 100 else f"a {type(answer).__name__}, {text[:80]}…"


@define(unsafe_hash=True)      # as the events in `values.py`
class Heard:
    """One device said something."""

    device: Device
    event: Event | Presence


@frozen
class Unreadable:
    """A message of a device that we listen to, and cannot read."""

    device: Device
    topic: str
    payload: bytes
    reason: str


@frozen
class SetAside:
    """The driver broke its contract on what this unit says: its messages are not read until they are tried again."""

    device: Device
    plugin: str
    topic: str
    payload: bytes
    reason: str

    def __str__(self) -> str:
        return (f"{self.device.id} is set aside: the driver {self.plugin} broke on what it says on {self.topic}: "
                f"{self.reason}; report it with the payload {self.payload[:200]!r}")


@frozen
class _Listener:
    role: Role
    driver: Driver
    devices: tuple[Device, ...]    # of one physical unit


@define
class Router:
    """Whose message is it, and what does it say?"""

    drivers: Drivers
    devices: tuple[Device, ...]
    roles: frozenset[Role] = frozenset(Role)
    unreadable: Counter[str] = field(factory=Counter, init=False)
    set_aside: dict[str, SetAside] = field(factory=dict, init=False)
    """By unit: the first device of those that share it."""
    defects: dict[str, str] = field(factory=dict, init=False)
    """The devices whose topics the driver could not say, and why; nothing is heard of them."""
    _exact: Mapping[str, tuple[_Listener, ...]] = field(init=False)
    _patterns: MQTTMatcher = field(init=False)

    def __attrs_post_init__(self) -> None:
        listeners = defaultdict(list)
        for (topic, role, _), (driver, devices) in self._units().items():
            listeners[topic].append(_Listener(role, driver, tuple(devices)))
        self._exact = {topic: tuple(each) for topic, each in listeners.items()}
        self._patterns = MQTTMatcher()  # type: ignore[no-untyped-call]
        for topic, each in self._exact.items():
            if "+" in topic or "#" in topic:
                self._patterns[topic] = each

    @property
    def filters(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return tuple(sorted(self._exact))

    def release(self) -> None:
        """Try again whom we set aside."""
        self.set_aside.clear()

    def read(self, topic: str, payload: bytes) -> Iterator[Heard | Unreadable | SetAside]:
        """What a message says: nothing when it is nobody's, `Unreadable` when its driver refuses it."""
        for listener in self._listeners(topic):
            unit = listener.devices[0]
            if unit.id in self.set_aside:
                self.unreadable[unit.id] += 1
                continue
            try:
                if listener.role is Role.PRESENCE:
                    assert listener.driver.parse_lwt is not None
                    events: tuple[Event | Presence, ...] = (listener.driver.parse_lwt(unit, payload),)
                    if type(events[0]) is not Presence:
                        raise TypeError(f"parse_lwt answers a {type(events[0]).__name__}")
                else:
                    events = listener.driver.decode_message(unit, topic, payload)
                    if type(events) is not tuple or len(events) > MOST_EVENTS:
                        raise TypeError(f"decode_message answers {_told(events)}, not a tuple of at most {MOST_EVENTS} events")
                    for event in events:
                        if not SOUND[type(event)](event):
                            raise TypeError(f"decode_message answers {_told(event)}")
            except BadPayload as error:
                self.unreadable[unit.id] += 1
                yield Unreadable(unit, topic, payload, str(error))
                continue
            except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code may raise anything; the unit is set aside
                self.unreadable[unit.id] += 1
                self.set_aside[unit.id] = SetAside(unit, listener.driver.plugin, topic, payload,
                                                   f"{type(error).__name__}: {error}")
                yield self.set_aside[unit.id]
                continue
            impossible = _impossible(listener.driver.type.carries_w, events)
            if impossible:
                self.unreadable[unit.id] += 1
                yield Unreadable(unit, topic, payload, f"{impossible[0].value:.0f} W, and its outputs carry "
                                                       f"{listener.driver.type.carries_w:.0f} W at most")
                events = tuple(each for each in events if each not in impossible)
            for device in listener.devices:
                channel = device.channel
                for event in events:
                    if getattr(event, "channel", channel) == channel:
                        yield Heard(device, event)

    def unit(self, topic: str) -> str:
        """Whose topic it is: the first device of those that share it; empty when it is nobody's."""
        found = self._exact.get(topic) or self._listeners(topic)
        return found[0].devices[0].id if found else ""

    def _listeners(self, topic: str) -> tuple[_Listener, ...]:
        exact = self._exact.get(topic)
        if exact is not None:
            return exact
        matched = self._patterns.iter_match(topic)  # type: ignore[no-untyped-call]
        return tuple(each for listeners in matched for each in listeners)

    def _units(self) -> Mapping[tuple[str, Role, object], tuple[Driver, list[Device]]]:
        units: dict[tuple[str, Role, object], tuple[Driver, list[Device]]] = {}
        for device in self.devices:
            driver = self.drivers[device.type_id]
            unit = (device.type_id, tuple(sorted(device.templates.items())))
            try:
                topics = driver.build_topics(device)
            except (DriverDefect, ValueError) as error:
                self.defects[device.id] = str(error)
                continue
            for topic, role in topics.listen.items():
                if role in self.roles:
                    units.setdefault((topic, role, unit), (driver, []))[1].append(device)
        return units


def _impossible(carries_w: float, events: tuple[Event | Presence, ...]) -> list[Measure]:
    """The powers that no such output can carry."""
    if not carries_w:
        return []
    return [each for each in events if isinstance(each, Measure) and each.quantity is Quantity.POWER
            and abs(each.value) > OVERLOAD * carries_w]


def commanded(drivers: Drivers, devices: Iterable[Device]) -> dict[str, Device]:
    """The command topic of each device whose driver can say it, for those who sweep or watch command topics."""
    found: dict[str, Device] = {}
    for device in devices:
        with suppress(DriverDefect, ValueError):
            found[drivers[device.type_id].build_topics(device).command] = device
    return found
