"""What was measured, what was forecast, and the weather that was announced: three tables, ours, in the schema `elfe` of the EMS
output database.

The base balance is the territory's without what the EMS places: what is placed anew tomorrow says nothing of tomorrow.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import numpy as np
from attrs import frozen
from sqlalchemy import BigInteger, Column, Engine, Float, Table, Text, delete, func, select
from sqlmodel import Field

from elfe.database import put
from elfe.ems.forecast.values import Floats, Forecast
from elfe.ems.tables import Base
from elfe.slots import SLOTS_PER_HOUR, epoch_s, instant, slot_of, slot_start

KEPT = timedelta(days=400)
"""Of forecasts and of the weather that was announced; what was measured is kept for good: 35,000 numbers a year."""
ANNOUNCED = timedelta(hours=6)
"""The weather of the past is taken as it was announced this long before: as wrong as it will be of what is to come."""


def _slot(name: str, comment: str) -> Column[int]:
    return Column(name, BigInteger, primary_key=True, autoincrement=False, comment=comment)


class BaseBalanceRow(Base, table=True):
    """A quarter's balance without what was placed."""

    __tablename__ = "base_balance"
    __table_args__ = ({"schema": "elfe", "comment": "The measured balance without what the EMS placed, per quarter"},)

    slot: int = Field(sa_column=_slot("slot", "epoch // 900"))
    power_w: float = Field(sa_column=Column("power_w", Float(53), nullable=False, comment="production − consumption, W"))


class ForecastRow(Base, table=True):
    """What a run of the EMS expected."""

    __tablename__ = "forecast"
    __table_args__ = ({"schema": "elfe", "comment": "What each run expected of the base balance; base_balance says what came"},)

    first_slot: int = Field(sa_column=_slot("first_slot", "epoch // 900 of slot 0"))
    made_at: int = Field(sa_column=Column("made_at", BigInteger, nullable=False, comment="epoch s"))
    source: str = Field(sa_column=Column("source", Text, nullable=False, comment="who was believed, and how much"))
    power_w: str = Field(sa_column=Column("power_w", Text, nullable=False, comment="JSON: 96 means, W"))
    low_w: str = Field(sa_column=Column("low_w", Text, nullable=False, comment="JSON: quantile 0.1 of each, W; or nothing"))
    high_w: str = Field(sa_column=Column("high_w", Text, nullable=False, comment="JSON: quantile 0.9 of each, W; or nothing"))


class WeatherRow(Base, table=True):
    """An hour's weather as it was announced."""

    __tablename__ = "weather"
    __table_args__ = ({"schema": "elfe", "comment": "The weather of each hour, as announced at each time"},)

    slot: int = Field(sa_column=_slot("slot", "epoch // 900 of the hour's first quarter"))
    issued_at: int = Field(sa_column=_slot("issued_at", "when it was announced, epoch s"))
    temperature_c: float = Field(sa_column=Column("temperature_c", Float, nullable=False))
    radiation_w_m2: float = Field(sa_column=Column("radiation_w_m2", Float, nullable=False, comment="mean of the hour"))
    wind_m_s: float = Field(sa_column=Column("wind_m_s", Float, nullable=False))


BASE: Table = BaseBalanceRow.__table__  # type: ignore[attr-defined]
FORECAST: Table = ForecastRow.__table__  # type: ignore[attr-defined]
WEATHER: Table = WeatherRow.__table__  # type: ignore[attr-defined]


@frozen
class Hour:
    """The weather of an hour."""

    slot: int
    temperature_c: float
    radiation_w_m2: float
    wind_m_s: float


@frozen
class Kept:
    """A forecast as it was kept."""

    first_slot: int
    made_at: datetime
    forecast: Forecast


# -- what was measured, and what was forecast -----------------------------------------------------------------------------------


def keep_measured(engine: Engine, measured: Mapping[int, float]) -> None:
    """Keep what was measured of slots; what was kept of them before is replaced."""
    if measured:
        with engine.begin() as connection:
            put(connection, BASE, [{"slot": slot, "power_w": power} for slot, power in measured.items()])


def measured(engine: Engine, start_slot: int, count: int) -> list[float | None]:
    """The base balance of each slot; None where it is not known."""
    with engine.connect() as connection:
        rows = connection.execute(select(BASE).where(BASE.c.slot >= start_slot, BASE.c.slot < start_slot + count)).all()
    known = {row.slot: row.power_w for row in rows}
    return [known.get(slot) for slot in range(start_slot, start_slot + count)]


def keep_forecast(engine: Engine, first_slot: int, made_at: datetime, forecast: Forecast) -> None:
    """Keep a run's forecast; the one of an earlier run for the same first slot goes."""
    values = {name: json.dumps([round(power) for power in getattr(forecast, attribute)])
              for name, attribute in (("power_w", "balance_w"), ("low_w", "low_w"), ("high_w", "high_w"))}
    with engine.begin() as connection:
        put(connection, FORECAST, [{"first_slot": first_slot, "made_at": epoch_s(made_at), "source": forecast.source, **values}])
        connection.execute(delete(FORECAST).where(FORECAST.c.first_slot < slot_of(made_at - KEPT)))


def forecasts(engine: Engine, start_slot: int, end_slot: int) -> list[Kept]:
    """The forecasts whose first slot lies in [start, end[, in order of time."""
    wanted = select(FORECAST).where(FORECAST.c.first_slot >= start_slot, FORECAST.c.first_slot < end_slot)
    with engine.connect() as connection:
        rows = connection.execute(wanted.order_by(FORECAST.c.first_slot)).all()
    return [Kept(row.first_slot, instant(row.made_at),
                 Forecast(tuple(json.loads(row.power_w)), row.source, tuple(json.loads(row.low_w)), tuple(json.loads(row.high_w))))
            for row in rows]


# -- the weather ----------------------------------------------------------------------------------------------------------------


def keep_weather(engine: Engine, issued_at: datetime, hours: Iterable[Hour]) -> None:
    """Keep what was announced at an instant."""
    rows = [{"slot": each.slot, "issued_at": epoch_s(issued_at), "temperature_c": each.temperature_c,
             "radiation_w_m2": each.radiation_w_m2, "wind_m_s": each.wind_m_s} for each in hours]
    with engine.begin() as connection:
        if rows:
            put(connection, WEATHER, rows)
        connection.execute(delete(WEATHER).where(WEATHER.c.issued_at < epoch_s(issued_at - KEPT)))


def weather(engine: Engine, start_slot: int, count: int) -> Floats:
    """Rows of °C, W/m² and m/s for each slot, NaN where nothing was announced.

    Of several announcements the newest that is at least `ANNOUNCED` older than its hour; without any, the oldest.
    """
    with engine.connect() as connection:
        rows = connection.execute(select(WEATHER).where(WEATHER.c.slot > start_slot - SLOTS_PER_HOUR,
                                                        WEATHER.c.slot < start_slot + count).order_by(WEATHER.c.issued_at)).all()
    chosen = {}
    for row in rows:
        early = row.issued_at <= epoch_s(slot_start(row.slot) - ANNOUNCED)
        if early or row.slot not in chosen:
            chosen[row.slot] = row
    around = np.full((3, count), np.nan)
    for row in chosen.values():
        low, high = max(row.slot - start_slot, 0), row.slot - start_slot + SLOTS_PER_HOUR
        around[:, low:high] = np.array([row.temperature_c, row.radiation_w_m2, row.wind_m_s])[:, None]
    return around


def newest_weather(engine: Engine) -> datetime | None:
    """When the newest weather was announced."""
    with engine.connect() as connection:
        newest = connection.scalar(select(func.max(WEATHER.c.issued_at)))
    return None if newest is None else instant(newest)
