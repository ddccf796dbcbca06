"""From what the databases hold to what the engine may move. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from zlib import crc32

from attrs import frozen

from elfe.command import typologies
from elfe.command.typologies import TYPOLOGIES, Typology
from elfe.command.values import Installed, Pilot
from elfe.coordination.holds import Hold
from elfe.coordination.values import Appliance, Flexibility, InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device


@frozen
class Share:
    """Which of the homes one engine drives: a home is whole with one of them, always the same."""

    worker: int = 1
    workers: int = 1

    def has(self, participant: str) -> bool:
        """Whether a home is of this share."""
        return crc32(participant.encode()) % self.workers == self.worker - 1


@frozen
class Fleet:
    """The appliances that can be moved, and in words why the others that should cannot."""

    pilots: Mapping[int, Pilot]
    problems: tuple[str, ...]


def fleet(appliances: Iterable[Appliance], installed: Iterable[tuple[InstalledDevice, Device]],
          flexibilities: Iterable[Flexibility], drivers: Drivers, holds: Iterable[Hold] = ()) -> Fleet:
    """Every appliance of a typology that we know, with its devices; one that is badly wired spoils no other."""
    devices: dict[int, list[Installed]] = defaultdict(list)
    for row, device in installed:
        if device.type_id in drivers:
            devices[row.appliance_id].append(Installed(row, device, drivers[device.type_id]))
    opened = {each.appliance_id: each for each in flexibilities if each.closed_at is None}
    held = {each.appliance_id: each for each in holds}
    pilots: dict[int, Pilot] = {}
    problems: list[str] = []
    for appliance in appliances:
        typology = TYPOLOGIES.get(appliance.typology)
        if typology is None:
            continue
        problem = _problem(appliance, typology, devices[appliance.id])
        if problem:
            problems.append(f"appliance {appliance.id} ({appliance.name}, {appliance.participant}): {problem}")
        else:
            hold = held.get(None) or held.get(appliance.id)      # what is held of everything goes first
            pilots[appliance.id] = _pilot(typology, devices[appliance.id], appliance, opened.get(appliance.id), hold)
    return Fleet(pilots, tuple(problems))


def _problem(appliance: Appliance, typology: Typology, devices: list[Installed]) -> str:
    problem = typologies.lacking(typology, (each.row.usage for each in devices))
    if problem:
        return problem
    if appliance.continuous and not typology.supplies:
        return f"typology {typology.id} ({typology.name}) starts it only: a load that is switched every quarter needs a relay"
    return (_unable(_relays(typology, devices), Capability.SWITCH, "switched")
            or _unable(_fingers(typology, devices), Capability.PRESS, "asked to press"))


def _unable(devices: Iterable[Installed], wanted: Capability, done: str) -> str:
    return next((f"device {each.device.id} is a {each.driver.type.product}, which cannot be {done}" for each in devices
                 if each.driver.encode_command is None or not each.driver.type.can(wanted)), "")


def _relays(typology: Typology, devices: list[Installed]) -> tuple[Installed, ...]:
    return tuple(each for each in devices if any(each.row.usage in wanted for wanted in typology.supplies))


def _fingers(typology: Typology, devices: list[Installed]) -> tuple[Installed, ...]:
    return tuple(next(each for each in devices if each.row.usage == press) for press in typology.presses)


def _pilot(typology: Typology, devices: list[Installed], appliance: Appliance, flexibility: Flexibility | None,
           hold: Hold | None) -> Pilot:
    relays, fingers = _relays(typology, devices), _fingers(typology, devices)
    driven, *besides = relays or fingers
    meters = [each.device.id for each in devices
              if each.row.usage in typology.meters and each.driver.type.can(Capability.METER)]
    return Pilot(appliance, typology, driven, meter=meters[0] if meters else "", flexibility=flexibility,
                 besides=tuple(besides) if relays else (), presses=fingers, hold=hold)
