"""`elfe db`: the databases."""

from __future__ import annotations

import typer

from elfe import database
from elfe.app.context import context
from elfe.coordination import queries
from elfe.ems import store as sortie
from elfe.history.store import open_history

db = typer.Typer(help="The databases.", no_args_is_help=True)


@db.callback()
def _group() -> None:
    """The databases."""


@db.command()
def create(ctx: typer.Context) -> None:
    """Create what is missing in the databases of the settings; what stands is never altered."""
    here = context(ctx).settings
    for name, open_, create_ in (("coordination", queries.open_coordination, queries.create_blank),
                                 ("sortie_ems", sortie.open_sortie, sortie.create_sortie)):
        url = here.database(name)
        engine = open_(url) if not url.startswith("sqlite") else getattr(context(ctx), name.partition("_")[0])
        database.check(engine)
        create_(engine)
        typer.echo(f"{name}: {engine.url.render_as_string(hide_password=True)}")
    history = context(ctx).history if here.database("history").startswith("sqlite") else open_history(here.database("history"))
    typer.echo(f"history: {history.engine.url.render_as_string(hide_password=True)}")
