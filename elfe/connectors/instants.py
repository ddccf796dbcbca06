"""Instants as sources write them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from elfe.errors import SourceError
from elfe.slots import instant

DAY_FIRST = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y")
"""As French spreadsheets write them."""


def when(found: object, where: str) -> datetime:
    """An instant that a source wrote: ISO 8601, UTC where it names no zone, or Unix seconds or milliseconds."""
    try:
        if isinstance(found, int | float) and not isinstance(found, bool):
            return instant(found / 1000 if found > 1e11 else found)
        at = datetime.fromisoformat(str(found))
    except (ValueError, OverflowError):
        raise SourceError(f"{where}: {str(found)[:40]!r} is not an instant (ISO 8601 or Unix seconds)") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def written(text: str) -> datetime:
    """An instant of a table: ISO 8601, Unix seconds, or a French date; local where it names no zone. Raises `ValueError`."""
    text = text.strip()
    if text.replace(".", "", 1).isdigit():
        return instant(float(text))
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        for form in DAY_FIRST:
            try:
                return datetime.strptime(text, form)      # noqa: DTZ007 - local, until its table has been read
            except ValueError:
                continue
        raise


def placed(local: Sequence[datetime], zone: ZoneInfo, now: datetime) -> list[datetime]:
    """Instants of a table in UTC, those that name no zone being local.

    In the night of 100 quarters an hour comes twice. Rows stand in the order of time, either way: where the clock steps back among
    them the second hour begins. Where it does not, it is the first one if an earlier row stands before it; else the latest that is
    not to come.
    """
    if len(local) > 1 and _naive(local[0]) > _naive(local[-1]):
        return placed(local[::-1], zone, now)[::-1]
    found: list[datetime] = []
    for twice, run in groupby(local, lambda each: each.tzinfo is None and _comes_twice(each, zone)):
        some = list(run)
        found += [each.astimezone(UTC) for each in (
            _two_hours(some, bool(found), zone, now) if twice else
            (each if each.tzinfo else each.replace(tzinfo=zone) for each in some))]
    return found


def _two_hours(local: Sequence[datetime], follows: bool, zone: ZoneInfo, now: datetime) -> Iterable[datetime]:
    """Instants of the hour that comes twice. `follows`: whether a row stands before them."""
    back = next((at for at, (before, after) in enumerate(pairwise(local), 1) if after <= before), None)
    if back is None:
        over = local[-1].replace(tzinfo=zone, fold=1).astimezone(UTC) <= now
        back = 0 if over and not follows else len(local)
    return (each.replace(tzinfo=zone, fold=int(at >= back)) for at, each in enumerate(local))


def _comes_twice(local: datetime, zone: ZoneInfo) -> bool:
    first, second = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return (first or timedelta()) > (second or timedelta())


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)
