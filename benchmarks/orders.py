"""Orders that are all due at once: recorded, sent, acknowledged and written, on a real mosquitto and a real PostgreSQL.

`python -m benchmarks.orders [--count 10000] [--workers 1 2]`. The engine is the real program in a process of its own, then two that
share the homes; the plugs are the twins of their driver, behind one connection in another process, in MQTT 3.1.1 at QoS 0 as they
speak in a home; all of it and the two servers share the machine. Delays and the cap on kilowatts are off.
Beside it, to the same broker in the same run: bare paho, publishing as many messages at QoS 1 with as many under way at once.
"""

from __future__ import annotations

import argparse
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event

from attrs import evolve
from paho.mqtt.client import MQTTMessage
from sqlalchemy import Engine, text

from benchmarks.tables import show
from elfe import clock
from elfe.broker.address import BrokerAddress
from elfe.broker.client import FILTERS_A_PACKET, IN_FLIGHT, MqttSession, paho_client
from elfe.broker.embedded import Embedded
from elfe.coordination import inventory, queries, store
from elfe.coordination.devices import device_values
from elfe.devices.drivers import load
from elfe.devices.values import Publish
from elfe.ems import store as sortie
from elfe.history.store import open_history
from elfe.slots import epoch_s
from tests.conftest import find_binaries, running

HEADER = "participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle"
SETTINGS = """
data_dir = "{folder}/data"
[databases]
coordination = "{coordination}"
sortie_ems = "sqlite:///{folder}/sortie.db"
[broker]
host = "127.0.0.1"
port = {port}
[command]
spread_s = 0
worker = {worker}
workers = {workers}
"""
APPLIANCES = "bdd_coordination_schema.equipement_pilote_ou_mesure"
GOAL_S = 5.0
WITHIN_S = 600.0


def homes(count: int) -> str:
    """A washing machine behind a plug in each of so many homes."""
    return "\n".join([HEADER, *(f"R{n:05};r{n:05}@example.org;Lave-linge;lave_linge;120;A{n:05};11;111;{n:06X};2h30"
                                for n in range(1, count + 1))]) + "\n"


def measure(count: int, workers: int) -> None:
    """One table."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server, broker = stack.enter_context(running(binaries)), stack.enter_context(Embedded(folder))
        coordination = _territory(server.fresh("coordination"), folder, count)
        stack.callback(coordination.dispose)
        for worker in range(1, workers + 1):
            (folder / f"elfe-{worker}.toml").write_text(SETTINGS.format(
                coordination=coordination.url.render_as_string(hide_password=False), folder=folder, port=broker.port,
                worker=worker, workers=workers))
        bare = _bare_paho(broker.address, count)
        plugs = stack.enter_context(_plugs(broker.address, coordination.url.render_as_string(hide_password=False)))
        plugs.recv()
        for worker in range(1, workers + 1):
            stack.enter_context(_engine(folder, worker))
        plugs.recv()
        _settle(coordination)
        began = _declare_all(coordination, broker.address)
        _until(lambda: _all_acknowledged(coordination, count), "not all was acknowledged")
        written = time.perf_counter() - began
        sent = _spent(coordination, "sent_ms")
        show(f"{count} orders due at once, {workers} worker{'s' * (workers > 1)}", ("", "s", "per s", "goal"), [
            ("recorded, sent, acknowledged and written", written, count / written, f"{GOAL_S:g} s"),
            ("of it, from the first sent to the last acknowledged", sent, count / sent, ""),
            ("bare paho publishes as many at QoS 1", bare, count / bare, ""),
            ("share of its rate", bare / written, "", "0.5")])


def _territory(url: str, folder: Path, count: int) -> Engine:
    coordination, made, history = queries.open_coordination(url), load(), open_history(f"sqlite:///{folder}/history.db")
    asked, problems = inventory.read(homes(count), made)
    changes = store.prepare(coordination, asked, problems, history)
    for _ in store.apply_by_home(coordination, changes, made, history, clock.now()):
        pass
    history.engine.dispose()
    output = sortie.open_sortie(f"sqlite:///{folder}/sortie.db")
    sortie.create_sortie(output)
    output.dispose()
    return coordination


def _declare_all(coordination: Engine, address: BrokerAddress) -> float:
    """Every machine is lent by its person, and wanted tomorrow: none may start before its slot. When that was done."""
    now = epoch_s(clock.now())
    with coordination.begin() as connection:
        connection.execute(text(f"UPDATE {APPLIANCES} SET equipement_pilote_ou_mesure_mode_id = 30"))
        connection.execute(text("INSERT INTO elfe.flexibility (appliance_id, opened_at, deadline, lasts_s, outcome) "
                                f"SELECT id, :now, :deadline, 9000, '' FROM {APPLIANCES}"),
                           {"now": now, "deadline": now + 86_000})
    with coordination.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))      # autovacuum does so within a minute
    with closing(MqttSession(address, "portal")) as portal:
        _until(lambda: portal.ready, "the broker lets nobody in")
        began = time.perf_counter()
        portal.send(Publish("viriya/update/0", b"1"))      # more than one appliance has changed
    return began


def _all_acknowledged(coordination: Engine, count: int) -> bool:
    """Asked so that it costs the server nothing until it is true."""
    time.sleep(0.05)
    with coordination.connect() as connection:
        if connection.execute(text("SELECT 1 FROM elfe.command_order WHERE acknowledged_ms IS NULL LIMIT 1")).first():
            return False
        return int(connection.execute(text("SELECT count(*) FROM elfe.command_order")).scalar_one()) == count


def _spent(coordination: Engine, first: str) -> float:
    with coordination.connect() as connection:
        ms = connection.execute(text(f"SELECT max(acknowledged_ms) - min({first}) FROM elfe.command_order")).scalar_one()
    return max(float(ms) / 1000, 0.001)


# -- the others ---------------------------------------------------------------------------------------------------------------


@contextmanager
def _engine(folder: Path, worker: int) -> Iterator[None]:
    with (folder / f"engine-{worker}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "elfe", "--config", f"elfe-{worker}.toml", "command", "run"], cwd=folder,
                                   stdout=log, stderr=log)
        try:
            yield
        finally:
            process.terminate()
            process.wait()


@contextmanager
def _plugs(address: BrokerAddress, url: str) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_live, args=(address, url, theirs), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        process.kill()
        process.join()


def _live(address: BrokerAddress, url: str, told: Connection) -> None:
    """Every plug answers what it is told, as its twin does; nothing runs behind it.

    Says when it is ready, and when all were asked how they are.
    """
    coordination, made = queries.open_coordination(url), load()
    twins = {}
    for _, device in device_values(queries.installed_devices(coordination), made, "twin")[0]:
        simulate = made[device.type_id].simulate
        assert simulate is not None
        twin = simulate(device, 1)
        twins.update(dict.fromkeys(twin.subscriptions, twin))
    everybody = {id(each): each for each in twins.values()}
    client, asked, ready = paho_client(evolve(address, protocol="3.1.1"), "plugs"), set[int](), Event()

    def receive(_: object, __: object, message: MQTTMessage) -> None:
        twin = twins[message.topic]
        for said in twin.receive(message.topic, message.payload, clock.now()):
            client.publish(said.topic, said.payload, said.qos, said.retain)
        if len(asked) < len(everybody):
            asked.add(id(twin))
            for said in twin.draw(0.0, clock.now()):
                client.publish(said.topic, said.payload, said.qos, said.retain)
            if len(asked) == len(everybody):
                told.send("asked")

    client.on_message = receive
    client.on_subscribe = lambda *_: ready.set()
    client.connect(address.host, address.port)
    client.loop_start()
    topics = sorted(twins)
    for begin in range(0, len(topics), FILTERS_A_PACKET):      # each does so for itself, at QoS 0
        ready.clear()
        client.subscribe([(each, 0) for each in topics[begin:begin + FILTERS_A_PACKET]])
        ready.wait(WITHIN_S)
    for twin in everybody.values():
        twin.connected(clock.now())
    told.send("ready")
    Event().wait()


def _bare_paho(address: BrokerAddress, count: int) -> float:
    """Seconds until the broker has acknowledged all."""
    client = paho_client(address, "bare")
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect(address.host, address.port)
    client.loop_start()
    _until(client.is_connected, "the broker does not let bare paho in")
    began = time.perf_counter()
    said = [client.publish(f"bare/{n}/command", b"off", 1) for n in range(count)]
    for each in said:
        each.wait_for_publish(60)
    spent = time.perf_counter() - began
    client.disconnect()
    client.loop_stop()
    return spent


def _settle(coordination: Engine) -> None:
    """Until the engine waits for work."""
    time.sleep(8)


def _until(holds: object, otherwise: str) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():  # type: ignore[operator]
        if time.monotonic() > until:
            sys.exit(otherwise)
        time.sleep(0.01)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orders", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="engines that share the homes, a process each")
    asked = parser.parse_args()
    for each in asked.workers:
        measure(asked.count, each)
