"""From an inventory and what stands to what would change. Pure: `elfe.coordination.store` reads before and performs after.

An appliance is known by its participant and its name, a device by its installation point. What the inventory does not
mention is left alone, so a file may hold one new home or all of them. The same inventory twice changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum

from attrs import evolve, field, frozen

from elfe.coordination.inventory import ApplianceLines, DeviceLine, Inventory, ParticipantLine
from elfe.coordination.kinds import KINDS
from elfe.coordination.lines import Problem
from elfe.coordination.values import OffPeak, Usage
from elfe.history.values import power_series, temperature_series

TITLES = {"numero_pdl": "PDL"}
"""In French, what has no detail of its own; a heater's programme goes by the names of its columns."""
METERS = (Usage.METER, Usage.SWITCH_AND_METER)
"""The usages that measure the appliance, the better one first."""


class What(Enum):
    """What happens to a row; in French, installers read it."""

    CREATE = "créer"
    CHANGE = "modifier"
    LEAVE = "inchangé"


@frozen
class StandingDevice:
    """A device as the database has it."""

    point: str
    type_id: int
    usage: int
    hardware_id: str
    channel: int
    templates: Mapping[str, str]    # empty: its row was filled by hand
    brand: str


@frozen
class StandingAppliance:
    """An appliance as the database has it, with the devices that are at its participant's."""

    id: int
    participant: str
    name: str
    type: int
    typology: int
    devices: tuple[StandingDevice, ...]
    power_series: int = 0
    temperature_series: int = 0          # of a controlled heating
    details: Mapping[str, int | str] = field(factory=dict)
    """Its row in its kind's table, by the contract's columns."""
    windows: tuple[OffPeak, ...] = ()

    def __str__(self) -> str:
        return f"{self.participant} (« {self.name} », n° {self.id})"


@frozen
class Standing:
    """What stands: every participant that we know, every appliance that is not removed."""

    participants: Mapping[str, ParticipantLine]
    appliances: tuple[StandingAppliance, ...]


@frozen
class ParticipantChange:
    """What happens to one participant. `after` is whole: what the inventory leaves open is as it was."""

    what: What
    after: ParticipantLine
    differs: tuple[str, ...] = ()


@frozen
class ApplianceChange:
    """What happens to one appliance and its devices. `id` is its own when it stands already."""

    what: What
    after: ApplianceLines
    differs: tuple[str, ...] = ()
    id: int | None = None
    leaves: tuple[str, ...] = ()    # the points that it has no more


@frozen
class Changes:
    """Everything that an inventory asks for, in its order."""

    participants: tuple[ParticipantChange, ...]
    appliances: tuple[ApplianceChange, ...]

    @property
    def all_stands(self) -> bool:
        """Whether there is nothing to do."""
        done = [each.what for each in self.participants] + [each.what for each in self.appliances]
        return all(what is What.LEAVE for what in done)

    def by_home(self) -> list[Changes]:
        """The changes of each home apart, in order, without those that stand; homes between which a point moves stay together."""
        together = _Together()
        owner: dict[str, str] = {}
        for each in self.appliances:
            home = together.find(each.after.participant)
            for point in (*(line.device.id for line in each.after.devices), *each.leaves):
                together.join(owner.setdefault(point, home), home)
        groups: dict[str, Changes] = {}
        for participant in self.participants:
            if participant.what is not What.LEAVE:
                home = together.find(participant.after.reference)
                known = groups.get(home, NOTHING)
                groups[home] = evolve(known, participants=(*known.participants, participant))
        for each in self.appliances:
            if each.what is not What.LEAVE:
                home = together.find(each.after.participant)
                known = groups.get(home, NOTHING)
                groups[home] = evolve(known, appliances=(*known.appliances, each))
        return list(groups.values())

    @property
    def homes(self) -> tuple[str, ...]:
        """Whose homes these changes are of."""
        named = [each.after.reference for each in self.participants] + [each.after.participant for each in self.appliances]
        return tuple(dict.fromkeys(named))


NOTHING = Changes((), ())


@frozen
class _Together:
    """Homes that must change at once: each leads to the one that stands for its group."""

    leads_to: dict[str, str] = field(factory=dict)

    def find(self, home: str) -> str:
        while self.leads_to.get(home, home) != home:
            home = self.leads_to[home]
        return home

    def join(self, one: str, other: str) -> None:
        self.leads_to[self.find(other)] = self.find(one)


def changes(inventory: Inventory, standing: Standing, find_series: Callable[[str], int | None]) -> Changes:
    """What provisioning would do; `find_series` knows the ids of the history's series."""
    by_key = {(each.participant, each.name): each for each in standing.appliances}
    return Changes(
        tuple(_of_participant(each, standing.participants.get(each.reference)) for each in inventory.participants),
        tuple(_of_appliance(each, by_key.get((each.participant, each.name)), find_series)
              for each in inventory.appliances))


def metered_by(lines: ApplianceLines) -> str:
    """The point whose power series is the appliance's; its driving device where none of them meters."""
    return _metered([(each.usage, each.device.id) for each in lines.devices])


def series_names(lines: ApplianceLines) -> tuple[str, str]:
    """The names of its power series and of its temperature series; the latter is empty where its kind has none."""
    return _series_names(lines.type, [(each.usage, each.device.id) for each in lines.devices])


def series_names_of(appliance: StandingAppliance) -> tuple[str, str]:
    """The same of an appliance that stands."""
    return _series_names(appliance.type, [(each.usage, each.point) for each in appliance.devices])


def _series_names(type_: int, points: list[tuple[int, str]]) -> tuple[str, str]:
    felt = next((point for usage, point in points if usage == Usage.AMBIENT), _metered(points))
    return power_series(_metered(points)), temperature_series(felt) if "temperature_confort" in KINDS[type_].accepted else ""


def _metered(points: list[tuple[int, str]]) -> str:
    meters = [point for wanted in METERS for usage, point in points if usage == wanted]
    return (meters or [point for _, point in points])[0]


# -- what differs -----------------------------------------------------------------------------------------------------------


def _of_participant(after: ParticipantLine, before: ParticipantLine | None) -> ParticipantChange:
    if before is None:
        return ParticipantChange(What.CREATE, evolve(after, observer=bool(after.observer), subscribed_w=after.subscribed_w or None))
    whole = evolve(after, email=after.email or before.email,
                   observer=before.observer if after.observer is None else after.observer,
                   subscribed_w=before.subscribed_w if after.subscribed_w is None else after.subscribed_w or None)
    compared = (("adresse", before.email, whole.email), ("observateur", before.observer, whole.observer),
                ("puissance souscrite", _kva(before.subscribed_w), _kva(whole.subscribed_w)))
    differs = tuple(_differences(compared))
    return ParticipantChange(What.CHANGE if differs else What.LEAVE, whole, differs)


def _of_appliance(after: ApplianceLines, before: StandingAppliance | None,
                  find_series: Callable[[str], int | None]) -> ApplianceChange:
    if before is None:
        return ApplianceChange(What.CREATE, after)
    power, felt = series_names(after)
    differs = (*_differences(_of_itself(before, after)), *_of_devices(before.devices, after.devices),
               *_of_series(before, find_series(power), find_series(felt) if felt else 0))
    kept = {each.device.id for each in after.devices}
    leaves = tuple(each.point for each in before.devices if each.point not in kept)
    return ApplianceChange(What.CHANGE if differs else What.LEAVE, after, differs, before.id, leaves)


def _of_itself(before: StandingAppliance, after: ApplianceLines) -> Iterator[tuple[str, object, object]]:
    """What an inventory decides; what its participant declares is theirs once the appliance stands."""
    kind = KINDS[after.type]
    yield "type", before.type, after.type
    yield "typologie", before.typology, after.typology
    for each in kind.details:
        if not each.participants:
            yield each.title, before.details.get(each.name, ""), after.details[each.name]
    for name in sorted(decided(after) - {each.name for each in kind.details}):
        yield TITLES.get(name, name), before.details.get(name, ""), after.details[name]
    if "heures_creuses" in kind.columns and set(before.windows) != set(after.windows):
        yield "heures creuses", _shown(before.windows), _shown(after.windows)


def decided(lines: ApplianceLines) -> set[str]:
    """The columns of its kind's table that an inventory goes on to decide."""
    theirs = {each.name for each in KINDS[lines.type].details if each.participants} | {"delai_attente_maximale_apres_fin"}
    return set(lines.details) - theirs


def _of_devices(before: Iterable[StandingDevice], after: Iterable[DeviceLine]) -> Iterator[str]:
    old, new = {each.point: each for each in before}, {each.device.id: each for each in after}
    yield from (f"point {point} retiré" for point in old if point not in new)
    for point, line in new.items():
        if point not in old:
            yield f"point {point} ajouté"
        else:
            yield from (f"point {point}, {each}" for each in _differences(_of_device(old[point], line)))


def _of_device(before: StandingDevice, after: DeviceLine) -> Iterator[tuple[str, object, object]]:
    device = after.device
    yield "type", before.type_id, device.type_id
    yield "usage", before.usage, after.usage
    yield "matériel", before.hardware_id, device.hardware_id
    yield "canal", before.channel, device.channel
    if after.brand:
        yield "marque", before.brand, after.brand
    if before.templates != device.templates:
        yield "topics", _pairs(before.templates) or "à la main", _pairs(device.templates)


def _of_series(before: StandingAppliance, power: int | None, felt: int | None) -> Iterator[str]:
    if power != before.power_series:
        yield "série de mesures"
    if felt != before.temperature_series:
        yield "série de température"


def _differences(compared: Iterable[tuple[str, object, object]]) -> Iterator[str]:
    return (f"{name} {_word(before)} → {_word(after)}" for name, before, after in compared if before != after)


def _word(value: object) -> str:
    return {True: "oui", False: "non"}[value] if isinstance(value, bool) else str(value) or "aucun"


def _kva(watts: int | None) -> str:
    return "" if watts is None else f"{watts / 1000:g} kVA".replace(".", ",")


def _pairs(templates: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(templates.items()))


def _shown(windows: Iterable[OffPeak]) -> str:
    return " ".join(f"{_clock(each.start_s)}-{_clock(each.end_s)}" for each in windows)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


# -- what contradicts what stands -------------------------------------------------------------------------------------------


def conflicts(inventory: Inventory, standing: Standing) -> list[Problem]:
    """Why an inventory that is right in itself cannot be provisioned here."""
    named: dict[tuple[str, str], list[StandingAppliance]] = defaultdict(list)
    for each in standing.appliances:
        named[each.participant, each.name].append(each)
    mentioned = {(each.participant, each.name) for each in inventory.appliances}
    places = _Places.of(each for each in standing.appliances if (each.participant, each.name) not in mentioned)
    problems: list[Problem] = []
    for lines in inventory.appliances:
        problems += _changes_kind(lines, named[lines.participant, lines.name])
        for line in lines.devices:
            problems += places.taken(line)
    return problems


def _changes_kind(lines: ApplianceLines, found: list[StandingAppliance]) -> Iterator[Problem]:
    if len(found) > 1:
        numbers = ", ".join(str(each.id) for each in found)
        yield Problem(lines.where, "appareil", f"« {lines.name} » : plusieurs appareils portent déjà ce nom (n° {numbers})")
    for each in found[:1]:
        if each.type not in KINDS or KINDS[each.type].table != KINDS[lines.type].table:
            yield Problem(lines.where, "type_appareil", f"« {lines.type} » : {each} est déjà de type {each.type} ; "
                          "donnez un autre nom au nouvel appareil")


@frozen
class _Places:
    """Who stands where, of those that an inventory does not mention: a point or a piece of hardware may move, but only away
    from an appliance that it does.
    """

    points: Mapping[str, StandingAppliance]
    hardware: Mapping[tuple[str, int], tuple[StandingAppliance, StandingDevice]]

    @classmethod
    def of(cls, appliances: Iterable[StandingAppliance]) -> _Places:
        devices = [(each, device) for each in appliances for device in each.devices]
        return cls({device.point: each for each, device in devices},
                   {(device.hardware_id.upper(), device.channel): (each, device) for each, device in devices
                    if device.hardware_id})

    def taken(self, line: DeviceLine) -> Iterator[Problem]:
        """What stands in the way of a device."""
        if line.device.id in self.points:
            yield Problem(line.where, "point", f"« {line.device.id} » : est déjà chez {self.points[line.device.id]} ; "
                          "gardez le nom de cet appareil, ou dites dans ce fichier ce qu'il devient")
            return
        found = self.hardware.get((line.device.hardware_id.upper(), line.device.channel))
        if found:
            yield Problem(line.where, "id_materiel", f"« {line.device.hardware_id} » : est déjà au point "
                          f"{found[1].point}, chez {found[0]}")
