"""The runs of a machine, found in its power curve. Pure, and vectorised: a month of readings every 5 s is a matter of some 50 ms.

Four parameters, as in the documentation: the power that a cycle starts with and for how long, the power that it is over below
and for how long. They are read as two levels. Whatever stays above the *stop power* is work, and work that pauses for less than
the *stop duration* is one run. A run in which the *start power* lasts for the *start duration* is a cycle; it began where its
work began, minutes before, when the machine was filling at a few watts. Spikes, a panel that lights up and the compressor of a
refrigerator are runs that are no cycles.

The stop power is low on purpose: 3 W. A machine that pauses keeps its electronics awake at some 4 W and goes down to 1 W when it is
done, so a meter that speaks once a minute, and every time between two turns of the drum, still sees one run. Where the standby
is higher the stop power is too; `proposal.py` finds it.

What follows the end is not part of it: a pump that empties its sump once more, a blink of the panel. It is cut off where it
is light against the run and comes after a pause (`_without_tail`). A drum that turns dry laundry over until somebody comes is
told by the weight of its turns (`turn_wh`): these hold no run together, so that a second run may begin among them.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
from attrs import frozen

from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve, Floats, Held, Indexes, believed
from elfe.slots import instant

PAUSE_S = 30.0
"""Work that pauses for less is one piece of work: the drum of a washing machine rests that long between two turns."""
BETWEEN, BETWEEN_S = 2 / 3, 20.0
"""A run ended between its last reading and the next: at two thirds, for the last turns of a drum are shorter than the step of a
meter; and so long at most before the next, for meters that speak at least once a minute."""
USUALLY = 0.9
AWAKE_W, AWAKE_S = 1.5, 120.0
"""A machine that is awake draws as much more than it usually does at rest; one that is awake for longer has been left so."""
TAIL_SHARE, TAIL_AFTER_S = 0.002, 45.0
"""Last pieces of work that draw less than this share of a run, and stand so far from it, are its tail."""


@frozen
class Detection:
    """When a cycle starts and when it is over: the documentation's four parameters, and what is too little to be a cycle."""

    start_w: float = 150.0
    start_for: timedelta = timedelta(seconds=30)
    stop_w: float = 3.0
    stop_for: timedelta = timedelta(minutes=10)      # a soak pauses for less, two runs in a row stand further apart
    shortest: timedelta = timedelta(minutes=15)      # what is over sooner was a touch, not a cycle
    least_wh: float = 60.0
    turn_wh: float = 0.0                             # a lighter piece of work turns dry laundry over, and is none
    held_for: timedelta = timedelta(minutes=15)      # a value is not held over a longer silence
    unseen_for: timedelta = timedelta(hours=1)       # a longer silence ends a run: who knows what it did meanwhile


OF_TYPE: dict[int, Detection] = {
    ApplianceType.WASHING_MACHINE: Detection(),
    ApplianceType.DISHWASHER: Detection(start_w=500, stop_for=timedelta(minutes=15), least_wh=100),
    ApplianceType.TUMBLE_DRYER: Detection(start_w=250, stop_for=timedelta(minutes=4), least_wh=100, turn_wh=5),
}
ANY_MACHINE = Detection(start_w=40, start_for=timedelta(seconds=10), least_wh=20)      # elements that are switched, kneading


@frozen
class Run:
    """One run of a machine."""

    started_at: datetime
    ended_at: datetime          # as far as it has got, when it is not over
    energy_wh: float
    whole: bool = True          # seen from its start to its end, without a silence
    over: bool = True

    @property
    def lasts(self) -> timedelta:
        """From start to end."""
        return self.ended_at - self.started_at


def parameters(appliance_type: int) -> Detection:
    """The parameters that an appliance of this type is looked at with, until it has its own."""
    return OF_TYPE.get(appliance_type, ANY_MACHINE)


def runs(curve: Curve, rules: Detection, until: datetime | None = None) -> tuple[Run, ...]:
    """Every cycle of a curve in order of time, the one that still runs too (`over` is false).

    `until`: up to when the last reading holds, `now` for a curve that is being measured; the last reading itself without it.
    """
    if not len(curve):
        return ()
    seen = held(curve, rules, until)
    first, last = _at_work(seen, rules)
    enough = _lasting(seen, rules.start_w, first) >= rules.start_for.total_seconds()
    first, last = _woken(seen, first[enough], rules), last[enough]
    found = (_run(seen, a, b, rules) for a, b in zip(first, last, strict=True))
    return tuple(run for run in found if not run.over or (run.lasts >= rules.shortest and run.energy_wh >= rules.least_wh))


def resumes_at(curve: Curve, rules: Detection, until: datetime | None = None) -> datetime | None:
    """Where to look on from when more has been measured: before the work that is not over, else at the end. None: nothing was."""
    if not len(curve):
        return None
    seen = held(curve, rules, until)
    first, last = _at_work(seen, rules)
    if len(last) and seen.next_s[-1] - seen.next_s[last[-1]] < rules.stop_for.total_seconds():
        return instant(curve.at_s[max(0, first[-1] - 1)] - AWAKE_S)
    return instant(seen.next_s[-1])


def held(curve: Curve, rules: Detection, until: datetime | None = None) -> Held:
    """The curve, believed as the parameters say."""
    end_s = None if until is None else until.timestamp()
    return believed(curve, rules.held_for.total_seconds(), rules.unseen_for.total_seconds(), end_s)


def _at_work(seen: Held, rules: Detection) -> tuple[Indexes, Indexes]:
    """First and last reading of each run, whether it is a cycle or not."""
    first, last = _works(seen, rules)
    if not len(first):
        return first, last
    return _joined(seen, first, last, rules.stop_for.total_seconds(), rules.unseen_for.total_seconds())


def _works(seen: Held, rules: Detection) -> tuple[Indexes, Indexes]:
    """First and last reading of each piece of work that is none of a waiting drum's turns."""
    first, last = seen.stretches(rules.stop_w)
    if not rules.turn_wh or not len(first):
        return first, last
    first, last = _joined(seen, first, last, PAUSE_S, 0)
    upto_wh = np.append(0.0, np.cumsum(seen.energy_wh))
    heavy = upto_wh[last + 1] - upto_wh[first] >= rules.turn_wh
    return first[heavy], last[heavy]


def _joined(seen: Held, first: Indexes, last: Indexes, pause_s: float, unseen_s: float) -> tuple[Indexes, Indexes]:
    """What pauses for less than `pause_s` is one; a silence is no pause, but one beyond `unseen_s` ends it."""
    paused_s = seen.curve.at_s[first[1:]] - seen.next_s[last[:-1]]
    silent_s = (seen.next_s - seen.held_s)[last[:-1]]
    apart = (paused_s >= pause_s) | (silent_s > unseen_s)
    return first[np.append(True, apart)], last[np.append(apart, True)]


def _lasting(seen: Held, level_w: float, first: Indexes) -> Floats:
    """The longest time, s, that each run stays at or above a level; runs are told by their first readings."""
    up, down = seen.stretches(level_w)
    lasts_s = seen.held_s[down] - seen.curve.at_s[up]
    of_run = np.searchsorted(first, up, side="right") - 1
    longest = np.zeros(len(first))
    np.maximum.at(longest, of_run[of_run >= 0], lasts_s[of_run >= 0])
    return longest


def _woken(seen: Held, first: Indexes, rules: Detection) -> Indexes:
    """The first readings of runs, moved back over the minute in which the machine was awake and drew less than its stop power.

    A meter that speaks once a minute may meet a machine that starts just between two of its turns. One that was left awake for
    longer started when its work did.
    """
    at_s, power_w = seen.curve.at_s, seen.curve.power_w
    at_rest = power_w[power_w < rules.stop_w]
    if not len(at_rest):
        return first
    asleep = power_w < np.quantile(at_rest, USUALLY) + AWAKE_W
    slept = np.maximum.accumulate(np.where(asleep, np.arange(len(asleep)), -1))[first]      # the last reading before, asleep
    back = np.minimum(slept + 1, first)
    return np.where((slept >= 0) & (at_s[first] - at_s[back] <= AWAKE_S), back, first)


def _run(seen: Held, a: int, b: int, rules: Detection) -> Run:
    """The run from reading `a` to reading `b`."""
    next_s, held_s = seen.next_s, seen.held_s
    quiet_s, silent_s = next_s[-1] - next_s[b], next_s[b] - held_s[b]
    over = bool(quiet_s >= rules.stop_for.total_seconds() or silent_s > rules.unseen_for.total_seconds())
    if over:
        b = _without_tail(seen, a, b, rules)
    whole = bool(a > 0 and np.all(next_s[a:b + 1] <= held_s[a:b + 1]))
    ended_s = held_s[b] - over * min(BETWEEN_S, (held_s[b] - seen.curve.at_s[b]) * (1 - BETWEEN))
    return Run(instant(seen.curve.at_s[a]), instant(ended_s), float(seen.energy_wh[a:b + 1].sum()), whole, over)


def _without_tail(seen: Held, a: int, b: int, rules: Detection) -> int:
    """The last reading of the run from `a` to `b` once its tail is cut off."""
    inside = slice(a, b + 1)
    part = Held(Curve(seen.curve.at_s[inside], seen.curve.power_w[inside]), seen.next_s[inside], seen.held_s[inside])
    _, last = _joined(part, *part.stretches(rules.stop_w), TAIL_AFTER_S, np.inf)
    upto_wh = np.cumsum(part.energy_wh)
    return a + int(last[upto_wh[last] >= (1 - TAIL_SHARE) * upto_wh[-1]][0])

