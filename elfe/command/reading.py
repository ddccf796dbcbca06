"""What the engine knows of its homes: the appliances of its share, their devices, what is declared and held of them.

Appliances are read every few seconds, or one by one when something was written of them; devices, which change when an installer
has been there, once a minute.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from attrs import define, field
from sqlalchemy import Engine

from elfe.command.fleet import Fleet, Share, Wires, fleet
from elfe.command.values import Installed
from elfe.coordination import holds, queries
from elfe.coordination.devices import device_values
from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers

log = logging.getLogger("elfe.command")
DEVICES_EVERY = timedelta(minutes=1)
"""Unless an appliance lacks some, or somebody calls."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@define
class Reader:
    """Reads the coordination database. What it raises is the database's own."""

    coordination: Engine
    drivers: Drivers
    share: Share
    instance: str
    _read: tuple[InstalledDevice, ...] = field(default=(), init=False)
    _wires: dict[int, Wires] = field(factory=dict, init=False)      # by appliance
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
        return [each for id in found.pilots for each in self._wires[id].devices]

    def _read_devices(self, now: datetime) -> None:
        read = queries.installed_devices(self.coordination)
        if read is self._read and not self._unreadable:
            self._installed_at = now
            return
        rows: dict[int, list[InstalledDevice]] = defaultdict(list)
        for each in read:
            if self.share.has(each.participant):
                rows[each.appliance_id].append(each)
        wires, unreadable = {}, list[str]()
        for id, theirs in rows.items():
            known = self._wires.get(id)
            if known is None or [each.row for each in known.devices] != theirs:      # else they are as they were
                pairs, problems = device_values(theirs, self.drivers, self.instance)
                known = Wires(tuple(Installed(row, device, self.drivers[row.type_id]) for row, device in pairs))
                unreadable += problems
            wires[id] = known
        self._read, self._wires, self._installed_at, self._unreadable = read, wires, now, tuple(unreadable)

    def _fleet(self, now: datetime, asked: Collection[int] | None = None) -> Fleet:
        return fleet([each for each in queries.appliances(self.coordination, asked) if self.share.has(each.participant)],
                     self._wires, queries.open_flexibilities(self.coordination, asked), holds.in_force(self.coordination, now))
