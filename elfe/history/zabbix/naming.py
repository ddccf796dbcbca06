"""Where a series stands in Zabbix: its host, its key, its item's name and tags. Pure.

The contract is in the names and tags, not in hosts and keys: items are called `D101 puissance`, `D101 energie`, `D101 temp`; the
power and the energy of a dishwasher are tagged `appareil:LV`. What is the territory's stands on the host of the settings, `Zabbix
server` in the first territory, with the indicators under their keys, tagged `client:indicateur` and `indicateurs`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from attrs import frozen

from elfe.coordination.values import ApplianceType

GENERAL_HOST = "Zabbix server"
OF_A_DEVICE = re.compile(r"([A-Z]\d{3,5}) (.+)")
TAGS: Mapping[int, str] = {ApplianceType.DISHWASHER: "LV", ApplianceType.WASHING_MACHINE: "LL", ApplianceType.TUMBLE_DRYER: "SL",
                           ApplianceType.WATER_HEATER: "ECS"}
"""The tag `appareil` of a power and an energy, by the type of the appliance that they measure: the first EMS learns from those."""
OF_AN_APPLIANCE = ("puissance", "energie")
"""Without the energy, the first EMS takes a water heater's day from its power, and draws a slope over whatever nobody measured."""
Tag = tuple[str, str]
INDICATOR_TAGS: tuple[Tag, ...] = (("client", "indicateur"), ("indicateurs", ""))
INDICATOR = re.compile(r"(Nombre|Pourcentage|Cumul|Energie|Enr|Part|Promesses)_\w+")
"""How the contract's keys of indicators begin, and ours."""

TRAPPER, FLOAT, UNSIGNED = 2, 0, 3
"""Zabbix' own numbers: of an item that waits to be told, and of what its values are."""


@frozen
class Place:
    """A trapper item."""

    host: str
    key: str
    name: str


@frozen
class Item:
    """An item as Zabbix has it."""

    id: int
    host: str
    key: str
    name: str
    unit: str
    value_type: int
    tags: frozenset[Tag] = frozenset()
    type: int = TRAPPER
    status: int = 0


def place(name: str, general_host: str = GENERAL_HOST, labels: Mapping[str, str] | None = None) -> Place:
    """Where the series of a name stands. `labels`: the items' names of those series that are called otherwise, by key."""
    device = OF_A_DEVICE.fullmatch(name)
    if device:
        return Place(device[1], key(device[2]), name)
    return Place(general_host, key(name), (labels or {}).get(name, name))


def key(words: str) -> str:
    """A key that Zabbix takes: ASCII letters, digits, « _ . - »; a key of the contract is itself."""
    flat = "".join(each for each in unicodedata.normalize("NFKD", words) if not unicodedata.combining(each))
    bare = re.sub(r"[^A-Za-z0-9_.-]+", "_", flat).strip("_")
    return bare if bare == words else bare.lower()


def tags(name: str, appliance_type: int | None = None) -> tuple[Tag, ...]:
    """The tags of a series' item. `appliance_type`: of what a device's power is the measure."""
    device = OF_A_DEVICE.fullmatch(name)
    if device is None:
        return INDICATOR_TAGS if INDICATOR.fullmatch(name) else (("elfe", "territoire"),)
    own: tuple[Tag, ...] = (("elfe", key(device[2])), ("point", device[1]))
    appliance = TAGS.get(appliance_type or 0) if device[2] in OF_AN_APPLIANCE else None
    return (*own, ("appareil", appliance)) if appliance else own
