"""`elfe db`: the databases themselves."""

from __future__ import annotations

from typing import Annotated

import typer
from sqlalchemy import Engine

from elfe import database
from elfe.app.context import context
from elfe.cli import show
from elfe.coordination import queries, types
from elfe.ems import store as sortie

app = typer.Typer(help="The databases: create them blank, upgrade them.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The databases: create them blank, upgrade them for newly installed plugins."""


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
    types.upgrade(opened["coordination"], here.drivers)
    sortie.create_sortie(opened["sortie_ems"])
    urls = {name: _shown(engine) for name, engine in opened.items()} | {"history": here.history.where}
    if as_json:
        show.as_json(urls)
    else:
        typer.echo("\n".join(f"{name} is ready: {url}" for name, url in urls.items()))


@app.command()
def upgrade(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is missing, create nothing.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Give the device types of newly installed plugins their row and their table in the coordination database."""
    here = context(ctx)
    engine = here.coordination
    new = types.lacking(engine, types.beyond(here.drivers)) if dry_run else types.upgrade(engine, here.drivers)
    if as_json:
        show.as_json({"dry_run": dry_run, "types": [{"id": each.id, "name": each.name} for each in new]})
        return
    for each in new:
        typer.echo(f"{'missing' if dry_run else 'created'}: {each.id} {each.name} ({each.product})")
    if not new:
        typer.echo("Nothing to do: every driven device type has its row and its table.")


def _shown(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=True)
