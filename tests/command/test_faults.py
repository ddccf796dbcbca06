"""Faults of the reference, on a real mosquitto and a real PostgreSQL, with real kills and freezes of real engines."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from elfe.command.orders import Stage, Why
from elfe.coordination import queries
from elfe.coordination.values import Mode
from elfe.devices.values import Publish
from tests.brokers import mosquitto
from tests.command.rig import DISHWASHER, WASHER, Rig, a_home
from tests.conftest import Server, find_binaries, running

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


@pytest.mark.parametrize("how", ["a1_is_restarted", "a2_is_killed"])
def test_a_broker_that(home: Rig, how: str) -> None:
    driven(home)
    assert home.broker.process is not None
    if how == "a2_is_killed":
        home.broker.process.kill()
        home.broker.process.wait()
    home.broker.stop()
    home.declare(DISHWASHER)
    home.until(lambda: home.engines[0].says("out of reach"))
    home.broker.start()

    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    assert each_once(home)
    assert home.orders(DISHWASHER)[0].stage in (Stage.ACKNOWLEDGED, Stage.PROVED)


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


def test_e5_a_table_that_somebody_has_locked_holds_the_engine_and_breaks_nothing(home: Rig) -> None:
    driven(home)
    with home.coordination.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE elfe.command_order IN ACCESS EXCLUSIVE MODE")
        home.declare(DISHWASHER)
        home.until(lambda: home.engines[0].says("does not answer"), within_s=60)      # the lock's timeout

    home.until(lambda: home.acknowledged(Why.WAIT, DISHWASHER))
    assert each_once(home)


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
