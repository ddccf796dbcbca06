"""The tables hold what the contract promises, on both databases."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, inspect, select
from sqlalchemy.exc import IntegrityError

from elfe.coordination import queries, tables
from elfe.coordination.queries import CYCLE, DEVICE, EPOM, FLEXIBILITY, HARDWARE, MACHINE, OFF_PEAK, TANK
from tests.coordination.conftest import A_TANK, A_WASHER, Home

CODES = {
    "equipement_pilote_ou_mesure_type": (1, 111, 112, 113, 131, 151, 155, 221, 225, 410, 515, 901, 910, 920),
    "equipement_pilote_ou_mesure_mode": (1, 10, 20, 30, 70, 80),
    "equipement_pilote_etat_controle": (15, 25, 60, 70),
    "equipement_pilote_etat_commande": (1, 11, 12, 13, 21, 30, 99),
    "equipement_pilote_typologie_installation_domotique": (110, 120, 130, 140, 150, 160, 170, 180, 190, 200),
    "equipement_domotique_type": (111, 112, 211, 311, 411, 611, 711, 811),
    "equipement_domotique_usage": (11, 12, 21, 31, 32, 61, 71),
    "chauffage_asservi_modele_thermique": (0, 1, 2),
}
"""Every code of version 6, and the typology 200 of meters, which came later as did the types 212 and 911."""

PROGRAMME = [f"prog_{days}_periode_{period}_confort_{what}" for days in ("semaine", "weekend") for period in (1, 2)
             for what in ("actif", "heure_debut", "heure_fin")]


def test_every_reference_code_is_there(engine: Engine) -> None:
    with engine.connect() as connection:
        found = {table.name: tuple(connection.scalars(select(table.c.id).order_by(table.c.id)))
                 for table, _ in queries.reference_rows()}
    assert found == CODES


def test_creating_twice_changes_nothing(engine: Engine) -> None:
    queries.create_blank(engine)
    test_every_reference_code_is_there(engine)


def test_what_operators_wrote_in_an_enumeration_stays(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(tables.Modes.update().where(tables.Modes.c.id == 30).values(nom_humain="Automatique"))
    queries.create_blank(engine)
    with engine.connect() as connection:
        assert connection.scalar(select(tables.Modes.c.nom_humain).where(tables.Modes.c.id == 30)) == "Automatique"


def test_heaters_have_their_columns_in_the_order_in_which_they_are_read(engine: Engine) -> None:
    assert _columns(engine, "equipement_pilote_chauffage_non_asservi") == [
        "id", "equipement_pilote_ou_mesure_id", *PROGRAMME, "puissance_moyenne_eco", "puissance_moyenne_confort",
        "pourcentage_eco_force", "mesures_puissance_elec_id"]
    assert _columns(engine, "equipement_pilote_chauffage_asservi") == [
        "id", "equipement_pilote_ou_mesure_id", "temperature_eco", "temperature_confort", *PROGRAMME,
        "delta_temp_maximale_temp_demandee", "puissance", "modele_thermique_id", "mesures_puissance_elec_id",
        "mesure_temperature_id"]


@pytest.mark.parametrize("change", [
    lambda: EPOM.update().values(equipement_pilote_ou_mesure_mode_id=31),
    lambda: EPOM.update().values(typologie_installation_domotique_id=121),
    lambda: DEVICE.update().values(equipement_pilote_ou_mesure_id=99),
    lambda: DEVICE.update().values(equipement_domotique_type_id=212),
    lambda: MACHINE.update().values(cycle_equipement_pilote_machine_generique_id=99),
    lambda: EPOM.delete(),
    lambda: tables.Modes.delete(),
    lambda: EPOM.update().values(timestamp_derniere_programmation=-1),
    lambda: MACHINE.update().values(mesures_puissance_elec_id=0),
    lambda: CYCLE.update().values(duree_cycle=-1),
    lambda: EPOM.update().values(utilisateur=None),
], ids=["mode", "typology", "appliance of a device", "type of a device", "cycle", "an appliance with rows of its own",
        "a mode in use", "a negative instant", "no series", "a negative duration", "no participant"])
def test_what_breaks_a_reference_or_a_check_is_refused(home: Home, change: object) -> None:
    home.provision(A_WASHER, A_TANK)
    with pytest.raises(IntegrityError), home.engine.begin() as connection:
        connection.execute(change())  # type: ignore[operator]


def test_a_changed_code_is_followed_by_its_references(home: Home) -> None:
    home.provision(A_WASHER)
    with home.engine.begin() as connection:
        connection.execute(DEVICE.update().where(DEVICE.c.id == "A001").values(id="A901"))
        assert connection.scalar(select(HARDWARE.c.device_id)) == "A901"
        assert connection.scalar(select(tables.DETAILS[111].c.equipement_domotique_id)) == "A901"


def test_an_appliance_has_one_open_flexibility(home: Home) -> None:
    washer = home.provision(A_WASHER)[0].appliance_id
    row = {"appliance_id": washer, "opened_at": 1, "outcome": ""}
    with home.engine.begin() as connection:
        connection.execute(FLEXIBILITY.insert().values(**row, closed_at=2))
        connection.execute(FLEXIBILITY.insert().values(**row, closed_at=3))
        connection.execute(FLEXIBILITY.insert().values(**row))
    with pytest.raises(IntegrityError), home.engine.begin() as connection:
        connection.execute(FLEXIBILITY.insert().values(**row))


READ_BY_THE_FIRST_ENGINE = {
    "equipement_pilote_ou_mesure": (
        "id", "equipement_pilote_specifique_id", "typologie_installation_domotique_id", "nom_humain", "description",
        "equipement_pilote_ou_mesure_type_id", "equipement_pilote_ou_mesure_mode_id", "etat_controle_id",
        "etat_commande_id", "ems_consigne_marche", "timestamp_derniere_mise_en_marche",
        "timestamp_derniere_programmation", "utilisateur"),
    "equipement_pilote_typologie_installation_domotique": ("id", "nom", "nom_humain", "description"),
    "equipement_domotique": (
        "id", "equipement_pilote_ou_mesure_id", "equipement_domotique_type_id", "equipement_domotique_usage_id",
        "id_materiel", "marque", "utilisateur", "utilisateur_affecte", "equipement_domotique_specifique_id"),
    "equipement_pilote_machine_generique": (
        "id", "equipement_pilote_ou_mesure_id", "timestamp_de_fin_souhaite", "delai_attente_maximale_apres_fin",
        "cycle_equipement_pilote_machine_generique_id", "mesures_puissance_elec_id"),
    "equipement_pilote_vehicule_electrique_generique": (
        "pourcentage_charge_restant", "pourcentage_charge_finale_minimale_souhaitee", "duree_de_charge_estimee",
        "timestamp_dispo_souhaitee", "puissance_de_charge", "capacite_de_batterie", "mesures_puissance_elec_id"),
}


@pytest.mark.parametrize("table", READ_BY_THE_FIRST_ENGINE)
def test_the_first_command_engine_finds_its_columns(engine: Engine, table: str) -> None:
    assert set(READ_BY_THE_FIRST_ENGINE[table]) <= set(_columns(engine, table))


def test_the_first_ems_finds_a_programme_for_each_machine_and_a_window_for_each_tank(home: Home) -> None:
    """It joins them inwardly, and only knows windows that end after they start."""
    home.provision(A_WASHER, A_TANK)
    with home.engine.connect() as connection:
        machines = connection.execute(select(EPOM.c.id, CYCLE.c.duree_cycle).join(
            MACHINE, MACHINE.c.equipement_pilote_ou_mesure_id == EPOM.c.id).join(
            CYCLE, (CYCLE.c.id == MACHINE.c.cycle_equipement_pilote_machine_generique_id)
            & (CYCLE.c.equipement_pilote_machine_generique_id == MACHINE.c.id))).all()
        windows = connection.execute(select(OFF_PEAK.c.debut, OFF_PEAK.c.fin).join(
            TANK, TANK.c.id == OFF_PEAK.c.equipement_pilote_ballon_ecs_id).order_by(OFF_PEAK.c.debut)).all()
    assert machines == [(1, 9_000)]
    assert windows == [(45_000, 52_200), (81_000, 86_400 + 23_400)]


def _columns(engine: Engine, table: str) -> list[str]:
    schema = tables.CONTRACT if engine.dialect.name == "postgresql" else None
    return [each["name"] for each in inspect(engine).get_columns(table, schema=schema)]
