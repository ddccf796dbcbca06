"""Workbooks as people's programs write them: .xlsx by openpyxl, .ods by odfpy; a sheet is a list of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from odf.opendocument import OpenDocumentSpreadsheet
from odf.style import Style, TableProperties
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl import Workbook

Cell = str | int | float | time | timedelta | None
Rows = Sequence[Sequence[Cell]]


def xlsx(sheets: Mapping[str, Rows], merged: Sequence[str] = (), hidden: Sequence[str] = ()) -> bytes:
    """An .xlsx; `merged`: ranges of every sheet, such as A2:A3."""
    workbook = Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for each in merged:
            sheet.merge_cells(each)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    written = BytesIO()
    workbook.save(written)
    return written.getvalue()


def ods(sheets: Mapping[str, Rows], down: Mapping[tuple[int, int], int] | None = None, hidden: Sequence[str] = ()) -> bytes:
    """An .ods; `down`: how many rows the cell at a row and a column covers."""
    document = OpenDocumentSpreadsheet()
    concealed = Style(name="concealed", family="table")
    concealed.addElement(TableProperties(display="false"))
    document.automaticstyles.addElement(concealed)
    spans = down or {}
    covered = {(row + below, column) for (row, column), rows in spans.items() for below in range(1, rows)}
    for name, rows in sheets.items():
        table = Table(name=name, **({"stylename": concealed} if name in hidden else {}))
        for number, row in enumerate(rows):
            line = TableRow()
            for column, value in enumerate(row):
                line.addElement(CoveredTableCell() if (number, column) in covered else _cell(value, spans.get((number, column), 1)))
            table.addElement(line)
        document.spreadsheet.addElement(table)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def _cell(value: Cell, rows: int) -> TableCell:
    spanned = {"numberrowsspanned": rows} if rows > 1 else {}
    match value:
        case None:
            return TableCell(**spanned)
        case int() | float():
            cell = TableCell(valuetype="float", value=value, **spanned)
        case time():
            cell = TableCell(valuetype="time", timevalue=f"PT{value.hour:02}H{value.minute:02}M00S", **spanned)
        case timedelta():
            minutes = int(value.total_seconds() / 60)
            cell = TableCell(valuetype="time", timevalue=f"PT{minutes // 60:02}H{minutes % 60:02}M00S", **spanned)
        case _:
            cell = TableCell(valuetype="string", **spanned)
    cell.addElement(P(text=str(value)))
    return cell


def with_part(workbook: bytes, part: str, before: bytes, after: bytes) -> bytes:
    """The workbook with some bytes of one of its parts replaced."""
    written = BytesIO()
    with ZipFile(BytesIO(workbook)) as old, ZipFile(written, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                assert before in content
                content = content.replace(before, after)
            new.writestr(name, content)
    return written.getvalue()
