"""How commands print and ask: JSON for machines, tables for people, and French questions for installers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def capitals(given: str) -> str:
    """r004 is R004, a001 is A001, as in an inventory: a phone's keyboard begins small."""
    return given.upper()


WIDE = 200
"""What goes to a file or a pipe is not folded to a terminal's width."""


def console() -> Console:
    """Standard output: as wide as the terminal, or wide enough when there is none."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], nothing: str, marked: bool = False) -> None:
    """A table, or a sentence when it would be empty. Where a column would cut words, a phone: a block per row.

    `marked`: cells are in rich's markup; else a bracket is a bracket.
    """
    rows = [row if marked else tuple(map(escape, row)) for row in rows]
    if not rows:
        typer.echo(nothing)
        return
    made = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*row)
    out = console()
    if Measurement.get(out, out.options.update(max_width=WIDE), made).minimum <= out.width:
        out.print(made)
        return
    for row in rows:
        for line in _block(columns, row):
            out.print(line, highlight=False)


def _block(columns: Sequence[str], row: Sequence[str]) -> list[str]:
    """A row as lines `column : cell` under its first cell, in rich's markup; empty cells are left out."""
    first, *others = [f"[dim]{name} :[/] {cell}" for name, cell in zip(columns, row, strict=True) if cell]
    return [f"[bold]{first}[/]", *(f"  {each}".replace("\n", "\n    ") for each in others)]


# -- a question --------------------------------------------------------------------------------------------------------------

ASSENTS = frozenset({"o", "oui", "y", "yes"})


def assents(answer: str) -> bool:
    """Whether an answer is a yes; whatever else is a no."""
    return answer.strip().lower() in ASSENTS


def agreed(question: str) -> None:
    """Ask in French, and end the command without a yes."""
    if not assents(typer.prompt(f"{question} [o/N]", default="", show_default=False)):
        typer.echo("Rien n'a été fait.", err=True)
        raise typer.Exit(1)
