"""What the coordination database holds, as values: the codes of the contract and what the services pass around.

The codes are the contract's (`ems-and-databases.md`, section 1.2). Rows never leave `elfe.coordination`; these do.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import IntEnum

from attrs import frozen


class Mode(IntEnum):
    """equipement_pilote_ou_mesure_mode: who may move the appliance."""

    MEASURED = 1         # non_pilote: measured only
    INSTALLING = 10
    MANUAL = 20
    PILOTED = 30
    DISABLED = 70        # not to be confused with ControlState.UNKNOWN
    REMOVED = 80


class ControlState(IntEnum):
    """equipement_pilote_etat_controle: what is known of the appliance's supply."""

    ON = 15
    OFF = 25
    UNREACHABLE = 60     # errcom
    UNKNOWN = 70


class CommandState(IntEnum):
    """equipement_pilote_etat_commande: where its state machine stands."""

    INITIAL = 1
    STANDING_BY = 11     # off, waiting for its slot
    WAITING_ON = 12      # written by the first engine when it switches a continuous load off; we never write it
    MANUAL_ON = 13
    ACTIVATING = 21
    FAILED = 30
    NOT_COMMANDED = 99


class Usage(IntEnum):
    """equipement_domotique_usage: what a device does for its appliance."""

    SWITCH_AND_METER = 11
    SWITCH = 12
    METER = 21
    PRESS_POWER = 31
    PRESS_START = 32
    AMBIENT = 61
    SCREEN = 71


class ApplianceType(IntEnum):
    """equipement_pilote_ou_mesure_type."""

    MACHINE = 1
    DISHWASHER = 111
    WASHING_MACHINE = 112
    TUMBLE_DRYER = 113
    WATER_HEATER = 131
    HEATING = 151
    CONTROLLED_HEATING = 155
    CAR = 221
    E_BIKE = 225
    METER = 410
    FORKLIFT = 515
    PLANT = 901
    SOLAR_PLANT = 910
    WIND_PLANT = 920


CONTINUOUS = frozenset({ApplianceType.WATER_HEATER, ApplianceType.HEATING, ApplianceType.CONTROLLED_HEATING})
"""Switched ON or OFF every quarter; the others are started once."""


@frozen
class Appliance:
    """What consumes (epom): one row of equipement_pilote_ou_mesure."""

    id: int
    name: str
    type: int                       # ApplianceType where it is one that we know
    typology: int                   # equipement_pilote_typologie_installation_domotique_id
    mode: int
    control: int
    command: int
    participant: str                # R004
    ems_order: bool = False         # ems_consigne_marche
    last_started: datetime | None = None
    programmed_at: datetime | None = None
    pauses: bool = False            # whether its device may cut it and go on, whatever its type

    @property
    def continuous(self) -> bool:
        """Whether it is switched every quarter rather than started once."""
        return self.pauses or self.recurs

    @property
    def recurs(self) -> bool:
        """Whether the first programs switch it every quarter: its type says so."""
        return self.type in CONTINUOUS


@frozen
class Machine:
    """The declared constraints of a cycle machine: equipement_pilote_machine_generique and its cycle row."""

    appliance: Appliance
    deadline: datetime | None       # timestamp_de_fin_souhaite
    may_wait: timedelta             # delai_attente_maximale_apres_fin: how long the finished load may wait
    lasts: timedelta                # duree_cycle
    power_series: int               # mesures_puissance_elec_id


@frozen
class OffPeak:
    """A window in local seconds after midnight; one that ends before it starts crosses midnight."""

    start_s: int
    end_s: int


@frozen
class WaterHeater:
    """equipement_pilote_ballon_ecs and its off-peak windows."""

    appliance: Appliance
    volume_l: int
    power_w: int
    windows: tuple[OffPeak, ...]    # the active ones; none: any time
    power_series: int


@frozen
class Week:
    """A heater's comfort hours: `OffPeak` windows of local seconds, on working days and at weekends."""

    working_days: tuple[OffPeak, ...]
    weekend: tuple[OffPeak, ...]


@frozen
class Vehicle:
    """equipement_pilote_vehicule_electrique_generique: a car, an e-bike, a forklift."""

    appliance: Appliance
    charge_pct: int
    wanted_pct: int
    deadline: datetime | None       # timestamp_dispo_souhaitee
    power_w: int
    capacity_wh: int
    power_series: int


@frozen
class Heating:
    """equipement_pilote_chauffage_non_asservi: eco or comfort, without a thermometer."""

    appliance: Appliance
    eco_w: int
    comfort_w: int
    forced_eco_pct: int             # of its comfort hours, spent in eco
    programme: Week
    power_series: int


@frozen
class Room:
    """equipement_pilote_chauffage_asservi: a heater that is switched by the temperature of its room."""

    appliance: Appliance
    eco_c: float
    comfort_c: float
    band_k: float                   # so far from the wanted temperature it may be, either way
    power_w: int
    insulation: int                 # modele_thermique_id: 0 bad, 1 medium, 2 good
    programme: Week
    power_series: int
    temperature_series: int


@frozen
class Ability:
    """What the device of a vehicle can do beyond starting it."""

    modulates: bool                 # any power up to its own; else it is only cut and goes on


@frozen
class Duty:
    """What only must run some hours a day, in as many pieces as the plan likes."""

    appliance: Appliance
    power_w: int
    lasts: timedelta                # per local day
    window: OffPeak                 # when it may run; from midnight to midnight: always
    power_series: int


@frozen
class Battery:
    """A home's or a territory's battery."""

    appliance: Appliance
    capacity_wh: int
    charge_w: int
    discharge_w: int
    least_pct: int                  # of its capacity, never given
    efficiency: float               # of a round trip
    power_series: int
    charge_series: int              # %; 0: not measured


@frozen
class Flexibility:
    """One stay in mode 30: opened when the mode is entered, closed when it is left, whoever wrote the column."""

    id: int
    appliance_id: int
    opened_at: datetime
    deadline: datetime | None = None
    lasts: timedelta | None = None
    started_at: datetime | None = None    # when its start was acknowledged by the device
    closed_at: datetime | None = None
    outcome: str = ""


@frozen
class InstalledDevice:
    """A device as the databases know it: an installation point, the appliance it serves, and its topic data."""

    id: str                          # D003
    type_id: int
    usage: int
    appliance_id: int
    hardware_id: str
    participant: str
    templates: tuple[tuple[str, str], ...] | None   # from elfe.hardware; None: only the hand-filled columns exist
    channel: int
    control_topic: str               # the three legacy columns, whatever the detail table calls them
    command_topic: str
    lwt_topic: str
    brand: str = ""                  # marque
    problem: str = ""                # why its row cannot be read; empty: it can


@frozen
class Write:
    """Write what is now known of an appliance; `only_in` are the modes in which it is still true."""

    appliance_id: int
    only_in: frozenset[Mode]
    mode: Mode | None = None
    control: ControlState | None = None
    command: CommandState | None = None
    ems_order: bool | None = None
    last_started: datetime | None = None
