"""How a service lives: one owner, one inbox, two clocks.

A service is stepped. It does all that is due, and says when it next wants to be woken. `live` steps it on the real
clock and whenever a message arrives; `conducted` steps it when the conductor of virtual time says so, and answers how
much it has sent and received. The service cannot tell which of the two it lives in.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from typing import Protocol

from attrs import field, frozen

from elfe import clock
from elfe.broker.session import Session


class Counted(Protocol):
    """What the conductor compares of a session: see `elfe.broker.session.Session`."""

    filters: tuple[str, ...]

    @property
    def sent(self) -> Mapping[str, int]: ...

    @property
    def received(self) -> Mapping[str, int]: ...

    @property
    def settled(self) -> bool: ...


class Service(Protocol):
    """What the loop steps, always from the same thread."""

    def step(self, now: datetime) -> datetime:
        """Handle the inbox, do all that is due at `now`, and return when to be woken next."""

    def close(self) -> None:
        """Leave in order."""


@frozen
class Advance:
    """From the conductor: it is `to` now."""

    to: datetime


@frozen
class Account:
    """From the conductor: tell what you have seen."""


@frozen
class Idle:
    """To the conductor: nothing is left to do at this instant."""

    next_at: datetime
    sent: Mapping[str, int]         # topic → how many messages, since the start
    received: Mapping[str, int]     # likewise, of all sessions of the party
    filters: tuple[tuple[str, ...], ...]   # what each session of the party listens to
    ready: bool = True              # its connections stand, and it knows
    note: Mapping[str, float] = field(factory=dict)   # what a person who watches would like to see


LONGEST_WAIT = timedelta(seconds=1)
"""So long at most until a stop is noticed."""
GARBAGE = (50_000, 50, 100)
"""Python's collector looks for cycles after so many new objects, instead of 700: what a daemon knows of a territory is a million
objects that stay, and to walk through them took a third of the time of orders that are all due at once."""


def live(service: Service, sessions: tuple[Session, ...], stop: threading.Event, beat: Callable[[], None] = lambda: None) -> None:
    """Step a service on the real clock, and whenever something arrives, until `stop` is set; `beat`: it lives, at each turn."""
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    try:
        while not stop.is_set():
            beat()
            next_at = service.step(clock.now())
            at_most = min(LONGEST_WAIT, max(timedelta(), next_at - clock.now()))
            if sessions:
                sessions[0].wait(at_most)
            else:
                stop.wait(at_most.total_seconds())
    finally:
        service.close()


def conducted(service: Service, sessions: Callable[[], Sequence[Counted]], conductor: Connection) -> None:
    """Step a service when the conductor says so, until it hangs up."""
    try:
        while True:
            order = conductor.recv()
            if isinstance(order, Account):
                conductor.send(service.account())  # type: ignore[attr-defined]
            else:
                conductor.send(_idle(service, service.step(order.to), sessions()))
    except (EOFError, ConnectionError):
        pass            # the conductor has gone: so has time
    finally:
        service.close()


def _idle(service: Service, next_at: datetime, sessions: Sequence[Counted]) -> Idle:
    sent: dict[str, int] = {}
    received: dict[str, int] = {}
    for session in sessions:
        for topic, count in session.sent.items():
            sent[topic] = sent.get(topic, 0) + count
        for topic, count in session.received.items():
            received[topic] = received.get(topic, 0) + count
    ready = all(session.settled for session in sessions) and getattr(service, "ready", True)
    return Idle(next_at, sent, received, tuple(session.filters for session in sessions), ready,
                getattr(service, "note", {}))
