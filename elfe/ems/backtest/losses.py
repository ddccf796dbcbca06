"""Replays beside each other: what was avoided, and what was lost to what. Pure, but for the solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from itertools import pairwise

from attrs import evolve

from elfe.ems.backtest.replay import Forecasts, Solve, Truth, at_once, replay
from elfe.ems.backtest.values import Days, Worth
from elfe.slots import HORIZON, slot_of, slot_start

CAUSES = ("forecast", "deadline", "limit", "solver")
Tell = Callable[[str, int], None]
"""Told now and then: what is replayed, and the slot that it has reached."""


def judged(days: Days, solve: Solve, solve_longer: Solve, home_w: float | None, tell: Tell = lambda what, slot: None) -> Worth:
    """What the days would have been worth. Causes of loss are taken away one behind the other, so that what they cost adds up:

    forecast   as it was planned, less the same with the true balance
    deadline   less the same with a day for every load
    limit      less the same without the homes' limit
    solver     less the same with ten times the solver's work
    """
    forecasts, truth = Forecasts(days), Truth(days)
    patient = evolve(days, declared=tuple(evolve(each, deadline=max(each.deadline, each.known + HORIZON))
                                          for each in days.declared))
    soonest = at_once(days)
    planned = replay(days, forecasts, solve, home_w, lambda slot: tell("as it was planned", slot))
    known = replay(days, truth, solve, home_w, lambda slot: tell("with the true balance", slot))
    unhurried = replay(patient, truth, solve, home_w, lambda slot: tell("with a day for every load", slot))
    unlimited = evolve(patient, own_w={})
    free = unhurried if home_w is None and not days.own_w else replay(
        unlimited, truth, solve, None, lambda slot: tell("without the homes' limit", slot))
    best = replay(unlimited, truth, solve_longer, None, lambda slot: tell("with ten times the work", slot))
    steps = [days.imported_wh(each) for each in (planned, known, unhurried, free, best)]
    errors = forecasts.errors
    return Worth(
        energy_wh=sum(sum(each.profile) for each in days.declared) / 4, at_once_wh=days.imported_wh(soonest),
        planned_wh=steps[0], foresight_wh=steps[1], by_kind_wh=_by_kind(days, soonest, planned), best_wh=steps[-1],
        lost_wh={cause: before - behind for cause, (before, behind) in zip(CAUSES, pairwise(steps), strict=True)},
        late=sum(start > each.last_start for start, each in zip(planned, days.declared, strict=True)),
        forecast_error_w=sum(errors) / len(errors) if errors else 0.0, per_day=_per_day(days, soonest, planned, known))


def _by_kind(days: Days, soonest: Sequence[int], planned: Sequence[int]) -> dict[str, float]:
    """What each kind avoids when it alone is moved."""
    found = {}
    for kind in sorted({each.kind for each in days.declared}):
        mixed = [there if each.kind == kind else here for each, here, there in zip(days.declared, soonest, planned, strict=True)]
        found[kind] = days.imported_wh(soonest) - days.imported_wh(mixed)
    return found


def _per_day(days: Days, *starts: Sequence[int]) -> tuple[tuple[int, float, float, float], ...]:
    """By the territory's days, of 92 quarters and of 100 too. What runs behind the last one counts as of it."""
    one, two, three = (days.imports_wh(each) for each in starts)
    begins = _midnights(days)
    return tuple((begin, float(one[here].sum()), float(two[here].sum()), float(three[here].sum()))
                 for begin, until in zip(begins, [*begins[1:], None], strict=True)
                 for here in (slice(begin - days.begins, until and until - days.begins),))


def _midnights(days: Days) -> list[int]:
    """The first slot, and that of each day of the territory that begins behind it."""
    found, at = [days.begins], slot_start(days.begins).astimezone(days.zone)
    while True:
        at = (at + timedelta(days=1)).replace(hour=0, minute=0, second=0)      # of wall time
        slot = slot_of(at.astimezone(UTC))
        if slot >= days.ends:
            return found
        found.append(slot)
