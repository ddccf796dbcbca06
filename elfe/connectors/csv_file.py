"""A file that another program writes: rows of an instant and a value, in the order of time, either way.

    [sources.Prod_methanisation]
    connector = "csv"
    file = "/srv/metha/power.csv"
    time = "date"                  # the columns' titles
    value = "puissance_kw"
    scale = 1000
    timezone = "Europe/Paris"      # of instants that name none

As spreadsheets write it, in French too: parted by « ; », « , » or tabs, with a decimal comma, dates as 29/03/2026 12:30, in UTF-8
or in the code page of Windows. Instants are ISO 8601 or Unix seconds as well. An empty value is a gap.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attrs import field, frozen

from elfe.connectors import PartlyRead, Sampled, number, options, rows
from elfe.connectors.instants import placed, written
from elfe.errors import SourceError

LARGEST = 50_000_000
"""Bytes; a file that is never begun anew would be read whole for each of its rows."""
ENCODINGS = ("utf-8-sig", "cp1252")
Line = tuple[int, datetime, str]
"""A number, an instant as it is written, a value."""


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
        dated, undated = self._lines()
        recent = [(at, line) for at, line in zip(placed([each[1] for each in dated], self.timezone, now), dated, strict=True)
                  if at >= since]
        read = rows(sorted(recent, key=lambda each: each[0]), self._row)
        if undated and not dated:
            raise undated[0]
        if undated:
            raise PartlyRead(f"{undated[0]} ({len(undated)} rows are left out)", read)
        return read

    def _row(self, given: tuple[datetime, Line]) -> Sampled | None:
        at, (line, _, value) = given
        return Sampled(number(value, f"{self.file}, line {line}", self.scale), at) if value.strip() else None

    def _lines(self) -> tuple[list[Line], list[SourceError]]:
        """The rows, and what is wrong with those whose instant cannot be read."""
        text = self._text()
        whole = text[:text.rfind("\n") + 1].splitlines()
        skipped = int(bool(whole) and whole[0].lower().startswith("sep="))      # a spreadsheet's own word
        del whole[:skipped]
        read = csv.DictReader(whole, delimiter=max(";,\t", key=(whole or [""])[0].count), restval="")
        missing = {self.time, self.value} - set(read.fieldnames or ())
        if missing:
            raise SourceError(f"{self.file}: no column {', '.join(sorted(missing))} (found: {', '.join(read.fieldnames or ())})")
        dated: list[Line] = []
        undated: list[SourceError] = []
        for row in read:
            try:
                dated.append((read.line_num + skipped, written(row[self.time]), row[self.value]))
            except (ValueError, OverflowError):
                undated.append(SourceError(f"{self.file}, line {read.line_num + skipped}: {row[self.time][:40]!r} is not an "
                                           "instant (ISO 8601, Unix seconds or 29/03/2026 12:30)"))
        return dated, undated

    def _text(self) -> str:
        try:
            with Path(self.file).open("rb") as file:
                content = file.read(LARGEST + 1)
        except FileNotFoundError:
            raise SourceError(f"{Path(self.file).absolute()} cannot be read: there is no such file; correct `file`, or see to it "
                              "that it is written there") from None
        except OSError as error:
            raise SourceError(f"{Path(self.file).absolute()} cannot be read: {error.strerror}; see to it that elfe may "
                              "read it") from None
        if len(content) > LARGEST:
            raise SourceError(f"{self.file} cannot be read: it is larger than {LARGEST // 10**6} MB; let it begin anew")
        for encoding in ENCODINGS:
            try:
                return content.decode(encoding)
            except UnicodeDecodeError:
                continue
        raise SourceError(f"{self.file} cannot be read: its text is neither UTF-8 nor that of Windows")


def connect(given: Mapping[str, Any]) -> CsvFile:
    """The source of a section."""
    made: CsvFile = options(CsvFile, given)
    return made
