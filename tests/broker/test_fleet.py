"""Many devices on one thread: each a client of its own to the broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from elfe.broker.embedded import Embedded
from elfe.broker.fleet import Fleet
from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.values import Publish
from tests.brokers import A_MOMENT, connected, messages, until


def test_each_device_hears_only_what_it_listens_to(broker: Embedded) -> None:
    with _devices(broker, "D001", "D002") as fleet, connected(broker.address, "command") as command:
        command.send(Publish("D002/set", b"on"))
        assert _heard(fleet, 1, Message) == [("D002", Message("D002/set", b"on"))]
        first, second = fleet.sessions
        assert (first.received, second.received) == ({}, {"D002/set": 1})


def test_what_a_device_says_is_counted_as_its_own(broker: Embedded) -> None:
    with _devices(broker, "D001", "D002") as fleet, connected(broker.address, "recorder", "+/power") as recorder:
        assert fleet.send("D001", Publish("D001/power", b"12"))
        assert messages(recorder, 1) == [Message("D001/power", b"12")]
        first, second = fleet.sessions
        assert (first.sent, second.sent) == ({"D001/power": 1}, {})


def test_a_device_that_listens_to_nothing_is_connected_all_the_same(broker: Embedded) -> None:
    with closing(Fleet(broker.address)) as fleet:
        fleet.add("D001", None, ())
        assert _heard(fleet, 1, Connected) == [("D001", Connected())]


def test_a_device_that_is_not_connected_says_nothing(broker: Embedded) -> None:
    with closing(Fleet(broker.address)) as fleet:
        assert not fleet.send("D001", Publish("D001/power", b"12"))


def test_a_dropped_device_has_its_last_will_said_by_the_broker(broker: Embedded) -> None:
    with _devices(broker, "D001", "D002") as fleet, connected(broker.address, "recorder", "+/online") as recorder:
        fleet.drop("D001")
        assert messages(recorder, 1) == [Message("D001/online", b"false")]
        assert not fleet.send("D001", Publish("D001/power", b"12"))
        assert fleet.send("D002", Publish("D002/power", b"12"))


def test_a_dropped_device_keeps_its_place_among_those_that_are_counted(broker: Embedded) -> None:
    """Whoever counts deliveries knows the connections by their order."""
    with _devices(broker, "D001", "D002") as fleet:
        fleet.drop("D001")
        fleet.add("D001", None, ("D001/set",))
        _heard(fleet, 1, Connected)
        assert [(each.client_id, each.filters) for each in fleet.sessions] == [
            ("D001", ()), ("D002", ("D002/set",)), ("D001", ("D001/set",))]
        assert all(each.ready for each in fleet.sessions)


def test_leaving_in_order_keeps_the_last_wills_unsaid(broker: Embedded) -> None:
    with connected(broker.address, "recorder", "+/online", "done") as recorder:
        with _devices(broker, "D001", "D002"):
            pass
        recorder.send(Publish("done", b""))
        assert messages(recorder, 1) == [Message("done", b"")]


@pytest.mark.mosquitto
def test_after_a_killed_broker_every_device_comes_back(mosquitto: Embedded) -> None:
    with _devices(mosquitto, "D001", "D002") as fleet:
        assert mosquitto.process is not None
        mosquitto.process.kill()
        assert {name for name, _ in _heard(fleet, 2, Disconnected)} == {"D001", "D002"}
        assert not any(each.ready for each in fleet.sessions)
        mosquitto.start()
        assert {name for name, _ in _heard(fleet, 2, Connected)} == {"D001", "D002"}


@pytest.mark.mosquitto
def test_a_hundred_devices_say_a_hundred_things_and_none_is_lost(mosquitto: Embedded) -> None:
    names = [f"D{number:03}" for number in range(100)]
    with _devices(mosquitto, *names) as fleet, connected(mosquitto.address, "recorder", "+/power") as recorder:
        for number in range(100):
            for name in names:
                fleet.send(name, Publish(f"{name}/power", str(number).encode()))
        said = messages(recorder, 10_000)
        assert recorder.received == {f"{name}/power": 100 for name in names}
        assert [each.payload for each in said if each.topic == "D042/power"] == [str(each).encode() for each in range(100)]


@contextmanager
def _devices(broker: Embedded, *names: str) -> Iterator[Fleet]:
    """Devices that are connected, each with a last will."""
    with closing(Fleet(broker.address)) as fleet:
        for name in names:
            fleet.add(name, Publish(f"{name}/online", b"false"), (f"{name}/set",))
        _heard(fleet, len(names), Connected)
        yield fleet


def _heard(fleet: Fleet, count: int, kind: type[Arrival]) -> list[tuple[str, Arrival]]:
    found: list[tuple[str, Arrival]] = []

    def look() -> bool:
        fleet.wait(A_MOMENT)
        found.extend(each for each in fleet.arrivals() if isinstance(each[1], kind))
        return len(found) >= count

    until(look)
    return found
