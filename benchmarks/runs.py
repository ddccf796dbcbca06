"""A whole run of the EMS on a real PostgreSQL: read, forecast, solve, check, explain, write.

`python -m benchmarks.runs [--count 10000]`. A territory of so many appliances, a tank for every three machines, half of them lent,
with a history of its balance for a month and of each appliance's power for the last days; three runs one after the other, as every
quarter makes one. The three databases are PostgreSQL.
"""

from __future__ import annotations

import argparse
import logging
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, timedelta
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

from sqlalchemy import Engine, text

from benchmarks.tables import show
from elfe import clock
from elfe.coordination import inventory, queries, store
from elfe.devices.drivers import load
from elfe.ems import run
from elfe.ems import store as sortie
from elfe.ems.run import run_once
from elfe.ems.solve import Limits, Solver
from elfe.ems.sources import Sources
from elfe.history.store import SqlHistory, open_history
from elfe.history.values import Reading
from elfe.slots import HORIZON, SLOT, epoch_s, next_slot_start, slot_of, slot_start
from tests.conftest import find_binaries, running

HEADER = ("participant;email;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;duree_cycle;volume_l;"
          "puissance_w;heures_creuses")
APPLIANCES = "bdd_coordination_schema.equipement_pilote_ou_mesure"
GOAL_S = 30.0
BALANCE = "Equilibre General P=C bis"
DAYS, POWER_DAYS = 28, 2
KINDS = ("lave_linge", "lave_vaisselle", "seche_linge")


def homes(count: int) -> str:
    """Four appliances a home: three machines and a tank."""
    lines = [HEADER]
    for n in range(1, count + 1):
        home, kind = f"R{(n - 1) // 4 + 1:05}", (n - 1) % 4
        lines.append(f"{home};;Ballon;ballon_ecs;120;A{n:05};11;111;{n:06X};;200;2000;22:30-06:30" if kind == 3 else
                     f"{home};;{KINDS[kind % 3]};{KINDS[kind % 3]};120;A{n:05};11;111;{n:06X};{1 + n % 3}h30;;;")
    return "\n".join(lines) + "\n"


def measure(count: int) -> None:
    """One table."""
    binaries = find_binaries()
    if binaries is None:
        sys.exit("PostgreSQL is not installed here (Debian: apt-get install postgresql)")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        server = stack.enter_context(running(binaries))
        coordination = queries.open_coordination(server.fresh("coordination"))
        output = sortie.open_sortie(server.fresh("empty"))
        sortie.create_sortie(output)
        history = open_history(server.fresh("empty"))
        for each in (coordination.dispose, output.dispose, history.engine.dispose):
            stack.callback(each)
        _populate(coordination, history, count)
        solver = Solver(Limits(seconds=20.0))
        stack.callback(solver.close)
        sources, rows = Sources(coordination, output, history, UTC), []
        for number in range(3):
            now = clock.now() + number * SLOT
            with _watched() as spent:
                began = time.perf_counter()
                made = run_once(sources, solver, now, slot_of(next_slot_start(now)))
                took = time.perf_counter() - began
            parts = (f"{spent[each]:.1f} s" for each in WATCHED)
            rows.append((str(number + 1), str(len(made.placements)), f"{took:.1f} s", *parts, made.solver))
        show(f"A whole run of {count:,} appliances (goal: {GOAL_S:g} s)", ("run", "placed", "took", *WATCHED, "by"), rows)


# -- the territory ----------------------------------------------------------------------------------------------------------------


def _populate(coordination: Engine, history: SqlHistory, count: int) -> None:
    drivers, now = load(), clock.now()
    asked, problems = inventory.read(homes(count), drivers)
    if problems:
        sys.exit("\n".join(map(str, problems[:5])))
    changes = store.prepare(coordination, asked, problems, history)
    for _ in store.apply_by_home(coordination, changes, drivers, history, now):
        pass
    _lend(coordination)
    history.append(_balance(history, count))
    for machine in queries.machines(coordination):
        history.append(_ran(machine.power_series, Random(machine.appliance.id)))
    for tank in queries.water_heaters(coordination):
        history.append(_heated(tank.power_series))
    for engine in (coordination, history.engine):
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("ANALYZE"))      # autovacuum does so within a minute


def _lend(coordination: Engine) -> None:
    """Every second appliance; machines are wanted at some hour of the next day."""
    now = epoch_s(clock.now())
    with coordination.begin() as connection:
        connection.execute(text(f"UPDATE {APPLIANCES} SET equipement_pilote_ou_mesure_mode_id = "
                                "CASE WHEN id % 2 = 0 THEN 30 ELSE 20 END"))
        connection.execute(text("UPDATE bdd_coordination_schema.equipement_pilote_machine_generique SET "
                                "timestamp_de_fin_souhaite = :now + 14400 + (id * 7919 % 72000)"), {"now": now})
        connection.execute(text("INSERT INTO elfe.flexibility (appliance_id, opened_at, outcome) "
                                f"SELECT id, :now, '' FROM {APPLIANCES} WHERE id % 2 = 0"), {"now": now - 600})


def _balance(history: SqlHistory, count: int) -> Iterator[Reading]:
    """A month of quarters: sun by day, homes by evening, W."""
    series = history.series(BALANCE, "W")
    for n in range(DAYS * HORIZON):
        at = slot_start(slot_of(clock.now()) - n)
        hour = at.hour + at.minute / 60
        sun, evening = max(0.0, math.sin((hour - 6) / 12 * math.pi)), math.cos((hour - 20) / 24 * 2 * math.pi)
        yield Reading(series, at, count * (300 * sun - 120 - 60 * evening))


def _ran(series: int, dice: Random) -> Iterator[Reading]:
    """A cycle a day of a machine, at a reading a minute while it runs and one in five else, W."""
    for day in range(POWER_DAYS):
        begin = clock.now() - timedelta(days=day, hours=6, minutes=dice.randrange(300))
        for minute in range(-60, 180, 5):
            runs = 0 <= minute < 100
            for beat in range(0, 5 if runs else 1):
                watts = 1900.0 if 10 <= minute < 30 else 180.0
                yield Reading(series, begin + timedelta(minutes=minute + beat), watts if runs else 1.0)


def _heated(series: int) -> Iterator[Reading]:
    """Three hours a night of a tank, a reading every five minutes, W."""
    for n in range(3 * 288):
        at = clock.now() - timedelta(minutes=5 * n)
        yield Reading(series, at, 2000.0 if 1 <= at.hour < 4 else 0.0)


# -- what takes how long ---------------------------------------------------------------------------------------------------------

WATCHED = {"read": (run, "gather"), "place": (run, "place"), "of it tell why": (run, "_placement"), "write": (sortie, "write_plan")}


@contextmanager
def _watched() -> Iterator[Counter[str]]:
    """The seconds that went into each of some functions."""
    spent: Counter[str] = Counter()
    with ExitStack() as stack:
        for name, (module, function) in WATCHED.items():
            stack.enter_context(mock.patch.object(module, function, _timed(getattr(module, function), name, spent)))
        yield spent


def _timed(function: Callable[..., Any], name: str, spent: Counter[str]) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            spent[name] += time.perf_counter() - began      # type: ignore[assignment]
    return timed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    logging.disable(logging.WARNING)
    measure(parser.parse_args().count)
