"""Plans as pictures, for operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any

from elfe.ems.values import Placement, Plan
from elfe.errors import ElfeError
from elfe.slots import HORIZON, SLOT_S, local_time, slot_start

DAY_S = 86_400      # matplotlib counts days since the epoch
LARGEST = 12
"""So many appliances are drawn each in a colour; the others together."""
WITHOUT, WITH, CHOSEN, OTHER, CANNOT = "#b0b0b0", "#1d3557", "#2a9d8f", "#9bd1bd", "#eeeeee"
WORDS = {
    "en": {"without": "without the loads", "with": "with them", "balance": "production − consumption, kW", "loads": "loads, kW",
           "others": "{count} others", "draws": "it draws, kW", "starts": "imported if it\nstarted then, kWh",
           "chosen": "chosen, {at}", "cannot": "it cannot start then", "none": "It chooses no start."},
    "fr": {"without": "sans les appareils", "with": "avec eux", "balance": "production − consommation, kW",
           "loads": "appareils, kW", "others": "{count} autres",
           "draws": "il consomme, kW", "starts": "importés s'il\ndémarrait alors, kWh", "chosen": "choisi, {at}",
           "cannot": "il ne peut pas démarrer alors", "none": "Il ne choisit pas de départ."},
}


def planned(plan: Plan, names: Mapping[int, str], path: Path, zone: tzinfo) -> None:
    """The balance without and with the loads, and what each draws. Raises `ElfeError` without matplotlib."""
    _save(overview(plan, names), plan, path, zone)


def overview(plan: Plan, names: Mapping[int, str]) -> Any:
    """The same, as a figure. Raises `ElfeError` without matplotlib."""
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
        drawn, given = ([[part(0.0, each) for each in row] for row in rows] for part in (max, min))
        below.stackplot(_times(plan), drawn, labels=list(layers), step="post", colors=_colours(len(layers)))
        if any(map(any, given)):                 # what a battery gives stands below, it hides nobody's draw
            below.stackplot(_times(plan), given, step="post", colors=_colours(len(layers)))
            below.axhline(0, color="black", linewidth=0.6)
        figure.legend(*below.get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=5)
    below.set(ylabel=words["loads"])
    return figure


def explained(plan: Plan, each: Placement, name: str, path: Path, zone: tzinfo, language: str = "en") -> None:
    """Where it was placed, and what each other start would have imported. Raises `ElfeError` without matplotlib."""
    _save(explanation(plan, each, name, zone, language), plan, path, zone)


def explanation(plan: Plan, each: Placement, name: str, zone: tzinfo, language: str = "en") -> Any:
    """The same, as a figure: the balance, what it draws, what each start would import. Raises `ElfeError` without matplotlib."""
    words = WORDS[language]
    figure = _figure(8)
    above, middle, below = figure.subplots(3, sharex=True, height_ratios=(3, 1, 2))
    _balance(above, plan, words)
    middle.stairs([power / 1000 for power in each.power_w], _times(plan), color=CHOSEN, fill=True)
    middle.set(ylabel=words["draws"])
    starts = each.why.starts_wh if each.why else ()
    if any(wh is not None for wh in starts):
        _starts(below, plan, each, starts, words, zone)
        for axes in (above, middle):
            axes.axvline(_times(plan)[each.begins or 0], color=CHOSEN, linewidth=1.2)
    else:
        below.text(0.5, 0.5, words["none"], transform=below.transAxes, ha="center")
        below.set_yticks(())
    reason = each.why.french if each.why and language == "fr" else each.reason
    figure.suptitle(f"{name}: {reason}", fontsize=9, wrap=True)
    return figure


def _starts(axes: Any, plan: Plan, each: Placement, starts: Sequence[float | None], words: Mapping[str, str],
            zone: tzinfo) -> None:
    """What each start would import. The chosen one is a line: where it imports nothing its bar has no height."""
    times, chosen = _times(plan), each.begins or 0
    axes.stairs([float(wh is None) for wh in starts], times, color=CANNOT, fill=True, zorder=0, label=words["cannot"],
                transform=axes.get_xaxis_transform())
    axes.bar(times[:-1], [(wh or 0.0) / 1000 for wh in starts], width=SLOT_S / DAY_S, align="edge",
             color=[CHOSEN if t == chosen else OTHER for t in range(HORIZON)])
    axes.axvline(times[chosen], color=CHOSEN, linewidth=1.2,
                 label=words["chosen"].format(at=local_time(slot_start(plan.first_slot + chosen), zone)))
    axes.set(ylabel=words["starts"], ylim=(0, max(max((wh or 0.0) for wh in starts) / 1000 * 1.05, 0.01)))
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, fontsize=8, frameon=False)


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


def _save(figure: Any, plan: Plan, path: Path, zone: tzinfo) -> None:
    from matplotlib import dates

    kit: Any = dates                 # it is not typed
    below = figure.axes[-1]
    below.xaxis_date(zone)
    below.xaxis.set_major_locator(kit.HourLocator(byhour=range(0, 24, 3), tz=zone))
    below.xaxis.set_major_formatter(kit.DateFormatter("%H:%M", tz=zone))
    below.set(xlabel=f"{slot_start(plan.first_slot).astimezone(zone):%d/%m/%Y %H:%M} + 24 h")
    below.set_xlim(_times(plan)[0], _times(plan)[-1])
    try:
        figure.savefig(path, dpi=120, format="png")
    except OSError as error:
        raise ElfeError(f"{path} cannot be written: {error.strerror}") from error
