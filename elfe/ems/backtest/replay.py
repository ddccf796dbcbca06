"""Living through days again: in every quarter what is declared by then is planned with what is known then.

Only the first slot of a plan is carried out: a load that it starts is started, the others are planned again a quarter later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from attrs import define, field, frozen

from elfe.ems import model
from elfe.ems.backtest.values import Days, Declared
from elfe.ems.costs import IMPORT
from elfe.ems.forecast import blend
from elfe.ems.forecast.blend import Blend
from elfe.ems.forecast.models import LEARNS_FROM, clues
from elfe.ems.forecast.past import DAY, past
from elfe.ems.forecast.run import leads_of
from elfe.ems.forecast.values import Floats
from elfe.ems.loads.base import Wishes
from elfe.ems.loads.shifts import Shifts
from elfe.ems.model import Homes, Problem
from elfe.slots import HORIZON

Solve = Callable[[Problem], model.Choice]
Expects = Callable[[int], Floats]
"""The balance that is expected from a slot on, 96 W."""


def at_once(days: Days) -> list[int]:
    """Each as soon as it is declared."""
    return [each.known for each in days.declared]


def replay(days: Days, expects: Expects, solve: Solve, home_w: float | None = None,
           tell: Callable[[int], None] = lambda slot: None) -> list[int]:
    """The slot in which each load is started.

    Where what is expected is what comes and nothing new was declared, the last plan still stands and is not made again.
    """
    starts: dict[int, int] = {}
    by_slot: dict[int, list[int]] = {}
    for n, each in enumerate(days.declared):
        by_slot.setdefault(each.known, []).append(n)
    waiting: list[int] = []
    told: dict[int, int] = {}            # of those that wait: the start that was planned, an index from this slot on
    running = np.zeros(len(days.came) + HORIZON + max((len(each.profile) for each in days.declared), default=0))
    for slot in range(min([days.begins, *by_slot]), days.stops):
        if slot >= days.ends and not waiting:
            break
        waiting += by_slot.get(slot, [])
        tell(slot)
        if not waiting:
            continue
        at = slot - days.first
        if told.keys() == set(waiting) and isinstance(expects, Truth):
            told = {n: start - 1 for n, start in told.items()}
        else:
            balance = expects(slot) - running[at:at + HORIZON]
            runs = solve(_problem([days.declared[n] for n in waiting], slot, balance, days.own_w, home_w)).runs[0]
            told = {n: int(start) for n, start in zip(waiting, runs, strict=True)}
        for n in [n for n, start in told.items() if start == 0]:
            del told[n]
            starts[n] = slot
            waiting.remove(n)
            profile = days.declared[n].profile
            running[at:at + len(profile)] += profile
    return [starts.get(n, max(each.known, days.stops)) for n, each in enumerate(days.declared)]


def _problem(loads: Sequence[Declared], slot: int, balance: Floats, own_w: Mapping[str, float], home_w: float | None) -> Problem:
    last = [min(max(0, each.last_start - slot), max(0, HORIZON - len(each.profile))) for each in loads]
    fleet = Shifts.of([each.profile[:HORIZON] for each in loads], [0] * len(loads), last, [Wishes()] * len(loads))
    limits = model.limits([each.home for each in loads], own_w, home_w)
    if not limits:
        return Problem(balance, (fleet,))
    numbers = {home: n for n, home in enumerate(limits)}
    homes = Homes(np.array([numbers.get(each.home, -1) for each in loads]), np.array([*limits.values()]))
    return Problem(balance, (fleet,), IMPORT, homes)


# -- what is expected -----------------------------------------------------------------------------------------------------------


@frozen(eq=False)
class Truth:
    """Who knows what comes."""

    days: Days

    def __call__(self, slot: int) -> Floats:
        """As `Expects`."""
        at = slot - self.days.first
        return self.days.came[at:at + HORIZON]


@define
class Forecasts:
    """Who knows what came, as a run of the EMS does: learned once a day from what lies behind."""

    days: Days
    errors: list[float] = field(factory=list)
    _blends: Mapping[bool, Blend | None] = field(factory=dict)
    _day: int | None = None

    def __call__(self, slot: int) -> Floats:
        """As `Expects`."""
        at, days = slot - self.days.first, self.days
        behind = max(0, at - LEARNS_FROM)
        known = [None if np.isnan(each) else float(each) for each in days.balance[behind:at]]
        around = days.weather[:, behind:at + HORIZON]
        seen = past(known, slot, around if around.shape[1] == at + HORIZON - behind else np.empty((0, 0)), days.zone)
        if seen is None:
            return np.zeros(HORIZON)
        if self._day != slot // DAY:
            self._blends = {weather: blend.learned(seen, weather=weather) for weather in (False, True)}
            self._day = slot // DAY
        asked = (self._blends.get(True) if len(seen.weather) else None) or self._blends.get(False)
        if asked is None:
            said = clues(seen, np.array([len(seen.balance)])).persistence[0] if len(seen.balance) > 8 * DAY else seen.balance[-DAY:]
        else:
            said = asked.ask(seen)[0]
        told = np.array([said[lead] for lead in leads_of(seen, slot, days.zone)]) * seen.scale_w
        came = days.balance[at:at + HORIZON]
        if np.isfinite(came).any():
            self.errors.append(float(np.nanmean(np.abs(told[:len(came)] - came))))
        return told
