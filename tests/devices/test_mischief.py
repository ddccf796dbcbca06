"""Twins that misbehave: each kind does what its sentence says, to any twin, and is told again by its seed."""

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from attrs import define

from elfe.devices.drivers import load
from elfe.devices.mischief import GARBLES, KINDS, Mischief, misbehaving, parameters
from elfe.devices.testing import Bench
from elfe.devices.twins import MeteredRelay
from elfe.devices.values import BadPayload, Capability, Publish, Switch

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DRIVERS = [driver for driver in load() if driver.simulate is not None]


@define
class Plug(MeteredRelay):
    """Says a word, the time by its own clock, and its counter."""

    period: timedelta = timedelta(minutes=1)
    subscriptions = ("plug/set",)
    last_will = Publish("plug/online", b"false", retain=True)

    def say_born(self, now):
        return (Publish("plug/online", b"true", retain=True), *self.say_state(now, "init"))

    def say_state(self, now, source):
        return (Publish("plug/state", b"on" if self.on else b"off"), Publish("plug/source", source.encode()))

    def say_measures(self, now):
        return (Publish("plug/energy", f"{self.energy_wh:.1f}".encode()), Publish("plug/at", f"{now:%H:%M}".encode()))

    def receive(self, topic, payload, now):
        return self.switch(payload == b"on", now, "order")


def born(*kinds, seed=1, **given):
    """A plug that misbehaves, connected at noon, and what it said then."""
    twin = misbehaving(Plug(), [Mischief(kind, given) for kind in kinds], seed)
    return twin, twin.connected(NOON)


def lives(twin, until, since=NOON, step=SECOND):
    """Everything that it says meanwhile, each with its moment."""
    moments = int((until - since) / step)
    return [(since + number * step, said) for number in range(1, moments + 1) for said in twin.tick(since + number * step)]


def texts(said, topic):
    return [each.payload.decode() for each in said if each.topic == topic]


def after(minutes=0, seconds=0):
    return NOON + timedelta(minutes=minutes, seconds=seconds)


# -- of its connection ------------------------------------------------------------------------------------------------------


def test_a_slow_one_obeys_at_once_and_says_so_late():
    twin, said = born("slow", by=timedelta(seconds=20))
    assert said == ()
    twin.receive("plug/set", b"off", NOON)
    assert twin.outputs == {0: False}
    heard = lives(twin, after(seconds=20))
    assert {at for at, _ in heard} == {after(seconds=20)}
    assert texts([each for _, each in heard], "plug/state") == ["on", "off"]


def test_a_mute_one_obeys_and_says_nothing_any_more():
    twin, said = born("mute", after=timedelta(minutes=2))
    assert said
    assert lives(twin, after(minutes=1, seconds=59))
    twin.tick(after(minutes=2))
    assert twin.receive("plug/set", b"off", after(minutes=3)) == ()
    assert twin.outputs == {0: False}
    assert lives(twin, after(minutes=10), since=after(minutes=3)) == []
    assert twin.last_will == Plug.last_will


def test_one_that_is_gone_hears_nothing_and_has_no_last_will():
    twin, _ = born("gone", after=timedelta())
    assert twin.last_will is None
    assert twin.receive("plug/set", b"off", NOON) == ()
    assert twin.outputs == {0: True}
    assert lives(twin, after(minutes=5)) == []


def test_a_duplicating_one_says_everything_again_a_little_later():
    twin, said = born("duplicating", share=1.0, after=timedelta(seconds=2))
    assert [each for _, each in lives(twin, after(seconds=2))] == list(said)


def test_a_disordered_one_loses_nothing_but_the_order():
    twin, said = born("disordered", share=0.5, by=timedelta(seconds=5), seed=4)
    orderly, (_, *words) = Plug(), Plug().connected(NOON)
    orderly.connected(NOON)
    for second in range(3):
        said += twin.receive("plug/set", b"off", after(seconds=second))
        words += orderly.receive("plug/set", b"off", after(seconds=second))
    said += twin.tick(after(seconds=10))
    assert sorted(each.topic for each in said) == sorted(["plug/online", *(each.topic for each in words)])
    assert [each.topic for each in said[1:]] != [each.topic for each in words]


def test_a_flooding_one_repeats_its_last_word():
    twin, said = born("flooding", every=timedelta(seconds=10), times=100)
    flood = [each for _, each in lives(twin, after(seconds=15))]
    assert flood[:100] == [said[-1]] * 100


def test_a_stale_one_leaves_its_first_word_on_the_broker():
    twin, said = born("stale")
    assert {each.topic: each.retain for each in said} == {"plug/online": True, "plug/state": True, "plug/source": True}
    assert [each.retain for each in twin.receive("plug/set", b"off", NOON)] == [False, False]


# -- of its words -----------------------------------------------------------------------------------------------------------


def test_a_garbled_one_says_as_much_and_not_the_same():
    _, said = born("garbled", share=1.0)
    honest = Plug().connected(NOON)
    assert [each.topic for each in said] == [each.topic for each in honest]
    assert sum(one.payload != other.payload for one, other in zip(said, honest, strict=True)) >= 2
    assert born("garbled", share=0.0)[1] == honest


@pytest.mark.parametrize("garble", GARBLES)
def test_any_payload_can_be_garbled_even_an_empty_one(garble):
    for payload in (b"", b"1", b'{"apower":12.5}', bytes(range(256))):
        assert isinstance(garble(payload, Random(1)), bytes)


def test_one_whose_clock_is_wrong_stamps_wrongly_and_keeps_its_period():
    twin, _ = born("clock_wrong", by=timedelta(hours=-7))
    heard = lives(twin, after(minutes=3))
    assert {said.payload[:3] for _, said in heard if said.topic == "plug/at"} == {b"05:"}
    assert NOON < twin.next_at <= after(minutes=4)
    assert len([said for _, said in heard if said.topic == "plug/at"]) == 3


# -- of its deeds -----------------------------------------------------------------------------------------------------------


def test_a_liar_says_that_it_switched_and_did_not():
    twin, _ = born("lying", lasts=timedelta(minutes=5))
    assert texts(twin.receive("plug/set", b"off", NOON), "plug/state") == ["off"]
    assert twin.outputs == {0: True}


def test_a_liar_goes_on_as_if_and_is_honest_in_the_end():
    twin, _ = born("lying", lasts=timedelta(minutes=5))
    twin.receive("plug/set", b"off", NOON)
    assert texts(twin.receive("plug/set", b"on", after(minutes=1)), "plug/state") == ["on"]
    lives(twin, after(minutes=7))
    assert texts(twin.press_button(after(minutes=7)), "plug/state") == ["off"]


def test_a_liar_cannot_lie_about_the_power_that_flows():
    twin, _ = born("lying")
    twin.receive("plug/set", b"off", NOON)
    twin.draw(1000.0, NOON)
    assert texts(twin.draw(1001.0, after(seconds=29)), "plug/energy") == ["8.1"]


def test_a_secretive_one_obeys_and_says_nothing_of_it():
    twin, _ = born("secretive")
    assert twin.receive("plug/set", b"off", NOON) == ()
    assert twin.outputs == {0: False}
    assert lives(twin, after(minutes=1))


def test_a_stuck_one_believes_that_it_switches():
    twin, _ = born("stuck")
    assert texts(twin.receive("plug/set", b"off", NOON), "plug/state") == ["off"]
    assert twin.outputs == {0: True}
    twin.tick(after(minutes=1))
    assert twin.outputs == {0: True}


def test_contacts_that_are_welded_later_stay_as_they_are_then():
    twin, _ = born("stuck", after=timedelta(minutes=5))
    twin.receive("plug/set", b"off", NOON)
    twin.tick(after(minutes=5))
    twin.receive("plug/set", b"on", after(minutes=6))
    assert twin.outputs == {0: False}


def test_a_rebooting_one_dies_and_is_born_again_and_again():
    twin, _ = born("rebooting", every=timedelta(minutes=10))
    words = [(at, said.payload) for at, said in lives(twin, after(minutes=60)) if said.topic == "plug/online"]
    assert [payload for _, payload in words][:4] == [b"false", b"true"] * 2
    deaths = [at for at, payload in words if payload == b"false"]
    assert 4 <= len(deaths) <= 12
    assert all(timedelta(minutes=5) <= second - first <= timedelta(minutes=16) for first, second in pairwise(deaths))


def test_a_person_presses_the_button_now_and_then():
    twin, _ = born("pressed", every=timedelta(minutes=30))
    sources = texts([said for _, said in lives(twin, after(minutes=180))], "plug/source")
    assert set(sources) == {"button"}
    assert 4 <= len(sources) <= 12


@pytest.mark.parametrize(("kind", "least"), [("reset", lambda before: 0.0), ("backwards", lambda before: 0.3 * before)])
def test_a_counter_starts_again_or_goes_back(kind, least):
    twin, _ = born(kind, every=timedelta(minutes=30))
    twin.draw(1000.0, NOON)
    said = [said for _, said in lives(twin, after(minutes=180), step=timedelta(seconds=10))]
    counted = [float(each) for each in texts(said, "plug/energy")]
    falls = [(before, then) for before, then in pairwise(counted) if then < before]
    assert len(falls) >= 3
    assert all(least(before) <= then + 17 for before, then in falls[1:])
    assert (max(then for _, then in falls) <= 17) is (kind == "reset")
    assert counted[-1] > 0, "what hangs on it still draws"


# -- as data ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_in_one_sentence_what_it_does(kind):
    sentence = Mischief(kind).sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence


@pytest.mark.parametrize(("kind", "given", "told"), [
    ("sloww", {}, "no mischief is called sloww; there are slow, mute"),
    ("slow", {"bye": SECOND}, "slow knows no bye; it knows by"),
    ("secretive", {"by": SECOND}, "secretive knows no by; it knows nothing that could be set"),
    ("slow", {"by": 20.0}, "by of slow cannot be 20.0: write a time, such as 0:00:20"),
    ("garbled", {"share": 20}, "share of garbled cannot be 20: write a number from 0 to 1, such as 0.2"),
    ("flooding", {"times": 0.5}, "times of flooding cannot be 0.5: write a whole number from 1 to 10000, such as 100"),
    ("rebooting", {"every": timedelta()}, "every of rebooting cannot be 0:00:00"),
])
def test_a_mischief_that_there_is_not_is_refused_with_what_there_is(kind, given, told):
    with pytest.raises(ValueError, match=told.replace("(", r"\(")):
        Mischief(kind, given)


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_can_be_set_is_what_it_says(kind):
    assert Mischief(kind, parameters(kind)).around(Plug(), 1).outputs == {0: True}


def test_mischiefs_compose():
    twin = misbehaving(Plug(), [Mischief("lying"), Mischief("slow", {"by": timedelta(seconds=3)})])
    twin.connected(NOON)
    assert twin.receive("plug/set", b"off", NOON) == ()
    assert texts([said for _, said in lives(twin, after(seconds=3))], "plug/state") == ["on", "off"]
    assert twin.outputs == {0: True}


def test_an_installer_finds_it_well_behaved():
    twin = misbehaving(Plug(), [Mischief("gone", {"after": timedelta()})])
    assert twin.receive("plug/set", b"off", NOON)
    assert twin.outputs == {0: False}


def test_a_misbehaving_twin_can_be_copied_in_the_middle_of_its_life():
    twin, _ = born(*KINDS)
    lives(twin, after(minutes=5))
    like_it = deepcopy(twin)
    assert lives(like_it, after(minutes=40), since=after(minutes=5)) == lives(twin, after(minutes=40), since=after(minutes=5))


# -- any twin ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.type.id)
def test_a_misbehaving_twin_is_never_fatal(driver, kind):
    """Of every installed plugin, ours or a stranger's: whatever it says is read or refused."""
    bench = Bench(driver)
    for message in dict.fromkeys(bench.a_day_of(Mischief(kind).around(bench.twin()))):
        try:
            assert isinstance(bench.hear(message), tuple)
        except BadPayload:
            assert kind == "garbled", f"only garbled words may be refused: {message}"


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.type.id)
def test_all_mischiefs_at_once_are_told_again_by_their_seed(driver):
    bench, every = Bench(driver), [Mischief(kind) for kind in KINDS]
    assert bench.a_day_of(misbehaving(bench.twin(), every, 1)) == bench.a_day_of(misbehaving(bench.twin(), every, 1))
    assert bench.a_day_of(misbehaving(bench.twin(), every, 1)) != bench.a_day_of(misbehaving(bench.twin(), every, 2))


@pytest.mark.parametrize("driver", [driver for driver in DRIVERS if driver.type.can(Capability.SWITCH)],
                         ids=lambda driver: driver.type.id)
@pytest.mark.parametrize("kind", ["lying", "stuck"])
def test_an_echo_is_no_proof(driver, kind):
    """The driver hears exactly the answer that it expects, and nothing was switched."""
    bench = Bench(driver)
    twin = Mischief(kind).around(bench.twin())
    twin.connected(NOON)
    encoded = bench.encode(Switch(not twin.outputs[0], token="t"))
    before = dict(twin.outputs)
    heard = [event for said in bench.carry(twin, encoded.publishes) for event in bench.hear(said)]
    assert encoded.expects in heard
    assert twin.outputs == before
