"""What Zabbix should hold of what is installed, and how what it holds differs. Pure.

What an installation needs is created, what was renamed or changed is put right, and what is not ours is left alone: an item of a
point where nothing is installed is told, never removed, for it may hold years of measures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from attrs import frozen

from elfe.devices.values import Capability, DeviceType
from elfe.history.zabbix.naming import FLOAT, OF_A_DEVICE, TRAPPER, Item, Place, Tag, place, tags

SAID: Mapping[Capability, tuple[tuple[str, str], ...]] = {
    Capability.METER: (("puissance", "W"), ("energie", "Wh")),
    Capability.SWITCH: (("etat", ""), ("ordre", "")),
    Capability.PRESS: (("ordre", ""), ("batterie", "%")),
    Capability.AMBIENT: (("temp", "°C"), ("humidite", "%"), ("batterie", "%")),
}
"""What a device that can do this says, as series and units; and all say whether they are there."""


class What(Enum):
    """What is to be done about an item."""

    CREATE = "create"
    CHANGE = "change"
    LEAVE = "leave"
    FOREIGN = "foreign"


@frozen
class Spoken:
    """An installed device, as Zabbix should know it."""

    point: str
    type: DeviceType
    appliance_type: int                # of what it stands on


@frozen
class Wanted:
    """An item that there should be."""

    name: str
    unit: str
    tags: tuple[Tag, ...]


@frozen
class Change:
    """What happens to one item."""

    what: What
    name: str
    wanted: Wanted | None = None
    item: Item | None = None
    differs: tuple[str, ...] = ()


def wanted(devices: Iterable[Spoken], general: Iterable[tuple[str, str]] = ()) -> list[Wanted]:
    """The items of devices, and of what is the territory's (name, unit)."""
    of_devices = [Wanted(f"{each.point} {what}", unit, tags(f"{each.point} {what}", each.appliance_type))
                  for each in devices for what, unit in _said(each.type)]
    return [*of_devices, *(Wanted(name, unit, tags(name)) for name, unit in general)]


def _said(type_: DeviceType) -> list[tuple[str, str]]:
    said = [each for capability, series in SAID.items() if type_.can(capability) for each in series]
    return [*dict.fromkeys(said), ("presence", "")]


def changes(wanted_: Iterable[Wanted], found: Iterable[Item], general_host: str,
            labels: Mapping[str, str] | None = None) -> list[Change]:
    """What would bring Zabbix to what is wanted."""
    items = list(found)
    by_name = {each.name: each for each in reversed(items)}
    by_place = {(each.host, each.key): each for each in reversed(items)}
    done: list[Change] = []
    claimed: set[int] = set()
    wanted_ = list(wanted_)
    places = [place(each.name, general_host, labels) for each in wanted_]
    for each, here in zip(wanted_, places, strict=True):
        item = by_name.get(here.name) or by_place.get((here.host, here.key))
        if item is None:
            done.append(Change(What.CREATE, each.name, each))
            continue
        claimed.add(item.id)
        differs = tuple(_differs(each, here, item))
        done.append(Change(What.CHANGE if differs else What.LEAVE, each.name, each, item, differs))
    installed = {each.host for each in places}
    ours = [(each, device[1]) for each in items if each.id not in claimed and (device := OF_A_DEVICE.fullmatch(each.name))]
    return done + [Change(What.LEAVE if point in installed else What.FOREIGN, each.name, None, each) for each, point in ours]


def _differs(wanted_: Wanted, here: Place, item: Item) -> Iterable[str]:
    """What is not as it should be, in words. More tags than ours do no harm."""
    if item.name != here.name:
        yield f"is called {item.name!r}"
    if item.type != TRAPPER:
        yield "is no trapper item"
    if item.value_type != FLOAT:
        yield "holds no decimal numbers"
    if item.status:
        yield "is disabled"
    if wanted_.unit and item.unit != wanted_.unit:
        yield f"is in {item.unit or 'no unit'}"
    missing = set(wanted_.tags) - item.tags
    if missing:
        yield f"lacks {', '.join(sorted(':'.join(filter(None, each)) for each in missing))}"
