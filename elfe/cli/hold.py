"""`elfe hold` and `elfe release`: a person's will goes before the plan, for a while."""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from elfe import clock
from elfe.app.context import Context, context
from elfe.cli import show
from elfe.coordination import holds, queries, spoken
from elfe.coordination.holds import Hold, Origin
from elfe.coordination.values import Appliance, Mode
from elfe.errors import ElfeError

hold = typer.Typer(help="Hold one appliance, or everything: a person's will goes before the plan.", no_args_is_help=True)

WHICH = typer.Argument(help="An appliance: « lave-linge R004 », or its number; none: everything.")
Which = Annotated[str, WHICH]
Until = Annotated[str, typer.Option("--until", help="18:00, demain 07:00, or an ISO date; none: until it is taken back.")]
For = Annotated[str, typer.Option("--for", help="2h30, 45min.")]
OURS = (Mode.MANUAL, Mode.PILOTED)
SUPPLY = {True: "supplied", False: "cut", None: "left alone"}


@hold.command("on")
def put(
    ctx: typer.Context,
    appliance: Which = "",
    until: Until = "",
    lasts: For = "",
    supply: Annotated[str, typer.Option(help="on: supplied, off: cut; none: left alone, whatever it does.")] = "",
    as_json: show.AsJson = False,
) -> None:
    """Order nothing of an appliance, or of any, until then; its device's own fail-safe still serves the home."""
    if supply not in ("", "on", "off"):
        raise ElfeError(f"--supply {supply!r}: on or off, or leave it out")
    _put(context(ctx), appliance, {"on": True, "off": False, "": None}[supply], until, lasts, as_json)


@hold.command("off")
def take_back(ctx: typer.Context, appliance: Which = "", as_json: show.AsJson = False) -> None:
    """Take back what is held of an appliance, or of everything: the plan goes on."""
    here = context(ctx)
    found = _found(here, appliance)
    with here.coordination.begin() as connection:
        was = holds.end(connection, found.id if found else None, clock.now())
    if as_json:
        show.as_json({"appliance_id": found.id if found else None, "was_held": was})
    elif was:
        typer.echo(f"{_named(found)}: the plan goes on.")
    else:
        raise ElfeError(f"nothing is held of {_named(found)}; `elfe hold list` shows what is")


@hold.command("list")
def list_holds(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """List what is held now, by whom and until when; and what was taken over at the unit itself."""
    here, now = context(ctx), clock.now()
    named = {each.id: each for each in queries.appliances(here.coordination)}
    found, local = holds.in_force(here.coordination, now), holds.taken_over(here.coordination)
    if as_json:
        show.as_json({"holds": [_plain(each) for each in found],
                      "taken_over": [{"appliance_id": id, "since": since.isoformat()} for id, since in local.items()]})
        return
    rows = [(_named(named.get(each.appliance_id or 0)), SUPPLY[each.supply], _when(here, each.since),
             _when(here, each.until) if each.until else "taken back", each.origin, each.who) for each in found]
    rows += [(_named(named.get(id)), "local (mode 70)", _when(here, since), "given back there", "unit", "")
             for id, since in local.items()]
    show.table(("what", "", "since", "until", "where", "who"), rows, "Nothing is held: the plan is carried out.")


def release(
    ctx: typer.Context,
    until: Until = "",
    lasts: For = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be supplied.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Give every appliance that we move its normal service, whatever is planned; `elfe hold off` takes it back.

    What is only measured, being installed, disabled or removed is not touched.
    """
    here = context(ctx)
    if not dry_run:
        _put(here, "", True, until, lasts, as_json)
        return
    ours = [each for each in queries.appliances(here.coordination) if each.mode in OURS]
    if as_json:
        show.as_json([{"appliance_id": each.id, "name": each.name, "participant": each.participant} for each in ours])
    else:
        show.table(("appliance", "participant", "mode"), [(each.name, each.participant, str(each.mode)) for each in ours],
                   "Nothing is in mode 20 or 30.")


def _put(here: Context, appliance: str, supply: bool | None, until: str, lasts: str, as_json: bool) -> None:
    found, now = _found(here, appliance), clock.now()
    if found and found.mode not in OURS:
        raise ElfeError(f"{_named(found)} is in mode {found.mode}: nobody switches it, there is nothing to hold")
    ends = _ends(here, until, lasts, now)
    with here.coordination.begin() as connection:
        holds.put(connection, found.id if found else None, supply, now, ends, Origin.CENTRE, getpass.getuser())
    if as_json:
        show.as_json({"appliance_id": found.id if found else None, "supply": supply, "until": ends.isoformat() if ends else None})
    else:
        told = f"until {_when(here, ends)}" if ends else "until `elfe hold off" + (f" {found.id}`" if found else "`")
        typer.echo(f"{_named(found)}: {SUPPLY[supply]} {told}.")


def _ends(here: Context, until: str, lasts: str, now: datetime) -> datetime | None:
    if until and lasts:
        raise ElfeError("--until and --for say the same: give one of them")
    if until:
        return spoken.parse_deadline(until, now, here.settings.zone)
    return now + _duration(lasts) if lasts else None


def _duration(text: str) -> timedelta:
    try:
        return spoken.parse_duration(text)
    except ValueError:
        raise ElfeError(f"{text!r} is no duration; accepted: 2h30 or 45min") from None


def _found(here: Context, appliance: str) -> Appliance | None:
    return spoken.find_appliance(appliance, queries.appliances(here.coordination)) if appliance else None


def _named(appliance: Appliance | None) -> str:
    return f"{appliance.name} {appliance.participant}" if appliance else "everything"


def _plain(each: Hold) -> dict[str, object]:
    return {"appliance_id": each.appliance_id, "supply": each.supply, "since": each.since.isoformat(),
            "until": each.until.isoformat() if each.until else None, "origin": each.origin, "who": each.who}


def _when(here: Context, at: datetime) -> str:
    return at.astimezone(here.settings.zone).strftime("%d/%m %H:%M")
