"""A bar chart small enough for the metadata of an asset: SVG, written by hand.

Dagster shows Markdown in its place only below a thousand characters, and behind a link above that. So the
chart is one path for all bars and one line of text for each.
"""

import base64
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

INLINE = 1000
"""Characters from which Dagster hides Markdown behind a link."""

LEFT, LONGEST, ROW, HEIGHT = 110, 300, 18, 12
"""Pixels: where bars begin, how long one can be, from one bar to the next, how high one is."""


class Bar(NamedTuple):
    """One bar: what it counts and how many."""

    label: str
    number: int


def bars(rows: Sequence[Bar]) -> str:
    """The chart as SVG: a row a bar, in the given order, its label and count to the left of it.

    Lengths are in proportion, but a bar that counts something is never thinner than a pixel, so that a single
    profile among a million is still seen.

    >>> bars([Bar("1", 3)]).startswith("<svg")
    True
    """
    most = max((row.number for row in rows), default=0)
    path, text = "", ""
    for place, (label, number) in enumerate(rows):
        top = place * ROW
        length = max(1, round(LONGEST * number / most)) if number else 0
        path += f"M{LEFT} {top}h{length}v{HEIGHT}H{LEFT}"
        text += f'<tspan x="{LEFT - 6}" y="{top + HEIGHT - 2}">{escape(label)}: {number:,}</tspan>'
    size = f'width="{LEFT + LONGEST}" height="{ROW * len(rows)}" font-size="12"'
    drawn = f'<path fill="#56e" d="{path}"/><text fill="#777" text-anchor="end">{text}</text>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{drawn}</svg>'


def image(title: str, rows: Sequence[Bar]) -> str:
    """The same chart as a Markdown image that holds its own bytes, which is what Dagster's pages can show."""
    data = base64.b64encode(bars(rows).encode()).decode("ascii")
    return f"![{title}](data:image/svg+xml;base64,{data})"
