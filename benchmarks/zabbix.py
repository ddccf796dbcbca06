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

from attrs import evolve
from sqlalchemy import create_engine, text

from benchmarks.provisioning import context, homes, provisioned
from benchmarks.tables import show
from elfe.app import indicated
from elfe.app.context import Context
from elfe.command.orders import Cause
from elfe.coordination import queries
from elfe.ems import store as sortie_store
from elfe.history.spool import Spool
from elfe.history.store import open_history
from elfe.history.values import BALANCE, History, HistoryAway, Reading, power_series
from elfe.history.zabbix.api import Access
from elfe.history.zabbix.store import ZabbixHistory
from elfe.indicators import definitions
from elfe.indicators import store as indicators
from elfe.slots import EPOCH, HORIZON, slot_of, slot_start
from elfe.territory import store as territory
from tests import zabbix as real
from tests.conftest import Server, find_binaries, running

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


def all_indicators(folder: Path, server: Server, count: int) -> list[tuple[str, str]]:
    """All of them, for homes that were measured for two days, behind a month of plans, orders and flexibilities."""
    here = context(folder, server.fresh("empty"), server.fresh("empty"), 1)
    here = Context(evolve(here.settings, databases=evolve(here.settings.databases, sortie_ems=server.fresh("empty"))))
    sortie_store.create_sortie(sortie_store.open_sortie(here.settings.databases.sortie_ems))
    provisioned(here, homes(count))
    now = datetime.now(UTC)
    _measured(here.history, slot_of(now))
    told = _lived(here, slot_of(now))
    world = indicated.world(here)
    quarter, later = (now + n * 15 * MINUTE for n in (1, 2))
    indicators.facts(world, now)
    rows = [("a month behind them", told), ("a quarter", _seconds(lambda: indicators.facts(world, quarter))),
            ("the next one, all computed", _seconds(lambda: definitions.computed(indicators.facts(world, later)))),
            ("a day that nobody counted", _seconds(lambda: indicators.facts(world, later + 96 * 15 * MINUTE))),
            ("beside the first program's numbers", _seconds(lambda: indicators.facts(world, later, first=True))),
            ("`elfe indicators flexibility`, a week", _seconds(lambda: indicators.lent(world, now - timedelta(days=7), now)))]
    return [(f"indicators, {count:,} homes: {what}", took) for what, took in rows]


def _seconds(work: Callable[[], object]) -> str:
    return f"{_timed(work):.1f} s"


def _measured(history: History, end: int) -> None:
    """Of each appliance a value a minute for six hours, one a quarter for the rest of two days; the territory's for a month."""
    dice, first = Random(3), end - 2 * HORIZON
    instants = [*(slot_start(first + n) for n in range(2 * HORIZON - 24)), *(slot_start(end - 24) + n * MINUTE for n in range(360))]
    metered = [id for id, name, _ in history.names() if name.endswith("puissance")]
    for some in (metered[at:at + 100] for at in range(0, len(metered), 100)):
        history.append([Reading(id, at, float(dice.randrange(2000))) for id in some for at in instants])
    for name in (BALANCE, territory.PRODUCTION, territory.CONSUMPTION, *indicators.SOURCES):
        series, begin = history.series(name, "W"), slot_start(end - 30 * HORIZON)
        history.append([Reading(series, begin + n * MINUTE, float(dice.randrange(-9000, 90000))) for n in range(30 * 1440)])


def _lived(here: Context, end: int) -> str:
    """A month: each machine is lent every other day for six hours, planned every quarter, started in its last one; 100 tanks
    are given a quarter in four. Written by the database itself."""
    decisions = ", ".join(f"decisions_{n}" for n in range(HORIZON))
    zeros = ", ".join("0" for _ in range(HORIZON - 1))
    appliances = queries.appliances(here.coordination)
    machines = [each.id for each in appliances if not each.continuous and each.type in (111, 112, 113)]
    tanks = [each.id for each in appliances if each.type == 131][:100]
    days, first = 30, end - 30 * HORIZON
    with here.coordination.begin() as connection:
        connection.execute(text(
            "INSERT INTO elfe.flexibility (appliance_id, opened_at, deadline, lasts_s, started_at, closed_at, outcome) "
            "SELECT m, o, o + 30000, 7200, CASE WHEN m % 10 > 0 THEN o + 21600 END, o + 21600, "
            "CASE WHEN m % 10 > 0 THEN 'started' ELSE 'not started' END FROM ("
            "SELECT m, 900 * CAST(:first AS bigint) + 86400 * d + 900 * (m % 96) AS o "
            "FROM unnest(CAST(:machines AS int[])) m, generate_series(0, :days - 1) d WHERE (m + d) % 2 = 0) x "
            "WHERE o + 21600 < 900 * CAST(:end AS bigint)"), {"machines": machines, "first": first, "days": days, "end": end})
        connection.execute(text(
            "INSERT INTO elfe.command_order (id, key, device_id, appliance_id, flexibility_id, why, is_on, powers, slot, status, "
            "stage, cause, press, step, again, attempts, wanted_ms, sent_ms) SELECT 'o' || id, 'o' || id, 'x', appliance_id, id, "
            "'start', true, true, closed_at / 900, '', CASE WHEN started_at IS NULL THEN 'expired' ELSE 'done' END, "
            "CASE WHEN started_at IS NULL THEN :silent ELSE :proved END, false, 0, 0, 1, closed_at * 1000, closed_at * 1000 "
            "FROM elfe.flexibility"), {"silent": Cause.SILENT, "proved": Cause.PROVED})
        connection.execute(text(
            "INSERT INTO elfe.command_order (id, key, device_id, appliance_id, flexibility_id, why, is_on, powers, slot, status, "
            "stage, cause, press, step, again, attempts, wanted_ms, sent_ms) "
            "SELECT t || '-' || s, t || '-' || s, 'x', t, 0, 'plan', s % 4 = 0, s % 4 = 0, s, '', 'done', '', false, "
            "0, 0, 1, s * 900000, s * 900000 "
            "FROM unnest(CAST(:tanks AS int[])) t, generate_series(CAST(:first AS bigint), CAST(:end AS bigint) - 1) s"),
            {"tanks": tanks, "first": first, "end": end})
        stays = connection.execute(text("SELECT appliance_id, opened_at, closed_at FROM elfe.flexibility")).all()
    with here.sortie.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE stay (a int, o bigint, c bigint)"))
        connection.execute(text("INSERT INTO stay VALUES (:a, :o, :c)"), [{"a": a, "o": o, "c": c} for a, o, c in stays])
        power = str([0.0] * 20 + [2000.0] * 8 + [0.0] * 68)
        planned = ("SELECT s, a, CASE WHEN s = c / 900 THEN 1 ELSE 0 END AS d, 112 AS t FROM stay, "
                   "LATERAL generate_series(o / 900 + 1, c / 900) s UNION ALL "
                   "SELECT s, t, CASE WHEN s % 4 = 0 THEN 1 ELSE 0 END, 131 FROM unnest(CAST(:tanks AS int[])) t, "
                   "generate_series(CAST(:first AS bigint), CAST(:end AS bigint) - 1) s")
        told = {"tanks": tanks, "first": first, "end": end}
        connection.execute(text(f"INSERT INTO result (first_valid_timestamp, machine_id, result_type, machine_type, {decisions}) "
                                f"SELECT s * 900, a, 0, t, d, {zeros} FROM ({planned}) p"), told)
        connection.execute(text("INSERT INTO elfe.placement (first_slot, appliance_id, source, reason, late_by_s, power_w) "
                                f"SELECT s, a, '', '', 0, '{power}' FROM ({planned}) p"), told)
        connection.execute(text("INSERT INTO elfe.plan (first_slot, made_at, forecast, solver, imported_wh, solve_ms, balance_w) "
                                f"SELECT s, s * 900 - 30, '', '', 0, 0, '{power}' FROM generate_series(CAST(:first AS bigint), "
                                "CAST(:end AS bigint) - 1) s"), {"first": first, "end": end})
        rows = connection.scalar(text("SELECT count(*) FROM result"))
    with here.coordination.connect() as connection:
        orders = connection.scalar(text("SELECT count(*) FROM elfe.command_order"))
    return f"{rows:,} rows of result, {orders:,} orders, {len(stays):,} flexibilities of {len(machines):,} machines"


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def measure(rate: int, minutes: float, homes_: int, indicators_alone: bool = False) -> None:
    """Print the table."""
    binaries = find_binaries()
    if binaries is None or not real.SERVER.exists():
        sys.exit("PostgreSQL or Zabbix is not installed here")
    rows: list[tuple[str, str]] = []
    with running(binaries) as server:
        folder = Path(tempfile.mkdtemp(prefix="elfe-bench-"))
        if indicators_alone:
            show("The indicators", ("", "measured"), all_indicators(folder, server, homes_))
            return
        with real.running(server) as zabbix:
            rows += trapped(zabbix, rate, minutes)
            rows.append(("a day read back, Zabbix", a_day(
                ZabbixHistory(Access(zabbix.url, user="Admin", password="zabbix", trapper_port=zabbix.trapper)))))
        rows.append(("a day read back, PostgreSQL", a_day(open_history(server.fresh("empty")))))
        rows.append(("a day read back, SQLite", a_day(open_history(f"sqlite:///{folder}/h.db"))))
        rows += all_indicators(folder, server, homes_)
        shutil.rmtree(folder)
    show(f"The history, {rate:,} values a second for {minutes:g} minutes", ("", "measured"), rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m benchmarks.zabbix")
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--indicators", action="store_true", help="these alone")
    asked = parser.parse_args()
    measure(asked.rate, asked.minutes, asked.homes, asked.indicators)
