"""`elfe devices`: what is installed, and installing what an inventory lists."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from sqlalchemy.exc import DBAPIError

from elfe import clock
from elfe.app import visit as visits
from elfe.app import zabbix
from elfe.app.conditions import conditions
from elfe.app.context import Context, context
from elfe.cli import show, visit
from elfe.cli.labels import Home
from elfe.coordination import inventory, queries, reference, sheets, states, store
from elfe.coordination.as_sql import as_sql
from elfe.coordination.devices import device_values
from elfe.coordination.lifecycle import product
from elfe.coordination.provision import Changes, What
from elfe.coordination.store import Provisioned
from elfe.coordination.values import Appliance, InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.errors import InventoryError, VisitError

app = typer.Typer(help="Les équipements des foyers : les installer d'un inventaire, les lister, les suivre.", no_args_is_help=True)

MANY = 20
"""Homes from which on a bar is shown."""
SIGNS = {What.CREATE: "[green]+[/green]", What.CHANGE: "[yellow]~[/yellow]", What.LEAVE: "[dim]=[/dim]"}


@app.command()
def provision(
    ctx: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="L'inventaire : un classeur .ods ou .xlsx, ou un .csv ; voir "
                                                     "docs/inventory.md. Avec --walk, sans lui : ce qui est déjà inscrit.")] = None,
    home: Home = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Montrer ce qui changerait, ne rien écrire.")] = False,
    sql: Annotated[bool, typer.Option("--sql", help="Écrire le SQL équivalent, pour l'administrateur de la base.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ne pas demander de confirmation.")] = False,
    as_json: show.AsJson = False,
    walk: Annotated[bool, typer.Option("--walk", help="Mener ensuite la visite du foyer ; voir docs/visit.md.")] = False,
    prepare: visit.Prepare = False,
    who: visit.Who = "",
    at: visit.At = visit.NOTHING,
    wifi: visit.Wifi = "",
    wait: visit.Wait = 120,
    only: visit.Only = visit.NOTHING,
) -> None:
    """Installer les participants, appareils et équipements d'un inventaire, foyer par foyer ; --walk mène la visite."""
    here = context(ctx)
    if walk and (not home or dry_run or sql):
        raise VisitError("--walk mène la visite d'un foyer : --home R004, sans --dry-run ni --sql")
    if file is None and not walk:
        raise InventoryError("quel inventaire ? `elfe devices provision inventaire.ods`, ou --home R004 --walk sans fichier")
    if file is not None and not file.is_file():
        raise InventoryError(f"« {file} » : aucun fichier de ce nom ; donnez son chemin entre guillemets s'il contient des espaces")
    if file is not None:
        _provision(here, file, home, dry_run, sql, yes, as_json, walk)
    if walk:
        visit.walk(here, home, who=who, at=at, wifi=wifi, wait=wait, points=only, prepare=prepare, yes=yes, as_json=as_json)


def _provision(here: Context, file: Path, home: str, dry_run: bool, sql: bool, yes: bool, as_json: bool, walk: bool) -> None:
    asked, problems = inventory.read_sheets(sheets.read(file.read_bytes()), here.drivers, home)
    for remark in asked.remarks:
        typer.echo(f"remarque : {remark}", err=True)
    if home and not asked.participants and not problems:
        raise InventoryError(f"{file.name} : aucune ligne n'est du foyer {home}")
    stands = store.standing(here.coordination)
    changes = store.prepare(here.coordination, asked, problems, here.history, stands)
    if sql:
        for text in as_sql(here.coordination, changes, here.drivers, here.history, clock.now()):
            typer.echo(text)
        return
    for each in _returning(here, changes):
        typer.echo(f"remarque : {each}", err=True)
    if not as_json:
        _show(changes)
    if not dry_run and not changes.all_stands and not as_json and not yes and sys.stdin.isatty():
        show.agreed("Appliquer ?")
    if walk:      # before they are: who pulls the power in between must not lose that this visit brought them
        visits.journal(here).expect(home, [each.after.name for each in changes.appliances if each.what is What.CREATE])
    done = store.standing_of(changes, stands) + ([] if dry_run else _applied(here, changes))
    if not dry_run and not changes.all_stands and here.settings.zabbix.url:
        zabbix.sync(here)
    if as_json and not walk:      # the visit's is the one document then
        show.as_json(_plain_changes(changes, done, not dry_run))
    elif not as_json and not dry_run and not changes.all_stands:
        typer.echo(f"Fait : {_counted(changes)}.")


def _returning(here: Context, changes: Changes) -> list[str]:
    """Who has left and would be inscribed again: an old file must not bring anybody back without a word."""
    left = {each.reference: each.left_at for each in states.departures(here.coordination)}
    return [f"{reference} est parti le {left[reference].astimezone(here.settings.zone):%d/%m/%Y}, ce fichier l'inscrit de "
            "nouveau ; si c'est un oubli, retirez ses lignes"
            for each in changes.participants if each.what is What.CREATE
            for reference in [each.after.reference] if reference in left]


def _applied(here: Context, changes: Changes) -> list[Provisioned]:
    """Home after home. What is done when something fails stays done, and is told."""
    done: list[Provisioned] = []
    total = len(changes.by_home())
    with Progress(console=Console(stderr=True), transient=True, disable=total < MANY) as progress:
        bar = progress.add_task("foyers", total=total)
        try:
            for _, made in store.apply_by_home(here.coordination, changes, here.drivers, here.history, clock.now()):
                done += made
                progress.advance(bar)
        except DBAPIError as error:
            finished = int(progress.tasks[0].completed)
            raise InventoryError(f"la base a refusé après {finished} foyer(s) sur {total}, qui restent installés : {error.orig} ; "
                                 "la même commande reprend où elle s'est arrêtée") from error
    return done


@app.command("list")
def list_devices(
    ctx: typer.Context,
    home: Home = "",
    type_: Annotated[int, typer.Option("--type", help="Seulement ce type de matériel, 411.")] = 0,
    silent: Annotated[bool, typer.Option("--silent", help="Seulement ceux qui se taisent, ou jamais entendus.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Lister les équipements : leur appareil, leur présence, leur dernière parole, leur firmware, les réglages qui diffèrent."""
    here = context(ctx)
    appliances = {each.id: each for each in queries.appliances(here.coordination)}
    every = queries.installed_devices(here.coordination)
    problems = device_values(every, here.drivers, here.settings.command.own_instance)[1]
    how = conditions(here, clock.now())
    installed = [each for each in every if home in ("", each.participant) and type_ in (0, each.type_id)
                 and (not silent or how[each.id].away)]
    if as_json:
        show.as_json([{**_plain(each, appliances[each.appliance_id]), **how[each.id].plain} for each in installed])
        return
    show.table(("point", "équipement", "id matériel", "appareil", "foyer", "mode", "présence", "entendu", "firmware", "réglages"),
               [(*map(escape, _row(each, appliances[each.appliance_id], here.drivers)), *how[each.id].told(here.settings.zone))
                for each in installed],
               "Aucun équipement ne correspond." if home or type_ or silent else
               "Aucun équipement n'est installé ; `elfe devices provision inventaire.ods` en installe.", marked=True)
    for problem in problems:
        typer.echo(f"laissé de côté : {problem}", err=True)


# -- what would change, as people and machines read it -------------------------------------------------------------------


def _show(changes: Changes) -> None:
    console = Console(highlight=False)
    for participant in changes.participants:
        if participant.what is not What.LEAVE:
            differs = " ; ".join(participant.differs) or participant.after.email
            console.print(f"{SIGNS[participant.what]} {participant.after.reference}  {differs}".rstrip())
    for each in changes.appliances:
        if each.what is not What.LEAVE:
            told = " ; ".join(each.differs) or ", ".join(f"{line.device.id}" for line in each.after.devices)
            console.print(f"{SIGNS[each.what]} {each.after.participant}  {each.after.name}  {told}")
    if changes.all_stands:
        console.print("Rien à faire : tout est déjà en place.")


def _counted(changes: Changes) -> str:
    whats = [each.what for each in changes.appliances]
    return ", ".join(f"{whats.count(what)} {words}" for what, words in (
        (What.CREATE, "appareils créés"), (What.CHANGE, "modifiés"), (What.LEAVE, "inchangés")))


def _plain_changes(changes: Changes, done: list[Provisioned], applied: bool) -> dict[str, object]:
    """With `appliance_id` and `power_series`, which the portal asks for, once they are there."""
    ids = {(each.participant, each.name): each for each in done}
    return {
        "participants": [{"what": each.what.name.lower(), "reference": each.after.reference, "differs": each.differs}
                         for each in changes.participants],
        "appliances": [
            {"what": each.what.name.lower(), "participant": each.after.participant, "name": each.after.name,
             "points": [line.device.id for line in each.after.devices], "differs": each.differs,
             "appliance_id": made.appliance_id if made else each.id, "power_series": made.power_series if made else None}
            for each in changes.appliances
            for made in [ids.get((each.after.participant, each.after.name))]
        ],
        "applied": applied,
    }


# -- a device, as people and machines read it ----------------------------------------------------------------------------

MODE_NAMES = {code.id: code.human_name.lower() for code in reference.MODES}


def _row(each: InstalledDevice, appliance: Appliance, drivers: Drivers) -> tuple[str, ...]:
    return (each.id, product(each.type_id, drivers), each.hardware_id,
            f"{appliance.name} (n° {appliance.id})", each.participant,
            MODE_NAMES.get(appliance.mode, str(appliance.mode)))


def _plain(each: InstalledDevice, appliance: Appliance) -> dict[str, object]:
    return {
        "point": each.id, "type": each.type_id, "usage": each.usage, "hardware_id": each.hardware_id,
        "channel": each.channel, "brand": each.brand, "participant": each.participant,
        "topics": {"control": each.control_topic, "command": each.command_topic, "lwt": each.lwt_topic},
        "templates": dict(each.templates) if each.templates is not None else None,
        "appliance": {"id": appliance.id, "name": appliance.name, "type": appliance.type,
                      "typology": appliance.typology, "mode": appliance.mode},
    }
