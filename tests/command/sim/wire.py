"""A broker in memory: MQTT without a wire, with what a wire does to messages.

It keeps what is retained and tells it on a subscription; it queues for who keeps a session, and drops what has expired; it lets one
identity in at a time. It may be down (in order, or killed, and then it has forgotten everything), and rough: messages come late,
out of order and twice.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from random import Random

from attrs import define, field
from paho.mqtt.client import topic_matches_sub

from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish

matches = cache(topic_matches_sub)
LATEST = timedelta(seconds=20)
"""How late a message comes at most while the network is rough."""


@define(eq=False)
class Net:
    """The broker."""

    at: Callable[[datetime, Callable[[], None]], None]      # do it then
    chance: Random
    now: datetime
    up: bool = True
    rough_until: datetime | None = None
    ends: list[End] = field(factory=list)
    retained: dict[str, bytes] = field(factory=dict)
    waiting: dict[End, None] = field(factory=dict)          # whose inbox is not empty
    _exact: dict[str, dict[End, None]] = field(factory=dict)
    _patterns: dict[str, dict[End, None]] = field(factory=dict)
    _matched: dict[str, list[str]] = field(factory=dict)    # of each topic that was seen, the patterns that it matches

    def end(self, name: str, *, keeps: bool = False, rough: bool = True) -> End:
        """A client; `keeps` a session while it is away."""
        made = End(self, name, keeps=keeps, rough=rough)
        self.ends.append(made)
        return made

    def publish(self, message: Publish, expires_at: datetime | None = None) -> None:
        """To everyone who listens."""
        if message.retain:
            if message.payload:
                self.retained[message.topic] = message.payload
            else:
                self.retained.pop(message.topic, None)
        rough = self.rough_until is not None and self.now < self.rough_until
        for end in self._route(message.topic):
            if rough and end.rough:
                self._roughly(end, message, expires_at)
            else:
                end.take(Message(message.topic, message.payload), expires_at)

    def _roughly(self, end: End, message: Publish, expires_at: datetime | None) -> None:
        times = 2 if message.qos == 1 and self.chance.random() < 0.2 else 1
        for _ in range(times):
            late = LATEST * self.chance.random() if self.chance.random() < 0.5 else timedelta()
            said = Message(message.topic, message.payload)
            self.at(self.now + late, lambda said=said: end.take(said, expires_at))

    def _route(self, topic: str) -> list[End]:
        if topic not in self._matched:
            self._matched[topic] = [each for each in self._patterns if matches(each, topic)]
        return [*self._exact.get(topic, ()), *(end for each in self._matched[topic] for end in self._patterns[each])]

    def subscribe(self, end: End, new: tuple[str, ...]) -> None:
        """What was retained is told at once."""
        for each in new:
            if "+" in each or "#" in each:
                if each not in self._patterns:
                    self._patterns[each] = {}
                    self._matched.clear()
                self._patterns[each][end] = None
                for topic in [topic for topic in self.retained if matches(each, topic)]:
                    end.take(Message(topic, self.retained[topic], retained=True), None)
            else:
                self._exact.setdefault(each, {})[end] = None
                if each in self.retained:
                    end.take(Message(each, self.retained[each], retained=True), None)

    def unsubscribe(self, end: End, gone: tuple[str, ...]) -> None:
        for each in gone:
            self._exact.get(each, {}).pop(end, None)
            self._patterns.get(each, {}).pop(end, None)

    def go_down(self, *, killed: bool) -> None:
        """In order it keeps its sessions and what is retained; killed it has forgotten both."""
        self.up = False
        for each in self.ends:
            each.lost("down")
            if killed:
                each.kept.clear()
        if killed:
            self.retained.clear()

    def come_up(self) -> None:
        self.up = True
        for each in self.ends:
            each.found()


@define(eq=False)
class End:
    """One client's end of the wire: a `Session` for an engine, a socket for a twin."""

    net: Net
    name: str
    keeps: bool = False
    rough: bool = True
    filters: tuple[str, ...] = ()
    inbox: deque[Arrival] = field(factory=deque)
    there: bool = True            # it has its supply and its Wi-Fi
    joined: bool = False
    kept: list[tuple[Message, datetime | None]] = field(factory=list)
    dropped: int = 0
    before_send: Callable[[Publish], None] = lambda message: None
    on_change: Callable[[], None] = lambda: None      # what the broker knows of it is another thing now
    sent: Counter[str] = field(factory=Counter)
    received: Counter[str] = field(factory=Counter)

    @property
    def ready(self) -> bool:
        return self.there and self.joined and self.net.up

    @property
    def settled(self) -> bool:
        return self.ready

    def take(self, message: Message, expires_at: datetime | None) -> None:
        """The broker has something for it."""
        if expires_at is not None and self.net.now >= expires_at:
            return
        if self.ready:
            self.inbox.append(message)
            self.net.waiting[self] = None
        elif self.keeps and not message.retained:
            self.kept.append((message, expires_at))

    def lost(self, why: str) -> None:
        """The connection is gone, and what was under way with it."""
        if self.joined and self.there:
            self.inbox.append(Disconnected(why))
            self.net.waiting[self] = None

    def found(self) -> None:
        """The broker lets it in: its subscriptions stand, what is retained is told, what was kept too."""
        if not self.ready:
            return
        self.inbox.append(Connected())
        self.net.waiting[self] = None
        filters, self.filters = self.filters, ()
        self.net.unsubscribe(self, filters)
        self.listen(filters)
        kept, self.kept = self.kept, []
        for message, expires_at in kept:
            self.take(message, expires_at)

    def listen(self, filters: tuple[str, ...]) -> None:
        before, after = set(self.filters), set(filters)
        gone = tuple(each for each in self.filters if each not in after)
        new = tuple(each for each in filters if each not in before)
        self.filters = filters
        self.net.unsubscribe(self, gone)
        self.net.subscribe(self, new)
        self.on_change()

    def send(self, message: Publish, expires_after: timedelta | None = None) -> bool:
        if not self.ready:
            return False
        self.before_send(message)
        self.net.publish(message, self.net.now + expires_after if expires_after is not None else None)
        return True

    def arrivals(self) -> list[Arrival]:
        found = list(self.inbox)
        self.inbox.clear()
        self.net.waiting.pop(self, None)
        return found

    def wait(self, at_most: timedelta) -> None:
        """Everything has arrived."""

    def join(self) -> None:
        """An identity is one client's at a time: who had it is put out, and does not come back by itself."""
        if self.joined:
            return
        for other in self.net.ends:
            if other is not self and other.name == self.name and other.joined:
                other.lost("taken over")
                other.joined = False
        self.joined = True
        self.on_change()
        self.found()

    def leave(self) -> None:
        self.lost("left")
        self.joined = False
        self.on_change()

    def close(self) -> None:
        self.net.unsubscribe(self, self.filters)
        self.net.waiting.pop(self, None)
        self.net.ends.remove(self)
