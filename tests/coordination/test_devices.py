"""From a device's row to the value that its driver understands."""

from __future__ import annotations

from attrs import evolve

from elfe.coordination import queries
from elfe.coordination.devices import device_values
from elfe.coordination.queries import DEVICE, HARDWARE
from elfe.coordination.tables import DETAILS
from elfe.coordination.values import InstalledDevice, Usage
from elfe.devices.drivers import Drivers
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, Home

BY_HAND = InstalledDevice(
    id="A110", type_id=112, usage=Usage.SWITCH_AND_METER, appliance_id=1, hardware_id="", participant="R004", templates=None,
    channel=0, control_topic="tele/A110", command_topic="cmd/A110", lwt_topic="tele/A110/LWT")


def test_stored_topic_data_is_what_a_device_is_made_of(home: Home) -> None:
    home.provision(A_WASHER.replace("A8BC25", "A8BC25") + "root=maison/prise")
    (row, device), = device_values(queries.installed_devices(home.engine), home.drivers, "engine")[0]
    assert device == home.drivers[111].device("A001", "A8BC25", {"root": "maison/prise"}, instance="engine")
    assert device.reply_to == "elfe/engine/A001"
    assert row.templates == (("root", "maison/prise"),)


def test_a_row_filled_by_hand_is_read_through_its_topic_columns(drivers: Drivers) -> None:
    (_, device), = device_values([BY_HAND], drivers, "engine")[0]
    assert drivers[112].build_topics(device).command == "cmnd/A110/POWER"


def test_what_cannot_be_read_is_told_and_spoils_no_other(drivers: Drivers) -> None:
    nonsense = evolve(BY_HAND, id="A111", control_topic="?", command_topic="", lwt_topic="aucun")
    unknown = evolve(BY_HAND, id="Z002", type_id=9999)
    found, problems = device_values([nonsense, unknown, BY_HAND], drivers, "engine")
    assert [row.id for row, _ in found] == ["A110"]
    assert problems[0].startswith("device A111: ")
    assert problems[1] == "device Z002: no enabled plugin drives its type 9999"


def test_a_device_in_the_store_room_is_not_installed(home: Home) -> None:
    home.provision(A_WASHER, A_TANK)
    with home.engine.begin() as connection:
        connection.execute(DEVICE.update().where(DEVICE.c.id == "A001").values(utilisateur_affecte=False))
    assert [each.id for each in queries.installed_devices(home.engine)] == ["D001"]


def test_detail_rows_of_two_types_may_bear_the_same_id(home: Home) -> None:
    """Rows filled by hand are often numbered by table."""
    home.provision(A_DISHWASHER, A_TANK)
    with home.engine.begin() as connection:
        connection.execute(HARDWARE.delete())
        connection.execute(DEVICE.update().values(equipement_domotique_specifique_id="1"))
        for type_id in (112, 411):
            connection.execute(DETAILS[type_id].update().values(id="1"))
    assert {each.id: each.command_topic for each in queries.installed_devices(home.engine)} == {
        "A002": "cmnd/A002/POWER", "D001": "D001/rpc"}
