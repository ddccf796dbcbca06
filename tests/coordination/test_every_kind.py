"""Every kind of appliance and every typology, from one inventory to its rows and back; and as SQL for the administrator."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import Engine, select

from elfe.coordination import as_sql, inventory, kinds, provision, queries, reference, store
from elfe.coordination.lifecycle import adoption
from elfe.coordination.provision import What
from elfe.coordination.sheets import of_text
from elfe.coordination.values import ApplianceType, Mode
from elfe.devices.drivers import Drivers
from tests.coordination.conftest import NOW, Home, MemoryHistory
from tests.coordination.test_provision import contents

HEADER = ("participant;appareil;type_appareil;typologie;point;usage;type_materiel;id_materiel;passerelle;canal;puissance_w;"
          "batterie_kwh;charge_voulue;puissance_eco_w;eco_force;confort_semaine;confort_weekend;temperature_confort;"
          "temperature_eco;tolerance;isolation;pdl;volume_l;heures_creuses")
EVERY = """\
R001;Lave-linge;lave_linge;120;A001;11;111;A8BC25
R001;Écran;lave_vaisselle;120;A002;11;112;
R001;Écran;;;G001;71;711;
R002;Voiture;voiture_electrique;180;D001;12;411;;;;7,4 kW;52;90
R002;Vélo;velo_assistance_electrique;120;A003;11;112;;;;80 W;0,5
R003;Chariot;chariot_elevateur_electrique;190;D002;11;411;;;;3000;20000 Wh
R003;Radiateurs;chauffage_non_asservi;120;D003;11;411;;;;1500;;;300;30;06:00-08:30 17h-22h;00:00-12:00
R004;Chauffage;chauffage_asservi;140;D004;12;411;;;;2000;;;;;;;19,5 °C;17;0,5;bonne
R004;Chauffage;;;F004;61;611;A8032A
R004;Chauffage;;;B004;21;211;
R005;Lave-linge;lave_linge;130;A005;11;112;
R005;Lave-linge;;;C005;32;311;A1B2C3;C900
R005;Sèche-linge;seche_linge;150;A006;11;112;
R005;Sèche-linge;;;C006;31;311;A1B2C4;C900
R005;Sèche-linge;;;C007;32;311;A1B2C5;C900
R006;Compteur;compteur_electrique;200;B006;21;211;;;;;;;;;;;;;;;12345678901234
R006;Toit;centrale_solaire_elec;200;D006;21;411;
R006;Machine;machine_generique;160;A007;11;112;
R006;Machine;;;C008;32;311;A1B2C6;C901
R007;Ballon;ballon_ecs;180;S007;12;811;PLC7;;3;2200;;;;;;;;;;;;200;22:30-06:30
R007;Deux relais;lave_linge;110;D007;12;411;
R007;Deux relais;;;D008;12;411;
R007;Rallumé;lave_linge;170;A008;11;112;
R007;Rallumé;;;C009;32;311;A1B2C7;C902
"""


def every(*changed: tuple[str, str]) -> str:
    found = EVERY
    for before, after in changed:
        assert before in found
        found = found.replace(before, after)
    width = HEADER.count(";")
    return "\n".join([HEADER, *(line + ";" * (width - line.count(";")) for line in found.splitlines())]) + "\n"


def provisioned(home: Home, text_: str | None = None) -> provision.Changes:
    read, problems = inventory.read(text_ or every(), home.drivers)
    changes = store.prepare(home.engine, read, problems, home.history)
    for _ in store.apply_by_home(home.engine, changes, home.drivers, home.history, NOW):
        pass
    return changes


def row(engine: Engine, type_: int) -> dict[str, object]:
    """The row of an appliance's kind."""
    table = store.DETAIL_TABLES[kinds.KINDS[type_].table]
    with engine.connect() as connection:
        appliance = connection.scalar(select(queries.EPOM.c.id).where(
            queries.EPOM.c.equipement_pilote_ou_mesure_type_id == type_))
        found = connection.execute(select(table).where(table.c.equipement_pilote_ou_mesure_id == appliance)).mappings().one()
        return dict(found)


def test_every_kind_and_typology_of_the_contract_can_be_provisioned(home: Home) -> None:
    provisioned(home)
    found = store.standing(home.engine).appliances
    assert {each.typology for each in found} == {each.id for each in reference.TYPOLOGIES} == kinds.TYPOLOGIES.keys()
    assert {kinds.KINDS[each.type].table for each in found} == {each.table for each in kinds.KINDS.values()}
    assert {each.id for each in reference.APPLIANCE_TYPES} == kinds.KINDS.keys()
    assert {device.type_id for each in found for device in each.devices} == {111, 112, 211, 311, 411, 611, 711, 811}


def test_a_car_has_its_battery_its_power_and_what_is_wanted(home: Home) -> None:
    provisioned(home)
    car = row(home.engine, ApplianceType.CAR)
    assert {name: car[name] for name in ("puissance_de_charge", "capacite_de_batterie", "timestamp_dispo_souhaitee",
                                         "pourcentage_charge_finale_minimale_souhaitee", "pourcentage_charge_restant")} == {
        "puissance_de_charge": 7400, "capacite_de_batterie": 52_000, "timestamp_dispo_souhaitee": 0,
        "pourcentage_charge_finale_minimale_souhaitee": 90, "pourcentage_charge_restant": 0}
    assert row(home.engine, ApplianceType.E_BIKE)["capacite_de_batterie"] == 500
    assert row(home.engine, ApplianceType.FORKLIFT)["capacite_de_batterie"] == 20_000


def test_a_heater_has_its_programme_and_midnight_is_a_second_later(home: Home) -> None:
    provisioned(home)
    heater = row(home.engine, ApplianceType.HEATING)
    assert (heater["puissance_moyenne_confort"], heater["puissance_moyenne_eco"]) == (1500, 300)
    assert heater["pourcentage_eco_force"] == 30
    periods = [tuple(heater[f"prog_{days}_periode_{period}_confort_{what}"] for what in ("actif", "heure_debut", "heure_fin"))
               for days, period in kinds.PERIODS]
    assert periods == [(True, 21_600, 30_600), (True, 61_200, 79_200), (True, 1, 43_200), (False, 1, 1)]


def test_a_controlled_heating_is_told_in_deci_kelvin_and_knows_its_thermometer(home: Home) -> None:
    provisioned(home)
    heating = row(home.engine, ApplianceType.CONTROLLED_HEATING)
    assert (heating["temperature_confort"], heating["temperature_eco"], heating["delta_temp_maximale_temp_demandee"],
            heating["modele_thermique_id"]) == (2926, 2902, 5, 2)
    assert heating["mesure_temperature_id"] == home.history.find("F004 temp")
    assert heating["mesures_puissance_elec_id"] == home.history.find("B004 puissance")


def test_a_meter_is_measured_and_nobody_commands_it(home: Home) -> None:
    provisioned(home)
    assert row(home.engine, ApplianceType.METER)["numero_pdl"] == "12345678901234"
    with home.engine.connect() as connection:
        epom = queries.EPOM.c
        modes = connection.execute(select(epom.equipement_pilote_ou_mesure_mode_id, epom.etat_commande_id).where(
            epom.equipement_pilote_ou_mesure_type_id.in_((410, 910)))).all()
    assert modes == [(Mode.MEASURED, 99)] * 2


def test_the_same_inventory_twice_changes_nothing(home: Home) -> None:
    provisioned(home)
    before = contents(home)
    assert provisioned(home).all_stands
    assert contents(home) == before


def test_what_changes_is_told_as_before_and_after(home: Home) -> None:
    provisioned(home)
    changes = provisioned(home, every((";52;90", ";60;50"), (";300;30;06:00", ";300;30;05:00"), ("19,5 °C", "20"),
                                      ("200;22:30", "300;22:30")))
    assert {each.after.name: each.differs for each in changes.appliances if each.what is What.CHANGE} == {
        "Voiture": ("batterie (Wh) 52000 → 60000",),
        "Radiateurs": ("prog_semaine_periode_1_confort_heure_debut 21600 → 18000",),
        "Chauffage": ("température de confort (dK) 2926 → 2932",),
        "Ballon": ("volume (l) 200 → 300",)}
    assert row(home.engine, ApplianceType.CAR)["pourcentage_charge_finale_minimale_souhaitee"] == 90      # its participant's by now


@pytest.mark.parametrize(("before", "after", "told"), [
    (";52;90", ";52;101", "charge_voulue » : « 101 » ne convient pas ; accepté : un nombre entier de 1 à 100"),
    (";52;90", ";;90", "batterie_kwh » : valeur manquante ; accepté : un nombre de 0,1 à 1000"),
    ("06:00-08:30 17h-22h", "06:00-08:30 12:00-13:00 17h-22h", "« 06:00-08:30 12:00-13:00 17h-22h » ne convient pas"),
    ("06:00-08:30 17h-22h", "22h-6h", "au plus deux plages d'une même journée"),
    ("19,5 °C", "195", "temperature_confort » : « 195 » ne convient pas ; accepté : un nombre de 5 à 30"),
    ("0,5;bonne", "0,5;parfaite", "isolation » : « parfaite » ne convient pas ; accepté : 0 (mauvaise), 1 (moyenne), 2 (bonne)"),
    ("12345678901234", "1,23E+13", "pdl » : « 1,23E+13 » ne convient pas ; accepté : 14 chiffres, cellule au format Texte"),
    ("compteur_electrique;200", "compteur_electrique;120", "avec les usages 21"),
    ("lave_linge;120;A001;11", "lave_linge;200;A001;21", "accepté : une autre que 200 pour une machine à cycle"),
    ("R005;Lave-linge;;;C005;32;311;A1B2C3;C900\n", "", "pour la typologie 130, exactement un équipement d'usage 11 et"),
    ("chauffage_asservi;140", "chauffage_asservi;110", "pour la typologie 110, exactement 2 équipements d'usage 12 et au"),
])
def test_what_makes_no_sense_of_a_kind_is_told(drivers: Drivers, before: str, after: str, told: str) -> None:
    _, problems = inventory.read(every((before, after)), drivers)
    assert [each for each in map(str, problems) if told in each], [str(each) for each in problems]


def test_only_one_homes_lines_are_read_and_others_mistakes_do_not_stop_it(drivers: Drivers) -> None:
    broken = every((";52;90", ";x;y"))
    found, problems = inventory.read_sheets((of_text(broken),), drivers, home="R005")
    assert problems == []
    assert {each.participant for each in found.appliances} == {"R005"}
    assert inventory.read_sheets((of_text(broken),), drivers, home="R002")[1] != []


def test_a_device_is_added_to_an_appliance_of_any_kind(home: Home) -> None:
    """Adopting writes the appliance as an inventory would: what stands must read back as itself."""
    provisioned(home)
    stands = store.standing(home.engine)
    for each in stands.appliances:
        text_ = adoption({"participant": each.participant, "appareil": each.name, "point": "Z999"}, stands)
        of_itself = "\n".join(line for line in text_.splitlines() if ";Z999;" not in line)
        read, problems = inventory.read(of_itself, home.drivers)
        assert problems == []
        assert provision.changes(read, stands, home.history.find).appliances[0].what is What.LEAVE


# -- home after home, and as SQL -------------------------------------------------------------------------------------------------


def test_homes_between_which_a_point_moves_change_at_once_and_others_apart(home: Home) -> None:
    provisioned(home)
    told = every(("R001;Lave-linge;lave_linge;120;A001", "R001;Lave-linge;lave_linge;120;A003"), (";111;A8BC25", ";112;"),
                 ("velo_assistance_electrique;120;A003", "velo_assistance_electrique;120;A001"),
                 ("11;112;;;;80 W", "11;111;A8BC25;;;80 W"), (";300;30;", ";400;30;"))
    read, problems = inventory.read(told, home.drivers)
    changes = store.prepare(home.engine, read, problems, home.history)
    assert [each.homes for each in changes.by_home()] == [("R001", "R002"), ("R003",)]
    done = [homes for homes, _ in store.apply_by_home(home.engine, changes, home.drivers, home.history, NOW)]
    assert len(done) == 2
    installed = {each.id: each.participant for each in queries.installed_devices(home.engine)}
    assert (installed["A001"], installed["A003"]) == ("R002", "R001")


def test_homes_that_are_done_stay_done_and_the_same_inventory_goes_on(home: Home) -> None:
    read, problems = inventory.read(every(), home.drivers)
    changes = store.prepare(home.engine, read, problems, home.history)
    done = store.apply_by_home(home.engine, changes, home.drivers, home.history, NOW)
    for _ in range(3):
        next(done)
    del done                       # the plug is pulled
    assert {each.participant for each in store.standing(home.engine).appliances} == {"R001", "R002", "R003"}
    provisioned(home)
    assert {each.participant for each in store.standing(home.engine).appliances} == {f"R00{i}" for i in range(1, 8)}


@pytest.mark.postgresql
def test_the_sql_does_what_we_would_have_done(postgresql, drivers: Drivers) -> None:
    written, ours = (Home(queries.open_coordination(postgresql.fresh("coordination")), drivers, MemoryHistory()) for _ in range(2))
    for told in (every(), every((";52;90", ";60;50"), ("A8BC25", "A8BC26"), ("200;22:30", "300;21:30"))):
        read, problems = inventory.read(told, drivers)
        changes = store.prepare(written.engine, read, problems, written.history)
        before = contents(written)
        texts = list(as_sql.as_sql(written.engine, changes, drivers, written.history, NOW))
        assert contents(written) == before
        for each in texts:
            with written.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.connection.cursor().execute(each)
        provisioned(ours, told)
        assert len(texts) == len(changes.by_home())
        assert _numberless(contents(written)) == _numberless(contents(ours))
    for each in (written, ours):
        each.engine.dispose()


def _numberless(rows: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """Both give the same serial numbers, but for those that a rolled back transaction has used up: by their order."""
    serial = re.compile(r"(^|_)(id|specifique_id)$")
    def kept(name: str) -> bool:
        return "mesure" in name or not serial.search(name)

    return {table: [{name: value for name, value in row.items() if kept(name)} for row in found] for table, found in rows.items()}


def test_a_quote_in_a_name_is_only_a_quote(home: Home) -> None:
    read, problems = inventory.read(every(("Écran", "L'écran : DROP TABLE x --")), home.drivers)
    changes = store.prepare(home.engine, read, problems, home.history)
    told = "".join(as_sql.as_sql(home.engine, changes, home.drivers, home.history, NOW))
    assert "'L''écran : DROP TABLE x --'" in told
