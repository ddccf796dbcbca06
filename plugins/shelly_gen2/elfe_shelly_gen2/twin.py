"""Devices that are not there, written from the vendor's documentation of its RPC, notifications, components and sleep.

`Relay` has one or several switches, each with its meter; `Thermometer` sleeps. What they share is `Unit`: JSON-RPC over
MQTT and over HTTP, the components' configurations, the last will.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from attrs import define, field

from elfe.devices import MeteredRelay, Publish

Json = dict[str, Any]
Said = tuple[Publish, ...]
Answer = tuple[Any, Said]                  # the result, and what else it publishes
MINUTE = timedelta(minutes=1)
RUNS, NEWER = "1.4.4", "1.7.5"


class Refused(Exception):
    """A call that it answers with an error: https://shelly-api-docs.shelly.cloud/gen2/General/CommonErrors"""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message}


def invalid(message: str) -> Refused:
    """Parameters that do not match the method's."""
    return Refused(-103, message)


# -- what every device of the family does -----------------------------------------------------------------------------------


@define
class Unit(ABC):
    """JSON-RPC, and components with a configuration and a status. Out of the box it notifies, and publishes no status."""

    app = "shelly"

    root: str
    model: str = ""
    generation: int = 2
    seed: int = 0
    configs: dict[str, Json] = field(init=False)
    running: str = RUNS
    rssi: int = -58
    restart_required: bool = field(default=False, init=False)
    started_at: datetime | None = field(default=None, init=False)
    _publishes_status: bool = field(default=False, init=False)      # `status_ntf` as it was at the last restart
    _now: datetime | None = field(default=None, init=False)         # HTTP tells no time: the last that it heard

    def __attrs_post_init__(self) -> None:
        mac = f"{Random(self.root).randrange(2 ** 48):012X}"
        self.configs = {
            "sys": {"device": {"name": None, "mac": mac, "fw_id": f"20250924-062742/{RUNS}-g0000000", "eco_mode": False},
                    "sntp": {"server": "time.google.com"}},
            "wifi": {"ap": {"ssid": f"{self.app}-{mac}", "is_open": True, "enable": True},
                     "sta": {"ssid": None, "is_open": True, "enable": False, "ipv4mode": "dhcp"}},
            "mqtt": {"enable": True, "server": None, "client_id": self.id_of(mac), "user": None, "ssl_ca": None,
                     "topic_prefix": self.root, "rpc_ntf": True, "status_ntf": False, "use_client_cert": False,
                     "enable_rpc": True, "enable_control": True},
            **self.own_configs(),
        }

    @abstractmethod
    def own_configs(self) -> dict[str, Json]:
        """Its components as they come out of the box."""

    @abstractmethod
    def own_status(self, name: str, now: datetime) -> Json:
        """The status of one of its components."""

    # -- who it is

    def id_of(self, mac: str) -> str:
        """Its name at the vendor's."""
        return f"{self.app}-{mac.lower()}"

    @property
    def id(self) -> str:
        """The same, of its own address."""
        return self.id_of(self.configs["sys"]["device"]["mac"])

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """Its calls, and its commands."""
        return (f"{self.root}/rpc", f"{self.root}/command", f"{self.root}/command/+")

    @property
    def last_will(self) -> Publish:
        """QoS 0, retained: https://github.com/iobroker-community-adapters/ioBroker.shelly/issues/813"""
        return Publish(f"{self.root}/online", b"false", qos=0, retain=True)

    # -- what it says

    def born(self, now: datetime) -> Said:
        """It is there, and this is how it stands."""
        self._now = now
        self.started_at = self.started_at or now
        online = Publish(f"{self.root}/online", b"true", qos=0, retain=True)
        return (online, *self.notify("NotifyFullStatus", self.full_status(now), now), *self.publish(now))

    def full_status(self, now: datetime) -> dict[str, Json]:
        """The status of each component."""
        return {name: self.status(name, now) for name in self.configs}

    def status(self, name: str, now: datetime) -> Json:
        """The status of one."""
        if name == "sys":
            return {"mac": self.configs["sys"]["device"]["mac"], "restart_required": self.restart_required,
                    "time": f"{now:%H:%M}", "unixtime": int(now.timestamp()),
                    "uptime": int((now - (self.started_at or now)).total_seconds()), "ram_size": 260000, "ram_free": 120000,
                    "cfg_rev": 10, "kvs_rev": 0, "webhook_rev": 0, "available_updates": self.updates()}
        if name == "wifi":
            return {"sta_ip": "192.168.1.50", "status": "got ip", "ssid": self.configs["wifi"]["sta"]["ssid"], "rssi": self.rssi}
        if name == "mqtt":
            return {"connected": True}
        return self.own_status(name, now)

    def updates(self) -> Json:
        """The versions that the vendor offers above its own."""
        return {} if self.running == NEWER else {"stable": {"version": NEWER}}

    def notify(self, method: str, params: Json, now: datetime) -> Said:
        """On `<prefix>/events/rpc`, where it is told to."""
        if not self.configs["mqtt"]["rpc_ntf"]:
            return ()
        frame = {"src": self.id, "dst": f"{self.root}/events", "method": method,
                 "params": {"ts": round(now.timestamp(), 2), **params}}
        return (Publish(f"{self.root}/events/rpc", json.dumps(frame).encode()),)

    def publish(self, now: datetime, *names: str) -> Said:
        """Whole statuses, where it is told to."""
        if not self._publishes_status:
            return ()
        return tuple(Publish(f"{self.root}/status/{name}", json.dumps(self.status(name, now)).encode())
                     for name in names or self.configs)

    # -- what it is told

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        """A call or a command; a frame that names nobody is answered to nobody."""
        self._now = now
        if topic != f"{self.root}/rpc":
            return self.command(topic.removeprefix(f"{self.root}/command").strip("/"), payload.decode(errors="replace"), now)
        try:
            request = json.loads(payload)
            method, token, to = str(request["method"]), request["id"], request["src"]
        except (ValueError, KeyError, TypeError):
            return ()
        answer, said = self.answer(method, request.get("params"), now)
        frame = {"id": token, "src": self.id, "dst": to, **answer}
        return (Publish(f"{to}/rpc", json.dumps(frame).encode()), *said)

    def get(self, path: str) -> str:
        """HTTP GET /rpc/<Method>?name=<JSON>: the bare result, or the bare error."""
        assert self._now is not None, "it has no time before it is connected"
        method, _, query = path.removeprefix("/rpc/").partition("?")
        answer, _ = self.answer(method, {name: _json(text) for name, text in parse_qsl(query)}, self._now)
        return json.dumps(answer.get("result", answer.get("error")))

    def command(self, component: str, word: str, now: datetime) -> Said:
        """`status_update` on `<prefix>/command`: all statuses at once."""
        return self.publish(now) if not component and word == "status_update" else ()

    def answer(self, method: str, params: object, now: datetime) -> tuple[Json, Said]:
        """A result or an error."""
        try:
            if not isinstance(params, dict | None):
                raise invalid("Invalid params")
            result, said = self.call(method, params or {}, now)
        except Refused as refused:
            return {"error": refused.error}, ()
        return {"result": result}, said

    def call(self, method: str, params: Json, now: datetime) -> Answer:
        """A method of the device, or one that each component has."""
        methods = {name.lower(): call for name, call in self.methods(params, now).items()}      # the docs write MQTT and Mqtt
        if method.lower() in methods:
            return methods[method.lower()]()
        kind, _, verb = method.lower().partition(".")
        verbs: dict[str, Callable[[str], Answer]] = {
            "getstatus": lambda name: (self.status(name, now), ()),
            "getconfig": lambda name: (_public(self.configs[name]), ()),
            "setconfig": lambda name: (self.configure(name, params), ()),
        }
        if verb not in verbs or kind not in {name.partition(":")[0] for name in self.configs}:
            raise Refused(404, f"No handler for {method}")
        return verbs[verb](self.component(kind, params))

    def methods(self, params: Json, now: datetime) -> dict[str, Callable[[], Answer]]:
        """https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Shelly/"""
        return {
            "Shelly.GetDeviceInfo": lambda: (self.info(), ()),
            "Shelly.GetStatus": lambda: (self.full_status(now), ()),
            "Shelly.GetConfig": lambda: (_public(self.configs), ()),
            "Shelly.GetComponents": lambda: ({"components": [], "cfg_rev": 10, "offset": 0, "total": 0}, ()),
            "Shelly.CheckForUpdate": lambda: (self.updates(), ()),
            "Shelly.Update": lambda: self.update(params, now),
            "Shelly.Reboot": lambda: (None, self.reboot(now)),
        }

    def component(self, kind: str, params: Json) -> str:
        """The component that a call is about."""
        if kind in self.configs:
            return kind
        if "id" not in params:
            raise invalid("Missing required argument 'id'!")
        name = f"{kind}:{params['id']}"
        if name not in self.configs:
            raise Refused(-105, f"Argument 'id', value {params['id']} not found!")
        return name

    def configure(self, name: str, params: Json) -> Json:
        """Merged into what stands; what is of another kind than what stands is refused whole."""
        config, before = params.get("config"), json.dumps(self.configs[name])
        if not isinstance(config, dict):
            raise invalid("Missing required argument 'config'!")
        _check(self.configs[name], config)
        _merge(self.configs[name], config)
        restart = name == "mqtt" and json.dumps(self.configs[name]) != before
        self.restart_required = self.restart_required or restart
        return {"restart_required": restart}

    def info(self) -> Json:
        """Who it is."""
        device = self.configs["sys"]["device"]
        return {"name": device["name"], "id": self.id, "mac": device["mac"], "slot": 0, "model": self.model, "gen": self.generation,
                "fw_id": device["fw_id"], "ver": self.running, "app": self.app, "auth_en": False, "auth_domain": None}

    def update(self, params: Json, now: datetime) -> Answer:
        """It fetches the new version and restarts."""
        if params.get("stage") not in ("stable", "beta") and "url" not in params:
            raise invalid("Missing required argument 'stage' or 'url'!")
        self.running = NEWER
        return None, self.reboot(now)

    def reboot(self, now: datetime) -> Said:
        """What was set of `mqtt` is in force from now on."""
        self._publishes_status = self.configs["mqtt"]["status_ntf"]
        self.restart_required = False
        self.started_at = now
        return self.connected(now)

    @abstractmethod
    def connected(self, now: datetime) -> Said:
        """What it says when the broker lets it in."""


def _json(text: str) -> Any:
    """A parameter of a query: JSON, or a word."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _public(config: Json) -> Json:
    """Passwords are written and never read."""
    return {name: _public(value) if isinstance(value, dict) else value for name, value in config.items() if name != "pass"}


def _check(config: Json, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        stands = config.get(name)
        if stands is not None and value is not None and _kind(stands) is not _kind(value):
            raise invalid(f"Argument 'config', invalid '{name}'!")
        if name == "initial_state" and value not in ("off", "on", "restore_last", "match_input"):
            raise invalid(f"Argument 'config', invalid '{name}'!")


def _kind(value: object) -> type:
    return float if type(value) is int else type(value)


def _merge(config: Json, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if isinstance(value, dict) and isinstance(config.get(name), dict):
            _merge(config[name], value)
        else:
            config[name] = value


# -- relays and plugs ---------------------------------------------------------------------------------------------------------


@define
class Output(MeteredRelay):
    """One switch of a relay, with its meter; the relay has the words."""

    relay: Relay | None = None
    number: int = 0
    source: str = "init"
    errors: tuple[str, ...] = ()
    returned_wh: float = 0.0
    timer: tuple[datetime, float] | None = None      # since when it runs, for how many seconds
    rearms: bool = True                              # whether a repeated order re-arms its timer: not documented
    _minutes: dict[datetime, float] = field(factory=dict, init=False)      # mWh by minute

    @property
    def name(self) -> str:
        """How frames call it."""
        return f"switch:{self.number}"

    @property
    def config(self) -> Json:
        """Its settings."""
        assert self.relay is not None
        return self.relay.configs[self.name]

    def say_born(self, now: datetime) -> Said:
        return ()

    def say_state(self, now: datetime, source: str) -> Said:
        self.source = source
        return self._say({"id": self.number, "output": self.on, "source": source}, now)

    def say_measures(self, now: datetime) -> Said:
        whole = self.status(now)
        return self._say({name: whole[name] for name in ("id", "aenergy", "apower", "current")}, now)

    def _say(self, changed: Json, now: datetime) -> Said:
        assert self.relay is not None
        return (*self.relay.notify("NotifyStatus", {self.name: changed}, now), *self.relay.publish(now, self.name))

    def status(self, now: datetime) -> Json:
        """https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch : errors and timers only where there are any."""
        self.meter(now)
        minute = now.replace(second=0, microsecond=0)
        past = [round(self._minutes.get(minute - back * MINUTE, 0.0), 3) for back in (1, 2, 3)]      # the nearest first
        return {
            "id": self.number, "source": self.source, "output": self.on, "apower": round(self.power_w, 1), "voltage": 230.4,
            "freq": 50.0, "current": round(self.power_w / 230.4, 3), "pf": 1.0 if self.power_w else 0.0,
            "aenergy": {"total": round(self.energy_wh, 3), "by_minute": past, "minute_ts": int(minute.timestamp())},
            "ret_aenergy": {"total": round(self.returned_wh, 3), "by_minute": [0.0, 0.0, 0.0],
                            "minute_ts": int(minute.timestamp())},
            "temperature": {"tC": 41.2, "tF": 106.2},
            **({"timer_started_at": round(self.timer[0].timestamp(), 2), "timer_duration": self.timer[1]} if self.timer else {}),
            **({"errors": list(self.errors)} if self.errors else {}),
        }

    def set(self, on: bool, now: datetime, source: str, toggle_after: float | None = None) -> Said:
        """What has not changed is not notified: the answer is all that comes."""
        if on and self.errors:
            raise Refused(-109, "Overpower condition")
        was_on, flips_at, timer = self.on, self.flips_at, self.timer
        said = self.switch(on, now, source)
        if toggle_after is not None:
            self.timer, self.flips_at = (now, toggle_after), now + timedelta(seconds=toggle_after)
        elif on is was_on and not self.rearms:
            self.flips_at, self.timer = flips_at, timer
        return said if on is not was_on else ()

    def switch(self, on: bool, now: datetime, source: str) -> Said:
        """Set, with the timer that its settings ask for in this state."""
        name = "auto_off" if on else "auto_on"
        self.timer = (now, float(self.config[f"{name}_delay"])) if self.config[name] else None
        return super().switch(on, now, source)

    def overload(self, now: datetime) -> Said:
        """More than its limit: it opens, says why, and stays open."""
        self.errors = ("overpower",)
        self.switch(False, now, "limit")
        self.source = "limit"
        return self._say({"id": self.number, "output": False, "source": "limit", "errors": ["overpower"]}, now)

    def reset(self) -> Json:
        """Its counters start again; the answer says where they stood."""
        before = {"aenergy": {"total": round(self.energy_wh, 3)}, "ret_aenergy": {"total": round(self.returned_wh, 3)}}
        self.energy_wh = self.returned_wh = 0.0
        return before

    def meter(self, now: datetime) -> None:
        since = self._metered_at
        super().meter(now)
        if since is not None:
            for minute, seconds in _minutes(max(since, now - 5 * MINUTE), now):
                self._minutes[minute] = self._minutes.get(minute, 0.0) + self.power_w * seconds / 3.6
            self._minutes = {minute: mwh for minute, mwh in self._minutes.items() if minute > now - 5 * MINUTE}

    def timer_after_switching(self) -> timedelta | None:
        name = "auto_off" if self.on else "auto_on"
        return timedelta(seconds=self.config[f"{name}_delay"]) if self.config[name] else None

    def power_up_state(self) -> bool:
        return {"on": True, "off": False}.get(self.config["initial_state"], self.on)


def _minutes(since: datetime, until: datetime) -> Iterator[tuple[datetime, float]]:
    """The minutes between two moments, and how many seconds of each."""
    while since < until:
        minute = since.replace(second=0, microsecond=0)
        end = min(until, minute + MINUTE)
        yield minute, (end - since).total_seconds()
        since = end


@define
class Relay(Unit):
    """One or several switches, each with its meter."""

    app = "shellyplus1pm"

    count: int = 1
    _period: timedelta = field(default=MINUTE, alias="period")
    channels: tuple[Output, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        Unit.__attrs_post_init__(self)
        self.channels = tuple(Output(relay=self, number=number, seed=self.seed + number, period=self._period)
                              for number in range(self.count))

    def own_configs(self) -> dict[str, Json]:
        return {f"switch:{number}": {
            "id": number, "name": None, "in_mode": "follow", "initial_state": "match_input", "auto_on": False,
            "auto_on_delay": 60.0, "auto_off": False, "auto_off_delay": 60.0, "power_limit": 4480, "voltage_limit": 280,
            "current_limit": 16.0} for number in range(self.count)}

    def own_status(self, name: str, now: datetime) -> Json:
        return self.channels[int(name.partition(":")[2])].status(now)

    # -- a twin's life

    @property
    def period(self) -> timedelta:
        """How often it tells its measures."""
        return self._period

    @period.setter
    def period(self, period: timedelta) -> None:
        self._period = period
        for each in self.channels:
            each.period = period

    @property
    def on(self) -> bool:
        """Its first output."""
        return self.channels[0].on

    @on.setter
    def on(self, on: bool) -> None:
        self.channels[0].on = on

    @property
    def outputs(self) -> Mapping[int, bool]:
        """Its outputs."""
        return {each.number: each.on for each in self.channels}

    @property
    def next_at(self) -> datetime | None:
        """Whichever of its outputs comes first."""
        return min((each.next_at for each in self.channels if each.next_at is not None), default=None)

    def connected(self, now: datetime) -> Said:
        for each in self.channels:
            each.connected(now)
        return self.born(now)

    def tick(self, now: datetime) -> Said:
        """Its outputs' timers and periods."""
        self._now = now
        return tuple(said for each in self.channels for said in each.tick(now))

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """The appliance behind an output."""
        return self.channels[channel].draw(power_w, now)

    def press_button(self, now: datetime) -> Said:
        """The switch at its first terminal."""
        return self.channels[0].press_button(now)

    def reboot(self, now: datetime) -> Said:
        for each in self.channels:
            each.reboot(now)
        return Unit.reboot(self, now)

    # -- what it is told

    def methods(self, params: Json, now: datetime) -> dict[str, Callable[[], Answer]]:
        return {
            **Unit.methods(self, params, now),
            "Switch.Set": lambda: self._set(params, now),
            "Switch.Toggle": lambda: self._set({**params, "on": not self._output(params).on}, now),
            "Switch.ResetCounters": lambda: (self._output(params).reset(), ()),
        }

    def command(self, component: str, word: str, now: datetime) -> Said:
        """`on`, `off` or `toggle` on `<prefix>/command/switch:0`; its state is all that comes back."""
        output = next((each for each in self.channels if each.name == component), None)
        if output is None or not self.configs["mqtt"]["enable_control"]:
            return Unit.command(self, component, word, now)
        wanted = {"on": True, "off": False, "toggle": not output.on}.get(word)
        return self.publish(now, component) if wanted is None else output.set(wanted, now, "MQTT")

    def _set(self, params: Json, now: datetime) -> Answer:
        output, on, after = self._output(params), params.get("on"), params.get("toggle_after")
        if not isinstance(on, bool):
            raise invalid("Missing required argument 'on'!")
        was_on = output.on
        return {"was_on": was_on}, output.set(on, now, "MQTT", after)

    def _output(self, params: Json) -> Output:
        return self.channels[int(self.component("switch", params).partition(":")[2])]


# -- thermometers -------------------------------------------------------------------------------------------------------------


@define
class Thermometer(Unit):
    """Asleep, but for a report: https://shelly-api-docs.shelly.cloud/gen2/General/SleepManagementForBatteryDevices

    Awake 3 minutes after its button or its set-up, 2 s after a report, or until it is told that there is no more. That the
    broker says its last will when it falls asleep is how we read that page: it was not tried on hardware.
    """

    app = "shellyplusht"

    period: timedelta = timedelta(hours=2)
    celsius: float = 20.0
    humidity: float = 50.0
    battery: float = 100.0
    on_usb: bool = False
    _said: tuple[float, float] = field(default=(20.0, 50.0), init=False)
    _speaks_at: datetime | None = field(default=None, init=False)
    _awake_until: datetime | None = field(default=None, init=False)

    def own_configs(self) -> dict[str, Json]:
        return {
            "temperature:0": {"id": 0, "name": None, "report_thr_C": 0.5, "offset_C": 0.0},
            "humidity:0": {"id": 0, "name": None, "report_thr": 5.0, "offset": 0.0},
            "devicepower:0": {},
            "ht_ui": {"temperature_unit": "C"},
        }

    def own_status(self, name: str, now: datetime) -> Json:
        power: Json = {"V": 0.43, "percent": 0} if self.on_usb else {"V": 5.58, "percent": self.battery}
        statuses: dict[str, Json] = {
            "temperature:0": {"id": 0, "tC": round(self.celsius, 1), "tF": round(self.celsius * 1.8 + 32, 1)},
            "humidity:0": {"id": 0, "rh": round(self.humidity, 1)},
            "devicepower:0": {"id": 0, "battery": power, "external": {"present": self.on_usb}},
        }
        return statuses.get(name, {})

    def status(self, name: str, now: datetime) -> Json:
        more = {"wakeup_reason": {"boot": "deepsleep_wake", "cause": "periodic"},
                "wakeup_period": int(self.period.total_seconds())} if name == "sys" else {}
        return {**Unit.status(self, name, now), **more}

    # -- a twin's life

    @property
    def outputs(self) -> Mapping[int, bool]:
        """None."""
        return {}

    @property
    def next_at(self) -> datetime | None:
        """Its next report, or its falling asleep."""
        return min((at for at in (self._speaks_at, self._awake_until) if at is not None), default=None)

    def connected(self, now: datetime) -> Said:
        """Its set-up, which takes a moment of its own."""
        chance = Random(self.seed)
        self._speaks_at = now + self.period * chance.random()
        return self.wake(now, timedelta(seconds=180 + chance.randrange(60)))

    def wake(self, now: datetime, for_: timedelta = timedelta(seconds=2)) -> Said:
        """It tells its whole status, and listens for a while."""
        self._awake_until, self._said = now + for_, (self.celsius, self.humidity)
        return self.born(now)

    def sleep(self, now: datetime) -> Said:
        """It says so, and is gone."""
        self._awake_until = None
        event = {"component": "sys", "event": "sleep", "ts": round(now.timestamp(), 2)}
        return (*self.notify("NotifyEvent", {"events": [event]}, now), self.last_will)

    def tick(self, now: datetime) -> Said:
        """Its period."""
        said: Said = ()
        if self._awake_until is not None and now >= self._awake_until:
            said += self.sleep(now)
        if self._speaks_at is not None and now >= self._speaks_at:
            self._speaks_at = now + self.period
            said += self.wake(now)
        return said

    def feel(self, celsius: float, humidity: float, now: datetime) -> Said:
        """The room changes; it wakes when that is more than its thresholds."""
        self.celsius, self.humidity = celsius, humidity
        changes = abs(celsius - self._said[0]), abs(humidity - self._said[1])
        thresholds = self.configs["temperature:0"]["report_thr_C"], self.configs["humidity:0"]["report_thr"]
        return self.wake(now) if any(change >= most for change, most in zip(changes, thresholds, strict=True)) else ()

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> Said:
        """Nothing is behind it."""
        return ()

    def press_button(self, now: datetime) -> Said:
        """A person wants to set it."""
        return self.wake(now, timedelta(minutes=3))

    # -- what it is told

    def receive(self, topic: str, payload: bytes, now: datetime) -> Said:
        """Who sleeps hears nothing."""
        if self._awake_until is None or now > self._awake_until:
            return ()
        return Unit.receive(self, topic, payload, now)

    def methods(self, params: Json, now: datetime) -> dict[str, Callable[[], Answer]]:
        return {**Unit.methods(self, params, now), "Mqtt.EndOfQueue": lambda: (None, self.sleep(now))}
