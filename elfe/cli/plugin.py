"""`elfe plugin`: a new driver from nothing, and how far one is to be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from elfe.app import new_plugin, plugin_check
from elfe.cli import show
from elfe.devices import quality
from elfe.devices.drivers import discover
from elfe.devices.quality import Level, Verdict

app = typer.Typer(help="Write a driver, and see how far it is to be trusted.", no_args_is_help=True)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Of the plugin: acme_plug.")],
    into: Annotated[Path, typer.Option(help="The folder in which its own is made.")] = Path(),
    type_id: Annotated[int, typer.Option(help="Of its device type; 0: the first free one of the reserved range.")] = 0,
    as_json: show.AsJson = False,
) -> None:
    """Write a working plugin package with its tests, to be changed line by line into yours."""
    taken = (type_.id for plugin in discover() for type_ in plugin.types)
    folder = into / f"elfe-{name.replace('_', '-')}"
    written = new_plugin.write(folder, new_plugin.render(name, type_id or new_plugin.free_id(taken)))
    if as_json:
        show.as_json({"folder": str(folder), "files": [str(each) for each in written]})
        return
    for path in written:
        typer.echo(f"written: {path}")
    typer.echo(f"Next: elfe plugin check {folder}, then change elfe_{name}/__init__.py line by line; docs/driver-in-an-hour.md "
               "goes with you.")


@app.command()
def check(
    what: Annotated[str, typer.Argument(help="A plugin's folder, or the name of an installed one.")],
    as_json: show.AsJson = False,
) -> None:
    """Run the conformance kit and the quality scale; exit 1 below the level that the driver claims."""
    package = plugin_check.find(what)
    with Console(stderr=True).status("the conformance kit runs"):
        looked, mistakes = plugin_check.look(package)
    verdicts = quality.judge(looked)
    level = quality.reached(verdicts)
    if as_json:
        show.as_json({"plugin": package.name, "level": level.name.lower(), "claims": looked.claims.name.lower(),
                      "broken": looked.broken, "mistakes": mistakes, "rules": [_plain(each) for each in verdicts]})
    else:
        show.table(("level", "rule", "", "what", "to do"), [_row(each) for each in verdicts], "", marked=True)
        for text in (*looked.broken, *mistakes):
            Console().print(f"[red]{escape(text)}[/]", highlight=False)
        typer.echo(f"{package.name}: {level.name.lower()}, and claims {looked.claims.name.lower()}.")
    raise typer.Exit(1 if mistakes or level < max(looked.claims, Level.BRONZE) else 0)


def _row(verdict: Verdict) -> tuple[str, ...]:
    state = "[green]kept[/]" if verdict.kept else "[yellow]exempt[/]" if verdict.exempt else "[red]missing[/]"
    to_do = "" if verdict.kept else escape(verdict.exempt or verdict.rule.to_do)
    return verdict.rule.level.name.lower(), verdict.rule.name, state, verdict.rule.fact, to_do


def _plain(verdict: Verdict) -> dict[str, object]:
    return {"rule": verdict.rule.name, "level": verdict.rule.level.name.lower(), "kept": verdict.kept, "exempt": verdict.exempt,
            "fact": verdict.rule.fact, "to_do": "" if verdict.kept else verdict.rule.to_do}
