"""One connection to the broker, as its owner sees it: an inbox to empty, messages to send.

The client's own thread only puts into the inbox and returns; whoever owns the session empties it. On every connection
the session subscribes again and puts `Connected` into the inbox, on every loss `Disconnected`: what to do about it is
the owner's business. A publish is refused while there is no connection (`send` says so by False): nothing queues up to
be sent late.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from attrs import frozen

from elfe.devices.values import Publish

DROPPED = "$SYS/broker/publish/messages/dropped"
"""Where mosquitto says how many messages it has dropped since it began, for whoever reads more slowly than they come: when that
changes, and for a minute then."""


@frozen
class Message:
    """What arrived."""

    topic: str
    payload: bytes
    retained: bool = False      # an old word kept by the broker: never fresh


@frozen
class Connected:
    """The broker let us in, and our subscriptions stand again."""


@frozen
class Disconnected:
    """The broker is out of reach; the client is trying again by itself."""

    reason: str = ""


Arrival = Message | Connected | Disconnected


class Session(Protocol):
    """The edge to the broker; `elfe.broker.client` is the real one, `elfe.devices.testing` has a mocked one."""

    filters: tuple[str, ...]
    dropped: int
    """How many messages a flood has pushed out of the inbox, unread."""

    @property
    def sent(self) -> Mapping[str, int]:
        """How many messages were published, by topic."""

    @property
    def received(self) -> Mapping[str, int]:
        """How many messages the owner has taken out of the inbox, by topic; what the broker had retained does not count."""

    @property
    def ready(self) -> bool:
        """Whether the connection stands and every subscription is granted."""

    @property
    def settled(self) -> bool:
        """Ready, and the owner has been told so: what it says because it is connected, it has said."""

    def listen(self, filters: tuple[str, ...]) -> None:
        """Replace the subscriptions."""

    def send(self, message: Publish, expires_after: timedelta | None = None) -> bool:
        """Publish; False while there is no connection. `expires_after` goes on the wire where the broker speaks MQTT 5."""

    def arrivals(self) -> list[Arrival]:
        """Empty the inbox, never waiting."""

    def wait(self, at_most: timedelta) -> None:
        """Return when something arrives, or after `at_most`."""

    def join(self) -> None:
        """Connect, and come back by itself whenever the connection is lost; nothing where it already does."""

    def leave(self) -> None:
        """Step back: disconnect in order, and stay away until `join`. An identity is one session's at a time."""

    def close(self) -> None:
        """Disconnect in order: no last will."""


