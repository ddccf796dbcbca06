"""Declaring: a deadline, a duration, mode 30 and an open flexibility, in one transaction."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from elfe.coordination import queries
from elfe.coordination.queries import CYCLE, EPOM, FLEXIBILITY, MACHINE
from elfe.coordination.values import CommandState, ControlState, Flexibility, Mode
from elfe.errors import DeclarationError
from elfe.slots import epoch_s
from tests.coordination.conftest import A_TANK, A_WASHER, NOW, Home

BY = NOW + timedelta(hours=8)
LASTS = timedelta(hours=2, minutes=30)
UNENFORCED = {"sqlite": "PRAGMA foreign_keys = OFF", "postgresql": "SET session_replication_role = replica"}
"""What makes one connection look away."""


@pytest.fixture
def washer(home: Home) -> int:
    """A washing machine of R004, in mode 20."""
    return home.provision(A_WASHER)[0].appliance_id


def set_mode(home: Home, mode: int) -> None:
    with home.engine.begin() as connection:
        connection.execute(EPOM.update().values(equipement_pilote_ou_mesure_mode_id=mode))


def the_machine(home: Home) -> tuple[int, datetime | None, timedelta]:
    machine = queries.machines(home.engine)[0]
    return machine.appliance.mode, machine.deadline, machine.lasts


def test_a_declaration_writes_deadline_duration_mode_and_instant_and_opens_a_flexibility(home: Home, washer: int) -> None:
    declared = queries.declare(home.engine, washer, BY, timedelta(hours=1), NOW)
    assert declared == Flexibility(1, washer, opened_at=NOW, deadline=BY, lasts=timedelta(hours=1))
    assert the_machine(home) == (Mode.PILOTED, BY, timedelta(hours=1))
    assert queries.appliances(home.engine)[0].programmed_at == NOW
    assert queries.open_flexibilities(home.engine) == [declared]


def test_without_a_duration_the_programme_keeps_its_own(home: Home, washer: int) -> None:
    assert queries.declare(home.engine, washer, BY, None, NOW).lasts == LASTS


def test_declaring_again_moves_the_deadline_of_the_same_flexibility(home: Home, washer: int) -> None:
    first = queries.declare(home.engine, washer, BY, None, NOW)
    second = queries.declare(home.engine, washer, BY + timedelta(days=2), timedelta(hours=3), NOW + timedelta(hours=1))
    assert (second.id, second.opened_at) == (first.id, NOW)
    assert (second.deadline, second.lasts) == (BY + timedelta(days=2), timedelta(hours=3))


def test_declaring_after_the_flexibility_was_closed_opens_another(home: Home, washer: int) -> None:
    first = queries.declare(home.engine, washer, BY, None, NOW)
    with home.engine.begin() as connection:
        queries.close_flexibilities(connection, [(first.id, "started")], NOW + timedelta(hours=1))
    assert queries.declare(home.engine, washer, BY, None, NOW + timedelta(hours=2)).id != first.id


def test_a_tank_is_piloted_without_a_deadline(home: Home) -> None:
    tank = home.provision(A_TANK)[0].appliance_id
    declared = queries.declare(home.engine, tank, None, None, NOW)
    assert (declared.deadline, declared.lasts) == (None, None)
    assert queries.water_heaters(home.engine)[0].appliance.mode == Mode.PILOTED


def test_a_machine_whose_programme_is_missing_gets_one(home: Home, washer: int) -> None:
    """The foreign key is inferred: a database that others made need not have it."""
    with home.engine.connect() as connection:
        connection.exec_driver_sql(UNENFORCED[home.engine.dialect.name])
        connection.execute(CYCLE.delete())
        connection.commit()
        connection.invalidate()
    queries.declare(home.engine, washer, BY, timedelta(hours=1), NOW)
    assert the_machine(home) == (Mode.PILOTED, BY, timedelta(hours=1))


@pytest.mark.parametrize("mode", [Mode.MEASURED, Mode.INSTALLING, Mode.DISABLED, Mode.REMOVED])
def test_an_appliance_that_nobody_may_move_cannot_be_declared(home: Home, washer: int, mode: Mode) -> None:
    set_mode(home, mode)
    with pytest.raises(DeclarationError, match=f"« Lave-linge » de R004 est en mode {mode:d} .* manuel"):
        queries.declare(home.engine, washer, BY, None, NOW)
    assert the_machine(home) == (mode, None, LASTS)


@pytest.mark.parametrize(("deadline", "lasts", "told"), [
    (None, LASTS, "il faut une heure de fin"),
    (NOW, LASTS, "déjà passée"),
    (BY, timedelta(), "entre 1 minute et 24 heures"),
    (BY, timedelta(hours=25), "entre 1 minute et 24 heures"),
])
def test_a_declaration_that_makes_no_sense_is_refused_whole(
        home: Home, washer: int, deadline: datetime | None, lasts: timedelta, told: str) -> None:
    with pytest.raises(DeclarationError, match=told):
        queries.declare(home.engine, washer, deadline, lasts, NOW)
    assert the_machine(home) == (Mode.MANUAL, None, LASTS)
    assert queries.open_flexibilities(home.engine) == []


def test_an_appliance_that_is_not_there_cannot_be_declared(home: Home) -> None:
    with pytest.raises(DeclarationError, match="aucun appareil n° 12"):
        queries.declare(home.engine, 12, BY, None, NOW)


def test_what_another_program_wrote_is_found_when_its_flexibility_is_opened(home: Home, washer: int) -> None:
    with home.engine.begin() as connection:
        connection.execute(MACHINE.update().values(timestamp_de_fin_souhaite=epoch_s(BY)))
        connection.execute(EPOM.update().values(equipement_pilote_ou_mesure_mode_id=Mode.PILOTED))
        queries.begin_flexibilities(connection, [washer], NOW)
        queries.begin_flexibilities(connection, [washer], NOW + timedelta(minutes=1))
    assert queries.open_flexibilities(home.engine) == [
        Flexibility(1, washer, opened_at=NOW, deadline=BY, lasts=LASTS)]


def test_a_closed_flexibility_keeps_how_it_was_closed(home: Home, washer: int) -> None:
    opened = queries.declare(home.engine, washer, BY, None, NOW)
    with home.engine.begin() as connection:
        queries.mark_started(connection, [(opened.id, NOW + timedelta(hours=1))])
        queries.close_flexibilities(connection, [(opened.id, "started")], NOW + timedelta(hours=1))
        queries.close_flexibilities(connection, [(opened.id, "left")], NOW + timedelta(hours=2))
    closed = queries.flexibilities(home.engine, since=NOW)[0]
    assert (closed.started_at, closed.closed_at, closed.outcome) == (
        NOW + timedelta(hours=1), NOW + timedelta(hours=1), "started")
    assert queries.open_flexibilities(home.engine) == []
    assert queries.flexibilities(home.engine, since=NOW + timedelta(hours=3)) == []


# -- writing an appliance ---------------------------------------------------------------------------------------------------


def test_an_appliance_is_written_only_in_the_modes_that_were_asked_for(home: Home, washer: int) -> None:
    with home.engine.begin() as connection:
        assert not queries.write_appliance(connection, washer, only_if_modes={Mode.PILOTED}, control=ControlState.OFF)
        assert queries.write_appliance(
            connection, washer, only_if_modes={Mode.MANUAL}, control=ControlState.OFF, command=CommandState.STANDING_BY,
            ems_order=False, last_started=NOW)
    found = queries.appliances(home.engine)[0]
    assert (found.control, found.command, found.ems_order, found.last_started) == (
        ControlState.OFF, CommandState.STANDING_BY, False, NOW)


def test_an_appliance_frozen_by_its_control_state_is_never_written(home: Home, washer: int) -> None:
    with home.engine.begin() as connection:
        connection.execute(EPOM.update().values(etat_controle_id=ControlState.UNREACHABLE))
        assert not queries.write_appliance(connection, washer, only_if_modes=Mode, command=CommandState.MANUAL_ON)


def test_the_mode_that_was_read_is_the_mode_until_the_transaction_ends(home: Home, washer: int) -> None:
    with ThreadPoolExecutor(1) as other_program, home.engine.begin() as connection:
        assert queries.mode_of(connection, washer) == Mode.MANUAL
        waiting = other_program.submit(set_mode, home, Mode.DISABLED)
        assert queries.write_appliance(connection, washer, only_if_modes={Mode.MANUAL}, ems_order=True)
        assert not waiting.done()
        connection.commit()
        waiting.result()
    assert queries.appliances(home.engine)[0].mode == Mode.DISABLED


def test_the_mode_of_what_is_not_there_is_none(home: Home) -> None:
    with home.engine.begin() as connection:
        assert queries.mode_of(connection, 12) is None


def test_only_active_off_peak_windows_count(home: Home) -> None:
    home.provision(A_TANK)
    with home.engine.begin() as connection:
        connection.execute(queries.OFF_PEAK.update().where(queries.OFF_PEAK.c.debut == 45_000).values(actif=False))
    assert [each.start_s for each in queries.water_heaters(home.engine)[0].windows] == [81_000]


def test_a_flexibility_survives_in_epoch_seconds(home: Home, washer: int) -> None:
    queries.declare(home.engine, washer, BY, None, NOW)
    with home.engine.connect() as connection:
        assert connection.execute(select(FLEXIBILITY.c.opened_at, FLEXIBILITY.c.deadline)).one() == (epoch_s(NOW), epoch_s(BY))
