"""The energy history in SQL: two tables, a reading kept once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Column, Engine, Float, ForeignKey, Integer, Select, Table, Text, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Field, SQLModel

from elfe import database, migrations
from elfe.history import quarters
from elfe.history.values import Reading
from elfe.slots import EPOCH, slot_start


class Base(SQLModel, registry=database.own_registry()):
    """The tables of the history."""

    __abstract__ = True

_MS = timedelta(milliseconds=1)


class SeriesRow(Base, table=True):
    """A series of readings."""

    __tablename__ = "series"
    __table_args__ = {"comment": "One series of readings; mesures_puissance_elec_id points here"}

    id: int | None = Field(default=None, sa_column=Column("id", Integer, primary_key=True))
    name: str = Field(sa_column=Column("name", Text, nullable=False, unique=True, comment="D101 puissance"))
    unit: str = Field(sa_column=Column("unit", Text, nullable=False, comment="W, Wh, °C, ..."))


class ReadingRow(Base, table=True):
    """One reading."""

    __tablename__ = "reading"
    __table_args__ = {"comment": "One value of one series at one instant, kept once"}

    series_id: int = Field(sa_column=Column("series_id", Integer, ForeignKey("series.id"), primary_key=True))
    at_ms: int = Field(sa_column=Column("at_ms", BigInteger, primary_key=True, autoincrement=False, comment="epoch ms"))
    value: float = Field(sa_column=Column("value", Float(53), nullable=False))


SERIES: Table = SeriesRow.__table__  # type: ignore[attr-defined]
READING: Table = ReadingRow.__table__  # type: ignore[attr-defined]
VERSIONED = migrations.Versioned("history", Base.metadata, Path(__file__).parent / "migrations",
                                 migrations.versions(Base.metadata, "history", schema=None))


def open_history(url: str) -> SqlHistory:
    """The history at `url`; its tables are ours alone, created and brought up to date as it is opened."""
    engine = database.connect(url, Base.metadata)
    database.check(engine)
    if migrations.version(engine, VERSIONED) != VERSIONED.head:
        migrations.upgrade(engine, VERSIONED)
        _partition(engine)
    return SqlHistory(engine)


def _partition(engine: Engine) -> None:
    """Where TimescaleDB is in the database, readings are laid out by week; a table that holds some already stays as it is."""
    if engine.dialect.name != "postgresql":
        return
    with engine.begin() as connection:
        if (connection.scalar(text("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'"))
                and connection.execute(select(READING.c.at_ms).limit(1)).first() is None):
            connection.execute(text("SELECT create_hypertable('public.reading', 'at_ms', chunk_time_interval => :week, "
                                    "if_not_exists => TRUE)"), {"week": 7 * 24 * 3600 * 1000})


class SqlHistory:
    """See `elfe.history.values.History`."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._ids: dict[str, int] = {}
        self._insert = (postgresql if engine.dialect.name == "postgresql" else sqlite).insert

    @property
    def forgets(self) -> bool:
        """What it took is committed."""
        return False

    @property
    def where(self) -> str:
        """Where it is, without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Let the connections go."""
        self.engine.dispose()

    def series(self, name: str, unit: str = "") -> int:
        """The id of a series; it is created when it is new."""
        if name not in self._ids:
            with self.engine.begin() as connection:
                connection.execute(self._insert(SERIES).values(name=name, unit=unit).on_conflict_do_nothing())
            found = self.find(name)
            assert found is not None
            self._ids[name] = found
        return self._ids[name]

    def all_series(self, wanted: Mapping[str, str]) -> Mapping[str, int]:
        """The ids of many series, by name; those that are new are created, in one transaction."""
        new = [{"name": name, "unit": unit} for name, unit in wanted.items() if name not in self._ids]
        if new:
            with self.engine.begin() as connection:
                connection.execute(database.insert_given(connection, SERIES, new).on_conflict_do_nothing())
                named = database.among(connection, SERIES.c.name, [each["name"] for each in new])
                self._ids |= {row.name: row.id for row in connection.execute(select(SERIES.c.name, SERIES.c.id).where(named))}
        return {name: self._ids[name] for name in wanted}

    def find(self, name: str) -> int | None:
        """The id of a series, or None."""
        if name not in self._ids:
            with self.engine.connect() as connection:
                found = connection.scalar(select(SERIES.c.id).where(SERIES.c.name == name))
            if found is None:
                return None
            self._ids[name] = found
        return self._ids[name]

    def find_all(self, names: Iterable[str]) -> Mapping[str, int]:
        """The ids of many series, by name; those that are not there are left out."""
        wanted = set(names)
        with self.engine.connect() as connection:
            named = database.among(connection, SERIES.c.name, wanted)
            return {row.name: row.id for row in connection.execute(select(SERIES.c.name, SERIES.c.id).where(named))}

    def names(self) -> list[tuple[int, str, str]]:
        """Every series: id, name, unit."""
        with self.engine.connect() as connection:
            return [(row.id, row.name, row.unit) for row in connection.execute(select(SERIES).order_by(SERIES.c.name))]

    def append(self, readings: Iterable[Reading]) -> None:
        """Keep readings in one transaction; one that is kept already stays as it is."""
        rows = [{"series_id": each.series, "at_ms": _ms(each.at), "value": each.value} for each in readings]
        if rows:
            with self.engine.begin() as connection:
                connection.execute(self._insert(READING).on_conflict_do_nothing(), rows)

    def written(self, readings: Collection[Reading]) -> Collection[Reading]:
        """All of them."""
        return readings

    def readings(self, series: int, start: datetime, end: datetime) -> Sequence[Reading]:
        """The readings in [start, end[, in order of time."""
        with self.engine.connect() as connection:
            return [_reading(series, row) for row in connection.execute(self._between(series, start, end))]

    @staticmethod
    def _between(series: int, start: datetime, end: datetime) -> Select[Any]:
        return (select(READING.c.at_ms, READING.c.value)
                .where(READING.c.series_id == series, READING.c.at_ms >= _ms(start), READING.c.at_ms < _ms(end))
                .order_by(READING.c.at_ms))

    def last(self, series: int, before: datetime) -> Reading | None:
        """The newest reading before an instant."""
        wanted = (select(READING.c.at_ms, READING.c.value)
                  .where(READING.c.series_id == series, READING.c.at_ms < _ms(before))
                  .order_by(READING.c.at_ms.desc()).limit(1))
        with self.engine.connect() as connection:
            row = connection.execute(wanted).first()
            return _reading(series, row) if row else None

    def of_point(self, point: str) -> list[tuple[int, str, str]]:
        """The id, the name and the unit of every series of an installation point."""
        return [each for each in self.names() if each[1].startswith(f"{point} ")]

    def forget(self, series: int, kept_as: str = "") -> int | None:
        """Erase the readings of a series; `kept_as`: the series that has them from now on, whose id is returned.

        The series itself stays: whoever writes to it knows it by its id.
        """
        own = READING.c.series_id == series
        with self.engine.begin() as connection:
            kept = None
            if kept_as:
                unit = connection.scalar(select(SERIES.c.unit).where(SERIES.c.id == series)) or ""
                connection.execute(self._insert(SERIES).values(name=kept_as, unit=unit).on_conflict_do_nothing())
                kept = connection.scalar(select(SERIES.c.id).where(SERIES.c.name == kept_as))
                same = select(literal(kept), READING.c.at_ms, READING.c.value).where(own)
                connection.execute(self._insert(READING).from_select(["series_id", "at_ms", "value"], same)
                                   .on_conflict_do_nothing())
            connection.execute(READING.delete().where(own))
            return kept

    def quarters(self, series: int, start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
        """The mean of each quarter; see `elfe.history.quarters`."""
        wanted = self._between(series, slot_start(start_slot) - held_for, slot_start(start_slot + count))
        with self.engine.connect() as connection:
            rows = connection.execute(wanted).all()
        return _means([(row.at_ms, row.value) for row in rows], start_slot, count, held_for)

    def newest(self, series: Collection[int], since: datetime, before: datetime) -> Mapping[int, Reading]:
        """Of many series at once: the newest reading of each in [since, before[; one that said nothing is left out."""
        with self.engine.connect() as connection:
            newest = (select(READING.c.series_id, func.max(READING.c.at_ms).label("at_ms"))
                      .where(database.among(connection, READING.c.series_id, set(series)), READING.c.at_ms >= _ms(since),
                             READING.c.at_ms < _ms(before)).group_by(READING.c.series_id).subquery())
            rows = connection.execute(select(READING).join(newest, (READING.c.series_id == newest.c.series_id)
                                                           & (READING.c.at_ms == newest.c.at_ms)))
            return {row.series_id: _reading(row.series_id, row) for row in rows}

    def quarters_of(self, series: Collection[int], start_slot: int, count: int,
                    held_for: timedelta) -> Mapping[int, list[float | None]]:
        """The same of many series at once."""
        begin, end = _ms(slot_start(start_slot) - held_for), _ms(slot_start(start_slot + count))
        found: dict[int, list[tuple[int, float]]] = {each: [] for each in series}
        with self.engine.connect() as connection:
            for row in connection.execute(
                    select(READING).where(database.among(connection, READING.c.series_id, found), READING.c.at_ms >= begin,
                                          READING.c.at_ms < end).order_by(READING.c.series_id, READING.c.at_ms)):
                found[row.series_id].append((row.at_ms, row.value))
        return {each: _means(rows, start_slot, count, held_for) for each, rows in found.items()}


def _means(rows: Sequence[tuple[int, float]], start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
    at_ms, values = zip(*rows, strict=True) if rows else ((), ())
    return quarters.means_of(np.array(at_ms, float) / 1000, np.array(values, float), start_slot, count, held_for)


def _reading(series: int, row: Any) -> Reading:
    return Reading(series, EPOCH + row.at_ms * _MS, row.value)


def _ms(at: datetime) -> int:
    return (at - EPOCH) // _MS
