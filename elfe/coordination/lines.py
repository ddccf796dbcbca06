"""From sheets of cells to the lines of an inventory: which row is the heading, what each column is, where each cell stands. Pure.

A heading is French or English, with or without accents, capitals, small words or plurals. What is not understood is never
dropped without a word: it is a problem where a column of ours may be meant, and a remark otherwise.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum, auto
from typing import TypeVar

from attrs import define, evolve, field, frozen

from elfe.coordination.sheets import Row, Sheet, as_text

T = TypeVar("T")

REQUIRED = ("participant", "appareil", "type_appareil", "typologie", "point", "usage", "type_materiel")
OF_KINDS = ("duree_cycle", "attente_max", "volume_l", "puissance_w", "heures_creuses", "batterie_kwh", "charge_voulue",
            "puissance_eco_w", "eco_force", "confort_semaine", "confort_weekend", "temperature_confort", "temperature_eco",
            "tolerance", "isolation", "pdl")
"""What some kinds of appliance have; `kinds.py` says which."""
OF_APPLIANCES = ("type_appareil", "typologie", *OF_KINDS)
"""What is said of the appliance, not of the device: on one of its lines, or alike on several."""
OPTIONAL = ("email", "observateur", "puissance_souscrite", "id_materiel", "passerelle", "marque", "canal", *OF_KINDS, "topics")
COLUMNS = REQUIRED + OPTIONAL
OF_EVERY_SHEET: Mapping[str, tuple[str, ...]] = {
    "point": ("participant", "appareil", "point", "usage", "type_materiel"),
    "appareil": ("participant", "appareil"),
    "participant": ("participant",),
}
"""The first of these columns that a sheet has says what its lines are: what each must then have."""

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "participant": ("référence", "référence du participant", "référence interne", "n° de participant", "numéro de participant",
                    "id participant", "participant elfe", "réf", "foyer", "participant reference", "home", "household"),
    "appareil": ("nom de l'appareil", "appareil piloté", "équipement piloté", "appliance", "appliance name"),
    "type_appareil": ("type d'appareil", "type équipement piloté", "appliance type"),
    "typologie": ("typologie d'installation", "typology"),
    "point": ("point d'installation", "id du point", "installation point", "point id"),
    "usage": ("usage du matériel", "usage de l'équipement", "use"),
    "type_materiel": ("type de matériel", "type d'équipement", "type d'équipement domotique", "équipement domotique type id",
                      "device type", "hardware type"),
    "email": ("e-mail", "mail", "courriel", "adresse mail", "adresse e-mail", "adresse électronique", "email address"),
    "observateur": ("compte observateur", "observer"),
    "puissance_souscrite": ("puissance souscrite kVA", "puissance souscrite en kVA", "puissance souscrite kW",
                            "puissance de l'abonnement", "subscribed power", "subscribed power kVA"),
    "id_materiel": ("identifiant", "identifiant du matériel", "identifiant matériel", "hardware id", "numéro de série",
                    "n° de série", "serial number"),
    "passerelle": ("gateway", "bridge", "pont"),
    "marque": ("brand",),
    "canal": ("channel",),
    "duree_cycle": ("durée", "durée du programme", "cycle", "cycle duration", "duration"),
    "attente_max": ("attente maximale", "attente maximum", "maximum wait", "may wait"),
    "volume_l": ("volume", "volume en litres", "volume litre", "contenance"),
    "puissance_w": ("puissance", "puissance en watts", "puissance watt", "power", "power w"),
    "batterie_kwh": ("batterie", "capacité de la batterie", "capacité", "battery", "battery kwh"),
    "charge_voulue": ("charge souhaitée", "charge minimale souhaitée", "wanted charge"),
    "puissance_eco_w": ("puissance éco", "éco W", "eco power"),
    "eco_force": ("pourcentage éco forcé", "éco forcé %", "forced eco"),
    "confort_semaine": ("confort en semaine", "périodes de confort", "comfort on weekdays"),
    "confort_weekend": ("confort le week-end", "confort week-end", "comfort at weekends"),
    "temperature_confort": ("température de confort", "comfort temperature"),
    "temperature_eco": ("température éco", "eco temperature"),
    "tolerance": ("tolérance", "écart toléré"),
    "isolation": ("insulation",),
    "pdl": ("numéro de pdl", "n° pdl", "point de livraison", "prm", "numéro de prm"),
    "heures_creuses": ("plages d'heures creuses", "hc", "off-peak hours", "off peak"),
    "topics": ("topic", "topic mqtt", "données de topic"),
}
"""Other headings of each column. `puissance_kw` and a template's own column stand below."""
IN_KILOWATTS = ("puissance kW", "puissance en kW", "power kW")
OF_A_TEMPLATE = re.compile(r"(?:topics?|mod[eè]les?|templates?)\s*[:.]\s*(\w+)", re.IGNORECASE)
"""`topics:root`, `modele:root`: one topic datum in a column of its own."""
SMALL_WORDS = frozenset(["de", "du", "des", "la", "le", "les", "en", "of", "the", "in"])
HEADING_WITHIN = 30
"""Rows in which the heading stands; above it there may be titles."""
CLOSE = 0.85
"""How alike two headings are when the one is a misspelling of the other."""


@functools.lru_cache(maxsize=10_000)
def plain(text: str) -> str:
    """A word without case, accents, punctuation, small words or plural: `Type de matériels` is type_materiel."""
    flat = "".join(each for each in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(each))
    flat = re.sub(r"\b[ld]['’]", " ", flat.replace("œ", "oe"))
    words = [each for each in re.findall(r"[^\W_]+", flat) if each not in SMALL_WORDS]
    return "_".join(each[:-1] if len(each) > 3 and each.endswith("s") else each for each in words)


KNOWN: Mapping[str, str] = {plain(each): column for column in COLUMNS for each in (column, *SPELLINGS.get(column, ()))}
KILOWATTS = frozenset(map(plain, IN_KILOWATTS))
NEVER_OURS = frozenset(map(plain, ("remarque", "adresse MAC")))
"""Headings that only look like a misspelling of ours: of `marque`, of `adresse mail`."""


# -- where a cell stands, and what is wrong with it ---------------------------------------------------------------------------


@frozen(order=True)
class Where:
    """A line of the file; in a workbook, of which sheet, and the letter of each column."""

    sheet_number: int = 0
    line: int = 0
    sheet: str = field(default="", order=False)
    letters: Mapping[str, str] = field(factory=dict, eq=False, repr=False)

    def named(self, column: str = "") -> str:
        """`la ligne 12`, or the cell as a spreadsheet calls it: Feuille1!C12."""
        if not self.sheet:
            return f"la ligne {self.line}"
        name = self.sheet if re.fullmatch(r"\w+", self.sheet) else "'" + self.sheet.replace("'", "''") + "'"
        return f"{name}!{self.letters[column]}{self.line}" if column in self.letters else f"{name}, ligne {self.line}"

    def at(self, column: str) -> str:
        """`à la ligne 12`, `en Feuille1!C12`."""
        return f"{'en' if self.sheet else 'à'} {self.named(column)}"


NOWHERE = Where()
"""Of what stands in no file."""


@frozen
class Problem:
    """One thing that is wrong, where, and what would be accepted."""

    where: Where
    column: str
    what: str

    @property
    def line(self) -> int:
        """The number of its line, as the file counts."""
        return self.where.line

    def __str__(self) -> str:
        where = self.where.named(self.column).removeprefix("la ")
        return f"{where}, colonne « {self.column} » : {self.what}" if self.column else f"{where} : {self.what}"


# -- lines --------------------------------------------------------------------------------------------------------------------


class Kind(Enum):
    """What a line tells of."""

    DEVICE = auto()
    APPLIANCE = auto()
    PARTICIPANT = auto()


KINDS: Mapping[str, Kind] = {"point": Kind.DEVICE, "appareil": Kind.APPLIANCE, "participant": Kind.PARTICIPANT}
CAPITALS = frozenset({"participant", "point"})
"""r004 is R004, a001 is A001."""


@define(eq=False)
class Line:
    """A line of the file: its cells by column, and what is wrong with them."""

    where: Where
    kind: Kind
    cells: Mapping[str, str]
    numbers: frozenset[str] = frozenset()
    """The columns whose cell is a number of the spreadsheet's, not a text."""
    problems: list[Problem] = field(factory=list)

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def wrong(self, column: str, accepted: str, found: str | None = None) -> None:
        """Take down that a cell does not fit, and what would."""
        shown = self[column] if found is None else found
        what = f"« {shown} » ne convient pas" if shown else "valeur manquante"
        self.problems.append(Problem(self.where, column, f"{what} ; accepté : {accepted}"))

    def conflict(self, column: str, what: str) -> None:
        """Take down that a cell contradicts another one."""
        self.problems.append(Problem(self.where, column, f"« {self[column]} » : {what}"))

    def parsed(self, column: str, parse: Callable[[str], T], accepted: str) -> T | None:
        """What `parse` makes of the cell; it raises ValueError with what it cannot read."""
        try:
            return parse(self[column])
        except ValueError as error:
            self.wrong(column, accepted, found=str(error))
            return None


@frozen
class Read:
    """The lines of a file; or what is wrong with its headings, and then nothing else can be told."""

    lines: tuple[Line, ...] = ()
    problems: tuple[Problem, ...] = ()
    remarks: tuple[str, ...] = ()      # what is left aside, in French


@frozen
class _Table:
    """A sheet from its heading on."""

    where: Where                                  # of the heading
    titles: tuple[str, ...]
    columns: Mapping[str, int]                    # of ours, each by the first title that means it
    twice: tuple[str, ...]
    body: Sequence[Row]

    @property
    def kind(self) -> str:
        """The column that says what its lines are."""
        return next((each for each in KINDS if each in self.columns), "point")

    def title(self, column: str) -> str:
        """How it writes one of our columns."""
        return self.titles[self.columns[column]] if column in self.columns else ""


def read_lines(sheets: Iterable[Sheet]) -> Read:
    """Every line of every sheet that has a heading."""
    sheets = tuple(sheets)
    filled = [(number, each) for number, each in enumerate(sheets) if each.rows and not each.hidden]
    found = [(each, _table(number, each, alone=len(filled) == 1)) for number, each in filled]
    tables = [table for _, table in found if table is not None]
    remarks = [*(f"la feuille masquée « {each.name} » n'est pas lue" for each in sheets if each.hidden and each.rows),
               *(f"la feuille « {each.name} » n'est pas lue : aucune ligne n'y porte les titres d'un inventaire"
                 for each, table in found if table is None),
               *(remark for table in tables for remark in _left_aside(table))]
    problems = tuple(_missing(tables)) + tuple(problem for table in tables for problem in _of_heading(table))
    lines = () if problems else tuple(line for table in tables for line in _lines(table))
    return Read(lines, problems, tuple(remarks))


def _table(number: int, sheet: Sheet, alone: bool) -> _Table | None:
    """The sheet from its heading on: of its first rows the one with most titles of ours. None: it is no inventory's."""
    counts = [len({column_of(each) for each in row if isinstance(each, str)} - {""}) for _, row in sheet.rows[:HEADING_WITHIN]]
    heading = counts.index(max(counts))
    if counts[heading] < 2 and not alone:
        return None
    line, cells = sheet.rows[heading]
    titles = tuple(map(as_text, cells))
    meant = [(at, column) for at, column in enumerate(map(column_of, titles)) if column]
    columns = {column: at for at, column in reversed(meant)}
    where = Where(number, line, sheet.name, {column: letters_of(at) for column, at in columns.items()})
    body = [row for row in sheet.rows[heading + 1:] if tuple(map(as_text, row[1])) != titles]      # a heading again, further down
    return _Table(where, titles, columns, tuple(column for at, column in meant if columns[column] != at), body)


def column_of(title: str) -> str:
    """The column that a title means; empty: none of ours."""
    template = OF_A_TEMPLATE.fullmatch(title.strip())
    if template:
        return f"topics:{template[1]}"
    return "puissance_w" if plain(title) in KILOWATTS else KNOWN.get(plain(title), "")


def letters_of(number: int) -> str:
    """How a spreadsheet calls a column: A for 0, AA for 26."""
    return (letters_of(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def _lines(table: _Table) -> Iterator[Line]:
    kilowatts = plain(table.title("puissance_w")) in KILOWATTS
    for number, row in table.body:
        values = {column: row[at] for column, at in table.columns.items() if at < len(row)}
        cells = {column: as_text(value) for column, value in values.items()}
        cells |= {column: cells[column].upper() for column in CAPITALS & cells.keys()}
        if kilowatts and re.fullmatch(r"[\d.,\s]+", cells.get("puissance_w", "")):
            cells["puissance_w"] += " kW"
        numbers = frozenset(column for column, value in values.items() if isinstance(value, (int, float)))
        line = Line(evolve(table.where, line=number), KINDS[table.kind], cells, numbers)
        if not table.where.sheet and any(map(as_text, row[len(table.titles):])):      # a delimiter inside a cell moves the others
            line.problems.append(Problem(line.where, "", f"plus de {len(table.titles)} cellules ; une cellule qui contient le "
                                         "séparateur s'écrit entre guillemets"))
        if any(cells.values()) or line.problems:
            yield line


# -- headings -----------------------------------------------------------------------------------------------------------------


def _missing(tables: Sequence[_Table]) -> Iterator[Problem]:
    """What no sheet has, and what a sheet with such lines must have."""
    if not any(table.columns for table in tables):
        yield Problem(Where(line=1), "", f"aucune ligne de titres ; il faut au moins {', '.join(REQUIRED)}")
        return
    main = next((each for each in tables if each.kind == "point"), tables[0])
    nowhere = set(REQUIRED) - {column for table in tables for column in table.columns}
    for table in tables:
        lacking = set(OF_EVERY_SHEET[table.kind]) - table.columns.keys() | (nowhere if table is main else set())
        yield from (Problem(table.where, column, "colonne manquante ; ajoutez-la, ou donnez ce titre à celle qui la contient")
                    for column in REQUIRED if column in lacking)


def _of_heading(table: _Table) -> Iterator[Problem]:
    yield from (Problem(table.where, column, "colonne présente deux fois ; gardez celle qui est juste") for column in table.twice)
    for at, title in _unknown(table):
        meant = _meant(table, title)
        if meant:
            yield Problem(evolve(table.where, letters={title: letters_of(at)}), title,
                          f"colonne inconnue ; écrivez « {meant} » si c'est elle, sinon retirez-la")


def _left_aside(table: _Table) -> Iterator[str]:
    """What is filled and not read, each column once."""
    where = f"feuille « {table.where.sheet} », " if table.where.sheet else ""
    unknown = [title for _, title in _unknown(table) if not _meant(table, title)]
    if unknown:
        yield f"{where}colonnes ignorées : {', '.join(unknown)}"
    wide = max((len(row) for _, row in table.body), default=0) if table.where.sheet else len(table.titles)
    untitled = [letters_of(at) for at in range(wide) if not "".join(table.titles[at:at + 1])
                and any(as_text(each) for _, row in table.body for each in row[at:at + 1])]
    if untitled:
        yield f"{where}colonnes sans titre ignorées : {', '.join(untitled)}"


def _unknown(table: _Table) -> list[tuple[int, str]]:
    return [(at, title) for at, title in enumerate(table.titles) if title and not column_of(title)]


def _meant(table: _Table, title: str) -> str:
    """The column that a title seems to misspell, of those that the sheet does not have."""
    if plain(title) in NEVER_OURS:
        return ""
    lacking = [each for each, column in KNOWN.items() if column not in table.columns]
    close = get_close_matches(plain(title), lacking, n=1, cutoff=CLOSE)
    return KNOWN[close[0]] if close else ""
