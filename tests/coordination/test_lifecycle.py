"""Devices found again, replaced, adopted; participants who move or leave: what each means, before anything is done."""

from __future__ import annotations

import pytest
from attrs import evolve
from sqlalchemy import Engine

from elfe.coordination import inventory, leaving, lifecycle, provision, queries, states, store
from elfe.coordination.devices import device_values
from elfe.coordination.lifecycle import GONE, Place, Retired, find, places, replacement, same_hardware
from elfe.coordination.lifecycle import leaving as planned
from elfe.coordination.values import Mode
from elfe.devices.drivers import Drivers
from elfe.errors import LifecycleError
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, NOW, Home

MACHINE_ON_D003 = "R006;r006@example.org;Sèche-linge;seche_linge;120;D003;11;411;A8032AB12345;;;;;"
CHANNEL = "participant;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;canal"


def every(home: Home) -> list[Place]:
    rows = queries.installed_devices(home.engine)
    values = {row.id: device for row, device in device_values(rows, home.drivers, "hand")[0]}
    return places(rows, queries.appliances(home.engine), values, home.drivers)


@pytest.fixture
def lived(home: Home) -> Home:
    home.provision(A_WASHER, A_DISHWASHER, A_TANK, MACHINE_ON_D003)
    return home


# -- found -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "points", "by"), [
    ("A8BC25", ["A001"], "id matériel"),
    ("a8:bc:25", ["A001"], "id matériel"),
    ("98:CD:AC:A8:BC:25", ["A001"], "id matériel"),                     # the whole MAC address, as its box has it
    ("shellies/shellyplug-s-A8BC25/relay/0", ["A001"], "topic"),
    ("shellies/shellyplug-s-A8BC25/temperature_f", ["A001"], "topic autorisé"),
    ("cmnd/A002/POWER", ["A002"], "topic"),
    ("elfe/engine/D003/rpc", ["D003"], "topic autorisé"),
    ("d003", ["D003"], "point"),
    ("elfe:D003", ["D003"], "point"),                                   # what its label's QR code holds
    ("https://portail.example/e/D003/", ["D003"], "point"),
    ("R004", ["A001", "A002"], "foyer"),
    ("seche linge", ["D003"], "appareil"),
    ("sèche-linge", ["D003"], "appareil"),
    ("SECHE", ["D003"], "appareil"),
    ("", [], ""),
    ("B00000", [], ""),
])
def test_a_device_is_found_by_whatever_is_known_of_it(lived: Home, text: str, points: list[str], by: str) -> None:
    found = find(text, every(lived))
    assert [each.place.point for each in found] == points
    assert {each.by for each in found} == ({by} if points else set())


def test_hardware_that_was_retired_leads_to_its_point(lived: Home) -> None:
    [found] = find("A8BC24", every(lived), [Retired("A001", 111, "A8BC24", 1, "panne")])
    assert (found.place.point, found.by) == ("A001", "ancien id matériel")


def test_a_short_id_is_never_taken_for_the_end_of_another() -> None:
    assert not same_hardware("98CDACA8BC25", "25")
    assert not same_hardware("A8BC25", "")
    assert same_hardware("A8-BC-25", "a8bc25")


# -- replaced ----------------------------------------------------------------------------------------------------------------


def changes(home: Home, asked: inventory.Inventory) -> provision.Changes:
    return provision.changes(asked, store.standing(home.engine), home.history.find)


def replaced(home: Home, point: str, hardware: str, **more) -> inventory.Inventory:
    return replacement(point, hardware, every(home), store.standing(home.engine), home.drivers, **more)


def test_the_topic_made_of_the_hardware_id_follows_and_nothing_else_changes(lived: Home) -> None:
    [change] = changes(lived, replaced(lived, "A001", "A8BC26")).appliances
    assert change.differs == ("point A001, matériel A8BC25 → A8BC26",
                              "point A001, topics root=shellies/shellyplug-s-A8BC25 → root=shellies/shellyplug-s-A8BC26")


def test_a_topic_that_the_site_has_chosen_stays(home: Home) -> None:
    home.provision(A_WASHER.rstrip(";") + ";;;;root=maison/prise1")
    [change] = changes(home, replaced(home, "A001", "A8BC26")).appliances
    assert change.differs == ("point A001, matériel A8BC25 → A8BC26",)


def test_a_replacement_is_performed_and_the_old_hardware_retired_with_its_reason(lived: Home) -> None:
    before = {each.appliance.id: each.power_series for each in queries.machines(lived.engine)}
    states.note(lived.engine, [states.State("A001", "offline", NOW, NOW, "1.14.0")])
    store.apply(lived.engine, changes(lived, replaced(lived, "A001", "A8BC26")), lived.drivers, lived.history, NOW, "panne")

    assert leaving.retired(lived.engine) == [Retired("A001", 111, "A8BC25", int(NOW.timestamp()), "panne")]
    assert {each.appliance.id: each.power_series for each in queries.machines(lived.engine)} == before
    [row] = [each for each in queries.installed_devices(lived.engine) if each.id == "A001"]
    assert (row.hardware_id, dict(row.templates)) == ("A8BC26", {"root": "shellies/shellyplug-s-A8BC26"})
    assert row.command_topic == "shellies/shellyplug-s-A8BC26/relay/0/command"      # as the first engine reads it
    assert states.states(lived.engine) == {}


def test_a_unit_of_another_family_takes_the_point_over(lived: Home) -> None:
    [change] = changes(lived, replaced(lived, "A001", "A8032AB1", type_id=411)).appliances
    assert change.differs == ("point A001, type 111 → 411", "point A001, matériel A8BC25 → A8032AB1",
                              "point A001, topics root=shellies/shellyplug-s-A8BC25 → root=A001")


def test_the_outputs_of_one_unit_are_replaced_together(home: Home) -> None:
    lines = [f"R007;Machine {number};machine_generique;180;S00{number};12;811;0004A3;{number}" for number in (1, 2)]
    read, problems = inventory.read("\n".join((CHANNEL, *lines)), home.drivers)
    assert problems == []
    store.apply(home.engine, store.prepare(home.engine, read, problems, home.history), home.drivers, home.history, NOW)
    both = changes(home, replaced(home, "S001", "0004A4")).appliances
    assert [[line.device.templates["root"] for line in each.after.devices] for each in both] == [["Socorel/0004A4"]] * 2


@pytest.mark.parametrize(("point", "hardware", "more", "says"), [
    ("D009", "A8BC26", {}, "aucun équipement au point D009"),
    ("A001", " ", {}, "--hardware"),
    ("A001", "A8/BC", {}, "« / »"),
    ("A001", "A8BC26", {"type_id": 999}, "aucun plugin ne pilote le type 999"),
    ("A001", "A8BC26", {"type_id": 611}, "ne sait pas remplir l'usage 11"),
    ("A001", "A8BC26", {"topics": {"rot": "x"}}, "« rot » n'est pas une donnée de topic du type 111 (accepté : root)"),
])
def test_a_replacement_that_cannot_be_is_told_in_a_sentence(lived: Home, point: str, hardware: str, more: dict, says: str) -> None:
    with pytest.raises(LifecycleError, match=says.replace("(", r"\(").replace(")", r"\)")):
        replaced(lived, point, hardware, **more)


def test_g11_hardware_that_stands_elsewhere_is_refused(lived: Home) -> None:
    problems = provision.conflicts(replaced(lived, "D003", "A8BC25"), store.standing(lived.engine))
    assert [each.what for each in problems] == ["« A8BC25 » : est déjà au point A001, chez R004 (« Lave-linge », n° 1)"]


# -- adopted -----------------------------------------------------------------------------------------------------------------


def adopted(home: Home, **cells: str) -> tuple[inventory.Inventory, list[inventory.Problem]]:
    row = {"participant": "R004", "appareil": "Lave-linge", "type_appareil": "", "typologie": "120", "usage": "11", **cells}
    return inventory.read(lifecycle.adoption(row, store.standing(home.engine)), home.drivers)


def test_a_new_appliance_is_adopted_as_an_inventory_of_one_line(lived: Home) -> None:
    asked, problems = adopted(lived, participant="R009", appareil="Congélateur; grand", type_appareil="machine_generique",
                              point="D009", type_materiel="411", topics="root=shellyplus1pm-a8032ab12345")
    assert problems == []
    assert changes(lived, asked).appliances[0].after.devices[0].device.templates == {"root": "shellyplus1pm-a8032ab12345"}


def test_an_appliance_that_stands_keeps_its_devices(lived: Home) -> None:
    asked, problems = adopted(lived, point="D009", usage="21", type_materiel="411", participant="R005", appareil="ballon")
    assert [each.column for each in problems] == ["typologie"]      # 190 has one device: told as of every inventory
    assert asked.appliances == ()
    read, problems = adopted(lived, point="D009", type_materiel="411", participant="R012", appareil="Lave-linge",
                             type_appareil="lave_linge")
    assert problems == []
    assert [change.leaves for change in changes(lived, read).appliances] == [()]


def test_a_tank_is_listed_whole_with_its_windows(home: Home) -> None:
    home.provision("R006;;Ballon;ballon_ecs;180;B001;12;211;;;150;1800;22:30-06:30;")
    asked, problems = adopted(home, participant="R006", appareil="Ballon", point="D002", usage="21", type_materiel="411")
    assert problems == []
    [change] = changes(home, asked).appliances
    assert change.differs == ("point D002 ajouté", "série de mesures")      # the meter that it has now measures it


def test_a_point_that_is_taken_is_not_adopted(lived: Home) -> None:
    with pytest.raises(LifecycleError, match="elfe devices replace A001"):
        adopted(lived, point="A001", type_materiel="111", id_materiel="X")


# -- moved, gone ---------------------------------------------------------------------------------------------------------------


def test_who_leaves_is_erased_and_what_is_not_is_told(lived: Home) -> None:
    who = evolve(planned("R004", store.standing(lived.engine), every(lived)), accounts=("A001", "A002"))
    assert who.points == ("A001", "A002")
    assert who.erased() == [
        "le participant R004 et son adresse e-mail",
        "le nom et les souhaits de « Lave-linge », « Lave-vaisselle », mis en mode 80 (supprimé)",
        "toutes les mesures des points A001, A002",
        "l'état, les réglages et les tâches de visite des points A001, A002",
        "les comptes du broker et leurs secrets : A001, A002",
    ]
    assert any("sauvegardes" in each for each in who.stays())
    subscribed = evolve(who, participant=evolve(who.participant, subscribed_w=9000), to="R012")
    assert "la puissance souscrite de son logement ; celle de R012 se dit dans l'inventaire" in subscribed.erased()


def test_nothing_of_who_has_left_is_found_in_any_table(lived: Home) -> None:
    queries.declare(lived.engine, 1, NOW.replace(hour=20), None, NOW)
    states.volunteer(lived.engine, "R004", True, NOW)
    states.note(lived.engine, [states.State("A001", "online", NOW, NOW)])
    states.open_task(lived.engine, "A001", states.Kind.CONFIGURE, "régler", NOW)
    leaving.leave(lived.engine, planned("R004", store.standing(lived.engine), every(lived)), NOW)

    text = whole(lived.engine)
    assert "r004@example.org" not in text
    assert "Lave-linge" not in text
    assert "Lave-vaisselle" not in text
    assert text.count("R004") == 1                                # the date of the departure
    assert [each.mode for each in queries.appliances(lived.engine)] == [Mode.REMOVED, Mode.REMOVED, Mode.MANUAL, Mode.MANUAL]
    assert {each.participant for each in queries.appliances(lived.engine)} == {GONE, "R005", "R006"}
    assert queries.open_flexibilities(lived.engine) == []
    assert [each.id for each in queries.installed_devices(lived.engine)] == ["D001", "D003"]
    assert {each.reason for each in leaving.retired(lived.engine)} == {"départ"}
    [departure] = states.departures(lived.engine)
    assert (departure.reference, set(departure.pending)) == ("R004", {"A001", "A002"})


def whole(engine: Engine) -> str:
    """Every value of every table of the database."""
    with engine.connect() as connection:
        return "\n".join(str(tuple(row)) for table in queries.metadata.sorted_tables
                         if not table.name.endswith("_type") for row in connection.execute(table.select()))


def test_who_moves_takes_appliances_points_and_address_along(lived: Home) -> None:
    queries.declare(lived.engine, 1, NOW.replace(hour=20), None, NOW)
    who = planned("R004", store.standing(lived.engine), every(lived), to="R012", stays_behind=["lave-vaisselle"])
    leaving.leave(lived.engine, who, NOW)

    standing = store.standing(lived.engine)
    assert {each.participant: each.name for each in standing.appliances}["R012"] == "Lave-linge"
    assert standing.participants["R012"].email == "r004@example.org"
    assert "R004" not in standing.participants
    assert {each.id: each.mode for each in queries.appliances(lived.engine)} == {1: 20, 2: 80, 3: 20, 4: 20}
    assert {each.id: each.participant for each in queries.installed_devices(lived.engine)}["A001"] == "R012"
    assert queries.open_flexibilities(lived.engine) == []
    assert [dict(each.pending) for each in states.departures(lived.engine)] == [{"A002": 2}]


@pytest.mark.parametrize(("reference", "more", "says"), [
    ("R999", {}, "aucun participant R999"),
    ("R004", {"to": "Dupont"}, "n'est pas une référence"),
    ("R004", {"to": "R004"}, "y habite déjà"),
    ("R004", {"to": "R012", "stays_behind": ["Four"]}, "n'a pas d'appareil « four »"),
])
def test_a_move_that_cannot_be_is_told_in_a_sentence(lived: Home, reference: str, more: dict, says: str) -> None:
    with pytest.raises(LifecycleError, match=says):
        planned(reference, store.standing(lived.engine), every(lived), **more)


def test_two_appliances_of_one_name_are_not_put_together(lived: Home) -> None:
    lived.provision(A_WASHER.replace("R004", "R012").replace("A001", "A009").replace("A8BC25", "A8BC99"))
    with pytest.raises(LifecycleError, match="--without « Lave-linge »"):
        planned("R004", store.standing(lived.engine), every(lived), to="R012")


def test_a_unit_is_not_torn_in_two_by_a_move(home: Home, drivers: Drivers) -> None:
    lines = [f"R007;Machine {number};machine_generique;180;S00{number};12;811;0004A3;{number}" for number in (1, 2)]
    read, problems = inventory.read("\n".join((CHANNEL, *lines)), drivers)
    store.apply(home.engine, store.prepare(home.engine, read, problems, home.history), drivers, home.history, NOW)
    with pytest.raises(LifecycleError, match="les points S001 et S002 sont un seul matériel"):
        planned("R007", store.standing(home.engine), every(home), to="R012", stays_behind=["Machine 2"])
