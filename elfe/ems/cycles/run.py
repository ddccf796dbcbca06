"""Learning as it happens: curves read from the history, what they tell kept in the output database.

The daily look is spread over the day: each appliance has a quarter of its own, so that ten thousand are a hundred every
quarter of an hour. What a plan asks for in between is looked up to now and remembered here; the database is written by the
daily look alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from attrs import define, evolve, field
from sqlalchemy import Engine

from elfe.coordination.values import Machine
from elfe.ems.cycles import store
from elfe.ems.cycles.curve import Curve, curve_of
from elfe.ems.cycles.detection import parameters
from elfe.ems.cycles.learning import BY_HAND, Known, learned, looked
from elfe.history.values import History
from elfe.slots import HORIZON, SLOT, slot_of

FIRST_LOOK = timedelta(days=14)
"""How far back an appliance is looked at that was never looked at before."""

log = logging.getLogger("elfe.ems.cycles")


@define
class Book:
    """What is known of every machine's cycles."""

    sortie: Engine
    history: History
    _ahead: dict[int, Known] = field(factory=dict, init=False)      # what was seen since the database was written
    _kept: dict[int, Known] = field(factory=dict, init=False)

    def open(self) -> None:
        """Read again what was kept: somebody may have learned or set something by hand since."""
        self._kept = store.in_short(self.sortie)

    def of(self, machine: Machine, now: datetime) -> Known:
        """What is known of a machine up to now."""
        id = machine.appliance.id
        kept, ahead = self._kept.get(id), self._ahead.get(id)
        if ahead is None or (kept is not None and kept.looked_at and ahead.looked_at and kept.looked_at > ahead.looked_at):
            ahead = kept or Known(parameters(machine.appliance.type))
        elif kept is not None:
            ahead = evolve(ahead, rules=kept.rules, origin=kept.origin, programmes=kept.programmes)
        self._ahead[id] = look(self.history, machine, ahead, now)
        return self._ahead[id]

    def learn_daily(self, machines: Iterable[Machine], now: datetime) -> int:
        """Learn those whose quarter of the day it is, and those that were missed for a day; returns how many."""
        due = [each for each in machines if self._is_due(each, now)]
        for each in due:
            learn(self.sortie, self.history, each, now)
        return len(due)

    def _is_due(self, machine: Machine, now: datetime) -> bool:
        kept = self._kept.get(machine.appliance.id)
        missed = kept is not None and kept.looked_at is not None and now - kept.looked_at >= timedelta(days=1) + SLOT
        return missed or slot_of(now) % HORIZON == machine.appliance.id % HORIZON


def learn(sortie: Engine, history: History, machine: Machine, now: datetime, since: datetime | None = None, *,
          keep: bool = True) -> Known:
    """Look at a machine up to now, put its cycles into programmes, and keep all that unless told otherwise.

    `since`: look again at what was looked at already, from there on; parameters that were not set by hand are found anew.
    """
    id = machine.appliance.id
    by_type = Known(parameters(machine.appliance.type))
    known = store.known(sortie, [id]).get(id, by_type)
    if since is not None:
        rules = known if known.origin == BY_HAND else by_type
        known = evolve(known, rules=rules.rules, origin=rules.origin, resumes_at=since)
    known = learned(look(history, machine, known, now), now)
    if keep:
        store.save(sortie, id, known)
    return known


def look(history: History, machine: Machine, known: Known, now: datetime) -> Known:
    """What is known of a machine with what was measured since."""
    return looked(known, measured(history, machine.power_series, known.resumes_at or now - FIRST_LOOK, now), now)


def measured(history: History, series: int, since: datetime, until: datetime) -> Curve:
    """The power curve of a series, with the reading that held when it begins."""
    before = history.last(series, since)
    return curve_of([*([before] if before else []), *history.readings(series, since, until)])
