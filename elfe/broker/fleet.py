"""Many device connections in one process, one thread for all: what simulated homes speak through.

Each device has its own client id and its own last will, as real ones have. One thread turns all sockets; the owner
empties one inbox whose entries name the device.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import Counter, deque
from typing import Any

import paho.mqtt.client as mqtt
from attrs import define, field

from elfe.broker.address import BrokerAddress
from elfe.broker.client import KEEPALIVE_S, paho_client
from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish

TURN_S = 0.02
HOUSEKEEPING_S = 1.0


@define(eq=False)
class _Member:
    """One device's connection, as `Session` has it for whoever counts."""

    client: mqtt.Client
    filters: tuple[str, ...]
    sent: Counter[str] = field(factory=Counter)
    received: Counter[str] = field(factory=Counter)
    ready: bool = False


class Fleet:
    """The connections of many devices."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._members: dict[str, _Member] = {}
        self._inbox: deque[tuple[str, Arrival]] = deque()
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        self._closing = False
        self._thread = threading.Thread(target=self._turn, daemon=True, name="fleet")
        self._thread.start()

    # -- the owner's thread -------------------------------------------------------------------------------------------

    def add(self, client_id: str, will: Publish | None, filters: tuple[str, ...]) -> None:
        """Connect a device; `Connected` arrives when its subscriptions stand."""
        client = paho_client(self._address, client_id, will)
        member = _Member(client, filters)
        client.on_connect = lambda *_: self._subscribe(member)
        client.on_subscribe = lambda *_: self._grant(client_id, member)
        client.on_message = lambda _, __, message: self._receive(client_id, message)
        client.on_disconnect = lambda *args: self._inbox.append((client_id, Disconnected(str(args[3]))))
        with self._lock:
            self._members[client_id] = member
            client.connect(self._address.host, self._address.port, KEEPALIVE_S)
            self._selector.register(client.socket(), selectors.EVENT_READ, member)  # type: ignore[arg-type]
        self._wake()

    def send(self, client_id: str, message: Publish) -> bool:
        """Publish as a device; False when it is not connected."""
        member = self._members.get(client_id)
        if member is None or not member.client.is_connected():
            return False
        with self._lock:
            said = member.client.publish(message.topic, message.payload, message.qos, message.retain)
        member.sent[message.topic] += said.rc is mqtt.MQTT_ERR_SUCCESS
        self._wake()
        return said.rc is mqtt.MQTT_ERR_SUCCESS

    def arrivals(self) -> list[tuple[str, Arrival]]:
        """Empty the inbox."""
        emptied: list[tuple[str, Arrival]] = []
        with contextlib.suppress(IndexError):
            while True:
                emptied.append(self._inbox.popleft())
        for client_id, arrival in emptied:
            if isinstance(arrival, Message) and not arrival.retained and client_id in self._members:
                self._members[client_id].received[arrival.topic] += 1
        return emptied

    def drop(self, client_id: str) -> None:
        """Cut a device's connection without a word, so that the broker says its last will."""
        with self._lock:
            opened: Any = self._members.pop(client_id).client.socket()
            self._selector.unregister(opened)
            opened.close()

    @property
    def sessions(self) -> tuple[Any, ...]:
        """Each connection's `filters`, `sent`, `received` and `ready`, for whoever counts deliveries."""
        return tuple(self._members.values())

    def close(self) -> None:
        """Disconnect all in order."""
        with self._lock:
            for member in self._members.values():
                member.client.disconnect()
                member.client.loop_write()
        self._closing = True
        self._wake()
        self._thread.join(5)

    # -- the fleet's thread ---------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        housekeeping = time.monotonic()
        while not self._closing:
            for key, _ in self._selector.select(TURN_S):
                if key.fileobj is self._woken:
                    with contextlib.suppress(BlockingIOError):
                        self._woken.recv(4096)
                else:
                    self._read(key.data)
            with self._lock:
                for member in self._members.values():
                    self._write(member)
                    if time.monotonic() - housekeeping > HOUSEKEEPING_S:
                        member.client.loop_misc()
            if time.monotonic() - housekeeping > HOUSEKEEPING_S:
                housekeeping = time.monotonic()

    def _read(self, member: _Member) -> None:
        with self._lock:
            opened = member.client.socket()
            if opened is not None and member.client.loop_read() is not mqtt.MQTT_ERR_SUCCESS:
                with contextlib.suppress(KeyError, ValueError):
                    self._selector.unregister(opened)

    @staticmethod
    def _write(member: _Member) -> None:
        while member.client.want_write() and member.client.loop_write() is mqtt.MQTT_ERR_SUCCESS:
            pass

    def _subscribe(self, member: _Member) -> None:
        member.client.subscribe([(each, 1) for each in member.filters])

    def _grant(self, client_id: str, member: _Member) -> None:
        member.ready = True
        self._inbox.append((client_id, Connected()))

    def _receive(self, client_id: str, message: mqtt.MQTTMessage) -> None:
        self._inbox.append((client_id, Message(message.topic, bytes(message.payload), message.retain)))

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._waker.send(b"\0")
