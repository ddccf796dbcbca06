"""What stands behind a simulated device and draws power. Pure, deterministic, replayable.

An appliance lives from instant to instant: `until(now, powered)` brings it there with its supply as it was, `power_w` says
what it draws then, `next_change` when that will change by itself. The same appliance always powered is the counterfactual
"started as soon as declared".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise
from random import Random
from typing import Protocol

from attrs import define, field, frozen

WATER_WH_PER_L_K = 4186 / 3600
COLD_WATER_C = 12.0


class SimulatedAppliance(Protocol):
    """Something that draws power when it is supplied."""

    def until(self, now: datetime, powered: bool) -> None:
        """Live until `now`, having had its supply, or not, since the last time."""

    def power_w(self, powered: bool) -> float:
        """What it draws at this instant."""

    def next_change(self, powered: bool) -> datetime | None:
        """When its draw changes by itself; None when it does not."""


@frozen
class Profile:
    """A cycle as a machine runs it: mean W per step."""

    power_w: tuple[float, ...]
    step: timedelta

    @property
    def lasts(self) -> timedelta:
        """From start to end."""
        return len(self.power_w) * self.step

    @property
    def energy_wh(self) -> float:
        """What it draws."""
        return sum(self.power_w) * self.step.total_seconds() / 3600


@define
class Run:
    """One load of a machine: started by a person, paused whenever its supply is cut."""

    loaded_at: datetime
    whole: timedelta
    began_at: datetime | None = None       # when it first drew
    done: timedelta = timedelta()
    ended_at: datetime | None = None
    started: bool = True                   # its start was pressed, and not pressed again


@define
class CycleMachine:
    """A machine that resumes where it was when its power returns."""

    profile: Profile
    runs: list[Run] = field(factory=list)
    _at: datetime | None = None

    def load(self, now: datetime, started: bool = True) -> Run:
        """A person fills it, and presses start or leaves that to somebody else."""
        run = Run(loaded_at=now, whole=self.profile.lasts, started=started)
        self.runs.append(run)
        self._at = now
        return run

    def press(self) -> None:
        """Its start button: what is in it starts, or pauses when it had. An empty one does nothing."""
        if self.running is not None:
            self.running.started = not self.running.started

    @property
    def running(self) -> Run | None:
        """The load that is in it."""
        return self.runs[-1] if self.runs and self.runs[-1].ended_at is None else None

    def until(self, now: datetime, powered: bool) -> None:
        """Go on with the cycle for as long as there was power."""
        run, before = self.running, self._at
        self._at = now
        if run is None or before is None or not powered or not run.started or now <= before:
            return
        run.began_at = run.began_at or before
        left = self.profile.lasts - run.done
        run.done += min(left, now - before)
        if run.done >= self.profile.lasts:
            run.ended_at = before + left

    def power_w(self, powered: bool) -> float:
        """What its present step draws."""
        run = self.running
        if run is None or not powered or not run.started:
            return 0.0
        return self.profile.power_w[min(len(self.profile.power_w) - 1, run.done // self.profile.step)]

    def next_change(self, powered: bool) -> datetime | None:
        """The end of its present step."""
        if self.running is None or not powered or not self.running.started or self._at is None:
            return None
        return self._at + self.profile.step - self.running.done % self.profile.step


@define
class Filled:
    """A machine that somebody fills after a while, and again once it is done, at most once `every`."""

    machine: CycleMachine
    after: timedelta = timedelta()
    every: timedelta | None = None         # None: once
    started: bool = True                   # whether who fills it presses start too
    _next_at: datetime | None = field(default=None, init=False)
    _done: bool = field(default=False, init=False)

    def until(self, now: datetime, powered: bool) -> None:
        """Go on with what is in it; fill it when that is due and it is empty."""
        self.machine.until(now, powered)
        if self._next_at is None and not self._done:
            self._next_at = now + self.after
        if self._next_at is not None and now >= self._next_at and self.machine.running is None:
            self.machine.load(now, self.started)
            self._next_at, self._done = (now + self.every, False) if self.every else (None, True)

    def power_w(self, powered: bool) -> float:
        """What its present step draws."""
        return self.machine.power_w(powered)

    def next_change(self, powered: bool) -> datetime | None:
        """The end of its present step, or its next filling."""
        if self.machine.running is not None:
            return self.machine.next_change(powered)
        return self._next_at

    def press(self) -> None:
        """Its start button."""
        self.machine.press()


@define
class Constant:
    """Something that draws as much whenever it is supplied."""

    watts: float

    def until(self, now: datetime, powered: bool) -> None:
        """It has no memory."""

    def power_w(self, powered: bool) -> float:
        """Always the same."""
        return self.watts if powered else 0.0

    def next_change(self, powered: bool) -> datetime | None:
        """Never by itself."""
        return None


@define
class Tape:
    """A recorded draw, told from its beginning and again and again; without its supply it draws nothing and the tape runs on."""

    changes: tuple[tuple[timedelta, float], ...]      # since when how much, the first at zero
    lasts: timedelta
    _begun_at: datetime | None = field(default=None, init=False)
    _at: datetime | None = field(default=None, init=False)

    def until(self, now: datetime, powered: bool) -> None:
        """The tape runs."""
        self._begun_at = self._begun_at or now
        self._at = now

    def power_w(self, powered: bool) -> float:
        """What was recorded at this instant."""
        return self.changes[self._index()][1] if powered and self._at is not None else 0.0

    def next_change(self, powered: bool) -> datetime | None:
        """Where the tape changes."""
        if self._at is None or not powered or len(self.changes) < 2:
            return None
        following = self._index() + 1
        end = self.changes[following][0] if following < len(self.changes) else self.lasts
        return self._at + end - self._position()

    def _position(self) -> timedelta:
        assert self._at is not None
        assert self._begun_at is not None
        return (self._at - self._begun_at) % self.lasts

    def _index(self) -> int:
        return bisect_right(self.changes, self._position(), key=lambda change: change[0]) - 1


@define
class Tank:
    """A water heater: a body of water, a thermostat, losses, and people who wash."""

    volume_l: int
    element_w: float
    seed: int
    zone: tzinfo                     # whose mornings and evenings
    temperature_c: float = 58.0
    coldest_c: float = 58.0
    target_c: float = 60.0
    hysteresis_k: float = 4.0
    heating: bool = False
    _at: datetime | None = None

    LOSS_K_PER_H = 0.25
    STEP = timedelta(minutes=5)

    def until(self, now: datetime, powered: bool) -> None:
        """Lose, be drawn from, heat, in steps of at most five minutes."""
        at = self._at or now
        while at < now:
            upto = min(now, at + self.STEP)
            self._live(at, (upto - at).total_seconds() / 3600, powered)
            at = upto
        self._at = now
        self._switch()

    def power_w(self, powered: bool) -> float:
        """Its element, when the thermostat asks and the supply is there."""
        return self.element_w if powered and self.heating else 0.0

    def next_change(self, powered: bool) -> datetime | None:
        """Its thermostat is looked at every five minutes."""
        return None if self._at is None else self._at + self.STEP

    def _live(self, at: datetime, hours: float, powered: bool) -> None:
        capacity = self.volume_l * WATER_WH_PER_L_K
        drawn_l = self._drawn_l(at.astimezone(self.zone), hours)
        self.temperature_c -= self.LOSS_K_PER_H * hours + drawn_l * (self.temperature_c - COLD_WATER_C) / self.volume_l
        self._switch()
        if powered and self.heating:
            self.temperature_c += self.element_w * hours / capacity
        self.coldest_c = min(self.coldest_c, self.temperature_c)

    def _switch(self) -> None:
        if self.temperature_c >= self.target_c:
            self.heating = False
        elif self.temperature_c <= self.target_c - self.hysteresis_k:
            self.heating = True

    def _drawn_l(self, at: datetime, hours: float) -> float:
        """Litres drawn: most in the morning and the evening, a little at noon, each home in its own way."""
        chance = Random(self.seed * 1000 + at.timetuple().tm_yday)
        day_l = self.volume_l * chance.uniform(0.45, 0.75)
        hour = (at.hour + at.minute / 60) % 24
        peaks = ((6.0 + chance.random(), 0.45), (11.0 + chance.random(), 0.1), (18.0 + 2 * chance.random(), 0.45))
        return sum(day_l * share * hours for peak, share in peaks if peak <= hour < peak + 1)


@define
class Log:
    """What a twin drew: (instant, power, supplied), a line per change. The report is made from it."""

    lines: list[tuple[datetime, float, bool]] = field(factory=list)

    def write(self, now: datetime, power_w: float, powered: bool) -> None:
        """A line, when something changed."""
        if not self.lines or self.lines[-1][1:] != (power_w, powered):
            self.lines.append((now, power_w, powered))

    def forget(self) -> None:
        """Keep the last line alone: nobody will make a report of the others."""
        del self.lines[:-1]

    def between(self, start: datetime, end: datetime) -> Log:
        """The same log of [start, end[ alone: outside of it, nothing was drawn."""
        before = [line for line in self.lines if line[0] <= start][-1:]
        inside = [line for line in self.lines if start < line[0] < end]
        return Log([*((start, power, powered) for _, power, powered in before), *inside, (end, 0.0, False)])

    def supplied_since(self, start: datetime, end: datetime) -> datetime | None:
        """The last instant of [start, end] at which its supply came back; None when it was not cut, or did not come back."""
        back = [there[0] for here, there in pairwise(self.lines) if start <= there[0] <= end and there[2] and not here[2]]
        return back[-1] if back else None

    def quarters_w(self, start: datetime, count: int, step: timedelta) -> list[float]:
        """The mean power of each quarter."""
        means = [0.0] * count
        for (at, power, _), until in zip(self.lines, self._ends(start + count * step), strict=True):
            here = max(at, start)
            while here < min(until, start + count * step):
                index = (here - start) // step
                upto = min(until, start + (index + 1) * step)
                means[index] += power * ((upto - here) / step)
                here = upto
        return means

    def every(self, period: timedelta, end: datetime) -> Iterator[tuple[datetime, float]]:
        """What a meter would have said of it: each change, and the value again every `period`."""
        for (at, power, _), until in zip(self.lines, self._ends(end), strict=True):
            while at < min(until, end):
                yield at, power
                at += period

    def _ends(self, end: datetime) -> list[datetime]:
        """Until when each line holds."""
        return [*(at for at, _, _ in self.lines[1:]), end][:len(self.lines)]
