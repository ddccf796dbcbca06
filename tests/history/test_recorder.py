"""The recorder: from what devices say on the wire to what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from attrs import define, field
from sqlalchemy.exc import OperationalError

from elfe.broker.client import MqttSession
from elfe.broker.embedded import Embedded
from elfe.broker.session import DROPPED, Disconnected
from elfe.coordination.values import InstalledDevice, Usage
from elfe.devices.drivers import Driver, Drivers, load
from elfe.devices.payloads import number, word
from elfe.devices.testing import MockBroker, MockSession
from elfe.devices.values import (
    BadPayload,
    Capability,
    Device,
    DeviceType,
    Event,
    LegacyTopics,
    Measure,
    OutputState,
    Presence,
    Publish,
    Quantity,
    Role,
    Topics,
)
from elfe.history.keeper import RETRIES_EVERY
from elfe.history.recorder import BALANCE_TOPIC
from elfe.history.service import LOOKS_EVERY, OWN_TOPICS, Recorder
from elfe.history.store import SqlHistory, open_history
from elfe.history.values import BALANCE, Reading, Told
from elfe.slots import slot_of
from tests.brokers import connected, until

NOON = datetime(2024, 6, 12, 10, tzinfo=UTC)
CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "captures"

# -- a device that speaks plain words: a two-way relay whose ways share its messages -------------------------------------


def _decode(device: Device, topic: str, payload: bytes) -> tuple[Event, ...]:
    match topic.rpartition("/")[2]:
        case "power":
            return (Measure(Quantity.POWER, number(payload)),)
        case "energy":
            return (Measure(Quantity.ENERGY, number(payload)), Measure(Quantity.ENERGY, number(payload) / 2, register="HC"))
        case "outputs":
            return tuple(OutputState(on == "1", channel) for channel, on in enumerate(word(payload)))
    raise BadPayload(topic)


TOY = Driver(
    type=DeviceType(id=900, name="toy", product="a toy relay", vendor_url="", outputs=2,
                    capabilities=frozenset({Capability.SWITCH, Capability.METER}),
                    publishes_every=timedelta(seconds=30), silent_after=timedelta(minutes=2), templates={"root": "{id}"}),
    plugin="toy",
    build_topics=lambda device: Topics(f"{device.templates['root']}/set", {
        **{f"{device.templates['root']}/{each}": Role.SAYS for each in ("power", "energy", "outputs")},
        f"{device.templates['root']}/there": Role.PRESENCE, device.reply_to: Role.ANSWERS}),
    decode_message=_decode,
    render_legacy_topics=lambda device: LegacyTopics("", "", ""),
    parse_legacy_topics=lambda type_id, columns: ({}, 0),
    parse_lwt=lambda device, payload: Presence(word(payload)),
)


@define
class Bench:
    """A recorder, what is installed, the wire that it listens to, and a hand to move time."""

    history: SqlHistory
    devices: list[Device] = field(factory=lambda: [TOY.device("D101")])
    drivers: Drivers = field(factory=lambda: Drivers((), {TOY.type.id: TOY}))
    broker: MockBroker = field(factory=MockBroker)
    now: datetime = NOON
    coordination_away: bool = False
    orders: list[Told] = field(factory=list)
    session: MockSession = field(init=False)
    recorder: Recorder = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.session = self.broker.session()
        self.recorder = Recorder(self.session, self.history, self.drivers, self._installed, told=self._told)
        self.recorder.step(self.now)

    def _installed(self) -> list[tuple[InstalledDevice, Device]]:
        return _away() if self.coordination_away else [(_row(each), each) for each in self.devices]

    def _told(self, since: datetime, until: datetime) -> list[Told]:
        return [each for each in self.orders if since <= each.at < until]

    def hear(self, *said: tuple[str, bytes], after: timedelta = timedelta(seconds=30)) -> None:
        """Time passes, messages arrive, the recorder is stepped."""
        self.now += after
        for topic, payload in said:
            self.broker.deliver(Publish(topic, payload))
        self.recorder.step(self.now)

    def kept(self, name: str) -> list[tuple[float, float]]:
        """A series as (seconds after noon, value)."""
        series = self.history.find(name)
        if series is None:
            return []
        return [((each.at - NOON).total_seconds(), each.value)
                for each in self.history.readings(series, NOON, NOON + timedelta(days=1))]


def _row(device: Device) -> InstalledDevice:
    return InstalledDevice(device.id, device.type_id, Usage.SWITCH_AND_METER, 1, "", "R004", None, device.channel, "", "", "")


@pytest.fixture
def memory(tmp_path: Path) -> SqlHistory:
    """A history of its own."""
    return open_history(f"sqlite:///{tmp_path}/history.db")


@pytest.fixture
def bench(memory: SqlHistory) -> Bench:
    """One device, a recorder that has looked."""
    return Bench(memory)


# -- what is kept --------------------------------------------------------------------------------------------------------


def test_power_energy_state_and_presence_go_to_series_of_the_contracts_names(bench: Bench) -> None:
    bench.hear(("D101/power", b"1234.5"), ("D101/energy", b"8000"), ("D101/outputs", b"10"), ("D101/there", b"online"))
    assert bench.kept("D101 puissance") == [(30, 1234.5)]
    assert bench.kept("D101 energie") == [(30, 8000.0)]
    assert bench.kept("D101 energie HC") == [(30, 4000.0)]
    assert bench.kept("D101 etat") == [(30, 1.0)]
    assert bench.kept("D101 presence") == [(30, 1.0)]
    assert {(name, unit) for _, name, unit in bench.history.names()} == {
        ("D101 puissance", "W"), ("D101 energie", "Wh"), ("D101 energie HC", "Wh"), ("D101 etat", ""), ("D101 presence", "")}


def test_what_a_device_was_told_is_kept_beside_what_it_says_and_once(bench: Bench) -> None:
    said = ((-7200, True), (1.5, False), (30, True), (70, False))
    bench.orders = [Told("D101", NOON + timedelta(seconds=at), on) for at, on in said]
    bench.hear(after=timedelta(seconds=30))
    assert bench.kept("D101 ordre") == []
    bench.hear(after=LOOKS_EVERY)
    bench.orders.append(Told("D101", NOON + timedelta(seconds=80), on=True))      # written behind its message
    bench.hear(after=LOOKS_EVERY)
    assert bench.kept("D101 ordre") == [(1.5, 0.0), (30, 1.0), (70, 0.0), (80, 1.0)]


def test_a_device_that_is_gone_leaves_a_zero_of_presence(bench: Bench) -> None:
    bench.hear(("D101/there", b"online"))
    bench.hear(("D101/there", b"offline"))
    assert bench.kept("D101 presence") == [(30, 1.0), (60, 0.0)]


def test_two_channels_of_one_unit_are_kept_apart(memory: SqlHistory) -> None:
    shared = {"root": "garage"}
    bench = Bench(memory, [TOY.device("D101", stored=shared), TOY.device("D102", stored=shared, channel=1)])
    bench.hear(("garage/outputs", b"10"))
    assert bench.kept("D101 etat") == [(30, 1.0)]
    assert bench.kept("D102 etat") == [(30, 0.0)]


def test_the_territorys_balance_is_kept_under_the_name_of_the_first_ems(bench: Bench) -> None:
    bench.hear((BALANCE_TOPIC, b"-12345.67"))
    bench.hear((BALANCE_TOPIC, b"NaN"))
    assert bench.kept(BALANCE) == [(30, -12345.67)]
    assert bench.recorder.counters["unreadable balance"] == 1


def test_two_words_in_one_instant_are_kept_in_their_order(bench: Bench) -> None:
    bench.hear(("D101/power", b"100"), ("D101/power", b"200"))
    assert bench.kept("D101 puissance") == [(30, 100.0), (30.001, 200.0)]


# -- what is not -----------------------------------------------------------------------------------------------------------


def test_a_retained_word_is_old_and_is_not_kept(memory: SqlHistory) -> None:
    broker = MockBroker()
    broker.deliver(Publish("D101/power", b"2000", retain=True))
    bench = Bench(memory, broker=broker)
    bench.hear()
    assert bench.kept("D101 puissance") == []
    assert bench.recorder.counters["retained"] == 1


@pytest.mark.parametrize("power", [b"-50001", b"100001", b"9e11"])
def test_a_power_that_no_home_draws_is_refused_and_counted(bench: Bench, power: bytes) -> None:
    bench.hear(("D101/power", power))
    assert bench.kept("D101 puissance") == []
    assert bench.recorder.counters["impossible power"] == 1


@pytest.mark.parametrize("power", [b"", b"NaN", b"inf", b"1e308", b"null", b"12,5", b"\xff\x00", b"{}" * 40_000])
def test_what_cannot_be_read_is_counted_and_life_goes_on(bench: Bench, power: bytes) -> None:
    bench.hear(("D101/power", power))
    bench.hear(("D101/power", b"100"))
    assert bench.kept("D101 puissance") == [(60, 100.0)]
    assert bench.recorder.counters["unreadable"] == 1


def test_what_cannot_be_read_is_logged_once_for_a_device(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        bench.hear(("D101/power", b"ouvert"))
    assert caplog.messages == ["D101 says what its driver cannot read on D101/power: b'ouvert'"]


def test_answers_to_somebodys_requests_are_not_listened_to(bench: Bench) -> None:
    assert set(bench.session.filters) == {*OWN_TOPICS, "D101/power", "D101/energy", "D101/outputs", "D101/there"}


# -- what changes ------------------------------------------------------------------------------------------------------------


def test_a_device_is_recorded_within_a_minute_of_its_installation(bench: Bench) -> None:
    bench.devices.append(TOY.device("D102"))
    bench.hear(("D102/power", b"1"), after=timedelta(seconds=59))
    bench.hear(after=timedelta(seconds=1))
    bench.hear(("D102/power", b"2"))
    assert bench.kept("D102 puissance") == [(90, 2.0)]


def test_while_the_coordination_database_is_away_known_devices_are_recorded(bench: Bench) -> None:
    bench.coordination_away = True
    bench.hear(("D101/power", b"100"), after=LOOKS_EVERY)
    assert bench.kept("D101 puissance") == [(60, 100.0)]


def test_readings_wait_while_the_history_is_away_and_keep_their_time(bench: Bench, broken: Callable[[bool], None]) -> None:
    broken(True)
    bench.hear(("D101/power", b"100"))
    bench.hear(("D101/power", b"200"))
    broken(False)
    bench.hear(after=RETRIES_EVERY)
    assert bench.kept("D101 puissance") == [(30, 100.0), (60, 200.0)]
    assert bench.recorder.counters["kept"] == 2


def test_a_history_that_is_away_is_asked_again_every_five_seconds_and_told_once(
        bench: Bench, broken: Callable[[bool], None], caplog: pytest.LogCaptureFixture) -> None:
    broken(True)
    bench.hear(("D101/power", b"100"))
    assert bench.recorder.step(bench.now) == bench.now + RETRIES_EVERY
    for _ in range(10):
        bench.hear(("D101/power", b"100"), after=timedelta(seconds=1))
    broken(False)
    bench.hear(after=RETRIES_EVERY)
    assert caplog.messages == [
        "the history does not answer, readings wait: the disk is full",
        "the history answers again; 11 readings have waited"]


def test_what_a_flood_pushes_out_of_the_inbox_is_counted_for_the_doctor(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.session.dropped = 12
    bench.hear(("D101/power", b"1"))
    bench.hear(("D101/power", b"2"))
    bench.session.dropped = 15
    bench.hear()
    assert bench.recorder.keeper.spool.counted() == {"dropped": 15}
    assert [each.getMessage()[:2] for each in caplog.records if "dropped unread" in each.message] == ["12", "3 "]


def test_what_the_broker_says_that_it_has_dropped_is_counted_once_also_when_it_begins_again(bench: Bench) -> None:
    for told in (b"0", b"40", b"40", b"100", b"7", b"?"):      # it has begun again between 100 and 7
        bench.hear((DROPPED, told))
    assert bench.recorder.keeper.spool.counted() == {"dropped by the broker": 107}
    assert bench.recorder.counters["unreadable"] == 0


def test_e3_what_there_is_no_room_for_is_lost_oldest_first_and_counted(bench: Bench, broken: Callable[[bool], None]) -> None:
    bench.recorder.keeper.spool.room = 2
    broken(True)
    for watts in (b"100", b"200", b"300"):
        bench.hear(("D101/power", watts))
    broken(False)
    bench.hear(after=RETRIES_EVERY)
    assert bench.kept("D101 puissance") == [(60, 200.0), (90, 300.0)]
    assert bench.recorder.counters["lost"] == 1


def test_a_broker_that_is_gone_is_told(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.session.put(Disconnected("Keep alive timeout"))
    bench.hear()
    assert caplog.messages == ["the broker is out of reach: Keep alive timeout"]


@pytest.fixture
def broken(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """A hand that takes the history away, and gives it back."""
    append = bench.history.append

    def set_broken(away: bool) -> None:
        monkeypatch.setattr(bench.history, "append", _away if away else append)

    return set_broken


def _away(*_: object) -> list[tuple[InstalledDevice, Device]]:
    raise OperationalError("INSERT", {}, Exception("the disk is full"))


# -- real words ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("family", "topic", "type_id", "stored", "wanted"), [
    ("shelly_gen2", "shellyplusplugit-aabbccddeeff/status/switch:0", 411, {"root": "shellyplusplugit-aabbccddeeff"},
     {"puissance": 0.8, "energie": 922.282, "etat": 1.0}),
    ("tasmota", "tele/light_az2/SENSOR", 112, {"topic": "light_az2", "full_topic": "%prefix%/%topic%/"},
     {"puissance": 11.0, "energie": 1.0}),
])
def test_what_a_real_device_said_is_kept_in_our_units(
        memory: SqlHistory, family: str, topic: str, type_id: int, stored: dict[str, str], wanted: dict[str, float]) -> None:
    drivers = load()
    if type_id not in drivers:
        pytest.skip(f"no installed plugin drives the type {type_id}")
    bench = Bench(memory, [drivers[type_id].device("D101", stored=stored)], drivers)
    bench.hear((topic, _captured(family, topic)))
    for name, value in wanted.items():
        assert bench.kept(f"D101 {name}") == [(30, pytest.approx(value))]


def _captured(family: str, topic: str) -> bytes:
    file = CAPTURES / f"{family}.json"
    if not file.exists():
        pytest.skip("no captured messages stand beside this checkout (../shared/data)")
    payload: str = next(each["payload"] for each in json.loads(file.read_text(encoding="utf-8")) if each["topic"] == topic)
    return payload.encode()


def test_an_hour_of_words_makes_four_quarters_and_the_silence_after_it_none(bench: Bench) -> None:
    """From the wire to what the EMS reads: an hour at 2 kW, then silence."""
    for _ in range(120):
        bench.hear(("D101/power", b"2000"))
    series = bench.history.find("D101 puissance")
    assert series is not None
    found = bench.history.quarters(series, slot_of(NOON), 8, timedelta(minutes=5))
    assert found == [2000.0, 2000.0, 2000.0, 2000.0, None, None, None, None]


@pytest.mark.mosquitto
def test_what_is_said_over_a_real_broker_is_kept(memory: SqlHistory, mosquitto: Embedded) -> None:
    device, now = TOY.device("D101"), NOON
    with closing(MqttSession(mosquitto.address, "recorder")) as session, connected(mosquitto.address, "D101") as relay:
        recorder = Recorder(session, memory, Drivers((), {TOY.type.id: TOY}), lambda: [(_row(device), device)])
        recorder.step(now)
        until(lambda: session.ready, session)
        relay.send(Publish("D101/power", b"1234.5"))

        def kept() -> bool:
            recorder.step(now)
            return recorder.counters["kept"] == 1

        until(kept, session)
    series = memory.find("D101 puissance")
    assert series is not None
    assert memory.last(series, NOON + timedelta(seconds=1)) == Reading(series, NOON, 1234.5)


def test_what_is_dropped_of_one_who_floods_is_counted_for_the_doctor_too(bench: Bench) -> None:
    bench.hear(*[("D101/power", b"1")] * 450)
    bench.hear(after=LOOKS_EVERY)
    assert bench.recorder.keeper.spool.counted() == {"dropped of a flood": 50}


def test_two_words_of_one_millisecond_that_are_read_one_after_the_other_are_both_kept(bench: Bench) -> None:
    bench.hear(("D101/power", b"1"))
    bench.hear(("D101/power", b"2"), after=timedelta(microseconds=400))
    assert [value for _, value in bench.kept("D101 puissance")] == [1.0, 2.0]
