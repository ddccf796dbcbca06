"""A gateway on a real mosquitto, with its real last will."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import elfe_switchbot as plugin
import pytest

from elfe.broker.fleet import Fleet
from elfe.broker.session import Message
from elfe.devices import Acknowledgement, Device, Presence, Press
from elfe.devices.drivers import Plugin, select
from elfe.devices.routing import Router
from tests.brokers import connected, mosquitto, until

__all__ = ["mosquitto"]      # a fixture
NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
BOT, NEIGHBOUR = (
    Device(id=id, type_id=311, templates={"gateway": "switchbot/C002", "bot": id, "hold": ""}) for id in ("C003", "C004"))


@pytest.mark.mosquitto
def test_a_press_goes_out_once_is_answered_once_and_the_last_will_takes_both_bots_away(mosquitto):
    router = Router(select([Plugin("switchbot", "?", plugin)]), (BOT, NEIGHBOUR))
    gateway = plugin.simulate(BOT, seed=1)
    with closing(Fleet(mosquitto.address)) as fleet, connected(mosquitto.address, "command", *router.filters) as command:
        fleet.add("C002", gateway.last_will, gateway.subscriptions)
        until(lambda: all(each.granted for each in fleet.sessions))
        events = []

        def hear(wanted):
            until(lambda: events.extend((each.device.id, each.event) for arrival in command.arrivals()
                                        if isinstance(arrival, Message) for each in router.read(arrival.topic, arrival.payload))
                  or wanted in events, command)

        _say(fleet, gateway.connected(NOON))
        hear(("C004", Presence.ONLINE))
        for message in plugin.encode_command(BOT, Press()).publishes:
            command.send(message)
        told = []
        until(lambda: told.extend(arrival for _, arrival in fleet.arrivals() if isinstance(arrival, Message)) or bool(told))
        assert [(each.topic, each.payload) for each in told] == [("switchbot/C002/bot/C003/set", b"PRESS")]
        _say(fleet, gateway.receive(told[0].topic, told[0].payload, NOON))
        _say(fleet, gateway.tick(NOON + timedelta(seconds=120)))
        hear(("C003", Acknowledgement("PRESS", True)))
        fleet.drop("C002")
        hear(("C003", Presence.OFFLINE))
        assert events.count(("C003", Acknowledgement("PRESS", True))) == 1
        assert ("C004", Presence.OFFLINE) in events
        assert gateway.presses == 1


def _say(fleet, said):
    for message in said:
        assert fleet.send("C002", message)
