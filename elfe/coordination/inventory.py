"""Reading an inventory: a CSV with a line per device, as `docs/inventory.md` describes it. Pure.

Everything that is wrong is found at once; each problem names its line, its column, what was found and what is accepted.
Messages are in French: installers read them.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from io import StringIO

from attrs import frozen

from elfe.coordination import reference
from elfe.coordination.reference import Code
from elfe.coordination.values import ApplianceType, OffPeak, Usage
from elfe.devices.drivers import Drivers
from elfe.errors import InventoryError

REQUIRED = ("participant", "appareil", "type_appareil", "typologie", "point", "usage", "type_materiel")
OPTIONAL = ("email", "observateur", "id_materiel", "marque", "canal", "duree_cycle", "attente_max", "volume_l",
            "puissance_w", "heures_creuses", "topics")
MACHINES = frozenset({ApplianceType.MACHINE, ApplianceType.DISHWASHER, ApplianceType.WASHING_MACHINE,
                      ApplianceType.TUMBLE_DRYER})
DEFAULT_CYCLE = {ApplianceType.TUMBLE_DRYER: timedelta(hours=1, minutes=30)}
ANY_CYCLE = timedelta(hours=2)
PARTICIPANT = re.compile(r"[A-Z]\d{3,5}")
DURATION = re.compile(r"(?:(\d{1,2})\s*h)?\s*(?:(\d{1,2})(?:\s*min)?)?")
WINDOW = re.compile(r"(\d{1,2})[:h](\d{2})-(\d{1,2})[:h](\d{2})")
TYPOLOGY_USAGES: Mapping[int, tuple[Counter[int], Counter[int]]] = {
    120: (Counter({Usage.SWITCH_AND_METER: 1}), Counter()),
    180: (Counter({Usage.SWITCH: 1}), Counter({Usage.METER: 1})),
    190: (Counter({Usage.SWITCH_AND_METER: 1}), Counter()),
}
"""What each typology that elfe drives needs, and what it may have besides."""


@frozen
class DeviceLine:
    """One device of the inventory."""

    line: int
    point: str
    type_id: int
    usage: int
    hardware_id: str
    brand: str
    channel: int
    templates: tuple[tuple[str, str], ...]


@frozen
class ApplianceLines:
    """One appliance of the inventory, with the devices of its lines."""

    line: int
    participant: str
    name: str
    type: int
    typology: int
    devices: tuple[DeviceLine, ...]
    cycle: timedelta = ANY_CYCLE
    may_wait: timedelta = timedelta()
    volume_l: int = 200
    power_w: int = 2000
    windows: tuple[OffPeak, ...] = ()


@frozen
class ParticipantLine:
    """A participant, as the first line that tells more than the reference says."""

    reference: str
    email: str = ""
    observer: bool = False


@frozen
class Inventory:
    """A valid inventory."""

    participants: tuple[ParticipantLine, ...]
    appliances: tuple[ApplianceLines, ...]


@frozen
class Problem:
    """One thing that is wrong, where, and what would be accepted."""

    line: int
    column: str
    what: str

    def __str__(self) -> str:
        return f"ligne {self.line}, colonne « {self.column} » : {self.what}"


def parse(text: str, drivers: Drivers) -> Inventory:
    """The inventory of a CSV text. Raises `InventoryError` whose message has a line per problem."""
    lines, problems = _lines(text)
    if not problems:
        reader = _Reader(drivers)
        inventory = reader.read(lines)
        problems = reader.problems
    if problems:
        found = sorted(problems, key=lambda each: (each.line, each.column))
        raise InventoryError("\n".join(str(each) for each in found))
    return inventory


def _lines(text: str) -> tuple[list[tuple[int, dict[str, str]]], list[Problem]]:
    """The lines with their numbers, their columns by name; or what is wrong with the header."""
    text = text.removeprefix("﻿")
    first = text.partition("\n")[0]
    rows = list(csv.reader(StringIO(text), delimiter=";" if first.count(";") >= first.count(",") else ","))
    if not rows:
        return [], [Problem(1, "", "le fichier est vide")]
    header = [each.strip().lower() for each in rows[0]]
    missing = [Problem(1, each, "colonne manquante") for each in REQUIRED if each not in header]
    unknown = [Problem(1, each, f"colonne inconnue (connues : {', '.join(REQUIRED + OPTIONAL)})")
               for each in header if each and each not in REQUIRED + OPTIONAL]
    lines = [(number, dict(zip(header, (cell.strip() for cell in row), strict=False)))
             for number, row in enumerate(rows[1:], 2) if any(cell.strip() for cell in row)]
    return lines, missing + unknown


class _Reader:
    """Turns lines into an inventory and collects what is wrong."""

    def __init__(self, drivers: Drivers) -> None:
        self.problems: list[Problem] = []
        self._drivers = drivers

    def read(self, lines: Sequence[tuple[int, dict[str, str]]]) -> Inventory:
        """The whole of it; only valid when no problem was found."""
        self._once(lines, lambda cells: cells.get("point", ""), "point", "ce point est déjà pris par la ligne {first}")
        self._once(lines, _hardware_key, "id_materiel", "ce matériel est déjà à la ligne {first}")
        grouped: dict[tuple[str, str], list[tuple[int, dict[str, str]]]] = defaultdict(list)
        participants: dict[str, ParticipantLine] = {}
        for number, cells in lines:
            grouped[cells.get("participant", ""), cells.get("appareil", "")].append((number, cells))
            self._participant(number, cells, participants)
        appliances = [self._appliance(group) for group in grouped.values()]
        return Inventory(tuple(participants.values()), tuple(each for each in appliances if each is not None))

    def _participant(self, number: int, cells: Mapping[str, str], known: dict[str, ParticipantLine]) -> None:
        reference_ = cells.get("participant", "")
        if not PARTICIPANT.fullmatch(reference_):
            self._wrong(number, "participant", reference_, "une référence comme R004")
            return
        email = cells.get("email", "")
        if email and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
            self._wrong(number, "email", email, "une adresse comme nom@exemple.fr, ou rien")
        observer = self._yes_no(number, "observateur", cells)
        before = known.get(reference_, ParticipantLine(reference_))
        known[reference_] = ParticipantLine(reference_, email or before.email, observer or before.observer)

    def _appliance(self, group: list[tuple[int, dict[str, str]]]) -> ApplianceLines | None:
        number, cells = group[0]
        before = len(self.problems)
        if not cells.get("appareil"):
            self._wrong(number, "appareil", "", "le nom de l'appareil, par exemple « Lave-linge »")
        type_ = self._code(number, "type_appareil", cells, reference.APPLIANCE_TYPES)
        typology = self._code(number, "typologie", cells, [
            each for each in reference.TYPOLOGIES if each.id in TYPOLOGY_USAGES])
        devices = [self._device(each_number, each) for each_number, each in group]
        details = {name: value for each_number, each in group for name, value in self._details(each_number, each)}
        for each_number, each in group[1:]:
            for column in ("type_appareil", "typologie"):
                if each.get(column) and each[column] != cells.get(column):
                    self._wrong(each_number, column, each[column], f"la même valeur qu'à la ligne {number}")
        whole = [each for each in devices if each is not None]
        if typology is not None and len(whole) == len(devices):
            self._fits(number, typology, whole)
        if len(self.problems) > before or type_ is None or typology is None:
            return None
        if type_ in MACHINES:
            details.setdefault("cycle", DEFAULT_CYCLE.get(ApplianceType(type_), ANY_CYCLE))
        return ApplianceLines(number, cells["participant"], cells["appareil"], type_, typology, tuple(whole), **details)  # type: ignore[arg-type]

    def _device(self, number: int, cells: Mapping[str, str]) -> DeviceLine | None:
        type_ = self._code(number, "type_materiel", cells, reference.DEVICE_TYPES)
        usage = self._code(number, "usage", cells, reference.USAGES)
        channel = self._number(number, "canal", cells, 0, 7, 0)
        point, templates = cells.get("point", ""), self._templates(number, cells)
        if type_ is not None:
            letter = reference.DEVICE_TYPE[type_].letter
            if not re.fullmatch(rf"{letter}\d{{3,5}}", point):
                self._wrong(number, "point", point, f"un identifiant comme {letter}003 pour le type {type_}")
            if type_ not in self._drivers:
                self._wrong(number, "type_materiel", cells["type_materiel"], "un type dont le plugin est installé : "
                            f"{', '.join(str(driver.type.id) for driver in self._drivers)}")
                return None
            self._needs_its_hardware_id(number, cells, type_, templates)
        if type_ is None or usage is None:
            return None
        return DeviceLine(number, point, type_, usage, cells.get("id_materiel", ""), cells.get("marque", ""), channel, templates)

    def _needs_its_hardware_id(self, number: int, cells: Mapping[str, str], type_: int,
                               templates: tuple[tuple[str, str], ...]) -> None:
        by_hardware = [name for name, value in self._drivers[type_].type.templates.items() if "{hardware_id}" in value]
        if by_hardware and not cells.get("id_materiel") and not set(by_hardware) <= dict(templates).keys():
            self._wrong(number, "id_materiel", "", "l'identifiant inscrit sur le matériel (par exemple A8BC25) : "
                        "le topic de ce type en est fait")

    def _details(self, number: int, cells: Mapping[str, str]) -> Iterator[tuple[str, object]]:
        if cells.get("duree_cycle"):
            yield "cycle", self._duration(number, "duree_cycle", cells["duree_cycle"])
        if cells.get("attente_max"):
            yield "may_wait", self._duration(number, "attente_max", cells["attente_max"])
        if cells.get("volume_l"):
            yield "volume_l", self._number(number, "volume_l", cells, 10, 5000, 200)
        if cells.get("puissance_w"):
            yield "power_w", self._number(number, "puissance_w", cells, 100, 50_000, 2000)
        if cells.get("heures_creuses"):
            yield "windows", self._windows(number, cells["heures_creuses"])

    def _fits(self, number: int, typology: int, devices: Sequence[DeviceLine]) -> None:
        """Whether the devices are those that the typology drives."""
        needed, possible = TYPOLOGY_USAGES[typology]
        found = Counter(each.usage for each in devices)
        if not needed <= found or not found <= needed + possible:
            words = " et ".join(f"un équipement d'usage {usage:d}" for usage in needed)
            besides = "".join(f", et au plus un d'usage {usage:d}" for usage in possible)
            self._wrong(number, "typologie", f"{typology} avec les usages {sorted(int(each) for each in found.elements())}",
                        f"{words}{besides}")

    def _code(self, number: int, column: str, cells: Mapping[str, str], codes: Iterable[Code]) -> int | None:
        """A code by its id or its name."""
        given = cells.get(column, "")
        known = list(codes)
        for each in known:
            if given.lower() in {str(each.id), each.name}:
                return each.id
        self._wrong(number, column, given, ", ".join(f"{each.id} ({each.name})" for each in known))
        return None

    def _number(self, number: int, column: str, cells: Mapping[str, str], least: int, most: int, default: int) -> int:
        given = cells.get(column, "")
        if not given:
            return default
        if given.isascii() and given.isdigit() and least <= int(given) <= most:
            return int(given)
        self._wrong(number, column, given, f"un nombre entier de {least} à {most}")
        return default

    def _duration(self, number: int, column: str, given: str) -> timedelta:
        match = DURATION.fullmatch(given.lower())
        if match and any(match.groups()):
            hours, minutes = (int(each or 0) for each in match.groups())
            if timedelta() < timedelta(hours=hours, minutes=minutes) <= timedelta(hours=24):
                return timedelta(hours=hours, minutes=minutes)
        self._wrong(number, column, given, "une durée comme 2h30 ou 45min")
        return timedelta()

    def _windows(self, number: int, given: str) -> tuple[OffPeak, ...]:
        windows = []
        for each in given.split():
            match = WINDOW.fullmatch(each)
            hours = [int(part) for part in match.groups()] if match else []
            if not hours or max(hours[0], hours[2]) > 24 or max(hours[1], hours[3]) > 59:
                self._wrong(number, "heures_creuses", each, "des plages comme 22:30-06:30 12:30-14:30")
                return ()
            windows.append(OffPeak(hours[0] * 3600 + hours[1] * 60, hours[2] * 3600 + hours[3] * 60))
        return tuple(windows)

    def _templates(self, number: int, cells: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
        """Topic data that differs from the type's own: `root=maison/prise1 full_topic=%topic%/%prefix%/`."""
        pairs = []
        for each in cells.get("topics", "").split():
            name, equals, value = each.partition("=")
            if not equals or not value or set("+#") & set(value):
                self._wrong(number, "topics", each, "des paires nom=valeur sans + ni #, par exemple root=maison/prise1")
                continue
            pairs.append((name, value))
        return tuple(pairs)

    def _yes_no(self, number: int, column: str, cells: Mapping[str, str]) -> bool:
        given = cells.get(column, "").lower()
        if given not in {"", "oui", "non"}:
            self._wrong(number, column, given, "oui, non ou rien")
        return given == "oui"

    def _once(self, lines: Iterable[tuple[int, dict[str, str]]], key: object, column: str, what: str) -> None:
        first: dict[object, int] = {}
        for number, cells in lines:
            each = key(cells)  # type: ignore[operator]
            if each and first.setdefault(each, number) != number:
                self.problems.append(Problem(number, column, f"« {cells[column]} » : " + what.format(first=first[each])))

    def _wrong(self, number: int, column: str, found: str, accepted: str) -> None:
        shown = f"« {found} » ne convient pas" if found else "valeur manquante"
        self.problems.append(Problem(number, column, f"{shown} ; accepté : {accepted}"))


def _hardware_key(cells: Mapping[str, str]) -> object:
    """Eight outputs of one unit share its id, not their channel."""
    hardware = cells.get("id_materiel", "").upper()
    return (hardware, cells.get("canal", "") or "0") if hardware else None
