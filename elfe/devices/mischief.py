"""Twins that misbehave: whatever a twin is, ours or a stranger's, it lies, stutters or falls silent on demand.

    misbehaving(twin, [Mischief("lying"), Mischief("slow", {"by": timedelta(seconds=30)})], seed=3)

A mischief is data: its kind and what differs from the kind's defaults. Each kind is a wrapper around a twin, and a twin
itself, so that they compose: what comes last stands nearest to the wire. Pure like the twins, and told again by its seed.

Until the broker first lets it in a twin behaves: an installer was there.
"""

from __future__ import annotations

import heapq
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import attrs
from attrs import define, evolve, field, frozen

from elfe.devices.twins import Twin
from elfe.devices.values import Publish

Said = tuple[Publish, ...]
NOW = timedelta()


# -- what stands between a twin and the wire --------------------------------------------------------------------------------


@define(kw_only=True, eq=False)
class Misbehaving:
    """A twin within a twin, which changes nothing. A kind of mischief says what it changes."""

    twin: Twin
    chance: Random
    strikes_at: datetime | None = field(default=None, init=False)
    """When it next does something by itself."""
    _began: bool = field(default=False, init=False)
    _late: list[tuple[datetime, int, Publish]] = field(factory=list, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)

    # -- what a kind may change

    def begins(self, now: datetime) -> None:
        """The broker lets it in for the first time."""

    def strikes(self, now: datetime) -> Said:
        """Its moment has come."""
        return ()

    def hears(self, topic: str, payload: bytes, now: datetime) -> Said:
        """A message arrives."""
        return self.twin.receive(topic, payload, now)

    def lives(self, now: datetime) -> Said:
        """Time passes."""
        return self.twin.tick(now)

    def draws(self, power_w: float, now: datetime, channel: int) -> Said:
        """The appliance behind it now draws so much."""
        return self.twin.draw(power_w, now, channel)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        """What becomes of what it says: each message, and how late it is said."""
        return ((NOW, message) for message in said)

    # -- a twin's life

    @property
    def period(self) -> timedelta:
        """Its own."""
        return self.twin.period

    @period.setter
    def period(self, period: timedelta) -> None:
        self.twin.period = period

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Its own."""
        return self.twin.subscriptions

    @property
    def last_will(self) -> Publish | None:
        """Its own."""
        return self.twin.last_will

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Its own."""
        return self.twin.outputs

    @property
    def next_at(self) -> datetime | None:
        """Its own, what is still to be said, or the next mischief."""
        return self._own_next_at()

    def connected(self, now: datetime) -> Said:
        """The broker lets it in."""
        if not self._began:
            self._began = True
            self.begins(now)
        return self._say(self.twin.connected(now), now)

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        """A message arrives; before it was ever connected, from its installer."""
        if not self._began:
            return self.twin.receive(topic, payload, now)
        return self._say(self.hears(topic, payload, now), now)

    def tick(self, now: datetime) -> Said:
        """What was to be said by now, what it says by itself, and the mischief whose moment has come."""
        overdue = tuple(heapq.heappop(self._late)[2] for _ in range(sum(at <= now for at, _, _ in self._late)))
        said = self.lives(now)
        if self.strikes_at is not None and now >= self.strikes_at:
            said += self.strikes(now)
        return overdue + self._say(said, now)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """The appliance behind it now draws so much."""
        return self._say(self.draws(power_w, now, channel), now)

    def press_button(self, now: datetime) -> Said:
        """A person presses its button."""
        return self._say(self.twin.press_button(now), now)

    def reboot(self, now: datetime) -> Said:
        """Its supply comes back after a blip."""
        return self._say(self.twin.reboot(now), now)

    def get(self, path: str) -> str:
        """Its own."""
        return self.twin.get(path)

    def __getattr__(self, name: str) -> Any:
        """What else a twin tells of itself: how often it pressed, say."""
        if name.startswith("_") or name == "twin":       # while it is being copied, nothing is there yet
            raise AttributeError(name)
        return getattr(self.twin, name)

    def _own_next_at(self) -> datetime | None:
        late = self._late[0][0] if self._late else None
        return min((at for at in (self.twin.next_at, late, self.strikes_at) if at is not None), default=None)

    def _say(self, said: Said, now: datetime) -> Said:
        at_once: list[Publish] = []
        for late, message in self.leaves(said, now):
            if late > NOW:
                heapq.heappush(self._late, (now + late, next(self._numbers), message))
            else:
                at_once.append(message)
        return tuple(at_once)


@define(kw_only=True, eq=False)
class _Once(Misbehaving):
    """From a moment on it is so."""

    after: timedelta = timedelta(minutes=1)
    is_so: bool = field(default=False, init=False)

    def begins(self, now: datetime) -> None:
        self.is_so = self.after == NOW
        self.strikes_at = None if self.is_so else now + self.after

    def strikes(self, now: datetime) -> Said:
        self.is_so, self.strikes_at = True, None
        return ()


@define(kw_only=True, eq=False)
class _NowAndThen(Misbehaving):
    """Every so often, never at the same time as its neighbours."""

    every: timedelta = timedelta(minutes=10)

    def begins(self, now: datetime) -> None:
        self.strikes_at = now + self.every * self.chance.uniform(0.5, 1.5)

    def strikes(self, now: datetime) -> Said:
        self.strikes_at = now + self.every * self.chance.uniform(0.5, 1.5)
        return self.happens(now)

    def happens(self, now: datetime) -> Said:
        """What does."""
        return ()


# -- of its connection -------------------------------------------------------------------------------------------------------


@define(kw_only=True, eq=False)
class Slow(Misbehaving):
    """It does what it is told at once, and whatever it says comes late."""

    by: timedelta = timedelta(seconds=20)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        return ((self.by, message) for message in said)


@define(kw_only=True, eq=False)
class Mute(_Once):
    """It hears and obeys, and says nothing any more; its connection stands."""

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        return () if self.is_so else Misbehaving.leaves(self, said, now)


@define(kw_only=True, eq=False)
class Gone(Mute):
    """It is gone from the network without a word: it hears nothing, says nothing, and no last will is said for it."""

    @property
    def last_will(self) -> None:
        """The broker was told of none."""
        return

    def hears(self, topic: str, payload: bytes, now: datetime) -> Said:
        return () if self.is_so else self.twin.receive(topic, payload, now)

    def get(self, path: str) -> str:
        """Nobody answers."""
        return "" if self.is_so else self.twin.get(path)


@define(kw_only=True, eq=False)
class Duplicating(Misbehaving):
    """It says some things twice, the second time a little later."""

    share: float = 0.3
    after: timedelta = timedelta(seconds=2)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        for message in said:
            yield NOW, message
            if self.chance.random() < self.share:
                yield self.after, message


@define(kw_only=True, eq=False)
class Disordered(Misbehaving):
    """What it says arrives out of order: what belongs together is shuffled, and some of it is overtaken by what it says next."""

    share: float = 0.3
    by: timedelta = timedelta(seconds=5)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        for message in self.chance.sample(said, len(said)):
            yield self.by if self.chance.random() < self.share else NOW, message


@define(kw_only=True, eq=False)
class Flooding(_NowAndThen):
    """It repeats what it last said, hundreds of times a minute."""

    every: timedelta = timedelta(seconds=10)
    times: int = 100
    _last: Said = field(default=(), init=False)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        self._last = said[-1:] or self._last
        return Misbehaving.leaves(self, said, now)

    def happens(self, now: datetime) -> Said:
        return self._last * self.times


@define(kw_only=True, eq=False)
class Stale(Misbehaving):
    """The broker keeps its first word on each topic and none of the later ones: whoever subscribes hears old news first."""

    _kept: set[str] = field(factory=set, init=False)

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        for message in said:
            yield NOW, evolve(message, retain=message.topic not in self._kept)
            self._kept.add(message.topic)


# -- of its words -------------------------------------------------------------------------------------------------------------

NUMBER = re.compile(rb"-?\d+(\.\d+)?")
SPLINTERS = (b"\xff", b"\x00", b"null", b"-", b'"', b"{", b"]", b",", b"9" * 40, "é".encode("latin-1"), "°".encode())


def _spliced(payload: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(payload) + 1)
    return payload[:at] + chance.choice(SPLINTERS) + payload[at + chance.randrange(3):]


def _turned(payload: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(payload) or 1)
    return payload[:at] + bytes([chance.randrange(256)]) + payload[at + 1:]


GARBLES: tuple[Callable[[bytes, Random], bytes], ...] = (
    _spliced,
    _turned,
    lambda payload, chance: payload[:chance.randrange(len(payload) or 1)],                       # cut short
    lambda payload, _: payload + payload,
    lambda payload, _: payload.decode("utf-8", "replace").encode("utf-16"),
    lambda payload, _: NUMBER.sub(b"NaN", payload, count=1),
    lambda payload, chance: NUMBER.sub(chance.choice((b"1e999", b"-1", b'"12"')), payload),
)
"""What may happen to a payload."""


@define(kw_only=True, eq=False)
class Garbled(Misbehaving):
    """Some of what it says is mutated, cut short, said twice in one breath or in another encoding."""

    share: float = 0.2

    def leaves(self, said: Said, now: datetime) -> Iterable[tuple[timedelta, Publish]]:
        for message in said:
            garble = self.chance.choice(GARBLES) if self.chance.random() < self.share else None
            yield NOW, evolve(message, payload=garble(message.payload, self.chance)) if garble else message


@define(kw_only=True, eq=False)
class ClockWrong(Misbehaving):
    """Its own clock is wrong: whatever it stamps is hours off."""

    by: timedelta = timedelta(hours=-7)

    @property
    def next_at(self) -> datetime | None:
        """By our clock."""
        at = self.twin.next_at
        return None if at is None else at - self.by

    def connected(self, now: datetime) -> Said:
        return self.twin.connected(now + self.by)

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        return self.twin.receive(topic, payload, now + self.by)

    def tick(self, now: datetime) -> Said:
        return self.twin.tick(now + self.by)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        return self.twin.draw(power_w, now + self.by, channel)

    def press_button(self, now: datetime) -> Said:
        return self.twin.press_button(now + self.by)

    def reboot(self, now: datetime) -> Said:
        return self.twin.reboot(now + self.by)


# -- of its deeds -------------------------------------------------------------------------------------------------------------


@define(kw_only=True, eq=False)
class Lying(Misbehaving):
    """It acknowledges an order and says that it did it, and did not; a while later it tells how it really stands."""

    lasts: timedelta = timedelta(seconds=30)
    _shadow: Twin | None = field(default=None, init=False)      # as it would be had it obeyed: this one speaks
    _honest_at: datetime | None = field(default=None, init=False)

    def hears(self, topic: str, payload: bytes, now: datetime) -> Said:
        self._shadow = self._speaker(now) or deepcopy(self.twin)
        self._honest_at = now + self.lasts
        return self._shadow.receive(topic, payload, now)

    def lives(self, now: datetime) -> Said:
        speaker, truth = self._speaker(now), self.twin.tick(now)
        return truth if speaker is None else speaker.tick(now)

    def draws(self, power_w: float, now: datetime, channel: int) -> Said:
        speaker, truth = self._speaker(now), self.twin.draw(power_w, now, channel)
        return truth if speaker is None else speaker.draw(power_w, now, channel)

    @property
    def next_at(self) -> datetime | None:
        """The liar's own answers too."""
        wanted = (self._own_next_at(), self._shadow.next_at if self._shadow else None, self._honest_at)
        return min((at for at in wanted if at is not None), default=None)

    def _speaker(self, now: datetime) -> Twin | None:
        if self._honest_at is not None and now >= self._honest_at:
            self._shadow = self._honest_at = None
        return self._shadow


@define(kw_only=True, eq=False)
class Secretive(Misbehaving):
    """It does what it is told and says nothing of it; only its next report shows."""

    def hears(self, topic: str, payload: bytes, now: datetime) -> Said:
        self.twin.receive(topic, payload, now)
        return ()


@define(kw_only=True, eq=False)
class Stuck(_Once):
    """Its contacts are welded: it believes that it switches, says so, and what hangs on it stays as it was."""

    after: timedelta = timedelta()
    _contacts: Mapping[int, bool] = field(factory=dict, init=False)

    def begins(self, now: datetime) -> None:
        _Once.begins(self, now)
        self._contacts = dict(self.twin.outputs)

    def strikes(self, now: datetime) -> Said:
        self._contacts = dict(self.twin.outputs)
        return _Once.strikes(self, now)

    @property
    def outputs(self) -> Mapping[int, bool]:
        """As they were when they were welded."""
        return self._contacts if self.is_so else self.twin.outputs


@define(kw_only=True, eq=False)
class Rebooting(_NowAndThen):
    """Its supply fails for a moment now and then: its last will is said, it takes its power-up state and is born again."""

    def happens(self, now: datetime) -> Said:
        will = self.twin.last_will
        return (*((will,) if will else ()), *self.twin.reboot(now))


@define(kw_only=True, eq=False)
class Pressed(_NowAndThen):
    """A person presses its button now and then."""

    every: timedelta = timedelta(minutes=30)

    def happens(self, now: datetime) -> Said:
        return self.twin.press_button(now)


@define(kw_only=True, eq=False)
class Reset(_NowAndThen):
    """Now and then it forgets all that it has known since it was born: its counters start again."""

    every: timedelta = timedelta(minutes=30)
    _kept: Twin | None = field(default=None, init=False)
    _drawn_w: dict[int, float] = field(factory=dict, init=False)

    def begins(self, now: datetime) -> None:
        _NowAndThen.begins(self, now)
        self._kept = deepcopy(self.twin)

    def draws(self, power_w: float, now: datetime, channel: int) -> Said:
        self._drawn_w[channel] = power_w
        return self.twin.draw(power_w, now, channel)

    def happens(self, now: datetime) -> Said:
        assert self._kept is not None, "it is kept when it begins"
        self.twin = self.remembers(self._kept, now)
        said = self.twin.reboot(now)
        return said + tuple(more for channel, power_w in self._drawn_w.items() for more in self.twin.draw(power_w, now, channel))

    def remembers(self, kept: Twin, now: datetime) -> Twin:
        """What is left of it."""
        return deepcopy(kept)


@define(kw_only=True, eq=False)
class Backwards(Reset):
    """Now and then it forgets what it has known since the last time: its counters go back, not to zero."""

    def remembers(self, kept: Twin, now: datetime) -> Twin:
        """What it was the last time; what it is now is kept for the next, idle, so that its meter does not run meanwhile."""
        self._kept = deepcopy(self.twin)
        for channel in self._drawn_w:
            self._kept.draw(0.0, now, channel)
        return kept


# -- as data ------------------------------------------------------------------------------------------------------------------

KINDS: Mapping[str, type[Misbehaving]] = {
    "slow": Slow,
    "mute": Mute,
    "gone": Gone,
    "rebooting": Rebooting,
    "lying": Lying,
    "secretive": Secretive,
    "stuck": Stuck,
    "duplicating": Duplicating,
    "disordered": Disordered,
    "garbled": Garbled,
    "clock_wrong": ClockWrong,
    "pressed": Pressed,
    "stale": Stale,
    "reset": Reset,
    "backwards": Backwards,
    "flooding": Flooding,
}
"""What a twin may do, by name."""


BOUNDS: Mapping[str, tuple[Any, Any]] = {
    "after": (NOW, timedelta.max),
    "by": (timedelta.min, timedelta.max),
    "every": (timedelta(milliseconds=100), timedelta.max),
    "lasts": (timedelta(seconds=1), timedelta.max),
    "share": (0.0, 1.0),
    "times": (1, 10_000),
}
"""What each parameter may be."""


@frozen
class Mischief:
    """One kind of misbehaviour, and what differs from its defaults. Raises `ValueError`, in words, for what there is not."""

    kind: str
    given: Mapping[str, timedelta | float] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no mischief is called {self.kind}; there are {', '.join(KINDS)}")
        known = parameters(self.kind)
        for name, value in self.given.items():
            if name not in known:
                raise ValueError(f"{self.kind} knows no {name}; it knows {', '.join(known) or 'nothing that could be set'}")
            if not _may_be(name, value, known[name]):
                raise ValueError(f"{name} of {self.kind} cannot be {value}: write {_likes(name, known[name])}")

    @property
    def sentence(self) -> str:
        """What it does."""
        return inspect.getdoc(KINDS[self.kind]) or ""

    def around(self, twin: Twin, seed: int | str = 0) -> Twin:
        """The twin, misbehaving."""
        given: Mapping[str, Any] = self.given
        return KINDS[self.kind](twin=twin, chance=Random(f"{self.kind} {seed}"), **given)


def parameters(kind: str) -> Mapping[str, Any]:
    """What can be set of a kind, and what it is when it is not."""
    return {each.name: each.default for each in attrs.fields(KINDS[kind]) if each.init and each.name in BOUNDS}


def misbehaving(twin: Twin, mischiefs: Iterable[Mischief], seed: int | str = 0) -> Twin:
    """The twin with each mischief around the one before."""
    for number, each in enumerate(mischiefs):
        twin = each.around(twin, f"{seed} {number}")
    return twin


def _may_be(name: str, value: Any, default: Any) -> bool:
    least, most = BOUNDS[name]
    numbers = int if isinstance(default, int) else int | float
    kind = timedelta if isinstance(default, timedelta) else numbers
    return isinstance(value, kind) and not isinstance(value, bool) and least <= value <= most


def _likes(name: str, default: Any) -> str:
    if isinstance(default, timedelta):
        return f"a time, such as {default}"
    return "a {} from {:g} to {:g}, such as {:g}".format("whole number" if isinstance(default, int) else "number",
                                                         *BOUNDS[name], default)
