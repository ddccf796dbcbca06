"""Devices of the first generation that are not there, written from the vendor's documentation of their MQTT and HTTP.

https://shelly-api-docs.shelly.cloud/gen1/ ; what the page leaves open is taken from answers of firmware v1.14.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from attrs import Factory, define, field

from elfe.devices import MeteredRelay, Publish

Json = dict[str, Any]
Said = tuple[Publish, ...]
Query = Mapping[str, str]

NEWEST = "20230913-113421/v1.14.0-gcb84623"
BEFORE_MQTT = datetime(2024, 1, 1, tzinfo=UTC)      # the time that it tells over HTTP before the broker ever let it in

# -- what every model answers over HTTP ---------------------------------------------------------------------------------------


def boolean(text: str) -> bool:
    """As the vendor writes it under "HTTP dialect"."""
    return text in {"1", "y", "Y", "t", "T"} or text.lower() == "true"


def decimal(text: str) -> float:
    """A whole number stays one."""
    value = float(text)
    return int(value) if value.is_integer() else value


PARAMETERS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "mqtt_enable": ("mqtt.enable", boolean), "mqtt_server": ("mqtt.server", str), "mqtt_user": ("mqtt.user", str),
    "mqtt_id": ("mqtt.id", str), "mqtt_clean_session": ("mqtt.clean_session", boolean), "mqtt_retain": ("mqtt.retain", boolean),
    "mqtt_keep_alive": ("mqtt.keep_alive", decimal), "mqtt_max_qos": ("mqtt.max_qos", decimal),
    "mqtt_update_period": ("mqtt.update_period", decimal), "name": ("name", str), "max_power": ("max_power", decimal),
    "temperature_units": ("sensors.temperature_unit", str), "temperature_threshold": ("sensors.temperature_threshold", decimal),
    "humidity_threshold": ("sensors.humidity_threshold", decimal), "temperature_offset": ("temperature_offset", decimal),
    "humidity_offset": ("humidity_offset", decimal),
}
WIFI: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "enabled": ("enabled", boolean), "ssid": ("ssid", str), "ipv4_method": ("ipv4_method", str), "ip": ("ip", str),
    "netmask": ("mask", str), "gateway": ("gw", str), "dns": ("dns", str),
}
RELAY: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "name": ("name", str), "appliance_type": ("appliance_type", str), "default_state": ("default_state", str),
    "auto_on": ("auto_on", decimal), "auto_off": ("auto_off", decimal), "schedule": ("schedule", boolean),
    "max_power": ("max_power", decimal),
}
SECRETS = {"mqtt_pass", "key", "password"}      # taken, and told to nobody


def put(into: Json, parameters: Mapping[str, tuple[str, Callable[[str], Any]]], query: Query) -> None:
    """Set what is asked; what it does not know it passes over."""
    for name, text in query.items():
        if name in parameters:
            path, read = parameters[name]
            *parents, leaf = path.split(".")
            part = into
            for parent in parents:
                part = part.get(parent, {})
            if leaf in part:
                part[leaf] = read(text)


@define
class Web:
    """Its settings, its Wi-Fi, its firmware, and who it is."""

    root: str                          # shellies/<mqtt id>
    model: str                         # SHPLG-S
    own: Json                          # what its model adds to `/settings`
    running: str = NEWEST
    newest: str = NEWEST
    secrets: dict[str, str] = field(factory=dict)
    restarts: bool = False             # asked to, and not done yet
    next_firmware: str = ""            # loaded, in force after the restart
    settings: Json = field(init=False)

    @property
    def id(self) -> str:
        """Its MQTT id."""
        return self.root.partition("/")[2]

    @property
    def mac(self) -> str:
        """It ends with its hardware id, which its MQTT id tells unless its owner chose another."""
        found = re.search(r"-([0-9A-F]{6})$", self.id.upper())
        return "E868E7" + (found[1] if found else f"{Random(self.root).randrange(1 << 24):06X}")

    def __attrs_post_init__(self) -> None:
        hostname = {"SHPLG-S": "shellyplug-s-", "SHHT-1": "shellyht-"}[self.model] + self.mac[-6:]
        station = {"enabled": True, "ssid": "maison", "ipv4_method": "dhcp", "ip": None, "gw": None, "mask": None, "dns": None}
        self.settings = {
            "device": {},
            "wifi_ap": {"enabled": False, "ssid": hostname, "key": ""},
            "wifi_sta": station, "wifi_sta1": {**station, "enabled": False, "ssid": None},
            "mqtt": {"enable": True, "server": "192.168.33.3:1883", "user": "", "id": self.id, "reconnect_timeout_max": 60.0,
                     "reconnect_timeout_min": 2.0, "clean_session": True, "keep_alive": 60, "max_qos": 0, "retain": False,
                     "update_period": 30},
            "coiot": {"enabled": True, "update_period": 15, "peer": ""},
            "sntp": {"server": "time.google.com", "enabled": True},
            "login": {"enabled": False, "unprotected": False, "username": "admin"},
            "pin_code": "", "name": None, "fw": self.running, "pon_wifi_reset": False, "discoverable": False,
            "build_info": {"build_id": self.running, "build_timestamp": "2023-09-13T11:34:21Z", "build_version": "1.0"},
            "cloud": {"enabled": False, "connected": False}, "timezone": "Europe/Paris", "lat": 47.65, "lng": -2.08,
            "tzautodetect": True, "tz_utc_offset": 3600, "tz_dst": False, "tz_dst_auto": True, "time": "12:00",
            "unixtime": 0, "debug_enable": False, "allow_cross_origin": False,
            **self.own,
        }
        self.settings["device"] = {"type": self.model, "mac": self.mac, "hostname": hostname, **self.own["device"]}

    @property
    def newer(self) -> bool:
        """Whether its vendor has something for it. What runs less than v1.9.4 does not find it: the plugs of 2022."""
        return self.newest != self.running and number_of(self.running) >= (1, 9, 4)

    def update(self) -> Json:
        """`/ota`, and `update` of `/status`."""
        return {"status": "updating" if self.next_firmware else "idle", "has_update": self.newer,
                "new_version": self.newest if self.newer else self.running, "old_version": self.running}

    def load(self, build: str) -> None:
        """Begin an update; nothing, when there is nothing to load."""
        if build and build != self.running:
            self.next_firmware, self.restarts = build, True

    def restarted(self) -> None:
        """With the firmware that was loaded."""
        self.running, self.next_firmware = self.next_firmware or self.running, ""
        self.settings["fw"] = self.settings["build_info"]["build_id"] = self.running
        self.restarts = False

    def say(self, name: str, payload: str | Json) -> Publish:
        """One message under its root: QoS 0, and retained only where its owner wants that of all."""
        text = json.dumps(payload, separators=(",", ":")) if isinstance(payload, dict) else payload
        return Publish(f"{self.root}/{name}", text.encode(), qos=0, retain=self.settings["mqtt"]["retain"])

    def announce(self) -> Said:
        """To all, and under its own root."""
        said = {"id": self.id, "model": self.model, "mac": self.mac, "ip": "192.168.1.133", "new_fw": self.newer,
                "fw_ver": self.running}
        own = self.say("announce", said)
        return (Publish("shellies/announce", own.payload, qos=0), own)

    def status(self, now: datetime) -> Json:
        """What every model's `/status` has."""
        return {
            "wifi_sta": {"connected": True, "ssid": self.settings["wifi_sta"]["ssid"], "ip": "192.168.1.133", "rssi": -57},
            "cloud": {"enabled": False, "connected": False}, "mqtt": {"connected": self.settings["mqtt"]["enable"]},
            "time": f"{now:%H:%M}", "unixtime": int(now.timestamp()), "serial": 1, "has_update": self.newer, "mac": self.mac,
            "cfg_changed_cnt": 0, "actions_stats": {"skipped": 0},
            "update": {**self.update(), "beta_version": "20231107-164219/v1.14.1-rc1-g0617c15"},
            "ram_total": 52056, "ram_free": 40000, "fs_size": 233681, "fs_free": 166413, "uptime": 3600,
        }

    def get(self, path: str, models: Mapping[str, Callable[[Query], Json]]) -> str:
        """The answer to a path that its model has, or that all have."""
        asked = urlsplit(path)
        query = dict(parse_qsl(asked.query, keep_blank_values=True))
        self.secrets |= {name: text for name, text in query.items() if name in SECRETS}
        common: Mapping[str, Callable[[Query], Json]] = {
            "/shelly": self._shelly, "/settings": self._settings, "/settings/sta": self._station, "/ota": self._ota,
            "/ota/check": lambda _: {"status": "ok"}, "/reboot": self._reboot,
        }
        found = {**common, **models}.get(asked.path)
        return json.dumps(found(query), separators=(",", ":")) if found else "Not Found"

    def _shelly(self, query: Query) -> Json:
        counts = {name: value for name, value in self.settings["device"].items() if name.startswith("num_")}
        return {"type": self.model, "mac": self.mac, "auth": self.settings["login"]["enabled"], "fw": self.running,
                "discoverable": self.settings["discoverable"], "name": self.settings["name"], **counts}

    def _settings(self, query: Query) -> Json:
        put(self.settings, PARAMETERS, query)
        return self.settings

    def _station(self, query: Query) -> Json:
        put(self.settings["wifi_sta"], WIFI, query)
        station: Json = self.settings["wifi_sta"]
        return station

    def _ota(self, query: Query) -> Json:
        if "url" in query:
            found = re.search(r"/v(\d+\.\d+\.\d+)/" + re.escape(self.model) + r"\.zip$", query["url"])
            self.load(f"20210115-103101/v{found[1]}@e2732e05" if found else "")
        elif boolean(query.get("update", "")):
            self.load(self.newest if self.newer else "")
        return self.update()

    def _reboot(self, query: Query) -> Json:
        self.restarts = True
        return {"ok": True}


def number_of(build: str) -> tuple[int, ...]:
    """`20230913-113421/v1.14.0-gcb84623` → (1, 14, 0)."""
    found = re.search(r"/v([\d.]+)", build)
    return tuple(int(each) for each in found[1].split(".")) if found else ()


def fahrenheit(celsius: float) -> float:
    """As it rounds it."""
    return round(celsius * 9 / 5 + 32, 2)


# -- the plug -----------------------------------------------------------------------------------------------------------------


def plug_settings() -> Json:
    """What a Plug S adds to `/settings`."""
    return {
        "device": {"num_outputs": 1, "num_meters": 1}, "ap_roaming": {"enabled": False, "threshold": -70},
        "led_status_disable": False,
        "actions": {"active": False, "names": ["btn_on_url", "out_on_url", "out_off_url"]},
        "hwinfo": {"hw_revision": "prod-190516", "batch_id": 1}, "max_power": 2500, "led_power_disable": False,
        "relays": [{"name": None, "appliance_type": "General", "ison": False, "has_timer": False, "default_state": "off",
                    "auto_on": 0.0, "auto_off": 0.0, "schedule": False, "schedule_rules": [], "max_power": 2500}],
        "eco_mode_enabled": True,
    }


@define
class PlugTwin(MeteredRelay):
    """Says its state, its power and its energy as plain text, each on a topic of its own."""

    root: str = ""
    period: timedelta = timedelta(seconds=30)
    web: Web = Factory(lambda self: Web(self.root, "SHPLG-S", plug_settings()), takes_self=True)
    overpower: bool = False
    overheated: bool = False
    source: str = "init"
    _now: datetime = field(default=BEFORE_MQTT, init=False)

    @property
    def relay(self) -> Json:
        """The settings of its relay."""
        relay: Json = self.web.settings["relays"][0]
        return relay

    @property
    def celsius(self) -> float:
        """Of its chip, which its load warms."""
        return 24.0 + self.power_w / 200

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self.root}/relay/0/command", f"{self.root}/command", "shellies/command")

    @property
    def last_will(self) -> Publish:
        return self.web.say("online", "false")

    # -- what it says

    def say_born(self, now: datetime) -> Said:
        return (self.web.say("online", "true"), *self.web.announce(), self._info(now), *self.say_measures(now))

    def say_state(self, now: datetime, source: str) -> Said:
        return (self.web.say("relay/0", "overpower" if self.overpower else "on" if self.on else "off"),)

    def say_measures(self, now: datetime) -> Said:
        """Its complete state."""
        return (
            self.web.say("relay/0/power", f"{self.power_w:.2f}"),
            self.web.say("relay/0/energy", str(self._watt_minutes)),
            *self.say_state(now, ""),
            self.web.say("temperature", f"{self.celsius:.2f}"),
            self.web.say("temperature_f", f"{fahrenheit(self.celsius):.2f}"),
            self.web.say("overtemperature", "1" if self.overheated else "0"),
        )

    def _info(self, now: datetime) -> Publish:
        return self.web.say("info", self._status(now))

    @property
    def _watt_minutes(self) -> int:
        return int(self.energy_wh * 60)

    # -- what happens to it

    def connected(self, now: datetime) -> Said:
        self._now = now
        return super().connected(now)

    @property
    def next_at(self) -> datetime | None:
        return self._now if self.web.restarts else super().next_at

    def tick(self, now: datetime) -> Said:
        self._now = now
        return self.reboot(now) if self.web.restarts else super().tick(now)

    def switch(self, on: bool, now: datetime, source: str) -> Said:
        self.source, self.overpower = source, False
        return super().switch(on, now, source)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """Above its limit it cuts itself; that its own timer then leaves it open is our reading."""
        self._now = now
        limit = self.relay["max_power"]
        if not limit or power_w <= limit:
            return super().draw(power_w, now, channel)
        self.meter(now)
        self.power_w, self.on, self.overpower, self.flips_at = 0.0, False, True, None
        return self.say_measures(now)

    def overheat(self, now: datetime) -> Said:
        """It opens, and says why."""
        self.overheated = True
        said = self.switch(False, now, "overtemperature")
        return (*said, self.web.say("overtemperature", "1"))

    def reboot(self, now: datetime) -> Said:
        """Its counter begins again at zero: it is kept nowhere."""
        self.web.restarted()
        self.meter(now)
        self.energy_wh, self.overpower, self.overheated, self.source = 0.0, False, False, "init"
        return super().reboot(now)

    def timer_after_switching(self) -> timedelta | None:
        seconds = self.relay["auto_off" if self.on else "auto_on"]
        return timedelta(seconds=seconds) if seconds else None

    def power_up_state(self) -> bool:
        return {"on": True, "off": False}.get(self.relay["default_state"], self.on)

    # -- what it is told

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        self._now = now
        if topic == f"{self.root}/relay/0/command":
            wanted = {b"on": True, b"off": False, b"toggle": not self.on}.get(payload)
            return () if wanted is None else self.switch(wanted, now, "mqtt")
        self.meter(now)
        match payload:
            case b"announce":
                return (*self.web.announce(), self._info(now))
            case b"update":
                return self.say_measures(now)
            case b"update_fw":
                self.web.load(self.web.newest if self.web.newer else "")
        return ()

    def get(self, path: str) -> str:
        """Whoever simulates says how often a twin speaks: its period is only remembered."""
        return self.web.get(path, {
            "/settings": self._settings, "/settings/relay/0": self._relay_settings, "/status": lambda _: self._status(self._now),
            "/relay/0": self._relay_status, "/meter/0": lambda _: self._meter(self._now),
            "/cit/d": lambda _: PLUG_DESCRIPTION, "/cit/s": lambda _: self._coiot(),
        })

    def _settings(self, query: Query) -> Json:
        put(self.web.settings, PARAMETERS, query)
        self._relay_settings({})
        return self.web.settings

    def _relay_settings(self, query: Query) -> Json:
        put(self.relay, RELAY, query)
        self.relay.update(ison=self.on, has_timer=self.flips_at is not None)
        return self.relay

    def _relay_status(self, query: Query) -> Json:
        """`turn` switches it at once; what it says of that over MQTT waits for its next word."""
        wanted = {"on": True, "off": False, "toggle": not self.on}.get(query.get("turn", ""))
        if wanted is not None:
            self.switch(wanted, self._now, "http")
        timer = {"has_timer": False, "timer_started": 0, "timer_duration": 0, "timer_remaining": 0}
        after, flips_at = self.timer_after_switching(), self.flips_at
        if after is not None and flips_at is not None:
            timer = {"has_timer": True, "timer_started": int((flips_at - after).timestamp()),
                     "timer_duration": int(after.total_seconds()), "timer_remaining": int((flips_at - self._now).total_seconds())}
        return {"ison": self.on, **timer, "overpower": self.overpower, "source": self.source}

    def _meter(self, now: datetime) -> Json:
        return {"power": round(self.power_w, 2), "overpower": 0.0, "is_valid": True, "timestamp": int(now.timestamp()),
                "counters": [round(self.power_w, 3)] * 3, "total": self._watt_minutes}

    def _status(self, now: datetime) -> Json:
        celsius = round(self.celsius, 2)
        return {
            **self.web.status(now), "relays": [self._relay_status({})], "meters": [self._meter(now)], "temperature": celsius,
            "overtemperature": self.overheated, "tmp": {"tC": celsius, "tF": fahrenheit(celsius), "is_valid": True},
        }

    def _coiot(self) -> Json:
        celsius = round(self.celsius, 2)
        return {"G": [[0, 9103, 0], [0, 1101, int(self.on)], [0, 4101, round(self.power_w, 2)], [0, 4103, self._watt_minutes],
                      [0, 6102, int(self.overpower)], [0, 6109, 0], [0, 3104, celsius], [0, 3105, fahrenheit(celsius)],
                      [0, 6101, int(self.overheated)]]}


PLUG_DESCRIPTION: Json = {
    "blk": [{"I": 1, "D": "relay_0"}, {"I": 2, "D": "device"}],
    "sen": [
        {"I": 9103, "T": "EVC", "D": "cfgChanged", "R": "U16", "L": 2},
        {"I": 1101, "T": "S", "D": "output", "R": "0/1", "L": 1},
        {"I": 4101, "T": "P", "D": "power", "U": "W", "R": ["0/2500", "-1"], "L": 1},
        {"I": 4103, "T": "E", "D": "energy", "U": "Wmin", "R": ["U32", "-1"], "L": 1},
        {"I": 6102, "T": "A", "D": "overpower", "R": ["0/1", "-1"], "L": 1},
        {"I": 6109, "T": "P", "D": "overpowerValue", "U": "W", "R": ["U32", "-1"], "L": 1},
        {"I": 3104, "T": "T", "D": "deviceTemp", "U": "C", "R": ["-40/300", "999"], "L": 2},
        {"I": 3105, "T": "T", "D": "deviceTemp", "U": "F", "R": ["-40/572", "999"], "L": 2},
        {"I": 6101, "T": "A", "D": "overtemp", "R": ["0/1", "-1"], "L": 2},
    ],
}
"""`/cit/d`: the numbers and ranges that the model declares of itself over CoIoT, firmware 1.8 on."""

# -- the thermometer ----------------------------------------------------------------------------------------------------------

SETUP = timedelta(minutes=3)
"""How long its button keeps it awake."""
REPORT = timedelta(seconds=2)
"""How long a report takes: "immediately afterwards" it shuts down; the figure is ours."""


def room_settings() -> Json:
    """What an H&T adds to `/settings`."""
    return {
        "device": {"sleep_mode": True},
        "actions": {"active": False,
                    "names": ["report_url", "temp_over_url", "temp_under_url", "hum_over_url", "hum_under_url"]},
        "sensors": {"temperature_threshold": 1, "temperature_unit": "C", "humidity_threshold": 5},
        "sleep_mode": {"period": 12, "unit": "h"}, "external_power": 0, "temperature_offset": 0, "humidity_offset": 0,
    }


@define
class HtTwin:
    """Asleep, but for a report: it connects, says its room, and is gone.

    That the broker says its last will when it falls asleep is how we read the vendor's page: it was not tried on hardware.
    """

    root: str = ""
    seed: int = 0
    period: timedelta = timedelta(hours=6)
    temperature_c: float = 20.0
    humidity_pct: float = 50.0
    battery_pct: float = 100.0
    on_usb: bool = False
    error: int = 0
    awake: bool = True            # in its installer's hands, before it is left on its shelf
    reason: str = "poweron"
    web: Web = Factory(lambda self: Web(self.root, "SHHT-1", room_settings()), takes_self=True)
    _said: tuple[float, float] = field(default=(20.0, 50.0), init=False)
    _speaks_at: datetime | None = field(default=None, init=False)
    _sleeps_at: datetime | None = field(default=None, init=False)
    _now: datetime = field(default=BEFORE_MQTT, init=False)

    @property
    def outputs(self) -> Mapping[int, bool]:
        """None."""
        return {}

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What it hears while it is awake."""
        return (f"{self.root}/command", "shellies/command")

    @property
    def last_will(self) -> Publish:
        """Said for it each time it falls asleep."""
        return self.web.say("online", "false")

    @property
    def next_at(self) -> datetime | None:
        """Its next report, or its falling asleep."""
        if self.web.restarts:
            return self._now
        return min((at for at in (self._speaks_at, self._sleeps_at) if at is not None), default=None)

    # -- its life

    def connected(self, now: datetime) -> Said:
        """Its installer leaves, after a moment of his own: so does its period begin."""
        chance = Random(self.seed)
        self._speaks_at = now + self.period * chance.random()
        return self.wake(now, "poweron", SETUP + timedelta(seconds=chance.randrange(60)))

    def wake(self, now: datetime, reason: str, stays: timedelta = REPORT) -> Said:
        """It connects, and says its room."""
        self._now, self.awake, self.reason = now, True, reason
        self._sleeps_at = max(now + stays, self._sleeps_at or now)
        self._said = (self.temperature_c, self.humidity_pct)
        return (self.web.say("online", "true"), *self.web.announce(), self._info(now), *self.say_room())

    def sleep(self, now: datetime) -> Said:
        """Gone, without a word of its own."""
        self._now, self.awake, self._sleeps_at = now, False, None
        return (self.last_will,)

    def say_room(self) -> Said:
        """Its sensors, in its own unit."""
        fahrenheits = self.web.settings["sensors"]["temperature_unit"] == "F"
        shown = fahrenheit(self.temperature_c) if fahrenheits else self.temperature_c
        return (
            self.web.say("sensor/temperature", f"{shown:.2f}"),
            self.web.say("sensor/humidity", f"{self.humidity_pct:.1f}"),
            self.web.say("sensor/battery", f"{self.battery_pct:.0f}"),
            self.web.say("sensor/ext_power", "true" if self.on_usb else "false"),
            self.web.say("sensor/error", str(self.error)),
            self.web.say("sensor/act_reasons", json.dumps([self.reason])),
        )

    def _info(self, now: datetime) -> Publish:
        return self.web.say("info", self._status(now))

    def tick(self, now: datetime) -> Said:
        """Its restart, its bedtime, its period."""
        self._now = now
        if self.web.restarts:
            return self.reboot(now)
        said: Said = ()
        if self._sleeps_at is not None and now >= self._sleeps_at:
            said += self.sleep(now)
        if self._speaks_at is not None and now >= self._speaks_at:
            self._speaks_at = now + self.period
            said += self.wake(now, "periodic")
        return said

    def feel(self, temperature_c: float, humidity_pct: float, now: datetime) -> Said:
        """The room changes; it wakes when that is more than its thresholds."""
        self.temperature_c, self.humidity_pct = temperature_c, humidity_pct
        sensors = self.web.settings["sensors"]
        changed = (abs(temperature_c - self._said[0]) > sensors["temperature_threshold"]
                   or abs(humidity_pct - self._said[1]) > sensors["humidity_threshold"])
        return self.wake(now, "sensor") if changed else ()

    def press_button(self, now: datetime) -> Said:
        """A person wants to set it; pressed again, it goes back to sleep."""
        return self.sleep(now) if self.awake else self.wake(now, "button", SETUP)

    def reboot(self, now: datetime) -> Said:
        """New batteries, or a restart that was asked for."""
        self.web.restarted()
        return self.wake(now, "poweron", SETUP)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """Nothing is behind it."""
        return ()

    # -- what it is told

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        """Who sleeps hears nothing."""
        if not self.awake:
            return ()
        self._now = now
        match payload:
            case b"announce":
                return (*self.web.announce(), self._info(now))
            case b"update":
                return self.say_room()
            case b"update_fw":
                self.web.load(self.web.newest if self.web.newer else "")
        return ()

    def get(self, path: str) -> str:
        """Who sleeps answers nothing."""
        if not self.awake:
            return ""
        return self.web.get(path, {
            "/settings": self._settings, "/status": lambda _: self._status(self._now),
            "/cit/d": lambda _: ROOM_DESCRIPTION, "/cit/s": lambda _: self._coiot(),
        })

    def _settings(self, query: Query) -> Json:
        put(self.web.settings, PARAMETERS, query)
        self.web.settings.update(external_power=int(self.on_usb), sleep_mode={
            "period": decimal(str(self.period / timedelta(hours=1))), "unit": "h"})
        return self.web.settings

    def _status(self, now: datetime) -> Json:
        sensors, valid = self.web.settings["sensors"], not self.error
        celsius, fahrenheits = round(self.temperature_c, 2), fahrenheit(self.temperature_c)
        return {
            **self.web.status(now), "is_valid": valid,
            "tmp": {"value": fahrenheits if sensors["temperature_unit"] == "F" else celsius,
                    "units": sensors["temperature_unit"], "tC": celsius, "tF": fahrenheits, "is_valid": valid},
            "hum": {"value": round(self.humidity_pct, 1), "is_valid": valid},
            "bat": {"value": round(self.battery_pct), "voltage": 2.98}, "act_reasons": [self.reason], "connect_retries": 0,
            "sensor_error": self.error,
        }

    def _coiot(self) -> Json:
        return {"G": [[0, 9103, 0], [0, 3101, round(self.temperature_c, 2)], [0, 3102, fahrenheit(self.temperature_c)],
                      [0, 3103, round(self.humidity_pct, 1)], [0, 3115, int(bool(self.error))],
                      [0, 3111, round(self.battery_pct)], [0, 9102, [self.reason]]]}


ROOM_DESCRIPTION: Json = {
    "blk": [{"I": 1, "D": "sensor_0"}, {"I": 2, "D": "device"}],
    "sen": [
        {"I": 9103, "T": "EVC", "D": "cfgChanged", "R": "U16", "L": 2},
        {"I": 3101, "T": "T", "D": "extTemp", "U": "C", "R": ["-55/125", "999"], "L": 1},
        {"I": 3102, "T": "T", "D": "extTemp", "U": "F", "R": ["-67/257", "999"], "L": 1},
        {"I": 3103, "T": "H", "D": "humidity", "R": ["0/100", "999"], "L": 1},
        {"I": 3115, "T": "S", "D": "sensorError", "R": "0/1", "L": 1},
        {"I": 3111, "T": "B", "D": "battery", "R": ["0/100", "-1"], "L": 2},
        {"I": 9102, "T": "EV", "D": "wakeupEvent", "R": ["battery/button/periodic/poweron/sensor/alarm", "unknown"], "L": 2},
    ],
}
