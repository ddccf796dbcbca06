"""aioshelly, Home Assistant's own reader of these devices (Apache-2.0), reads our twins: their HTTP over a real socket, and
their CoIoT, whose bytes it parses itself."""

import asyncio
import json
import struct
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import elfe_shelly_gen1 as plugin
import pytest

from elfe.devices import Device, Firmware, HttpGet, Measure, OutputState, Quantity

pytest.importorskip("aioshelly", reason="aioshelly is not installed: it reads our twins as a stranger would")
from aiohttp import ClientSession, UnixConnector, web
from aioshelly.block_device import COAP, BlockDevice
from aioshelly.common import ConnectionOptions

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
PLUG = Device(id="A101", type_id=111, hardware_id="A8BC25", templates={"root": "shellies/shellyplug-s-A8BC25"})
ROOM = Device(id="F002", type_id=611, hardware_id="703523", templates={"root": "shellies/F002"})
ADDRESS = "192.168.1.133"      # never reached: HTTP goes to a socket file, CoIoT to the twin
DEVICE_ID = 3332


def coiot(twin, path):
    """A CoIoT answer as the vendor describes its bytes: a CoAP header, its device as an option, JSON."""
    option = f"{twin.web.model}#{twin.web.mac}#2".encode()
    head = struct.pack("!BBH", 0x50, 69, 10) + bytes([0xED]) + struct.pack("!H", DEVICE_ID - 269)
    return head + bytes([len(option) - 13]) + option + b"\xff" + twin.get(path).encode()


class Air:
    """Where aioshelly sends its CoIoT requests: the twin answers each."""

    def __init__(self, twin):
        self.twin, self.coap = twin, COAP()
        self.coap.transport = self

    def sendto(self, request, address):
        path = b"/cit/" + request.partition(b"\x01")[2].rpartition(b"\x01")[2][:1]
        answer = coiot(self.twin, path.decode())
        asyncio.get_running_loop().call_soon(self.coap.datagram_received, answer, (ADDRESS, 5683))


@asynccontextmanager
async def read_by_aioshelly(device, folder):
    twin = plugin.simulate(device, seed=1)
    twin.connected(NOON)

    async def answer(request):
        return web.Response(text=twin.get(request.path_qs), content_type="application/json")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(folder / "twin")).start()
    async with ClientSession(connector=UnixConnector(str(folder / "twin"))) as session:
        reader = await BlockDevice.create(session, Air(twin).coap, ConnectionOptions(ADDRESS))
        try:
            await reader.initialize()
            yield twin, reader
        finally:
            await reader.shutdown()
            await runner.cleanup()


def block(reader, kind):
    return next(each for each in reader.blocks if each.type == kind)


def ours(device, path, document):
    """What our driver makes of a document that aioshelly holds."""
    return plugin.decode_http(device, path, json.dumps(document).encode())


def test_a_stranger_finds_our_plug_as_it_is(tmp_path):
    async def story():
        async with read_by_aioshelly(PLUG, tmp_path) as (twin, reader):
            assert (reader.initialized, reader.gen, reader.model) == (True, 1, "SHPLG-S")
            assert reader.firmware_supported
            assert not reader.requires_auth
            assert reader.hostname == "shellyplug-s-A8BC25"
            assert block(reader, "relay").output == twin.on == 1
            assert OutputState(True) in ours(PLUG, "/status", reader.status)
            assert Firmware("1.14.0") in ours(PLUG, "/settings", reader.settings)
    asyncio.run(story())


def test_a_stranger_switches_it_and_both_of_us_see_the_same(tmp_path):
    async def story():
        async with read_by_aioshelly(PLUG, tmp_path) as (twin, reader):
            told = await block(reader, "relay").set_state(turn="off")
            await reader.update()
            assert (block(reader, "relay").output, twin.on) == (0, False)
            assert ours(PLUG, "/relay/0", told) == (OutputState(False),)
    asyncio.run(story())


def test_a_stranger_counts_the_same_energy(tmp_path):
    async def story():
        async with read_by_aioshelly(PLUG, tmp_path) as (twin, reader):
            twin.draw(1500.0, NOON)
            twin.tick(NOON + timedelta(hours=1))
            await reader.update()
            await reader.update_status()
            relay, device = block(reader, "relay"), block(reader, "device")
            assert (relay.power, relay.energy, relay.info("energy")["U"]) == (1500.0, 90_000, "Wmin")
            assert device.deviceTemp == reader.status["temperature"]
            assert {Measure(Quantity.POWER, 1500.0), Measure(Quantity.ENERGY, 1500.0)} <= set(ours(PLUG, "/status", reader.status))
    asyncio.run(story())


def test_a_stranger_sees_what_our_driver_set(tmp_path):
    async def story():
        async with read_by_aioshelly(PLUG, tmp_path) as (twin, reader):
            push = plugin.push_config(PLUG, plugin.Settings(auto_on_s=3600))
            for step in push.steps:
                assert isinstance(step, HttpGet)
                twin.get(step.path)
            await reader.update_settings()
            relay = reader.settings["relays"][0]
            assert (relay["default_state"], relay["auto_off"], relay["schedule"]) == ("on", 0, False)
            assert relay["auto_on"] >= 3600
            assert set(push.expects) <= set(ours(PLUG, "/settings", reader.settings))
    asyncio.run(story())


def test_a_stranger_forces_our_stepping_stone(tmp_path):
    async def story():
        async with read_by_aioshelly(PLUG, tmp_path) as (twin, reader):
            stone = plugin.firmware(PLUG, "1.8.3").update[0]
            told = await reader.trigger_ota_update(url=stone.path.partition("url=")[2])
            assert told["status"] == "updating"
            twin.tick(NOON)
            await reader.update_shelly()
            assert plugin.codec.version(reader.firmware_version) == "1.9.4"
    asyncio.run(story())


def test_a_thermometer_awake_is_read_by_a_stranger(tmp_path):
    async def story():
        async with read_by_aioshelly(ROOM, tmp_path) as (twin, reader):
            twin.feel(21.75, 62.5, NOON)
            await reader.update()
            await reader.update_status()
            sensor = block(reader, "sensor")
            assert (sensor.extTemp, sensor.humidity, sensor.sensorError) == (21.75, 62.5, 0)
            assert (block(reader, "device").battery, block(reader, "device").wakeupEvent) == (100, ["sensor"])
            assert {Measure(Quantity.TEMPERATURE, sensor.extTemp), Measure(Quantity.HUMIDITY, sensor.humidity)} <= set(
                ours(ROOM, "/status", reader.status))
            assert reader.settings["sleep_mode"] == {"period": 6, "unit": "h"}
    asyncio.run(story())
