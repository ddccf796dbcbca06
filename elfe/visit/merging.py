"""Two copies of one visit made one: the installer's own, and the centre's, where a device may have been seen since."""

from __future__ import annotations

from attrs import evolve

from elfe.visit.values import How, Spot, Stage, Tick, Visit

FARTHER = (How.TODO, How.BEGUN, How.OPEN, How.SKIPPED, How.DONE)
"""Of two words on one step the farther one holds: what is proved stays proved."""
LATER = tuple(Stage)


def merged(mine: Visit, theirs: Visit) -> Visit:
    """One visit. Raises `ValueError` when they are two."""
    if (mine.home, mine.opened_at) != (theirs.home, theirs.opened_at):
        raise ValueError(f"{mine.home}: two visits, of {mine.opened_at} and of {theirs.opened_at}")
    ahead = max(mine, theirs, key=lambda each: (LATER.index(each.stage), each.revision))
    others = {spot.point: spot for spot in (theirs if ahead is mine else mine).spots}
    spots = tuple(_spot(each, others[each.point]) if each.point in others else each for each in ahead.spots)
    return evolve(ahead, spots=spots, revision=max(mine.revision, theirs.revision))


def _spot(ahead: Spot, other: Spot) -> Spot:
    ticks = {step: _tick(tick, other.ticks.get(step, tick)) for step, tick in ahead.ticks.items()}
    return evolve(ahead, ticks=ticks, firmware=ahead.firmware or other.firmware)


def _tick(ahead: Tick, other: Tick) -> Tick:
    return other if FARTHER.index(other.how) > FARTHER.index(ahead.how) else ahead
