"""What is known of one machine's cycles, and how a look at its curve adds to it. Pure.

A look begins where the one before it ended: at the start of the run that was going on, or where the machine was last quiet for
long. What was found before and is found again is told anew; a run that was seen whole is not replaced by a part of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from attrs import evolve, frozen

from elfe.ems.cycles import programmes, proposal
from elfe.ems.cycles.curve import Curve
from elfe.ems.cycles.detection import Detection, Run, resumes_at, runs
from elfe.ems.cycles.profiles import Cycle, cycle_of, minutes, quarters
from elfe.ems.cycles.programmes import Programme
from elfe.slots import HORIZON, SLOT, slot_of, slot_start, slots_lasting

MOST_KEPT = 60
LEARNT_RUNS = 2
"""A programme that was run once may have been a mishap."""
KEPT_FOR = timedelta(days=180)
"""Older runs, and more of them, say nothing of how the machine is used now."""
LATE = timedelta(hours=1)
"""Readings may come as late as this."""
MINUTE = timedelta(minutes=1)

BY_TYPE, BY_DATA, BY_HAND = "type", "data", "hand"
"""Where an appliance's parameters come from."""


@frozen
class Learnt:
    """A run with what it drew."""

    run: Run
    minutes_w: tuple[float, ...]
    programme: int | None = None       # the number of its programme


@frozen
class Known:
    """What is known of a machine's cycles."""

    rules: Detection
    origin: str = BY_TYPE
    cycles: tuple[Learnt, ...] = ()                # in order of time; the one that still runs is the last
    programmes: tuple[Programme, ...] = ()
    resumes_at: datetime | None = None      # where the next look begins
    looked_at: datetime | None = None

    @property
    def whole(self) -> tuple[Learnt, ...]:
        """The cycles that were seen from start to end: those to plan with."""
        return tuple(each for each in self.cycles if each.run.whole and each.run.over)

    @property
    def running(self) -> Learnt | None:
        """The cycle that runs."""
        return self.cycles[-1] if self.cycles and not self.cycles[-1].run.over else None


def looked(known: Known, curve: Curve, now: datetime) -> Known:
    """With what a curve that begins at `known.resumes_at` tells up to now."""
    rules = known.rules if known.origin == BY_HAND else proposal.suited(curve, known.rules)
    origin = known.origin if rules == known.rules else BY_DATA
    found = [Learnt(run, minutes(curve, run, rules)) for run in runs(curve, rules, now)]
    return evolve(known, rules=rules, origin=origin, cycles=_merged(known.cycles, found), looked_at=now,
                  resumes_at=min(resumes_at(curve, rules, now) or now, now - LATE))


def learned(known: Known, now: datetime) -> Known:
    """With its runs put into programmes, those of long ago forgotten."""
    kept = [each for each in known.cycles if each.run.started_at >= now - KEPT_FOR][-MOST_KEPT:]
    whole = [each for each in kept if each.run.whole and each.run.over]
    numbers, found = programmes.grouped([(each.run.started_at, each.minutes_w) for each in whole])
    number_of = {each.run.started_at: number for each, number in zip(whole, numbers, strict=True)}
    return evolve(known, programmes=found,
                  cycles=tuple(evolve(each, programme=number_of.get(each.run.started_at)) for each in kept))


def expected(known: Known, lasts: timedelta = timedelta()) -> Cycle | None:
    """What its next run is planned with: its latest, or the mean of the programme that this was of. None: nothing was learned.

    `lasts` is what was declared: where the latest lasted otherwise and one of its programmes lasts so, it is that one.
    """
    if not known.whole:
        return None
    latest = known.whole[-1]
    of = _programme(known, latest.programme)
    if of is None or of.runs < LEARNT_RUNS:
        usual = cycle_of(latest.run, latest.minutes_w)
    else:
        usual = Cycle(quarters(of.minutes_w), _told(of), latest.run.started_at)
    return usual if _lasts(len(usual.power_w), lasts) else _declared(known, lasts) or usual


def lengths(known: Known) -> tuple[int, ...]:
    """How many slots each programme lasts of which a run may be declared by its duration."""
    return tuple(len(quarters(each.minutes_w)) for each in known.programmes if each.runs >= LEARNT_RUNS)


def _declared(known: Known, lasts: timedelta) -> Cycle | None:
    """The programme that lasts as was declared, the one that was run most often of several."""
    like = [each for each in known.programmes if each.runs >= LEARNT_RUNS and _lasts(len(quarters(each.minutes_w)), lasts)]
    of = max(like, key=lambda each: each.runs, default=None)
    return Cycle(quarters(of.minutes_w), f"{_told(of)}, as was declared", of.last_at) if of else None


def _lasts(length: int, lasts: timedelta) -> bool:
    """Whether so many slots are what was declared, to a quarter of an hour; anything is, where nothing was."""
    return not lasts or abs(length - slots_lasting(lasts)) <= 1


def _told(of: Programme) -> str:
    return f"its programme {of.number} ({of.runs} runs, {of.confidence:.0%} sure)"


def rest(known: Known, started_at: datetime, first_slot: int) -> tuple[float, ...] | None:
    """What the run that was started then still draws, W per slot of the horizon: () when it is over, None when nothing is known.

    As its programme, once its first minutes have told which; until then as its latest run.
    """
    begun = [each for each in known.cycles if each.run.started_at >= started_at - SLOT]
    if not begun:
        return None
    if begun[-1].run.over:
        return ()
    running = begun[-1]
    of = recognised(known, running)
    if of is None and not known.whole:
        return None
    minutes_w = of[0].minutes_w if of else known.whole[-1].minutes_w
    return rest_of(minutes_w, running.run.started_at, first_slot)


def outlasting(known: Known) -> tuple[float, ...]:
    """What a run draws that goes on behind all that was expected of it: one slot more, W, as its last minute; () when none does."""
    return known.running.minutes_w[-1:] if known.running else ()


def recognised(known: Known, running: Learnt) -> tuple[Programme, float] | None:
    """The programme that a run that goes on is of, by its first minutes, and how sure that is; None: not yet told."""
    return programmes.recognised(known.programmes, running.minutes_w[:-1])      # the last one has only begun


def rest_of(minutes_w: Sequence[float], started_at: datetime, first_slot: int) -> tuple[float, ...]:
    """What a run draws from a slot on, W per slot, as far as the horizon."""
    into = started_at - slot_start(slot_of(started_at))
    drawn = quarters(minutes_w, into // MINUTE)
    return drawn[first_slot - slot_of(started_at):][:HORIZON]


def _programme(known: Known, number: int | None) -> Programme | None:
    return next((each for each in known.programmes if each.number == number), None)


def _merged(known: Sequence[Learnt], found: Sequence[Learnt]) -> tuple[Learnt, ...]:
    """Both, in order of time; of two that overlap the whole one, and else the one found now."""
    better = [each for each in found if not any(_overlap(each, old) and old.run.whole and not each.run.whole for old in known)]
    kept = [old for old in known if old.run.over and not any(_overlap(each, old) for each in better)]
    return tuple(sorted([*kept, *better], key=lambda each: each.run.started_at))


def _overlap(one: Learnt, other: Learnt) -> bool:
    return one.run.started_at < other.run.ended_at and other.run.started_at < one.run.ended_at
