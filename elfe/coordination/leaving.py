"""Departures' edge: what somebody who leaves or moves leaves behind in the coordination database, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, delete, insert, select, update

from elfe.coordination import abilities, announced, holds, states, tables, visits
from elfe.coordination.kinds import programme
from elfe.coordination.lifecycle import GONE, Leaving, Retired
from elfe.coordination.queries import CYCLE, DEVICE, EPOM, FLEXIBILITY, HARDWARE, MACHINE, OFF_PEAK, PARTICIPANT, TANK
from elfe.coordination.store import NOTHING
from elfe.coordination.values import Mode
from elfe.slots import epoch_s


def _table(row: Any) -> Table:
    table: Table = row.__table__
    return table


ERASED = "appareil retiré"
CAR, HEATING, CONTROLLED_HEATING, METER = (_table(each) for each in (
    tables.CarRow, tables.HeatingRow, tables.ControlledHeatingRow, tables.MeterRow))
NO_PROGRAMME = {name: bool(value) if name.endswith("_actif") else value for name, value in programme((), ()).items()}
UNDECLARED: Mapping[Table, Mapping[str, object]] = {
    MACHINE: {"timestamp_de_fin_souhaite": 0},
    CAR: {"timestamp_dispo_souhaitee": 0, "pourcentage_charge_restant": 0, "duree_de_charge_estimee": 0},
}
"""Nothing is wanted for any instant."""
UNTOLD: Mapping[Table, Mapping[str, object]] = {
    CAR: {"pourcentage_charge_finale_minimale_souhaitee": 1},
    HEATING: NO_PROGRAMME,
    CONTROLLED_HEATING: {**NO_PROGRAMME, "temperature_confort": 1, "temperature_eco": 1},
    METER: {"numero_pdl": "0"},
}
"""Nothing tells how somebody lived: the least that the contract's CHECKs allow."""
WITH_SERIES: tuple[Table, ...] = tuple(table for table in tables.Base.metadata.sorted_tables
                                       if {"mesures_puissance_elec_id", "equipement_pilote_ou_mesure_id"} <= set(table.c.keys()))


def retired(engine: Engine) -> list[Retired]:
    """The hardware that has left its point, in order of time."""
    with engine.connect() as connection:
        return [Retired(row.device_id, row.type_id, row.hardware_id, row.until, row.reason) for row in connection.execute(
            select(HARDWARE).where(HARDWARE.c.until.is_not(None)).order_by(HARDWARE.c.until, HARDWARE.c.id))]


def leave(engine: Engine, leaving: Leaving, now: datetime) -> int:
    """Perform a departure or a move; returns the number of the departure, whose measures are still to be erased."""
    reference = leaving.participant.reference
    with engine.begin() as connection:
        _move(connection, leaving, now)
        removed = list(connection.scalars(select(EPOM.c.id).where(EPOM.c.utilisateur == reference)))      # those of mode 80 too
        points = {row.id: row.equipement_pilote_ou_mesure_id
                  for row in connection.execute(select(DEVICE).where(DEVICE.c.utilisateur == reference))}
        _remove(connection, removed, now)
        abilities.forget(connection, removed)
        holds.forget(connection, removed)
        _take_down(connection, list(points), now)
        states.forget(connection, points, closed_too=True)
        connection.execute(delete(states.VOLUNTEER).where(states.VOLUNTEER.c.reference == reference))
        for table in (announced.COHORT, announced.MAIL, announced.NO_MAIL):
            connection.execute(delete(table).where(table.c.reference == reference))
        visits.forget(connection, reference)
        connection.execute(delete(PARTICIPANT).where(PARTICIPANT.c.reference == reference))
        return states.depart(connection, reference, leaving.keeps_measures, points, now)


def _move(connection: Connection, leaving: Leaving, now: datetime) -> None:
    """What goes along: its points, hardware and measures with it, and nothing that was declared or that the old home subscribes."""
    if not leaving.to:
        return
    if not leaving.known_there:
        connection.execute(insert(PARTICIPANT).values(
            reference=leaving.to, email=leaving.participant.email, observer=bool(leaving.participant.observer)))
    moved = [each.id for each in leaving.moved]
    points = [device.point for each in leaving.moved for device in each.devices]
    connection.execute(update(EPOM).where(EPOM.c.id.in_(moved)).values(utilisateur=leaving.to))
    connection.execute(update(DEVICE).where(DEVICE.c.id.in_(points)).values(utilisateur=leaving.to))
    connection.execute(update(EPOM).where(EPOM.c.id.in_(moved), EPOM.c.equipement_pilote_ou_mesure_mode_id == Mode.PILOTED)
                       .values(equipement_pilote_ou_mesure_mode_id=Mode.MANUAL, ems_consigne_marche=False))
    _undeclare(connection, moved, now, "moved")
    if connection.scalar(select(states.VOLUNTEER.c.since).where(
            states.VOLUNTEER.c.reference == leaving.participant.reference)) is not None:
        states.enlist(connection, leaving.to, now)


def _remove(connection: Connection, appliances: list[int], now: datetime) -> None:
    connection.execute(update(EPOM).where(EPOM.c.id.in_(appliances)).values(
        equipement_pilote_ou_mesure_mode_id=Mode.REMOVED, ems_consigne_marche=False, nom_humain=ERASED, description=NOTHING,
        utilisateur=GONE, timestamp_derniere_mise_en_marche=0, timestamp_derniere_programmation=0))
    _undeclare(connection, appliances, now, "left")
    machines = select(MACHINE.c.id).where(MACHINE.c.equipement_pilote_ou_mesure_id.in_(appliances))
    connection.execute(update(CYCLE).where(CYCLE.c.equipement_pilote_machine_generique_id.in_(machines)).values(
        nom=NOTHING, description=NOTHING, timestamp_dernier_declenchement=0))
    tanks = select(TANK.c.id).where(TANK.c.equipement_pilote_ou_mesure_id.in_(appliances))
    connection.execute(delete(OFF_PEAK).where(OFF_PEAK.c.equipement_pilote_ballon_ecs_id.in_(tanks)))
    _blank(connection, appliances, UNTOLD)


def _undeclare(connection: Connection, appliances: list[int], now: datetime, outcome: str) -> None:
    _blank(connection, appliances, UNDECLARED)
    connection.execute(update(FLEXIBILITY).where(FLEXIBILITY.c.appliance_id.in_(appliances), FLEXIBILITY.c.closed_at.is_(None))
                       .values(closed_at=epoch_s(now), outcome=outcome))


def _blank(connection: Connection, appliances: list[int], blanks: Mapping[Table, Mapping[str, object]]) -> None:
    for table, values in blanks.items():
        connection.execute(update(table).where(table.c.equipement_pilote_ou_mesure_id.in_(appliances)).values(values))


def take_away(engine: Engine, appliances: Iterable[int], now: datetime, reason: str) -> None:
    """Appliances that never went into service leave as they came: mode 80, their points nobody's."""
    gone = list(appliances)
    with engine.begin() as connection:
        points = list(connection.scalars(select(DEVICE.c.id).where(DEVICE.c.equipement_pilote_ou_mesure_id.in_(gone),
                                                                   DEVICE.c.utilisateur_affecte)))
        connection.execute(update(EPOM).where(EPOM.c.id.in_(gone)).values(
            equipement_pilote_ou_mesure_mode_id=Mode.REMOVED, ems_consigne_marche=False))
        _undeclare(connection, gone, now, "removed")
        _take_down(connection, points, now, reason)


def _take_down(connection: Connection, points: list[str], now: datetime, reason: str = "départ") -> None:
    """The points are nobody's, their hardware is in its box again."""
    connection.execute(update(DEVICE).where(DEVICE.c.id.in_(points)).values(utilisateur=GONE, utilisateur_affecte=False))
    connection.execute(update(HARDWARE).where(HARDWARE.c.device_id.in_(points), HARDWARE.c.until.is_(None))
                       .values(until=epoch_s(now), reason=reason))
    states.forget(connection, points)


def follow_series(engine: Engine, appliance_id: int, series: int, kept: int) -> None:
    """What measured an appliance has gone to another series."""
    with engine.begin() as connection:
        for table in WITH_SERIES:
            connection.execute(update(table).where(table.c.equipement_pilote_ou_mesure_id == appliance_id,
                                                   table.c.mesures_puissance_elec_id == series)
                               .values(mesures_puissance_elec_id=kept))
