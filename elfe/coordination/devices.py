"""From a device's row to the value that its driver understands. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from elfe.coordination.values import InstalledDevice
from elfe.devices.drivers import Drivers
from elfe.devices.values import Device, LegacyTopics


def device_values(installed: Iterable[InstalledDevice], drivers: Drivers,
                  instance: str) -> tuple[list[tuple[InstalledDevice, Device]], list[str]]:
    """Every device that can be spoken to, and in words why the others cannot.

    Its topic data is what we stored of it; a row filled by hand is read through its legacy topic columns. `instance` names
    who asks: devices answer on `elfe/<instance>/<device>`.
    """
    found: list[tuple[InstalledDevice, Device]] = []
    problems: list[str] = []
    for row in installed:
        if row.type_id not in drivers:
            problems.append(f"device {row.id}: no enabled plugin drives its type {row.type_id}")
            continue
        try:
            found.append((row, _value(row, drivers, instance)))
        except ValueError as error:
            problems.append(f"device {row.id}: {error}")
    return found, problems


def _value(row: InstalledDevice, drivers: Drivers, instance: str) -> Device:
    driver = drivers[row.type_id]
    if row.problem:
        raise ValueError(row.problem)
    if row.templates is not None:
        return driver.device(row.id, row.hardware_id, dict(row.templates), row.channel, instance)
    columns = LegacyTopics(row.control_topic, row.command_topic, row.lwt_topic)
    templates, channel = driver.parse_legacy_topics(row.type_id, columns)
    return driver.device(row.id, row.hardware_id, templates, channel, instance)
