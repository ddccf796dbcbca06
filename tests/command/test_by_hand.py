"""`elfe devices send`: guarded, recorded, said as often as is safe, and believed only on the device's own word."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from attrs import define, evolve, field
from sqlalchemy import Engine

from elfe.app.by_hand import ByHand, Outcome
from elfe.command import store
from elfe.command.by_hand import refusal
from elfe.command.orders import Cause, Stage, Why
from elfe.command.values import Installed
from elfe.coordination import queries, types
from elfe.coordination.store import apply
from elfe.coordination.values import Appliance, ControlState, Mode
from elfe.devices.drivers import Drivers, discover, load, select
from elfe.devices.testing import MockBroker, MockSession
from elfe.devices.values import Acknowledgement, Capability, Encoded, OutputState, Press, Publish, Query, Switch
from elfe.errors import CommandRefused
from tests.coordination.conftest import A_WASHER, NOW, Home, MemoryHistory
from tests.devices.made import EntryPoint, plugin


@define(slots=False)
class Bench:
    """A provisioned washing machine on a plug whose twin answers on a broker in memory."""

    engine: Engine
    drivers: Drivers
    broker: MockBroker = field(factory=MockBroker)
    deaf: bool = False
    at: object = NOW

    def __attrs_post_init__(self) -> None:
        driver = self.drivers[9001]
        self.device = driver.device("A001", "A8BC25", instance="hand")
        self.twin = driver.simulate(self.device, 1)
        self.session = MockSession(self.broker)
        self.broker.sessions.append(self.session)
        self.session.wait = self._wait
        self.heard = 0

    def _wait(self, at_most: timedelta) -> None:
        """Time passes, and the plug answers what it has not answered yet."""
        self.at += max(at_most, timedelta(milliseconds=10))
        for message in self.broker.log[self.heard:]:
            if message.topic == "brume/A8BC25/set" and not self.deaf:
                for said in self.twin.receive(message.topic, message.payload, self.at):
                    self.broker.deliver(said)
        self.heard = len(self.broker.log)

    @property
    def appliance(self) -> Appliance:
        return queries.appliances(self.engine)[0]

    @property
    def installed(self) -> Installed:
        [row] = queries.installed_devices(self.engine)
        return Installed(row, self.device, self.drivers[9001])

    def give(self, command) -> Outcome:
        return ByHand(self.session, self.engine, self.drivers, self.installed, self.appliance, lambda: self.at).give(command)

    def told(self) -> list[bytes]:
        return [each.payload for each in self.broker.log if each.topic == "brume/A8BC25/set"]


@pytest.fixture
def bench(coordination_url: str) -> Iterator[Bench]:
    brume = select(discover([EntryPoint("brume", plugin())]))
    drivers = evolve(brume, by_type={**load().by_type, **brume.by_type})
    engine = queries.open_coordination(coordination_url)
    types.upgrade(engine, brume)
    home = Home(engine, drivers, MemoryHistory())
    changes = home.prepare(A_WASHER)
    [change] = changes.appliances
    [line] = change.after.devices
    line = evolve(line, device=drivers[9001].device("A001", "A8BC25"))
    apply(engine, evolve(changes, appliances=[evolve(change, after=evolve(change.after, devices=[line]))]), drivers,
          home.history, NOW)
    yield Bench(engine, drivers)
    engine.dispose()


def test_a_level_is_recorded_said_and_acknowledged_by_the_device(bench):
    outcome = bench.give(Switch(False))

    assert outcome.answered
    assert outcome.heard[-1] == OutputState(False)
    [order] = store.orders(bench.engine)
    assert (order.why, order.on, order.stage, order.cause, order.attempts) == (
        Why.HAND, False, Stage.DONE, Cause.BY_HAND, 1)
    assert [each.what for each in store.history(bench.engine, order.id)] == ["recorded", "sent", "acknowledged", "settled"]
    assert bench.appliance.control == ControlState.OFF


def test_a_person_may_ask_the_same_twice_in_a_quarter(bench):
    bench.give(Switch(True))
    bench.give(Switch(True))

    assert [each.stage for each in store.orders(bench.engine)] == [Stage.DONE, Stage.DONE]


def test_a_silent_device_is_told_three_times_and_nothing_is_believed(bench):
    bench.deaf = True
    before = bench.appliance
    outcome = bench.give(Switch(False))

    assert not outcome.answered
    assert bench.told() == [b"0"] * 3
    assert (outcome.order.stage, outcome.order.cause) == (Stage.EXPIRED, Cause.SILENT)
    assert bench.appliance == before


def test_without_a_broker_nothing_is_said_and_the_order_says_so(bench):
    bench.session.ready = False
    outcome = bench.give(Switch(False))

    assert bench.told() == []
    assert (outcome.order.stage, outcome.order.cause) == (Stage.EXPIRED, Cause.BROKER_AWAY)


def test_a_query_changes_nothing_and_is_no_order(bench):
    outcome = bench.give(Query())

    assert outcome.answered
    assert outcome.order is None
    assert store.orders(bench.engine) == []


def pressing(bench, answer):
    """The bench's plug as if it were a finger that answers so."""
    def encode(device, command):
        return Encoded((Publish("brume/A8BC25/set", b"1"),), Acknowledgement("PRESS", ok=True), timedelta(seconds=5))

    def decode(device, topic, payload):
        return (answer,)

    brume = bench.drivers[9001]
    finger = evolve(brume, encode_command=encode, decode_message=decode,
                    type=evolve(brume.type, capabilities=frozenset({Capability.PRESS})))
    bench.drivers = evolve(bench.drivers, by_type={9001: finger})


def test_a_press_is_said_once_whatever_comes(bench):
    pressing(bench, OutputState(True))
    outcome = bench.give(Press())

    assert bench.told() == [b"1"]
    assert (outcome.answered, outcome.order.stage) == (False, Stage.EXPIRED)


def test_a_refused_press_fails_with_the_devices_own_words(bench):
    pressing(bench, Acknowledgement("PRESS", ok=False, detail="errorConnect"))
    outcome = bench.give(Press())

    assert (outcome.order.stage, outcome.order.cause) == (Stage.FAILED, "the device refused: errorConnect")


def test_a_mode_that_changed_meanwhile_is_looked_at_again(bench):
    hand = ByHand(bench.session, bench.engine, bench.drivers, bench.installed, bench.appliance, lambda: bench.at)
    with bench.engine.begin() as connection:
        queries.write_appliance(connection, bench.appliance.id, only_if_modes=[Mode.MANUAL], mode=Mode.DISABLED)
    with pytest.raises(CommandRefused, match="just left mode 20"):
        hand.give(Switch(True))
    assert bench.told() == []


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED])
@pytest.mark.parametrize("command", [Switch(True), Switch(False)])
def test_what_a_mode_forbids_is_forbidden_by_hand_too(bench, mode, command):
    appliance = evolve(bench.appliance, mode=mode)
    assert f"mode {int(mode)}" in refusal(bench.installed, appliance, command, None, cut=True)


@pytest.mark.parametrize("mode", list(Mode))
def test_asking_for_the_state_is_always_allowed(bench, mode):
    assert refusal(bench.installed, evolve(bench.appliance, mode=mode), Query(), None, cut=False) == ""


@pytest.mark.parametrize(("drawn_w", "cut", "on", "refused"), [
    (1850.0, False, False, True), (1850.0, True, False, False), (1850.0, False, True, False), (2.0, False, False, False),
    (None, False, False, False),
])
def test_a_running_cycle_is_cut_only_when_a_person_says_so(bench, drawn_w, cut, on, refused):
    said = refusal(bench.installed, bench.appliance, Switch(on), drawn_w, cut)
    assert bool(said) is refused
    assert not said or "draws 1850 W" in said


def test_behind_an_inverted_relay_it_is_on_that_cuts(bench):
    inverted = evolve(bench.appliance, typology=190)
    assert refusal(bench.installed, inverted, Switch(True), 1850.0, cut=False)
    assert not refusal(bench.installed, inverted, Switch(False), 1850.0, cut=False)


def test_what_a_type_cannot_do_is_told_with_what_it_can(bench):
    assert "it can: meter, switch" in refusal(bench.installed, bench.appliance, Press(), None, cut=False)
