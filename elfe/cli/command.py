"""`elfe command`: the command engine by itself."""

from __future__ import annotations

import typer

from elfe.app import services
from elfe.app.context import context
from elfe.app.loop import live
from elfe.app.signals import stopped_by_signals
from elfe.app.watchdog import sign_of_life

command = typer.Typer(help="The command engine: carries the plan out.", no_args_is_help=True)


@command.callback()
def _group() -> None:
    """The command engine: carries the plan out."""


@command.command()
def run(ctx: typer.Context) -> None:
    """Run the command engine in the foreground, as a service manager would; its journal goes to standard output."""
    service, sessions = services.command(context(ctx).settings)
    live(service, sessions, stopped_by_signals(), sign_of_life())
