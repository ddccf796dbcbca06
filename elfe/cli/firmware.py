"""`elfe firmware`: firmware in rings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated

import typer

from elfe import clock
from elfe.app import firmware as firmwares
from elfe.app.context import context
from elfe.app.firmware import Fleet, Planned, Step
from elfe.cli import show
from elfe.coordination import states, store
from elfe.coordination.rings import Decision, Open, Ring, Stop, Unit, Update, Wait
from elfe.errors import LifecycleError

firmware = typer.Typer(help="Firmware in rings: volunteers, ten per cent, all; never during a cycle.", no_args_is_help=True)

TypeOf = Annotated[int, typer.Option("--type", help="The device type; `elfe plugins` shows them.")]
Anyway = Annotated[bool, typer.Option("--anyway", help="Tell units that know of no newer one: some families do not say.")]
RINGS = {Ring.VOLUNTEERS: "volunteers", Ring.TENTH: "ten per cent", Ring.ALL: "all"}


@firmware.command()
def status(
    ctx: typer.Context,
    type_: Annotated[int, typer.Option("--type", help="Only this device type; 0: all.")] = 0,
    ask: Annotated[bool, typer.Option("--ask", help="Ask every unit what it runs; otherwise as last heard.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Show what units run, and how far each firmware has got."""
    here = context(ctx)
    types = [type_] if type_ else firmwares.types(here)
    if ask:
        for each in types:
            firmwares.ask(here, each, clock.now)
    found = [firmwares.planned(here, each, False, clock.now()) for each in types]
    if as_json:
        show.as_json([_plain(each) for each in found])
        return
    show.table(("type", "versions", "ring", "told", "next"),
               [(str(each.fleet.type_id), ", ".join(f"{count} × {version}" for version, count in _versions(each.fleet).items()),
                 RINGS[each.campaign.ring] if each.campaign.id else "", str(len(each.campaign.told)),
                 said(each.decision) if each.campaign.id else "") for each in found],
               "No device is installed that says what it runs.")


def _versions(fleet: Fleet) -> dict[str, int]:
    return dict(Counter(unit.firmware or "unknown" for unit in fleet.units))


def _plain(planned: Planned) -> dict[str, object]:
    campaign, begun = planned.campaign, planned.campaign.id > 0
    return {
        "type": planned.fleet.type_id, "versions": _versions(planned.fleet), "ring": RINGS[campaign.ring] if begun else None,
        "told": [{"unit": each.unit, "at": each.at.isoformat(), "was": each.was} for each in campaign.told],
        "orders": {name: {"proved": each.proved, "judged": each.judged} for name, each in (
            ("before", planned.seen.before), ("since", planned.seen.since), ("others", planned.seen.others))},
        "stopped": campaign.stopped, "next": said(planned.decision) if begun else "",
    }


@firmware.command()
def plan(ctx: typer.Context, type_: TypeOf, anyway: Anyway = False, as_json: show.AsJson = False) -> None:
    """Show the rings, and what `advance` would do next; nothing is told."""
    here = context(ctx)
    found = firmwares.planned(here, type_, anyway, clock.now())
    rings = firmwares.by_ring(here, found)
    if as_json:
        show.as_json({"type": type_, "next": said(found.decision), "rings": {
            RINGS[ring]: [_plain_unit(each) for each in units] for ring, units in rings.items()}})
        return
    show.table(("ring", "unit", "home", "runs", "now"),
               [(RINGS[ring], each.id, each.participant, each.firmware or "?", _now(each)) for ring, units in rings.items()
                for each in units], f"No unit of type {type_} is installed.")
    typer.echo(said(found.decision))


@firmware.command()
def advance(
    ctx: typer.Context,
    type_: Annotated[int, typer.Option("--type", help="The device type; 0: every one that has begun, for a timer.")] = 0,
    anyway: Anyway = False,
    again: Annotated[bool, typer.Option("--again", help="Begin anew after a stop.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="As `plan`: tell nothing.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Go one step further: tell a few units of the ring, open the next ring, or stop when proved orders fall."""
    here = context(ctx)
    types = [type_] if type_ else sorted(states.campaigns(here.coordination))
    if not types:
        raise LifecycleError("no firmware is being brought to any type; begin one with --type")
    told, stopped = [], False
    for each in types:
        step = (Step(firmwares.planned(here, each, anyway, clock.now()).decision) if dry_run
                else firmwares.advance(here, each, anyway, again, clock.now))
        stopped |= isinstance(step.decision, Stop)
        told.append({"type": each, "told": [one.unit for one in step.told], "visits": list(step.visits),
                     "next": said(step.decision)})
    if as_json:
        show.as_json(told)
    else:
        for line in told:
            typer.echo(f"{line['type']}: {line['next']}")
    if stopped:
        raise typer.Exit(1)


@firmware.command()
def stop(
    ctx: typer.Context, type_: TypeOf,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "stopped by hand",
) -> None:
    """Stop: nothing more is told; what was told goes on by itself."""
    here = context(ctx)
    campaign = firmwares.stop(here, type_, reason, clock.now())
    typer.echo(f"{type_}: stopped in the ring of {RINGS[campaign.ring]} after {len(campaign.told)} units; "
               "`elfe firmware advance --again` begins anew")


@firmware.command()
def volunteer(
    ctx: typer.Context, reference: Annotated[str, typer.Argument(help="A participant, R004.")],
    no_more: Annotated[bool, typer.Option("--no-more", help="No volunteer any more.")] = False,
) -> None:
    """A participant whose devices are updated first."""
    here = context(ctx)
    if reference not in store.standing(here.coordination).participants:
        raise LifecycleError(f"no participant {reference}; `elfe devices list` shows them")
    states.volunteer(here.coordination, reference, not no_more, clock.now())
    typer.echo(f"volunteers: {', '.join(sorted(states.volunteers(here.coordination))) or 'none'}")


def _plain_unit(unit: Unit) -> Mapping[str, object]:
    return {"unit": unit.id, "participant": unit.participant, "runs": unit.firmware, "now": _now(unit)}


def _now(unit: Unit) -> str:
    if unit.nothing_to_do:
        return "nothing to do"
    if not unit.over_mqtt:
        return "a visit"
    return unit.busy or ("may be told" if unit.online else "away")


def said(decision: Decision) -> str:
    """A decision in words."""
    match decision:
        case Update(ring, units, later, visits):
            parts = [f"tell {', '.join(units)}"] if units else []
            parts += [f"later: {id} ({why})" for id, why in sorted(later.items())]
            parts += [f"a visit: {', '.join(visits)}"] if visits else []
            return f"{RINGS[ring]}: " + ("; ".join(parts) or "nobody can be told now")
        case Wait(why):
            return f"wait: {why}"
        case Stop(why):
            return f"stopped: {why}"
        case Open(ring):
            return f"open the ring of {RINGS[ring]}"
    return "done: every unit runs what there is"
