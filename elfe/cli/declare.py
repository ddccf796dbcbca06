"""`elfe declare`: an appliance is loaded and wanted by an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from elfe import clock
from elfe.app.context import context
from elfe.app.planning import sources
from elfe.cli import show
from elfe.coordination import queries, spoken
from elfe.coordination.values import Appliance, Flexibility
from elfe.ems.run import ways_out
from elfe.errors import DeclarationError


def declare(
    ctx: typer.Context,
    appliance: Annotated[str, typer.Argument(help="L'appareil : « lave-linge R004 », ou son numéro.")],
    by: Annotated[str, typer.Option("--by", help="L'heure de fin : 18:00, demain 07:00, ou une date ISO.")] = "",
    lasts: Annotated[str, typer.Option("--lasts", help="La durée du programme : 2h30, 45min.")] = "",
    as_json: show.AsJson = False,
) -> None:
    """Déclarer un appareil chargé, prêt à être placé avant une heure."""
    here, now = context(ctx), clock.now()
    zone = here.settings.zone
    found = spoken.find_appliance(appliance, queries.appliances(here.coordination))
    if found.continuous and (by or lasts):
        raise DeclarationError(f"« {found.name} » chauffe quand il y a de l'énergie : ni --by ni --lasts")
    deadline = spoken.parse_deadline(by, now, zone) if by else None
    declared = queries.declare(here.coordination, found.id, deadline, _duration(lasts), now)
    late_by, ways = ways_out(sources(here), found.id, now)
    if as_json:
        show.as_json(_plain(found, declared) | {"late_s": int(late_by.total_seconds()), "ways": [each.french for each in ways]})
        return
    typer.echo(_told(found, declared, zone))
    if ways:
        typer.echo(_impossible(late_by, [each.french for each in ways]))


def _duration(text: str) -> timedelta | None:
    try:
        return spoken.parse_duration(text) if text else None
    except ValueError:
        raise DeclarationError(f"« {text} » n'est pas une durée ; accepté : 2h30 ou 45min") from None


def _told(appliance: Appliance, declared: Flexibility, zone: ZoneInfo) -> str:
    wanted = f", fini avant {_when(declared.deadline, zone)}" if declared.deadline else ""
    lasts = f", durée {spoken.show_duration(declared.lasts)}" if declared.lasts else ""
    return f"{appliance.name} {appliance.participant} : déclaré{wanted}{lasts} (flexibilité n° {declared.id})."


def _impossible(late_by: timedelta, ways: Sequence[str]) -> str:
    """What cannot be kept, and what could."""
    behind = f" : au plus tôt, il finirait {spoken.show_duration(late_by)} après" if late_by else ""
    return f"Ce n'est pas possible tel quel{behind}. Il sera fait au mieux. Ce qui le serait :\n" + "\n".join(
        f"  - {each}" for each in ways)


def _when(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).strftime("%d/%m/%Y %H:%M")


def _plain(appliance: Appliance, declared: Flexibility) -> dict[str, object]:
    return {
        "flexibility": declared.id, "appliance_id": appliance.id, "name": appliance.name,
        "participant": appliance.participant, "opened_at": declared.opened_at.isoformat(),
        "deadline": declared.deadline.isoformat() if declared.deadline else None,
        "lasts_s": int(declared.lasts.total_seconds()) if declared.lasts else None,
    }
