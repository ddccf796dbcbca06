"""What happens to devices and participants after the visit: found again, replaced, adopted, gone. Pure.

What is replaced or adopted becomes an inventory, which goes the way of every inventory (`provision`, then `store`). Messages
are in French: installers and coordinators read them.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO

from attrs import evolve, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.coordination.inventory import (
    NEEDS,
    PARTICIPANT,
    ApplianceLines,
    DeviceLine,
    Inventory,
    ParticipantLine,
)
from elfe.coordination.kinds import KINDS, comfort, programme
from elfe.coordination.lines import COLUMNS, NOWHERE
from elfe.coordination.provision import Standing, StandingAppliance, StandingDevice
from elfe.coordination.values import Appliance, InstalledDevice, OffPeak
from elfe.devices.drivers import Driver, Drivers
from elfe.devices.values import Device, Topics
from elfe.errors import LifecycleError

# -- a device in its place ---------------------------------------------------------------------------------------------------


@frozen
class Place:
    """A device where it stands: everything by which people know it."""

    row: InstalledDevice
    appliance: Appliance
    driver: Driver | None = None       # None: no plugin that is enabled drives it
    device: Device | None = None       # None: it cannot be spoken to
    product: str = ""                  # in French

    @property
    def point(self) -> str:
        """Its installation point."""
        return self.row.id

    @property
    def topics(self) -> Topics | None:
        """Where it listens, and what it says where."""
        return self.driver.build_topics(self.device) if self.driver and self.device else None

    @property
    def unit(self) -> tuple[object, ...]:
        """What it shares with the other outputs of the same hardware; behind a gateway each is its own."""
        if self.driver is None or self.device is None or self.driver.type.parent:
            return (self.point,)
        return (self.row.type_id, *sorted(self.device.templates.items()))


def places(rows: Iterable[InstalledDevice], appliances: Iterable[Appliance], devices: Mapping[str, Device],
           drivers: Drivers) -> list[Place]:
    """Every device in its place. `devices`: those that can be spoken to, by point."""
    by_id = {each.id: each for each in appliances}
    return [Place(row, by_id[row.appliance_id], drivers.by_type.get(row.type_id), devices.get(row.id),
                  product(row.type_id, drivers)) for row in rows]


def product(type_id: int, drivers: Drivers) -> str:
    """How people call a device of this type, in French where its plugin says it."""
    type_ = drivers[type_id].type if type_id in drivers else None
    return (type_.human_name or type_.product) if type_ else f"type {type_id}"


def members(place: Place, every: Iterable[Place]) -> list[Place]:
    """The devices of the same hardware, in order."""
    return sorted((each for each in every if each.unit == place.unit), key=lambda each: each.point)


# -- found -------------------------------------------------------------------------------------------------------------------


@frozen
class Retired:
    """Hardware that stood on a point once."""

    point: str
    type_id: int
    hardware_id: str
    until: int           # epoch s
    reason: str


@frozen
class Found:
    """A device, and by what it was found."""

    place: Place
    by: str


def find(asked: str, every: Iterable[Place], retired: Iterable[Retired] = ()) -> list[Found]:
    """The devices that somebody means: a label's text, a point, a home, a hardware id, a topic, an appliance's name.

    The first of these that finds something tells; hardware that was retired leads to the point where it stood.
    """
    every, text = list(every), _unlabelled(asked)
    for by, means in (
        ("point", lambda each: each.point.upper() == text.upper()),
        ("foyer", lambda each: each.row.participant.upper() == text.upper()),
        ("id matériel", lambda each: same_hardware(text, each.row.hardware_id)),
        ("topic", lambda each: _matches(_own(each), text)),
        ("topic autorisé", lambda each: _matches(_allowed(each), text)),
        ("appareil", lambda each: bool(_plain(text)) and _plain(text) in _plain(each.appliance.name)),
    ):
        found = [Found(each, by) for each in every if means(each)]
        if found:
            return found
    gone = {each.point: each for each in retired if same_hardware(text, each.hardware_id)}
    return [Found(each, "ancien id matériel") for each in every if each.point in gone]


def _unlabelled(text: str) -> str:
    """What a label's QR code holds ends with the point: `elfe:D003`, `https://portal.example/p/D003`."""
    text = text.strip()
    if text.lower().startswith("elfe:") or "://" in text:
        return re.split(r"[:/]", text.rstrip("/"))[-1]
    return text.strip("/")


def same_hardware(asked: str, known: str) -> bool:
    """Whether two notations are one id; a whole MAC address may be asked for where its end is known."""
    asked, known = _bare(asked), _bare(known)
    whole = re.fullmatch(r"[0-9A-F]{12}", asked) and re.fullmatch(r"[0-9A-F]{6,12}", known)
    return bool(known) and (asked == known or bool(whole and asked.endswith(known)))


def _bare(hardware_id: str) -> str:
    return re.sub(r"[\s:.-]", "", hardware_id).upper()


def _plain(text: str) -> str:
    """Without case, accents or hyphens: `seche linge` is Sèche-linge."""
    flat = "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))
    return re.sub(r"[\W_]+", " ", flat).strip()


def _matches(filters: Iterable[str], topic: str) -> bool:
    matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
    for each in filters:
        matcher[each] = True
    return next(iter(matcher.iter_match(topic)), None) is not None  # type: ignore[no-untyped-call]


def _own(place: Place) -> Iterator[str]:
    topics = place.topics
    if topics:
        yield from filter(None, (topics.command, *topics.listen))


def _allowed(place: Place) -> Iterator[str]:
    """What its unit may say and hear besides: its account's rights."""
    topics = place.topics
    if topics:
        yield from (*topics.reads, *topics.writes, f"elfe/+/{place.point}/#")


# -- replaced ------------------------------------------------------------------------------------------------------------------


def replacement(point: str, hardware_id: str, every: Iterable[Place], standing: Standing, drivers: Drivers,
                type_id: int | None = None, topics: Mapping[str, str] | None = None) -> Inventory:
    """The inventory that puts other hardware on a point, and on all points of the same unit. Raises `LifecycleError`.

    Topic data that was made of the hardware id or left to its type follows; what the site has chosen stays.
    """
    every, hardware_id = list(every), hardware_id.strip()
    place = next((each for each in every if each.point == point), None)
    if place is None:
        raise LifecycleError(f"aucun équipement au point {point} ; `elfe devices list` les montre")
    if not hardware_id or set("+#/") & set(hardware_id):
        raise LifecycleError("il faut l'identifiant inscrit sur le nouveau matériel, sans « + », « # » ni « / » : "
                             "--hardware A8BC26")
    driver = _driver(drivers, type_id if type_id is not None else place.row.type_id)
    changed = {each.point: _replaced(each, driver, hardware_id, topics or {}) for each in members(place, every)}
    return Inventory(appliances=tuple(
        _lines(appliance, every, changed) for appliance in standing.appliances
        if any(device.point in changed for device in appliance.devices)))


def _driver(drivers: Drivers, type_id: int) -> Driver:
    if type_id not in drivers:
        raise LifecycleError(f"aucun plugin ne pilote le type {type_id} ; `elfe plugins` montre les types installés")
    return drivers[type_id]


def _replaced(place: Place, driver: Driver, hardware_id: str, topics: Mapping[str, str]) -> Device:
    """The device on its point from now on."""
    type_ = driver.type
    unknown = sorted(set(topics) - set(type_.templates))
    if unknown:
        raise LifecycleError(f"« {unknown[0]} » n'est pas une donnée de topic du type {type_.id} "
                             f"(accepté : {', '.join(type_.templates) or 'aucune'})")
    needs = NEEDS.get(place.row.usage, frozenset())
    if not needs <= type_.capabilities:
        raise LifecycleError(f"un {type_.human_name or type_.product} ne sait pas remplir l'usage {place.row.usage} du point "
                             f"{place.point}")
    if place.row.channel >= max(1, type_.outputs):
        raise LifecycleError(f"le point {place.point} est la sortie {place.row.channel} : un "
                             f"{type_.human_name or type_.product} n'en a que {max(1, type_.outputs)}")
    chosen = _chosen(place) if place.row.type_id == type_.id else {}
    try:
        return driver.device(place.point, hardware_id, {**chosen, **topics}, place.row.channel)
    except ValueError as error:
        raise LifecycleError(str(error)) from error


def _chosen(place: Place) -> dict[str, str]:
    """Topic data that the site has chosen itself. Where nobody wrote the hardware id down, what looks made of one is not."""
    if place.driver is None or place.device is None:
        return {}
    known, type_ = place.row.hardware_id, place.driver.type
    return {name: text for name, text in place.device.templates.items()
            if not _is_usual(text, type_.templates.get(name, ""), place.point, known)}


def _is_usual(text: str, template: str, point: str, hardware_id: str) -> bool:
    if hardware_id or "{hardware_id}" not in template:
        return text == template.format_map({"id": point, "hardware_id": hardware_id or point})
    shape = "[^/]+".join(re.escape(part.format_map({"id": point})) for part in template.split("{hardware_id}"))
    return re.fullmatch(shape, text) is not None


def _lines(appliance: StandingAppliance, every: Iterable[Place], changed: Mapping[str, Device]) -> ApplianceLines:
    """An appliance as an inventory would list it, with what changes."""
    devices = {each.point: each.device for each in every if each.device is not None} | dict(changed)
    missing = [each.point for each in appliance.devices if each.point not in devices]
    if missing:
        raise LifecycleError(f"le point {missing[0]}, du même appareil, ne peut pas être lu : {appliance} ; "
                             "`elfe devices list` dit pourquoi")
    lines = tuple(DeviceLine(NOWHERE, evolve(devices[each.point], reply_to=""), each.usage,
                             "" if each.point in changed else each.brand) for each in appliance.devices)
    return ApplianceLines(NOWHERE, appliance.participant, appliance.name, appliance.type, appliance.typology, lines,
                          {name: value for name, value in appliance.details.items() if name in _details_of(appliance.type)},
                          windows=appliance.windows)


def _details_of(type_: int) -> frozenset[str]:
    """What an inventory tells of a kind, by the columns of its table; a machine's wait is its participant's."""
    kind = KINDS[type_]
    periods = programme((), ()) if "confort_semaine" in kind.columns else {}
    return frozenset({each.name for each in kind.details} | set(periods) | ({"numero_pdl"} if "pdl" in kind.columns else set()))


# -- adopted -------------------------------------------------------------------------------------------------------------------


def adoption(row: Mapping[str, str], standing: Standing) -> str:
    """The inventory, as its CSV text, that adds a device to a home. `row`: its cells by column.

    An appliance that stands already is listed whole, so that it keeps the devices that it has.
    """
    known = next((each for each in standing.appliances
                  if (each.participant, _plain(each.name)) == (row["participant"], _plain(row["appareil"]))), None)
    if known is None:
        return as_csv([row])
    for device in known.devices:
        if device.point == row["point"]:
            raise LifecycleError(f"le point {device.point} est déjà occupé chez {known} ; "
                                 f"`elfe devices replace {device.point} --hardware …` y met un autre matériel")
    of_itself = {"appareil": known.name, "type_appareil": str(known.type), "typologie": str(known.typology), **_of_kind(known)}
    stands = [{"participant": known.participant, **of_itself, **_of_device(each)} for each in known.devices]
    return as_csv([*stands, {**row, **of_itself}])


def _of_kind(appliance: StandingAppliance) -> dict[str, str]:
    """What an inventory would say of it, by its columns; what it leaves out stays as it is or is decided by nobody."""
    kind = KINDS[appliance.type]
    told = {each.column: each.told(int(appliance.details[each.name])) for each in kind.details}
    if "heures_creuses" in kind.columns:
        told["heures_creuses"] = " ".join(_window(each) for each in appliance.windows)
    if "pdl" in kind.columns and appliance.details["numero_pdl"] != "0":
        told["pdl"] = str(appliance.details["numero_pdl"])
    if "confort_semaine" in kind.columns:
        told |= {f"confort_{days}": " ".join(_window(OffPeak(*each)) for each in periods)
                 for days, periods in comfort(appliance.details).items()}
    return told


def _window(window: OffPeak) -> str:
    return "-".join(f"{seconds // 3600:02}:{seconds // 60 % 60:02}" for seconds in (window.start_s, window.end_s))


def _of_device(device: StandingDevice) -> dict[str, str]:
    return {"point": device.point, "usage": str(device.usage), "type_materiel": str(device.type_id),
            "id_materiel": device.hardware_id, "canal": str(device.channel), "marque": device.brand,
            "topics": " ".join(f"{name}={value}" for name, value in device.templates.items() if value)}


def as_csv(rows: Iterable[Mapping[str, str]]) -> str:
    """Rows as an inventory's text."""
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, delimiter=";", lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows({name: value for name, value in row.items() if value} for row in rows)
    return text.getvalue()


# -- moved, gone ---------------------------------------------------------------------------------------------------------------

GONE = "parti"
"""What stands where a participant's reference stood."""


@frozen
class Leaving:
    """Somebody leaves: what goes, what goes along to another home, what is kept without a name."""

    participant: ParticipantLine
    removed: tuple[StandingAppliance, ...]
    moved: tuple[StandingAppliance, ...] = ()
    to: str = ""                       # the reference of the other home; empty: they leave for good
    known_there: bool = False          # somebody has that reference already
    keeps_measures: bool = False
    accounts: tuple[str, ...] = field(factory=tuple)     # of the broker, that are revoked

    @property
    def points(self) -> tuple[str, ...]:
        """The points that nobody has any more."""
        return tuple(device.point for each in self.removed for device in each.devices)

    def erased(self) -> list[str]:
        """What is erased, in French."""
        told = [f"le participant {self.participant.reference}" + (" et son adresse e-mail" if self.participant.email else "")]
        if self.removed:
            told.append(f"le nom et les souhaits de {_counted(self.removed)}, mis en mode 80 (supprimé)")
        if self.participant.subscribed_w:
            told.append("la puissance souscrite de son logement"
                        + (f" ; celle de {self.to} se dit dans l'inventaire" if self.to else ""))
        if self.points and not self.keeps_measures:
            told.append(f"toutes les mesures des points {', '.join(self.points)}")
        if self.points:
            told.append(f"l'état, les réglages et les tâches de visite des points {', '.join(self.points)}")
        if self.accounts:
            told.append(f"les comptes du broker et leurs secrets : {', '.join(self.accounts)}")
        return told

    def stays(self) -> list[str]:
        """What stays, and what nobody but a person can erase."""
        told = []
        if self.moved:
            told.append(f"chez {self.to} : {_counted(self.moved)}, avec points, mesures et étiquettes, en mode manuel")
        if self.to and self.participant.email and not self.known_there:
            told.append(f"l'adresse e-mail, chez {self.to} : c'est la même personne")
        if self.points and self.keeps_measures:
            told.append("les mesures, sans nom ni point, comme le consentement le permet")
        if self.removed:
            told.append("sans nom : les déclarations et les ordres passés, les planifications, le matériel qui a été sur chaque "
                        "point")
        told.append(f"la date du départ de {self.participant.reference}, pour le refaire après une restauration")
        told.append("hors d'elfe, à effacer par vous : sauvegardes, Zabbix, portail, papiers de visite")
        return told


def _counted(appliances: Iterable[StandingAppliance]) -> str:
    named = [f"« {each.name} »" for each in appliances]
    return ", ".join(named) if named else "aucun appareil"


def leaving(reference: str, standing: Standing, every: Iterable[Place], *, to: str = "", stays_behind: Iterable[str] = (),
            keeps_measures: bool = False) -> Leaving:
    """What it means that a participant leaves, or moves `to` another home. `stays_behind`: appliances that do not go along.

    Raises `LifecycleError`.
    """
    participant = standing.participants.get(reference)
    own = tuple(each for each in standing.appliances if each.participant == reference)
    if participant is None and not own:
        raise LifecycleError(f"aucun participant {reference} ; `elfe devices find {reference}` cherche ses équipements")
    participant = participant or ParticipantLine(reference)
    if not to:
        return Leaving(participant, own, keeps_measures=keeps_measures)
    _can_move(reference, to)
    behind = {_plain(each) for each in stays_behind}
    unknown = behind - {_plain(each.name) for each in own}
    if unknown:
        raise LifecycleError(f"{reference} n'a pas d'appareil « {sorted(unknown)[0]} » (il a : {_counted(own)})")
    moved = tuple(each for each in own if _plain(each.name) not in behind)
    removed = tuple(each for each in own if _plain(each.name) in behind)
    _nothing_clashes(moved, to, standing)
    _no_unit_is_torn(moved, removed, list(every))
    return Leaving(participant, removed, moved, to, to in standing.participants, keeps_measures)


def _can_move(reference: str, to: str) -> None:
    if not PARTICIPANT.fullmatch(to):
        raise LifecycleError(f"« {to} » n'est pas une référence comme R012")
    if to == reference:
        raise LifecycleError(f"{reference} y habite déjà")


def _nothing_clashes(moved: Iterable[StandingAppliance], to: str, standing: Standing) -> None:
    there = {_plain(each.name) for each in standing.appliances if each.participant == to}
    twice = [each.name for each in moved if _plain(each.name) in there]
    if twice:
        raise LifecycleError(f"{to} a déjà un appareil « {twice[0]} » : laissez celui-ci (--without « {twice[0]} ») "
                             "ou renommez l'autre")


def _no_unit_is_torn(moved: Iterable[StandingAppliance], removed: Iterable[StandingAppliance], every: list[Place]) -> None:
    goes = {device.point for each in moved for device in each.devices}
    units = {each.unit: each.point for each in every if each.point in goes}
    for each in every:
        if each.unit in units and each.point not in goes:
            raise LifecycleError(f"les points {units[each.unit]} et {each.point} sont un seul matériel : "
                                 "il part en entier ou reste en entier")
