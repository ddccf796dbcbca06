"""`elfe cycles`: what was learned of machines' cycles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import numpy as np
import typer
from attrs import evolve
from rich.text import Text

from elfe import clock
from elfe.app import cycles as app
from elfe.app.context import Context, context
from elfe.cli import show
from elfe.cli.history import LOCAL_TIMES
from elfe.coordination import spoken
from elfe.ems.cycles.detection import Detection
from elfe.ems.cycles.learning import Known, Learnt, expected, recognised
from elfe.ems.cycles.programmes import Programme
from elfe.errors import ElfeError

cycles = typer.Typer(help="What was learned of machines' cycles.", no_args_is_help=True)

Point = Annotated[str, typer.Argument(metavar="POINT", help="A machine's point, D001, or its number.")]
Since = Annotated[datetime | None, typer.Option("--since", formats=LOCAL_TIMES, help="From this local time on.")]
NAMES = {"start_w": "start power", "start_for": "start duration", "stop_w": "stop power", "stop_for": "stop duration",
         "shortest": "no cycle is shorter than", "least_wh": "nor lighter than"}
HEIGHT, WIDTH, AXIS = 8, 100, 8
BARS = " ▁▂▃▄▅▆▇█"


@cycles.callback()
def _group() -> None:
    """What was learned of machines' cycles."""


@cycles.command("list")
def list_machines(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """List the machines, what was learned of each, and what the next run is expected to draw."""
    here = context(ctx)
    rows = app.known_of(here, app.machines(here))
    if as_json:
        show.as_json([app.plain(asked, known) for asked, known in rows])
        return
    show.table(("machine", "cycles", "last", "programmes", "expected next", "parameters"),
               [(asked.label, str(len(known.whole)), _last(known, here.settings.zone), str(len(known.programmes)),
                 _expected(known), app.ORIGINS[known.origin]) for asked, known in rows],
               "No machine: `elfe devices provision` brings them from an inventory.")


@cycles.command()
def learn(
    ctx: typer.Context,
    point: Annotated[str, typer.Argument(metavar="[POINT]", help="A machine's point, D001; all of them without it.")] = "",
    since: Since = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be learned, keep nothing.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Learn now what the EMS learns once a day; with --since, look again at what was looked at."""
    here, now = context(ctx), clock.now()
    begun = _instant(since, here)
    rows = [(asked, app.learnt(here, asked, now, begun, keep=not dry_run)) for asked in app.machines(here, point)]
    if as_json:
        show.as_json([app.plain(asked, known) for asked, known in rows])
        return
    show.table(("machine", "cycles", "programmes", "expected next"),
               [(asked.label, str(len(known.whole)), "\n".join(_programme(each) for each in known.programmes), _expected(known))
                for asked, known in rows], "No machine to learn.")


@cycles.command("show")
def show_cycles(
    ctx: typer.Context,
    point: Point,
    since: Since = None,
    until: Annotated[datetime | None, typer.Option("--until", formats=LOCAL_TIMES, help="Up to this local time.")] = None,
    png: Annotated[Path | None, typer.Option("--png", help="Draw a chart into this file.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Show a machine's curve, the cycles found in it, with which parameters, and which would suit it better.

    Without --since: the day of its last cycle.
    """
    here = context(ctx)
    asked = app.machines(here, point)[0]
    what = app.shown(here, asked, clock.now(), _instant(since, here), _instant(until, here))
    if png:
        app.chart(what, png, here.settings.zone)
    if as_json:
        show.as_json(app.plain(asked, what.known) | {
            "cycles": [app.plain_run(each) for each in what.cycles], "going_on": _recognised(what.known),
            "since": what.start.isoformat(),
            "until": what.end.isoformat(), "readings": len(what.curve),
            "proposed": [{"name": each.name, "value": _seconds(each.value), "why": each.why} for each in what.better]})
        return
    _print(what, here.settings.zone)
    if png:
        typer.echo(f"drawn into {png}")


@cycles.command("set")
def set_parameters(
    ctx: typer.Context,
    point: Point,
    start_w: Annotated[float | None, typer.Option(help="The start power, W.", min=1, max=10_000)] = None,
    start_for: Annotated[str, typer.Option(help="How long it lasts: 30s, 2min.")] = "",
    stop_w: Annotated[float | None, typer.Option(help="The stop power, W.", min=0.1, max=10_000)] = None,
    stop_for: Annotated[str, typer.Option(help="How long a run pauses at most: 10min.")] = "",
    proposed: Annotated[bool, typer.Option("--proposed", help="What `show` proposes.")] = False,
    default: Annotated[bool, typer.Option("--default", help="Its type's again, following its standby.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Set the parameters that a machine's cycles are found with, and learn its last two weeks anew."""
    here, now = context(ctx), clock.now()
    asked = app.machines(here, point)[0]
    what = app.shown(here, asked, now, None, None)
    given = {"start_w": start_w, "start_for": _duration(start_for), "stop_w": stop_w, "stop_for": _duration(stop_for)}
    changes: dict[str, Any] = {each.name: each.value for each in what.better} if proposed else {}
    changes |= {name: value for name, value in given.items() if value is not None}
    if not changes and not default:
        raise ElfeError("nothing is proposed for it" if proposed else "say what: --start-w, --stop-for, --proposed, --default, ...")
    known = app.set_rules(here, asked, None if default else _checked(evolve(what.known.rules, **changes)), now)
    if as_json:
        show.as_json(app.plain(asked, known))
    else:
        _print_rules(known)
        typer.echo(f"{len(known.whole)} cycles found with them.")


@cycles.command()
def find(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV with the columns t and power_w; .gz too.")],
    kind: Annotated[str, typer.Option(help=f"What draws it: {', '.join(app.KINDS)}.")] = "machine",
    as_json: show.AsJson = False,
) -> None:
    """Find the cycles of a curve in a file; a time without its zone is taken as UTC."""
    rules, found = app.found_in(path, kind)
    if as_json:
        show.as_json({"parameters": app.plain_rules(rules), "cycles": [app.plain_found(each) for each in found]})
        return
    show.table(("started", "ended", "kWh", ""),
               [(f"{each.started_at:%Y-%m-%d %H:%M:%S}", f"{each.ended_at:%Y-%m-%d %H:%M:%S}", f"{each.energy_wh / 1000:.3f}",
                 _state(Learnt(each, ()))) for each in found], "No cycle.")


# -- words -----------------------------------------------------------------------------------------------------------------------


def _print(what: app.Shown, zone: ZoneInfo) -> None:
    typer.echo(f"{what.asked.label}, {_local(what.start, zone)} to {_local(what.end, zone)}, {len(what.curve)} readings")
    for line in _plot(what, zone):
        show.console().print(line)
    show.table(("started", "lasted", "kWh", "programme", ""),
               [(_local(each.run.started_at, zone), spoken.show_duration(each.run.lasts), f"{each.run.energy_wh / 1000:.2f}",
                 str(each.programme or ""), _going_on(what.known, each) or _state(each)) for each in what.cycles],
               "No cycle in this time.")
    for each in what.known.programmes:
        typer.echo(f"{_programme(each)}, last on {_local(each.last_at, zone)}")
    typer.echo(f"Next: {_expected(what.known)}")
    _print_rules(what.known)
    for better in what.better:
        typer.echo(f"Proposed: {NAMES[better.name]} {_value(better.name, better.value)}: {better.why}.")
    if what.better:
        typer.echo(f"`elfe cycles set {what.asked.point} --proposed` takes it.")


def _print_rules(known: Known) -> None:
    told = (f"{words} {_value(name, getattr(known.rules, name))}" for name, words in NAMES.items())
    typer.echo(f"Parameters ({app.ORIGINS[known.origin]}): {', '.join(told)}.")


def _programme(each: Programme) -> str:
    return (f"programme {each.number}: {each.runs} run{'s' * (each.runs > 1)}, {each.energy_wh / 1000:.2f} kWh in "
            f"{spoken.show_duration(each.lasts)}, {each.confidence:.0%} sure")


def _expected(known: Known) -> str:
    found = expected(known)
    return f"{found.energy_wh / 1000:.2f} kWh, {found.source}" if found else "its type's default"


def _last(known: Known, zone: ZoneInfo) -> str:
    return _local(known.cycles[-1].run.started_at, zone) if known.cycles else ""


def _state(each: Learnt) -> str:
    if not each.run.over:
        return "still runs"
    return "" if each.run.whole else "not seen whole"


def _recognised(known: Known) -> dict[str, float] | None:
    of = recognised(known, known.running) if known.running else None
    return {"programme": of[0].number, "sure": of[1]} if of else None


def _going_on(known: Known, each: Learnt) -> str:
    """Of one that still runs: what its first minutes have told."""
    of = None if each.run.over else recognised(known, each)
    return f"still runs, as programme {of[0].number} ({of[1]:.0%} sure)" if of else ""


def _value(name: str, value: float | timedelta) -> str:
    if isinstance(value, timedelta):
        seconds = int(value.total_seconds())
        return f"{seconds} s" if seconds < 120 else f"{seconds / 60:g} min"
    return f"{value:g} {'Wh' if name.endswith('_wh') else 'W'}"


def _seconds(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d/%m %H:%M}"


def _instant(at: datetime | None, here: Context) -> datetime | None:
    return at.replace(tzinfo=here.settings.zone) if at else None


def _duration(text: str) -> timedelta | None:
    if not text:
        return None
    try:
        return timedelta(seconds=float(text.removesuffix("s"))) if text.endswith("s") else spoken.parse_duration(text)
    except ValueError:
        raise ElfeError(f"{text!r} is no duration: 30s, 10min or 1h30 is expected") from None


def _checked(rules: Detection) -> Detection:
    if rules.stop_w > rules.start_w:
        raise ElfeError(f"a stop power of {rules.stop_w:g} W above the start power of {rules.start_w:g} W: no run could begin")
    return rules


# -- the plot --------------------------------------------------------------------------------------------------------------------


def _plot(what: app.Shown, zone: ZoneInfo) -> list[Text]:
    """The curve as bars, the greatest power of each column; green inside a cycle."""
    columns = max(20, min(WIDTH, show.console().width - AXIS))
    tops = _tops(what, columns)
    most = max(float(tops.max(initial=0)), what.known.rules.start_w)
    step = (what.end - what.start) / columns
    inside = [any(each.run.started_at < what.start + (i + 1) * step and each.run.ended_at > what.start + i * step
                  for each in what.cycles) for i in range(columns)]
    lines = [_row(tops / most * HEIGHT - row, inside, f"{most:5.0f} W " if row == HEIGHT - 1 else " " * AXIS)
             for row in reversed(range(HEIGHT))]
    hours = f"{_local(what.start, zone):<{columns - 11}}{_local(what.end, zone)}"
    return [*lines, Text(" " * AXIS + hours, style="dim")]


def _row(filled: Any, inside: Sequence[bool], label: str) -> Text:
    line = Text(label, style="dim")
    for share, cycle in zip(np.clip(filled, 0, 1), inside, strict=True):
        line.append(BARS[int(np.ceil(share * (len(BARS) - 1)))], style="green" if cycle else "dim")
    return line


def _tops(what: app.Shown, columns: int) -> Any:
    """The greatest power of each column, its standby left out; one without a reading has what was said before."""
    edges = np.linspace(what.start.timestamp(), what.end.timestamp(), columns + 1)
    drawn = np.where(what.curve.power_w >= what.known.rules.stop_w, what.curve.power_w, 0.0)
    held = np.maximum(np.searchsorted(what.curve.at_s, edges[:-1], side="right") - 1, 0)
    upto = np.searchsorted(what.curve.at_s, edges[1:])
    return np.array([drawn[a:max(a + 1, b)].max(initial=0) for a, b in zip(held, upto, strict=True)])
