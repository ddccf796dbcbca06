"""One world: homes, people, an EMS, one or two unmodified engines, and one virtual clock; one seed draws everything."""

from __future__ import annotations

import gc
import heapq
import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import UUID
from zlib import crc32

from attrs import define, field, frozen
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from elfe.broker.session import Connected, Message
from elfe.command.rules import Rules
from elfe.command.service import CommandService
from elfe.coordination import inventory, queries, types
from elfe.coordination import store as provisioning
from elfe.coordination.devices import device_values
from elfe.coordination.values import Mode, Usage
from elfe.devices.drivers import Drivers, load
from elfe.devices.values import Press, Publish, Query, Switch, Topics
from elfe.ems import store as sortie
from elfe.ems.values import Placement, Plan
from elfe.errors import DeclarationError
from elfe.simulation.appliances import Tape
from elfe.slots import HORIZON, SLOT, slot_of
from tests.command.sim import faults, invariants
from tests.command.sim.homes import CYCLE, HEATS, KINDS, Home, Machine, Unit, village
from tests.command.sim.wire import End, Net, matches
from tests.coordination.conftest import MemoryHistory

STARTS = (datetime(2026, 10, 24, 12, 0, tzinfo=UTC),       # the night after it has a hundred quarters
          datetime(2027, 3, 27, 12, 0, tzinfo=UTC),        # ninety-two
          datetime(2028, 2, 28, 12, 0, tzinfo=UTC),        # a leap day
          datetime(2026, 12, 31, 12, 0, tzinfo=UTC))       # a year ends
INSTALLED_AT = datetime(2026, 10, 1, tzinfo=UTC)
POLL, TALKS = timedelta(minutes=5), timedelta(minutes=5)
TWINS, ENGINES = timedelta(seconds=15), timedelta(seconds=15)
"""The grids on which twins and engines wake up: a slow machine. What is heard is answered at once."""
GRACE = POLL + timedelta(minutes=1)
"""What somebody writes in the database is known to the engine at its next reading, at the latest."""
NOTHING = (0.0,) * HORIZON
LATER, EARLIER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
NO_COMMAND = "no command"
RULES = Rules(spread=timedelta(seconds=60), most_kw_a_minute=40.0)


class Crash(BaseException):
    """The engine's process dies here."""


# -- what is remembered ---------------------------------------------------------------------------------------------------------


@frozen
class Change:
    """A contact has moved: the device's own log. `at` is the world's time, `engine_at` what the engine's clock said then."""

    at: datetime
    engine_at: datetime
    device_id: str
    on: bool
    why: str             # order, timer, hand, power-up
    under_way: bool      # whether a cycle ran behind it and has lost its supply by it: a welded contact takes none


@frozen
class Pressed:
    """An arm has moved: the bot's own log."""

    at: datetime
    device_id: str


@frozen
class Spoken:
    """An engine has commanded a device."""

    at: datetime
    engine_at: datetime
    device_id: str
    on: bool | None      # None: a press


@frozen
class Told:
    """A device has heard a command, whoever gave it: an engine, or a broker that keeps what somebody has retained."""

    at: datetime
    device_id: str
    on: bool | None      # None: a press


@frozen
class Fault:
    """What went wrong, until when, and whose: no appliance, everybody's."""

    at: datetime
    until: datetime
    kind: str
    what: str
    appliance_id: int | None = None


@frozen
class Written:
    """Somebody else than the engine has written an appliance's mode, or decided of it."""

    at: datetime
    appliance_id: int | None
    mode: int | None = None
    held: bool | None = None       # left alone (True), or not any more (False)
    until: datetime | None = None  # the end of what is held: an engine takes it by its own clock


@define(eq=False)
class Seat:
    """An engine's process, alive or not."""

    name: str
    service: CommandService | None = None
    session: End | None = None
    coordination: Engine | None = None
    due_at: datetime = EARLIER
    frozen_until: datetime | None = None

    @property
    def leads(self) -> bool:
        return self.session is not None and self.session.joined


# -- the world ------------------------------------------------------------------------------------------------------------------


@define(eq=False, slots=False)
class Sim:
    """Homes, their people, their faults, and the engine that drives them."""

    seed: int
    homes: int = 30
    hours: float = 24
    faults_an_hour: float = 1.0              # of what everybody depends on: at least so many in each hour
    own_faults_an_hour: float = 0.1          # of each home, on average, besides
    rules: Rules = RULES
    kinds: Sequence[str] = tuple(KINDS)
    script: Callable[[Sim], None] | None = None      # what happens instead of people, plans and faults
    begins: datetime | None = None           # None: on a day that the seed chooses
    folder: Path = Path()
    crash_at: int | None = None              # the number of the interaction at which the engine dies, once

    chance: Random = field(init=False)
    start: datetime = field(init=False)
    now: datetime = field(init=False)
    skew: timedelta = timedelta()            # of the engines' clock
    net: Net = field(init=False)
    seats: list[Seat] = field(factory=list)
    interactions: int = 0
    reachable: int = 0
    deaths: list[int] = field(factory=list)
    """The interactions at which dying differs from dying at the one before: since then a step began, a message went out, or a
    commit was answered. What is only read, or written and not committed, dies with the engine and leaves the same world."""
    by_id: dict[int, Home] = field(factory=dict)
    units: dict[str, Unit] = field(factory=dict)
    home_of: dict[str, Home] = field(factory=dict)           # by installed device
    homes_of: dict[str, list[Home]] = field(factory=dict)    # by unit
    changes: list[Change] = field(factory=list)
    pressed: list[Pressed] = field(factory=list)
    spoken: list[Spoken] = field(factory=list)
    told: list[Told] = field(factory=list)
    faults: list[Fault] = field(factory=list)
    written: list[Written] = field(factory=list)
    local: dict[str, list[tuple[datetime, datetime]]] = field(factory=dict)        # since when and until when a unit was taken over
    cycles: list[tuple[datetime, int, datetime | None]] = field(factory=list)      # declared when, which appliance, by when
    died: bool = False                       # at `crash_at`
    modes_at_end: dict[int, int] = field(factory=dict)
    commands_at_end: dict[int, int] = field(factory=dict)
    database_away: bool = False
    fails: float = 0.0                       # how often a statement fails
    commit_fails: str = ""                   # the next commit: lost, or done and nobody knows
    ems_away_until: datetime | None = None
    fickle_until: datetime | None = None     # the EMS changes its mind all the time
    _events: list[tuple[datetime, int, Callable[[], None]]] = field(factory=list)
    _wakes: list[tuple[datetime, int, str]] = field(factory=list)
    _changed: bool = True                    # since the last interaction
    _number: Iterator[int] = field(factory=count)
    _dirty: dict[int, None] = field(factory=dict)
    _next_change: dict[int, datetime] = field(factory=dict)
    _changing: list[tuple[datetime, int]] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.chance = Random(self.seed)
        self.start = self.now = self.begins or STARTS[self.seed % len(STARTS)]
        self.net = Net(self.at, Random(f"{self.seed}/net"), self.now)

    # -- its life -------------------------------------------------------------------------------------------------------------

    def run(self) -> list[str]:
        """Live the hours; returns what was broken."""
        ids = Random(f"{self.seed}/ids")
        with patch("elfe.command.memory.uuid4", lambda: UUID(int=ids.getrandbits(128), version=4)):      # a replay names them alike
            self._build()
            for seat in self.seats:
                self.begin(seat)
            self._live_until(self.start + timedelta(hours=self.hours))
            self.reachable = self.interactions      # in what follows nobody dies
            self._recover()
            at_end = queries.appliances(self.mine)
            self.modes_at_end = {each.id: each.mode for each in at_end}
            self.commands_at_end = {each.id: each.command for each in at_end}
            problems = invariants.judge(self)
            self._tear_down()
        return problems

    def _live_until(self, end: datetime) -> None:
        while (at := self._next()) < end:
            self.now = self.net.now = max(self.now, at)
            self._instant()

    def at(self, when: datetime, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._number), what))

    def after(self, what: Callable[[], None], **time: float) -> None:
        self.at(self.now + timedelta(**time), what)

    def _next(self) -> datetime:
        wanted = [up_to(seat.frozen_until or seat.due_at, ENGINES) for seat in self.seats if seat.service]
        wanted += [heap[0][0] for heap in (self._events, self._wakes, self._changing) if heap]
        return min(wanted)

    def _instant(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            heapq.heappop(self._events)[2]()
        while self._wakes and self._wakes[0][0] <= self.now:
            at, _, id = heapq.heappop(self._wakes)
            if self.units[id].wakes_at == at:
                self.units[id].wakes_at = None
                if self.units[id].dark:
                    continue
                self.with_unit(self.units[id], "timer", lambda unit: unit.twin.tick(self.now))
        while self._changing and self._changing[0][0] <= self.now:
            at, id = heapq.heappop(self._changing)
            if self._next_change.get(id) == at:
                self.by_id[id].live(self.now)
                self._dirty[id] = None
        for _ in range(10):
            self._draw()
            busy = sum([self._step(seat) for seat in self.seats])
            if not self._hear() and not busy and not self._dirty:
                break

    def _hear(self) -> bool:
        heard = [self.units[end.name] for end in list(self.net.waiting) if end.name in self.units]
        for unit in heard:
            for arrival in unit.end.arrivals():
                if isinstance(arrival, Connected):
                    self.with_unit(unit, "power-up", lambda each: each.twin.connected(self.now))
                elif isinstance(arrival, Message) and not unit.deaf:
                    self._is_told(arrival)
                    obey = lambda each, said=arrival: each.twin.receive(said.topic, said.payload, self.now)  # noqa: E731
                    self.with_unit(unit, "order", obey)
        return bool(heard)

    def _is_told(self, message: Message) -> None:
        level = _level(message.payload)
        if level != NO_COMMAND and (device_id := self.commanded.get(_addressed(message))):
            self.told.append(Told(self.now, device_id, level))

    def with_unit(self, unit: Unit, why: str, act: Callable[[Unit], tuple[Publish, ...]]) -> None:
        """Something happens to a device: note what its contacts and its arm did, say what it says, wake it when it wants."""
        for home in self.homes_of[unit.id]:
            home.live(self.now)
        before, pressed, local = dict(unit.twin.outputs), unit.presses, getattr(unit.twin, "manual", False)
        running = {home.id for home in self.homes_of[unit.id] if home.powered and home.under_way(self.now)}
        said = act(unit)
        running -= {home.id for home in self.homes_of[unit.id] if home.powered}
        if getattr(unit.twin, "manual", False) != local:
            spells = self.local.setdefault(unit.id, [])
            spells[-1:] = [(spells[-1][0], self.now)] if local else [*spells[-1:], (self.now, LATER)]
        for channel, on in unit.twin.outputs.items():
            if before.get(channel) != on and channel in unit.points:
                home = self.home_of[unit.points[channel]]
                self.changes.append(Change(self.now, self.now + self.skew, unit.points[channel], on, why, home.id in running))
        self.pressed += [Pressed(self.now, unit.points[0]) for _ in range(unit.presses - pressed)]
        for message in said:
            unit.end.send(message)
        for home in self.homes_of[unit.id]:
            self._dirty[home.id] = None
        self._wake(unit)

    def _wake(self, unit: Unit) -> None:
        wanted = unit.twin.next_at
        if wanted is not None and (unit.wakes_at is None or up_to(wanted, TWINS) != unit.wakes_at):
            unit.wakes_at = max(self.now, up_to(wanted, TWINS))
            heapq.heappush(self._wakes, (unit.wakes_at, next(self._number), unit.id))

    def _draw(self) -> None:
        dirty, self._dirty = self._dirty, {}
        for id in dirty:
            home = self.by_id[id]
            for unit, said in home.draw(self.now):
                for message in said:
                    unit.end.send(message)
                self._wake(unit)
            changes = home.model.next_change(home.powered)
            if changes is not None and self._next_change.get(id) != changes:
                self._next_change[id] = changes
                heapq.heappush(self._changing, (changes, id))

    # -- the engines ------------------------------------------------------------------------------------------------------------

    def _step(self, seat: Seat) -> bool:
        if seat.service is None or seat.session is None or (seat.frozen_until and self.now < seat.frozen_until):
            return False
        seat.frozen_until = None
        busy = bool(seat.session.inbox)
        if not busy and self.now < seat.due_at:
            return False
        self._change()
        try:
            wakes_at = seat.service.step(self.now + self.skew) - self.skew
            seat.due_at = max(wakes_at, self.now + TWINS) if not seat.leads else wakes_at
        except Crash:
            self.bury(seat)
            faults.note(self, "engine killed", timedelta(minutes=5))
            self.at(self.now + timedelta(seconds=self.chance.choice((2, 20, 200))), lambda: self.begin(seat))
        return True

    def begin(self, seat: Seat) -> None:
        """Start an engine's process."""
        if seat.service is not None:
            return
        seat.session = self.net.end("engine")
        seat.session.before_send = self._spoke
        seat.session.on_change = self._change
        seat.coordination = _fast(queries.open_coordination(self.url))
        event.listen(seat.coordination, "before_cursor_execute", self._touches_database)
        event.listen(seat.coordination, "commit", lambda _: self.interacts())
        seat.coordination.dialect.do_commit = self._commit      # type: ignore[method-assign]
        seat.service = CommandService(seat.session, seat.coordination, self.sortie, self.drivers, poll_every=POLL, rules=self.rules,
                                      steady_s=self._steady_s)
        seat.due_at = self.now

    def _steady_s(self) -> float:
        """The clock that nobody sets."""
        return (self.now - self.start).total_seconds()

    def bury(self, seat: Seat) -> None:
        """Its process has died."""
        if seat.service is None or seat.session is None or seat.coordination is None:
            return
        seat.service._leadership.release()
        seat.session.close()
        seat.coordination.dispose()
        seat.service = seat.session = seat.coordination = seat.frozen_until = None

    def _change(self) -> None:
        """The engine's world is another one: whoever dies from here on leaves something else behind."""
        self._changed = True

    def interacts(self) -> None:
        """The engine touches the world, and may die of it."""
        self.interactions += 1
        if self._changed:
            self.deaths.append(self.interactions)
            self._changed = False
        if self.crash_at is not None and self.interactions >= self.crash_at:
            self.crash_at, self.died = None, True
            raise Crash

    def _spoke(self, message: Publish) -> None:
        self.interacts()
        self._change()
        level, device_id = _level(message.payload), self.commanded.get(_addressed(message))
        if device_id and level != NO_COMMAND:
            self.spoken.append(Spoken(self.now, self.now + self.skew, device_id, level))

    def _touches_database(self, *_: Any) -> None:
        if self.database_away or (self.fails and self.chance.random() < self.fails):
            raise OperationalError("", {}, sqlite3.OperationalError("the database is away"))
        self.interacts()

    def _commit(self, connection: Any) -> None:
        how, self.commit_fails = self.commit_fails, ""
        if how != "lost":
            connection.commit()
        self._change()
        if how:
            raise sqlite3.OperationalError("the connection broke during COMMIT")

    # -- building it ------------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        self.drivers = drivers()
        self.url = f"sqlite:///{self.folder}/coordination.db"
        (self.folder / "coordination.db").write_bytes(_coordination(self.homes, tuple(self.kinds), self.folder))
        (self.folder / "sortie.db").write_bytes(_sortie(self.folder))
        self.mine = _fast(queries.open_coordination(self.url))
        self.sortie = _fast(sortie.open_sortie(f"sqlite:///{self.folder}/sortie.db"))
        self.commanded: dict[tuple[str, int], str] = {}
        self._hang()
        self.seats = [Seat("a"), Seat("b")][:1 + (self.seed % 3 == 0 and self.script is None)]
        if self.script is not None:
            self.script(self)
            return
        self._people()
        self._ems()
        faults.sow(self)

    def _hang(self) -> None:
        """The devices on their walls, the appliances behind them."""
        pairs = device_values(queries.installed_devices(self.mine), self.drivers, "engine")[0]
        shared: dict[object, Unit] = {}
        of: dict[int, list[tuple[Unit, int, int]]] = defaultdict(list)
        for row, device in pairs:
            driver = self.drivers[device.type_id]
            key = (device.type_id, tuple(sorted(device.templates.items())))
            if key not in shared:
                pushed = driver.push_config(device, driver.settings()()) if driver.push_config and driver.settings else None
                twin = driver.simulate(device, len(shared))
                end = self.net.end(device.id, keeps=len(shared) % 3 == 0)
                end.listen(twin.subscriptions)
                shared[key] = Unit(device.id, driver.type, twin, end, {}, pushed.steps if pushed else ())
            unit = shared[key]
            unit.points[device.channel] = device.id
            unit.speaks_on |= dict.fromkeys(_spoken_on(driver.build_topics(device)))
            of[row.appliance_id].append((unit, device.channel, row.usage))
            if driver.encode_command:
                self._knows(device.id, driver.encode_command, device)
        self.units = {unit.id: unit for unit in shared.values()}
        for appliance in queries.appliances(self.mine):
            self._stand(Home(appliance, _model(appliance), *_roles(of[appliance.id])))
        for unit in self.units.values():
            unit.end.join()
            unit.end.arrivals()
            said = unit.come_to_life(self.now)
            _slow_down(unit.twin)
            for message in said:
                unit.end.send(message)
            self._wake(unit)
        self._dirty = dict.fromkeys(self.by_id)

    def _stand(self, home: Home) -> None:
        self.by_id[home.id] = home
        for unit, channel in (*home.relays, *home.meters):
            self.home_of[unit.points[channel]] = home
        for unit, _ in home.fingers:
            self.home_of[unit.points[0]] = home
        for unit in self.units.values():
            self.homes_of.setdefault(unit.id, [])
        for unit in home.units:
            self.homes_of[unit.id].append(home)

    def _knows(self, id: str, encode: Any, device: Any) -> None:
        """How it is commanded on the wire, and that a question is no command."""
        for command in (Switch(True, token="t"), Switch(False, token="t"), Press(token="t")):
            try:
                (message,) = encode(device, command).publishes
            except ValueError:
                continue
            assert _level(message.payload) == getattr(command, "on", None), message
            self.commanded[_addressed(message)] = id
        try:
            asked = encode(device, Query()).publishes
        except ValueError:
            asked = ()
        assert all(_level(each.payload) == NO_COMMAND for each in asked), asked

    # -- people and plans ---------------------------------------------------------------------------------------------------------

    def _people(self) -> None:
        for home in self.by_id.values():
            if isinstance(home.model, Tape):
                self.at(self.now, lambda home=home: self.declare(home))
                continue
            when = self.now + timedelta(minutes=self.chance.randrange(10, 300))
            while when < self.start + timedelta(hours=self.hours - 6):
                self.at(when, lambda home=home: self.load(home))
                when += timedelta(hours=self.chance.randrange(8, 16))

    def load(self, home: Home, hours: float | None = None) -> None:
        """Somebody fills the machine, presses Start where no finger does, and declares it a little later."""
        assert isinstance(home.model, Machine)
        if home.model.running is None:
            home.live(self.now)
            home.model.load(self.now, started=not home.fingers)
            self._dirty[home.id] = None
            self.after(lambda: self.declare(home, hours), minutes=self.chance.randrange(1, 5))

    def declare(self, home: Home, hours: float | None = None) -> None:
        deadline = None if home.appliance.recurs else self.now + timedelta(hours=hours or self.chance.randrange(3, 10))
        try:
            if deadline is not None and home.appliance.type == 221:
                queries.choose(self.mine, home.id, deadline, CYCLE.lasts, 80)
            queries.declare(self.mine, home.id, deadline, None if deadline is None else CYCLE.lasts, self.now)
        except DeclarationError:
            return
        self.written.append(Written(self.now, home.id, Mode.PILOTED))
        if deadline is not None:
            self.cycles.append((self.now, home.id, deadline))
        self.portal(home.id)

    def portal(self, id: int) -> None:
        if self.net.up:
            self.net.publish(Publish(f"viriya/update/{id}", b""))

    def set_mode(self, id: int, mode: Mode, *, calls: bool = True) -> None:
        """Somebody writes a mode, and mostly calls."""
        with self.mine.begin() as connection:
            connection.execute(text(f"UPDATE equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = {mode:d} "
                                    f"WHERE id = {id}"))
        self.written.append(Written(self.now, id, mode))
        if calls:
            self.portal(id)

    def mode_of(self, id: int) -> int:
        with self.mine.connect() as connection:
            return int(connection.execute(text(
                f"SELECT equipement_pilote_ou_mesure_mode_id FROM equipement_pilote_ou_mesure WHERE id = {id}")).scalar_one())

    def _ems(self) -> None:
        """A plan every quarter, as an EMS would write it; sometimes dead, late, of another opinion every five minutes."""
        def plan() -> None:
            self.after(plan, minutes=15)
            if self.ems_away_until is None or self.now >= self.ems_away_until:
                late = self.chance.choice((0, 0, 0, 0, 60, 600))
                self.after(lambda: self.plan(slot_of(self.now + SLOT / 2)), seconds=late)
        self.at(self.now - timedelta(seconds=30) + SLOT, plan)
        self.plan(slot_of(self.now))

    def plan(self, first: int, salt: str = "") -> None:
        """Write a plan: masks for tanks, one start for machines, and rows of what nobody knows."""
        opened = {each.appliance_id: each for each in queries.open_flexibilities(self.mine)}
        placed = []
        for home in self.by_id.values():
            appliance, flexibility = home.appliance, opened.get(home.id)
            if appliance.recurs:
                of = {each: int(crc32(f"{self.seed}/{salt}/{home.id}/{each}".encode()) % 10 < 4)
                      for each in range(first // 3, (first + HORIZON) // 3 + 1)}
                row = tuple(of[(first + n) // 3] for n in range(HORIZON))
            elif flexibility and flexibility.deadline:
                latest = max(0, slot_of(flexibility.deadline) - first - CYCLE.lasts // SLOT - 1)
                chosen = min(HORIZON - 1, Random(f"{self.seed}/{salt}/{flexibility.id}").randrange(latest + 1))
                row = tuple(int(n == chosen) for n in range(HORIZON))
            else:
                continue
            placed.append(Placement(home.id, appliance.type, row, NOTHING, "sim", "sim"))
        sortie.write_plan(self.sortie, Plan(first, self.now, tuple(placed), NOTHING, "", "", 0, None, 0))

    # -- the end ------------------------------------------------------------------------------------------------------------------

    def _recover(self) -> None:
        """Everybody is there again, and time passes: what must end, ends."""
        self.crash_at, self.database_away, self.fails, self.commit_fails = None, False, 0.0, ""
        self.skew, self.net.rough_until = timedelta(), None
        self._events.clear()
        if not self.net.up:
            self.net.come_up()
        for seat in self.seats:
            seat.frozen_until = None
            self.begin(seat)
            seat.due_at = self.now
        for unit in self.units.values():
            if unit.dark:
                faults.supply(self, unit, there=True)
            unit.deaf = unit.stuck = False
            if not unit.end.there:
                unit.end.there = True
                unit.end.found()
        self._live_until(self.now + timedelta(hours=1, minutes=10))

    def _tear_down(self) -> None:
        for seat in self.seats:
            self.bury(seat)
        self.mine.dispose()
        self.sortie.dispose()


def _model(appliance: Any) -> Any:
    return Tape(HEATS.changes, HEATS.lasts) if appliance.recurs else Machine(CYCLE, typology=appliance.typology)


def _spoken_on(topics: Topics) -> list[str]:
    """The topics of a device's own words: never one where it is commanded."""
    said = [re.sub(r"[+#]", "nonsense", each) for each in topics.listen]
    return [each for each in said if not any(matches(command, each) for command in (topics.command, *topics.reads) if command)]


def _roles(devices: list[tuple[Unit, int, int]]) -> tuple[tuple[tuple[Unit, int], ...], ...]:
    """Which of them supply, press and measure."""
    supplies, presses, meters = ({Usage.SWITCH_AND_METER, Usage.SWITCH}, {Usage.PRESS_POWER, Usage.PRESS_START},
                                 {Usage.SWITCH_AND_METER, Usage.METER})
    return (tuple((unit, channel) for unit, channel, usage in devices if usage in supplies),
            tuple((unit, usage) for unit, _, usage in devices if usage in presses),
            tuple((unit, channel) for unit, channel, usage in devices if usage in meters))


def _slow_down(twin: Any) -> None:
    """It speaks by itself every five minutes, or more rarely: nothing that the engine does depends on more."""
    if hasattr(twin, "says_online_every"):
        twin.says_online_every = TALKS
    elif twin.period < TALKS:
        twin.period = TALKS


def _level(payload: bytes) -> bool | str | None:
    """The level that a command says, None for a press; what commands nothing is a word."""
    if payload == b"PRESS":
        return None
    if payload in (b"on", b"ON", b"1") or b'"on":true' in payload or b'"state": "ON"' in payload:
        return True
    if payload in (b"off", b"OFF", b"0") or b'"on":false' in payload or b'"state": "OFF"' in payload:
        return False
    return NO_COMMAND


def _addressed(message: Publish | Message) -> tuple[str, int]:
    """Its topic, and the output where that stands in the payload."""
    return message.topic, json.loads(message.payload)["params"]["id"] if b'"Switch.Set"' in message.payload else 0


def up_to(at: datetime, grid: timedelta) -> datetime:
    past = (at - STARTS[0]) % grid
    return at if not past else at + grid - past


# -- databases ------------------------------------------------------------------------------------------------------------------

_blank: dict[object, bytes] = {}
_loaded: list[Drivers] = []


def drivers() -> Drivers:
    if not _loaded:
        _loaded.append(load())
    return _loaded[0]


def _coordination(homes: int, kinds: tuple[str, ...], folder: Path) -> bytes:
    """A village as its installers left it; made once."""
    key = (homes, kinds)
    if key not in _blank:
        path = folder / "village.db"
        engine, history = _fast(queries.open_coordination(f"sqlite:///{path}")), MemoryHistory()
        queries.create_blank(engine)
        types.upgrade(engine, drivers())
        asked, problems = inventory.read(village(homes, kinds), drivers())
        assert not problems, problems
        changes = provisioning.prepare(engine, asked, problems, history)
        provisioning.apply(engine, changes, drivers(), history, INSTALLED_AT)
        _blank[key] = _content(engine, path)
    return _blank[key]


def _sortie(folder: Path) -> bytes:
    if "sortie" not in _blank:
        path = folder / "blank.db"
        engine = _fast(sortie.open_sortie(f"sqlite:///{path}"))
        sortie.create_sortie(engine)
        _blank["sortie"] = _content(engine, path)
    return _blank["sortie"]


def _content(engine: Engine, path: Path) -> bytes:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path.read_bytes()


def _fast(engine: Engine) -> Engine:
    """No disk to wait for."""
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    return engine


@contextmanager
def a_folder() -> Iterator[Path]:
    """In memory, where there is such a place."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(prefix="elfe-sim-", dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


def lived(seed: int, **options: Any) -> tuple[Sim, list[str]]:
    """One seed, in a folder of its own; nothing looks for rubbish meanwhile, which would be an eighth of its time."""
    gc.disable()
    try:
        with a_folder() as folder:
            sim = Sim(seed, folder=folder, **options)
            return sim, sim.run()
    finally:
        gc.enable()


