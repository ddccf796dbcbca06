"""What a simulated device is: the same wire as the hardware, without socket, clock or thread.

A twin is fed with what happens to it (it is connected, a message arrives, time passes, the appliance behind it draws
power) and returns what it publishes. Homes, brokers and clocks are made around it, in `elfe.simulation`.
Twins are written from the vendor's documentation, not from our codec.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from elfe.devices.values import Publish


class Twin(Protocol):
    """A device that is not there, and answers all the same."""

    period: timedelta
    """How often it speaks by itself; its type's own period until the simulation slows it down."""

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topics it listens to."""

    @property
    def last_will(self) -> Publish | None:
        """What the broker says for it when it is gone."""

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Its relays: channel → closed. Empty for a meter."""

    @property
    def next_at(self) -> datetime:
        """When it next wants to speak by itself."""

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """What it says when the broker lets it in."""

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """What it answers to one message."""

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        """What it says because of the time: its period, a timer of its own."""

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """The appliance behind it now draws `power_w` (0 is a right answer); returns what a change makes it publish."""
