"""Small twins, a wire in memory, and appliances, made for the simulation's tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from attrs import define, field

from elfe.coordination.values import Appliance, ApplianceType
from elfe.devices.testing import MockBroker
from elfe.devices.twins import MeteredRelay
from elfe.devices.values import Publish

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)


def after(minutes: float = 0, seconds: float = 0) -> datetime:
    return NOON + timedelta(minutes=minutes, seconds=seconds)


def appliance(id=1, type=ApplianceType.WASHING_MACHINE, name="Washing machine", participant="R001"):
    return Appliance(id, name, type, typology=120, mode=30, control=0, command=0, participant=participant)


@define
class Plug(MeteredRelay):
    """One output; it says how it stands and what it counts."""

    period: timedelta = timedelta(minutes=5)
    root: str = "plug"

    @property
    def subscriptions(self):
        return (f"{self.root}/set",)

    @property
    def last_will(self):
        return Publish(f"{self.root}/online", b"false", retain=True)

    def say_born(self, now):
        return (Publish(f"{self.root}/online", b"true", retain=True),)

    def say_state(self, now, source):
        return (Publish(f"{self.root}/state", b"on" if self.on else b"off"),)

    def say_measures(self, now):
        return (Publish(f"{self.root}/power", f"{self.power_w:.0f}".encode()),)

    def receive(self, topic, payload, now):
        return self.switch(payload == b"on", now, "order")


@define
class Quiet:
    """What every other twin below is: it never speaks by itself, has no last will and no output."""

    period: timedelta = timedelta(minutes=5)
    root: str = "quiet"
    drawn_w: dict[int, float] = field(factory=dict)

    last_will = None
    next_at = None
    outputs: Mapping[int, bool] = field(factory=dict)

    @property
    def subscriptions(self):
        return (f"{self.root}/set",)

    def connected(self, now):
        return (Publish(f"{self.root}/hello", b""),)

    def receive(self, topic, payload, now):
        return ()

    def tick(self, now):
        return ()

    def draw(self, power_w, now, channel=0):
        self.drawn_w[channel] = power_w
        return ()

    def press_button(self, now):
        return ()

    def reboot(self, now):
        return self.connected(now)

    def get(self, path):
        return ""


@define
class Finger(Quiet):
    """Presses when told; its words are kept by the broker."""

    root: str = "finger"
    presses: int = 0

    def receive(self, topic, payload, now):
        self.presses += 1
        return (Publish(f"{self.root}/pressed", b"1", retain=True),)


@define
class Strip(Quiet):
    """Two outputs of one unit, switched by `0 on`."""

    root: str = "strip"
    outputs: dict[int, bool] = field(factory=lambda: {0: True, 1: True})

    def receive(self, topic, payload, now):
        channel, word = payload.decode().split()
        self.outputs[int(channel)] = word == "on"
        return (Publish(f"{self.root}/state/{channel}", word.encode()),)


class MemoryWire:
    """Many connections on a broker in memory."""

    def __init__(self) -> None:
        self.broker = MockBroker()
        self.sessions = {}
        self.wills = {}
        self.accounts = {}
        self.closed = False

    def add(self, client_id, will, filters, username="", password=""):
        session = self.sessions[client_id] = self.broker.session()
        self.wills[client_id], self.accounts[client_id] = will, (username, password)
        session.listen(filters)

    def send(self, client_id, message):
        return client_id in self.sessions and self.sessions[client_id].send(message)

    def arrivals(self):
        return [(client_id, each) for client_id, session in list(self.sessions.items()) for each in session.arrivals()]

    def drop(self, client_id):
        self.sessions.pop(client_id).close()
        if self.wills[client_id] is not None:
            self.broker.deliver(self.wills[client_id])

    def close(self):
        self.closed = True

    def said(self, topic):
        """Everything that was published on a topic."""
        return [each.payload.decode() for each in self.broker.log if each.topic == topic]
