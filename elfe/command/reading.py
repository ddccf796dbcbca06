"""What the engine knows of its homes: the appliances of its share, their devices, what is declared and held of them.

Appliances are read every few seconds, or one by one when something was written of them; devices, which change when an installer
has been there, once a minute.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from attrs import define, field
from sqlalchemy import Engine

from elfe.command.fleet import Fleet, Share, fleet
from elfe.command.values import Installed
from elfe.coordination import holds, queries
from elfe.coordination.devices import device_values
from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Device

log = logging.getLogger("elfe.command")
DEVICES_EVERY = timedelta(minutes=1)
"""Unless an appliance lacks some, or somebody calls."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
Pairs = Sequence[tuple[InstalledDevice, Device]]


@define
class Reader:
    """Reads the coordination database. What it raises is the database's own."""

    coordination: Engine
    drivers: Drivers
    share: Share
    instance: str
    _installed: dict[int, Pairs] = field(factory=dict, init=False)      # by appliance
    _installed_at: datetime = field(default=LONG_AGO, init=False)
    _unreadable: tuple[str, ...] = field(default=(), init=False)
    _problems: tuple[str, ...] = field(default=(), init=False)

    def look_again(self) -> None:
        """Somebody calls: the devices may have changed too."""
        self._installed_at = LONG_AGO

    def read(self, now: datetime) -> Fleet:
        """All of them; why some are left alone is logged once."""
        if not self._installed_at <= now < self._installed_at + DEVICES_EVERY:
            self._read_devices(now)
        found = self._fleet(now)
        if (*self._unreadable, *found.problems) != self._problems and self._installed_at < now:
            self._read_devices(now)
            found = self._fleet(now)
        for problem in (*self._unreadable, *found.problems):
            if problem not in self._problems:
                log.error("left alone: %s", problem)
        self._problems = (*self._unreadable, *found.problems)
        return found

    def read_some(self, asked: Collection[int], now: datetime) -> Fleet:
        """Of some appliances, with the devices that are known."""
        return self._fleet(now, asked)

    def appliances(self) -> set[int]:
        """Those of our share."""
        return {each.id for each in queries.appliances(self.coordination) if self.share.has(each.participant)}

    def installed(self, found: Fleet) -> list[Installed]:
        """The devices of the appliances that we may move."""
        return [Installed(row, device, self.drivers[row.type_id]) for id in found.pilots for row, device in self._installed[id]]

    def _read_devices(self, now: datetime) -> None:
        rows = [each for each in queries.installed_devices(self.coordination) if self.share.has(each.participant)]
        pairs, unreadable = device_values(rows, self.drivers, self.instance)
        installed: dict[int, list[tuple[InstalledDevice, Device]]] = defaultdict(list)
        for row, device in pairs:
            installed[row.appliance_id].append((row, device))
        self._installed, self._installed_at, self._unreadable = dict(installed), now, tuple(unreadable)

    def _fleet(self, now: datetime, asked: Collection[int] | None = None) -> Fleet:
        pairs = self._installed.values() if asked is None else [self._installed.get(id, ()) for id in asked]
        return fleet([each for each in queries.appliances(self.coordination, asked) if self.share.has(each.participant)],
                     [pair for some in pairs for pair in some], queries.open_flexibilities(self.coordination, asked),
                     self.drivers, holds.in_force(self.coordination, now))
