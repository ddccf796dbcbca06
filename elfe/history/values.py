"""The energy history as values, behind one interface: `store.py` keeps it in SQL, `zabbix/store.py` in Zabbix.

A series has a name of the contract (`D101 puissance`, `D101 energie`, `D101 temp`, ...) and an integer id, which is
what `mesures_puissance_elec_id` holds. A reading is stored once: the same series and instant twice is one reading.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from attrs import frozen

from elfe.errors import HistoryAway

BALANCE = "Equilibre General P=C bis"
"""The territory's balance, production − consumption in W, as the first EMS names it."""


def power_series(device_id: str) -> str:
    """The name of a device's power series, W."""
    return f"{device_id} puissance"


def energy_series(device_id: str) -> str:
    """The name of a device's energy counter, Wh."""
    return f"{device_id} energie"


def temperature_series(device_id: str) -> str:
    """The name of a device's temperature series, °C."""
    return f"{device_id} temp"


def state_series(device_id: str) -> str:
    """The name of a device's output state, 1 on and 0 off."""
    return f"{device_id} etat"


def order_series(device_id: str) -> str:
    """The name of what a device was told by us: 1 on (or a press), 0 off."""
    return f"{device_id} ordre"


@frozen
class Told:
    """An order that was sent to a device."""

    device_id: str
    at: datetime
    on: bool


@frozen
class Reading:
    """One value of one series."""

    series: int
    at: datetime
    value: float


class PartlyKept(HistoryAway):
    """Some readings were not taken, the others were: a series that is not known (yet), a value of the wrong kind."""

    def __init__(self, refused: Sequence[Reading]) -> None:
        super().__init__(f"{len(refused)} readings of {len({each.series for each in refused})} series were not taken")
        self.refused = tuple(refused)


class History(Protocol):
    """Where what was measured is kept. What cannot be done raises `HistoryAway`, or the database's own error."""

    @property
    def forgets(self) -> bool:
        """Whether what was taken may be lost before it is written."""

    def series(self, name: str, unit: str = "") -> int:
        """The id of a series; it is created when it is new."""

    def all_series(self, wanted: Mapping[str, str]) -> Mapping[str, int]:
        """The ids of many series, by name, from the name and the unit of each; those that are new are created, together.

        One that cannot be created is left out.
        """

    def find(self, name: str) -> int | None:
        """The id of a series, or None when there is none."""

    def find_all(self, names: Iterable[str]) -> Mapping[str, int]:
        """The ids of many series, by name; those that are not there are left out."""

    def names(self) -> Sequence[tuple[int, str, str]]:
        """Every series: id, name, unit."""

    def append(self, readings: Iterable[Reading]) -> None:
        """Keep readings; one already kept is left as it is. All of them, or none, or `PartlyKept` says which were not taken."""

    def written(self, readings: Collection[Reading]) -> Collection[Reading]:
        """Those of a few readings that it has written. Asked for none, it says by raising whether it could write."""

    def readings(self, series: int, start: datetime, end: datetime) -> Sequence[Reading]:
        """The readings in [start, end[, in order of time."""

    def last(self, series: int, before: datetime) -> Reading | None:
        """The newest reading before an instant."""

    def newest(self, series: Collection[int], since: datetime, before: datetime) -> Mapping[int, Reading]:
        """Of many series at once: the newest reading of each in [since, before[; one that said nothing is left out."""

    def quarters(self, series: int, start_slot: int, count: int, held_for: timedelta) -> list[float | None]:
        """The mean of each quarter, time-weighted, a value held for at most `held_for`; None where too little is known."""

    def quarters_of(self, series: Collection[int], start_slot: int, count: int,
                    held_for: timedelta) -> Mapping[int, list[float | None]]:
        """The same of many series at once."""
