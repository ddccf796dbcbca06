"""Two services of a kind: one serves, the other says that it stands by, and takes over."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from attrs import define, field
from sqlalchemy import Engine, text

from elfe.app import standby
from elfe.app.standby import Lock, OneAtATime
from elfe.broker.client import MqttSession
from elfe.broker.embedded import Embedded
from elfe.coordination import queries
from tests.brokers import mosquitto, until  # noqa: F401 - a fixture
from tests.conftest import Server

pytestmark = [pytest.mark.mosquitto, pytest.mark.postgresql]
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


@define
class Counting:
    """A service that counts its steps."""

    session: MqttSession
    stepped: int = field(default=0, init=False)

    def step(self, now: datetime) -> datetime:
        self.stepped += 1
        return now + timedelta(minutes=1)

    def close(self) -> None:
        self.session.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, tmp_path, postgresql: Server) -> Iterator[tuple[Engine, Engine]]:
    """Of two programs, on one database."""
    url = postgresql.fresh("coordination") if request.param == "postgresql" else f"sqlite:///{tmp_path}/c.db"
    made = queries.open_coordination(url), queries.open_coordination(url)
    yield made
    for each in made:
        each.dispose()


@pytest.fixture
def two(mosquitto: Embedded, engines, monkeypatch) -> Iterator[tuple[OneAtATime, OneAtATime]]:  # noqa: F811
    """Two recorders, that look at every step."""
    monkeypatch.setattr(standby, "LOOKS_S", 0.0)
    made = []
    for engine in engines:
        session = MqttSession(mosquitto.address, "elfe-recorder", joins=False)
        made.append(OneAtATime(Counting(session), session, Lock(engine, "recorder")))
    yield made[0], made[1]
    for each in made:
        each.close()


def test_the_second_of_a_kind_says_that_it_stands_by_and_does_not_touch_the_firsts_connection(two, caplog):
    first, second = two
    until(lambda: (first.step(NOW), first.session.ready)[1])
    for _ in range(3):
        second.step(NOW)
    assert (second.service.stepped, second.session.ready, first.session.ready) == (0, False, True)
    assert [each.message for each in caplog.records if each.name == "elfe.standby"] == [
        "recorder: another one serves this territory already; this one stands by, and serves when it has gone"]


def test_who_stands_by_serves_when_the_other_one_has_gone(two, caplog):
    caplog.set_level("INFO")
    first, second = two
    begun: list[str] = []
    first.begins, second.begins = lambda: begun.append("first"), lambda: begun.append("second")
    first.step(NOW)
    second.step(NOW)
    first.close()
    until(lambda: (second.step(NOW), second.session.ready)[1])
    second.step(NOW)
    assert second.service.stepped > 0
    assert begun == ["first", "second"]
    assert caplog.messages[-1] == "recorder: the other one has gone, this one serves now"


def test_services_of_other_kinds_do_not_wait_for_each_other(engines):
    one, other = engines
    locks = [Lock(one, "recorder"), Lock(other, "territory"), Lock(other, "recorder")]
    assert [each.held() for each in locks] == [True, True, False]
    for each in locks:
        each.release()


def test_a_recorder_goes_on_while_the_database_is_away_and_steps_back_if_another_took_its_place(
        mosquitto: Embedded, postgresql: Server, monkeypatch):  # noqa: F811
    monkeypatch.setattr(standby, "LOOKS_S", 0.0)
    engine = queries.open_coordination(postgresql.fresh("coordination"))
    with closing(MqttSession(mosquitto.address, "elfe-recorder", joins=False)) as session:
        first = OneAtATime(Counting(session), session, Lock(engine, "recorder"))
        until(lambda: (first.step(NOW), session.ready)[1])
        name, other = engine.url.database, queries.open_coordination(engine.url.set(database="postgres").render_as_string(False))
        with other.connect().execution_options(isolation_level="AUTOCOMMIT") as admin:
            admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
            admin.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
            before = first.service.stepped
            first.step(NOW)
            first.step(NOW)
            assert (first.service.stepped - before, session.ready) == (2, True)
            admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
        rival = Lock(queries.open_coordination(engine.url.render_as_string(False)), "recorder")
        assert rival.held()
        before = first.service.stepped
        first.step(NOW)
        assert (first.service.stepped - before, session.ready) == (0, False)
        rival.release()
        for each in (engine, other, rival.engine):
            each.dispose()
