"""`elfe loads`: what appliances can do that the contract's tables cannot say."""

from __future__ import annotations

from datetime import time
from typing import Annotated

import typer

from elfe.app.context import Context, context
from elfe.cli import show
from elfe.coordination import abilities, queries, spoken
from elfe.coordination.values import Appliance
from elfe.errors import DeclarationError

loads = typer.Typer(help="What appliances can do that the contract cannot say: pause, store, run some hours a day.",
                    no_args_is_help=True)

Named = Annotated[str, typer.Argument(help="The appliance: its number, or words such as « voiture R004 ».")]
Power = Annotated[str, typer.Option("--power", help="The series of its power, of the history: A012 puissance.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")]


@loads.callback()
def _group() -> None:
    """What appliances can do that the contract cannot say: pause, store, run some hours a day."""


@loads.command("list")
def list_loads(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Show every appliance of which something is said here."""
    here = context(ctx)
    known = {each.id: each for each in queries.appliances(here.coordination)}
    rows = [(id, "modulates" if each.modulates else "pauses", "") for id, each in abilities.abilities(here.coordination).items()]
    rows += [(each.appliance.id, "runs", f"{spoken.show_duration(each.lasts)} a day with {each.power_w} W")
             for each in abilities.duties(here.coordination, known)]
    rows += [(each.appliance.id, "stores", f"{each.capacity_wh} Wh, {each.charge_w} W in, {each.discharge_w} W out")
             for each in abilities.batteries(here.coordination, known)]
    if as_json:
        show.as_json([{"appliance": id, "does": does, "told": told} for id, does, told in rows])
        return
    names = {id: f"{id} {each.name} {each.participant}" for id, each in known.items()}
    show.table(("appliance", "does", ""), [(names.get(id, str(id)), does, told) for id, does, told in rows],
               "Nothing is said of any appliance.")


@loads.command()
def pauses(
    ctx: typer.Context, appliance: Named,
    modulates: Annotated[bool, typer.Option("--modulates", help="Its charger takes any power; else it is only cut.")] = False,
    dry_run: DryRun = False,
) -> None:
    """Say that a vehicle goes on by itself after its supply was cut: then the plan may pause its charge."""
    here, found = _found(ctx, appliance)
    if found.id not in {each.appliance.id for each in queries.vehicles(here.coordination)}:
        raise DeclarationError(f"{found.name} ({found.id}) is no vehicle: only a vehicle's charge may pause")
    if not dry_run:
        abilities.put(here.coordination, abilities.ABILITY, found.id, modulates=modulates)
    _told(found, "its charge may pause" + (" and be modulated" if modulates else ""), dry_run)


@loads.command()
def runs(
    ctx: typer.Context, appliance: Named,
    hours: Annotated[float, typer.Option(min=0.25, max=24, help="How long it must run a day.")],
    watts: Annotated[int, typer.Option(min=1, max=1_000_000, help="What it draws.")],
    begin: Annotated[str, typer.Option("--from", help="From when on it may run, local time: 08:00.")] = "00:00",
    end: Annotated[str, typer.Option("--to", help="Until when; before --from: across midnight.")] = "00:00",
    power: Power = "",
    dry_run: DryRun = False,
) -> None:
    """Say that an appliance only must run some hours a day, in as many pieces as the plan likes."""
    here, found = _found(ctx, appliance)
    starts, ends = _second(begin), _second(end)
    if hours * 3600 > ((ends - starts) % 86_400 or 86_400):
        raise DeclarationError(f"{hours:g} h do not fit between {begin} and {end}: widen the window, or ask for fewer hours")
    if not dry_run:
        abilities.put(here.coordination, abilities.DUTY, found.id, power_w=watts, lasts_s=round(hours * 3600), start_s=starts,
                      end_s=ends, power_series=_series(here, power))
    _told(found, f"must run {hours:g} h a day", dry_run)


@loads.command()
def stores(
    ctx: typer.Context, appliance: Named,
    capacity: Annotated[int, typer.Option(min=1, help="Wh.")],
    charge: Annotated[int, typer.Option(min=0, help="W at most.")],
    discharge: Annotated[int, typer.Option(min=0, help="W at most.")],
    least: Annotated[int, typer.Option(min=0, max=99, help="% of it that is never given.")] = 10,
    efficiency: Annotated[float, typer.Option(min=0.1, max=1.0, help="Of a round trip.")] = 0.9,
    power: Power = "",
    level: Annotated[str, typer.Option("--level", help="The series of its charge, %: A012 charge.")] = "",
    dry_run: DryRun = False,
) -> None:
    """Say that an appliance is a battery."""
    here, found = _found(ctx, appliance)
    if not dry_run:
        abilities.put(here.coordination, abilities.BATTERY, found.id, capacity_wh=capacity, charge_w=charge, discharge_w=discharge,
                      least_pct=least, efficiency=efficiency, power_series=_series(here, power), charge_series=_series(here, level))
    _told(found, f"stores {capacity} Wh", dry_run)


@loads.command()
def forget(ctx: typer.Context, appliance: Named, dry_run: DryRun = False) -> None:
    """Take back what was said of an appliance here; it is again what the contract says."""
    here, found = _found(ctx, appliance)
    if not dry_run:
        with here.coordination.begin() as connection:
            abilities.forget(connection, [found.id])
    _told(found, "nothing is said of it here", dry_run)


def _found(ctx: typer.Context, appliance: str) -> tuple[Context, Appliance]:
    here = context(ctx)
    return here, spoken.find_appliance(appliance, queries.appliances(here.coordination))


def _told(found: Appliance, what: str, dry_run: bool) -> None:
    typer.echo(f"{'(dry run) ' if dry_run else ''}{found.name} {found.participant} ({found.id}): {what}.")


def _second(text: str) -> int:
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise DeclarationError(f"« {text} » is no time of day; accepted: 08:00") from None
    return at.hour * 3600 + at.minute * 60 + at.second


def _series(here: Context, name: str) -> int:
    """Its id; 0 for none. One that the history does not know is refused: a plan would wait for it in vain."""
    if not name:
        return 0
    series = here.history.find(name)
    if series is None:
        raise DeclarationError(f"the history has no series « {name} »; `elfe history` lists them")
    return series
