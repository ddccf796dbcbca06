"""A Socorel PLC that is not there, written from what the ELFE project saw in 2023; unverified on a unit.

It stands for the whole PLC: all eight outputs listen. Several on one root hear the same orders and say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from attrs import define, field

from elfe.devices import Publish

OUTPUTS = range(8)
LEVELS = {b"0": False, b"1": True}


@define(kw_only=True)
class AutomateTwin:
    """Eight outputs, a power, a switch for manual on its screen. It has neither last will nor memory of a power cut."""

    root: str
    seed: int = 0
    period: timedelta = timedelta(seconds=30)
    watts_per_unit: float = 1.0
    says_bitmap: bool = True
    says_each: bool = True
    """Which of the two forms of its state it says."""
    manual: bool = False
    on: dict[int, bool] = field(factory=lambda: dict.fromkeys(OUTPUTS, True))
    power_w: dict[int, float] = field(factory=lambda: dict.fromkeys(OUTPUTS, 0.0))
    _speaks_at: datetime | None = field(default=None, init=False)

    # -- a twin's life ----------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return tuple(f"{self.root}/sortie{output + 1}" for output in OUTPUTS)

    @property
    def last_will(self) -> None:
        return None

    @property
    def outputs(self) -> Mapping[int, bool]:
        return self.on

    @property
    def next_at(self) -> datetime | None:
        return self._speaks_at

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """It says who holds it and how it stands; its period begins somewhere of its own."""
        self._speaks_at = now + self.period * Random(self.seed).random()
        return (self._say_mode(), *self._say_state(*OUTPUTS))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """An order for one output; in manual, and in other words than 0 and 1, it is ignored."""
        number = topic.removeprefix(f"{self.root}/sortie")
        if self.manual or payload not in LEVELS or number not in {str(output + 1) for output in OUTPUTS}:
            return ()
        output = int(number) - 1
        self.on[output] = LEVELS[payload]
        return self._say_state(output)

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        """Once a period its outputs and its power."""
        if self._speaks_at is None or now < self._speaks_at:
            return ()
        self._speaks_at = now + self.period
        return (*self._say_state(*OUTPUTS), self._say_power())

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """What hangs on an output now draws that much; it is said with the next period."""
        self.power_w[channel] = power_w
        return ()

    def press_button(self, now: datetime) -> tuple[Publish, ...]:
        """A person takes it over at its screen, or gives it back."""
        self.manual = not self.manual
        return (self._say_mode(),)

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """A guess: its outputs fall, it is in automatic, and it connects again."""
        self.on = dict.fromkeys(OUTPUTS, False)
        self.manual = False
        return self.connected(now)

    def get(self, path: str) -> str:
        """It has no page that we know."""
        return ""

    # -- its words --------------------------------------------------------------------------------------------------------

    def _say_state(self, *outputs: int) -> tuple[Publish, ...]:
        each = tuple(self._say(f"EtatSortie{output + 1}", _digit(self.on[output])) for output in outputs)
        bitmap = self._say("EtatSorties", "".join(_digit(self.on[output]) for output in OUTPUTS))
        return (*(each if self.says_each else ()), *((bitmap,) if self.says_bitmap else ()))

    def _say_power(self) -> Publish:
        drawn = sum(power for output, power in self.power_w.items() if self.on[output])
        return self._say("PA1MN", f"{drawn / self.watts_per_unit:g}")

    def _say_mode(self) -> Publish:
        return self._say("mode", "manuel" if self.manual else "auto")

    def _say(self, name: str, text: str) -> Publish:
        return Publish(f"{self.root}/{name}", text.encode(), qos=0)


def _digit(on: bool) -> str:
    return "1" if on else "0"
