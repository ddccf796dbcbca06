"""Provisioning: an inventory becomes rows, whole or not at all, and the same inventory twice changes nothing."""

from __future__ import annotations

from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError

from elfe.coordination import inventory, queries, store, tables
from elfe.coordination.devices import device_values
from elfe.coordination.provision import What
from elfe.coordination.queries import CYCLE, DEVICE, EPOM, HARDWARE, MACHINE, TANK
from elfe.coordination.values import CommandState, ControlState, Mode
from elfe.errors import InventoryError
from elfe.history.values import power_series
from elfe.slots import epoch_s
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, HEADER, NOW, Home, MemoryHistory, csv

LATER = NOW + timedelta(days=30)
RELAY_AND_METER = ("R006;;Ballon;ballon_ecs;180;B001;12;211;;;150;1800;;", "R006;;Ballon;;180;D002;21;411;;;;;;")


class NoTankSeries(MemoryHistory):
    """A history that gives a tank the number that the contract refuses."""

    def series(self, name: str, unit: str = "") -> int:
        return 0 if name.startswith("D") else 1


def rows(connection: Connection, table: Table) -> list[Any]:
    return list(connection.execute(select(table).order_by(table.c[0])).mappings())


def contents(home: Home) -> dict[str, list[Any]]:
    """Every row of every table."""
    with home.engine.connect() as connection:
        return {table.name: rows(connection, table) for table in queries.metadata.sorted_tables}


def test_a_machine_becomes_an_appliance_with_a_programme_a_point_and_its_hardware(home: Home) -> None:
    made = home.provision(A_WASHER)[0]
    with home.engine.connect() as connection:
        appliance, machine, cycle = (rows(connection, table)[0] for table in (EPOM, MACHINE, CYCLE))
        point, hardware = rows(connection, DEVICE)[0], rows(connection, HARDWARE)[0]
    assert appliance["id"] == made.appliance_id == machine["equipement_pilote_ou_mesure_id"]
    assert appliance["equipement_pilote_specifique_id"] == machine["id"] == cycle["equipement_pilote_machine_generique_id"]
    assert machine["cycle_equipement_pilote_machine_generique_id"] == cycle["id"]
    assert (cycle["nom"], cycle["duree_cycle"]) == ("par défaut", 9_000)
    states = ("equipement_pilote_ou_mesure_mode_id", "etat_controle_id", "etat_commande_id")
    assert [appliance[name] for name in states] == [Mode.MANUAL, ControlState.ON, CommandState.INITIAL]
    assert (point["id"], point["utilisateur"], point["utilisateur_affecte"], point["id_materiel"]) == (
        "A001", "R004", True, "A8BC25")
    assert (hardware["device_id"], hardware["hardware_id"], hardware["since"], hardware["until"]) == (
        "A001", "A8BC25", epoch_s(NOW), None)


def test_a_tank_becomes_an_appliance_with_its_off_peak_windows(home: Home) -> None:
    home.provision(A_TANK)
    tank = queries.water_heaters(home.engine)[0]
    assert (tank.volume_l, tank.power_w) == (200, 2200)
    assert {(each.start_s, each.end_s) for each in tank.windows} == {(81_000, 23_400), (45_000, 52_200)}
    with home.engine.connect() as connection:
        assert rows(connection, EPOM)[0]["equipement_pilote_specifique_id"] == rows(connection, TANK)[0]["id"]


def test_the_power_series_is_that_of_the_device_that_meters(home: Home) -> None:
    home.provision(A_WASHER, *RELAY_AND_METER)
    assert queries.machines(home.engine)[0].power_series == home.history.find(power_series("A001"))
    assert queries.water_heaters(home.engine)[0].power_series == home.history.find(power_series("D002"))


def test_the_topic_columns_hold_what_the_first_command_engine_needs(home: Home) -> None:
    home.provision(A_WASHER, A_DISHWASHER, A_TANK)
    found = {each.id: (each.control_topic, each.command_topic, each.lwt_topic)
             for each in queries.installed_devices(home.engine)}
    for row, device in device_values(queries.installed_devices(home.engine), home.drivers, "engine")[0]:
        rendered = home.drivers[row.type_id].render_legacy_topics(device)
        assert found[row.id] == (rendered.control, rendered.command, rendered.lwt)
        assert all(found[row.id])


def test_the_same_inventory_twice_changes_nothing(home: Home) -> None:
    lines = (A_WASHER, A_DISHWASHER, A_TANK, *RELAY_AND_METER)
    home.provision(*lines)
    before = contents(home)
    assert home.prepare(*lines).all_stands
    home.provision(*lines, now=LATER)
    assert contents(home) == before


def test_the_sample_of_twenty_homes_is_provisioned_once(home: Home) -> None:
    text = (files("elfe.simulation") / "twenty_homes.csv").read_text(encoding="utf-8")
    asked, problems = inventory.read(text, home.drivers)
    changes = store.prepare(home.engine, asked, problems, home.history)
    assert not changes.all_stands
    store.apply(home.engine, changes, home.drivers, home.history, NOW)
    assert store.prepare(home.engine, asked, problems, home.history).all_stands
    installed, unreadable = device_values(queries.installed_devices(home.engine), home.drivers, "engine")
    assert not unreadable
    assert len(installed) == len(text.splitlines()) - 1


def test_preparing_writes_nothing(home: Home) -> None:
    before = contents(home)
    assert [each.what for each in home.prepare(A_WASHER, A_TANK).appliances] == [What.CREATE, What.CREATE]
    assert contents(home) == before
    assert home.history.names == []


def test_what_an_inventory_does_not_mention_is_left_alone(home: Home) -> None:
    home.provision(A_WASHER, A_TANK)
    before = contents(home)
    home.provision(A_TANK, now=LATER)
    assert contents(home) == before


def test_what_was_declared_and_observed_stays_when_something_else_changes(home: Home) -> None:
    washer = home.provision(A_WASHER)[0].appliance_id
    queries.declare(home.engine, washer, NOW + timedelta(hours=8), timedelta(hours=1), NOW)
    home.provision(A_WASHER.replace("A8BC25", "B1C2D3"), now=LATER)
    found = queries.machines(home.engine)[0]
    assert (found.appliance.mode, found.deadline, found.lasts) == (
        Mode.PILOTED, NOW + timedelta(hours=8), timedelta(hours=1))


@pytest.mark.parametrize(("before", "after", "differs"), [
    (A_WASHER, A_WASHER.replace(";120;", ";190;"), ["typologie 120 → 190"]),
    (A_WASHER, A_WASHER.replace("A8BC25", "B1C2D3"),
     ["point A001, matériel A8BC25 → B1C2D3",
      "point A001, topics root=shellies/shellyplug-s-A8BC25 → root=shellies/shellyplug-s-B1C2D3"]),
    (A_WASHER, A_WASHER.replace("A001", "A009"), ["point A001 retiré", "point A009 ajouté", "série de mesures"]),
    (A_TANK, A_TANK.replace(";200;2200;22:30-06:30 12:30-14:30", ";250;3000;23:00-07:00"),
     ["volume (l) 200 → 250", "puissance (W) 2200 → 3000",
      "heures creuses 12:30-14:30 22:30-06:30 → 23:00-07:00"]),
    (RELAY_AND_METER[0], "\n".join(RELAY_AND_METER), ["point D002 ajouté", "série de mesures"]),
    (A_WASHER, A_WASHER + "root=maison/prise",
     ["point A001, topics root=shellies/shellyplug-s-A8BC25 → root=maison/prise"]),
    (A_WASHER, A_WASHER.replace("A001;11;111;A8BC25", "A001;11;112;"),
     ["point A001, type 111 → 112", "point A001, matériel A8BC25 → aucun",
      "point A001, topics root=shellies/shellyplug-s-A8BC25 → full_topic=%prefix%/%topic%/ topic=A001"]),
])
def test_a_change_is_told_in_words_and_done(home: Home, before: str, after: str, differs: list[str]) -> None:
    home.provision(before)
    asked = home.prepare(after)
    assert [*asked.appliances[0].differs] == differs
    home.provision(after, now=LATER)
    assert home.prepare(after).all_stands


def test_replaced_hardware_keeps_its_history_and_the_point_outlives_it(home: Home) -> None:
    home.provision(A_WASHER)
    home.provision(A_WASHER.replace("A8BC25", "B1C2D3"), now=LATER)
    with home.engine.connect() as connection:
        stays = [(each["device_id"], each["hardware_id"], each["since"], each["until"]) for each in rows(connection, HARDWARE)]
        assert stays == [
            ("A001", "A8BC25", epoch_s(NOW), epoch_s(LATER)), ("A001", "B1C2D3", epoch_s(LATER), None)]
    assert [each.hardware_id for each in queries.installed_devices(home.engine)] == ["B1C2D3"]


def test_two_plugs_may_change_places(home: Home) -> None:
    other = A_DISHWASHER.replace("A002;11;112;", "A002;11;111;B1C2D3")
    home.provision(A_WASHER, other)
    home.provision(A_WASHER.replace("A8BC25", "B1C2D3"), other.replace("B1C2D3", "A8BC25"), now=LATER)
    assert {each.id: each.hardware_id for each in queries.installed_devices(home.engine)} == {
        "A001": "B1C2D3", "A002": "A8BC25"}


def test_a_point_may_move_to_another_appliance_when_the_inventory_says_what_its_old_one_becomes(home: Home) -> None:
    home.provision(A_WASHER, A_TANK)
    home.provision(A_WASHER.replace("A001;11;111;A8BC25", "A009;11;112;"),
                   "R005;;Lave-linge;lave_linge;120;A001;11;111;A8BC25;2h;;;;", now=LATER)
    assert {each.id: each.participant for each in queries.installed_devices(home.engine)} == {
        "A001": "R005", "A009": "R004", "D001": "R005"}


def test_a_point_that_an_appliance_has_no_more_is_no_longer_at_its_participants(home: Home) -> None:
    home.provision(*RELAY_AND_METER)
    home.provision(RELAY_AND_METER[0], now=LATER)
    assert [each.id for each in queries.installed_devices(home.engine)] == ["B001"]
    with home.engine.connect() as connection:
        assert connection.scalar(select(HARDWARE.c.until).where(HARDWARE.c.device_id == "D002")) == epoch_s(LATER)


@pytest.mark.parametrize(("line", "told"), [
    ("R007;;Lave-linge;lave_linge;120;A001;11;112;;;;;;",
     r"ligne 2, colonne « point » : « A001 » : est déjà chez R004 \(« Lave-linge », n° 1\)"),
    ("R007;;Lave-linge;lave_linge;120;A003;11;111;a8bc25;;;;;",
     r"ligne 2, colonne « id_materiel » : « a8bc25 » : est déjà au point A001, chez R004 \(« Lave-linge », n° 1\)"),
    ("R004;;Lave-linge;ballon_ecs;120;A001;11;111;A8BC25;;200;2000;;",
     r"ligne 2, colonne « type_appareil » : « 131 » : R004 \(« Lave-linge », n° 1\) est déjà de type 112"),
])
def test_what_contradicts_what_stands_is_refused_before_anything_is_written(home: Home, line: str, told: str) -> None:
    home.provision(A_WASHER)
    before = contents(home)
    with pytest.raises(InventoryError, match=told):
        home.provision(line)
    assert contents(home) == before


def test_what_is_wrong_in_the_file_and_with_what_stands_is_told_together(home: Home) -> None:
    home.provision(A_WASHER)
    with pytest.raises(InventoryError) as refused:
        home.prepare("R007;;Lave-linge;lave_linge;120;A001;11;112;;;;;;", A_TANK.replace(";2200;", ";;"))
    assert [line.partition(" : ")[0] for line in str(refused.value).splitlines()] == [
        "ligne 2, colonne « point »", "ligne 3, colonne « puissance_w »"]


def test_a_failure_in_the_middle_leaves_nothing_behind(home: Home) -> None:
    before, changes = contents(home), home.prepare(A_WASHER, A_TANK)
    with pytest.raises(IntegrityError):
        store.apply(home.engine, changes, home.drivers, NoTankSeries(), NOW)
    assert contents(home) == before


def test_a_blank_cell_of_a_participant_leaves_what_is_known(home: Home) -> None:
    home.provision(A_WASHER)
    assert home.prepare(A_WASHER.replace("r004@example.org", "")).all_stands
    home.provision(A_WASHER.replace("r004@", "new@"))
    assert store.standing(home.engine).participants["R004"].email == "new@example.org"


def test_what_a_home_subscribes_is_changed_by_another_value_and_left_by_a_blank_cell(home: Home) -> None:
    def prepared(written: str) -> store.Changes:
        read, problems = inventory.read(csv(f"{A_WASHER};{written}", header=f"{HEADER};puissance_souscrite"), home.drivers)
        return store.prepare(home.engine, read, problems, home.history)

    home.provision(A_WASHER)
    assert queries.subscribed_w(home.engine) == {}
    for written, differs, then in (("6 kVA", "aucun → 6 kVA", 6000), ("9", "6 kVA → 9 kVA", 9000), ("0", "9 kVA → aucun", None)):
        changes = prepared(written)
        assert changes.participants[0].differs == (f"puissance souscrite {differs}",)
        store.apply(home.engine, changes, home.drivers, home.history, NOW)
        assert queries.subscribed_w(home.engine) == ({"R004": then} if then else {})
        assert prepared("").all_stands
        assert prepared(written).all_stands


def test_a_row_filled_by_hand_is_taken_over(home: Home) -> None:
    home.provision(A_WASHER)
    with home.engine.begin() as connection:
        connection.execute(HARDWARE.delete())
        connection.execute(DEVICE.update().values(marque="à la main"))
    assert home.prepare(A_WASHER).appliances[0].differs == (
        "point A001, topics à la main → root=shellies/shellyplug-s-A8BC25",)
    home.provision(A_WASHER)
    assert home.prepare(A_WASHER).all_stands
    assert queries.installed_devices(home.engine)[0].brand == "à la main"


def test_a_removed_appliance_gives_its_name_and_its_points_back(home: Home) -> None:
    old = home.provision(A_WASHER)[0].appliance_id
    with home.engine.begin() as connection:
        connection.execute(EPOM.update().values(equipement_pilote_ou_mesure_mode_id=Mode.REMOVED))
    new = home.provision(A_WASHER, now=LATER)[0].appliance_id
    assert new != old
    assert [each.appliance_id for each in queries.installed_devices(home.engine)] == [new]


def test_a_point_of_another_type_leaves_no_detail_row_behind(home: Home) -> None:
    home.provision(A_WASHER)
    home.provision(A_WASHER.replace("A001;11;111;A8BC25", "A001;11;112;"))
    with home.engine.connect() as connection:
        assert [type_id for type_id, table in tables.DETAILS.items() if rows(connection, table)] == [112]
