"""A device type that the contract does not know gets its row and its table from what its plugin declares."""

from __future__ import annotations

import pytest
from attrs import evolve
from sqlalchemy import select

from elfe.coordination import queries, tables, types
from elfe.coordination.store import Changes, apply
from elfe.devices.drivers import Drivers, discover
from elfe.devices.drivers import select as select_drivers
from elfe.errors import SchemaError
from tests.coordination.conftest import A_WASHER, NOW, Home
from tests.devices.made import EntryPoint, plugin


@pytest.fixture
def strangers(home: Home) -> Drivers:
    """The drivers with one more, whose type 9001 nobody knows."""
    brume = select_drivers(discover([EntryPoint("brume", plugin())]))
    return evolve(brume, by_type={**home.drivers.by_type, **brume.by_type})


def a_stranger(home: Home, drivers: Drivers) -> Changes:
    """What the inventory of one washing machine asks, on a plug of the stranger's."""
    changes = home.prepare(A_WASHER)
    [change] = changes.appliances
    [line] = change.after.devices
    device = drivers[9001].device("Z001", "A8BC25")
    return evolve(changes, appliances=[evolve(change, after=evolve(
        change.after, devices=[evolve(line, device=device)]))])


def known(home: Home) -> dict[int, str]:
    with home.engine.connect() as connection:
        return {row.id: row.nom for row in connection.execute(select(tables.DeviceTypes))}


def test_an_upgrade_creates_the_row_and_the_table_once(home: Home, strangers: Drivers) -> None:
    assert [each.id for each in types.upgrade(home.engine, strangers) if each.id == 9001] == [9001]
    assert known(home)[9001] == strangers[9001].type.name
    assert types.upgrade(home.engine, strangers) == []


def test_what_stands_is_not_touched_by_an_upgrade(home: Home, strangers: Drivers) -> None:
    home.provision(A_WASHER)
    before = queries.installed_devices(home.engine)
    types.upgrade(home.engine, strangers)
    assert queries.installed_devices(home.engine) == before


def test_a_strangers_device_is_provisioned_like_any_other(home: Home, strangers: Drivers) -> None:
    types.upgrade(home.engine, strangers)
    apply(home.engine, a_stranger(home, strangers), strangers, home.history, NOW)
    detail = types.detail_table_of(9001, strangers[9001].type.name)
    with home.engine.connect() as connection:
        [row] = connection.execute(select(detail)).all()
    assert tuple(row)[1:] == ("Z001", "brume/A8BC25/is", "brume/A8BC25/set", "brume/A8BC25/alive")
    [device] = queries.installed_devices(home.engine)
    assert (device.id, device.type_id) == ("Z001", 9001)


def test_before_the_upgrade_nothing_of_it_is_written_and_the_command_is_named(home: Home, strangers: Drivers) -> None:
    with pytest.raises(SchemaError, match=r"9001 \(\w+\) yet: run `elfe db upgrade`"):
        apply(home.engine, a_stranger(home, strangers), strangers, home.history, NOW)
    assert not queries.installed_devices(home.engine)


def test_an_id_that_is_another_types_is_refused_by_both_names(home: Home, strangers: Drivers) -> None:
    types.upgrade(home.engine, strangers)
    renamed = evolve(strangers[9001], type=evolve(strangers[9001].type, name="rival_plug"))
    with pytest.raises(SchemaError, match=r"9001 is \w+ in the database and rival_plug in its plugin"):
        types.upgrade(home.engine, evolve(strangers, by_type={9001: renamed}))
