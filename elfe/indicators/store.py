"""What the indicators read: plans, the order ledger, the history. They are kept in the history, under the contract's keys.

What cannot be read, a database that is away or a row that makes no sense, costs the indicators that need it and no other.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import TypeVar

import orjson
from attrs import field, frozen
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from elfe.command import store as ledger
from elfe.command.orders import MISSED, Cause, Order, Stage
from elfe.coordination import queries, tables
from elfe.coordination.values import Appliance, Flexibility, Mode
from elfe.ems import store as sortie_store
from elfe.ems.store import PLACEMENT, PLAN, RESULT
from elfe.errors import HistoryAway, HistoryRefuses
from elfe.history.keeper import Keeper, spooled
from elfe.history.values import History, Reading
from elfe.indicators.definitions import Facts, Launch, Value
from elfe.indicators.waterfall import DUE, KEPT, TOTALS, Kept, Lent, added
from elfe.slots import HORIZON, SLOT, SLOT_S, epoch_s, slot_of, slot_start
from elfe.territory import store as territory
from elfe.territory.balance import HELD_FOR

T = TypeVar("T")
DAY, MONTH, YEAR = timedelta(days=1), timedelta(days=30), timedelta(days=365)
SOURCES = ("Prod_eolienne", "Prod_solaire", "Prod_methanisation")
PLACED = "Cumul_energie_placee"
KEPT_TOTALS: Mapping[str, str] = {PLACED: "kWh", **TOTALS}
OURS_TO_KEEP = frozenset({"", "started", "not started", "unknown whether it started"})
"""How a flexibility ends that nobody took back."""
NOT_MOVED = frozenset({410, 901, 910, 920})
OUT_OF_USE = frozenset({Mode.MEASURED, Mode.DISABLED, Mode.REMOVED})
STANDBY_W = 10.0
"""As `elfe.command.rules` has it: a machine that is over and shows it goes on drawing a watt or two."""
LONGEST_RUN = 24
"""Slots after its start in which what a machine draws is still that run: six hours."""
CATCHES_UP = 4 * 24
"""Quarters that the running total goes back for when nobody was there to count."""


log = logging.getLogger("elfe.indicators")


@frozen
class World:
    """Where the indicators read."""

    coordination: Engine
    sortie: Engine
    history: History
    zone: tzinfo
    keeper: Keeper = field()          # how they are kept

    remembered: dict[str, tuple[int, list[float | None]]] = field(factory=dict, init=False)
    """By series, quarters that were read before, and the first of them."""

    @keeper.default
    def _keeper(self) -> Keeper:
        return Keeper(self.history)


# -- the facts of a quarter ------------------------------------------------------------------------------------------------------


def facts(world: World, now: datetime, first: bool = False) -> Facts:
    """What is known at the end of the last whole quarter. `first`: what the first program's numbers need as well, all its plans."""
    end, read = slot_of(now), _Careful()
    month = _month(now, world.zone)
    begin = min(month, end - HORIZON)
    production, consumption = (read.of_history(name, partial(_remembered, world, name, begin, end)) or [None] * (end - begin)
                               for name in (territory.PRODUCTION, territory.CONSUMPTION))
    appliances = read.of_database("appliances", lambda: queries.appliances(world.coordination))
    launches = (read.of_database("launches", lambda: _launches(world.sortie)) if first else []) or []
    ever = totals(world, now, appliances, read) if appliances is not None else {}
    added_ = {key: since for key, ago in ((PLACED, DAY), (DUE, MONTH), (KEPT, MONTH)) if key in ever
              and (since := read.of_history(key, partial(_added_since, world, key, ever[key], now, ago))) is not None}
    return Facts(
        production[-(end - month):] if end > month else (), consumption[-(end - month):] if end > month else (),
        {name: (None,) if made is None else made for name in SOURCES
         for made in [read.of_history(name, partial(_newest, world.history, name, end))]},
        1000 * added_[PLACED] if PLACED in added_ else None, 1000 * ever[PLACED] if PLACED in ever else None,
        consumption[-HORIZON:], production[-HORIZON:], ever, {key: added_[key] for key in (DUE, KEPT) if key in added_},
        planned=read.of_database("result", lambda: _planned(world.sortie, now)),
        started=read.of_database("flexibilities", lambda: _started(world.coordination, now - DAY)),
        movable=None if appliances is None else frozenset(
            each.id for each in appliances if each.type not in NOT_MOVED and each.mode not in OUT_OF_USE),
        every=sum(each.type not in NOT_MOVED for each in appliances or ()),
        launches=[each for each, _ in launches],
        launched_today=frozenset(each.appliance_id for each, at in launches if at > epoch_s(now - DAY)),
        mean_wh=read.of_database("mean consumptions", lambda: _means(world.coordination)) or {})


class _Careful:
    """Reads one thing after the other. A history that is away is not asked again: each question would wait for it."""

    def __init__(self) -> None:
        self._away = False

    def of_history(self, what: str, read: Callable[[], T]) -> T | None:
        """The same, of something that needs the history."""
        return None if self._away else self.of_database(what, read)

    def of_database(self, what: str, read: Callable[[], T]) -> T | None:
        """What is read; None where it cannot be, and that is told."""
        try:
            return read()
        except HistoryAway as error:
            log.warning("indicators, %s: %s", what, error)
            self._away = not isinstance(error, HistoryRefuses)
        except (DBAPIError, ValueError, TypeError, LookupError, ArithmeticError) as error:
            log.warning("indicators, %s cannot be read: %s", what, error.orig if isinstance(error, DBAPIError) else error)
        return None


def _started(coordination: Engine, since: datetime) -> frozenset[int]:
    return frozenset(each.appliance_id for each in queries.flexibilities(coordination, since)
                     if each.started_at and each.started_at > since)


def _month(now: datetime, zone: tzinfo) -> int:
    """The slot in which the local month began."""
    return slot_of(now.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _quarters(history: History, name: str, first: int, end: int) -> list[float | None]:
    series = history.find(name)
    return [None] * (end - first) if series is None else history.quarters(series, first, end - first, HELD_FOR)


def _newest(history: History, name: str, end: int) -> list[float | None]:
    """A source's last quarter, known or not; nothing where it said nothing all day: then the territory has none."""
    of_the_day = _quarters(history, name, end - HORIZON, end)
    return of_the_day[-1:] if any(each is not None for each in of_the_day) else []


def _remembered(world: World, name: str, first: int, end: int) -> list[float | None]:
    """The same; what is older than a day is not read again, for a month of it is long. Younger gaps may still be filled."""
    begin, known = world.remembered.get(name, (first, []))
    stands = [] if begin > first else known[first - begin:max(0, end - HORIZON - begin)]
    found = [*stands, *_quarters(world.history, name, first + len(stands), end)]
    world.remembered[name] = first, found
    return found


def _launches(sortie: Engine) -> list[tuple[Launch, int]]:
    """What plans wanted to start in their own first slot, with its instant in epoch seconds."""
    wanted = select(RESULT.c.machine_id, RESULT.c.machine_type, RESULT.c.first_valid_timestamp).where(RESULT.c.decisions_0 == 1)
    with sortie.connect() as connection:
        return [(Launch(row[0], row[1], row[2] // 86_400), row[2]) for row in connection.execute(wanted)]


def _planned(sortie: Engine, now: datetime) -> int:
    """How many loads the newest run places; of those that are no further ahead than the coming quarter."""
    first = RESULT.c.first_valid_timestamp
    with sortie.connect() as connection:
        newest = select(func.max(first)).where(first <= (slot_of(now) + 1) * SLOT_S).scalar_subquery()
        found: int | None = connection.scalar(select(func.count()).where(RESULT.c.first_valid_timestamp == newest))
    return found or 0


def _means(coordination: Engine) -> dict[int, float]:
    table = tables.MeanConsumptionRow.__table__  # type: ignore[attr-defined]
    with coordination.connect() as connection:
        return {row[0]: float(row[1]) for row in connection.execute(
            select(table.c.equipement_pilote_type_id, table.c.consommation))}


# -- running totals --------------------------------------------------------------------------------------------------------------


def totals(world: World, now: datetime, appliances: Sequence[Appliance], read: _Careful | None = None) -> dict[str, float]:
    """What was added up since the beginning, by key.

    Each total is its own series: each quarter is added once, whoever restarts. What nobody was there to count for more than a day
    is not added; what cannot be read now is left out, and counted when it can be.
    """
    end, read = slot_of(now), read or _Careful()
    last = read.of_history("totals", lambda: _last_of(world, now + timedelta(milliseconds=1)))
    if last is None:
        return {}
    begins = {key: max(slot_of(each.at) if each else end - 1, end - CATCHES_UP) for key, each in last.items()}
    begin = min(begins.values())
    amounts: Mapping[str, Mapping[int, float]] = {key: {} for key in KEPT_TOTALS}
    if begin < end:
        amounts = _amounts(world, begin, end, appliances, read)
    sums, kept = {key: each.value if each else 0.0 for key, each in last.items() if key in amounts}, []
    for key, of_quarter in amounts.items():
        for quarter in range(begins[key], end):
            sums[key] += of_quarter.get(quarter, 0.0)
            kept.append(spooled(key, KEPT_TOTALS[key], slot_start(quarter + 1), sums[key]))
    world.keeper.keep(kept, now)
    return sums


def _last_of(world: World, before: datetime) -> dict[str, Reading | None]:
    ids = world.history.all_series(KEPT_TOTALS)
    return {key: _last_total(world.history, ids[key], before) for key in KEPT_TOTALS}


def _last_total(history: History, series: int, before: datetime) -> Reading | None:
    """The newest value of a total: ours stand on quarters, those that the first program sends to the same item never do."""
    for ago in (DAY, MONTH, YEAR):
        ours = _on_quarters(history.readings(series, before - ago, before))
        if ours:
            return ours[-1]
    return None


def _on_quarters(readings: Iterable[Reading]) -> list[Reading]:
    return [each for each in readings if each.at == slot_start(slot_of(each.at))]


def _amounts(world: World, begin: int, end: int, appliances: Sequence[Appliance],
             read: _Careful) -> Mapping[str, Mapping[int, float]]:
    """What each quarter in [begin, end[ adds to each total that can be counted."""
    drawn = read.of_history("runs", lambda: _drawn_in_runs(world, begin, end, appliances))
    settled = read.of_history("flexibilities", lambda: _settled(world, begin, end, appliances))
    counted: dict[str, Mapping[int, float]] = {}
    if drawn is not None:
        counted[PLACED] = {begin + at: wh / 1000 for at, wh in enumerate(drawn)}
    if settled is not None:
        counted |= {key: {quarter: amounts.get(key, 0.0) for quarter, amounts in settled.items()} for key in TOTALS}
    return counted


def _added_since(world: World, key: str, total: float, now: datetime, ago: timedelta) -> float:
    """What was added to a total within a while, or since the beginning where that is later."""
    series, since = world.history.series(key), now + timedelta(milliseconds=1) - ago
    before = (_last_total(world.history, series, since)
              or next(iter(_on_quarters(world.history.readings(series, since, since + ago))), None))
    return total - (before.value if before else total)


def _settled(world: World, begin: int, end: int, appliances: Sequence[Appliance]) -> dict[int, Mapping[str, float]]:
    """By quarter, what the flexibilities of machines add whose fate is known in it: closed, and their run over."""
    by_quarter: dict[int, list[Flexibility]] = defaultdict(list)
    for each in queries.flexibilities(world.coordination, slot_start(begin - LONGEST_RUN)):
        quarter = _known_in(each)
        if quarter is not None and begin <= quarter < end:
            by_quarter[quarter].append(each)
    machines = {each.id: each for each in appliances if not each.continuous}
    return {quarter: added(*_followed(world, found, machines, slot_start(quarter + 1))) for quarter, found in by_quarter.items()}


def _known_in(flexibility: Flexibility) -> int | None:
    """The quarter in which it is known what became of it: None while it is open."""
    if flexibility.closed_at is None:
        return None
    return slot_of(flexibility.closed_at) if flexibility.started_at is None else slot_of(flexibility.started_at) + LONGEST_RUN


def _is_known(flexibility: Flexibility, at: datetime) -> bool:
    quarter = _known_in(flexibility)
    return quarter is not None and quarter < slot_of(at)


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
    """Each value under its key; the running totals have kept themselves."""
    keeper.keep([spooled(each.indicator.key, each.indicator.unit, at, each.value)
                 for each in values if each.value is not None and each.indicator.key not in KEPT_TOTALS], now)


# -- what became of what was lent ------------------------------------------------------------------------------------------------


def lent(world: World, since: datetime, until: datetime) -> tuple[list[Lent], Kept]:
    """The flexibilities of machines opened in [since, until[, and the promises made with them. Continuous loads are lent all day
    long, quarter by quarter: what they moved is in the total of what was placed.
    """
    machines = {each.id: each for each in queries.appliances(world.coordination) if not each.continuous}
    return _followed(world, [each for each in queries.flexibilities(world.coordination, since) if since <= each.opened_at < until],
                     machines, until)


def _followed(world: World, found: Iterable[Flexibility], machines: Mapping[int, Appliance],
              until: datetime) -> tuple[list[Lent], Kept]:
    """What became of flexibilities of machines, as far as it is known by an instant."""
    known = [each for each in found if each.appliance_id in machines]
    if not known:
        return [], Kept(0, 0)
    since = min(each.opened_at for each in known)
    begin = slot_of(since)
    orders: dict[int, list[Order]] = defaultdict(list)
    for order in ledger.starts(world.coordination, {each.appliance_id for each in known}, begin):
        orders[order.flexibility_id].append(order)
    reader = _Reader(begin, territory.balance_of(world.history, begin, slot_of(until)), _runs_of(world, known, until),
                     _expected(world.sortie, known, until), _planned_at(world.sortie, since, until), _means(world.coordination))
    return ([reader.lent(each, machines[each.appliance_id], orders[each.id]) for each in known],
            _kept(known, reader.runs, until))


Run = tuple[int, list[float | None]]
"""The slot in which it started, and what each of its quarters drew."""


def _runs_of(world: World, found: Iterable[Flexibility], until: datetime) -> dict[int, Run]:
    """What was drawn from each start on, to the last quarter of the run, by flexibility; those that began together are read so."""
    series, together = _power_series(world.coordination), defaultdict(list)
    for each in found:
        if each.started_at is not None and each.appliance_id in series:
            together[slot_of(each.started_at)].append(each)
    runs: dict[int, Run] = {}
    for start, mine in together.items():
        count = min(LONGEST_RUN, max(0, slot_of(until) - start))
        powers = world.history.quarters_of({series[each.appliance_id] for each in mine}, start, count, HELD_FOR)
        runs |= {each.id: (start, _without_its_end(powers[series[each.appliance_id]])) for each in mine}
    return runs


def _without_its_end(powers: list[float | None]) -> list[float | None]:
    """Up to the last quarter that drew more than a machine that stands by."""
    return powers[:max((at + 1 for at, each in enumerate(powers) if each and each > STANDBY_W), default=0)]


def _expected(sortie: Engine, found: Iterable[Flexibility], until: datetime) -> dict[int, float]:
    """By flexibility, the energy that its last plan expected, Wh; those that were never planned are left out."""
    expected = {}
    with sortie.connect() as connection:
        for each in found:
            first, closed = PLACEMENT.c.first_slot, slot_of(each.closed_at or until)
            said = connection.scalar(select(PLACEMENT.c.power_w).where(
                PLACEMENT.c.appliance_id == each.appliance_id, first >= slot_of(each.opened_at), first <= closed + 1)
                .order_by(first.desc()).limit(1))
            if said is not None and (wh := _energy_wh(said)) is not None:
                expected[each.id] = wh
    return expected


def _energy_wh(powers: str) -> float | None:
    """Of a placement's powers; None where somebody wrote something else there."""
    try:
        return float(sum(orjson.loads(powers)) * SLOT_S / 3600)
    except (ValueError, TypeError) as error:
        log.warning("powers of a placement cannot be read: %s", error)
        return None


def _planned_at(sortie: Engine, since: datetime, until: datetime) -> list[int]:
    """When plans were made, epoch seconds, in order."""
    made = PLAN.c.made_at
    with sortie.connect() as connection:
        return list(connection.scalars(select(made).where(made >= epoch_s(since), made <= epoch_s(until)).order_by(made)))


@frozen
class _Reader:
    """What was read of some flexibilities together, told one by one."""

    begin: int                                       # of the balance
    balance_w: Sequence[float | None]
    runs: Mapping[int, Run]
    expected: Mapping[int, float]
    planned_at: Sequence[int]
    means: Mapping[int, float]

    def lent(self, flexibility: Flexibility, appliance: Appliance, orders: Sequence[Order]) -> Lent:
        """What became of one."""
        asked = slot_of(flexibility.opened_at)
        start, drawn = self.runs.get(flexibility.id, (asked, []))
        expected = self.expected.get(flexibility.id)
        return Lent(
            flexibility.id, appliance.id, f"{appliance.name} {appliance.participant}", flexibility.opened_at,
            plannable=expected is not None or not self._passed_over(flexibility),
            usual_wh=self.means.get(appliance.type, 0.0), expected_wh=expected, ordered=bool(orders),
            proved=any(each.cause in (Cause.PROVED, Cause.SATISFIED) or each.stage is Stage.PROVED for each in orders),
            cause=_cause(flexibility, orders), drawn_w=drawn, balance_w=self._balance(start, len(drawn)),
            at_once_w=self._at_once(asked, start, drawn), waited=start - asked)

    def _passed_over(self, flexibility: Flexibility) -> bool:
        """Whether a plan was made while it stood; where that plan does not have it, it could not be read."""
        first = bisect_left(self.planned_at, epoch_s(flexibility.opened_at))
        return first < len(self.planned_at) and (
            flexibility.closed_at is None or self.planned_at[first] < epoch_s(flexibility.closed_at))

    def _balance(self, first: int, count: int) -> list[float | None]:
        known = self.balance_w[first - self.begin:first - self.begin + count]
        return [*known, *[None] * (count - len(known))]

    def _at_once(self, asked: int, start: int, drawn: Sequence[float | None]) -> list[float | None]:
        """The balance without this run where it would have run as soon as it was declared."""
        own = {start + at: power for at, power in enumerate(drawn)}
        return [None if each is None else each + (own.get(asked + at) or 0.0)
                for at, each in enumerate(self._balance(asked, len(drawn)))]


def _cause(flexibility: Flexibility, starts: Sequence[Order]) -> str:
    """Why it came no further: its last order's, or its own end's."""
    ended = [each for each in starts if each.stage in MISSED or each.stage is Stage.OVERRIDDEN]
    if ended:
        return str(ended[-1].cause)
    return "" if flexibility.outcome in ("", "started") else f"taken back ({flexibility.outcome})"


def _kept(found: Iterable[Flexibility], runs: Mapping[int, Run], until: datetime) -> Kept:
    """Deadlines that nobody took back and that have passed, or of which it is known before; and those at which the run was over."""
    due = [(each.id, each.deadline) for each in found
           if each.deadline is not None and (each.deadline <= until or _is_known(each, until))
           and not _taken_back(each, each.deadline)]
    ends = {id: slot_start(start + len(drawn)) for id, (start, drawn) in runs.items() if drawn}
    return Kept(sum(id in ends and ends[id] <= deadline + SLOT for id, deadline in due), len(due))


def _taken_back(flexibility: Flexibility, deadline: datetime) -> bool:
    """Whether somebody wanted otherwise before the deadline: such a promise is not broken, it is given back."""
    return flexibility.closed_at is not None and flexibility.closed_at < deadline and flexibility.outcome not in OURS_TO_KEEP
