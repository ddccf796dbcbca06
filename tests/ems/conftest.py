"""An output database on both engines, and a territory to plan for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from attrs import define
from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session
from sqlmodel import SQLModel

from elfe.coordination import queries, tables
from elfe.coordination.values import ApplianceType, Mode
from elfe.ems import store
from elfe.ems.sources import Sources
from elfe.history.store import SqlHistory, open_history
from elfe.history.values import BALANCE, Reading
from elfe.slots import HORIZON, SLOT, epoch_s
from tests.ems.made import HOUR, NOON, PARIS


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def sortie(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A blank output database, on SQLite and on a real PostgreSQL."""
    real = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if real else f"sqlite:///{tmp_path}/sortie_ems.db"
    engine = store.open_sortie(url)
    store.create_sortie(engine)
    yield engine
    engine.dispose()


@define
class Territory:
    """Three databases, and short words to fill them."""

    sources: Sources
    history: SqlHistory

    @property
    def coordination(self) -> Engine:
        return self.sources.coordination

    def balance(self, watts: tuple[float, ...]) -> None:
        """What was measured yesterday, so that the forecast from noon on is `watts`: it ends as it begins."""
        series = self.history.series(BALANCE, "W")
        self.history.append([Reading(series, NOON + (t - HORIZON) * SLOT, each) for t, each in enumerate(watts)])

    def machine(self, id: int, by: datetime | None = None, lasts: timedelta = timedelta(hours=2), mode: Mode = Mode.PILOTED,
                type: ApplianceType = ApplianceType.WASHING_MACHINE, may_wait_s: int = 0) -> int:
        """A machine, its programme, and its flexibility."""
        series = self.history.series(f"A{id:03} puissance", "W")
        self._add(
            self._appliance(id, type, mode),
            tables.CycleRow(id=id, machine_id=id, lasts_s=int(lasts.total_seconds()), name="par défaut",
                            description="aucun", last_started=0),
            tables.MachineRow(id=id, appliance_id=id, deadline=epoch_s(by) if by else 0, may_wait_s=may_wait_s, cycle_id=id,
                              power_series=series))
        return series

    def tank(self, id: int, volume_l: int = 200, power_w: int = 2000, windows: tuple[tuple[int, int], ...] = ((22, 6),)) -> int:
        """A water heater with its off-peak hours."""
        series = self.history.series(f"A{id:03} puissance", "W")
        self._add(
            self._appliance(id, ApplianceType.WATER_HEATER, Mode.PILOTED),
            tables.WaterHeaterRow(id=id, appliance_id=id, volume_l=volume_l, power_w=power_w, power_series=series),
            *(tables.OffPeakRow(heater_id=id, name="HC", description="aucun", active=True, start_s=start * HOUR, end_s=end * HOUR)
              for start, end in windows))
        return series

    def started(self, id: int, at: datetime) -> None:
        """The engine has started it, and its person has it again."""
        with self.coordination.begin() as connection:
            connection.execute(insert(queries.FLEXIBILITY).values(
                appliance_id=id, opened_at=epoch_s(at), started_at=epoch_s(at), closed_at=epoch_s(at), outcome="started"))

    def drew(self, series: int, start: datetime, *watts: float) -> None:
        """A mean per quarter, said every five minutes."""
        self.history.append([Reading(series, start + i * SLOT + timedelta(minutes=m), power)
                             for i, power in enumerate(watts) for m in (0, 5, 10)])

    def _add(self, *rows: SQLModel) -> None:
        with Session(self.coordination) as session:
            for row in rows:
                session.add(row)
                session.flush()
            session.commit()

    @staticmethod
    def _appliance(id: int, type: ApplianceType, mode: Mode) -> tables.ApplianceRow:
        return tables.ApplianceRow(
            id=id, specific_id=id, typology=120, name=f"appareil {id}", description="aucun", type=type, mode=mode, control=15,
            command=1, ems_order=False, last_started=0, programmed_at=0, participant="R004")


@pytest.fixture
def territory(sortie: Engine, tmp_path: Path) -> Iterator[Territory]:
    coordination = queries.open_coordination(f"sqlite:///{tmp_path}/coordination.db")
    queries.create_blank(coordination)
    history = open_history(f"sqlite:///{tmp_path}/history.db")
    yield Territory(Sources(coordination, sortie, history, PARIS), history)
    coordination.dispose()
    history.engine.dispose()
