"""A Plug S that is not there, written from the vendor's documentation of its MQTT and HTTP."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from attrs import define, field

from elfe.devices import MeteredRelay, Publish


@define
class PlugTwin(MeteredRelay):
    """Says its state, its power and its energy as plain text, each on a topic of its own."""

    root: str = ""
    period: timedelta = timedelta(seconds=30)
    relay: dict[str, str] = field(factory=lambda: {"default_state": "off", "auto_on": "0.00", "auto_off": "0.00"})

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
        if payload == b"announce":
            return (self._announce(),)
        self.meter(now)
        return self._say_all(now) if payload == b"update" else ()

    def get(self, path: str) -> str:
        """`/settings/relay/0?…`, answered with what is set now. Whoever simulates says how often a twin speaks."""
        asked = urlsplit(path)
        if asked.path == "/settings/relay/0":
            self.relay |= {name: value for name, value in parse_qsl(asked.query) if name in self.relay}
            return json.dumps({**self.relay, "auto_on": float(self.relay["auto_on"]), "auto_off": float(self.relay["auto_off"])})
        return json.dumps({"relays": [self.relay]})

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
        seconds = float(self.relay["auto_off" if self.on else "auto_on"])
        return timedelta(seconds=seconds) if seconds else None

    def power_up_state(self) -> bool:
        return {"on": True, "off": False}.get(self.relay["default_state"], self.on)

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """Its counter begins again at zero: it is kept nowhere."""
        self.meter(now)
        self.energy_wh = 0.0
        return super().reboot(now)

    def _say_all(self, now: datetime) -> tuple[Publish, ...]:
        celsius = 24.0 + self.power_w / 200
        return (*self.say_measures(now),
                Publish(f"{self.root}/temperature", f"{celsius:.2f}".encode(), qos=0),
                Publish(f"{self.root}/temperature_f", f"{celsius * 9 / 5 + 32:.2f}".encode(), qos=0),
                Publish(f"{self.root}/overtemperature", b"0", qos=0))

    def _announce(self) -> Publish:
        name = self.root.rpartition("/")[2]
        said = {"id": name, "model": "SHPLG-S", "mac": "E868E7" + name[-6:].upper(), "ip": "192.168.1.133",
                "new_fw": False, "fw_ver": "20230913-113421/v1.14.0-gcb84623"}
        return Publish(f"{self.root}/announce", json.dumps(said, separators=(",", ":")).encode(), qos=0)
