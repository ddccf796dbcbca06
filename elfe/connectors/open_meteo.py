"""The weather of Open-Meteo: temperature, radiation and wind of each hour, of the last weeks and of the two days to come.

    [sources.meteo]
    connector = "open_meteo"
    latitude = 47.65
    longitude = -2.08
    token_file = "secrets/open-meteo"   # of a paid account, sent as apikey; without one, for non-commercial use only
    url = "https://..."                 # of a server of one's own

Asked every three hours. Radiation is told by the source for the hour that ends at each instant; the others at the instant itself.
A row that is not whole or cannot be is left out; when less than half of them stand, it is an error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar
from urllib.parse import urlencode

from attrs import frozen

from elfe.addresses import told
from elfe.connectors import WeatherHour, options
from elfe.connectors.http_json import answered, secret
from elfe.errors import SourceError
from elfe.slots import instant

PUBLIC, PAID = "https://api.open-meteo.com/v1/forecast", "https://customer-api.open-meteo.com/v1/forecast"
ASKED = {"temperature_2m": (-60.0, 60.0), "shortwave_radiation": (0.0, 1500.0), "wind_speed_10m": (0.0, 100.0)}
"""What is asked for, and between what it can be: °C, W/m², m/s."""
MOST_DAYS_BACK = 92
AHEAD_DAYS = 3
HOUR = timedelta(hours=1)


@frozen
class OpenMeteo:
    """See the module."""

    latitude: float
    longitude: float
    token_file: str = ""
    url: str = ""
    kind: ClassVar[str] = "weather"
    every_s: ClassVar[int] = 10_800

    def __attrs_post_init__(self) -> None:
        for name, most in (("latitude", 90), ("longitude", 180)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
                raise ValueError(f"{name}: {value!r} cannot be (accepted: degrees, from -{most} to {most})")

    def read(self, since: datetime, now: datetime) -> Sequence[WeatherHour]:
        """The hours from `since` on, as far as the source knows. Raises `SourceError`."""
        days = min(max((now - since).days + 1, 1), MOST_DAYS_BACK)
        address = self.url or (PAID if self.token_file else PUBLIC)
        query = {"latitude": self.latitude, "longitude": self.longitude, "hourly": ",".join(ASKED), "past_days": days,
                 "forecast_days": AHEAD_DAYS, "timeformat": "unixtime", "wind_speed_unit": "ms",
                 **({"apikey": secret(self.token_file)} if self.token_file else {})}
        found = answered(f"{address}?{urlencode(query)}")
        return [each for each in _hours(found, told(address)) if each.at >= since - HOUR]


def _hours(found: Any, where: str) -> list[WeatherHour]:
    hourly = found.get("hourly") if isinstance(found, dict) else None
    if not isinstance(hourly, dict) or not all(isinstance(hourly.get(name), list) for name in ("time", *ASKED)):
        raise SourceError(f"{where}: hours of {', '.join(ASKED)} are expected")
    rows = list(zip(hourly["time"], *(hourly[name] for name in ASKED), strict=False))
    hours = [WeatherHour(instant(here[0]), here[1], after[2], here[3]) for here, after in pairwise(rows)
             if _can_be(here, after)]
    if len(hours) * 2 < len(rows):
        raise SourceError(f"{where}: {len(rows) - len(hours)} of {len(rows)} hours are empty or cannot be")
    return hours


def _can_be(here: Sequence[Any], after: Sequence[Any]) -> bool:
    numbers = (here[1], after[2], here[3])
    return isinstance(here[0], int) and all(
        isinstance(each, int | float) and low <= each <= high for each, (low, high) in zip(numbers, ASKED.values(), strict=True))


def connect(given: Mapping[str, Any]) -> OpenMeteo:
    """The source of a section."""
    made: OpenMeteo = options(OpenMeteo, given)
    return made
