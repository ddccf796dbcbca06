"""The conformance kit: what every plugin, ours or a stranger's, runs in one line, and a mocked MQTT to run it on.

    from elfe.devices.testing import conformance

    test_conformance = conformance("my_plugin")          # the name of its entry point, or the module itself

Each rule is one test, named after the fact that it checks, and is run for every device type that the plugin declares.
A rule that needs a hook which the plugin does not have is skipped: an absent hook is an absent capability.
"""

from __future__ import annotations

import ast
import inspect
import json
import random
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import evolve, fields
from attrs.exceptions import FrozenInstanceError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from elfe.broker.session import Arrival, Connected, Disconnected, Message
from elfe.devices.drivers import HOOKS, Driver, Plugin, discover, problems_of, select
from elfe.devices.values import (
    CONTRACT_IDS,
    OUR_IDS,
    STRANGERS_IDS,
    BadPayload,
    Capability,
    Command,
    ConfigPush,
    Device,
    Firmware,
    HttpGet,
    LegacyTopics,
    Measure,
    Network,
    OutputState,
    Presence,
    PresenceBy,
    Press,
    Publish,
    Quantity,
    Query,
    Render,
    Role,
    Step,
    Switch,
    Widget,
)
from elfe.errors import PluginError

NOON = datetime(2024, 10, 11, 12, tzinfo=UTC)

# -- a broker in memory ----------------------------------------------------------------------------------------------


class MockBroker:
    """MQTT without a wire: synchronous, in order, retains what is retained."""

    def __init__(self) -> None:
        self.sessions: list[MockSession] = []
        self.retained: dict[str, bytes] = {}
        self.log: list[Publish] = []

    def session(self) -> MockSession:
        """A new connection."""
        session = MockSession(self)
        self.sessions.append(session)
        return session

    def deliver(self, message: Publish) -> None:
        """What the broker does with one message."""
        self.log.append(message)
        if message.retain and message.payload:
            self.retained[message.topic] = message.payload
        elif message.retain:
            self.retained.pop(message.topic, None)
        for session in self.sessions:
            if any(topic_matches_sub(each, message.topic) for each in session.filters):
                session.put(Message(message.topic, message.payload))


class MockSession:
    """A `Session` on a `MockBroker`."""

    def __init__(self, broker: MockBroker) -> None:
        self.filters: tuple[str, ...] = ()
        self.sent: Counter[str] = Counter()
        self.received: Counter[str] = Counter()
        self.dropped = 0
        self.ready = True
        self._broker = broker
        self._inbox: deque[Arrival] = deque([Connected()])

    @property
    def settled(self) -> bool:
        """Ready, and the owner has been told so."""
        return self.ready and not any(isinstance(each, Connected) for each in self._inbox)

    def listen(self, filters: tuple[str, ...]) -> None:
        """Subscribe; what is retained comes at once, marked so."""
        new = tuple(each for each in filters if each not in self.filters)
        self.filters = filters
        self._hear_retained(new)

    def send(self, message: Publish, expires_after: timedelta | None = None) -> bool:
        """Publish."""
        if self.ready:
            self.sent[message.topic] += 1
            self._broker.deliver(message)
        return self.ready

    def put(self, arrival: Arrival) -> None:
        """Into the inbox, unless the broker is out of reach."""
        if self.ready:
            self._inbox.append(arrival)

    def arrivals(self) -> list[Arrival]:
        """Empty the inbox."""
        emptied = list(self._inbox)
        self._inbox.clear()
        self.received.update(each.topic for each in emptied if isinstance(each, Message) and not each.retained)
        return emptied

    def wait(self, at_most: timedelta) -> None:
        """Nothing to wait for: everything has arrived."""

    def join(self) -> None:
        """It is connected from the start."""

    def leave(self) -> None:
        """Nothing: a mocked broker knows no identities."""

    def close(self) -> None:
        """Leave."""
        self._broker.sessions.remove(self)

    def lose(self, reason: str = "") -> None:
        """The broker goes out of reach."""
        self.put(Disconnected(reason))
        self.ready = False

    def regain(self) -> None:
        """The broker is back, and the subscriptions stand again."""
        self.ready = True
        self.put(Connected())
        self._hear_retained(self.filters)

    def _hear_retained(self, filters: tuple[str, ...]) -> None:
        for topic, payload in self._broker.retained.items():
            if any(topic_matches_sub(each, topic) for each in filters):
                self.put(Message(topic, payload, retained=True))


# -- what the rules look at --------------------------------------------------------------------------------------------


class Bench:
    """One device type of the plugin under test: its driver, a device, another device, and its twin."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.type = driver.type
        self.device = driver.device("Z901", hardware_id="ABCDEF")
        self.other = driver.device("Z902", hardware_id="123456", stored=self._parent())
        self.topics = driver.build_topics(self.device)

    def _parent(self) -> dict[str, str]:
        """A neighbour behind the same gateway."""
        name = self.type.parent
        return {name: self.device.templates[name]} if name else {}

    def must(self, capability: Capability) -> None:
        """Skip what the type does not claim to do."""
        if not self.type.can(capability):
            pytest.skip(f"it has no {capability.value}")

    def twin(self, seed: int = 1) -> Any:
        """A fresh twin."""
        if self.driver.simulate is None:
            pytest.skip("the plugin simulates nothing")
        return self.driver.simulate(self.device, seed)

    def encode(self, command: Any) -> Any:
        """The command encoded."""
        if self.driver.encode_command is None:
            pytest.skip("the plugin commands nothing")
        return self.driver.encode_command(self.device, command)

    def hear(self, message: Publish) -> tuple[Any, ...]:
        """What the driver understands of one message of the twin."""
        role = next((role for topic, role in self.topics.listen.items() if topic_matches_sub(topic, message.topic)), None)
        if role is None:
            return ()
        if role is Role.PRESENCE:
            assert self.driver.parse_lwt is not None, "it listens to a last will that it cannot parse"
            return (self.driver.parse_lwt(self.device, message.payload),)
        return self.driver.decode_message(self.device, message.topic, message.payload)

    def configure(self, device: Device | None = None) -> ConfigPush:
        """What brings a device to the default settings of the plugin."""
        if self.driver.push_config is None or self.driver.settings is None:
            pytest.skip("it is configured by hand")
        settings_class: Any = self.driver.settings()
        return self.driver.push_config(device or self.device, settings_class())

    def carry(self, twin: Any, steps: tuple[Step, ...], now: datetime = NOON) -> tuple[Publish, ...]:
        """What the twin answers to steps that reach it; a message that it does not listen to reaches nobody."""
        said: tuple[Publish, ...] = ()
        for step in steps:
            if isinstance(step, HttpGet):
                twin.get(step.path)
            elif isinstance(step, Publish) and any(topic_matches_sub(each, step.topic) for each in twin.subscriptions):
                said += twin.receive(step.topic, step.payload, now)
        return said

    def ask(self, twin: Any, steps: tuple[Step, ...]) -> list[Any]:
        """What the driver understands of the twin's answers, over MQTT in its own time and over the local network."""
        heard: list[Any] = []
        for step in steps:
            if isinstance(step, HttpGet):
                assert self.driver.decode_http is not None, "it asks over HTTP and cannot read the answer"
                heard += self.driver.decode_http(self.device, step.path, twin.get(step.path).encode())
            else:
                answers = self.carry(twin, (step,)) + twin.tick(NOON + self.type.answers_within)
                heard += [event for said in answers for event in self.hear(said)]
        return heard

    def a_day_of(self, twin: Any) -> list[Publish]:
        """What a twin says in a busy hour."""
        said = list(twin.connected(NOON))
        now = NOON
        for step in range(120):
            now = NOON + timedelta(seconds=30 * step)
            said += twin.tick(now)
            if step == 10:
                said += twin.draw(1234.5, now)
            if step % 25 == 5:
                for command in self._commands(step):
                    said += self.carry(twin, self.encode(command).publishes, now)
        return said

    def _commands(self, step: int) -> Iterator[Command]:
        if self.type.can(Capability.SWITCH):
            yield Switch(step % 2 == 0, token=f"t{step}")
            yield Query(token=f"q{step}")
        if self.type.can(Capability.PRESS):
            yield Press(token=f"p{step}")
        if self.type.can(Capability.SCREEN):
            yield Render((Widget(page=1, item=1, text=f"{step} °C", value=step),))


# -- the rules: each is a fact about one device type -----------------------------------------------------------------


def every_hook_has_its_full_signature(bench: Bench, module: ModuleType) -> None:
    """The core calls plain functions with all arguments, by position."""
    assert problems_of(module) == []
    for name, asked in HOOKS.items():
        hook = getattr(module, name, None)
        if hook is not None:
            assert list(inspect.signature(hook).parameters) == list(asked.parameters)


def only_public_names_of_elfe_are_imported(bench: Bench, module: ModuleType) -> None:
    """A plugin stands on `elfe.devices`, and touches neither a broker nor a database."""
    foreign = {name for path in _sources(module) for name in _imported(ast.parse(path.read_text(encoding="utf-8")))
               if name.split(".")[0] in {"elfe", "paho", "sqlmodel", "sqlalchemy"} and name != "elfe.devices"}
    assert not foreign


def what_the_type_can_do_has_its_hook(bench: Bench, module: ModuleType) -> None:
    """A capability without its hook is a promise broken."""
    if {Capability.SWITCH, Capability.PRESS, Capability.SCREEN} & bench.type.capabilities:
        assert bench.driver.encode_command is not None
        assert bench.topics.command
    if bench.type.presence_by is PresenceBy.LAST_WILL:
        assert bench.driver.parse_lwt is not None
    if Role.PRESENCE in bench.topics.listen.values():
        assert bench.driver.parse_lwt is not None


def the_type_has_a_number_of_its_own(bench: Bench, module: ModuleType) -> None:
    """The contract's numbers belong to the contract; everyone else's come from the reserved ranges."""
    assert any(bench.type.id in ids for ids in (CONTRACT_IDS, OUR_IDS, STRANGERS_IDS))
    assert re.fullmatch(r"[a-z][a-z0-9_]{0,40}", bench.type.name), "the name becomes a table's"
    if bench.type.id in CONTRACT_IDS:
        assert {"render_legacy_topics", "parse_legacy_topics"} <= set(vars(module)), "the first command engine drives it too"


def the_type_says_how_long_its_silence_may_last(bench: Bench, module: ModuleType) -> None:
    """At least two periods, or a healthy device is taken for lost."""
    assert bench.type.silent_after >= 2 * bench.type.publishes_every > timedelta()


def no_topic_leaves_the_device(bench: Bench, module: ModuleType) -> None:
    """Two devices share no topic but their parent's, neither to listen nor to command; and none hears its own orders."""
    command = bench.topics.command
    assert not any(topic_matches_sub(each, command) for each in bench.topics.listen if command)
    other = bench.driver.build_topics(bench.other)
    assert command != other.command or not command
    parent = f"{bench.device.templates[bench.type.parent]}/" if bench.type.parent else None
    own = [topic for topic, role in bench.topics.listen.items()
           if not (parent and role is Role.PRESENCE and topic.startswith(parent))]
    for mine in own:
        assert not any(topic_matches_sub(mine, theirs) for theirs in (*other.listen, other.command) if theirs)


def its_account_suffices(bench: Bench, module: ModuleType) -> None:
    """What the unit subscribes to and says lies within `Topics.reads` and `writes`: its account is granted these alone."""
    outputs = [bench.driver.build_topics(evolve(bench.device, channel=each)) for each in range(max(1, bench.type.outputs))]
    reads = [filter for topics in outputs for filter in topics.reads or (topics.command,)]
    writes = [filter for topics in outputs for filter in topics.writes or topics.listen]
    writes.append(f"{bench.device.reply_to}/#")
    said = {each.topic for each in bench.a_day_of(bench.twin())}
    assert not {each for each in bench.twin().subscriptions if not any(topic_matches_sub(mine, each) for mine in reads)}
    assert not {each for each in said if not any(topic_matches_sub(mine, each) for mine in writes)}


def a_command_goes_to_the_command_topic_and_is_never_retained(bench: Bench, module: ModuleType) -> None:
    """A retained command would be carried out again by everyone who subscribes."""
    bench.must(Capability.SWITCH)
    for command in (Switch(True, token="t"), Switch(False, token="t")):
        encoded = bench.encode(command)
        assert encoded.within > timedelta()
        assert [each.topic for each in encoded.publishes] == [bench.topics.command]
        assert not any(each.retain for each in encoded.publishes)


def a_command_is_proved_by_its_own_echo(bench: Bench, module: ModuleType) -> None:
    """The twin does it, and among what it says is exactly what the driver expects."""
    bench.must(Capability.SWITCH)
    twin = bench.twin()
    twin.connected(NOON)
    for on in (False, True, True, False):
        encoded = bench.encode(Switch(on, token=f"token-{on}"))
        heard = [event for said in bench.carry(twin, encoded.publishes) for event in bench.hear(said)]
        assert encoded.expects in heard
        assert twin.outputs[bench.device.channel] is on
        assert OutputState(not on, bench.device.channel) not in heard


def a_press_is_answered_by_itself_and_presses_once(bench: Bench, module: ModuleType) -> None:
    """In its own time, by its own command's answer; nothing else that it says is taken for it, and no press is retained."""
    bench.must(Capability.PRESS)
    twin, encoded = bench.twin(), bench.encode(Press(token="p"))
    assert [(each.topic, each.retain) for each in encoded.publishes] == [(bench.topics.command, False)]
    born = [event for said in twin.connected(NOON) for event in bench.hear(said)]
    assert encoded.expects not in born
    said = bench.carry(twin, encoded.publishes)
    for second in range(1, int(encoded.within.total_seconds()) + 1):
        said += twin.tick(NOON + timedelta(seconds=second))
    heard = [event for each in said for event in bench.hear(each)]
    assert heard.count(encoded.expects) == 1
    assert twin.presses == 1


def what_is_shown_is_never_retained(bench: Bench, module: ModuleType) -> None:
    """A screen that comes back is drawn again by us; a kept page would be an old one."""
    bench.must(Capability.SCREEN)
    widgets = tuple(Widget(page=1, item=each, text='« 20 % » "é"\n' * 20, color="#FF0000") for each in range(1, 60))
    encoded = bench.encode(Render(widgets))
    assert encoded.publishes
    assert all(each.topic == bench.topics.command and not each.retain for each in encoded.publishes)
    bench.carry(bench.twin(), encoded.publishes)


def a_query_is_answered_with_the_state(bench: Bench, module: ModuleType) -> None:
    """After a silence of ours the device tells how it stands, or by itself where it cannot be asked; asking changes nothing."""
    bench.must(Capability.SWITCH)
    twin = bench.twin()
    twin.connected(NOON)
    before = dict(twin.outputs)
    encoded = bench.encode(Query(token="q"))
    said = bench.carry(twin, encoded.publishes) if encoded.publishes else twin.tick(NOON + bench.type.publishes_every)
    heard = [event for each in said for event in bench.hear(each)]
    assert OutputState(before[bench.device.channel], bench.device.channel) in heard
    assert twin.outputs == before


def the_twin_is_understood(bench: Bench, module: ModuleType) -> None:
    """Everything that a twin says on a topic that we listen to can be read."""
    said = bench.a_day_of(bench.twin())
    assert said
    for message in said:
        bench.hear(message)


def the_twin_meets_its_publication_period(bench: Bench, module: ModuleType) -> None:
    """It speaks at least once a period, by itself, and of what it measures where it measures."""
    twin = bench.twin()
    twin.connected(NOON)
    step = bench.type.publishes_every / 4
    moments = [NOON + number * step for number in range(1, 25)]
    kind = Measure if {Capability.METER, Capability.AMBIENT} & bench.type.capabilities else object
    spoke = [now for now in moments
             if any(isinstance(event, kind) for said in twin.tick(now) for event in bench.hear(said))]
    silences = [after - before for before, after in pairwise([NOON, *spoke, moments[-1]])]
    assert max(silences) <= bench.type.publishes_every + step


def the_same_seed_lives_the_same_day(bench: Bench, module: ModuleType) -> None:
    """A simulated day can be told again; another seed speaks at other moments."""
    assert bench.a_day_of(bench.twin(seed=1)) == bench.a_day_of(bench.twin(seed=1))
    assert len({_next(bench.twin(seed)) for seed in range(10)}) > 1


def power_and_energy_come_back_in_our_units(bench: Bench, module: ModuleType) -> None:
    """A kilowatt drawn for an hour is heard as 1000 W and counted as 1000 Wh."""
    if not bench.type.can(Capability.METER):
        pytest.skip("it measures nothing")
    twin = bench.twin()
    twin.connected(NOON)
    before = _last(bench, twin.draw(1000.0, NOON), Quantity.ENERGY)
    said = twin.tick(NOON + timedelta(hours=1))
    assert _last(bench, said, Quantity.POWER) == pytest.approx(1000, abs=1)
    assert _last(bench, said, Quantity.ENERGY) - before == pytest.approx(1000, abs=2)


def the_last_will_is_understood(bench: Bench, module: ModuleType) -> None:
    """Born: there. Last will: gone."""
    twin = bench.twin()
    if bench.driver.parse_lwt is None:
        pytest.skip("it has no last will")
    will = twin.last_will
    assert will is not None
    gone = Presence.ASLEEP if bench.type.presence_by is PresenceBy.SLEEPS else Presence.OFFLINE
    assert bench.hear(will) == (gone,)
    born = [event for said in twin.connected(NOON) for event in bench.hear(said)]
    assert Presence.ONLINE in born


def legacy_columns_round_trip(bench: Bench, module: ModuleType) -> None:
    """The columns that we write for the first command engine are enough to know the device again."""
    columns = bench.driver.render_legacy_topics(bench.device)
    assert isinstance(columns, LegacyTopics)
    if bench.type.id not in CONTRACT_IDS:
        pytest.skip("the first command engine never knew it")
    templates, channel = bench.driver.parse_legacy_topics(bench.type.id, columns)
    again = bench.driver.device("Z901", "ABCDEF", dict(templates), channel)
    assert bench.driver.build_topics(again) == bench.topics


def the_settings_can_be_left_out(bench: Bench, module: ModuleType) -> None:
    """Nobody must write a section in elfe.toml to use a plugin: each setting has a default."""
    if bench.driver.settings is None:
        pytest.skip("it has no settings")
    settings_class: Any = bench.driver.settings()
    assert settings_class() == settings_class()
    with pytest.raises(FrozenInstanceError):
        setattr(settings_class(), fields(settings_class)[0].name, None)


def configuration_is_read_back(bench: Bench, module: ModuleType) -> None:
    """After a push, over MQTT or the local network, the twin reads back what was wanted; before it, something differs."""
    push = bench.configure()
    if not push.read_back:
        pytest.skip("it tells nobody how it is set")
    twin = bench.twin()
    twin.connected(NOON)
    assert push.expects
    before = bench.ask(twin, push.read_back)
    assert set(push.expects) - set(before)
    bench.carry(twin, push.steps)
    assert set(push.expects) <= set(bench.ask(twin, push.read_back))


def an_inverted_relay_is_left_open(bench: Bench, module: ModuleType) -> None:
    """Behind a relay that is wired inverted the home is served when it is open: its fail-safe is the other way round."""
    safe = bench.type.fail_safe
    if safe is None or safe.after is None or bench.driver.push_config is None:
        pytest.skip("no fail-safe fires by itself")
    inverted = evolve(bench.device, serves_when=not safe.safe_state)
    twin = bench.twin()
    twin.connected(NOON)
    bench.carry(twin, bench.configure(inverted).steps)
    bench.carry(twin, bench.encode(Switch(safe.safe_state, token="t")).publishes)
    twin.tick(NOON + safe.after + safe.spread + timedelta(seconds=1))
    assert twin.outputs[bench.device.channel] is not safe.safe_state


def the_firmware_is_read(bench: Bench, module: ModuleType) -> None:
    """Its version comes back where the driver says how to ask."""
    if bench.driver.firmware is None:
        pytest.skip("its firmware is out of our reach")
    twin = bench.twin()
    twin.connected(NOON)
    steps = bench.driver.firmware(bench.device, "")
    assert any(isinstance(event, Firmware) and event.version for event in bench.ask(twin, steps.read))


def a_unit_out_of_its_box_is_led_to_our_broker(bench: Bench, module: ModuleType) -> None:
    """Without MQTT, which it does not have yet; and its secrets are never in what is printed of the steps' reason."""
    if bench.driver.onboard is None:
        pytest.skip("it is set up by hand")
    network = Network("mqtt.example.org", 8883, "Z901", "s3cret-é&?", "maison", "w1fi &=#", tls=True)
    try:
        push = bench.driver.onboard(bench.device, network)
    except ValueError:       # a family that speaks no TLS refuses it in words
        push = bench.driver.onboard(bench.device, evolve(network, port=1883, tls=False))
    assert push.steps
    assert not any(isinstance(step, Publish) for step in push.steps)
    assert "s3cret" not in repr(network)
    assert "w1fi" not in repr(network)


def the_fail_safe_is_kept_by_the_twin(bench: Bench, module: ModuleType) -> None:
    """Configured, told the opposite of its safe state and left alone, it returns to it by itself."""
    safe = bench.type.fail_safe
    if safe is None or safe.after is None:
        pytest.skip("no fail-safe fires by itself")
    twin = bench.twin()
    twin.connected(NOON)
    bench.carry(twin, bench.configure().steps)
    bench.carry(twin, bench.encode(Switch(not safe.safe_state, token="t")).publishes)
    assert twin.outputs[0] is not safe.safe_state
    twin.tick(NOON + safe.after - timedelta(seconds=1))
    assert twin.outputs[0] is not safe.safe_state
    twin.tick(NOON + safe.after + safe.spread + timedelta(seconds=1))
    assert twin.outputs[0] is safe.safe_state


def a_territory_never_switches_as_one(bench: Bench, module: ModuleType) -> None:
    """A fail-safe that fires by itself does so after a time of each device's own, the same at every push."""
    safe = bench.type.fail_safe
    if safe is None or not safe.spread:
        pytest.skip("no fail-safe fires by itself")
    times = {safe.own_part(f"Z{number}") for number in range(100)}
    assert len(times) > 50
    assert max(times) < safe.spread
    assert bench.configure() == bench.configure()
    said = {str(bench.configure(bench.driver.device(f"Z{number}", bench.device.hardware_id, bench.device.templates)))
            for number in range(5)}
    assert len(said) > 1


def what_is_no_text_is_refused(bench: Bench, module: ModuleType) -> None:
    """Bytes that are not UTF-8 are forwarded by every broker; no device ever meant them."""
    for topic in bench.topics.listen:
        with pytest.raises(BadPayload):
            bench.hear(Publish(topic.replace("+", "x"), b"\xff\xfe\x00"))


def nothing_but_bad_payload_is_raised(bench: Bench, module: ModuleType) -> None:
    """Whatever arrives, half of it mutated from what a device really says: it is read or refused, never fatal."""
    said = bench.a_day_of(bench.twin())
    topics = [topic for topic in {each.topic for each in said} | {topic.replace("+", "x") for topic in bench.topics.listen}
              if any(topic_matches_sub(each, topic) for each in bench.topics.listen)]
    payloads = sorted({each.payload for each in said})

    @settings(max_examples=200, deadline=None, database=None, derandomize=True,
              suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(topics)), st.one_of(st.binary(max_size=200), _mutated(payloads), _absurd_json()))
    def _try(topic: str, payload: bytes) -> None:
        try:
            events = bench.hear(Publish(topic, payload))
        except BadPayload:
            return
        assert isinstance(events, tuple)

    _try()


RULES: tuple[Callable[[Bench, ModuleType], None], ...] = (
    every_hook_has_its_full_signature,
    the_type_has_a_number_of_its_own,
    only_public_names_of_elfe_are_imported,
    what_the_type_can_do_has_its_hook,
    the_type_says_how_long_its_silence_may_last,
    no_topic_leaves_the_device,
    its_account_suffices,
    a_command_goes_to_the_command_topic_and_is_never_retained,
    a_command_is_proved_by_its_own_echo,
    a_press_is_answered_by_itself_and_presses_once,
    what_is_shown_is_never_retained,
    a_query_is_answered_with_the_state,
    the_twin_is_understood,
    the_twin_meets_its_publication_period,
    the_same_seed_lives_the_same_day,
    power_and_energy_come_back_in_our_units,
    the_last_will_is_understood,
    legacy_columns_round_trip,
    the_settings_can_be_left_out,
    configuration_is_read_back,
    the_firmware_is_read,
    a_unit_out_of_its_box_is_led_to_our_broker,
    the_fail_safe_is_kept_by_the_twin,
    an_inverted_relay_is_left_open,
    a_territory_never_switches_as_one,
    what_is_no_text_is_refused,
    nothing_but_bad_payload_is_raised,
)


def conformance(plugin: str | ModuleType) -> Callable[..., None]:
    """The whole kit as one parametrised test: a rule and a device type each."""
    found = _plugin(plugin)
    cases = [pytest.param(rule, type_id, id=f"{type_id}-{rule.__name__}")
             for type_id in sorted(each.id for each in found.types) for rule in RULES]

    @pytest.mark.parametrize(("rule", "type_id"), cases)
    def test_conformance(rule: Callable[[Bench, ModuleType], None], type_id: int) -> None:
        rule(Bench(select([found])[type_id]), found.module)

    return test_conformance


def _plugin(plugin: str | ModuleType) -> Plugin:
    if isinstance(plugin, ModuleType):
        found = Plugin(plugin.__name__, "?", plugin, problem="; ".join(problems_of(plugin)))
    else:
        found = next((each for each in discover() if each.name == plugin), Plugin(plugin, "?", problem="it is not installed"))
    if found.problem:
        raise PluginError(f"plugin {found.name}: {found.problem}")
    return found


def _sources(module: ModuleType) -> Iterator[Path]:
    if getattr(module, "__file__", None):
        file = Path(str(module.__file__))
        yield from file.parent.rglob("*.py") if file.name == "__init__.py" else (file,)


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def _next(twin: Any) -> datetime:
    twin.connected(NOON)
    assert twin.next_at is not None
    return twin.next_at  # type: ignore[no-any-return]


def _last(bench: Bench, said: tuple[Publish, ...], quantity: Quantity) -> float:
    wanted = (quantity, bench.device.channel, "")
    values = [event.value for each in said for event in bench.hear(each)
              if isinstance(event, Measure) and (event.quantity, event.channel, event.register) == wanted]
    assert values, f"nothing said of its {quantity.name.lower()}"
    return values[-1]


SPLINTERS = (b"", b"\xff", b"null", b"NaN", b"1e999", b"-", b'"', b"{}", b"[]", b"9" * 40, b"true", b"0x1", b",")


@st.composite
def _mutated(draw: Any, payloads: list[bytes]) -> bytes:
    payload = bytearray(draw(st.sampled_from(payloads)))
    chance = random.Random(draw(st.integers(0, 2**32)))
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(payload) + 1)
        payload[at:at + chance.randint(0, 6)] = chance.choice([*SPLINTERS, bytes([chance.randrange(256)])])
    return bytes(payload)


def _absurd_json() -> st.SearchStrategy[bytes]:
    leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
    keys = st.one_of(st.text(max_size=8), st.sampled_from(
        ["id", "result", "params", "output", "apower", "aenergy", "total", "POWER", "ENERGY", "Total", "Power", "TIC",
         "error", "method", "switch:0", "temperature", "src"]))
    trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5))
    return st.dictionaries(keys, trees, max_size=5).map(lambda value: json.dumps(value).encode())

