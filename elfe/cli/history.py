"""`elfe history`: what was measured."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from elfe import clock
from elfe.app import services
from elfe.app.context import context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.app.watchdog import sign_of_life
from elfe.cli import show
from elfe.devices.values import Quantity
from elfe.errors import ElfeError
from elfe.history.quarters import counted, means
from elfe.slots import slot_of, slot_start

history = typer.Typer(help="What was measured.", no_args_is_help=True)
HELD_FOR = timedelta(minutes=15)
LOCAL_TIMES = ["%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


@history.command()
def run(ctx: typer.Context) -> None:
    """Run the recorder in the foreground."""
    service, sessions = services.recorder(context(ctx).settings)
    live(service, sessions, stopped_by_signals(), sign_of_life())


@history.command("list")
def list_series(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """List the series."""
    names = context(ctx).history.names()
    if as_json:
        show.as_json([{"id": id, "name": name, "unit": unit} for id, name, unit in names])
    else:
        show.table(("id", "name", "unit"), [(str(id), name, unit) for id, name, unit in names], "Nothing was measured yet.")


@history.command("show")
def show_series(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="SERIES", help="A series: « D101 puissance ».")],
    since: Annotated[datetime | None, typer.Option("--from", formats=LOCAL_TIMES, help="From this local time on.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=LOCAL_TIMES, help="Up to this local time.")] = None,
    hours: Annotated[float, typer.Option(help="How far back, without --from.")] = 24,
    as_json: show.AsJson = False,
) -> None:
    """Show a series as quarter hours: the mean of each, or what a counter counted in it. A gap stays a gap."""
    here = context(ctx)
    zone = here.settings.zone
    end = until.replace(tzinfo=zone) if until else clock.now()
    start = since.replace(tzinfo=zone) if since else end - timedelta(hours=hours)
    series, unit = next(((id, unit) for id, known, unit in here.history.names() if known == name), (None, ""))
    if series is None:
        raise ElfeError(f"there is no series {name!r}; `elfe history list` shows them")
    what, aggregate = ("counted", counted) if unit == Quantity.ENERGY.value else ("mean", means)
    slots = range(slot_of(start), max(slot_of(start) + 1, slot_of(end - timedelta.resolution) + 1))
    readings = here.history.readings(series, slot_start(slots.start) - HELD_FOR, end)
    quarters = list(zip(slots, aggregate(readings, slots.start, len(slots), HELD_FOR), strict=True))
    if as_json:
        show.as_json([{"at": slot_start(slot).isoformat(), what: value} for slot, value in quarters])
    else:
        show.table(("quarter", f"{what}, {unit}".removesuffix(", ")),
                   [(f"{slot_start(slot).astimezone(zone):%d/%m %H:%M}", "-" if value is None else f"{value:.1f}")
                    for slot, value in quarters], "")
