"""The report of a visit, as HTML and as PDF: who, when, which hardware, what it runs, how each step went. Pure.

No secret can be in it: a visit holds none. In French: the installer signs it, the participant keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, tzinfo
from html import escape

from attrs import frozen

from elfe.app.pdf import A4, document, show
from elfe.visit.steps import owed
from elfe.visit.values import How, Spot, Stage, Step, Tick, Visit

WORDS: Mapping[Step, str] = {
    Step.LEAD: "compte et réglages du broker",
    Step.SEEN: "vu sur le broker",
    Step.SET: "réglé et relu",
    Step.FIRMWARE: "version",
    Step.ON: "marche",
    Step.MEASURED: "mesure",
    Step.OFF: "arrêt",
    Step.SERVED: "remis en service",
    Step.PRESSED: "appui",
}
SIGNS: Mapping[How, str] = {How.TODO: "·", How.BEGUN: "…", How.DONE: "✔", How.OPEN: "○", How.SKIPPED: "–"}
IN_PDF: Mapping[How, str] = {How.TODO: "", How.BEGUN: "...", How.DONE: "OK", How.OPEN: "ouvert", How.SKIPPED: "passé"}
"""The PDF's fonts have no tick."""
STAGES: Mapping[Stage, str] = {
    Stage.OPENED: "ouverte",
    Stage.WALKING: "en cours",
    Stage.ENDED: "terminée",
    Stage.UNDOING: "annulation en cours",
    Stage.UNDONE: "annulée",
}


def line(step: Step, tick: Tick) -> str:
    """A step and how it went, without its sign: « mesure : 60 W »."""
    return f"{WORDS[step]} : {tick.says}" if tick.says else WORDS[step]


def stage(visit: Visit) -> str:
    """How far it is, in words."""
    open_proofs = sum(tick.how is How.OPEN for _, _, tick in owed(visit))
    if visit.stage is Stage.WALKING and open_proofs:
        return f"{open_proofs} preuve{'s' if open_proofs > 1 else ''} ouverte{'s' if open_proofs > 1 else ''}"
    return STAGES[visit.stage]


def about(spot: Spot) -> str:
    """A device's hardware and what it runs."""
    return " · ".join(filter(None, (spot.product, spot.hardware_id, spot.firmware and f"version {spot.firmware}")))


def heading(visit: Visit, zone: tzinfo) -> tuple[str, ...]:
    """Who and when."""
    ended = f" au {_moment(visit.ended_at, zone)}" if visit.ended_at else ""
    return (f"Foyer {visit.home}", f"Installateur : {visit.who}", f"Du {_moment(visit.opened_at, zone)}{ended}",
            f"État : {stage(visit)}")


def _moment(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%d/%m/%Y à %H:%M}"


def _clock(at: datetime | None, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%H:%M:%S}" if at else ""


# -- HTML --------------------------------------------------------------------------------------------------------------------

STYLE = """body { font: 16px/1.4 Helvetica, Arial, sans-serif; max-width: 40em; margin: 1em auto; padding: 0 1em }
table { border-collapse: collapse; width: 100% } td { padding: .2em .4em; border-bottom: 1px solid #ccc; vertical-align: top }
td.at { white-space: nowrap; text-align: right; color: #555 } h2 { margin: 1.2em 0 0 } h2 + p { margin: 0 0 .4em; color: #555 }
tr.open { background: #fff3cd } @page { size: A4; margin: 15mm }"""


def html(visit: Visit, zone: tzinfo) -> str:
    """The report, to read on a phone or to print."""
    heads = "<br>".join(escape(each) for each in heading(visit, zone)[1:])
    return (f'<!doctype html>\n<html lang="fr"><head><meta charset="utf-8"><title>Visite de {escape(visit.home)}</title>\n'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>\n'
            f"<h1>Visite de {escape(visit.home)}</h1>\n<p>{heads}</p>\n{''.join(_html(each, zone) for each in visit.spots)}"
            "<p>Installateur : ____________________ Participant : ____________________</p>\n</body></html>\n")


def _html(spot: Spot, zone: tzinfo) -> str:
    rows = "".join(f'<tr class="{tick.how}"><td>{SIGNS[tick.how]}</td><td>{escape(line(step, tick))}</td>'
                   f'<td class="at">{_clock(tick.at, zone)}</td></tr>\n' for step, tick in spot.ticks.items())
    return (f"<h2>{escape(spot.appliance)} ({escape(spot.point)})</h2>\n<p>{escape(about(spot))}</p>\n"
            f"<table>\n{rows}</table>\n")


# -- PDF ---------------------------------------------------------------------------------------------------------------------

MARGIN, LEADING, LONGEST = 20.0, 1.6, 92


@frozen
class _Row:
    """A line of the report: words at several places, mm from the left."""

    words: tuple[tuple[float, str], ...]
    size: float = 3.6
    bold: bool = False

    @property
    def height(self) -> float:
        return self.size * LEADING


def pdf(visit: Visit, zone: tzinfo) -> bytes:
    """The report, to keep and to sign."""
    return document("\n".join(_page(rows)) for rows in _pages(_rows(visit, zone)))


def _rows(visit: Visit, zone: tzinfo) -> Iterator[_Row]:
    first, *others = heading(visit, zone)
    yield _Row(((MARGIN, f"Visite : {first}"),), 6.0, bold=True)
    yield from (_Row(((MARGIN, each),)) for each in others)
    for spot in visit.spots:
        yield _Row(((MARGIN, ""),))
        yield _Row(((MARGIN, f"{spot.appliance} ({spot.point})"),), 4.4, bold=True)
        yield _Row(((MARGIN, about(spot)),), 3.2)
        for step, tick in spot.ticks.items():
            first_words, *more = _wrapped(line(step, tick))
            yield _Row(((MARGIN, IN_PDF[tick.how]), (MARGIN + 16, first_words), (A4[0] - MARGIN - 16, _clock(tick.at, zone))))
            yield from (_Row(((MARGIN + 16, each),)) for each in more)
    yield _Row(((MARGIN, ""),), 6.0)
    yield _Row(((MARGIN, "Installateur : ____________________"), (A4[0] / 2, "Participant : ____________________")))


def _wrapped(words: str) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) >= LONGEST - 12:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _pages(rows: Iterable[_Row]) -> Iterator[list[tuple[float, _Row]]]:
    """Each page's rows, with the base line of each."""
    page: list[tuple[float, _Row]] = []
    base = MARGIN
    for row in rows:
        if base + row.height > A4[1] - MARGIN:
            yield page
            page, base = [], MARGIN
        base += row.height
        page.append((base, row))
    yield page


def _page(rows: Iterable[tuple[float, _Row]]) -> Iterator[str]:
    return (show(left, base, words, row.size, row.bold) for base, row in rows for left, words in row.words if words)
