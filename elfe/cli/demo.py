"""`elfe demo`: a territory lives a day."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
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
from elfe.simulation.words import tell

SHOWN_EVERY = timedelta(minutes=15)


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
    script = Script(sample_inventory(), homes, hours, seed, tuple(deaf or ()), data=DATA if DATA.is_dir() else None)
    with tempfile.TemporaryDirectory(prefix="elfe-demo-") as temporary:
        here = attrs.evolve(settings, data_dir=str(keep or temporary))
        console = Console(stderr=as_json)
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            report = play(here, script, _watching(live, console, script))
    if as_json:
        show.as_json(attrs.asdict(report) | {"avoided_wh": report.avoided_wh, "well": report.well})
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
        speed = (now - script.midnight).total_seconds() / max(1e-9, time.monotonic() - began)
        if console.is_terminal:
            live.update(_picture(now, notes, speed))
        elif now.minute == 0 and now.hour % 4 == 0:
            console.print(f"{now:%H:%M}  waiting {notes.get('waiting', 0):.0f}, running {notes.get('running', 0):.0f}, "
                          f"done {notes.get('done', 0):.0f}, drawing {notes.get('drawn_w', 0) / 1000:.1f} kW", highlight=False)

    return watch


def _picture(now: datetime, notes: dict[str, float], speed: float) -> Table:
    picture = Table(title=f"[bold]{now:%H:%M}[/]   {speed:.0f} times as fast as the clock", show_header=False)
    for name, words in (("declared", "declared"), ("waiting", "waiting for their slot"), ("running", "running"),
                        ("done", "done")):
        count = int(notes.get(name, 0))
        picture.add_row(words, str(count), "█" * count)
    picture.add_row("the homes draw", f"{notes.get('drawn_w', 0) / 1000:.1f} kW", "▒" * int(notes.get("drawn_w", 0) / 1000))
    return picture
