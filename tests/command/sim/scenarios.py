"""Six scenarios that everything rests on, without faults: the engine dies at each of their interactions, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta

from attrs import frozen

from elfe.command.rules import Rules
from elfe.coordination import holds
from elfe.coordination.values import CommandState, Mode
from elfe.simulation.appliances import Tape
from elfe.slots import slot_of
from tests.command.sim import faults
from tests.command.sim.homes import Machine
from tests.command.sim.world import Sim, lived

RULES = Rules(spread=timedelta(), most_kw_a_minute=40.0)


@frozen
class Scenario:
    """What happens in a few homes, in so many hours, and what must have come of it."""

    name: str
    kinds: tuple[str, ...]
    hours: float
    script: Callable[[Sim], None]
    ends: Callable[[Sim], Iterable[str]]
    always: bool = True      # or only where the engine does not die: a PLC says once that it was given back

    def live(self, crash_at: int | None = None) -> tuple[Sim, list[str]]:
        """Once; what was broken, or did not come of it."""
        sim, problems = lived(1, homes=len(self.kinds), kinds=self.kinds, hours=self.hours, script=self.script, rules=RULES,
                              crash_at=crash_at)
        ends = self.ends(sim) if crash_at is None or self.always else ()
        return sim, [*problems, *(f"{self.name}: {each}" for each in ends)]


def crashes(scenario: Scenario, numbers: Iterable[int] | None = None) -> Iterator[tuple[int, Sim, list[str]]]:
    """Die at each interaction that leaves a world of its own behind (`Sim.deaths`), or at those of the numbers."""
    whole, problems = scenario.live()
    yield 0, whole, problems
    for at in (each for each in whole.deaths if each <= whole.reachable) if numbers is None else numbers:
        sim, problems = scenario.live(at)
        yield at, sim, problems if sim.died else [*problems, f"it did not die at interaction {at}"]


def _plans(sim: Sim) -> None:
    """An EMS that never fails."""
    def plan() -> None:
        sim.after(plan, minutes=15)
        sim.plan(slot_of(sim.now + timedelta(minutes=5)))
    sim.at(sim.now - timedelta(seconds=30) + timedelta(minutes=15), plan)
    sim.plan(slot_of(sim.now))


def _load(sim: Sim, hours: float, minute: float = 3) -> None:
    for home in sim.by_id.values():
        if isinstance(home.model, Machine):
            sim.after(lambda home=home: sim.load(home, hours), minutes=minute)


def _done(sim: Sim) -> Iterator[str]:
    """Every cycle has run, once, whole."""
    for home in sim.by_id.values():
        if isinstance(home.model, Machine) and (len(home.model.runs) != 1 or home.model.runs[0].ended_at is None):
            yield f"the cycle of {home.id} has not run whole"


def _done_or_told(sim: Sim) -> Iterator[str]:
    """The same; or its person is told: a finger that was asked and whose answer nobody heard is not asked again."""
    began = {home.id for home in sim.by_id.values() if isinstance(home.model, Machine) and home.model.runs[0].began_at}
    if began or set(sim.commands_at_end.values()) != {CommandState.FAILED}:
        yield from _done(sim)


def _nothing(sim: Sim) -> Iterable[str]:
    return ()


def _plug(sim: Sim) -> None:
    _plans(sim)
    _load(sim, 3)


def _tank_day(sim: Sim) -> None:
    _plans(sim)
    for home in sim.by_id.values():
        sim.at(sim.now, lambda home=home: sim.declare(home))


def _socorel(sim: Sim) -> None:
    _plans(sim)
    for home in sim.by_id.values():
        if isinstance(home.model, Tape):
            sim.at(sim.now, lambda home=home: sim.declare(home))
    plc = next(iter(sim.units.values()))
    for minute in (40, 100):
        sim.after(lambda: sim.with_unit(plc, "hand", lambda each: each.twin.press_button(sim.now)), minutes=minute)


def _given_back(sim: Sim) -> Iterator[str]:
    for home in sim.by_id.values():
        wanted = Mode.PILOTED if isinstance(home.model, Tape) else Mode.MANUAL
        if sim.modes_at_end[home.id] != wanted:
            yield f"appliance {home.id} is in mode {sim.modes_at_end[home.id]}, not {wanted:d} again"


def _holds(sim: Sim) -> None:
    _plans(sim)
    for home in sim.by_id.values():
        if isinstance(home.model, Tape):
            sim.at(sim.now, lambda home=home: sim.declare(home))
    _load(sim, 6)
    first = next(iter(sim.by_id))
    sim.after(lambda: faults.hold(sim, first, False, timedelta(minutes=30), holds.Origin.SCREEN), minutes=20)
    sim.after(lambda: faults.hold(sim, None, True, timedelta(minutes=40), holds.Origin.CENTRE), minutes=70)
    sim.after(lambda: faults.hold(sim, None, None, timedelta(minutes=20), holds.Origin.CENTRE), minutes=125)


def _late_plan(sim: Sim) -> None:
    """Its plan puts off for ever and grows old; then the EMS is restored, and the latest start is near."""
    sim.plan(slot_of(sim.now), "once")
    _load(sim, 4)
    sim.after(lambda: sim.plan(slot_of(sim.now), "late"), minutes=100)


RELEASED = Scenario("hold and release", ("relay and meter", "plug tasmota"), 7, _holds, _done)
SCENARIOS = (
    Scenario("machine on a plug", ("plug gen1",), 4.5, _plug, _done),
    Scenario("double press", ("double press",), 4.5, _plug, _done_or_told),
    Scenario("tank over a day", ("inverted relay", "heater"), 24, _tank_day, _nothing),
    Scenario("local take-over", ("two outputs",), 3, _socorel, _given_back, always=False),
    RELEASED,
    Scenario("late plan", ("car", "lit again"), 6, _late_plan, _done),
)

__all__ = ["SCENARIOS", "Scenario", "crashes"]


