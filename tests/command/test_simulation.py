"""Simulated days with a fault an hour: bugs planted on purpose are found, and the engine may die anywhere.

That the invariants hold is seen in `test_large_villages.py` and `test_small_villages.py`; in more of them overnight, by
`python -m tests.command.sim --seeds 10000`.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from attrs import evolve

from elfe.command import orders, saying, store, typologies
from elfe.command.engine import Engine
from elfe.command.memory import Memory
from elfe.command.orders import Order
from elfe.command.rules import Rules
from elfe.command.seen import Seen
from elfe.command.values import Effect, Send
from tests.command.sim import lived, scenarios


def test_a_seed_is_lived_twice_alike() -> None:
    first, again = (lived(3, homes=8, hours=5)[0] for _ in range(2))

    assert first.changes == again.changes
    assert first.faults == again.faults
    assert first.spoken == again.spoken


# -- bugs planted on purpose ------------------------------------------------------------------------------------------------


def forgets_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads no mode: what is disabled is driven as if it were piloted."""
    wish, may, record = typologies.wish, saying._may_say, store.record
    monkeypatch.setattr("elfe.command.wanting.wish", lambda appliance, at: wish(evolve(appliance, mode=30), at))
    monkeypatch.setattr(saying, "_may_say", lambda memory, order: may(memory, order) or True)
    monkeypatch.setattr(Engine, "_leave", lambda self, pilots: [])
    monkeypatch.setattr("elfe.command.store.queries.modes_of", lambda connection, ids: dict.fromkeys(ids, 30))
    monkeypatch.setattr(store, "record", lambda connection, wanted: record(
        connection, [evolve(each, allowed=30) for each in wanted]))


def repeats_a_press(monkeypatch: pytest.MonkeyPatch) -> None:
    """A press is said twice, to be sure, as if it were a level."""
    send = saying._send

    def twice(memory: Memory, order: Order, now: datetime) -> list[Effect]:
        return [evolve(each, publishes=each.publishes * 2) if isinstance(each, Send) and order.press else each
                for each in send(memory, order, now)]
    monkeypatch.setattr(saying, "_send", twice)


def cuts_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Power tells it nothing."""
    monkeypatch.setattr(Seen, "measures", lambda self, *_: setattr(self, "watts", 0.0))


def never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order lives for ever."""
    monkeypatch.setattr(orders, "is_over", lambda order, now, proves_within: False)


def knows_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kilowatts are not counted."""
    monkeypatch.setattr(saying, "_has_room", lambda memory, order, now: True)


TIGHT = Rules(most_kw_a_minute=4.0)
PLANTED = [
    (forgets_the_mode, "I6", {}),
    (repeats_a_press, "I2", {"kinds": ("finger", "double press")}),
    (cuts_what_runs, "I4", {"kinds": scenarios.RELEASED.kinds, "homes": 2, "hours": 4, "script": scenarios.RELEASED.script}),
    (never_ends, "I10", {}),
    (knows_no_limit, "I12", {"kinds": ("inverted relay", "heater"), "hours": 3, "rules": TIGHT}),
]


@pytest.mark.parametrize(("plant", "broken", "options"), PLANTED, ids=lambda value: getattr(value, "__name__", None))
def test_a_bug_that_is_planted_on_purpose_is_found(monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None],
                                                   broken: str, options: dict[str, object]) -> None:
    """Among four seeds; the first one mostly finds it."""
    plant(monkeypatch)
    found: list[str] = []
    for seed in range(1, 5):
        found += lived(seed, **{"homes": 12, "hours": 8, "own_faults_an_hour": 0.3} | options)[1]
        if any(each.startswith(broken) for each in found):
            return
    raise AssertionError(f"four seeds found {found or 'nothing'}")


# -- the engine dies at every interaction ------------------------------------------------------------------------------------


def spread_over(scenario: scenarios.Scenario, count: int) -> Iterator[str]:
    whole, problems = scenario.live()
    yield from problems
    deaths = [each for each in whole.deaths if each <= whole.reachable]
    step = max(1, len(deaths) // count)
    for at, _, broken in scenarios.crashes(scenario, deaths[step // 2::step]):
        yield from (f"it died at interaction {at} of {whole.reachable}: {each}" for each in broken)


@pytest.mark.parametrize("scenario", scenarios.SCENARIOS, ids=lambda each: each.name)
def test_f1_the_engine_may_die_at_any_interaction_of_a_reference_scenario(scenario: scenarios.Scenario) -> None:
    """At a few of them, spread over the whole; `python -m tests.command.sim --crashes` dies at each, one after the other."""
    assert list(spread_over(scenario, int(os.environ.get("ELFE_CRASHES", "2")))) == []


def test_what_is_read_or_not_yet_committed_dies_with_the_engine_and_leaves_the_same_world() -> None:
    """So `--crashes` dies once between two changes of the world, and has died at every interaction."""
    scenario = scenarios.SCENARIOS[0]
    whole, _ = scenario.live()
    pairs = [(first, after - 1) for first, after in itertools.pairwise(whole.deaths) if after <= whole.reachable]
    assert sum(last > first for first, last in pairs) > 20
    for first, last in sorted(pairs, key=lambda each: each[0] - each[1])[:4]:
        lives = [scenario.live(at)[0] for at in (first, (first + last) // 2, last)]
        assert all(each.died for each in lives)
        assert len({str([each.changes, each.spoken, each.commands_at_end]) for each in lives}) == 1

