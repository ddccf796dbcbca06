"""What is to be done at a unit, what comes next, what may follow what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from attrs import evolve

from elfe.devices.values import Capability
from elfe.visit.values import How, Spot, Stage, Step, Tick, Visit

TRANSITIONS: Mapping[How, frozenset[How]] = {
    How.TODO: frozenset({How.BEGUN, How.DONE, How.SKIPPED}),                 # or heard by the centre before we come to it
    How.BEGUN: frozenset({How.BEGUN, How.DONE, How.OPEN, How.SKIPPED}),      # once more: it was interrupted
    How.OPEN: frozenset({How.BEGUN, How.DONE, How.SKIPPED}),                 # tried again, or heard since
    How.DONE: frozenset(),
    How.SKIPPED: frozenset(),
}
"""What a step may become. A test compares the page with it."""

STAGES: Mapping[Stage, frozenset[Stage]] = {
    Stage.OPENED: frozenset({Stage.WALKING, Stage.UNDOING}),
    Stage.WALKING: frozenset({Stage.ENDED, Stage.UNDOING}),
    Stage.UNDOING: frozenset({Stage.UNDONE}),
    Stage.ENDED: frozenset(),
    Stage.UNDONE: frozenset(),
}

SWITCHES = frozenset({Step.ON, Step.OFF, Step.SERVED, Step.PRESSED})
"""What moves an appliance: never without a person's yes, but for what brings it back into service."""
BY_BROKER = frozenset({Step.SEEN, *SWITCHES, Step.MEASURED, Step.FIRMWARE})
"""What is proved through the broker; `LEAD` never is, `SET` in some families."""


def steps_of(needs: Collection[Capability], *, leads: bool, sets: bool, sets_on_site: bool, tells_firmware: bool,
             switches: bool) -> tuple[Step, ...]:
    """The steps at a device, in order. `needs`: what its usage asks of it.

    `leads`: it is the first of its unit, which has one account. What is set over the local network is set before the unit is
    led away, perhaps to another Wi-Fi. `switches`: its appliance may be switched during the visit.
    """
    moves = {Capability.SWITCH, Capability.PRESS} & set(needs) if switches else set()
    wanted = {
        Step.SET: sets, Step.LEAD: leads, Step.SEEN: True, Step.FIRMWARE: tells_firmware,
        Step.ON: Capability.SWITCH in moves, Step.MEASURED: bool({Capability.METER, Capability.AMBIENT} & set(needs)),
        Step.OFF: Capability.SWITCH in moves, Step.SERVED: Capability.SWITCH in moves, Step.PRESSED: Capability.PRESS in moves,
    }
    first = (Step.SET, Step.LEAD, Step.SEEN) if sets_on_site else (Step.LEAD, Step.SEEN, Step.SET)
    return tuple(each for each in dict.fromkeys((*first, *wanted)) if wanted[each])


def happens(visit: Visit, point: str, step: Step, tick: Tick) -> Visit:
    """The visit after a step went so. Raises `ValueError` on what cannot follow: a journal that lies must not be believed."""
    spot = visit.spot(point)
    before = spot.ticks[step].how
    if tick.how not in TRANSITIONS[before]:
        raise ValueError(f"{point} {step}: {before} cannot become {tick.how}")
    after = evolve(spot, ticks={**spot.ticks, step: tick})
    return _with(visit, after)


def runs(visit: Visit, point: str, firmware: str) -> Visit:
    """The visit once a device has said what it runs."""
    return _with(visit, evolve(visit.spot(point), firmware=firmware))


def goes(visit: Visit, stage: Stage, at: datetime) -> Visit:
    """The visit at its next stage. Raises `ValueError` on what cannot follow."""
    if stage not in STAGES[visit.stage]:
        raise ValueError(f"{visit.home}: {visit.stage} cannot become {stage}")
    over = stage in {Stage.ENDED, Stage.UNDONE}
    return evolve(visit, stage=stage, revision=visit.revision + 1, ended_at=at if over else None)


def _with(visit: Visit, spot: Spot) -> Visit:
    spots = tuple(spot if each.point == spot.point else each for each in visit.spots)
    return evolve(visit, spots=spots, revision=visit.revision + 1)


def turn(visit: Visit, passed: Collection[tuple[str, Step]] = ()) -> tuple[Spot, Step] | None:
    """What comes next: the first step that is not behind us, device after device. `passed`: what was tried already this time."""
    return next(((spot, step) for spot in visit.spots for step, tick in spot.ticks.items()
                 if tick.how in {How.TODO, How.BEGUN, How.OPEN} and (spot.point, step) not in passed), None)


def owed(visit: Visit) -> list[tuple[Spot, Step, Tick]]:
    """What is not settled yet, in order."""
    settled = {How.DONE, How.SKIPPED}
    return [(spot, step, tick) for spot in visit.spots for step, tick in spot.ticks.items() if tick.how not in settled]


def left_off(visit: Visit) -> Iterable[Spot]:
    """The devices that were perhaps switched off and not brought back: the visit must not leave them so."""
    touched = {How.BEGUN, How.DONE, How.OPEN}
    return (spot for spot in visit.spots if Step.SERVED in spot.ticks and not spot.is_done(Step.SERVED)
            and spot.ticks[Step.OFF].how in touched)
