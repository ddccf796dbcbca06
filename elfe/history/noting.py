"""What the recorder notes of devices on its way: how each is. Pure; whoever composes it brings where it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from elfe.coordination.noticing import Notebook, State
from elfe.devices.values import Device, Event, Presence, Setting

DOUBTS_EVERY = timedelta(hours=1)
"""What is wrong with a device is noted no more often."""


class Notes(Protocol):
    """Where it is noted how devices are."""

    def read(self) -> Mapping[str, State]:
        """How each device is, as it was last noted."""

    def write(self, states: list[State], settings: Iterable[tuple[Device, list[Setting]]], now: datetime) -> bool:
        """Note how devices are, and the settings that they told; False when it cannot be done now."""

    def doubt(self, device_id: str, why: str, now: datetime) -> bool:
        """Note that somebody should look at a device; False when it cannot be done now."""


class Noting:
    """Gathers and notes. A database that is away holds nothing else up."""

    def __init__(self, notes: Notes) -> None:
        self._notes, self._notebook = notes, Notebook()
        self._devices: dict[str, Device] = {}
        self._doubts: dict[str, str] = {}                # device → why, to be noted
        self._doubted_at: dict[str, datetime] = {}

    def meet(self, before: tuple[Device, ...], devices: tuple[Device, ...]) -> None:
        """Other devices from now on. Of one that was replaced nothing is known any more."""
        if not before:
            self._notebook = Notebook(dict(self._notes.read()))
        knew = {each.id: each for each in before}
        self._devices = {each.id: each for each in devices}
        self._notebook.keep(frozenset(each.id for each in devices if knew.get(each.id, each) == each))

    def hear(self, device: Device, said: Event | Presence, now: datetime, retained: bool = False) -> None:
        """Remember what a device says."""
        self._notebook.hear(device.id, said, now, retained)

    def doubt(self, device: Device, why: str) -> None:
        """What it says cannot be, or cannot be read: somebody should look at it."""
        self._doubts[device.id] = why

    def note(self, now: datetime) -> datetime | None:
        """Note what is due; returns when more will be."""
        for id, why in list(self._doubts.items()):
            if id in self._doubted_at and now - self._doubted_at[id] < DOUBTS_EVERY:
                del self._doubts[id]
            elif self._notes.doubt(id, why, now):
                self._doubted_at[id] = now
                del self._doubts[id]
        states, read = self._notebook.due(now)
        told = [(self._devices[id], settings) for id, settings in read.items() if id in self._devices]
        if (states or told) and not self._notes.write(states, told, now):
            self._notebook.again(states, read, now)
        return self._notebook.due_at
