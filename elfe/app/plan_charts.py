"""Plans as pictures, for operators."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

from elfe.ems.values import Placement, Plan
from elfe.errors import ElfeError
from elfe.slots import HORIZON, SLOT_S, slot_start

DAY_S = 86_400      # matplotlib counts days since the epoch
LARGEST = 12
"""So many appliances are drawn each in a colour; the others together."""
WITHOUT, WITH, CHOSEN, OTHER = "#b0b0b0", "#1d3557", "#2a9d8f", "#9bd1bd"


def planned(plan: Plan, names: Mapping[int, str], path: Path, zone: tzinfo) -> None:
    """The balance without and with the loads, and what each draws. Raises `ElfeError` without matplotlib."""
    figure = _figure(7)
    above, below = figure.subplots(2, sharex=True)
    _balance(above, plan)
    largest = sorted(plan.placements, key=lambda each: -sum(map(abs, each.power_w)))
    layers = {names.get(each.appliance_id, str(each.appliance_id)): each.power_w for each in largest[:LARGEST]}
    if largest[LARGEST:]:
        others = zip(*(each.power_w for each in largest[LARGEST:]), strict=True)
        layers[f"{len(largest) - LARGEST} others"] = tuple(map(sum, others))
    if layers:
        below.stackplot(_times(plan)[:-1], [[each / 1000 for each in powers] for powers in layers.values()], labels=list(layers),
                        step="post")
        below.legend(loc="upper left", fontsize=7, ncols=3)
    below.set(ylabel="loads, kW")
    _save(figure, above, below, plan, path, zone)


def explained(plan: Plan, each: Placement, name: str, path: Path, zone: tzinfo) -> None:
    """Where it was placed, and what each other start would have imported. Raises `ElfeError` without matplotlib."""
    figure = _figure(6)
    above, below = figure.subplots(2, sharex=True)
    _balance(above, plan)
    above.stairs([power / 1000 for power in each.power_w], _times(plan), color=CHOSEN, fill=True, alpha=0.6, label=name)
    above.legend(loc="upper left", fontsize=8)
    starts = each.why.starts_wh if each.why else ()
    if any(wh is not None for wh in starts):
        chosen = each.begins
        below.bar(_times(plan)[:-1], [(wh or 0.0) / 1000 for wh in starts], width=SLOT_S / DAY_S, align="edge",
                  color=[CHOSEN if t == chosen else OTHER for t in range(HORIZON)])
        below.set(ylabel="imported if it started then, kWh")
    else:
        below.text(0.5, 0.5, "It chooses no start.", transform=below.transAxes, ha="center")
    figure.suptitle(f"{name}: {each.reason}", fontsize=9)
    _save(figure, above, below, plan, path, zone)


def _figure(high: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ElfeError("a chart needs matplotlib: pip install 'elfe[charts]'") from error
    return Figure(figsize=(12, high), layout="constrained")


def _times(plan: Plan) -> list[float]:
    return [slot_start(plan.first_slot + t).timestamp() / DAY_S for t in range(HORIZON + 1)]


def _balance(axes: Any, plan: Plan) -> None:
    axes.stairs([each / 1000 for each in plan.balance_w], _times(plan), color=WITHOUT, label="without the loads", baseline=None)
    axes.stairs([each / 1000 for each in plan.balance_with_w], _times(plan), color=WITH, label="with them", baseline=None)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(ylabel="production - consumption, kW")
    axes.legend(loc="upper left", fontsize=8)


def _save(figure: Any, above: Any, below: Any, plan: Plan, path: Path, zone: tzinfo) -> None:
    below.xaxis_date(zone)
    above.set_xlim(_times(plan)[0], _times(plan)[-1])
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ElfeError(f"{path} cannot be written: {error.strerror}") from error
