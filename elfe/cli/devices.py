"""`elfe devices`: what is installed, and installing what an inventory lists."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from elfe import clock
from elfe.app.conditions import conditions
from elfe.app.context import context
from elfe.cli import show
from elfe.coordination import inventory, queries, reference, store
from elfe.coordination.devices import device_values
from elfe.coordination.provision import Changes, What
from elfe.coordination.store import Provisioned
from elfe.coordination.values import Appliance, InstalledDevice
from elfe.errors import InventoryError

app = typer.Typer(help="The devices in the homes: install them from an inventory, list them.", no_args_is_help=True)

SIGNS = {What.CREATE: "[green]+[/green]", What.CHANGE: "[yellow]~[/yellow]", What.LEAVE: "[dim]=[/dim]"}


@app.command()
def provision(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="L'inventaire, un CSV ; docs/inventory.md en décrit les colonnes.",
                                         exists=True, dir_okay=False, readable=True)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Montrer ce qui changerait, ne rien écrire.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ne pas demander de confirmation.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Installer les participants, appareils et équipements d'un inventaire."""
    here = context(ctx)
    asked, problems = inventory.read(_text(file), here.drivers)
    changes = store.prepare(here.coordination, asked, problems, here.history)
    if not as_json:
        _show(changes)
    if not dry_run and not changes.all_stands and not as_json and not yes and sys.stdin.isatty():
        typer.confirm("Appliquer ?", abort=True)
    done = [] if dry_run else store.apply(here.coordination, changes, here.drivers, here.history, clock.now())
    if as_json:
        show.as_json(_plain_changes(changes, done))
    elif not dry_run and not changes.all_stands:
        typer.echo(f"Fait : {_counted(changes)}.")


@app.command("list")
def list_devices(
    ctx: typer.Context,
    home: Annotated[str, typer.Option("--home", help="Only this participant's, R004.")] = "",
    type_: Annotated[int, typer.Option("--type", help="Only this device type.")] = 0,
    silent: Annotated[bool, typer.Option("--silent", help="Only those that are away: offline, silent, never heard.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """List the devices that are installed: the appliance of each, its presence, last word, firmware, and settings that differ."""
    here = context(ctx)
    appliances = {each.id: each for each in queries.appliances(here.coordination)}
    installed = queries.installed_devices(here.coordination)
    problems = device_values(installed, here.drivers, here.settings.command.instance)[1]
    how = conditions(here, clock.now())
    installed = [each for each in installed if home in ("", each.participant) and type_ in (0, each.type_id)
                 and (not silent or how[each.id].away)]
    if as_json:
        show.as_json([{**_plain(each, appliances[each.appliance_id]), **how[each.id].plain} for each in installed])
        return
    show.table(("point", "device", "hardware", "appliance", "participant", "mode", "presence", "last word", "firmware", "settings"),
               [(*_row(each, appliances[each.appliance_id]), *how[each.id].told(here.settings.zone)) for each in installed],
               "No device is so." if home or type_ or silent else
               "No device is installed; `elfe devices provision inventory.csv` installs some.")
    for problem in problems:
        typer.echo(f"left alone: {problem}", err=True)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[:error.start].count(b"\n") + 1
        raise InventoryError(f"ligne {line} : un caractère n'est pas en UTF-8 ; enregistrez {file.name} au format "
                             "« CSV UTF-8 »") from error


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


def _plain_changes(changes: Changes, done: list[Provisioned]) -> dict[str, object]:
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
        "applied": bool(done),
    }


# -- a device, as people and machines read it ----------------------------------------------------------------------------

MODE_NAMES = {code.id: code.human_name.lower() for code in reference.MODES}


def _row(each: InstalledDevice, appliance: Appliance) -> tuple[str, ...]:
    type_ = reference.DEVICE_TYPE.get(each.type_id)
    return (each.id, type_.human_name if type_ else str(each.type_id), each.hardware_id,
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
