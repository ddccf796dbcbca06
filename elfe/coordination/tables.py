"""The coordination database's tables: English attributes over the contract's French columns.

The contract's tables stand in the schema `bdd_coordination_schema`, version 6 as reconstructed; the word "déduit" in a
comment marks what no source states. They are created once and never altered. What is ours stands in the schema
`elfe`, with instants in epoch seconds. Rows are thin, never leave `elfe.coordination`, never reach a driver or a model.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from elfe.coordination.reference import DEVICE_TYPES
from elfe.database import own_registry

CONTRACT = "bdd_coordination_schema"
OURS = "elfe"


class Base(SQLModel, registry=own_registry()):
    """The tables of the coordination database."""

    __abstract__ = True


def _column(name: str, type: Any, comment: str, *arguments: Any, **options: Any) -> Any:
    options.setdefault("nullable", False)
    return Field(sa_column=Column(name, type, *arguments, comment=comment or None, **options))


def _serial() -> Any:
    return Field(default=None, sa_column=Column("id", Integer, primary_key=True))


def _int(name: str, comment: str = "", check: str = "", to: str = "", **options: Any) -> Any:
    """An integer, NOT NULL; `check` is what follows its name in a CHECK, `to` the contract's table that it refers to."""
    arguments: list[Any] = [_refers(to)] if to else []
    if check:
        arguments.append(CheckConstraint(f"{name} {check}"))
    return _column(name, Integer, comment, *arguments, **options)


def _text(name: str, comment: str = "", to: str = "", **options: Any) -> Any:
    return _column(name, Text, comment, *([_refers(to)] if to else []), **options)


def _bool(name: str, comment: str = "") -> Any:
    return _column(name, Boolean, comment)


def _seconds(name: str, comment: str, **options: Any) -> Any:
    """An instant of ours, epoch seconds."""
    return _column(name, BigInteger, comment, **options)


def epoch_column(comment: str, **options: Any) -> Any:
    """An instant in a table of ours, for the modules beside this one."""
    return Field(sa_type=BigInteger, sa_column_kwargs={"comment": comment}, **options)


def text_column(comment: str, **options: Any) -> Any:
    """A text in a table of ours, for the modules beside this one."""
    return Field(sa_column_kwargs={"comment": comment}, **options)


def _refers(table: str) -> ForeignKey:
    return ForeignKey(f"{CONTRACT}.{table}.id", onupdate="CASCADE", ondelete="RESTRICT")


def _contract(comment: str, *constraints: Any) -> Any:
    return (*constraints, {"schema": CONTRACT, "comment": comment})


def _ours(comment: str, *constraints: Any) -> Any:
    return (*constraints, {"schema": OURS, "comment": comment})


# -- enumerations: one shape, six tables ---------------------------------------------------------------------------


def _enumeration(name: str, comment: str) -> Table:
    return Table(
        name, Base.metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        *(Column(each, Text, nullable=False) for each in ("nom", "nom_humain", "description")),
        schema=CONTRACT, comment=comment,
    )


ApplianceTypes = _enumeration(
    "equipement_pilote_ou_mesure_type",
    "Types d'équipements : < 400 foyers, 400-499 communs, >= 500 professionnels, >= 900 production")
Modes = _enumeration("equipement_pilote_ou_mesure_mode", "Qui peut commander l'équipement ; l'EMS ne place que le mode 30")
ControlStates = _enumeration("equipement_pilote_etat_controle", "État constaté de l'alimentation")
CommandStates = _enumeration("equipement_pilote_etat_commande", "État de l'automate de commande")
Typologies = _enumeration("equipement_pilote_typologie_installation_domotique",
                          "Par quels équipements domotiques un équipement est piloté")
DeviceTypes = _enumeration("equipement_domotique_type",
                           "Familles d'équipements domotiques ; leur table détail porte leur nom")
Usages = _enumeration("equipement_domotique_usage", "Ce que fait l'équipement domotique pour l'équipement piloté")

# -- what consumes -------------------------------------------------------------------------------------------------


class ApplianceRow(Base, table=True):
    """One row per piloted or measured appliance (epom)."""

    __tablename__ = "equipement_pilote_ou_mesure"
    __table_args__ = _contract("Un équipement piloté ou mesuré ; id = machine_id de result = identifiant elfe de Viriya",
                               UniqueConstraint("id", "equipement_pilote_specifique_id"))

    id: int | None = _serial()
    specific_id: int = _int("equipement_pilote_specifique_id", "id de la ligne dans la table du type (pas de clé étrangère)")
    typology: int = _int("typologie_installation_domotique_id", "", "> 0",
                         to="equipement_pilote_typologie_installation_domotique")
    name: str = _text("nom_humain", "nom affiché")
    description: str = _text("description", "aucun si rien")
    type: int = _int("equipement_pilote_ou_mesure_type_id", "recopié dans result.machine_type", "> 0",
                     to="equipement_pilote_ou_mesure_type")
    mode: int = _int("equipement_pilote_ou_mesure_mode_id", "30 = piloté", "> 0", to="equipement_pilote_ou_mesure_mode")
    control: int = _int("etat_controle_id", "état constaté", "> 0", to="equipement_pilote_etat_controle")
    command: int = _int("etat_commande_id", "état de l'automate", "> 0", to="equipement_pilote_etat_commande")
    ems_order: bool = _bool("ems_consigne_marche", "consigne de l'EMS en cours, écrite par le contrôle-commande")
    last_started: int = _int("timestamp_derniere_mise_en_marche", "dernière mise en marche, secondes Unix", ">= 0",
                             server_default=text("0"))
    programmed_at: int = _int("timestamp_derniere_programmation", "dernière déclaration, secondes Unix", ">= 0",
                              server_default=text("0"))
    participant: str = _text("utilisateur", "code du participant, R004")


class CycleRow(Base, table=True):
    """A programme of a machine; version 6 only. The first EMS never plans a machine without one."""

    __tablename__ = "equipement_pilote_machine_generique_cycle"
    __table_args__ = _contract("Un programme d'une machine (version 6)")

    id: int | None = _serial()
    machine_id: int = _int("equipement_pilote_machine_generique_id", "machine (Déduit : sans clé étrangère, les deux "
                           "tables se désignent l'une l'autre)")
    lasts_s: int = _int("duree_cycle", "durée, secondes (unité déduite)", ">= 0")
    name: str = _text("nom", "aucun si rien")
    description: str = _text("description", "aucun si rien")
    last_started: int = _int("timestamp_dernier_declenchement", "secondes Unix", ">= 0", server_default=text("0"))


class MachineRow(Base, table=True):
    """Dishwashers, washing machines, dryers and other cycle machines: what was declared of them."""

    __tablename__ = "equipement_pilote_machine_generique"
    __table_args__ = _contract("Machines à cycle : contraintes déclarées")

    id: int | None = _serial()
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    deadline: int = _int("timestamp_de_fin_souhaite", "fin souhaitée au plus tard, secondes Unix", ">= 0")
    may_wait_s: int = _int("delai_attente_maximale_apres_fin",
                           "secondes que la machine finie peut attendre avant la fin souhaitée", ">= 0")
    cycle_id: int = _int("cycle_equipement_pilote_machine_generique_id",
                         "programme choisi (version 6 ; clé étrangère déduite)",
                         to="equipement_pilote_machine_generique_cycle")
    power_series: int = _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0")


class CarRow(Base, table=True):
    """Electric vehicles."""

    __tablename__ = "equipement_pilote_vehicule_electrique_generique"
    __table_args__ = _contract("Véhicules électriques : contraintes déclarées")

    id: int | None = _serial()
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    charge_pct: int = _int("pourcentage_charge_restant", "charge actuelle, %", ">= 0")
    wanted_pct: int = _int("pourcentage_charge_finale_minimale_souhaitee", "charge minimale souhaitée, %", "> 0")
    estimated_s: int = _int("duree_de_charge_estimee", "secondes", ">= 0")
    deadline: int = _int("timestamp_dispo_souhaitee", "disponible au plus tard, secondes Unix", ">= 0")
    power_w: int = _int("puissance_de_charge", "W", "> 0")
    capacity_wh: int = _int("capacite_de_batterie", "Wh", "> 0")
    power_series: int = _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0")


class WaterHeaterRow(Base, table=True):
    """Electric water heaters."""

    __tablename__ = "equipement_pilote_ballon_ecs"
    __table_args__ = _contract("Ballons d'eau chaude électriques")

    id: int | None = _serial()
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    volume_l: int = _int("volume_ballon", "litres", "> 0")
    power_w: int = _int("puissance_chauffe", "W", "> 0")
    power_series: int = _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0")


class OffPeakRow(Base, table=True):
    """Off-peak windows of a water heater; version 6 only."""

    __tablename__ = "equipement_pilote_ballon_ecs_heures_creuses"
    __table_args__ = _contract("Heures creuses d'un ballon (version 6)")

    id: int | None = _serial()
    heater_id: int = _int("equipement_pilote_ballon_ecs_id", "ballon (clé étrangère déduite)",
                          to="equipement_pilote_ballon_ecs")
    name: str = _text("nom", "aucun si rien")
    description: str = _text("description", "aucun si rien")
    active: bool = _bool("actif")
    start_s: int = _int("debut", "secondes après minuit, heure locale (Déduit ; le premier EMS les lit en UTC)", ">= 0")
    end_s: int = _int("fin", "secondes après minuit ; plus de 86400 : le lendemain ; avant debut : aussi (Déduit)", ">= 0")


def _programme() -> dict[str, Any]:
    """The twelve programme columns of a heater, in the order in which the first EMS reads them."""
    columns: dict[str, Any] = {}
    for days in ("semaine", "weekend"):
        for period in (1, 2):
            root = f"prog_{days}_periode_{period}_confort"
            columns[f"{root}_actif"] = _bool(f"{root}_actif")
            for end in ("debut", "fin"):
                name = f"{root}_heure_{end}"
                columns[name] = _int(name, "secondes après 0 h, heure locale (Déduit)", "> 0")
    return columns


def _heater(class_name: str, table: str, comment: str, before: Callable[[], dict[str, Any]],
            after: Callable[[], dict[str, Any]]) -> Any:
    """A heater's table: its programme stands in the middle, and the order of columns matters to the first EMS.

    Columns stand in the order of their creation, hence the functions.
    """
    fields = {"id": _serial(),
              "appliance_id": _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure"),
              **before(), **_programme(), **after()}
    annotations = {name: bool if name.endswith("_actif") else int for name in fields} | {"id": int | None}
    make: Any = type(Base)
    return make(class_name, (Base,), {
        "__module__": __name__, "__doc__": comment, "__tablename__": table, "__table_args__": _contract(comment),
        "__annotations__": annotations, **fields}, table=True)


HeatingRow = _heater(
    "HeatingRow", "equipement_pilote_chauffage_non_asservi", "Chauffages éco/confort (fil pilote)", dict, lambda: {
        "eco_w": _int("puissance_moyenne_eco", "W", "> 0"),
        "comfort_w": _int("puissance_moyenne_confort", "W", "> 0"),
        "forced_eco_pct": _int("pourcentage_eco_force", "% du temps de confort passé en éco", "> 0"),
        "power_series": _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0"),
    })


class ThermalModelRow(Base, table=True):
    """Thermal models; version 6 only."""

    __tablename__ = "chauffage_asservi_modele_thermique"
    __table_args__ = _contract("Modèles thermiques (version 6) : 0 mauvaise, 1 moyenne, 2 bonne isolation")

    id: int = Field(sa_column=Column("id", Integer, primary_key=True, autoincrement=False))
    name: str = _text("nom")
    description: str = _text("description")


ControlledHeatingRow = _heater(
    "ControlledHeatingRow", "equipement_pilote_chauffage_asservi", "Chauffages asservis à la température (version 6)",
    lambda: {
        "eco_dk": _int("temperature_eco", "décikelvin", "> 0"),
        "comfort_dk": _int("temperature_confort", "décikelvin", "> 0"),
    }, lambda: {
        "band_dk": _int("delta_temp_maximale_temp_demandee", "décikelvin, de part et d'autre", ">= 0"),
        "power_w": _int("puissance", "W", "> 0"),
        "thermal_model_id": _int("modele_thermique_id", "clé étrangère déduite", to="chauffage_asservi_modele_thermique"),
        "power_series": _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0"),
        "temperature_series": _int("mesure_temperature_id", "série de température dans l'historique", "> 0"),
    })


class MeterRow(Base, table=True):
    """Electricity meters, measured only."""

    __tablename__ = "equipement_mesure_compteur_electrique"
    __table_args__ = _contract("Compteurs électriques")

    id: int | None = _serial()
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    pdl: str = _text("numero_pdl", "numéro de point de livraison, texte pour garder les 0", server_default=text("'0'"))
    power_series: int = _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0")


class PlantRow(Base, table=True):
    """Production plants, measured only."""

    __tablename__ = "equipement_mesure_centrale_elec_generique"
    __table_args__ = _contract("Centrales de production (présence en version 6 déduite)")

    id: int | None = _serial()
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    power_series: int = _int("mesures_puissance_elec_id", "série de puissance dans l'historique", "> 0")


class MeanConsumptionRow(Base, table=True):
    """The mean energy of a launch by type of appliance, as the first indicators read it."""

    __tablename__ = "equipement_pilote_consommation_moyenne"
    __table_args__ = _contract("Déduit : énergie moyenne d'un lancement par type d'équipement (lu par les Indicateurs)")

    type: int = Field(sa_column=Column("equipement_pilote_type_id", Integer, _refers("equipement_pilote_ou_mesure_type"),
                                       primary_key=True, autoincrement=False))
    energy_wh: float = _column("consommation", Numeric, "Wh")


# -- devices ---------------------------------------------------------------------------------------------------------


class DeviceRow(Base, table=True):
    """An installation point and the device that stands on it."""

    __tablename__ = "equipement_domotique"
    __table_args__ = _contract("Un équipement domotique sur son point d'installation (A003, B001, D101...)",
                               UniqueConstraint("id", "equipement_domotique_specifique_id"))

    id: str = Field(sa_column=Column("id", Text, primary_key=True))
    appliance_id: int = _int("equipement_pilote_ou_mesure_id", "", to="equipement_pilote_ou_mesure")
    type: int = _int("equipement_domotique_type_id", "", "> 0", to="equipement_domotique_type")
    usage: int = _int("equipement_domotique_usage_id", "", "> 0", to="equipement_domotique_usage")
    hardware_id: str = _text("id_materiel", "identifiant matériel, A8BC25", server_default=text("'non renseigné'"))
    brand: str = _text("marque", "", server_default=text("'non renseigné'"))
    participant: str = _text("utilisateur", "code du participant, R004")
    assigned: bool = _bool("utilisateur_affecte", "l'équipement est chez ce participant")
    specific_id: str = _text("equipement_domotique_specifique_id", "id de la ligne dans la table du type")


def detail(metadata: MetaData, name: str, columns: tuple[str, str, str], note: str = "") -> Table:
    """The detail table of one type: its topics, as the first command engine reads them."""
    control, command, lwt = columns
    return Table(
        f"equipement_domotique_{name}", metadata,
        Column("id", Integer, primary_key=True,
               comment="Déduit : un entier, que le premier contrôle-commande écrit sans guillemets"),
        Column("equipement_domotique_id", Text, _refers("equipement_domotique"), nullable=False),
        Column(control, Text, nullable=False, comment="où l'appareil confirme"),
        Column(command, Text, nullable=False, comment="où il reçoit ses ordres"),
        Column(lwt, Text, nullable=False, server_default=text("'aucun'"), comment="son testament"),
        schema=CONTRACT, comment=f"{note}Topics MQTT des équipements de ce type",
    )


INFERRED = "Déduit de la règle de nommage. "
DETAILS = {each.id: detail(Base.metadata, each.name, each.columns, INFERRED if "déduite" in each.description else "")
           for each in DEVICE_TYPES}
"""The detail table of each device type of the contract, by type id; of the others, see `types.py`."""


def topic_columns(detail: Table) -> tuple[Column[str], Column[str], Column[str]]:
    """Where a device confirms, where it is told, its last will: whatever its type calls the three columns."""
    control, command, lwt = list(detail.columns)[2:]
    return control, command, lwt


# -- ours --------------------------------------------------------------------------------------------------------------


class ParticipantRow(Base, table=True):
    """A participant, as an inventory knows them."""

    __tablename__ = "participant"
    __table_args__ = _ours("A participant of the inventory")

    reference: str = Field(sa_column=Column("reference", Text, primary_key=True, comment="R004"))
    email: str = _text("email", "empty when unknown", server_default=text("''"))
    observer: bool = _bool("observer", "sees, does not set")
    subscribed_w: int | None = _int("subscribed_w", "W, what its lent loads may draw at once; NULL: [ems] home_w counts",
                                    nullable=True)


class HardwareRow(Base, table=True):
    """A piece of hardware on an installation point, from when to when."""

    __tablename__ = "hardware"
    __table_args__ = _ours(
        "The hardware on a point: it is replaced, the point remains",
        Index("hardware_one_per_point", "device_id", unique=True, postgresql_where=text("until IS NULL"),
              sqlite_where=text("until IS NULL")),
        Index("hardware_once", "type_id", "hardware_id", "channel", unique=True,
              postgresql_where=text("until IS NULL AND hardware_id <> ''"),
              sqlite_where=text("until IS NULL AND hardware_id <> ''")))

    id: int | None = _serial()
    device_id: str = _text("device_id", "the installation point", to="equipement_domotique")
    type_id: int = _int("type_id", "as equipement_domotique_type")
    hardware_id: str = _text("hardware_id", "what is printed on it; empty when it does not matter")
    channel: int = _int("channel", "which of its outputs", ">= 0")
    templates: str = _text("templates", "JSON: its topic data")
    since: int = _seconds("since", "epoch s")
    until: int | None = _seconds("until", "epoch s; NULL: it is there", nullable=True)
    reason: str = _text("reason", "why it left; empty while it is there, or when nobody said", server_default=text("''"))


class FlexibilityRow(Base, table=True):
    """One stay of an appliance in mode 30."""

    __tablename__ = "flexibility"
    __table_args__ = _ours(
        "One stay in mode 30: opened on entering it, closed on leaving it",
        Index("flexibility_one_open", "appliance_id", unique=True, postgresql_where=text("closed_at IS NULL"),
              sqlite_where=text("closed_at IS NULL")))

    id: int | None = _serial()
    appliance_id: int = _int("appliance_id", "", to="equipement_pilote_ou_mesure")
    opened_at: int = _seconds("opened_at", "epoch s")
    deadline: int | None = _seconds("deadline", "epoch s", nullable=True)
    lasts_s: int | None = _column("lasts_s", Integer, "seconds", nullable=True)
    started_at: int | None = _seconds("started_at", "epoch s; the device has acknowledged its start", nullable=True)
    closed_at: int | None = _seconds("closed_at", "epoch s", nullable=True)
    outcome: str = _text("outcome", "why it was closed", server_default=text("''"))
