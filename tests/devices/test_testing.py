"""The conformance kit: the guide's driver passes it, and each rule catches the fault that it is for."""

import inspect

import pytest

from elfe.broker.session import Connected, Disconnected, Message, Session
from elfe.devices import testing
from elfe.devices.drivers import Plugin, select
from elfe.devices.testing import RULES, Bench, MockBroker, conformance
from elfe.devices.values import Publish
from elfe.errors import PluginError

from .made import plugin

test_the_guides_driver_keeps_every_rule = conformance(plugin())

FAULTS = [
    ("the_type_says_how_long_its_silence_may_last", "minutes=3 => minutes=1"),
    ("no_topic_leaves_the_device", "brume/{hardware_id} => brume/all"),
    ("no_topic_leaves_the_device", 'f"{root}/set" => f"{root}/is"'),
    ("a_command_goes_to_the_command_topic_and_is_never_retained", 'b"1" if command.on else b"0") => b"1", retain=True)'),
    ("a_command_is_proved_by_its_own_echo", 'b"1" if command.on else b"0" => b"on" if command.on else b"off"'),
    ("a_command_is_proved_by_its_own_echo", 'b"1" if self.on else b"0" => b"1"'),
    ("a_query_is_answered_with_the_state", 'payload == b"?" => payload == b"!"'),
    ("the_twin_is_understood", "kilowatt_hours)) * 1000 => kilowatt_hours)) * 1000 + as_number(None)"),
    ("the_twin_meets_its_publication_period", "period=BRUME.publishes_every => period=BRUME.publishes_every * 5"),
    ("power_and_energy_come_back_in_our_units", "as_number(float(kilowatt_hours)) * 1000 => as_number(float(kilowatt_hours))"),
    ("the_last_will_is_understood", 'b"gone" => b"here"'),
    ("the_same_seed_lives_the_same_day", "seed=seed => seed=1"),
    ("legacy_columns_round_trip", 'command=f"{root}/set", lwt => command="attic/set", lwt'),
    ("what_is_no_text_is_refused",
     "return one_of(payload, PRESENCES) => return PRESENCES.get(payload.decode('ascii', 'ignore'), Presence.OFFLINE)"),
    ("nothing_but_bad_payload_is_raised", "except ValueError as error => except ZeroDivisionError as error"),
]


def bench(module):
    return Bench(next(iter(select([Plugin("brume", "1", module)]))))


@pytest.mark.parametrize(("rule", "fault"), FAULTS)
def test_a_rule_catches_its_fault(rule, fault):
    module = plugin(fault=fault)
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        getattr(testing, rule)(bench(module), module)


def test_every_rule_is_a_fact_and_says_why():
    assert all(inspect.getdoc(rule) for rule in RULES)
    assert len({rule.__name__ for rule in RULES}) == len(RULES)


def test_a_broken_plugin_does_not_pass_by_having_no_tests():
    with pytest.raises(PluginError, match="parse_ltw"):
        conformance(plugin(typo="def parse_lwt => def parse_ltw"))
    with pytest.raises(PluginError, match="nowhere: it is not installed"):
        conformance("nowhere")


# -- the mocked broker --------------------------------------------------------------------------------------------------


def test_a_message_reaches_those_whose_filter_matches():
    broker = MockBroker()
    exact, single, multi, other = (broker.session() for _ in range(4))
    for session, topic in ((exact, "a/b"), (single, "a/+"), (multi, "a/#"), (other, "a")):
        session.listen((topic,))
    exact.send(Publish("a/b", b"1"))
    assert [Message("a/b", b"1") in session.arrivals() for session in (exact, single, multi, other)] == [True, True, True, False]


def test_what_is_retained_is_told_to_who_comes_later_and_is_not_counted():
    broker = MockBroker()
    broker.session().send(Publish("a/b", b"old", retain=True))
    late = broker.session()
    late.listen(("a/b",))
    assert late.arrivals() == [Connected(), Message("a/b", b"old", retained=True)]
    assert not late.received


def test_an_empty_retained_message_clears_the_topic():
    broker = MockBroker()
    session = broker.session()
    session.send(Publish("a/b", b"old", retain=True))
    session.send(Publish("a/b", b"", retain=True))
    late = broker.session()
    late.listen(("a/b",))
    assert late.arrivals() == [Connected()]


def test_every_message_is_counted_by_topic_on_both_sides():
    broker = MockBroker()
    sender, receiver = broker.session(), broker.session()
    receiver.listen(("a/#",))
    for topic in ("a/b", "a/b", "a/c"):
        sender.send(Publish(topic, b"1"))
    assert sender.sent == {"a/b": 2, "a/c": 1}
    assert not receiver.received
    receiver.arrivals()
    assert receiver.received == {"a/b": 2, "a/c": 1}


def test_a_broker_out_of_reach_refuses_and_forgets_nothing_when_it_comes_back():
    broker = MockBroker()
    session, other = broker.session(), broker.session()
    session.listen(("a/b",))
    session.lose("cut")
    assert not session.send(Publish("a/b", b"1"))
    other.send(Publish("a/b", b"2"))
    session.regain()
    other.send(Publish("a/b", b"3"))
    assert session.arrivals() == [Connected(), Disconnected("cut"), Connected(), Message("a/b", b"3")]


def test_the_mocked_session_is_a_session():
    session: Session = MockBroker().session()
    assert session.ready
