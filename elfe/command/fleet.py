"""From what the databases hold to what the engine may move. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from attrs import frozen

from elfe.command import typologies
from elfe.command.typologies import TYPOLOGIES, Typology
from elfe.command.values import Installed, Pilot
from elfe.coordination.values import Appliance, Flexibility, InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device


@frozen
class Fleet:
    """The appliances that can be moved, and in words why the others that should cannot."""

    pilots: Mapping[int, Pilot]
    problems: tuple[str, ...]


def fleet(appliances: Iterable[Appliance], installed: Iterable[tuple[InstalledDevice, Device]],
          flexibilities: Iterable[Flexibility], drivers: Drivers) -> Fleet:
    """Every appliance of a typology that we know, with its devices; one that is badly wired spoils no other."""
    devices: dict[int, list[Installed]] = defaultdict(list)
    for row, device in installed:
        if device.type_id in drivers:
            devices[row.appliance_id].append(Installed(row, device, drivers[device.type_id]))
    opened = {each.appliance_id: each for each in flexibilities if each.closed_at is None}
    pilots: dict[int, Pilot] = {}
    problems: list[str] = []
    for appliance in appliances:
        typology = TYPOLOGIES.get(appliance.typology)
        if typology is None:
            continue
        problem = _problem(typology, devices[appliance.id])
        if problem:
            problems.append(f"appliance {appliance.id} ({appliance.name}, {appliance.participant}): {problem}")
        else:
            pilots[appliance.id] = _pilot(appliance, typology, devices[appliance.id], opened.get(appliance.id))
    return Fleet(pilots, tuple(problems))


def _problem(typology: Typology, devices: list[Installed]) -> str:
    lacking = typologies.missing(typology, (each.row.usage for each in devices))
    if lacking:
        return lacking
    driven = next(each for each in devices if each.row.usage == typology.drives)
    if driven.driver.encode_command is None or not driven.driver.type.can(Capability.SWITCH):
        return f"device {driven.device.id} is a {driven.driver.type.product}, which cannot be switched"
    return ""


def _pilot(appliance: Appliance, typology: Typology, devices: list[Installed],
           flexibility: Flexibility | None) -> Pilot:
    driven = next(each for each in devices if each.row.usage == typology.drives)
    meters = [each.device.id for each in devices
              if each.row.usage in typology.meters and each.driver.type.can(Capability.METER)]
    return Pilot(appliance, typology, driven, meter=meters[0] if meters else "", flexibility=flexibility)
