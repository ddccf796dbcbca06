"""Days of homes in memory: the unmodified engine, drivers and twins, one virtual clock, and one seed that drives every fault.

    python -m tests.command.sim --seeds 100 --homes 10 --hours 24

`Sim(seed, ...).run()` returns the invariants that were broken, each in a sentence; nothing when all held. The invariants are those
of the reference (I1 to I12), read from the devices' own logs: what their relays did, what their fingers pressed, when, and why.
"""

from __future__ import annotations

import argparse
import heapq
import sys
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from attrs import define, field, frozen
from paho.mqtt.client import topic_matches_sub
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.command import store
from elfe.command.orders import Order, Stage
from elfe.command.rules import Rules
from elfe.command.service import CommandService
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.coordination.devices import device_values
from elfe.coordination.values import Mode
from elfe.devices.drivers import load
from elfe.devices.values import Publish
from elfe.ems import store as sortie
from elfe.ems.values import Placement, Plan
from elfe.errors import DeclarationError
from elfe.simulation.appliances import Constant, CycleMachine, Profile
from elfe.simulation.homes import Group, Unit
from elfe.slots import HORIZON, SLOT, slot_of, slot_start
from tests.coordination.conftest import MemoryHistory, csv

START = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)        # the night after it has a hundred quarters
POLL = timedelta(minutes=5)
CYCLE = Profile((1900.0,) * 2 + (60.0,) * 4 + (2.0,) + (250.0,) * 3, timedelta(minutes=6))      # an hour; it soaks for six minutes
FORBIDDEN = frozenset({Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED})
GRACE = POLL + timedelta(minutes=1)
"""What somebody writes in the database is known to the engine at its next reading, at the latest."""


class Crash(BaseException):
    """The engine's process dies here."""


# -- a broker in memory ---------------------------------------------------------------------------------------------------------


@define(eq=False)
class Net:
    """MQTT without a wire. It may be down, and then nobody reaches it."""

    up: bool = True
    ends: list[End] = field(factory=list)
    retained: dict[str, bytes] = field(factory=dict)
    _routes: dict[str, list[End]] = field(factory=dict)

    def end(self, name: str) -> End:
        made = End(self, name)
        self.ends.append(made)
        if self.up:
            made.inbox.append(Connected())
        return made

    def deliver(self, message: Publish) -> None:
        if message.retain:
            self.retained[message.topic] = message.payload
        route = self._routes.get(message.topic)
        if route is None:
            route = [each for each in self.ends if each.hears(message.topic)]
            self._routes[message.topic] = route
        for each in route:
            if each.ready:
                each.inbox.append(Message(message.topic, message.payload))

    def forget_routes(self) -> None:
        self._routes.clear()

    def set_up(self, up: bool) -> None:
        self.up = up
        for each in self.ends:
            if each.there:
                each.inbox.append(Connected() if up else Disconnected("down"))


@define(eq=False)
class End:
    """One client's end of the wire; a `Session` for the engine."""

    net: Net
    name: str
    filters: tuple[str, ...] = ()
    inbox: deque[Arrival] = field(factory=deque)
    there: bool = True
    before_send: Callable[[Publish], None] = lambda message: None
    sent: Counter[str] = field(factory=Counter)
    received: Counter[str] = field(factory=Counter)
    dropped: int = 0

    @property
    def ready(self) -> bool:
        return self.there and self.net.up

    def hears(self, topic: str) -> bool:
        return topic in self.filters or any(topic_matches_sub(each, topic) for each in self.filters if "+" in each or "#" in each)

    def listen(self, filters: tuple[str, ...]) -> None:
        if filters != self.filters:
            self.filters = filters
            self.net.forget_routes()

    def send(self, message: Publish, expires_after: timedelta | None = None) -> bool:
        if not self.ready:
            return False
        self.before_send(message)
        self.net.deliver(message)
        return True

    def arrivals(self) -> list[Arrival]:
        found = list(self.inbox)
        self.inbox.clear()
        return found

    def wait(self, at_most: timedelta) -> None:
        """Everything has arrived."""

    def join(self) -> None:
        """It is there."""

    def leave(self) -> None:
        """It stays."""

    def close(self) -> None:
        self.net.ends.remove(self)
        self.net.forget_routes()


# -- what is remembered ---------------------------------------------------------------------------------------------------------


@frozen
class Change:
    """A relay has moved: the device's own log."""

    at: datetime
    device_id: str
    on: bool
    why: str             # order, timer, hand, power-up
    under_way: bool      # whether a cycle ran behind it for more than ten minutes


@frozen
class Spoken:
    """The engine has commanded a device."""

    at: datetime
    device_id: str
    payload: bytes


@frozen
class Fault:
    at: datetime
    what: str


# -- the world ------------------------------------------------------------------------------------------------------------------


@define(eq=False, slots=False)
class Sim:
    """Homes, their people, their faults, and the engine that drives them."""

    seed: int
    homes: int = 4
    hours: float = 24
    faults_an_hour: float = 1.0
    rules: Rules = field(factory=lambda: Rules(spread=timedelta(seconds=60), most_kw_a_minute=40.0))
    folder: Path = Path()
    crash_at: int | None = None              # the number of the interaction at which the engine dies, once

    now: datetime = START
    chance: Random = field(init=False)
    net: Net = field(factory=Net)
    service: CommandService | None = None
    session: End | None = None
    interactions: int = 0
    groups: dict[int, Group] = field(factory=dict)
    units: dict[str, tuple[Unit, End]] = field(factory=dict)
    changes: list[Change] = field(factory=list)
    spoken: list[Spoken] = field(factory=list)
    faults: list[Fault] = field(factory=list)
    modes: list[tuple[datetime, int, int]] = field(factory=list)         # when somebody wrote which appliance's mode
    drawn: dict[str, datetime] = field(factory=dict)
    database_away: bool = False
    _events: list[tuple[datetime, int, Callable[[], None]]] = field(factory=list)
    _number: Iterator[int] = field(factory=count)
    _service_at: datetime = START
    _cause: str = "timer"

    def __attrs_post_init__(self) -> None:
        self.chance = Random(self.seed)

    # -- its life -------------------------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """Live the hours; returns what was broken."""
        self._build()
        end = self.now + timedelta(hours=self.hours)
        self._start_engine()
        while (at := self._next()) < end:
            self.now = max(self.now, at)
            self._instant()
        self._recover()
        problems = self._judge()
        self._tear_down()
        return problems

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), what))

    def _next(self) -> datetime:
        wanted = [self._service_at] if self.service else []
        wanted += [self._events[0][0]] if self._events else []
        wanted += [unit.twin.next_at for unit, end in self.units.values() if unit.twin.next_at]
        wanted += [at for group in self.groups.values() if (at := group.appliance.next_change(group.powered))]
        return _up_to_second(min(wanted))

    def _instant(self) -> None:
        for group in self.groups.values():
            group.live(self.now)
        while self._events and self._events[0][0] <= self.now:
            heapq.heappop(self._events)[2]()
        for id in self.units:
            self._tick(id)
        for _ in range(8):
            self._draw()
            busy = self._step_engine()
            if not sum(self._hear(id) for id in self.units) and not busy:
                break

    def _tick(self, id: str) -> None:
        unit, end = self.units[id]
        if unit.twin.next_at and unit.twin.next_at <= self.now:
            self._say(end, self._watched(id, "timer", lambda: unit.twin.tick(self.now)))

    def _hear(self, id: str) -> bool:
        unit, end = self.units[id]
        arrivals = end.arrivals()
        for arrival in arrivals:
            if isinstance(arrival, Connected):
                self._say(end, unit.twin.connected(self.now))
            elif isinstance(arrival, Message):
                obey = lambda said=arrival: unit.twin.receive(said.topic, said.payload, self.now)  # noqa: E731
                self._say(end, self._watched(id, "order", obey))
        return bool(arrivals)

    def _watched(self, id: str, why: str, act: Callable[[], tuple[Publish, ...]]) -> tuple[Publish, ...]:
        """Do it, and note what its relays did meanwhile."""
        unit, _ = self.units[id]
        before = dict(unit.twin.outputs)
        said = act()
        for channel, on in unit.twin.outputs.items():
            if before.get(channel) != on:
                self.changes.append(Change(self.now, id, on, why, self._under_way(id)))
        return said

    def _under_way(self, id: str) -> bool:
        group = next((each for each in self.groups.values() if each.supply.id == id), None)
        run = group.appliance.running if group and isinstance(group.appliance, CycleMachine) else None
        return bool(run and run.done > timedelta(minutes=12))

    def _say(self, end: End, messages: tuple[Publish, ...]) -> None:
        for message in messages:
            end.send(message)

    def _draw(self) -> None:
        for group in self.groups.values():
            for id, message in group.draw(self.now):
                self.units[id][1].send(message)

    # -- the engine -----------------------------------------------------------------------------------------------------------

    def _step_engine(self) -> bool:
        if self.service is None or self.session is None:
            return False
        busy = bool(self.session.inbox)
        if not busy and self.now < self._service_at:
            return False
        try:
            self._service_at = self.service.step(self.now)
        except Crash:
            self._bury()
            self.at(self.now + timedelta(seconds=self.chance.choice((2, 20, 200))), self._start_engine)
        return True

    def _start_engine(self) -> None:
        if self.service is not None:
            return
        self.session = self.net.end("engine")
        self.session.before_send = self._spoke
        self.coordination = queries.open_coordination(self.url)
        event.listen(self.coordination, "before_cursor_execute", self._touches_database)
        event.listen(self.coordination, "commit", lambda connection: self._interacts())
        self.service = CommandService(self.session, self.coordination, self.sortie, self.drivers, poll_every=POLL, rules=self.rules)
        self._service_at = self.now

    def _bury(self) -> None:
        assert self.service is not None
        assert self.session is not None
        self.service._leadership.release()
        self.session.close()
        self.coordination.dispose()
        self.service = self.session = None

    def _interacts(self) -> None:
        self.interactions += 1
        if self.crash_at is not None and self.interactions >= self.crash_at:
            self.crash_at = None
            raise Crash

    def _spoke(self, message: Publish) -> None:
        self._interacts()
        device_id = self.commanded.get(message.topic)
        if device_id and self._commands(message):
            self.spoken.append(Spoken(self.now, device_id, message.payload))

    @staticmethod
    def _commands(message: Publish) -> bool:
        """A question commands nothing."""
        return any(word in message.payload for word in (b"on", b"off", b"ON", b"OFF", b"PRESS", b"Switch.Set")) \
            and b"GetStatus" not in message.payload and message.payload != b""

    def _touches_database(self, *_: Any) -> None:
        if self.database_away:
            raise OperationalError("", {}, Exception("the database is away"))
        self._interacts()

    # -- building it ------------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.url = f"sqlite:///{self.folder}/coordination.db"
        self.mine = queries.open_coordination(self.url)
        event.listen(self.mine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
        queries.create_blank(self.mine)
        self.drivers, history = load(), MemoryHistory()
        asked, problems = inventory.read(csv(*(line for home in range(1, self.homes + 1) for line in _home(home))), self.drivers)
        assert not problems, problems
        provisioning.apply(self.mine, provisioning.prepare(self.mine, asked, problems, history), self.drivers, history, self.now)
        self.sortie = sortie.open_sortie(f"sqlite:///{self.folder}/sortie.db")
        sortie.create_sortie(self.sortie)
        pairs = device_values(queries.installed_devices(self.mine), self.drivers, "engine")[0]
        self.commanded = {self.drivers[device.type_id].build_topics(device).command: device.id for _, device in pairs}
        self.appliances = {each.id: each for each in queries.appliances(self.mine)}
        of: dict[int, list[Unit]] = defaultdict(list)
        for row, device in pairs:
            driver = self.drivers[device.type_id]
            pushed = driver.push_config(device, driver.settings()()) if driver.push_config and driver.settings else None
            unit = Unit(device.id, driver.simulate(device, 1), pushed.steps if pushed else ())
            unit.twin.period = timedelta(minutes=5)
            end = self.net.end(device.id)
            end.arrivals()
            end.listen(unit.twin.subscriptions)
            self.units[device.id] = (unit, end)
            of[row.appliance_id].append(unit)
            for message in unit.come_to_life(self.now):
                end.send(message)
        for id, units in of.items():
            self.groups[id] = self._group(id, units)
        self._people()
        self._ems()
        self._sow_faults()

    def _group(self, id: int, units: list[Unit]) -> Group:
        appliance = self.appliances[id]
        finger = next((each for each in units if each.has_finger), None)
        meter = next(each for each in units if not each.has_finger)
        behind = Constant(2000.0) if appliance.recurs else CycleMachine(CYCLE)
        return Group(id, behind, finger or meter, (meter,), inverted=appliance.typology == 190)

    # -- people and plans ---------------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        for id, appliance in self.appliances.items():
            if appliance.recurs:
                self.at(self.now, lambda id=id: self._declare(id))
                continue
            when = self.now + timedelta(minutes=self.chance.randrange(10, 300))
            while when < self.now + timedelta(hours=self.hours - 6):
                self.at(when, lambda id=id: self._load(id))
                when += timedelta(hours=self.chance.randrange(8, 16))

    def _load(self, id: int) -> None:
        group = self.groups[id]
        assert isinstance(group.appliance, CycleMachine)
        if group.appliance.running is None:
            group.appliance.load(self.now, started=not group.supply.has_finger)
            self.at(self.now + timedelta(minutes=self.chance.randrange(1, 5)), lambda: self._declare(id))

    def _declare(self, id: int) -> None:
        deadline = None if self.appliances[id].recurs else self.now + timedelta(hours=self.chance.randrange(3, 10))
        try:
            queries.declare(self.mine, id, deadline, None if deadline is None else CYCLE.lasts, self.now)
        except DeclarationError:
            return
        self.modes.append((self.now, id, Mode.PILOTED))
        self._portal(id)

    def _portal(self, id: int) -> None:
        if self.net.up:
            self.net.deliver(Publish(f"viriya/update/{id}", b""))

    def _set_mode(self, id: int, mode: Mode) -> None:
        with self.mine.begin() as connection:
            connection.execute(text(f"UPDATE equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = {mode:d} "
                                    f"WHERE id = {id}"))
        self.modes.append((self.now, id, mode))
        self._portal(id)

    def _ems(self) -> None:
        """A plan every quarter, as an EMS would write it: masks for tanks, one start for machines; sometimes dead for hours."""
        self.ems_dead_until = self.now

        def plan() -> None:
            self.at(self.now + SLOT, plan)
            if self.now < self.ems_dead_until:
                return
            first = slot_of(self.now) + 1
            placed = [Placement(id, each.type, self._row(id, each.recurs, first), (0.0,) * HORIZON, "sim", "sim")
                      for id, each in self.appliances.items()]
            sortie.write_plan(self.sortie, Plan(first, self.now, tuple(placed), (0.0,) * HORIZON, "", "", 0, None, 0))
        self.at(self.now - timedelta(seconds=30) + SLOT, plan)

    def _row(self, id: int, recurs: bool, first: int) -> tuple[int, ...]:
        if recurs:
            return tuple(int(Random(f"{self.seed}/{id}/{first + n}").random() < 0.4) for n in range(HORIZON))
        opened = next((each for each in queries.open_flexibilities(self.mine) if each.appliance_id == id), None)
        row = [0] * HORIZON
        if opened and opened.deadline:
            latest = max(0, slot_of(opened.deadline) - first - CYCLE.lasts // SLOT - 1)
            row[min(HORIZON - 1, Random(f"{self.seed}/{opened.id}").randrange(latest + 1))] = 1
        return tuple(row)

    # -- faults ----------------------------------------------------------------------------------------------------

    def _sow_faults(self) -> None:
        kinds = (self._broker_dies, self._database_dies, self._engine_dies, self._engine_dies, self._device_goes,
                 self._device_goes, self._blip, self._blip, self._button, self._button, self._operator,
                 self._taken_back, self._ems_dies, self._echo)
        when = self.now
        while self.faults_an_hour and (when := when + timedelta(hours=self.chance.expovariate(self.faults_an_hour))) \
                < self.now + timedelta(hours=self.hours - 3):
            self.at(_up_to_second(when), self.chance.choice(kinds))

    def _note(self, what: str) -> None:
        self.faults.append(Fault(self.now, what))

    def _any_unit(self) -> str:
        return self.chance.choice(sorted(self.units))

    def _broker_dies(self) -> None:
        lasts = timedelta(seconds=self.chance.choice((5, 120, 2400, 7500)))
        self._note(f"broker down for {lasts}")
        self.net.set_up(False)
        self.at(self.now + lasts, lambda: self.net.set_up(True))

    def _database_dies(self) -> None:
        lasts = timedelta(seconds=self.chance.choice((5, 120, 3600)))
        self._note(f"database away for {lasts}")
        self.database_away = True
        self.at(self.now + lasts, lambda: setattr(self, "database_away", False))

    def _engine_dies(self) -> None:
        self._note("engine killed at one of its next interactions")
        self.crash_at = self.interactions + self.chance.randrange(1, 60)

    def _device_goes(self) -> None:
        id = self._any_unit()
        lasts = timedelta(seconds=self.chance.choice((20, 600, 9000)))
        self._note(f"{id} away for {lasts}")
        unit, end = self.units[id]
        end.there = False
        if unit.twin.last_will is not None and self.net.up:
            self.net.deliver(unit.twin.last_will)
        self.at(self.now + lasts, lambda: self._comes_back(id))

    def _comes_back(self, id: str) -> None:
        unit, end = self.units[id]
        end.there = True
        end.inbox.clear()
        if self.net.up:
            self._say(end, unit.twin.connected(self.now))

    def _blip(self) -> None:
        id = self._any_unit()
        self._note(f"{id} loses its supply for a moment")
        unit, end = self.units[id]
        if not hasattr(unit.twin, "reboot"):
            return
        if unit.twin.last_will is not None and end.ready:
            self.net.deliver(unit.twin.last_will)
        self._say(end, self._watched(id, "power-up", lambda: unit.twin.reboot(self.now)))
        self.changes += [Change(self.now, id, on, "power-up", False) for on in unit.twin.outputs.values()]      # its timer begins

    def _button(self) -> None:
        id = self._any_unit()
        self._note(f"the button of {id} is pressed")
        unit, end = self.units[id]
        self._say(end, self._watched(id, "hand", lambda: unit.twin.press_button(self.now)))

    def _operator(self) -> None:
        id = self.chance.choice(sorted(self.appliances))
        mode = self.chance.choice(sorted(FORBIDDEN))
        self._note(f"an operator writes mode {mode:d} of appliance {id}")
        self._set_mode(id, mode)
        if mode != Mode.REMOVED:
            self.at(self.now + timedelta(hours=self.chance.uniform(0.5, 3)), lambda: self._set_mode(id, Mode.MANUAL))

    def _taken_back(self) -> None:
        id = self.chance.choice(sorted(self.appliances))
        mode = next(each.mode for each in queries.appliances(self.mine) if each.id == id)
        if mode == Mode.PILOTED:
            self._note(f"appliance {id} is taken back")
            self._set_mode(id, Mode.MANUAL)

    def _ems_dies(self) -> None:
        lasts = timedelta(hours=self.chance.uniform(0.5, 6))
        self._note(f"EMS dead for {lasts}")
        self.ems_dead_until = self.now + lasts

    def _echo(self) -> None:
        """An old word comes twice: what a unit says now is said again."""
        id = self._any_unit()
        self._note(f"{id} repeats itself")
        unit, end = self.units[id]
        if hasattr(unit.twin, "say_measures") and end.ready:
            said = unit.twin.say_measures(self.now)
            self._say(end, (*said, *said))

    # -- what must hold ----------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Everybody is there again, and time passes: what must end, ends."""
        self.crash_at, self.database_away = None, False
        self._events.clear()
        if not self.net.up:
            self.net.set_up(True)
        self._start_engine()
        for id, (_, end) in self.units.items():
            if not end.there:
                self._comes_back(id)
        end = self.now + timedelta(hours=1)
        while (at := self._next()) < end:
            self.now = max(self.now, at)
            self._instant()

    def _judge(self) -> list[str]:
        orders = store.orders(self.mine)
        return [*self._i1(orders), *self._i2(), *self._i4(), *self._i5(), *self._i6(), *self._i10(orders), *self._i12(),
                *self._g14()]

    def _i1(self, orders: list[Order]) -> Iterator[str]:
        by_device: dict[str, list[Order]] = defaultdict(list)
        for each in orders:
            by_device[each.device_id].append(each)
        for change in self.changes:
            if change.why == "order" and not any(
                    each.on == change.on and each.sent_at and each.sent_at <= change.at <= each.valid_until
                    for each in by_device[change.device_id]):
                yield f"I1 {change.at:%d %H:%M:%S} {change.device_id} went {_word(change.on)} by a message without a live order"

    def _i2(self) -> Iterator[str]:
        made = Counter(each.key for each in store.orders(self.mine))
        yield from (f"I2 order {key} was made {times} times" for key, times in made.items() if times > 1)
        presses = [each for each in store.orders(self.mine) if each.press]
        said = Counter(each.device_id for each in self.spoken if b"PRESS" in each.payload)
        wanted = Counter(each.device_id for each in presses)
        yield from (f"I2 {id} was asked to press {said[id]} times by {wanted[id]} orders" for id in said if said[id] > wanted[id])
        for id, group in self.groups.items():
            asked = [each for each in presses if each.appliance_id == id and each.attempts]
            starts = Counter(each.flexibility_id for each in asked)
            yield from (f"I2 appliance {id} was pressed {times} times for one stay" for times in starts.values() if times > 2)
            run = group.appliance.running if isinstance(group.appliance, CycleMachine) else None
            if group.supply.has_finger and run and run.began_at and not run.started:
                yield f"I2 the machine {id} was paused by a second press"

    def _i4(self) -> Iterator[str]:
        for change in self.changes:
            if change.why == "order" and change.under_way and change.on == self._inverted(change.device_id):
                yield f"I4 {change.at:%d %H:%M:%S} {change.device_id} was cut while a cycle was under way"

    def _i5(self) -> Iterator[str]:
        """Cut for longer than its fail-safe lets it be, unless we said so again meanwhile."""
        for id, (unit, _) in self.units.items():
            after = self._fail_safe(id)
            if after is None or unit.has_finger:
                continue
            moments = sorted([*((each.at, each.on) for each in self.changes if each.device_id == id),
                              *((each.at, None) for each in self.spoken if each.device_id == id)], key=lambda each: each[0])
            cut_at: datetime | None = None
            for at, on in [*moments, (self.now, None)]:
                if cut_at and at - cut_at > after + timedelta(minutes=11):
                    yield f"I5 {id} was off from {cut_at:%d %H:%M} to {at:%d %H:%M} and nobody said so again"
                cut_at = at if on is False or (on is None and cut_at) else None if on else cut_at

    def _i6(self) -> Iterator[str]:
        for spoken in self.spoken:
            appliance_id = self._appliance_of(spoken.device_id)
            written = [(at, mode) for at, id, mode in self.modes if id == appliance_id and at <= spoken.at]
            if written and written[-1][1] in FORBIDDEN and spoken.at - written[-1][0] > GRACE:
                yield f"I6 {spoken.at:%d %H:%M:%S} {spoken.device_id} was commanded in mode {written[-1][1]}"

    def _i10(self, orders: list[Order]) -> Iterator[str]:
        for each in orders:
            if each.live and self.now - each.valid_until > timedelta(minutes=20):
                yield f"I10 order {each.key} of {slot_start(each.slot):%d %H:%M} is still {each.stage}"
            if not each.live and each.stage in {Stage.EXPIRED, Stage.FAILED, Stage.OFFLINE} and not each.cause:
                yield f"I10 order {each.key} ended {each.stage} without a cause"

    def _i12(self) -> Iterator[str]:
        kw, most = deque[tuple[datetime, float]](), self.rules.most_kw_a_minute
        for each in self.changes:
            if not most or each.why != "order" or each.on == self._inverted(each.device_id):
                continue
            kw.append((each.at, 2.2))
            while kw[0][0] <= each.at - timedelta(minutes=1):
                kw.popleft()
            if sum(power for _, power in kw) > most + 20:            # what gives a home its service back does not wait
                yield f"I12 {each.at:%d %H:%M:%S} {sum(power for _, power in kw):.0f} kW were switched on in a minute"
                return

    def _g14(self) -> Iterator[str]:
        """The centre is dead for good: every relay serves its home again, after its delay."""
        if self.service is not None:
            self._bury()
        end = self.now + timedelta(hours=1)
        while self._wanted_by_devices() < end:
            self.now = max(self.now, self._wanted_by_devices())
            for group in self.groups.values():
                group.live(self.now)
            for id in self.units:
                self._tick(id)
        for id, (unit, _) in self.units.items():
            by_hand = [each for each in self.changes if each.device_id == id and each.why == "hand"]
            if not unit.has_finger and not self._inverted(id) and not unit.twin.outputs.get(0) and not by_hand:
                yield f"G14 {id} does not serve its home an hour after the centre's death"

    def _wanted_by_devices(self) -> datetime:
        return _up_to_second(min(unit.twin.next_at for unit, _ in self.units.values() if unit.twin.next_at))

    def _inverted(self, device_id: str) -> bool:
        """The level that supplies it is off."""
        return self.appliances[self._appliance_of(device_id)].typology == 190

    def _appliance_of(self, device_id: str) -> int:
        return next(id for id, group in self.groups.items() if device_id in {group.supply.id, *(each.id for each in group.meters)})

    def _fail_safe(self, device_id: str) -> timedelta | None:
        row = next(each for each in queries.installed_devices(self.mine) if each.id == device_id)
        found = self.drivers[row.type_id].type.fail_safe
        return found.after if found else None

    def _tear_down(self) -> None:
        if self.service is not None:
            self._bury()
        self.mine.dispose()
        self.sortie.dispose()


def _home(n: int) -> list[str]:
    """A washing machine on a plug, a dishwasher on another, a tank on an inverted relay, a dryer with a finger."""
    return [f"R{n:03};;Lave-linge;lave_linge;120;A{n:02}1;11;111;A8B{n:03X};1h;;;;",
            f"R{n:03};;Lave-vaisselle;lave_vaisselle;120;A{n:02}2;11;112;;1h;;;;",
            f"R{n:03};;Ballon;ballon_ecs;190;D{n:02}1;11;411;;;200;2000;;",
            f"R{n:03};;Sèche-linge;seche_linge;130;A{n:02}3;11;112;;1h;;;;",
            f"R{n:03};;Sèche-linge;;;C{n:02}1;32;311;A1B{n:03X};;;;;gateway=C{n:02}0"]


def _word(on: bool) -> str:
    return "ON" if on else "OFF"


def _up_to_second(at: datetime) -> datetime:
    return at.replace(microsecond=0) + timedelta(seconds=bool(at.microsecond))


def lived(seed: int, **options: Any) -> tuple[Sim, list[str]]:
    """One seed, in a folder of its own."""
    with TemporaryDirectory(prefix="elfe-sim-") as folder:
        sim = Sim(seed, folder=Path(folder), **options)
        return sim, sim.run()


def main() -> None:
    """Live many seeds, or one seed that dies at each interaction in turn; exits with 1 where an invariant was broken."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--homes", type=int, default=10)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--around", action="store_true", help="a week around each change of time, one home")
    parser.add_argument("--crashes", action="store_true", help="one home, no other fault: the engine dies at every interaction")
    given = parser.parse_args()
    broken = 0
    lives = _crashes(given.first) if given.crashes else _around(given.first) if given.around else _seeds(given)
    for name, sim, problems in lives:
        broken += bool(problems)
        told = f"{len(sim.faults)} faults, {len(sim.changes)} relay changes, {sim.interactions} interactions"
        sys.stdout.write("\n  ".join([f"{name}: {told}, {len(problems)} broken", *problems[:10]]) + "\n")
    raise SystemExit(1 if broken else 0)


def _seeds(given: argparse.Namespace) -> Iterator[tuple[str, Sim, list[str]]]:
    for seed in range(given.first, given.first + given.seeds):
        yield f"seed {seed}", *lived(seed, homes=given.homes, hours=given.hours)


def _around(seed: int) -> Iterator[tuple[str, Sim, list[str]]]:
    for begins in (datetime(2026, 3, 26, tzinfo=UTC), datetime(2026, 10, 22, tzinfo=UTC)):
        yield f"the week from {begins:%d %B}", *lived(seed, homes=1, hours=7 * 24, faults_an_hour=0.3, now=begins)


def _crashes(seed: int) -> Iterator[tuple[str, Sim, list[str]]]:
    for at in count(1):
        sim, problems = lived(seed, homes=1, hours=6.4, faults_an_hour=0.0, crash_at=at)
        yield f"interaction {at}", sim, problems
        if sim.crash_at is not None:
            return


if __name__ == "__main__":
    main()
