"""`elfe plan`: what is planned, and why."""

from __future__ import annotations

from datetime import datetime

import typer

from elfe.app.context import Context, context
from elfe.cli import show
from elfe.coordination import queries
from elfe.ems.store import newest_plan
from elfe.ems.values import Placement, Plan
from elfe.errors import ElfeError
from elfe.slots import SLOTS_PER_HOUR, slot_start

plan = typer.Typer(help="What is planned, and why.", no_args_is_help=True)
BARS = " ▁▂▃▄▅▆▇█"


@plan.callback()
def _group() -> None:
    """What is planned, and why."""


@plan.command("show")
def show_plan(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Show the newest plan; the one before it is carried out until its first quarter comes."""
    here = context(ctx)
    found = newest_plan(here.sortie)
    if found is None:
        raise ElfeError("there is no plan yet: `elfe ems run` makes one, `elfe up` makes one every quarter of an hour")
    if as_json:
        show.as_json(plain(found))
    else:
        print_plan(here, found)


def print_plan(here: Context, found: Plan) -> None:
    """A plan for a person."""
    zone = here.settings.zone
    names = {each.id: f"{each.name} {each.participant}" for each in queries.appliances(here.coordination)}
    wanted = {each.appliance.id: each.deadline for each in queries.machines(here.coordination)}

    def local(at: datetime | None) -> str:
        return f"{at.astimezone(zone):%d/%m %H:%M}" if at else ""

    show.table(("appliance", "wanted by", "starts", "ends", "why"),
               [(f"{each.appliance_id} {names.get(each.appliance_id, '?')}", local(wanted.get(each.appliance_id)),
                 local(_starts(found, each)), f"[red]{local(each.ends_at)}[/]" if each.late_by else local(each.ends_at),
                 f"{each.reason}\n[dim]from {each.source}[/]")
                for each in found.placements],
               "Nothing is to be placed.")
    bound = f", no plan imports less than {found.bound_wh / 1000:.2f} kWh" if found.bound_wh is not None else ""
    typer.echo(f"from {local(slot_start(found.first_slot))}: imports {found.imported_wh / 1000:.2f} kWh{bound} "
               f"({found.solver}, {found.solve_ms} ms; {found.forecast})")
    typer.echo(f"surplus per hour, without and with the loads:\n  {_bar(found.balance_w)}\n  {_bar(found.balance_with_w)}")


def plain(found: Plan) -> dict[str, object]:
    """A plan for a machine."""
    return {
        "first_slot": slot_start(found.first_slot).isoformat(), "made_at": found.made_at.isoformat(),
        "forecast": found.forecast, "solver": found.solver, "imported_wh": found.imported_wh, "bound_wh": found.bound_wh,
        "solve_ms": found.solve_ms, "balance_w": list(found.balance_w), "balance_with_w": list(found.balance_with_w),
        "placements": [_plain(found, each) for each in found.placements],
    }


def _plain(found: Plan, each: Placement) -> dict[str, object]:
    starts = _starts(found, each)
    return {"appliance": each.appliance_id, "starts": starts.isoformat() if starts else None,
            "ends": each.ends_at.isoformat() if each.ends_at else None, "late_s": each.late_by.total_seconds(),
            "source": each.source, "reason": each.reason, "decisions": list(each.decisions), "power_w": list(each.power_w)}


def _starts(found: Plan, each: Placement) -> datetime | None:
    return slot_start(found.first_slot + each.decisions.index(1)) if 1 in each.decisions else None


def _bar(powers: tuple[float, ...]) -> str:
    """The surplus of each hour, against the greatest."""
    hours = [max(0.0, sum(powers[t:t + SLOTS_PER_HOUR]) / SLOTS_PER_HOUR) for t in range(0, len(powers), SLOTS_PER_HOUR)]
    most = max(hours, default=0.0) or 1.0
    return "".join(BARS[round(each / most * (len(BARS) - 1))] for each in hours)
