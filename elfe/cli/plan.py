"""`elfe plan`: what is planned, and why."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from attrs import asdict
from rich.markup import escape

from elfe import clock
from elfe.app import plan_charts
from elfe.app.context import Context, context
from elfe.app.planning import sources
from elfe.cli import show
from elfe.coordination import queries, spoken
from elfe.coordination.values import Appliance, Mode
from elfe.ems.fairness import NEW, Account, gave, weights
from elfe.ems.fairness import store as fairness
from elfe.ems.run import outlook
from elfe.ems.store import newest_plan
from elfe.ems.values import Placement, Plan
from elfe.errors import ElfeError
from elfe.slots import SLOTS_PER_HOUR, local_time, slot_of, slot_start

plan = typer.Typer(help="What is planned, and why.", no_args_is_help=True)
BARS = " ▁▂▃▄▅▆▇█"
WORDS = {
    "en": {"start": "start", "imported": "kWh imported", "more": "more than chosen", "chosen": "chosen",
           "none": "It chooses no start: it follows the surplus slot by slot.",
           "impossible": "What is wished is not possible; each of these would be:",
           "old": "Nothing more is kept of this run."},
    "fr": {"start": "départ", "imported": "kWh importés", "more": "de plus que choisi", "chosen": "choisi",
           "none": "Il ne choisit pas de départ : il suit le surplus quart d'heure par quart d'heure.",
           "impossible": "Ce qui est voulu n'est pas possible ; chacun de ceci le serait :",
           "old": "Rien de plus n'est gardé de ce calcul."},
}


@plan.callback()
def _group() -> None:
    """What is planned, and why."""


@plan.command("show")
def show_plan(
    ctx: typer.Context,
    png: Annotated[Path | None, typer.Option("--png", help="Draw the balance and the loads into this file.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Show the newest plan; the one before it is carried out until its first quarter comes."""
    here = context(ctx)
    found = _newest(here)
    if png:
        plan_charts.planned(found, _names(here), png, here.settings.zone)
    if as_json:
        show.as_json(plain(found))
        return
    print_plan(here, found)
    if png:
        typer.echo(f"drawn into {png}")


@plan.command()
def explain(
    ctx: typer.Context,
    appliance: Annotated[str, typer.Argument(help="The appliance: its number, or its name and participant, « lave-linge R004 ».")],
    lang: Annotated[str, typer.Option("--lang", help="The sentences in English (en) or French (fr).")] = "en",
    png: Annotated[Path | None, typer.Option("--png", help="Draw it into this file.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Explain why an appliance stands where it does in the newest plan, and what each other start would have imported."""
    if lang not in WORDS:
        raise ElfeError(f"--lang {lang} is not spoken here: {' or '.join(WORDS)}")
    here = context(ctx)
    found = _newest(here)
    asked = spoken.find_appliance(appliance, queries.appliances(here.coordination))
    placed = next((each for each in found.placements if each.appliance_id == asked.id), None)
    name = f"{asked.name} {asked.participant}"
    if placed is None:
        raise ElfeError(f"{name} is not in the newest plan: {_not_planned(here, found, asked)}")
    if png:
        plan_charts.explained(found, placed, name, png, here.settings.zone, lang)
    if as_json:
        show.as_json(_plain(found, placed) | {"name": name} | _why(found, placed))
        return
    _print_why(found, placed, f"{placed.appliance_id} {name}", lang, here.settings.zone)
    if png:
        typer.echo(f"drawn into {png}")


def _not_planned(here: Context, found: Plan, asked: Appliance) -> str:
    if asked.mode != Mode.PILOTED:
        return f"it is in mode {asked.mode}, and only what is lent (30) is planned"
    told = outlook(sources(here), asked.id, clock.now())
    if told.rests:
        return "its battery holds what is wanted, there is nothing to charge"
    lent = queries.open_flexibilities(here.coordination, [asked.id])
    if not told.absurd and (not lent or lent[0].opened_at > found.made_at):
        return "it was lent after that was made, the next one holds it"
    return "it is left out; `elfe ems run` says why"


@plan.command()
def accounts(ctx: typer.Context, as_json: show.AsJson = False) -> None:
    """Show what each household has given and received, beside the mean: who goes first where two plans are worth the same."""
    here = context(ctx)
    held = fairness.accounts(here.sortie, slot_of(clock.now()))
    total, weigh = sum(held.values(), NEW), weights(held)
    if as_json:
        show.as_json([{"participant": name, **asdict(each), "gave": gave(each, total), "weight": weigh[name]}
                      for name, each in sorted(held.items())])
        return
    rows = [(name, f"{each.placed_wh / 1000:.1f}", *_per_kwh(each), f"{gave(each, total):+.2f}", f"{weigh[name]:.2f}")
            for name, each in sorted(held.items(), key=lambda pair: -gave(pair[1], total))]
    show.table(("participant", "kWh placed", "a kWh waited", "local", "gave", "weighs"),
               [*rows, *([("all", f"{total.placed_wh / 1000:.1f}", *_per_kwh(total), "", "")] if rows else [])],
               "Nothing was placed yet.")


def _per_kwh(account: Account) -> tuple[str, str]:
    """How many hours a kWh waited, and how much of it was local."""
    if not account.placed_wh:
        return "", ""
    return f"{account.waited_wh_h / account.placed_wh:.1f} h", f"{account.local_wh / account.placed_wh:.0%}"


def _newest(here: Context) -> Plan:
    found = newest_plan(here.sortie, slot_of(clock.now()) + 1)      # not one of a clock that ran ahead
    if found is None:
        raise ElfeError("there is no plan yet: `elfe ems run` makes one, `elfe up` makes one every quarter of an hour")
    return found


def _names(here: Context) -> dict[int, str]:
    return {each.id: f"{each.name} {each.participant}" for each in queries.appliances(here.coordination)}


def _print_why(found: Plan, placed: Placement, title: str, lang: str, zone: ZoneInfo) -> None:
    words, why = WORDS[lang], placed.why
    typer.echo(f"{title}: {why.french if why and lang == 'fr' else placed.reason}.")
    if why is None:
        typer.echo(words["old"])
        return
    if why.ways:
        typer.echo(words["impossible"])
        for way in why.ways:
            typer.echo(f"  - {way.french if lang == 'fr' else way.english}")
    chosen_wh = why.starts_wh[placed.begins] if placed.begins is not None and why.starts_wh else None
    rows = [(_clock(found, start, zone), f"{wh / 1000:.2f}", f"{(wh - chosen_wh) / 1000:+.2f}" if chosen_wh is not None else "",
             words["chosen"] if start == placed.begins else "") for start, wh in _by_hour(why.starts_wh, placed.begins)]
    show.table((words["start"], words["imported"], words["more"], ""), rows, words["none"])


def _by_hour(starts_wh: tuple[float | None, ...], chosen: int | None) -> list[tuple[int, float]]:
    """The chosen start, and of each other hour of the horizon the cheapest one."""
    possible = [(start, wh) for start, wh in enumerate(starts_wh) if wh is not None]
    best = {start // SLOTS_PER_HOUR: (start, wh) for start, wh in sorted(possible, key=lambda each: (-each[1], -each[0]))}
    best |= {start // SLOTS_PER_HOUR: (start, wh) for start, wh in possible if start == chosen}
    return [best[hour] for hour in sorted(best)]


def _why(found: Plan, placed: Placement) -> dict[str, object]:
    """What is told beside the placement, for a machine; nothing where its run is not the newest."""
    why = placed.why
    if why is None:
        return {}
    return {"raison": why.french, "ways": [{"what": each.what, "en": each.english, "fr": each.french} for each in why.ways],
            "starts": [{"at": slot_start(found.first_slot + start).isoformat(), "imported_wh": wh}
                       for start, wh in enumerate(why.starts_wh) if wh is not None]}


def _clock(found: Plan, start: int, zone: ZoneInfo) -> str:
    return local_time(slot_start(found.first_slot + start), zone, "%d/%m %H:%M")


def print_plan(here: Context, found: Plan) -> None:
    """A plan for a person."""
    zone = here.settings.zone
    names = _names(here)
    wanted = {each.appliance.id: each.deadline for each in queries.machines(here.coordination)}
    wanted |= {each.appliance.id: each.deadline for each in queries.vehicles(here.coordination)}

    def local(at: datetime | None) -> str:
        return local_time(at, zone, "%d/%m %H:%M") if at else ""

    show.table(("appliance", "wanted by", "starts", "ends", "why"),
               [(escape(f"{each.appliance_id} {names.get(each.appliance_id, '?')}"), local(wanted.get(each.appliance_id)),
                 local(_starts(found, each)), f"[red]{local(each.ends_at)}[/]" if each.late_by else local(each.ends_at),
                 f"{escape(each.reason)}\n[dim]from {escape(each.source)}[/]")
                for each in found.placements],
               "Nothing is to be placed.", marked=True)
    if unkept := [str(each.appliance_id) for each in found.placements if each.why and each.why.ways]:
        typer.echo(f"not as it was wished: {', '.join(unkept)}; `elfe plan explain {unkept[0]}` says what would be possible")
    bound = "" if found.bound_wh is None else f", no plan imports less than {found.bound_wh / 1000:.2f} kWh (gap {found.gap:.2%})"
    typer.echo(f"from {local(slot_start(found.first_slot))}: imports {found.imported_wh / 1000:.2f} kWh{bound} "
               f"({found.solver}, {found.solve_ms} ms; {found.forecast})")
    typer.echo(f"surplus per hour, without and with the loads:\n  {_bar(found.balance_w)}\n  {_bar(found.balance_with_w)}")


def plain(found: Plan) -> dict[str, object]:
    """A plan for a machine."""
    return {
        "first_slot": slot_start(found.first_slot).isoformat(), "made_at": found.made_at.isoformat(),
        "forecast": found.forecast, "solver": found.solver, "imported_wh": found.imported_wh, "bound_wh": found.bound_wh,
        "gap": found.gap, "priced_bound_wh": found.priced_bound_wh, "prices": list(found.prices), "solve_ms": found.solve_ms,
        "balance_w": list(found.balance_w), "balance_with_w": list(found.balance_with_w),
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
