"""What a history took, until it is known that it wrote it. Pure.

Zabbix answers for values that stand in its memory: if it dies before they are in its database, or that database was away, they are
gone. So what it took is remembered for a while, some of it is then looked for, and what it took goes again where one is missing:
what is sent twice is kept once. A series whose values are never found (somebody lets Zabbix discard some) is not looked for again.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from attrs import define, field

from elfe.slots import is_due

Spooled = tuple[str, str, int, float]
"""A series, its unit, epoch milliseconds, a value."""
WRITTEN_WITHIN = timedelta(seconds=30)
"""Zabbix writes every second; a busy one takes longer."""
ROOM = 200_000
"""Readings: three minutes of a territory of 5,000 devices. What is older then is taken for written."""
WITNESSES = 10


@define
class Doubt:
    """Readings in doubt: those that were taken before the last turn, and since."""

    room: int = ROOM
    _before: list[Spooled] = field(factory=list, init=False)
    _since: list[Spooled] = field(factory=list, init=False)
    _turns_at: datetime | None = field(default=None, init=False)
    _missed: set[str] = field(factory=set, init=False)
    _never_found: set[str] = field(factory=set, init=False)

    def took(self, readings: Sequence[Spooled]) -> None:
        """The history has taken these."""
        self._since += readings
        del self._before[:max(0, len(self._before) + len(self._since) - self.room)]
        del self._since[:max(0, len(self._since) - self.room)]

    def due(self, now: datetime) -> list[Spooled]:
        """When it is time: what should be written by now, a few of it; `judged` then says what came of them."""
        if self._turns_at is not None and not is_due(self._turns_at, now, WRITTEN_WITHIN):
            return []
        self._turns_at = now + WRITTEN_WITHIN
        known = [each for each in self._before if each[0] not in self._never_found]
        asked = [known[len(known) * n // WITNESSES] for n in range(WITNESSES)] if known else []
        if not asked:
            self._turn()
        return list(dict.fromkeys(asked))

    def judged(self, found: Collection[Spooled], asked: Sequence[Spooled]) -> list[Spooled]:
        """Which go again: none where all that was asked for was found."""
        missing = {each[0] for each in asked if each not in found}
        self._never_found |= missing & self._missed
        self._missed = (self._missed - {each[0] for each in found}) | missing
        if missing <= self._never_found:
            self._turn()
            return []
        return self.all()

    def all(self) -> list[Spooled]:
        """All that is in doubt, the oldest first; nothing is, from now on."""
        given, self._before, self._since = self._before + self._since, [], []
        return given

    def _turn(self) -> None:
        self._before, self._since = self._since, []
