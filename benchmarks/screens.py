"""A stopwatch at the screen: from a finger to what the screen then says, on a real mosquitto and a real PostgreSQL.

`python -m benchmarks.screens [--homes 1 100 1000] [--taps 30]`. The screens' service and the command engine are the real programs
in processes of their own; screens and plugs are the twins of their drivers in this one. In each home a screen and a washing machine
behind a plug. One home after the other chooses an hour and turns the switch; then all that are left do so at one instant. Measured:

    seen         the screen says something else of the machine ("Noté. La prise doit confirmer...", or already when it starts)
    confirmed    it says when the machine starts: its plug has acknowledged

A finger has to rest for 0.4 s before it is acted on; that is in the figures.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import text

from benchmarks.orders import APPLIANCES, SETTINGS
from benchmarks.tables import show
from elfe import clock
from elfe.broker.client import MqttSession
from elfe.broker.embedded import Embedded
from elfe.broker.session import Message
from elfe.coordination import inventory, queries, store
from elfe.coordination.devices import device_values
from elfe.devices.drivers import load
from elfe.ems import store as sortie
from elfe.history.store import open_history
from tests.conftest import find_binaries, running

HEADER = "participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle"
PAGE, HOUR, SWITCH, STATUS = 3, 8, 3, 21
PROGRAMS = ("screen", "command")
WITHIN_S = 300.0


def homes(count: int) -> str:
    """A washing machine behind a plug, and a screen, in each of so many homes."""
    rows = (f"R{n:05};r{n:05}@example.org;Lave-linge;lave_linge;120;A{n:05};11;111;{n:06X};2h30\n"
            f"R{n:05};;Lave-linge;;;G{n:05};71;711;;" for n in range(1, count + 1))
    return "\n".join([HEADER, *rows]) + "\n"


@define
class Crowd:
    """All screens and plugs behind one connection, and when each screen said what."""

    session: MqttSession
    screens: dict[str, Any]                                            # by node
    plugs: dict[str, Any]                                              # by topic
    tapped: dict[str, float] = field(factory=dict)
    seen: dict[str, float] = field(factory=dict)
    confirmed: dict[str, float] = field(factory=dict)

    def live(self, until: object) -> None:
        """Hear and answer until that holds."""
        end = time.monotonic() + WITHIN_S
        while not until():  # type: ignore[operator]
            if time.monotonic() > end:
                sys.exit(f"{len(self.tapped) - len(self.confirmed)} of {len(self.tapped)} taps were not confirmed")
            self.session.wait(timedelta(milliseconds=5))
            for arrival in self.session.arrivals():
                if isinstance(arrival, Message):
                    self._hear(arrival)

    def _hear(self, arrival: Message) -> None:
        node, command, _ = arrival.topic.partition("/command")
        twin = self.plugs.get(arrival.topic) or (self.screens.get(node) if command else None)
        if twin is None:
            return
        for said in twin.receive(arrival.topic, arrival.payload, clock.now()):
            self.session.send(said)
        if node in self.tapped and node not in self.confirmed and f'"id":{STATUS},'.encode() in arrival.payload:
            self._read(node, str(twin.shown[PAGE, STATUS].get("text", "")))

    def _read(self, node: str, told: str) -> None:
        if not told.startswith("Non piloté"):
            self.seen.setdefault(node, time.perf_counter())
        if told.startswith("Démarre"):
            self.confirmed[node] = time.perf_counter()

    def tap(self, node: str) -> None:
        """Ready in twelve hours, please."""
        hour = (clock.now() + timedelta(hours=12)).hour
        for said in (*self.screens[node].choose(PAGE, HOUR, hour, f"{hour:02} h", clock.now()),
                     *self.screens[node].tap(PAGE, SWITCH, clock.now())):
            self.session.send(said)
        self.tapped[node] = time.perf_counter()

    def drawn(self) -> bool:
        """Every screen says of its machine what is true."""
        return all(each.shown.get((PAGE, STATUS), {}).get("text") for each in self.screens.values())

    def spent(self, of: Sequence[str], when: dict[str, float]) -> list[float]:
        return sorted(when[each] - self.tapped[each] for each in of)


def measure(count: int, taps: int) -> list[tuple[object, ...]]:
    """Rows of the table."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server, broker = stack.enter_context(running(binaries)), stack.enter_context(Embedded(folder))
        url = str(server.fresh("coordination"))
        _territory(url, folder, count)
        (folder / "elfe.toml").write_text(SETTINGS.format(coordination=url, folder=folder, port=broker.port))
        crowd = _crowd(stack.enter_context(closing(MqttSession(broker.address, "homes"))), url)
        stack.enter_context(_programs(folder))
        began = time.perf_counter()
        for each in crowd.screens.values():
            for said in each.connected(clock.now()):
                crowd.session.send(said)
        crowd.live(crowd.drawn)
        drawn_s = time.perf_counter() - began
        settled = time.monotonic() + 10
        crowd.live(lambda: time.monotonic() > settled)
        nodes = list(crowd.screens)
        one_by_one, at_once = nodes[:taps], nodes[taps:]
        for node in one_by_one:
            crowd.tap(node)
            crowd.live(lambda node=node: node in crowd.confirmed)
        for node in at_once:
            crowd.tap(node)
        crowd.live(lambda: len(crowd.confirmed) == len(crowd.tapped))
        rows = [_row(count, "one after the other", crowd, one_by_one, drawn_s)]
        return [*rows, _row(count, "all at one instant", crowd, at_once, drawn_s)] if at_once else rows


def _row(count: int, how: str, crowd: Crowd, of: Sequence[str], drawn_s: float) -> tuple[object, ...]:
    seen, confirmed = crowd.spent(of, crowd.seen), crowd.spent(of, crowd.confirmed)
    shares = [_share(each, share) for each in (seen, confirmed) for share in (0.5, 0.99)]
    return (f"{count}, {how}", len(of), *shares, drawn_s)


def _share(spent: Sequence[float], share: float) -> float:
    return spent[min(len(spent) - 1, int(share * len(spent)))]


def _territory(url: str, folder: Path, count: int) -> None:
    coordination, made, history = queries.open_coordination(url), load(), open_history(f"sqlite:///{folder}/history.db")
    asked, problems = inventory.read(homes(count), made)
    for _ in store.apply_by_home(coordination, store.prepare(coordination, asked, problems, history), made, history, clock.now()):
        pass
    with coordination.begin() as connection:
        connection.execute(text(f"UPDATE {APPLIANCES} SET equipement_pilote_ou_mesure_mode_id = 20"))
    output = sortie.open_sortie(f"sqlite:///{folder}/sortie.db")
    sortie.create_sortie(output)
    for each in (coordination, history.engine, output):
        each.dispose()


def _crowd(session: MqttSession, url: str) -> Crowd:
    coordination, made = queries.open_coordination(url), load()
    screens, plugs = {}, {}
    for _, device in device_values(queries.installed_devices(coordination), made, "twin")[0]:
        simulate = made[device.type_id].simulate
        assert simulate is not None
        twin: Any = simulate(device, 1)
        if hasattr(twin, "picture"):
            screens[twin.node] = twin
        else:
            twin.connected(clock.now())
            plugs.update(dict.fromkeys(twin.subscriptions, twin))
    coordination.dispose()
    session.listen(("#",))
    return Crowd(session, screens, plugs)


@contextmanager
def _programs(folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        for name in PROGRAMS:
            log = stack.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen([sys.executable, "-m", "elfe", "--config", "elfe.toml", name, "run"], cwd=folder, stdout=log,
                                       stderr=log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.screens", description=__doc__)
    parser.add_argument("--homes", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--taps", type=int, default=30)
    given = parser.parse_args()
    show("From a finger to what the screen says, s", ("homes", "taps", "seen p50", "p99", "confirmed p50", "p99", "all drawn in"),
         [row for count in given.homes for row in measure(count, given.taps)])
