"""A workbook of text cells, written and read (odfpy, of the `dev` group: operators open the file, maintainers write it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from odf.opendocument import OpenDocumentSpreadsheet
from odf.opendocument import load as open_document
from odf.table import Table, TableCell, TableRow
from odf.teletype import extractText
from odf.text import P


def save(path: Path, sheets: Mapping[str, Sequence[Sequence[str]]]) -> None:
    """Write the sheets, unless the file holds them already: its bytes tell their time."""
    if path.exists() and read(path) == {name: [list(row) for row in rows] for name, rows in sheets.items()}:
        return
    document = OpenDocumentSpreadsheet()
    for name, rows in sheets.items():
        table = Table(name=name)
        for row in rows:
            line = TableRow()
            for cell in row:
                made = TableCell(valuetype="string")
                made.addElement(P(text=cell))
                line.addElement(made)
            table.addElement(line)
        document.spreadsheet.addElement(table)
    document.save(str(path))


def read(path: Path) -> dict[str, list[list[str]]]:
    """The sheets of a workbook that `save` wrote."""
    document = open_document(str(path))
    return {table.getAttribute("name"): [[extractText(cell) for cell in row.getElementsByType(TableCell)]
                                         for row in table.getElementsByType(TableRow)]
            for table in document.spreadsheet.getElementsByType(Table)}
