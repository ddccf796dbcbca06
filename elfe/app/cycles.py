"""The cycles of machines, as operators ask for them: which machine a point is, what is known of it, a chart. Composition."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import attrs
import numpy as np
from attrs import evolve, frozen

from elfe.app.context import Context
from elfe.coordination import queries
from elfe.coordination.values import ApplianceType, Machine
from elfe.ems.cycles import store
from elfe.ems.cycles.curve import Curve, cleaned
from elfe.ems.cycles.detection import Detection, Run, parameters, runs
from elfe.ems.cycles.learning import BY_DATA, BY_HAND, BY_TYPE, Known, Learnt, expected, learned
from elfe.ems.cycles.proposal import Proposal, proposals, suited
from elfe.ems.cycles.run import FIRST_LOOK, learn, look, measured
from elfe.errors import ElfeError

KINDS: Mapping[str, ApplianceType] = {
    "dishwasher": ApplianceType.DISHWASHER, "washing_machine": ApplianceType.WASHING_MACHINE,
    "tumble_dryer": ApplianceType.TUMBLE_DRYER, "machine": ApplianceType.MACHINE}
ORIGINS = {BY_TYPE: "its type's", BY_DATA: "its own, from its standby", BY_HAND: "set by hand"}
AROUND = timedelta(minutes=30)
TICKS_W = (0, 1, 3, 10, 30, 100, 300, 1000, 3000)
DAY_S = 86_400      # matplotlib counts days since the epoch


@frozen
class Asked:
    """A machine, and the point that an operator calls it by."""

    point: str
    machine: Machine

    @property
    def label(self) -> str:
        """The point, what stands there, and whose it is."""
        appliance = self.machine.appliance
        return f"{self.point} {appliance.name} {appliance.participant}"


@frozen(eq=False)
class Shown:
    """What is shown of a machine: its curve over a time, the cycles in it, and what would suit it better."""

    asked: Asked
    known: Known
    start: datetime
    end: datetime
    curve: Curve
    better: tuple[Proposal, ...]

    @property
    def cycles(self) -> tuple[Learnt, ...]:
        """Those of the time shown."""
        return tuple(each for each in self.known.cycles if each.run.ended_at > self.start and each.run.started_at < self.end)


# -- machines --------------------------------------------------------------------------------------------------------------------


def machines(here: Context, point: str = "") -> list[Asked]:
    """Every cycle machine, by its point; the one of `point` alone. Raises `ElfeError` where there is none."""
    point_of = {each.appliance_id: each.id for each in reversed(queries.installed_devices(here.coordination))}
    every = [Asked(point_of.get(each.appliance.id, str(each.appliance.id)), each) for each in queries.machines(here.coordination)]
    named = [each for each in every if point in ("", each.point, str(each.machine.appliance.id))]
    if not named and point:
        raise ElfeError(f"no machine at {point!r}; `elfe cycles list` shows them")
    return named


def known_of(here: Context, asked: Sequence[Asked]) -> list[tuple[Asked, Known]]:
    """What was learned of each machine; its type's parameters where nothing was."""
    kept = store.known(here.sortie)
    return [(each, kept.get(each.machine.appliance.id) or Known(parameters(each.machine.appliance.type))) for each in asked]


def learnt(here: Context, asked: Asked, now: datetime, since: datetime | None, keep: bool) -> Known:
    """Learn a machine now; without `keep` nothing is written."""
    return learn(here.sortie, here.history, asked.machine, now, since, keep=keep)


def shown(here: Context, asked: Asked, now: datetime, since: datetime | None, until: datetime | None) -> Shown:
    """A machine between two instants; its last day with a cycle without them. Nothing is written."""
    (_, known), = known_of(here, [asked])
    begun = min(filter(None, (since, known.resumes_at)), default=None)
    known = learned(look(here.history, asked.machine, evolve(known, resumes_at=begun), now), now)
    last = known.cycles[-1].run.ended_at + AROUND if known.cycles else now
    end = until or (now if since else min(now, last))
    start = since or end - timedelta(days=1)
    far = measured(here.history, asked.machine.power_series, now - FIRST_LOOK, now)
    curve = measured(here.history, asked.machine.power_series, start, end)
    return Shown(asked, known, start, end, curve, proposals(far, known.rules))


def set_rules(here: Context, asked: Asked, rules: Detection | None, now: datetime) -> Known:
    """Set the parameters of a machine by hand, or give it back its type's (None), and learn its last two weeks with them."""
    (_, known), = known_of(here, [asked])
    by_type = evolve(known, rules=parameters(asked.machine.appliance.type), origin=BY_TYPE)
    store.save(here.sortie, asked.machine.appliance.id,
               by_type if rules is None else evolve(known, rules=rules, origin=BY_HAND))
    return learn(here.sortie, here.history, asked.machine, now, since=now - FIRST_LOOK)


# -- files ------------------------------------------------------------------------------------------------------------------------


def found_in(path: Path, kind: str) -> tuple[Detection, tuple[Run, ...]]:
    """The cycles of a curve in a file, `t,power_w` with ISO times, .csv or .csv.gz. Raises `ElfeError`."""
    if kind not in KINDS:
        raise ElfeError(f"no kind {kind!r} (known: {', '.join(KINDS)})")
    curve = _curve(path)
    rules = suited(curve, parameters(KINDS[kind]))
    return rules, runs(curve, rules)


def _curve(path: Path) -> Curve:
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            rows = [(_epoch_s(row["t"]), float(row["power_w"])) for row in csv.DictReader(file) if row["power_w"]]
    except (OSError, UnicodeDecodeError) as error:
        raise ElfeError(f"{path} cannot be read: {error}") from error
    except (KeyError, ValueError, TypeError) as error:
        raise ElfeError(f"{path} is no curve ({error}): a CSV with the columns t and power_w is expected") from error
    at_s, power_w = np.array(rows, float).reshape(-1, 2).T
    return cleaned(at_s, power_w)


def _epoch_s(text: str) -> float:
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


# -- for machines and for eyes ---------------------------------------------------------------------------------------------------


def plain(asked: Asked, known: Known) -> dict[str, Any]:
    """What is known of a machine, for a program."""
    next_one = expected(known)
    return {
        "point": asked.point, "appliance": asked.machine.appliance.id, "name": asked.machine.appliance.name,
        "participant": asked.machine.appliance.participant, "parameters": plain_rules(known.rules), "origin": known.origin,
        "looked_at": known.looked_at and known.looked_at.isoformat(), "cycles": [plain_run(each) for each in known.cycles],
        "programmes": [{"number": each.number, "runs": each.runs, "confidence": each.confidence, "energy_wh": each.energy_wh,
                        "lasts_s": each.lasts.total_seconds(), "last_at": each.last_at.isoformat()} for each in known.programmes],
        "expected": next_one and {"source": next_one.source, "power_w": list(next_one.power_w)}}


def plain_run(each: Learnt) -> dict[str, Any]:
    """A cycle, for a program."""
    return {**plain_found(each.run), "programme": each.programme}


def plain_found(run: Run) -> dict[str, Any]:
    """A run, for a program."""
    return {"started_at": run.started_at.isoformat(), "ended_at": run.ended_at.isoformat(), "energy_wh": run.energy_wh,
            "whole": run.whole, "over": run.over}


def plain_rules(rules: Detection) -> dict[str, float]:
    """Parameters by name, durations in seconds as `..._s`."""
    values = attrs.asdict(rules)
    return {f"{name}_s" if isinstance(value, timedelta) else name: _number(value) for name, value in values.items()}


def _number(value: float | timedelta) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else value


def chart(what: Shown, path: Path, zone: tzinfo) -> None:
    """The curve, the cycles and the two levels as a PNG. Raises `ElfeError` without matplotlib."""
    figure = drawn(what, zone)
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ElfeError(f"{path} cannot be written: {error.strerror}") from error


def drawn(what: Shown, zone: tzinfo) -> Any:
    """The same, as a figure. Raises `ElfeError` without matplotlib."""
    try:
        from matplotlib import dates
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ElfeError("a chart needs matplotlib: pip install 'elfe[charts]'") from error
    kit: Any = dates                 # it is not typed
    figure = Figure(figsize=(12, 4), layout="constrained")
    axes = figure.subplots()
    axes.step(what.curve.at_s / DAY_S, what.curve.power_w, where="post", color="#333333", linewidth=0.8, label="measured")
    middle = (what.start + (what.end - what.start) / 2).timestamp() / DAY_S
    for each in what.cycles:
        began, ended = each.run.started_at.timestamp() / DAY_S, each.run.ended_at.timestamp() / DAY_S
        axes.axvspan(began, ended, color="#2a9d8f" if each.run.whole else "#e9c46a", alpha=0.3)
        late = began > middle            # its words stand before its end, that they stay inside
        axes.annotate(_caption(each), (ended if late else began, 1), xycoords=("data", "axes fraction"), fontsize=8, va="bottom",
                      ha="right" if late else "left")
    for level, name, colour in ((what.known.rules.start_w, "start", "#d62828"), (what.known.rules.stop_w, "stop", "#1d3557")):
        axes.axhline(level, color=colour, linestyle="--", linewidth=0.8, label=f"{name} {level:g} W")
    axes.set(ylabel="W", xlim=(what.start.timestamp() / DAY_S, what.end.timestamp() / DAY_S), yscale="symlog", ylim=(0, None))
    axes.set_yticks(TICKS_W, [f"{each:,}" for each in TICKS_W])
    axes.set_title(what.asked.label, loc="left", pad=18)
    axes.xaxis_date(zone)
    axes.xaxis.set_major_locator(kit.AutoDateLocator(tz=zone, maxticks=10))
    axes.xaxis.set_major_formatter(kit.DateFormatter("%d/%m %H:%M", tz=zone))
    figure.legend(loc="outside lower center", fontsize=8, ncols=3, frameon=False)      # below: it hides no cycle
    return figure


def _caption(each: Learnt) -> str:
    programme = f" · programme {each.programme}" if each.programme else ""
    return f"{each.run.energy_wh / 1000:.2f} kWh{programme}"
