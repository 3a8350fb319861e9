"""A bar chart small enough to live in the metadata of an asset: SVG, written by hand."""

import base64
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, ROW, LABEL, BAR = 520, 26, 110, 300
"""Pixels: the whole chart, one bar with its gap, the room for labels, the longest bar."""


class Bar(NamedTuple):
    """One bar: what it counts and how many."""

    label: str
    count: int


def bars(title: str, rows: Sequence[Bar]) -> str:
    """The chart as SVG text: one horizontal bar a row, in the given order, its count behind it.

    The longest bar fills the room for bars, others are in proportion, and one that counts something is never
    thinner than a pixel, so that a single profile among a million is still seen.

    >>> bars("Profiles", [Bar("1", 3)]).startswith("<svg")
    True
    """
    longest = max((row.count for row in rows), default=0)
    height = ROW * (len(rows) + 1) + 8
    lines = [f'<text x="0" y="16" font-size="14" font-weight="600">{escape(title)}</text>']
    for place, (label, count) in enumerate(rows, start=1):
        top = ROW * place + 4
        width = max(1, round(BAR * count / longest)) if count else 0
        middle = top + 13
        lines += [
            f'<text x="{LABEL - 8}" y="{middle}" font-size="12" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LABEL}" y="{top}" width="{width}" height="{ROW - 8}" rx="2" fill="#4f6bed"/>',
            f'<text x="{LABEL + width + 6}" y="{middle}" font-size="12">{count:,}</text>',
        ]
    size = f'width="{WIDTH}" height="{height}"'
    frame = f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif">'
    ground = f'<rect {size} fill="#ffffff"/>'
    return "\n".join([frame, ground, *lines, "</svg>"])


def image(title: str, rows: Sequence[Bar]) -> str:
    """The same chart as a Markdown image that holds its own bytes, which is what Dagster's pages can show."""
    data = base64.b64encode(bars(title, rows).encode()).decode("ascii")
    return f"![{title}](data:image/svg+xml;base64,{data})"
