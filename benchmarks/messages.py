"""Real bytes to read: what the twins of every installed plugin say in a busy day, and the captures beside the project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from attrs import frozen
from paho.mqtt.client import topic_matches_sub

from elfe.devices import Capability, Command, Device, LegacyTopics, Press, Publish, Query, Switch, UnsupportedCommand
from elfe.devices.drivers import Driver, Drivers

CAPTURES = Path(__file__).parents[2] / "shared" / "data" / "captures"
MIDNIGHT = datetime(2024, 10, 11, tzinfo=UTC)
DAY = timedelta(days=1)
LOADS_W = (0.0, 3.2, 60.0, 812.5, 1234.5, 2300.0)


@frozen
class Message:
    """One message of one device, and the plugin that reads it."""

    family: str
    device: Device
    topic: str
    payload: bytes


def devices_of(drivers: Drivers, each: int = 4) -> tuple[tuple[Driver, Device], ...]:
    """Some devices of every type, each alone on its unit."""
    return tuple((driver, driver.device(f"Z{driver.type.id}{number}", hardware_id=f"{driver.type.id:06}{number:06}"))
                 for driver in drivers for number in range(each))


def of_twins(drivers: Drivers, each: int = 4, at_most: int = 200) -> tuple[Message, ...]:
    """What a twin of each device says in a day, of what we listen to; a part of it, as it comes, not the rarest first."""
    return tuple(message for driver, device in devices_of(drivers, each) if driver.simulate is not None
                 for message in _sample(tuple(_day_of(driver, device)), at_most, device.id))


def _sample(said: tuple[Message, ...], at_most: int, seed: str) -> list[Message]:
    return Random(seed).sample(said, min(at_most, len(said)))


def _day_of(driver: Driver, device: Device) -> Iterator[Message]:
    assert driver.simulate is not None
    twin, listen, chance = driver.simulate(device, 1), driver.build_topics(device).listen, Random(device.id)
    said, now = list(twin.connected(MIDNIGHT)), MIDNIGHT
    for quarter in range(96):
        for minute in range(15):
            now = MIDNIGHT + timedelta(minutes=15 * quarter + minute)
            said += twin.tick(now)
        said += twin.draw(chance.choice(LOADS_W), now)
        said += [answer for order in _orders(driver, device, quarter) for answer in twin.receive(order.topic, order.payload, now)]
    if twin.last_will is not None:
        said.append(twin.last_will)
    return (Message(driver.plugin, device, each.topic, each.payload) for each in said
            if any(topic_matches_sub(filter, each.topic) for filter in listen))


def _orders(driver: Driver, device: Device, quarter: int) -> Iterator[Publish]:
    """An order each quarter, repeated as the command engine repeats it, and a question."""
    wanted: tuple[tuple[Capability, Command], ...] = (
        (Capability.SWITCH, Switch(quarter % 8 < 6, token=f"o-{quarter}")),
        (Capability.SWITCH, Query(token=f"q-{quarter}")),
        (Capability.PRESS, Press(token=f"p-{quarter}")),
    )
    for capability, command in wanted:
        if driver.type.can(capability) and driver.encode_command is not None:
            with suppress(UnsupportedCommand):
                yield from driver.encode_command(device, command).publishes


def of_captures(drivers: Drivers) -> tuple[Message, ...]:
    """What real devices said, where their topic tells whose it is; none where the data does not lie beside the project."""
    files = sorted(CAPTURES.glob("*.json")) if CAPTURES.is_dir() else []
    return tuple(message for file in files for capture in json.loads(file.read_text("utf-8"))
                 for message in _captured(drivers, file.stem, capture["topic"], capture["payload"].encode()))


def _captured(drivers: Drivers, family: str, topic: str, payload: bytes) -> Iterator[Message]:
    """The first type of the family that knows the topic as one of its own."""
    for driver in drivers:
        if driver.plugin != family:
            continue
        with suppress(ValueError):
            stored, channel = driver.parse_legacy_topics(driver.type.id, LegacyTopics(control=topic, command="", lwt=""))
            device = driver.device(f"C{driver.type.id}", stored=dict(stored), channel=channel)
            if topic in driver.build_topics(device).listen:
                yield Message(driver.plugin, device, topic, payload)
                return
