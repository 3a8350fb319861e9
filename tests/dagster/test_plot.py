"""The bar chart in an asset's metadata."""

from __future__ import annotations

import base64
import re

from pipelines.assets.plot import INLINE, LONGEST, Bar, bars, image


def test_lengths_are_in_proportion_and_never_nothing_for_something() -> None:
    drawing = bars([Bar("1", 1_000_000), Bar("2", 500_000), Bar("3", 1), Bar("4", 0)])
    assert [int(length) for length in re.findall(r"h(\d+)v", drawing)] == [LONGEST, LONGEST // 2, 1, 0]
    assert re.findall(r">([^<]+)</tspan>", drawing) == ["1: 1,000,000", "2: 500,000", "3: 1", "4: 0"]


def test_labels_are_text() -> None:
    assert ">&gt; 8 &amp; &lt;more&gt;: 1</tspan>" in bars([Bar("> 8 & <more>", 1)])


def test_a_full_chart_of_millions_is_shown_in_its_place() -> None:
    rows = [*(Bar(str(size), 9_876_543) for size in range(1, 9)), Bar("> 8", 9_876_543)]
    markdown = image("profiles by size", rows)
    assert len(markdown) < INLINE
    assert base64.b64decode(markdown.partition("base64,")[2].rstrip(")")).startswith(b"<svg")


def test_no_profiles_are_no_bars() -> None:
    assert "tspan" not in bars([])
