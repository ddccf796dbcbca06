"""Reading an inventory: every error at once, each with its line, its column, what was found and what is accepted."""

from __future__ import annotations

import re
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from attrs import evolve

from elfe.coordination import inventory
from elfe.coordination.inventory import Inventory, ParticipantLine
from elfe.coordination.lines import COLUMNS, NOWHERE, Problem
from elfe.coordination.values import ApplianceType, OffPeak
from elfe.devices.drivers import Drivers
from tests.coordination.conftest import A_DISHWASHER, A_TANK, A_WASHER, HEADER, csv


def read(drivers: Drivers, *lines: str) -> Inventory:
    """A right inventory."""
    found, problems = inventory.read(csv(*lines), drivers)
    assert not problems
    return found


def problems_of(drivers: Drivers, *lines: str, header: str = HEADER) -> list[Problem]:
    return inventory.read(csv(*lines, header=header), drivers)[1]


def test_a_line_is_a_device_of_an_appliance_of_a_participant(drivers: Drivers) -> None:
    found = read(drivers, A_WASHER)
    assert found.participants == (ParticipantLine("R004", "r004@example.org"),)
    washer = found.appliances[0]
    assert (washer.participant, washer.name, washer.type, washer.typology) == ("R004", "Lave-linge", 112, 120)
    assert washer.cycle == timedelta(hours=2, minutes=30)
    assert washer.devices[0].device == drivers[111].device("A001", "A8BC25")


def test_a_tank_has_its_volume_its_power_and_its_off_peak_hours(drivers: Drivers) -> None:
    tank = read(drivers, A_TANK).appliances[0]
    assert (tank.details["volume_ballon"], tank.details["puissance_chauffe"]) == (200, 2200)
    assert tank.windows == (OffPeak(81_000, 23_400), OffPeak(45_000, 52_200))


def test_an_appliance_may_span_lines_that_say_each_thing_once(drivers: Drivers) -> None:
    found = read(drivers, "R006;;Ballon;ballon_ecs;180;D002;12;411;;;150;1800;;", "R006;;Ballon;;180;B001;21;211;;;;;;")
    assert [each.device.id for each in found.appliances[0].devices] == ["D002", "B001"]


def test_codes_are_read_by_number_or_by_name(drivers: Drivers) -> None:
    by_name = A_WASHER.replace(";120;", ";prise_commande;").replace(
        ";11;111;", ";mesurer_elec_commuter;shellyplugs_shellycloud_v1;")
    assert read(drivers, by_name) == read(drivers, A_WASHER.replace("lave_linge", "112"))


@pytest.mark.parametrize("change", [
    lambda text: "\ufeff" + text,
    lambda text: text.replace(";", ","),
    lambda text: text.replace("\n", "\r\n"),
    lambda text: text.replace("\n", "\n\n") + ";;;;\n",
    lambda text: text.replace("participant;", "Participant ;"),
], ids=["BOM", "commas", "CRLF", "empty lines", "a loose header"])
def test_what_spreadsheets_do_to_a_file_changes_nothing(drivers: Drivers, change: object) -> None:
    given, whole = csv(A_WASHER, A_TANK), inventory.read(csv(A_WASHER, A_TANK), drivers)[0]
    found, problems = inventory.read(change(given), drivers)  # type: ignore[operator]
    assert not problems
    assert _without_lines(found) == _without_lines(whole)


def test_topic_data_of_a_device_of_ones_own_replaces_the_defaults(drivers: Drivers) -> None:
    found = read(drivers, A_WASHER.replace("A8BC25", "") + "root=maison/prise1")
    assert found.appliances[0].devices[0].device.templates["root"] == "maison/prise1"


@pytest.mark.parametrize("written", ["Shelly Plug S", "shellyplug s", "Shelly-Plug S", "111 - Shelly Plug S"])
def test_a_product_is_known_however_it_is_spaced(drivers: Drivers, written: str) -> None:
    found = read(drivers, A_WASHER.replace(";111;", f";{written};"))
    assert found.appliances[0].devices[0].device.type_id == 111


def test_a_cycle_without_duration_has_that_of_its_kind(drivers: Drivers) -> None:
    dryer = A_DISHWASHER.replace("lave_vaisselle", "seche_linge")
    assert read(drivers, dryer).appliances[0].cycle == timedelta(hours=1, minutes=30)


@pytest.mark.parametrize(("lines", "expected"), [
    ([A_WASHER.replace("R004", "")],
     "ligne 2, colonne « participant » : valeur manquante ; accepté : une référence comme R004"),
    ([A_WASHER.replace(";lave_linge;", ";autre;")],
     "ligne 2, colonne « type_appareil » : « autre » ne convient pas ; accepté : 1 (machine_generique), "
     "111 (lave_vaisselle), 112 (lave_linge), 113 (seche_linge), 131 (ballon_ecs)"),
    ([A_WASHER.replace(";lave_linge;", ";lave-vaiselle;")],
     "ligne 2, colonne « type_appareil » : « lave-vaiselle » ne convient pas ; accepté : 111 (lave_vaisselle), "),
    ([A_WASHER.replace(";111;", ";999;")],
     "ligne 2, colonne « type_materiel » : « 999 » ne convient pas ; accepté : un type que montre `elfe plugins`, par son numéro"),
    ([A_WASHER.replace(";111;", ";Shelly plug;")],
     "ligne 2, colonne « type_materiel » : « Shelly plug » ne convient pas ; accepté : 111 (shellyplugs_shellycloud_v1), "
     "1121 (shellyplusplugs_gen2), 1122 (shellyplugs_gen3), 1123 (shellyplugm_gen3), …"),
    ([A_WASHER, A_DISHWASHER.replace("A002", "A001")], "ligne 3, colonne « point » : « A001 » : est déjà à la ligne 2"),
    ([A_WASHER, A_DISHWASHER.replace(";112;;", ";112;a8bc25;")],
     "ligne 3, colonne « id_materiel » : « a8bc25 » : est déjà à la ligne 2"),
    ([A_WASHER + "root=maison/prise", A_DISHWASHER.replace(";112;", ";111;") + "root=maison/prise"],
     "ligne 3, colonne « topics » : « root=maison/prise » : est déjà à la ligne 2"),
    ([A_WASHER.replace(";A001;", ";B001;")],
     "ligne 2, colonne « point » : « B001 » ne convient pas ; accepté : un identifiant comme A003 pour "
     "un matériel de type 111"),
    ([A_WASHER.replace("A8BC25", "")],
     "ligne 2, colonne « id_materiel » : valeur manquante ; accepté : l'identifiant inscrit sur le matériel"),
    ([A_WASHER.replace(";120;", ";190;").replace(";11;", ";12;")],
     "ligne 2, colonne « typologie » : « 190 avec les usages 12 » ne convient pas ; accepté : pour la typologie 190, "
     "exactement un équipement d'usage 11"),
    ([A_TANK.replace(";190;", ";180;")],
     "ligne 2, colonne « typologie » : « 180 avec les usages 11 » ne convient pas ; accepté : pour la typologie 180, "
     "exactement un équipement d'usage 12 et au plus un d'usage 21"),
    ([A_WASHER, A_WASHER.replace("A001", "A003").replace("A8BC25", "B1C2D3")],
     "ligne 2, colonne « typologie » : « 120 avec les usages 11, 11 » ne convient pas"),
    ([A_WASHER.replace(";11;", ";31;")],
     "ligne 2, colonne « usage » : « 31 » ne convient pas ; accepté : un usage que le matériel de type 111 sait remplir : "
     "11 (mesurer_elec_commuter), 12 (commuter), 21 (mesurer_elec)"),
    ([A_WASHER.replace("2h30", "150")],
     "ligne 2, colonne « duree_cycle » : « 150 » ne convient pas ; accepté : une durée comme 2h30 ou 45min"),
    ([A_WASHER.replace("2h30", "25h")], "ligne 2, colonne « duree_cycle » : « 25h » ne convient pas"),
    ([A_TANK.replace(";2200;", ";2,2 MW;")],
     "ligne 2, colonne « puissance_w » : « 2,2 MW » ne convient pas ; accepté : un nombre entier de 100 à 50000"),
    ([A_TANK.replace(";200;", ";;")],
     "ligne 2, colonne « volume_l » : valeur manquante ; accepté : un nombre entier de 10 à 5000"),
    ([A_TANK.replace("22:30-06:30", "22:30")],
     "ligne 2, colonne « heures_creuses » : « 22:30 » ne convient pas ; accepté : des plages comme 22:30-06:30"),
    ([A_WASHER.replace("2h30;", "2h30;200")],
     "ligne 2, colonne « volume_l » : « 200 » ne convient pas ; accepté : rien, pour une machine"),
    ([A_TANK.replace(";;200;", ";2h;200;")],
     "ligne 2, colonne « duree_cycle » : « 2h » ne convient pas ; accepté : rien, pour un ballon"),
    ([A_WASHER.replace("r004@example.org", "r004")],
     "ligne 2, colonne « email » : « r004 » ne convient pas ; accepté : une adresse"),
    ([A_WASHER, A_DISHWASHER.replace("R004;;", "R004;other@example.org;")],
     "ligne 3, colonne « email » : « other@example.org » : la ligne 2 dit « r004@example.org »"),
    ([A_WASHER + "Root=x"], "ligne 2, colonne « topics » : « Root=x » ne convient pas ; accepté : root=…, sans + ni #"),
    ([A_WASHER + "root=a/#"], "ligne 2, colonne « topics » : « root=a/# » ne convient pas"),
    ([A_WASHER.replace(";Lave-linge;", ";;")], "ligne 2, colonne « appareil » : valeur manquante"),
    ([A_WASHER + ";de trop"], "ligne 2 : plus de 14 cellules"),
])
def test_a_bad_line_is_told_with_its_column_and_the_accepted_values(
        drivers: Drivers, lines: list[str], expected: str) -> None:
    told = [str(each) for each in problems_of(drivers, *lines)]
    assert [each for each in told if each.startswith(expected)], told


SUBSCRIBED = HEADER + ";Puissance souscrite"


@pytest.mark.parametrize("written", ["9", "9,0", "9 kVA", "9kw", "9000 VA"])
def test_what_a_home_subscribes_is_read_in_kva(drivers: Drivers, written: str) -> None:
    found, problems = inventory.read(csv(f"{A_WASHER};{written}", f"{A_DISHWASHER};", header=SUBSCRIBED), drivers)
    assert not problems
    assert found.participants == (ParticipantLine("R004", "r004@example.org", subscribed_w=9000),)


@pytest.mark.parametrize("written", ["2,9", "37", "9000", "neuf", "-9", "9 kWh", "9 A"])
def test_what_no_home_subscribes_is_told_with_what_is_accepted(drivers: Drivers, written: str) -> None:
    assert [str(each) for each in problems_of(drivers, f"{A_WASHER};{written}", header=SUBSCRIBED)] == [
        f"ligne 2, colonne « puissance_souscrite » : « {written} » ne convient pas ; "
        "accepté : une puissance de 3 à 36 kVA, 0 pour ne plus en avoir, ou rien"]


def test_lines_that_disagree_on_what_their_home_subscribes_are_told(drivers: Drivers) -> None:
    lines = f"{A_WASHER};9", f"{A_DISHWASHER};9 kVA", f"{A_DISHWASHER.replace('A002', 'A003').replace('vaisselle', 'linge')};12"
    assert "ligne 4, colonne « puissance_souscrite » : « 12 » : la ligne 2 dit « 9 »" in [
        str(each) for each in problems_of(drivers, *lines, header=SUBSCRIBED)]


def test_a_type_whose_plugin_is_not_installed_is_told(drivers: Drivers) -> None:
    without = Drivers(drivers.plugins, {id: driver for id, driver in drivers.by_type.items() if id != 111})
    told = [str(each) for each in problems_of(without, A_WASHER)]
    assert told[0].startswith(
        "ligne 2, colonne « type_materiel » : « 111 » ne convient pas ; accepté : un type dont le plugin est installé (112, ")


def test_all_problems_are_told_at_once_in_the_order_of_the_lines(drivers: Drivers) -> None:
    bad = (A_WASHER.replace("R004", "").replace("2h30", "x"), A_DISHWASHER.replace("A002", "A001"), A_TANK.replace(";411;", ";7;"))
    assert [(each.line, each.column) for each in problems_of(drivers, *bad)] == [
        (2, "participant"), (2, "duree_cycle"), (3, "point"), (4, "type_materiel")]


def test_a_header_is_refused_whole_before_any_line_is_read(drivers: Drivers) -> None:
    header = HEADER.replace("point;", "Prise;").replace("duree_cycle", "Durée de cicle") + ";Topics"
    assert [str(each) for each in problems_of(drivers, A_WASHER.replace("R004", "?"), header=header)] == [
        "ligne 1, colonne « point » : colonne manquante ; ajoutez-la, ou donnez ce titre à celle qui la contient",
        "ligne 1, colonne « topics » : colonne présente deux fois ; gardez celle qui est juste",
        "ligne 1, colonne « Durée de cicle » : colonne inconnue ; écrivez « duree_cycle » si c'est elle, sinon retirez-la"]


@pytest.mark.parametrize("title", ["Remarque", "Remarques", "Adresse MAC"])
def test_a_column_of_ones_own_is_left_aside_although_it_resembles_one_of_ours(drivers: Drivers, title: str) -> None:
    found, problems = inventory.read("\n".join((f"{HEADER};{title}", f"{A_WASHER};sous l'évier")), drivers)
    assert not problems
    assert found.remarks == (f"colonnes ignorées : {title}",)


def test_titles_may_be_short(drivers: Drivers) -> None:
    header = HEADER.replace("participant", "Réf.").replace("id_materiel", "Identifiant").replace("duree_cycle", "Durée")
    found, problems = inventory.read("\n".join((header, A_WASHER)), drivers)
    assert (problems, found.remarks) == ([], ())
    assert found.appliances[0].devices[0].device.hardware_id == "A8BC25"


def test_the_sample_of_twenty_homes_is_right(drivers: Drivers) -> None:
    text = (files("elfe.simulation") / "twenty_homes.csv").read_text(encoding="utf-8")
    found, problems = inventory.read(text, drivers)
    assert not problems
    assert len(found.participants) == 20
    assert {each.typology for each in found.appliances} == {120, 180, 190}
    dryers = [device for each in found.appliances if each.type == ApplianceType.TUMBLE_DRYER for device in each.devices]
    assert len(dryers) == 5
    assert min(drivers[each.device.type_id].type.carries_w for each in dryers) > 3000      # a real one draws 2,560 W


def test_every_column_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")
    columns = page.partition("## Colonnes")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", columns, re.MULTILINE) == [*COLUMNS]


def test_the_example_of_the_documentation_is_right(drivers: Drivers) -> None:
    page = (Path(__file__).parents[2] / "docs" / "inventory.md").read_text(encoding="utf-8")
    for example in re.findall(r"```csv\n(.*?)```", page, re.DOTALL):
        assert inventory.read(example, drivers)[1] == []


def _without_lines(found: Inventory) -> object:
    """Line numbers aside: empty lines count."""
    return [evolve(each, where=NOWHERE, devices=tuple(evolve(device, where=NOWHERE) for device in each.devices))
            for each in found.appliances]
