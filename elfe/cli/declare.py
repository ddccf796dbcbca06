"""`elfe declare`: an appliance is loaded and wanted by an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from attrs import evolve

from elfe import clock
from elfe.app.context import context
from elfe.app.planning import sources
from elfe.cli import show
from elfe.coordination import queries, spoken
from elfe.coordination.values import Appliance, Flexibility
from elfe.ems.run import Outlook, outlook
from elfe.errors import DeclarationError


def declare(
    ctx: typer.Context,
    appliance: Annotated[str, typer.Argument(help="L'appareil : « lave-linge R004 », ou son numéro.")],
    by: Annotated[str, typer.Option("--by", help="L'heure de fin : 18:00, demain 07:00, ou une date ISO.")] = "",
    lasts: Annotated[str, typer.Option("--lasts", help="La durée du programme : 2h30, 45min.")] = "",
    charge: Annotated[int | None, typer.Option(
        "--charge", min=0, max=100, help="D'un véhicule : ce que sa batterie contient déjà, %.")] = None,
    wanted: Annotated[int | None, typer.Option(
        "--wanted", min=1, max=100, help="D'un véhicule : ce qu'elle doit contenir au départ, %.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Déclarer un appareil chargé, prêt à être placé avant une heure ; un véhicule, branché, prêt à partir à cette heure."""
    here, now = context(ctx), clock.now()
    zone = here.settings.zone
    found = spoken.find_appliance(appliance, queries.appliances(here.coordination))
    vehicle = bool(queries.vehicles(here.coordination, [found.id]))
    _refuse_what_means_nothing(found, vehicle, by=by, lasts=lasts, charge=charge, wanted=wanted)
    deadline = spoken.parse_deadline(by, now, zone) if by else None
    if vehicle and deadline and deadline <= now:
        raise DeclarationError("l'heure de départ est déjà passée")
    declared = queries.declare(here.coordination, found.id, deadline, _duration(lasts), now)
    if vehicle:
        queries.choose(here.coordination, found.id, deadline, charge_pct=charge, wanted_pct=wanted)
        (chosen,) = queries.vehicles(here.coordination, [found.id])
        declared = evolve(declared, deadline=chosen.deadline)
    told = outlook(sources(here), found.id, now)
    if as_json:
        show.as_json(_plain(found, declared) | {
            "late_s": int(told.late_by.total_seconds()), "missing": told.missing, "ways": [each.french for each in told.ways],
            "left_out": told.absurd, "rests": told.rests})
        return
    typer.echo(_told(found, declared, zone))
    if told.absurd:
        typer.echo(f"Il ne sera pas planifié tant que sa fiche n'est pas corrigée : {told.absurd}.")
    if told.missing:
        typer.echo(_impossible(told))
    if told.rests:
        typer.echo("Il n'y a rien à charger : sa batterie contient déjà ce qui est voulu.")


def _refuse_what_means_nothing(found: Appliance, vehicle: bool, *, by: str, lasts: str, charge: int | None,
                               wanted: int | None) -> None:
    for option, given in (("--charge", charge), ("--wanted", wanted)):
        if given is not None and not vehicle:
            raise DeclarationError(f"« {found.name} » n'est pas un véhicule : pas de {option}")
    if vehicle and lasts:
        raise DeclarationError(f"« {found.name} » : la durée d'une charge se calcule ; donnez --by, --charge et --wanted, "
                               "sans --lasts")
    if found.recurs and (by or lasts):
        raise DeclarationError(f"« {found.name} » chauffe quand il y a de l'énergie : ni --by ni --lasts")
    if found.continuous and not vehicle and (by or lasts):
        raise DeclarationError(f"« {found.name} » tourne quelques heures chaque jour (`elfe loads list`) : ni --by ni --lasts")


def _duration(text: str) -> timedelta | None:
    try:
        return spoken.parse_duration(text) if text else None
    except ValueError:
        raise DeclarationError(f"« {text} » n'est pas une durée ; accepté : 2h30 ou 45min") from None


def _told(appliance: Appliance, declared: Flexibility, zone: ZoneInfo) -> str:
    wanted = f", fini avant {_when(declared.deadline, zone)}" if declared.deadline else ""
    lasts = f", durée {spoken.show_duration(declared.lasts)}" if declared.lasts else ""
    return f"{appliance.name} {appliance.participant} : déclaré{wanted}{lasts} (flexibilité n° {declared.id})."


def _impossible(told: Outlook) -> str:
    """What cannot be kept, by how much, and what could."""
    line = f"Ce n'est pas possible tel quel : {told.missing}. Il sera fait au mieux."
    return "\n".join([f"{line} Ce qui le serait :" if told.ways else line, *(f"  - {each.french}" for each in told.ways)])


def _when(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M")


def _plain(appliance: Appliance, declared: Flexibility) -> dict[str, object]:
    return {
        "flexibility": declared.id, "appliance_id": appliance.id, "name": appliance.name,
        "participant": appliance.participant, "opened_at": declared.opened_at.isoformat(),
        "deadline": declared.deadline.isoformat() if declared.deadline else None,
        "lasts_s": int(declared.lasts.total_seconds()) if declared.lasts else None,
    }
