"""One real connection to the broker, on paho. See `session.py` for what it promises its owner.

Rules of ownership: paho's thread puts into the inbox and returns, nothing else; the owner's thread does everything
else. Reconnection is paho's own, with its back-off; after each the subscriptions are asked for again, and `Connected`
goes into the inbox only when the broker has granted them.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import uniform
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from elfe.broker.address import BrokerAddress
from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish

KEEPALIVE_S = 15
"""A connection that is cut without a word is noticed after twice as long."""
SOONEST_RETRY_S, LATEST_RETRY_S = (1.0, 2.0), (45.0, 60.0)
"""Between these, drawn once per session, so that a broker that comes back is not asked by all at once."""
TAKEN_OVER = 0x8E
"""MQTT 5's "session taken over"."""
FILTERS_A_PACKET = 200
"""Brokers limit their packets: what a territory listens to does not go into one."""
IN_FLIGHT = 50
"""At once under way to the broker: a territory's orders are due at one instant. paho's own are 20, that wait for each other over a
slow line; but it walks through all that are under way at each acknowledgement. It does not ask what the broker allows (MQTT 5's
Receive Maximum), nor can it be told once it is connected: mosquitto does not mind, of another broker it is to be set."""
INBOX = 100_000
"""A flood beyond this pushes the oldest messages out; `dropped` counts them."""

log = logging.getLogger("elfe.broker")


class MqttSession:
    """A `Session` on a real broker."""

    def __init__(self, address: BrokerAddress, client_id: str, *, will: Publish | None = None,
                 joins: bool = True) -> None:
        self.filters: tuple[str, ...] = ()
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.dropped = 0
        self._inbox: deque[Arrival] = deque()
        self._arrived = threading.Event()
        self._subscribing = threading.Lock()     # both threads do: the owner when it listens, paho's when it is back
        self._up = False
        self._asked: set[int] = set()            # subscriptions asked for, and granted, since the connection
        self._granted: set[int] = set()
        self._announcing: int | None = None      # the one whose grant is worth a `Connected`
        self._told = False                       # the owner has taken that `Connected` out of the inbox
        self._reasons: set[str] = set()          # why we are not connected, each told once until we are
        self._version5 = address.protocol == "5"
        self._client = paho_client(address, client_id, will)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self._lose(f"nobody answers at {address.host}:{address.port}")
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(uniform(*SOONEST_RETRY_S), uniform(*LATEST_RETRY_S))  # type: ignore[arg-type]
        self._address, self._joined = address, False
        if joins:
            self.join()

    # -- the owner's thread -----------------------------------------------------------------------------------------

    def listen(self, filters: tuple[str, ...]) -> None:
        """Replace the subscriptions."""
        with self._subscribing:
            before, after = set(self.filters), set(filters)
            gone = [each for each in self.filters if each not in after]
            new = tuple(each for each in filters if each not in before)
            self.filters = filters
            if self._up:
                for some in _packets(gone):
                    self._client.unsubscribe(some)
            if self._up:
                self._subscribe(new)

    @property
    def ready(self) -> bool:
        """Whether the connection stands and every subscription is granted."""
        return self._up and self._asked <= self._granted

    @property
    def settled(self) -> bool:
        """Ready, and the owner has been told so."""
        return self._told and self.ready

    def send(self, message: Publish, expires_after: timedelta | None = None) -> bool:
        """Publish; False while there is no connection, and then it is not kept to be sent late."""
        if not self._up:
            return False
        properties = _expiry(max(1, int(expires_after.total_seconds()))) if self._version5 and expires_after is not None else None
        said = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        if said.rc is not mqtt.MQTT_ERR_SUCCESS:
            return False
        self.sent[message.topic] += 1
        return True

    def arrivals(self) -> list[Arrival]:
        """Empty the inbox."""
        self._arrived.clear()
        emptied: list[Arrival] = []
        with contextlib.suppress(IndexError):
            while True:
                emptied.append(self._inbox.popleft())
        self._told = self._told or any(isinstance(each, Connected) for each in emptied)
        self.received.update(each.topic for each in emptied if isinstance(each, Message) and not each.retained)
        return emptied

    def wait(self, at_most: timedelta) -> None:
        """Return when something arrives."""
        self._arrived.wait(at_most.total_seconds())

    def join(self) -> None:
        """Connect, and come back by itself."""
        if not self._joined:
            self._client.loop_stop()      # what another owner of our identity has ended
            self._joined = True
            self._client.connect_async(self._address.host, self._address.port, KEEPALIVE_S)
            self._client.loop_start()

    def leave(self) -> None:
        """Disconnect in order, and stay away."""
        if self._joined:
            self._joined = False
            self._client.disconnect()
            self._client.loop_stop()

    def close(self) -> None:
        """Disconnect in order."""
        self.leave()

    # -- paho's thread ------------------------------------------------------------------------------------------------

    def _put(self, arrival: Arrival) -> None:
        self._inbox.append(arrival)
        if len(self._inbox) > INBOX:
            self._inbox.popleft()
            self.dropped += 1
        self._arrived.set()

    def _on_connect(self, client: mqtt.Client, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            self._lose(f"refused: {reason}")
            return
        # what the last connection left unacknowledged would be sent again now, however late it has become
        client.drop_out_messages()
        with self._subscribing:
            self._asked, self._granted = set(), set()
            self._announcing = self._subscribe(self.filters)
            self._up, self._told = True, False
        if self._announcing is None:
            self._announce()

    def _on_subscribe(self, _: Any, __: Any, mid: int, reasons: list[Any], ___: Any) -> None:
        if any(each.is_failure for each in reasons):
            log.error("the broker refuses %d of our subscriptions: %s", sum(each.is_failure for each in reasons),
                      next(each for each in reasons if each.is_failure))
        self._granted.add(mid)
        if mid == self._announcing:
            self._announce()

    def _announce(self) -> None:
        self._announcing = None
        self._reasons.clear()
        self._put(Connected())

    def _on_disconnect(self, _: Any, __: Any, ___: Any, reason: Any, ____: Any) -> None:
        was_up, self._up = self._up, False
        if reason.value == TAKEN_OVER:       # somebody has our identity now: to come back would be to fight for it
            self._joined = False
            self._client.disconnect()
        if was_up or not self._reasons:      # after a refusal it only repeats it, in vaguer words
            self._lose(str(reason))

    def _lose(self, reason: str) -> None:
        if reason not in self._reasons:
            self._reasons.add(reason)
            self._put(Disconnected(reason))

    def _on_message(self, _: Any, __: Any, message: mqtt.MQTTMessage) -> None:
        with contextlib.suppress(UnicodeDecodeError):      # a topic that is no text is no device's; not all brokers refuse it
            self._put(Message(message.topic, bytes(message.payload), message.retain))

    def _subscribe(self, filters: tuple[str, ...]) -> int | None:
        """Ask for subscriptions, and return the number of the last question; None when there is nothing to ask."""
        mid = None
        for some in _packets(filters):
            asked: list[Any] = [(each, SubscribeOptions(qos=1) if self._version5 else 1) for each in some]
            mid = self._client.subscribe(asked)[1]
            if mid is not None:
                self._asked.add(mid)
        return mid


def _packets(filters: Sequence[str]) -> Iterator[list[str]]:
    for begin in range(0, len(filters), FILTERS_A_PACKET):
        yield list(filters[begin:begin + FILTERS_A_PACKET])


def paho_client(address: BrokerAddress, client_id: str, will: Publish | None = None,
                comes_back: bool = True) -> mqtt.Client:
    """A paho client that is not connected yet: identity, last will, TLS, and no delay on small packets."""
    version = mqtt.MQTTv5 if address.protocol == "5" else mqtt.MQTTv311
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=version,
                         clean_session=None if address.protocol == "5" else True, reconnect_on_failure=comes_back)
    if address.username:
        client.username_pw_set(address.username, address.password)
    if address.tls_ca:
        client.tls_set(address.tls_ca)
    if will is not None:
        client.will_set(will.topic, will.payload, will.qos, will.retain)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.on_socket_open = lambda _, __, opened: no_delay(opened)
    return client


def no_delay(opened: Any) -> None:
    """Send small packets at once: waiting for more of them costs 40 ms."""
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class _Packed(Properties):
    """Properties that many messages share, packed once: paho packs them anew for each, which costs more than the rest of it."""

    @functools.cached_property
    def _packed(self) -> bytes:
        packed: bytes = super().pack()  # type: ignore[no-untyped-call]
        return packed

    def pack(self) -> bytes:
        return self._packed


@functools.lru_cache
def _expiry(after_s: int) -> Properties:
    properties = _Packed(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.MessageExpiryInterval = after_s
    return properties
