"""A PLC that is not there, and eight points that share its messages."""

from datetime import UTC, datetime, timedelta

import elfe_socorel as plugin
import pytest
from attrs import evolve

from elfe.broker.session import Message
from elfe.devices import LocalControl, Measure, OutputState, Publish, Quantity, Switch
from elfe.devices.drivers import Drivers, Plugin, select
from elfe.devices.routing import Router, Unreadable
from elfe.devices.testing import MockBroker

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
ROOT = "Socorel/031636408854"
DRIVERS = select([Plugin("socorel", "?", plugin)])
DRIVER = DRIVERS[811]
EIGHT = tuple(DRIVER.device(f"S{number + 1:03}", "031636408854", channel=number) for number in range(8))
FORMS = [{"says_bitmap": True, "says_each": False}, {"says_bitmap": False, "says_each": True}, {}]


def twin(**options):
    made = plugin.simulate(EIGHT[0], seed=1)
    for name, value in options.items():
        setattr(made, name, value)
    return made


def read(said, router=None):
    router = router or Router(DRIVERS, EIGHT)
    return [(each.device.id, each.event) for message in said for each in router.read(message.topic, message.payload)]


# -- one message, eight points ------------------------------------------------------------------------------------------------


def test_a_bitmap_is_decoded_once_and_each_point_hears_its_own_output():
    calls = []

    def decode_message(device, topic, payload):
        calls.append(topic)
        return plugin.decode_message(device, topic, payload)

    router = Router(Drivers(DRIVERS.plugins, {811: evolve(DRIVER, decode_message=decode_message)}), EIGHT)
    assert read([Publish(f"{ROOT}/EtatSorties", b"10100000")], router) == [
        (device.id, OutputState(device.channel in (0, 2), device.channel)) for device in EIGHT]
    assert calls == [f"{ROOT}/EtatSorties"]


def test_the_eight_are_heard_through_eleven_subscriptions():
    assert len(Router(DRIVERS, EIGHT).filters) == 11


def test_the_power_of_the_whole_is_kept_once():
    assert read([Publish(f"{ROOT}/PA1MN", b"4200")]) == [("S001", Measure(Quantity.POWER, 4200.0, register="automate"))]


def test_a_person_takes_all_eight_over():
    assert read([Publish(f"{ROOT}/mode", b"MANUEL")]) == [(device.id, LocalControl(True)) for device in EIGHT]


def test_one_unreadable_message_is_told_once():
    router = Router(DRIVERS, EIGHT)
    assert [type(each) for each in router.read(f"{ROOT}/EtatSorties", b"12345678")] == [Unreadable]


def test_another_plc_is_not_heard():
    assert read([Publish("Socorel/000000000001/EtatSorties", b"11111111")]) == []


# -- the twin -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("device", EIGHT)
@pytest.mark.parametrize("on", [True, False])
def test_an_order_moves_its_own_output_and_is_confirmed_in_either_form(form, device, on):
    plc = twin(**form)
    plc.connected(NOON)
    encoded = DRIVER.encode_command(device, Switch(on))
    said = [each for message in encoded.publishes for each in plc.receive(message.topic, message.payload, NOON)]
    assert (device.id, encoded.expects) in read(said)
    assert plc.outputs == {output: on if output == device.channel else True for output in range(8)}


def test_in_manual_mode_orders_have_no_effect():
    plc = twin()
    assert read(plc.press_button(NOON))[0] == ("S001", LocalControl(True))
    assert plc.receive(f"{ROOT}/sortie1", b"0", NOON) == ()
    assert plc.outputs[0]
    assert read(plc.press_button(NOON))[0] == ("S001", LocalControl(False))


@pytest.mark.parametrize(("topic", "payload"), [("sortie9", b"0"), ("sortie0", b"0"), ("sortie²", b"0"), ("sortie1", b"off")])
def test_what_is_no_order_moves_nothing(topic, payload):
    plc = twin()
    assert plc.receive(f"{ROOT}/{topic}", payload, NOON) == ()
    assert all(plc.outputs.values())


@pytest.mark.parametrize("form", FORMS)
def test_it_says_all_outputs_every_30_s(form):
    plc = twin(**form)
    plc.connected(NOON)
    moments = [NOON + timedelta(seconds=second) for second in range(121)]
    spoke = [now for now in moments if {device for device, event in read(plc.tick(now)) if isinstance(event, OutputState)}
             == {device.id for device in EIGHT}]
    assert len(spoke) == 4


def test_its_power_is_what_hangs_on_the_outputs_that_are_on():
    plc = twin()
    plc.connected(NOON)
    plc.draw(1000.0, NOON, 0)
    plc.draw(500.0, NOON, 7)
    plc.receive(f"{ROOT}/sortie1", b"0", NOON)
    assert ("S001", Measure(Quantity.POWER, 500.0, register="automate")) in read(plc.tick(NOON + timedelta(seconds=30)))


def test_it_has_no_last_will():
    assert twin().last_will is None


def test_on_a_broker_it_hears_its_orders_and_not_its_own_words():
    broker = MockBroker()
    plc, session, ours = twin(), broker.session(), broker.session()
    session.listen(plc.subscriptions)
    router = Router(DRIVERS, EIGHT)
    ours.listen(router.filters)
    for message in (*plc.connected(NOON), *DRIVER.encode_command(EIGHT[2], Switch(False)).publishes):
        session.send(message)
    told = [each for each in session.arrivals() if isinstance(each, Message)]
    assert [each.topic for each in told] == [f"{ROOT}/sortie3"]
    for answer in plc.receive(told[0].topic, told[0].payload, NOON):
        session.send(answer)
    heard = [each for each in ours.arrivals() if isinstance(each, Message)]
    assert ("S003", OutputState(False, 2)) in read(heard, router)
    assert not any(each.retained for each in heard)


# -- one output's fault is its own ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", [b"", b"x", b"2", b"10", b"{}", b"on"])
def test_b12_what_one_output_says_wrongly_changes_nothing_of_the_others(broken):
    router = Router(DRIVERS, EIGHT)
    assert [type(each) for each in router.read(f"{ROOT}/EtatSortie3", broken)] == [Unreadable]

    said = [Publish(f"{ROOT}/EtatSortie{number}", b"1") for number in range(1, 9)]
    assert read(said, router) == [(device.id, OutputState(True, device.channel)) for device in EIGHT]


@pytest.mark.parametrize("partial", [b"1010", b"1010000", b"101000001", b"1010x000", b"", b"10100000 0"])
def test_b12_a_partial_bitmap_says_nothing_of_any_output(partial):
    assert [type(each) for each in Router(DRIVERS, EIGHT).read(f"{ROOT}/EtatSorties", partial)] == [Unreadable]


def test_b12_an_order_to_one_output_leaves_the_bits_of_the_seven_others():
    plc = twin(says_bitmap=True, says_each=False)
    plc.connected(NOON)
    order = DRIVER.encode_command(EIGHT[2], Switch(False, token="t")).publishes
    said = dict(read([each for message in order for each in plc.receive(message.topic, message.payload, NOON)]))

    assert [said[device.id].on for device in EIGHT] == [True, True, False, True, True, True, True, True]
