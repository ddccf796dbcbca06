"""`elfe history`: what was measured."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from elfe import clock
from elfe.app import services
from elfe.app.context import context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.cli import show
from elfe.errors import ElfeError
from elfe.slots import SLOT, slot_of, slot_start

history = typer.Typer(help="What was measured.", no_args_is_help=True)
HELD_FOR = timedelta(minutes=15)


@history.command()
def run(ctx: typer.Context) -> None:
    """Run the recorder in the foreground."""
    service, sessions = services.recorder(context(ctx).settings)
    live(service, sessions, stopped_by_signals())


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
    series: Annotated[str, typer.Argument(help="A series: « D101 puissance ».")],
    hours: Annotated[float, typer.Option(help="How far back.")] = 24,
    as_json: show.AsJson = False,
) -> None:
    """Show a series as quarter hours; a gap stays a gap."""
    here = context(ctx)
    found = here.history.find(series)
    if found is None:
        raise ElfeError(f"there is no series {series!r}; `elfe history list` shows them")
    count = max(1, round(hours * 4))
    first = slot_of(clock.now()) - count + 1
    quarters = here.history.quarters(found, first, count, HELD_FOR)
    known = [(slot_start(first) + i * SLOT, value) for i, value in enumerate(quarters)]
    if as_json:
        show.as_json([{"at": at.isoformat(), "mean": value} for at, value in known])
    else:
        zone = here.settings.zone
        show.table(("quarter", "mean"), [(f"{at.astimezone(zone):%d/%m %H:%M}", "-" if value is None else f"{value:.1f}")
                                         for at, value in known], "")
