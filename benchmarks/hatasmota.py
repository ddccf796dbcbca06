"""Our codec beside hatasmota's public subscription: the same Tasmota messages, the same quantities out, in the same run.

    python -m benchmarks.hatasmota

Both are given a topic and bytes. hatasmota has a dictionary from topic to callbacks in place of an MQTT client, which costs it
least, and an entity for each quantity that we say, as it discovers them by itself; ours is `Router.read`.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

from benchmarks.messages import MIDNIGHT
from benchmarks.tables import seconds, show
from elfe.devices import Device, Event, Measure, OutputState, Publish, Quantity
from elfe.devices.drivers import Driver, load
from elfe.devices.routing import Router

GOAL = 3.0                # times as many messages per second
TYPE = 112                # the plug: a relay and its meter
COUNT = 20_000
KEPT = 64                 # what is heard is soon forgotten: a pile of it would time the garbage collector
OURS = {                  # what hatasmota calls it → what we call it, and what makes their unit of ours
    "ENERGY_Power": (Quantity.POWER, "", 1),
    "ENERGY_Total": (Quantity.ENERGY, "", 1000),
    "ENERGY_Today": (Quantity.ENERGY, "today", 1000),
    "ENERGY_ApparentPower": (Quantity.APPARENT_POWER, "", 1),
    "ENERGY_ReactivePower": (Quantity.REACTIVE_POWER, "", 1),
    "ENERGY_Factor": (Quantity.POWER_FACTOR, "", 1),
    "ENERGY_Voltage": (Quantity.VOLTAGE, "", 1),
    "ENERGY_Current": (Quantity.CURRENT, "", 1),
    "status_sensor_status_signal": (Quantity.SIGNAL, "", 1),
}
MAC = "00005E005300"
CONFIG = {      # tasmota/discovery/<mac>/config, as the firmware says it: https://tasmota.github.io/docs/Home-Assistant/
    "ip": "192.168.1.40", "dn": "A123", "fn": ["A123", *[None] * 7], "hn": "tasmota", "mac": MAC, "md": "NOUS A1T", "ty": 0,
    "if": 0, "ofln": "Offline", "onln": "Online", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": "12.1.1",
    "tp": ["cmnd", "stat", "tele"], "rl": [1] + [0] * 7, "swc": [-1] * 8, "swn": [None] * 8, "btn": [0] * 8, "lk": 0, "lt_st": 0,
    "ver": 1, "so": {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0, "82": 0, "114": 0, "117": 0},
}


def messages_of(driver: Driver, device: Device) -> list[Publish]:
    """Some days of a plug that is told its orders: STATE and SENSOR each 30 s, RESULT and POWER each quarter."""
    assert driver.simulate is not None
    assert driver.encode_command is not None
    twin, now = driver.simulate(device, 1), MIDNIGHT
    twin.connected(now)
    said: list[Publish] = []
    while len(said) < COUNT:
        now += timedelta(seconds=30)
        said += twin.tick(now)
        if now.minute % 15 == 0 and now.second == 0:
            said += twin.draw(float(now.hour * 100 + now.minute), now)
            said += twin.receive(driver.build_topics(device).command, b"ON" if now.hour % 6 else b"OFF", now)
    return said[:COUNT]


class Stranger:
    """hatasmota on one plug: an entity per quantity of ours, as it discovers them by itself."""

    def __init__(self, device: Device) -> None:
        from hatasmota.mqtt import TasmotaMQTTClient  # type: ignore[import-untyped]

        self.device = device
        self.client = TasmotaMQTTClient(self._publish, self._subscribe, self._unsubscribe)
        self.listening: dict[str, list[Callable[[Any], Any]]] = {}
        self.heard: deque[tuple[str, Any]] = deque()

    async def _publish(self, topic: str, payload: object, qos: int, retain: bool) -> None:
        """Nobody listens to its questions."""

    async def _subscribe(self, state: dict[str, Any] | None, topics: dict[str, Any]) -> dict[str, Any]:
        for each in topics.values():
            self.listening.setdefault(each["topic"], []).append(each["msg_callback"])
        return topics

    async def _unsubscribe(self, state: dict[str, Any] | None) -> dict[str, Any]:
        return {}

    async def discover(self, sensor: str) -> None:
        """From the discovery messages of the firmware; `sensor` is a SENSOR of the plug."""
        from hatasmota.discovery import (  # type: ignore[import-untyped]
            TasmotaDiscovery,
            get_entity,
            get_switch_entities,
        )
        from hatasmota.mqtt import ReceiveMessage

        async def devices(config: dict[str, Any], mac: str) -> None:
            await self._listen([get_entity(each, self.client) for each, _ in get_switch_entities(config) if each is not None])

        async def sensors(found: list[Any], mac: str) -> None:
            await self._listen([get_entity(each, self.client) for each, _ in found])

        await TasmotaDiscovery("tasmota/discovery", self.client).start_discovery(devices, sensors)
        (discovered,) = self.listening.pop("tasmota/discovery/#")
        topics = {"t": self.device.templates["topic"], "ft": self.device.templates["full_topic"]}
        for name, payload in (("config", {**CONFIG, **topics}), ("sensors", {"sn": json.loads(sensor), "ver": 1})):
            await discovered(ReceiveMessage(f"tasmota/discovery/{MAC}/{name}", json.dumps(payload), 0, True))

    async def _listen(self, entities: list[Any]) -> None:
        for entity in entities:
            name = entity.unique_id.removeprefix(f"{MAC}_").removeprefix("sensor_sensor_")
            name = name.replace("status_sensor_status_sensor_", "status_sensor_")
            if name in OURS or name == "switch_relay_0":
                entity.set_on_state_callback(self._hears(name))
                await entity.subscribe_topics()

    def _hears(self, name: str) -> Callable[..., None]:
        def callback(value: object, **more: object) -> None:
            self.heard.append((name, value))

        return callback


def measure() -> float:
    """Print the table; the answer is how many times as fast we are. 0 where hatasmota is not installed."""
    if find_spec("hatasmota") is None:
        print("hatasmota is not installed: `uv pip install --python .venv/bin/python hatasmota`")  # noqa: T201
        return 0.0
    from hatasmota.mqtt import ReceiveMessage

    drivers = load()
    device = drivers[TYPE].device("A123")
    said = messages_of(drivers[TYPE], device)
    stranger = Stranger(device)
    asyncio.run(stranger.discover(next(each.payload for each in said if each.topic.endswith("/SENSOR")).decode()))
    router = Router(drivers, (device,))

    def theirs(kept: int | None = KEPT) -> deque[tuple[str, Any]]:
        stranger.heard = deque(maxlen=kept)
        for each in said:
            message = ReceiveMessage(each.topic, each.payload.decode(), 0, False)
            for callback in stranger.listening.get(each.topic, ()):
                callback(message)
        return stranger.heard

    def ours(kept: int | None = KEPT) -> deque[Any]:
        heard: deque[Any] = deque(maxlen=kept)
        for each in said:
            heard.extend(router.read(each.topic, each.payload))
        return heard

    both = _compared(tuple(theirs(None)), [each.event for each in ours(None)], sum(each.topic.endswith("/POWER") for each in said))
    their_rate, our_rate = COUNT / seconds(theirs), COUNT / seconds(ours)
    show(f"the same {COUNT:,} messages of a plug, {both:,} quantities said by each (goal: {GOAL:g} × hatasmota)",
         ("reader", "messages/s", "µs each", "× hatasmota"),
         [("hatasmota, its subscription", int(their_rate), 1e6 / their_rate, 1.0),
          ("elfe, routing and codec", int(our_rate), 1e6 / our_rate, our_rate / their_rate)])
    return our_rate / their_rate


def _compared(theirs: Sequence[tuple[str, Any]], ours: Sequence[Event], words: int) -> int:
    """How many quantities both said: the same, each as often, in the same order. POWER, a word, hatasmota leaves unread."""
    for name, (quantity, register, factor) in OURS.items():
        said = [float(value) * factor for each, value in theirs if each == name]
        heard = [each.value for each in ours
                 if isinstance(each, Measure) and (each.quantity, each.register) == (quantity, register)]
        assert said, f"hatasmota said nothing of {name}"
        assert heard == said, name
    switched = sum(isinstance(each, OutputState) for each in ours) - words
    assert sum(name == "switch_relay_0" for name, _ in theirs) == switched
    assert len(theirs) == len(ours) - words
    return len(theirs)


if __name__ == "__main__":
    measure()
