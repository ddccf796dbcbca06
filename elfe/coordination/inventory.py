"""Reading an inventory: a CSV with a line per device, as `docs/inventory.md` describes it. Pure.

Everything that is wrong is found at once; each problem names its line, its column, what was found and what is accepted.
Messages are in French: installers read them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from io import StringIO
from typing import TypeVar

from attrs import define, field, frozen

from elfe.coordination import reference, spoken
from elfe.coordination.reference import Code
from elfe.coordination.values import ApplianceType, OffPeak, Usage
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device

T = TypeVar("T")

REQUIRED = ("participant", "appareil", "type_appareil", "typologie", "point", "usage", "type_materiel")
OF_MACHINES = ("duree_cycle", "attente_max")
OF_TANKS = ("volume_l", "puissance_w", "heures_creuses")
OF_APPLIANCES = ("type_appareil", "typologie", *OF_MACHINES, *OF_TANKS)
"""What is said of the appliance, not of the device: on one of its lines, or alike on several."""
OPTIONAL = ("email", "observateur", "id_materiel", "marque", "canal", *OF_MACHINES, *OF_TANKS, "topics")
COLUMNS = REQUIRED + OPTIONAL

DEFAULT_CYCLES: Mapping[int, timedelta] = {
    ApplianceType.MACHINE: timedelta(hours=2),
    ApplianceType.DISHWASHER: timedelta(hours=2),
    ApplianceType.WASHING_MACHINE: timedelta(hours=2),
    ApplianceType.TUMBLE_DRYER: timedelta(hours=1, minutes=30),
}
"""The cycle machines, and how long the programme of each lasts until somebody says otherwise."""
MACHINES = frozenset(DEFAULT_CYCLES)
APPLIANCE_TYPES = tuple(each for each in reference.APPLIANCE_TYPES if each.id in {*MACHINES, ApplianceType.WATER_HEATER})

TYPOLOGY_USAGES: Mapping[int, tuple[Usage, tuple[Usage, ...]]] = {
    120: (Usage.SWITCH_AND_METER, ()),
    180: (Usage.SWITCH, (Usage.METER,)),
    190: (Usage.SWITCH_AND_METER, ()),
}
"""The one device that each typology drives by, and those that it may have besides."""
NEEDS: Mapping[int, frozenset[Capability]] = {
    Usage.SWITCH_AND_METER: frozenset({Capability.SWITCH, Capability.METER}),
    Usage.SWITCH: frozenset({Capability.SWITCH}),
    Usage.METER: frozenset({Capability.METER}),
    Usage.PRESS_POWER: frozenset({Capability.PRESS}),
    Usage.PRESS_START: frozenset({Capability.PRESS}),
    Usage.AMBIENT: frozenset({Capability.AMBIENT}),
    Usage.SCREEN: frozenset({Capability.SCREEN}),
}
"""What a device's type must be able to do for each usage."""

PARTICIPANT = re.compile(r"[A-Z]\d{3,5}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST = timedelta(hours=24)


@frozen
class Problem:
    """One thing that is wrong, where, and what would be accepted."""

    line: int
    column: str
    what: str

    def __str__(self) -> str:
        where = f"ligne {self.line}, colonne « {self.column} »" if self.column else f"ligne {self.line}"
        return f"{where} : {self.what}"


@frozen
class ParticipantLine:
    """A participant, as all of their lines together tell."""

    reference: str
    email: str = ""                  # nothing said, as None below: what is known already stays
    observer: bool | None = None


@frozen
class DeviceLine:
    """One device of the inventory."""

    line: int
    device: Device
    usage: int
    brand: str = ""


@frozen
class ApplianceLines:
    """One appliance of the inventory, with the devices of its lines."""

    line: int
    participant: str
    name: str
    type: int
    typology: int
    devices: tuple[DeviceLine, ...]
    cycle: timedelta = timedelta()       # of a machine; so far as nobody has declared another
    may_wait: timedelta = timedelta()    # of a machine: how long it may stand there finished
    volume_l: int = 0                    # of a tank, as all that follows
    power_w: int = 0
    windows: tuple[OffPeak, ...] = ()


@frozen
class Inventory:
    """What could be read; whole only when no problem was found."""

    participants: tuple[ParticipantLine, ...] = ()
    appliances: tuple[ApplianceLines, ...] = ()


def read(text: str, drivers: Drivers) -> tuple[Inventory, list[Problem]]:
    """The inventory of a CSV text, and everything that is wrong with it in the order of the lines."""
    lines, problems = _lines(text)
    if problems:
        return Inventory(), problems
    devices = {line.number: _device(line, drivers) for line in lines}
    _no_two_alike(lines, devices, drivers)
    groups = _grouped(lines, lambda line: (line["participant"], line["appareil"]))
    appliances = [_appliance(group, devices) for group in groups]
    participants = [_participant(group) for group in _grouped(lines, lambda line: line["participant"])]
    inventory = Inventory(tuple(participants), tuple(each for each in appliances if each is not None))
    return inventory, [problem for line in lines for problem in sorted(line.problems, key=_place)]


def _place(problem: Problem) -> int:
    """Where its column stands in the documentation; of the line as a whole: first."""
    return COLUMNS.index(problem.column) if problem.column else -1


# -- lines ----------------------------------------------------------------------------------------------------------------


@define(eq=False)
class _Line:
    """A line of the file: its cells by column, and what is wrong with them."""

    number: int
    cells: Mapping[str, str]
    problems: list[Problem] = field(factory=list)

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def wrong(self, column: str, accepted: str, found: str | None = None) -> None:
        """Take down that a cell does not fit, and what would."""
        shown = self[column] if found is None else found
        what = f"« {shown} » ne convient pas" if shown else "valeur manquante"
        self.problems.append(Problem(self.number, column, f"{what} ; accepté : {accepted}"))

    def conflict(self, column: str, what: str) -> None:
        """Take down that a cell contradicts another one."""
        self.problems.append(Problem(self.number, column, f"« {self[column]} » : {what}"))

    def code(self, column: str, codes: Sequence[Code]) -> int | None:
        """A code by its number or its name."""
        for each in codes:
            if self[column].lower() in {str(each.id), each.name}:
                return each.id
        self.wrong(column, ", ".join(f"{each.id} ({each.name})" for each in codes))
        return None

    def whole(self, column: str, least: int, most: int) -> int | None:
        """A whole number within bounds."""
        given = self[column]
        if given.isascii() and given.isdigit() and least <= int(given) <= most:
            return int(given)
        self.wrong(column, f"un nombre entier de {least} à {most}")
        return None

    def parsed(self, column: str, parse: Callable[[str], T], accepted: str) -> T | None:
        """What `parse` makes of the cell; it raises ValueError with what it cannot read."""
        try:
            return parse(self[column])
        except ValueError as error:
            self.wrong(column, accepted, found=str(error))
            return None


def _lines(text: str) -> tuple[list[_Line], list[Problem]]:
    """The lines, their columns by name; or what is wrong with the header, and then nothing else can be told."""
    text = text.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    rows = csv.reader(StringIO(text), delimiter=";" if first.count(";") >= first.count(",") else ",")
    header = [each.strip().lower() for each in next(rows, [])]
    problems = list(_of_header(header))
    lines = []
    for row in rows:
        if any(cell.strip() for cell in row):
            lines.append(_Line(rows.line_num, {name: cell.strip() for name, cell in zip(header, row, strict=False)}))
            if any(cell.strip() for cell in row[len(header):]):
                lines[-1].problems.append(Problem(rows.line_num, "", f"plus de {len(header)} cellules"))
    return lines, problems


def _of_header(header: Sequence[str]) -> Iterator[Problem]:
    yield from (Problem(1, name, "colonne manquante") for name in REQUIRED if name not in header)
    for name, count in Counter(header).items():
        if name and name not in COLUMNS:
            yield Problem(1, name, f"colonne inconnue ; accepté : {', '.join(COLUMNS)}")
        elif name and count > 1:
            yield Problem(1, name, "colonne présente deux fois")


def _grouped(lines: Iterable[_Line], key: Callable[[_Line], Hashable]) -> list[list[_Line]]:
    groups: dict[Hashable, list[_Line]] = defaultdict(list)
    for line in lines:
        groups[key(line)].append(line)
    return list(groups.values())


def _no_two_alike(lines: Iterable[_Line], devices: Mapping[int, DeviceLine | None], drivers: Drivers) -> None:
    """A point, a piece of hardware and a place on the wire stand on one line each."""
    first: dict[tuple[str, Hashable], int] = {}
    for line in lines:
        for column, key in _unique(line, devices[line.number], drivers):
            before = first.setdefault((column, key), line.number)
            if before != line.number:
                line.conflict(column, f"est déjà à la ligne {before}")


def _unique(line: _Line, read: DeviceLine | None, drivers: Drivers) -> Iterator[tuple[str, Hashable]]:
    if line["point"]:
        yield "point", line["point"]
    if line["id_materiel"]:      # the outputs of one unit share its id, not their channel
        yield "id_materiel", (line["id_materiel"].upper(), line["canal"] or "0")
    if read is not None and line["topics"]:
        yield "topics", (drivers[read.device.type_id].build_topics(read.device).command, read.device.channel)


# -- participants -----------------------------------------------------------------------------------------------------------


def _participant(lines: Sequence[_Line]) -> ParticipantLine:
    for line in lines:
        if not PARTICIPANT.fullmatch(line["participant"]):
            line.wrong("participant", "une référence comme R004")
        if line["email"] and not EMAIL.fullmatch(line["email"]):
            line.wrong("email", "une adresse comme nom@exemple.fr, ou rien")
        if line["observateur"].lower() not in {"", "oui", "non"}:
            line.wrong("observateur", "oui, non ou rien")
    email, observer = _said_once(lines, "email")["email"], _said_once(lines, "observateur")["observateur"].lower()
    return ParticipantLine(lines[0]["participant"], email, observer == "oui" if observer else None)


def _said_once(lines: Sequence[_Line], column: str) -> _Line:
    """The line that fills a column which may stand on several: nothing may contradict it."""
    filled = [line for line in lines if line[column]]
    for line in filled[1:]:
        if line[column].lower() != filled[0][column].lower():
            line.conflict(column, f"la ligne {filled[0].number} dit « {filled[0][column]} »")
    return filled[0] if filled else lines[0]


# -- devices ----------------------------------------------------------------------------------------------------------------


def _device(line: _Line, drivers: Drivers) -> DeviceLine | None:
    type_id = line.code("type_materiel", _known_types(drivers))
    usage = line.code("usage", reference.USAGES)
    if type_id is None:
        return None
    letter = _letter(type_id, drivers)
    if not re.fullmatch(rf"{letter}\d{{3,5}}", line["point"]):
        line.wrong("point", f"un identifiant comme {letter[0] if letter.isalpha() else 'Z'}003 pour un matériel de type {type_id}")
    if type_id not in drivers:
        installed = ", ".join(str(driver.type.id) for driver in drivers) or "aucun"
        line.wrong("type_materiel", f"un type dont le plugin est installé ({installed})")
        return None
    type_ = drivers[type_id].type
    channel = line.whole("canal", 0, max(0, type_.outputs - 1)) if line["canal"] else 0
    topics = _topics(line, type_.templates)
    if set("+#/") & set(line["id_materiel"]):      # it may stand in a topic
        line.wrong("id_materiel", "un identifiant sans « + », « # » ni « / »")
        return None
    if usage is None or channel is None or topics is None:
        return None
    if not NEEDS[usage] <= type_.capabilities:
        line.wrong("usage", f"un usage que le matériel de type {type_id} sait remplir : {_possible(type_.capabilities)}")
    device = drivers[type_id].device(line["point"], line["id_materiel"], topics, channel)
    return DeviceLine(line.number, device, usage, line["marque"])


def _known_types(drivers: Drivers) -> tuple[Code, ...]:
    """The contract's types, and those that the installed plugins declare beyond it."""
    beyond = tuple(Code(each.type.id, each.type.name, each.type.human_name) for each in drivers
                   if each.type.id not in reference.DEVICE_TYPE)
    return (*reference.DEVICE_TYPES, *beyond)


def _letter(type_id: int, drivers: Drivers) -> str:
    """What the point of a device of this type begins with, as a pattern: any capital letter where nobody says."""
    known = reference.DEVICE_TYPE.get(type_id)
    return known.letter if known else drivers[type_id].type.letter or "[A-Z]"


def _possible(capabilities: frozenset[Capability]) -> str:
    return ", ".join(f"{each.id} ({each.name})" for each in reference.USAGES if NEEDS[each.id] <= capabilities)


def _topics(line: _Line, templates: Mapping[str, str]) -> dict[str, str] | None:
    """Topic data that differs from the type's own: `root=maison/prise1`. None when it cannot be used."""
    given: dict[str, str] = {}
    for each in line["topics"].split():
        name, _, value = each.partition("=")
        if name not in templates or not value or set("+#") & set(value):
            line.wrong("topics", " ".join(f"{name}=…" for name in templates) + ", sans + ni #", found=each)
            return None
        given[name] = value
    by_hardware = [name for name, default in templates.items() if "{hardware_id}" in default and name not in given]
    if by_hardware and not line["id_materiel"]:
        line.wrong("id_materiel", "l'identifiant inscrit sur le matériel, par exemple A8BC25 : son topic en est fait")
        return None
    return given


# -- appliances -------------------------------------------------------------------------------------------------------------


def _appliance(lines: Sequence[_Line], devices: Mapping[int, DeviceLine | None]) -> ApplianceLines | None:
    first = lines[0]
    if not first["appareil"]:
        first.wrong("appareil", "le nom de l'appareil, par exemple Lave-linge")
    said = {column: _said_once(lines, column) for column in OF_APPLIANCES}
    type_ = said["type_appareil"].code("type_appareil", APPLIANCE_TYPES)
    typology = said["typologie"].code("typologie", [each for each in reference.TYPOLOGIES if each.id in TYPOLOGY_USAGES])
    found = [each for each in (devices[line.number] for line in lines) if each is not None]
    if typology is not None and len(found) == len(lines):
        _fits(said["typologie"], typology, found)
    if type_ is None or typology is None:
        return None
    details = _machine(said, type_) if type_ in MACHINES else _tank(said)
    if any(line.problems for line in lines):
        return None
    return ApplianceLines(first.number, first["participant"], first["appareil"], type_, typology, tuple(found), **details)


def _fits(line: _Line, typology: int, devices: Iterable[DeviceLine]) -> None:
    """Whether the devices are those of the typology."""
    drives, besides = TYPOLOGY_USAGES[typology]
    found = Counter(each.usage for each in devices)
    if found[drives] == 1 and found - Counter(besides) == Counter((drives,)):
        return
    usages = ", ".join(str(usage) for usage in sorted(found.elements()))
    allowed = "".join(f" et au plus un d'usage {usage:d}" for usage in besides)
    line.wrong("typologie", f"pour la typologie {typology}, exactement un équipement d'usage {drives:d}{allowed}",
               found=f"{line['typologie']} avec les usages {usages}")


def _machine(said: Mapping[str, _Line], type_: int) -> dict[str, timedelta]:
    _senseless(said, OF_TANKS, "une machine à cycle")
    return {"cycle": _duration(said["duree_cycle"], "duree_cycle", DEFAULT_CYCLES[type_]),
            "may_wait": _duration(said["attente_max"], "attente_max", timedelta())}


def _tank(said: Mapping[str, _Line]) -> dict[str, int | tuple[OffPeak, ...]]:
    _senseless(said, OF_MACHINES, "un ballon")
    windows = said["heures_creuses"].parsed("heures_creuses", spoken.parse_windows,
                                            "des plages comme 22:30-06:30 12:30-14:30")
    return {"volume_l": said["volume_l"].whole("volume_l", 10, 5_000) or 0,
            "power_w": said["puissance_w"].whole("puissance_w", 100, 50_000) or 0, "windows": windows or ()}


def _senseless(said: Mapping[str, _Line], columns: Iterable[str], of: str) -> None:
    for column in columns:
        if said[column][column]:
            said[column].wrong(column, f"rien, pour {of}")


def _duration(line: _Line, column: str, default: timedelta) -> timedelta:
    if not line[column]:
        return default
    return line.parsed(column, _within_a_day, "une durée comme 2h30 ou 45min, de 24 heures au plus") or default


def _within_a_day(text: str) -> timedelta:
    duration = spoken.parse_duration(text)
    if not timedelta() < duration <= LONGEST:
        raise ValueError(text)
    return duration
