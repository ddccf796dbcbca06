"""A Tasmota device that is not there, written from the vendor's documentation of its commands and telemetry.

One or several relays, an energy meter, and where it is one a TIC reader whose home draws what the relays' loads do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from math import inf
from random import Random
from typing import Any
from urllib.parse import unquote

from attrs import define, field

from elfe.devices import Device, Publish

Json = dict[str, Any]
Said = tuple[Publish, ...]
VERSION, NEWER = "12.1.1", "15.0.1"
COMMAND = re.compile(r"(?P<word>[A-Za-z]+)(?P<index>\d{0,3})", re.ASCII)
FRAME = {"historique": timedelta(seconds=1.5), "standard": timedelta(seconds=1)}      # how often the meter says its frame
OUT_OF_THE_BOX: Mapping[str, int | str] = {
    "TelePeriod": 300, "PowerOnState": 3, "PowerRetain": 0,
    "PowerDelta1": 110,      # 0 out of the box: a twin that nobody has set is heard all the same
    "SetOption4": 0, "SetOption8": 0, "SetOption26": 0, "SetOption59": 0, "SetOption65": 0, "SetOption103": 0,
    "StateText1": "OFF", "StateText2": "ON",
    "Topic": "tasmota_AABBCC", "FullTopic": "%prefix%/%topic%/", "MqttHost": "", "MqttPort": 1883, "MqttUser": "DVES_USER",
    "MqttPassword": "", "SSId1": "", "Password1": "", "OtaUrl": "http://ota.tasmota.com/tasmota/release/tasmota.bin.gz",
    **{f"PulseTime{number}": 0 for number in range(1, 9)},
}
SECRET = frozenset({"MqttPassword", "Password1"})      # shown as ****
BY_ITSELF = {"PowerDelta": "PowerDelta1", "SSId": "SSId1", "Password": "Password1"}      # without its index it is the first


@define
class Relay:
    """One output and what is drawn behind it."""

    on: bool = True
    power_w: float = 0.0
    opens_at: datetime | None = None      # its PulseTime, when it runs


@define(kw_only=True)
class TasmotaTwin:
    """A unit: its relays, its meter, its settings."""

    device: Device
    period: timedelta = timedelta(seconds=300)
    seed: int = 0
    relays: int = 1
    metered: bool = True
    tic: str = ""                          # historique, standard; empty: it has no eyes for a meter
    raw: str = "noraw"                     # EnergyConfig: noraw, full, changed
    clock_off: timedelta = timedelta()     # how wrong its own clock is
    a_question_disarms: bool = False       # firmware up to 8.5: https://github.com/arendst/Tasmota/issues/9325
    version: str = VERSION
    energy_wh: float = 0.0
    values: dict[str, int | str] = field(factory=lambda: dict(OUT_OF_THE_BOX))
    channels: list[Relay] = field(init=False)
    _speaks_at: datetime | None = field(default=None, init=False)
    _frames_at: datetime | None = field(default=None, init=False)
    _metered_at: datetime | None = field(default=None, init=False)
    _said_w: float = field(default=0.0, init=False)
    _born_at: datetime | None = field(default=None, init=False)
    _last_frame: Json = field(factory=dict, init=False)
    _now: datetime | None = field(default=None, init=False)      # HTTP tells no time: the last that it heard

    def __attrs_post_init__(self) -> None:
        self.channels = [Relay() for _ in range(max(1, self.relays))]      # a reader has a home behind it, and no relay

    # -- a twin's life --------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """All its commands."""
        return (self._topic("cmnd", "#"),)

    @property
    def last_will(self) -> Publish:
        return Publish(self._topic("tele", "LWT"), b"Offline", qos=0, retain=True)

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Its relays."""
        return {number: relay.on for number, relay in enumerate(self.channels[:self.relays])}

    @property
    def next_at(self) -> datetime | None:
        """Its period, a frame of the meter in a raw mode, or a PulseTime, whichever comes first."""
        moments = (self._speaks_at, self._frames_at, *(relay.opens_at for relay in self.channels))
        return min((at for at in moments if at is not None), default=None)

    @property
    def power_w(self) -> float:
        """What the whole unit measures."""
        return sum(relay.power_w for relay in self.channels)

    def connected(self, now: datetime) -> Said:
        """LWT, once after a boot INFO1 to INFO3, its relays, its state. Its period begins somewhere of its own."""
        self.meter(now)
        self._speaks_at = now + self.period * Random(self.seed).random()
        booted, self._born_at = self._born_at is None, self._born_at or now
        self._frame_again(now)
        return (Publish(self._topic("tele", "LWT"), b"Online", qos=0, retain=True),
                Publish(self._topic("cmnd", "POWER"), b"", qos=0),
                *(self._infos() if booted else ()),
                *(each for number in self.outputs for each in self._say_power(number)),
                self._say("tele", "STATE", self._state(now)))

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        """A command: its word and index in the topic, its value in the payload."""
        return self.command(topic.rpartition("/")[2], payload.decode("utf-8", "replace").strip(), now)

    def tick(self, now: datetime) -> Said:
        """Its timers, the meter's frames, its period."""
        self.meter(now)
        said: Said = ()
        for number, relay in enumerate(self.channels):
            if relay.opens_at is not None and now >= relay.opens_at:
                relay.opens_at = None
                said += self.switch(number, self.values["PowerOnState"] == 5, now)
        if self._frames_at is not None and now >= self._frames_at:
            self._frame_again(now)
            said += self._raw_frame()
        if self._speaks_at is not None and now >= self._speaks_at:
            self._speaks_at = now + self.period
            said += self._telemetry(now)
        return said

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """Count what was drawn so far; a change beyond PowerDelta is said at once, while it is on."""
        self.meter(now)
        self.channels[channel].power_w = power_w
        changed = abs(self.power_w - self._said_w)
        return self._telemetry(now) if self.metered and changed >= self._delta() else ()

    def press_button(self, now: datetime) -> Said:
        """A person toggles the first relay."""
        return self.switch(0, not self.channels[0].on, now) if self.relays else ()

    def reboot(self, now: datetime) -> Said:
        """Its supply comes back: PowerOnState says how its relays stand, and PulseTime runs."""
        for number, relay in enumerate(self.channels[:self.relays]):
            relay.on = {0: False, 1: True, 2: not relay.on, 4: True, 5: False}.get(int(self.values["PowerOnState"]), relay.on)
            relay.opens_at = self._pulse_ends(number, now) if relay.on is not (self.values["PowerOnState"] == 5) else None
        self._born_at = None
        return self.connected(now)

    def get(self, path: str) -> str:
        """`/cm?cmnd=...` answers the results of what it says in one object; nothing else of its web page is there."""
        address, _, query = path.partition("?")
        now = self._now or datetime.fromisoformat("2024-01-01T00:00:00+00:00")
        if address != "/cm" or not query.startswith("cmnd="):
            return ""
        word, _, value = unquote(query.removeprefix("cmnd=")).partition(" ")
        said = (json.loads(each.payload) for each in self.command(word, value, now) if each.payload.startswith(b"{"))
        return json.dumps({key: value for each in said for key, value in each.items()}, separators=(",", ":"))

    def meter(self, now: datetime) -> None:
        """Count the energy drawn since the last time."""
        self._now = now
        if self._metered_at is not None:
            self.energy_wh += self.power_w * (now - self._metered_at).total_seconds() / 3600
        self._metered_at = now

    def switch(self, number: int, on: bool, now: datetime) -> Said:
        """Set an output, run its PulseTime, say so."""
        self.meter(now)
        relay = self.channels[number]
        relay.on = on
        runs = on is not (self.values["PowerOnState"] == 5)
        relay.opens_at = self._pulse_ends(number, now) if runs else None
        state = (self._say("tele", "STATE", self._state(now)),) if self.values["SetOption59"] else ()
        return (*state, *self._say_power(number))

    # -- what it is told --------------------------------------------------------------------------------------------------

    def command(self, said: str, value: str, now: datetime) -> Said:
        """https://tasmota.github.io/docs/Commands/ : of its long list, what a driver needs."""
        self.meter(now)
        match = COMMAND.fullmatch(said)
        if match is None:
            return (self._result({"Command": "Unknown"}, "COMMAND"),)
        word, index = match["word"].upper(), match["index"]
        do = self._commands().get(word)
        return do(index, value, now) if do is not None else self._set(said, value, now)

    def _commands(self) -> Mapping[str, Callable[[str, str, datetime], Said]]:
        relays = {"POWER": self._power} if self.relays else {}
        meters = {"ENERGYTOTAL": self._energy_total} if self.metered else {}
        return {**relays, **meters, "STATUS": self._status, "STATE": self._tell_state, "BACKLOG": self._backlog,
                "UPGRADE": self._upgrade, **({"ENERGYCONFIG": self._energy_config} if self.tic else {})}

    def _power(self, index: str, value: str, now: datetime) -> Said:
        numbers = range(self.relays) if index == "0" else [int(index or 1) - 1]
        if not all(0 <= number < self.relays for number in numbers):
            return (self._result({"Command": "Unknown"}, "POWER"),)
        said: Said = ()
        for number in numbers:
            on = self.channels[number].on
            words = {"ON": True, "1": True, "TRUE": True, str(self.values["StateText2"]).upper(): True, "TOGGLE": not on,
                     "OFF": False, "0": False, "FALSE": False, str(self.values["StateText1"]).upper(): False, "2": not on}
            wanted = words.get(value.upper())
            if wanted is None and self.a_question_disarms:
                self.channels[number].opens_at = None
            said += self._say_power(number) if wanted is None else self.switch(number, wanted, now)
        return said

    def _status(self, index: str, value: str, now: datetime) -> Said:
        answers: Mapping[str, Callable[[], Json]] = {
            "1": lambda: {"StatusPRM": {"Baudrate": 115200, "GroupTopic": "tasmotas", "OtaUrl": self.values["OtaUrl"],
                                        "RestartReason": "Power On", "Uptime": self._uptime(now), "Sleep": 50, "BootCount": 12}},
            "2": lambda: {"StatusFWR": {"Version": self._version(), "BuildDateTime": "2022-08-25T11:35:43", "Boot": 31,
                                        "Core": "2_7_4_9", "SDK": "2.2.2-dev(38a443e)", "CpuFrequency": 80,
                                        "Hardware": "ESP8266EX", "CR": "353/699"}},
            "3": lambda: {"StatusLOG": {"SerialLog": 2, "WebLog": 2, "MqttLog": 0, "SysLog": 0, "SSId": [self.values["SSId1"], ""],
                                        "TelePeriod": self.values["TelePeriod"]}},
            "6": lambda: {"StatusMQT": {"MqttHost": self.values["MqttHost"], "MqttPort": self.values["MqttPort"],
                                        "MqttClientMask": "DVES_%06X", "MqttClient": "DVES_AABBCC",
                                        "MqttUser": self.values["MqttUser"], "MqttCount": 1, "MAX_PACKET_SIZE": 1200,
                                        "KEEPALIVE": 30, "SOCKET_TIMEOUT": 4}},
            "8": lambda: {"StatusSNS": self._sensors(now)},
            "10": lambda: {"StatusSNS": self._sensors(now)},
            "11": lambda: {"StatusSTS": self._state(now)},
        }
        numbers = list(answers) if value == "0" else [value] if value in answers else []
        power = "".join(str(int(relay.on)) for relay in reversed(self.channels[:self.relays]))
        brief = {"Status": {"Module": 0, "DeviceName": self.device.id, "FriendlyName": [self.device.id],
                            "Topic": self.device.templates["topic"], "Power": power, "PowerOnState": self.values["PowerOnState"],
                            "PowerRetain": self.values["PowerRetain"]}}
        return (*([self._say("stat", "STATUS", brief)] if value in ("", "0") else []),
                *(self._say("stat", f"STATUS{number}", answers[number]()) for number in numbers))

    def _tell_state(self, index: str, value: str, now: datetime) -> Said:
        state = self._state(now)
        more = (self._say("tele", "STATE", state),) if self.values["SetOption59"] else ()
        return (*more, self._result(state, "STATE"))

    def _backlog(self, index: str, value: str, now: datetime) -> Said:
        """A command after the other; nothing escapes a semicolon."""
        said: Said = ()
        for each in value.split(";"):
            word, _, rest = each.strip().partition(" ")
            said += self.command(word, rest.strip(), now) if word else ()
        return said

    def _upgrade(self, index: str, value: str, now: datetime) -> Said:
        """It fetches what its OtaUrl has and restarts."""
        if value != "1":
            return (self._result({"Upgrade": f"1 or >{self.version} to upgrade"}, "UPGRADE"),)
        begun = self._result({"Upgrade": f"Version {self.version} from {self.values['OtaUrl']}"}, "UPGRADE")
        if not re.search(r"/tasmota/release", str(self.values["OtaUrl"])):
            return begun, self._say("stat", "UPGRADE", {"Upgrade": "Failed Wrong HTTP code"})
        stone = re.search(r"/release-(\d+\.\d+\.\d+)/", str(self.values["OtaUrl"]))
        self.version = stone[1] if stone else NEWER
        return begun, self._say("stat", "UPGRADE", {"Upgrade": "Successful. Restarting"}), *self._restart(now)

    def _restart(self, now: datetime) -> Said:
        """A warm one: its relays stay as they are."""
        self._born_at = None
        return self.connected(now)

    def _energy_total(self, index: str, value: str, now: datetime) -> Said:
        """Its counter, set in Wh; it may go back."""
        if value.isdigit():
            self.energy_wh = float(value)
        return (self._result({"EnergyTotal": {"Total": round(self.energy_wh / 1000, 3)}}, "ENERGYTOTAL"),)

    def _energy_config(self, index: str, value: str, now: datetime) -> Said:
        """https://tasmota.github.io/docs/Teleinfo/#configuring-teleinfo"""
        word = value.partition(" ")[0].lower()
        if word in FRAME:
            self.tic = word
        elif word in ("noraw", "full", "changed"):
            self.raw = word
        self._frame_again(now)
        return (self._result({"EnergyConfig": "Done"}, "ENERGYCONFIG"),)

    def _set(self, said: str, value: str, now: datetime) -> Said:
        """A setting, asked for or set; its answer names it as the firmware writes it."""
        name = next((each for each in self.values if each.lower() == said.lower()), None) or next(
            (first for alone, first in BY_ITSELF.items() if alone.lower() == said.lower()), None)
        if name == "PowerDelta1" and not self.metered:
            name = None
        if said.lower() == "pulsetime":
            return self._pulse_times(value, now)
        if name is None:
            return (self._result({"Command": "Unknown"}, "COMMAND"),)
        cleared = self._keep(name, value, now) if value else ()
        told = (self._result({name: self._shown(name, now)}, name.upper().rstrip("0123456789")),)
        return (*cleared, *told, *(self._telemetry(now) if name == "TelePeriod" else ()))

    def _pulse_times(self, value: str, now: datetime) -> Said:
        """Without an index: the first is set, all are told."""
        if value:
            self._keep("PulseTime1", value, now)
        names = [name for name in self.values if name.startswith("PulseTime")]
        return (self._result({name: self._shown(name, now) for name in names}, "PULSETIME"),)

    def _keep(self, name: str, value: str, now: datetime) -> Said:
        """Set; a PulseTime runs from now on, however the relay stands, and PowerRetain 0 clears what was retained."""
        words = {"OFF": 0, "ON": 1}
        kept: int | str = value
        if isinstance(OUT_OF_THE_BOX[name], int):
            kept = int(value) if value.isdecimal() and len(value) < 6 else words.get(value.upper(), -1)
            if not 0 <= kept <= 65_535:
                return ()
        self.values[name] = kept
        number = int(name.removeprefix("PulseTime")) - 1 if name.startswith("PulseTime") else -1
        if 0 <= number < self.relays:
            self.channels[number].opens_at = self._pulse_ends(number, now)
        if name == "PowerRetain" and not kept:
            return tuple(Publish(self._topic("stat", self._power_name(each)), b"", qos=0) for each in self.outputs)
        return ()

    def _shown(self, name: str, now: datetime) -> Any:
        value = self.values[name]
        if name in SECRET:
            return "****"
        if name.startswith("PulseTime"):
            return {"Set": value, "Remaining": self._remaining(int(name.removeprefix("PulseTime")) - 1, now)}
        if name.startswith("SetOption") or name == "PowerRetain":
            return self._word(bool(value))
        return value

    # -- its timers -------------------------------------------------------------------------------------------------------

    def _pulse_ends(self, number: int, now: datetime) -> datetime | None:
        pulse = int(self.values[f"PulseTime{number + 1}"])
        after = timedelta(seconds=pulse - 100) if pulse > 111 else timedelta(seconds=pulse / 10)
        return now + after if pulse else None

    def _remaining(self, number: int, now: datetime) -> int:
        ends = self.channels[number].opens_at if number < len(self.channels) else None
        seconds = (ends - now).total_seconds() if ends is not None else 0.0
        return int(seconds) + 100 if seconds > 11.1 else int(seconds * 10)

    def _delta(self) -> float:
        """https://tasmota.github.io/docs/Commands/#powerdelta : W from 101 on, percents below, 0 never."""
        delta = int(self.values["PowerDelta1"])
        return delta - 100 if delta > 100 else self._said_w * delta / 100 if delta else inf

    def _frame_again(self, now: datetime) -> None:
        self._frames_at = now + FRAME[self.tic] if self.tic and self.raw != "noraw" else None

    # -- what it says -----------------------------------------------------------------------------------------------------

    def _infos(self) -> Iterator[Publish]:
        group = {"FallbackTopic": "cmnd/DVES_AABBCC_fb/", "GroupTopic": "cmnd/tasmotas/"}
        yield self._say("tele", "INFO1", {"Info1": {"Module": "Tasmota Generic", "Version": self._version(), **group}})
        yield self._say("tele", "INFO2", {"Info2": {"WebServerMode": "Admin", "Hostname": "tasmota", "IPAddress": "192.168.1.40"}})
        yield self._say("tele", "INFO3", {"Info3": {"RestartReason": "Power On", "BootCount": 12}})

    def _say_power(self, number: int) -> Said:
        """JSON on RESULT, or beside the word on its own topic where SetOption4 is 1."""
        name, word = self._power_name(number), self._word(self.channels[number].on)
        retain = bool(self.values["PowerRetain"])
        plain = Publish(self._topic("stat", name), word.encode(), qos=0, retain=retain)
        return self._result({name: word}, name), plain

    def _power_name(self, number: int) -> str:
        return f"POWER{number + 1}" if self.relays > 1 or self.values["SetOption26"] else "POWER"

    def _word(self, on: bool) -> str:
        return str(self.values["StateText2" if on else "StateText1"])

    def _telemetry(self, now: datetime) -> Said:
        self._said_w = self.power_w
        return self._say("tele", "STATE", self._state(now)), self._say("tele", "SENSOR", self._sensors(now))

    def _state(self, now: datetime) -> Json:
        return {
            "Time": self._time(now), "Uptime": self._uptime(now), "UptimeSec": self._seconds_up(now), "Heap": 25,
            "SleepMode": "Dynamic", "Sleep": 50, "LoadAvg": 19, "MqttCount": 1,
            **{self._power_name(number): self._word(on) for number, on in self.outputs.items()},
            "Wifi": {"AP": 1, "SSId": "maison", "BSSId": "00:00:5E:00:53:00", "Channel": 1, "Mode": "11n", "RSSI": 94,
                     "Signal": -53, "LinkCount": 1, "Downtime": "0T00:00:03"},
        }

    def _sensors(self, now: datetime) -> Json:
        meter = self._meter_of_the_home() if self.tic else {"ENERGY": self._meter_of_the_unit()} if self.metered else {}
        return {"Time": self._time(now), **meter}

    def _meter_of_the_unit(self) -> Json:
        """A value, or an array where each relay has its own."""
        kwh, loads = round(self.energy_wh / 1000, 3), [relay.power_w for relay in self.channels]
        watts, factors = [round(load) for load in loads], [1.0 if load else 0.0 for load in loads]
        amperes = [round(load / 230, 3) for load in loads]
        return {
            "TotalStartTime": "2024-01-01T00:00:00", "Total": kwh, "Yesterday": 0.0, "Today": kwh, "Period": 0,
            **{name: each if self.relays > 1 else each[0] for name, each in (
                ("Power", watts), ("ApparentPower", watts), ("ReactivePower", [0] * len(loads)), ("Factor", factors))},
            "Voltage": 230, "Current": amperes if self.relays > 1 else amperes[0]}

    def _meter_of_the_home(self) -> Json:
        """What the firmware makes of the meter's frame, and the frame itself; its chip is an ESP32."""
        kwh, volt_amperes, amperes = round(self.energy_wh / 1000, 3), round(self.power_w), round(self.power_w / 230)
        voltage = {"Voltage": 230} if self.tic == "standard" else {}
        return {
            "ENERGY": {"TotalStartTime": "2024-01-01T00:00:00", "Total": kwh, "Yesterday": 0.0, "Today": kwh, "Period": 0,
                       "Power": volt_amperes, **voltage, "Current": float(amperes), "Load": round(amperes / 45 * 100)},
            "TIC": self.frame(), "ESP32": {"Temperature": 36.1}, "TempUnit": "C"}

    def frame(self) -> Json:
        """The meter's labels: what is all digits becomes a number, but for the meter's own address."""
        wh, volt_amperes, amperes = round(self.energy_wh), round(self.power_w), round(self.power_w / 230)
        texts = {
            "historique": {"ADCO": "000000000000", "OPTARIF": "HC..", "ISOUSC": "45", "HCHC": "000000000", "HCHP": f"{wh:09}",
                           "PTEC": "HP..", "IINST": f"{amperes:03}", "IMAX": "090", "PAPP": f"{volt_amperes:05}", "HHPHC": "A",
                           "MOTDETAT": "000000"},
            "standard": {"ADSC": "000000000000", "VTIC": "02", "NGTF": "H PLEINE/CREUSE", "LTARF": "HEURE PLEINE",
                         "EAST": f"{wh:09}", "EASF01": "000000000", "EASF02": f"{wh:09}", "EASD01": f"{wh:09}",
                         "EAIT": "000000000", "IRMS1": f"{amperes:03}", "URMS1": "230", "PREF": "09", "PCOUP": "09",
                         "SINSTS": f"{volt_amperes:05}", "SINSTI": "00000", "STGE": "003A0001", "PRM": "00000000000000",
                         "RELAIS": "000", "NTARF": "02"},
        }[self.tic]
        return {label: int(text) if text.isdigit() and label not in ("ADCO", "ADSC") else text for label, text in texts.items()}

    def _raw_frame(self) -> Said:
        """`full`: all of it; `changed`: what differs from the last one, and nothing where nothing does."""
        frame = self.frame()
        changed = {label: value for label, value in frame.items() if self._last_frame.get(label) != value}
        self._last_frame = frame
        said = frame if self.raw == "full" else changed
        return (self._say("tele", "SENSOR", {"TIC": said}),) if said else ()

    def _version(self) -> str:
        return f"{self.version}({'tasmota32-teleinfo' if self.tic else 'tasmota'})"

    def _time(self, now: datetime) -> str:
        return f"{now + self.clock_off:%Y-%m-%dT%H:%M:%S}"

    def _seconds_up(self, now: datetime) -> int:
        return int((now - (self._born_at or now)).total_seconds())

    def _uptime(self, now: datetime) -> str:
        days, seconds = divmod(self._seconds_up(now), 86_400)
        return f"{days}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"

    def _result(self, said: Json, name: str) -> Publish:
        return self._say("stat", name if self.values["SetOption4"] else "RESULT", said)

    def _say(self, prefix: str, name: str, said: Mapping[str, Any]) -> Publish:
        return Publish(self._topic(prefix, name), json.dumps(said, separators=(",", ":")).encode(), qos=0)

    def _topic(self, prefix: str, name: str) -> str:
        filled = self.device.templates["full_topic"].replace("%prefix%", prefix)
        return filled.replace("%topic%", self.device.templates["topic"]) + name
