"""How well cycles are found, per appliance and per step of the meter: `python -m benchmarks.detection [--misses]`.

Measured machines (traces beside the project, their cycles picked by eye) and made ones, second by second (`tests/ems/families.py`).
A cycle is found when a run starts within 60 s of it and ends in its tolerance; whatever else is told is false. Meters that speak
every 5, 30 and 60 s are asked at six phases each; means of a minute and meters that speak on change beside them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from attrs import define

from benchmarks.tables import show
from elfe.coordination.values import ApplianceType
from elfe.ems.cycles.curve import Curve
from elfe.ems.cycles.detection import parameters, runs
from elfe.ems.cycles.proposal import suited
from tests.ems import families
from tests.ems.traces import TYPES, Trace, changes, every, means, traces

PHASES = 6
DAYS = range(6)
WEEK_S = 7 * 86_400
Meter = Callable[[Curve], Curve]


@define
class Score:
    """What was found of the cycles of one machine, with one kind of meter."""

    true: int = 0
    found: int = 0
    false: int = 0
    seen_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.found}/{self.true} {self.false * WEEK_S / max(1.0, self.seen_s):.1f}"


def _steps(step_s: float) -> list[Meter]:
    return [lambda curve, phase=n * step_s / PHASES: every(curve, step_s, phase) for n in range(PHASES)]


METERS: Mapping[str, list[Meter]] = {
    "5 s": _steps(5), "30 s": _steps(30), "60 s": _steps(60), "means of 60 s": [lambda curve: means(curve, 60)],
    "on change": [lambda curve: changes(every(curve, 5))]}


def _machines() -> Iterator[tuple[str, ApplianceType, Trace]]:
    for trace in traces():
        if trace.kind in TYPES:
            yield f"{trace.kind} {trace.machine}", TYPES[trace.kind], trace
    for name, family in families.FAMILIES.items():
        for day in DAYS:
            yield f"{name} (made)", family.kind, families.a_day(name, day)


def _score(score: Score, trace: Trace, heard: Curve, kind: ApplianceType, tell: Callable[[str], None]) -> None:
    left = list(runs(heard, suited(heard, parameters(kind))))
    for each in trace.truth:
        hit = next((run for run in left if each.is_found_in(run)), None)
        score.true, score.found = score.true + 1, score.found + (hit is not None)
        left = [run for run in left if run is not hit]
        if hit is None:
            near = [f"{run.started_at:%H:%M:%S} to {run.ended_at:%H:%M:%S}" for run in left]
            tell(f"{trace.name}: missed, {', '.join(near) or 'nothing'} found")
    score.false += len(left)
    score.seen_s += float(trace.curve.at_s[-1] - trace.curve.at_s[0])


def measure(tell: Callable[[str], None] = lambda _: None) -> None:
    """Print found/true and false cycles a week of each machine, and all of them together."""
    table: dict[str, dict[str, Score]] = {}
    for name, kind, trace in _machines():
        group = "all made" if name.endswith("(made)") else "all measured"
        for meter, heard in METERS.items():
            for each in heard:
                said = each(trace.curve)
                for row in (name, group):
                    _score(table.setdefault(row, {}).setdefault(meter, Score()), trace, said, kind,
                           (lambda words, meter=meter: tell(f"{meter}: {words}")) if row == name else lambda _: None)
    last = [name for name in ("all measured", "all made") if name in table]
    rows = [(name, *map(str, table[name].values())) for name in [*(each for each in table if each not in last), *last]]
    show("cycles found of those that were, and false ones a week", ("machine", *METERS), rows)
    for name in last:
        shares = ", ".join(f"{meter} {each.found / each.true:.1%}" for meter, each in table[name].items())
        sys.stdout.write(f"{name}: {shares}\n")


if __name__ == "__main__":
    measure((lambda words: print(words)) if "--misses" in sys.argv else lambda _: None)  # noqa: T201
