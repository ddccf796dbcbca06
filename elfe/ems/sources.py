"""Where a run of the EMS reads, and what its plans are judged by."""

from __future__ import annotations

from datetime import timedelta, tzinfo

from attrs import define, field, frozen
from sqlalchemy import Engine

from elfe.ems.costs import Aims
from elfe.ems.cycles.run import Book
from elfe.ems.forecast.run import Forecaster
from elfe.history.values import History

HELD_FOR = timedelta(minutes=15)
"""So long what a meter said last counts."""


@frozen
class Rules:
    """What plans are judged by, and what they keep to."""

    aims: Aims = field(factory=Aims)         # its prices and intensities are filled in from the history
    home_w: float | None = None              # what the loads of a home may draw at once, but for those with a limit of their own
    price_series: str = ""
    co2_series: str = ""


@define
class Sources:
    """Where a run reads. Keep it from run to run: it remembers the cycles that were found, and what was learned of the balance."""

    coordination: Engine
    sortie: Engine
    history: History
    zone: tzinfo
    learns: bool = True             # to forecast better than persistence does
    rules: Rules = field(factory=Rules)
    cycles: Book = field(init=False)
    forecasts: Forecaster = field(init=False)

    @cycles.default
    def _book(self) -> Book:
        return Book(self.sortie, self.history)

    @forecasts.default
    def _forecaster(self) -> Forecaster:
        return Forecaster(self.sortie, self.history, self.zone, self.learns)
