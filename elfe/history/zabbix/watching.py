"""What operators are warned of in Zabbix, and what they see of a morning: triggers and a dashboard, made through its API. Pure.

Items bear the names of their points, which no template can have; so triggers are made on each host, tagged `elfe:watch`, by which
those of devices that are gone are found again. What they measure by are macros of the template that is shipped (`template.yaml`).
The dashboard is called `elfe`; who wants another one copies it under another name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from elfe.devices.values import Capability
from elfe.history.values import BALANCE
from elfe.history.zabbix.keeping import Spoken
from elfe.history.zabbix.naming import Item, Place, place

WATCH, AS_WRITTEN = {"tag": "elfe", "value": "watch"}, "elfe.expression"
INFORMATION, WARNING, AVERAGE, HIGH = 1, 2, 3, 4
"""Zabbix' severities."""
DASHBOARD, TEMPLATE = "elfe", "elfe-point"
IMPORT_RULES = {"groups": {"createMissing": True}, "templates": {"createMissing": True}}
"""An import adds what is missing and leaves what somebody changed."""
STRING, NUMBER = 1, 0
"""Of a dashboard's fields."""
COLOURS = ("2A7F62", "B5651D", "4F81BD", "8E44AD", "7F7F7F")


@frozen
class Trigger:
    """Something to be warned of, on a host."""

    host: str
    name: str
    expression: str
    severity: int
    todo: str                # what to do, for who reads it

    @property
    def row(self) -> dict[str, Any]:
        """As the API takes it. What we wrote is a tag as well: Zabbix tells an expression with its macros' values in it."""
        return {"description": self.name, "expression": self.expression, "priority": self.severity, "comments": self.todo,
                "tags": [WATCH, {"tag": AS_WRITTEN, "value": self.expression}]}


def series(devices: Iterable[Spoken]) -> list[str]:
    """The names of all that is watched."""
    return [BALANCE, *(f"{each.point} {what}" for each in devices for what in ("presence", "puissance", "batterie"))]


def triggers(devices: Iterable[Spoken], general_host: str, stand: Mapping[str, Item]) -> list[Trigger]:
    """What is watched of devices, and of the territory. `stand`: the items as they are, by name; people rename hosts."""
    def at(name: str) -> Place:
        found = stand.get(name)
        return Place(found.host, found.key, name) if found else place(name, general_host)

    balance = at(BALANCE)
    return [*(each for device in devices for each in _of(device, at)), Trigger(
        balance.host, "elfe: no balance for 30 minutes", f"nodata({_path(balance)},30m)=1", HIGH,
        "Plans are made from old forecasts. `elfe doctor`, then who publishes INDICATEURS/general/equilibre2 "
        "(`elfe territory sources`).")]


def _of(device: Spoken, at: Callable[[str], Place]) -> Iterable[Trigger]:
    point = device.point
    presence, power, battery = (at(f"{point} {what}") for what in ("presence", "puissance", "batterie"))
    yield Trigger(presence.host, f"{point} is offline", f"max({_path(presence)},{{$ELFE.OFFLINE}})=0", WARNING,
                  "The home serves itself. Its box, its Wi-Fi, its plug: call the participant, `elfe devices find` tells whom.")
    if device.type.can(Capability.METER):
        yield Trigger(power.host, f"{point} measures nothing", f"nodata({_path(power)},{{$ELFE.SILENT}})=1", WARNING,
                      "Orders are no longer proved there. `elfe devices list`, `elfe devices watch`.")
    if device.type.can(Capability.AMBIENT) or device.type.can(Capability.PRESS):
        yield Trigger(battery.host, f"{point}: its battery is at its end", f"last({_path(battery)})<{{$ELFE.BATTERY}}", INFORMATION,
                      "A new battery at the next visit.")


def _path(item: Place) -> str:
    return f"/{item.host}/{item.key}"


@frozen
class Changes:
    """What brings Zabbix to the wanted triggers: rows for its API, and the ids that go."""

    create: tuple[dict[str, Any], ...]
    update: tuple[dict[str, Any], ...]
    delete: tuple[str, ...]

    @property
    def nothing(self) -> bool:
        """Whether all stands."""
        return not (self.create or self.update or self.delete)


def changes(wanted: Sequence[Trigger], found: Sequence[Mapping[str, Any]]) -> Changes:
    """`found`: what Zabbix has under our tag, with its tags. What operators changed stays; what we write otherwise changes."""
    by_place = {(each["hosts"][0]["host"], each["description"]): each for each in found if each["hosts"]}
    create = tuple(each.row for each in wanted if (each.host, each.name) not in by_place)
    update = tuple({"triggerid": there["triggerid"], "expression": each.expression, "tags": each.row["tags"]} for each in wanted
                   if (there := by_place.get((each.host, each.name))) and each.row["tags"][1] not in there["tags"])
    kept = {(each.host, each.name) for each in wanted}
    return Changes(create, update, tuple(each["triggerid"] for place, each in by_place.items() if place not in kept))


def dashboard(general_host: str, curves: Sequence[str], shares: Sequence[str], lent: Sequence[str]) -> dict[str, Any]:
    """What is wrong, the territory's last day, its shares' last week, the last month of what was lent: as the API takes it.

    Everybody who may enter sees it; who made it is the only one to change it.
    """
    widgets = [
        {"type": "problems", "name": "What is wrong", "x": 0, "y": 0, "width": 12, "height": 8, "fields": [
            _number("show", 3), _number("show_lines", 25), _text("tags.tag.0", "elfe"), _number("tags.operator.0", 1),
            _text("tags.value.0", "watch")]},
        _curves("The territory", general_host, curves, "now-1d", 12, 0),
        _curves("Shares", general_host, shares, "now-7d", 0, 8),
        _curves("The flexibility that was lent", general_host, lent, "now-30d", 12, 8),
    ]
    return {"name": DASHBOARD, "private": 0, "display_period": 30, "auto_start": 0, "pages": [{"widgets": widgets}]}


def _curves(name: str, host: str, items: Sequence[str], since: str, x: int, y: int) -> dict[str, Any]:
    sets = [field for n, item in enumerate(items) for field in (
        _text(f"ds.hosts.{n}.0", host), _text(f"ds.items.{n}.0", item), _text(f"ds.color.{n}", COLOURS[n % len(COLOURS)]))]
    return {"type": "svggraph", "name": name, "x": x, "y": y, "width": 12, "height": 8, "fields": [
        *sets, _number("graph_time", 1), _text("time_from", since), _text("time_to", "now")]}


def _text(name: str, value: str) -> dict[str, Any]:
    return {"type": STRING, "name": name, "value": value}


def _number(name: str, value: int) -> dict[str, Any]:
    return {"type": NUMBER, "name": name, "value": value}
