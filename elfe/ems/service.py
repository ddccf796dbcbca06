"""The EMS's daemon: a run half a minute before each quarter, planning from that quarter on."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError

from elfe.coordination import queries
from elfe.ems import store
from elfe.ems.run import LEAD, first_slot_at, run_once
from elfe.ems.solve import Solver
from elfe.ems.sources import Sources
from elfe.errors import ElfeError
from elfe.slots import next_slot_start, slot_of, slot_start

KEEP = timedelta(days=400)

log = logging.getLogger("elfe.ems")


class EmsService:
    """Plans every quarter. See `elfe.app.loop.Service`."""

    def __init__(self, sources: Sources, solver: Solver, keep: timedelta = KEEP) -> None:
        self._sources, self._keep = sources, keep
        self._solver = solver
        self._runs_at: datetime | None = None

    def step(self, now: datetime) -> datetime:
        """Run when it is time; a run that failed is tried again at the next quarter, and the plan in force goes on."""
        if self._runs_at is not None and now >= self._runs_at:
            self._run(now)
        self._runs_at = next_run(now)
        return self._runs_at

    def close(self) -> None:
        """End the solver's process."""
        self._solver.close()

    def _run(self, now: datetime) -> None:
        try:
            plan = run_once(self._sources, self._solver, now, first_slot_at(now))
        except (DBAPIError, ElfeError) as error:
            log.error("no plan this quarter: %s", error)
        else:
            log.info("plan from %s: %d loads, %.1f kWh imported, %s, %d ms", slot_start(plan.first_slot).isoformat(),
                     len(plan.placements), plan.imported_wh / 1000, plan.solver, plan.solve_ms)
        self._learn(now)
        self._prune(now)

    def _prune(self, now: datetime) -> None:
        """Old plans; behind the new one, too."""
        try:
            gone = store.prune(self._sources.sortie, slot_of(now - self._keep))
        except DBAPIError as error:
            log.error("old plans stay for now: %s", error)
        else:
            if gone:
                log.info("%d rows of plans older than %d days are gone", gone, self._keep.days)

    def _learn(self, now: datetime) -> None:
        """The cycles of the machines whose quarter of the day it is; behind the plan, which does not wait for them."""
        try:
            count = self._sources.cycles.learn_daily(queries.machines(self._sources.coordination), now)
        except (DBAPIError, ElfeError) as error:
            log.error("no cycles learned this quarter: %s", error)
        else:
            log.debug("cycles of %d machines looked at", count)


def next_run(now: datetime) -> datetime:
    """Half a minute before a quarter, strictly after `now`."""
    at = next_slot_start(now) - LEAD
    return at if at > now else next_slot_start(next_slot_start(now)) - LEAD
