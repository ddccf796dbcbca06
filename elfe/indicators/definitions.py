"""The project's indicators, each with its definition, and what the first program would have said where that differs. Pure.

Energies are integrated over quarter hours whose mean is known; what is not known is not counted as zero, and an indicator of which
less than half is known says nothing. Months are local.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from attrs import field, frozen

from elfe.indicators.waterfall import AVOIDED, DUE, KEPT, MOVED, REACHED, Step
from elfe.slots import SLOT_S

QUARTER_H = SLOT_S / 3600
KNOWN_ENOUGH = 0.5

Quarters = Sequence[float | None]
"""Mean W of consecutive quarters; None where it is not known."""


@frozen
class Launch:
    """A start that a plan asked for: a row of `result` whose first decision is 1."""

    appliance_id: int
    appliance_type: int
    day: int                       # epoch // 86400, as the first program counts days


@frozen
class Facts:
    """What the indicators of one quarter are made from."""

    production_w: Quarters = ()    # of the territory, scaled to the panel: this month so far, ending with the last whole quarter
    consumption_w: Quarters = ()   # of the panel, likewise
    made_w: Mapping[str, Quarters] = field(factory=dict)     # by source, of the last quarter; empty: it says nothing all day
    placed_today_wh: float | None = None       # measured in runs that we placed, over the last 24 hours; None: not known, as below
    placed_ever_wh: float | None = None        # likewise, since the beginning
    drawn_today_w: Quarters = ()   # the panel's consumption over the last 24 hours
    made_today_w: Quarters = ()    # its share of the production, likewise
    ever: Mapping[str, float] = field(factory=dict)          # the totals of `waterfall.TOTALS`, since the beginning
    month: Mapping[str, float] = field(factory=dict)         # what was added to them within 30 days
    planned: int | None = None     # appliances in the newest plan
    started: frozenset[int] | None = None                    # appliances that we started within 24 hours, acknowledged
    movable: frozenset[int] | None = None                    # those that may be moved: neither measured only, nor put out of use
    every: int = 0                 # all appliances but meters and plants, whatever their mode
    launches: Sequence[Launch] = ()                          # all that were ever planned for now
    launched_today: frozenset[int] = frozenset()             # appliances of launches within 24 hours
    mean_wh: Mapping[int, float] = field(factory=dict)       # energy of a launch, by appliance type, as operators wrote it


@frozen
class Indicator:
    """One indicator. `key` and `label` are the contract's."""

    key: str
    label: str
    unit: str
    compute: Callable[[Facts], float | None]
    says: str                                                # its definition
    first: Callable[[Facts], float | None] | None = None     # what the first program computed, where that differs
    why: str = ""                                            # why it differs


# -- energies ------------------------------------------------------------------------------------------------------------------


def energy_wh(powers: Quarters) -> float | None:
    """What is known of it, Wh; None when less than half of the quarters are known."""
    known = [each for each in powers if each is not None]
    return sum(known) * QUARTER_H if powers and len(known) >= KNOWN_ENOUGH * len(powers) else None


def local_wh(made: Quarters, drawn: Quarters) -> float | None:
    """∫ min(P, C): drawn while it was made."""
    return energy_wh([None if m is None or d is None else max(0.0, min(m, d)) for m, d in zip(made, drawn, strict=True)])


def percent(part: float | None, whole: float | None) -> float | None:
    """A share; None where there is no whole."""
    return None if part is None or not whole or whole <= 0 else 100 * part / whole


def _surplus_wh(made: Quarters, drawn: Quarters) -> float | None:
    """∫ max(0, P − C)."""
    return energy_wh([None if m is None or d is None else max(0.0, m - d) for m, d in zip(made, drawn, strict=True)])


def _own_use(facts: Facts) -> float | None:
    both = [(m, d) for m, d in zip(facts.production_w, facts.consumption_w, strict=True) if m is not None and d is not None]
    made, drawn = [m for m, _ in both], [d for _, d in both]
    enough = 2 * len(both) >= len(facts.production_w)
    return percent(local_wh(made, drawn), energy_wh(made)) if enough and both else None


def _launched(facts: Facts) -> float | None:
    if facts.started is None or facts.movable is None:
        return None
    return percent(len(facts.started & facts.movable), len(facts.movable))


def _last(powers: Quarters) -> Quarters:
    return powers[-1:]


def _made(source: str) -> Callable[[Facts], float | None]:
    return lambda facts: energy_wh(facts.made_w.get(source, ()))


def _share(source: str) -> Callable[[Facts], float | None]:
    def share(facts: Facts) -> float | None:
        made = {name: energy_wh(each) for name, each in facts.made_w.items() if each}
        known = {name: max(0.0, wh) for name, wh in made.items() if wh is not None}      # an inverter draws a little at night
        return percent(known.get(source), sum(known.values())) if len(known) == len(made) else None

    return share


# -- what the first program computed ---------------------------------------------------------------------------------------------

CYCLES = frozenset({111, 112, 113, 221, 225, 515})
CONTINUOUS = frozenset({131, 151, 155})


def _first_launched(facts: Facts) -> float | None:
    return percent(len(facts.launched_today), facts.every)


def _first_placed(facts: Facts) -> float:
    """Each launch at its type's mean; a continuous appliance once a day. A re-plan counts again: it is said as it was."""
    cycles = [each for each in facts.launches if each.appliance_type in CYCLES]
    days = {(each.day, each.appliance_id): each for each in facts.launches if each.appliance_type in CONTINUOUS}
    return sum(facts.mean_wh.get(each.appliance_type, 0.0) for each in (*cycles, *days.values())) / 1000


# -- the twelve ------------------------------------------------------------------------------------------------------------------

TWELVE: tuple[Indicator, ...] = (
    Indicator("Nombre_appareils_connectes", "Nombre_d'appareils_connectés", "", lambda facts: facts.planned,
              "appliances in the newest plan"),
    Indicator("Pourcentage_app_lances_24h", "Pourcentage d'appareils lancés dans les dernières 24h", "%",
              _launched,
              "appliances whose start the device acknowledged within 24 hours, of those that may be moved", _first_launched,
              "the first program counts decisions, not starts, and appliances that are put out of use"),
    Indicator("Cumul_energie_placee", "Cumul énergie placée", "kWh",
              lambda facts: None if facts.placed_ever_wh is None else facts.placed_ever_wh / 1000,
              "measured in the runs that we placed, since the beginning", _first_placed,
              "the first program gives each launch the mean of its type, and each re-plan counts again"),
    Indicator("Pourcentage_energie_consommee_placee", "Pourcentage de l'énergie consommée placée", "%",
              lambda facts: percent(facts.placed_today_wh, energy_wh(facts.drawn_today_w)),
              "measured in the runs that we placed within 24 hours, of all that the panel drew",
              why="the first program took its numerator from a value that was computed elsewhere"),
    Indicator("Energie_autoconsommee", "Énergie autoconsommée sur le territoire", "Wh",
              lambda facts: local_wh(_last(facts.production_w), _last(facts.consumption_w)),
              "∫ min(P, C) over the last quarter",
              why="the first program summed one value a minute over 781 s, gaps as zeros"),
    Indicator("Pourcentage_autoconsommation", "Pourcentage d'autoconsommation du territoire", "%", _own_use,
              "∫ min(P, C) / ∫ P this month",
              why="the first program looked back day-of-month × 24 h, which is not the month"),
    *(Indicator(f"Enr_{name}", f"Énergie {words}", "Wh", _made(source), f"∫ {source} over the last quarter")
      for name, words, source in (("eolienne", "éolienne", "Prod_eolienne"), ("solaire", "solaire", "Prod_solaire"),
                                  ("methanisation", "méthanisation", "Prod_methanisation"))),
    *(Indicator(f"Part_{name}_prod", f"Part {words} dans la production", "%", _share(source),
                f"∫ {source} / ∫ of the three, over the last quarter; of those that speak, none may be missing",
                why="the first program sums the values that it finds, takes whole numbers alone, and stops at any other")
      for name, words, source in (("eolien", "de l'éolien", "Prod_eolienne"), ("solaire", "du solaire", "Prod_solaire"),
                                  ("metha", "de la métha", "Prod_methanisation"))),
)


# -- what funders and participants ask -------------------------------------------------------------------------------------------


def _ever(key: str) -> Callable[[Facts], float | None]:
    return lambda facts: facts.ever.get(key)


OURS: tuple[Indicator, ...] = (
    Indicator("Part_energie_locale_24h", "Part d'énergie locale dans la consommation, 24 h", "%",
              lambda facts: percent(local_wh(facts.made_today_w, facts.drawn_today_w), energy_wh(facts.drawn_today_w)),
              "∫ min(P, C) / ∫ C over the last 24 hours"),
    Indicator(MOVED, "Cumul énergie déplacée", "kWh", _ever(MOVED),
              "measured in proved runs, in quarters in which it would not have been drawn, had they run as soon as declared"),
    Indicator(AVOIDED, "Cumul import évité", "kWh", _ever(AVOIDED),
              "useful energy of proved runs, less what the same runs would have found as soon as declared"),
    Indicator("Promesses_tenues_30j", "Promesses tenues, 30 jours", "%",
              lambda facts: percent(facts.month.get(KEPT), facts.month.get(DUE)),
              "deadlines at which the run was over, of those that nobody took back, within 30 days"),
    Indicator(DUE, "Cumul promesses échues", "", _ever(DUE), "deadlines that came and that nobody had taken back"),
    Indicator(KEPT, "Cumul promesses tenues", "", _ever(KEPT), "those of them at which the run was over"),
    *(Indicator(REACHED[step], f"Cumul flexibilité {words}", "kWh", _ever(REACHED[step]),
                f"energy of the flexibilities of machines that came to: {step.name.lower()}")
      for step, words in ((Step.DECLARED, "déclarée"), (Step.PLANNABLE, "planifiable"), (Step.PLANNED, "planifiée"),
                          (Step.ORDERED, "ordonnée"), (Step.PROVED, "prouvée"), (Step.USEFUL, "utile"))),
)
INDICATORS = (*TWELVE, *OURS)


@frozen
class Value:
    """An indicator's value, or why it has none."""

    indicator: Indicator
    value: float | None
    first: float | None = None
    problem: str = ""


def computed(facts: Facts) -> list[Value]:
    """Every indicator. One that fails loses no other."""
    return [_value(each, facts) for each in INDICATORS]


def _value(indicator: Indicator, facts: Facts) -> Value:
    try:
        value = indicator.compute(facts)
        first = indicator.first(facts) if indicator.first else None
        return Value(indicator, value, first, "" if value is not None else "not known")
    except (ArithmeticError, ValueError, TypeError, KeyError) as error:
        return Value(indicator, None, None, f"{type(error).__name__}: {error}")
