"""Hours of the day, by local time: whether a slot lies in them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from elfe.coordination.values import OffPeak, Week
from elfe.slots import SLOT, slot_start

SATURDAY = 5


def lies_in(windows: Sequence[OffPeak], at: datetime, zone: tzinfo) -> bool:
    """Whether the slot that begins at an instant lies whole in a window."""
    begins, ends = second_of_day(at, zone), second_of_day(at + SLOT - timedelta(seconds=1), zone)
    return any(contains(window, begins) and contains(window, ends) for window in windows)


def in_programme(week: Week, slot: int, zone: tzinfo) -> bool:
    """Whether a slot touches a period of its day: comfort begins on time."""
    begins = slot_start(slot).astimezone(zone)
    ends = (slot_start(slot) + SLOT - timedelta(seconds=1)).astimezone(zone)
    return any(contains(window, second_of_day(at, zone)) for at in (begins, ends)
               for window in (week.weekend if at.weekday() >= SATURDAY else week.working_days))


def second_of_day(at: datetime, zone: tzinfo) -> int:
    """Seconds after local midnight."""
    local = at.astimezone(zone)
    return local.hour * 3600 + local.minute * 60 + local.second


def contains(window: OffPeak, second: int) -> bool:
    """Whether a window holds a second of the day; one that ends before it starts crosses midnight."""
    if window.start_s <= window.end_s:
        return window.start_s <= second < window.end_s
    return second >= window.start_s or second < window.end_s
