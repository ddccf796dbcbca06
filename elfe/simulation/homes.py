"""Simulated homes: the drivers' twins, the appliances behind them, and the people who live there; one party of a day.

A home is a group: an appliance, the twin that supplies it, the twins that measure it. Whenever anything changes, the
appliance lives up to now with the supply that it had, then its twins learn what it draws. What it drew is written in its
own log: the report is made from these, never from the plan.

At one instant the homes may be stepped more than once, with whatever the broker has carried by then. What they say by
themselves comes before what they hear, and what two devices say of one event is never in one instant: so nothing
depends on which message came first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Protocol

from attrs import define, field, frozen

from elfe.broker.session import Arrival, Connected, Message
from elfe.coordination.values import Flexibility
from elfe.devices.twins import Twin
from elfe.devices.values import HttpGet, Publish, Step
from elfe.errors import DeclarationError
from elfe.history.recorder import BALANCE_TOPIC
from elfe.simulation.appliances import CycleMachine, Filled, Log, Run, SimulatedAppliance
from elfe.simulation.story import Act
from elfe.slots import SLOT

BREATH = timedelta(seconds=10)
"""Homes act on a grid of ten seconds, so that a day is a few thousand instants."""
BALANCE_EVERY = timedelta(minutes=5)
PORTAL = "portal"
"""The client id of whoever tells the engine that a declaration was made."""

Declare = Callable[[int, datetime | None, timedelta | None, datetime], Flexibility]


class Wire(Protocol):
    """Many device connections: `elfe.broker.fleet.Fleet`, or one in memory."""

    def add(self, client_id: str, will: Publish | None, filters: tuple[str, ...]) -> None:
        """Connect a device."""

    def send(self, client_id: str, message: Publish) -> bool:
        """Publish as a device."""

    def arrivals(self) -> list[tuple[str, Arrival]]:
        """Empty the inbox."""

    def close(self) -> None:
        """Disconnect all."""


@define
class Unit:
    """One simulated device on its installation point."""

    id: str
    twin: Twin
    configuration: tuple[Step, ...] = ()                   # what the installer's visit pushed
    born: bool = False
    deaf: bool = False                                     # sabotaged: it ignores every order to switch on

    @property
    def presses(self) -> int:
        """How often its finger has pressed; what has none never did."""
        return getattr(self.twin, "presses", 0)

    @property
    def has_finger(self) -> bool:
        """Whether it presses buttons."""
        return hasattr(self.twin, "presses")

    def come_to_life(self, now: datetime) -> tuple[Publish, ...]:
        """Configured as the installer left it, then let in by the broker."""
        self.born = True
        for step in self.configuration:
            if isinstance(step, HttpGet):
                self.twin.get(step.path)
            elif isinstance(step, Publish):
                self.twin.receive(step.topic, step.payload, now)
        return self.twin.connected(now)

    def receive(self, message: Message, now: datetime) -> tuple[Publish, ...]:
        """What it answers; a deaf one has not heard what would switch it on."""
        if self.deaf and _closes(self.twin, message, now):
            return ()
        return self.twin.receive(message.topic, message.payload, now)


@define
class Group:
    """An appliance and its devices. What supplies it by pressing its button, or only measures it, never cuts it."""

    appliance_id: int
    appliance: SimulatedAppliance
    supply: Unit
    meters: tuple[Unit, ...]
    inverted: bool = False
    channel: int = 0                                       # of `supply`
    log: Log = field(factory=Log)
    _powered: bool = True
    _pressed: int = 0

    @property
    def powered(self) -> bool:
        """Whether its supply is there."""
        closed = self.supply.twin.outputs.get(self.channel)
        return closed is None or closed != self.inverted

    def live(self, now: datetime) -> None:
        """Up to now, with the supply that it had."""
        self.appliance.until(now, self._powered)

    def draw(self, now: datetime) -> Iterable[tuple[str, Publish]]:
        """With the supply that it has now, its button pressed as a finger did: what it draws, what its meters say of it."""
        self._powered = self.powered
        for _ in range(self._pressed, self.supply.presses):
            if isinstance(self.appliance, CycleMachine | Filled):
                self.appliance.press()
        self._pressed = self.supply.presses
        power_w = self.appliance.power_w(self._powered)
        self.log.write(now, power_w, self._powered)
        for unit in self.meters:
            if unit is self.supply or not self._just_changed(now):
                for message in unit.twin.draw(power_w, now, self.channel if unit is self.supply else 0):
                    yield unit.id, message

    def wakes_at(self, now: datetime) -> datetime | None:
        """When its draw changes by itself, or a meter of its own notices a change."""
        if self._just_changed(now) and self.meters != (self.supply,):
            return now + BREATH
        return self.appliance.next_change(self._powered)

    def _just_changed(self, now: datetime) -> bool:
        return self.log.lines[-1][0] >= now


@frozen
class Seen:
    """What the homes have seen of one appliance."""

    appliance_id: int
    log: Log
    appliance: SimulatedAppliance


@frozen
class Account:
    """What the homes have seen of a day."""

    seen: tuple[Seen, ...]
    acts: tuple[Act, ...]
    refused: tuple[str, ...]


@define
class Homes:
    """All homes of a territory. See `elfe.app.loop.Service`."""

    groups: tuple[Group, ...]
    acts: Sequence[Act]
    balance_w: Callable[[datetime], float]       # of the territory, without the homes
    declare: Declare
    wire: Wire
    _units: Mapping[str, Unit] = field(init=False)
    _by_appliance: Mapping[int, Group] = field(init=False)
    _next_act: int = 0
    _measured_w: float = 0.0                     # the balance as it was last said
    _balance_at: datetime | None = None
    _begins_at: datetime | None = None
    _connected: bool = False
    _refused: list[str] = field(factory=list)
    _kept: dict[str, str] = field(factory=dict)  # what the broker keeps, by topic: whose word it is

    def __attrs_post_init__(self) -> None:
        self._units = {unit.id: unit for group in self.groups for unit in (group.supply, *group.meters)}
        self._by_appliance = {group.appliance_id: group for group in self.groups}

    # -- a party's life -------------------------------------------------------------------------------------------------

    @property
    def ready(self) -> bool:
        """Whether every device has said that it was born, once they are connected."""
        return not self._connected or all(unit.born for unit in self._units.values())

    @property
    def note(self) -> Mapping[str, float]:
        """For a person who watches."""
        supplied = [(group.powered, run) for group in self.groups for run in _runs(group.appliance)]
        return {
            "declared": self._next_act,
            "waiting": sum(run.ended_at is None and not powered for powered, run in supplied),
            "running": sum(run.ended_at is None and powered for powered, run in supplied),
            "done": sum(run.ended_at is not None for _, run in supplied),
            "drawn_w": self._drawn_w(),
            "balance_w": self._measured_w,
        }

    def step(self, now: datetime) -> datetime:
        """Live up to now; who listens has a moment to subscribe before the first device is born."""
        if self._begins_at is None:
            self._begins_at = now + BREATH
        if now < self._begins_at:
            return self._begins_at
        if not self._connected:
            self._connect()
        for group in self.groups:
            group.live(now)
        self._say_balance(now)
        self._tick(now)
        self._hear(now)
        self._act(now)
        for group in self.groups:
            self._say(group.draw(now))
        return self._wakes_at(now)

    def close(self) -> None:
        """Leave in order, and leave nothing retained on the broker: it may be a real one."""
        for unit in self._units.values():
            if unit.twin.last_will is not None and unit.twin.last_will.retain:
                self._kept[unit.twin.last_will.topic] = unit.id
        for topic, client_id in self._kept.items():
            self.wire.send(client_id, Publish(topic, b"", retain=True))
        self.wire.close()

    def account(self) -> Account:
        """What was seen."""
        seen = tuple(Seen(group.appliance_id, group.log, group.appliance) for group in self.groups)
        return Account(seen, tuple(self.acts[:self._next_act]), tuple(self._refused))

    # -- what happens ---------------------------------------------------------------------------------------------------

    def _connect(self) -> None:
        self._connected = True
        for unit in self._units.values():
            self.wire.add(unit.id, unit.twin.last_will, unit.twin.subscriptions)
        self.wire.add(PORTAL, None, ("elfe/portal",))

    def _hear(self, now: datetime) -> None:
        for client_id, arrival in self.wire.arrivals():
            match self._units.get(client_id), arrival:
                case Unit() as unit, Connected():
                    self._say((unit.id, message) for message in unit.come_to_life(now))
                case Unit() as unit, Message() as message:
                    self._say((unit.id, answer) for answer in unit.receive(message, now))

    def _tick(self, now: datetime) -> None:
        for unit in self._units.values():
            if unit.born:
                self._say((unit.id, message) for message in unit.twin.tick(now))

    def _act(self, now: datetime) -> None:
        """People load their machines, press start, and declare."""
        while self._next_act < len(self.acts) and self.acts[self._next_act].at <= now and self.ready:
            act = self.acts[self._next_act]
            self._next_act += 1
            try:
                self._declare(act, now)
            except DeclarationError as error:
                self._refused.append(f"{act.appliance.name} {act.appliance.participant}: {error}")

    def _declare(self, act: Act, now: datetime) -> None:
        group = self._by_appliance[act.appliance.id]
        if isinstance(group.appliance, CycleMachine):
            if group.appliance.running:
                raise DeclarationError("it still runs")
            group.appliance.load(now, started=not group.supply.has_finger)
        self.declare(act.appliance.id, act.deadline, act.lasts, now)
        self.wire.send(PORTAL, Publish(f"viriya/update/{act.appliance.id}", b""))

    def _say_balance(self, now: datetime) -> None:
        """As it was until now: whatever is switched at this instant shows the next time."""
        if self._balance_at is None or now >= self._balance_at:
            self._balance_at = now + BALANCE_EVERY
            self._measured_w = self.balance_w(now) - self._drawn_w()
            self.wire.send(PORTAL, Publish(BALANCE_TOPIC, f"{self._measured_w:.2f}".encode()))

    def _drawn_w(self) -> float:
        return sum(group.log.lines[-1][1] for group in self.groups if group.log.lines)

    def _say(self, messages: Iterable[tuple[str, Publish]]) -> None:
        for client_id, message in messages:
            if message.retain:
                self._kept[message.topic] = client_id
            self.wire.send(client_id, message)

    def _wakes_at(self, now: datetime) -> datetime:
        wanted = [self._balance_at, *(unit.twin.next_at for unit in self._units.values() if unit.born),
                  *(group.wakes_at(now) for group in self.groups),
                  *(act.at for act in self.acts[self._next_act:self._next_act + 1])]
        return max(now + BREATH, _up_to_grid(min(each for each in wanted if each is not None)))


def balance_of(quarters_w: Sequence[float], start: datetime) -> Callable[[datetime], float]:
    """A curve of quarters from `start` on, as a function of time."""
    return lambda at: quarters_w[min(len(quarters_w) - 1, max(0, (at - start) // SLOT))]


def _runs(appliance: SimulatedAppliance) -> Sequence[Run]:
    return appliance.runs if isinstance(appliance, CycleMachine) else ()


def _closes(twin: Twin, message: Message, now: datetime) -> bool:
    """Whether a message would switch a twin on: tried on another one like it."""
    like_it = deepcopy(twin)
    like_it.receive(message.topic, message.payload, now)
    return any(on and not twin.outputs.get(channel, False) for channel, on in like_it.outputs.items())


def _up_to_grid(at: datetime) -> datetime:
    past = timedelta(seconds=at.timestamp() % BREATH.total_seconds())
    return at if not past else at + BREATH - past
