"""Results as a table, and how they are timed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from time import process_time

from rich.console import Console
from rich.table import Table

ROUNDS = 5


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one run: the median of some, after one that warms up. What others do on the machine does not count."""
    work()
    return median(_once(work) for _ in range(ROUNDS))


def _once(work: Callable[[], object]) -> float:
    begun = process_time()
    work()
    return process_time() - begun


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on standard output; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(f"{each:,.2f}" if isinstance(each, float) else f"{each:,}" if isinstance(each, int) else str(each)
                        for each in row))
    Console(width=120).print(table)
