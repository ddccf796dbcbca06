"""`elfe db`: the databases themselves."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Engine

from elfe import database
from elfe.app.context import context
from elfe.cli import show
from elfe.coordination import queries
from elfe.ems import store as sortie

app = typer.Typer(help="The databases: create them blank.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The databases: create them blank."""


@app.command()
def create(
    ctx: typer.Context,
    coordination: Annotated[str, typer.Option(help="URL of the coordination database; the settings' otherwise.")] = "",
    sortie_ems: Annotated[str, typer.Option(help="URL of the EMS output database; the settings' otherwise.")] = "",
    as_json: show.AsJson = False,
) -> None:
    """Create the tables and reference rows that are missing; what stands is never altered."""
    here = context(ctx)
    opened = {
        "coordination": queries.open_coordination(coordination or here.url("coordination")),
        "sortie_ems": sortie.open_sortie(sortie_ems or here.url("sortie_ems")),
    }
    for engine in opened.values():
        database.check(engine)
    queries.create_blank(opened["coordination"])
    sortie.create_sortie(opened["sortie_ems"])
    urls = {name: _shown(engine) for name, engine in opened.items()} | {"history": _shown(here.history.engine)}
    if as_json:
        show.as_json(urls)
    else:
        typer.echo("\n".join(f"{name} is ready: {url}" for name, url in urls.items()))


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
