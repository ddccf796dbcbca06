"""Many device connections in one process, one thread for all: what simulated homes speak through.

Each device has its own client id and its own last will, as real ones have, and connects again when it was cut. One
thread turns all sockets; the owner empties one inbox whose entries name the device. paho's clients are not made for two
threads: whoever touches one holds the lock.
"""

from __future__ import annotations

import contextlib
import selectors
import ssl
import threading
import time
from collections import Counter, deque
from datetime import timedelta
from typing import Any

import paho.mqtt.client as mqtt
from attrs import define, evolve, field

from elfe.broker.address import BrokerAddress
from elfe.broker.client import no_delay, paho_client
from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish

KEEPALIVE_S = 60
TURN_S = 0.1
"""How long the thread sleeps when nothing happens, so that it notices the end."""
HOUSEKEEPING_S = 1.0


@define(eq=False)
class Connection:
    """One device's connection, as `Session` has it for whoever counts."""

    client_id: str
    client: mqtt.Client
    filters: tuple[str, ...]
    sent: Counter[str] = field(factory=Counter)
    received: Counter[str] = field(factory=Counter)
    granted: bool = False
    dropped: bool = False

    @property
    def ready(self) -> bool:
        """Whether its subscriptions stand; nobody waits for one that was dropped."""
        return self.granted or self.dropped

    @property
    def settled(self) -> bool:
        """Likewise: of those who are told, their owner keeps count."""
        return self.ready


class Fleet:
    """The connections of many devices."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self._connections: dict[str, Connection] = {}
        self._all: list[Connection] = []
        self._inbox: deque[tuple[str, Arrival]] = deque()
        self._arrived = threading.Event()
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._closing = False
        self._thread = threading.Thread(target=self._turn, daemon=True, name="fleet")
        self._thread.start()

    # -- the owner's thread -------------------------------------------------------------------------------------------

    def add(self, client_id: str, will: Publish | None, filters: tuple[str, ...],
            username: str = "", password: str = "") -> None:
        """Connect a device, with its own account where it has one; `Connected` arrives when its subscriptions stand."""
        address = evolve(self._address, username=username, password=password) if username else self._address
        connection = Connection(client_id, paho_client(address, client_id, will), filters)
        self._wire(connection)
        with self._lock:
            self._connections[client_id] = connection
            self._all.append(connection)
            self._connect(connection)

    def send(self, client_id: str, message: Publish) -> bool:
        """Publish as a device; False when it is not connected."""
        connection = self._connections.get(client_id)
        if connection is None or not connection.granted:
            return False
        with self._lock:
            said = connection.client.publish(message.topic, message.payload, message.qos, message.retain)
            self._flush(connection)
        if said.rc is not mqtt.MQTT_ERR_SUCCESS:
            return False
        connection.sent[message.topic] += 1
        return True

    def arrivals(self) -> list[tuple[str, Arrival]]:
        """Empty the inbox."""
        self._arrived.clear()
        emptied: list[tuple[str, Arrival]] = []
        with contextlib.suppress(IndexError):
            while True:
                emptied.append(self._inbox.popleft())
        for client_id, arrival in emptied:
            if isinstance(arrival, Message) and not arrival.retained and client_id in self._connections:
                self._connections[client_id].received[arrival.topic] += 1
        return emptied

    def wait(self, at_most: timedelta) -> None:
        """Return when something arrives."""
        self._arrived.wait(at_most.total_seconds())

    def drop(self, client_id: str) -> None:
        """Cut a device's connection without a word, so that the broker says its last will; `add` brings it back."""
        with self._lock:
            connection = self._connections.pop(client_id)
            connection.dropped, connection.filters = True, ()
            opened: Any = connection.client.socket()
            if opened is not None:
                self._forget(opened)
                opened.close()

    @property
    def sessions(self) -> tuple[Connection, ...]:
        """Each connection's `filters`, `sent`, `received` and `settled`, for whoever counts; a dropped one keeps its place."""
        return tuple(self._all)

    def close(self) -> None:
        """Disconnect all in order."""
        self._closing = True
        self._thread.join()
        for connection in self._connections.values():
            connection.client.disconnect()
            connection.client.loop_write()
        self._selector.close()

    # -- the fleet's thread ---------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        kept_at = time.monotonic()
        while not self._closing:
            for key, events in self._selector.select(TURN_S):
                self._exchange(key.data, events)
            if time.monotonic() - kept_at >= HOUSEKEEPING_S:
                kept_at = time.monotonic()
                self._keep_house()

    def _exchange(self, connection: Connection, events: int) -> None:
        with self._lock:
            if connection.dropped:
                return
            if events & selectors.EVENT_READ:
                connection.client.loop_read()
                while _has_more(connection.client.socket()):
                    connection.client.loop_read()
            self._flush(connection)

    def _flush(self, connection: Connection) -> None:
        """Write what the socket takes; what it does not take goes when it can be written to."""
        client = connection.client
        if client.want_write():
            client.loop_write()
        opened: Any = client.socket()
        if opened is not None:
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
            if self._selector.get_key(opened).events != events:
                self._selector.modify(opened, events, connection)

    def _keep_house(self) -> None:
        """Pings, and connections to make again."""
        with self._lock:
            for connection in self._connections.values():
                if connection.client.socket() is None:
                    self._connect(connection)
                else:
                    connection.client.loop_misc()
                    self._flush(connection)

    # -- paho's callbacks, on whichever thread holds the lock -------------------------------------------------------------

    def _wire(self, connection: Connection) -> None:
        client = connection.client
        client.on_socket_open = lambda _, __, opened: self._watch(connection, opened)
        client.on_socket_close = lambda _, __, opened: self._forget(opened)
        client.on_connect = lambda _, __, ___, reason, ____: self._on_connect(connection, reason)
        client.on_subscribe = lambda *_: self._grant(connection)
        client.on_disconnect = lambda _, __, ___, reason, ____: self._lose(connection, str(reason))
        client.on_message = lambda _, __, message: self._put(
            connection, Message(message.topic, bytes(message.payload), message.retain))

    def _connect(self, connection: Connection) -> None:
        with contextlib.suppress(OSError):      # nobody there: housekeeping tries again
            connection.client.connect(self._address.host, self._address.port, KEEPALIVE_S)

    def _watch(self, connection: Connection, opened: Any) -> None:
        no_delay(opened)
        self._selector.register(opened, selectors.EVENT_READ, connection)

    def _forget(self, opened: Any) -> None:
        with contextlib.suppress(KeyError, ValueError):      # it was cut by `drop`, and forgotten then
            self._selector.unregister(opened)

    def _on_connect(self, connection: Connection, reason: Any) -> None:
        if reason.is_failure:
            self._put(connection, Disconnected(f"refused: {reason}"))
        elif connection.filters:
            connection.client.subscribe([(each, 1) for each in connection.filters])
        else:
            self._grant(connection)

    def _grant(self, connection: Connection) -> None:
        connection.granted = True
        self._put(connection, Connected())

    def _lose(self, connection: Connection, reason: str) -> None:
        if connection.granted:
            self._put(connection, Disconnected(reason))
        connection.granted = False

    def _put(self, connection: Connection, arrival: Arrival) -> None:
        self._inbox.append((connection.client_id, arrival))
        self._arrived.set()


def _has_more(opened: Any) -> bool:
    """Whether TLS has deciphered more than was read: the selector only sees what is still enciphered."""
    return isinstance(opened, ssl.SSLSocket) and opened.pending() > 0
