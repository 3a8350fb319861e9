"""Every query a page shows runs on the sample; where the page shows its result, that is the result."""

from __future__ import annotations

import duckdb
import pytest

from tests.docs.markdown import PAGES, Block, blocks
from tests.docs.results import as_shown

QUERIES = [block for page in PAGES for block in blocks(page, "sql")]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_shown_finds_something_and_what_is_shown(
    sample: duckdb.DuckDBPyConnection, query: Block
) -> None:
    found = as_shown(sample, query.text)
    assert found.count("\n") > 1
    assert query.shown in (None, found)
