"""How near forecasts come to real series, beside the documentation's persistence: `python -m benchmarks.forecast [series ...]`.

Every series is lived through from its fifth week on: each day at noon everything is learned anew from what lies behind, and
every second hour a forecast of 96 quarters is made and judged by what came. Nothing of elfe was built on those marked "unseen".
The weather is what each file gives: for the Dutch series forecasts or analyses of the source, for the French one those of a
past weather forecast.
"""

from __future__ import annotations

import csv
import gzip
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from attrs import frozen

from benchmarks.tables import show
from elfe.ems.forecast import blend
from elfe.ems.forecast.models import LEARNS_FROM, clues
from elfe.ems.forecast.past import DAY, past
from elfe.ems.forecast.values import Floats
from elfe.slots import HORIZON, slot_of

DATA = Path(__file__).parents[2] / "shared" / "data" / "territory"
WARM_UP, EVERY = 28 * DAY, 8
LONGEST = 200 * DAY
ZONE = ZoneInfo("Europe/Paris")


@frozen(eq=False)
class Series:
    """A balance, and the weather in °C, W/m² and m/s."""

    first_slot: int
    balance: Floats
    weather: Floats


Rows = Iterator[dict[str, str]]


def _rows(name: str) -> Rows:
    with gzip.open(DATA / f"{name}.csv.gz", "rt") as file:
        yield from csv.DictReader(file)


def _number(text: str | None) -> float:
    return float(text) if text not in (None, "") else np.nan


def _series(values: Mapping[int, tuple[float, ...]], quarters: int = 1) -> Series:
    """From slot → balance and weather; an hourly series stands for each of its quarters."""
    first, last = min(values), max(values)
    all_of = np.full((4, last - first + quarters), np.nan)
    for slot, row in values.items():
        all_of[:, slot - first:slot - first + quarters] = np.array(row)[:, None]
    return Series(first, all_of[0, :LONGEST], all_of[1:, :LONGEST])


def _slot(text: str) -> int:
    return slot_of(datetime.fromisoformat(text.replace("Z", "+00:00")))


def substation(name: str) -> Series:
    """A Dutch substation, autumn 2021."""
    return _series({_slot(row["utc_timestamp"]): (-_number(row["net_load"]), 15.0, _number(row["radiation"]) / 3600,
                                                  _number(row["windspeed_100m"]))
                    for row in _rows("nl_substations_15min_2021-08_2021-10") if row["substation"] == name})


def point(name: str) -> Series:
    """A Dutch net-load point, winter 2020."""
    return _series({_slot(row["utc_timestamp"]): (-_number(row["load"]), _number(row["temp"]), _number(row["radiation"]),
                                                  _number(row["windspeed_100m"]))
                    for row in _rows("nl_netload_weather_price_15min_2020-21") if row["system"] == name})


def france(_: str) -> Series:
    """The national load, 2021, with the weather of Brest, whose sun is what is not cloudy."""
    weather = {row["utc_time"]: row for row in _rows("fr_weather_brest_hourly_2021-2023")}
    rows = [row for row in _rows("fr_national_load_hourly_2021-2023") if row["utc_start"] in weather]
    return _series({_slot(row["utc_start"]): (-_number(row["actual_MW"]), _number(weather[row["utc_start"]]["temperature_2m"]),
                                              100 - _number(weather[row["utc_start"]]["cloud_cover"]),
                                              _number(weather[row["utc_start"]]["wind_speed_10m"]) / 3.6) for row in rows}, 4)


def ouessant(_: str) -> Series:
    """The island with 300 kWp, 2016."""
    return _series({_slot(row["time_as_source"] + "+00:00"): (300 * _number(row["pv_W_per_kWp"]) / 1000 - _number(row["load_kW"]),
                                                              _number(row["temp_C"]), _number(row["pv_W_per_kWp"]),
                                                              _number(row["wind10m_m_s"]))
                    for row in _rows("ouessant_hourly_2016_jan-aug")}, 4)


KNOWN: Mapping[str, tuple[Callable[[str], Series], str, bool]] = {
    "substation OWD": (substation, "OWD", False), "substation MNZL": (substation, "MNZL", False),
    "point 307": (point, "307", False),
    "substation HAL": (substation, "HAL", True), "substation NRYN": (substation, "NRYN", True),
    "substation WWF": (substation, "WWF", True), "point 287": (point, "287", True),
    "France": (france, "", True), "Ouessant with PV": (ouessant, "", True),
}
"""How each is read, by which name, and whether it is unseen."""


@frozen
class Judged:
    """Mean absolute errors, in the series' unit, and how often the balance came inside the band."""

    persistence: float
    plain: float
    weather: float | None
    inside: float
    forecasts: int


def judge(series: Series) -> Judged:
    """Live through a series."""
    errors: dict[str, list[float]] = {"persistence": [], "plain": [], "weather": []}
    inside: list[float] = []
    blends: dict[str, blend.Blend | None] = {}
    for origin in range(WARM_UP, len(series.balance) - HORIZON, EVERY):
        came = series.balance[origin:origin + HORIZON]
        if np.isnan(came).any():
            continue
        behind = max(0, origin - LEARNS_FROM)
        seen = past(_known(series.balance[behind:origin]), series.first_slot + origin,
                    series.weather[:, behind:origin + HORIZON], ZONE)
        assert seen is not None
        if (origin - WARM_UP) % DAY == 0 or not blends:
            blends = {"plain": blend.learned(seen, weather=False), "weather": blend.learned(seen, weather=True)}
        persistence = clues(seen, np.array([len(seen.balance)])).persistence[0] * seen.scale_w
        errors["persistence"].append(float(np.abs(persistence - came).mean()))
        for which, learned in blends.items():
            if learned is None or (which == "weather" and not len(seen.weather)):
                continue
            said, low, high = (each * seen.scale_w for each in learned.ask(seen))
            errors[which].append(float(np.abs(said - came).mean()))
            if which == "plain":
                inside.append(float(((low <= came) & (came <= high)).mean()))
    mean = {name: float(np.mean(each)) if each else None for name, each in errors.items()}
    assert mean["persistence"] is not None
    assert mean["plain"] is not None
    return Judged(mean["persistence"], mean["plain"], mean["weather"], float(np.mean(inside)), len(inside))


def _known(values: Floats) -> list[float | None]:
    return [None if np.isnan(each) else float(each) for each in values]


def measure(names: list[str]) -> None:
    """Print what was judged."""
    rows = []
    for name in names or KNOWN:
        reads, which, unseen = KNOWN[name]
        began = time.perf_counter()
        judged = judge(reads(which))
        rows.append((name, "unseen" if unseen else "", str(judged.forecasts), f"{1 - judged.plain / judged.persistence:.1%}",
                     "" if judged.weather is None else f"{1 - judged.weather / judged.persistence:.1%}", f"{judged.inside:.0%}",
                     f"{time.perf_counter() - began:.0f} s"))
    show("Mean absolute error below persistence's",
         ("series", "", "forecasts", "plain", "with weather", "in the 80 % band", "took"), rows)


if __name__ == "__main__":
    if not DATA.is_dir():
        sys.exit("no series stand beside this checkout (../shared/data/territory)")
    measure(sys.argv[1:])
