"""The conductor of virtual time: it moves only when every party is idle and what was sent has been received.

`Conductor` speaks to the parties over local pipes. A slow party makes the day longer, a dead one holds it and is named;
nothing here depends on how long anything takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from time import sleep
from typing import Any

from attrs import define, field, frozen
from paho.mqtt.matcher import MQTTMatcher

from elfe.app.loop import Account, Advance, Idle
from elfe.errors import ElfeError

BREATH_S = 0.0005
"""Between two questions at the same instant: the broker has messages to carry."""


INSTANT = timedelta(milliseconds=1)
"""Time never stands still because a party wants to be woken at once."""


class PartyLost(ElfeError):
    """A party of the simulation is gone."""


@frozen
class Party:
    """One process that lives in virtual time."""

    name: str
    pipe: Connection
    alive: Callable[[], bool]


@define
class Counts:
    """Compares what was sent with what was received, session by session and topic by topic.

    A session is owed what was sent since it began to listen: whatever was sent at instants that were over by then went by
    without it.
    """

    _over: Mapping[str, int] = field(factory=dict)                       # sent, when the last instant was over
    _filters: dict[tuple[int, int], tuple[str, ...]] = field(factory=dict)
    _missed: dict[tuple[int, int], dict[str, int]] = field(factory=dict)    # what went by before a session listened
    _known: dict[tuple[tuple[str, ...], str], bool] = field(factory=dict)

    def settled(self, answers: Sequence[Idle]) -> bool:
        """Whether everything sent has been received once by every session that listens to it."""
        sent: Counter[str] = Counter()
        for answer in answers:
            sent.update(answer.sent)
        if not all(self._all_received(party, answer, sent) for party, answer in enumerate(answers)):
            return False
        self._over = sent
        return True

    def _all_received(self, party: int, answer: Idle, sent: Mapping[str, int]) -> bool:
        owed: Counter[str] = Counter()
        for number, filters in enumerate(answer.filters):
            missed = self._missed_by((party, number), filters)
            owed.update({topic: count - missed.get(topic, 0) for topic, count in sent.items()
                         if self._listens(filters, topic)})
        return all(answer.received.get(topic, 0) >= count for topic, count in owed.items())

    def _missed_by(self, session: tuple[int, int], filters: tuple[str, ...]) -> Mapping[str, int]:
        before = self._filters.get(session, ())
        if before != filters:
            news = {topic: count for topic, count in self._over.items() if not self._listens(before, topic)}
            self._missed[session] = {**news, **self._missed.get(session, {})}
            self._filters[session] = filters
        return self._missed.get(session, {})

    def _listens(self, filters: tuple[str, ...], topic: str) -> bool:
        known = self._known.get((filters, topic))
        if known is None:
            matcher = MQTTMatcher()  # type: ignore[no-untyped-call]
            for each in filters:
                matcher[each] = True
            known = next(iter(matcher.iter_match(topic)), None) is not None  # type: ignore[no-untyped-call]
            self._known[filters, topic] = known
        return known


@define
class Conductor:
    """Leads the parties through a stretch of virtual time."""

    parties: tuple[Party, ...]
    counts: Counts = field(factory=Counts)
    notes: dict[str, float] = field(factory=dict)      # what the parties would like a person to see

    def ask_account(self, name: str) -> Any:
        """What a party has seen."""
        party = next(each for each in self.parties if each.name == name)
        party.pipe.send(Account())
        return party.pipe.recv()

    def lead(self, start: datetime, end: datetime, seen: Callable[[datetime], None] = lambda _: None) -> None:
        """From `start` to `end`, instant by instant."""
        now = start
        while now < end:
            answers = self._live(now)
            seen(now)
            now = max(now + INSTANT, min(answer.next_at for answer in answers))
        self._live(end)

    def _live(self, now: datetime) -> list[Idle]:
        """One instant: asked again until nothing is on its way."""
        while True:
            answers = self._ask(now)
            if all(answer.ready for answer in answers) and self.counts.settled(answers):
                self.notes = {name: value for answer in answers for name, value in answer.note.items()}
                return answers
            sleep(BREATH_S)

    def _ask(self, now: datetime) -> list[Idle]:
        for party in self.parties:
            self._tell(party, Advance(now))
        return [self._hear(party) for party in self.parties]

    @staticmethod
    def _tell(party: Party, order: Advance) -> None:
        try:
            party.pipe.send(order)
        except OSError:
            raise PartyLost(f"{party.name} is gone; time stands still") from None

    @staticmethod
    def _hear(party: Party) -> Idle:
        try:
            answer: Idle = party.pipe.recv()
        except (EOFError, ConnectionError):
            raise PartyLost(f"{party.name} is gone; time stands still") from None
        return answer
