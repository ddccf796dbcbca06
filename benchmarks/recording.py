"""What a territory says, recorded: `python -m benchmarks.recording [--minutes 10] [--rate 1000] [--burst 10000]`.

1,000 homes with 5,000 devices of every family, each unit on a connection of its own, with its own account, to a mosquitto in the
configuration that `elfe broker write` makes; the real recorder; a PostgreSQL that waits for its disk. The devices are their
drivers' twins: each in turn draws another power, and says so. Every reading that was said is looked for in the history afterwards,
one by one and in order; how late it is there, PostgreSQL says itself (track_commit_timestamp). Then a burst: as many messages as
wanted for a minute, as bare bytes on the units' own connections, and an account of where they went. All share the machine.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from attrs import define, field, frozen
from sqlalchemy import create_engine, text

from benchmarks.provisioning import context, homes, provisioned
from benchmarks.tables import show
from benchmarks.watched import cpu_s, memory_mb
from elfe import clock, settings
from elfe.app import brokering
from elfe.app.context import Context
from elfe.broker.address import BrokerAddress
from elfe.broker.embedded import free_port
from elfe.broker.fleet import Fleet
from elfe.broker.mosquitto import Listener
from elfe.broker.rights import Placed, account_names
from elfe.coordination import queries
from elfe.coordination.devices import device_values
from elfe.devices.routing import Heard, Router
from elfe.devices.twins import Twin
from elfe.devices.values import Device, Publish, Role
from elfe.history.recorder import keep
from elfe.history.service import TWICE_WITHIN
from elfe.history.spool import Spool
from elfe.history.values import power_series
from tests.broker.test_accounts import Mosquitto
from tests.conftest import Server, find_binaries, running

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "track_commit_timestamp": "on"}
SAID = np.dtype([("at", "f8"), ("series", "i4"), ("value", "f8")])
SAMPLE_S, CHUNK = 10.0, 250
POWERS = power_series("").strip()      # how the names of powers end
IDLE_S = 0.15      # CPU of a recorder that has nothing to do
WITHIN_S, GOAL_S = 120.0, 2.0
SETTINGS = """
data_dir = "{folder}"
[databases]
coordination = "{coordination}"
sortie_ems = "sqlite:///{folder}/sortie.db"
history = "{history}"
[broker]
host = "127.0.0.1"
port = {port}
"""


# -- the devices, in a process of their own -----------------------------------------------------------------------------------


@frozen
class Unit:
    """One device, the account of its connection, and how it speaks."""

    device: Device
    account: str
    twin: Twin

    def says(self, power_w: float) -> tuple[Publish, ...]:
        """That its appliance draws another power; what it says by itself where it measures none."""
        now = clock.now()
        return self.twin.draw(power_w, now) or self.twin.tick(now)


@define
class Homes:
    """All of them: what they say, and what should be found of it."""

    file: Path
    rate: int
    address: BrokerAddress
    secrets: dict[str, str]
    units: list[Unit]
    router: Router
    series: dict[str, int] = field(factory=dict)
    last: dict[str, tuple[float, float]] = field(factory=dict)      # by series: when it was said last, and what
    messages: int = 0
    late_s: float = 0.0

    def connect(self) -> Fleet:
        """Every unit, with its own account; born, so that it may speak."""
        fleet = Fleet(self.address)
        for account, secret in self.secrets.items():
            fleet.add(account, None, (), account, secret)
        until = time.monotonic() + WITHIN_S
        while sum(each.ready for each in fleet.sessions) < len(self.secrets):
            if time.monotonic() > until:
                sys.exit("the broker does not let every unit in")
            time.sleep(0.1)
        for each in self.units:
            each.twin.period = timedelta(seconds=len(self.units) / self.rate)
            for said in each.twin.connected(clock.now()):
                fleet.send(each.account, said)
        return fleet

    def speak(self, fleet: Fleet, seconds: float) -> None:
        """At the rate, each in turn; what was said too late is caught up with."""
        turn, dice = itertools.cycle(self.units), np.random.default_rng(1)
        begun, base = time.monotonic(), self.messages
        with self.file.open("ab") as file:
            while (passed := time.monotonic() - begun) < seconds:
                due = base + int(self.rate * passed)
                self.late_s = max(self.late_s, (due - self.messages) / self.rate)
                while self.messages < due:
                    unit = next(turn)
                    for said in unit.says(float(dice.integers(200, 30_000)) / 10):
                        self._say(fleet, unit, said, file)
                fleet.arrivals()
                time.sleep(0.01)

    def _say(self, fleet: Fleet, unit: Unit, said: Publish, file: object) -> None:
        at = time.time()
        if not fleet.send(unit.account, said):
            sys.exit(f"{unit.account} has lost its connection")
        self.messages += 1
        for name, value in self.readings(said):
            number = self.series.setdefault(name, len(self.series))
            np.array([(at, number, value)], SAID).tofile(file)

    def readings(self, said: Publish) -> Iterator[tuple[str, float]]:
        """What of a message should be kept: not what was said a moment ago already."""
        now = time.monotonic()
        for each in self.router.read(said.topic, said.payload):
            kept = keep(each.device.id, each.event, Counter()) if isinstance(each, Heard) else None
            if kept and not self._said_twice(kept.series, kept.value, now):
                yield kept.series, kept.value

    def _said_twice(self, series: str, value: float, now: float) -> bool:
        at, before = self.last.get(series, (-math.inf, math.nan))
        self.last[series] = now, value
        return value == before and now - at < TWICE_WITHIN.total_seconds()

    def burst(self, rate: int, seconds: float) -> tuple[int, int, float]:
        """As bare bytes at QoS 0, made before; messages, powers in them, seconds. Each power is another than the one before;
        an output's state that is said again within a quarter of a second is rightly kept once: it would look like a lost one."""
        dice = np.random.default_rng(2)
        opened = {account: _open(self.address, account, secret) for account, secret in self.secrets.items()}
        packets = [(opened[unit.account], _packet(said), sum(name.endswith(POWERS) for name, _ in self.readings(said)))
                   for _ in range(math.ceil(rate * seconds / len(self.units)))
                   for unit in self.units for said in unit.says(float(dice.integers(200, 30_000)) / 10)]
        turn, messages, powers = iter(packets), 0, 0
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < seconds:
            for unit_socket, packet, count in itertools.islice(turn, max(0, int(rate * passed) - messages)):
                unit_socket.sendall(packet)
                messages, powers = messages + 1, powers + count
            time.sleep(0.005)
        spent = time.monotonic() - begun
        for each in opened.values():
            each.close()
        return messages, powers, spent


def _live(folder: Path, rate: int, told: Connection) -> None:
    """Says when it is ready, then does as it is told: `speak seconds`, `burst rate seconds`."""
    here = Context(settings.load(folder / "elfe.toml", {}))
    pairs = device_values(queries.installed_devices(here.coordination), here.drivers, "recorder")[0]
    placed = [Placed(device, here.drivers[device.type_id], row.participant) for row, device in pairs]
    accounts, kept = account_names(placed), brokering.secrets_of(here)
    units = [Unit(each.device, accounts[each.device.id], each.driver.simulate(each.device, number))
             for number, each in enumerate(placed) if each.driver.simulate]
    router = Router(here.drivers, tuple(each.device for each in placed), frozenset({Role.SAYS, Role.PRESENCE}))
    homes_ = Homes(folder / "said", rate, here.broker, {each: kept.ensure(each) for each in accounts.values()}, units, router)
    fleet = homes_.connect()
    told.send(Counter(each.driver.plugin for each in placed))
    with suppress(EOFError):
        while True:
            match told.recv():
                case ("speak", seconds):
                    homes_.speak(fleet, seconds)
                    told.send((homes_.messages, homes_.late_s, list(homes_.series)))
                case ("burst", wanted, seconds):
                    fleet.close()
                    told.send(homes_.burst(wanted, seconds))


def _open(address: BrokerAddress, account: str, secret: str) -> socket.socket:
    """A connection as MQTT 3.1.1 has it: who it is, and no keep-alive."""
    opened = socket.create_connection((address.host, address.port))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    said = b"\0\4MQTT\4\xc2\0\0" + b"".join(_text(each) for each in (account, account, secret))
    opened.sendall(b"\x10" + _length(len(said)) + said)
    if opened.recv(4) != b"\x20\2\0\0":
        sys.exit(f"the broker does not let {account} in")
    return opened


def _packet(said: Publish) -> bytes:
    body = _text(said.topic) + said.payload
    return b"\x30" + _length(len(body)) + body


def _text(given: str) -> bytes:
    return len(given.encode()).to_bytes(2, "big") + given.encode()


def _length(count: int) -> bytes:
    digits = b""
    while True:
        count, digit = divmod(count, 128)
        digits += bytes([digit | (128 if count else 0)])
        if not count:
            return digits


# -- the measure ---------------------------------------------------------------------------------------------------------------


@define
class Watched:
    """The memory of the recorder and the broker, every ten seconds."""

    pids: dict[str, int]
    samples: list[tuple[float, ...]] = field(factory=list)

    def during(self, told: Connection) -> object:
        """Until the homes answer; returns what they say."""
        while not told.poll(SAMPLE_S):
            self.samples.append((time.monotonic(), *(memory_mb(pid) for pid in self.pids.values())))
        return told.recv()

    def rows(self) -> Iterator[tuple[str, str]]:
        """From beginning to end, and the slope of the later half."""
        table = np.array(self.samples)
        for number, name in enumerate(self.pids, 1):
            half = table[len(table) // 2:]
            slope = np.polyfit(half[:, 0], half[:, number], 1)[0] * 3600 if len(half) > 2 else 0.0
            yield (f"memory of {name}", f"{table[0, number]:.0f} → {table[-1, number]:.0f} MB, "
                                        f"{slope:+.1f} MB an hour in the later half")


def measure(minutes: float, rate: int, burst: int, count: int) -> None:
    """Print the two tables."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(running(binaries, DURABLE))
        history, broker = server.fresh("empty"), Mosquitto(folder / "mosquitto", free_port())
        _territory(folder, server.fresh("empty"), history, broker, count)
        stack.callback(broker.stop)
        told = stack.enter_context(_homes(folder, rate))
        families = told.recv()
        recorder = stack.enter_context(_recorder(folder))
        assert broker.process is not None
        assert server.process is not None
        pids = {"the recorder": recorder.pid, "mosquitto": broker.process.pid}
        _wait(lambda: _rows(history) > 0, told, ("speak", 1.0))
        _settle(history, folder, recorder.pid)
        _execute(history, "TRUNCATE reading")
        (folder / "said").unlink()
        watched, begun = Watched(pids), Counter(_spent(pids, server))
        told.send(("speak", minutes * 60))
        messages, late_s, names = watched.during(told)  # type: ignore[misc]
        spent = Counter(_spent(pids, server))
        spent.subtract(begun)
        _settle(history, folder, recorder.pid)
        show(f"{rate:,} messages a second for {minutes:g} minutes, {sum(families.values()):,} devices", ("", "measured"), [
            ("families", ", ".join(f"{count} {name}" for name, count in sorted(families.items()))),
            ("messages", f"{messages:,}; the devices at most {late_s:.1f} s behind their own time"),
            *_compared(folder / "said", names, history),
            *((f"{name}, of all messages", f"{count:,}") for name, count in _lost(folder).items()), *watched.rows(),
            *((f"CPU of {name}", f"{seconds / minutes / 60:.0%} of a core") for name, seconds in spent.items()),
            ("a reading on PostgreSQL's disk", f"{_bytes(history):.0f} bytes, its index included")])
        if burst:
            _burst(told, watched, history, folder, burst)


def _burst(told: Connection, watched: Watched, history: str, folder: Path, rate: int) -> None:
    """Where a flood went."""
    kept, lost = _rows(history, POWERS), Counter(_lost(folder))
    told.send(("burst", rate, 60.0))
    watched.samples.clear()
    messages, powers, seconds = watched.during(told)  # type: ignore[misc]
    _settle(history, folder, watched.pids["the recorder"])
    gone = Counter(_lost(folder))
    gone.subtract(lost)
    rows = _rows(history, POWERS) - kept
    told = round(gone.total() * powers / messages)      # a message that was dropped had as many as the mean
    show(f"A burst of {rate:,} a second for a minute", ("", "measured"), [
        ("messages", f"{messages:,}, {messages / seconds:,.0f} a second, {powers:,} powers in them"),
        ("powers kept", f"{rows:,}"),
        *((f"messages {name}, as the recorder counts", f"{count:,}") for name, count in gone.items()),
        ("powers of which nobody says anything, about", f"{powers - rows - told:,}"),
        *watched.rows()])


def _territory(folder: Path, coordination: str, history: str, broker: Mosquitto, count: int) -> None:
    """Provisioned, its accounts written, its broker started."""
    here = context(folder, coordination, history, broker.port)
    provisioned(here, homes(count))
    brokering.write(here, broker.folder, [Listener(broker.port, "127.0.0.1")], False, "stderr")
    (folder / "elfe.toml").write_text(SETTINGS.format(folder=folder, coordination=coordination, history=history, port=broker.port))
    broker.start()


@contextmanager
def _homes(folder: Path, rate: int) -> Iterator[Connection]:
    process_context = multiprocessing.get_context("spawn")
    ours, theirs = process_context.Pipe()
    process = process_context.Process(target=_live, args=(folder, rate, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        process.kill()
        process.join()


@contextmanager
def _recorder(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "recorder.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "elfe", "--config", "elfe.toml", "history", "run"], cwd=folder,
                                   stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()
            sys.stderr.write((folder / "recorder.log").read_text())


def _wait(holds: object, told: Connection, ask: tuple[str, float]) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():  # type: ignore[operator]
        if time.monotonic() > until:
            sys.exit("the recorder keeps nothing")
        told.send(ask)
        told.recv()


def _settle(history: str, folder: Path, recorder: int) -> None:
    """Until nothing more comes, and the recorder has nothing more to do."""
    before, worked, waits = -1, 0.0, 1
    while waits or _rows(history) != before or cpu_s(recorder) - worked > IDLE_S:
        before, worked = _rows(history), cpu_s(recorder)
        time.sleep(12)      # the broker tells every ten seconds what it has dropped
        waits = _spooled(folder)


def _spooled(folder: Path) -> int:
    with closing(Spool(str(folder / "spool.db"))) as spool:
        return spool.count


def _lost(folder: Path) -> dict[str, int]:
    with closing(Spool(str(folder / "spool.db"))) as spool:
        return spool.counted()


def _compared(file: Path, names: list[str], history: str) -> Iterator[tuple[str, str]]:
    """Every reading that was said, looked for in the history in the order in which it was said."""
    said, engine = np.fromfile(file, SAID), create_engine(history)
    said = said[np.argsort(said["series"], kind="stable")]
    starts = np.searchsorted(said["series"], np.arange(len(names) + 1))
    late: list[float] = []
    held = 0
    for first in range(0, len(names), CHUNK):
        some = names[first:first + CHUNK]
        with engine.connect() as connection:
            found = {row.name: (row.values_, row.at) for row in connection.execute(text(
                "SELECT name, array_agg(value ORDER BY at_ms) AS values_, array_agg(extract(epoch FROM "
                "pg_xact_commit_timestamp(reading.xmin))::float8 ORDER BY at_ms) AS at FROM reading JOIN series ON id = series_id "
                "WHERE name = ANY(:some) GROUP BY name"), {"some": some})}
        for number, name in enumerate(some, first):
            own = said[starts[number]:starts[number + 1]]
            values, committed = found.get(name, ([], []))
            held += len(values)
            late += _matched(own["at"].tolist(), own["value"].tolist(), values, committed)
    engine.dispose()
    yield "readings in them", f"{len(said):,}"
    yield "of them in the history, in their order", f"{len(late):,}; lost: {len(said) - len(late):,}; besides: {held - len(late):,}"
    middle, nearly, last = np.percentile(late, [50, 99, 100])
    yield ("from the message to the committed record",
           f"half of them {middle * 1000:.0f} ms, 99 % {nearly * 1000:.0f} ms (goal {GOAL_S:g} s), the last {last:.1f} s")


def _matched(at: list[float], said: list[float], held: list[float], committed: list[float]) -> list[float]:
    """How late each of those that are there is."""
    late, place = [], 0
    for value, when in zip(held, committed, strict=True):
        while place < len(said) and said[place] != value:
            place += 1
        if place == len(said):
            break
        late.append(when - at[place])
        place += 1
    return late


def _spent(pids: dict[str, int], server: Server) -> dict[str, float]:
    assert server.process is not None
    return {name: cpu_s(pid) for name, pid in {**pids, "PostgreSQL": server.process.pid}.items()}


def _rows(history: str, named: str = "") -> int:
    """How many readings are kept, of series whose name ends so."""
    of = f" JOIN series ON id = series_id WHERE name LIKE '%{named}'" if named else ""
    return int(_execute(history, f"SELECT count(*) FROM reading{of}"))


def _bytes(history: str) -> float:
    return float(_execute(history, "SELECT pg_total_relation_size('reading')::float8 / greatest(count(*), 1) FROM reading"))


def _execute(history: str, statement: str) -> float:
    engine = create_engine(history, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            found = connection.execute(text(statement))
            return float(found.scalar_one()) if found.returns_rows else 0.0
    finally:
        engine.dispose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--burst", type=int, default=10_000, help="messages a second for a minute, afterwards; 0: none")
    parser.add_argument("--homes", type=int, default=1000, help="five devices each")
    asked = parser.parse_args()
    measure(asked.minutes, asked.rate, asked.burst, asked.homes)
