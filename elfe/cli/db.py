"""`elfe db`: the databases themselves."""

from __future__ import annotations

from typing import Annotated

import typer
from attrs import frozen
from sqlalchemy import Engine

from elfe import database, migrations
from elfe.app.context import Context, context
from elfe.cli import show
from elfe.coordination import queries, types
from elfe.devices.values import DeviceType
from elfe.ems import store as sortie
from elfe.history import store as history
from elfe.history.store import SqlHistory
from elfe.migrations import Versioned

app = typer.Typer(help="The databases: create them blank, see how they stand, upgrade them.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The databases: create them blank, see how they stand, upgrade them for a newer elfe or newly installed plugins."""


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
    urls = {name: database.shown(engine) for name, engine in opened.items()} | {"history": here.history.where}
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
    """Bring the databases to this version of elfe, and give newly installed plugins' device types their row and table."""
    here = context(ctx)
    stands = [_stand(each) for each in _databases(here)]
    if not dry_run:
        queries.upgrade(stands[0].engine)
        for each in stands[1:]:
            migrations.upgrade(each.engine, each.base)
    new = _types(here, stands[0], dry_run)
    if as_json:
        show.as_json({"dry_run": dry_run, "databases": [each.plain for each in stands],
                      "types": [{"id": each.id, "name": each.name} for each in new]})
        return
    for stand in stands:
        for what in stand.lacks:
            typer.echo(f"{stand.base.name} {'lacks' if dry_run else 'has from now on'}: {what}")
    for type_ in new:
        typer.echo(f"{'missing' if dry_run else 'created'}: {type_.id} {type_.name} ({type_.product})")
    if not new and not any(stand.lacks for stand in stands):
        typer.echo("Nothing to do: the databases are those of this version, every driven device type has its row and its table.")


@app.command()
def status(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Show at which revision each database stands and what it lacks; exit with 1 when there is something to upgrade."""
    here = context(ctx)
    stands = [_stand(each) for each in _databases(here)]
    new = _types(here, stands[0], dry_run=True)
    if as_json:
        show.as_json({"databases": [each.plain for each in stands], "types": [{"id": each.id, "name": each.name} for each in new]})
    else:
        show.table(("database", "revision", "newest", "lacks", "where"), [each.row for each in stands], "")
        for type_ in new:
            typer.echo(f"missing: device type {type_.id} {type_.name} ({type_.product})")
    if new or any(each.lacks for each in stands):
        typer.echo("`elfe db upgrade` brings them up to date; make a backup first.", err=True)
        raise typer.Exit(1)


# -- how the databases stand ------------------------------------------------------------------------------------------------


@frozen
class Stand:
    """How one of our databases stands."""

    base: Versioned
    engine: Engine
    at: str | None                 # its revision; None: made before databases had one
    lacks: tuple[str, ...]         # revisions and tables, in words

    @property
    def row(self) -> tuple[str, ...]:
        """As people read it."""
        return (self.base.name, self.at or "none", self.base.head, "; ".join(self.lacks) or "nothing", database.shown(self.engine))

    @property
    def plain(self) -> dict[str, object]:
        """As machines read it."""
        return {"name": self.base.name, "url": database.shown(self.engine), "revision": self.at, "newest": self.base.head,
                "lacks": self.lacks}


def _databases(here: Context) -> list[tuple[Versioned, Engine]]:
    """Each as it is: one of the settings is neither made nor refused; an embedded one is always of this version."""
    given = here.settings.databases
    opened = [
        (queries.VERSIONED, queries.open_coordination(given.coordination) if given.coordination else here.coordination),
        (sortie.VERSIONED, sortie.open_sortie(given.sortie_ems) if given.sortie_ems else here.sortie),
    ]
    if not here.settings.zabbix.url:              # Zabbix keeps its own
        opened.append((history.VERSIONED, _history(here)))
    for _, engine in opened:
        database.check(engine)
    return opened


def _history(here: Context) -> Engine:
    if here.settings.databases.history:
        return database.connect(here.settings.databases.history, history.Base.metadata)
    assert isinstance(here.history, SqlHistory)
    return here.history.engine


def _stand(opened: tuple[Versioned, Engine]) -> Stand:
    base, engine = opened
    there = database.standing(engine, base.metadata)
    if not there:
        return Stand(base, engine, None, ("all its tables",))
    missing = [f"the table {table.name}" for table in base.metadata.sorted_tables
               if table.fullname not in there and table is not base.versions]
    changes = [f"{number} {what}" for number, what in migrations.pending(engine, base)]
    return Stand(base, engine, migrations.version(engine, base), (*changes, *missing))


def _types(here: Context, stand: Stand, dry_run: bool) -> list[DeviceType]:
    """The device types beyond the contract that have no row or table; none is known of a database without any table."""
    if dry_run:
        return types.lacking(stand.engine, types.beyond(here.drivers)) if database.standing(
            stand.engine, stand.base.metadata) else []
    return types.upgrade(stand.engine, here.drivers)
