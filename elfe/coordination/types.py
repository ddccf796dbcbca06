"""Device types that the contract does not know: the row and the detail table that their driver declares.

A type of the contract stands in the reference rows. Every other one, of ours or a stranger's, has its id in a reserved range
(`elfe.devices`); `upgrade` gives it the same row and the same kind of detail table, so that whoever reads the database finds
every device in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from sqlalchemy import Connection, Engine, MetaData, Table, inspect, select

from elfe import database
from elfe.coordination import tables
from elfe.coordination.reference import DEVICE_TYPE
from elfe.devices.drivers import Drivers
from elfe.devices.values import DeviceType
from elfe.errors import SchemaError

COLUMNS = ("topic_mqtt_controle_json", "topic_mqtt_commande_text", "topic_mqtt_lwt")


def beyond(drivers: Drivers) -> tuple[DeviceType, ...]:
    """The driven types that the contract does not know."""
    return tuple(driver.type for driver in drivers if driver.type.id not in DEVICE_TYPE)


def detail_table_of(type_id: int, name: str) -> Table:
    """The detail table of a type, whoever declares it."""
    return tables.DETAILS[type_id] if type_id in DEVICE_TYPE else _declared(name)


@cache
def _declared(name: str) -> Table:
    metadata = MetaData()
    for each in tables.Base.metadata.sorted_tables:      # what its foreign key leads to
        if each.schema == tables.CONTRACT:
            each.to_metadata(metadata)
    return tables.detail(metadata, name, COLUMNS)


def lacking(engine: Engine, types: Iterable[DeviceType]) -> list[DeviceType]:
    """Those of the types that have no row or no table yet. Raises `SchemaError` for an id that is another type's."""
    types = tuple(types)
    with engine.connect() as connection:
        names = _names(connection)
    for each in types:
        if names.get(each.id, each.name) != each.name:
            raise SchemaError(f"device type {each.id} is {names[each.id]} in the database and {each.name} in its plugin; "
                              f"give the plugin's type another id of its reserved range")
    there = inspect(engine)
    schema = None if engine.dialect.name == "sqlite" else tables.CONTRACT
    return [each for each in types
            if each.id not in names or not there.has_table(detail_table_of(each.id, each.name).name, schema=schema)]


def upgrade(engine: Engine, drivers: Drivers) -> list[DeviceType]:
    """Create the rows and detail tables that are missing; returns the types that have them from now on."""
    new = lacking(engine, beyond(drivers))
    for each in new:
        database.create(engine, detail_table_of(each.id, each.name).metadata)
        with engine.begin() as connection:
            if each.id not in _names(connection):
                connection.execute(tables.DeviceTypes.insert().values(
                    id=each.id, nom=each.name, nom_humain=each.human_name or each.product, description=each.product))
    return new


def require(engine: Engine, types: Iterable[DeviceType]) -> None:
    """Raise a `SchemaError` that says how to create what is missing for these types."""
    missing = lacking(engine, types)
    if missing:
        named = ", ".join(f"{each.id} ({each.name})" for each in missing)
        raise SchemaError(f"the database does not know the device types {named} yet: run `elfe db upgrade`")


def _names(connection: Connection) -> dict[int, str]:
    return {row.id: row.nom for row in connection.execute(select(tables.DeviceTypes))}
