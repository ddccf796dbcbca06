"""Why there: what a placement costs, and what it would have cost at once, with the rest of the plan held. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from elfe.ems.loads import Alternative
from elfe.ems.model import Placing, add, balance_with, imported_wh
from elfe.slots import SLOT_S


@frozen
class Facts:
    """What can be said of one placement, Wh."""

    energy_wh: float
    local_wh: float              # of it, from the territory's surplus
    at_once_wh: float            # what starting at the first possible slot would have imported more
    choices: int                 # how many starts there were
    waits: bool                  # whether it is not the first of them

    @property
    def indifferent(self) -> bool:
        """Whether no other start would have mattered by more than a few watt-hours."""
        return abs(self.at_once_wh) < 5


def facts(problem: Placing, picks: Sequence[int], i: int) -> Facts:
    """The facts of load `i`, re-evaluated from the balance and the plan alone."""
    alternatives = problem.loads[i][1]
    without = balance_with(problem, picks)
    add(without, alternatives[picks[i]], +1)
    chosen = _imports(without, alternatives[picks[i]])
    energy = sum(alternatives[picks[i]].power_w) * SLOT_S / 3600
    return Facts(energy, energy - chosen, _imports(without, alternatives[0]) - chosen, len(alternatives), picks[i] > 0)


SENTENCES = {
    "en": {
        "only": "starts at {at}: there was no other choice",
        "now": "starts at {at}, at once: {local:.1f} of its {energy:.1f} kWh come from local surplus, and waiting would not help",
        "same": "starts at {at}: {local:.1f} of its {energy:.1f} kWh come from local surplus; no other time is better",
        "waits": "starts at {at}: {local:.1f} of its {energy:.1f} kWh come from local surplus; "
                 "at once it would have imported {more:.1f} kWh more",
    },
    "fr": {
        "only": "démarre à {at} : il n'y avait pas d'autre choix",
        "now": "démarre à {at}, tout de suite : {local:.1f} de ses {energy:.1f} kWh viennent du surplus local, attendre "
               "n'apporterait rien",
        "same": "démarre à {at} : {local:.1f} de ses {energy:.1f} kWh viennent du surplus local ; aucune autre heure n'est "
                "meilleure",
        "waits": "démarre à {at} : {local:.1f} de ses {energy:.1f} kWh viennent du surplus local ; tout de suite, "
                 "{more:.1f} kWh de plus auraient été importés",
    },
}


def sentence(told: Facts, at: str, language: str) -> str:
    """One sentence for a participant; `at` is the local time of the start."""
    kind = ("only" if told.choices == 1 else "now" if not told.waits else "same" if told.indifferent else "waits")
    said = SENTENCES[language][kind].format(at=at, local=max(0.0, told.local_wh) / 1000, energy=told.energy_wh / 1000,
                                            more=told.at_once_wh / 1000)
    return said.replace(".", ",") if language == "fr" else said


def _imports(without: Sequence[float], each: Alternative) -> float:
    """What an alternative adds to the import of a balance, Wh."""
    balance = list(without)
    add(balance, each, -1)
    return imported_wh(balance) - imported_wh(without)
