"""Provisioning's edge: reads what stands, and performs the changes of an inventory, whole or not at all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from attrs import frozen
from sqlalchemy import Boolean, Connection, Engine, Table, delete, insert, select, update

from elfe.coordination import provision, queries, states, tables, types
from elfe.coordination.inventory import ApplianceLines, DeviceLine, Inventory, ParticipantLine
from elfe.coordination.kinds import KINDS, MACHINES
from elfe.coordination.lines import Problem
from elfe.coordination.provision import (
    ApplianceChange,
    Changes,
    Standing,
    StandingAppliance,
    StandingDevice,
    What,
)
from elfe.coordination.queries import CYCLE, DAY_S, DEVICE, EPOM, HARDWARE, OFF_PEAK, PARTICIPANT, TANK
from elfe.coordination.values import Appliance, CommandState, ControlState, InstalledDevice, Mode, OffPeak
from elfe.devices.drivers import Drivers
from elfe.errors import InventoryError
from elfe.history.values import History
from elfe.slots import epoch_s

DETAIL_TABLES: Mapping[str, Table] = {kind.table: tables.Base.metadata.tables[f"{tables.CONTRACT}.{kind.table}"]
                                      for kind in KINDS.values()}
POWER_SERIES, TEMPERATURE_SERIES = "mesures_puissance_elec_id", "mesure_temperature_id"
NO_DETAILS = frozenset({"id", "equipement_pilote_ou_mesure_id", POWER_SERIES, TEMPERATURE_SERIES})
Series = tuple[int, int]
UNKNOWN = "non renseigné"
NOTHING = "aucun"
"""What the contract's text columns hold when there is nothing to say."""


@frozen
class Provisioned:
    """An appliance after provisioning, with what the portal asks for: its id and its power series."""

    what: What
    appliance_id: int
    participant: str
    name: str
    points: tuple[str, ...]
    power_series: int


def prepare(engine: Engine, asked: Inventory, problems: Iterable[Problem], history: History,
            stands: Standing | None = None) -> Changes:
    """What an inventory would change; nothing is written.

    `asked` and `problems` are what `inventory.read` made of it. Raises `InventoryError` with everything that is wrong, in
    itself and with what stands, in the order of the lines.
    """
    stands = stands or standing(engine)
    found = sorted([*problems, *provision.conflicts(asked, stands)], key=lambda problem: problem.where)
    if found:
        raise InventoryError("\n".join(str(each) for each in found))
    names = [name for each in asked.appliances for name in provision.series_names(each) if name]
    return provision.changes(asked, stands, history.find_all(names).get)


def apply(engine: Engine, changes: Changes, drivers: Drivers, history: History, now: datetime,
          reason: str = "") -> list[Provisioned]:
    """Perform what `prepare` found, in one transaction. `reason`: why hardware leaves its place."""
    require_types(engine, changes, drivers)
    return perform_and(engine, changes, drivers, history, now, lambda: None, reason)


def perform_and(engine: Engine, changes: Changes, drivers: Drivers, history: History, now: datetime, then: Callable[[], None],
                reason: str = "") -> list[Provisioned]:
    """Perform changes in one transaction, and something else before it is committed: what `then` raises rolls all back."""
    series = _series(changes, history)
    with engine.begin() as connection:
        done = _perform(connection, changes, series, drivers, now, reason)
        then()
    return done


def apply_by_home(engine: Engine, changes: Changes, drivers: Drivers, history: History,
                  now: datetime) -> Iterator[tuple[tuple[str, ...], list[Provisioned]]]:
    """Perform what `prepare` found, a transaction per home, each told when it is done. Run again, it goes on where it stopped."""
    require_types(engine, changes, drivers)
    _series(changes, history)      # all at once: where a history is far away, each question takes its time
    for home in changes.by_home():
        yield home.homes, perform_and(engine, home, drivers, history, now, lambda: None)


def require_types(engine: Engine, changes: Changes, drivers: Drivers) -> None:
    """Raise a `SchemaError` when the database does not know a device type of the changes."""
    used = {line.device.type_id for change in changes.appliances for line in change.after.devices}
    types.require(engine, (drivers[each].type for each in sorted(used)))


def _perform(connection: Connection, changes: Changes, series: Sequence[Series], drivers: Drivers, now: datetime,
             reason: str) -> list[Provisioned]:
    for participant in changes.participants:
        _put_participant(connection, participant.after)
    done = [_put_appliance(connection, change, each) for change, each in zip(changes.appliances, series, strict=True)]
    moving = [(each, change) for each, change in zip(done, changes.appliances, strict=True) if change.what is not What.LEAVE]
    _place_devices(connection, moving, drivers, now, reason)
    return done


def standing_of(changes: Changes, standing_: Standing) -> list[Provisioned]:
    """What the portal asks for of the appliances that stay as they are."""
    series = {each.id: each.power_series for each in standing_.appliances}
    return [Provisioned(each.what, each.id, each.after.participant, each.after.name,
                        tuple(line.device.id for line in each.after.devices), series[each.id])
            for each in changes.appliances if each.what is What.LEAVE and each.id is not None]


def _series(changes: Changes, history: History) -> list[Series]:
    """Of each appliance the ids of its power series and of its temperature series, 0 where its kind has none."""
    names = [provision.series_names(each.after) for each in changes.appliances]
    ids = history.all_series({name: unit for each in names for name, unit in zip(each, ("W", "°C"), strict=True) if name})
    return [(ids[power], ids[felt] if felt else 0) for power, felt in names]


# -- reading what stands ----------------------------------------------------------------------------------------------------


def standing(engine: Engine) -> Standing:
    """What the database holds, in the terms of an inventory."""
    installed: dict[int, list[StandingDevice]] = defaultdict(list)
    for device in queries.installed_devices(engine):
        installed[device.appliance_id].append(_standing(device))
    windows = {each.appliance.id: each.windows for each in queries.water_heaters(engine)}
    with engine.connect() as connection:
        details: dict[str, dict[int, Mapping[str, Any]]] = {
            name: {row["equipement_pilote_ou_mesure_id"]: dict(row) for row in connection.execute(select(table)).mappings()}
            for name, table in DETAIL_TABLES.items()}
        known = {row.reference: ParticipantLine(row.reference, row.email, row.observer, row.subscribed_w)
                 for row in connection.execute(select(PARTICIPANT))}
    appliances = tuple(
        _appliance(each, tuple(installed[each.id]), _row_of(each, details), windows.get(each.id, ()))
        for each in queries.appliances(engine) if each.mode != Mode.REMOVED)
    return Standing(known, appliances)


def _appliance(each: Appliance, devices: tuple[StandingDevice, ...], row: Mapping[str, Any],
               windows: tuple[OffPeak, ...]) -> StandingAppliance:
    details = {str(name): int(value) if isinstance(value, bool) else value for name, value in row.items() if name not in NO_DETAILS}
    return StandingAppliance(each.id, each.participant, each.name, each.type, each.typology, devices,
                             row.get(POWER_SERIES, 0), row.get(TEMPERATURE_SERIES, 0), details, windows)


def _row_of(each: Appliance, details: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> Mapping[str, Any]:
    return details[KINDS[each.type].table].get(each.id, {}) if each.type in KINDS else {}


def _standing(row: InstalledDevice) -> StandingDevice:
    return StandingDevice(row.id, row.type_id, row.usage, "" if row.hardware_id == UNKNOWN else row.hardware_id,
                          row.channel, dict(row.templates or ()), row.brand)


# -- participants and appliances --------------------------------------------------------------------------------------------


def _put_participant(connection: Connection, after: ParticipantLine) -> None:
    values = {"email": after.email, "observer": after.observer, "subscribed_w": after.subscribed_w}
    known = connection.execute(update(PARTICIPANT).where(PARTICIPANT.c.reference == after.reference).values(values))
    if not known.rowcount:
        connection.execute(insert(PARTICIPANT).values(reference=after.reference, **values))


def _put_appliance(connection: Connection, change: ApplianceChange, series: Series) -> Provisioned:
    lines, appliance_id = change.after, change.id
    if appliance_id is None:
        appliance_id = _create(connection, lines, series)
    elif change.what is What.CHANGE:
        _update(connection, appliance_id, lines, series)
    points = tuple(each.device.id for each in lines.devices)
    return Provisioned(change.what, appliance_id, lines.participant, lines.name, points, series[0])


def _create(connection: Connection, lines: ApplianceLines, series: Series) -> int:
    """A new appliance: supplied, commanded by its participant; its row and its specific row name each other."""
    measured = KINDS[lines.type].measured_only
    appliance_id = _insert(
        connection, EPOM, equipement_pilote_specifique_id=0, typologie_installation_domotique_id=lines.typology,
        nom_humain=lines.name, description=NOTHING, equipement_pilote_ou_mesure_type_id=lines.type,
        equipement_pilote_ou_mesure_mode_id=Mode.MEASURED if measured else Mode.MANUAL, etat_controle_id=ControlState.ON,
        etat_commande_id=CommandState.NOT_COMMANDED if measured else CommandState.INITIAL, ems_consigne_marche=False,
        utilisateur=lines.participant)
    specific = _create_machine if lines.type in MACHINES else _create_detail
    connection.execute(update(EPOM).where(EPOM.c.id == appliance_id)
                       .values(equipement_pilote_specifique_id=specific(connection, appliance_id, lines, series)))
    return appliance_id


def _create_machine(connection: Connection, appliance_id: int, lines: ApplianceLines, series: Series) -> int:
    """A machine and its programme: the programme comes first, and is told its machine afterwards."""
    cycle_id = _insert(connection, CYCLE, equipement_pilote_machine_generique_id=0, nom="par défaut", description=NOTHING,
                       duree_cycle=int(lines.cycle.total_seconds()))
    machine_id = _create_detail(connection, appliance_id, lines, series, cycle_equipement_pilote_machine_generique_id=cycle_id)
    connection.execute(update(CYCLE).where(CYCLE.c.id == cycle_id).values(equipement_pilote_machine_generique_id=machine_id))
    return machine_id


def _create_detail(connection: Connection, appliance_id: int, lines: ApplianceLines, series: Series, **more: int) -> int:
    """Its row in its kind's table."""
    kind = KINDS[lines.type]
    table = DETAIL_TABLES[kind.table]
    values = {**kind.begins, **lines.details, **_series_of(table, series), **more}
    detail_id = _insert(connection, table, equipement_pilote_ou_mesure_id=appliance_id, **_typed(table, values))
    if table is TANK:
        _put_windows(connection, detail_id, lines)
    return detail_id


def _typed(table: Table, values: Mapping[str, int | str]) -> dict[str, Any]:
    """Booleans as the database wants them."""
    return {name: bool(value) if isinstance(table.c[name].type, Boolean) else value for name, value in values.items()}


def _series_of(table: Table, series: Series) -> dict[str, int]:
    power, felt = series
    return {POWER_SERIES: power, **({TEMPERATURE_SERIES: felt} if TEMPERATURE_SERIES in table.c else {})}


def _put_windows(connection: Connection, tank_id: int, lines: ApplianceLines) -> None:
    connection.execute(delete(OFF_PEAK).where(OFF_PEAK.c.equipement_pilote_ballon_ecs_id == tank_id))
    for number, each in enumerate(lines.windows, 1):
        _insert(connection, OFF_PEAK, equipement_pilote_ballon_ecs_id=tank_id, nom=f"heures creuses {number}",
                description=NOTHING, actif=True, debut=each.start_s, fin=_fin(each))


def _fin(window: OffPeak) -> int:
    """The first EMS only knows windows that end after they start: one that crosses midnight ends in the next day."""
    return window.end_s if window.end_s > window.start_s else window.end_s + DAY_S


def _update(connection: Connection, appliance_id: int, lines: ApplianceLines, series: Series) -> None:
    """What an inventory decides; modes, states and what was declared stay as they are."""
    connection.execute(update(EPOM).where(EPOM.c.id == appliance_id).values(
        typologie_installation_domotique_id=lines.typology, equipement_pilote_ou_mesure_type_id=lines.type))
    table = DETAIL_TABLES[KINDS[lines.type].table]
    kept = {name: lines.details[name] for name in provision.decided(lines)}
    connection.execute(update(table).where(table.c.equipement_pilote_ou_mesure_id == appliance_id)
                       .values(**_typed(table, kept), **_series_of(table, series)))
    if table is TANK:
        tank_id = connection.scalar(select(TANK.c.id).where(TANK.c.equipement_pilote_ou_mesure_id == appliance_id))
        assert tank_id is not None
        _put_windows(connection, tank_id, lines)


# -- devices ----------------------------------------------------------------------------------------------------------------


def _place_devices(connection: Connection, moving: Sequence[tuple[Provisioned, ApplianceChange]], drivers: Drivers,
                   now: datetime, reason: str) -> None:
    """Everything that moves leaves its place before anything takes one: two devices may change places."""
    placed = {line.device.id: (line, to) for to, change in moving for line in change.after.devices}
    left = {point for _, change in moving for point in change.leaves} - placed.keys()
    connection.execute(update(DEVICE).where(DEVICE.c.id.in_(left)).values(utilisateur_affecte=False))
    _take_down(connection, left, [line for line, _ in placed.values()], now, reason)
    for line, to in placed.values():
        _put_point(connection, line, to, drivers)
        _put_hardware(connection, line, now)


def _take_down(connection: Connection, left: Iterable[str], placed: Iterable[DeviceLine], now: datetime, reason: str) -> None:
    """End the stay of hardware on points that are left or get other hardware, and wherever else what is placed stood.

    How it was is forgotten with it.
    """
    wanted = {line.device.id: _fingerprint(line) for line in placed}
    left, taken = set(left), set(wanted.values())
    concerned = HARDWARE.c.device_id.in_([*left, *wanted]) | HARDWARE.c.hardware_id.in_([each[1] for each in taken if each[1]])
    for row in connection.execute(select(HARDWARE).where(HARDWARE.c.until.is_(None), concerned)).all():
        stands = (row.type_id, row.hardware_id, row.channel)
        replaced = row.device_id in wanted and wanted[row.device_id] != stands
        moved = bool(row.hardware_id) and row.device_id not in wanted and stands in taken
        if row.device_id in left or replaced or moved:
            connection.execute(update(HARDWARE).where(HARDWARE.c.id == row.id).values(until=epoch_s(now), reason=reason))
            states.forget(connection, [row.device_id])


def _fingerprint(line: DeviceLine) -> tuple[int, str, int]:
    return line.device.type_id, line.device.hardware_id, line.device.channel


def _put_hardware(connection: Connection, line: DeviceLine, now: datetime) -> None:
    """The hardware on a point and its topic data; one that stands there already keeps the instant since when."""
    device = line.device
    templates = json.dumps(dict(device.templates), sort_keys=True)
    known = connection.execute(update(HARDWARE).where(HARDWARE.c.device_id == device.id, HARDWARE.c.until.is_(None))
                               .values(templates=templates))
    if not known.rowcount:
        _insert(connection, HARDWARE, device_id=device.id, type_id=device.type_id, hardware_id=device.hardware_id,
                channel=device.channel, templates=templates, since=epoch_s(now))


def _put_point(connection: Connection, line: DeviceLine, to: Provisioned, drivers: Drivers) -> None:
    """The installation point, and the detail row of its type with the topics that the first command engine reads."""
    device, driver = line.device, drivers[line.device.type_id]
    point = {"equipement_pilote_ou_mesure_id": to.appliance_id, "equipement_domotique_type_id": device.type_id,
             "equipement_domotique_usage_id": line.usage, "id_materiel": device.hardware_id or UNKNOWN,
             **({"marque": line.brand} if line.brand else {}), "utilisateur": to.participant, "utilisateur_affecte": True,
             "equipement_domotique_specifique_id": NOTHING}
    stood = connection.execute(select(tables.DeviceTypes).join(
        DEVICE, tables.DeviceTypes.c.id == DEVICE.c.equipement_domotique_type_id).where(DEVICE.c.id == device.id)).one_or_none()
    if stood:
        before = types.detail_table_of(stood.id, stood.nom)
        connection.execute(delete(before).where(before.c.equipement_domotique_id == device.id))
        connection.execute(update(DEVICE).where(DEVICE.c.id == device.id).values(point))
    else:
        connection.execute(insert(DEVICE).values({"id": device.id, "marque": driver.type.product, **point}))
    topics = driver.render_legacy_topics(device)
    detail = types.detail_table_of(driver.type.id, driver.type.name)
    control, command, lwt = tables.topic_columns(detail)
    specific_id = _insert(connection, detail, **{
        "equipement_domotique_id": device.id, control.name: topics.control, command.name: topics.command, lwt.name: topics.lwt})
    connection.execute(update(DEVICE).where(DEVICE.c.id == device.id)
                       .values(equipement_domotique_specifique_id=str(specific_id)))


def _insert(connection: Connection, table: Table, **columns: Any) -> int:
    """Insert a row whose id is serial, and return it."""
    written = connection.execute(insert(table).values(columns))
    assert written.inserted_primary_key is not None
    return int(written.inserted_primary_key[0])


# -- series that follow ------------------------------------------------------------------------------------------------------


def series_of(engine: Engine) -> list[tuple[int, str, int, str, int]]:
    """Per appliance with devices: its id, the name of its power series and its id, likewise of its temperature series."""
    found = []
    for each in standing(engine).appliances:
        if each.devices and each.type in KINDS:
            power, felt = provision.series_names_of(each)
            found.append((each.id, power, each.power_series, felt, each.temperature_series))
    return found


def set_series(engine: Engine, appliance_id: int, power: int, felt: int) -> None:
    """The ids of an appliance's series, where its kind has them."""
    with engine.begin() as connection:
        for table in DETAIL_TABLES.values():
            connection.execute(update(table).where(table.c.equipement_pilote_ou_mesure_id == appliance_id)
                               .values(_series_of(table, (power, felt))))
