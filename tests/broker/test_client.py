"""One connection to a real broker: what it promises its owner when all is well, and when the broker is killed."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from datetime import timedelta
from queue import SimpleQueue

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from elfe.broker import client as client_module
from elfe.broker import embedded as embedded_module
from elfe.broker.address import BrokerAddress
from elfe.broker.client import MqttSession, paho_client
from elfe.broker.embedded import Embedded, free_port
from elfe.broker.session import Connected, Disconnected, Message
from elfe.devices.values import Publish
from tests.brokers import WITHIN_S, connected, heard, messages, until

POWER = "shellies/shellyplug-s-A8BC25/relay/0/power"


def test_what_is_published_arrives_once_and_is_counted_on_both_sides(broker: Embedded) -> None:
    with connected(broker.address, "recorder", "shellies/+/relay/0/power") as recorder, \
            connected(broker.address, "plug") as plug:
        assert plug.send(Publish(POWER, b"1234.50"))
        assert messages(recorder, 1) == [Message(POWER, b"1234.50")]
        assert plug.sent == {POWER: 1}
        assert recorder.received == {POWER: 1}


def test_the_subscriptions_stand_when_connected_is_told(broker: Embedded) -> None:
    """Whatever is published after `Connected` cannot be missed."""
    with connected(broker.address, "plug") as plug, closing(MqttSession(broker.address, "recorder")) as recorder:
        recorder.listen((POWER,))
        heard(recorder, lambda each: isinstance(each, Connected))
        until(lambda: recorder.ready, recorder)
        plug.send(Publish(POWER, b"5.00"))
        assert messages(recorder, 1) == [Message(POWER, b"5.00")]


def test_a_session_is_settled_when_its_owner_knows_that_it_is_connected(broker: Embedded) -> None:
    """What it would say because of it is still to come until then, however ready the wire is."""
    with closing(MqttSession(broker.address, "command")) as command:
        until(lambda: command.ready)
        assert not command.settled
        heard(command, lambda each: isinstance(each, Connected))
        assert command.settled


def test_what_the_broker_had_retained_is_marked_and_not_counted(broker: Embedded) -> None:
    online = "shellies/shellyplug-s-A8BC25/online"
    with connected(broker.address, "plug", online) as plug:
        plug.send(Publish(online, b"true", retain=True))
        messages(plug, 1)
        with connected(broker.address, "recorder") as recorder:
            recorder.listen((online,))
            assert messages(recorder, 1) == [Message(online, b"true", retained=True)]
            assert recorder.received == {}


def test_listening_again_replaces_what_was_listened_to(broker: Embedded) -> None:
    with connected(broker.address, "recorder", "a", "b") as recorder, connected(broker.address, "plug") as plug:
        recorder.listen(("b", "c"))
        until(lambda: recorder.ready, recorder)
        for topic in "abc":
            plug.send(Publish(topic, topic.encode()))
        assert messages(recorder, 2) == [Message("b", b"b"), Message("c", b"c")]
        assert recorder.received == {"b": 1, "c": 1}


def test_a_whole_territory_is_listened_to_whatever_the_broker_takes_in_one_packet(broker: Embedded) -> None:
    """The embedded broker takes 128 kB at once; this is thrice as much."""
    topics = tuple(f"shellies/shellyplug-s-{n:06X}/relay/0/{'x' * 40}" for n in range(5000))
    with connected(broker.address, "recorder", *topics) as recorder, connected(broker.address, "plug") as plug:
        plug.send(Publish(topics[0], b"first"))
        plug.send(Publish(topics[-1], b"last"))
        assert messages(recorder, 2) == [Message(topics[0], b"first"), Message(topics[-1], b"last")]


def test_a_publish_without_connection_is_refused_and_not_counted() -> None:
    with closing(MqttSession(BrokerAddress("127.0.0.1", free_port()), "command")) as command:
        assert not command.send(Publish("D001/set", b"on"))
        assert command.sent == {}
        assert not command.ready


def test_a_broker_that_never_was_there_is_told_once(quick: None) -> None:
    port = free_port()
    with closing(MqttSession(BrokerAddress("127.0.0.1", port), "command")) as command:
        assert heard(command, _lost) == Disconnected(f"nobody answers at 127.0.0.1:{port}")
        command.wait(timedelta(seconds=0.3))      # several more attempts
        assert command.arrivals() == []


@pytest.mark.mosquitto
def test_a_broker_that_refuses_us_says_why_once(
        mosquitto: Embedded, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password is wanted: every attempt is refused, one line is told."""
    mosquitto.stop()
    monkeypatch.setattr(embedded_module, "MOSQUITTO", embedded_module.MOSQUITTO.replace("anonymous true", "anonymous false"))
    monkeypatch.setattr(Embedded, "_accepts", lambda *_: True)      # it lets nobody in
    mosquitto.start()
    with closing(MqttSession(mosquitto.address, "command")) as command:
        until(lambda: Disconnected("refused: Not authorized") in command.arrivals(), command)
        command.wait(timedelta(seconds=0.3))
        assert command.arrivals() == []


@pytest.mark.mosquitto
def test_after_a_killed_broker_the_subscriptions_come_back_before_connected_is_told(mosquitto: Embedded, quick: None) -> None:
    with connected(mosquitto.address, "command", POWER) as command:
        _kill(mosquitto)
        heard(command, _lost)
        assert not command.ready
        assert not command.send(Publish("D001/set", b"on"))
        mosquitto.start()
        assert heard(command, lambda each: isinstance(each, Connected)) == Connected()
        with connected(mosquitto.address, "plug") as plug:
            plug.send(Publish(POWER, b"7.00"))
            assert messages(command, 1) == [Message(POWER, b"7.00")]


@pytest.mark.mosquitto
def test_an_order_that_the_last_connection_left_unacknowledged_is_not_sent_again(mosquitto: Embedded, quick: None) -> None:
    """paho keeps it and would send it when the broker is back, hours later as well as now."""
    with connected(mosquitto.address, "command") as command:
        assert mosquitto.process is not None
        mosquitto.process.send_signal(signal.SIGSTOP)
        assert command.send(Publish("D001/set", b"on"))      # into the socket of a broker that does nothing any more
        _kill(mosquitto)
        heard(command, _lost)
        mosquitto.start()
        with connected(mosquitto.address, "plug", "D001/set") as plug:
            heard(command, lambda each: isinstance(each, Connected))
            assert command.send(Publish("D001/set", b"off"))
            assert messages(plug, 1) == [Message("D001/set", b"off")]


@pytest.mark.mosquitto
def test_an_order_carries_its_expiry_on_the_wire(mosquitto: Embedded) -> None:
    seen: SimpleQueue[mqtt.MQTTMessage] = SimpleQueue()
    plug = paho_client(mosquitto.address, "plug")
    granted = threading.Event()
    plug.on_subscribe = lambda *_: granted.set()
    plug.on_message = lambda _, __, message: seen.put(message)
    plug.connect(mosquitto.address.host, mosquitto.address.port)
    plug.loop_start()
    plug.subscribe("D001/set", qos=1)
    assert granted.wait(WITHIN_S)
    with connected(mosquitto.address, "command") as command:
        command.send(Publish("D001/set", b"on"), expires_after=timedelta(minutes=15))
        arrived = seen.get(timeout=WITHIN_S)
    plug.disconnect()
    plug.loop_stop()
    assert arrived.properties is not None
    assert 890 <= arrived.properties.MessageExpiryInterval <= 900
    assert not arrived.retain


@pytest.mark.parametrize("after_s", [1, 900, 2**32 - 1])
def test_an_expiry_that_is_packed_once_is_packed_as_paho_does(after_s: int) -> None:
    plain = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    plain.MessageExpiryInterval = after_s
    packed = client_module._expiry(after_s)
    assert [packed.pack(), packed.pack()] == [plain.pack(), plain.pack()]  # type: ignore[no-untyped-call]


def test_a_flood_pushes_the_oldest_out_and_says_how_many(amqtt: Embedded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "INBOX", 3)
    with connected(amqtt.address, "recorder", "flood") as recorder, connected(amqtt.address, "plug") as plug:
        for number in range(5):
            plug.send(Publish("flood", str(number).encode()))
        until(lambda: recorder.dropped == 2)
        assert [each.payload for each in recorder.arrivals() if isinstance(each, Message)] == [b"2", b"3", b"4"]


def test_closing_is_orderly_and_keeps_the_last_will_unsaid(broker: Embedded) -> None:
    will = Publish("D001/online", b"false")
    with connected(broker.address, "observer", "D001/online", "done") as observer:
        with connected(broker.address, "plug", will=will):
            pass
        observer.send(Publish("done", b""))
        assert messages(observer, 1) == [Message("done", b"")]


# -- hands -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries come soon, so that a test takes a moment."""
    monkeypatch.setattr(client_module, "SOONEST_RETRY_S", (0.05, 0.05))
    monkeypatch.setattr(client_module, "LATEST_RETRY_S", (0.05, 0.05))


def _lost(arrival: object) -> bool:
    return isinstance(arrival, Disconnected)


def _kill(broker: Embedded) -> None:
    assert broker.process is not None
    broker.process.kill()
    broker.process.wait()
