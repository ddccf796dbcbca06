"""Messages per second and core, from the wire to events: `Router.read` with every installed plugin at once.

    python -m benchmarks.routing [--profile]

Each family has the same share of the mix, whatever it says in a day; what it says is in the proportions of its twins' day.
"""

from __future__ import annotations

import cProfile
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from random import Random

from benchmarks.messages import Message, of_captures, of_twins
from benchmarks.tables import seconds, show
from elfe.devices.drivers import load
from elfe.devices.routing import Heard, Router, SetAside, Unreadable

GOAL = 100_000      # messages per second and core, mixed families
MIX = 60_000


def mixed(messages: Sequence[Message], count: int = MIX, seed: int = 1) -> list[Message]:
    """An equal share of each family, in an order of chance."""
    by_family = defaultdict(list)
    for message in messages:
        by_family[message.family].append(message)
    chance = Random(seed)
    share = count // len(by_family)
    mix = [chance.choice(of) for of in by_family.values() for _ in range(share)]
    chance.shuffle(mix)
    return mix


def read_all(router: Router, messages: Sequence[Message]) -> None:
    """What the command engine does with each message, without what it does next."""
    read = router.read
    for message in messages:
        for _ in read(message.topic, message.payload):
            pass


def measure(profile: bool = False) -> float:
    """Print the table; the answer is the messages per second of the mix."""
    drivers = load()
    messages = of_twins(drivers) + of_captures(drivers)
    router = Router(drivers, tuple({message.device.id: message.device for message in messages}.values()))
    mix = mixed(messages)
    rows = []
    for family in sorted({message.family for message in messages}):
        own = [message for message in mix if message.family == family]
        rows.append(_row(family, own, router))
    total = _row("mixed", mix, router)
    show(f"routing and codec, one core (goal: {GOAL:,} messages/s, mixed)",
         ("family", "messages", "bytes each", "events each", "unreadable", "messages/s", "µs each", "× goal"), [*rows, total])
    if profile:
        cProfile.runctx("read_all(router, mix)", globals(), {"router": router, "mix": mix}, sort="tottime")
    return GOAL * float(str(total[-1]))


def _row(name: str, messages: Sequence[Message], router: Router) -> tuple[object, ...]:
    said = Counter(type(each) for message in messages for each in router.read(message.topic, message.payload))
    assert not said[SetAside], router.set_aside
    per_second = len(messages) / seconds(lambda: read_all(router, messages))
    return (name, len(messages), sum(len(message.payload) for message in messages) / len(messages),
            said[Heard] / len(messages), said[Unreadable], int(per_second), 1e6 / per_second, per_second / GOAL)


if __name__ == "__main__":
    measure(profile="--profile" in sys.argv)
