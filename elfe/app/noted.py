"""Where it is noted how devices are: in the coordination database, of settings only those that the driver expects."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime

from attrs import frozen
from sqlalchemy.exc import DBAPIError

from elfe.app.context import Context
from elfe.command.values import Installed
from elfe.coordination import states
from elfe.coordination.noticing import State
from elfe.coordination.values import InstalledDevice
from elfe.devices.values import Device, Setting

log = logging.getLogger("elfe.history")


@frozen
class Notes:
    """See `elfe.history.noting.Notes`."""

    here: Context
    rows: Mapping[str, InstalledDevice]      # by point, as the recorder last saw them

    def read(self) -> Mapping[str, State]:
        """How each device is, as it was last noted; nothing while the database is away."""
        try:
            return states.states(self.here.coordination)
        except DBAPIError as error:
            log.warning("how devices were cannot be read: %s", error.orig)
            return {}

    def write(self, noted: list[State], settings: Iterable[tuple[Device, list[Setting]]], now: datetime) -> bool:
        """Note how devices are."""
        try:
            states.note(self.here.coordination, noted)
            for device, read in settings:
                if device.id in self.rows:
                    note_settings(self.here, self.rows[device.id], device, read, now)
        except DBAPIError as error:
            log.warning("how devices are cannot be noted now: %s", error.orig)
            return False
        return True

    def doubt(self, device_id: str, why: str, now: datetime) -> bool:
        """Leave a task: somebody looks at the device."""
        try:
            says = f"à vérifier, ce qu'il dit ne se peut pas : {why}"
            states.open_task(self.here.coordination, device_id, states.Kind.CHECK, says, now)
        except DBAPIError as error:
            log.warning("that %s is to be looked at cannot be noted now: %s", device_id, error.orig)
            return False
        return True


def note_settings(here: Context, row: InstalledDevice, device: Device, read: Iterable[Setting], now: datetime) -> None:
    """Note what a device read back, of what its driver expects and of nothing else."""
    push = here.configuration(Installed(row, device, here.drivers[device.type_id]))
    names = {each.name for each in push.expects} if push else set()
    kept = [each for each in read if each.name in names]
    if kept:
        states.note_settings(here.coordination, device.id, kept, now)
