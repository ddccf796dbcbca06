"""When what a device says is worth noting of it: presence, last word, firmware, settings. Pure; `states` writes it.

A change is noted soon, the mere passing of time once a minute: a device that flaps, or talks without end, costs no more
writes than one that behaves (fault G12). What the broker kept tells presence and firmware, never a last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import define, evolve, field, frozen

from elfe.devices.values import DeviceType, Event, Firmware, Presence, PresenceBy, Setting

EVERY = timedelta(minutes=1)
SOON = timedelta(seconds=5)
"""Changes are gathered for so long: a whole territory that comes back is a handful of transactions."""
MOST_SETTINGS = 20_000
"""Gathered in one go; who tells more is not listened to."""


@frozen
class State:
    """How a device is. What is empty or None is not told by it."""

    device_id: str
    presence: str = ""                     # online, offline, asleep
    presence_at: datetime | None = None    # since when
    heard_at: datetime | None = None
    firmware: str = ""
    newer: str = ""
    firmware_at: datetime | None = None


@define
class Notebook:
    """What is to be noted, gathered from what devices say."""

    _states: dict[str, State] = field(factory=dict)     # as they were last noted
    _changed: set[str] = field(factory=set)
    _spoke: set[str] = field(factory=set)
    _read: dict[tuple[str, str], str] = field(factory=dict)               # settings that were told: device, name → value
    _gathers_until: datetime | None = None
    _minute_ends: datetime | None = None

    def hear(self, device_id: str, said: Event | Presence, now: datetime, retained: bool = False) -> None:
        """Remember what a device says."""
        before = self._states.get(device_id, State(device_id))
        after = before
        match said:
            case Presence() if said.value != before.presence:
                after = evolve(after, presence=said.value, presence_at=now)
            case Firmware():
                after = with_firmware(after, said, now)
            case Setting(name, value) if not retained and len(self._read) < MOST_SETTINGS:
                self._read[device_id, name] = value
                self._gathers_until = self._gathers_until or now + SOON
        if after != evolve(before, firmware_at=after.firmware_at):
            self._changed.add(device_id)
            self._gathers_until = self._gathers_until or now + SOON
        if not retained and said is not Presence.OFFLINE and said is not Presence.ASLEEP:      # that is the broker's word
            after = after if after.heard_at == now else evolve(after, heard_at=now)
            self._spoke.add(device_id)
        self._states[device_id] = after

    def keep(self, kept: frozenset[str]) -> None:
        """Only of these devices what is known still holds; the others have gone, or other hardware stands there."""
        self._states = {id: state for id, state in self._states.items() if id in kept}
        self._changed &= kept
        self._spoke &= kept
        self._read = {key: value for key, value in self._read.items() if key[0] in kept}

    def due(self, now: datetime) -> tuple[list[State], dict[str, list[Setting]]]:
        """What is to be noted now, and by device the settings that were told; it counts as noted."""
        read: dict[str, list[Setting]] = {}
        wanted: set[str] = set()
        if self._gathers_until is not None and now >= self._gathers_until:
            wanted, self._changed, self._gathers_until = self._changed, set(), None
            for (device_id, name), value in self._read.items():
                read.setdefault(device_id, []).append(Setting(name, value))
            self._read = {}
        if self._minute_ends is None or now >= self._minute_ends:
            wanted, self._spoke, self._minute_ends = wanted | self._spoke, set(), now + EVERY
        return [self._states[id] for id in sorted(wanted)], read

    @property
    def due_at(self) -> datetime | None:
        """When something that has changed is to be noted."""
        return self._gathers_until

    def again(self, states: list[State], read: Mapping[str, Iterable[Setting]], now: datetime) -> None:
        """They could not be written: they are due again soon."""
        self._changed |= {state.device_id for state in states}
        self._read = {(id, each.name): each.value for id, told in read.items() for each in told} | self._read
        self._gathers_until = now + SOON


def with_firmware(state: State, said: Firmware, now: datetime) -> State:
    """The state with what it says of its firmware.

    The version and the newer one may come in two answers, each with its half: a version alone takes the newer one away only
    when it is another version.
    """
    version = said.version or state.firmware
    newer = said.newer or ("" if version != state.firmware else state.newer)
    return evolve(state, firmware=version, newer="" if newer == version else newer, firmware_at=now)


# -- how it looks to people --------------------------------------------------------------------------------------------------


def presence(state: State | None, type_: DeviceType, now: datetime) -> str:
    """online, offline, asleep, silent (it should have spoken since), or unknown: nothing was ever heard.

    A last will that says online may be an old word (a broker that died says no will): its own last word must agree.
    """
    if state is None or (not state.presence and state.heard_at is None):
        return "unknown"
    since = max((at for at in (state.heard_at, state.presence_at) if at is not None), default=None)
    quiet = since is None or now - since > type_.silent_after
    if type_.presence_by is PresenceBy.SLEEPS:
        return "silent" if quiet else "asleep" if state.presence != Presence.ONLINE.value else "online"
    if state.presence == Presence.OFFLINE.value and not (state.heard_at and state.presence_at
                                                         and state.heard_at > state.presence_at):
        return "offline"
    return "silent" if quiet else "online"


AWAY = frozenset({"offline", "silent", "unknown"})
"""What somebody should look at."""


def drift(expects: tuple[Setting, ...], read: Mapping[str, str]) -> list[tuple[str, str, str]] | None:
    """The settings that are not as they should be: name, as it should be, as it was read back. None: never read back.

    What a device did not read back is not known to differ.
    """
    known = [(each.name, each.value, read[each.name]) for each in expects if each.name in read]
    return [row for row in known if row[1] != row[2]] if known else None
