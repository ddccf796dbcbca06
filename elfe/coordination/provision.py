"""From an inventory and what stands to what would change. Pure: `elfe.coordination.store` reads before and performs after.

An appliance is known by its participant and its name, a device by its installation point. What the inventory does not
mention is left alone, so a file may hold one new home or all of them. The same inventory twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum

from attrs import evolve, frozen

from elfe.coordination.inventory import (
    MACHINES,
    ApplianceLines,
    DeviceLine,
    Inventory,
    ParticipantLine,
)
from elfe.coordination.lines import Problem
from elfe.coordination.values import ApplianceType, OffPeak, Usage
from elfe.history.values import power_series

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
    volume_l: int = 0
    power_w: int = 0
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


def changes(inventory: Inventory, standing: Standing, find_series: Callable[[str], int | None]) -> Changes:
    """What provisioning would do; `find_series` knows the ids of the history's series."""
    by_key = {(each.participant, each.name): each for each in standing.appliances}
    return Changes(
        tuple(_of_participant(each, standing.participants.get(each.reference)) for each in inventory.participants),
        tuple(_of_appliance(each, by_key.get((each.participant, each.name)), find_series)
              for each in inventory.appliances))


def metered_by(lines: ApplianceLines) -> str:
    """The point whose power series is the appliance's; its driving device where none of them meters."""
    meters = [each.device.id for usage in METERS for each in lines.devices if each.usage == usage]
    return (meters or [each.device.id for each in lines.devices])[0]


# -- what differs -----------------------------------------------------------------------------------------------------------


def _of_participant(after: ParticipantLine, before: ParticipantLine | None) -> ParticipantChange:
    if before is None:
        return ParticipantChange(What.CREATE, evolve(after, observer=bool(after.observer)))
    whole = evolve(after, email=after.email or before.email,
                   observer=before.observer if after.observer is None else after.observer)
    compared = (("adresse", before.email, whole.email), ("observateur", before.observer, whole.observer))
    differs = tuple(_differences(compared))
    return ParticipantChange(What.CHANGE if differs else What.LEAVE, whole, differs)


def _of_appliance(after: ApplianceLines, before: StandingAppliance | None,
                  find_series: Callable[[str], int | None]) -> ApplianceChange:
    if before is None:
        return ApplianceChange(What.CREATE, after)
    differs = (*_differences(_of_itself(before, after)), *_of_devices(before.devices, after.devices),
               *_of_series(before, find_series(power_series(metered_by(after)))))
    kept = {each.device.id for each in after.devices}
    leaves = tuple(each.point for each in before.devices if each.point not in kept)
    return ApplianceChange(What.CHANGE if differs else What.LEAVE, after, differs, before.id, leaves)


def _of_itself(before: StandingAppliance, after: ApplianceLines) -> Iterator[tuple[str, object, object]]:
    """What an inventory decides; a programme's duration is the participant's once the machine stands."""
    yield "type", before.type, after.type
    yield "typologie", before.typology, after.typology
    if after.type == ApplianceType.WATER_HEATER:
        yield "volume (l)", before.volume_l, after.volume_l
        yield "puissance (W)", before.power_w, after.power_w
        if set(before.windows) != set(after.windows):
            yield "heures creuses", _shown(before.windows), _shown(after.windows)


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


def _of_series(before: StandingAppliance, series: int | None) -> Iterator[str]:
    if series != before.power_series:
        yield "série de mesures"


def _differences(compared: Iterable[tuple[str, object, object]]) -> Iterator[str]:
    return (f"{name} {_word(before)} → {_word(after)}" for name, before, after in compared if before != after)


def _word(value: object) -> str:
    return {True: "oui", False: "non"}[value] if isinstance(value, bool) else str(value) or "aucun"


def _pairs(templates: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(templates.items()))


def _shown(windows: Iterable[OffPeak]) -> str:
    return " ".join(f"{_clock(each.start_s)}-{_clock(each.end_s)}" for each in windows)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


# -- what contradicts what stands -------------------------------------------------------------------------------------------


def conflicts(inventory: Inventory, standing: Standing) -> list[Problem]:
    """Why an inventory that is right in itself cannot be provisioned here."""
    problems: list[Problem] = []
    for each in inventory.appliances:
        problems += _changes_kind(each, standing)
        for line in each.devices:
            problems += _stands_elsewhere(line, inventory, standing)
    return problems


def _changes_kind(lines: ApplianceLines, standing: Standing) -> Iterator[Problem]:
    found = [each for each in standing.appliances if (each.participant, each.name) == (lines.participant, lines.name)]
    if len(found) > 1:
        numbers = ", ".join(str(each.id) for each in found)
        yield Problem(lines.where, "appareil", f"« {lines.name} » : plusieurs appareils portent déjà ce nom (n° {numbers})")
    for each in found[:1]:
        if (each.type in MACHINES) != (lines.type in MACHINES):
            yield Problem(lines.where, "type_appareil", f"« {lines.type} » : {each} est déjà de type {each.type} ; "
                          "donnez un autre nom au nouvel appareil")


def _stands_elsewhere(line: DeviceLine, inventory: Inventory, standing: Standing) -> Iterator[Problem]:
    """A point or a piece of hardware may move, but only away from an appliance that the inventory mentions."""
    mentioned = {(each.participant, each.name) for each in inventory.appliances}
    for appliance in standing.appliances:
        for device in appliance.devices if (appliance.participant, appliance.name) not in mentioned else ():
            if device.point == line.device.id:
                yield Problem(line.where, "point", f"« {device.point} » : est déjà chez {appliance} ; "
                              "gardez le nom de cet appareil, ou dites dans ce fichier ce qu'il devient")
            elif _same_hardware(device, line):
                yield Problem(line.where, "id_materiel", f"« {line.device.hardware_id} » : est déjà au point "
                              f"{device.point}, chez {appliance}")


def _same_hardware(device: StandingDevice, line: DeviceLine) -> bool:
    one, other = device.hardware_id.upper(), line.device.hardware_id.upper()
    return bool(one) and (one, device.channel) == (other, line.device.channel)
