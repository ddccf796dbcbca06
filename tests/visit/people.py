"""People on site, as values: what they answer, what they were shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from attrs import define, field

from elfe.app import on_site
from elfe.app.context import Context
from elfe.app.visit_walk import Patience, Sheet
from elfe.coordination import queries
from elfe.visit.values import How, Spot, Step, Tick, Visit
from tests.visit.units import Unit

QUICK = Patience(seen=timedelta(seconds=10), measured=timedelta(seconds=10), plug_in=timedelta(milliseconds=100),
                 told=timedelta(seconds=3))
SHORT = Patience(seen=timedelta(milliseconds=200), measured=timedelta(milliseconds=200), plug_in=timedelta(milliseconds=50),
                 told=timedelta(milliseconds=200), on_site=on_site.Patience(settles_s=1.0, again_s=0.05))
"""Of who expects that nothing comes."""


@define
class Installer:
    """Says yes, knows where units are, and plugs a lamp in where that is asked."""

    units: dict[str, Unit] = field(factory=dict)         # by point
    answers: bool = True
    is_there: bool = True
    hands: Any = None                                    # what they do with a sheet; None: nothing
    password: str = "w1fi"
    cable: str = ""
    asked: list[str] = field(factory=list)
    ticks: list[tuple[str, Step, Tick]] = field(factory=list)
    sheets: list[Sheet] = field(factory=list)

    def yes(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers

    def address(self, spot: Spot) -> str:
        return "" if self.hands else self.units[spot.point].address

    def port(self, spot: Spot) -> str:
        return self.cable

    def wifi_password(self) -> str:
        return self.password

    def types(self, spot: Spot, sheet: Sheet) -> bool:
        self.sheets.append(sheet)
        return bool(self.hands and self.hands(sheet))

    def waits(self, spot: Spot, says: str) -> None:
        if "branchez une lampe" in says:
            self.units[spot.point].draws_w = 60.0

    def ticked(self, spot: Spot, step: Step, tick: Tick) -> None:
        self.ticks.append((spot.point, step, tick))


def hows(visit: Visit) -> dict[Step, How]:
    """How each step went, of a visit of one device."""
    (spot,) = visit.spots
    return {step: tick.how for step, tick in spot.ticks.items()}


def modes(here: Context, reference: str) -> list[int]:
    """The modes of a home's appliances."""
    return [each.mode for each in queries.appliances(here.coordination) if each.participant == reference]
