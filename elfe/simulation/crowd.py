"""Simulated devices by themselves, on any broker: no day, no people, no conductor; what happens to each is told at once.

A seat is what has a connection of its own: one device; the outputs of one unit; a gateway and all that is behind it. Only
seats that have something to do are looked at, so that thousands are as quick as one.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from attrs import define, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish
from elfe.simulation.homes import Group, Unit

GRAIN = timedelta(milliseconds=50)
"""Nobody is woken more often by the time."""
AT_ONCE = 20
"""So many connect in one step: who is there already speaks meanwhile, and the broker is not overrun."""


class Wire(Protocol):
    """Many device connections with accounts of their own: `elfe.broker.fleet.Fleet`, or one in memory."""

    def add(self, client_id: str, will: Publish | None, filters: tuple[str, ...], username: str = "", password: str = "") -> None:
        """Connect a device."""

    def send(self, client_id: str, message: Publish) -> bool:
        """Publish as a device."""

    def arrivals(self) -> list[tuple[str, Arrival]]:
        """Empty the inbox."""

    def drop(self, client_id: str) -> None:
        """Cut its connection, so that the broker says its last will."""

    def close(self) -> None:
        """Disconnect all."""


@frozen
class Happened:
    """Something that happened to a device: it joins, says, is told, switches, presses, is away, is broken, leaves."""

    at: datetime
    who: str
    what: str
    topic: str = ""
    payload: bytes = b""
    text: str = ""


@define
class Seat:
    """What has a connection of its own."""

    id: str
    units: tuple[Unit, ...]
    groups: tuple[Group, ...] = ()         # what hangs on its outputs
    username: str = ""
    password: str = field(default="", repr=False)
    wakes_at: datetime | None = None
    away: str = ""                         # why it is not connected, as it was last told
    broken: bool = False                   # its twin raised: it is set aside, the others go on

    @property
    def will(self) -> Publish | None:
        """Of the unit, or of the gateway: all behind it say the same."""
        return self.units[0].twin.last_will

    @property
    def filters(self) -> tuple[str, ...]:
        """What it listens to."""
        return tuple(dict.fromkeys(each for unit in self.units for each in unit.twin.subscriptions))

    def listeners(self, topic: str) -> Iterable[Unit]:
        """Who of them hears a message."""
        return self.units if len(self.units) == 1 else (
            unit for unit in self.units if _listens(unit.twin.subscriptions, topic))

    def state(self) -> tuple[tuple[Mapping[int, bool], int], ...]:
        """Its outputs, and how often it pressed."""
        return tuple((dict(unit.twin.outputs), unit.presses) for unit in self.units)


@define
class Crowd:
    """All of them. See `elfe.app.loop.Service`."""

    seats: tuple[Seat, ...]
    wire: Wire
    seen: Callable[[Happened], None]
    _by_id: Mapping[str, Seat] = field(init=False)
    _absent: list[Seat] = field(init=False)
    _agenda: list[tuple[datetime, str]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._by_id = {seat.id: seat for seat in self.seats}
        self._absent = list(reversed(self.seats))

    # -- a service's life -------------------------------------------------------------------------------------------------

    def step(self, now: datetime) -> datetime:
        """Let some in, hear what has arrived, wake whose moment it is."""
        for _ in range(min(AT_ONCE, len(self._absent))):
            seat = self._absent.pop()
            self.wire.add(seat.id, seat.will, seat.filters, seat.username, seat.password)
        for id, arrival in self.wire.arrivals():
            self._hear(self._by_id[id], arrival, now)
        while self._agenda and self._agenda[0][0] <= now:
            at, id = heapq.heappop(self._agenda)
            if self._by_id[id].wakes_at == at:
                self._wake(self._by_id[id], now)
        soon = now + (GRAIN if self._absent else timedelta(hours=1))
        return min(soon, self._agenda[0][0]) if self._agenda else soon

    def close(self, now: datetime) -> None:
        """Cut all of them off, as a power cut would: the broker says their last wills."""
        absent = {seat.id for seat in self._absent}
        for seat in self.seats:
            if seat.id not in absent and not seat.broken:
                self.wire.drop(seat.id)
                self._tell(seat, now, "leaves")
        self.wire.close()

    # -- what happens ---------------------------------------------------------------------------------------------------------

    def _hear(self, seat: Seat, arrival: Arrival, now: datetime) -> None:
        match arrival:
            case Connected():
                seat.away = ""
                self._tell(seat, now, "joins")
                self._live(seat, now, lambda unit: unit.twin.connected(now) if unit.born else unit.come_to_life(now))
            case Message() as message:
                hearers = tuple(seat.listeners(message.topic))
                self.seen(Happened(now, hearers[0].id if hearers else seat.id, "told", message.topic, message.payload))
                self._live(seat, now, lambda unit: unit.receive(message, now) if unit.born and unit in hearers else ())
            case Disconnected(reason) if reason != seat.away:
                seat.away = reason
                self._tell(seat, now, "away", text=reason)

    def _wake(self, seat: Seat, now: datetime) -> None:
        self._live(seat, now, lambda unit: unit.twin.tick(now) if unit.born else ())

    def _live(self, seat: Seat, now: datetime, does: Callable[[Unit], tuple[Publish, ...]]) -> None:
        """It does something; a twin that breaks, a stranger's perhaps, is cut off and told of."""
        if seat.broken:
            return
        try:
            self._do(seat, now, does)
        except Exception as error:  # noqa: BLE001 - a stranger's twin may raise anything; the others go on
            seat.broken, seat.wakes_at = True, None
            self._tell(seat, now, "broken", text=f"its twin raised {type(error).__name__}: {error}")
            self.wire.drop(seat.id)

    def _do(self, seat: Seat, now: datetime, does: Callable[[Unit], tuple[Publish, ...]]) -> None:
        """Whatever hangs on it lives up to now as it was supplied, then it does something, then it is supplied as it is now."""
        before = seat.state()
        for group in seat.groups:
            group.live(now)
        for unit in seat.units:
            for message in does(unit):
                self._say(seat, unit.id, message, now)
        for group in seat.groups:
            for id, message in group.draw(now):
                self._say(seat, id, message, now)
            group.log.forget()
        self._notice(seat, before, now)
        self._schedule(seat, now)

    def _say(self, seat: Seat, who: str, message: Publish, now: datetime) -> None:
        if self.wire.send(seat.id, message):
            self.seen(Happened(now, who, "says", message.topic, message.payload))

    def _notice(self, seat: Seat, before: tuple[tuple[Mapping[int, bool], int], ...], now: datetime) -> None:
        """What it did, told apart from what it says."""
        for unit, (was, pressed), (outputs, presses) in zip(seat.units, before, seat.state(), strict=True):
            for channel, on in outputs.items():
                if was.get(channel) is not on:
                    self.seen(Happened(now, unit.id, "switches", text=f"output {channel} {'on' if on else 'off'}"))
            for _ in range(pressed, presses):
                self.seen(Happened(now, unit.id, "presses"))

    def _tell(self, seat: Seat, now: datetime, what: str, text: str = "") -> None:
        for unit in seat.units:
            self.seen(Happened(now, unit.id, what, text=text))

    def _schedule(self, seat: Seat, now: datetime) -> None:
        wanted = [*(unit.twin.next_at for unit in seat.units if unit.born), *(group.wakes_at(now) for group in seat.groups)]
        first = min((at for at in wanted if at is not None), default=None)
        seat.wakes_at = None if first is None else max(first, now + GRAIN)
        if seat.wakes_at is not None:
            heapq.heappush(self._agenda, (seat.wakes_at, seat.id))


def _listens(filters: tuple[str, ...], topic: str) -> bool:
    matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
    for each in filters:
        matcher[each] = True
    return next(iter(matcher.iter_match(topic)), None) is not None  # type: ignore[no-untyped-call]
