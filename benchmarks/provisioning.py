"""A territory from one inventory: 1,000 homes, 5,000 devices of every family, on a real PostgreSQL, broker accounts included.

`python -m benchmarks.provisioning [--homes 1000]`
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from time import perf_counter

from benchmarks.tables import show
from elfe import clock
from elfe.app import brokering
from elfe.app.context import Context
from elfe.broker.check import Ground, check
from elfe.broker.dynamic import ADMIN
from elfe.broker.embedded import free_port
from elfe.broker.mosquitto import Listener
from elfe.coordination import inventory, queries, sheets, store, types
from elfe.settings import parse
from tests.broker.test_accounts import Mosquitto
from tests.conftest import find_binaries, running

TITLES = ("participant", "email", "appareil", "type_appareil", "typologie", "point", "usage", "type_materiel", "id_materiel",
          "passerelle", "canal", "puissance_w", "volume_l", "heures_creuses", "temperature_confort", "temperature_eco")
DRAWN = 20
WASHER, DISHES, DRYER = "Lave-linge;lave_linge", "Lave-vaisselle;lave_vaisselle", "Sèche-linge;seche_linge"


def homes(count: int) -> str:
    """An inventory: four sorts of homes in turn, five devices each."""
    return "\n".join([";".join(TITLES), *(line for number in range(1, count + 1) for line in _home(number))]) + "\n"


def _home(number: int) -> Iterator[str]:
    who, n = f"R{number:04}", f"{number:04}"
    mail = f"{who.lower()}@example.org"
    match number % 4:
        case 0:
            yield f"{who};{mail};{WASHER};120;A{n};11;111;A{n}BC"
            yield f"{who};;{DISHES};130;A5{n};11;112"
            yield f"{who};;{DISHES};;C{n};32;311;C{n};C9{n}"
            yield f"{who};;Ballon;ballon_ecs;180;D{n};12;411;;;;2200;200;22:30-06:30"
            yield f"{who};;Ballon;;;B{n};21;211"
        case 1:
            yield f"{who};{mail};Chauffage;chauffage_asservi;140;D{n};12;411;;;;1500;;;19;17"
            yield f"{who};;Chauffage;;;F{n};61;611;F{n}"
            yield f"{who};;Chauffage;;;B{n};21;211"
            yield f"{who};;{WASHER};120;A{n};11;111;A{n}BC"
            yield f"{who};;{WASHER};;G{n};71;711"
        case 2:
            for channel in range(5):
                yield (f"{who};{'' if channel else mail};Ballon {channel};ballon_ecs;180;S{channel}{n};12;811;PLC{n};;{channel};"
                       "1500;150;22:30-06:30")
        case _:
            yield f"{who};{mail};{WASHER};120;A{n};11;112"
            yield f"{who};;{DISHES};120;A5{n};11;1121;{n}aabbcc"
            yield f"{who};;{DRYER};190;D{n};11;411"
            yield f"{who};;Compteur;compteur_electrique;200;B{n};21;211"
            yield f"{who};;Ballon;ballon_ecs;180;D5{n};12;1101;{n}ddeeff;;;2200;200;22:30-06:30"


def measure(count: int) -> None:
    """The three figures of the issue, as a table."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with running(binaries) as server, tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)        # mosquitto leaves root, and must find its way to its files
        broker = Mosquitto(Path(folder) / "mosquitto", free_port())
        here = context(Path(folder), server.fresh("empty"), server.fresh("empty"), broker.port)
        text = homes(count)
        first = _timed(lambda: provisioned(here, text))
        accounts = _timed(lambda: brokering.write(here, broker.folder, [Listener(broker.port, "127.0.0.1")], False, "stderr"))
        second = _timed(lambda: provisioned(here, text))
        single = _timed(lambda: provisioned(here, text, home="R0001"))
        faults = _held_to_their_rights(here, broker)
        devices = len(queries.installed_devices(here.coordination))
        show(f"{count} homes, {devices} devices, PostgreSQL", ("", "s", "goal"), [
            ("provisioned", first, ""), ("broker accounts and rights written", accounts, ""),
            ("both", first + accounts, 60), ("a second time, nothing changes", second, 10), ("a single home", single, 1),
            (f"faults of {DRAWN} accounts drawn at random, on mosquitto", faults, 0)])


def _held_to_their_rights(here: Context, broker: Mosquitto) -> int:
    """What `elfe broker check` finds when it acts as some accounts, on a real mosquitto that knows them all."""
    found, kept = brokering.wanted(here), brokering.secrets_of(here)
    chosen = Random(0).sample(found.accounts, min(DRAWN, len(found.accounts)))
    broker.start()
    try:
        secrets = {each: kept.get(each) or "" for each in (ADMIN, *(one.username for one in chosen))}
        return len(list(check(Ground(here.broker, chosen, secrets, found.commands))))
    finally:
        broker.stop()


def context(folder: Path, coordination: str, history: str, port: int) -> Context:
    here = Context(parse(f"""\
data_dir = "{folder}"
[broker]
host = "127.0.0.1"
port = {port}
[databases]
coordination = "{coordination}"
history = "{history}"
""", {}))
    engine = queries.open_coordination(coordination)
    queries.create_blank(engine)
    types.upgrade(engine, here.drivers)
    engine.dispose()
    return here


def provisioned(here: Context, text: str, home: str = "") -> None:
    """As `elfe devices provision` does."""
    asked, problems = inventory.read_sheets((sheets.of_text(text),), here.drivers, home)
    changes = store.prepare(here.coordination, asked, problems, here.history)
    for _ in store.apply_by_home(here.coordination, changes, here.drivers, here.history, clock.now()):
        pass


def _timed(work: Callable[[], object]) -> float:
    """Seconds of the clock: the database works too."""
    begun = perf_counter()
    work()
    return perf_counter() - begun


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.provisioning")
    parser.add_argument("--homes", type=int, default=1000)
    measure(parser.parse_args().homes)
