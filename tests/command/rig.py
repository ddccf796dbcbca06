"""The real programs around the command engine, to be killed and frozen: mosquitto, PostgreSQL, engines in processes of their own,
and the twins of a home, which live whenever a test waits for something."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from attrs import define, field
from sqlalchemy import Engine, text

from elfe import clock
from elfe.broker.address import BrokerAddress
from elfe.broker.client import MqttSession
from elfe.broker.embedded import Embedded
from elfe.broker.session import Connected, Message
from elfe.command import store
from elfe.command.orders import Order, Why
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.coordination.devices import device_values
from elfe.devices.drivers import load
from elfe.devices.twins import Twin
from elfe.ems import store as sortie
from tests.brokers import connected
from tests.conftest import Server
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, MemoryHistory, csv
from tests.proxy import Proxy
from tests.undefended import PROGRAM

WASHER, DISHWASHER, TANK = 1, 2, 3
POINTS = {WASHER: "A001", DISHWASHER: "A002", TANK: "D001"}
WITHIN_S = 90.0


@define(eq=False)
class AnEngine:
    """One engine in a process of its own."""

    process: subprocess.Popen[bytes]
    log: Path

    def says(self, words: str) -> bool:
        return words in self.log.read_text()

    def signal(self, what: signal.Signals) -> None:
        self.process.send_signal(what)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@define(eq=False)
class Rig:
    """One home, its broker and its database behind proxies, and engines."""

    folder: Path
    broker: Embedded
    wire: Proxy                      # between the engines and the broker; the twins are not behind it
    database: Proxy                  # between the engines and PostgreSQL; the test is not behind it
    coordination: Engine
    twins: dict[str, tuple[Twin, MqttSession]] = field(factory=dict)
    watcher: MqttSession | None = None
    heard: list[Message] = field(factory=list)
    told: list[tuple[str, Message]] = field(factory=list)      # what each twin was told
    engines: list[AnEngine] = field(factory=list)

    def engine(self, name: str = "a") -> AnEngine:
        """Start one more; what a second one is told is what the first was."""
        log = self.folder / f"{name}.log"
        with log.open("ab") as out:
            command = [sys.executable, "-m", *PROGRAM, "--config", str(self.folder / "elfe.toml"), "command", "run"]
            process = subprocess.Popen(command, cwd=self.folder, stdout=out, stderr=out)
        self.engines.append(AnEngine(process, log))
        return self.engines[-1]

    def live(self) -> None:
        """Let the twins hear and answer what has arrived, and the watcher note it."""
        for point, (twin, session) in self.twins.items():
            for arrival in session.arrivals():
                if isinstance(arrival, Connected):
                    for said in twin.connected(clock.now()):
                        session.send(said)
                if isinstance(arrival, Message):
                    self.told.append((point, arrival))
                    for said in twin.receive(arrival.topic, arrival.payload, clock.now()):
                        session.send(said)
            for said in twin.tick(clock.now()):
                session.send(said)
        if self.watcher is not None:
            self.heard += [each for each in self.watcher.arrivals() if isinstance(each, Message)]

    def until(self, holds: Callable[[], bool], within_s: float = WITHIN_S) -> float:
        """Live until something holds; how long it took, s."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < within_s, "it did not come to hold in time:\n" + "\n".join(
                f"--- {each.log.name}\n{each.log.read_text()[-2000:]}" for each in self.engines)
            self.live()
            if self.watcher is not None:
                self.watcher.wait(timedelta(milliseconds=20))
        return time.monotonic() - began

    def declare(self, appliance_id: int = WASHER, hours: float = 9) -> None:
        self.draw(POINTS[appliance_id], 0)
        queries.declare(self.coordination, appliance_id, clock.now() + timedelta(hours=hours), timedelta(hours=1), clock.now())

    def draw(self, point: str, power_w: float) -> None:
        """The appliance behind a point draws so much: its twin says so at once, as after any change."""
        twin, session = self.twins[point]
        for said in (*twin.draw(power_w + 1, clock.now()), *twin.draw(power_w, clock.now())):
            session.send(said)

    @contextmanager
    def moved(self, point: str, port: int) -> Iterator[Twin]:
        """A twin connects by another way from now on."""
        twin, before = self.twins[point]
        before.close()
        with connected(BrokerAddress("127.0.0.1", port), f"twin-{point}", *twin.subscriptions, will=twin.last_will) as session:
            self.twins[point] = twin, session
            for said in twin.connected(clock.now()):
                session.send(said)
            yield twin

    def orders(self, appliance_id: int = WASHER, why: Why | None = None) -> list[Order]:
        return [each for each in store.orders(self.coordination) if each.appliance_id == appliance_id and why in (None, each.why)]

    def acknowledged(self, why: Why, appliance_id: int = WASHER) -> bool:
        return any(each.acknowledged_at for each in self.orders(appliance_id, why))

    def commands(self, word: bytes = b"", topic: str = "shellies/shellyplug-s-A8BC25/relay/0/command") -> int:
        """How many commands an outside subscriber has counted."""
        return sum(each.topic == topic and word in (b"", each.payload) for each in self.heard)

    def sql(self, statement: str) -> None:
        with self.coordination.begin() as connection:
            connection.execute(text(statement))


@contextmanager
def a_home(folder: Path, broker: Embedded, server: Server) -> Iterator[Rig]:
    """A home with its twins at the broker; no engine yet."""
    url = server.fresh("coordination")
    coordination, made = queries.open_coordination(url), load()
    asked, problems = inventory.read(csv(A_WASHER, A_DISHWASHER, A_TANK), made)
    history = MemoryHistory()
    provisioning.apply(coordination, provisioning.prepare(coordination, asked, problems, history), made, history, clock.now())
    output = sortie.open_sortie(f"sqlite:///{folder}/sortie.db")
    sortie.create_sortie(output)
    output.dispose()
    with ExitStack() as stack:
        wire, database = stack.enter_context(Proxy(broker.port)), stack.enter_context(Proxy(server.port))
        (folder / "elfe.toml").write_text(SETTINGS.format(
            coordination=url.replace(f":{server.port}/", f":{database.port}/"), folder=folder, port=wire.port))
        rig = Rig(folder, broker, wire, database, coordination)
        address = BrokerAddress("127.0.0.1", broker.port)
        for _, device in device_values(queries.installed_devices(coordination), made, "twin")[0]:
            twin = made[device.type_id].simulate(device, 1)
            session = stack.enter_context(connected(address, f"twin-{device.id}", *twin.subscriptions, will=twin.last_will))
            rig.twins[device.id] = (twin, session)
            for said in twin.connected(clock.now()):
                session.send(said)
        rig.watcher = stack.enter_context(connected(address, "watcher", "#"))
        try:
            yield rig
        finally:
            for each in rig.engines:
                each.signal(signal.SIGCONT)
                each.kill()
            coordination.dispose()


SETTINGS = """
data_dir = "{folder}/data"
[databases]
coordination = "{coordination}"
sortie_ems = "sqlite:///{folder}/sortie.db"
[broker]
host = "127.0.0.1"
port = {port}
[command]
poll_s = 1
spread_s = 0
"""
