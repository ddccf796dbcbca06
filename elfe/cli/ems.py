"""`elfe ems`: the planner."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path
from typing import Annotated

import pulp
import typer
from attrs import asdict

from elfe import clock
from elfe.app import planning
from elfe.app.context import context
from elfe.cli import show
from elfe.cli.plan import plain, print_plan
from elfe.ems.forecast import store
from elfe.ems.forecast.judged import Worth, judged
from elfe.ems.forecast.store import Kept
from elfe.ems.run import exact_model, first_slot_at, gather, run_once
from elfe.ems.solve import Limits, Solver
from elfe.errors import ElfeError
from elfe.slots import HORIZON, SLOTS_PER_HOUR, local_time, slot_of, slot_start

ems = typer.Typer(help="The planner.", no_args_is_help=True)


@ems.callback()
def _group() -> None:
    """The planner."""


@ems.command()
def run(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan and show, write nothing.")] = False,
    into: Annotated[Path | None, typer.Option("--model", help="Write the exact model of this run into this file, .lp or .mps: with "
                                                              "the prices of the plan its bound is computed again.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Make one plan now, for the 24 hours from the coming quarter on."""
    here = context(ctx)
    rules = here.settings.ems
    solver = Solver(Limits(rules.max_nodes, rules.gap, rules.time_limit_s))
    try:
        now = clock.now()
        made = run_once(planning.sources(here), solver, now, first_slot_at(now), write=not dry_run,
                        tell=lambda inputs: _write_model(exact_model(inputs), into) if into else None)
    finally:
        solver.close()
    if as_json:
        show.as_json(plain(made))
    else:
        print_plan(here, made)


@ems.command("model")
def write_model(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="The file to write: .lp, or .mps for solvers that prefer it.")],
) -> None:
    """Write the exact model of a run made now, for any solver, its constraints named as in docs/model.md; nothing is planned."""
    here, now = context(ctx), clock.now()
    inputs = gather(planning.sources(here), now, first_slot_at(now))
    made = exact_model(inputs)
    _write_model(made, file)
    for problem in inputs.left_out:
        typer.echo(f"left out: {problem}")
    typer.echo(f"{len(inputs.loads)} loads, {len(made.variables())} variables, {len(made.constraints)} constraints "
               f"written into {file}; its objective is in W summed over slots, 4 of them a Wh")


def _write_model(made: pulp.LpProblem, file: Path) -> None:
    try:
        (made.writeMPS if file.suffix == ".mps" else made.writeLP)(str(file))
    except OSError as error:
        raise ElfeError(f"{file} cannot be written: {error.strerror}") from None


@ems.command()
def forecast(
    ctx: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=400, help="Judge what was forecast in the last days.")] = 28,
    as_json: show.AsJson = False,
) -> None:
    """Show what is expected of the next 24 hours, and what forecasts have been worth beside the documentation's persistence."""
    here = context(ctx)
    now = slot_of(clock.now())
    said = store.forecasts(here.sortie, now - days * HORIZON, now + 2)
    if not said:
        raise ElfeError("nothing was forecast in these days: `elfe ems run` does, `elfe up` does every quarter of an hour")
    start = now - (days + 2) * HORIZON
    came = {start + n: power for n, power in enumerate(store.measured(here.sortie, start, now - start)) if power is not None}
    worth = judged([(each.first_slot, each.forecast) for each in said], came)
    if as_json:
        newest = said[-1]
        show.as_json({"first_slot": slot_start(newest.first_slot).isoformat(), "made_at": newest.made_at.isoformat(),
                      **asdict(newest.forecast), "worth": [asdict(each) | {"gain": each.gain} for each in worth]})
        return
    _show_expected(said[-1], here.settings.zone)
    show.table(("ahead", "mean error", "persistence's", "below it", "in the band"), [_row(each) for each in worth],
               "Nothing of it has come yet.")


def _show_expected(newest: Kept, zone: tzinfo) -> None:
    """An hour a line: what is expected, and between what it comes four times of five."""
    told = newest.forecast
    rows = []
    for t in range(0, HORIZON, SLOTS_PER_HOUR):
        mean, low, high = (sum(each[t:t + SLOTS_PER_HOUR]) / SLOTS_PER_HOUR / 1000 if each else None
                           for each in (told.balance_w, told.low_w, told.high_w))
        band = f"{low:.1f} to {high:.1f}" if low is not None and high is not None else ""
        rows.append((local_time(slot_start(newest.first_slot + t), zone, "%d/%m %H:%M"), f"{mean:.1f}", band))
    show.table(("from", "balance kW", "four of five"), rows, "")
    typer.echo(told.source)


def _row(each: Worth) -> tuple[str, ...]:
    ahead = "the whole day" if each.ends - each.begins == HORIZON else f"{each.begins / 4:g} to {each.ends / 4:g} h"
    return (ahead, f"{each.error_w / 1000:.2f} kW", f"{each.persistence_w / 1000:.2f} kW", f"{each.gain:.0%}",
            "" if each.inside is None else f"{each.inside:.0%}")
