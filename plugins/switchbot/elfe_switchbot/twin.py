"""A gateway and one of its bots that are not there, written from the README and the sketch of v7.1.

https://github.com/devWaves/SwitchBot-MQTT-BLE-ESP32

One radio, one thing at a time: an order waits until the last one is over, a scan too. Several twins may stand behind one
gateway's name: each answers for its own bot and leaves the others' requests alone.
"""

from __future__ import annotations

import heapq
import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any

from attrs import define, field

from elfe.devices import Publish

MODES = {"MODEPRESS": ("Press", False), "MODEPRESSINV": ("Press", True),
         "MODESWITCH": ("Switch", False), "MODESWITCHINV": ("Switch", True)}
ACTIONS = frozenset({"PRESS", "ON", "OFF"})
SETTINGS = frozenset({"REQUESTSETTINGS", "GETSETTINGS"})
WAITS_FOR_RETAINED = timedelta(seconds=10)
FINDS_WITHIN_S = (0.5, 4.0)                     # of a scan, which ends when everything is found
SCAN_IN_VAIN = timedelta(seconds=60)            # infoScanTime
CONNECTS_WITHIN_S = (1.0, 6.0)
ATTEMPTS_LAST = timedelta(seconds=60)           # sixty in vain; a second each is a guess
ANSWERS_AFTER = timedelta(seconds=1)
BETWEEN_ORDERS = timedelta(seconds=2)           # defaultBotWaitTime, to which the hold is added
WAITS_FOR_ANSWER = timedelta(seconds=20)        # waitForResponseSec
SCANS_AFTER_ORDER = timedelta(seconds=10)       # defaultBotScanAfterControlSecs
SUCCESS, PRESSED, BUSY, LOW_BATTERY = 1, 5, 3, 6
QUEUE = 50
PACKET = 1300                                    # mqtt_packet_size
Happens = Callable[[datetime], Iterator[Publish]]
WORDS = {SUCCESS: "success", PRESSED: "success", BUSY: "busy", LOW_BATTERY: "lowbattery"}      # any other: failed


@define(kw_only=True)
class GatewayTwin:
    """What it says takes its time: `tick` says what is due. Its troubles are attributes, to be set at any moment."""

    gateway: str
    bot: str
    seed: int = 0
    period: timedelta = timedelta(minutes=30)
    """Between two scans for its bot."""
    says_online_every: timedelta = timedelta(seconds=30)

    # -- the bot ------------------------------------------------------------------------------------------------------

    presses: int = 0
    mode: str = "Press"
    inverted: bool = False
    hold_s: int = 5
    timers: int = 0
    battery: int = 94
    rssi: int = -78
    firmware: str = "4.9"

    # -- its troubles ---------------------------------------------------------------------------------------------------

    out_of_reach: bool = False      # no connection, no scan finds it
    busy: int = 0                   # how often it is busy before it obeys
    mute: bool = False              # it acts and never answers
    twice: bool = False             # what was written over the air seemed not to be, and is written again
    slow: timedelta = timedelta()   # how much longer it takes to connect
    refuses: int = 0                # its response to every order: 6 battery low, 9 wrong password

    _booted: bool = field(default=False, init=False)
    _chance: Random = field(init=False)
    _free_at: datetime | None = field(default=None, init=False)
    _queue: deque[Happens] = field(factory=deque, init=False)      # what waits for the radio
    _agenda: list[tuple[datetime, int, Happens]] = field(factory=list, init=False)
    _numbers: Iterator[int] = field(factory=count, init=False)

    def __attrs_post_init__(self) -> None:
        self._chance = Random(self.seed)

    # -- a twin's life ----------------------------------------------------------------------------------------------------

    @property
    def subscriptions(self) -> tuple[str, ...]:
        return (f"{self._root}/set", *(f"{self.gateway}/{name}" for name in
                                       ("requestInfo", "requestSettings", "setMode", "setHold", "holdPress", "rescan")))

    @property
    def last_will(self) -> Publish:
        return Publish(f"{self.gateway}/lastwill", b"offline", qos=0, retain=True)

    @property
    def outputs(self) -> Mapping[int, bool]:
        return {}

    @property
    def next_at(self) -> datetime | None:
        return self._agenda[0][0] if self._agenda else None

    def connected(self, now: datetime) -> tuple[Publish, ...]:
        """It boots once; back after the broker was away, it goes on where it was."""
        online = self._say_online()
        if self._booted:
            return (online,)
        self._booted = True
        self._at(now + self.says_online_every * self._chance.random(), self._stay_online)
        self._at(now + WAITS_FOR_RETAINED, self._look_around)
        return (self._say_status("boot"), self._say("esp32/firmware", "v7.1", retain=True), online, self._say_status("waiting"))

    def receive(self, topic: str, payload: bytes, now: datetime) -> tuple[Publish, ...]:
        """Into the queue; a full one is said and the order forgotten. What is empty or too long is not noticed at all."""
        text = payload.decode("utf-8", "replace")
        if not 0 < len(payload) < PACKET:
            return ()
        if len(self._queue) >= QUEUE:
            return (self._say_status("errorQueueFull"),)
        if topic == f"{self._root}/set":
            return self._set(text, now)
        return self._request(topic.rpartition("/")[2], _object(text), now)

    def tick(self, now: datetime) -> tuple[Publish, ...]:
        """Everything that is due."""
        said: list[Publish] = []
        while self._agenda and self._agenda[0][0] <= now:
            moment, _, happens = heapq.heappop(self._agenda)
            said += happens(moment)
        return tuple(said)

    def draw(self, power_w: float, now: datetime, channel: int = 0) -> tuple[Publish, ...]:
        """It measures nothing."""
        return ()

    def press_button(self, now: datetime) -> tuple[Publish, ...]:
        """A person presses the machine's button beside the bot: it notices nothing."""
        return ()

    def reboot(self, now: datetime) -> tuple[Publish, ...]:
        """The gateway's supply comes back: its queue is forgotten, the bot has its own cell and its own settings."""
        self._agenda.clear()
        self._queue.clear()
        self._booted, self._free_at = False, None
        return self.connected(now)

    def get(self, path: str) -> str:
        """Its web page only takes a new firmware from a person."""
        return ""

    # -- what it is told ------------------------------------------------------------------------------------------------------

    def _set(self, text: str, now: datetime) -> tuple[Publish, ...]:
        if text in ACTIONS and self.mode == "Press":
            said: tuple[Publish, ...] = (self._say_bot("state", "OFF", retain=True),)      # at once, whatever comes of it
        elif text in {"ON", "OFF"}:
            said = (self._say_bot("state", text, retain=True),)
        else:
            said = ()
        if text == "OFF" and self.mode == "Press":      # nothing to press for: swallowed without a word
            return said
        self._order(text, now)
        return said

    def _request(self, name: str, told: Mapping[str, Any], now: datetime) -> tuple[Publish, ...]:
        """A request on the gateway's own topics; of another bot it is another twin's."""
        if name == "rescan":
            self._enqueue(self._scan, now)
        elif told.get("id") == self.bot:
            hold = str(told.get("hold", 0))
            orders = {"requestSettings": ("REQUESTSETTINGS",), "setMode": (str(told.get("mode")),),
                      "setHold": (hold,), "holdPress": (hold, "PRESS")}
            for order in orders.get(name, ()):
                self._order(order, now)
            if name == "requestInfo":
                self._enqueue(self._scan, now)
        return ()

    # -- one order -----------------------------------------------------------------------------------------------------------

    def _order(self, command: str, now: datetime) -> None:
        self._enqueue(lambda at: self._begin(command, at), now)

    def _begin(self, command: str, now: datetime) -> Iterator[Publish]:
        """Connect, where it is a command at all."""
        yield self._say_status("controlling")
        if not (command in ACTIONS | SETTINGS | set(MODES) or command.isdecimal()):
            yield self._say_status("errorJSONValue")
        elif self.out_of_reach:
            self._busy_until(now + ATTEMPTS_LAST)
            self._at(now + ATTEMPTS_LAST, lambda at: self._give_up(command))
        else:
            connected = now + self._seconds(CONNECTS_WITHIN_S) + self.slow
            self._busy_until(connected + ANSWERS_AFTER + BETWEEN_ORDERS)
            self._at(connected, lambda at: self._act(command, at))

    def _give_up(self, command: str) -> Iterator[Publish]:
        yield self._answer("errorConnect", command)
        yield self._say_status("idle")

    def _act(self, command: str, now: datetime) -> Iterator[Publish]:
        """Connected: the order is written, the bot acts and answers."""
        yield self._answer("connected", command)
        yield self._answer("commandSent", command)
        self._at(now + ANSWERS_AFTER, lambda at: self._respond(command, at))

    def _respond(self, command: str, now: datetime) -> Iterator[Publish]:
        value = self._obey(command)
        if self.mute and value == PRESSED:
            self._busy_until(now + WAITS_FOR_ANSWER)
            yield self._say_status("idle")
            return
        yield self._answer(WORDS.get(value, "failed"), command, None if command in SETTINGS else value)
        if value == BUSY:
            self._order(command, now)
        elif value == LOW_BATTERY:
            yield self._say_bot("battery", "1", retain=True)
        elif value == PRESSED:
            self._busy_until(now + BETWEEN_ORDERS + timedelta(seconds=self.hold_s))
            self._at(now + SCANS_AFTER_ORDER, self._scan_when_free)
        elif value == SUCCESS and command in SETTINGS:
            yield self._say_settings()
        elif value == SUCCESS and command.isdecimal():      # it looks what the bot made of it
            self._order("REQUESTSETTINGS", now)
        yield self._say_status("idle")

    def _obey(self, command: str) -> int:
        """What the bot does, and its response."""
        if self.refuses:
            return self.refuses
        if command in ACTIONS and self.busy:
            self.busy -= 1
            return BUSY
        if command in MODES:
            self.mode, self.inverted = MODES[command]
        elif command.isdecimal():
            self.hold_s = min(int(command), 100)
        elif command in ACTIONS:
            self.presses += 2 if self.twice else 1
            return PRESSED
        return SUCCESS

    # -- its rhythm ------------------------------------------------------------------------------------------------------------

    def _stay_online(self, now: datetime) -> Iterator[Publish]:
        self._at(now + self.says_online_every, self._stay_online)
        yield self._say_online()
        yield self._say("esp32/rssi", "-48")

    def _look_around(self, now: datetime) -> Iterator[Publish]:
        """After its start: a scan, then the settings of its bot; from then on a scan per period."""
        self._order("REQUESTSETTINGS", now)
        self._at(now + self.period, self._scan_again)
        yield from self._scan(now)

    def _scan_again(self, now: datetime) -> Iterator[Publish]:
        self._at(now + self.period, self._scan_again)
        return self._scan_when_free(now)

    def _scan_when_free(self, now: datetime) -> Iterator[Publish]:
        self._enqueue(self._scan, now)
        yield from ()

    def _scan(self, now: datetime) -> Iterator[Publish]:
        yield self._say_status("activescanning")
        found = now + (SCAN_IN_VAIN if self.out_of_reach else self._seconds(FINDS_WITHIN_S))
        self._busy_until(found)
        self._at(found, self._find)

    def _find(self, now: datetime) -> Iterator[Publish]:
        if not self.out_of_reach:
            yield from self._say_found()
        yield self._say_status("idle")

    def _say_found(self) -> Iterator[Publish]:
        yield self._say_bot("battery", str(self.battery), retain=True)
        yield self._say_bot("rssi", str(self.rssi), retain=True)
        yield self._say_bot("attributes", _text(mode=self.mode, state="OFF", batt=self.battery, rssi=self.rssi), retain=True)
        yield self._say_bot("state", "OFF", retain=True)

    # -- its words ---------------------------------------------------------------------------------------------------------------

    @property
    def _root(self) -> str:
        return f"{self.gateway}/bot/{self.bot}"

    def _say(self, name: str, text: str, retain: bool = False) -> Publish:
        return Publish(f"{self.gateway}/{name}", text.encode(), qos=0, retain=retain)

    def _say_bot(self, name: str, text: str, retain: bool = False) -> Publish:
        return self._say(f"bot/{self.bot}/{name}", text, retain)

    def _say_online(self) -> Publish:
        return self._say("lastwill", "online", retain=True)

    def _say_status(self, status: str) -> Publish:
        return Publish(self.gateway, _text(status=status).encode(), qos=0)

    def _answer(self, status: str, command: str, value: int | None = None) -> Publish:
        coded: dict[str, str | int] = {} if value is None else {"value": value}
        return self._say_bot("status", _text(status=status, **coded, command=command))

    def _say_settings(self) -> Publish:
        inverted = "true" if self.inverted else "false"
        text = f'{{"firmware":{self.firmware},"timers":{self.timers},"inverted":{inverted},"hold":{self.hold_s}}}'
        return self._say_bot("settings", text, retain=True)

    # -- its time -----------------------------------------------------------------------------------------------------------------

    def _at(self, moment: datetime, happens: Happens) -> None:
        heapq.heappush(self._agenda, (moment, next(self._numbers), happens))

    def _enqueue(self, happens: Happens, now: datetime) -> None:
        self._queue.append(happens)
        self._at(now, self._take_turn)

    def _take_turn(self, now: datetime) -> Iterator[Publish]:
        """The next in the queue, as soon as the radio is free."""
        if self._free_at is not None and now < self._free_at:
            self._at(self._free_at, self._take_turn)
        elif self._queue:
            yield from self._queue.popleft()(now)

    def _busy_until(self, moment: datetime) -> None:
        self._free_at = moment if self._free_at is None else max(moment, self._free_at)

    def _seconds(self, within: tuple[float, float]) -> timedelta:
        return timedelta(seconds=self._chance.uniform(*within))


def _text(**said: str | int) -> str:
    return json.dumps(said, separators=(",", ":"))


def _object(text: str) -> Mapping[str, Any]:
    try:
        told = json.loads(text)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
