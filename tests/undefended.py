"""Each defence taken away, one by one: the scenario's tests must fail without it.

    python -m tests.undefended [d3 c3 ...]

A test that passes whether or not its defence stands proves nothing. The table says of each scenario what is taken away; its tests
are run in a process where that is gone, engines in processes of their own included, and what was seen is printed. Not part of the
tests' run: it takes as long as they do.
"""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).parents[1]
CHOSEN = "ELFE_WITHOUT_THE_DEFENCE"
"""Which defence is gone in this process and in those that it starts."""


@frozen
class Defence:
    """What is taken away, where its tests stand, and which they are where not all of the scenario's are about it."""

    what: str
    where: str
    remove: Callable[[], None]
    which: str = ""


def put(place: str, value: Any) -> Callable[[], None]:
    """`package.module:Name.attribute` is something else from now on."""
    module, _, path = place.partition(":")
    *above, name = path.split(".")

    def put_it() -> None:
        owner: Any = import_module(module)
        for each in above:
            owner = getattr(owner, each)
        setattr(owner, name, value)
    return put_it


def both(*removals: Callable[[], None]) -> Callable[[], None]:
    """One after the other."""
    return lambda: [each() for each in removals] and None  # type: ignore[func-returns-value]


def _says(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


def _dies(*_: Any, **__: Any) -> None:
    raise SystemExit("it was not to happen")


def _waits_for_the_broker(self: Any, effects: Any, now: Any) -> Any:
    self._session._client.publish("asks", b"", 1).wait_for_publish()
    return self._writer.write(effects, now)


ENGINE, SERVICE = "elfe.command.engine:Engine", "elfe.command.service:CommandService"
REAL, PURE, SAFE, TYPES, TIMES, DEVICES = (f"tests/command/test_{each}.py" for each in (
    "faults", "engine", "safe_without_us", "typologies", "odd_times", "odd_devices"))
SERVED = "tests/command/test_service.py"
MEASURES = "tests/history/test_odd_measures.py"
FLOODS, DEAD = (f"tests/devices/test_{each}.py" for each in ("floods", "centre_is_dead"))
ENDLESS = put("elfe.command.orders:is_over", _says(False))

DEFENCES: Mapping[str, Defence] = {
    "a1": Defence("nobody is asked how it is when the broker is back", REAL, put(f"{ENGINE}._ask_all", _says([]))),
    "a2": Defence("what could not be said stays unsaid", REAL,
                  both(put(f"{ENGINE}._say_all", _says([])), put(f"{ENGINE}._say", _says([])))),
    "a3": Defence("an order is never too old", PURE,
                  both(ENDLESS, put("elfe.command.orders:Order.due", lambda self, now: self.sayable))),
    "a4": Defence("a last will says nothing", REAL, put(f"{ENGINE}._present", _says(True))),
    "a5": Defence("no keep-alive", REAL, put("elfe.broker.client:KEEPALIVE_S", 600)),
    "a6": Defence("nothing is recorded before the broker has answered", REAL, put(f"{SERVICE}._write", _waits_for_the_broker)),
    "a7": Defence("everybody leads", REAL, put("elfe.command.leadership:Leadership.held", _says(True)), "a7_of_two"),
    "b1": Defence("what was said before is news", MEASURES, put("elfe.history.service:TWICE_WITHIN", timedelta())),
    "b2": Defence("a counter's late word is kept", MEASURES, put("elfe.history.service:LATE_WITHIN", timedelta())),
    "b3": Defence("what the broker kept is said now", PURE,
                  put(f"{ENGINE}._recall", lambda self, device_id, said: self._hear(device_id, said, self._deaf_until_at))),
    "b9": Defence("a counter that begins anew is a late word", MEASURES, put("elfe.history.service:LATE_WITHIN", timedelta(days=1)),
                  "b9_a_counter"),
    "b10": Defence("an output carries anything", MEASURES, put("elfe.devices.routing:OVERLOAD", 1e9)),
    "b12": Defence("a bitmap of any length is read as far as it goes", "plugins/socorel/tests/test_twin.py",
                   put("elfe_socorel.codec:_bitmap", _says(())), "b12_a_partial"),
    "b14": Defence("a text stands in the line as it is", "plugins/openhasp/tests/test_shows.py",
                   put("elfe_openhasp.jsonl:_written", lambda said: _unescaped(said))),
    "c3": Defence("everybody is always heard", f"{MEASURES} {FLOODS}", put("elfe.devices.floods:Floods.lets", _says(True))),
    "d3": Defence("any time is believed, and what is over is wanted again", TIMES,
                  both(put(f"{SERVICE}._believes", _says(True)), put("elfe.command.store:last_event", _says(None)),
                       put("elfe.command.timekeeping:JUMP", timedelta(days=36500)))),
    "d5": Defence("an order is never over", TIMES, ENDLESS),
    "e1": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e2": Defence("what lives in the ledger alone is not looked for", SERVED, put(f"{SERVICE}._find_orders", _says([])),
                  "e2_an_order"),
    "e3": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e4": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e5": Defence("who waits for a lock ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e6": Defence("what another database lacks is not written again", REAL, put(f"{SERVICE}._remember_for_it", _says(None))),
    "e7": Defence("a start is never too late, an order never over", f"{REAL} {DEVICES}",
                  both(put("elfe.command.engine:NextPress", _says(None)), ENDLESS)),
    "e8": Defence("each statement asks for a connection of its own", REAL, lambda: _without_a_pool()),
    "e9": Defence("what is missing of an appliance is not noticed", REAL, put("elfe.command.fleet:lacking", _says(""))),
    "f1": Defence("what was left behind is not taken up", PURE, put(f"{ENGINE}._resume", _says([]))),
    "f4": Defence("everything is believed", "tests/ems/test_absurd.py", put("elfe.ems.run:_believed", lambda what, _: what),
                  "f4_whatever"),
    "f5": Defence("whatever a child says is taken", "tests/ems/test_solve.py",
                  put("elfe.ems.solve:_sensible", lambda answer, _: answer), "f5_nonsense or f5_what_a_choice"),
    "f6": Defence("whoever made a plan is believed", "tests/ems/test_check.py tests/ems/test_run.py",
                  both(put("elfe.ems.check:check", _says(None)), put("elfe.ems.check:broken", _says({})))),
    "f7": Defence("a plan never dies", SAFE, put("elfe.command.typologies:Situation.dead", False), "f7_after_two"),
    "f9": Defence("everybody writes and reads as it comes", "tests/ems/test_store.py",
                  both(put("elfe.database:alone", lambda engine: engine.begin()),
                       put("elfe.database:one_state", lambda engine: engine.begin()))),
    "f10": Defence("a level may last a moment", SAFE, put(f"{ENGINE}._too_soon", _says(False))),
    "g1": Defence("what was missed leaves the state as it was", DEVICES, put(f"{ENGINE}._say_what_is_not_known", _says([]))),
    "g2": Defence("nothing gets its power back", SAFE, put(f"{ENGINE}._restore", _says([])), "g2_a_cycle or g2_a_plug"),
    "g3": Defence("there is always room", SAFE, put("elfe.command.pace:Pace.room_at", lambda self, id, kw_of, most_kw, now: now)),
    "g4": Defence("a person is contradicted", PURE, put(f"{ENGINE}._lost_it", _says(True))),
    "g5": Defence("nothing is odd", DEVICES, put("elfe.command.engine:oddity", _says("")), "g5_what"),
    "g6": Defence("a start that nothing follows is done", PURE,
                  put("elfe.command.orders:_level_ends", lambda order, now, *_: order.happens(_settles(), now))),
    "g7": Defence("what runs may be cut", DEVICES, put(f"{ENGINE}._runs", _says(False))),
    "g8": Defence("no tank is owed anything", SAFE, put(f"{ENGINE}._owed", _says(False))),
    "g9": Defence("a hold is nothing", DEVICES, put("elfe.command.typologies:_held", _says(None))),
    "g10": Defence("a battery is never flat", TYPES, put(f"{ENGINE}._flat", _says(False))),
    "g12": Defence("every line is told", DEVICES, put("elfe.command.journal:AN_HOUR", 10**9)),
    "g14": Defence("every plug has the same delay", DEAD, put("elfe.devices.values:FailSafe.own_part", _says(timedelta())),
                   "g14_each"),
    "g15": Defence("what a fail-safe did is a person's will", PURE, put(f"{ENGINE}._lost_it", _says(False)), "g15 or g2_a_device"),
}


def _unescaped(said: Mapping[str, str | int]) -> str:
    told = (f'"{name}":{value}' if isinstance(value, int) else f'"{name}":"{value}"' for name, value in said.items())
    return "{" + ",".join(told) + "}"


def _settles() -> Any:
    return import_module("elfe.command.orders").On.SETTLES


def _without_a_pool() -> None:
    database, sqlalchemy = import_module("elfe.database"), import_module("sqlalchemy")
    make = database.create_engine

    def unpooled(url: Any, **options: Any) -> Any:
        kept = {name: value for name, value in options.items() if not name.startswith("pool")}
        return make(url, poolclass=sqlalchemy.NullPool, **kept)
    database.create_engine = unpooled


def pytest_configure() -> None:
    """As a plugin of pytest: the defence is gone before any test is read."""
    DEFENCES[os.environ[CHOSEN]].remove()


def main(chosen: list[str]) -> int:
    """Run the tests of each scenario without its defence, and tell; 1 where some passed all the same."""
    stand = 0
    for id in chosen or DEFENCES:
        defence = DEFENCES[id]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.undefended", "-k", defence.which or f"test_{id}_",
                   *defence.where.split()]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, CHOSEN: id, "PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, check=False)
        failed = re.search(r"(\d+) failed", done.stdout)
        stand += not failed
        told = f"{failed.group(1)} failed" if failed else f"NOTHING FAILED\n{done.stdout[-600:]}"
        sys.stdout.write(f"| {id.upper()} | {defence.what} | {told} |\n")
        sys.stdout.flush()
    return 1 if stand else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["elfe"]:
        pytest_configure()
        sys.argv[:2] = ["elfe"]
        runpy.run_module("elfe", run_name="__main__")
    else:
        sys.exit(main(sys.argv[1:]))
