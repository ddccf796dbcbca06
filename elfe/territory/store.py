"""What the territory reads of the databases and the history, as values; what it keeps goes through `coordination.announced`."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from attrs import frozen
from sqlalchemy import Engine, Table, select

from elfe.coordination import announced, queries, tables
from elfe.coordination.queries import EPOM
from elfe.coordination.values import Mode
from elfe.ems import store as sortie
from elfe.ems.values import Plan
from elfe.history import quarters
from elfe.history.values import BALANCE, History
from elfe.slots import SLOTS_PER_HOUR, slot_of, slot_start
from elfe.territory.balance import HELD_FOR, Sample
from elfe.territory.mail import Done, Hour, Yesterday
from elfe.territory.outlook import Outlook
from elfe.territory.weather import HitRate, Thresholds, Window, by_chance, came_true, hit_rate, in_force, proposed

CONSUMPTION, PRODUCTION, SCALED_BALANCE = "Panel_R_puissance_mae", "Panel_Prod_puissance_mae", "equilibre_general_p_c"
"""The contract's names of what the balance is made of, W; `BALANCE` itself is kept by the recorder, from the topic."""
JUDGED_DAYS = 30
LEARNT_DAYS = 60

log = logging.getLogger("elfe.territory")


@frozen
class Measured:
    """Something with a power series of its own."""

    appliance_id: int
    name: str
    participant: str
    series: int


def _table(row: Any) -> Table:
    table: Table = row.__table__
    return table


METERS, PARTICIPANT = _table(tables.MeterRow), _table(tables.ParticipantRow)
POWERED = tuple(_table(each) for each in (
    tables.MachineRow, tables.WaterHeaterRow, tables.CarRow, tables.HeatingRow, tables.ControlledHeatingRow))


def meters(engine: Engine) -> list[Measured]:
    """The meters of the panel: a home's whole consumption, each."""
    return _measured(engine, METERS)


def appliances(engine: Engine) -> dict[str, list[Measured]]:
    """What each participant has that is moved or measured, meters apart."""
    by_participant: dict[str, list[Measured]] = defaultdict(list)
    for table in POWERED:
        for each in _measured(engine, table):
            by_participant[each.participant].append(each)
    return by_participant


def _measured(engine: Engine, table: Table) -> list[Measured]:
    wanted = (select(EPOM.c.id, EPOM.c.nom_humain, EPOM.c.utilisateur, table.c.mesures_puissance_elec_id)
              .join(table, table.c.equipement_pilote_ou_mesure_id == EPOM.c.id)
              .where(EPOM.c.equipement_pilote_ou_mesure_mode_id.not_in((Mode.REMOVED, Mode.INSTALLING))).order_by(EPOM.c.id))
    with engine.connect() as connection:
        return [Measured(row.id, row.nom_humain, row.utilisateur, row.mesures_puissance_elec_id)
                for row in connection.execute(wanted)]


def heard(history: History, measured: Iterable[Measured], now: datetime) -> dict[str, Sample]:
    """The last reading of each that still stands, by its participant, its name, and what no other has."""
    meters_ = list(measured)
    said = history.newest({each.series for each in meters_}, now - HELD_FOR, now + timedelta(seconds=1))
    return {f"{each.participant} {each.name} {each.appliance_id}": Sample(said[each.series].at, said[each.series].value)
            for each in meters_ if each.series in said}


def participants(engine: Engine) -> list[str]:
    """The references of all participants, in order; who has an appliance is one, whether they are in the table or not."""
    with engine.connect() as connection:
        every = select(PARTICIPANT.c.reference).union(select(EPOM.c.utilisateur).where(EPOM.c.utilisateur != ""))
        return sorted(connection.scalars(every))


def addresses(engine: Engine) -> dict[str, str]:
    """The e-mail address of each participant who has given one."""
    with engine.connect() as connection:
        rows = connection.execute(select(PARTICIPANT).where(PARTICIPANT.c.email != ""))
        return {each.reference: each.email for each in rows}


# -- the weather ---------------------------------------------------------------------------------------------------------------


def thresholds(engine: Engine) -> list[Thresholds]:
    """All of them; those that somebody wrote and that do not rise are told, and left out."""
    found = []
    for cohort, valid_from, four in announced.thresholds(engine):
        try:
            found.append(Thresholds(*four, valid_from, cohort))
        except ValueError as error:
            log.warning("the weather of %s from %s on: %s", cohort or "everybody", valid_from, error)
    return found


def proposal(history: History, now: datetime, cohort: str = "") -> Thresholds | None:
    """Thresholds from the balance of the last two months; None where less than a week is known."""
    return proposed(balance_of(history, slot_of(now - timedelta(days=LEARNT_DAYS)), slot_of(now)), now, cohort)


def balance_of(history: History, first: int, end: int) -> list[float | None]:
    """The measured balance of each slot in [first, end[, W."""
    series = history.find(BALANCE)
    return [None] * (end - first) if series is None else history.quarters(series, first, end - first, HELD_FOR)


def outlook(coordination: Engine, sortie_ems: Engine, history: History, cohort: str, now: datetime, zone: tzinfo) -> Outlook | None:
    """The weather of a group now; without a plan that reaches beyond now it has no forecast. None without thresholds."""
    levels = in_force(thresholds(coordination), cohort, now)
    if levels is None:
        return None
    first, ahead_w = _ahead(sortie.newest_plan(sortie_ems, slot_of(now) + 1), now)      # not one of a clock that ran ahead
    series = history.find(BALANCE)
    last = history.last(series, now + timedelta(seconds=1)) if series is not None else None
    now_w = last.value if last is not None and Sample(last.at, last.value).stands(now) else None
    return Outlook(now, cohort, now_w, first, ahead_w, levels, judged(coordination, history, cohort, now, zone))


def _ahead(plan: Plan | None, now: datetime) -> tuple[int, tuple[float, ...]]:
    """What of a plan is still to come: its first slot, and the balance of each, W."""
    if plan is None or plan.end_slot <= slot_of(now):
        return slot_of(now), ()
    first = max(plan.first_slot, slot_of(now))
    return first, plan.balance_with_w[first - plan.first_slot:]


def judged(coordination: Engine, history: History, cohort: str, now: datetime, zone: tzinfo) -> HitRate:
    """Of the windows announced in the last 30 days that are over, how many came true."""
    every = thresholds(coordination)
    since = now.astimezone(zone).date() - timedelta(days=JUDGED_DAYS)
    over = [(first, end) for _, first, end in announced.announced(coordination, cohort, since) if end <= slot_of(now)]
    if not over:
        return hit_rate((), 0.0)
    begin = min(first for first, _ in over)
    measured = balance_of(history, begin, slot_of(now))
    outcomes = []
    for first, end in over:
        levels = in_force(every, cohort, slot_start(first))
        window = Window(first, end, levels.level(levels.high)) if levels else None
        outcomes.append(came_true(window, measured[first - begin:end - begin], levels) if levels and window else None)
    levels = in_force(every, cohort, now)
    return hit_rate(outcomes, by_chance(measured, levels) if levels else 0.0)


# -- yesterday -----------------------------------------------------------------------------------------------------------------


def local_day(day: date, zone: tzinfo) -> tuple[int, int]:
    """The slots of a local day: 92, 96 or 100 of them."""
    first, end = (datetime.combine(each, time(), zone) for each in (day, day + timedelta(days=1)))
    return slot_of(first), slot_of(end)


def yesterday(history: History, day: date, zone: tzinfo) -> Yesterday:
    """What the territory did the day before."""
    first, end = local_day(day - timedelta(days=1), zone)
    made, drawn = (_quarters(history, name, first, end) for name in (PRODUCTION, CONSUMPTION))
    local = [min(max(0.0, m), max(0.0, d)) for m, d in zip(made, drawn, strict=True) if m is not None and d is not None]
    hours = tuple(Hour(slot_start(first + at), _mean(made[at:at + SLOTS_PER_HOUR]), _mean(drawn[at:at + SLOTS_PER_HOUR]))
                  for at in range(0, end - first, SLOTS_PER_HOUR))
    return Yesterday(_kwh(made), _kwh(drawn), quarters.energy_wh(local) / 1000 if 2 * len(local) >= end - first else None, hours)


def _mean(powers: list[float | None]) -> float | None:
    known = [each for each in powers if each is not None]
    return sum(known) / len(known) if known else None


def done(history: History, coordination: Engine, mine: Iterable[Measured], day: date, zone: tzinfo) -> tuple[Done, ...]:
    """What a participant's appliances did the day before."""
    first, end = local_day(day - timedelta(days=1), zone)
    balance = balance_of(history, first, end)
    started = _started(coordination, first, end)
    own = list(mine)
    drawn = history.quarters_of({each.series for each in own}, first, end - first, HELD_FOR)      # a series that is gone is a gap
    return tuple(_done(each, drawn[each.series], balance, started) for each in own)


def _done(each: Measured, powers: list[float | None], balance: list[float | None], started: Mapping[int, datetime]) -> Done:
    drawn = _kwh(powers)
    judged_w = [(max(0.0, p), b) for p, b in zip(powers, balance, strict=True) if p is not None and b is not None]
    in_surplus = sum(p for p, b in judged_w if b >= 0)
    known = sum(p for p, _ in judged_w)
    return Done(each.name, drawn, in_surplus / known if known > 0 else None, started.get(each.appliance_id))


def _started(coordination: Engine, first: int, end: int) -> dict[int, datetime]:
    return {each.appliance_id: each.started_at for each in queries.flexibilities(coordination, slot_start(first))
            if each.started_at and slot_start(first) <= each.started_at < slot_start(end)}


def _quarters(history: History, name: str, first: int, end: int) -> list[float | None]:
    series = history.find(name)
    return [None] * (end - first) if series is None else history.quarters(series, first, end - first, HELD_FOR)


def _kwh(powers: list[float | None]) -> float | None:
    """None where less than half of the day is known."""
    known = sum(each is not None for each in powers)
    return quarters.energy_wh(powers) / 1000 if powers and 2 * known >= len(powers) else None
