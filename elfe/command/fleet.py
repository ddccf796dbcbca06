"""From what the databases hold to what the engine may move. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from zlib import crc32

from attrs import define, field, frozen

from elfe.command import typologies
from elfe.command.typologies import TYPOLOGIES, Typology
from elfe.command.values import Installed, Pilot
from elfe.coordination.holds import Hold
from elfe.coordination.values import Appliance, Flexibility
from elfe.devices.values import Capability


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


@frozen
class Wiring:
    """How an appliance of some typology hangs on its devices."""

    driven: Installed
    meter: str
    besides: tuple[Installed, ...]
    presses: tuple[Installed, ...]


@define(eq=False)
class Wires:
    """The devices of one appliance. What a typology makes of them is found once: a territory is read every few seconds."""

    devices: tuple[Installed, ...] = ()
    _found: dict[tuple[Typology, bool], Wiring | str] = field(factory=dict, init=False)

    def under(self, typology: Typology, continuous: bool) -> Wiring | str:
        """The wiring, or in words why there is none."""
        if (typology, continuous) not in self._found:
            self._found[typology, continuous] = _problem(typology, continuous, self.devices) or _wiring(typology, self.devices)
        return self._found[typology, continuous]


def wires(installed: Iterable[Installed]) -> dict[int, Wires]:
    """Devices by the appliance that they serve."""
    found: dict[int, list[Installed]] = defaultdict(list)
    for each in installed:
        found[each.row.appliance_id].append(each)
    return {id: Wires(tuple(each)) for id, each in found.items()}


def fleet(appliances: Iterable[Appliance], wired: Mapping[int, Wires], flexibilities: Iterable[Flexibility],
          holds: Iterable[Hold] = ()) -> Fleet:
    """Every appliance of a typology that we know, with its devices; one that is badly wired spoils no other."""
    opened = {each.appliance_id: each for each in flexibilities if each.closed_at is None}
    held = {each.appliance_id: each for each in holds}
    pilots: dict[int, Pilot] = {}
    problems: list[str] = []
    for appliance in appliances:
        typology = TYPOLOGIES.get(appliance.typology)
        if typology is None:
            continue
        wiring = wired.get(appliance.id, UNWIRED).under(typology, appliance.continuous)
        if isinstance(wiring, str):
            problems.append(f"appliance {appliance.id} ({appliance.name}, {appliance.participant}): {wiring}")
        else:
            hold = held.get(None) or held.get(appliance.id)      # what is held of everything goes first
            pilots[appliance.id] = Pilot(appliance, typology, wiring.driven, wiring.meter, opened.get(appliance.id),
                                         wiring.besides, wiring.presses, hold)
    return Fleet(pilots, tuple(problems))


UNWIRED = Wires()


def _problem(typology: Typology, continuous: bool, devices: Sequence[Installed]) -> str:
    problem = typologies.lacking(typology, (each.row.usage for each in devices))
    if problem:
        return problem
    if continuous and not typology.supplies:
        return f"typology {typology.id} ({typology.name}) starts it only: a load that is switched every quarter needs a relay"
    return (_unable(_relays(typology, devices), Capability.SWITCH, "switched")
            or _unable(_fingers(typology, devices), Capability.PRESS, "asked to press"))


def _unable(devices: Iterable[Installed], wanted: Capability, done: str) -> str:
    return next((f"device {each.device.id} is a {each.driver.type.product}, which cannot be {done}" for each in devices
                 if each.driver.encode_command is None or not each.driver.type.can(wanted)), "")


def _wiring(typology: Typology, devices: Sequence[Installed]) -> Wiring:
    relays, fingers = _relays(typology, devices), _fingers(typology, devices)
    driven, *besides = relays or fingers
    meter = next((each.device.id for each in devices
                  if each.row.usage in typology.meters and each.driver.type.can(Capability.METER)), "")
    return Wiring(driven, meter, tuple(besides) if relays else (), fingers)


def _relays(typology: Typology, devices: Sequence[Installed]) -> tuple[Installed, ...]:
    return tuple(each for each in devices if any(each.row.usage in wanted for wanted in typology.supplies))


def _fingers(typology: Typology, devices: Sequence[Installed]) -> tuple[Installed, ...]:
    return tuple(next(each for each in devices if each.row.usage == press) for press in typology.presses)
