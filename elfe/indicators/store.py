"""What the indicators read: plans, the order ledger, the history. They are kept in the history, under the contract's keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from attrs import field, frozen
from sqlalchemy import Engine, func, select

from elfe.command import store as ledger
from elfe.command.orders import MISSED, Cause, Order, Stage, Why
from elfe.coordination import queries, tables
from elfe.coordination.values import Appliance, Flexibility, Mode
from elfe.ems import store as sortie_store
from elfe.ems.store import PLACEMENT, RESULT
from elfe.history.keeper import Keeper, spooled
from elfe.history.values import History
from elfe.indicators.definitions import Facts, Launch, Value
from elfe.indicators.waterfall import Kept, Lent
from elfe.slots import HORIZON, SLOT, SLOT_S, epoch_s, slot_of, slot_start
from elfe.territory import store as territory
from elfe.territory.balance import HELD_FOR

DAY = timedelta(days=1)
SOURCES = ("Prod_eolienne", "Prod_solaire", "Prod_methanisation")
PLACED = "Cumul_energie_placee"
NOT_MOVED = frozenset({410, 901, 910, 920})
OUT_OF_USE = frozenset({Mode.MEASURED, Mode.DISABLED, Mode.REMOVED})
LONGEST_RUN = 24
"""Slots after its start in which what a machine draws is still that run: six hours."""
CATCHES_UP = 4 * 24
"""Quarters that the running total goes back for when nobody was there to count."""


@frozen
class World:
    """Where the indicators read."""

    coordination: Engine
    sortie: Engine
    history: History
    zone: tzinfo
    keeper: Keeper = field()          # how they are kept

    @keeper.default
    def _keeper(self) -> Keeper:
        return Keeper(self.history)


# -- the twelve ------------------------------------------------------------------------------------------------------------------


def facts(world: World, now: datetime) -> Facts:
    """What is known at the end of the last whole quarter."""
    end = slot_of(now)
    first = _month(now, world.zone)
    production, consumption = (_quarters(world.history, name, first, end) for name in (territory.PRODUCTION, territory.CONSUMPTION))
    drawn = _quarters(world.history, territory.CONSUMPTION, end - HORIZON, end)
    appliances = queries.appliances(world.coordination)
    launches = _launches(world.sortie)
    day_ago = epoch_s(now - DAY)
    ever, today = placed(world, now, appliances)
    return Facts(
        production, consumption, {name: _quarters(world.history, name, end - 1, end) for name in SOURCES}, today, ever, drawn,
        planned=_planned(world.sortie), started=frozenset(
            each.appliance_id for each in queries.flexibilities(world.coordination, now - DAY)
            if each.started_at and each.started_at > now - DAY),
        movable=frozenset(each.id for each in appliances if each.type not in NOT_MOVED and each.mode not in OUT_OF_USE),
        every=sum(each.type not in NOT_MOVED for each in appliances),
        launches=[each for each, _ in launches],
        launched_today=frozenset(each.appliance_id for each, at in launches if at > day_ago),
        mean_wh=_means(world.coordination))


def _month(now: datetime, zone: tzinfo) -> int:
    """The slot in which the local month began."""
    return slot_of(now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _quarters(history: History, name: str, first: int, end: int) -> list[float | None]:
    series = history.find(name)
    return [None] * (end - first) if series is None else history.quarters(series, first, end - first, HELD_FOR)


def _launches(sortie: Engine) -> list[tuple[Launch, int]]:
    """What plans wanted to start in their own first slot, with its instant in epoch seconds."""
    wanted = select(RESULT.c.machine_id, RESULT.c.machine_type, RESULT.c.first_valid_timestamp).where(RESULT.c.decisions_0 == 1)
    with sortie.connect() as connection:
        return [(Launch(row[0], row[1], row[2] // 86_400), row[2]) for row in connection.execute(wanted)]


def _planned(sortie: Engine) -> int:
    with sortie.connect() as connection:
        newest = select(func.max(RESULT.c.first_valid_timestamp)).scalar_subquery()
        found: int | None = connection.scalar(select(func.count()).where(RESULT.c.first_valid_timestamp == newest))
    return found or 0


def _means(coordination: Engine) -> dict[int, float]:
    table = tables.MeanConsumptionRow.__table__  # type: ignore[attr-defined]
    with coordination.connect() as connection:
        return {row[0]: float(row[1]) for row in connection.execute(
            select(table.c.equipement_pilote_type_id, table.c.consommation))}


# -- what was placed -------------------------------------------------------------------------------------------------------------


def placed(world: World, now: datetime, appliances: Sequence[Appliance]) -> tuple[float, float]:
    """What runs that we placed have drawn since the beginning, and within 24 hours, Wh.

    The total is its own series: each quarter is added once, whoever restarts. What nobody was there to count for more than a day is
    not added.
    """
    history, series, end = world.history, world.history.series(PLACED, "kWh"), slot_of(now)
    behind = now + timedelta(milliseconds=1)
    last = history.last(series, behind)
    total = 1000 * last.value if last else 0.0
    begin = max(slot_of(last.at) if last else end - 1, end - CATCHES_UP)
    sums = []
    for quarter, drawn in zip(range(begin, end), _drawn_in_runs(world, begin, end, appliances), strict=True):
        total += drawn
        sums.append(spooled(PLACED, "kWh", slot_start(quarter + 1), total / 1000))
    world.keeper.keep(sums, now)
    before = history.last(series, behind - DAY) or next(iter(history.readings(series, behind - DAY, behind)), None)
    return total, total - (1000 * before.value if before else total)


def _drawn_in_runs(world: World, begin: int, end: int, appliances: Sequence[Appliance]) -> list[float]:
    """Of each quarter in [begin, end[, Wh."""
    runs = _runs(world, begin, end, appliances)
    series = {appliance_id: each for appliance_id, each in _power_series(world.coordination).items() if runs.get(appliance_id)}
    drawn = world.history.quarters_of(series.values(), begin, end - begin, HELD_FOR)
    sums = [0.0] * (end - begin)
    for appliance_id, each in series.items():
        for at, power in enumerate(drawn[each]):
            if power is not None and begin + at in runs[appliance_id]:
                sums[at] += power * SLOT_S / 3600
    return sums


def _runs(world: World, begin: int, end: int, appliances: Sequence[Appliance]) -> dict[int, set[int]]:
    """The slots in which what an appliance draws was placed by us."""
    continuous = {each.id for each in appliances if each.continuous}
    runs: dict[int, set[int]] = defaultdict(set)
    for appliance_id, slots in sortie_store.allowed_slots(world.sortie, begin, end).items():
        if appliance_id in continuous:
            runs[appliance_id] |= slots
    for each in queries.flexibilities(world.coordination, slot_start(begin - LONGEST_RUN)):
        if each.started_at and each.appliance_id not in continuous:
            start = slot_of(each.started_at)
            runs[each.appliance_id] |= set(range(start, start + LONGEST_RUN))
    return {appliance_id: {each for each in slots if begin <= each < end} for appliance_id, slots in runs.items()}


def _power_series(coordination: Engine) -> dict[int, int]:
    return {each.appliance_id: each.series for mine in territory.appliances(coordination).values() for each in mine}


def keep(keeper: Keeper, values: Iterable[Value], at: datetime, now: datetime) -> None:
    """Each value under its key; the running total has kept itself."""
    keeper.keep([spooled(each.indicator.key, each.indicator.unit, at, each.value)
                 for each in values if each.value is not None and each.indicator.key != PLACED], now)


# -- what became of what was lent ------------------------------------------------------------------------------------------------


def lent(world: World, since: datetime, until: datetime) -> tuple[list[Lent], Kept]:
    """The flexibilities of machines opened in [since, until[, and the promises made with them. Continuous loads are lent all day
    long, quarter by quarter: what they moved is in `placed`.
    """
    appliances = {each.id: each for each in queries.appliances(world.coordination)}
    found = [each for each in queries.flexibilities(world.coordination, since) if since <= each.opened_at < until
             and each.appliance_id in appliances and not appliances[each.appliance_id].continuous]
    orders: dict[int, list[Order]] = defaultdict(list)
    for order in ledger.orders(world.coordination, since_slot=slot_of(since)):
        orders[order.flexibility_id].append(order)
    reader = _Reader(world, _power_series(world.coordination), _expected(world.sortie, since, until),
                     _means(world.coordination), until)
    return [reader.lent(each, appliances[each.appliance_id], orders[each.id]) for each in found], _kept(found, reader, until)


def _expected(sortie: Engine, since: datetime, until: datetime) -> dict[int, list[tuple[int, float]]]:
    """Per appliance, of each plan in order: its first slot, and the energy expected, Wh."""
    wanted = select(PLACEMENT).where(PLACEMENT.c.first_slot >= slot_of(since), PLACEMENT.c.first_slot <= slot_of(until) + 1)
    found: dict[int, list[tuple[int, float]]] = defaultdict(list)
    with sortie.connect() as connection:
        for row in connection.execute(wanted.order_by(PLACEMENT.c.first_slot)):
            powers = [float(each) for each in row.power_w.strip("[]").split(",") if each.strip()]
            found[row.appliance_id].append((row.first_slot, sum(powers) * SLOT_S / 3600))
    return found


@frozen
class _Reader:
    """Reads one flexibility after the other."""

    world: World
    series: Mapping[int, int]
    expected: Mapping[int, Sequence[tuple[int, float]]]
    means: Mapping[int, float]
    until: datetime

    def lent(self, flexibility: Flexibility, appliance: Appliance, orders: Sequence[Order]) -> Lent:
        """What became of one."""
        planned = [wh for first, wh in self.expected.get(appliance.id, ()) if self._during(flexibility, first)]
        starts = [each for each in orders if each.why is Why.START]
        proved = [each for each in starts if each.cause in (Cause.PROVED, Cause.SATISFIED) or each.stage is Stage.PROVED]
        drawn, start = self._run(flexibility)
        asked = slot_of(flexibility.opened_at)
        balance = territory.balance_of(self.world.history, start, start + len(drawn))
        return Lent(
            flexibility.id, appliance.id, f"{appliance.name} {appliance.participant}", flexibility.opened_at,
            usual_wh=self.means.get(appliance.type, 0.0), expected_wh=planned[-1] if planned else None,
            ordered=bool(starts), proved=bool(proved),
            cause=_cause(flexibility, starts), drawn_w=drawn, balance_w=balance, at_once_w=self._at_once(asked, start, drawn))

    def _during(self, flexibility: Flexibility, first_slot: int) -> bool:
        closed = slot_of(flexibility.closed_at) if flexibility.closed_at else slot_of(self.until)
        return slot_of(flexibility.opened_at) <= first_slot <= closed + 1

    def _run(self, flexibility: Flexibility) -> tuple[list[float | None], int]:
        """What was drawn from its start on, to the last quarter of its run."""
        series = self.series.get(flexibility.appliance_id)
        if flexibility.started_at is None or series is None:
            return [], slot_of(flexibility.opened_at)
        start = slot_of(flexibility.started_at)
        count = min(LONGEST_RUN, max(0, slot_of(self.until) - start))
        powers = self.world.history.quarters(series, start, count, HELD_FOR)
        while powers and not powers[-1]:
            powers.pop()
        return powers, start

    def _at_once(self, asked: int, start: int, drawn: Sequence[float | None]) -> list[float | None]:
        """The balance without this run where it would have run as soon as it was declared."""
        balance = territory.balance_of(self.world.history, asked, asked + len(drawn))
        own = {start + at: power for at, power in enumerate(drawn)}
        return [None if each is None else each + (own.get(asked + at) or 0.0) for at, each in enumerate(balance)]


def _cause(flexibility: Flexibility, starts: Sequence[Order]) -> str:
    """Why it came no further: its last order's, or its own end's."""
    ended = [each for each in starts if each.stage in MISSED or each.stage is Stage.OVERRIDDEN]
    if ended:
        return str(ended[-1].cause)
    return "" if flexibility.outcome in ("", "started") else f"taken back ({flexibility.outcome})"


def _kept(found: Iterable[Flexibility], reader: _Reader, until: datetime) -> Kept:
    """Deadlines that have passed, and those at which the run was over."""
    due = [each for each in found if each.deadline is not None and each.deadline <= until]
    kept = 0
    for each in due:
        drawn, start = reader._run(each)
        kept += bool(drawn) and each.deadline is not None and slot_start(start + len(drawn)) <= each.deadline + SLOT
    return Kept(kept, len(due))
