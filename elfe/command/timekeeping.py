"""Whether the time of day can be believed. Pure: the time of day and a clock that nobody sets are both given.

An order belongs to a slot of the day: while the clock is wrong, what is ordered belongs to another hour. So a jump holds everything
until the new time has stood for a while, or has gone back. The devices keep their state meanwhile, and their fail-safes are slower
than we are patient.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import define

from elfe.slots import slot_of, slot_start

JUMP = timedelta(minutes=2)
"""NTP slews what is less, and what is less costs nobody a slot."""
BELIEVED_AFTER_S = 300.0
AHEAD, NEVER_BEFORE = timedelta(days=1), datetime(2024, 1, 1, tzinfo=UTC)
"""What was written so far ahead was written by a clock that ran ahead: to wait for it would be to wait for years. Unless it is our
clock that cannot be: a machine without one begins in 1970."""


def is_behind(now: datetime, newest_slot: int) -> bool:
    """Whether the clock says a slot that is over: something was wanted in a later one."""
    ahead = slot_start(newest_slot) - slot_start(slot_of(now))
    return timedelta() < ahead <= AHEAD or (ahead > AHEAD and now < NEVER_BEFORE)


@define
class Timekeeper:
    """Compares the time of day with a clock that only goes on."""

    _now: datetime | None = None
    _steady_s: float = 0.0
    _off: timedelta = timedelta()           # how far the time of day has jumped since it was last believed
    _doubted_s: float | None = None         # since when

    def jumped(self, now: datetime, steady_s: float) -> timedelta:
        """How far the time of day has jumped since it was last looked at; nothing when it went on as it should."""
        before, self._now = self._now, now
        elapsed, self._steady_s = timedelta(seconds=steady_s - self._steady_s), steady_s
        jump = now - before - elapsed if before is not None else timedelta()
        if abs(jump) <= JUMP:
            return timedelta()
        self._off += jump
        self._doubted_s = steady_s if abs(self._off) > JUMP else None
        return jump

    def believes(self) -> bool:
        """Whether what it was last told is to be acted on; a new time is believed once it has stood."""
        if self._doubted_s is not None and self._steady_s - self._doubted_s >= BELIEVED_AFTER_S:
            self._doubted_s, self._off = None, timedelta()
        return self._doubted_s is None
