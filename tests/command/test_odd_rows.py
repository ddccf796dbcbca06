"""Rows that other programs, other versions and other hands have filled: what cannot be read costs its own appliance alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from attrs import evolve

from elfe.command.orders import Stage, Why
from elfe.command.timekeeping import is_behind
from elfe.command.values import Said
from elfe.coordination.values import ControlState, Mode
from elfe.devices.values import Measure, Publish, Quantity
from elfe.slots import slot_of
from tests.command.conftest import NOON, World, a_pilot, state
from tests.command.home import NOW, TANK, WASHER, Home, a_daemon, a_home

MILLISECONDS = 1728633660000      # of 2024, in a column of seconds: a program in JavaScript


@pytest.fixture
def home(coordination_url: str, tmp_path: Path) -> Iterator[Home]:
    with a_home(coordination_url, tmp_path) as home:
        yield home


def ours(home: Home, statement: str) -> None:
    """Something that somebody else does to our tables."""
    home.sql(statement if home.coordination.dialect.name == "postgresql" else statement.replace("elfe.", ""))


def begins_anew(home: Home) -> None:
    """The engine is replaced by one that begins with what it finds."""
    home.service.close()
    home.service, home.session = a_daemon(home.coordination, home.sortie, home.broker)


def drives_the_tank(home: Home) -> bool:
    home.live(minutes=1)
    home.declare(TANK)
    home.live(minutes=2)
    return any(each.acknowledged_at for each in home.orders(TANK))


HARDWARE = "UPDATE elfe.hardware SET templates = '{}' WHERE device_id = 'A001'".format


@pytest.mark.parametrize("anew", [False, True], ids=["", "and an engine begins"])
@pytest.mark.parametrize("statement", [
    f"UPDATE elfe.flexibility SET deadline = {MILLISECONDS}",
    f"UPDATE elfe.flexibility SET opened_at = -{MILLISECONDS}",
    f"UPDATE elfe.command_order SET sent_ms = {MILLISECONDS}000, slot = {MILLISECONDS}",
    f"INSERT INTO elfe.hold (appliance_id, supply, since, until, origin, who) "
    f"VALUES (1, true, {MILLISECONDS}, {MILLISECONDS}, 'portal', '')",
    HARDWARE("nonsense"), HARDWARE("[]"), HARDWARE('{"root": 5}'), HARDWARE('{"root": "$SYS"}'), HARDWARE('{"root": "a\\tb"}'),
], ids=["deadline", "beginning", "order", "hold", "nonsense", "list", "number", "the broker's own", "tabulator"])
def test_what_somebody_else_has_written_of_one_appliance_stops_no_other(home: Home, statement: str, anew: bool) -> None:
    home.declare()
    home.live(seconds=2)
    ours(home, statement)
    if anew:
        begins_anew(home)

    assert drives_the_tank(home)


def test_what_cannot_be_read_of_a_device_is_told(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    ours(home, HARDWARE("nonsense"))
    home.live(minutes=2)

    assert "left alone: device A001: templates in elfe.hardware is no JSON object: 'nonsense'" in caplog.text


def test_an_order_in_the_words_of_another_version_stops_no_engine_from_beginning(
        home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.declare()
    home.live(seconds=2)
    ours(home, "UPDATE elfe.command_order SET why = 'of the next version', stage = 'sent'")
    begins_anew(home)

    assert drives_the_tank(home)
    assert "an order in the ledger cannot be read, it is left as it is" in caplog.text


def test_a_call_for_a_number_of_thousands_of_digits_calls_nobody(home: Home) -> None:
    home.broker.session().send(Publish("viriya/update/" + "9" * 5000, b""))

    assert drives_the_tank(home)


def test_power_behind_an_order_whose_appliance_is_gone_is_nobodys_proof(world: World) -> None:
    """Its plug was given to another machine just after the start, and the first one is measured no more."""
    world.tell(Said("D001", Measure(Quantity.POWER, 2.0)))
    world.change(a_pilot())
    world.now += timedelta(hours=2)
    world.after()
    world.tell(Said("D001", state(True)))
    assert world.order.why is Why.START
    del world.rows[1]
    world.change(evolve(a_pilot(2, mode=Mode.MANUAL), flexibility=None))

    assert world.tell(Said("D001", Measure(Quantity.POWER, 1900.0))) == []


def test_what_a_device_answers_while_another_program_holds_its_row_is_written_when_it_is_let_go(home: Home) -> None:
    if home.coordination.dialect.name == "sqlite":
        pytest.skip("SQLite knows no rows: whoever writes is alone")
    home.declare()
    home.service.step(home.now)                      # said; its answer is under way
    with home.coordination.begin() as theirs:
        theirs.exec_driver_sql("UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET nom_humain = 'x' WHERE id = 1")
        home.live(seconds=1)
        home.live(minutes=2)
        assert home.relay() is False
        assert [each.stage for each in home.orders()] == [Stage.SENT]
    home.live(minutes=1)

    (order,) = home.orders()
    assert (order.acknowledged_at, order.attempts, home.appliance().control) == (NOW + timedelta(seconds=2), 1, ControlState.OFF)


# -- a clock that ran ahead ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ahead", "waits"), [
    (timedelta(), False), (timedelta(minutes=15), True), (timedelta(days=1), True), (timedelta(days=1, minutes=15), False)])
def test_a_slot_that_is_over_is_waited_for_and_one_that_a_clock_has_made_which_ran_ahead_is_not(ahead, waits):
    assert is_behind(NOON, slot_of(NOON + ahead)) is waits


def test_a_clock_that_cannot_be_is_never_believed():
    assert is_behind(datetime(1970, 1, 2, tzinfo=NOON.tzinfo), slot_of(NOON))


def test_what_was_ordered_while_the_clock_ran_years_ahead_stands_in_nobodys_way(
        home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.now = NOW + timedelta(days=400)
    home.declare()
    home.live(seconds=2)
    assert home.orders(WASHER)
    home.now = NOW
    begins_anew(home)

    assert drives_the_tank(home)
    assert "it ran ahead then, and what it says now is believed" in caplog.text
