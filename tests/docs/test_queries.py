"""Every query a page shows runs on the sample; where the page shows its result, that is the result."""

from __future__ import annotations

import duckdb
import pytest

from tests.docs.markdown import PAGES, ROOT, Block, blocks
from tests.docs.results import SampleRun, as_shown

QUERIES = [block for page in PAGES for block in blocks(page, "sql")]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_shown_finds_something_and_what_is_shown(
    sample: duckdb.DuckDBPyConnection, query: Block
) -> None:
    found = as_shown(sample, query.text)
    assert found.count("\n") > 1
    assert query.shown in (None, found)


def test_the_first_screen_shows_what_a_run_prints(sample_run: SampleRun) -> None:
    """The README leaves lines out, marked with an ellipsis; every other line is printed as it stands."""
    (first, *_) = blocks(ROOT / "README.md", "text")
    shown = [line.rstrip() for line in first.text.splitlines() if line.strip() not in ("", "…")]
    assert [line for line in shown if line not in sample_run.printed] == []
