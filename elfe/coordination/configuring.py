"""Bringing one device to its settings: read back, compare, push, read back again. Pure: steps go out, settings come in.

A push may restart the device: it is read again until it says what is expected, for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import define, field

from elfe.coordination.noticing import drift
from elfe.devices.values import ConfigPush, HttpGet, Publish, SerialLine, Setting, Step

READS = 3
"""A device that says nothing is asked so many times."""
SOON = timedelta(seconds=2)
"""After a push; who restarts misses this and is asked again."""
SETTLES_WITHIN = timedelta(seconds=40)
"""From a push until it says so: a restart and its connection are in it."""


class How(StrEnum):
    """How it ended; in French, installers read it."""

    RIGHT = "en ordre"
    REPAIRED = "réglé"
    DIFFERS = "diffère"
    SILENT = "ne répond pas"


def over_mqtt(steps: Iterable[Step]) -> bool:
    """Whether all of it can be said through the broker."""
    return all(isinstance(step, Publish) for step in steps)


def on_site(steps: Iterable[Step]) -> list[str]:
    """The steps that only a visit can do, as one would type them."""
    return [step.path if isinstance(step, HttpGet) else step.text for step in steps if isinstance(step, HttpGet | SerialLine)]


@define
class Configuring:
    """The settings of one device, on their way to what is expected."""

    push: ConfigPush
    within: timedelta               # how fast it answers
    repairs: bool                   # False: look only
    ended: How | None = None
    heard: dict[str, str] = field(factory=dict)
    _asks_at: datetime | None = None
    _asked: int = 0
    _pushed_at: datetime | None = None

    @property
    def differs(self) -> list[tuple[str, str, str]]:
        """What is not as it should be: name, as it should be, as it is; empty where it was not read back."""
        missing = [(each.name, each.value, "") for each in self.push.expects if each.name not in self.heard]
        return [*(drift(self.push.expects, self.heard) or []), *missing]

    def hear(self, setting: Setting) -> None:
        """It says how it is set."""
        if any(each.name == setting.name for each in self.push.expects):
            self.heard[setting.name] = setting.value

    def step(self, now: datetime) -> tuple[Step, ...]:
        """What to say now. It is over when `ended` is there."""
        if self.ended is None and self._asked and not self.differs:
            self.ended = How.REPAIRED if self._pushed_at else How.RIGHT
        waits = self._asks_at is not None and now < self._asks_at
        if self.ended is not None or (waits and (self._pushed_at or not self._known)):
            return ()
        return self._after_push(now) if self._pushed_at else self._before_push(now)

    @property
    def _known(self) -> bool:
        """Whether it has read back everything that is expected."""
        return all(each.name in self.heard for each in self.push.expects)

    def _before_push(self, now: datetime) -> tuple[Step, ...]:
        if self._asked < READS and not self._known:
            return self._ask(now)
        if not self.heard:
            self.ended = How.SILENT
        elif not self.repairs:
            self.ended = How.DIFFERS
        else:
            self._pushed_at, self._asks_at = now, now + SOON
            self.heard.clear()
            return self.push.steps
        return ()

    def _after_push(self, now: datetime) -> tuple[Step, ...]:
        assert self._pushed_at is not None
        if now - self._pushed_at < SETTLES_WITHIN:
            return self._ask(now)
        self.ended = How.DIFFERS if self.heard else How.SILENT
        return ()

    def _ask(self, now: datetime) -> tuple[Step, ...]:
        self._asked, self._asks_at = self._asked + 1, now + self.within
        return self.push.read_back
