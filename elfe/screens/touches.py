"""What a person wants who touched a page. Pure.

The end and the duration are chosen first, and kept; the switch lends or takes back. Only what a finger has done last counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from attrs import frozen

from elfe.coordination import spoken
from elfe.devices.values import Gesture, UserInput
from elfe.errors import DeclarationError
from elfe.screens.layout import Role
from elfe.screens.words import Known

CHOICES = {Role.END_HOUR: 24, Role.END_QUARTER: 4, Role.LASTS_HOUR: 24, Role.LASTS_QUARTER: 4, Role.CHARGE: 11}
"""How many options each has."""
BUTTONS = frozenset({Role.FORCE, Role.STOP, Role.NEXT})
QUARTER = timedelta(minutes=15)


@frozen
class Choose:
    """Keep what was chosen; what is lent is lent anew with it."""

    deadline: datetime | None = None
    lasts: timedelta | None = None
    charge_pct: int | None = None


@frozen
class Lend:
    """Lend it, with what was chosen."""

    chosen: Choose


@frozen
class TakeBack:
    """It is not lent any more."""


@frozen
class Hold:
    """Supply it (or not) at once; the same button a second time takes that back."""

    supply: bool


@frozen
class Next:
    """Show the next appliance of the kind."""


Wish = Choose | Lend | TakeBack | Hold | Next


def touched(said: UserInput, role: Role) -> int | None:
    """What the touch of an item means for its role, as its value; None: nothing."""
    if role in CHOICES:
        right = said.gesture is Gesture.CHANGED and said.value is not None and 0 <= said.value < CHOICES[role]
        return said.value if right else None
    if said.gesture is not Gesture.SHORT:
        return None
    if role is Role.PILOT:
        return said.value if said.value in (0, 1) else None
    return 1 if role in BUTTONS else None


def wished(touches: Mapping[Role, int], known: Known, now: datetime, zone: ZoneInfo) -> list[Wish]:
    """What follows from the last touch of each item, in the order in which it is to be done.

    Raises `DeclarationError`, in French, where no such hour exists.
    """
    wishes: list[Wish] = [Next()] if Role.NEXT in touches else []
    if Role.PILOT in touches:
        wishes.append(Lend(_chosen(touches, known, now, zone, always=True)) if touches[Role.PILOT] else TakeBack())
    elif any(role in CHOICES for role in touches):
        wishes.append(_chosen(touches, known, now, zone))
    if Role.FORCE in touches or Role.STOP in touches:
        wishes.append(Hold(Role.FORCE in touches))
    return wishes


def _chosen(touches: Mapping[Role, int], known: Known, now: datetime, zone: ZoneInfo, always: bool = False) -> Choose:
    end = known.deadline.astimezone(zone) if known.deadline else None
    hour = touches.get(Role.END_HOUR, end.hour if end else 0)
    quarter = touches.get(Role.END_QUARTER, end.minute // 15 if end else 0)
    ends = always or Role.END_HOUR in touches or Role.END_QUARTER in touches
    deadline = _deadline(time(hour, quarter * 15), now, zone) if ends and not known.appliance.continuous else None
    charge = touches.get(Role.CHARGE)
    return Choose(deadline, _lasts(touches, known), None if charge is None else charge * 10)


def _deadline(at: time, now: datetime, zone: ZoneInfo) -> datetime:
    """The next time that clocks show `at`. Where they leap over it, in words that a screen has room for: the first that exists."""
    try:
        return spoken.next_time(at, now, zone)
    except DeclarationError:
        leaps = (datetime.combine(now.date(), at) + step * QUARTER for step in range(1, 96))
        proposed = next(each for each in leaps if _exists(each.time(), now, zone))
        raise DeclarationError(f"{at:%H:%M} n'existe pas cette nuit-là : choisissez {proposed:%H:%M}") from None


def _exists(at: time, now: datetime, zone: ZoneInfo) -> bool:
    try:
        return spoken.next_time(at, now, zone) > now
    except DeclarationError:
        return False


def _lasts(touches: Mapping[Role, int], known: Known) -> timedelta | None:
    """None: as it was."""
    if Role.LASTS_HOUR not in touches and Role.LASTS_QUARTER not in touches:
        return None
    hours, rest = divmod(known.lasts or timedelta(), timedelta(hours=1))
    chosen = touches.get(Role.LASTS_HOUR, hours) * timedelta(hours=1) + touches.get(Role.LASTS_QUARTER, rest // QUARTER) * QUARTER
    return chosen or None
