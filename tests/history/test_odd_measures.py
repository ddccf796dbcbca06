"""Measures that are not as they should be: said twice, late, begun anew, impossible, or far too many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from attrs import define, evolve, field

from elfe.broker.address import BrokerAddress
from elfe.broker.client import MqttSession
from elfe.broker.embedded import MOSQUITTO, Embedded
from elfe.broker.fleet import Fleet
from elfe.broker.mosquitto import SETTINGS
from elfe.broker.session import Connected
from elfe.coordination.noticing import State
from elfe.devices.drivers import Driver, Drivers, load
from elfe.devices.floods import A_SECOND, BURST
from elfe.devices.routing import Heard, Router
from elfe.devices.values import Capability, Measure, Publish, Quantity
from elfe.history.noting import Noting
from elfe.history.quarters import counted
from elfe.history.service import Recorder
from elfe.history.store import SqlHistory, open_history
from elfe.slots import slot_of
from tests.brokers import connected, until
from tests.history.test_recorder import NOON, TOY, Bench, _row
from tests.proxy import Proxy

SECOND = timedelta(seconds=1)
METERED = {driver.type.id: driver for driver in load()
           if driver.type.can(Capability.METER) and driver.simulate and driver.type.id != 811}


@pytest.fixture
def memory(tmp_path: Path) -> SqlHistory:
    return open_history(f"sqlite:///{tmp_path}/history.db")


@pytest.fixture
def bench(memory: SqlHistory) -> Bench:
    return Bench(memory)


# -- said twice, or late ---------------------------------------------------------------------------------------------------


def test_b1_what_is_delivered_twice_is_kept_once(bench: Bench) -> None:
    bench.hear(("D101/power", b"100"), ("D101/power", b"100"))
    bench.hear(("D101/power", b"100"), after=timedelta(milliseconds=100))
    bench.hear(("D101/power", b"100"))

    assert bench.kept("D101 puissance") == [(30, 100.0), (60.1, 100.0)]
    assert bench.recorder.counters["said twice"] == 2


def test_b2_a_counters_older_word_that_comes_late_undoes_nothing(bench: Bench) -> None:
    for value in (b"1000", b"1002", b"1001", b"1003"):
        bench.hear(("D101/energy", value), after=SECOND)

    assert [value for _, value in bench.kept("D101 energie")] == [1000.0, 1002.0, 1003.0]
    assert bench.recorder.counters["late"] == 2                # and that of its register


# -- counters ----------------------------------------------------------------------------------------------------------------


def test_b9_a_counter_that_begins_anew_is_told_and_counts_nothing_backwards(bench: Bench) -> None:
    for value in (b"8000", b"8100", b"8200", b"5", b"105", b"205", b"90", b"190", b"290"):
        bench.hear(("D101/energy", value), after=timedelta(minutes=5))
    series = bench.history.find("D101 energie")
    assert series is not None
    readings = bench.history.readings(series, NOON, NOON + timedelta(hours=1))
    found = counted(readings, slot_of(NOON), 3, timedelta(minutes=10))

    assert bench.recorder.counters["counter began anew"] == 4            # twice, and its register
    assert found == [pytest.approx(200.0)] * 3


@pytest.mark.parametrize("id", sorted(METERED))
def test_b9_an_hour_at_a_thousand_watts_is_a_thousand_watt_hours_in_every_dialect(id: int) -> None:
    driver = METERED[id]
    device = driver.device("D101", "A8B101")
    twin, router, counter = driver.simulate(device, 1), Router(Drivers((), {id: driver}), (device,)), []

    def hear(said: tuple[Publish, ...]) -> None:
        counter.extend(each.event.value for message in said for each in router.read(message.topic, message.payload)
                       if isinstance(each, Heard) and isinstance(each.event, Measure) and each.event.quantity is Quantity.ENERGY)

    hear(twin.connected(NOON))
    hear(twin.draw(1000.0, NOON))
    while twin.next_at and twin.next_at <= NOON + timedelta(hours=1):
        hear(twin.tick(twin.next_at))
    if not counter:
        pytest.skip("it counts no energy")
    assert counter[-1] - counter[0] == pytest.approx(1000, rel=0.12)       # it speaks from time to time


# -- a device's clock ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("time", ["1970-01-01T00:00:12", "2038-01-19T03:14:08", "2024-06-12T12:00:30"])
def test_d4_a_measure_has_our_time_whatever_its_devices_clock_says(memory: SqlHistory, time: str) -> None:
    drivers = load()
    bench = Bench(memory, [drivers[112].device("D101", stored={"topic": "prise", "full_topic": "%prefix%/%topic%/"})], drivers)
    said = b'{"Time":"%s","ENERGY":{"TotalStartTime":"%s","Total":1.5,"Power":750}}' % (time.encode(), time.encode())
    bench.hear(("tele/prise/SENSOR", said))

    assert bench.kept("D101 puissance") == [(30, 750.0)]
    assert bench.kept("D101 energie") == [(30, 1500.0)]


# -- impossible ---------------------------------------------------------------------------------------------------------------


@define
class Doubts:
    """Where it is noted that somebody should look."""

    found: list[tuple[str, str]] = field(factory=list)
    away: bool = False

    def read(self) -> dict[str, State]:
        return {}

    def write(self, *_: object) -> bool:
        return True

    def doubt(self, device_id: str, why: str, now: object) -> bool:
        if not self.away:
            self.found.append((device_id, why))
        return not self.away


PLUG: Driver = evolve(TOY, type=evolve(TOY.type, carries_w=2500.0))


@pytest.mark.parametrize("power", [b"-5000", b"60000"])
def test_b10_a_power_that_no_plug_carries_is_no_measure_and_somebody_is_asked_to_look(memory: SqlHistory, power: bytes) -> None:
    bench, doubts = Bench(memory, drivers=Drivers((), {PLUG.type.id: PLUG})), Doubts(away=True)
    bench.recorder._noting = Noting(doubts)
    for _ in range(4):
        bench.hear(("D101/power", power), ("D101/outputs", b"10"))
    assert doubts.found == []                                  # the database was away
    doubts.away = False
    for _ in range(10):
        bench.hear(("D101/power", power))
    bench.hear(("D101/power", b"2000"))

    assert [value for _, value in bench.kept("D101 puissance")] == [2000.0]
    assert len(bench.kept("D101 etat")) == 4
    assert [(id, "2500 W at most" in why) for id, why in doubts.found] == [("D101", True)]


# -- far too many -------------------------------------------------------------------------------------------------------------


@pytest.mark.mosquitto
def test_c3_one_account_that_floods_costs_the_others_nothing(memory: SqlHistory, mosquitto: Embedded) -> None:
    devices = [TOY.device("D101"), TOY.device("D102")]
    with closing(MqttSession(mosquitto.address, "recorder")) as session, connected(mosquitto.address, "D101") as hostile, \
            connected(mosquitto.address, "D102") as other:
        recorder = Recorder(session, memory, Drivers((), {TOY.type.id: TOY}), lambda: [(_row(each), each) for each in devices])
        recorder.step(NOON)
        until(lambda: session.ready, session, within_s=60)
        for second in range(1, 6):
            for n in range(1000):
                hostile.send(Publish("D101/power", b"%d" % (1 + n % 2000), qos=0))
            other.send(Publish("D102/power", b"%d" % second))

            def heard(second: int = second) -> bool:
                recorder.step(NOON + second * SECOND)
                return len(_kept(memory, "D102 puissance")) == second

            until(heard, session, within_s=60)
        until(lambda: recorder.step(NOON + 5 * SECOND) is not None
              and recorder.counters["dropped of a flood"] + len(_kept(memory, "D101 puissance")) == 5000, session, within_s=60)

    assert _kept(memory, "D102 puissance") == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert len(_kept(memory, "D101 puissance")) <= BURST + 5 * A_SECOND


def _kept(memory: SqlHistory, name: str) -> list[float]:
    series = memory.find(name)
    return [] if series is None else [each.value for each in memory.readings(series, NOON, NOON + timedelta(hours=1))]


# -- gaps ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.mosquitto
def test_a11_what_the_broker_cannot_hand_over_is_dropped_and_its_memory_does_not_grow(
        memory: SqlHistory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = [each for each in SETTINGS.splitlines() if each.startswith("max_")]           # as `elfe broker write` writes them
    kept = [each for each in MOSQUITTO.splitlines() if not each.startswith("max_")]
    monkeypatch.setattr("elfe.broker.embedded.MOSQUITTO", "\n".join([*kept, *ours, ""]))
    device = TOY.device("D101")
    with Embedded(tmp_path / "limited") as mosquitto, Proxy(mosquitto.port) as wire, \
            connected(mosquitto.address, "D101") as relay, \
            closing(MqttSession(BrokerAddress("127.0.0.1", wire.port), "recorder")) as session:
        recorder = Recorder(session, memory, Drivers((), {TOY.type.id: TOY}), lambda: [(_row(device), device)])
        recorder.step(NOON)
        until(lambda: session.ready, session, within_s=60)
        assert mosquitto.process is not None
        wire.blackhole()
        before = _resident_kb(mosquitto.process.pid)
        for _ in range(6000):                                      # 24 MB for somebody who does not read
            relay.send(Publish("D101/power", b"9" * 4000))
        until(lambda: not relay._client.want_write(), relay, within_s=60)
        grown = _resident_kb(mosquitto.process.pid) - before
        wire.heal()

        def heard() -> bool:
            relay.send(Publish("D101/power", b"700"))
            recorder.step(NOON + timedelta(minutes=30))
            return 700.0 in _kept(memory, "D101 puissance")

        until(heard, session, within_s=60)

    assert grown < 12_000


def _resident_kb(pid: int) -> int:
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))


@pytest.mark.mosquitto
def test_a10_a_territory_that_connects_at_once_is_heard_whole(memory: SqlHistory, mosquitto: Embedded) -> None:
    """Three hundred here; `ELFE_STORM=5000` for a whole territory."""
    devices = [TOY.device(f"D{number:04}") for number in range(1, int(os.environ.get("ELFE_STORM", "300")) + 1)]
    with _crowd(mosquitto.address, [each.id for each in devices]) as crowd, \
            closing(MqttSession(mosquitto.address, "recorder")) as session:
        recorder = Recorder(session, memory, Drivers((), {TOY.type.id: TOY}), lambda: [(_row(each), each) for each in devices])
        recorder.step(NOON)
        until(lambda: crowd.poll() and session.ready, session, within_s=120)
        assert crowd.recv() == "all are connected"
        assert mosquitto.process is not None
        mosquitto.process.kill()
        mosquitto.process.wait()
        mosquitto.start()
        crowd.send("say that you are there")
        until(lambda: crowd.poll() and session.ready, session, within_s=120)
        assert crowd.recv() == "all are connected"
        crowd.send("say what you draw")                             # all at once, retained words beside fresh ones

        def all_heard() -> bool:
            recorder.step(NOON + SECOND)
            return recorder.counters["kept"] >= len(devices) and all(memory.find(f"{each.id} puissance") for each in devices[-5:])

        until(all_heard, session, within_s=120)
        until(lambda: recorder.step(NOON + SECOND) is not None
              and all(_kept(memory, f"{each.id} puissance") for each in devices), session, within_s=120)

    assert session.dropped == 0


@contextmanager
def _crowd(address: BrokerAddress, ids: list[str]) -> Iterator[Connection]:
    """Devices in a process of their own: paho's clients cannot wait for a socket beyond a process' first thousand."""
    ours, theirs = Pipe()
    child = get_context("spawn").Process(target=_devices, args=(theirs, address, ids))
    child.start()
    try:
        yield ours
    finally:
        ours.close()
        child.terminate()
        child.join()


def _devices(owner: Connection, address: BrokerAddress, ids: list[str]) -> None:
    with closing(Fleet(address)) as fleet:
        for id in ids:
            fleet.add(id, Publish(f"{id}/there", b"offline", retain=True), (f"{id}/set",))
        _let_in(fleet, len(ids))
        owner.send("all are connected")
        owner.recv()
        for id in _let_in(fleet, len(ids)):
            fleet.send(id, Publish(f"{id}/there", b"online", retain=True))
        owner.send("all are connected")
        owner.recv()
        for id in ids:
            fleet.send(id, Publish(f"{id}/power", b"100"))
        owner.recv()


def _let_in(fleet: Fleet, count: int) -> set[str]:
    """Until so many devices are connected; who they are."""
    found: set[str] = set()
    until(lambda: found.update(id for id, each in fleet.arrivals() if isinstance(each, Connected)) or len(found) == count,
          within_s=120)
    return found


def test_a11_a_recorder_that_was_away_for_half_an_hour_leaves_a_gap_and_invents_nothing(bench: Bench) -> None:
    for _ in range(30):
        bench.hear(("D101/power", b"2000"))
    bench.now += timedelta(minutes=30)
    for _ in range(30):
        bench.hear(("D101/power", b"500"))
    series = bench.history.find("D101 puissance")
    assert series is not None

    assert bench.history.quarters(series, slot_of(NOON), 5, timedelta(minutes=5)) == [2000.0, None, None, 500.0, None]


def test_d3_a_clock_that_is_set_back_by_hours_costs_no_reading_and_holds_nothing_up(bench: Bench) -> None:
    bench.hear(("D101/power", b"0"), ("D101/energy", b"9000"), after=timedelta(hours=3))
    bench.devices.append(TOY.device("D102"))
    bench.hear(("D101/power", b"0"), ("D101/energy", b"10"), after=-timedelta(hours=2))
    bench.hear(("D101/power", b"0"), ("D102/power", b"7"))
    assert bench.kept("D101 puissance") == [(3600, 0.0), (3630, 0.0), (10_800, 0.0)]
    assert bench.kept("D101 energie") == [(3600, 10.0), (10_800, 9000.0)]
    assert bench.kept("D102 puissance") == [(3630, 7.0)]
