"""Reading an inventory as people keep it, a line per device, as `docs/inventory.md` describes it. Pure.

`sheets.py` makes cells of a file, `lines.py` lines of cells; here lines become homes. Everything that is wrong is found at
once; each problem names its cell, what was found and what is accepted. Messages are in French: installers read them.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from difflib import get_close_matches

from attrs import evolve, field, frozen

from elfe.coordination import reference, spoken
from elfe.coordination.kinds import DEFAULT_CYCLES, KINDS, MACHINES, MEASURED_TYPOLOGY, TYPOLOGIES, Detail, programme
from elfe.coordination.lines import COLUMNS, NOWHERE, OF_APPLIANCES, OF_KINDS, Kind, Line, Problem, Where, plain, read_lines
from elfe.coordination.reference import Code
from elfe.coordination.sheets import Sheet, of_text
from elfe.coordination.values import ApplianceType, OffPeak, Usage
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device, DeviceType
from elfe.errors import InventoryError

APPLIANCE_TYPES = tuple(each for each in reference.APPLIANCE_TYPES if each.id in KINDS)
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

IN_ENGLISH: Mapping[int, tuple[str, ...]] = {
    ApplianceType.DISHWASHER: ("dishwasher",), ApplianceType.WASHING_MACHINE: ("washing machine", "washer"),
    ApplianceType.TUMBLE_DRYER: ("tumble dryer", "dryer"), ApplianceType.WATER_HEATER: ("water heater", "hot water tank"),
    ApplianceType.HEATING: ("heating", "chauffage"), ApplianceType.CONTROLLED_HEATING: ("controlled heating",),
    ApplianceType.CAR: ("car", "electric car", "voiture"), ApplianceType.E_BIKE: ("e-bike", "vélo électrique", "vae"),
    ApplianceType.FORKLIFT: ("forklift",), ApplianceType.METER: ("meter", "electricity meter", "compteur"),
    ApplianceType.SOLAR_PLANT: ("solar plant", "pv", "photovoltaïque"), ApplianceType.WIND_PLANT: ("wind plant", "éolienne"),
}
WORDS = {"oui": True, "o": True, "yes": True, "y": True, "vrai": True, "true": True, "x": True, "1": True,
         "non": False, "n": False, "no": False, "faux": False, "false": False, "0": False}
IN_WATTS: Mapping[str, Decimal] = {"": Decimal(1), "w": Decimal(1), "watt": Decimal(1), "watts": Decimal(1), "kw": Decimal(1000)}
IN_PERCENT: Mapping[str, Decimal] = {"": Decimal(1), "%": Decimal(1)}
IN_DEGREES: Mapping[str, Decimal] = {each: Decimal(1) for each in ("", "°c", "c", "°", "k")}
UNITS: Mapping[str, Mapping[str, Decimal]] = {
    "volume_l": {**dict.fromkeys(("", "l", "litre", "litres", "liters"), Decimal(1)), **dict.fromkeys(("m3", "m³"), Decimal(1000))},
    "puissance_w": IN_WATTS, "puissance_eco_w": IN_WATTS, "charge_voulue": IN_PERCENT, "eco_force": IN_PERCENT,
    "temperature_confort": IN_DEGREES, "temperature_eco": IN_DEGREES, "tolerance": IN_DEGREES,
    "batterie_kwh": {"": Decimal(1), "kwh": Decimal(1), "wh": Decimal("0.001")},
    "puissance_souscrite": {**dict.fromkeys(("", "kva", "kw"), Decimal(1)), **dict.fromkeys(("va", "w"), Decimal("0.001"))},
}
"""The units that a number may carry, and how many of ours each is."""
NO_UNIT: Mapping[str, Decimal] = {"": Decimal(1)}
NUMBER = re.compile(r"(\d{1,3}(?: \d{3})+|\d+)(?:[.,](\d+))?\s*(%|°?[^\W\d_]*[3³]?)")
"""2200, 2 200, 2,2 kW."""
NUMBERED = re.compile(r"(\d+)(?:[.,]0+)?(?:\s*[-–—:(/ ]\s*(.+?)\)?)?")
"""A code by its number, with or without its name: 112, 112.0, 112 - Lave-linge, 112 (lave_linge)."""
CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::00)?")
DECIMAL_HOURS = re.compile(r"(\d{1,2})[.,](\d{1,2})\s*h", re.IGNORECASE)

ISOLATION = tuple(Code(each.id, each.name, each.human_name) for each in reference.THERMAL_MODELS)
PDL = re.compile(r"[0-9]{14}")

LEAST_KVA, MOST_KVA = 3, 36
"""What a home in France may subscribe."""
PARTICIPANT = re.compile(r"[A-Z][0-9]{3,5}")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
LONGEST = timedelta(hours=24)
NEAR = 4
"""Codes that are proposed for one that nobody knows."""
MANY = 20
"""Codes from which on they are not all listed in one sentence."""


@frozen
class ParticipantLine:
    """A participant, as all of their lines together tell."""

    reference: str
    email: str = ""                  # nothing said, as None below: what is known already stays
    observer: bool | None = None
    subscribed_w: int | None = None      # what the lent loads of this home may draw at once; 0: no limit of its own any more


@frozen
class DeviceLine:
    """One device of the inventory."""

    where: Where
    device: Device
    usage: int
    brand: str = ""


@frozen
class ApplianceLines:
    """One appliance of the inventory, with the devices of its lines."""

    where: Where
    participant: str
    name: str
    type: int
    typology: int
    devices: tuple[DeviceLine, ...]
    details: Mapping[str, int | str] = field(factory=dict)
    """What its kind's table holds of it, by the contract's columns and in their units."""
    cycle: timedelta = timedelta()       # of a machine; so far as nobody has declared another
    windows: tuple[OffPeak, ...] = ()    # of a tank, when it may heat


@frozen
class Inventory:
    """What could be read; whole only when no problem was found."""

    participants: tuple[ParticipantLine, ...] = ()
    appliances: tuple[ApplianceLines, ...] = ()
    remarks: tuple[str, ...] = ()        # what the file holds and nobody reads, in French


def read(text: str, drivers: Drivers) -> tuple[Inventory, list[Problem]]:
    """The inventory of a CSV text, as `read_sheets`."""
    return read_sheets((of_text(text),), drivers)


def read_sheets(given: Iterable[Sheet], drivers: Drivers, home: str = "") -> tuple[Inventory, list[Problem]]:
    """The inventory of a file's sheets, and everything that is wrong with it in the order of the lines.

    `home`: only this participant's lines; what is wrong with others' is not said.
    """
    found = read_lines(given)
    if found.problems:
        return Inventory(remarks=found.remarks), list(found.problems)
    if home:
        found = evolve(found, lines=tuple(line for line in found.lines if line["participant"] == home))
    devices = {line.where: _device(line, drivers) for line in found.lines if line.kind is Kind.DEVICE}
    _no_two_alike(found.lines, devices, drivers)
    of_appliances = [line for line in found.lines if line.kind is not Kind.PARTICIPANT]
    groups = _grouped(of_appliances, lambda line: (line["participant"], plain(line["appareil"]) or line["appareil"]))
    appliances = [_appliance(group, devices) for group in groups]
    participants = [_participant(group) for group in _grouped(found.lines, lambda line: line["participant"])]
    inventory = Inventory(tuple(participants), tuple(each for each in appliances if each is not None),
                          (*found.remarks, *_doubtful(found.lines)))
    return inventory, [problem for line in found.lines for problem in sorted(line.problems, key=_rank)]


def _rank(problem: Problem) -> int:
    """Where its column stands in the documentation; of the line as a whole: first."""
    return COLUMNS.index(problem.column.partition(":")[0]) if problem.column else -1


def _doubtful(found: Iterable[Line]) -> Iterator[str]:
    """A spreadsheet that takes an identifier for a number drops its zeros, and reads 12E5 as 1200000."""
    cells = [line.where.named("id_materiel") for line in found if "id_materiel" in line.numbers]
    if cells:
        yield (f"identifiants que le tableur a pris pour des nombres : {', '.join(cells)} ; vérifiez-les (un zéro en tête est "
               "perdu), ou mettez ces cellules au format Texte et retapez-les")


# -- what stands in a cell ------------------------------------------------------------------------------------------------------


def _code(line: Line, column: str, codes: Sequence[Code], also: Mapping[int, tuple[str, ...]] | None = None) -> int | None:
    """A code by its number, its name or what people call it, or both."""
    numbered = NUMBERED.fullmatch(line[column])
    number, name = (int(numbered[1]), plain(numbered[2] or "")) if numbered else (None, plain(line[column]))
    names = {each: _names(each, also or {}) for each in codes}
    meant = [each for each in codes if number in (None, each.id)
             and (_unspaced(name) in map(_unspaced, names[each]) if name else number is not None)]
    if len(meant) == 1:
        return meant[0].id
    line.wrong(column, _accepted(meant or _near(name, names), codes))
    return None


def hardware_type(text: str, drivers: Drivers) -> int:
    """The device type that a number or a name means. Raises `InventoryError` with what is accepted."""
    line = Line(NOWHERE, Kind.DEVICE, {"type_materiel": text})
    found = _code(line, "type_materiel", _known_types(drivers), _products(drivers))
    if found is None:
        raise InventoryError(line.problems[0].what)
    return found


def _products(drivers: Drivers) -> dict[int, tuple[str, ...]]:
    """What people call the hardware of each type."""
    return {each.type.id: (each.type.human_name, each.type.product) for each in drivers}


def _names(code: Code, also: Mapping[int, tuple[str, ...]]) -> set[str]:
    return {plain(each) for each in (code.name, code.human_name, *also.get(code.id, ())) if each}


def _unspaced(name: str) -> str:
    """Names are compared without their spaces: `lavelinge` is lave_linge, `1 PM` is 1PM."""
    return name.replace("_", "")


def _near(name: str, names: Mapping[Code, set[str]]) -> list[Code]:
    """The codes that a name may mean, said in part, or misspelt."""
    spelt = {each: code for code, known in names.items() for each in known}
    close = get_close_matches(name, spelt, n=NEAR)
    words = set(name.split("_"))
    in_part = [each for each in spelt if name and words <= set(each.split("_"))]
    return list(dict.fromkeys(spelt[each] for each in (*in_part, *close)))[:NEAR]


def _accepted(near: Sequence[Code], codes: Sequence[Code]) -> str:
    """The nearest, or all when nothing is near; those of the hardware are too many for that."""
    if not near and len(codes) > MANY:
        return "un type que montre `elfe plugins`, par son numéro ou son nom"
    listed = ", ".join(f"{each.id} ({each.name})" for each in near or codes)
    return f"{listed}, …" if near and len(near) < len(codes) else listed


def _whole(line: Line, column: str, least: int, most: int) -> int | None:
    """A whole number within bounds; its unit may be said."""
    value = _value(line, column)
    if value is not None and value == int(value) and least <= value <= most:
        return int(value)
    line.wrong(column, f"un nombre entier de {least} à {most}")
    return None


def _number(line: Line, column: str, least: float, most: float) -> float | None:
    """A number within bounds; its unit may be said."""
    value = _value(line, column)
    if value is not None and least <= value <= most:
        return float(value)
    line.wrong(column, f"un nombre de {least:g} à {most:g}".replace(".", ","))
    return None


def _value(line: Line, column: str) -> Decimal | None:
    """The number of a cell in its column's unit."""
    return _amount(line[column], column)


def _amount(text: str, column: str) -> Decimal | None:
    number = NUMBER.fullmatch(text)
    factor = UNITS.get(column, NO_UNIT).get(number[3].lower()) if number else None
    return Decimal(f"{number[1].replace(' ', '')}.{number[2] or 0}") * factor if number and factor else None


# -- lines ----------------------------------------------------------------------------------------------------------------------


def _grouped(found: Iterable[Line], key: Callable[[Line], Hashable]) -> list[list[Line]]:
    groups: dict[Hashable, list[Line]] = defaultdict(list)
    for line in found:
        groups[key(line)].append(line)
    return list(groups.values())


def _no_two_alike(found: Iterable[Line], devices: Mapping[Where, DeviceLine | None], drivers: Drivers) -> None:
    """A point, a piece of hardware and a place on the wire stand on one line each."""
    first: dict[tuple[str, Hashable], Where] = {}
    for line in found:
        for column, key in _unique(line, devices.get(line.where), drivers):
            before = first.setdefault((column, key), line.where)
            if before != line.where:
                line.conflict(column, f"est déjà {before.at(column)}")


def _unique(line: Line, read: DeviceLine | None, drivers: Drivers) -> Iterator[tuple[str, Hashable]]:
    if line["point"]:
        yield "point", line["point"]
    if line["id_materiel"]:      # the outputs of one unit share its id, not their channel
        yield "id_materiel", (line["id_materiel"].upper(), line["canal"] or "0")
    if read is not None and line["topics"]:
        yield "topics", (drivers[read.device.type_id].build_topics(read.device).command, read.device.channel)


# -- participants -----------------------------------------------------------------------------------------------------------


def _participant(lines: Sequence[Line]) -> ParticipantLine:
    for line in lines:
        if not PARTICIPANT.fullmatch(line["participant"]):
            line.wrong("participant", "une référence comme R004")
        if line["email"] and not EMAIL.fullmatch(line["email"]):
            line.wrong("email", "une adresse comme nom@exemple.fr, ou rien")
        if line["observateur"].lower() not in {"", *WORDS}:
            line.wrong("observateur", "oui, non ou rien")
        if line["puissance_souscrite"] and _subscribed_w(line["puissance_souscrite"]) is None:
            line.wrong("puissance_souscrite", f"une puissance de {LEAST_KVA} à {MOST_KVA} kVA, 0 pour ne plus en avoir, ou rien")
    email, observer = _said_once(lines, "email")["email"], _said_once(lines, "observateur", _yes)["observateur"]
    subscribed = _said_once(lines, "puissance_souscrite", _subscribed_w)["puissance_souscrite"]
    return ParticipantLine(lines[0]["participant"], email, _yes(observer) if observer else None, _subscribed_w(subscribed))


def _yes(word: str) -> bool | None:
    return WORDS.get(word.lower())


def _subscribed_w(text: str) -> int | None:
    """W of a cell in kVA, a VA taken for a watt; 0: none any more; None: it is blank, or nothing that a home may subscribe."""
    kva = _amount(text, "puissance_souscrite")
    return round(kva * 1000) if kva is not None and (kva == 0 or LEAST_KVA <= kva <= MOST_KVA) else None


def _said_once(lines: Sequence[Line], column: str, meaning: Callable[[str], object] = str.lower) -> Line:
    """The line that fills a column which may stand on several: nothing may contradict it."""
    filled = [line for line in lines if line[column]]
    for line in filled[1:]:
        if meaning(line[column]) != meaning(filled[0][column]):
            line.conflict(column, f"{filled[0].where.named(column)} dit « {filled[0][column]} »")
    return filled[0] if filled else lines[0]


# -- devices ----------------------------------------------------------------------------------------------------------------


def _device(line: Line, drivers: Drivers) -> DeviceLine | None:
    type_id = _code(line, "type_materiel", _known_types(drivers), _products(drivers))
    usage = _code(line, "usage", reference.USAGES)
    if type_id is None:
        return None
    begins = letter(type_id, drivers[type_id].type.letter if type_id in drivers else "")
    named = re.fullmatch(rf"{begins or '[A-Z]'}[0-9]{{3,5}}", line["point"])
    if not named:
        line.wrong("point", f"un identifiant comme {begins or 'Z'}003 pour un matériel de type {type_id}")
    if type_id not in drivers:
        installed = ", ".join(str(driver.type.id) for driver in drivers) or "aucun"
        line.wrong("type_materiel", f"un type dont le plugin est installé ({installed})")
        return None
    type_ = drivers[type_id].type
    channel = _whole(line, "canal", 0, max(0, type_.outputs - 1)) if line["canal"] else 0
    topics = _topics(line, type_)
    if set("+#/") & set(line["id_materiel"]):      # it may stand in a topic
        line.wrong("id_materiel", "un identifiant sans « + », « # » ni « / »")
        return None
    if not named or usage is None or channel is None or topics is None:
        return None
    if not NEEDS[usage] <= type_.capabilities:
        line.wrong("usage", f"un usage que le matériel de type {type_id} sait remplir : {_possible(type_.capabilities)}")
    try:
        device = drivers[type_id].device(line["point"], line["id_materiel"], topics, channel)
    except ValueError:
        line.wrong("id_materiel", "un identifiant dont un topic puisse être fait, comme il est inscrit sur le matériel : "
                                  "court, en lettres et en chiffres")
        return None
    return DeviceLine(line.where, device, usage, line["marque"])


def _known_types(drivers: Drivers) -> tuple[Code, ...]:
    """The contract's types, and those that the installed plugins declare beyond it."""
    beyond = tuple(Code(each.type.id, each.type.name, each.type.human_name) for each in drivers
                   if each.type.id not in reference.DEVICE_TYPE)
    return (*reference.DEVICE_TYPES, *beyond)


def letter(type_id: int, declared: str) -> str:
    """What the points of a type begin with; empty: any capital. `declared`: by its plugin; the contract has its own."""
    known = reference.DEVICE_TYPE.get(type_id)
    return known.letter if known else declared


def _possible(capabilities: frozenset[Capability]) -> str:
    return ", ".join(f"{each.id} ({each.name})" for each in reference.USAGES if NEEDS[each.id] <= capabilities)


def _topics(line: Line, type_: DeviceType) -> dict[str, str] | None:
    """Topic data that differs from the type's own: `root=maison/prise1`. None when it cannot be used."""
    given: dict[str, str] = {}
    for column, name, value in _topic_data(line, type_):
        if name not in type_.templates or not value or set("+#") & set(value):
            names = " ".join(f"{name}=…" for name in type_.templates)
            line.wrong(column, f"{names}, sans + ni #" if type_.templates else "rien, pour ce type de matériel",
                       found=f"{name}={value}" if value else name)
            return None
        if given.setdefault(name, value) != value:
            line.conflict(column, f"une autre colonne dit {name}={given[name]}")
            return None
    by_hardware = [name for name, default in type_.templates.items() if "{hardware_id}" in default and name not in given]
    if by_hardware and not line["id_materiel"]:
        line.wrong("id_materiel", "l'identifiant inscrit sur le matériel, par exemple A8BC25 : son topic en est fait")
        return None
    return given


def _topic_data(line: Line, type_: DeviceType) -> Iterator[tuple[str, str, str]]:
    """The column, the name and the value of each topic datum of a line."""
    for each in line["topics"].split():
        name, _, value = each.partition("=")
        yield "topics", name, value
    for column, cell in line.cells.items():
        if cell and column.startswith("topics:"):
            yield column, column.partition(":")[2], cell
    if line["passerelle"] and not type_.parent:
        yield "passerelle", line["passerelle"], ""
    elif line["passerelle"]:
        yield "passerelle", type_.parent, _of_gateway(line["passerelle"], type_.templates[type_.parent])


def _of_gateway(named: str, template: str) -> str:
    """The topic datum of a gateway that is named by its topic, or by what its type's template leaves open."""
    return named if "/" in named or "{" not in template else template.format(id=named, hardware_id=named)


# -- appliances -------------------------------------------------------------------------------------------------------------


def _appliance(lines: Sequence[Line], devices: Mapping[Where, DeviceLine | None]) -> ApplianceLines | None:
    first = lines[0]
    if not first["appareil"]:
        first.wrong("appareil", "le nom de l'appareil, par exemple Lave-linge")
    for line in lines:
        if line["appareil"] != first["appareil"]:
            line.conflict("appareil", f"s'écrit « {first['appareil']} » {first.where.at('appareil')} ; écrivez les deux de même")
    said = {column: _said_once(lines, column, plain) for column in OF_APPLIANCES}
    type_ = _code(said["type_appareil"], "type_appareil", APPLIANCE_TYPES, IN_ENGLISH)
    typology = _code(said["typologie"], "typologie", [each for each in reference.TYPOLOGIES if each.id in TYPOLOGIES])
    of_devices = [line for line in lines if line.kind is Kind.DEVICE]
    found = [each for each in (devices[line.where] for line in of_devices) if each is not None]
    if not of_devices:
        first.conflict("appareil", "aucune ligne ne dit quel équipement le pilote")
    elif typology is not None and len(found) == len(of_devices):
        _fits(said["typologie"], type_, typology, found)
    if type_ is None or typology is None:
        return None
    details = _details(said, type_)
    cycle = _duration(said["duree_cycle"], "duree_cycle", DEFAULT_CYCLES[type_]) if type_ in MACHINES else timedelta()
    windows = said["heures_creuses"].parsed("heures_creuses", _windows, "des plages comme 22:30-06:30 12:30-14:30")
    if any(line.problems for line in lines):
        return None
    return ApplianceLines(first.where, first["participant"], first["appareil"], type_, typology, tuple(found), details, cycle,
                          windows or ())


def _fits(line: Line, type_: int | None, typology: int, devices: Iterable[DeviceLine]) -> None:
    """Whether the devices are those of the typology, and the typology one of the kind."""
    found = Counter(each.usage for each in devices)
    if not TYPOLOGIES[typology].fits(found):
        usages = ", ".join(str(usage) for usage in sorted(found.elements()))
        line.wrong("typologie", f"pour la typologie {typology}, {TYPOLOGIES[typology].told}",
                   found=f"{line['typologie']} avec les usages {usages}")
    elif type_ is not None and KINDS[type_].measured_only != (typology == MEASURED_TYPOLOGY):
        only = f"{MEASURED_TYPOLOGY}, la seule" if KINDS[type_].measured_only else f"une autre que {MEASURED_TYPOLOGY}"
        line.wrong("typologie", f"{only} pour {KINDS[type_].words}")


def _details(said: Mapping[str, Line], type_: int) -> dict[str, int | str]:
    """What the kind's table holds, in the contract's units; what makes no sense for the kind is a problem."""
    kind = KINDS[type_]
    for column in OF_KINDS:
        if column not in kind.accepted and said[column][column]:
            said[column].wrong(column, f"rien, pour {kind.words}")
    details: dict[str, int | str] = {each.name: stored for each in kind.details
                                     if (stored := _stored(said[each.column], each)) is not None}
    if "attente_max" in kind.columns:
        wait = _duration(said["attente_max"], "attente_max", timedelta())
        details["delai_attente_maximale_apres_fin"] = int(wait.total_seconds())
    if "confort_semaine" in kind.columns:
        details |= programme(_comfort(said, "confort_semaine"), _comfort(said, "confort_weekend"))
    if "pdl" in kind.columns:
        details["numero_pdl"] = _pdl(said["pdl"])
    return details


def _stored(line: Line, detail: Detail) -> int | None:
    """A detail in the contract's unit; None when it cannot be read."""
    if not line[detail.column] and detail.default is not None:
        return detail.stored(detail.default)
    if detail.column == "isolation":
        return _code(line, "isolation", ISOLATION)
    if detail.scale == 1:
        return _whole(line, detail.column, int(detail.least), int(detail.most))
    value = _number(line, detail.column, detail.least, detail.most)
    return None if value is None else detail.stored(value)


def _comfort(said: Mapping[str, Line], column: str) -> tuple[tuple[int, int], ...]:
    """The comfort periods of a heater: two at most, within a day; none, it stays eco."""
    accepted = "au plus deux plages d'une même journée, comme 06:00-08:30 17:00-22:00"
    found = said[column].parsed(column, _windows, accepted) or ()
    periods = tuple((each.start_s, each.end_s or 86_400) for each in found)
    if len(periods) > 2 or any(start >= end for start, end in periods):
        said[column].wrong(column, accepted)
        return ()
    return periods


def _pdl(line: Line) -> str:
    """The delivery point's number, 14 digits; « 0 » where it is not known, as the contract has it."""
    bare = line["pdl"].replace(" ", "")
    if bare and not PDL.fullmatch(bare):
        line.wrong("pdl", "14 chiffres, cellule au format Texte, ou rien")
    return bare or "0"


def _windows(text: str) -> tuple[OffPeak, ...]:
    """As people write them: `22h30-6h30 et 12h30 - 14h30`, `de 22:30 à 06:30`."""
    joined = re.sub(r"\s*(?:-|–|—|à)\s*", "-", text)
    return spoken.parse_windows(re.sub(r"\s*(?:[,;/]|\b(?:et|and|de)\b)\s*", " ", joined))


def _duration(line: Line, column: str, default: timedelta) -> timedelta:
    if not line[column]:
        return default
    return line.parsed(column, _within_a_day, "une durée comme 2h30 ou 45min, de 24 heures au plus") or default


def _within_a_day(text: str) -> timedelta:
    """`2h30`, `45min`, and what spreadsheets make of them: `02:30`, `2,5 h`."""
    clock, decimal = CLOCK.fullmatch(text), DECIMAL_HOURS.fullmatch(text)
    if clock:
        duration = timedelta(hours=int(clock[1]), minutes=int(clock[2]))
    elif decimal:
        duration = timedelta(hours=float(f"{decimal[1]}.{decimal[2]}"))
    else:
        duration = spoken.parse_duration(text)
    if not timedelta() < duration <= LONGEST:
        raise ValueError(text)
    return duration
