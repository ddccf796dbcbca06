"""Labels: a sheet per page, a QR code on each, as SVG, HTML or PDF. Pure but for the QR codes' library.

A label tells the point, the appliance and the hardware; never a secret, never a person. Its QR code holds `elfe:D003`, or
an address that ends with the point. It is made for sheets of 24 labels, 70 mm × 37 mm (A4, three columns of eight).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

import segno
from attrs import frozen

from elfe.app.pdf import A4, MM, document, show

COLUMNS, ROWS = 3, 8
LABEL = (70.0, 37.0)
MARGIN_TOP = (A4[1] - ROWS * LABEL[1]) / 2
QR = 29.0
"""mm, with the four modules of quiet around it that readers ask for (ISO/IEC 18004)."""
PAD = 4.0


@frozen
class Label:
    """What stands on one label."""

    point: str
    appliance: str
    hardware_id: str
    product: str = ""
    base: str = "elfe:"              # what the QR code holds before the point

    @property
    def holds(self) -> str:
        """What the QR code holds."""
        return f"{self.base}{self.point}"

    @property
    def lines(self) -> tuple[tuple[str, float, bool], ...]:
        """The text beside the code: words, size in mm, bold."""
        return ((self.point, 7.0, True), (_short(self.appliance, 20), 3.4, False), (_short(self.hardware_id, 20), 3.0, False),
                (_short(self.product, 24), 2.4, False))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[:most - 1] + "…"


def sheets(labels: Iterable[Label]) -> list[list[tuple[float, float, Label]]]:
    """Each page's labels, with the place of the upper left corner of each, mm."""
    every, per_page = list(labels), COLUMNS * ROWS
    return [[(index % COLUMNS * LABEL[0], MARGIN_TOP + index // COLUMNS * LABEL[1], label)
             for index, label in enumerate(every[start:start + per_page])] for start in range(0, len(every), per_page)]


def modules(text: str) -> Iterator[tuple[float, float, float, float]]:
    """The dark runs of a QR code within `QR`: left, top, width, height, mm."""
    matrix = [list(row) for row in segno.make(text, error="m", micro=False).matrix_iter(border=4)]
    size = QR / len(matrix)
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            run = next((end for end in range(x, len(row)) if not row[end]), len(row)) - x
            if run:
                yield x * size, y * size, run * size, size
            x += max(1, run)


def _texts(x: float, y: float, label: Label) -> Iterator[tuple[float, float, str, float, bool]]:
    """The lines of a label: left, base line, words, size, bold."""
    top = y + PAD
    for text, size, bold in label.lines:
        if text:
            top += size * 1.25
            yield x + QR + PAD, top, text, size, bold


# -- SVG, HTML -----------------------------------------------------------------------------------------------------------------


def svg(page: Sequence[tuple[float, float, Label]]) -> str:
    """One page."""
    drawn = "".join(_svg(x, y, label) for x, y, label in page)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{A4[0]:g}mm" height="{A4[1]:g}mm" viewBox="0 0 {A4[0]:g} {A4[1]:g}" '
            f'font-family="Helvetica, Arial, sans-serif">\n{drawn}</svg>\n')


WEIGHTS = {False: "normal", True: "bold"}


def _svg(x: float, y: float, label: Label) -> str:
    path = "".join(f"M{x + PAD / 2 + left:.3f} {y + PAD + top:.3f}h{width:.3f}v{height:.3f}h-{width:.3f}z"
                   for left, top, width, height in modules(label.holds))
    texts = "".join(f'<text x="{left:.2f}" y="{base:.2f}" font-size="{size:g}" font-weight="{WEIGHTS[bold]}">{escape(text)}</text>'
                    for left, base, text, size, bold in _texts(x, y, label))
    return f'<g><title>{escape(label.holds)}</title><path d="{path}"/>{texts}</g>\n'


def html(labels: Iterable[Label]) -> str:
    """Every page, ready to print."""
    pages = "".join(svg(page) for page in sheets(labels))
    return ('<!doctype html>\n<html lang="fr"><head><meta charset="utf-8"><title>Étiquettes</title>\n'
            "<style>@page { size: A4; margin: 0 } body { margin: 0 } svg { display: block; page-break-after: always }</style>"
            f"</head><body>\n{pages}</body></html>\n")


# -- PDF -----------------------------------------------------------------------------------------------------------------------


def pdf(labels: Iterable[Label]) -> bytes:
    """Every page, in the fonts that every reader has."""
    return document("\n".join(_pdf(x, y, label) for x, y, label in page) for page in sheets(labels))


def _pdf(x: float, y: float, label: Label) -> str:
    """A label's operators: `re` draws a rectangle, `f` fills them. Its origin is below on the left."""
    boxes = " ".join(f"{(x + PAD / 2 + left) * MM:.2f} {(A4[1] - y - PAD - top - height) * MM:.2f} {width * MM:.2f} "
                     f"{height * MM:.2f} re" for left, top, width, height in modules(label.holds))
    texts = " ".join(show(*each) for each in _texts(x, y, label))
    return f"{boxes} f {texts}"
