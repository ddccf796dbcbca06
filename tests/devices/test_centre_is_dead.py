"""The centre is dead for good: each family serves its homes again by itself, and not all at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve

from elfe.devices.drivers import Driver, load
from elfe.devices.values import Capability, Device, Switch
from elfe.simulation.homes import Unit

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
SWITCHING: Mapping[int, Driver] = {driver.type.id: driver for driver in load() if driver.type.can(Capability.SWITCH)}
TIMED = {id: driver for id, driver in SWITCHING.items() if driver.type.fail_safe and driver.type.fail_safe.after}
COUNT = 40


def a_unit(driver: Driver, number: int, serves_when: bool = True) -> tuple[Unit, Device]:
    """One on its point, set as an installer leaves it, and let in."""
    device = evolve(driver.device(f"D{number:03}", f"A8B{number:03}"), serves_when=serves_when)
    assert driver.push_config is not None
    assert driver.settings is not None
    unit = Unit(device.id, driver.simulate(device, 1), driver.push_config(device, driver.settings()()).steps)
    unit.come_to_life(NOON)
    return unit, device


def cut(driver: Driver, unit: Unit, device: Device) -> None:
    """Our last word."""
    for message in driver.encode_command(device, Switch(not device.serves_when, token="t")).publishes:
        unit.twin.receive(message.topic, message.payload, NOON)
    assert unit.twin.outputs[0] is not device.serves_when


def served_after(unit: Unit, device: Device) -> timedelta | None:
    """How long its home waits."""
    while unit.twin.next_at and unit.twin.next_at < NOON + timedelta(hours=2):
        now = unit.twin.next_at
        unit.twin.tick(now)
        if unit.twin.outputs[0] is device.serves_when:
            return now - NOON
    return None


@pytest.mark.parametrize("serves_when", [True, False], ids=["", "inverted"])
@pytest.mark.parametrize("id", sorted(TIMED))
def test_g14_each_home_is_served_within_the_delay_of_its_type_and_a_territory_over_ten_minutes(id: int, serves_when: bool) -> None:
    driver = TIMED[id]
    fail_safe = driver.type.fail_safe
    assert fail_safe is not None
    assert fail_safe.after is not None
    if not serves_when and id in {112, 211, 1210, 1212, 1213}:
        pytest.skip("a Tasmota pulse has one polarity for the whole unit: its points are wired alike")
    waited = []
    for number in range(1, COUNT + 1):
        unit, device = a_unit(driver, number, serves_when)
        cut(driver, unit, device)
        waited.append(served_after(unit, device))

    assert None not in waited
    assert fail_safe.after <= min(waited)
    assert max(waited) <= fail_safe.after + fail_safe.spread
    assert fail_safe.spread >= timedelta(minutes=10)
    assert max(waited) - min(waited) >= timedelta(minutes=8)       # of forty, drawn from ten


def test_g14_the_types_that_keep_what_they_were_told_are_known() -> None:
    """What no timer brings back serves its home at its next power-up, or is a PLC whose own programme does."""
    assert sorted(set(SWITCHING) - set(TIMED)) == [811, 1300]
