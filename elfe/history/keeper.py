"""Readings handed to the history, or to the disk while it is away: none held up, every one that is lost counted. Edge."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from attrs import define, field
from sqlalchemy.exc import DBAPIError

from elfe.errors import HistoryAway
from elfe.history.doubt import Doubt, Spooled
from elfe.history.spool import Spool
from elfe.history.values import History, PartlyKept, Reading
from elfe.slots import EPOCH, is_due

RETRIES_EVERY = timedelta(seconds=5)
"""While the store is away; asking it for every message would hold the inbox up."""
AT_ONCE = 5_000
"""Readings that are handed over together, so that whoever keeps does not wait long."""
MOST_REFUSED = 720
"""How often a reading may not be taken: an hour."""
INSTANT = timedelta(milliseconds=1)

log = logging.getLogger("elfe.history")


def spooled(series: str, unit: str, at: datetime, value: float) -> Spooled:
    """A reading that may wait."""
    return series, unit, (at - EPOCH) // INSTANT, value


@define
class Keeper:
    """The way of readings into a history."""

    history: History
    spool: Spool = field(factory=Spool)
    counters: Counter[str] = field(factory=Counter)
    retries_at: datetime | None = field(default=None, init=False)      # while the store is away, or has not taken something
    _away: bool = field(default=False, init=False)
    _doubt: Doubt = field(factory=Doubt, init=False)

    def keep(self, fresh: Sequence[Spooled], now: datetime) -> None:
        """Into the history at once; on disk while it is away."""
        if not fresh:
            return
        if self.retries_at is not None:
            self._wait(fresh)
            return
        try:
            refused = self._append(fresh)
        except (DBAPIError, HistoryAway) as error:
            self._lost_it(error, now)
            self._wait(fresh)
            return
        self.counters["kept"] += len(fresh) - len(refused)
        if refused:
            self._wait([fresh[each] for each in refused])
            self.retries_at = now + RETRIES_EVERY

    def catch_up(self, now: datetime) -> None:
        """When it is time: what waits, the oldest first; a part of it, so that what is new does not wait in its turn."""
        self._make_sure(now)
        if not self.spool.count or (self.retries_at is not None and not is_due(self.retries_at, now, RETRIES_EVERY)):
            return
        waiting = self.spool.take(AT_ONCE)
        try:
            if self._away:
                self.history.written(())
            refused = set(self._append([(each.series, each.unit, each.at_ms, each.value) for each in waiting]))
        except (DBAPIError, HistoryAway) as error:
            self._lost_it(error, now)
            return
        if self._away:
            log.warning("the history answers again; %d readings have waited", self.spool.count)
        self._away = False
        self.spool.done(each.id for number, each in enumerate(waiting) if number not in refused)
        self.counters["kept"] += len(waiting) - len(refused)
        self.counters["refused"] += self.spool.refuse((waiting[each].id for each in refused), MOST_REFUSED)
        self.retries_at = now + RETRIES_EVERY if refused else None

    def wakes_at(self, now: datetime, idle: datetime) -> datetime:
        """When to catch up next; `idle` when nothing waits."""
        return self.retries_at or (now if self.spool.count else idle)

    def _append(self, given: Sequence[Spooled]) -> list[int]:
        """Hand readings over; the places of those that were not taken."""
        readings = self._readings(given)
        refused: set[Reading] = set()
        try:
            self.history.append([each for each in readings if each is not None])
        except PartlyKept as error:
            refused = set(error.refused)
        if self.history.forgets:
            self._doubt.took([given[number] for number, each in enumerate(readings) if each is not None and each not in refused])
        return [number for number, each in enumerate(readings) if each is None or each in refused]

    def _readings(self, given: Sequence[Spooled]) -> list[Reading | None]:
        """As the history takes them; None of a series that cannot be made."""
        ids = self.history.all_series({series: unit for series, unit, _, _ in given})
        return [Reading(ids[series], EPOCH + at_ms * INSTANT, value) if series in ids else None
                for series, _, at_ms, value in given]

    def _make_sure(self, now: datetime) -> None:
        """What the history took some time ago, and has not written, goes again."""
        asked = [] if self._away else self._doubt.due(now)
        if not asked:
            return
        try:
            readings = self._readings(asked)
            found = self.history.written([each for each in readings if each is not None])
        except (DBAPIError, HistoryAway) as error:
            self._lost_it(error, now)
            return
        again = self._doubt.judged([each for each, reading in zip(asked, readings, strict=True) if reading in found], asked)
        if again:
            log.warning("the history has not written all that it took: the last %d readings go again", len(again))
            self._take_back(again)

    def _take_back(self, given: Sequence[Spooled]) -> None:
        self.counters["kept"] -= len(given)
        self._wait(given)

    def _wait(self, given: Iterable[Spooled]) -> None:
        self.counters["lost"] += self.spool.put(given)

    def _lost_it(self, error: DBAPIError | HistoryAway, now: datetime) -> None:
        if not self._away:
            log.error("the history does not answer, readings wait: %s", error.orig if isinstance(error, DBAPIError) else error)
        self._away, self.retries_at = True, now + RETRIES_EVERY
        self._take_back(self._doubt.all())
