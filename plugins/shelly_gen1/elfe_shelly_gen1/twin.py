"""A Plug S that is not there, written from the vendor's documentation of its MQTT."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from attrs import define, field

from elfe.devices import MeteredRelay, Publish


@define
class PlugTwin(MeteredRelay):
    """Says its state, its power and its energy as plain text, each on a topic of its own."""

    root: str = ""
    period: timedelta = timedelta(seconds=30)
    auto_on: timedelta | None = field(default=None)       # what HTTP set

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self.root}/relay/0/command", f"{self.root}/command", "shellies/command")

    @property
    def last_will(self) -> Publish:
        return Publish(f"{self.root}/online", b"false", retain=True)

    def say_born(self, now: datetime) -> tuple[Publish, ...]:
        return (Publish(f"{self.root}/online", b"true", retain=True), self._announce(), *self._say_all(now))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        if topic == f"{self.root}/relay/0/command":
            wanted = {b"on": True, b"off": False, b"toggle": not self.on}.get(payload)
            return () if wanted is None else self.switch(wanted, now, "mqtt")
        self.meter(now)
        return {b"announce": (self._announce(),), b"update": self._say_all(now)}.get(payload, ())

    def say_state(self, now: datetime, source: str) -> tuple[Publish, ...]:
        return (Publish(f"{self.root}/relay/0", b"on" if self.on else b"off", qos=0),)

    def say_measures(self, now: datetime) -> tuple[Publish, ...]:
        watt_minutes = int(self.energy_wh * 60)
        return (
            Publish(f"{self.root}/relay/0/power", f"{self.power_w:.2f}".encode(), qos=0),
            Publish(f"{self.root}/relay/0/energy", str(watt_minutes).encode(), qos=0),
            *self.say_state(now, ""),
        )

    def timer_after_switching(self) -> timedelta | None:
        return None if self.on else self.auto_on

    def power_up_state(self) -> bool:
        return True      # default_state=on

    def _say_all(self, now: datetime) -> tuple[Publish, ...]:
        warm = 24.0 + self.power_w / 200
        return (*self.say_measures(now), Publish(f"{self.root}/temperature", f"{warm:.2f}".encode(), qos=0),
                Publish(f"{self.root}/overtemperature", b"0", qos=0))

    def _announce(self) -> Publish:
        name = self.root.rpartition("/")[2]
        said = {"id": name, "model": "SHPLG-S", "mac": "E868E7" + name[-6:].upper(), "ip": "192.168.1.133",
                "new_fw": False, "fw_ver": "20230913-113421/v1.14.0-gcb84623"}
        return Publish(f"{self.root}/announce", json.dumps(said, separators=(",", ":")).encode(), qos=0)
