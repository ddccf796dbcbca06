"""From an inventory to the rows of the database: what would change, then the change itself, whole or not at all.

`changes` is pure and compares; `apply` performs in one transaction. Running it again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from attrs import frozen
from sqlalchemy import Connection, Engine, select, update

from elfe.coordination import queries, tables
from elfe.coordination.inventory import MACHINES, ApplianceLines, DeviceLine, Inventory
from elfe.coordination.values import ApplianceType, CommandState, ControlState, Mode, Usage
from elfe.devices.drivers import Drivers
from elfe.devices.values import Capability, Device
from elfe.history.values import History, power_series
from elfe.slots import epoch_s

METERING = (Usage.SWITCH_AND_METER, Usage.METER)


class What(Enum):
    """What happens to an appliance of the inventory."""

    CREATE = "créer"
    CHANGE = "modifier"
    LEAVE = "inchangé"


@frozen
class Standing:
    """An appliance as the database has it, in the inventory's own terms."""

    id: int
    lines: ApplianceLines
    power_series: int


@frozen
class Change:
    """What happens to one appliance, and in words why."""

    what: What
    lines: ApplianceLines
    differs: tuple[str, ...] = ()
    standing: Standing | None = None


@frozen
class Provisioned:
    """What the portal needs to know of an appliance."""

    appliance_id: int
    participant: str
    name: str
    points: tuple[str, ...]
    power_series: int
    what: What


def changes(inventory: Inventory, standing: Mapping[tuple[str, str], Standing]) -> list[Change]:
    """What provisioning would do, in the order of the inventory. Pure."""
    return [_change(lines, standing.get((lines.participant, lines.name))) for lines in inventory.appliances]


def _change(lines: ApplianceLines, found: Standing | None) -> Change:
    if found is None:
        return Change(What.CREATE, lines)
    differs = tuple(name for name, before, after in _compared(found.lines, lines) if before != after)
    return Change(What.CHANGE if differs else What.LEAVE, lines, differs, found)


def _compared(before: ApplianceLines, after: ApplianceLines) -> list[tuple[str, object, object]]:
    compared: list[tuple[str, object, object]] = [
        ("type", before.type, after.type), ("typologie", before.typology, after.typology),
        ("équipements", _devices(before), _devices(after))]
    if after.type == ApplianceType.WATER_HEATER:
        compared += [("volume", before.volume_l, after.volume_l), ("puissance", before.power_w, after.power_w),
                     ("heures creuses", set(before.windows), set(after.windows))]
    return compared


def _devices(lines: ApplianceLines) -> set[tuple[object, ...]]:
    return {(each.point, each.type_id, each.usage, each.hardware_id, each.channel, each.templates) for each in lines.devices}


# -- reading what stands ----------------------------------------------------------------------------------------------------


def standing(engine: Engine, drivers: Drivers) -> dict[tuple[str, str], Standing]:
    """Every appliance with its devices, by participant and name; topic data only where it is not the type's own."""
    installed = queries.installed_devices(engine)
    machines = {each.appliance.id: each for each in queries.machines(engine)}
    heaters = {each.appliance.id: each for each in queries.water_heaters(engine)}
    found = {}
    for each in queries.appliances(engine):
        devices = tuple(
            DeviceLine(0, device.id, device.type_id, device.usage, device.hardware_id, "", device.channel,
                       _own_templates(device.type_id, device.id, device.hardware_id, dict(device.templates or ()), drivers))
            for device in installed if device.appliance_id == each.id)
        details: dict[str, Any] = {}
        series = 0
        if each.id in heaters:
            heater = heaters[each.id]
            details = {"volume_l": heater.volume_l, "power_w": heater.power_w, "windows": heater.windows}
            series = heater.power_series
        elif each.id in machines:
            details, series = {"cycle": machines[each.id].lasts}, machines[each.id].power_series
        lines = ApplianceLines(0, each.participant, each.name, each.type, each.typology, devices, **details)
        found[each.participant, each.name] = Standing(each.id, lines, series)
    return found


def _own_templates(type_id: int, id: str, hardware_id: str, stored: Mapping[str, str],
                   drivers: Drivers) -> tuple[tuple[str, str], ...]:
    if type_id not in drivers:
        return tuple(sorted(stored.items()))
    defaults = drivers[type_id].device(id, hardware_id).templates
    return tuple(sorted((name, value) for name, value in stored.items() if defaults.get(name) != value))


# -- performing -------------------------------------------------------------------------------------------------------------


def apply(engine: Engine, inventory: Inventory, planned: Sequence[Change], drivers: Drivers, history: History,
          now: datetime) -> list[Provisioned]:
    """Perform the changes in one transaction."""
    series = {change.lines: _series(change.lines, drivers, history) for change in planned}
    with engine.begin() as connection:
        for each in inventory.participants:
            _put_participant(connection, each.reference, each.email, each.observer)
        return [_perform(connection, change, series[change.lines], drivers, now) for change in planned]


def _series(lines: ApplianceLines, drivers: Drivers, history: History) -> int:
    """The id of the series that the appliance's power is kept in; of its first device where nothing measures it."""
    meters = [each for each in lines.devices
              if each.usage in METERING and drivers[each.type_id].type.can(Capability.METER)]
    return history.series(power_series((meters or list(lines.devices))[0].point), "W")


def _perform(connection: Connection, change: Change, series: int, drivers: Drivers, now: datetime) -> Provisioned:
    lines = change.lines
    if change.standing is None:
        appliance_id = _create(connection, lines, series)
    else:
        appliance_id = change.standing.id
        if change.what is What.CHANGE:
            _update(connection, appliance_id, lines, series)
    if change.what is not What.LEAVE:
        for each in lines.devices:
            _put_device(connection, appliance_id, lines.participant, each, drivers, now)
        _retire_others(connection, appliance_id, {each.point for each in lines.devices}, now)
    return Provisioned(appliance_id, lines.participant, lines.name, tuple(each.point for each in lines.devices), series,
                       change.what)


def _put_participant(connection: Connection, reference: str, email: str, observer: bool) -> None:
    known = connection.execute(select(queries.PARTICIPANT).where(queries.PARTICIPANT.c.reference == reference)).first()
    if known is None:
        connection.execute(queries.PARTICIPANT.insert().values(reference=reference, email=email, observer=observer))
    elif (email and known.email != email) or known.observer != observer:
        connection.execute(update(queries.PARTICIPANT).where(queries.PARTICIPANT.c.reference == reference)
                           .values(email=email or known.email, observer=observer))


def _create(connection: Connection, lines: ApplianceLines, series: int) -> int:
    """The appliance's row, then its specific row; each names the other."""
    appliance_id = queries.put(
        connection, queries.EPOM, equipement_pilote_specifique_id=0, typologie_installation_domotique_id=lines.typology,
        nom_humain=lines.name, description="aucun", equipement_pilote_ou_mesure_type_id=lines.type,
        equipement_pilote_ou_mesure_mode_id=Mode.MANUAL, etat_controle_id=ControlState.ON,
        etat_commande_id=CommandState.INITIAL, ems_consigne_marche=False, utilisateur=lines.participant)
    specific_id = 0
    if lines.type in MACHINES:
        specific_id = _create_machine(connection, appliance_id, lines, series)
    elif lines.type == ApplianceType.WATER_HEATER:
        specific_id = queries.put(connection, queries.TANK, equipement_pilote_ou_mesure_id=appliance_id,
                                  volume_ballon=lines.volume_l, puissance_chauffe=lines.power_w,
                                  mesures_puissance_elec_id=series)
        _put_windows(connection, specific_id, lines)
    connection.execute(update(queries.EPOM).where(queries.EPOM.c.id == appliance_id)
                       .values(equipement_pilote_specifique_id=specific_id))
    return appliance_id


def _create_machine(connection: Connection, appliance_id: int, lines: ApplianceLines, series: int) -> int:
    """The machine and its programme; each names the other, so the programme is told its machine afterwards."""
    cycle_id = queries.put(connection, queries.CYCLE, equipement_pilote_machine_generique_id=0,
                           duree_cycle=int(lines.cycle.total_seconds()), nom="par défaut", description="aucun")
    machine_id = queries.put(
        connection, queries.MACHINE, equipement_pilote_ou_mesure_id=appliance_id, timestamp_de_fin_souhaite=0,
        delai_attente_maximale_apres_fin=int(lines.may_wait.total_seconds()),
        cycle_equipement_pilote_machine_generique_id=cycle_id, mesures_puissance_elec_id=series)
    connection.execute(update(queries.CYCLE).where(queries.CYCLE.c.id == cycle_id)
                       .values(equipement_pilote_machine_generique_id=machine_id))
    return machine_id


def _put_windows(connection: Connection, tank_id: int, lines: ApplianceLines) -> None:
    connection.execute(queries.OFF_PEAK.delete().where(queries.OFF_PEAK.c.equipement_pilote_ballon_ecs_id == tank_id))
    for number, each in enumerate(lines.windows, 1):
        queries.put(connection, queries.OFF_PEAK, equipement_pilote_ballon_ecs_id=tank_id, nom=f"heures creuses {number}",
                    description="aucun", actif=True, debut=each.start_s, fin=each.end_s)


def _update(connection: Connection, appliance_id: int, lines: ApplianceLines, series: int) -> None:
    """What the inventory decides; what a participant declared stays as it is."""
    connection.execute(update(queries.EPOM).where(queries.EPOM.c.id == appliance_id).values(
        typologie_installation_domotique_id=lines.typology, equipement_pilote_ou_mesure_type_id=lines.type))
    for table in (queries.MACHINE, queries.TANK):
        connection.execute(update(table).where(table.c.equipement_pilote_ou_mesure_id == appliance_id)
                           .values(mesures_puissance_elec_id=series))
    tank = connection.scalar(select(queries.TANK.c.id).where(queries.TANK.c.equipement_pilote_ou_mesure_id == appliance_id))
    if tank is not None:
        connection.execute(update(queries.TANK).where(queries.TANK.c.id == tank)
                           .values(volume_ballon=lines.volume_l, puissance_chauffe=lines.power_w))
        _put_windows(connection, tank, lines)


def _put_device(connection: Connection, appliance_id: int, participant: str, line: DeviceLine, drivers: Drivers,
                now: datetime) -> None:
    """The installation point, its detail row for the first command engine, and the hardware that stands on it."""
    driver = drivers[line.type_id]
    device = driver.device(line.point, line.hardware_id, dict(line.templates), line.channel)
    point = {"equipement_pilote_ou_mesure_id": appliance_id, "equipement_domotique_type_id": line.type_id,
             "equipement_domotique_usage_id": line.usage, "id_materiel": line.hardware_id or "non renseigné",
             "marque": line.brand or driver.type.product, "utilisateur": participant, "utilisateur_affecte": True,
             "equipement_domotique_specifique_id": line.point}
    if connection.scalar(select(queries.DEVICE.c.id).where(queries.DEVICE.c.id == line.point)):
        connection.execute(update(queries.DEVICE).where(queries.DEVICE.c.id == line.point).values(point))
        for table in tables.DETAILS.values():
            connection.execute(table.delete().where(table.c.equipement_domotique_id == line.point))
    else:
        connection.execute(queries.DEVICE.insert().values(id=line.point, **point))
    detail, topics = tables.DETAILS[line.type_id], driver.render_legacy_topics(device)
    control, command, lwt = (column.name for column in list(detail.c)[2:5])
    connection.execute(detail.insert().values({"id": line.point, "equipement_domotique_id": line.point,
                                               control: topics.control, command: topics.command, lwt: topics.lwt}))
    _put_hardware(connection, line, device, now)


def _put_hardware(connection: Connection, line: DeviceLine, device: Device, now: datetime) -> None:
    hardware, templates = queries.HARDWARE, json.dumps(dict(device.templates), sort_keys=True)
    current = connection.execute(select(hardware).where(hardware.c.device_id == line.point, hardware.c.until.is_(None))).first()
    same = current is not None and (current.hardware_id, current.type_id) == (line.hardware_id, line.type_id)
    if current is not None and same:
        connection.execute(update(hardware).where(hardware.c.id == current.id)
                           .values(templates=templates, channel=line.channel))
        return
    if current is not None:
        connection.execute(update(hardware).where(hardware.c.id == current.id).values(until=epoch_s(now)))
    queries.put(connection, hardware, device_id=line.point, type_id=line.type_id, hardware_id=line.hardware_id,
                channel=line.channel, templates=templates, since=epoch_s(now))


def _retire_others(connection: Connection, appliance_id: int, points: set[str], now: datetime) -> None:
    """Points of the appliance that the inventory no longer has are no longer at their participant's."""
    gone = list(connection.scalars(select(queries.DEVICE.c.id).where(
        queries.DEVICE.c.equipement_pilote_ou_mesure_id == appliance_id, queries.DEVICE.c.id.not_in(points))))
    for point in gone:
        connection.execute(update(queries.DEVICE).where(queries.DEVICE.c.id == point).values(utilisateur_affecte=False))
        connection.execute(update(queries.HARDWARE).where(queries.HARDWARE.c.device_id == point,
                                                          queries.HARDWARE.c.until.is_(None)).values(until=epoch_s(now)))
