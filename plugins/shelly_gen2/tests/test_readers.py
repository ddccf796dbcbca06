"""aioshelly, Home Assistant's own reader of these devices (Apache-2.0), drives our twins over a real WebSocket."""

import asyncio
import json
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import elfe_shelly_gen2 as plugin
import pytest
from elfe_shelly_gen2.devices import ROWS

from elfe.devices import Acknowledgement, Device, Measure, OutputState, Quantity, Switch

pytest.importorskip("aioshelly", reason="aioshelly is not installed: it reads our twins as a stranger would")
from aiohttp import ClientSession, WSMsgType, web
from aioshelly.common import ConnectionOptions
from aioshelly.const import DEVICES
from aioshelly.exceptions import RpcCallError
from aioshelly.rpc_device import RpcDevice, RpcUpdateType

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
RELAY = Device(id="D003", type_id=411, templates={"root": "D003"}, reply_to="elfe/engine/D003")
FOUR = Device(id="D005", type_id=1108, templates={"root": "D005"}, reply_to="elfe/engine/D005")
ROOM = Device(id="F002", type_id=1161, templates={"root": "F002"}, reply_to="elfe/engine/F002")


class Wire:
    """A twin behind the WebSocket that its vendor documents; its frames are the same as over MQTT."""

    def __init__(self, twin):
        self.twin, self.sockets, self.heard = twin, [], []

    async def answer(self, request):
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self.say(self.twin.receive(f"{self.twin.root}/rpc", message.data.encode(), NOON))
        return socket

    async def say(self, messages):
        self.heard += messages
        for message in messages:
            if message.topic.endswith("/rpc"):
                for socket in self.sockets:
                    await socket.send_str(message.payload.decode())


@asynccontextmanager
async def read_by_aioshelly(device):
    twin = plugin.simulate(device, seed=1)
    twin.connected(NOON)
    wire, app = Wire(twin), web.Application()
    app.router.add_get("/rpc", wire.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]
    async with ClientSession() as session:
        reader = await RpcDevice.create(session, None, ConnectionOptions("127.0.0.1", port=port))
        updates = asyncio.Queue()
        reader.subscribe_updates(lambda _, kind: updates.put_nowait(kind))
        try:
            await reader.initialize()
            yield wire, reader, updates
        finally:
            await reader.shutdown()
            await runner.cleanup()


async def heard(updates, kind=RpcUpdateType.STATUS):
    async with asyncio.timeout(5):
        while await updates.get() is not kind:
            pass


def ours(device, payload):
    """What our driver makes of a whole status that aioshelly holds."""
    return plugin.decode_message(device, f"{device.templates['root']}/status/switch:0", json.dumps(payload).encode())


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)
def test_a_stranger_knows_each_product_by_its_order_number(row):
    known = DEVICES[row.model]
    assert (known.name.replace(" ", "").lower(), known.gen) == (row.product.replace(" ", "").lower(), row.generation)


def test_a_stranger_finds_our_relay_as_it_is():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, _):
            assert (reader.initialized, reader.gen, reader.model) == (True, 2, "SNSW-001P16EU")
            assert reader.firmware_supported
            assert reader.config["switch:0"]["initial_state"] == "match_input"
            assert reader.status["switch:0"]["output"] is wire.twin.on is True
            assert OutputState(True) in ours(RELAY, reader.status["switch:0"])
    asyncio.run(story())


def test_a_stranger_switches_it_and_both_of_us_hear_the_same():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, updates):
            await heard(updates, RpcUpdateType.INITIALIZED)
            await reader.switch_set(0, False)
            await heard(updates)
            assert reader.status["switch:0"]["output"] is wire.twin.on is False
            told = [event for said in wire.heard if said.topic == "D003/events/rpc"
                    for event in plugin.decode_message(RELAY, said.topic, said.payload)]
            assert told == [OutputState(False)]
    asyncio.run(story())


def test_its_partial_notifications_overlay_to_what_we_hear():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, updates):
            await heard(updates, RpcUpdateType.INITIALIZED)
            await wire.say(wire.twin.draw(1500.0, NOON))
            await wire.say(wire.twin.tick(NOON + timedelta(hours=1)))
            await heard(updates)
            await heard(updates)
            status = reader.status["switch:0"]
            assert (status["apower"], status["aenergy"]["total"]) == (1500.0, 1500.0)
            assert {Measure(Quantity.POWER, 1500.0), Measure(Quantity.ENERGY, 1500.0)} <= set(ours(RELAY, status))
    asyncio.run(story())


def test_what_our_driver_orders_a_stranger_is_told_of():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, updates):
            await heard(updates, RpcUpdateType.INITIALIZED)
            order = plugin.encode_command(RELAY, Switch(False, token="o-17"))
            said = wire.twin.receive(order.publishes[0].topic, order.publishes[0].payload, NOON)
            assert order.expects in plugin.decode_message(RELAY, said[0].topic, said[0].payload)
            await wire.say(said[1:])
            await heard(updates)
            assert reader.status["switch:0"]["output"] is False
    asyncio.run(story())


def test_a_refusal_is_a_refusal_for_both_of_us():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, _):
            with pytest.raises(RpcCallError) as refused:
                await reader.switch_set(7, True)
            frame = json.loads(wire.heard[-1].payload)
            (ack,) = plugin.decode_message(RELAY, f"{RELAY.reply_to}/rpc", json.dumps({**frame, "id": "o"}).encode())
            assert refused.value.code == frame["error"]["code"] == -105
            assert ack == Acknowledgement("o", ok=False, detail=f"-105 {refused.value.message}")
    asyncio.run(story())


def test_a_stranger_updates_its_firmware():
    async def story():
        async with read_by_aioshelly(RELAY) as (wire, reader, _):
            assert reader.status["sys"]["available_updates"] == {"stable": {"version": "1.7.5"}}
            await reader.trigger_ota_update()
            assert wire.twin.running == "1.7.5"
    asyncio.run(story())


def test_four_relays_are_four_for_a_stranger():
    async def story():
        async with read_by_aioshelly(FOUR) as (wire, reader, _):
            assert [name for name in reader.status if name.startswith("switch:")] == [f"switch:{number}" for number in range(4)]
            await reader.switch_set(2, False)
            assert wire.twin.outputs == {0: True, 1: True, 2: False, 3: True}
    asyncio.run(story())


def test_a_thermometer_awake_is_read_by_a_stranger():
    async def story():
        async with read_by_aioshelly(ROOM) as (_, reader, _):
            assert reader.status["temperature:0"]["tC"] == 20.0
            assert reader.status["humidity:0"]["rh"] == 50.0
            assert reader.status["sys"]["wakeup_period"] == 7200
            assert reader.config["temperature:0"]["report_thr_C"] == 0.5
    asyncio.run(story())
