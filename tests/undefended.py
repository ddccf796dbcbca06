"""Each defence taken away, one by one: the scenario's tests must fail without it.

    python -m tests.undefended [d3 c3 ...]

A test that passes whether or not its defence stands proves nothing. The table says of each scenario what is taken away; its tests
are run in a process where that is gone, programs in processes of their own included, and what was seen is printed. Not part of the
tests' run: it takes as long as they do. That the table is whole, and takes away what is there, `test_faults_page.py` says.
"""

from __future__ import annotations

import ctypes
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import Any

from attrs import frozen

ROOT = Path(__file__).parents[1]
CHOSEN = "ELFE_WITHOUT_THE_DEFENCE"
"""Which defence is gone in this process and in those that it starts."""
PROGRAM = ("tests.undefended", "elfe") if CHOSEN in os.environ else ("elfe",)
"""The module that is run as the program: where a defence has been taken away, it is gone there too."""


@frozen
class Removal:
    """`package.module:Name.attribute` is something else from now on: what `instead` makes of what it was."""

    place: str
    instead: Callable[[Any], Any]

    def owner(self) -> Any:
        """Who has it. Raises `AttributeError` where nobody has any more: nothing would be taken away."""
        module, _, path = self.place.partition(":")
        *above, name = path.split(".")
        owner: Any = import_module(module)
        for each in above:
            owner = getattr(owner, each)
        getattr(owner, name)
        return owner

    def remove(self) -> None:
        """Take it away."""
        owner, name = self.owner(), re.split("[.:]", self.place)[-1]
        setattr(owner, name, self.instead(getattr(owner, name)))


@frozen
class Defence:
    """What is taken away, where its tests stand, and which they are where not all of the scenario's are about it."""

    what: str
    where: str
    removed: Removal | tuple[Removal, ...]
    which: str = ""

    @property
    def removals(self) -> tuple[Removal, ...]:
        return self.removed if isinstance(self.removed, tuple) else (self.removed,)


def put(place: str, value: Any) -> Removal:
    """Something else stands there."""
    return Removal(place, lambda _: value)


def both(*removals: Removal) -> tuple[Removal, ...]:
    """One after the other."""
    return removals


def _says(answer: Any) -> Callable[..., Any]:
    return lambda *_, **__: answer


def _dies(*_: Any, **__: Any) -> None:
    raise SystemExit("it was not to happen")


def _waits_for_the_broker(self: Any, effects: Any, now: Any) -> Any:
    self._session._client.publish("asks", b"", 1).wait_for_publish()
    return self._writer.write(effects, now)


def _unescaped(said: Mapping[str, str | int]) -> str:
    told = (f'"{name}":{value}' if isinstance(value, int) else f'"{name}":"{value}"' for name, value in said.items())
    return "{" + ",".join(told) + "}"


def _as_if_new(*said: Any) -> Any:
    return import_module("elfe.command.hearing").hear(*said)


def _settles() -> Any:
    return import_module("elfe.command.orders").On.SETTLES


def _unpooled(make: Any) -> Any:
    def unpooled(url: Any, **options: Any) -> Any:
        kept = {name: value for name, value in options.items() if not name.startswith("pool")}
        return make(url, poolclass=import_module("sqlalchemy").NullPool, **kept)
    return unpooled


def _as_far_as_it_goes(readers: Mapping[str, Any]) -> Mapping[str, Any]:
    values = import_module("elfe.devices")

    def read(device: Any, payload: bytes) -> tuple[Any, ...]:
        return tuple(values.OutputState(bit == ord("1"), output) for output, bit in enumerate(payload[:8]))
    return {**readers, "EtatSorties": read}


def _subscribes_once(connected: Any) -> Any:
    def on_connect(self: Any, *said: Any) -> None:
        filters = self.filters
        self.filters = () if self.__dict__.setdefault("was_there", False) else filters
        connected(self, *said)
        self.filters, self.was_there = filters, True
    return on_connect


# -- of time ------------------------------------------------------------------------------------------------------------------

WINTER = timezone(timedelta(hours=1))
"""The local time of all the year, for who knows no other."""


def _in_winter(at: int) -> Callable[[Any], Any]:
    """A function whose argument of that place is a zone: it is always the winter's."""
    return lambda made: lambda *given: made(*given[:at], WINTER, *given[at + 1:])


def _of_96_quarters(means: Any) -> Any:
    return lambda at_s, values, start_slot, count, held_for: means(at_s, values, start_slot, 96, held_for)


def _for_ever(means: Any) -> Any:
    return lambda at_s, values, start_slot, count, _: means(at_s, values, start_slot, count, timedelta(days=1))


def _whatever_a_clock_shows(day: Any, at: Any, zone: Any) -> list[datetime]:
    return [datetime.combine(day, at, zone).astimezone(UTC)]


def _by_its_own_clock(read: Any) -> Any:
    def reads(self: Any, topic: str, payload: bytes, now: datetime) -> Iterator[Any]:
        said = re.search(rb'"Time":"([^"]+)"', payload)
        self.said_at = datetime.fromisoformat(said.group(1).decode()).replace(tzinfo=UTC) if said else now
        return read(self, topic, payload, now)      # type: ignore[no-any-return]
    return reads


def _wall_slot(at: datetime) -> int:
    """Quarters of a day of ninety-six, by the clock on the wall in Paris."""
    wall = at.astimezone(_paris()).replace(tzinfo=UTC)
    return (wall - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(minutes=15)


def _wall_start(slot: int) -> datetime:
    wall = datetime(1970, 1, 1, tzinfo=UTC) + slot * timedelta(minutes=15)
    return max(wall.replace(tzinfo=_paris(), fold=fold).astimezone(UTC) for fold in (0, 1))      # so that time goes on


def _paris() -> Any:
    return import_module("zoneinfo").ZoneInfo("Europe/Paris")


def _of_32_bits(at: datetime) -> int:
    return ctypes.c_int32(int(at.timestamp())).value // 900


# -- the table ----------------------------------------------------------------------------------------------------------------

COMMAND, SERVICE = "elfe.command", "elfe.command.service:CommandService"
REAL, PURE, SAFE, TYPES, TIMES, DEVICES = (f"tests/command/test_{each}.py" for each in (
    "faults", "engine", "safe_without_us", "typologies", "odd_times", "odd_devices"))
SERVED = "tests/command/test_service.py"
MEASURES = "tests/history/test_odd_measures.py"
FLOODS, DEAD = (f"tests/devices/test_{each}.py" for each in ("floods", "centre_is_dead"))
SCREENS = "tests/screens/test_service.py tests/screens/test_hostile.py"
DAYS = " ".join(f"tests/{each}.py" for each in (
    "ems/test_forecast_learned", "ems/test_forecast_run", "ems/test_loads", "history/test_both_stores", "indicators/test_store",
    "territory/test_connectors", "territory/test_told"))
FORECASTS = "tests/ems/test_forecast.py tests/ems/test_forecast_learned.py tests/territory/test_service.py"
UP = "tests/story/test_up.py"
ENDLESS = put("elfe.command.orders:is_over", _says(False))
NEVER_TOO_OLD = put("elfe.command.orders:Order.due", lambda self, now: self.sayable)

DEFENCES: Mapping[str, Defence] = {
    "a1": Defence("nobody is ever asked how it is", f"{REAL} {PURE}", put(f"{COMMAND}.saying:ask", _says([]))),
    "a2": Defence("what could not be said stays unsaid", REAL,
                  both(put(f"{COMMAND}.saying:say_all", _says([])), put(f"{COMMAND}.saying:say", _says([])))),
    "a3": Defence("an order is never too old", f"{PURE} {SERVED}", both(ENDLESS, NEVER_TOO_OLD)),
    "a4": Defence("a last will says nothing", REAL, put(f"{COMMAND}.memory:Memory.is_present", _says(True))),
    "a5": Defence("no keep-alive", REAL, put("elfe.broker.client:KEEPALIVE_S", 600)),
    "a6": Defence("nothing is recorded before the broker has answered", REAL, put(f"{SERVICE}._write", _waits_for_the_broker)),
    "a7": Defence("everybody leads", f"{REAL} {SERVED}", put("elfe.command.leadership:Leadership.held", _says(True))),
    "a10": Defence("who comes back asks for nothing anew", MEASURES,
                   Removal("elfe.broker.client:MqttSession._on_connect", _subscribes_once)),
    "a11": Defence("the broker keeps all that nobody reads, and what was said last holds for ever", MEASURES, both(
        put("elfe.broker.mosquitto:SETTINGS", "max_queued_messages 0\nmax_queued_bytes 0\n"),
        Removal("elfe.history.quarters:means_of", _for_ever))),
    "b1": Defence("what was said before is news", MEASURES, put("elfe.history.service:TWICE_WITHIN", timedelta())),
    "b2": Defence("a counter's late word is kept", MEASURES, put("elfe.history.service:LATE_WITHIN", timedelta())),
    "b3": Defence("what the broker kept is said now", PURE,
                  put(f"{COMMAND}.hearing:recall", _as_if_new)),
    "b9": Defence("a counter that begins anew is a late word", MEASURES, put("elfe.history.service:LATE_WITHIN", timedelta(days=1)),
                  "b9_a_counter"),
    "b10": Defence("an output carries anything", MEASURES, put("elfe.devices.routing:OVERLOAD", 1e9)),
    "b12": Defence("a bitmap of any length is read as far as it goes", "plugins/socorel/tests/test_twin.py",
                   Removal("elfe_socorel.codec:READERS", _as_far_as_it_goes), "b12_a_partial"),
    "b13": Defence("each tap is acted on at once, whatever it says", SCREENS, both(
        put("elfe.screens.service:Touches.due_at", property(lambda self: self.first_at)),
        put("elfe.screens.service:touched", lambda said, _: said.value if said.value is not None else 1))),
    "b14": Defence("a text stands in the line as it is", "plugins/openhasp/tests/test_shows.py",
                   put("elfe_openhasp.jsonl:_written", _unescaped)),
    "c3": Defence("everybody is always heard", f"{MEASURES} {FLOODS}", put("elfe.devices.floods:Floods.lets", _says(True))),
    "d1": Defence("winter time lasts all year, a day has ninety-six quarters", DAYS, both(
        Removal("elfe.ems.forecast.past:past", _in_winter(3)), Removal("elfe.ems.forecast.run:leads_of", _in_winter(2)),
        Removal("elfe.ems.loads.hours:second_of_day", _in_winter(1)), Removal("elfe.territory.mail:_curve", _in_winter(1)),
        Removal("elfe.indicators.store:_month", _in_winter(1)), Removal("elfe.history.quarters:means_of", _of_96_quarters),
        put("elfe.territory.outlook:_season", _says("")), put("elfe.connectors.instants:_comes_twice", _says(False)))),
    "d2": Defence("whatever a clock shows is once", "tests/coordination/test_spoken.py",
                  put("elfe.coordination.spoken:_instants", _whatever_a_clock_shows)),
    "d3": Defence("any time is believed, and what is over is wanted again", TIMES,
                  both(put(f"{SERVICE}._believes", _says(True)), put("elfe.command.store:last_event", _says(None)),
                       put("elfe.command.timekeeping:JUMP", timedelta(days=36500)))),
    "d4": Defence("a device's clock is believed", MEASURES, both(
        Removal("elfe.history.service:Recorder._read", _by_its_own_clock),
        put("elfe.history.service:Recorder._behind", lambda self, *_: self.said_at))),
    "d5": Defence("an order is never over", TIMES, both(ENDLESS, NEVER_TOO_OLD)),
    "d6": Defence("slots are counted on the wall's clock", TIMES,
                  both(put("elfe.slots:slot_of", _wall_slot), put("elfe.slots:slot_start", _wall_start))),
    "d7": Defence("seconds are counted in 32 bits", TIMES, put("elfe.slots:slot_of", _of_32_bits)),
    "e1": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e2": Defence("what lives in the ledger alone is not looked for", SERVED, put(f"{SERVICE}._find_orders", _says([])),
                  "e2_an_order"),
    "e3": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e4": Defence("who loses the database ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e5": Defence("who waits for a lock ends", REAL, put(f"{SERVICE}._lose_database", _dies)),
    "e6": Defence("what another database lacks is not written again", REAL, put(f"{SERVICE}._remember_for_it", _says(None))),
    "e7": Defence("a start is never too late, an order never over", f"{REAL} {DEVICES}",
                  both(put("elfe.command.pressing:NextPress", _says(None)), ENDLESS)),
    "e8": Defence("each statement asks for a connection of its own", REAL, Removal("elfe.database:create_engine", _unpooled)),
    "e9": Defence("what is missing of an appliance is not noticed", REAL, put("elfe.command.typologies:lacking", _says(""))),
    "f1": Defence("what was left behind is not taken up", PURE, put(f"{COMMAND}.engine:Engine._resume", _says([]))),
    "f2": Defence("nobody looks whether a loop turns", UP, put("elfe.app.up:Kept.hangs", _says(False))),
    "f3": Defence("who has ended stays so", UP, Removal(
        "elfe.app.up:_look_after", lambda look: lambda each, *given: look(each, *given) if each.process is None else None)),
    "f4": Defence("everything is believed", "tests/ems/test_absurd.py", put("elfe.ems.wanted:believed", lambda what, _: what),
                  "f4_whatever"),
    "f5": Defence("whatever a child says is taken", "tests/ems/test_solve.py",
                  put("elfe.ems.solve:_sensible", lambda answer, _: answer), "f5_nonsense or f5_what_a_choice"),
    "f6": Defence("whoever made a plan is believed", "tests/ems/test_check.py tests/ems/test_run.py",
                  both(put("elfe.ems.check:check", _says(None)), put("elfe.ems.check:broken", _says({})))),
    "f7": Defence("a plan never dies", SAFE, put("elfe.command.typologies:Situation.dead", False), "f7_after_two"),
    "f8": Defence("what is missing is nothing", FORECASTS, both(
        put("elfe.ems.forecast.persistence:_interpolated", lambda values: [each or 0.0 for each in values]),
        put("elfe.ems.forecast.past:filled", lambda values: import_module("numpy").nan_to_num(values)),
        put("elfe.territory.outlook:NO_FORECAST", ""))),
    "f9": Defence("everybody writes and reads as it comes", "tests/ems/test_store.py",
                  both(put("elfe.database:alone", lambda engine: engine.begin()),
                       put("elfe.database:one_state", lambda engine: engine.begin()))),
    "f10": Defence("a level may last a moment", SAFE, put(f"{COMMAND}.wanting:_too_soon", _says(False))),
    "g1": Defence("what was missed leaves the state as it was", DEVICES, put(f"{COMMAND}.ending:say_what_is_not_known", _says([]))),
    "g2": Defence("nothing gets its power back", SAFE, put(f"{COMMAND}.answering:restore", _says([])), "g2_a_cycle or g2_a_plug"),
    "g3": Defence("there is always room", SAFE, put("elfe.command.pace:Pace.room_at", lambda self, id, kw_of, most_kw, now: now)),
    "g4": Defence("a person is contradicted", PURE, put(f"{COMMAND}.answering:lost_it", _says(True))),
    "g5": Defence("nothing is odd", DEVICES, put("elfe.command.hearing:oddity", _says("")), "g5_what"),
    "g6": Defence("a start that nothing follows is done", PURE,
                  put("elfe.command.orders:_level_ends", lambda order, now, *_: order.happens(_settles(), now))),
    "g7": Defence("what runs may be cut", DEVICES, put(f"{COMMAND}.running:runs", _says(False))),
    "g8": Defence("no tank is owed anything", SAFE, put(f"{COMMAND}.wanting:_owed", _says(False))),
    "g9": Defence("a hold is nothing", DEVICES, put("elfe.command.typologies:_held", _says(None))),
    "g10": Defence("a battery is never flat", TYPES, put(f"{COMMAND}.saying:_flat", _says(False))),
    "g12": Defence("every line is told", DEVICES, put("elfe.command.journal:AN_HOUR", 10**9)),
    "g14": Defence("every plug has the same delay", DEAD, put("elfe.devices.values:FailSafe.own_part", _says(timedelta())),
                   "g14_each"),
    "g15": Defence("what a fail-safe did is a person's will", PURE, put(f"{COMMAND}.answering:lost_it", _says(False)),
                   "g15 or g2_a_device"),
}


def pytest_load_initial_conftests() -> None:
    """As a plugin of pytest: the defence is gone before anything of ours is read."""
    take_away()


def take_away() -> None:
    """The chosen defence is gone in this process."""
    for each in DEFENCES[os.environ[CHOSEN]].removals:
        each.remove()


def main(chosen: list[str]) -> int:
    """Run the tests of each scenario without its defence, and tell; 1 where none of them failed."""
    stand = 0
    for id in chosen or DEFENCES:
        defence = DEFENCES[id]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.undefended", "-k", defence.which or f"test_{id}_",
                   *defence.where.split()]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, CHOSEN: id, "PYTHONPATH": str(ROOT)}, capture_output=True,
                              text=True, check=False)
        lines = done.stdout.splitlines() or [done.stderr[-600:]]
        failed = re.match(r"\d+ failed", lines[-1])
        stand += not failed
        sys.stdout.write(f"| {id.upper()} | {defence.what} | {'' if failed else 'NOTHING FAILED: '}{lines[-1]} |\n")
        sys.stdout.write("".join(f"    {each}\n" for each in lines if each.startswith("FAILED")))
        sys.stdout.flush()
    return 1 if stand else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["elfe"]:
        take_away()
        sys.argv[:2] = ["elfe"]
        runpy.run_module("elfe", run_name="__main__")
    else:
        sys.exit(main(sys.argv[1:]))
