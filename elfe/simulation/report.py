"""What a simulated day was worth, from what the twins logged, the ledger and the plans. Pure.

The import is the territory's: its balance before the homes, minus what they really drew. The counterfactual is the same
appliances, always supplied: "started as soon as declared".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import field, frozen

from elfe.command.orders import MISSED, Cause, Order, Stage, Why
from elfe.coordination.values import Appliance
from elfe.ems.model import imported_wh
from elfe.simulation.appliances import CycleMachine, Log, Run, Tank
from elfe.simulation.homes import Account, Seen
from elfe.simulation.story import Act
from elfe.slots import SLOT

LUKEWARM_C = 40.0


@frozen
class Told:
    """What can be said of one appliance. Energies in Wh; `more_wh` is what starting at once would have imported more."""

    appliance: Appliance
    declared_at: datetime
    deadline: datetime | None
    possible: bool
    ran_from: datetime | None
    ran_to: datetime | None
    energy_wh: float
    local_wh: float
    more_wh: float
    coldest_c: float | None          # of a tank
    well: bool


@frozen
class Report:
    """A day, in figures and sentences. Energies in Wh."""

    hours: float
    moved_wh: float
    imported_wh: float
    at_once_wh: float
    declared: int
    done: int
    deadlines: int
    kept: int
    impossible: int
    coldest_c: float | None
    orders: Mapping[str, int]
    told: tuple[Told, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def avoided_wh(self) -> float:
        """Import avoided against "started as soon as declared"."""
        return self.at_once_wh - self.imported_wh

    @property
    def well(self) -> bool:
        """Whether nothing went wrong."""
        return not self.problems


@frozen
class Day:
    """What a report is made from."""

    start: datetime
    end: datetime
    balance_w: Sequence[float]                       # per quarter, without the homes
    account: Account
    orders: Sequence[Order]
    zone: tzinfo


def report(day: Day, replayed: Sequence[Seen]) -> Report:
    """The report of a day; `replayed` are the same appliances, always supplied."""
    count = (day.end - day.start) // SLOT
    acts = {act.appliance.id: act for act in day.account.acts}
    drawn = _sum_w([seen.log for seen in day.account.seen], day.start, count)
    told = tuple(_tell(day, acts[seen.appliance_id], seen, again, drawn)
                 for seen, again in zip(day.account.seen, replayed, strict=True) if seen.appliance_id in acts)
    runs = [(acts[seen.appliance_id], run) for seen in day.account.seen if isinstance(seen.appliance, CycleMachine)
            for run in seen.appliance.runs]
    due = [(act, run) for act, run in runs if act.deadline is not None and act.deadline <= day.end]
    possible = [(act, run) for act, run in due if _possible(act)]
    tanks = [seen.appliance for seen in day.account.seen if isinstance(seen.appliance, Tank)]
    at_once = _sum_w([seen.log for seen in replayed], day.start, count)
    return Report(
        hours=(day.end - day.start) / timedelta(hours=1),
        moved_wh=sum(max(0.0, here - there) for here, there in zip(drawn, at_once, strict=True)) / 4,
        imported_wh=imported_wh([b - w for b, w in zip(day.balance_w, drawn, strict=True)]),
        at_once_wh=imported_wh([b - w for b, w in zip(day.balance_w, at_once, strict=True)]),
        declared=len(acts), done=sum(run.ended_at is not None for _, run in runs),
        deadlines=len(due), kept=sum(_in_time(act, run) for act, run in due), impossible=len(due) - len(possible),
        coldest_c=min((tank.coldest_c for tank in tanks), default=None),
        orders=_counted(day.orders), told=told, problems=tuple(_problems(day, possible, tanks)))


def replay(account: Account, fresh: Mapping[int, object], start: datetime, end: datetime) -> tuple[Seen, ...]:
    """The same appliances lived again, always supplied; `fresh` are they as they were at the start."""
    acts = {act.appliance.id: act for act in account.acts}
    return tuple(_replayed(seen, fresh[seen.appliance_id], acts.get(seen.appliance_id), start, end)
                 for seen in account.seen)


def _replayed(seen: Seen, fresh: object, act: Act | None, start: datetime, end: datetime) -> Seen:
    assert isinstance(fresh, CycleMachine | Tank)
    log, now = Log(), start
    while now < end:
        if isinstance(fresh, CycleMachine) and act is not None and not fresh.runs and now >= act.at:
            fresh.load(now)
        fresh.until(now, powered=True)
        log.write(now, fresh.power_w(powered=True), True)
        now += timedelta(minutes=1)
    return Seen(seen.appliance_id, log, fresh)


def _sum_w(logs: Sequence[Log], start: datetime, count: int) -> list[float]:
    total = [0.0] * count
    for log in logs:
        if log.lines:
            total = [here + there for here, there in zip(total, log.quarters_w(start, count, SLOT), strict=True)]
    return total


def _counted(orders: Sequence[Order]) -> dict[str, int]:
    """Orders by how far they came, and the ends by their cause."""
    over = [order for order in orders if order.stage is not Stage.SUPERSEDED]
    return {
        "made": len(orders),
        "sent": sum(order.sent_at is not None for order in orders),
        "acknowledged": sum(order.acknowledged_at is not None for order in orders),
        "proved": sum(order.proved_at is not None for order in orders),
        "satisfied": sum(order.cause == Cause.SATISFIED for order in over),
        "not measurable": sum(order.cause == Cause.NOT_MEASURABLE for order in over),
        "superseded": len(orders) - len(over),
        "overridden": sum(order.stage is Stage.OVERRIDDEN for order in over),
        "missed": sum(order.stage in MISSED for order in over),
    }


def _problems(day: Day, possible: Sequence[tuple[Act, Run]], tanks: Sequence[Tank]) -> list[str]:
    problems = [f"{_name(act.appliance)}: promised for {_clock(act.deadline, day.zone)}, {_outcome(run, day)}"
                for act, run in possible if not _in_time(act, run)]
    problems += [f"order {order.id[:8]} to {order.device_id} ({order.why}) was missed: {order.cause}"
                 for order in day.orders if order.stage in MISSED]
    problems += [f"refused: {each}" for each in day.account.refused]
    problems += [f"a tank fell to {tank.coldest_c:.0f} °C" for tank in tanks if tank.coldest_c < LUKEWARM_C]
    return problems


# -- one appliance ------------------------------------------------------------------------------------------------------------


def _tell(day: Day, act: Act, seen: Seen, again: Seen, drawn: Sequence[float]) -> Told:
    """What it drew, and what the territory would have imported had it alone started at once, the rest held."""
    count = len(drawn)
    own, at_once = (each.log.quarters_w(day.start, count, SLOT) for each in (seen, again))
    balance = [b - w for b, w in zip(day.balance_w, drawn, strict=True)]
    without = [b + w for b, w in zip(balance, own, strict=True)]
    imported = imported_wh(balance)
    otherwise = imported_wh([b - w for b, w in zip(without, at_once, strict=True)])
    energy = sum(own) / 4
    run = seen.appliance.runs[0] if isinstance(seen.appliance, CycleMachine) and seen.appliance.runs else None
    coldest = seen.appliance.coldest_c if isinstance(seen.appliance, Tank) else None
    return Told(
        act.appliance, act.at, act.deadline, _possible(act), ran_from=_first_start(day, act) or (run.began_at if run else None),
        ran_to=run.ended_at if run else None, energy_wh=energy, local_wh=max(0.0, energy - (imported - imported_wh(without))),
        more_wh=otherwise - imported, coldest_c=coldest,
        well=(run is None or _in_time(act, run) or not _possible(act) or act.deadline is None or act.deadline > day.end))


def _first_start(day: Day, act: Act) -> datetime | None:
    """When the device acknowledged the start."""
    return next((order.acknowledged_at for order in day.orders
                 if order.appliance_id == act.appliance.id and order.why is Why.START and order.acknowledged_at), None)


def _possible(act: Act) -> bool:
    """Whether the wish could be kept: from the next quarter on there was room for what was declared."""
    return act.deadline is None or act.lasts is None or act.deadline - act.at >= act.lasts + 2 * SLOT


def _in_time(act: Act, run: Run) -> bool:
    return run.ended_at is not None and (act.deadline is None or run.ended_at <= act.deadline)


def _outcome(run: Run, day: Day) -> str:
    if run.ended_at is not None:
        return f"ended at {_clock(run.ended_at, day.zone)}"
    return "has not ended" if run.done else "never ran"


def _name(appliance: Appliance) -> str:
    return f"{appliance.name} {appliance.participant}"


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M}" if at else "?"
