"""Real brokers for tests of any room: a mosquitto and the fallback, each on a free port, and waiting without sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from elfe.broker.address import BrokerAddress
from elfe.broker.client import MqttSession
from elfe.broker.embedded import Embedded, find_mosquitto
from elfe.broker.session import Arrival, Message, Session
from elfe.devices.values import Publish

WITHIN_S = 10.0
A_MOMENT = timedelta(milliseconds=20)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Embedded]:
    """A real mosquitto; tests that ask for it carry the marker of its name."""
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed here (Debian: apt-get install mosquitto)")
    with Embedded(tmp_path / "mosquitto") as broker:
        yield broker


@pytest.fixture
def amqtt(tmp_path: Path) -> Iterator[Embedded]:
    """The broker of machines that have no mosquitto."""
    pytest.importorskip("amqtt", reason="amqtt is not installed here (the extra elfe[embedded])")
    with Embedded(tmp_path / "amqtt", mosquitto=None) as broker:
        yield broker


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.mosquitto), "amqtt"])
def broker(request: pytest.FixtureRequest) -> Embedded:
    """Either, in turn."""
    chosen: Embedded = request.getfixturevalue(request.param)
    return chosen


@contextmanager
def connected(address: BrokerAddress, client_id: str, *filters: str, will: Publish | None = None) -> Iterator[MqttSession]:
    """A session whose subscriptions stand, with an empty inbox."""
    with closing(MqttSession(address, client_id, will=will)) as session:
        session.listen(filters)
        until(lambda: session.ready, session)
        session.arrivals()
        yield session


def heard(session: Session, wanted: Callable[[Arrival], bool]) -> Arrival:
    """The first arrival that is wanted; what arrived with it is thrown away."""
    found: list[Arrival] = []
    until(lambda: found.extend(filter(wanted, session.arrivals())) or bool(found), session)
    return found[0]


def messages(session: Session, count: int) -> list[Message]:
    """The next messages, as many as are expected."""
    found: list[Message] = []
    until(lambda: found.extend(each for each in session.arrivals() if isinstance(each, Message)) or len(found) >= count,
          session)
    return found


def until(holds: Callable[[], bool], session: Session | None = None, within_s: float = WITHIN_S) -> None:
    """Return as soon as something holds; looked at when something arrives, and every moment."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not come to hold in time"
        if session is not None:
            session.wait(A_MOMENT)
        else:
            time.sleep(A_MOMENT.total_seconds())
