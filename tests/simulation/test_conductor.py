"""The conductor of virtual time: it moves when everybody is idle and what was sent has been received, and never otherwise."""

import threading
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import Pipe

import pytest

from elfe.app.loop import Idle, conducted
from elfe.broker.session import Message
from elfe.devices.testing import MockBroker
from elfe.devices.values import Publish
from elfe.simulation.conductor import INSTANT, Conductor, Counts, Party, PartyLost

from .made import NOON, after

HOUR = timedelta(hours=1)


# -- who owes what ----------------------------------------------------------------------------------------------------------


def idle(sent=(), received=(), *filters):
    return Idle(after(1), Counter(sent), Counter(received), filters)


def test_what_nobody_listens_to_is_owed_to_nobody():
    assert Counts().owed([idle(["plug/power"])]) == {}


def test_what_was_sent_is_owed_until_it_is_received():
    counts, speaker = Counts(), idle(["plug/power"])
    assert counts.owed([speaker, idle((), (), ("plug/#",))]) == {(1, "plug/power"): 1}
    assert counts.owed([speaker, idle((), ["plug/power"], ("plug/#",))]) == {}


def test_each_session_of_a_party_receives_its_own():
    two_sessions = idle((), ["plug/power"], ("plug/#",), ("+/power",))
    assert Counts().owed([idle(["plug/power"]), two_sessions]) == {(1, "plug/power"): 1}


def test_two_filters_of_one_session_are_one_delivery():
    assert Counts().owed([idle(["plug/power"]), idle((), ["plug/power"], ("plug/#", "+/power"))]) == {}


def test_who_speaks_on_what_it_listens_to_hears_itself():
    assert Counts().owed([idle(["all"], (), ("all",))]) == {(0, "all"): 1}


def test_once_an_instant_is_over_nothing_of_it_is_owed():
    """What was said before anybody listened went by."""
    counts = Counts()
    counts.close([idle(["plug/power"]), idle()])
    assert counts.owed([idle(["plug/power"]), idle((), (), ("plug/#",))]) == {}
    assert counts.owed([idle(["plug/power", "plug/power"]), idle((), (), ("plug/#",))]) == {(1, "plug/power"): 1}


def test_what_was_received_in_an_earlier_instant_pays_no_new_debt():
    counts, listener = Counts(), idle((), ["plug/power"], ("plug/#",))
    counts.close([idle(["plug/power"]), listener])
    assert counts.owed([idle(["plug/power"] * 2), listener]) == {(1, "plug/power"): 1}


# -- who is led -------------------------------------------------------------------------------------------------------------


class Clockwork:
    """A party that wakes once an hour, and notes when it was asked."""

    def __init__(self, session, every=HOUR):
        self.session, self.every, self.asked, self.heard, self.note = session, every, [], [], {"asked": 0.0}

    def step(self, now):
        self.asked.append(now)
        self.note = {"asked": float(len(self.asked))}
        self.heard += [each.topic for each in self.session.arrivals() if isinstance(each, Message)]
        self.speak(now)
        return now.replace(minute=0) + self.every

    def speak(self, now):
        """Nothing."""

    def account(self):
        return self.asked

    def close(self):
        """Nothing to leave."""


class Caller(Clockwork):
    def speak(self, now):
        if self.asked.count(now) == 1:
            self.session.send(Publish("call", b""))


class Answerer(Clockwork):
    """Answers each call."""

    def speak(self, now):
        while self.heard and self.heard.pop() == "call":
            self.session.send(Publish("answer", b""))


class Dead(Clockwork):
    def step(self, now):
        if now >= after(180):
            raise EOFError("it dies")
        return super().step(now)


@contextmanager
def led(*parties):
    """The conductor of parties that each live in a thread of their own, on the other end of a pipe."""
    broker, made, threads, pipes = MockBroker(), [], [], []
    for number, (kind, filters) in enumerate(parties):
        session = broker.session()
        session.listen(filters)
        party = kind(session)
        ours, theirs = Pipe()
        thread = threading.Thread(target=_live, args=(party, session, theirs), daemon=True)
        thread.start()
        made.append(party)
        threads.append(thread)
        pipes.append(Party(f"{kind.__name__.lower()} {number}", ours))
    yield Conductor(tuple(pipes)), made
    for party in pipes:
        party.pipe.close()
    for thread in threads:
        thread.join(10)


def _live(party, session, pipe):
    conducted(party, lambda: [session], pipe)
    pipe.close()


def test_time_goes_from_one_wish_to_the_next_and_to_the_end():
    seen = []
    with led((Clockwork, ()), (Clockwork, ())) as (conductor, (first, second)):
        conductor.lead(NOON, after(150), seen.append)
        assert seen == [NOON, after(60), after(120)]
        assert first.asked == second.asked == [NOON, after(60), after(120), after(150)]
        assert conductor.notes == {"asked": 4.0}


def test_every_party_is_asked_again_at_the_same_instant_until_its_answer_is_heard():
    with led((Caller, ("answer",)), (Answerer, ("call",))) as (conductor, (caller, answerer)):
        conductor.lead(NOON, after(60))
        assert caller.heard == ["answer", "answer"], "one of noon, one of the end, each in its own instant"
        assert set(caller.asked) == set(answerer.asked) == {NOON, after(60)}
        assert len(caller.asked) > 2


def test_time_never_stands_still_for_who_wants_to_be_woken_at_once():
    class Hasty(Clockwork):
        def step(self, now):
            super().step(now)
            return now

    with led((Hasty, ())) as (conductor, (hasty,)):
        conductor.lead(NOON, NOON + 5 * INSTANT)
        assert hasty.asked == [NOON + number * INSTANT for number in range(6)]


def test_a_dead_party_ends_the_day_and_is_named():
    seen = []
    with led((Clockwork, ()), (Dead, ())) as (conductor, _), pytest.raises(PartyLost, match="dead 1 is gone, and time with it"):
        conductor.lead(NOON, after(600), seen.append)
    assert seen == [NOON, after(60), after(120)], "time is held where it was"


def test_who_is_not_connected_yet_holds_time():
    class Late(Clockwork):
        ready = False

        def step(self, now):
            self.ready = len(self.asked) >= 3
            return super().step(now)

    seen = []
    with led((Late, ())) as (conductor, (late,)):
        conductor.lead(NOON, after(30), seen.append)
        assert seen == [NOON]
        assert late.asked.count(NOON) == 4


def test_a_person_is_told_who_holds_time():
    answers = [idle(["call"]), idle((), (), ("call",))]
    conductor = Conductor((Party("homes", None), Party("engine", None)))
    assert conductor._holding(answers) == ["engine has not received 1 of call"]
    away = Idle(after(1), {}, {}, (), ready=False)
    assert conductor._holding([away, answers[1]]) == ["homes is not connected"]


def test_a_party_tells_what_it_has_seen():
    with led((Clockwork, ())) as (conductor, _):
        conductor.lead(NOON, after(30))
        assert conductor.ask_account("clockwork 0") == [NOON, after(30)]
