"""`elfe ems`: the planner."""

from __future__ import annotations

from typing import Annotated

import typer

from elfe import clock
from elfe.app.context import context
from elfe.cli import show
from elfe.cli.plan import plain, print_plan
from elfe.ems.run import Sources, first_slot_at, run_once
from elfe.ems.solve import Limits, Solver

ems = typer.Typer(help="The planner.", no_args_is_help=True)


@ems.callback()
def _group() -> None:
    """The planner."""


@ems.command()
def run(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and show, write nothing.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Make one plan now, for the 24 hours from the coming quarter on."""
    here = context(ctx)
    rules = here.settings.ems
    solver = Solver(Limits(rules.max_nodes, rules.gap, rules.time_limit_s))
    try:
        now = clock.now()
        sources = Sources(here.coordination, here.sortie, here.history, here.settings.zone)
        made = run_once(sources, solver, now, first_slot_at(now), write=not dry_run)
    finally:
        solver.close()
    if as_json:
        show.as_json(plain(made))
    else:
        print_plan(here, made)
