"""What the engine asks of the database, on SQLite and PostgreSQL: much at once, and what is refused harms nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from attrs import evolve
from sqlalchemy import Engine, update

from elfe.command import store
from elfe.command.journal import Locks
from elfe.command.leadership import Leadership
from elfe.command.orders import On, Order, Stage, Why
from elfe.command.values import CloseFlexibility, Known, MarkStarted, NotRecorded, OpenFlexibility, Record, Recorded, Save, TakeOver
from elfe.command.writing import Writer, after, sure, touched
from elfe.coordination import inventory, queries
from elfe.coordination import store as provisioning
from elfe.coordination.values import CommandState, ControlState, Flexibility, Mode, Write
from elfe.devices.drivers import load
from elfe.slots import slot_of
from tests.command.conftest import a_pilot
from tests.coordination.conftest import NOW, MemoryHistory, csv

PILOTED, BOTH = frozenset({Mode.PILOTED}), frozenset({Mode.MANUAL, Mode.PILOTED})
HOMES = 40


@pytest.fixture
def coordination(coordination_url: str) -> Iterator[Engine]:
    """Forty homes with a washing machine each, lent."""
    made = queries.open_coordination(coordination_url)
    queries.create_blank(made)
    drivers, history = load(), MemoryHistory()
    lines = [f"R{n:03};;Lave-linge;lave_linge;120;A{n:03};11;111;A8B{n:03};2h30;;;;" for n in range(1, HOMES + 1)]
    asked, problems = inventory.read(csv(*lines), drivers)
    provisioning.apply(made, provisioning.prepare(made, asked, problems, history), drivers, history, NOW)
    with made.begin() as connection:
        queries.write(connection, [Write(id, frozenset(Mode), mode=Mode.PILOTED) for id in range(1, HOMES + 1)])
        queries.begin_flexibilities(connection, range(1, HOMES + 1), NOW)
    yield made
    made.dispose()


@pytest.fixture
def writer(coordination: Engine) -> Writer:
    return Writer(coordination, Leadership(coordination))


def an_order(n: int, why: Why = Why.WAIT) -> Order:
    return Order(f"order {n}", f"A{n:03}", n, why, on=False, powers=False, slot=slot_of(NOW), flexibility_id=n, wanted_at=NOW)


def wanted(*numbers: int) -> list[Record]:
    return [Record(an_order(n), Mode.PILOTED) for n in numbers]


def test_what_is_wanted_of_many_homes_is_recorded_as_one_and_only_in_the_mode_that_allows_it(writer, coordination):
    with coordination.begin() as connection:
        queries.write(connection, [Write(7, PILOTED, mode=Mode.DISABLED)])

    found = writer.write(wanted(*range(1, HOMES + 1)), NOW)

    assert found.answers == [NotRecorded("order 7") if n == 7 else Recorded(f"order {n}") for n in range(1, HOMES + 1)]
    assert len(store.orders(coordination)) == HOMES - 1


def test_an_order_that_exists_is_known_with_what_became_of_it(writer, coordination):
    writer.write(wanted(1, 2), NOW)
    again = [evolve(each, order=evolve(each.order, id=f"again {each.order.id}")) for each in wanted(1, 2, 3)]

    first, second, third = writer.write(again, NOW).answers

    assert [type(each) for each in (first, second, third)] == [Known, Known, Recorded]
    assert (first.earlier.id, first.earlier.stage) == ("order 1", Stage.RECORDED)


def test_rows_follow_and_every_event_is_kept_in_order(writer, coordination):
    writer.write(wanted(1, 2), NOW)
    recorded = [an_order(n).happens(On.RECORDS, NOW) for n in (1, 2)]
    sent = [each.said(NOW, timedelta(seconds=2)) for each in recorded]
    heard = [each.happens(On.ECHOES, NOW + timedelta(seconds=1)) for each in sent]
    writer.write([*(Save(each, On.SENDS, NOW) for each in sent), *(Save(each, On.ECHOES, NOW, "é\\\"") for each in heard)], NOW)

    assert [(each.stage, each.acknowledged_at) for each in store.orders(coordination)] == [
        (Stage.ACKNOWLEDGED, NOW + timedelta(seconds=1))] * 2
    told = [(each.what, each.detail) for each in store.history(coordination, "order 2")]
    assert told == [("sent", ""), ("acknowledged", "é\\\"")]


def test_what_is_known_of_many_appliances_is_written_as_one_where_it_is_still_true(writer, coordination):
    on = Write(1, PILOTED, Mode.MANUAL, ControlState.ON, CommandState.MANUAL_ON, ems_order=True, last_started=NOW)
    off = Write(2, BOTH, control=ControlState.OFF)
    never = Write(3, frozenset({Mode.REMOVED}), control=ControlState.OFF)
    later = Write(1, PILOTED, control=ControlState.OFF)            # it is not piloted any more by then
    before = {each.id: each for each in queries.appliances(coordination, [1, 2, 3])}

    writer.write([on, off, never, later], NOW)

    after = {each.id: each for each in queries.appliances(coordination, [1, 2, 3])}
    assert (after[1].mode, after[1].control, after[1].command, after[1].ems_order, after[1].last_started) == (
        Mode.MANUAL, ControlState.ON, CommandState.MANUAL_ON, True, NOW)
    assert after[2] == evolve(before[2], control=ControlState.OFF)
    assert after[3] == before[3]


@pytest.mark.parametrize("written", [
    Write(1, PILOTED, control=ControlState.OFF),
    Write(1, BOTH, command=CommandState.MANUAL_ON, ems_order=True, last_started=NOW + timedelta(milliseconds=1700)),
    Write(1, BOTH, control=ControlState.ON, ems_order=False),
], ids=["one column", "the others", "false is written too"])
def test_after_one_write_an_appliance_is_known_as_it_would_be_read(writer, coordination, written):
    pilots = {1: evolve(a_pilot(1), appliance=queries.appliances(coordination, [1])[0])}
    modes = writer.write([written], NOW).modes

    assert sure([written], pilots, modes) == {1: written}
    assert after(pilots[1], written).appliance == queries.appliances(coordination, [1])[0]


@pytest.mark.parametrize(("effects", "modes"), [
    ([Write(1, BOTH, mode=Mode.MANUAL)], {1: Mode.MANUAL}),
    ([Write(1, BOTH, control=ControlState.ON)], {1: Mode.MANUAL}),
    ([Write(1, BOTH, control=ControlState.ON)], {}),
    ([Write(1, BOTH, control=ControlState.ON), Write(1, BOTH, control=ControlState.OFF)], {1: Mode.PILOTED}),
    ([Write(1, BOTH, control=ControlState.ON), TakeOver(1, "A001", taken=True)], {1: Mode.PILOTED}),
    ([Write(1, BOTH, control=ControlState.ON), MarkStarted(7, NOW)], {1: Mode.PILOTED}),
    ([Write(2, BOTH, control=ControlState.ON)], {2: Mode.PILOTED}),
], ids=["a mode", "another's mode", "not done", "two of them", "a person's", "its stay", "not one of ours"])
def test_anything_else_that_was_written_is_read_again(effects, modes):
    assert sure(effects, {1: a_pilot(1)}, modes) == {}


def test_a_mode_that_is_left_in_the_same_breath_forbids_the_order(writer):
    assert writer.write([*wanted(1), Write(1, PILOTED, mode=Mode.MANUAL)], NOW).answers == [NotRecorded("order 1")]


def test_flexibilities_start_end_and_begin_again(writer, coordination):
    writer.write([MarkStarted(1, NOW), CloseFlexibility(1, "started"), CloseFlexibility(1, "left"), CloseFlexibility(2, "left"),
                  OpenFlexibility(2), OpenFlexibility(3)], NOW)

    found = {each.id: each for each in queries.flexibilities(coordination, NOW - timedelta(days=1))}
    assert (found[1].outcome, found[1].started_at, found[1].closed_at) == ("started", NOW, NOW)
    assert found[2].outcome == "left"
    assert [each.appliance_id for each in queries.open_flexibilities(coordination, [1, 2, 3])] == [3, 2]


@pytest.mark.parametrize("poison", ["\0", "\ud800"], ids=["nul", "lone surrogate"])
def test_what_the_database_refuses_for_good_is_left_out_and_harms_nothing_else(writer, coordination, poison, caplog):
    writer.write(wanted(*range(1, 9)), NOW)
    said = [an_order(n).happens(On.RECORDS, NOW).said(NOW, timedelta(seconds=2)) for n in range(1, 9)]
    sent = [Save(each, On.SENDS, NOW, poison if each.appliance_id == 5 else "") for each in said]
    takes_nul = coordination.dialect.name == "sqlite" and poison == "\0"

    found = writer.write([*sent, *wanted(9)], NOW)

    assert found.answers == [Recorded("order 9")]
    assert [each.order.id for each in found.refused] == ([] if takes_nul else ["order 5"])
    stages = {each.id: each.stage for each in store.orders(coordination)}
    assert [id for id, stage in stages.items() if stage is Stage.RECORDED] == ([] if takes_nul else ["order 5"]) + ["order 9"]
    assert ("refuses it for good" in caplog.text) is not takes_nul


def test_a_persons_own_will_keeps_its_place_among_what_is_written(writer, coordination):
    writer.write([TakeOver(1, "A001", taken=True), Write(1, PILOTED, mode=Mode.MANUAL), *wanted(1, 2)], NOW)
    assert [each.mode for each in queries.appliances(coordination, [1, 2])] == [Mode.DISABLED, Mode.PILOTED]
    assert [each.id for each in store.orders(coordination)] == ["order 2"]


def test_who_is_held_by_another_program_waits_with_all_that_concerns_it_and_no_other_does(writer, coordination):
    if coordination.dialect.name == "sqlite":
        pytest.skip("SQLite knows no rows: whoever writes is alone")
    writer.write(wanted(1, 2), NOW)
    stays = {id: a_pilot(id, flexibility=Flexibility(id, id, NOW)) for id in (1, 2)}
    said = [an_order(n).happens(On.RECORDS, NOW).said(NOW, timedelta(seconds=2)) for n in (1, 2)]
    closing = [CloseFlexibility(1, "started"), CloseFlexibility(2, "started"), Write(1, PILOTED, mode=Mode.MANUAL)]
    starts = [Record(evolve(an_order(n, Why.START), id=f"start {n}"), Mode.PILOTED) for n in (1, 2)]
    with coordination.begin() as theirs:
        theirs.execute(update(queries.EPOM).where(queries.EPOM.c.id == 1).values(nom_humain="x"))
        found = writer.write([*(Save(each, On.SENDS, NOW) for each in said), *closing, *starts], NOW, stays)

    assert found.answers == [Recorded("start 2"), NotRecorded("start 1")]
    assert (found.locked, found.free) == ({1}, {2})
    assert found.held == [Save(said[0], On.SENDS, NOW), closing[0], closing[2]]
    assert [each.appliance_id for each in queries.open_flexibilities(coordination, [1, 2])] == [1]


def test_what_comes_later_of_who_waits_waits_behind_it(writer, coordination):
    later = Write(1, PILOTED, control=ControlState.OFF)
    assert writer.write([later, Write(2, PILOTED, control=ControlState.OFF)], NOW, waiting=frozenset({1})).held == [later]
    assert [each.control for each in queries.appliances(coordination, [1, 2])] == [15, 25]


def test_a_row_that_is_held_is_told_after_ten_seconds_and_once_and_again_when_it_is_free():
    locks = Locks()
    told = [len(list(locks.lines({1}, set(), NOW + timedelta(seconds=s)))) for s in (0, 9.9, 10, 11)]
    assert told == [0, 0, 1, 0]
    assert list(locks.lines(set(), {1, 2}, NOW)) == ["the row of appliance 1 is free again: it is driven"]
    assert list(locks.lines({1}, set(), NOW + timedelta(seconds=12))) == []


def test_touched_are_the_appliances_of_which_something_else_is_true_now():
    effects = [Write(1, PILOTED), OpenFlexibility(2), TakeOver(3, "A003", taken=True), Save(an_order(4), On.SENDS, NOW)]
    assert touched(effects, {}) == {1, 2, 3}
