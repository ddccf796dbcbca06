"""The conductor of virtual time: it moves only when every party is idle and what was sent has been received.

`Conductor` speaks to the parties over local pipes, to one after the other: parties that share a database never look into
it at the same moment, so that a day is the same on every machine. A slow party makes the day longer, a dead one ends it
and is named; nothing here depends on how long anything takes.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from time import monotonic, sleep
from typing import Any

from attrs import define, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.app.loop import Account, Advance, Idle
from elfe.errors import ElfeError

BREATH_S = 0.0005
"""Between two questions at the same instant: the broker has messages to carry."""
SILENCE_S = 10.0
"""After so long a person is told who holds time; it goes on being held."""
INSTANT = timedelta(milliseconds=1)
"""Time never stands still because a party wants to be woken at once."""

log = logging.getLogger("elfe.simulation")


class PartyLost(ElfeError):
    """A party of the simulation is gone."""


@frozen
class Party:
    """One process that lives in virtual time."""

    name: str
    pipe: Connection


@define
class Counts:
    """Compares what was sent with what was received, session by session and topic by topic.

    When an instant is over, nothing is on its way any more: what was sent until then has been received, or went by before
    anybody listened. So only what was sent since is owed.
    """

    _sent: Mapping[str, int] = field(factory=dict)                       # when the last instant was over
    _received: Mapping[int, Mapping[str, int]] = field(factory=dict)     # likewise, by party
    _matchers: dict[tuple[str, ...], MQTTMatcher] = field(factory=dict)
    _known: dict[tuple[tuple[str, ...], str], bool] = field(factory=dict)

    def owed(self, answers: Sequence[Idle]) -> dict[tuple[int, str], int]:
        """(party, topic) → how many messages are still on their way to it; empty when all have arrived."""
        news = {topic: count - self._sent.get(topic, 0) for topic, count in _total(answers).items()
                if count > self._sent.get(topic, 0)}
        missing = {(party, topic): count * self._listeners(answer, topic) - self._new_at(party, answer, topic)
                   for party, answer in enumerate(answers) for topic, count in news.items()}
        return {key: count for key, count in missing.items() if count > 0}

    def close(self, answers: Sequence[Idle]) -> None:
        """The instant is over."""
        self._sent = _total(answers)
        self._received = {party: answer.received for party, answer in enumerate(answers)}

    def _new_at(self, party: int, answer: Idle, topic: str) -> int:
        return answer.received.get(topic, 0) - self._received.get(party, {}).get(topic, 0)

    def _listeners(self, answer: Idle, topic: str) -> int:
        return sum(self._listens(filters, topic) for filters in answer.filters)

    def _listens(self, filters: tuple[str, ...], topic: str) -> bool:
        known = self._known.get((filters, topic))
        if known is None:
            known = next(iter(self._matcher(filters).iter_match(topic)), None) is not None  # type: ignore[no-untyped-call]
            self._known[filters, topic] = known
        return known

    def _matcher(self, filters: tuple[str, ...]) -> MQTTMatcher:
        if filters not in self._matchers:
            self._matchers[filters] = MQTTMatcher()  # type: ignore[no-untyped-call]
            for each in filters:
                self._matchers[filters][each] = True
        return self._matchers[filters]


def _total(answers: Sequence[Idle]) -> Counter[str]:
    total: Counter[str] = Counter()
    for answer in answers:
        total.update(answer.sent)
    return total


@define
class Conductor:
    """Leads the parties through a stretch of virtual time."""

    parties: tuple[Party, ...]
    counts: Counts = field(factory=Counts)
    notes: dict[str, float] = field(factory=dict)      # what the parties would like a person to see

    def ask_account(self, name: str) -> Any:
        """What a party has seen."""
        party = next(each for each in self.parties if each.name == name)
        return self._ask(party, Account())

    def lead(self, start: datetime, end: datetime, seen: Callable[[datetime], None] = lambda _: None) -> None:
        """From `start` to `end`, instant by instant, in UTC."""
        now = start.astimezone(UTC)
        while now < end:
            answers = self._live(now)
            seen(now)
            now = max(now + INSTANT, min(answer.next_at for answer in answers)).astimezone(UTC)
        self._live(end.astimezone(UTC))

    def _live(self, now: datetime) -> list[Idle]:
        """One instant: asked again until nothing is on its way."""
        speaks_at = monotonic() + SILENCE_S
        while True:
            answers: list[Idle] = [self._ask(party, Advance(now)) for party in self.parties]
            holding = self._holding(answers)
            if not holding:
                self.counts.close(answers)
                self.notes = {name: value for answer in answers for name, value in answer.note.items()}
                return answers
            if monotonic() > speaks_at:
                log.warning("time stands still at %s: %s", now.isoformat(), "; ".join(holding))
                speaks_at += SILENCE_S
            sleep(BREATH_S)

    def _holding(self, answers: Sequence[Idle]) -> list[str]:
        """Who holds time, in words; empty when nobody does."""
        away = [f"{party.name} is not connected" for party, answer in zip(self.parties, answers, strict=True)
                if not answer.ready]
        return away or [f"{self.parties[party].name} has not received {count} of {topic}"
                        for (party, topic), count in self.counts.owed(answers).items()]

    @staticmethod
    def _ask(party: Party, question: Advance | Account) -> Any:
        try:
            party.pipe.send(question)
            while not party.pipe.poll(SILENCE_S):
                log.warning("time stands still: %s has not answered", party.name)
            return party.pipe.recv()
        except (EOFError, OSError):
            raise PartyLost(f"{party.name} is gone, and time with it") from None
