"""A device that is there and says nothing of its state: its settings are read back, and pushed again where they differ. Pure.

Out of the box some firmware reports nothing until it is told to, and a factory reset forgets what an installer pushed. Who
is online and silent is asked how it is set; only what can be told over MQTT is: the rest is for a visit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from attrs import define, field, frozen

from elfe.command.values import Ask, Installed
from elfe.devices.values import ConfigPush, Measure, OutputState, Presence, Publish, Setting

SILENT_AFTER = timedelta(minutes=15)
"""At least; longer where the type itself is slower."""
AGAIN_AFTER = timedelta(hours=1)
"""A device that stays silent is asked no more often: settings wear its flash."""
ANSWERS = 3
"""Its answers are judged after so many times its own answering time."""


@frozen
class Upkept:
    """A device that can be set over MQTT, and how it should be."""

    silent_after: timedelta
    answers_within: timedelta
    push: ConfigPush


def upkept(devices: Iterable[Installed], configure: Callable[[Installed], ConfigPush | None]) -> dict[str, Upkept]:
    """Those of the devices whose settings can be read back and pushed over MQTT."""
    found = {}
    for each in devices:
        push = configure(each)
        if push and _published(push.steps) and _published(push.read_back):
            type_ = each.driver.type
            found[each.device.id] = Upkept(max(SILENT_AFTER, type_.silent_after), type_.answers_within * ANSWERS, push)
    return found


@define
class _Known:
    online_at: datetime | None = None
    spoke_at: datetime | None = None
    asked_at: datetime | None = None
    judged: bool = True
    settings: set[Setting] = field(factory=set)

    def silent(self, device: Upkept, now: datetime) -> bool:
        """Online, and for too long not a word of its state."""
        if self.online_at is None:
            return False
        return now - max(self.online_at, self.spoke_at or self.online_at) >= device.silent_after


@define
class Upkeep:
    """Whom to ask, and whom to set again."""

    devices: Mapping[str, Upkept] = field(factory=dict)
    _known: dict[str, _Known] = field(factory=dict, init=False)

    def hear(self, device_id: str, said: object, now: datetime, retained: bool = False) -> None:
        """Remember what a device says; of what the broker kept, only that it was there."""
        known = self._known.setdefault(device_id, _Known())
        match said:
            case Presence():
                known.online_at = (known.online_at or now) if said is Presence.ONLINE else None
            case Measure() | OutputState() if not retained:
                known.spoke_at = now
            case Setting() if not retained:
                known.settings.add(said)

    def due(self, now: datetime) -> list[Ask]:
        """What is to be asked or pushed now."""
        return [ask for id, device in self.devices.items() if id in self._known
                for ask in self._due(id, device, self._known[id], now)]

    def _due(self, id: str, device: Upkept, known: _Known, now: datetime) -> list[Ask]:
        if known.asked_at and not known.judged and now - known.asked_at >= device.answers_within:
            known.judged = True
            differs = known.settings and set(device.push.expects) - known.settings
            return [Ask(id, _published(device.push.steps))] if differs else []
        if known.silent(device, now) and (known.asked_at is None or now - known.asked_at >= AGAIN_AFTER):
            known.asked_at, known.judged = now, False
            known.settings.clear()
            return [Ask(id, _published(device.push.read_back))]
        return []


def _published(steps: Iterable[object]) -> tuple[Publish, ...]:
    return tuple(step for step in steps if isinstance(step, Publish))
