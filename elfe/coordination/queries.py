"""The edge of the coordination database: each function takes an engine or a connection and returns values.

One conversion per direction stands next to its query. Foreign programs write the same columns at any time: no row is kept here.
Only what a row was made into is, for the next time that it is found as it was: of a territory that is most of them.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Row, Select, Table, false, func, insert, select, update

from elfe import database, migrations
from elfe.coordination import abilities, announced, holds, ledger, reference, states, tables, visits
from elfe.coordination.values import (
    Appliance,
    CommandState,
    ControlState,
    Flexibility,
    Heating,
    InstalledDevice,
    Machine,
    Mode,
    OffPeak,
    Room,
    Vehicle,
    WaterHeater,
    Week,
    Write,
)
from elfe.database import ROWS, among, among_those, insert_given, to_come, told, told_of
from elfe.errors import DeclarationError
from elfe.slots import epoch_s, instant

T = TypeVar("T")
log = logging.getLogger("elfe.coordination")
metadata = tables.Base.metadata
WITH = (abilities, announced, holds, ledger, states, visits)      # whose tables stand in the same database
VERSIONED = migrations.Versioned("coordination", metadata, Path(__file__).parent / "migrations",
                                 migrations.versions(metadata, "coordination"))


def _table(row: Any) -> Table:
    table: Table = row.__table__
    return table


EPOM = _table(tables.ApplianceRow)
MACHINE, CYCLE = _table(tables.MachineRow), _table(tables.CycleRow)
TANK, OFF_PEAK = _table(tables.WaterHeaterRow), _table(tables.OffPeakRow)
VEHICLE, HEATING, ROOM = (_table(each) for each in (tables.CarRow, tables.HeatingRow, tables.ControlledHeatingRow))
DEVICE, HARDWARE = _table(tables.DeviceRow), _table(tables.HardwareRow)
FLEXIBILITY = _table(tables.FlexibilityRow)
PARTICIPANT = _table(tables.ParticipantRow)

ENUMERATIONS: tuple[tuple[Table, tuple[reference.Code, ...]], ...] = (
    (tables.ApplianceTypes, reference.APPLIANCE_TYPES),
    (tables.Modes, reference.MODES),
    (tables.ControlStates, reference.CONTROL_STATES),
    (tables.CommandStates, reference.COMMAND_STATES),
    (tables.Typologies, reference.TYPOLOGIES),
    (tables.DeviceTypes, reference.DEVICE_TYPES),
    (tables.Usages, reference.USAGES),
    (_table(tables.ThermalModelRow), reference.THERMAL_MODELS),
)
_SOME = select(EPOM).order_by(EPOM.c.id)
KEPT = 2**18
"""Of so many rows it is known what they were made into: more than a territory has of a kind, for each engine reads all of them, and
of more than that none would be found."""
LONGEST_CYCLE = timedelta(hours=24)
DAY_S = 86_400
ZERO_C = 273.15


# -- the database itself ---------------------------------------------------------------------------------------------


def open_coordination(url: str) -> Engine:
    """An engine on the coordination database; it is neither created nor checked."""
    return database.connect(url, metadata)


def create_blank(engine: Engine) -> None:
    """Tables and reference rows, where they are missing."""
    migrations.create(engine, VERSIONED)
    _put_reference_rows(engine)


def upgrade(engine: Engine) -> list[tuple[str, str]]:
    """Bring the database up to date, reference rows included; returns the revisions that it lacked."""
    done = migrations.upgrade(engine, VERSIONED)
    _put_reference_rows(engine)
    return done


def _put_reference_rows(engine: Engine) -> None:
    with engine.begin() as connection:
        for table, rows in reference_rows():
            connection.execute(database.insert(connection, table).on_conflict_do_nothing(), rows)


def reference_rows() -> list[tuple[Table, list[dict[str, int | str]]]]:
    """The rows of the enumerations, in the words of their columns."""
    return [(table, [{name: value for name, value in _words(each).items() if name in table.c} for each in codes])
            for table, codes in ENUMERATIONS]


def _words(code: reference.Code) -> dict[str, int | str]:
    return {"id": code.id, "nom": code.name, "nom_humain": code.human_name, "description": code.description}


# -- appliances --------------------------------------------------------------------------------------------------------


def appliances(engine: Engine, of: Collection[int] | None = None, homes: Collection[str] | None = None) -> list[Appliance]:
    """Appliances, some, those of some participants, or all, in the order of their id."""
    with engine.connect() as connection:
        wanted = _SOME if of is None else _some(connection.dialect.name)
        if homes is not None:
            wanted = wanted.where(among(connection, EPOM.c.utilisateur, homes))
        pausing = abilities.pausing(connection)
        found = connection.execute(wanted, {} if of is None else {ROWS: told_of(EPOM.c.id, of)})
        return [_appliance(row, row[0] in pausing) for row in found.all()]


@cache
def _some(dialect: str) -> Select[Any]:
    return _SOME.where(among_those(dialect, EPOM.c.id))


def subscribed_w(engine: Engine) -> dict[str, float]:
    """What the lent loads of a home may draw at once, W, by participant, of those of whom it is known."""
    known = PARTICIPANT.c.subscribed_w
    with engine.connect() as connection:
        return {row.reference: float(row.subscribed_w)
                for row in connection.execute(select(PARTICIPANT.c.reference, known).where(known > 0))}


def machines(engine: Engine, of: Collection[int] | None = None) -> list[Machine]:
    """The cycle machines, some or all, with their declared constraints."""
    wanted = (select(EPOM, MACHINE.c.timestamp_de_fin_souhaite, MACHINE.c.delai_attente_maximale_apres_fin,
                     MACHINE.c.mesures_puissance_elec_id, CYCLE.c.duree_cycle)
              .join(MACHINE, MACHINE.c.equipement_pilote_ou_mesure_id == EPOM.c.id)
              .outerjoin(CYCLE, CYCLE.c.id == MACHINE.c.cycle_equipement_pilote_machine_generique_id)
              .order_by(EPOM.c.id))
    with engine.connect() as connection:
        if of is not None:
            wanted = wanted.where(among(connection, EPOM.c.id, of))
        return _readable(connection.execute(wanted), lambda row: Machine(
            appliance=_appliance(row), deadline=_instant(row.timestamp_de_fin_souhaite),
            may_wait=timedelta(seconds=row.delai_attente_maximale_apres_fin),
            lasts=timedelta(seconds=row.duree_cycle or 0), power_series=row.mesures_puissance_elec_id))


def water_heaters(engine: Engine) -> list[WaterHeater]:
    """Every water heater with its active off-peak windows."""
    wanted = (select(EPOM, TANK.c.id.label("tank_id"), TANK.c.volume_ballon, TANK.c.puissance_chauffe,
                     TANK.c.mesures_puissance_elec_id)
              .join(TANK, TANK.c.equipement_pilote_ou_mesure_id == EPOM.c.id).order_by(EPOM.c.id))
    with engine.connect() as connection:
        windows: dict[int, list[OffPeak]] = defaultdict(list)
        for each in connection.execute(select(OFF_PEAK).where(OFF_PEAK.c.actif).order_by(OFF_PEAK.c.debut)):
            windows[each.equipement_pilote_ballon_ecs_id].append(_off_peak(each))
        return [
            WaterHeater(
                appliance=_appliance(row), volume_l=row.volume_ballon, power_w=row.puissance_chauffe,
                windows=tuple(windows[row.tank_id]), power_series=row.mesures_puissance_elec_id)
            for row in connection.execute(wanted)
        ]


def vehicles(engine: Engine, of: Collection[int] | None = None) -> list[Vehicle]:
    """The vehicles, some or all, with their declared constraints."""
    return _readable(_of_kind(engine, VEHICLE, of), lambda row: Vehicle(
        _appliance(row), row.pourcentage_charge_restant, row.pourcentage_charge_finale_minimale_souhaitee,
        _instant(row.timestamp_dispo_souhaitee), row.puissance_de_charge, row.capacite_de_batterie,
        row.mesures_puissance_elec_id))


def heatings(engine: Engine) -> list[Heating]:
    """Every heater with eco and comfort hours."""
    return [Heating(_appliance(row), row.puissance_moyenne_eco, row.puissance_moyenne_confort, row.pourcentage_eco_force,
                    _week(row), row.mesures_puissance_elec_id) for row in _of_kind(engine, HEATING)]


def rooms(engine: Engine) -> list[Room]:
    """Every heater that is switched by its room's temperature."""
    return _readable(_of_kind(engine, ROOM), lambda row: Room(
        _appliance(row), row.temperature_eco / 10 - ZERO_C, row.temperature_confort / 10 - ZERO_C,
        row.delta_temp_maximale_temp_demandee / 10, row.puissance, row.modele_thermique_id, _week(row),
        row.mesures_puissance_elec_id, row.mesure_temperature_id))


def _readable(rows: Iterable[Row[Any]], read: Callable[[Row[Any]], T]) -> list[T]:
    """The rows that can be read. SQLite takes text where a number is due: one such row costs its own appliance alone."""
    found = []
    for row in rows:
        try:
            found.append(read(row))
        except (TypeError, ValueError, OverflowError) as error:
            log.error("the row of appliance %s (%s) cannot be read: %s", row.id, row.nom_humain, error)
    return found


def _of_kind(engine: Engine, table: Table, of: Collection[int] | None = None) -> Sequence[Row[Any]]:
    """The rows of an appliance table with those of its appliances, some or all, by id."""
    own = [each for each in table.c if each.name not in EPOM.c]
    wanted = select(EPOM, *own).join(table, table.c.equipement_pilote_ou_mesure_id == EPOM.c.id).order_by(EPOM.c.id)
    with engine.connect() as connection:
        if of is not None:
            wanted = wanted.where(among(connection, EPOM.c.id, of))
        return connection.execute(wanted).all()


def _week(row: Row[Any]) -> Week:
    """The programme columns of a heater; a period that is not active is none."""
    def periods(days: str) -> tuple[OffPeak, ...]:
        roots = [f"prog_{days}_periode_{n}_confort" for n in (1, 2)]
        return tuple(OffPeak(getattr(row, f"{root}_heure_debut"), getattr(row, f"{root}_heure_fin")) for root in roots
                     if getattr(row, f"{root}_actif"))
    return Week(periods("semaine"), periods("weekend"))


def _off_peak(row: Row[Any]) -> OffPeak:
    """A window that crosses midnight ends beyond the day's last second, or before it starts: both are met."""
    return OffPeak(row.debut, row.fin - DAY_S if row.fin > DAY_S else row.fin)


def mode_of(connection: Connection, appliance_id: int) -> int | None:
    """The mode of an appliance at this very moment; nobody else writes its row until the transaction ends."""
    row = _locked(connection, appliance_id)
    return row.equipement_pilote_ou_mesure_mode_id if row else None


def modes_of(connection: Connection, appliance_ids: Collection[int]) -> dict[int, int]:
    """The modes of appliances at this very moment; nobody else writes their rows until the transaction ends."""
    if connection.dialect.name == "sqlite":      # whoever writes, even nothing, is alone there
        connection.execute(_WRITES_NOTHING)
    locked = connection.execute(_locks(connection.dialect.name), {ROWS: told_of(EPOM.c.id, appliance_ids)})
    return {row[0]: row[1] for row in locked}


def locked(connection: Connection, appliance_ids: Collection[int]) -> frozenset[int]:
    """Those whose rows another transaction holds at this moment; the others' are ours until this one ends. SQLite knows no rows."""
    if connection.dialect.name == "sqlite" or not appliance_ids:
        return frozenset()
    free = connection.execute(_takes(connection.dialect.name), {ROWS: told_of(EPOM.c.id, appliance_ids)}).scalars()
    missing = frozenset(appliance_ids) - set(free)
    return missing and frozenset(connection.execute(select(EPOM.c.id).where(among(connection, EPOM.c.id, missing))).scalars())


@cache
def _takes(dialect: str) -> Select[Any]:
    wanted = select(EPOM.c.id).where(among_those(dialect, EPOM.c.id))
    return wanted.order_by(EPOM.c.id).with_for_update(skip_locked=True)


_WRITES_NOTHING = update(EPOM).where(false()).values(
    equipement_pilote_ou_mesure_mode_id=EPOM.c.equipement_pilote_ou_mesure_mode_id)


@cache
def _locks(dialect: str) -> Select[Any]:
    wanted = select(EPOM.c.id, EPOM.c.equipement_pilote_ou_mesure_mode_id).where(among_those(dialect, EPOM.c.id))
    return wanted.order_by(EPOM.c.id).with_for_update()


def _locked(connection: Connection, appliance_id: int) -> Any:
    """An appliance's row, ours until the transaction ends: writing it as it is locks on both databases, reading on one."""
    as_it_is = {"equipement_pilote_ou_mesure_mode_id": EPOM.c.equipement_pilote_ou_mesure_mode_id}
    return connection.execute(update(EPOM).where(EPOM.c.id == appliance_id).values(as_it_is).returning(*EPOM.c)).first()


def write_appliance(connection: Connection, appliance_id: int, *, only_if_modes: Iterable[int],
                    mode: Mode | None = None, control: ControlState | None = None,
                    command: CommandState | None = None, ems_order: bool | None = None,
                    last_started: datetime | None = None) -> bool:
    """Write what is given, if the appliance is in one of the modes and not frozen by its control state 60."""
    only_in = frozenset(Mode(each) for each in only_if_modes)
    return bool(write(connection, [Write(appliance_id, only_in, mode, control, command, ems_order, last_started)]))


def write(connection: Connection, wanted: Iterable[Write]) -> dict[int, int]:
    """Likewise for many; what is written of one appliance keeps its order. Returns the modes, by appliance, of those of which it
    could be written."""
    alike: dict[frozenset[Mode], dict[int, dict[str, Any]]] = {}
    seen: set[int] = set()
    written: dict[int, int] = {}
    for each in wanted:
        if each.appliance_id in seen:
            written |= _write_alike(connection, alike)
            alike, seen = {}, set()
        seen.add(each.appliance_id)
        alike.setdefault(each.only_in, {})[each.appliance_id] = _columns(each)
    return written | _write_alike(connection, alike)


def _write_alike(connection: Connection, alike: Mapping[frozenset[Mode], Mapping[int, Mapping[str, Any]]]) -> dict[int, int]:
    written: dict[int, int] = {}
    for only_in, changes in alike.items():
        names = frozenset(name for change in changes.values() for name in change)
        rows = told({"id": id, **change} for id, change in changes.items())
        written |= {row[0]: row[1] for row in connection.execute(_changes(connection.dialect.name, only_in, names), {ROWS: rows})}
    return written


@cache
def _changes(dialect: str, only_in: frozenset[Mode], columns: frozenset[str]) -> Any:
    names, mode, control = sorted(columns), EPOM.c.equipement_pilote_ou_mesure_mode_id, EPOM.c.etat_controle_id
    rows = to_come(dialect, [EPOM.c.id, *(EPOM.c[name] for name in names)])
    statement = update(EPOM).where(EPOM.c.id == rows.c.id, control != ControlState.UNREACHABLE, mode.in_(sorted(only_in)))
    return statement.values({name: func.coalesce(rows.c[name], EPOM.c[name]) for name in names}).returning(EPOM.c.id, mode)


def _columns(wanted: Write) -> dict[str, Any]:
    """What is given, as the contract's columns."""
    changes = {
        "equipement_pilote_ou_mesure_mode_id": wanted.mode, "etat_controle_id": wanted.control, "etat_commande_id": wanted.command,
        "ems_consigne_marche": wanted.ems_order,
        "timestamp_derniere_mise_en_marche": wanted.last_started and epoch_s(wanted.last_started),
    }
    return {name: value for name, value in changes.items() if value is not None}


def _appliance(row: Row[Any], pauses: bool = False) -> Appliance:
    """From a row that begins with the columns of its appliance."""
    return _made_appliance(*_APPLIANCE(row), pauses)


_APPLIANCE = itemgetter(*(tuple(EPOM.c.keys()).index(name) for name in (
    "id", "nom_humain", "equipement_pilote_ou_mesure_type_id", "typologie_installation_domotique_id",
    "equipement_pilote_ou_mesure_mode_id", "etat_controle_id", "etat_commande_id", "utilisateur", "ems_consigne_marche",
    "timestamp_derniere_mise_en_marche", "timestamp_derniere_programmation")))


@lru_cache(KEPT)
def _made_appliance(id: int, name: str, type: int, typology: int, mode: int, control: int, command: int, participant: str,
                    ems_order: bool, last_started: int | None, programmed_at: int | None, pauses: bool) -> Appliance:
    return Appliance(id, name, type, typology, mode, control, command, participant, ems_order, _instant(last_started),
                     _instant(programmed_at), pauses)


def _instant(seconds: int | None) -> datetime | None:
    """The contract writes 0 for never."""
    return instant(seconds) if seconds else None


# -- flexibilities -------------------------------------------------------------------------------------------------------


def open_flexibilities(engine: Engine, of: Collection[int] | None = None) -> list[Flexibility]:
    """The stays in mode 30 that are not over, of some appliances or of all."""
    with engine.connect() as connection:
        if of is None:
            return _flexibilities(connection, _OPEN)
        return _open_ones(connection, of)


def _open_ones(connection: Connection, of: Collection[int]) -> list[Flexibility]:
    return _flexibilities(connection, _open(connection.dialect.name), {ROWS: told_of(FLEXIBILITY.c.appliance_id, of)})


_OPEN = select(FLEXIBILITY).where(FLEXIBILITY.c.closed_at.is_(None)).order_by(FLEXIBILITY.c.id)


@cache
def _open(dialect: str) -> Select[Any]:
    return _OPEN.where(among_those(dialect, FLEXIBILITY.c.appliance_id))


def flexibilities(engine: Engine, since: datetime) -> list[Flexibility]:
    """The open ones, and those opened, started or closed since."""
    cut = epoch_s(since)
    with engine.connect() as connection:
        return _flexibilities(connection, select(FLEXIBILITY).where(
            FLEXIBILITY.c.closed_at.is_(None) | (FLEXIBILITY.c.opened_at >= cut) | (FLEXIBILITY.c.closed_at >= cut)
            | (FLEXIBILITY.c.started_at >= cut)).order_by(FLEXIBILITY.c.id))


def begin_flexibilities(connection: Connection, appliance_ids: Collection[int], now: datetime) -> None:
    """Appliances have entered mode 30: their flexibility, with what their rows declare; one that is open stays."""
    if appliance_ids:
        declared = _declared(connection, appliance_ids)
        rows = [{"appliance_id": id, "opened_at": epoch_s(now), "outcome": "", **declared[id]} for id in sorted(appliance_ids)]
        connection.execute(insert_given(connection, FLEXIBILITY, rows).on_conflict_do_nothing())


def _declared(connection: Connection, appliance_ids: Collection[int]) -> dict[int, dict[str, int | None]]:
    """Deadlines and durations as the machines' own rows have them; the contract writes 0 for none."""
    wanted = (select(MACHINE.c.equipement_pilote_ou_mesure_id, MACHINE.c.timestamp_de_fin_souhaite, CYCLE.c.duree_cycle)
              .outerjoin(CYCLE, CYCLE.c.id == MACHINE.c.cycle_equipement_pilote_machine_generique_id)
              .where(among(connection, MACHINE.c.equipement_pilote_ou_mesure_id, appliance_ids)))
    found: dict[int, dict[str, int | None]] = {id: {"deadline": None, "lasts_s": None} for id in appliance_ids}
    daily = abilities.daily(connection)
    return found | {id: {"deadline": deadline or None, "lasts_s": lasts_s or None}
                    for id, deadline, lasts_s in connection.execute(wanted) if id not in daily}


def mark_started(connection: Connection, started: Sequence[tuple[int, datetime]]) -> None:
    """Devices have acknowledged the start of what was declared: its flexibility, and when."""
    if started:
        rows = told({"id": id, "started_at": epoch_s(at)} for id, at in started)
        connection.execute(_starts(connection.dialect.name), {ROWS: rows})


@cache
def _starts(dialect: str) -> Any:
    rows = to_come(dialect, [FLEXIBILITY.c.id, FLEXIBILITY.c.started_at])
    return update(FLEXIBILITY).where(FLEXIBILITY.c.id == rows.c.id).values(started_at=rows.c.started_at)


def close_flexibilities(connection: Connection, closed: Sequence[tuple[int, str]], at: datetime) -> None:
    """Appliances have left mode 30: their flexibility, and what came of it; one that is closed stays as it was closed."""
    if closed:
        first = dict(reversed(closed))
        connection.execute(_closes(connection.dialect.name), {ROWS: told(
            {"id": id, "closed_at": epoch_s(at), "outcome": outcome} for id, outcome in first.items())})


@cache
def _closes(dialect: str) -> Any:
    rows = to_come(dialect, [FLEXIBILITY.c.id, FLEXIBILITY.c.closed_at, FLEXIBILITY.c.outcome])
    still_open = (FLEXIBILITY.c.id == rows.c.id) & FLEXIBILITY.c.closed_at.is_(None)
    return update(FLEXIBILITY).where(still_open).values(closed_at=rows.c.closed_at, outcome=rows.c.outcome)


def _flexibilities(connection: Connection, wanted: Select[Any], given: Mapping[str, str] | None = None) -> list[Flexibility]:
    return [_made_flexibility(*_FLEXIBILITY(row)) for row in connection.execute(wanted, given).all()]


_FLEXIBILITY = itemgetter(*(tuple(FLEXIBILITY.c.keys()).index(name) for name in (
    "id", "appliance_id", "opened_at", "deadline", "lasts_s", "started_at", "closed_at", "outcome")))


@lru_cache(KEPT)
def _made_flexibility(id: int, appliance_id: int, opened_at: int, deadline: int | None, lasts_s: int | None,
                      started_at: int | None, closed_at: int | None, outcome: str) -> Flexibility:
    return Flexibility(id, appliance_id, instant(opened_at), _instant(deadline), timedelta(seconds=lasts_s) if lasts_s else None,
                       _instant(started_at), _instant(closed_at), outcome)


# -- declaring -------------------------------------------------------------------------------------------------------------


def declare(engine: Engine, appliance_id: int, deadline: datetime | None, lasts: timedelta | None,
            now: datetime) -> Flexibility:
    """Declare an appliance ready: deadline and duration, mode 30, an open flexibility; all of it or nothing.

    A machine needs a deadline; without `lasts` its programme keeps its duration. A continuous load, and what runs some hours
    of each day or stores, has neither: what is given is not kept. Raises `DeclarationError`, in French.
    """
    with engine.begin() as connection:
        _declarable(connection, appliance_id)
        machine = connection.execute(
            select(MACHINE).where(MACHINE.c.equipement_pilote_ou_mesure_id == appliance_id)).first()
        if machine is not None and appliance_id not in abilities.daily(connection):
            _declare_machine(connection, machine, _checked(deadline, lasts, now), lasts)
        connection.execute(update(EPOM).where(EPOM.c.id == appliance_id).values(
            equipement_pilote_ou_mesure_mode_id=Mode.PILOTED, timestamp_derniere_programmation=epoch_s(now)))
        begin_flexibilities(connection, [appliance_id], now)
        still_open = (FLEXIBILITY.c.appliance_id == appliance_id) & FLEXIBILITY.c.closed_at.is_(None)
        connection.execute(update(FLEXIBILITY).where(still_open).values(_declared(connection, [appliance_id])[appliance_id]))
        (declared,) = _open_ones(connection, [appliance_id])
    return declared


def choose(engine: Engine, appliance_id: int, deadline: datetime | None = None, lasts: timedelta | None = None,
           charge_pct: int | None = None, wanted_pct: int | None = None) -> None:
    """Keep what a person chose, where their appliance has such a thing, without declaring it; None: as it was."""
    with engine.begin() as connection:
        machine = connection.execute(select(MACHINE).where(MACHINE.c.equipement_pilote_ou_mesure_id == appliance_id)).first()
        if machine is not None:
            _declare_machine(connection, machine, deadline, lasts)
        chosen = {"timestamp_dispo_souhaitee": deadline and epoch_s(deadline), "pourcentage_charge_restant": charge_pct,
                  "pourcentage_charge_finale_minimale_souhaitee": wanted_pct}
        given = {name: value for name, value in chosen.items() if value is not None}
        if given:
            connection.execute(update(VEHICLE).where(VEHICLE.c.equipement_pilote_ou_mesure_id == appliance_id).values(given))


def take_back(engine: Engine, appliance_id: int) -> bool:
    """A person wants their appliance back, out of reach or not: 20 where it was 30, and whether it was."""
    mode = EPOM.c.equipement_pilote_ou_mesure_mode_id
    with engine.begin() as connection:
        lent = update(EPOM).where(EPOM.c.id == appliance_id, mode == Mode.PILOTED)
        return bool(connection.execute(lent.values({mode.name: Mode.MANUAL})).rowcount)


def _declarable(connection: Connection, appliance_id: int) -> None:
    """Refuse what cannot be declared; the row is ours from here on."""
    row = _locked(connection, appliance_id)
    if row is None:
        raise DeclarationError(f"aucun appareil n° {appliance_id} ; `elfe devices list` les montre")
    if row.equipement_pilote_ou_mesure_mode_id not in {Mode.MANUAL, Mode.PILOTED}:
        modes = {code.id: code.human_name.lower() for code in reference.MODES}
        raise DeclarationError(
            f"« {row.nom_humain} » de {row.utilisateur} est en mode {row.equipement_pilote_ou_mesure_mode_id} "
            f"({modes.get(row.equipement_pilote_ou_mesure_mode_id, 'inconnu')}) : seul un appareil en mode manuel (20) "
            "ou piloté (30) peut être déclaré")


def _checked(deadline: datetime | None, lasts: timedelta | None, now: datetime) -> datetime:
    if deadline is None:
        raise DeclarationError("il faut une heure de fin, par exemple --by 18:00")
    if deadline <= now:
        raise DeclarationError("l'heure de fin est déjà passée")
    if lasts is not None and not timedelta(minutes=1) <= lasts <= LONGEST_CYCLE:
        raise DeclarationError("la durée doit être comprise entre 1 minute et 24 heures, par exemple --lasts 2h30")
    return deadline


def _declare_machine(connection: Connection, machine: Row[Any], deadline: datetime | None, lasts: timedelta | None) -> None:
    if deadline is not None:
        connection.execute(update(MACHINE).where(MACHINE.c.id == machine.id).values(timestamp_de_fin_souhaite=epoch_s(deadline)))
    if lasts is None:
        return
    lasts_s = int(lasts.total_seconds())
    known = connection.execute(update(CYCLE).values(duree_cycle=lasts_s)
                               .where(CYCLE.c.id == machine.cycle_equipement_pilote_machine_generique_id))
    if not known.rowcount:      # a database that others made need not enforce the inferred foreign key
        _give_programme(connection, machine.id, lasts_s)


def _give_programme(connection: Connection, machine_id: int, lasts_s: int) -> None:
    made = connection.execute(insert(CYCLE).values(
        equipement_pilote_machine_generique_id=machine_id, duree_cycle=lasts_s, nom="par défaut", description="aucun"))
    assert made.inserted_primary_key is not None
    connection.execute(update(MACHINE).where(MACHINE.c.id == machine_id)
                       .values(cycle_equipement_pilote_machine_generique_id=made.inserted_primary_key[0]))


# -- devices ---------------------------------------------------------------------------------------------------------------


def installed_devices(engine: Engine) -> tuple[InstalledDevice, ...]:
    """The devices that are at their participant's, with their topics: ours where there are, the hand-filled ones always."""
    with engine.connect() as connection:
        return _all_installed(tuple(connection.execute(_INSTALLED)), tuple(_details(connection)))


@lru_cache(2)
def _all_installed(rows: tuple[Row[Any], ...], details: tuple[tuple[int, Row[Any]], ...]) -> tuple[InstalledDevice, ...]:
    topics = {(type_id, str(row.id)): row for type_id, row in details}
    return tuple(_installed(row, topics.get((row.equipement_domotique_type_id, row.equipement_domotique_specifique_id)))
                 for row in rows)


_INSTALLED = (select(DEVICE, HARDWARE.c.templates, HARDWARE.c.channel, HARDWARE.c.hardware_id.label("printed"))
              .outerjoin(HARDWARE, (HARDWARE.c.device_id == DEVICE.c.id) & HARDWARE.c.until.is_(None))
              .where(DEVICE.c.utilisateur_affecte).order_by(DEVICE.c.id))


def _details(connection: Connection) -> Iterator[tuple[int, Row[Any]]]:
    """Every detail row of every type, its three topics called alike."""
    for type_id, table in tables.DETAILS.items():
        for row in connection.execute(_topics(table)):
            yield type_id, row


@cache
def _topics(table: Table) -> Select[Any]:
    control, command, lwt = tables.topic_columns(table)
    return select(table.c.id, control.label("control"), command.label("command"), lwt.label("lwt"))


@lru_cache(KEPT)
def _installed(row: Row[Any], detail: Row[Any] | None) -> InstalledDevice:
    templates, problem = _templates(row.templates)
    return InstalledDevice(
        id=row.id, type_id=row.equipement_domotique_type_id, usage=row.equipement_domotique_usage_id,
        appliance_id=row.equipement_pilote_ou_mesure_id, participant=row.utilisateur,
        hardware_id=row.id_materiel if row.printed is None else row.printed, templates=templates,
        channel=row.channel or 0, control_topic=detail.control if detail else "",
        command_topic=detail.command if detail else "", lwt_topic=detail.lwt if detail else "", brand=row.marque,
        problem=problem)


def _templates(text: str | None) -> tuple[tuple[tuple[str, str], ...] | None, str]:
    """The topic data of a device as they are stored, and why they cannot be read."""
    if text is None:
        return None, ""
    try:
        return tuple(sorted(json.loads(text).items())), ""
    except (ValueError, RecursionError, AttributeError):      # no JSON, or no object
        return (), f"templates in elfe.hardware is no JSON object: {text[:80]!r}"
