"""The command engine's daemon on a real database, with the installed drivers and their twins on a mocked broker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from elfe.command import service, store
from elfe.command.leadership import Leadership
from elfe.command.orders import Cause, Stage, Why
from elfe.command.values import Said
from elfe.coordination import holds, queries
from elfe.coordination.values import CommandState, ControlState, Mode, Write
from elfe.devices.values import LocalControl
from tests.command.home import DISHWASHER, NOW, TANK, WASHER, Home, a_daemon, a_home, tells_the_engine


@pytest.fixture
def home(coordination_url: str, tmp_path: Path) -> Iterator[Home]:
    with a_home(coordination_url, tmp_path) as home:
        yield home


def test_a_declaration_cuts_the_plug_until_its_slot_and_writes_what_the_plug_said(home):
    home.declare()
    home.live(seconds=2)

    assert home.relay() is False
    found = home.appliance()
    assert (found.mode, found.control, found.command, found.ems_order) == (
        Mode.PILOTED, ControlState.OFF, CommandState.STANDING_BY, False)


def test_a_call_for_an_appliance_that_is_not_known_reads_all(home):
    home.sql("UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = 30 WHERE id = 1")
    home.broker.session().send(tells_the_engine(4711))
    home.live(seconds=2)

    assert home.relay() is False


def test_a_mode_that_another_program_writes_does_the_same(home):
    home.sql("UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = 30 WHERE id = 1")
    home.live(minutes=1)
    home.live(seconds=1)

    assert home.relay() is False
    assert [each.appliance_id for each in queries.open_flexibilities(home.coordination)] == [WASHER]


def test_its_slot_starts_it_and_gives_it_back_to_its_participant(home):
    home.declare()
    home.live(seconds=2)
    home.plan(WASHER, 0, 1)
    home.live(minutes=15)
    home.draw("A001", 1900)

    found = home.appliance()
    assert home.relay() is True
    assert (found.mode, found.control, found.command, found.ems_order, found.last_started) == (
        Mode.MANUAL, ControlState.ON, CommandState.MANUAL_ON, True, home.now)
    start = next(each for each in home.orders() if each.why is Why.START)
    assert (start.stage, start.cause) == (Stage.PROVED, Cause.PROVED)
    closed = queries.flexibilities(home.coordination, NOW)[0]
    assert (closed.outcome, closed.started_at, closed.closed_at) == ("started", home.now, home.now)


def test_the_ledger_tells_an_orders_whole_life(home):
    home.declare()
    home.live(seconds=2)
    home.live(seconds=40)
    home.live(minutes=15)

    told = [each.what for each in store.history(home.coordination, home.orders()[0].id)]
    assert told == ["recorded", "sent", "acknowledged", "proved", "settled"]


def test_a_tank_is_switched_every_quarter_as_its_mask_says(home):
    home.plan(TANK, 1, 0, 1)
    home.declare(TANK)
    home.live(seconds=1)
    relays = [home.relay("D001")]
    for _ in range(2):
        home.live(minutes=15)
        relays.append(home.relay("D001"))

    assert relays == [False, True, False]          # inverted: open means supplied
    assert [each.acknowledged_at is not None for each in home.orders(TANK)] == [True] * 3


@pytest.mark.parametrize("mode", [1, 10, 70, 80])
def test_w1_a_mode_that_forbids_it_stops_everything_even_when_the_portal_calls(home, mode):
    home.declare()
    home.live(seconds=2)
    before = len(home.orders())
    home.sql(f"UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = {mode} "
             "WHERE id = 1")
    home.broker.session().send(tells_the_engine(WASHER))
    home.live(minutes=20)

    assert (home.relay(), len(home.orders())) == (False, before)
    assert queries.open_flexibilities(home.coordination) == []


def test_going_back_to_manual_gives_the_power_back(home):
    home.declare()
    home.live(seconds=2)
    home.sql("UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = 20 WHERE id = 1")
    home.live(minutes=2)

    assert home.relay() is True
    assert queries.flexibilities(home.coordination, NOW)[0].outcome == "given back"


def test_g4_a_press_on_the_plug_is_a_persons_will(home):
    home.declare()
    home.live(minutes=2)
    twin, session = home.twins["A001"]
    for said in twin.press_button(home.now):
        session.send(said)
    home.live(minutes=20)

    assert home.relay() is True
    assert home.appliance().mode == Mode.MANUAL


@pytest.mark.parametrize("anew", [False, True], ids=["", "and an engine begins"])
def test_while_the_plans_cannot_be_read_declarations_are_seen_and_deadlines_kept(home, anew, caplog):
    home.plan(TANK, 0)
    home.live(minutes=1)
    with home.sortie.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE result RENAME TO gone")
    if anew:
        home.service.close()
        home.service, home.session = a_daemon(home.coordination, home.sortie, home.broker)
    home.declare()
    home.declare(DISHWASHER, hours=0.5)
    home.live(seconds=2)
    home.live(minutes=1)
    assert home.relay() is False
    assert [each.why for each in home.orders(DISHWASHER) if each.acknowledged_at] == [Why.START]
    assert caplog.text.count("the plans cannot be read") == 1

    with home.sortie.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO result")
    home.live(minutes=1)
    assert "the plans can be read again" in caplog.text


def test_f1_an_engine_that_is_killed_goes_on_where_it_was(home):
    home.declare()
    home.service.step(home.now)
    home.broker.sessions.remove(home.session)              # killed: nothing is closed, nothing is said
    sent = [each for each in home.orders() if each.stage is Stage.SENT]
    home.service._leadership.release()
    home.service, home.session = a_daemon(home.coordination, home.sortie, home.broker)
    home.live(seconds=1)

    assert len(sent) == 1
    assert [each.id for each in home.orders()] == [sent[0].id]
    assert home.orders()[0].heard


def test_a7_a_second_engine_publishes_nothing_until_the_first_is_gone(home):
    second, session = a_daemon(queries.open_coordination(home.coordination.url.render_as_string(hide_password=False)),
                               home.sortie, home.broker)
    home.declare()
    second.step(home.now)
    assert sum(session.sent.values()) == 0

    home.service._leadership.release()
    home.broker.sessions.remove(home.session)
    home.service, home.session = second, session
    home.live(seconds=1)
    assert session.sent["shellies/shellyplug-s-A8BC25/relay/0/command"] == 1


def test_an_engine_that_lost_the_lead_forgets_what_it_knew_and_reads_it_again(home, monkeypatch):
    home.declare()
    home.live(seconds=2)
    monkeypatch.setattr(Leadership, "held", lambda self: False)
    home.live(minutes=1)
    assert home.service.engine.live == {}

    monkeypatch.undo()
    home.live(seconds=10)
    assert [each.id for each in home.service.engine.live.values()] == [each.id for each in home.orders()]
    assert home.service.engine.connected


@contextmanager
def no_transaction(home):
    """The database answers questions, and begins nothing."""
    def away(self):
        raise OperationalError("BEGIN", {}, ConnectionError("away"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(home.coordination), "begin", away)
        yield


def test_e3_while_the_database_is_away_nothing_is_sent_and_what_happened_is_written_later(home):
    home.declare()
    home.live(seconds=2)
    with no_transaction(home):
        sent = home.session.sent.total()
        home.live(minutes=15)
        assert home.session.sent.total() == sent

    home.live(minutes=1)
    home.live(seconds=1)
    first, *others = home.orders()
    assert not first.live
    assert others
    assert home.relay() is False


def test_e3_what_was_kept_is_written_before_what_happens_next(home):
    """Else the row of an order that has ended lives again, and what was pressed is pressed again by the next engine."""
    home.declare()
    home.live(seconds=2)
    with no_transaction(home):
        home.live(minutes=2)
        home.draw("A001", 0)
    twin, session = home.twins["A001"]
    for said in twin.press_button(home.now):
        session.send(said)
    home.live(seconds=1)
    home.live(minutes=2)

    assert [each.stage for each in home.orders()] == [Stage.OVERRIDDEN]


def test_of_many_orders_each_step_records_some_and_says_them_and_the_next_the_rest(home, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    for each in (WASHER, DISHWASHER, TANK):
        home.declare(each)
    steps = [home.service.step(home.now) for _ in range(2)]

    assert steps == [home.now, home.now]                     # there is more to do at once
    assert [each.stage for each in store.orders(home.coordination)] == [Stage.SENT, Stage.SENT]

    home.live()
    assert {each.appliance_id for each in store.orders(home.coordination)} == {WASHER, DISHWASHER, TANK}
    assert all(each.heard for each in store.orders(home.coordination))
    assert home.service.step(home.now) > home.now


def test_e3_orders_that_were_still_to_be_recorded_when_the_database_went_are_wanted_again(home, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    home.declare()
    home.declare(TANK)
    home.service.step(home.now)
    with no_transaction(home):
        waits = home.service.step(home.now)
    assert waits > home.now
    assert len(store.orders(home.coordination)) == len(home.service.engine.live) == 1

    home.live(minutes=1)
    home.live(seconds=1)
    assert {each.appliance_id for each in store.orders(home.coordination)} == {WASHER, TANK}
    assert (home.relay(), home.relay("D001")) == (False, False)


def test_who_lost_the_lead_records_nothing_of_what_waited(home, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    home.declare()
    home.declare(TANK)
    home.service.step(home.now)
    (waited,) = [each.id for each in home.service.engine.live.values() if each.recorded_at is None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Leadership, "held", lambda self: False)
        home.live(seconds=10)
    home.live(seconds=10)

    orders = {each.appliance_id: each.id for each in store.orders(home.coordination)}
    assert set(orders) == {WASHER, TANK}
    assert waited not in orders.values()      # who leads again wants it anew


def test_what_waited_until_its_slot_was_over_is_not_recorded(home, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    for each in (WASHER, DISHWASHER, TANK):
        home.declare(each)
    home.service.step(home.now)
    home.live(minutes=15)
    home.live(seconds=1)

    assert {each.id for each in store.orders(home.coordination, live=True)} == {
        each.id for each in home.service.engine.live.values()}


def test_a_hold_goes_before_an_order_that_waits(home, monkeypatch):
    monkeypatch.setattr(service, "AT_ONCE", 1)
    home.plan(TANK, 0)
    home.declare()
    home.declare(TANK)
    home.service.step(home.now)
    with home.coordination.begin() as connection:
        holds.put(connection, TANK, None, home.now, None, holds.Origin.CENTRE)
    home.broker.session().send(tells_the_engine(TANK))
    before = home.commands_to("D001")
    home.live(seconds=1)

    assert home.commands_to("D001") == before


def test_what_it_wrote_itself_is_known_as_it_would_be_read(home):
    home.declare()
    home.declare(TANK)
    home.plan(TANK, 0, 1)
    for _ in range(4):
        home.live(minutes=5)
        assert {id: pilot.appliance for id, pilot in home.service.engine.pilots.items()} == {
            each.id: each for each in queries.appliances(home.coordination)}


def test_a_mode_that_somebody_wrote_meanwhile_is_seen_when_we_write(home):
    """Before the next reading: our own row tells it."""
    home.plan(TANK, 1)
    home.declare(TANK)
    home.service.step(home.now)
    set_mode(home, Mode.MANUAL)
    home.service._perform([Write(TANK, frozenset({Mode.MANUAL, Mode.PILOTED}), control=ControlState.ON)], home.now)
    home.service._run(home.service._read_back(home.now), home.now)

    assert home.service.engine.pilots[TANK].appliance.mode == Mode.MANUAL


def test_e2_an_order_whose_commit_nobody_answered_is_found_and_ends_as_every_other(home, monkeypatch):
    home.declare()
    dialect = home.coordination.dialect
    commit = dialect.do_commit

    def unanswered(connection):
        commit(connection)
        raise dialect.dbapi.OperationalError("the connection broke during COMMIT")

    monkeypatch.setattr(dialect, "do_commit", unanswered)
    home.live()
    monkeypatch.setattr(dialect, "do_commit", commit)
    assert [each.stage for each in home.orders()] == [Stage.RECORDED]
    assert queries.take_back(home.coordination, WASHER)
    home.live(minutes=1)

    assert [(each.why, each.stage) for each in home.orders()[:1]] == [(Why.WAIT, Stage.SUPERSEDED)]


def test_a3_the_broker_away_means_no_order_is_sent_late(home):
    home.plan(TANK, 1, 0, 0, 1)
    home.declare(TANK)
    home.live(seconds=2)
    home.session.lose("gone")
    home.live(minutes=15)
    home.live(minutes=15)
    home.session.regain()
    home.broker.log.clear()
    home.live(minutes=15)
    said = [each.payload for each in home.broker.log if b"Switch.Set" in each.payload]

    assert len(said) == 1                           # of four quarters, the present one's
    assert home.relay("D001") is False              # inverted: it has its supply
    assert [(each.stage, each.cause) for each in home.orders(TANK)[1:2]] == [(Stage.EXPIRED, Cause.BROKER_AWAY)]


# -- people, on a real database ---------------------------------------------------------------------------------------------


def local(home, taken: bool) -> None:
    home.service._run([Said("D001", LocalControl(taken))], home.now)
    home.live(seconds=6)


def set_mode(home, mode: int, id: int = TANK) -> None:
    home.sql(f"UPDATE bdd_coordination_schema.equipement_pilote_ou_mesure SET equipement_pilote_ou_mesure_mode_id = {mode} "
             f"WHERE id = {id}")


@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.PILOTED])
def test_w3_what_was_taken_over_at_the_unit_gets_back_the_mode_that_it_had(home, mode):
    set_mode(home, mode)
    home.live(minutes=1)
    local(home, True)
    assert home.appliance(TANK).mode == Mode.DISABLED
    assert list(holds.taken_over(home.coordination)) == [TANK]

    local(home, False)
    assert home.appliance(TANK).mode == mode
    assert holds.taken_over(home.coordination) == {}


def test_w3_an_operators_own_70_is_never_lifted_by_a_unit(home):
    set_mode(home, Mode.DISABLED)
    home.live(minutes=1)
    local(home, True)
    local(home, False)

    assert home.appliance(TANK).mode == Mode.DISABLED


def test_w3_what_an_operator_decided_while_the_unit_was_local_stands(home):
    set_mode(home, Mode.PILOTED)
    home.live(minutes=1)
    local(home, True)
    set_mode(home, Mode.REMOVED)
    local(home, False)

    assert home.appliance(TANK).mode == Mode.REMOVED


def test_a_hold_on_everything_stops_every_order_and_release_gives_every_home_its_service(home):
    home.plan(TANK, 0, 0, 0, 0)
    home.live(minutes=1)
    home.declare(TANK)
    home.declare(WASHER)
    home.live(seconds=2)
    assert (home.relay("D001"), home.relay("A001")) == (True, False)         # the tank's relay is inverted: both are cut

    with home.coordination.begin() as connection:
        holds.put(connection, None, None, home.now, None, holds.Origin.CENTRE)
    home.live(minutes=1)
    before = len(store.orders(home.coordination))
    for _ in range(30):                                      # each device speaks meanwhile
        home.live(minutes=1)
    assert len(store.orders(home.coordination)) == before

    with home.coordination.begin() as connection:
        holds.put(connection, None, True, home.now, None, holds.Origin.CENTRE)
    home.live(minutes=1)
    home.live(seconds=1)
    assert (home.relay("D001"), home.relay("A001")) == (False, True)
    assert {each.why for each in store.orders(home.coordination)[before:]} == {Why.HOLD}

    with home.coordination.begin() as connection:
        assert holds.end(connection, None, home.now)
    for _ in range(11):                                      # no relay is switched twice within ten minutes for a plan
        home.live(minutes=1)
    home.live(seconds=1)
    assert (home.relay("D001"), home.relay("A001")) == (True, False)


def switched(home) -> int:
    return sum(b"Switch.Set" in each.payload for each in home.broker.log)


def test_nothing_is_said_against_a_hold_that_is_older_than_what_makes_us_say_it(home):
    """An engine that has slept is let in by the broker again, and reads the database, at once."""
    del home.twins["D001"]      # it does not answer
    home.plan(TANK, 0, 0)
    home.declare(TANK)
    home.live(seconds=2)
    home.session.lose("it slept")
    with home.coordination.begin() as connection:
        holds.put(connection, None, None, home.now, None, holds.Origin.CENTRE)
    before = switched(home)
    home.session.regain()
    home.live(minutes=1)

    assert home.orders(TANK)[0].attempts == 1
    assert switched(home) == before


def test_g4_a_tank_switched_at_its_relay_is_held_in_the_database_until_it_ends_by_itself(home):
    home.plan(TANK, *(0,) * 96)
    home.declare(TANK)
    home.live(minutes=2)
    twin, session = home.twins["D001"]
    for said in twin.press_button(home.now):
        session.send(said)
    home.live(seconds=1)
    (hold,) = holds.in_force(home.coordination, home.now)
    assert (hold.appliance_id, hold.supply, hold.origin) == (TANK, None, "device")

    home.live(minutes=30)
    assert home.relay("D001") is False
    home.live(hours=1, minutes=20)
    home.plan(TANK, *(0,) * 96)
    home.live(minutes=20)
    home.live(seconds=1)
    assert home.relay("D001") is True
