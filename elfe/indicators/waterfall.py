"""What became of the flexibility that was lent: from declared to useful, one cause for each lost kilowatt-hour. Pure.

    declared ▸ plannable ▸ planned ▸ ordered ▸ proved ▸ useful

The energy of a flexibility is what was measured in its run; where it did not run, what its plan expected; where it was never
planned, what appliances of its type draw in a run. Useful is what was drawn while the territory had energy to spare.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum

from attrs import field, frozen

from elfe.slots import SLOT_S

QUARTER_H = SLOT_S / 3600


class Step(IntEnum):
    """How far a flexibility came."""

    DECLARED = 0
    PLANNABLE = 1
    PLANNED = 2
    ORDERED = 3
    PROVED = 4
    USEFUL = 5


@frozen
class Lent:
    """One flexibility, and what is known of it."""

    id: int
    appliance_id: int
    name: str
    opened_at: datetime
    plannable: bool = True                 # the EMS could read it
    expected_wh: float | None = None       # by its last plan; None: it was never planned
    ordered: bool = False                  # a start, or a level that gives it its supply
    proved: bool = False
    cause: str = ""                        # of its last order, or of its end
    usual_wh: float = 0.0                  # of a run of its type
    drawn_w: Sequence[float | None] = ()   # of each quarter of its run
    balance_w: Sequence[float | None] = () # of the territory, in the same quarters, with what it drew
    at_once_w: Sequence[float | None] = () # the balance of the quarters in which it would have run as soon as declared, without it
    waited: int = 0                        # quarters from its declaration to its start

    @property
    def energy_wh(self) -> float:
        """What it is counted with."""
        drawn = sum(each for each in self.drawn_w if each is not None) * QUARTER_H
        return drawn or (self.expected_wh if self.expected_wh is not None else self.usual_wh)

    @property
    def moved_wh(self) -> float:
        """Drawn in quarters in which it would not have been drawn, had it run as soon as it was declared."""
        drawn = [each or 0.0 for each in self.drawn_w]
        at_once = [*drawn[self.waited:], *(0.0 for _ in drawn)]
        return sum(max(0.0, here - there) for here, there in zip(drawn, at_once, strict=False)) * QUARTER_H

    @property
    def useful_wh(self) -> float:
        """Drawn while there was energy to spare: as much of it as was, before it drew."""
        return sum(max(0.0, min(drawn, balance + drawn)) for drawn, balance in zip(self.drawn_w, self.balance_w, strict=True)
                   if drawn is not None and balance is not None) * QUARTER_H

    @property
    def avoided_wh(self) -> float:
        """Import avoided against the same run as soon as it was declared; negative when waiting made it worse."""
        pairs = [(drawn, balance) for drawn, balance in zip(self.drawn_w, self.at_once_w, strict=False)
                 if drawn is not None and balance is not None]
        if len(pairs) < len(self.drawn_w):
            return 0.0
        local_at_once = sum(max(0.0, min(drawn, balance)) for drawn, balance in pairs) * QUARTER_H
        return self.useful_wh - local_at_once

    @property
    def step(self) -> Step:
        """The last step that it reached."""
        reached = (self.plannable, self.expected_wh is not None, self.ordered, self.proved)
        return Step(next((number for number, each in enumerate(reached) if not each), len(reached)))


LOST: Mapping[Step, str] = {
    Step.DECLARED: "cannot be planned: its data is incomplete",
    Step.PLANNABLE: "was never planned",
    Step.PLANNED: "was taken back before its slot came",
    Step.ORDERED: "the device did not answer",
    Step.PROVED: "ran when there was nothing to spare",
}
"""Why what stops at a step is lost, where nothing says more."""


@frozen
class Waterfall:
    """kWh that reached each step, and the kWh lost behind each, by cause."""

    reached_kwh: Mapping[Step, float]
    lost_kwh: Mapping[Step, Mapping[str, float]] = field(factory=dict)

    @property
    def adds_up(self) -> bool:
        """Whether what was declared is what was useful and what was lost."""
        lost = sum(sum(each.values()) for each in self.lost_kwh.values())
        return abs(self.reached_kwh[Step.DECLARED] - self.reached_kwh[Step.USEFUL] - lost) < 1e-6


def waterfall(lent: Iterable[Lent]) -> Waterfall:
    """Of these flexibilities together."""
    reached = dict.fromkeys(Step, 0.0)
    lost: dict[Step, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in lent:
        energy, useful = each.energy_wh / 1000, min(each.useful_wh, each.energy_wh) / 1000
        for step in Step:
            if step <= each.step and step is not Step.USEFUL:
                reached[step] += energy
        if each.step is Step.PROVED:
            reached[Step.USEFUL] += useful
            lost[Step.PROVED][LOST[Step.PROVED]] += energy - useful
        else:
            lost[each.step][each.cause or LOST[each.step]] += energy
    return Waterfall(reached, {step: dict(causes) for step, causes in lost.items()})


@frozen
class Kept:
    """Promises: deadlines that were kept, of those that could be."""

    kept: int
    due: int

    @property
    def share(self) -> float | None:
        """Between 0 and 1."""
        return self.kept / self.due if self.due else None


# -- running totals --------------------------------------------------------------------------------------------------------------

MOVED, AVOIDED, DUE, KEPT = "Cumul_energie_deplacee", "Cumul_import_evite", "Cumul_promesses_echues", "Cumul_promesses_tenues"
REACHED: Mapping[Step, str] = {
    Step.DECLARED: "Cumul_flex_declaree", Step.PLANNABLE: "Cumul_flex_planifiable", Step.PLANNED: "Cumul_flex_planifiee",
    Step.ORDERED: "Cumul_flex_ordonnee", Step.PROVED: "Cumul_flex_prouvee", Step.USEFUL: "Cumul_flex_utile"}
TOTALS: Mapping[str, str] = {MOVED: "kWh", AVOIDED: "kWh", DUE: "", KEPT: "", **dict.fromkeys(REACHED.values(), "kWh")}
"""What is added up since the beginning, by the key under which it is kept, with its unit."""


def added(lent: Sequence[Lent], promises: Kept) -> Mapping[str, float]:
    """What these flexibilities add to each total."""
    proved = [each for each in lent if each.proved]
    return {MOVED: sum(each.moved_wh for each in proved) / 1000, AVOIDED: sum(each.avoided_wh for each in proved) / 1000,
            DUE: promises.due, KEPT: promises.kept,
            **{REACHED[step]: kwh for step, kwh in waterfall(lent).reached_kwh.items()}}
