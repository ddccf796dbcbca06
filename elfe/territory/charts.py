"""Charts that every mail client and telephone shows: cells of tables with colours, no image, no script. Pure.

Outlook knows neither flexible boxes nor positions, Gmail drops what it does not know: what all agree on are tables, `bgcolor`,
`width` and `height`. Whoever hears a page instead of seeing it is told the chart by its label.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from attrs import frozen

TALLEST_PX = 48
LABELLED_EVERY = 6
"""On a narrow telephone « 11 h 15 » has room under so many bars."""
GREEN, GREY = "#2A7F62", "#9AA5B1"
"""Local energy, and all that was drawn: told apart without colours too, by how light they are."""


@frozen
class Bar:
    """A bar: its share of the tallest, its colour (none: nothing is drawn, it is not known), what is told of it."""

    share: float
    color: str
    title: str


def bars(columns: Sequence[Sequence[Bar]], labels: Sequence[str], aloud: str) -> str:
    """Groups of bars side by side, all of one width; under every sixth group its label."""
    width = len(columns[0]) if columns else 1
    drawn = "".join(_bar(each) for group in columns for each in group)
    named = "".join(_label(labels[first:first + LABELLED_EVERY], width) for first in range(0, len(labels), LABELLED_EVERY))
    return (f'<table role="img" aria-label="{html.escape(aloud)}" width="100%" cellspacing="1" cellpadding="0" border="0" '
            f'style="table-layout:fixed"><tr>{drawn}</tr><tr>{named}</tr></table>')


def _label(labels: Sequence[str], width: int) -> str:
    """What stands under some groups: the label of the first, where there is room for it."""
    named = f"<small>{html.escape(labels[0])}</small>" if 2 * len(labels) >= LABELLED_EVERY else ""
    return f'<td colspan="{width * len(labels)}" align="left">{named}</td>'


def _bar(bar: Bar) -> str:
    height = max(1, round(TALLEST_PX * min(1.0, max(0.0, bar.share))))
    color = f'bgcolor="{bar.color}" ' if bar.color else ""
    return (f'<td height="{TALLEST_PX}" valign="bottom" title="{html.escape(bar.title)}" style="font-size:1px;line-height:1px">'
            f'<table width="100%" cellspacing="0" cellpadding="0" border="0"><tr><td {color}height="{height}" '
            f'style="height:{height}px">&nbsp;</td></tr></table></td>')


def share(part: float, aloud: str) -> str:
    """A horizontal bar of which a share is green; next to nothing and next to all still show the other."""
    green = min(99, max(1, round(100 * part))) if 0 < part < 1 else round(100 * min(1.0, max(0.0, part)))
    cells = "".join(f'<td bgcolor="{color}" width="{width}%" height="10" style="font-size:1px;line-height:1px">&nbsp;</td>'
                    for color, width in ((GREEN, green), (GREY, 100 - green)) if width)
    return (f'<table role="img" aria-label="{html.escape(aloud)}" width="100%" cellspacing="0" cellpadding="0" border="0">'
            f"<tr>{cells}</tr></table>")
