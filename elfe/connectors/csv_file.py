"""A file that another program writes: rows of an instant and a value, newest anywhere.

    [sources.Prod_methanisation]
    connector = "csv"
    file = "/srv/metha/power.csv"
    time = "date"                  # the columns' titles
    value = "puissance_kw"
    scale = 1000
    timezone = "Europe/Paris"      # of instants that name none
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen

from elfe.connectors import Sampled, number, options
from elfe.errors import SourceError
from elfe.slots import instant


def _zone(name: str | ZoneInfo) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"timezone: {name!r} is not known (accepted: a name such as Europe/Paris)") from None


@frozen
class CsvFile:
    """See the module."""

    file: str
    time: str
    value: str
    scale: float = 1.0
    timezone: ZoneInfo = field(default=ZoneInfo("UTC"), converter=_zone)

    def read(self, since: datetime, now: datetime) -> Sequence[Sampled]:
        """The rows since; a last line that is being written is left for the next time."""
        try:
            text = Path(self.file).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{self.file} cannot be read: {error}") from None
        whole = text[:text.rfind("\n") + 1].splitlines()
        return sorted((each for each in self._rows(whole) if each.at is not None and each.at >= since),
                      key=lambda each: each.at or since)

    def _rows(self, lines: list[str]) -> Iterator[Sampled]:
        delimiter = max(";,\t", key=(lines or [""])[0].count)
        rows = csv.DictReader(lines, delimiter=delimiter)
        missing = {self.time, self.value} - set(rows.fieldnames or ())
        if missing:
            raise SourceError(f"{self.file}: no column {', '.join(sorted(missing))} (found: {', '.join(rows.fieldnames or ())})")
        for row in rows:
            if row[self.value]:
                yield Sampled(number(row[self.value], f"{self.file}, line {rows.line_num}") * self.scale,
                              self._when(row[self.time], rows.line_num))

    def _when(self, text: str | None, line: int) -> datetime:
        try:
            if text and text.replace(".", "", 1).isdigit():
                return instant(float(text))
            at = datetime.fromisoformat(text or "")
        except (ValueError, OverflowError):
            raise SourceError(f"{self.file}, line {line}: {text!r} is not an instant (ISO 8601 or Unix seconds)") from None
        return at if at.tzinfo else at.replace(tzinfo=self.timezone)


def connect(given: Mapping[str, Any]) -> CsvFile:
    """The source of a section."""
    made: CsvFile = options(CsvFile, given)
    return made
