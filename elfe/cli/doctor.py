"""`elfe doctor`: is it working, and what to do next when it is not."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import typer
from attrs import asdict, frozen
from rich.console import Console
from rich.markup import escape

from elfe import clock, connectors
from elfe.app.context import Context, context
from elfe.broker.client import paho_client
from elfe.cli import show
from elfe.command import leadership
from elfe.coordination import queries
from elfe.coordination.devices import device_values
from elfe.ems.store import newest_plan
from elfe.errors import ElfeError, SettingsError
from elfe.history.spool import Spool
from elfe.history.values import BALANCE
from elfe.history.zabbix.store import ZabbixHistory
from elfe.slots import slot_of, slot_start
from elfe.territory.balance import HELD_FOR

DAY = timedelta(days=1)
OLD_PLAN = timedelta(minutes=35)
OLD_BALANCE = timedelta(minutes=30)
BROKER_WITHIN_S = 5.0
SPOOLS = ("spool.db", "spool-territory.db")
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@frozen
class Finding:
    """One line of the doctor's."""

    what: str
    state: str          # ok, warn, fail
    says: str


def doctor(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Check settings, plugins, databases, broker, plan and measures; each line says what to do next."""
    found = list(examine(context(ctx)))
    if as_json:
        show.as_json([asdict(each) for each in found])
    else:
        for each in found:
            Console().print(f"[{COLOURS[each.state]}]{each.state:>4}[/]  {each.what}: {escape(each.says)}", highlight=False)
    raise typer.Exit(1 if any(each.state == "fail" for each in found) else 0)


def examine(here: Context) -> Iterator[Finding]:
    """Everything that can be checked from here."""
    yield from _try("plugins", lambda: _plugins(here))
    for name in ("coordination", "sortie", "history"):
        yield from _try(f"database {name}", lambda name=name: _database(here, name))  # type: ignore[misc]
    yield from _try("broker", lambda: _broker(here))
    yield from _try("devices", lambda: _devices(here))
    yield from _try("engines", lambda: _engines(here))
    yield from _try("plan", lambda: _plan(here))
    yield from _try("balance", lambda: _balance(here))
    yield from _try("sources", lambda: _sources(here))
    yield from _try("readings", lambda: _waiting(here))


def _try(what: str, look: Callable[[], tuple[str, str]]) -> Iterator[Finding]:
    try:
        yield Finding(what, *look())
    except ElfeError as error:
        yield Finding(what, "fail", str(error))
    except Exception as error:  # noqa: BLE001 - a doctor names whatever it meets, and goes on
        yield Finding(what, "fail", f"{type(error).__name__}: {error}")


def _plugins(here: Context) -> tuple[str, str]:
    count = len(list(here.drivers))
    assert here.plugin_settings is not None
    if here.drivers.set_aside:
        aside = "; ".join(f"{name}: {problem}" for name, problem in here.drivers.set_aside.items())
        return "fail", f"{count} device types are driven; set aside: {aside}; repair, uninstall or disable it"
    return ("ok", f"{count} device types are driven") if count else ("fail", "no device type is driven; install elfe[all]")


def _database(here: Context, name: str) -> tuple[str, str]:
    found = getattr(here, name)
    if isinstance(found, ZabbixHistory):
        return _zabbix(found)
    engine = getattr(found, "engine", found)
    with engine.connect():
        return "ok", engine.url.render_as_string(hide_password=True)


def _zabbix(history: ZabbixHistory) -> tuple[str, str]:
    """Both ways: its API answers and lets us in, its trapper listens."""
    history.api("host.get", {"output": ["hostid"], "limit": 1})
    access = history.access
    try:
        socket.create_connection((access.trapper_host, access.trapper_port), BROKER_WITHIN_S).close()
    except OSError as error:
        return "fail", (f"{history.where} answers, its trapper at {access.trapper_host}:{access.trapper_port} does not ({error}); "
                        "readings wait; start Zabbix' server, or correct [zabbix]")
    return "ok", f"Zabbix at {history.where}; `elfe zabbix check` looks at its items"


def _broker(here: Context) -> tuple[str, str]:
    address, heard = here.broker_as("elfe-doctor"), threading.Event()
    client = paho_client(address, "elfe-doctor")

    def ask(*_: Any) -> None:
        client.subscribe("elfe/doctor", 1)

    def answer(*_: Any) -> None:
        client.publish("elfe/doctor", b"?", 1)

    client.on_connect, client.on_subscribe = ask, answer
    client.on_message = lambda *_: heard.set()
    try:
        client.connect(address.host, address.port, 10)
    except OSError as error:
        return "fail", f"{address.host}:{address.port} is out of reach ({error}); start it, or correct [broker]"
    client.loop_start()
    ok = heard.wait(BROKER_WITHIN_S)
    client.disconnect()
    client.loop_stop()
    where = f"{address.host}:{address.port}"
    return ("ok", f"{where} carries messages") if ok else ("fail", f"{where} does not carry ours; check the account's rights")


def _devices(here: Context) -> tuple[str, str]:
    found, problems = device_values(queries.installed_devices(here.coordination), here.drivers, "doctor")
    if problems:
        return "warn", "; ".join(problems[:5])
    return ("ok", f"{len(found)} installed") if found else ("warn", "none; `elfe devices provision inventory.csv` brings them")


def _engines(here: Context) -> tuple[str, str]:
    """Whether each home has an engine."""
    workers = here.settings.command.workers
    found = sorted(leadership.led(here.coordination, workers))
    missing = sorted(set(range(1, workers + 1)) - set(found))
    if not found:
        return "warn", "no command engine runs: no order is made; start `elfe up` or `elfe command run`"
    if found[-1] > workers:
        return "fail", (f"an engine drives share {found[-1]}, and these settings know {workers}: command.workers must be the same "
                        "for all")
    if missing:
        nobody = ", ".join(map(str, missing))
        homes = {each.participant for each in queries.appliances(here.coordination)}
        left = leadership.undriven(here.coordination, workers, homes)
        return "fail", (f"nobody drives share {nobody} of {workers}: {len(left)} of {len(homes)} homes get no order; start "
                        f"`elfe command run` with command.worker = {missing[0]} (two with one number: the second only stands by)")
    return "ok", f"{workers} of {workers} shares of the homes are driven"


def _plan(here: Context) -> tuple[str, str]:
    now = clock.now()
    plan, last = newest_plan(here.sortie, slot_of(now) + 1), newest_plan(here.sortie)
    if last and slot_start(last.first_slot) > now + DAY:
        return "warn", (f"one of {slot_start(last.first_slot):%Y-%m-%d} was made by a clock that ran ahead; elfe passes over it, "
                        "other readers of result take it for the newest: delete what is later than now from result and elfe.plan")
    if plan is None:
        return "warn", "none yet; `elfe up` makes one every quarter of an hour"
    age = now - slot_start(plan.first_slot)
    how = "with nothing to place" if plan.solver == "nothing to place" else f"made by {plan.solver}"
    minutes = int(abs(age).total_seconds()) // 60
    when = f"from {minutes} minutes ago" if age >= timedelta() else f"from in {minutes} minutes"
    return ("ok" if age < OLD_PLAN else "warn"), f"{when}, {how}" + ("" if age < OLD_PLAN else "; is `elfe up` running?")


def _waiting(here: Context) -> tuple[str, str]:
    """Readings that the history has not taken yet, and those that it never will."""
    waiting, lost = 0, Counter[str]()
    files = [each for each in (Path(here.settings.data_dir) / name for name in SPOOLS) if each.exists()]
    for file in files:
        spool = Spool(str(file), mends=False)
        waiting, lost = waiting + spool.count, lost + Counter(spool.counted())
        spool.close()
    if not files:
        return "ok", "none"
    told = f"{waiting} wait on disk" + "".join(f", {count} {name}" for name, count in sorted(lost.items()))
    return ("warn" if waiting or lost else "ok"), told + ("; is the history away?" if waiting else "")


def _balance(here: Context) -> tuple[str, str]:
    series, now = here.history.find(BALANCE), clock.now()
    last = here.history.last(series, now + timedelta(seconds=1)) if series is not None else None
    if last is None:
        return "warn", "never measured: the forecast is zero; publish it in W on INDICATEURS/general/equilibre2"
    old = now - last.at > OLD_BALANCE
    return ("warn" if old else "ok"), f"{last.value:.0f} W at {last.at:%Y-%m-%d %H:%M} UTC" + ("; it is old" if old else "")


def _sources(here: Context) -> tuple[str, str]:
    """The territory's sources: those that cannot be opened, and those of production of which the history knows nothing new."""
    try:
        found = connectors.opened(here.settings.sources)
    except SettingsError as error:
        return "fail", "; ".join([*str(error).splitlines(), "`elfe territory sources` asks each"])
    silent = [told for each in found if each.kind == "production" and (told := _silence(here, each.name))]
    if silent:
        return "warn", "; ".join([*silent, "`elfe territory sources` asks each"])
    return "ok", f"{len(found)} named" if found else "none"


def _silence(here: Context, name: str) -> str:
    """Since when a source counts for nothing, in words; nothing where it counts."""
    series, now = here.history.find(name), clock.now()
    last = here.history.last(series, now + timedelta(seconds=1)) if series is not None else None
    if last is None:
        return f"{name} has never been read"
    return f"{name} says nothing since {last.at:%Y-%m-%d %H:%M} UTC" if now - last.at > HELD_FOR else ""
