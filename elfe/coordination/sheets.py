"""From the bytes of a workbook or a text file to sheets of cells. Pure; what the cells mean stands in `lines.py`.

`.ods`, `.xlsx`, `.xls` and `.xlsb` are told from text by their first bytes, whatever the file is called. Nothing that a person sees
in a cell is lost: a formula's error is its word, a merged cell is every cell that it covers.
"""

from __future__ import annotations

import csv
import functools
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree
from zipfile import BadZipFile, ZipFile

from attrs import frozen
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

from elfe.errors import InventoryError

Value = str | int | float | bool | date | time | timedelta
Row = tuple[int, tuple[Value, ...]]
"""The number of a row as its file counts, and its cells."""
Cell = tuple[int, int]
"""Row and column, from 0."""

WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How a workbook begins: a zip archive, or the compound file of Excel 97 and of every workbook with a password."""
DELIMITERS = ";,\t"
TWO_BYTES = re.compile(rb"[\xc3\xc5][\x80-\xbf]")
"""An accented letter in UTF-8; in Windows-1252, signs that nobody writes one after the other."""
EXACT = 10**15
"""Above it, a spreadsheet's number has lost digits of what was typed."""
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@frozen
class Sheet:
    """Rows that are not empty. A text file is one sheet without a name."""

    rows: tuple[Row, ...]
    name: str = ""
    hidden: bool = False


def read(content: bytes) -> tuple[Sheet, ...]:
    """The sheets of a file. Raises `InventoryError`, in French, when it cannot be read as a whole."""
    return _workbook(content) if content.startswith(WORKBOOKS) else (of_text(_decoded(content)),)


def as_text(value: Value) -> str:
    """A cell as its reader would write it: 4 for 4.0, `22:30` for a time, `2h30` for a duration; spaces are single."""
    match value:
        case bool():
            return "oui" if value else "non"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < EXACT else str(value)
        case datetime():
            return value.isoformat(" ", "minutes")
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            return f"{minutes // 60}h{minutes % 60:02}"
        case time():
            return f"{value:%H:%M}"
    return " ".join(str(value).split())


# -- text -----------------------------------------------------------------------------------------------------------------


def of_text(text: str) -> Sheet:
    """The sheet of a CSV text: `;`, `,` or tabs, whichever its first line has most of. Raises `InventoryError`."""
    text = text.removeprefix("\ufeff")
    first = text.lstrip("\r\n").partition("\n")[0].strip()
    told = re.fullmatch(r"sep=(.)", first)       # Excel's own first line
    counts = Counter(first)
    rows = csv.reader(StringIO(text, newline=""), strict=True,
                      delimiter=told[1] if told else max(DELIMITERS, key=lambda each: counts[each]))
    try:
        found = tuple((rows.line_num, tuple(row)) for row in rows if any(cell.strip() for cell in row))
    except csv.Error as error:
        raise InventoryError(f"ligne {rows.line_num} : un guillemet ouvert n'est pas fermé, ou la cellule est trop longue ; "
                             f"corrigez-la, un guillemet dans une cellule se double ({error})") from error
    return Sheet(found[1:] if told else found)


def _decoded(content: bytes) -> str:
    """UTF-8, with or without its mark, UTF-16 with it, or Windows-1252; never a mixture."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    try:
        if not TWO_BYTES.search(content):
            return content.decode("cp1252")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    raise InventoryError(f"ligne {line} : un caractère n'est ni en UTF-8 ni en Windows-1252 comme le reste ; "
                         "enregistrez le fichier au format « CSV UTF-8 »")


# -- workbooks ------------------------------------------------------------------------------------------------------------


def _workbook(content: bytes) -> tuple[Sheet, ...]:
    try:
        with CalamineWorkbook.from_filelike(BytesIO(content)) as workbook:
            unread = _unread(content)
            return tuple(_sheet(workbook, each.name, each.visible != SheetVisibleEnum.Visible, unread.get(each.name, {}))
                         for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet)
    except PasswordError as error:
        raise InventoryError("le classeur est protégé par un mot de passe : enregistrez-en une copie sans mot de passe") from error
    except (CalamineError, ElementTree.ParseError, BadZipFile, KeyError) as error:
        raise InventoryError("le fichier n'est pas un classeur lisible : enregistrez-le au format .ods, .xlsx ou « CSV UTF-8 » "
                             f"({error})") from error


def _sheet(workbook: CalamineWorkbook, name: str, hidden: bool, unread: Mapping[Cell, str | Cell]) -> Sheet:
    """`unread`: what the reader leaves empty and a person sees, a text or the cell that covers it."""
    sheet = workbook.get_sheet_by_name(name)
    cells: list[list[Value]] = sheet.to_python(skip_empty_area=False)
    covered = {(row, left): (top, left) for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
               for row in range(top + 1, bottom + 1)}
    for (row, column), seen in {**covered, **unread}.items():
        if row < len(cells) and column < len(cells[row]):
            cells[row][column] = seen if isinstance(seen, str) else cells[seen[0]][seen[1]]
    return Sheet(tuple((number, tuple(row)) for number, row in enumerate(cells, start=1) if any(cell != "" for cell in row)),
                 name, hidden)


def _unread(content: bytes) -> Mapping[str, Mapping[Cell, str | Cell]]:
    """By sheet, what calamine 0.9 reads as empty: an error or a formula never computed (.xlsx), a covered cell (.ods)."""
    if not content.startswith(WORKBOOKS[0]):
        return {}
    with ZipFile(BytesIO(content)) as archive:
        if "content.xml" in archive.namelist():
            tables = ElementTree.fromstring(archive.read("content.xml")).iter(f"{TABLE}table")
            return {table.get(f"{TABLE}name", ""): dict(_covered(table)) for table in tables}
        if "xl/workbook.xml" not in archive.namelist():
            return {}
        relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        files = {each.get("Id"): posixpath.join("/xl", each.get("Target", "")).lstrip("/") for each in relations}
        sheets = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter(f"{SHEET}sheet")
        return {each.get("name", ""): dict(_valueless(archive.read(files[each.get(RELATION)]))) for each in sheets}


def _valueless(sheet: bytes) -> Iterator[tuple[Cell, str]]:
    """The cells of a worksheet that show an error, or hold a formula that nobody has computed."""
    if b't="e"' not in sheet and b"<f" not in sheet:
        return
    for cell in ElementTree.fromstring(sheet).iter(f"{SHEET}c"):
        value, formula = cell.find(f"{SHEET}v"), cell.find(f"{SHEET}f")
        if cell.get("t") == "e" and value is not None:
            yield _cell(cell.get("r", "")), value.text or "#ERR"
        elif formula is not None and (value is None or not value.text):
            yield _cell(cell.get("r", "")), f"={formula.text or ''}"


def _cell(reference: str) -> Cell:
    """C12 as row and column, from 0."""
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters):]) - 1, functools.reduce(lambda sum, each: sum * 26 + ord(each) - 64, letters, 0) - 1


def _covered(table: ElementTree.Element) -> Iterator[tuple[Cell, Cell]]:
    """The cells of a table that one above covers."""
    row = 0
    for line in table.iter(f"{TABLE}table-row"):
        column = 0
        for cell in line:
            for down in range(1, int(cell.get(f"{TABLE}number-rows-spanned", 1))):
                yield (row + down, column), (row, column)
            column += int(cell.get(f"{TABLE}number-columns-repeated", 1))
        row += int(line.get(f"{TABLE}number-rows-repeated", 1))
