"""A gateway that is not there: its order of words, its troubles, and two bots behind one name on a broker."""

from datetime import UTC, datetime, timedelta

import elfe_switchbot as plugin
import pytest
from elfe_switchbot.twin import QUEUE, GatewayTwin

from elfe.devices import Acknowledgement, Device, Fault, Measure, Presence, Press, Progress, Quantity, Query
from elfe.devices.drivers import Plugin, select
from elfe.devices.routing import Router
from elfe.devices.testing import MockBroker

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
BOT, NEIGHBOUR = (
    Device(id=id, type_id=311, templates={"gateway": "switchbot/C002", "bot": id, "hold": ""}) for id in ("C003", "C004"))
PRESS = b"PRESS"


def awake(seed=1, **troubles):
    """A twin that has booted, looked around and read its bot's settings."""
    twin = GatewayTwin(gateway="switchbot/C002", bot="C003", seed=seed, **troubles)
    twin.connected(NOON)
    twin.tick(NOON + timedelta(minutes=5))
    return twin, NOON + timedelta(minutes=5)


def lived(twin, now, seconds=120):
    """What it says, second by second."""
    return [each for second in range(seconds) for each in twin.tick(now + timedelta(seconds=second + 1))]


def answers(said, device=BOT):
    """What the driver makes of its `status`."""
    return [event for each in said if each.topic == f"switchbot/C002/bot/{device.id}/status"
            for event in plugin.decode_message(device, each.topic, each.payload)]


def press(twin, now):
    return twin.receive("switchbot/C002/bot/C003/set", PRESS, now)


def test_a_press_is_connected_sent_and_done():
    twin, now = awake()
    press(twin, now)
    assert answers(lived(twin, now)) == [
        Progress("PRESS", "connected"), Progress("PRESS", "commandSent"), Acknowledgement("PRESS", True)]
    assert twin.presses == 1


def test_a_bot_that_is_busy_is_tried_again_until_it_presses_once():
    twin, now = awake(busy=2)
    press(twin, now)
    heard = answers(lived(twin, now))
    assert heard.count(Progress("PRESS", "busy")) == 2
    assert heard[-1] == Acknowledgement("PRESS", True)
    assert twin.presses == 1


def test_one_that_is_out_of_reach_says_so_after_a_minute():
    twin, now = awake(out_of_reach=True)
    press(twin, now)
    assert answers(lived(twin, now, 59)) == []
    assert answers(lived(twin, now + timedelta(seconds=59), 1)) == [Acknowledgement("PRESS", False, "errorConnect")]
    assert twin.presses == 0


def test_one_that_acts_and_does_not_answer_has_pressed_all_the_same():
    twin, now = awake(mute=True)
    press(twin, now)
    assert answers(lived(twin, now)) == [Progress("PRESS", "connected"), Progress("PRESS", "commandSent")]
    assert twin.presses == 1


def test_a_press_may_come_after_we_gave_it_up():
    twin, now = awake(slow=timedelta(minutes=3))
    press(twin, now)
    assert answers(lived(twin, now, 120)) == []
    assert answers(lived(twin, now + timedelta(seconds=120), 120))[-1] == Acknowledgement("PRESS", True)
    assert twin.presses == 1


def test_two_presses_may_be_answered_by_one_success():
    twin, now = awake(twice=True)
    press(twin, now)
    assert answers(lived(twin, now)).count(Acknowledgement("PRESS", True)) == 1
    assert twin.presses == 2


@pytest.mark.parametrize(("refuses", "means"), [
    (9, [Acknowledgement("PRESS", False, "failed 9: wrong password")]),
    (6, [Acknowledgement("PRESS", False, "lowbattery 6: battery low"), Fault("lowbattery")]),
])
def test_one_that_refuses_says_why(refuses, means):
    twin, now = awake(refuses=refuses)
    press(twin, now)
    assert answers(lived(twin, now))[2:] == means
    assert twin.presses == 0


def test_its_own_questions_at_its_start_are_no_press():
    twin = GatewayTwin(gateway="switchbot/C002", bot="C003", seed=1)
    said = [*twin.connected(NOON), *lived(twin, NOON)]
    assert answers(said)[-1] == Acknowledgement("REQUESTSETTINGS", True)
    assert twin.presses == 0


def test_orders_wait_for_each_other():
    twin, now = awake()
    press(twin, now)
    press(twin, now)
    heard = answers(lived(twin, now))
    assert heard[:3] == heard[3:]
    assert twin.presses == 2


def test_a_full_queue_is_said_on_the_gateways_own_topic():
    twin, now = awake()
    for _ in range(QUEUE):
        assert b"errorQueueFull" not in b"".join(each.payload for each in press(twin, now))
    said = press(twin, now)
    assert [(each.topic, each.payload) for each in said] == [("switchbot/C002", b'{"status":"errorQueueFull"}')]


def test_a_power_cut_of_the_gateway_forgets_what_it_had_to_do():
    twin, now = awake()
    press(twin, now)
    twin.reboot(now + timedelta(milliseconds=100))
    assert Acknowledgement("PRESS", True) not in answers(lived(twin, now))
    assert twin.presses == 0


def test_off_is_swallowed_without_a_word_in_press_mode():
    twin, now = awake()
    twin.receive("switchbot/C002/bot/C003/set", b"OFF", now)
    assert answers(lived(twin, now)) == []


def test_hold_press_sets_the_hold_and_then_presses():
    twin, now = awake()
    twin.receive("switchbot/C002/holdPress", b'{"id":"C003","hold":"7"}', now)
    tokens = [event.token for event in answers(lived(twin, now)) if isinstance(event, Acknowledgement)]
    assert tokens == ["7", "PRESS", "REQUESTSETTINGS"]
    assert (twin.hold_s, twin.presses) == (7, 1)


@pytest.mark.parametrize("payload", [b"", b"DANCE", b"\xff\xfe", b"101.5.2", b"9" * 5000])
def test_what_is_no_command_presses_nothing(payload):
    twin, now = awake()
    twin.receive("switchbot/C002/bot/C003/set", payload, now)
    lived(twin, now)
    assert twin.presses == 0


@pytest.mark.parametrize("payload", [b"", b"[]", b"{", b'{"id":"C009","hold":9}', b'{"hold":9}'])
def test_requests_that_are_not_its_own_change_nothing(payload):
    twin, now = awake()
    twin.receive("switchbot/C002/setHold", payload, now)
    lived(twin, now)
    assert twin.hold_s == 5


def test_a_fall_in_its_sleep_is_noticed_by_silence_only():
    """The gateway stays online without its bot."""
    twin, now = awake()
    twin.out_of_reach = True
    said = [each for minute in range(90) for each in twin.tick(now + timedelta(minutes=minute))]
    assert any(each.payload == b"online" for each in said)
    assert not any("/bot/" in each.topic for each in said)


# -- on a broker ----------------------------------------------------------------------------------------------------------


def home():
    """Two bots behind one gateway on a broker in memory, and whoever listens to them."""
    router = Router(select([Plugin("switchbot", "?", plugin)]), (BOT, NEIGHBOUR))
    broker = MockBroker()
    ours = broker.session()
    ours.listen(router.filters)
    twins = {}
    for device in (BOT, NEIGHBOUR):
        twin = plugin.simulate(device, seed=len(twins))
        session = broker.session()
        session.listen(twin.subscriptions)
        twins[device.id] = (twin, session)
    return router, ours, twins


def turn(twins, now):
    """Each twin hears what was sent to it and says what is due."""
    for twin, session in twins.values():
        said = [each for arrival in session.arrivals() if hasattr(arrival, "payload")
                for each in twin.receive(arrival.topic, arrival.payload, now)]
        for each in (*said, *twin.tick(now)):
            session.send(each)


def heard(router, ours):
    return [(each.device.id, each.event) for arrival in ours.arrivals() if hasattr(arrival, "payload")
            for each in router.read(arrival.topic, arrival.payload)]


def test_of_two_bots_behind_one_gateway_the_one_that_was_asked_presses_and_answers():
    router, ours, twins = home()
    for twin, session in twins.values():
        for each in twin.connected(NOON):
            session.send(each)
    for message in plugin.encode_command(BOT, Press()).publishes:
        ours.send(message)
    for second in range(120):
        turn(twins, NOON + timedelta(seconds=second))
    events = heard(router, ours)
    assert [id for id, event in events if event == Acknowledgement("PRESS", True)] == ["C003"]
    assert {id: twin.presses for id, (twin, _) in twins.items()} == {"C003": 1, "C004": 0}
    assert {id for id, event in events if event is Presence.ONLINE} == {"C003", "C004"}


def test_the_gateways_last_will_takes_all_its_bots_away():
    router, ours, twins = home()
    twin, session = twins["C003"]
    session.send(twin.last_will)
    assert heard(router, ours) == [("C003", Presence.OFFLINE), ("C004", Presence.OFFLINE)]


def test_a_scan_that_was_asked_for_tells_of_that_bot_alone():
    router, ours, twins = home()
    for message in plugin.encode_command(NEIGHBOUR, Query()).publishes:
        ours.send(message)
    for second in range(30):
        turn(twins, NOON + timedelta(seconds=second))
    assert {(id, event.quantity) for id, event in heard(router, ours) if isinstance(event, Measure)} == {
        ("C004", Quantity.BATTERY), ("C004", Quantity.SIGNAL)}
