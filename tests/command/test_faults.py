"""Faults of the reference, on a real mosquitto and a real PostgreSQL, with real kills and freezes of real engines."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import OperationalError

from elfe import clock
from elfe.broker.embedded import Embedded
from elfe.command.orders import Stage, Why
from elfe.coordination import queries
from elfe.coordination.values import Mode
from elfe.devices.values import Publish
from tests.brokers import mosquitto
from tests.command.rig import DISHWASHER, POINTS, TANK, WASHER, Rig, a_home
from tests.conftest import Server, find_binaries, free_port, running
from tests.proxy import Proxy

__all__ = ["mosquitto"]
pytestmark = [pytest.mark.mosquitto, pytest.mark.postgresql]
TAKES_OVER_S = 10


@pytest.fixture
def home(tmp_path: Path, mosquitto, postgresql: Server) -> Iterator[Rig]:
    with a_home(tmp_path, mosquitto, postgresql) as rig:
        yield rig


def driven(home: Rig) -> Rig:
    """One engine drives, and has cut the washing machine that waits."""
    home.engine()
    home.declare()
    home.until(lambda: home.acknowledged(Why.WAIT))
    return home


def each_once(home: Rig) -> bool:
    """Whether no order was made twice."""
    return max(Counter(each.key for each in home.orders()).values()) == 1


def must_start_now(home: Rig) -> None:
    """Its latest start has come: it is started, and its person has it back."""
    home.declare(WASHER, hours=1)
    home.until(lambda: home.acknowledged(Why.START))
    home.until(lambda: mode_of(home, WASHER) == Mode.MANUAL)


def mode_of(home: Rig, appliance_id: int) -> int:
    return next(each.mode for each in queries.appliances(home.coordination) if each.id == appliance_id)


# -- the broker ---------------------------------------------------------------------------------------------------------------


def while_the_broker_is_away(home: Rig, goes: Callable[[], None]) -> None:
    """A machine is declared while nobody can be told; then everybody is back."""
    home.draw(POINTS[DISHWASHER], 0)
    driven(home)
    goes()
    home.until(lambda: home.engines[0].says("out of reach"))
    home.declare(DISHWASHER)
    home.until(lambda: bool(home.orders(DISHWASHER)))
    home.told.clear()
    home.broker.start()
    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))


def is_told_once(home: Rig) -> None:
    log = home.engines[0].log.read_text()
    assert (log.count("out of reach"), log.count("connected to the broker")) == (1, 2)


def was_asked(home: Rig) -> bool:
    """Whether the tank's relay was asked for its state."""
    return any(point == POINTS[TANK] and b"GetStatus" in said.payload for point, said in home.told)


def test_a1_a_broker_that_is_restarted_costs_no_order_and_every_device_is_asked_anew(home: Rig) -> None:
    while_the_broker_is_away(home, home.broker.stop)

    assert each_once(home)
    home.until(lambda: was_asked(home))
    is_told_once(home)
    assert home.orders(DISHWASHER)[0].stage in (Stage.ACKNOWLEDGED, Stage.PROVED)


def test_a2_a_broker_that_is_killed_forgets_everything_and_what_is_still_valid_is_said_again(home: Rig) -> None:
    def killed() -> None:
        assert home.broker.process is not None
        home.broker.process.kill()
        home.broker.process.wait()
        home.broker.stop()

    while_the_broker_is_away(home, killed)

    assert each_once(home)
    home.until(lambda: was_asked(home))
    is_told_once(home)
    (order,) = home.orders(DISHWASHER)
    assert (order.stage in (Stage.ACKNOWLEDGED, Stage.PROVED), order.attempts) == (True, 1)


def test_a4_a_device_whose_connection_died_silently_is_known_to_be_away_and_told_when_it_is_back(
        home: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("elfe.broker.client.KEEPALIVE_S", 2)
    home.draw(POINTS[DISHWASHER], 0)
    driven(home)
    home.heard.clear()
    with Proxy(home.broker.port) as air, home.moved(POINTS[DISHWASHER], air.port) as twin:
        will = twin.last_will
        assert will is not None
        home.draw(POINTS[DISHWASHER], 0)
        home.until(lambda: any(each.topic == will.topic and each.payload != will.payload for each in home.heard))
        air.blackhole()
        home.until(lambda: any((each.topic, each.payload) == (will.topic, will.payload) for each in home.heard))
        home.declare(DISHWASHER)
        home.until(lambda: bool(home.orders(DISHWASHER)))
        for _ in range(50):
            home.live()
        (order,) = home.orders(DISHWASHER)
        assert (order.stage, order.attempts) == (Stage.RECORDED, 0)

        air.heal()
        home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))


def test_a5_a_connection_that_says_nothing_any_more_is_noticed_and_made_anew(home: Rig) -> None:
    driven(home)
    home.wire.blackhole()
    home.until(lambda: home.engines[0].says("out of reach"), within_s=60)
    home.wire.heal()
    home.declare(DISHWASHER)

    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))


def test_a6_a_frozen_broker_stops_no_order_from_being_recorded(home: Rig) -> None:
    driven(home)
    assert home.broker.process is not None
    home.broker.process.send_signal(signal.SIGSTOP)
    try:
        home.declare(DISHWASHER)
        home.until(lambda: bool(home.orders(DISHWASHER)))
    finally:
        home.broker.process.send_signal(signal.SIGCONT)

    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))


def test_b4_a_command_that_somebody_has_retained_is_cleared_by_the_engine(home: Rig) -> None:
    topic = "shellies/shellyplug-s-A8BC25/relay/0/command"
    assert home.watcher is not None
    home.watcher.send(Publish(topic, b"on", retain=True))
    home.engine()

    home.until(lambda: home.engines[0].says("a retained command"))
    home.until(lambda: any(each.topic == topic and each.payload == b"" for each in home.heard))


# -- two engines --------------------------------------------------------------------------------------------------------------


def test_a7_of_two_engines_one_publishes_and_the_other_takes_over_within_ten_seconds_of_its_death(home: Rig) -> None:
    first = home.engine("first")
    home.until(lambda: first.says("connected"))
    second = home.engine("second")
    home.until(lambda: second.says("stands by") or second.says("connected"))
    home.declare()
    home.until(lambda: home.acknowledged(Why.WAIT))
    assert not second.says("connected")

    first.kill()
    took = home.until(lambda: second.says("connected"))
    home.declare(DISHWASHER)
    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))

    assert took < TAKES_OVER_S
    assert each_once(home)


def test_a7_a_leader_that_freezes_is_put_aside_and_writes_and_sends_nothing_when_it_wakes_up(home: Rig) -> None:
    first = home.engine("first")
    home.until(lambda: first.says("connected"))
    second = home.engine("second")
    home.until(lambda: second.says("stands by"))
    home.declare()
    home.until(lambda: home.acknowledged(Why.WAIT))
    first.signal(signal.SIGSTOP)
    took = home.until(lambda: second.says("connected"))
    assert took < TAKES_OVER_S
    assert second.says("it is put aside")

    first.signal(signal.SIGCONT)
    home.declare(DISHWASHER)
    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    must_start_now(home)

    assert each_once(home)
    assert first.log.read_text().count("connected to the broker") == 1
    assert not second.says("out of reach")


# -- the database -------------------------------------------------------------------------------------------------------------


def test_e1_a_database_that_is_restarted_stops_the_orders_and_then_they_go_on(tmp_path: Path, mosquitto) -> None:
    binaries = find_binaries()
    assert binaries is not None
    with running(binaries) as server, a_home(tmp_path, mosquitto, server) as home:
        driven(home)
        home.coordination.dispose()
        server.stop()
        home.until(lambda: home.engines[0].says("does not answer"))
        server.start()
        home.declare(DISHWASHER)

        assert home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER)) < 15
        assert each_once(home)


def test_e2_connections_that_break_anywhere_make_no_order_twice(home: Rig) -> None:
    driven(home)
    for round in range(6):
        home.declare(DISHWASHER, hours=9 + round / 60)
        for _ in range(3 * round):
            home.live()
        home.database.cut()
        home.until(lambda: any(each.heard for each in home.orders(DISHWASHER)))

    assert each_once(home)


def test_e3_while_the_database_is_away_nothing_is_sent(home: Rig) -> None:
    driven(home)
    home.database.cut(refuse=True)
    home.until(lambda: home.engines[0].says("does not answer"))
    before = home.commands()
    home.declare(DISHWASHER)
    home.declare(WASHER, hours=1)
    for _ in range(100):
        home.live()
    assert home.commands() == before

    home.database.heal()
    home.until(lambda: home.acknowledged(Why.START))


def test_e4_a_database_that_takes_no_writes_any_more_stops_the_orders_and_then_they_go_on(home: Rig, postgresql: Server) -> None:
    driven(home)
    name = home.coordination.url.database
    writer = queries.open_coordination(f"{postgresql.url(str(name))}?options=-c%20default_transaction_read_only%3Doff")

    def set_read_only(on: bool) -> None:
        postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = {'on' if on else 'off'}")
        postgresql.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        home.coordination.dispose()

    set_read_only(True)
    home.until(lambda: home.engines[0].says("does not answer"))
    before = home.commands()
    queries.declare(writer, DISHWASHER, clock.now() + timedelta(hours=9), timedelta(hours=1), clock.now())
    writer.dispose()
    for _ in range(60):
        home.live()
    assert (home.commands(), home.orders(DISHWASHER)) == (before, [])

    set_read_only(False)
    home.draw(POINTS[DISHWASHER], 0)
    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    assert each_once(home)


def test_e5_a_table_that_somebody_has_locked_holds_the_engine_and_breaks_nothing(home: Rig) -> None:
    driven(home)
    with home.coordination.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE elfe.command_order IN ACCESS EXCLUSIVE MODE")
        home.declare(DISHWASHER)
        home.until(lambda: home.engines[0].says("does not answer"), within_s=60)      # the lock's timeout

    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    assert each_once(home)


def test_a_row_that_another_program_holds_makes_its_own_appliance_wait_and_no_other(home: Rig) -> None:
    driven(home)
    with home.coordination.begin() as forgotten:
        forgotten.exec_driver_sql("UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET nom_humain = 'x' "
                                  f"WHERE id = {WASHER}")
        home.declare(DISHWASHER)
        home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
        home.sql("UPDATE elfe.flexibility SET deadline = deadline - 9 * 3600 + 600")      # of both: the latest start has come
        home.until(lambda: home.acknowledged(Why.START, DISHWASHER))
        home.until(lambda: home.engines[0].says(f"the row of appliance {WASHER} is held by another program's transaction"))
        assert home.orders(WASHER, Why.START) == []

    home.until(lambda: home.acknowledged(Why.START))
    home.until(lambda: home.engines[0].says(f"the row of appliance {WASHER} is free again"))
    assert not home.engines[0].says("does not answer")
    assert each_once(home)


def test_e6_a_standby_that_lacks_the_last_orders_gets_them_back_and_every_device_is_asked(
        tmp_path: Path, mosquitto: Embedded) -> None:
    binaries = find_binaries()
    assert binaries is not None
    with running(binaries) as server, a_home(tmp_path, mosquitto, server) as home:
        driven(home)
        with lagging_copy(server) as standby:
            home.draw(POINTS[DISHWASHER], 0)
            home.declare(DISHWASHER)
            home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
            (lost,) = home.orders(DISHWASHER)
            name = str(home.coordination.url.database)
            home.coordination.dispose()
            server.stop()
            home.database.target = standby.port
            home.told.clear()
            standby.start()
            home.coordination = queries.open_coordination(standby.url(name))
            assert home.orders(DISHWASHER) == []

            home.until(lambda: [each.id for each in home.orders(DISHWASHER)] == [lost.id])
            home.until(lambda: was_asked(home))
            home.until(lambda: home.engines[0].says("the database lacks"))
            must_start_now(home)
            assert each_once(home)
            home.coordination.dispose()
            home.engines[0].kill()
        server.start()


@contextmanager
def lagging_copy(server: Server) -> Iterator[Server]:
    """A standby that has what is committed by now, and nothing of what comes after; not started yet."""
    folder = Path(tempfile.mkdtemp(prefix="elfe-standby-"))
    if server.user:
        shutil.chown(folder, server.user)
    copy = [(server.binaries / "initdb").resolve().with_name("pg_basebackup"), "-D", folder / "data", "-h", "127.0.0.1",
            "-p", str(server.port), "-U", "elfe", "-c", "fast", "-X", "stream", "--no-sync"]
    subprocess.run(copy, check=True, user=server.user, capture_output=True, cwd=folder)
    standby = Server(free_port(), count(1), set(), server.binaries, folder, server.user)
    try:
        yield standby
    finally:
        if standby.process is not None:
            standby.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_e7_a_database_of_yesterday_sends_no_order_of_the_past_and_the_devices_are_asked_first(home: Rig) -> None:
    driven(home)
    home.engines[0].kill()
    home.sql("UPDATE elfe.command_order SET slot = slot - 96, wanted_ms = wanted_ms - 86400000, sent_ms = sent_ms - 86400000, "
             "recorded_ms = recorded_ms - 86400000, acknowledged_ms = NULL, ended_ms = NULL, stage = 'sent', "
             "key = replace(key, '/' || slot || '/', '/' || (slot - 96) || '/')")
    home.sql("UPDATE elfe.command_order_event SET at_ms = at_ms - 86400000")
    home.sql("UPDATE elfe.flexibility SET opened_at = opened_at - 86400, deadline = deadline - 86400")
    (old,) = home.orders()
    home.heard.clear()
    home.told.clear()
    home.engine("restored")
    home.until(lambda: home.acknowledged(Why.START))
    past, present = home.orders()

    assert (past.id, past.stage, past.attempts) == (old.id, Stage.EXPIRED, old.attempts)
    assert (present.slot > past.slot, present.on) == (True, True)          # its end has passed: its person has it back
    to_it = [said for point, said in home.told if point == POINTS[WASHER]]
    assert not to_it[0].topic.endswith("relay/0/command")                  # asked before it was told
    assert home.commands(b"off") == 0


def test_e8_whoever_takes_every_connection_takes_none_of_the_engines(home: Rig, postgresql: Server) -> None:
    driven(home)
    must_start_now(home)
    taken: list[Any] = []
    try:
        with contextlib.suppress(OperationalError):
            while True:
                taken.append(psycopg.connect(host="127.0.0.1", port=postgresql.port, user="elfe", dbname="postgres"))
        assert len(taken) > 100
        home.declare(DISHWASHER)
        home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    finally:
        for each in taken:
            each.close()

    assert not home.engines[0].says("does not answer")


def test_e9_a_row_that_cannot_be_is_left_alone_and_the_others_are_driven(home: Rig) -> None:
    home.sql("UPDATE bdd_coordination_schema.equipement_domotique SET equipement_domotique_usage_id = 61 WHERE id = 'A002'")
    driven(home)

    assert home.engines[0].says("left alone: appliance 2")


# -- the engine ---------------------------------------------------------------------------------------------------------------


def test_f1_an_engine_that_is_killed_again_and_again_makes_no_order_twice_and_starts_the_machine(home: Rig) -> None:
    home.engine("0")
    home.declare()
    moments: tuple[Callable[[], bool], ...] = (        # of the engine's life, from one order to its acknowledgement
        lambda: home.engines[-1].says("connected"),
        lambda: bool(home.orders()),
        lambda: home.commands() > 0,
        lambda: home.acknowledged(Why.WAIT),
    )
    for moment in moments:
        home.until(moment)
        home.engines[-1].kill()
        home.engine(str(len(home.engines)))
    must_start_now(home)

    assert each_once(home)
