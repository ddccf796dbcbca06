"""Replays beside each other: what was avoided, and what was lost to what. Pure, but for the solver."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve

from elfe.ems.backtest.replay import Forecasts, Solve, Truth, at_once, replay
from elfe.ems.backtest.values import Days, Worth
from elfe.slots import HORIZON

Tell = Callable[[str, int], None]
"""Told now and then: what is replayed, and the slot that it has reached."""


def judged(days: Days, solve: Solve, solve_longer: Solve, home_w: float | None, tell: Tell = lambda what, slot: None) -> Worth:
    """What the days would have been worth, each loss with the other causes as they were:

    forecast   as it was planned, less the same with the true balance
    deadline   with the true balance, less the same with a day for every load
    limit      with the true balance, less the same without the homes' limit
    solver     with the true balance, less the same with ten times the solver's work
    """
    forecasts, truth = Forecasts(days), Truth(days)
    soonest = at_once(days)
    planned = replay(days, forecasts, solve, home_w, lambda slot: tell("as it was planned", slot))
    known = replay(days, truth, solve, home_w, lambda slot: tell("with the true balance", slot))
    patient = evolve(days, declared=tuple(evolve(each, deadline=max(each.deadline, each.known + HORIZON))
                                          for each in days.declared))
    starts = {"deadline": replay(patient, truth, solve, home_w, lambda slot: tell("with a day for every load", slot)),
              "solver": replay(days, truth, solve_longer, home_w, lambda slot: tell("with ten times the work", slot))}
    if home_w is not None:
        starts["limit"] = replay(days, truth, solve, None, lambda slot: tell("without the homes' limit", slot))
    imported = days.imported_wh(known)
    lost = {"forecast": days.imported_wh(planned) - imported}
    lost |= {cause: imported - days.imported_wh(found) for cause, found in starts.items()}
    errors = forecasts.errors
    return Worth(
        energy_wh=sum(sum(each.profile) for each in days.declared) / 4, at_once_wh=days.imported_wh(soonest),
        planned_wh=days.imported_wh(planned), foresight_wh=imported, by_kind_wh=_by_kind(days, soonest, planned),
        lost_wh={cause: lost.get(cause, 0.0) for cause in ("forecast", "deadline", "limit", "solver")},
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
    rows = []
    for begins in range(days.begins, days.ends, HORIZON):
        day = evolve(days, begins=begins, ends=min(begins + HORIZON, days.ends))
        one, two, three = (day.imported_wh(each) for each in starts)
        rows.append((begins, one, two, three))
    return tuple(rows)
