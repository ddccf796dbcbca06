"""The energy history at the size of a territory: `python -m benchmarks.zabbix [--minutes 10] [--rate 1000]`.

A real Zabbix on a real PostgreSQL takes the values of 5,000 devices through its trapper, in the recorder's batches. For a fifth of
the time, in the middle, it is stopped, while values go to the spool and come back. What its database then holds is counted. Beside
it, a day of one appliance is read back as quarter hours, from SQL and from Zabbix, and the indicators of 1,000 homes are computed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import create_engine, text

from benchmarks.provisioning import context, homes, provisioned
from benchmarks.tables import show
from elfe.app import indicated
from elfe.history.spool import Spool
from elfe.history.store import open_history
from elfe.history.values import History, HistoryAway, Reading, power_series
from elfe.history.zabbix.api import Access
from elfe.history.zabbix.store import ZabbixHistory
from elfe.indicators import definitions
from elfe.indicators import store as indicators
from elfe.slots import EPOCH, HORIZON, slot_of, slot_start
from tests import zabbix as real
from tests.conftest import find_binaries, running

DEVICES = 5000
STARTS_KNOWN_S = 120
READ_GOAL_MS, INDICATORS_GOAL_S = 50, 10
MINUTE, MS = timedelta(minutes=1), timedelta(milliseconds=1)


def trapped(zabbix: real.Zabbix, rate: int, minutes: float) -> list[tuple[str, str]]:
    """Values by the second, one of each device in turn; what came of them."""
    history = ZabbixHistory(Access(zabbix.url, user="Admin", password="zabbix", trapper_port=zabbix.trapper))
    began = time.perf_counter()
    ids = history.create([(power_series(f"A{n:04}"), "W", ()) for n in range(DEVICES)])
    made_s = time.perf_counter() - began
    _known(history, ids[-1])
    spool = Spool(str(Path(zabbix.folder) / "spool.db"))
    sent, late_s, away_from, away_until = 0, 0.0, minutes * 60 * 0.4, minutes * 60 * 0.6
    begun, dice = time.monotonic(), Random(1)
    while (passed := time.monotonic() - begun) < minutes * 60:
        if away_from <= passed < away_until:
            zabbix.stop()
        elif zabbix.server is None:
            zabbix.start()
        now = datetime.now(UTC)
        readings = [Reading(ids[(sent + n) % DEVICES], now, float(dice.randrange(3000))) for n in range(rate)]
        sent += rate
        _take(history, spool, readings, ids)
        late_s = max(late_s, time.monotonic() - begun - passed - 1)
        time.sleep(max(0.0, begun + passed + 1 - time.monotonic()))
    while spool.count:
        _drain(history, spool, ids)
    held = _held(zabbix, ids, sent)
    return [("items made", f"{DEVICES} in {made_s:.0f} s"), ("values sent", f"{sent:,}"), ("values held", f"{held:,}"),
            ("lost", f"{sent - held:,}"), ("a second's values behind time, at most", f"{late_s:.1f} s"),
            ("Zabbix stopped", f"{(away_until - away_from):.0f} s in the middle")]


def _known(history: ZabbixHistory, series: int) -> None:
    """Zabbix reads of new items now and then."""
    until = time.monotonic() + STARTS_KNOWN_S
    while time.monotonic() < until:
        try:
            history.append([Reading(series, datetime.now(UTC), 0.0)])
        except HistoryAway:
            time.sleep(0.5)
        else:
            return
    sys.exit("Zabbix does not take the values of its new items")


def _take(history: ZabbixHistory, spool: Spool, readings: list[Reading], ids: list[int]) -> None:
    """New ones at once, or to the spool, as the recorder does; then a part of those that wait."""
    try:
        history.append(readings)
    except HistoryAway:
        spool.put((str(each.series), "W", (each.at - EPOCH) // MS, each.value) for each in readings)
    else:
        _drain(history, spool, ids)


def _drain(history: ZabbixHistory, spool: Spool, ids: list[int]) -> None:
    some = spool.take(len(ids))
    try:
        history.append([Reading(int(each.series), EPOCH + each.at_ms * MS, each.value) for each in some])
    except HistoryAway:
        time.sleep(0.2)
    else:
        spool.done(each.id for each in some)


def _held(zabbix: real.Zabbix, ids: list[int], sent: int) -> int:
    """How many values its database holds, once it has written what is in its cache; less the one that asked whether it knows."""
    engine, until = create_engine(zabbix.postgresql.url(zabbix.database)), time.monotonic() + 60
    while True:
        with engine.connect() as connection:
            held = int(connection.scalar(text("SELECT count(*) FROM history WHERE itemid BETWEEN :a AND :b AND value >= 0"),
                                         {"a": ids[0], "b": ids[-1]}) or 0) - 1
        if held >= sent or time.monotonic() > until:
            engine.dispose()
            return held
        time.sleep(1)


# -- reading back -----------------------------------------------------------------------------------------------------------------


def a_day(history: History) -> str:
    """A day of one appliance that speaks every ten seconds, as quarter hours."""
    series, end = history.series("A0001 puissance", "W"), slot_of(datetime.now(UTC))
    start, dice = slot_start(end - HORIZON), Random(2)
    history.append([Reading(series, start + timedelta(seconds=10 * n), float(dice.randrange(3000))) for n in range(8640)])
    until = time.monotonic() + 60
    while None in (known := history.quarters(series, end - HORIZON, HORIZON, 15 * MINUTE)) and time.monotonic() < until:
        time.sleep(0.5)      # Zabbix writes what it was told some seconds later
    took = min(_timed(lambda: history.quarters(series, end - HORIZON, HORIZON, 15 * MINUTE)) for _ in range(5))
    return f"{1000 * took:.0f} ms, {sum(each is not None for each in known)} quarters known"


def all_indicators(folder: Path, coordination_url: str, history_url: str, count: int) -> str:
    """The twelve, for homes that were measured for a day."""
    here = context(folder, coordination_url, history_url, 1)
    provisioned(here, homes(count))
    history = here.history
    now, dice = datetime.now(UTC), Random(3)
    first = slot_of(now) - HORIZON
    for id, name, _ in history.names():
        if name.endswith("puissance"):
            history.append([Reading(id, slot_start(first + n), float(dice.randrange(2000))) for n in range(HORIZON)])
    world = indicated.world(here)
    return f"{_timed(lambda: definitions.computed(indicators.facts(world, now))):.1f} s"


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(rate: int, minutes: float) -> None:
    """Print the table."""
    binaries = find_binaries()
    if binaries is None or not real.SERVER.exists():
        sys.exit("PostgreSQL or Zabbix is not installed here")
    rows: list[tuple[str, str]] = []
    with running(binaries) as server:
        folder = Path(tempfile.mkdtemp(prefix="elfe-bench-"))
        with real.running(server) as zabbix:
            rows += trapped(zabbix, rate, minutes)
            rows.append(("a day read back, Zabbix", a_day(
                ZabbixHistory(Access(zabbix.url, user="Admin", password="zabbix", trapper_port=zabbix.trapper)))))
        rows.append(("a day read back, PostgreSQL", a_day(open_history(server.fresh("empty")))))
        rows.append(("a day read back, SQLite", a_day(open_history(f"sqlite:///{folder}/h.db"))))
        coordination, history = (server.fresh("empty") for _ in range(2))
        rows.append(("all indicators, 1,000 homes", all_indicators(folder, coordination, history, 1000)))
        shutil.rmtree(folder)
    show(f"The history, {rate:,} values a second for {minutes:g} minutes", ("", "measured"), rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zabbix")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=1.0)
    asked = parser.parse_args()
    measure(asked.rate, asked.minutes)
