"""A coordination database, a history in memory, the installed drivers, and small inventories."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field
from sqlalchemy import Engine

from elfe.coordination import inventory, queries, store
from elfe.coordination.store import Provisioned
from elfe.devices.drivers import Drivers, load
from elfe.history.values import Reading

NOW = datetime(2024, 10, 11, 8, 0, tzinfo=UTC)

HEADER = ("participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;"
          "duree_cycle;volume_l;puissance_w;heures_creuses;topics")
A_WASHER = "R004;r004@example.org;Lave-linge;lave_linge;120;A001;11;111;A8BC25;2h30;;;;"
A_DISHWASHER = "R004;;Lave-vaisselle;lave_vaisselle;120;A002;11;112;;;;;;"
A_TANK = "R005;;Ballon;ballon_ecs;190;D001;11;411;;;200;2200;22:30-06:30 12:30-14:30;"


def csv(*lines: str, header: str = HEADER) -> str:
    """An inventory of these lines."""
    return "\n".join((header, *lines)) + "\n"


@define
class MemoryHistory:
    """A history that remembers its series."""

    names: list[str] = field(factory=list)

    def series(self, name: str, unit: str = "") -> int:
        if name not in self.names:
            self.names.append(name)
        return self.names.index(name) + 1

    def find(self, name: str) -> int | None:
        return self.names.index(name) + 1 if name in self.names else None

    def find_all(self, names: Iterable[str]) -> Mapping[str, int]:
        return {name: found for name in names if (found := self.find(name)) is not None}

    def all_series(self, wanted: Mapping[str, str]) -> Mapping[str, int]:
        return {name: self.series(name, unit) for name, unit in wanted.items()}

    def append(self, readings: Iterable[Reading]) -> None:
        raise NotImplementedError

    def readings(self, series: int, start: datetime, end: datetime) -> Sequence[Reading]:
        raise NotImplementedError

    def last(self, series: int, before: datetime) -> Reading | None:
        raise NotImplementedError

    def newest(self, series: Collection[int], since: datetime, before: datetime) -> Mapping[int, Reading]:
        raise NotImplementedError

    def quarters(self, series: int, start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
        raise NotImplementedError

    def quarters_of(self, series: Collection[int], start_slot: int, count: int,
                    held_for: timedelta) -> Mapping[int, list[float | None]]:
        raise NotImplementedError


@define
class Home:
    """Where inventories are provisioned."""

    engine: Engine
    drivers: Drivers
    history: MemoryHistory

    def prepare(self, *lines: str) -> store.Changes:
        read, problems = inventory.read(csv(*lines), self.drivers)
        return store.prepare(self.engine, read, problems, self.history)

    def provision(self, *lines: str, now: datetime = NOW) -> list[Provisioned]:
        return store.apply(self.engine, self.prepare(*lines), self.drivers, self.history, now)


@pytest.fixture(scope="session")
def drivers() -> Drivers:
    """The drivers of the plugins that are installed."""
    return load()


@pytest.fixture
def engine(coordination_url: str) -> Iterator[Engine]:
    """A blank coordination database, on SQLite and on PostgreSQL."""
    engine = queries.open_coordination(coordination_url)
    yield engine
    engine.dispose()


@pytest.fixture
def home(engine: Engine, drivers: Drivers) -> Home:
    """A blank database, and what provisioning it takes."""
    return Home(engine, drivers, MemoryHistory())
