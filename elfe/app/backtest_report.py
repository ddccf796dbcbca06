"""What a backtest found, as a page that a reader trusts: what was compared, the figures, a chart, what they do not say. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from html import escape
from io import StringIO

from elfe.ems.backtest.values import Days, Worth
from elfe.errors import ElfeError
from elfe.slots import slot_start

CAUSES: Mapping[str, str] = {
    "forecast": "the forecast was wrong: the same plans with the true balance",
    "deadline": "deadlines were near: besides, 24 hours for every load",
    "limit": "homes' limits: besides, without them",
    "solver": "the solver stopped early: besides, with ten times its work",
}
SAYS = """A load is planned from the quarter after it was declared on; every quarter all that wait are planned again, and only that
quarter is carried out. Cycles draw what they drew that day, or their type's usual profile; what is declared on the last day and
runs behind it counts as of it. The causes of loss are taken away one behind the other: they add up to what was imported beyond
the best that could have been; a loss below zero means that luck was on our side. Quarters that were not measured are those of the
day before. Not replayed: people who change their minds, devices that do not answer, heaters, rooms,
batteries, what only runs some hours a day."""
STYLE = ("body{font:16px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;margin:1rem 0}"
         "td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #ccc}td+td,th+th{text-align:right;white-space:nowrap}"
         ".chart{overflow-x:auto}svg{width:100%;min-width:36rem;height:auto}")


def page(days: Days, worth: Worth, zone: tzinfo) -> str:
    """The report as HTML; its chart is drawn in it. Raises `ElfeError` without matplotlib."""
    begins, last = (f"{slot_start(each).astimezone(zone):%Y-%m-%d}" for each in (days.begins, days.ends - 1))
    spans = begins if begins == last else f"{begins} to {last}"
    return "\n".join((
        "<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>",
        f"<title>Backtest {begins}</title><style>{STYLE}</style><h1>What planning would have been worth, {spans}</h1>",
        f"<p><b>{_kwh(worth.avoided_wh)}</b> of import avoided, <b>{worth.reached:.0%}</b> of what perfect foresight would have "
        f"avoided, with {len(days.declared)} loads of {_kwh(worth.energy_wh)}.</p>",
        _table(("", "imported"), [("as soon as declared", _kwh(worth.at_once_wh)), ("as it was planned", _kwh(worth.planned_wh)),
                                  ("with perfect foresight", _kwh(worth.foresight_wh)),
                                  ("with foresight, a day for every load and no limits", _kwh(worth.best_wh))]),
        f"<h2>By day</h2><div class='chart'>{_chart(worth, zone)}</div>",
        "<h2>By kind of load</h2>",
        _table(("moved alone", "avoided"), [(kind, _kwh(avoided)) for kind, avoided in worth.by_kind_wh.items()]),
        "<h2>What was lost, and to what</h2>",
        _table(("cause", "lost"), [*((CAUSES[cause], _kwh(lost)) for cause, lost in worth.lost_wh.items()),
                                   ("in all, against the best that could have been", _kwh(worth.planned_wh - worth.best_wh))]),
        f"<p>{worth.late} loads ended behind their deadline. Forecasts erred by {worth.forecast_error_w / 1000:.1f} kW.</p>",
        f"<h2>How</h2><p>{escape(SAYS)}</p></html>"))


def _kwh(energy_wh: float) -> str:
    return f"{energy_wh / 1000:,.1f} kWh"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _chart(worth: Worth, zone: tzinfo) -> str:
    """What was avoided each day, and what foresight would have avoided, as SVG: beside the whole import neither would be seen."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ElfeError("a chart needs matplotlib: pip install 'elfe[charts]'; --json needs none") from error
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    for n, (name, colour) in enumerate((("as it was planned", "#2a7f62"), ("with perfect foresight", "#9bd1bd"))):
        axes.bar([i + 0.4 * n for i in range(len(worth.per_day))], [(row[1] - row[n + 2]) / 1000 for row in worth.per_day], 0.4,
                 label=name, color=colour)
    axes.axhline(0, color="black", linewidth=0.6)
    shown = range(0, len(worth.per_day), max(1, len(worth.per_day) // 31))
    axes.set_xticks([i + 0.2 for i in shown],
                    [f"{slot_start(worth.per_day[i][0]).astimezone(zone):%d/%m}" for i in shown], rotation=60)
    axes.set_ylabel("import avoided, kWh")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False)      # above: it hides no bar
    drawn = StringIO()
    figure.savefig(drawn, format="svg")
    return drawn.getvalue()[drawn.getvalue().index("<svg"):]
