"""How commands print: JSON for machines, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable.")]


def as_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


WIDE = 200
"""What goes to a file or a pipe is not folded to a terminal's width."""


def console() -> Console:
    """Standard output: as wide as the terminal, or wide enough when there is none."""
    plain = Console()
    return plain if plain.is_terminal else Console(width=WIDE)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], nothing: str) -> None:
    """A table, or a sentence when it would be empty."""
    made = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        made.add_row(*row)
    if made.row_count:
        console().print(made)
    else:
        typer.echo(nothing)
