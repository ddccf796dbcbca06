"""People on site, as values: what they answer, what they were shown."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from elfe.app.visit_walk import Sheet
from elfe.visit.values import Spot, Step, Tick
from tests.visit.units import Unit


@define
class Installer:
    """Says yes, knows where units are, and plugs a lamp in where that is asked."""

    units: dict[str, Unit] = field(factory=dict)         # by point
    answers: bool = True
    is_there: bool = True
    hands: Any = None                                    # what they do with a sheet; None: nothing
    password: str = "w1fi"
    asked: list[str] = field(factory=list)
    ticks: list[tuple[str, Step, Tick]] = field(factory=list)
    sheets: list[Sheet] = field(factory=list)

    def yes(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers

    def address(self, spot: Spot) -> str:
        return self.units[spot.point].address if spot.point in self.units else ""

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
