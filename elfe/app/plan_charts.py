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
WORDS = {
    "en": {"without": "without the loads", "with": "with them", "balance": "production − consumption, kW", "loads": "loads, kW",
           "others": "{count} others", "starts": "imported if it started then, kWh", "none": "It chooses no start."},
    "fr": {"without": "sans les appareils", "with": "avec eux", "balance": "production − consommation, kW",
           "loads": "appareils, kW", "others": "{count} autres",
           "starts": "importés s'il démarrait alors, kWh", "none": "Il ne choisit pas de départ."},
}


def planned(plan: Plan, names: Mapping[int, str], path: Path, zone: tzinfo) -> None:
    """The balance without and with the loads, and what each draws. Raises `ElfeError` without matplotlib."""
    figure = _figure(7)
    above, below = figure.subplots(2, sharex=True)
    words = WORDS["en"]
    _balance(above, plan, words)
    largest = sorted(plan.placements, key=lambda each: -sum(map(abs, each.power_w)))
    layers = {names.get(each.appliance_id, str(each.appliance_id)): each.power_w for each in largest[:LARGEST]}
    if largest[LARGEST:]:
        others = zip(*(each.power_w for each in largest[LARGEST:]), strict=True)
        layers[words["others"].format(count=len(largest) - LARGEST)] = tuple(map(sum, others))
    if layers:
        rows = [[each / 1000 for each in (*powers, powers[-1])] for powers in layers.values()]      # to the end of the last slot
        below.stackplot(_times(plan), rows, labels=list(layers), step="post", colors=_colours(len(layers)))
        figure.legend(*below.get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=5)
    below.set(ylabel=words["loads"])
    _save(figure, above, below, plan, path, zone)


def explained(plan: Plan, each: Placement, name: str, path: Path, zone: tzinfo, language: str = "en") -> None:
    """Where it was placed, and what each other start would have imported. Raises `ElfeError` without matplotlib."""
    words = WORDS[language]
    figure = _figure(6)
    above, below = figure.subplots(2, sharex=True)
    _balance(above, plan, words)
    above.stairs([power / 1000 for power in each.power_w], _times(plan), color=CHOSEN, fill=True, alpha=0.6, label=name)
    above.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, frameon=False)
    starts = each.why.starts_wh if each.why else ()
    if any(wh is not None for wh in starts):
        chosen = each.begins
        below.bar(_times(plan)[:-1], [(wh or 0.0) / 1000 for wh in starts], width=SLOT_S / DAY_S, align="edge",
                  color=[CHOSEN if t == chosen else OTHER for t in range(HORIZON)])
        below.set(ylabel=words["starts"])
    else:
        below.text(0.5, 0.5, words["none"], transform=below.transAxes, ha="center")
    reason = each.why.french if each.why and language == "fr" else each.reason
    figure.suptitle(f"{name}: {reason}", fontsize=9, wrap=True)
    _save(figure, above, below, plan, path, zone)


def _figure(high: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ElfeError("a chart needs matplotlib: pip install 'elfe[charts]'") from error
    return Figure(figsize=(12, high), layout="constrained")


def _times(plan: Plan) -> list[float]:
    return [slot_start(plan.first_slot + t).timestamp() / DAY_S for t in range(HORIZON + 1)]


def _colours(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["tab20"](n) for n in range(count)]


def _balance(axes: Any, plan: Plan, words: Mapping[str, str]) -> None:
    axes.stairs([each / 1000 for each in plan.balance_w], _times(plan), color=WITHOUT, label=words["without"], baseline=None)
    axes.stairs([each / 1000 for each in plan.balance_with_w], _times(plan), color=WITH, label=words["with"], baseline=None)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set(ylabel=words["balance"])
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, fontsize=8, frameon=False)


def _save(figure: Any, above: Any, below: Any, plan: Plan, path: Path, zone: tzinfo) -> None:
    from matplotlib import dates

    kit: Any = dates                 # it is not typed
    below.xaxis_date(zone)
    below.xaxis.set_major_locator(kit.HourLocator(byhour=range(0, 24, 3), tz=zone))
    below.xaxis.set_major_formatter(kit.DateFormatter("%H:%M", tz=zone))
    below.set(xlabel=f"{slot_start(plan.first_slot).astimezone(zone):%d/%m/%Y %H:%M} + 24 h")
    above.set_xlim(_times(plan)[0], _times(plan)[-1])
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ElfeError(f"{path} cannot be written: {error.strerror}") from error
