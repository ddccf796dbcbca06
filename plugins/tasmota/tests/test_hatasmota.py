"""hatasmota, Home Assistant's own reader of Tasmota (MIT), discovers our twins, reads their bytes and switches them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import elfe_tasmota as plugin
import pytest

from elfe.devices import Device, Measure, OutputState, Presence, Quantity, Query, Role

pytest.importorskip("hatasmota", reason="hatasmota is not installed: it reads our twins as a stranger would")
from hatasmota.discovery import TasmotaDiscovery, get_entity, get_switch_entities
from hatasmota.mqtt import ReceiveMessage, TasmotaMQTTClient

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
PLUG = Device(id="A123", type_id=112, templates={"topic": "A123", "full_topic": "%prefix%/%topic%/"})
STRIP = Device(id="A125", type_id=1210, templates={"topic": "strip", "full_topic": "%prefix%/%topic%/"}, channel=3)
CARD = Device(id="B001", type_id=211, templates={"topic": "B001", "full_topic": "%prefix%/%topic%/"})
READER = Device(id="X001", type_id=1212, templates={"topic": "X001", "full_topic": "xky/%topic%/%prefix%/"})
MAC = "00005E005300"


def discovered(device, twin):
    """What the firmware says on tasmota/discovery/<mac>/config: https://tasmota.github.io/docs/Home-Assistant/"""
    return {
        "ip": "192.168.1.40", "dn": device.id, "fn": [device.id, *[None] * 7], "hn": "tasmota", "mac": MAC, "md": "Tasmota Generic",
        "ty": 0, "if": 0, "ofln": "Offline", "onln": "Online", "state": ["OFF", "ON", "TOGGLE", "HOLD"], "sw": twin.version,
        "t": device.templates["topic"], "ft": device.templates["full_topic"], "tp": ["cmnd", "stat", "tele"],
        "rl": [1] * twin.relays + [0] * (8 - twin.relays), "swc": [-1] * 8, "swn": [None] * 8, "btn": [0] * 8,
        "so": {"4": 0, "11": 0, "13": 0, "17": 0, "20": 0, "30": 0, "68": 0, "73": 0, "82": 0, "114": 0, "117": 0},
        "lk": 0, "lt_st": 0, "ver": 1}


class Stranger:
    """hatasmota on the wire of one twin, through what it offers to anyone: discovery, entities, callbacks."""

    def __init__(self, device, twin):
        self.device, self.twin, self.listening, self.entities, self.says, self.wire = device, twin, {}, {}, {}, []
        self.client = TasmotaMQTTClient(self.publish, self.subscribe, self.unsubscribe)
        self.now = NOON

    async def publish(self, topic, payload, qos, retain):
        await self.hear(self.twin.receive(topic, str(payload).encode(), self.now))

    async def subscribe(self, state, topics):
        await self.unsubscribe(state)
        for each in topics.values():
            self.listening.setdefault(each["topic"], []).append(each["msg_callback"])
        return topics

    async def unsubscribe(self, state):
        for each in (state or {}).values():
            self.listening[each["topic"]].remove(each["msg_callback"])
        return {}

    async def hear(self, messages):
        self.wire += messages
        for said in messages:
            await self.deliver(said.topic, said.payload.decode())

    async def deliver(self, topic, payload):
        for callback in tuple(self.listening.get(topic, ())):
            waits = callback(ReceiveMessage(topic, payload, 0, False))
            if waits is not None:
                await waits

    async def discover(self):
        """Its relays from `config`, its sensors from `sensors`, which holds what the first SENSOR says."""
        found = []

        async def device_discovered(config, mac):
            found.extend(each for each, _ in get_switch_entities(config) if each is not None)

        async def sensors_discovered(sensors, mac):
            found.extend(each for each, _ in sensors)

        discovery = TasmotaDiscovery("tasmota/discovery", self.client)
        await discovery.start_discovery(device_discovered, sensors_discovered)
        sensors = json.loads(self.twin.receive(plugin.topics.topic(self.device, "cmnd", "STATUS"), b"10", NOON)[0].payload)
        for name, payload in (("config", discovered(self.device, self.twin)), ("sensors", {"sn": sensors["StatusSNS"], "ver": 1})):
            (callback,) = self.listening["tasmota/discovery/#"]
            await callback(ReceiveMessage(f"tasmota/discovery/{MAC}/{name}", json.dumps(payload), 0, True))
        for config in found:
            entity = get_entity(config, self.client)
            name = entity.unique_id.removeprefix(f"{MAC}_").replace("sensor_sensor_", "")
            self.entities[name] = entity
            entity.set_on_state_callback(lambda value, name=name, **_: self.says.__setitem__(name, value))
            await entity.subscribe_topics()

    def ours(self):
        """What our driver understands of the same bytes."""
        listen = plugin.build_topics(self.device).listen
        return {event for said in self.wire if listen.get(said.topic) is Role.SAYS
                for event in plugin.decode_message(self.device, said.topic, said.payload)}


def read_by_hatasmota(device, story, **changes):
    async def run():
        twin = plugin.simulate(device, seed=1)
        for name, value in changes.items():
            setattr(twin, name, value)
        twin.connected(NOON)
        stranger = Stranger(device, twin)
        await stranger.discover()
        await story(stranger)
        return stranger

    return asyncio.run(run())


def test_a_stranger_finds_our_plug_and_reads_what_we_read():
    async def story(stranger):
        stranger.twin.draw(1234.0, NOON)
        await stranger.hear(stranger.twin.tick(LATER))

    stranger = read_by_hatasmota(PLUG, story)
    ours = stranger.ours()
    says = stranger.says
    assert says["switch_relay_0"] is True
    assert OutputState(True) in ours
    assert says["ENERGY_Power"] == 1234
    for name, quantity, register, factor in (
            ("Power", Quantity.POWER, "", 1), ("Total", Quantity.ENERGY, "", 1000), ("Today", Quantity.ENERGY, "today", 1000),
            ("Voltage", Quantity.VOLTAGE, "", 1), ("Current", Quantity.CURRENT, "", 1), ("Factor", Quantity.POWER_FACTOR, "", 1),
            ("ApparentPower", Quantity.APPARENT_POWER, "", 1), ("ReactivePower", Quantity.REACTIVE_POWER, "", 1)):
        assert Measure(quantity, float(says[f"ENERGY_{name}"] * factor), register=register) in ours


def test_it_is_there_for_both_of_us():
    async def story(stranger):
        seen = stranger.says.setdefault("there", [])

        async def available(there):
            seen.append(there)

        stranger.entities["switch_relay_0"].set_on_availability_callback(available)
        await stranger.hear((*stranger.twin.connected(NOON), stranger.twin.last_will))

    stranger = read_by_hatasmota(PLUG, story)
    assert stranger.says["there"] == [True, False]
    assert [plugin.parse_lwt(PLUG, said.payload) for said in stranger.wire if said.topic.endswith("/LWT")] == [
        Presence.ONLINE, Presence.OFFLINE]


@pytest.mark.parametrize("options", [{}, {"SetOption26": 1}, {"SetOption59": 1}])
def test_what_a_stranger_switches_we_hear(options):
    async def story(stranger):
        stranger.twin.values.update(options)
        await stranger.entities["switch_relay_0"].set_state(False)

    stranger = read_by_hatasmota(PLUG, story)
    assert stranger.says["switch_relay_0"] is stranger.twin.outputs[0] is False
    assert stranger.ours() - {Measure(Quantity.SIGNAL, -53.0)} == {OutputState(False)}


def test_each_relay_of_a_unit_is_its_own_for_a_stranger():
    async def story(stranger):
        await stranger.entities["switch_relay_2"].set_state(False)
        stranger.twin.draw(500.0, NOON, channel=1)
        await stranger.hear(stranger.twin.tick(LATER))

    stranger = read_by_hatasmota(STRIP, story)
    assert [stranger.says[f"switch_relay_{number}"] for number in range(4)] == [True, True, False, True]
    assert [stranger.says[f"ENERGY_Power_{number}"] for number in range(4)] == [0, 500, 0, 0]
    assert {OutputState(False, channel=2), Measure(Quantity.POWER, 500.0, register="b")} <= stranger.ours()


def test_our_question_answers_a_stranger_too():
    async def story(stranger):
        for each in plugin.encode_command(PLUG, Query()).publishes:
            await stranger.hear(stranger.twin.receive(each.topic, each.payload, NOON))

    assert read_by_hatasmota(PLUG, story).says["ENERGY_Voltage"] == 230


@pytest.mark.parametrize(("device", "tic", "labels"), [
    (CARD, "historique", {"HCHP": (Quantity.ENERGY, "HCHP"), "PAPP": (Quantity.APPARENT_POWER, ""),
                           "IINST": (Quantity.CURRENT, "")}),
    (READER, "historique", {"HCHP": (Quantity.ENERGY, "HCHP"), "PAPP": (Quantity.APPARENT_POWER, "")}),
    (READER, "standard", {"EAST": (Quantity.ENERGY, "EAST"), "EASF02": (Quantity.ENERGY, "EASF02"),
                          "SINSTS": (Quantity.APPARENT_POWER, ""), "URMS1": (Quantity.VOLTAGE, "a")}),
])
@pytest.mark.parametrize("raw", ["noraw", "full", "changed"])
def test_a_stranger_reads_the_home_behind_a_meter(device, tic, labels, raw):
    async def story(stranger):
        stranger.twin.draw(2300.0, NOON)
        await stranger.hear(stranger.twin.receive(plugin.topics.topic(device, "cmnd", "EnergyConfig"), raw.encode(), NOON))
        await stranger.hear(stranger.twin.tick(LATER))

    stranger = read_by_hatasmota(device, story, tic=tic)
    ours = stranger.ours()
    assert stranger.says["ENERGY_Power"] == 2300
    for label, (quantity, register) in labels.items():
        assert Measure(quantity, float(stranger.says[f"TIC_{label}"]), register=register) in ours
