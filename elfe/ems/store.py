"""The EMS output database: the contract's four tables, and ours beside them in the schema `elfe`.

`result` is append-only: a row per appliance and run; what is older than `ems.keep_days` goes (`prune`). A run is written whole or
not at all, and a run for the same first slot replaces the earlier one whole. Readers take the run of the greatest
`first_valid_timestamp` that is not in the future.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Float,
    Index,
    Integer,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    select,
    text,
)
from sqlmodel import Field

from elfe import database, migrations
from elfe.coordination.values import CONTINUOUS
from elfe.ems.cycles import store as cycles
from elfe.ems.fairness import store as fairness
from elfe.ems.forecast import store as forecasts
from elfe.ems.tables import Base
from elfe.ems.values import Decisions, Placement, Plan, Way, Why
from elfe.slots import HORIZON, SLOT_S, SLOTS_PER_HOUR, epoch_s, instant, slot_of

metadata = Base.metadata
BESIDE = (cycles, fairness, forecasts)               # whose tables stand in the same database
PRUNED_AT_ONCE = 24
"""Slots: six hours of plans go in a quarter, so that years of them hold no plan up, and a clock that jumps costs little."""
ONE_SHOT, RECURRING = 0, 1       # result_type; nobody reads it


def _decisions() -> list[Column[int]]:
    return [Column(f"decisions_{i}", Integer, nullable=False) for i in range(HORIZON)]


RESULT = Table(
    "result", Base.metadata,
    Column("id", Integer, primary_key=True),
    Column("first_valid_timestamp", Integer, nullable=False, comment="début du créneau 0, secondes Unix, multiple de 900"),
    Column("machine_id", Integer, nullable=False, comment="equipement_pilote_ou_mesure.id"),
    Column("result_type", Integer, nullable=False, comment="0 lancement unique, 1 récurrent"),
    Column("machine_type", Integer, nullable=False, comment="equipement_pilote_ou_mesure_type_id"),
    *_decisions(),
    UniqueConstraint("first_valid_timestamp", "machine_id"),
    Index("result_machine", "machine_id", "first_valid_timestamp"),
    comment="Planning : une ligne par équipement et par calcul. Machines et véhicules : un seul 1, au créneau de départ ; "
            "ballons et chauffages : 1 dans chaque créneau autorisé",
)


def _curve(name: str, comment: str) -> Table:
    return Table(
        name, Base.metadata,
        Column("data_timestamp", Integer, primary_key=True, autoincrement=False, comment="début du créneau, secondes Unix"),
        Column("power", Integer, nullable=False, comment="production − consommation, W ; positif = surplus"),
        comment=comment,
    )


WITH = _curve("p_c_with_flexible_consumption", "Équilibre prévu, consommations placées comprises (dernière prévision)")
WITHOUT = _curve("p_c_without_flexible_consumption", "Équilibre prévu sans les consommations placées (dernière prévision)")

RUN_INFO = Table(
    "ems_run_info", Base.metadata,
    Column("timestamp", Integer, primary_key=True, comment="début du créneau 0, secondes Unix"),
    Column("run_time_ms", Integer, nullable=False, comment="résolution seule"),
    Column("consumer_count", Integer, nullable=False, comment="équipements placés"),
    Column("conso_min_hour_timestamp", Integer, nullable=False, comment="heure du plus grand déficit"),
    Column("conso_min_hour", Integer, nullable=False, comment="équilibre moyen de cette heure, W : le plus petit"),
    Column("conso_max_hour_timestamp", Integer, nullable=False, comment="heure du plus grand surplus"),
    Column("conso_max_hour", Integer, nullable=False, comment="équilibre moyen de cette heure, W : le plus grand"),
    comment="Un calcul de l'EMS",
)


class PlanRow(Base, table=True):
    """A run of the EMS, as we tell it."""

    __tablename__ = "plan"
    __table_args__ = ({"schema": "elfe", "comment": "One run of the EMS, with how it was made"},)

    first_slot: int = Field(sa_column=Column("first_slot", BigInteger, primary_key=True, autoincrement=False,
                                             comment="epoch // 900 of slot 0"))
    made_at: int = Field(sa_column=Column("made_at", BigInteger, nullable=False, comment="epoch s"))
    forecast: str = Field(sa_column=Column("forecast", Text, nullable=False, comment="where the balance comes from"))
    solver: str = Field(sa_column=Column("solver", Text, nullable=False, comment="optimal, incumbent, greedy, ..."))
    imported_wh: float = Field(sa_column=Column("imported_wh", Float(53), nullable=False))
    bound_wh: float | None = Field(sa_column=Column("bound_wh", Float(53), comment="no plan imports less"))
    solve_ms: int = Field(sa_column=Column("solve_ms", Integer, nullable=False))
    balance_w: str = Field(sa_column=Column("balance_w", Text, nullable=False, comment="JSON: forecast per slot, W"))
    prices: str = Field(sa_column=Column("prices", Text, nullable=False, server_default=text("'[]'"),
                                         comment="JSON: of a watt per slot, in watts of import; they prove priced_bound_wh"))
    priced_bound_wh: float | None = Field(sa_column=Column("priced_bound_wh", Float(53),
                                                           comment="what of bound_wh the prices alone prove"))


class PlacementRow(Base, table=True):
    """Why an appliance was placed where it was."""

    __tablename__ = "placement"
    __table_args__ = ({"schema": "elfe", "comment": "Beside each row of result: what it draws and why"},)

    first_slot: int = Field(sa_column=Column("first_slot", BigInteger, primary_key=True, autoincrement=False))
    appliance_id: int = Field(sa_column=Column("appliance_id", Integer, primary_key=True, autoincrement=False,
                                               comment="equipement_pilote_ou_mesure.id"))
    source: str = Field(sa_column=Column("source", Text, nullable=False, comment="where its profile comes from"))
    reason: str = Field(sa_column=Column("reason", Text, nullable=False, comment="why there, one sentence"))
    late_by_s: int = Field(sa_column=Column("late_by_s", Integer, nullable=False, comment="seconds behind its deadline"))
    ends_at: int | None = Field(sa_column=Column("ends_at", BigInteger, comment="epoch s"))
    power_w: str = Field(sa_column=Column("power_w", Text, nullable=False, comment="JSON: expected draw per slot, W"))


class SetpointRow(Base, table=True):
    """What an appliance that may pause or modulate is to draw."""

    __tablename__ = "setpoint"
    __table_args__ = ({"schema": "elfe", "comment": "Beside the rows of result that say a start alone: powers and pauses"},)

    first_slot: int = Field(sa_column=Column("first_slot", BigInteger, primary_key=True, autoincrement=False))
    appliance_id: int = Field(sa_column=Column("appliance_id", Integer, primary_key=True, autoincrement=False,
                                               comment="equipement_pilote_ou_mesure.id"))
    power_w: str = Field(sa_column=Column("power_w", Text, nullable=False,
                                          comment="JSON: W per slot; 0 a pause, negative: a battery gives"))


class WhyRow(Base, table=True):
    """What is told of a placement of the newest run beside its sentence."""

    __tablename__ = "why"
    __table_args__ = ({"schema": "elfe", "comment": "Of the newest run alone: why each appliance stands where it does"},)

    first_slot: int = Field(sa_column=Column("first_slot", BigInteger, primary_key=True, autoincrement=False))
    appliance_id: int = Field(sa_column=Column("appliance_id", Integer, primary_key=True, autoincrement=False,
                                               comment="equipement_pilote_ou_mesure.id"))
    french: str = Field(sa_column=Column("french", Text, nullable=False, comment="la raison, en une phrase"))
    starts_wh: str = Field(sa_column=Column("starts_wh", Text, nullable=False,
                                            comment="JSON: what it would import at each start, Wh; null: it cannot"))
    ways: str = Field(sa_column=Column("ways", Text, nullable=False, comment="JSON: out of what is impossible: what, en, fr"))


PLAN: Table = PlanRow.__table__  # type: ignore[attr-defined]
PLACEMENT: Table = PlacementRow.__table__  # type: ignore[attr-defined]
SETPOINT: Table = SetpointRow.__table__  # type: ignore[attr-defined]
WHY: Table = WhyRow.__table__  # type: ignore[attr-defined]
VERSIONED = migrations.Versioned("sortie_ems", Base.metadata, Path(__file__).parent / "migrations",
                                 migrations.versions(Base.metadata, "sortie_ems"))


def open_sortie(url: str) -> Engine:
    """An engine on the output database; it is neither created nor checked."""
    return database.connect(url, Base.metadata)


def create_sortie(engine: Engine) -> None:
    """The tables, where they are missing."""
    migrations.create(engine, VERSIONED)


# -- writing ----------------------------------------------------------------------------------------------------------------


def write_plan(engine: Engine, plan: Plan) -> None:
    """Write a run whole; an earlier run for the same first slot goes. Of two that overlap the later one stands, whole.

    A run that comes behind one for a later slot leaves what is told of the newest alone; one that a day separates from it, which a
    clock that ran ahead has made, does not count.
    """
    first = plan.first_slot * SLOT_S
    with database.alone(engine) as connection:
        newest = connection.scalar(select(func.max(PLAN.c.first_slot)).where(PLAN.c.first_slot <= plan.first_slot + HORIZON))
        connection.execute(delete(RESULT).where(RESULT.c.first_valid_timestamp == first))
        for table in (PLACEMENT, SETPOINT, PLAN):
            connection.execute(delete(table).where(table.c.first_slot == plan.first_slot))
        if plan.placements:
            connection.execute(RESULT.insert(), [_result(each, first) for each in plan.placements])
            connection.execute(PLACEMENT.insert(), [_placement(each, plan.first_slot) for each in plan.placements])
        if any(each.pauses for each in plan.placements):
            connection.execute(SETPOINT.insert(), [_setpoint(each, plan.first_slot) for each in plan.placements if each.pauses])
        connection.execute(PLAN.insert().values(_plan(plan)))
        database.put(connection, RUN_INFO, [_run_info(plan)])
        if newest is None or newest <= plan.first_slot:
            _tell_newest(connection, plan)


def prune(engine: Engine, keep_from: int) -> int:
    """Let the plans of slots before `keep_from` go, the oldest first, some hours of them at a time; how many rows of `result` went.

    The newest run stays, whatever the clock says, and of every run how it was made: a row of `plan` and of `ems_run_info`.
    """
    with engine.begin() as connection:
        newest = connection.scalar(select(func.max(RESULT.c.first_valid_timestamp)))
        if newest is None:
            return 0
        until = min(keep_from, newest // SLOT_S)
        for table in (PLACEMENT, SETPOINT):
            _prune(connection, table.c.first_slot, 1, until)
        return _prune(connection, RESULT.c.first_valid_timestamp, SLOT_S, until)


def _prune(connection: Connection, column: Column[int], size: int, keep_from: int) -> int:
    oldest = connection.scalar(select(func.min(column)))
    if oldest is None or oldest >= keep_from * size:
        return 0
    until = min(keep_from * size, oldest + PRUNED_AT_ONCE * size)
    return connection.execute(delete(column.table).where(column < until)).rowcount


def _tell_newest(connection: Connection, plan: Plan) -> None:
    """What is kept of the newest run alone: its reasons, and the curves."""
    connection.execute(delete(WHY))
    if told := [_why(each, each.why, plan.first_slot) for each in plan.placements if each.why]:
        connection.execute(WHY.insert(), told)
    for table, powers in ((WITHOUT, plan.balance_w), (WITH, plan.balance_with_w)):
        database.put(connection, table, [{"data_timestamp": (plan.first_slot + t) * SLOT_S, "power": round(power)}
                                    for t, power in enumerate(powers)])


def _result(each: Placement, first: int) -> dict[str, int]:
    return {"first_valid_timestamp": first, "machine_id": each.appliance_id, "machine_type": each.appliance_type,
            "result_type": RECURRING if each.appliance_type in CONTINUOUS else ONE_SHOT,
            **{f"decisions_{i}": decision for i, decision in enumerate(each.decisions)}}


def _placement(each: Placement, first_slot: int) -> dict[str, Any]:
    return {"first_slot": first_slot, "appliance_id": each.appliance_id, "source": each.source, "reason": each.reason,
            "late_by_s": int(each.late_by.total_seconds()), "ends_at": epoch_s(each.ends_at) if each.ends_at else None,
            "power_w": json.dumps([round(power, 1) for power in each.power_w])}


def _setpoint(each: Placement, first_slot: int) -> dict[str, Any]:
    return {"first_slot": first_slot, "appliance_id": each.appliance_id,
            "power_w": json.dumps([round(power) for power in each.power_w])}


def _why(each: Placement, why: Why, first_slot: int) -> dict[str, Any]:
    starts = [None if wh is None else round(wh, 1) for wh in why.starts_wh]
    return {"first_slot": first_slot, "appliance_id": each.appliance_id, "french": why.french, "starts_wh": json.dumps(starts),
            "ways": json.dumps([[way.what, way.english, way.french] for way in why.ways])}


def _plan(plan: Plan) -> dict[str, Any]:
    return {"first_slot": plan.first_slot, "made_at": epoch_s(plan.made_at), "forecast": plan.forecast,
            "solver": plan.solver, "imported_wh": plan.imported_wh, "bound_wh": plan.bound_wh,
            "solve_ms": plan.solve_ms, "balance_w": json.dumps([round(power, 1) for power in plan.balance_w]),
            "prices": json.dumps(plan.prices), "priced_bound_wh": plan.priced_bound_wh}


def _run_info(plan: Plan) -> dict[str, int]:
    """As the first EMS: the extremes of the hourly means, over whole clock hours, of the balance with the loads."""
    hours = _hourly(plan.balance_with_w, plan.first_slot) or [(plan.first_slot * SLOT_S, 0.0)]
    worst, best = min(hours, key=lambda hour: hour[1]), max(hours, key=lambda hour: hour[1])
    return {"timestamp": plan.first_slot * SLOT_S, "run_time_ms": plan.solve_ms, "consumer_count": len(plan.placements),
            "conso_min_hour_timestamp": worst[0], "conso_min_hour": round(worst[1]),
            "conso_max_hour_timestamp": best[0], "conso_max_hour": round(best[1])}


def _hourly(powers: Sequence[float], first_slot: int) -> list[tuple[int, float]]:
    """The mean of each whole clock hour, with its first second."""
    skipped = -first_slot % SLOTS_PER_HOUR
    return [((first_slot + t) * SLOT_S, sum(powers[t:t + SLOTS_PER_HOUR]) / SLOTS_PER_HOUR)
            for t in range(skipped, len(powers) - SLOTS_PER_HOUR + 1, SLOTS_PER_HOUR)]


# -- reading ----------------------------------------------------------------------------------------------------------------


def decisions_in_force(engine: Engine, now: datetime) -> Decisions | None:
    """The decisions of the latest run that has begun; None before the first one.

    A run that placed nothing counts: what an older one said of an appliance is no longer wanted. What may pause is on where its
    setpoint says so, though its row is that of a single start.
    """
    with database.one_state(engine) as connection:
        first_slot = _latest(connection, now)
        if first_slot is None:
            return None
        rows = connection.execute(select(RESULT).where(RESULT.c.first_valid_timestamp == first_slot * SLOT_S)).all()
        powers = _setpoints(connection, first_slot)
    on_off = {appliance_id: tuple(int(power > 0) for power in row) for appliance_id, row in powers.items()}
    return Decisions(first_slot, {row.machine_id: tuple(row[-HORIZON:]) for row in rows} | on_off)


def setpoints(engine: Engine, first_slot: int) -> dict[int, tuple[float, ...]]:
    """What each appliance that may pause or modulate is to draw, W per slot of the run that begins with a slot."""
    with engine.connect() as connection:
        return _setpoints(connection, first_slot)


def _setpoints(connection: Connection, first_slot: int) -> dict[int, tuple[float, ...]]:
    found = connection.execute(select(SETPOINT).where(SETPOINT.c.first_slot == first_slot))
    return {row.appliance_id: tuple(json.loads(row.power_w)) for row in found}


def allowed_slots(engine: Engine, start_slot: int, end_slot: int) -> dict[int, set[int]]:
    """Appliance → the slots in [start, end[ that the run made for that very slot gave it."""
    first = RESULT.c.first_valid_timestamp
    wanted = select(RESULT.c.machine_id, first).where(
        first >= start_slot * SLOT_S, first < end_slot * SLOT_S, RESULT.c.decisions_0 == 1)
    allowed: dict[int, set[int]] = defaultdict(set)
    with engine.connect() as connection:
        for appliance_id, timestamp in connection.execute(wanted):
            allowed[appliance_id].add(timestamp // SLOT_S)
    return allowed


def decided(engine: Engine, appliance_id: int, start_slot: int, end_slot: int) -> tuple[bool | None, ...]:
    """What was decided for each slot in [start, end[ by the run made for that very slot; None where there was none."""
    first = RESULT.c.first_valid_timestamp
    wanted = select(first, RESULT.c.decisions_0).where(RESULT.c.machine_id == appliance_id, first >= start_slot * SLOT_S,
                                                       first < end_slot * SLOT_S)
    with engine.connect() as connection:
        found = {timestamp // SLOT_S: bool(decision) for timestamp, decision in connection.execute(wanted)}
    return tuple(found.get(slot) for slot in range(start_slot, end_slot))


def plan_in_force(engine: Engine, now: datetime) -> Plan | None:
    """The latest run that has begun, whole."""
    with database.one_state(engine) as connection:
        first_slot = _latest(connection, now)
        return None if first_slot is None else _read(connection, first_slot)


def newest_plan(engine: Engine, last_slot: int | None = None) -> Plan | None:
    """The newest run, even if its first slot has not come yet; none that begins behind `last_slot`."""
    wanted = select(func.max(PLAN.c.first_slot))
    with database.one_state(engine) as connection:
        first_slot = connection.scalar(wanted if last_slot is None else wanted.where(PLAN.c.first_slot <= last_slot))
        return None if first_slot is None else _read(connection, first_slot)


def run_info(engine: Engine, last_slot: int) -> dict[str, int] | None:
    """The newest row of `ems_run_info` that is of no slot behind `last_slot`, by its columns."""
    wanted = select(RUN_INFO).where(RUN_INFO.c.timestamp <= last_slot * SLOT_S).order_by(RUN_INFO.c.timestamp.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(wanted).first()
    return None if row is None else {str(name): value for name, value in row._mapping.items()}


def _latest(connection: Connection, now: datetime) -> int | None:
    """The first slot of the run in force: the greatest that is not in the future, whoever wrote it."""
    ours = connection.scalar(select(func.max(PLAN.c.first_slot)).where(PLAN.c.first_slot <= slot_of(now)))
    any_ones = connection.scalar(select(func.max(RESULT.c.first_valid_timestamp))
                                 .where(RESULT.c.first_valid_timestamp <= epoch_s(now)))
    found = [each for each in (ours, any_ones // SLOT_S if any_ones is not None else None) if each is not None]
    return max(found, default=None)


def _read(connection: Connection, first_slot: int) -> Plan | None:
    row = connection.execute(select(PLAN).where(PLAN.c.first_slot == first_slot)).first()
    if row is None:
        return None
    first = RESULT.c.first_valid_timestamp == first_slot * SLOT_S
    decided = {each.machine_id: each for each in connection.execute(select(RESULT).where(first))}
    pausing = _setpoints(connection, first_slot)
    told = {each.appliance_id: _told(each) for each in connection.execute(select(WHY).where(WHY.c.first_slot == first_slot))}
    placed = connection.execute(select(PLACEMENT).where(PLACEMENT.c.first_slot == first_slot)
                                .order_by(PLACEMENT.c.appliance_id))
    return Plan(
        first_slot=first_slot, made_at=instant(row.made_at), balance_w=tuple(json.loads(row.balance_w)),
        placements=tuple(_placed(each, decided[each.appliance_id], each.appliance_id in pausing, told.get(each.appliance_id))
                         for each in placed if each.appliance_id in decided),
        forecast=row.forecast, solver=row.solver, imported_wh=row.imported_wh, bound_wh=row.bound_wh,
        solve_ms=row.solve_ms, prices=tuple(json.loads(row.prices)), priced_bound_wh=row.priced_bound_wh)


def _told(row: Row[Any]) -> Why:
    return Why(row.french, tuple(json.loads(row.starts_wh)), tuple(Way(*each) for each in json.loads(row.ways)))


def _placed(row: Row[Any], decided: Row[Any], pauses: bool, why: Why | None) -> Placement:
    return Placement(
        appliance_id=row.appliance_id, appliance_type=decided.machine_type, decisions=tuple(decided[-HORIZON:]),
        power_w=tuple(json.loads(row.power_w)), source=row.source, reason=row.reason,
        late_by=timedelta(seconds=row.late_by_s), ends_at=instant(row.ends_at) if row.ends_at else None, pauses=pauses, why=why)
