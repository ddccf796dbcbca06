"""The recorder's daemon: decodes what devices say through the drivers, and keeps it.

The time of a reading is ours, never the device's. A retained message is an old word and is not kept. While the store is
away, readings wait on disk (`spool.py`); what it does not take, an item that it does not know yet, waits beside the others.

On the way it is noted of each device how it is (`noting.py`): what the broker kept is of use for that. What devices were told is
kept beside what they say; it comes from the ledger of orders, which knows whose word it was.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import DBAPIError

from elfe.broker.session import DROPPED, Connected, Disconnected, Message, Session
from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.floods import Floods
from elfe.devices.routing import Heard, Router, SetAside
from elfe.devices.values import Device, Quantity, Role
from elfe.history.keeper import INSTANT, Keeper, spooled
from elfe.history.noting import Noting
from elfe.history.recorder import BALANCE_TOPIC, Kept, keep, keep_balance
from elfe.history.spool import Spool
from elfe.history.values import History, Told, order_series
from elfe.slots import SLOT, is_due, next_slot_start

LOOKS_EVERY = timedelta(minutes=1)
"""How soon a device that was just provisioned is recorded."""
DOUBTED_FROM = 3
"""A single message that cannot be read is a mishap; after so many somebody looks at the device."""
LOOKED_BACK = timedelta(hours=1)
"""For orders that were sent while nobody recorded."""
OF_FLOODS = "dropped of a flood"
OWN_TOPICS = (BALANCE_TOPIC, DROPPED)
TWICE_WITHIN = timedelta(milliseconds=250)
"""What is delivered twice comes twice at once; the same value later is a measure of its own."""
LATE_WITHIN = timedelta(seconds=5)
"""A counter that is lower so soon was overtaken on its way; later, it has begun anew."""
AHEAD = timedelta(seconds=1)
"""A series may be by so much, when it speaks much at once; by more, the clock was set back."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)

log = logging.getLogger("elfe.history")


class Recorder:
    """Keeps what is measured. See `elfe.app.loop.Service`."""

    def __init__(self, session: Session, history: History, drivers: Drivers,
                 installed: Callable[[], list[tuple[InstalledDevice, Device]]], noting: Noting | None = None,
                 spool: Spool | None = None,
                 told: Callable[[datetime, datetime], Iterable[Told]] = lambda since, until: ()) -> None:
        self.counters: Counter[str] = Counter()
        self._session, self._drivers, self._installed = session, drivers, installed
        self._router = Router(drivers, (), frozenset({Role.SAYS, Role.PRESENCE}))
        self._looks_at = self._releases_at = LONG_AGO
        self.keeper = Keeper(history, spool or Spool(), self.counters)
        self._last: dict[str, tuple[datetime, float]] = {}
        self._noting, self._told = noting, told
        self._told_until: datetime | None = None
        self._floods, self._of_floods = Floods(), 0
        session.listen(OWN_TOPICS)

    def step(self, now: datetime) -> datetime:
        """Keep what has arrived."""
        if is_due(self._looks_at, now, LOOKS_EVERY):
            self._look(now)
        self.keeper.keep([spooled(kept.series, kept.unit, self._behind(kept, now), kept.value)
                          for kept in self._arrivals(now) if self._is_news(kept, now)], now)
        self._count_dropped()
        self.keeper.catch_up(now)
        for told in self._floods.told:
            log.warning("%s", told)
        self._floods.told.clear()
        notes_at = self._noting.note(now) if self._noting else None
        return min(self._looks_at, self.keeper.wakes_at(now, self._looks_at), notes_at or self._looks_at)

    def close(self) -> None:
        """Leave in order."""
        self._session.close()
        self.keeper.spool.close()

    def _look(self, now: datetime) -> None:
        self._looks_at = now + LOOKS_EVERY
        self._count_floods()
        if is_due(self._releases_at, now, SLOT):
            self._router.release()
            self._releases_at = next_slot_start(now)
        try:
            devices = tuple(device for _, device in self._installed())
            self._keep_orders(now)
        except DBAPIError as error:
            log.warning("the coordination database does not answer: %s", error.orig)
            return
        if devices != self._router.devices:
            if self._noting:
                self._noting.meet(self._router.devices, devices)
            self._router = Router(self._drivers, devices, self._router.roles)
            self._session.listen((*OWN_TOPICS, *self._router.filters))

    def _count_dropped(self) -> None:
        """What a flood pushed out of the inbox is told, and counted where `elfe doctor` looks."""
        new = self._session.dropped - self.counters["dropped"]
        if new:
            self.counters["dropped"] += new
            self.keeper.spool.lose("dropped", new)
            log.error("%d messages came faster than they can be read, and were dropped unread", new)

    def _count_floods(self) -> None:
        """Likewise what is dropped of a unit that says too much; of that there is a line already."""
        new, self._of_floods = self.counters[OF_FLOODS] - self._of_floods, self.counters[OF_FLOODS]
        if new:
            self.keeper.spool.lose(OF_FLOODS, new)

    def _hear_dropped(self, payload: bytes) -> None:
        """The broker's own count, of whatever it could not hand to somebody in time: to us, most likely."""
        new = self.keeper.spool.lose_up_to("dropped by the broker", int(payload[:15])) if payload.isdigit() else 0
        if new:
            log.error("the broker has dropped %d messages: somebody reads more slowly than they come", new)

    def _keep_orders(self, now: datetime) -> None:
        """What devices were told since we last looked, and a little before: an order is written behind its message."""
        since = now - LOOKED_BACK if self._told_until is None else max(self._told_until - LOOKS_EVERY, now - LOOKED_BACK)
        self.keeper.keep([spooled(order_series(each.device_id), "", each.at, float(each.on))
                          for each in self._told(since, now + INSTANT)], now)
        self._told_until = now

    def _is_news(self, kept: Kept, now: datetime) -> bool:
        """Whether it is no word that was said before: the same again at once, or of a counter an older one that comes late."""
        last = self._last.get(kept.series)
        if last is None:
            return True
        elapsed = now - last[0]
        if kept.value == last[1] and -AHEAD < elapsed < TWICE_WITHIN:
            self.counters["said twice"] += 1
            return False
        if kept.unit == Quantity.ENERGY.value and kept.value < last[1]:
            is_late = -AHEAD < elapsed < LATE_WITHIN
            self.counters["late" if is_late else "counter began anew"] += 1
            return not is_late
        return True

    def _behind(self, kept: Kept, now: datetime) -> datetime:
        """`now`, or just behind the series' last reading when that was in the same millisecond, or later: each is kept."""
        last = self._last[kept.series][0] if kept.series in self._last else None
        at = last + INSTANT if last is not None and now - INSTANT < last < now + AHEAD else now
        self._last[kept.series] = at, kept.value
        return at

    def _arrivals(self, now: datetime) -> Iterator[Kept]:
        for arrival in self._session.arrivals():
            match arrival:
                case Message(topic, payload) if topic == DROPPED:
                    self._hear_dropped(payload)
                case Message(topic, payload, retained=True):
                    self.counters["retained"] += 1
                    self._read_kept(topic, payload, now)
                case Message(topic, payload):
                    yield from self._read(topic, payload, now)
                case Connected():
                    log.info("connected")
                case Disconnected(reason):
                    log.warning("the broker is out of reach: %s", reason)

    def _read_kept(self, topic: str, payload: bytes, now: datetime) -> None:
        """An old word: nothing of it is kept, but who is there when we come is told by nothing else."""
        if self._noting and topic != BALANCE_TOPIC:
            for each in self._router.read(topic, payload):
                if isinstance(each, Heard):
                    self._noting.hear(each.device, each.event, now, retained=True)

    def _read(self, topic: str, payload: bytes, now: datetime) -> Iterator[Kept]:
        if topic == BALANCE_TOPIC:
            balance = keep_balance(payload, self.counters)
            if balance:
                yield balance
            return
        unit = self._router.unit(topic)
        if unit and not self._floods.lets(unit, now):
            self.counters[OF_FLOODS] += 1
            return
        for each in self._router.read(topic, payload):
            if isinstance(each, Heard):
                if self._noting:
                    self._noting.hear(each.device, each.event, now)
                kept = keep(each.device.id, each.event, self.counters)
                if kept:
                    yield kept
                continue
            self.counters["unreadable"] += 1
            if self._noting and self._router.unreadable[each.device.id] >= DOUBTED_FROM:
                self._noting.doubt(each.device, each.reason)
            if isinstance(each, SetAside):
                log.error("%s", each)
            elif self._router.unreadable[each.device.id] == 1:
                log.warning("%s says what its driver cannot read on %s: %s", each.device.id, topic, each.reason)
