"""What there is to know of each kind of appliance: its table in the contract, and which columns of an inventory fill it. Pure.

Adding a kind is adding a row here. Values are those of the contract's columns: seconds, W, Wh, %, deci-kelvin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

from attrs import field, frozen

from elfe.coordination.values import ApplianceType, Usage

ZERO_C_DK = 2731.5


@frozen
class Detail:
    """A number that an inventory says of an appliance: `scale` and `offset` bring it to the unit of the contract's column."""

    column: str                        # of the inventory
    name: str                          # of the kind's table
    title: str                         # in French, where it changes
    least: float
    most: float
    default: float | None = None       # None: it must be said
    scale: int = 1
    offset: float = 0.0
    participants: bool = False         # theirs, once the appliance stands: an inventory no longer decides it

    def stored(self, value: float) -> int:
        """As the contract's column has it."""
        return round(value * self.scale + self.offset)

    def told(self, stored: int) -> str:
        """As an inventory says it."""
        return f"{(stored - self.offset) / self.scale:.3f}".rstrip("0").rstrip(".")


@frozen
class Kind:
    """A kind of appliance: the contract's table of its own, and how an inventory fills it."""

    words: str                                         # « un ballon »
    table: str
    details: tuple[Detail, ...] = ()
    columns: tuple[str, ...] = ()                      # further ones, read by functions of their own
    begins: Mapping[str, int | str] = field(factory=dict)
    """What its other columns hold when it is created."""
    measured_only: bool = False

    @property
    def accepted(self) -> frozenset[str]:
        """The columns of an inventory that make sense for it."""
        return frozenset(each.column for each in self.details) | set(self.columns)


def _charging(least_w: int, most_w: int, title: str) -> Detail:
    return Detail("puissance_w", "puissance_de_charge", title, least_w, most_w)


MACHINE = Kind("une machine à cycle", "equipement_pilote_machine_generique", columns=("duree_cycle", "attente_max"),
               begins={"timestamp_de_fin_souhaite": 0})
TANK = Kind("un ballon", "equipement_pilote_ballon_ecs", (
    Detail("volume_l", "volume_ballon", "volume (l)", 10, 5_000),
    Detail("puissance_w", "puissance_chauffe", "puissance (W)", 100, 50_000),
), columns=("heures_creuses",))
VEHICLE = Kind("un véhicule", "equipement_pilote_vehicule_electrique_generique", (
    _charging(50, 50_000, "puissance (W)"),
    Detail("batterie_kwh", "capacite_de_batterie", "batterie (Wh)", 0.1, 1_000, scale=1_000),
    Detail("charge_voulue", "pourcentage_charge_finale_minimale_souhaitee", "charge voulue (%)", 1, 100, default=80,
           participants=True),
), begins={"pourcentage_charge_restant": 0, "duree_de_charge_estimee": 0, "timestamp_dispo_souhaitee": 0})
HEATING = Kind("un chauffage éco/confort", "equipement_pilote_chauffage_non_asservi", (
    Detail("puissance_w", "puissance_moyenne_confort", "puissance (W)", 50, 50_000),
    Detail("puissance_eco_w", "puissance_moyenne_eco", "puissance éco (W)", 1, 50_000),
    Detail("eco_force", "pourcentage_eco_force", "éco forcé (%)", 1, 100, default=20),
), columns=("confort_semaine", "confort_weekend"))
CONTROLLED_HEATING = Kind("un chauffage asservi", "equipement_pilote_chauffage_asservi", (
    Detail("puissance_w", "puissance", "puissance (W)", 50, 50_000),
    Detail("temperature_confort", "temperature_confort", "température de confort (dK)", 5, 30, scale=10, offset=ZERO_C_DK),
    Detail("temperature_eco", "temperature_eco", "température éco (dK)", 5, 30, scale=10, offset=ZERO_C_DK),
    Detail("tolerance", "delta_temp_maximale_temp_demandee", "tolérance (dK)", 0.1, 5, default=1, scale=10),
    Detail("isolation", "modele_thermique_id", "isolation", 0, 2, default=1),
), columns=("confort_semaine", "confort_weekend"))
METER = Kind("un compteur", "equipement_mesure_compteur_electrique", columns=("pdl",), measured_only=True)
PLANT = Kind("une centrale", "equipement_mesure_centrale_elec_generique", measured_only=True)

KINDS: Mapping[int, Kind] = {
    **dict.fromkeys((ApplianceType.MACHINE, ApplianceType.DISHWASHER, ApplianceType.WASHING_MACHINE, ApplianceType.TUMBLE_DRYER),
                    MACHINE),
    ApplianceType.WATER_HEATER: TANK,
    ApplianceType.HEATING: HEATING,
    ApplianceType.CONTROLLED_HEATING: CONTROLLED_HEATING,
    **dict.fromkeys((ApplianceType.CAR, ApplianceType.E_BIKE, ApplianceType.FORKLIFT), VEHICLE),
    ApplianceType.METER: METER,
    **dict.fromkeys((ApplianceType.PLANT, ApplianceType.SOLAR_PLANT, ApplianceType.WIND_PLANT), PLANT),
}
"""By equipement_pilote_ou_mesure_type. Where e-bikes and forklifts stand is in no source: with the cars, whose columns they need.
"""

DEFAULT_CYCLES: Mapping[int, timedelta] = {
    ApplianceType.MACHINE: timedelta(hours=2),
    ApplianceType.DISHWASHER: timedelta(hours=2),
    ApplianceType.WASHING_MACHINE: timedelta(hours=2),
    ApplianceType.TUMBLE_DRYER: timedelta(hours=1, minutes=30),
}
"""The cycle machines, and how long the programme of each lasts until somebody says otherwise."""
MACHINES = frozenset(DEFAULT_CYCLES)

PERIODS = tuple((days, period) for days in ("semaine", "weekend") for period in (1, 2))
"""The comfort periods of a heater's programme, as its columns name them."""


def programme(week: tuple[tuple[int, int], ...], weekend: tuple[tuple[int, int], ...]) -> dict[str, int | str]:
    """A heater's twelve programme columns from its comfort periods, in local seconds after midnight, two of each at most.

    The contract's CHECK forbids 0: midnight is written as one second later. A period that is not used is inactive.
    """
    columns: dict[str, int | str] = {}
    for days, periods in (("semaine", week), ("weekend", weekend)):
        for period in (1, 2):
            root = f"prog_{days}_periode_{period}_confort"
            start, end = periods[period - 1] if period <= len(periods) else (1, 1)
            columns |= {f"{root}_actif": int(period <= len(periods)), f"{root}_heure_debut": max(1, start),
                        f"{root}_heure_fin": max(1, end)}
    return columns


def comfort(details: Mapping[str, int | str]) -> dict[str, list[tuple[int, int]]]:
    """The comfort periods of a heater's columns, by the days that they name."""
    found: dict[str, list[tuple[int, int]]] = {"semaine": [], "weekend": []}
    for days, period in PERIODS:
        root = f"prog_{days}_periode_{period}_confort"
        if details[f"{root}_actif"]:
            found[days].append((int(details[f"{root}_heure_debut"]) // 60 * 60, int(details[f"{root}_heure_fin"]) // 60 * 60))
    return found


# -- typologies ----------------------------------------------------------------------------------------------------------------


@frozen
class Hanging:
    """Which devices a typology needs, by their usage, and which it may have besides, one of each."""

    needs: tuple[Mapping[int, int], ...]               # any one of these
    may: frozenset[int] = frozenset()

    def fits(self, usages: Counter[int]) -> bool:
        """Whether these devices are those of the typology."""
        return any(self._rest(usages, each) for each in self.needs)

    def _rest(self, usages: Counter[int], needs: Mapping[int, int]) -> bool:
        besides = self.may | ANYWHERE
        return (all(usages[usage] == count for usage, count in needs.items())
                and all(usage in needs or (usage in besides and count == 1) for usage, count in usages.items()))

    @property
    def told(self) -> str:
        """In French."""
        ways = [" et ".join(f"{_counted(count)} d'usage {usage}" for usage, count in each.items()) for each in self.needs]
        return " ou ".join(ways) + "".join(f" et au plus un d'usage {usage}" for usage in sorted(self.may))


def _counted(count: int) -> str:
    return "exactement un équipement" if count == 1 else f"exactement {count} équipements"


ANYWHERE = frozenset({int(Usage.SCREEN)})
"""A screen serves its home, and stands with any of its appliances."""
_PLUG, _SWITCH, _METER = int(Usage.SWITCH_AND_METER), int(Usage.SWITCH), int(Usage.METER)
_POWER, _START, _AMBIENT = int(Usage.PRESS_POWER), int(Usage.PRESS_START), int(Usage.AMBIENT)

TYPOLOGIES: Mapping[int, Hanging] = {
    110: Hanging(({_SWITCH: 2},), frozenset({_METER})),
    120: Hanging(({_PLUG: 1},)),
    130: Hanging(({_PLUG: 1, _START: 1},)),
    140: Hanging(({_SWITCH: 1, _AMBIENT: 1}, {_PLUG: 1, _AMBIENT: 1}), frozenset({_METER})),
    150: Hanging(({_PLUG: 1, _POWER: 1, _START: 1},)),
    160: Hanging(({_PLUG: 1, _START: 1},)),
    170: Hanging(({_PLUG: 1, _START: 1},)),
    180: Hanging(({_SWITCH: 1},), frozenset({_METER})),
    190: Hanging(({_PLUG: 1},)),
    200: Hanging(({_METER: 1},)),
}
"""Deduced where no source says (110, 170): two relays are two switches, a plug that is lit again comes with its finger."""
MEASURED_TYPOLOGY = 200
"""Of what is only measured, and of nothing else."""
