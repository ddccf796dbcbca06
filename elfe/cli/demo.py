"""`elfe demo`: a territory lives a day."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import attrs
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from elfe.app.context import context
from elfe.app.demo import DATA, Script, play, sample_inventory
from elfe.cli import show
from elfe.simulation.words import problem, tell

SHOWN_EVERY = timedelta(minutes=15)
WIDEST = 60


def demo(
    ctx: typer.Context,
    homes: Annotated[int, typer.Option(min=1, max=20, help="How many homes of the sample inventory.")] = 20,
    hours: Annotated[float, typer.Option(min=1, max=24, help="How long they live.")] = 24,
    seed: Annotated[int, typer.Option(help="Another day, other people.")] = 1,
    deaf: Annotated[list[str] | None, typer.Option(help="A plug that ignores every order to switch on: A001.")] = None,
    lang: Annotated[str, typer.Option(help="The report in English (en) or French (fr).")] = "en",
    keep: Annotated[Path | None, typer.Option(help="Keep the databases in this folder; elsewhere they go at the end.")] = None,
    as_json: show.AsJson = False,
) -> None:
    """Twenty simulated homes live a day on real wires, in about a minute; then a report. Exits 1 when something went wrong."""
    if lang not in {"en", "fr"}:
        raise typer.BadParameter("en or fr", param_hint="--lang")
    settings = context(ctx).settings
    script = Script(sample_inventory(), settings.zone, homes, hours, seed, tuple(deaf or ()),
                    data=DATA if DATA.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="elfe-demo-") as temporary:
        here = attrs.evolve(settings, data_dir=str(keep or temporary))
        console = Console(stderr=as_json)
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            report = play(here, script, _watching(live, console, script))
    if as_json:
        show.as_json(attrs.asdict(report) | {"avoided_wh": report.avoided_wh, "well": report.well, "problems": [
            problem(each, lang, settings.zone) for each in report.problems]})
    else:
        console.print(tell(report, lang, settings.zone), highlight=False, soft_wrap=True)
    raise typer.Exit(0 if report.well else 1)


def _watching(live: Live, console: Console, script: Script) -> Callable[[datetime, dict[str, float]], None]:
    """What a person sees while the day goes by; without a terminal, a line every few hours."""
    began, shown = time.monotonic(), [script.midnight]

    def watch(now: datetime, notes: dict[str, float]) -> None:
        if now < shown[0]:
            return
        shown[0] += SHOWN_EVERY
        local = now.astimezone(script.zone)
        seen = defaultdict(float, notes)
        if console.is_terminal:
            speed = (now - script.midnight).total_seconds() / max(1e-9, time.monotonic() - began)
            live.update(_picture(local, seen, speed))
        elif local.minute == 0 and local.hour % 4 == 0:
            console.print(_line(local, seen), highlight=False)

    return watch


def _line(now: datetime, seen: Mapping[str, float]) -> str:
    return (f"{now:%H:%M}  waiting {seen['waiting']:.0f}, running {seen['running']:.0f}, done {seen['done']:.0f}, "
            f"drawing {seen['drawn_w'] / 1000:.1f} kW, orders acknowledged {seen['orders acknowledged']:.0f}")


def _picture(now: datetime, seen: Mapping[str, float], speed: float) -> Table:
    picture = Table(title=f"[bold]{now:%H:%M}[/]   {speed:.0f} times as fast as the clock", show_header=False)
    for name, words in (("waiting", "waiting for their slot"), ("running", "running"), ("done", "done")):
        picture.add_row(words, f"{seen[name]:.0f}", "█" * round(seen[name]))
    for name, words in (("drawn_w", "the homes draw"), ("balance_w", "balance of the territory")):
        picture.add_row(words, f"{seen[name] / 1000:.1f} kW", _bar(seen[name]))
    for name in ("sent", "acknowledged", "proved"):
        picture.add_row(f"orders {name}", f"{seen[f'orders {name}']:.0f}", "")
    return picture


def _bar(power_w: float) -> str:
    """A block per kW, green for surplus, red for deficit."""
    return f"[{'green' if power_w >= 0 else 'red'}]{'▒' * min(WIDEST, round(abs(power_w) / 1000))}[/]"
