"""The reference rows of the coordination database: its enumerations, with the contract's ids and names.

Source: `ems-and-databases.md`, section 1.2. The ids and `nom` are the contract; human names and descriptions are ours
where the source gives none. Types that came after version 6 (212, 911) are not here.
This is the only place in elfe where the name of a hardware family stands.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Code:
    """One row of an enumeration."""

    id: int
    name: str                # nom
    human_name: str          # nom_humain
    description: str = "aucun"


@frozen
class DeviceTypeCode(Code):
    """A type of equipement_domotique: its point ids' first letter, and how its detail table calls its topics."""

    letter: str = ""
    columns: tuple[str, str, str] = ("topic_mqtt_controle_json", "topic_mqtt_commande_text", "topic_mqtt_lwt")


APPLIANCE_TYPES = (
    Code(1, "machine_generique", "Machine générique"),
    Code(111, "lave_vaisselle", "Lave-vaisselle"),
    Code(112, "lave_linge", "Lave-linge"),
    Code(113, "seche_linge", "Sèche-linge"),
    Code(131, "ballon_ecs", "Ballon d'eau chaude", "électrique, piloté en tout ou rien"),
    Code(151, "chauffage_non_asservi", "Chauffage éco/confort", "fil pilote"),
    Code(155, "chauffage_asservi", "Chauffage asservi", "piloté d'après la température mesurée"),
    Code(221, "voiture_electrique", "Voiture électrique"),
    Code(225, "velo_assistance_electrique", "Vélo à assistance électrique"),
    Code(410, "compteur_electrique", "Compteur électrique"),
    Code(515, "chariot_elevateur_electrique", "Chariot élévateur électrique"),
    Code(901, "centrale_elec_generique", "Centrale électrique"),
    Code(910, "centrale_solaire_elec", "Centrale solaire"),
    Code(920, "centrale_eolienne_elec", "Centrale éolienne"),
)
MODES = (
    Code(1, "non_pilote", "Non piloté", "mesuré seulement"),
    Code(10, "installation", "En installation"),
    Code(20, "manuel", "Manuel", "le participant commande"),
    Code(30, "pilote", "Piloté", "l'EMS place la consommation"),
    Code(70, "desactive", "Désactivé"),
    Code(80, "suppr", "Supprimé"),
)
CONTROL_STATES = (
    Code(15, "on", "Alimenté", "en attente ou en marche"),
    Code(25, "off", "Coupé"),
    Code(60, "errcom", "Erreur de communication"),
    Code(70, "inconnu", "Inconnu"),
)
COMMAND_STATES = (
    Code(1, "etat_initial", "État initial"),
    Code(11, "pilote_stand_by", "En attente du créneau", "coupé, ordre reçu"),
    Code(12, "manuel_pilote_on", "Manuel ou piloté, en marche", "ancien en_attente_on ; jamais écrit par elfe"),
    Code(13, "manuel_on", "En marche"),
    Code(21, "pilote_en_activation", "En activation"),
    Code(30, "err", "Erreur"),
    Code(99, "non_commande", "Non commandé"),
)
TYPOLOGIES = (
    Code(110, "deux_relais", "Deux relais"),
    Code(120, "prise_commande", "Prise commandée"),
    Code(130, "prise_et_doigt", "Prise et doigt robot"),
    Code(140, "relai_et_capteur_temperature", "Relais et capteur de température"),
    Code(150, "prise_et_deux_doigts", "Prise et deux doigts robots"),
    Code(160, "prise_et_doigt_double_appui", "Prise et doigt robot, double appui"),
    Code(170, "prise_rallume_et_doigt", "Prise rallumée et doigt robot"),
    Code(180, "relai_et_compteur", "Relais et compteur"),
    Code(190, "relai_inverse", "Relais inversé", "en marche quand le relais est ouvert"),
    Code(200, "TIC", "Compteur", "mesuré seulement ; venue après la version 6"),
)
THERMAL_MODELS = (
    Code(0, "mauvaise", "Mauvaise isolation"),
    Code(1, "moyenne", "Isolation moyenne"),
    Code(2, "bonne", "Bonne isolation"),
)
USAGES = (
    Code(11, "mesurer_elec_commuter", "Mesurer et commuter"),
    Code(12, "commuter", "Commuter"),
    Code(21, "mesurer_elec", "Mesurer"),
    Code(31, "appuyer_power", "Appuyer sur marche"),
    Code(32, "appuyer_demarrage", "Appuyer sur départ"),
    Code(61, "mesurer_ambiance", "Mesurer l'ambiance"),
    Code(71, "ihm", "Écran"),
)
DEVICE_TYPES = (
    DeviceTypeCode(111, "shellyplugs_shellycloud_v1", "Prise Shelly Plug S", letter="A"),
    DeviceTypeCode(112, "nous_a1t_tasmota_v12", "Prise Nous A1T", letter="A"),
    DeviceTypeCode(211, "teleinfo_tasmota_v12", "Carte téléinfo et relais", letter="B"),
    DeviceTypeCode(311, "switchbot_mqtt2ble_v7", "Doigt robot Switchbot", "table détail déduite", letter="C"),
    DeviceTypeCode(411, "shellyplus1pm_shellycloud_v1", "Relais Shelly Plus 1PM", letter="D", columns=(
        "topic_mqtt_controle_et_mesure_json", "topic_mqtt_commande_json", "topic_mqtt_lwt")),
    DeviceTypeCode(611, "shellyht_shellycloud_v1", "Thermomètre Shelly H&T", "table détail déduite", letter="F"),
    DeviceTypeCode(711, "m5stackcore2_openhasp_v0", "Écran ELFI", letter="G"),
    DeviceTypeCode(811, "socorel_automate_v0", "Sortie d'automate Socorel", letter="S"),
)

DEVICE_TYPE: Mapping[int, DeviceTypeCode] = {each.id: each for each in DEVICE_TYPES}
