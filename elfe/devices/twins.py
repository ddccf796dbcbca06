"""What a simulated device is: the same wire as the hardware, without socket, clock or thread.

A twin is fed with what happens to it (it is connected, a message arrives, time passes, the appliance behind it draws
power) and returns what it publishes. Homes, brokers and clocks are made around it, in `elfe.simulation`. Twins are
written from the vendor's documentation, not from our codec.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from attrs import define, field

from elfe.devices.values import Publish


class Twin(Protocol):
    """A device that is not there, and answers all the same."""

    period: timedelta
    """How often it speaks by itself; its firmware's own period until the simulation slows it down."""

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
    def next_at(self) -> datetime | None:
        """When it next wants to speak by itself; None before it is connected."""

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """What it says when the broker lets it in."""

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """What it answers to one message."""

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        """What it says because of the time: its period, a timer of its own."""

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """The appliance behind it now draws `power_w`; returns what the change makes it publish."""

    def press_button(self, now: datetime) -> tuple[Publish, ...]:
        """A person presses its button."""

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """Its supply comes back after a blip: it takes its power-up state and connects again."""

    def get(self, path: str) -> str:
        """What it answers to a step of the local network (`HttpGet`); a device without such steps answers nothing."""


@define
class MeteredRelay(ABC):
    """What relays with a meter share: one output, an energy counter, a period, a timer that switches by itself.

    A family gives its words: what it says of its state, of its measures, and when it is born.
    """

    period: timedelta
    seed: int = 0
    on: bool = True
    power_w: float = 0.0
    energy_wh: float = 0.0
    says_change_w: float = 1.0      # a change of its power that is said at once
    flips_at: datetime | None = field(default=None, init=False)     # its own timer
    _speaks_at: datetime | None = field(default=None, init=False)
    _metered_at: datetime | None = field(default=None, init=False)
    _said_w: float = field(default=0.0, init=False)

    # -- a family's words -------------------------------------------------------------------------------------------

    @abstractmethod
    def say_born(self, now: datetime) -> tuple[Publish, ...]:
        """What it says when the broker lets it in."""

    @abstractmethod
    def say_state(self, now: datetime, source: str) -> tuple[Publish, ...]:
        """What it says when its output has been set."""

    @abstractmethod
    def say_measures(self, now: datetime) -> tuple[Publish, ...]:
        """What it says once a period."""

    def timer_after_switching(self) -> timedelta | None:
        """How long after it was switched its own timer switches it back; None: not in this state."""
        return None

    def power_up_state(self) -> bool:
        """Its output after its supply was gone."""
        return self.on

    # -- a twin's life --------------------------------------------------------------------------------------------------

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Its one relay."""
        return {0: self.on}

    @property
    def next_at(self) -> datetime | None:
        """Its period or its timer, whichever comes first."""
        return min((at for at in (self._speaks_at, self.flips_at) if at is not None), default=None)

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """Born: its period begins somewhere of its own, so that a territory does not speak as one."""
        self.meter(now)
        self._speaks_at = now + self.period * Random(self.seed).random()
        return self.say_born(now)

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        """Its timer, its period."""
        said: tuple[Publish, ...] = ()
        if self.flips_at is not None and now >= self.flips_at:
            said += self.switch(not self.on, now, "timer")
        if self._speaks_at is not None and now >= self._speaks_at:
            self._speaks_at = now + self.period
            self.meter(now)
            said += self._say_measures(now)
        return said

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """Integrate what was drawn so far; a real change is published at once."""
        self.meter(now)
        self.power_w = power_w
        return self._say_measures(now) if abs(power_w - self._said_w) >= self.says_change_w else ()

    def press_button(self, now: datetime) -> tuple[Publish, ...]:
        """A person toggles it."""
        return self.switch(not self.on, now, "button")

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """It takes its power-up state and is born again."""
        self.on = self.power_up_state()
        self._arm(now)
        return self.connected(now)

    def get(self, path: str) -> str:
        """Nothing: it is told everything over MQTT."""
        return ""

    def switch(self, on: bool, now: datetime, source: str) -> tuple[Publish, ...]:
        """Set the output, arm its timer, say so."""
        self.meter(now)
        self.on = on
        self._arm(now)
        return self.say_state(now, source)

    def meter(self, now: datetime) -> None:
        """Count the energy drawn since the last time."""
        if self._metered_at is not None:
            self.energy_wh += self.power_w * (now - self._metered_at).total_seconds() / 3600
        self._metered_at = now

    def _arm(self, now: datetime) -> None:
        after = self.timer_after_switching()
        self.flips_at = now + after if after is not None else None

    def _say_measures(self, now: datetime) -> tuple[Publish, ...]:
        self._said_w = self.power_w
        return self.say_measures(now)


@define(kw_only=True)
class JsonRelay(MeteredRelay):
    """A relay that says all of itself in one JSON object, and is told in JSON what to be: `{"state": "ON"}`.

    What else it is told by name it keeps as a setting, and says. Most firmware that speaks JSON is such a one.
    """

    says: str                                    # the topic on which it says everything
    hears: tuple[str, ...]                       # the topics on which it is told, or asked
    alive: tuple[str, str, str]                  # the topic of its last will, its word when born, its word when gone
    words: Mapping[str, bool]                    # of its state
    measures: Callable[[JsonRelay], Mapping[str, float]]
    state: str = "state"                         # what it calls its state
    power_up: str = ""                           # the setting, `on`, `off` or another word, that says its state at power-up
    settings: dict[str, Any] = field(factory=dict)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """The topics on which it is told, or asked."""
        return self.hears

    @property
    def last_will(self) -> Publish:
        """Its word when gone."""
        return Publish(self.alive[0], self.alive[2].encode(), retain=True)

    def say_born(self, now: datetime) -> tuple[Publish, ...]:
        """Its word when born, and everything."""
        return (Publish(self.alive[0], self.alive[1].encode(), retain=True), *self.say_measures(now))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """What it is told it is from now on; an empty text is a question. It says everything."""
        try:
            told = dict(json.loads(payload))
        except (ValueError, TypeError):
            return ()
        wanted = self.words.get(str(told.pop(self.state, "")))
        self.settings |= {name: value for name, value in told.items() if value != ""}
        return self.say_measures(now) if wanted is None else self.switch(wanted, now, "order")

    def say_state(self, now: datetime, source: str) -> tuple[Publish, ...]:
        """Everything."""
        return self.say_measures(now)

    def say_measures(self, now: datetime) -> tuple[Publish, ...]:
        """Everything."""
        word = next(word for word, on in self.words.items() if on is self.on)
        return (Publish(self.says, json.dumps({self.state: word, **self.measures(self), **self.settings}).encode()),)

    def power_up_state(self) -> bool:
        """As its setting has it."""
        return {"on": True, "off": False}.get(str(self.settings.get(self.power_up)), self.on)
