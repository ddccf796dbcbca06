"""`elfe zabbix`: its hosts, items and tags, kept as what is installed asks for."""

from __future__ import annotations

from typing import Annotated

import typer

from elfe.app import zabbix as kept
from elfe.app.context import context
from elfe.app.zabbix import Kept
from elfe.cli import show
from elfe.history.zabbix.keeping import What

zabbix = typer.Typer(help="Zabbix: its hosts, items and tags, kept as what is installed asks for.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change, change nothing.")]


@zabbix.command()
def sync(ctx: typer.Context, dry_run: DryRun = False, as_json: show.AsJson = False) -> None:
    """Create what is missing, put right what differs, and let the appliances' series follow their items."""
    _tell(kept.sync(context(ctx), dry_run), "would be " if dry_run else "", as_json)


@zabbix.command()
def check(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Say what is missing or differs; exits with 1 when anything does."""
    found = kept.sync(context(ctx), dry_run=True)
    _tell(found, "to be ", as_json)
    raise typer.Exit(0 if found.all_stands else 1)


def _tell(found: Kept, would: str, as_json: bool) -> None:
    if as_json:
        show.as_json({
            "items": [{"what": each.what.value, "name": each.name, "id": each.item.id if each.item else None,
                       "differs": each.differs} for each in found.changes if each.what is not What.LEAVE],
            "stand": len(found.of(What.LEAVE)),
            "triggers": {"create": len(found.watched.create), "change": len(found.watched.update),
                         "remove": len(found.watched.delete)},
            "dashboard": "create" if found.dashboard else "stands",
            "series": [{"appliance": id, "before": before, "after": after} for id, before, after in found.series]})
        return
    for each in found.of(What.CHANGE):
        typer.echo(f"{would}changed: {each.name} ({'; '.join(each.differs)})")
    for each in found.of(What.FOREIGN):
        typer.echo(f"left alone: {each.name}, of no installed device")
    for id, before, after in found.series:
        typer.echo(f"series of appliance {id} {would}changed: {before} → {after}")
    typer.echo(f"{len(found.of(What.CREATE))} items {would}created, {len(found.of(What.CHANGE))} {would}changed, "
               f"{len(found.of(What.LEAVE))} stand.")
    if not found.watched.nothing:
        typer.echo(f"{len(found.watched.create)} triggers {would}created, {len(found.watched.update)} {would}changed, "
                   f"{len(found.watched.delete)} {would}removed.")
    if found.dashboard:
        typer.echo(f"the dashboard elfe {would}created.")
