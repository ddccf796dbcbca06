"""What a simulated day was worth, from what the twins logged, the ledger and the plans. Pure.

The import is the territory's: its balance before the homes, minus what they really drew. The counterfactual is the same
appliances, always supplied: "started as soon as declared". What has not been drawn at the end of the day, a tank's last
reheating above all, is owed: it counts as if it were imported, so that waiting past midnight avoids nothing. Of the
plans, the report takes only what was expected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import field, frozen

from elfe.command.orders import MISSED, Cause, Order, Stage, Why
from elfe.coordination.values import Appliance
from elfe.ems.model import imported_wh
from elfe.ems.values import Plan
from elfe.simulation.appliances import CycleMachine, Log, Run, SimulatedAppliance, Tank
from elfe.simulation.homes import Account, Seen
from elfe.simulation.story import Act
from elfe.slots import SLOT, slot_start

LUKEWARM_C = 40.0
MINUTE = timedelta(minutes=1)


class Trouble(StrEnum):
    """What may go wrong in a day."""

    LATE = "late"                # a promise that could be kept was not
    UNFINISHED = "unfinished"    # its deadline has passed and its cycle is not whole
    ORDER = "order"              # an order was missed
    REFUSED = "refused"          # a declaration was refused
    COLD = "cold"                # nobody wants to wash with this


@frozen
class Problem:
    """Something that went wrong: whom it concerns, and what is known of it."""

    trouble: Trouble
    who: str
    detail: str = ""
    deadline: datetime | None = None
    ended_at: datetime | None = None


@frozen
class Told:
    """What can be said of one declaration. Energies in Wh; `more_wh` is what starting at once would have imported more."""

    appliance: Appliance
    declared_at: datetime
    deadline: datetime | None
    possible: bool
    ran_from: datetime | None
    ran_to: datetime | None
    energy_wh: float
    local_wh: float                  # of it, from the territory's surplus
    expected_local_wh: float | None  # as the plan forecast it that started it; None when no plan did
    more_wh: float
    coldest_c: float | None          # of a tank
    well: bool


@frozen
class Report:
    """A day, in figures and sentences. Energies in Wh."""

    hours: float
    source: str                      # of the territory's balance
    moved_wh: float
    imported_wh: float
    owed_wh: float                   # what at once would have drawn by now, and is still to be drawn
    at_once_wh: float
    declared: int
    done: int
    deadlines: int
    kept: int
    impossible: int
    coldest_c: float | None
    orders: Mapping[str, int]
    told: tuple[Told, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def avoided_wh(self) -> float:
        """Import avoided against "started as soon as declared"."""
        return self.at_once_wh - self.imported_wh - self.owed_wh

    @property
    def well(self) -> bool:
        """Whether nothing went wrong."""
        return not self.problems


@frozen
class Day:
    """What a report is made from. `plans` are those in force when an order to start was acknowledged, by its slot."""

    start: datetime
    end: datetime
    balance_w: Sequence[float]                       # per quarter, without the homes
    source: str
    account: Account
    replayed: Sequence[Seen]                         # the same appliances, always supplied
    orders: Sequence[Order]
    plans: Mapping[int, Plan]

    @property
    def quarters(self) -> int:
        """How many it has."""
        return (self.end - self.start) // SLOT


@frozen
class Use:
    """One declaration, what came of it, and what would have come of it at once."""

    act: Act
    since: datetime                  # its own part of the day: until the next declaration of the same appliance
    until: datetime
    seen: Seen
    again: Seen
    run: Run | None                  # of a machine

    @property
    def due(self) -> bool:
        """Whether it was promised for a time that has come."""
        return self.run is not None and self.act.deadline is not None and self.act.deadline <= self.until

    @property
    def possible(self) -> bool:
        """Whether the wish could be kept: from the next quarter on there was room for what was declared."""
        act = self.act
        return act.deadline is None or act.lasts is None or act.deadline - act.at >= act.lasts + 2 * SLOT

    @property
    def in_time(self) -> bool:
        """Whether its cycle is whole, and was so by its deadline."""
        return (self.run is not None and self.run.ended_at is not None
                and (self.act.deadline is None or self.run.ended_at <= self.act.deadline))

    @property
    def trouble(self) -> Trouble | None:
        """What went wrong with it."""
        if not self.due or self.in_time:
            return None
        if self.run is None or self.run.ended_at is None:
            return Trouble.UNFINISHED
        return Trouble.LATE if self.possible else None

    @property
    def ran_from(self) -> datetime | None:
        """Since when its machine ran without being cut, by its own log."""
        if self.run is None or self.run.began_at is None:
            return None
        return self.seen.log.supplied_since(self.run.loaded_at, self.run.ended_at or self.until) or self.run.began_at


def report(day: Day) -> Report:
    """The report of a day."""
    uses = list(_uses(day))
    drawn, at_once = (_sum_w([seen.log for seen in all_seen], day) for all_seen in (day.account.seen, day.replayed))
    runs = [run for seen in day.account.seen for run in _runs(seen.appliance)]
    due = [use for use in uses if use.due]
    tanks = [seen.appliance for seen in day.account.seen if isinstance(seen.appliance, Tank)]
    return Report(
        hours=(day.end - day.start) / timedelta(hours=1), source=day.source,
        moved_wh=sum(max(0.0, here - there) for here, there in zip(drawn, at_once, strict=True)) / 4,
        imported_wh=imported_wh(_less(day.balance_w, drawn)), owed_wh=_owed_wh(drawn, at_once),
        at_once_wh=imported_wh(_less(day.balance_w, at_once)),
        declared=len(uses), done=sum(run.ended_at is not None for run in runs),
        deadlines=len(due), kept=sum(use.in_time for use in due), impossible=sum(not use.possible for use in due),
        coldest_c=min((tank.coldest_c for tank in tanks), default=None),
        orders=_counted([each for each in day.orders if slot_start(each.slot) < day.end]),
        told=tuple(_tell(day, use, drawn) for use in uses),
        problems=tuple(_problems(day, uses)))


def replay(account: Account, fresh: Mapping[int, SimulatedAppliance], start: datetime, end: datetime) -> tuple[Seen, ...]:
    """The same appliances lived again, always supplied; `fresh` are they as they were at the start."""
    return tuple(
        Seen(seen.appliance_id, live_unpiloted(fresh[seen.appliance_id], _loaded_at(seen.appliance), start, end),
             fresh[seen.appliance_id])
        for seen in account.seen)


def live_unpiloted(appliance: SimulatedAppliance, loads: Sequence[datetime], start: datetime, end: datetime) -> Log:
    """What an appliance draws that nobody pilots: each load of a machine runs as soon as it is in it."""
    log, now, waiting = Log(), start, list(loads)
    while now < end:
        appliance.until(now, powered=True)
        if isinstance(appliance, CycleMachine) and waiting and waiting[0] <= now and appliance.running is None:
            emptied_at = appliance.runs[-1].ended_at if appliance.runs else None
            appliance.load(max(waiting.pop(0), emptied_at or start))
        log.write(now, appliance.power_w(powered=True), True)
        now += MINUTE
    return log


def expected_local_wh(plan: Plan, appliance_id: int) -> float | None:
    """How much of an appliance's energy a plan expected to come from surplus; None when it did not place it."""
    placed = next((each.power_w for each in plan.placements if each.appliance_id == appliance_id), None)
    return None if placed is None else _local_wh(plan.balance_with_w, placed)


# -- what there is to tell of ------------------------------------------------------------------------------------------------


def _uses(day: Day) -> Iterator[Use]:
    """Each declaration, with its part of the day: one that was refused ends nobody's."""
    for seen, again in zip(day.account.seen, day.replayed, strict=True):
        acts = [act for act in day.account.acts if act.appliance.id == seen.appliance_id]
        runs = {_asked_by(acts, run): run for run in _runs(seen.appliance)}
        taken = [number for number in range(len(acts)) if number in runs or not isinstance(seen.appliance, CycleMachine)]
        for number, act in enumerate(acts):
            until = next((acts[later].at for later in taken if later > number), day.end)
            yield Use(act, act.at if number else day.start, until, seen, again, runs.get(number))


def _asked_by(acts: Sequence[Act], run: Run) -> int:
    """The number of the act that filled the machine: the last one before it."""
    return max((number for number, act in enumerate(acts) if act.at <= run.loaded_at), default=0)


def _tell(day: Day, use: Use, drawn: Sequence[float]) -> Told:
    """What it drew, and what the territory would have imported had it alone started at once, the rest held."""
    own, at_once = (each.log.between(use.since, use.until).quarters_w(day.start, day.quarters, SLOT)
                    for each in (use.seen, use.again))
    balance = _less(day.balance_w, drawn)
    without = [b + w for b, w in zip(balance, own, strict=True)]
    start = _start_order(day, use)
    plan = day.plans.get(start.slot) if start else None
    return Told(
        use.act.appliance, use.act.at, use.act.deadline, use.possible, use.ran_from,
        ran_to=use.run.ended_at if use.run else None, energy_wh=sum(own) / 4, local_wh=_local_wh(balance, own),
        expected_local_wh=expected_local_wh(plan, use.act.appliance.id) if plan else None,
        more_wh=imported_wh(_less(without, at_once)) - imported_wh(balance) - _owed_wh(own, at_once),
        coldest_c=use.seen.appliance.coldest_c if isinstance(use.seen.appliance, Tank) else None,
        well=use.trouble is None)


def _start_order(day: Day, use: Use) -> Order | None:
    return next((order for order in day.orders if order.appliance_id == use.act.appliance.id and order.why is Why.START
                 and use.since <= order.wanted_at < use.until), None)


def _problems(day: Day, uses: Sequence[Use]) -> Iterator[Problem]:
    for use in uses:
        if use.trouble and use.run:
            detail = f"{use.run.done // MINUTE}/{use.run.whole // MINUTE}"
            yield Problem(use.trouble, name(use.act.appliance), detail, use.act.deadline, use.run.ended_at)
    for order in day.orders:
        if order.stage in MISSED:
            yield Problem(Trouble.ORDER, order.device_id, f"{order.why}: {order.cause}")
    for refused in day.account.refused:
        yield Problem(Trouble.REFUSED, refused)
    for use in uses:
        tank = use.seen.appliance
        if isinstance(tank, Tank) and tank.coldest_c < LUKEWARM_C:
            yield Problem(Trouble.COLD, name(use.act.appliance), f"{tank.coldest_c:.0f}")


def name(appliance: Appliance) -> str:
    """As a person says it."""
    return f"{appliance.name} {appliance.participant}"


def _runs(appliance: SimulatedAppliance) -> Sequence[Run]:
    return appliance.runs if isinstance(appliance, CycleMachine) else ()


def _loaded_at(appliance: SimulatedAppliance) -> list[datetime]:
    return [run.loaded_at for run in _runs(appliance)]


# -- sums ----------------------------------------------------------------------------------------------------------------------


def _local_wh(balance: Sequence[float], own: Sequence[float]) -> float:
    """How much of what it drew the territory did not import for it, the rest held."""
    without = [b + w for b, w in zip(balance, own, strict=True)]
    return max(0.0, sum(own) / 4 - (imported_wh(balance) - imported_wh(without)))


def _owed_wh(drawn: Sequence[float], at_once: Sequence[float]) -> float:
    return max(0.0, sum(at_once) - sum(drawn)) / 4


def _less(balance: Sequence[float], drawn: Sequence[float]) -> list[float]:
    return [b - w for b, w in zip(balance, drawn, strict=True)]


def _sum_w(logs: Sequence[Log], day: Day) -> list[float]:
    total = [0.0] * day.quarters
    for log in logs:
        total = [here + there for here, there in zip(total, log.quarters_w(day.start, day.quarters, SLOT), strict=True)]
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
