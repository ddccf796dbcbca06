"""The territory's balance, scaled to the panel: what the homes that we measure could have of what the territory makes. Pure.

    balance = (n / N) · Σ_f P_f  −  Σ_i C_i        W, surplus positive

    n    homes of the panel that are heard: their meter has spoken within `HELD_FOR`
    N    homes of the territory (setting territory.homes)
    P_f  what a production source f makes now, W
    C_i  what home i draws now, W; negative when it feeds in

A home that falls silent leaves both sides at once, so the balance does not jump towards a surplus that nobody has. The sources are
those of the reference: production split evenly over the territory's homes, times the homes of the panel. Without a single home
or a single source there is no balance: an invented one would move real machines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from attrs import frozen

HELD_FOR = timedelta(minutes=15)
"""So long a value stands: a cloud passes in minutes, a meter speaks every minute or so."""


@frozen
class Sample:
    """A value and when it was true."""

    at: datetime
    value: float               # W

    def stands(self, now: datetime, held_for: timedelta = HELD_FOR) -> bool:
        """Whether it may still be taken for what is; a value from the future is a clock that is wrong."""
        return -held_for <= now - self.at <= held_for


@frozen
class Balance:
    """The balance of an instant, with what it is made of, W."""

    at: datetime
    production_w: Mapping[str, float]      # scaled to the panel, by the name of its source
    consumption_w: float
    homes: int                             # of the panel, heard

    @property
    def made_w(self) -> float:
        """All production, scaled to the panel."""
        return sum(self.production_w.values())

    @property
    def balance_w(self) -> float:
        """Production − consumption."""
        return self.made_w - self.consumption_w


def scaled(production: Mapping[str, Sample], meters: Mapping[str, Sample], homes: int, now: datetime) -> Balance | None:
    """The balance of now; None where not a single source or home is heard."""
    made = {name: each.value for name, each in production.items() if each.stands(now)}
    drawn = {name: each.value for name, each in meters.items() if each.stands(now)}
    if not made or not drawn:
        return None
    share = len(drawn) / max(homes, len(drawn))
    return Balance(now, {name: value * share for name, value in made.items()}, sum(drawn.values()), len(drawn))


def silent(production: Mapping[str, Sample], expected: Iterable[str], now: datetime) -> frozenset[str]:
    """The sources that should count and do not: their last value stands no more, or there never was one."""
    return frozenset(each for each in expected if each not in production or not production[each].stands(now))
