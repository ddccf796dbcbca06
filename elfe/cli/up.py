"""`elfe up`: the whole system."""

from __future__ import annotations

import typer

from elfe.app import up as supervisor
from elfe.app.context import context
from elfe.app.signals import stopped_by_signals


def up(ctx: typer.Context) -> None:
    """Run broker, recorder, EMS and command engine together, until stopped."""
    supervisor.run(context(ctx).settings, stopped_by_signals())
