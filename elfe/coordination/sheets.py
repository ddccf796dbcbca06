"""From the bytes of a workbook or a text file to sheets of cells. Pure; what the cells mean stands in `lines.py`.

`.ods`, `.xlsx`, `.xls` and `.xlsb` are told from text by their first bytes, whatever the file is called. Nothing that a person sees
in a cell is lost: a formula's error is its word, a merged cell is every cell that it covers.
"""

from __future__ import annotations

import csv
import functools
import posixpath
import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from io import BytesIO, StringIO
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
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
UNSEEN = frozenset({"Cc", "Cf", "Cs"})
"""Unicode's categories of what nobody sees in a cell: controls, zero-width marks, halves of characters."""
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"

LARGEST, UNPACKED, CELLS = 50_000_000, 400_000_000, 4_000_000
"""Bytes of a file, bytes of what a workbook holds, cells from a sheet's first to its last: a hundred times what 5,000 devices need.

The reader makes every cell between a sheet's corners, and as many as a file says that one is repeated: a cell in the last row
of a sheet would cost gigabytes, one repeated 10¹¹ times hours.
"""
UNREADABLE = (CalamineError, ElementTree.ParseError, BadZipFile, zlib.error, LookupError, ValueError, ArithmeticError, RuntimeError,
              EOFError, OSError)
"""What the readers of archives, XML and workbooks raise on bytes that are no workbook."""


@frozen
class Sheet:
    """Rows that are not empty. A text file is one sheet without a name."""

    rows: tuple[Row, ...]
    name: str = ""
    hidden: bool = False


def read(content: bytes) -> tuple[Sheet, ...]:
    """The sheets of a file. Raises `InventoryError`, in French, when it cannot be read as a whole; whatever the bytes are."""
    if len(content) > LARGEST:
        raise InventoryError(f"le fichier est trop gros pour un inventaire ({len(content) // 10**6} Mo) : est-ce le bon ?")
    return _workbook(content) if content.startswith(WORKBOOKS) else (of_text(_decoded(content)),)


def as_text(value: Value) -> str:
    """A cell as its reader would write it: 4 for 4.0, `22:30` for a time, `2h30` for a duration.

    Spaces are single, and what nobody sees is not there: a zero-width mark that came along with a copied word, a control.
    """
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
    return " ".join(_seen(str(value)).split())


def _seen(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(each for each in text if each.isspace() or unicodedata.category(each) not in UNSEEN)


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
    if b"\0" in content:
        raise InventoryError("le fichier n'est ni un classeur ni un texte : enregistrez l'inventaire au format .ods, .xlsx ou "
                             "« CSV UTF-8 »")
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
        hidden = _beneath(content)
        with CalamineWorkbook.from_filelike(BytesIO(content)) as workbook:
            return tuple(_sheet(workbook, each.name, each.visible != SheetVisibleEnum.Visible, hidden.get(each.name, {}))
                         for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet)
    except PasswordError as error:
        raise InventoryError("le classeur est protégé par un mot de passe : enregistrez-en une copie sans mot de passe") from error
    except UNREADABLE as error:
        raise InventoryError("le fichier n'est pas un classeur lisible : enregistrez-le au format .ods, .xlsx ou « CSV UTF-8 » "
                             f"({error})") from error


def _sheet(workbook: CalamineWorkbook, name: str, hidden: bool, beneath: Mapping[Cell, str | Cell]) -> Sheet:
    sheet = workbook.get_sheet_by_name(name)
    cells: list[list[Value]] = sheet.to_python(skip_empty_area=False)
    covered = {(row, left): (top, left) for (top, left), (bottom, _) in sheet.merged_cell_ranges or ()
               for row in range(top + 1, min(bottom + 1, len(cells)))}
    for (row, column), seen in {**covered, **beneath}.items():
        if row < len(cells) and column < len(cells[row]):
            cells[row][column] = seen if isinstance(seen, str) else cells[seen[0]][seen[1]]
    return Sheet(tuple((number, tuple(row)) for number, row in enumerate(cells, start=1) if any(cell != "" for cell in row)),
                 name, hidden)


def _beneath(content: bytes) -> Mapping[str, Mapping[Cell, str | Cell]]:
    """By sheet, what calamine 0.9 leaves empty and a person sees: a text, or the cell that covers this one.

    A formula's error or one that was never computed (.xlsx), a covered cell (.ods). No workbook goes further than this before its
    extent is known to be a sheet's. The binary formats of Excel 97 and of .xlsb are bounded by themselves.
    """
    if not content.startswith(WORKBOOKS[0]):
        return {}
    with ZipFile(BytesIO(content)) as archive:
        if sum(each.file_size for each in archive.infolist()) > UNPACKED:
            raise InventoryError("le classeur est trop gros pour un inventaire : copiez les lignes utiles dans un classeur neuf")
        if "content.xml" in archive.namelist():
            tables = ElementTree.fromstring(archive.read("content.xml")).iter(f"{TABLE}table")
            return {name: _opendocument(name, table) for table in tables if (name := table.get(f"{TABLE}name", ""))}
        return {name: _openxml(name, ElementTree.fromstring(archive.read(file))) for name, file in _worksheets(archive)}


def _bounded(name: str, rows: int, columns: int) -> None:
    if rows * columns > CELLS:
        raise InventoryError(f"la feuille « {name} » va jusqu'à la ligne {rows} et la colonne n° {columns} : supprimez les lignes "
                             "et les colonnes vides ou inutiles, ou copiez les lignes utiles dans un classeur neuf")


# -- .xlsx ----------------------------------------------------------------------------------------------------------------


def _worksheets(archive: ZipFile) -> Iterator[tuple[str, str]]:
    """The name and the file of each worksheet."""
    if "xl/workbook.xml" not in archive.namelist():
        return
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    files = {each.get("Id", ""): posixpath.join("/xl", each.get("Target", "")).lstrip("/")
             for each in relations if each.get("Type", "").endswith("/worksheet")}
    for each in ElementTree.fromstring(archive.read("xl/workbook.xml")).iterfind(".//{*}sheet"):
        relation = next((value for key, value in each.items() if key.endswith("}id")), "")
        if relation in files:
            yield each.get("name", ""), files[relation]


def _openxml(name: str, sheet: Element) -> Mapping[Cell, str | Cell]:
    """The cells of a worksheet that show an error, or hold a formula that nobody has computed."""
    placed = list(_placed(sheet))
    _bounded(name, max((row for (row, _), _ in placed), default=0) + 1, max((column for (_, column), _ in placed), default=0) + 1)
    return {at: seen for at, cell in placed if (seen := _valueless(cell))}


def _placed(sheet: Element) -> Iterator[tuple[Cell, Element]]:
    """Each cell and where it stands: after the one before it, unless it says so itself."""
    row = -1
    for line in sheet.iterfind(".//{*}row"):
        row, column = int(line.get("r", row + 2)) - 1, -1
        for cell in line.iterfind("{*}c"):
            row, column = _cell(cell.get("r", "")) or (row, column + 1)
            yield (row, column), cell


def _cell(reference: str) -> Cell | None:
    """C12 as row and column, from 0."""
    letters = reference.rstrip("0123456789")
    if not reference:
        return None
    return int(reference[len(letters):]) - 1, functools.reduce(lambda sum, each: sum * 26 + ord(each) - 64, letters, 0) - 1


def _valueless(cell: Element) -> str:
    value, formula = cell.find("{*}v"), cell.find("{*}f")
    if cell.get("t") == "e" and value is not None:
        return value.text or "#ERR"
    if formula is not None and (value is None or not value.text):
        return f"={formula.text or ''}"
    return ""


# -- .ods -----------------------------------------------------------------------------------------------------------------


def _opendocument(name: str, table: Element) -> Mapping[Cell, str | Cell]:
    """The cells of a table that one above covers."""
    placed = list(_repeated(table))
    filled = [(row + down, column + across) for (row, column), (down, across), cell in placed if _holds(cell)]
    rows, columns = max((row for row, _ in filled), default=0), max((column for _, column in filled), default=0)
    _bounded(name, rows, columns)
    return {(below, column): (row, column) for (row, column), _, cell in placed
            for below in range(row + 1, min(row + int(cell.get(f"{TABLE}number-rows-spanned", 1)), rows))}


def _repeated(table: Element) -> Iterator[tuple[Cell, Cell, Element]]:
    """Each cell, where it stands, and how often it stands there: down and across."""
    row = 0
    for line in table.iter(f"{TABLE}table-row"):
        column, down = 0, _times(line, "rows")
        for cell in line:
            across = _times(cell, "columns")
            yield (row, column), (down, across), cell
            column += across
        row += down


def _times(element: Element, what: str) -> int:
    return int(element.get(f"{TABLE}number-{what}-repeated", 1))


def _holds(cell: Element) -> bool:
    """Whether it has a value; most cells of a sheet have a style and nothing else."""
    return len(cell) > 0 or any(name.endswith(("}value-type", "}formula")) for name in cell.attrib)
