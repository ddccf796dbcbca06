"""The command engine's daemon: it owns the session, the database and the engine, and is stepped by one thread.

A step reads the databases when it is time (every few seconds, at each quarter, when a message of the portal asks for
it), empties the inbox, tells the engine, and performs what it asks for: everything that concerns the database in one
transaction, committed before anything goes on the wire. While the database is away nothing is sent, what happened is
kept in memory and written when it returns.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from elfe.broker.session import Connected, Disconnected, Message, Session
from elfe.command import engine as pure
from elfe.command import store
from elfe.command.fleet import Share, fleet
from elfe.command.orders import MISSED, On
from elfe.command.rules import Rules
from elfe.command.upkeep import Upkeep, upkept
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    CloseFlexibility,
    Effect,
    EngineEvent,
    FleetRead,
    Installed,
    LeaveAlone,
    LedgerRead,
    MarkStarted,
    NotRecorded,
    OpenFlexibility,
    PlanRead,
    Record,
    Said,
    Save,
    Send,
    TakeOver,
    Tick,
    Unsent,
    Write,
)
from elfe.coordination import holds, queries
from elfe.coordination.devices import device_values
from elfe.coordination.values import Appliance
from elfe.devices.drivers import Drivers
from elfe.devices.routing import Heard, Router, SetAside, commanded
from elfe.devices.values import ConfigPush, Device, Publish
from elfe.ems.store import decisions_in_force
from elfe.slots import next_slot_start

PORTAL = "viriya/update/"
"""Whoever changed an appliance in the database says so here, with its id: it is read at once."""
STANDBY = timedelta(seconds=2)
READ_BACK = 3
"""Within one step the database is read at most so often: what somebody else keeps changing waits for the next."""
SWEEPS_FOR, SWEEPS_EVERY = timedelta(seconds=10), timedelta(days=1)
"""So long the command topics are listened to, at the beginning and each day: what somebody has retained there acts again whenever
its device connects, against everybody's will."""
KEPT = 10_000
"""How much of what happened is kept in memory while the database is away."""

log = logging.getLogger("elfe.command")


class CommandService:
    """Carries the plan out. See `elfe.app.loop.Service`."""

    def __init__(self, session: Session, coordination: Engine, sortie: Engine, drivers: Drivers, *,
                 instance: str = "engine", share: Share | None = None, poll_every: timedelta = timedelta(seconds=5),
                 rules: Rules | None = None,
                 configure: Callable[[Installed], ConfigPush | None] = lambda installed: None) -> None:
        self.engine = pure.Engine(rules=rules or Rules())
        self._session = session
        self._coordination, self._sortie = coordination, sortie
        self._drivers = drivers
        self._instance = instance
        self._poll_every = poll_every
        self._configure, self._upkeep = configure, Upkeep()
        self._share = share or Share()
        self._leadership = store.Leadership(coordination, self._share.worker)
        self._router = Router(drivers, ())
        self._read_at: datetime | None = None           # None: now
        self._commanded: Mapping[str, Device] = {}      # by command topic
        self._sweeps_at = self._swept_at = datetime.min.replace(tzinfo=UTC)
        self._releases_at = datetime.min.replace(tzinfo=UTC)      # set-aside units are tried again each quarter
        self._started = False
        self._problems: tuple[str, ...] = ()
        self._unwritten: deque[tuple[datetime, Effect]] = deque(maxlen=KEPT)
        self._database_away = False
        self._happened: Counter[On] = Counter()
        session.listen((f"{PORTAL}+",))

    # -- what the loop calls --------------------------------------------------------------------------------------

    @property
    def note(self) -> Mapping[str, float]:
        """For a person who watches: what has happened to orders, and how often."""
        return {f"orders {what}": count for what, count in self._happened.items()}

    def step(self, now: datetime) -> datetime:
        """Do all that is due; returns when to be woken."""
        if not self._leads():
            self._stand_by(now)
            return now + STANDBY
        heard = list(self._arrivals())      # said before now; and it may ask for a reading
        if now >= self._releases_at:
            self._router.release()
            self._releases_at = next_slot_start(now)
        self._sweep(now)
        for said in heard:
            if isinstance(said, Said):
                self._upkeep.hear(said.device_id, said.event, now, said.retained)
        events: list[EngineEvent] = [*heard, *self._read_if_due(now), Tick()]
        self._run(events, now)
        for ask in self._upkeep.due(now):
            log.info("%s is online without status: %s", ask.device_id, ", ".join(each.topic for each in ask.publishes))
            self._say(ask, now)
        assert self._read_at is not None
        return max(now, min(self.engine.next_at(now), self._read_at))

    def close(self) -> None:
        """Stop driving: nothing is switched, the devices keep their state and their fail-safe."""
        self._leadership.release()
        self._session.close()

    # -- reading --------------------------------------------------------------------------------------------------

    def _leads(self) -> bool:
        try:
            leads = self._leadership.held()
        except DBAPIError as error:
            self._lose_database(error)
            self._leadership.release()
            return False
        if leads:
            self._session.join()
        else:
            self._leadership.release()
            self._session.leave()
        return leads

    def _stand_by(self, now: datetime) -> None:
        """Another engine may lead: what we knew is old, and of what arrives only whether the broker is there matters."""
        if self._started:
            self.engine = pure.Engine(rules=self.engine.rules, connected=self.engine.connected)
            self._started, self._read_at = False, None
        for event in self._arrivals():
            if isinstance(event, BrokerUp | BrokerDown):
                self.engine.on(event, now)

    def _read_if_due(self, now: datetime) -> list[EngineEvent]:
        if self._read_at is not None and now < self._read_at:
            return []
        self._read_at = min(now + self._poll_every, next_slot_start(now))
        try:
            self._write_what_was_kept()
            return self._read(now)
        except DBAPIError as error:
            self._lose_database(error)
            return []

    def _read(self, now: datetime) -> list[EngineEvent]:
        resumed: list[EngineEvent] = []
        if not self._started:
            kept = (*store.orders(self._coordination, live=True), *store.presses(self._coordination))
            ours = {each.id for each in self._appliances()}
            resumed = [LedgerRead(tuple(each for each in kept if each.appliance_id in ours))]
        read = self._read_fleet(now)
        plan = PlanRead(decisions_in_force(self._sortie, now))
        if self._database_away:
            log.warning("the database answers again")
        self._started, self._database_away = True, False
        return [*resumed, plan, read]

    def _appliances(self) -> list[Appliance]:
        return [each for each in queries.appliances(self._coordination) if self._share.has(each.participant)]

    def _read_fleet(self, now: datetime) -> FleetRead:
        installed, unreadable = device_values(
            queries.installed_devices(self._coordination), self._drivers, self._instance)
        found = fleet(self._appliances(), installed,
                      queries.open_flexibilities(self._coordination), self._drivers,
                      holds.in_force(self._coordination, now))
        for problem in (*unreadable, *found.problems):
            if problem not in self._problems:
                log.error("left alone: %s", problem)
        self._problems = (*unreadable, *found.problems)
        devices = tuple(device for row, device in installed if row.appliance_id in found.pilots)
        if devices != self._router.devices:
            self._router = Router(self._drivers, devices)
            self._commanded = {topic: device for topic, device in commanded(self._drivers, devices).items() if topic}
            self._sweeps_at = now
            self._session.listen(self._filters(sweeping=False))
            self._upkeep.devices = upkept(
                (Installed(row, device, self._drivers[row.type_id]) for row, device in installed if device in devices),
                self._configure)
        return FleetRead(found.pilots)

    def _filters(self, sweeping: bool) -> tuple[str, ...]:
        return (f"{PORTAL}+", *self._router.filters, *(self._commanded if sweeping else ()))

    def _sweep(self, now: datetime) -> None:
        """Listen to the command topics for a moment: what the broker has kept there is told on the subscription."""
        if now >= self._sweeps_at and self.engine.connected and self._commanded:
            self._sweeps_at, self._swept_at = now + SWEEPS_EVERY, now + SWEEPS_FOR
            self._session.listen(self._filters(sweeping=True))
        elif self._swept_at <= now and self._session.filters != self._filters(sweeping=False):
            self._session.listen(self._filters(sweeping=False))

    def _arrivals(self) -> Iterator[EngineEvent]:
        for arrival in self._session.arrivals():
            match arrival:
                case Connected():
                    log.info("connected to the broker")
                    yield BrokerUp()
                case Disconnected(reason):
                    log.warning("the broker is out of reach: %s", reason)
                    yield BrokerDown()
                case Message(topic, payload, retained):
                    yield from self._read_message(topic, payload, retained)

    def _read_message(self, topic: str, payload: bytes, retained: bool) -> Iterator[EngineEvent]:
        if topic.startswith(PORTAL):
            self._read_at = None
            return
        if retained and payload and topic in self._commanded:
            log.warning("a retained command on %s is cleared: %s would obey it whenever it connects", topic,
                        self._commanded[topic].id)
            self._session.send(Publish(topic, b"", retain=True))
        for each in self._router.read(topic, payload):
            if isinstance(each, Heard):
                yield Said(each.device.id, each.event, retained)
            elif isinstance(each, SetAside):
                log.error("%s", each)
            elif self._router.unreadable[each.device.id] == 1:
                log.warning("%s says what its driver cannot read on %s: %s", each.device.id, topic, each.reason)

    # -- performing -----------------------------------------------------------------------------------------------

    def _run(self, events: Iterable[EngineEvent], now: datetime) -> None:
        """Tell the engine, perform, tell it what came of it; what we wrote is read back before time goes on."""
        queue = deque(events)
        read_again = 0
        while queue:
            effects = self.engine.on(queue.popleft(), now)
            queue.extend(self._perform(effects, now))
            if not queue and self._read_at is None and read_again < READ_BACK:
                read_again += 1
                queue.extend(self._read_if_due(now))
        self._read_at = self._read_at or now + self._poll_every

    def _perform(self, effects: list[Effect], now: datetime) -> list[EngineEvent]:
        kept = [effect for effect in effects if not isinstance(effect, Send | Ask)]
        said = [effect for effect in effects if isinstance(effect, Send | Ask)]
        try:
            answers = self._write(kept, now)
        except DBAPIError as error:
            self._lose_database(error)
            return self._keep_for_later(kept, said, now)
        except store.LostLead as error:
            log.error("%s: nothing is written and nothing sent", error)
            self._leadership.release()
            return []
        for effect in kept:
            _tell_operators(effect)
        self._happened.update(effect.what for effect in kept if isinstance(effect, Save))
        return [*answers, *(answer for effect in said for answer in self._say(effect, now))]

    def _write(self, effects: Sequence[Effect], now: datetime) -> list[EngineEvent]:
        if not effects:
            return []
        with self._coordination.begin() as connection:
            self._leadership.confirm(connection)
            return [answer for effect in effects for answer in self._write_one(connection, effect, now)]

    def _write_one(self, connection: Connection, effect: Effect, now: datetime) -> list[EngineEvent]:
        match effect:
            case Record():
                return [store.record(connection, effect)]
            case Save():
                store.save(connection, effect)
                return []
            case Write(id, only_in, mode, control, command, ems_order, last_started):
                queries.write_appliance(connection, id, mode=mode, control=control, command=command,
                                        ems_order=ems_order, last_started=last_started, only_if_modes=only_in)
            case OpenFlexibility(id):
                queries.open_flexibility(connection, id, now)
            case MarkStarted(id, at):
                queries.mark_started(connection, id, at)
            case CloseFlexibility(id, outcome):
                queries.close_flexibility(connection, id, now, outcome)
            case LeaveAlone(id, until):
                holds.put(connection, id, None, now, until, holds.Origin.DEVICE)
            case TakeOver(id, device_id, taken):
                store.take_over(connection, id, device_id, taken, now)
        self._read_at = None           # the fleet is not any more what we know of it
        return []

    def _say(self, effect: Send | Ask, now: datetime) -> list[EngineEvent]:
        expires = effect.expires - now if isinstance(effect, Send) else None
        for message in effect.publishes:
            if not self._session.send(message, expires) and isinstance(effect, Send):
                return [Unsent(effect.order.id)]
        return []

    # -- without a database ---------------------------------------------------------------------------------------

    def _keep_for_later(self, kept: Sequence[Effect], said: Sequence[Send | Ask], now: datetime) -> list[EngineEvent]:
        self._unwritten.extend((now, effect) for effect in kept if not isinstance(effect, Record))
        return [*(NotRecorded(effect.order.id) for effect in kept if isinstance(effect, Record)),
                *(Unsent(effect.order.id) for effect in said if isinstance(effect, Send))]

    def _write_what_was_kept(self) -> None:
        if not self._unwritten:
            return
        with self._coordination.begin() as connection:
            self._leadership.confirm(connection)
            for at, effect in self._unwritten:
                self._write_one(connection, effect, at)
        self._unwritten.clear()

    def _lose_database(self, error: DBAPIError) -> None:
        if not self._database_away:
            log.error("the database does not answer, nothing is sent until it does: %s", error.orig)
        self._database_away = True


def _tell_operators(effect: Effect) -> None:
    """One line per order and per answer, as operators know them from the journal."""
    match effect:
        case Save(order, On.SENDS):
            log.info("order %s: %s %s (%s), attempt %d", order.id, order.device_id, "ON" if order.on else "OFF",
                     order.why, order.attempts)
        case Save(order, what, _, detail) if order.stage in MISSED:
            log.warning("order %s: %s %s%s", order.id, order.device_id, what, f": {order.cause or detail}")
        case Save(order, On.ECHOES | On.DRAWS | On.OVERRIDES as what, _, detail):
            log.info("order %s: %s %s %s", order.id, order.device_id, what, detail)
