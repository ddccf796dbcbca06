"""A Tasmota device that is not there, written from the vendor's documentation of its commands and telemetry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from math import inf
from typing import Any

from attrs import define, field

from elfe.devices import Device, MeteredRelay, Publish


@define(kw_only=True)
class TasmotaTwin(MeteredRelay):
    """One relay, an energy meter, and where it is one a TIC reader whose home draws what the relay's load does."""

    device: Device
    period: timedelta = timedelta(seconds=300)
    says_change_w: float = 10.0
    reads_tic: bool = False
    values: dict[str, int] = field(factory=lambda: {
        "TelePeriod": 300, "PowerDelta1": 110, "PowerRetain": 0, "PowerOnState": 3, "PulseTime1": 0})

    def _topic(self, prefix: str, name: str) -> str:
        filled = self.device.templates["full_topic"].replace("%prefix%", prefix)
        return filled.replace("%topic%", self.device.templates["topic"]) + name

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (self._topic("cmnd", "#"),)

    @property
    def last_will(self) -> Publish:
        return Publish(self._topic("tele", "LWT"), b"Offline", retain=True)

    def say_born(self, now: datetime) -> tuple[Publish, ...]:
        return (Publish(self._topic("tele", "LWT"), b"Online", retain=True),
                Publish(self._topic("cmnd", "POWER"), b""), *self._state_telemetry(now))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        name, text = topic.rpartition("/")[2], payload.decode("ascii", "replace").strip()
        match name.upper():
            case "POWER" | "POWER1":
                return self._receive_power(text.upper(), now)
            case "STATUS" if text in {"8", "10"}:
                self.meter(now)
                return (self._answer(f"STATUS{text}", {"StatusSNS": self._sensors(now)}),)
            case "STATUS" if text == "11":
                return (self._answer("STATUS11", {"StatusSTS": self._state(now)}),)
            case "STATE":
                return (self._answer("RESULT", self._state(now)),)
        return self._receive_setting(name, text)

    def _receive_power(self, text: str, now: datetime) -> tuple[Publish, ...]:
        wanted = {"ON": True, "1": True, "OFF": False, "0": False, "TOGGLE": not self.on, "2": not self.on}.get(text)
        return self.say_state(now, "") if wanted is None else self.switch(wanted, now, "mqtt")

    def _receive_setting(self, name: str, text: str) -> tuple[Publish, ...]:
        known = next((each for each in self.values if name.lower() in {each.lower(), each.lower().rstrip("1")}), None)
        if known is None:
            return (self._answer("RESULT", {"Command": "Unknown"}),)
        if text.isdigit():
            self._set(known, int(text))
        return (self._answer("RESULT", {known: self._shown(known)}),)

    def _set(self, name: str, value: int) -> None:
        """TelePeriod is only remembered: whoever simulates says how often a twin speaks."""
        self.values[name] = value
        if name == "PowerDelta1":
            self.says_change_w = value - 100 if value > 100 else inf

    def _shown(self, name: str) -> Any:
        value = self.values[name]
        if name == "PulseTime1":
            return {"Set": value, "Remaining": value}
        return "OFF" if name == "PowerRetain" and not value else value

    def say_state(self, now: datetime, source: str) -> tuple[Publish, ...]:
        word = "ON" if self.on else "OFF"
        return (self._answer("RESULT", {"POWER": word}), Publish(self._topic("stat", "POWER"), word.encode(), qos=0))

    def say_measures(self, now: datetime) -> tuple[Publish, ...]:
        return (*self._state_telemetry(now), self._say("tele", "SENSOR", self._sensors(now)))

    def timer_after_switching(self) -> timedelta | None:
        pulse, inverted = self.values["PulseTime1"], self.values["PowerOnState"] == 5
        if not pulse or self.on == inverted:
            return None
        return timedelta(seconds=pulse / 10) if pulse < 112 else timedelta(seconds=pulse - 100)

    def power_up_state(self) -> bool:
        return {0: False, 1: True, 2: not self.on, 4: True, 5: False}.get(self.values["PowerOnState"], self.on)

    def _state_telemetry(self, now: datetime) -> tuple[Publish, ...]:
        return (self._say("tele", "STATE", self._state(now)),)

    def _state(self, now: datetime) -> dict[str, Any]:
        return {
            "Time": f"{now:%Y-%m-%dT%H:%M:%S}", "Uptime": "0T00:05:09", "UptimeSec": 309, "Heap": 25,
            "SleepMode": "Dynamic", "Sleep": 50, "LoadAvg": 19, "MqttCount": 1, "POWER": "ON" if self.on else "OFF",
            "Wifi": {"AP": 1, "SSId": "maison", "BSSId": "00:00:5E:00:53:00", "Channel": 1, "RSSI": 94, "Signal": -53},
        }

    def _sensors(self, now: datetime) -> dict[str, Any]:
        said = {"Time": f"{now:%Y-%m-%dT%H:%M:%S}"}
        return {**said, **(self._meter_of_the_home() if self.reads_tic else self._meter_of_the_plug())}

    def _meter_of_the_plug(self) -> dict[str, Any]:
        kwh, power = round(self.energy_wh / 1000, 3), round(self.power_w)
        return {"ENERGY": {
            "TotalStartTime": "2024-01-01T00:00:00", "Total": kwh, "Yesterday": 0.0, "Today": kwh, "Period": 0,
            "Power": power, "ApparentPower": power, "ReactivePower": 0, "Factor": 1.0, "Voltage": 230,
            "Current": round(self.power_w / 230, 3)}}

    def _meter_of_the_home(self) -> dict[str, Any]:
        """The historique frame of a peak and off-peak contract, and what the firmware makes of it."""
        kwh, power, amperes = round(self.energy_wh / 1000, 3), round(self.power_w), round(self.power_w / 230)
        return {
            "ENERGY": {"TotalStartTime": "2024-01-01T00:00:00", "Total": kwh, "Yesterday": 0.0, "Today": kwh, "Period": 0,
                       "Power": power, "Current": float(amperes), "Load": round(amperes / 45 * 100)},
            "TIC": {"ADCO": "000000000000", "OPTARIF": "HC..", "ISOUSC": 45, "HCHC": 0, "HCHP": round(self.energy_wh),
                    "PTEC": "HP..", "IINST": amperes, "IMAX": 90, "PAPP": power, "HHPHC": "A", "MOTDETAT": 0},
            "ESP32": {"Temperature": 36.1}, "TempUnit": "C"}

    def _answer(self, name: str, said: Mapping[str, Any]) -> Publish:
        return self._say("stat", name, said)

    def _say(self, prefix: str, name: str, said: Mapping[str, Any]) -> Publish:
        return Publish(self._topic(prefix, name), json.dumps(said, separators=(",", ":")).encode(), qos=0)
