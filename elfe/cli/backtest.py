"""`elfe backtest`: what planning would have been worth."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from attrs import asdict
from rich.console import Console
from rich.progress import Progress

from elfe.app import backtest_report, planning
from elfe.app.context import context
from elfe.cli import show
from elfe.ems.backtest import store
from elfe.ems.backtest.losses import judged
from elfe.ems.backtest.values import Days, Worth
from elfe.ems.solve import Limits, Solver
from elfe.errors import ElfeError

WORK, LONGER = Limits(nodes=200, seconds=None, tries=1000), Limits(nodes=2000, seconds=None, tries=10_000)
"""Of one plan: bounded by work alone, so that the same days are judged alike on every machine."""
DAY = ["%Y-%m-%d"]


def backtest(
    ctx: typer.Context,
    begins: Annotated[datetime, typer.Option("--from", formats=DAY, help="The first day.")],
    ends: Annotated[datetime, typer.Option("--to", formats=DAY, help="The day after the last.")],
    balance: Annotated[Path | None, typer.Option(help="A CSV of time,power_w; otherwise what was measured.")] = None,
    loads: Annotated[Path | None, typer.Option(help="A CSV of what was declared; otherwise the ledger.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a report with a chart.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Live through days again, and tell what was avoided, by which loads, and what was lost to what."""
    here = context(ctx)
    if ends <= begins:
        raise ElfeError("--to must lie behind --from")
    zone = here.settings.zone
    sources = planning.sources(here)
    first, last = (each.replace(tzinfo=zone).astimezone(UTC) for each in (begins, ends))
    lived = store.days(sources, first, last, balance, loads)
    worth = _judge(lived, sources.rules.home_w)
    if html is not None:
        html.write_text(backtest_report.page(lived, worth, zone), encoding="utf-8")
    if as_json:
        show.as_json(asdict(worth) | {"avoided_wh": worth.avoided_wh, "reached": worth.reached, "loads": len(lived.declared)})
        return
    _tell(lived, worth)
    if html is not None:
        typer.echo(f"written: {html}")


def _judge(lived: Days, home_w: float | None) -> Worth:
    solver, longer = Solver(WORK), Solver(LONGER)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=lived.ends - lived.begins)
        try:
            return judged(lived, solver.solve, longer.solve, home_w,
                          lambda what, slot: progress.update(task, description=what, completed=slot - lived.begins))
        finally:
            solver.close()
            longer.close()


def _tell(lived: Days, worth: Worth) -> None:
    typer.echo(f"{worth.avoided_wh / 1000:.1f} kWh of import avoided, {worth.reached:.0%} of what perfect foresight would have "
               f"avoided; {len(lived.declared)} loads of {worth.energy_wh / 1000:.1f} kWh, {worth.late} late")
    show.table(("", "kWh imported"), [(name, f"{wh / 1000:.1f}") for name, wh in (
        ("as soon as declared", worth.at_once_wh), ("as it was planned", worth.planned_wh),
        ("with perfect foresight", worth.foresight_wh), ("and a day for every load, no limits", worth.best_wh))], "")
    show.table(("moved alone", "kWh avoided"), [(kind, f"{wh / 1000:.1f}") for kind, wh in worth.by_kind_wh.items()], "")
    show.table(("lost to", "kWh"), [(cause, f"{wh / 1000:.1f}") for cause, wh in (
        *worth.lost_wh.items(), ("in all", worth.planned_wh - worth.best_wh))], "")
