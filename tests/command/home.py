"""One home on a mocked broker and a real database, the daemon that pilots it, the installed drivers, and a hand to move time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import define, field
from sqlalchemy import Engine, text

from elfe.command import store
from elfe.command.orders import Order
from elfe.command.service import CommandService
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.coordination.devices import device_values
from elfe.coordination.values import Appliance
from elfe.devices.drivers import load
from elfe.devices.testing import MockBroker, MockSession
from elfe.devices.twins import Twin
from elfe.devices.values import Publish
from elfe.ems import store as sortie
from elfe.ems.values import Placement, Plan
from elfe.slots import slot_of
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, MemoryHistory, csv

NOW = datetime(2024, 10, 11, 8, 1, tzinfo=UTC)
WASHER, DISHWASHER, TANK = 1, 2, 3


@define
class Home:
    """One home on a mocked broker, the daemon that pilots it, and a hand to move time."""

    coordination: Engine
    sortie: Engine
    broker: MockBroker
    service: CommandService
    session: MockSession
    twins: dict[str, tuple[Twin, MockSession]] = field(factory=dict)
    now: datetime = NOW

    def live(self, **elapsed: float) -> None:
        """Let time pass, and messages go back and forth until none is left."""
        self.now += timedelta(**elapsed)
        for _ in range(6):
            self.service.step(self.now)
            for twin, session in self.twins.values():
                for arrival in session.arrivals():
                    if hasattr(arrival, "topic"):
                        for said in twin.receive(arrival.topic, arrival.payload, self.now):
                            session.send(said)
                for said in twin.tick(self.now):
                    session.send(said)

    def draw(self, point: str, power_w: float) -> None:
        twin, session = self.twins[point]
        for said in twin.draw(power_w, self.now):
            session.send(said)
        self.live()

    def declare(self, appliance_id: int = WASHER, hours: float = 9) -> None:
        deadline = self.now + timedelta(hours=hours) if appliance_id != TANK else None
        queries.declare(self.coordination, appliance_id, deadline, None, self.now)
        self.broker.session().send(tells_the_engine(appliance_id))

    def plan(self, appliance_id: int, *decisions: int) -> None:
        """A plan that begins with the slot of now."""
        row = decisions + (0,) * (96 - len(decisions))
        placed = Placement(appliance_id, 112, row, (0.0,) * 96, "a test", "a test")
        sortie.write_plan(self.sortie, Plan(slot_of(self.now), self.now, (placed,), (0.0,) * 96, "", "", 0, None, 0))

    def appliance(self, id: int = WASHER) -> Appliance:
        return next(each for each in queries.appliances(self.coordination) if each.id == id)

    def orders(self, id: int = WASHER) -> list[Order]:
        return [each for each in store.orders(self.coordination) if each.appliance_id == id]

    def commands_to(self, point: str) -> int:
        """How many messages went to its command topic."""
        topic = next(topic for topic, device in self.service._commanded.items() if device.id == point)
        return sum(each.topic == topic for each in self.broker.log)

    def relay(self, point: str = "A001") -> bool:
        return self.twins[point][0].outputs[0]

    def sql(self, statement: str) -> None:
        with self.coordination.begin() as connection:
            connection.execute(text(statement if self.coordination.dialect.name == "postgresql"
                                    else statement.replace("bdd_coordination_schema.", "")))


def tells_the_engine(appliance_id: int):
    return Publish(f"viriya/update/{appliance_id}", b"")


def a_daemon(coordination: Engine, sortie_engine: Engine, broker: MockBroker,
             steady_s: Callable[[], float] | None = None) -> tuple[CommandService, MockSession]:
    session = broker.session()
    made = CommandService(session, coordination, sortie_engine, load(), poll_every=timedelta(minutes=1), steady_s=steady_s)
    return made, session


@contextmanager
def a_home(coordination_url: str, folder: Path, now: datetime = NOW, lines: tuple[str, ...] = (A_WASHER, A_DISHWASHER, A_TANK),
           steady_s: Callable[[], float] | None = None) -> Iterator[Home]:
    """A home of a washing machine, a dishwasher and a tank, which has been lived in for a second."""
    coordination = queries.open_coordination(coordination_url)
    queries.create_blank(coordination)
    made, history = load(), MemoryHistory()
    asked, problems = inventory.read(csv(*lines), made)
    assert not problems, problems
    provisioning.apply(coordination, provisioning.prepare(coordination, asked, problems, history), made, history, now)
    output = sortie.open_sortie(f"sqlite:///{folder}/sortie.db")
    sortie.create_sortie(output)
    broker = MockBroker()
    home = Home(coordination, output, broker, *a_daemon(coordination, output, broker, steady_s), now=now)
    home.live()
    for _, device in device_values(queries.installed_devices(coordination), made, "twin")[0]:
        twin, session = made[device.type_id].simulate(device, 1), broker.session()
        session.listen(twin.subscriptions)
        home.twins[device.id] = (twin, session)
        for said in twin.connected(now):
            session.send(said)
    home.live(seconds=1)
    try:
        yield home
    finally:
        home.service.close()
        home.coordination.dispose()
        output.dispose()
