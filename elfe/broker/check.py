"""Is the broker as safe as it should be? Found by delivery: what a broker grants or acknowledges proves nothing.

Each account is acted as, with its own secret. A probe is a word that no device understands, never retained; whoever uses the
account meanwhile is thrown out and comes back by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, islice, pairwise
from typing import Any
from uuid import uuid4

import paho.mqtt.client as mqtt
from attrs import evolve, frozen
from paho.mqtt.client import topic_matches_sub

from elfe.broker.address import BrokerAddress
from elfe.broker.client import paho_client
from elfe.broker.dynamic import ADMIN
from elfe.broker.rights import Account
from elfe.errors import BrokerError

ANSWERS_WITHIN_S = 3.0
SETTLES_S = 0.5
"""How long a delivery may take before it is taken for none. A last message that must arrive spares the wait: order is kept."""
MESSAGE_LIMIT = 16_384
AT_ONCE = 100
"""Filters in one subscription."""
SYSTEM = "$SYS/"


@frozen
class Fault:
    """Something that is wrong, whose account shows it, and what to do."""

    kind: str
    account: str
    says: str


@frozen
class Ground:
    """What a check stands on: where the broker is, its accounts and their secrets, the command topics of its devices."""

    address: BrokerAddress
    accounts: Sequence[Account]
    secrets: Mapping[str, str]
    commands: frozenset[str]


def check(ground: Ground, told: Callable[[str], None] = lambda account: None, clear: bool = False) -> Iterator[Fault]:
    """Every fault that can be found from outside. Raises `BrokerError` where no broker answers.

    `told` is called before each account; `clear`: retained commands go.
    """
    yield from _anonymous(ground)
    with closing(Probe(ground, ADMIN)) as admin:
        if admin.out_of_reach:
            raise BrokerError(f"{ground.address.host}:{ground.address.port} is out of reach ({admin.out_of_reach}); start it, or "
                              "correct [broker]; why a mosquitto does not stay up stands in its log, `journalctl -u mosquitto`")
        if not admin.let_in:
            yield Fault("administrator", ADMIN, "is not let in: write the broker's accounts again, `elfe broker write`")
            return
        yield from _retained(ground, admin, clear)
        admin.hear(["#"])
        for account, other in _neighbours(ground.accounts):
            told(account.username)
            yield from _act_as(ground, admin, account, other)
    yield from _takeover(ground)


def _anonymous(ground: Ground) -> Iterator[Fault]:
    with closing(Probe(ground, "")) as nobody:
        if nobody.let_in:
            yield Fault("anonymous", "", "anybody is let in without a name: allow_anonymous must be false")


def _retained(ground: Ground, admin: Probe, clear: bool) -> Iterator[Fault]:
    """A retained command is carried out again by everyone who subscribes."""
    admin.hear(ground.commands)
    for topic in sorted({each.topic for each in admin.heard() if each.retain}):
        if clear:
            admin.say(topic, b"", retain=True)
        yield Fault("retained", "", f"a command is kept on {topic}{': cleared' if clear else '; --clear removes it'}")


def _takeover(ground: Ground) -> Iterator[Fault]:
    """One account tries to connect under the client id of another."""
    known = [each.username for each in ground.accounts if each.username in ground.secrets]
    for victim, thief in list(pairwise(known))[:1]:
        with closing(Probe(ground, victim)) as home, closing(Probe(ground, thief, client_id=victim)):
            if home.let_in and home.thrown_out.wait(SETTLES_S):
                yield Fault("takeover", thief, f"threw {victim} out by taking its client id: use_username_as_clientid "
                            "must be true")


# -- as each account --------------------------------------------------------------------------------------------------------


def _neighbours(accounts: Sequence[Account]) -> Iterator[tuple[Account, Account]]:
    """Each account with one whose topics are foreign to it: of another participant where there is one."""
    for number, account in enumerate(accounts):
        others = chain(islice(accounts, number + 1, None), islice(accounts, number))
        stranger = next((each for each in others if each.group != account.group), accounts[number - 1] if number else None)
        if stranger:
            yield account, stranger


def _act_as(ground: Ground, admin: Probe, account: Account, other: Account) -> Iterator[Fault]:
    name = account.username
    if name not in ground.secrets:
        yield Fault("secret", name, f"has no secret here: `elfe broker rotate {name}` makes one")
        return
    with closing(Probe(ground, name)) as acting:
        if not acting.let_in:
            yield Fault("account", name, "is not let in: `elfe broker sync` brings the broker's accounts up to date")
            return
        yield from _hears(account, other, acting, admin)
        yield from _is_heard(account, other, acting, admin)


def _hears(account: Account, other: Account, acting: Probe, admin: Probe) -> Iterator[Fault]:
    """Its own topics arrive; a foreign one, a wildcard and the broker's own do not, but for what it may hear of these."""
    word, name = _word(), account.username
    own = _concrete(account.reads)
    foreign = {each for each in _concrete((*other.reads, *other.writes)) if not _may(account.reads, each)}
    acting.hear(["#", "$SYS/#", *account.reads, *foreign])
    for topic in foreign | own:
        admin.say(topic, word)
    arrived = acting.heard(until=_last(admin, own))
    heard = {each.topic for each in arrived if each.payload == word}
    for topic in sorted(foreign & heard):
        yield Fault("hears", name, f"hears {topic}, which is {other.username}'s")
    for topic in sorted(own - heard):
        yield Fault("deaf", name, f"does not hear {topic}, which is its own")
    if any(each.topic.startswith(SYSTEM) and not _may(account.reads, each.topic) for each in arrived):
        yield Fault("system", name, "hears the broker's own topics, $SYS/#")


def _is_heard(account: Account, other: Account, acting: Probe, admin: Probe) -> Iterator[Fault]:
    """What it says on its own topics arrives; on foreign ones, or too much at once, it does not."""
    word, name = _word(), account.username
    own = _concrete(account.writes)
    foreign = {each for each in _concrete((*other.reads, *other.writes, f"elfe/check/{name}"))
               if not _may(account.writes, each)}
    large = word * (1 + MESSAGE_LIMIT // len(word))
    for topic in foreign | own:
        acting.say(topic, word)
    for topic in sorted(own)[:1]:
        acting.say(topic, large)
    arrived = admin.heard(until=_last(acting, own))
    heard = {each.topic for each in arrived if each.payload == word}
    for topic in sorted(foreign & heard):
        yield Fault("says", name, f"is heard on {topic}, which is not its own")
    for topic in sorted(own - heard):
        yield Fault("mute", name, f"is not heard on {topic}, which is its own")
    if any(each.payload == large for each in arrived):
        yield Fault("oversize", name, f"a message of {len(large)} bytes is delivered: message_size_limit must be "
                    f"{MESSAGE_LIMIT}")


# -- the probes -------------------------------------------------------------------------------------------------------------


class Probe:
    """One connection that is tried once, and never comes back by itself."""

    def __init__(self, ground: Ground, username: str, client_id: str = "") -> None:
        address = evolve(ground.address, username=username, password=ground.secrets.get(username, ""))
        self.let_in = False
        self.thrown_out = threading.Event()
        self._arrived: deque[mqtt.MQTTMessage] = deque()
        self._answered, self._something = threading.Event(), threading.Event()
        self._client = paho_client(address, client_id or username or f"elfe-nobody-{uuid4().hex[:8]}",
                                   comes_back=False)
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = lambda *_: self.thrown_out.set()
        self._client.on_subscribe = lambda *_: self._answered.set()
        self._client.on_message = self._on_message
        self.out_of_reach: OSError | None = None
        try:
            self._client.connect(address.host, address.port)
        except OSError as error:
            self.out_of_reach = error
            return
        self._client.loop_start()
        self._answered.wait(ANSWERS_WITHIN_S)

    def hear(self, filters: Iterable[str]) -> None:
        """Subscribe, and return when the broker has answered, whatever it has answered."""
        asked = sorted(set(filters))
        for start in range(0, len(asked), AT_ONCE):
            self._answered.clear()
            self._client.subscribe([(each, 1) for each in asked[start:start + AT_ONCE]])
            self._answered.wait(ANSWERS_WITHIN_S)

    def say(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish."""
        self._client.publish(topic, payload, qos=1, retain=retain)

    def heard(self, until: bytes = b"") -> list[mqtt.MQTTMessage]:
        """What has arrived up to this payload, or once nothing more arrives for as long as a delivery may take."""
        found: list[mqtt.MQTTMessage] = []
        while self._something.wait(SETTLES_S):
            self._something.clear()
            while self._arrived:
                found.append(self._arrived.popleft())
                if until and found[-1].payload == until:
                    return found
        return found

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, _: mqtt.Client, __: object, ___: object, reason: Any, ____: object) -> None:
        self.let_in = not reason.is_failure
        self._answered.set()
        if reason.is_failure:
            self._client.disconnect()

    def _on_message(self, _: mqtt.Client, __: object, message: mqtt.MQTTMessage) -> None:
        self._arrived.append(message)
        self._something.set()


def _last(sender: Probe, topics: Iterable[str]) -> bytes:
    """Say a last word on one of the topics, behind which nothing of before can arrive any more; empty: there is no topic."""
    word = b""
    for topic in sorted(topics)[:1]:
        word = _word()
        sender.say(topic, word)
    return word


def _word() -> bytes:
    return b"elfe-check-" + uuid4().hex.encode()


def _concrete(filters: Iterable[str]) -> set[str]:
    """A topic that each of the filters lets through; not the broker's own, on which nobody else speaks."""
    return {each.replace("+", "elfe-check").replace("#", "elfe-check") for each in filters if not each.startswith(SYSTEM)}


def _may(rights: Iterable[str], topic: str) -> bool:
    return any(topic_matches_sub(each, topic) for each in rights)
