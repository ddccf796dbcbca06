"""`elfe indicators`: the project's indicators, and what became of the flexibility that was lent."""

from __future__ import annotations

import csv
import sys
from datetime import datetime, timedelta
from typing import Annotated

import typer

from elfe import clock
from elfe.app import indicated
from elfe.app.context import context
from elfe.cli import show
from elfe.errors import ElfeError
from elfe.indicators import definitions, store
from elfe.indicators.waterfall import LOST, Step, waterfall

indicators = typer.Typer(help="The project's indicators, and what became of the flexibility that was lent.", no_args_is_help=True)

Days = Annotated[float, typer.Option(help="How far back.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="As CSV.")]


@indicators.command("show")
def show_indicators(
    ctx: typer.Context,
    first: Annotated[bool, typer.Option("--first", help="Beside what the first program would have said, and why.")] = False,
    as_json: show.AsJson = False,
) -> None:
    """Show the indicators of the last whole quarter: the contract's twelve, then ours."""
    values = definitions.computed(store.facts(indicated.world(context(ctx)), clock.now(), first or as_json))
    if as_json:
        show.as_json([indicated.plain(each) for each in values])
        return
    titles = ("indicator", "value", "unit", *(("first program", "why") if first else ("definition",)))
    show.table(titles, [(
        each.indicator.label, _number(each.value), each.indicator.unit,
        *((_number(each.first), each.indicator.why) if first else (each.problem or each.indicator.says,))) for each in values], "")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}".rstrip("0").rstrip(".")


@indicators.command()
def history(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="An indicator's key, Cumul_energie_placee.")],
    days: Days = 7,
    as_csv: AsCsv = False,
    as_json: show.AsJson = False,
) -> None:
    """Show what an indicator was, quarter after quarter."""
    here = context(ctx)
    known = {each.key: each for each in definitions.INDICATORS}
    if key not in known:
        raise ElfeError(f"no indicator {key!r} (known: {', '.join(known)})")
    series, now = here.history.find(key), clock.now()
    found = here.history.readings(series, now - timedelta(days=days), now) if series is not None else ()
    rows = [(each.at.astimezone(here.settings.zone), each.value) for each in found]
    if as_json:
        show.as_json([{"at": at.isoformat(), "value": value} for at, value in rows])
    elif as_csv:
        csv.writer(sys.stdout, delimiter=";").writerows([("at", key), *((at.isoformat(), value) for at, value in rows)])
    else:
        show.table(("at", f"{known[key].label} ({known[key].unit})"),
                   [(f"{at:%Y-%m-%d %H:%M}", _number(value)) for at, value in rows],
                   "Nothing was kept yet: `elfe up` keeps them every quarter.")


@indicators.command()
def flexibility(
    ctx: typer.Context,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="From this local day on.")] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Up to this local day, excluded.")] = None,
    days: Days = 7,
    as_csv: AsCsv = False,
    as_json: show.AsJson = False,
) -> None:
    """Show what became of the flexibility that was lent: from declared to useful, and why it was lost."""
    here = context(ctx)
    end = until.replace(tzinfo=here.settings.zone) if until else clock.now()
    start = since.replace(tzinfo=here.settings.zone) if since else end - timedelta(days=days)
    kept_from = clock.now() - timedelta(days=here.settings.ems.keep_days)
    if start < kept_from:
        raise ElfeError(f"plans are kept for {here.settings.ems.keep_days} days (ems.keep_days): before {kept_from:%Y-%m-%d} "
                        "nobody knows why flexibility was lost")
    if start >= end:
        raise ElfeError(f"--from ({start:%Y-%m-%d}) must be before --to ({end:%Y-%m-%d})")
    found, kept = store.lent(indicated.world(here), start, end)
    made = waterfall(found)
    proved = [each for each in found if each.proved]
    moved, avoided = sum(each.moved_wh for each in proved) / 1000, sum(each.avoided_wh for each in proved) / 1000
    if as_json:
        show.as_json({"reached_kwh": {step.name.lower(): kwh for step, kwh in made.reached_kwh.items()},
                      "lost_kwh": {step.name.lower(): dict(causes) for step, causes in made.lost_kwh.items()},
                      "moved_kwh": moved, "import_avoided_kwh": avoided, "promises": {"due": kept.due, "kept": kept.kept}})
        return
    if as_csv:
        csv.writer(sys.stdout, delimiter=";").writerows([("id", "appliance", "opened", "step", "kwh", "useful_kwh", "cause"), *(
            (each.id, each.name, each.opened_at.isoformat(), each.step.name.lower(), round(each.energy_wh / 1000, 3),
             round(each.useful_wh / 1000, 3), each.cause or LOST.get(each.step, "")) for each in found)])
        return
    show.table(("step", "kWh", "lost behind it, and why"), [
        (step.name.lower(), f"{made.reached_kwh[step]:.1f}",
         "; ".join(f"{kwh:.1f} {cause}" for cause, kwh in sorted(made.lost_kwh.get(step, {}).items(), key=lambda each: -each[1])))
        for step in Step], "")
    typer.echo(f"moved {moved:.1f} kWh, import avoided {avoided:.1f} kWh against “as soon as declared”; "
               f"{kept.kept} of {kept.due} deadlines kept")
