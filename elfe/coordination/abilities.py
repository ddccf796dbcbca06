"""What the contract has no column for, ours, in the schema `elfe`: charges that may pause, batteries, what must run some hours.

A row belongs to an appliance (`equipement_pilote_ou_mesure.id`) and goes when its people leave. `elfe loads` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field

from elfe.coordination.tables import OURS, Base
from elfe.coordination.values import Ability, Appliance, Battery, Duty, OffPeak


def _appliance_id() -> Any:
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False, "comment": "as equipement_pilote_ou_mesure.id"})


def _number(comment: str) -> Any:
    return Field(sa_column_kwargs={"comment": comment})


class AbilityRow(Base, table=True):
    """A vehicle whose charge may be cut and goes on."""

    __tablename__ = "ability"
    __table_args__ = {"schema": OURS, "comment": "Vehicles whose charge may pause: the plan may cut it as often as it likes"}  # noqa: RUF012

    appliance_id: int = _appliance_id()
    modulates: bool = _number("whether it takes any power up to its own; else on or off")


class DutyRow(Base, table=True):
    """What only must run some hours a day."""

    __tablename__ = "duty"
    __table_args__ = {"schema": OURS, "comment": "What only must run some hours of each local day"}  # noqa: RUF012

    appliance_id: int = _appliance_id()
    power_w: int = _number("W while it runs")
    lasts_s: int = _number("seconds a day")
    start_s: int = _number("local seconds after midnight, from which it may run")
    end_s: int = _number("until which; before the start: across midnight")
    power_series: int = _number("series of its power, as mesures_puissance_elec_id; 0: not measured")


class BatteryRow(Base, table=True):
    """A battery."""

    __tablename__ = "battery"
    __table_args__ = {"schema": OURS, "comment": "Batteries"}  # noqa: RUF012

    appliance_id: int = _appliance_id()
    capacity_wh: int = _number("Wh")
    charge_w: int = _number("W at most")
    discharge_w: int = _number("W at most")
    least_pct: int = _number("of its capacity, never given")
    efficiency: float = _number("of a round trip, 0 to 1")
    power_series: int = _number("series of its power, positive where it is charged; 0: not measured")
    charge_series: int = _number("series of its charge, %; 0: not measured")


ABILITY: Table = AbilityRow.__table__  # type: ignore[attr-defined]
DUTY: Table = DutyRow.__table__  # type: ignore[attr-defined]
BATTERY: Table = BatteryRow.__table__  # type: ignore[attr-defined]
ALL = (ABILITY, DUTY, BATTERY)


def put(engine: Engine, table: Table, appliance_id: int, **columns: object) -> None:
    """Write the row of an appliance; what it said before is replaced."""
    with engine.begin() as connection:
        insert: Any = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
        connection.execute(insert.values(appliance_id=appliance_id, **columns)
                           .on_conflict_do_update(index_elements=["appliance_id"], set_=columns))


def forget(connection: Connection, appliance_ids: Iterable[int]) -> None:
    """The rows of these appliances go."""
    gone = list(appliance_ids)
    for table in ALL:
        connection.execute(delete(table).where(table.c.appliance_id.in_(gone)))


def pausing(connection: Connection) -> set[int]:
    """The appliances that may be cut and go on, whatever their type."""
    return set(connection.scalars(_PAUSING))


_PAUSING = select(ABILITY.c.appliance_id).union(select(DUTY.c.appliance_id))


def daily(connection: Connection) -> set[int]:
    """The appliances that are planned day by day and wanted by no hour, whatever their type: hours to run, batteries."""
    return set(connection.scalars(_DAILY))


_DAILY = select(DUTY.c.appliance_id).union(select(BATTERY.c.appliance_id))


def abilities(engine: Engine) -> dict[int, Ability]:
    """What can be done of each vehicle, by appliance."""
    with engine.connect() as connection:
        return {row.appliance_id: Ability(row.modulates) for row in connection.execute(select(ABILITY))}


def duties(engine: Engine, appliances: Mapping[int, Appliance]) -> list[Duty]:
    """What must run some hours a day, of the appliances there are."""
    with engine.connect() as connection:
        return [Duty(appliances[row.appliance_id], row.power_w, timedelta(seconds=row.lasts_s), OffPeak(row.start_s, row.end_s),
                     row.power_series)
                for row in connection.execute(select(DUTY).order_by(DUTY.c.appliance_id)) if row.appliance_id in appliances]


def batteries(engine: Engine, appliances: Mapping[int, Appliance]) -> list[Battery]:
    """The batteries, of the appliances there are."""
    with engine.connect() as connection:
        return [Battery(appliances[row.appliance_id], row.capacity_wh, row.charge_w, row.discharge_w, row.least_pct, row.efficiency,
                        row.power_series, row.charge_series)
                for row in connection.execute(select(BATTERY).order_by(BATTERY.c.appliance_id)) if row.appliance_id in appliances]
