"""`elfe participants`: who moves, who leaves."""

from __future__ import annotations

from typing import Annotated

import typer

from elfe import clock
from elfe.app import after_visit
from elfe.app.brokering import Done
from elfe.app.context import Context, context
from elfe.cli import show
from elfe.cli.device_care import NONE, DryRun, Yes, confirmed, plain_accounts, tell_accounts
from elfe.coordination import store
from elfe.coordination.lifecycle import Leaving

participants = typer.Typer(help="Les participants : qui déménage, qui part.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="La référence du participant, R004.", callback=show.capitals)]
Keep = Annotated[bool, typer.Option("--keep-measures", help="Il consent à ce que ses mesures restent, sans nom ni point.")]


@participants.command()
def leave(
    ctx: typer.Context,
    reference: Reference,
    keep_measures: Keep = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: show.AsJson = False,
) -> None:
    """Faire partir un participant : ses données sont effacées, ses comptes révoqués, ses appareils supprimés (mode 80)."""
    here = context(ctx)
    taken_up = None if dry_run else after_visit.take_up(here, reference, clock.now())
    if taken_up is not None and reference not in store.standing(here.coordination).participants:
        tell_accounts(*taken_up)
        typer.echo(f"Le départ de {reference} a été repris.")
        return
    _leave(here, after_visit.leaves(here, reference, "", (), keep_measures), yes, dry_run, as_json)


@participants.command()
def move(
    ctx: typer.Context,
    reference: Reference,
    to: Annotated[str, typer.Option("--to", help="Sa référence au nouveau logement, R012.", callback=show.capitals)],
    without: Annotated[list[str], typer.Option("--without", help="Un appareil qui reste sur place ; répétable.")] = NONE,
    keep_measures: Keep = False,
    yes: Yes = False,
    dry_run: DryRun = False,
    as_json: show.AsJson = False,
) -> None:
    """Faire déménager un participant avec ses appareils ; ceux qui restent sur place sont supprimés (mode 80)."""
    here = context(ctx)
    _leave(here, after_visit.leaves(here, reference, to, without, keep_measures), yes, dry_run, as_json)


def _leave(here: Context, who: Leaving, yes: bool, dry_run: bool, as_json: bool) -> None:
    if not as_json:
        for title, lines in (("Effacé", who.erased()), ("Reste", who.stays())):
            typer.echo(f"{title} :")
            for each in lines:
                typer.echo(f"  - {each}")
    accounts: Done | None = None
    still_open = ""
    if not dry_run:
        confirmed(f"{'Déménager' if who.to else 'Effacer'} {who.participant.reference} ? Cela ne se défait pas.", yes)
        accounts, still_open = after_visit.leave(here, who, clock.now())
    if as_json:
        show.as_json({"reference": who.participant.reference, "to": who.to, "erased": who.erased(), "stays": who.stays(),
                      "removed": [each.id for each in who.removed], "moved": [each.id for each in who.moved],
                      "points": who.points, "applied": not dry_run, "accounts": plain_accounts(accounts), "open": still_open})
    elif not dry_run:
        tell_accounts(accounts, still_open)
        typer.echo("Fait. Ce que l'enregistreur entend encore pendant une minute est effacé par lui, ou par la même commande.")
