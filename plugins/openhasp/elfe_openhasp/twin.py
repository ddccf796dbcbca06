"""A screen that is not there, written from the firmware's documentation and its sources, 0.6.3 and 0.7.1.

https://github.com/HASwitchPlate/openHASP: `src/hasp/hasp_dispatch.cpp`, `src/hasp/hasp_event.cpp`, `src/mqtt`,
`src/sys/svc/hasp_console.cpp`
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from attrs import define, field

from elfe.devices import Publish
from elfe_openhasp import picture

LAYOUT: Mapping[tuple[int, int], str] = {     # the pages of the ELFI, as the first command engine knows them
    (1, 13): "gauge",
    **{(page, 3): "switch" for page in range(2, 8)},                    # piloted or not
    **{(page, 10): "led" for page in range(2, 8)},
    **{(page, item): "roller" for page in (2, 3, 4) for item in (5, 6, 8, 9)},     # lasts 5:6, ready by 8:9
    **{(5, item): "roller" for item in (5, 6, 8)},                      # ready by 5:6, charge left
    **{(8, item): "led" for item in range(12, 18)},
    (9, 8): "label",
}
PAGES = 12
BROADCAST = "hasp/broadcast"      # what every screen hears
LINE = 254                        # of the console's editor; what is typed beyond is not read
PACKET, LINE_MEMORY = 2048, 1152
BANNER = ("\r\n        open____ _____ _____ _____\r\n          |  |  |  _  |   __|  _  |\r\n          |     |     |__   |   __|\r\n"
          "          |__|__|__|__|_____|__|\r\n        Home Automation Switch Plate\r\n        Open Hardware edition v")
CREDENTIALS = {                   # command → how many bytes its buffer keeps
    "ssid": 31, "pass": 63, "hostname": 17, "mqtthost": 127, "mqttport": 5, "mqttuser": 31, "mqttpass": 63,
}
ATTRIBUTE = re.compile(r"p(\d{1,2})b(\d{1,3})\.(\w+)")
IDLE = ("off", "short", "long")   # the longer untouched, the further on
COMMENT = ("skip", "comment")


@define(kw_only=True)
class ScreenTwin:
    """Its pages, what they show, its telemetry, its configuration, its console.

    `shown[(page, item)]` is what an item shows, by property. A finger `tap`s an item, `choose`s an option, `turn_to`s a
    page, or `press`es where it sees something in the `picture`. Whoever holds the cable may `type_line`.
    """

    node: str
    seed: int = 0
    version: str = "0.6.3"
    period: timedelta = timedelta(seconds=300)
    layout: Mapping[tuple[int, int], str] = field(factory=lambda: LAYOUT)
    shown: dict[tuple[int, int], dict[str, Any]] = field(init=False)
    page: int = field(default=1, init=False)
    idle: str = field(default="off", init=False)
    light: dict[str, Any] = field(factory=lambda: {"state": "on", "brightness": 255}, init=False)
    config: dict[str, dict[str, Any]] = field(init=False, factory=lambda: {
        "debug": {"ansi": 0, "baud": 115200, "tele": 300, "host": "", "port": 514, "proto": 0, "log": 0},
        "gui": {"idle1": 60, "idle2": 120, "bckl": -1, "bcklinv": 0, "rotate": 0, "cursor": 0, "invert": 0,
                "calibration": [0, 65535, 0, 65535, 0]},
    })
    typed: dict[str, str] = field(factory=dict, init=False)         # Wi-Fi and broker as they were last told
    in_force: dict[str, str] = field(factory=dict, init=False)      # and as they were at the last boot
    boots: int = field(default=0, init=False)
    _kinds: dict[tuple[int, int], str] = field(init=False)
    _born_at: datetime | None = field(default=None, init=False)
    _touched_at: datetime | None = field(default=None, init=False)
    _speaks_at: datetime | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self._load_pages()

    # -- a twin's life ------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """0.6 has a topic of its own for its configuration."""
        return (f"{self.node}/command/#", *((f"{self.node}/config/#",) if self._is_06 else ()), f"{BROADCAST}/command/#")

    @property
    def last_will(self) -> Publish:
        return Publish(f"{self.node}/LWT", b"offline", retain=True)

    @property
    def outputs(self) -> Mapping[int, bool]:
        return {}

    @property
    def next_at(self) -> datetime | None:
        """Its period, or the next moment at which it finds itself idle."""
        return min((at for at in (self._speaks_at, *self._idle_moments()) if at is not None), default=None)

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """It says how it stands, then speaks once a period, from a moment of its own."""
        self._born_at = self._born_at or now
        self._touched_at = self._touched_at or now
        self._speaks_at = now + self.period * Random(self.seed).random()
        return (Publish(f"{self.node}/LWT", b"online", qos=0, retain=True), self._say_page(), self._say("idle", self.idle),
                self._say("antiburn", {"state": "off"}), self._say_status(now))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """A packet that is too long is dropped by 0.6 and cut by 0.7."""
        if topic.startswith(f"{BROADCAST}/"):
            topic = self.node + topic.removeprefix(BROADCAST)
        room = PACKET - 7 - len(topic.encode())
        if len(payload) > room and self._is_06:
            return ()
        text = payload[:room].decode("utf-8", "replace").partition("\0")[0]
        if topic.startswith(f"{self.node}/config/"):
            return tuple(self._configure(topic.removeprefix(f"{self.node}/config/"), text)) if self._is_06 else ()
        name = topic.removeprefix(f"{self.node}/command").removeprefix("/")
        if name.startswith("config/") and self._is_06:
            return ()
        return tuple(self._run(name, text, now))

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        said: list[Publish] = []
        idle = self._idle_at(now)
        if idle != self.idle:
            self.idle = idle
            said.append(self._say("idle", idle))
        if self._speaks_at is not None and now >= self._speaks_at:
            self._speaks_at = now + self.period
            said += [self._say_status(now), self._say_sensors(now)]
        return tuple(said)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """Nothing stands behind a screen."""
        return ()

    def press_button(self, now: datetime) -> tuple[Publish, ...]:
        """It has none but those on its pages: `tap`."""
        return ()

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """What it showed is forgotten: its pages are those of its flash again."""
        self._boot()
        self._born_at = self._touched_at = now
        return self.connected(now)

    def get(self, path: str) -> str:
        return ""

    # -- a person's fingers -------------------------------------------------------------------------------------------

    def tap(self, page: int, item: int, now: datetime) -> tuple[Publish, ...]:
        """A short touch. A switch turns; an indicator does not feel it."""
        shows, kind = self.shown.get((page, item)), self._kinds.get((page, item))
        if shows is None or shows.get("hidden") or kind in ("led", "label", "gauge", "bar"):
            return self._touch(now)
        if "action" in shows:
            return (*self._touch(now), *self._act(str(shows["action"]), now))
        before = dict(shows)
        if kind in ("switch", "checkbox"):
            shows["val"] = 1 - shows.get("val", 0)
        return (*self._touch(now), self._say_event(page, item, "down", before), self._say_event(page, item, "up", shows))

    def choose(self, page: int, item: int, value: int, text: str, now: datetime) -> tuple[Publish, ...]:
        """Turn a roller: its events come in the wrong order, "up" still with the option before."""
        shows = self.shown.get((page, item))
        if shows is None:
            return self._touch(now)
        before = dict(shows)
        shows.update(val=value, text=text)
        return (*self._touch(now), self._say_event(page, item, "down", before), self._say_event(page, item, "up", before),
                self._say_event(page, item, "changed", shows))

    def turn_to(self, page: int, now: datetime) -> tuple[Publish, ...]:
        """Show another page."""
        self.page = page
        return (*self._touch(now), self._say_page())

    def press(self, x: int, y: int, now: datetime) -> tuple[Publish, ...]:
        """A finger on the glass: what lies there is tapped; a roller is turned by one, back above its middle, on below it."""
        place = picture.under(self.shown, self._kinds, self.page, x, y)
        if place is None:
            return self._touch(now)
        if self._kinds[place] != "roller":
            return self.tap(*place, now)
        shows, (_, top, _, height) = self.shown[place], picture.box(self.shown[place], "roller")
        options = str(shows.get("options", "")).split("\n")
        value = min(max(int(shows.get("val", 0)) + (1 if y >= top + height / 2 else -1), 0), len(options) - 1)
        return self.choose(*place, value, options[value], now)

    def swipe(self, on: bool, now: datetime) -> tuple[Publish, ...]:
        """To the next page, or back, where the page has it so."""
        if not self.shown.get((self.page, 0), {}).get("swipe"):
            return self._touch(now)
        return self.turn_to((self.page - 1 + (1 if on else -1)) % PAGES + 1, now)

    def picture(self, page: int | None = None) -> str:
        """A page as it looks, as SVG; without a number, that which it shows."""
        return picture.svg(self.shown, self._kinds, self.page if page is None else page)

    def cut_texts(self) -> list[tuple[int, int, str]]:
        """Every text that has no room where it stands: page, item, text."""
        return [(*place, str(shows["text"])) for place, shows in sorted(self.shown.items())
                if "x" in shows and "text" in shows and self._kinds[place] in ("label", "btn")
                and not picture.fits(shows, self._kinds[place])]

    # -- its console --------------------------------------------------------------------------------------------------

    def type_line(self, text: str) -> str:
        """What it prints when a line is typed; a reboot ends with its banner. Only what sets it up is understood here."""
        text = text[:LINE]
        said = [f"\rPrompt > {text}\r\n"]
        for name, value in map(_split, _array(text) if text.startswith("[") else [text]):
            if name in CREDENTIALS:
                self.typed[name] = value[:CREDENTIALS[name]]
            elif name in ("reboot", "restart"):
                self._boot()
                said.append(f"[MSGR] Rebooting the MCU now!\r\n{BANNER}{self.version}\r\n\r\n")
        return "".join(said)

    # -- commands -----------------------------------------------------------------------------------------------------

    def _act(self, action: str, now: datetime) -> Iterator[Publish]:
        """What an item does by itself when it is touched; its events are not said then."""
        said = next(_lines(action), {})
        for event in ("down", "up"):
            if isinstance(said.get(event), str):
                yield from self._run("", said[event], now)

    def _run(self, name: str, text: str, now: datetime) -> Iterator[Publish]:
        """A command and its parameter; without a name, a line of text that has both."""
        commands: Mapping[str, Callable[[str, datetime], Iterator[Publish]]] = {
            "jsonl": self._show, "json": self._run_all, "page": self._set_page, "idle": self._set_idle,
            "backlight": self._set_light, "clearpage": self._clear, "reboot": self._restart, "restart": self._restart,
            "statusupdate": lambda _, now: iter([self._say_status(now)]),
            "sensors": lambda _, now: iter([self._say_sensors(now)]),
        }
        attribute = ATTRIBUTE.fullmatch(name)
        if attribute is not None:
            yield from self._attribute(int(attribute[1]), int(attribute[2]), attribute[3], text)
        elif name == "" and text[:1] in ("{", "["):
            yield from self._run("jsonl" if text[0] == "{" else "json", text, now)
        elif name == "" and text:
            yield from self._run(*_split(text), now)
        elif name.startswith("config/"):
            yield from self._configure(name.removeprefix("config/"), text)
        elif name.lower() in commands:
            yield from commands[name.lower()](text, now)
        elif name in CREDENTIALS:
            self.typed[name] = text[:CREDENTIALS[name]]

    def _run_all(self, text: str, now: datetime) -> Iterator[Publish]:
        for command in _array(text):
            yield from self._run("", command, now)

    def _show(self, text: str, now: datetime) -> Iterator[Publish]:
        """Line after line, until one cannot be read or has no room."""
        for said in _lines(text):
            if _memory(said) > LINE_MEMORY:
                return
            self._change(said)
        yield from ()

    def _change(self, said: dict[str, Any]) -> None:
        """An item that is there changes; one that is not is made when its object is told, else the line is a comment."""
        place = (int(said.pop("page", self.page)), int(said.pop("id", 0)))
        kind = said.pop("obj", None)
        if place not in self.shown and kind is not None and 0 <= place[0] <= PAGES:
            self.shown[place] = {}
            self._kinds[place] = kind
        if place in self.shown:
            self.shown[place].update({name: value for name, value in said.items() if name not in COMMENT})

    def _attribute(self, page: int, item: int, name: str, text: str) -> Iterator[Publish]:
        """One attribute set, or asked for when nothing is told."""
        shows = self.shown.get((page, item))
        if shows is not None and text:
            shows[name] = int(text) if text.lstrip("-").isdigit() else text
        elif shows is not None:
            yield self._say(f"p{page}b{item}", {name: shows.get(name)})

    def _configure(self, section: str, text: str) -> Iterator[Publish]:
        known = self.config.get(section)
        if known is None:
            return
        if text:
            wanted = next(_lines(text), {})
            known.update({name: value for name, value in wanted.items() if name in known})
        else:
            yield self._say("config", {section: known})

    def _set_page(self, text: str, now: datetime) -> Iterator[Publish]:
        if text.isdigit() and 1 <= int(text) <= PAGES:
            self.page = int(text)
        yield self._say_page()

    def _set_idle(self, text: str, now: datetime) -> Iterator[Publish]:
        if text == "off":
            self._touched_at, self.idle = now, "off"
        yield self._say("idle", self.idle)

    def _set_light(self, text: str, now: datetime) -> Iterator[Publish]:
        self.light.update(next(_lines(text), {}))
        yield self._say("backlight", self.light)

    def _clear(self, text: str, now: datetime) -> Iterator[Publish]:
        page = int(text) if text.isdigit() else self.page
        self.shown = {place: shows for place, shows in self.shown.items() if text != "all" and place[0] != page}
        yield from ()

    def _restart(self, text: str, now: datetime) -> Iterator[Publish]:
        yield Publish(f"{self.node}/LWT", b"offline", qos=0, retain=True)
        yield from self.reboot(now)

    # -- what it says -------------------------------------------------------------------------------------------------

    def _say(self, name: str, said: str | Mapping[str, Any]) -> Publish:
        text = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        return Publish(f"{self.node}/state/{name}", text.encode(), qos=0)

    def _say_page(self) -> Publish:
        return self._say("page", str(self.page))

    def _say_event(self, page: int, item: int, event: str, shows: Mapping[str, Any]) -> Publish:
        """A button says the event alone, a switch its value too, a roller also the option's text."""
        kind = self._kinds[(page, item)]
        said: dict[str, Any] = {"event": event}
        if kind != "btn" or shows.get("toggle"):
            said["val"] = shows.get("val", 0)
        if kind in ("roller", "dropdown"):
            said["text"] = shows.get("text", "")
        return self._say(f"p{page}b{item}", said)

    def _say_status(self, now: datetime) -> Publish:
        return self._say("statusupdate", {
            "node": self.node.rpartition("/")[2], "idle": self.idle, "version": self.version, "uptime": self._uptime_s(now),
            "ssid": "maison", "rssi": -60, "ip": "192.168.1.20", "mac": "00:00:5E:00:53:07", "heapFree": 58756,
            "heapFrag": 7, "core": "v4.4.1", "canUpdate": "false", "page": self.page, "numPages": PAGES,
            "tftDriver": "ILI9342C", "tftWidth": 320, "tftHeight": 240})

    def _say_sensors(self, now: datetime) -> Publish:
        return self._say("sensors", {
            "time": f"{now:%Y-%m-%dT%H:%M:%S}", "uptimeSec": self._uptime_s(now), "uptime": "0T00:05:00",
            "ESP32": {"Temperature": 51.67},
            "AXP192": {"BattVoltage": 4.13, "BattPower": 0.0, "BattChargeCurrent": 0.0, "Temperature": 43.1,
                       "Charging": False}})

    def _uptime_s(self, now: datetime) -> int:
        return int((now - (self._born_at or now)).total_seconds())

    # -- within -------------------------------------------------------------------------------------------------------

    @property
    def _is_06(self) -> bool:
        return self.version.startswith("0.6")

    def _load_pages(self) -> None:
        self._kinds = {**{(page, 0): "page" for page in range(1, PAGES + 1)}, **self.layout}
        self.shown = {place: {} for place in self._kinds}
        self.page, self.idle = 1, "off"

    def _boot(self) -> None:
        self.in_force = dict(self.typed)
        self.boots += 1
        self._load_pages()

    def _touch(self, now: datetime) -> tuple[Publish, ...]:
        """It wakes."""
        self._touched_at = now
        woken, self.idle = self.idle != "off", "off"
        return (self._say("idle", "off"),) if woken else ()

    def _idle_at(self, now: datetime) -> str:
        untouched_s = (now - (self._touched_at or now)).total_seconds()
        short, long = self.config["gui"]["idle1"], self.config["gui"]["idle2"]
        if long > 0 and untouched_s >= short + long:
            return "long"
        return "short" if 0 < short <= untouched_s else "off"

    def _idle_moments(self) -> Iterator[datetime]:
        if self._touched_at is not None:
            short, long = self.config["gui"]["idle1"], self.config["gui"]["idle2"]
            for after_s in (short, short + long):
                at = self._touched_at + timedelta(seconds=after_s)
                if IDLE.index(self._idle_at(at)) > IDLE.index(self.idle):
                    yield at


def _split(command: str) -> tuple[str, str]:
    """A name and its parameter, at the first space or equals sign."""
    name = re.split(r"[ =]", command, maxsplit=1)[0]
    return name, command[len(name) + 1:]


def _array(text: str) -> list[str]:
    try:
        return [each for each in json.loads(text) if isinstance(each, str)]
    except ValueError:
        return []


def _lines(text: str) -> Iterator[dict[str, Any]]:
    """The objects of a payload, until what cannot be read."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        try:
            said, at = decoder.raw_decode(text, at)
        except ValueError:
            return
        if isinstance(said, dict):
            yield said


def _memory(said: Mapping[str, Any]) -> int:
    """16 bytes for each member, and every text once with its end."""
    texts = {*said, *(each for each in said.values() if isinstance(each, str))}
    return 16 * len(said) + sum(len(each.encode("utf-8", "replace")) + 1 for each in texts)
