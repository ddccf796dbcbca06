"""Why there: what a placement costs, and what it would have cost at its earliest, with the rest of the plan held. Pure."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from attrs import frozen

from elfe.ems.loads import Load
from elfe.ems.loads.base import Choosing, Floats
from elfe.ems.model import Choice, Placing, imported_wh
from elfe.slots import HORIZON, SLOT_S

INDIFFERENT_WH = 5.0
KEPT = ("comforts", "heats")
"""What chooses no start and keeps somebody warm does not wait: it is told beside a heater that nobody plans."""
LONG_PAST = timedelta(days=2)
"""A wish so far behind is a row that nobody has renewed, not a delay."""


@frozen
class Facts:
    """What can be said of one placement."""

    energy_wh: float
    local_wh: float              # of it, from the territory's surplus
    saved_wh: float              # what its earliest start would have imported more
    choices: int                 # how many starts there were; 0 where it does not choose one
    waits: bool                  # whether it does not run as soon as it may
    from_now: bool               # whether that would have been at once
    begins: str                  # a cycle starts, a tank heats, a vehicle charges
    late_by: timedelta
    gives_wh: float = 0.0        # what a battery gives back


def starts_wh(placing: Placing, choice: Choice, n: int, left: Floats) -> tuple[float | None, ...]:
    """What load `n` would import at each of its starts, Wh, the rest of the plan held; empty where it chooses none."""
    f, i = placing.problem.find(placing.number[n])
    fleet = placing.problem.fleets[f]
    if not isinstance(fleet, Choosing):
        return ()
    menu, drawn = fleet.menu(i), fleet.some(np.array([i])).powers(choice.runs[f][i:i + 1])[0]
    without = left + drawn
    added = np.maximum(0.0, menu.rows() - without).sum(axis=1) - np.maximum(0.0, -without).sum()
    found: list[float | None] = [None] * HORIZON
    for start, more in zip(menu.runs, added, strict=True):
        found[int(start)] = float(more) * SLOT_S / 3600
    return tuple(found)


def facts(placing: Placing, choice: Choice, n: int, load: Load, left: Floats) -> Facts:
    """The facts of load `n`, re-evaluated from the plan alone; `left` is the balance with all loads, W per slot."""
    f, i = placing.problem.find(placing.number[n])
    alone = placing.problem.fleets[f].some(np.array([i]))
    drawn = alone.powers(choice.runs[f][i:i + 1])[0]
    soonest = alone.powers(alone.realised(alone.soonest(), np.zeros(HORIZON)))[0]
    imported = _imports(left + drawn, drawn)
    energy = float(drawn.clip(min=0.0).sum()) * SLOT_S / 3600
    return Facts(
        energy_wh=energy, local_wh=energy - imported, saved_wh=_imports(left + drawn, soonest) - imported,
        choices=len(alone.menu(0).runs) if isinstance(alone, Choosing) else 0, waits=bool((soonest != drawn).any()),
        from_now=bool(soonest[0] > 0), begins=load.begins, late_by=load.late_by,
        gives_wh=float((-drawn).clip(min=0.0).sum()) * SLOT_S / 3600)


SENTENCES = {
    "en": {
        "rests": "needs nothing in the next 24 hours",
        "gives": "{begins} {at}: {energy} kWh in and {gives} kWh back; without it {saved} kWh more would have been imported",
        "late": "{begins} {at}, {earliest}, and yet it ends {late} behind its deadline, which can no longer be kept",
        "past": "{begins} {at}, {earliest}: the hour that it was wanted by is long past",
        "only": "{begins} {at}: there was no other choice",
        "soon": "{begins} {at}, {earliest}: {local} of its {energy} kWh come from local surplus, waiting would not help",
        "same": "{begins} {at}: {local} of its {energy} kWh come from local surplus, no other time is better",
        "unplanned": "{begins} {at}: {local} of its {energy} kWh come from local surplus; unplanned it would have imported {saved} "
                     "kWh more",
        "imports": "{begins} {at}: {local} of its {energy} kWh come from local surplus, no more than {earliest}",
        "waits": "{begins} {at} because {local} of its {energy} kWh then come from local surplus; {earliest} it would have "
                 "imported {saved} kWh more",
    },
    "fr": {
        "rests": "n'a besoin de rien dans les 24 heures",
        "gives": "{begins} {at} : {energy} kWh stockés, {gives} kWh rendus ; sans elle, {saved} kWh de plus auraient été importés",
        "late": "{begins} {at}, {earliest}, et finit pourtant {late} après l'heure voulue, qui ne peut plus être tenue",
        "past": "{begins} {at}, {earliest} : l'heure voulue est passée depuis longtemps",
        "only": "{begins} {at} : il n'y avait pas d'autre choix",
        "soon": "{begins} {at}, {earliest} : {local} de ses {energy} kWh viennent du surplus local, attendre n'y changerait rien",
        "same": "{begins} {at} : {local} de ses {energy} kWh viennent du surplus local, aucune autre heure n'est meilleure",
        "unplanned": "{begins} {at} : {local} de ses {energy} kWh viennent du surplus local ; sans plan, {saved} kWh de plus "
                     "auraient été importés",
        "imports": "{begins} {at} : {local} de ses {energy} kWh viennent du surplus local, pas plus que {earliest}",
        "waits": "{begins} {at} parce que {local} de ses {energy} kWh viennent alors du surplus local ; {earliest}, "
                 "{saved} kWh de plus auraient été importés",
    },
}
WORDS = {
    "en": {"starts": "starts at", "heats": "heats from", "charges": "charges from", "runs": "runs from",
           "comforts": "is in comfort from", "stores": "works from",
           "now": "at once", "earliest": "at the earliest"},
    "fr": {"starts": "démarre à", "heats": "chauffe dès", "charges": "se charge dès", "runs": "tourne dès",
           "comforts": "est en confort dès", "stores": "travaille dès",
           "now": "tout de suite", "earliest": "au plus tôt"},
}


def reason_in(language: str, told: Facts, at: str) -> str:
    """One sentence for a participant, in `en` or `fr`; `at` is the local time of the start."""
    words = WORDS[language]
    return SENTENCES[language][_kind(told)].format(
        begins=words[told.begins], at=at, earliest=words["now" if told.from_now else "earliest"],
        local=_kwh(told.local_wh, language), energy=_kwh(told.energy_wh, language), saved=_kwh(told.saved_wh, language),
        late=_duration(told.late_by), gives=_kwh(told.gives_wh, language))


def _kind(told: Facts) -> str:
    if told.gives_wh:
        return "gives"
    if not told.energy_wh:
        return "rests"
    if told.late_by:
        return "late" if told.late_by < LONG_PAST else "past"
    if told.choices == 1:
        return "only"
    helps = told.saved_wh >= INDIFFERENT_WH
    if not told.choices and told.begins in KEPT:
        return "unplanned" if helps else "same"
    if not told.waits:
        return "soon"
    if helps:
        return "waits"
    return "same" if told.local_wh >= INDIFFERENT_WH else "imports"


def _kwh(energy_wh: float, language: str) -> str:
    text = f"{round(energy_wh / 1000, 2) + 0.0:.2f}"      # plus zero: never −0.00
    return text.replace(".", ",") if language == "fr" else text


def _duration(late_by: timedelta) -> str:
    hours, minutes = divmod(-(-int(late_by.total_seconds()) // 60), 60)
    return f"{hours} h {minutes:02}" if hours else f"{minutes} min"


def _imports(without: Floats, drawn: Floats) -> float:
    """What a run adds to the import of a balance, Wh."""
    return imported_wh(without - drawn) - imported_wh(without)
