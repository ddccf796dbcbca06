"""What was learned of the machines' cycles: three tables, ours, in the schema `elfe` of the EMS output database.

They stand there and not in the coordination database because they are consumption. Instants are epoch milliseconds in UTC. The
run that is going on is not kept: whoever looks finds it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import BigInteger, Boolean, Column, Connection, Engine, Float, Integer, Row, Table, Text, delete, func, select
from sqlmodel import Field

from elfe.ems.cycles.detection import Detection, Run
from elfe.ems.cycles.learning import Known, Learnt
from elfe.ems.cycles.programmes import Programme
from elfe.ems.tables import Base
from elfe.slots import EPOCH

_MS = timedelta(milliseconds=1)
_S = timedelta(seconds=1)


def _appliance() -> Column[int]:
    return Column("appliance_id", Integer, primary_key=True, autoincrement=False, comment="equipement_pilote_ou_mesure.id")


class CycleRuleRow(Base, table=True):
    """The parameters that an appliance's cycles are found with, and how far it was looked at."""

    __tablename__ = "cycle_rule"
    __table_args__ = ({"schema": "elfe", "comment": "How the cycles of an appliance are found, and how far it was looked at"},)

    appliance_id: int = Field(sa_column=_appliance())
    origin: str = Field(sa_column=Column("origin", Text, nullable=False, comment="type, data or hand"))
    rules: str = Field(sa_column=Column("rules", Text, nullable=False, comment="JSON: W, Wh and seconds, by name"))
    resumes_at: int | None = Field(sa_column=Column("resumes_at", BigInteger, comment="where the next look begins, epoch ms"))
    looked_at: int | None = Field(sa_column=Column("looked_at", BigInteger, comment="when it was last looked at, epoch ms"))


class CycleRunRow(Base, table=True):
    """A cycle that was found."""

    __tablename__ = "cycle_run"
    __table_args__ = ({"schema": "elfe", "comment": "One row per cycle found in a power curve"},)

    appliance_id: int = Field(sa_column=_appliance())
    started_at: int = Field(sa_column=Column("started_at", BigInteger, primary_key=True, autoincrement=False, comment="epoch ms"))
    ended_at: int = Field(sa_column=Column("ended_at", BigInteger, nullable=False, comment="epoch ms"))
    energy_wh: float = Field(sa_column=Column("energy_wh", Float(53), nullable=False))
    whole: bool = Field(sa_column=Column("whole", Boolean, nullable=False, comment="seen from start to end"))
    programme: int | None = Field(sa_column=Column("programme", Integer, comment="the number of its programme"))
    minutes_w: str = Field(sa_column=Column("minutes_w", Text, nullable=False, comment="JSON: mean W of each minute"))


class CycleProgrammeRow(Base, table=True):
    """A programme: cycles that draw alike, averaged."""

    __tablename__ = "cycle_programme"
    __table_args__ = ({"schema": "elfe", "comment": "The programmes of an appliance, learned from its cycles"},)

    appliance_id: int = Field(sa_column=_appliance())
    number: int = Field(sa_column=Column("number", Integer, primary_key=True, autoincrement=False))
    runs: int = Field(sa_column=Column("runs", Integer, nullable=False))
    confidence: float = Field(sa_column=Column("confidence", Float(53), nullable=False, comment="0 to 1"))
    last_at: int = Field(sa_column=Column("last_at", BigInteger, nullable=False, comment="last started, epoch ms"))
    minutes_w: str = Field(sa_column=Column("minutes_w", Text, nullable=False, comment="JSON: mean W of each minute"))


RULE: Table = CycleRuleRow.__table__  # type: ignore[attr-defined]
RUN: Table = CycleRunRow.__table__  # type: ignore[attr-defined]
PROGRAMME: Table = CycleProgrammeRow.__table__  # type: ignore[attr-defined]


def known(engine: Engine, appliances: Iterable[int] | None = None) -> dict[int, Known]:
    """What is known of each appliance, with every cycle; of those that were never looked at, nothing."""
    with engine.connect() as connection:
        return _read(connection, None if appliances is None else list(appliances), latest=False)


def in_short(engine: Engine) -> dict[int, Known]:
    """What a plan needs of each appliance: its parameters, its programmes, its latest whole cycle."""
    with engine.connect() as connection:
        return _read(connection, None, latest=True)


def save(engine: Engine, appliance_id: int, what: Known) -> None:
    """Keep what is known of an appliance in place of what was."""
    with engine.begin() as connection:
        _forget(connection, [appliance_id])
        connection.execute(RULE.insert().values(_rule(appliance_id, what)))
        runs = [_run(appliance_id, each) for each in what.cycles if each.run.over]
        if runs:
            connection.execute(RUN.insert(), runs)
        if what.programmes:
            connection.execute(PROGRAMME.insert(), [_programme(appliance_id, each) for each in what.programmes])


def forget(engine: Engine, appliances: Iterable[int]) -> None:
    """Nothing is known of these any more: their people have left, or they are to be learned anew."""
    with engine.begin() as connection:
        _forget(connection, list(appliances))


def _forget(connection: Connection, appliances: list[int]) -> None:
    for table in (RULE, RUN, PROGRAMME):
        connection.execute(delete(table).where(table.c.appliance_id.in_(appliances)))


# -- rows as values -------------------------------------------------------------------------------------------------------------


def _read(connection: Connection, appliances: list[int] | None, latest: bool) -> dict[int, Known]:
    def rows(table: Table, *order: Any) -> Iterable[Row[Any]]:
        wanted = select(table).order_by(table.c.appliance_id, *order)
        if latest and table is RUN:
            newest = (select(RUN.c.appliance_id, func.max(RUN.c.started_at).label("started_at"))
                      .where(RUN.c.whole).group_by(RUN.c.appliance_id).subquery())
            wanted = wanted.join(newest, (RUN.c.appliance_id == newest.c.appliance_id) & (RUN.c.started_at == newest.c.started_at))
        return connection.execute(wanted if appliances is None else wanted.where(table.c.appliance_id.in_(appliances)))

    cycles, programmes = _by_appliance(rows(RUN, RUN.c.started_at)), _by_appliance(rows(PROGRAMME, PROGRAMME.c.number))
    return {row.appliance_id: Known(
        rules=_detection(row.rules), origin=row.origin, resumes_at=_instant(row.resumes_at), looked_at=_instant(row.looked_at),
        cycles=tuple(_learnt(each) for each in cycles.get(row.appliance_id, ())),
        programmes=tuple(_of_row(each) for each in programmes.get(row.appliance_id, ())))
        for row in rows(RULE)}


def _by_appliance(rows: Iterable[Row[Any]]) -> Mapping[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.appliance_id, []).append(row)
    return found


def _learnt(row: Row[Any]) -> Learnt:
    run = Run(_instant(row.started_at) or EPOCH, _instant(row.ended_at) or EPOCH, row.energy_wh, row.whole)
    return Learnt(run, tuple(json.loads(row.minutes_w)), row.programme)


def _of_row(row: Row[Any]) -> Programme:
    return Programme(row.number, tuple(json.loads(row.minutes_w)), row.runs, row.confidence, EPOCH + row.last_at * _MS)


def _detection(text: str) -> Detection:
    """Names that it does not know are left out: an older version wrote them."""
    said = json.loads(text)
    fields = {each.name: each for each in attrs.fields(Detection)}
    return Detection(**{name: value * _S if isinstance(fields[name].default, timedelta) else value
                        for name, value in said.items() if name in fields})


def _rule(appliance_id: int, what: Known) -> dict[str, Any]:
    rules = attrs.asdict(what.rules, value_serializer=lambda _, __, value: value / _S if isinstance(value, timedelta) else value)
    return {"appliance_id": appliance_id, "origin": what.origin, "rules": json.dumps(rules),
            "resumes_at": _ms(what.resumes_at), "looked_at": _ms(what.looked_at)}


def _run(appliance_id: int, each: Learnt) -> dict[str, Any]:
    return {"appliance_id": appliance_id, "started_at": _ms(each.run.started_at), "ended_at": _ms(each.run.ended_at),
            "energy_wh": each.run.energy_wh, "whole": each.run.whole, "programme": each.programme,
            "minutes_w": json.dumps([round(power, 1) for power in each.minutes_w])}


def _programme(appliance_id: int, each: Programme) -> dict[str, Any]:
    return {"appliance_id": appliance_id, "number": each.number, "runs": each.runs, "confidence": each.confidence,
            "last_at": _ms(each.last_at), "minutes_w": json.dumps(list(each.minutes_w))}


def _instant(ms: int | None) -> datetime | None:
    return None if ms is None else EPOCH + ms * _MS


def _ms(at: datetime | None) -> int | None:
    return None if at is None else (at - EPOCH) // _MS
