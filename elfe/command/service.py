"""The command engine's daemon: it owns the session, the database and the engine, and is stepped by one thread.

A step reads the databases when it is time (every few seconds, at each quarter, when a message of the portal asks for
it), empties the inbox, tells the engine, and performs what it asks for: everything that concerns the database in one
transaction, committed before anything goes on the wire. While the database is away nothing is sent, what happened is
kept in memory and written when it returns.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from elfe.broker.session import Connected, Disconnected, Message, Session
from elfe.command import engine as pure
from elfe.command import store
from elfe.command.fleet import Share
from elfe.command.journal import Journal, Locks
from elfe.command.leadership import Leadership, LostLead
from elfe.command.orders import On, Order, Why
from elfe.command.reading import Reader
from elfe.command.rules import Rules
from elfe.command.timekeeping import Timekeeper, is_behind
from elfe.command.upkeep import Upkeep, upkept
from elfe.command.values import (
    Ask,
    BrokerDown,
    BrokerUp,
    Effect,
    EngineEvent,
    FleetRead,
    Found,
    Installed,
    LedgerRead,
    NotRecorded,
    PlanRead,
    Record,
    Said,
    Save,
    Send,
    Tick,
    Unsent,
)
from elfe.command.writing import Writer, Written, after, concerned, sure, touched
from elfe.coordination.values import Write
from elfe.devices.drivers import Drivers
from elfe.devices.floods import Floods
from elfe.devices.routing import Heard, Router, SetAside, Unreadable, commanded
from elfe.devices.values import ConfigPush, Device, Fault, Publish
from elfe.ems.store import decisions_in_force
from elfe.slots import is_due, next_slot_start, slot_of

PORTAL = "viriya/update/"
"""Whoever changed an appliance in the database says so here, with its id: it is read at once."""
STANDBY, UPKEEPS_EVERY = timedelta(seconds=2), timedelta(seconds=5)
LONGEST_ID = 10
"""Digits. What calls with more calls for nobody, and Python reads no number of thousands of them."""
AT_ONCE = 2500
"""So many orders are recorded in one step: of what is due in a whole territory at one instant the first are said, and answered,
while the last are still written."""
READ_BACK = 3
"""Within one step the database is read at most so often: what somebody else keeps changing waits for the next."""
SWEEPS_FOR, SWEEPS_EVERY = timedelta(seconds=10), timedelta(days=1)
"""So long the command topics are listened to, at the beginning and each day: what somebody has retained there acts again whenever
its device connects, against everybody's will."""
PLANS_AGAIN = timedelta(seconds=30)
"""Plans that cannot be read are asked for so seldom: whoever waits for their database orders nothing meanwhile."""
KEPT = 100_000
"""How much of what happened is kept in memory while the database is away: the last of it."""
log = logging.getLogger("elfe.command")


def _is_no_fault(heard: Heard | Unreadable | SetAside) -> bool:
    return not (isinstance(heard, Heard) and isinstance(heard.event, Fault))


class CommandService:
    """Carries the plan out. See `elfe.app.loop.Service`."""

    def __init__(self, session: Session, coordination: Engine, sortie: Engine, drivers: Drivers, *,
                 instance: str = "engine", share: Share | None = None, poll_every: timedelta = timedelta(seconds=5),
                 rules: Rules | None = None, steady_s: Callable[[], float] | None = None,
                 configure: Callable[[Installed], ConfigPush | None] = lambda installed: None) -> None:
        self.engine = pure.Engine(rules=rules or Rules())
        self._session = session
        self._coordination, self._sortie = coordination, sortie
        self._drivers = drivers
        self._poll_every = poll_every
        self._configure, self._upkeep = configure, Upkeep()
        self._steady_s, self._time = steady_s, Timekeeper()      # None: time is given to us, as a conductor does
        share = share or Share()
        self._leadership = Leadership(coordination, share.worker, share.workers)
        self._reader = Reader(coordination, drivers, share, instance)
        self._writer = Writer(coordination, self._leadership)
        self._router, self._floods = Router(drivers, ()), Floods()
        self._read_at: datetime | None = None           # None: now, all of it
        self._wanted: deque[Record] = deque()           # orders that the next steps record
        self._changed: set[int] = set()                 # the appliances to be read again before time goes on
        self._wrote: dict[int, Write] = {}              # those that are known without: all that has changed of them
        self._commanded: Mapping[str, Device] = {}      # by command topic
        self._sweeping = False
        self._sweeps_at = self._swept_at = datetime.min.replace(tzinfo=UTC)
        self._upkeeps_at = datetime.min.replace(tzinfo=UTC)
        self._releases_at = datetime.min.replace(tzinfo=UTC)      # set-aside units are tried again each quarter
        self._started = False
        self._unwritten: deque[tuple[datetime, Effect]] = deque(maxlen=KEPT)
        self._database_away, self._forgotten = False, 0
        self._plans_away, self._plans_at = False, datetime.min.replace(tzinfo=UTC)
        self._waiting: frozenset[int] = frozenset()     # the appliances of which something waits until their rows are let go
        self._locks = Locks()
        self._made: list[Order] = []                    # what we knew to be committed before we had to stand by
        self._happened: Counter[On] = Counter()
        self._journal = Journal()
        session.listen((f"{PORTAL}+",))

    # -- what the loop calls --------------------------------------------------------------------------------------

    @property
    def note(self) -> Mapping[str, float]:
        """For a person who watches: what has happened to orders, and how often."""
        return {f"orders {what}": count for what, count in self._happened.items()}

    def step(self, now: datetime) -> datetime:
        """Do all that is due; returns when to be woken."""
        if not self._leads() or not self._believes(now):
            self._stand_by(now)
            return now + STANDBY
        heard = list(self._arrivals(now))   # said before now; and it may ask for a reading
        if now >= self._releases_at:
            self._router.release()
            self._releases_at = next_slot_start(now)
        for said in heard:
            if isinstance(said, Said):
                self._upkeep.hear(said.device_id, said.event, now, said.retained)
        goes_on, read = self._started, self._read_if_due(now)
        for each in read if goes_on else ():
            if isinstance(each, FleetRead):      # it may have slept: a hold, a mode are older than what it is about to say
                self.engine.learn(each.pilots)
        events = [*heard, *read, Tick()]
        self._sweep(now, heard)         # before we command anything ourselves: who listens from now on hears it
        self._run(events, now)
        for ask in self._upkeep_due(now):
            log.info("%s is online without status: %s", ask.device_id, ", ".join(each.topic for each in ask.publishes))
            self._say(ask, now)
        assert self._read_at is not None
        return now if self._wanted else max(now, min(self.engine.next_at(now), self._read_at))

    def _upkeep_due(self, now: datetime) -> list[Ask]:
        if now < self._upkeeps_at:
            return []
        self._upkeeps_at = now + UPKEEPS_EVERY
        return self._upkeep.due(now)

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
            leads = False
        if leads:
            self._session.join()
        else:      # also where nobody can tell: another one may lead by now, under our name at the broker
            self._leadership.release()
            self._session.leave()
        return leads

    def _believes(self, now: datetime) -> bool:
        """Whether it is the time that it is said to be; until that is known nothing is ordered."""
        if self._steady_s is None:
            return True
        jump = self._time.jumped(now, self._steady_s())
        if jump:
            log.error("the clock has jumped by %s, to %s: nothing is ordered until that time has stood for five minutes or has "
                      "gone back; look at the machine's NTP", jump, now)
        return self._time.believes()

    def _stand_by(self, now: datetime) -> None:
        """Another engine may lead: what we knew is old, and of what arrives only whether the broker is there matters."""
        if self._started:
            self._made = self.engine.recorded
            self.engine = pure.Engine(rules=self.engine.rules, connected=self.engine.connected)
            self._started, self._read_at = False, None
        for event in self._arrivals(now):
            if isinstance(event, BrokerUp | BrokerDown):
                self.engine.on(event, now)

    def _read_if_due(self, now: datetime) -> list[EngineEvent]:
        if self._read_at is not None and now < self._read_at:
            return []
        self._read_at = min(now + self._poll_every, next_slot_start(now))
        self._changed.clear()
        self._wrote.clear()
        try:
            if self._database_away:
                self._remember_for_it()
            self._write_what_was_kept(now)
            return self._read(now)
        except DBAPIError as error:
            self._lose_database(error)
            return []

    def _read(self, now: datetime) -> list[EngineEvent]:
        ledger = self._read_ledger(now) if not self._started else self._find_orders() if self._database_away else []
        read, plan = self._read_fleet(now), self._read_plan(now)
        if self._database_away:
            log.warning("the database answers again")
        self._started, self._database_away = True, False
        return [*ledger, *plan, read]

    def _read_plan(self, now: datetime) -> list[EngineEvent]:
        """The plan where it is another one. Its database is one more that may fail: without it the last plan is followed, then each
        deadline is kept, as when nobody plans."""
        if is_due(self._plans_at, now, PLANS_AGAIN):
            try:
                plan = decisions_in_force(self._sortie, now)
            except (DBAPIError, TypeError, ValueError) as error:
                if not self._plans_away:
                    log.error("the plans cannot be read: the last one is followed for half an hour, then deadlines alone are kept; "
                              "look at the database sortie_ems: %s", getattr(error, "orig", error))
                self._plans_away, self._plans_at = True, now + PLANS_AGAIN
            else:
                if self._plans_away:
                    log.warning("the plans can be read again")
                self._plans_away = False
                return [PlanRead(plan)] if plan != self.engine.plan else []
        return []

    def _read_ledger(self, now: datetime) -> list[EngineEvent]:
        """What an engine before us has left."""
        kept = (*store.orders(self._coordination, live=True), *store.presses(self._coordination))
        ours = self._reader.appliances()
        last = store.last_event(self._coordination)
        if last is not None and slot_of(last) > slot_of(now):
            waits = is_behind(now, slot_of(last))
            log.error("the clock says %s, but something happened to orders at %s: %s; look at the machine's NTP", now, last,
                      "none is made until then" if waits else "it ran ahead then, and what it says now is believed")
        return [LedgerRead(tuple(each for each in kept if each.appliance_id in ours), slot_of(last) if last else 0)]

    def _find_orders(self) -> list[EngineEvent]:
        """A commit that nobody answered may have been done: what lives in the ledger and not with us is ours to end."""
        ours, known = self._reader.appliances(), {each.id for each in self.engine.live.values()}
        found = tuple(each for each in store.orders(self._coordination, live=True)
                      if each.appliance_id in ours and each.id not in known and each.why is not Why.HAND)
        return [Found(found)] if found else []

    def _read_fleet(self, now: datetime) -> FleetRead:
        found = self._reader.read(now)
        installed = self._reader.installed(found)
        devices = tuple(each.device for each in installed)
        if devices != self._router.devices:
            self._router = Router(self._drivers, devices)
            self._commanded = {topic: device for topic, device in commanded(self._drivers, devices).items() if topic}
            self._sweeps_at = now
            self._sweeping = False
            self._session.listen(self._filters())
            self._upkeep.devices = upkept(installed, self._configure)
        return FleetRead(found.pilots)

    def _read_back(self, now: datetime) -> list[EngineEvent]:
        """What we have written, and what it has changed."""
        asked, self._changed = frozenset(self._changed), set()
        pilots, self._wrote = {id: after(self.engine.pilots[id], each) for id, each in self._wrote.items()
                               if id not in asked and id in self.engine.pilots}, {}
        read: list[EngineEvent] = [FleetRead(pilots, frozenset(pilots))] if pilots else []
        try:
            return [*read, *([FleetRead(self._reader.read_some(asked, now).pilots, asked)] if asked else [])]
        except DBAPIError as error:
            self._lose_database(error)
            return read

    def _filters(self) -> tuple[str, ...]:
        return (f"{PORTAL}+", *self._router.filters, *(self._commanded if self._sweeping else ()))

    def _sweep(self, now: datetime, heard: Sequence[EngineEvent]) -> None:
        """Listen to the command topics for a moment: what the broker has kept there is told on the subscription."""
        connections = [isinstance(each, BrokerUp) for each in heard if isinstance(each, BrokerUp | BrokerDown)]
        connected = connections[-1] if connections else self.engine.connected
        if now >= self._sweeps_at and connected and self._commanded:
            self._sweeps_at, self._swept_at = now + SWEEPS_EVERY, now + SWEEPS_FOR
            self._sweeping = True
            self._session.listen(self._filters())
        elif self._sweeping and self._swept_at <= now:
            self._sweeping = False
            self._session.listen(self._filters())

    def _arrivals(self, now: datetime) -> Iterator[EngineEvent]:
        for arrival in self._session.arrivals():
            match arrival:
                case Connected():
                    log.info("connected to the broker")
                    yield BrokerUp()
                case Disconnected(reason):
                    log.warning("the broker is out of reach: %s", reason)
                    yield BrokerDown()
                case Message(topic, payload, retained):
                    yield from self._read_message(topic, payload, retained, now)
        for told in self._floods.told:
            log.warning("%s", told)
        self._floods.told.clear()

    def _read_message(self, topic: str, payload: bytes, retained: bool, now: datetime) -> Iterator[EngineEvent]:
        if topic.startswith(PORTAL):
            self._called(topic.removeprefix(PORTAL))
            return
        if retained and payload and topic in self._commanded:
            log.warning("a retained command on %s is cleared: %s would obey it whenever it connects", topic,
                        self._commanded[topic].id)
            self._session.send(Publish(topic, b"", retain=True))
        unit = self._router.unit(topic)
        if unit and not self._floods.lets(unit, now):
            return
        for each in sorted(self._router.read(topic, payload), key=_is_no_fault):      # why comes before what follows of it
            if isinstance(each, Heard):
                yield Said(each.device.id, each.event, retained)
            elif isinstance(each, SetAside):
                log.error("%s", each)
            elif self._router.unreadable[each.device.id] == 1:
                log.warning("%s says what its driver cannot read on %s: %s", each.device.id, topic, each.reason)

    def _called(self, appliance: str) -> None:
        """The portal calls: one appliance that we know is read again, for any other all."""
        self._reader.look_again()
        if len(appliance) <= LONGEST_ID and appliance.isdecimal() and int(appliance) in self.engine.pilots:
            self._changed.add(int(appliance))
        else:
            self._read_at = None

    # -- performing -----------------------------------------------------------------------------------------------

    def _run(self, events: Sequence[EngineEvent], now: datetime) -> None:
        """Tell the engine, perform, tell it what came of it; what we wrote is read back before time goes on.

        All that is known at once is told before anything is performed, and what comes of it is one transaction; but of many orders
        the next steps record the rest.
        """
        read_back, room = 0, AT_ONCE
        while events:
            effects = [effect for event in events for effect in self.engine.on(event, now)]
            self._wanted.extend(effect for effect in effects if isinstance(effect, Record))
            recorded = self._to_record(room)
            room -= len(recorded)
            events = self._perform([*(effect for effect in effects if not isinstance(effect, Record)), *recorded], now)
            if not events and (self._changed or self._wrote) and read_back < READ_BACK:
                read_back += 1
                events = self._read_back(now)
        self._read_at = self._read_at or now + self._poll_every

    def _to_record(self, at_most: int) -> list[Record]:
        """Those that come first, without what ended while it waited; of whom somebody has written something, that is read first."""
        known = [each for each in self._wanted if self.engine.order_of(each.order.id) or each.order.id in self.engine.too_late]
        ready = [each for each in known if each.order.appliance_id not in self._changed][:at_most]
        taken = {each.order.id for each in ready}
        self._wanted = deque(each for each in known if each.order.id not in taken)
        return ready

    def _perform(self, effects: Sequence[Effect], now: datetime) -> list[EngineEvent]:
        kept = [effect for effect in effects if not isinstance(effect, Send | Ask)]
        said = [effect for effect in effects if isinstance(effect, Send | Ask)]
        try:
            written = self._write(kept, now)
        except DBAPIError as error:
            self._lose_database(error)
            return self._keep_for_later(kept, said, now)
        except LostLead as error:
            log.error("%s: nothing is written and nothing sent", error)
            self._leadership.release()
            return []
        happened = [effect for effect in kept if isinstance(effect, Save)]
        for level, words in self._journal.lines(happened, now):
            log.log(level, "%s", words)
        self._happened.update(effect.what for effect in happened)
        unsaid = {effect.order.id for effect in (*written.refused, *written.held) if isinstance(effect, Save)}
        return [*written.answers, *(answer for effect in said for answer in self._say(effect, now, unsaid))]

    def _write(self, effects: Sequence[Effect], now: datetime) -> Written:
        if not effects:
            return Written()
        self._write_what_was_kept(now)      # first: an order's row would end as it was before
        written = self._writer.write(effects, now, self.engine.pilots, self._waiting)
        known = sure(effects, self.engine.pilots, written.modes)
        self._changed |= touched(effects, self.engine.pilots) - written.locked - (known.keys() - self._wrote.keys())
        self._wrote |= known
        self._keep([(now, each) for each in written.held])
        self._tell_of(written, now)
        return written

    def _tell_of(self, written: Written, now: datetime) -> None:
        self._waiting |= {each for each in (concerned(effect, self.engine.pilots) for effect in written.held) if each is not None}
        for words in self._locks.lines(written.locked, written.free, now):
            log.error("%s", words)

    def _say(self, effect: Send | Ask, now: datetime, unsaid: Collection[str] = ()) -> list[EngineEvent]:
        """`unsaid` are orders of which the database would not know that they were sent."""
        if isinstance(effect, Ask):
            for message in effect.publishes:
                self._session.send(message)
            return []
        sent = effect.order.id not in unsaid and all(
            self._session.send(message, effect.expires - now) for message in effect.publishes)
        return [] if sent else [Unsent(effect.order.id)]

    # -- without a database ---------------------------------------------------------------------------------------

    def _keep_for_later(self, kept: Sequence[Effect], said: Sequence[Send | Ask], now: datetime) -> list[EngineEvent]:
        self._keep([(now, effect) for effect in kept if not isinstance(effect, Record)])
        dropped = [*(effect for effect in kept if isinstance(effect, Record)), *self._wanted]
        self._wanted.clear()
        return [*(NotRecorded(effect.order.id) for effect in dropped),
                *(Unsent(effect.order.id) for effect in said if isinstance(effect, Send))]

    def _keep(self, happened: Sequence[tuple[datetime, Effect]]) -> None:
        self._forgotten += max(0, len(self._unwritten) + len(happened) - KEPT)
        self._unwritten.extend(happened)

    def _write_what_was_kept(self, now: datetime) -> None:
        if self._forgotten:
            log.error("the database was away for long: the first %d things that happened meanwhile are forgotten", self._forgotten)
            self._forgotten = 0
        still: list[tuple[datetime, Effect]] = []
        self._waiting = frozenset()
        try:
            while self._unwritten:
                at = self._unwritten[0][0]
                together = [effect for _, effect in takewhile(lambda each: each[0] == at, self._unwritten)]      # noqa: B023
                written = self._writer.write(together, at, self.engine.pilots, self._waiting)
                for _ in together:
                    self._unwritten.popleft()
                self._changed |= touched(together, self.engine.pilots) - written.locked
                still += [(at, each) for each in written.held]
                self._tell_of(written, now)
        finally:
            self._unwritten.extendleft(reversed(still))

    def _remember_for_it(self) -> None:
        """Another database may answer, that lacks the last of what was committed: what we know of our orders is written again."""
        lacking = store.restore(self._coordination, self.engine.recorded or self._made)
        self._made = []
        if lacking:
            log.error("the database lacks %d orders: another one answers, or an older state of it; they are written again, and "
                      "every device is asked how it is", lacking)
            self.engine.ask_again()

    def _lose_database(self, error: DBAPIError) -> None:
        if not self._database_away:
            log.error("the database does not answer, nothing is sent until it does: %s", error.orig)
        self._database_away = True
