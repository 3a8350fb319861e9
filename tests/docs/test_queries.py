"""Every query a page shows runs on the sample; where the page shows its result, that is the result."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from tests.docs.markdown import PAGES, Block, blocks

QUERIES = [block for page in PAGES for block in blocks(page, "sql")]


def as_shown(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A result the way the pages write it: a line of names, then a line a row, ` | ` between cells."""
    rows = con.execute(sql).fetchall()
    names = [column[0] for column in con.description or ()]
    return "".join(" | ".join(map(_cell, row)).rstrip() + "\n" for row in [names, *rows])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return "" if value is None else str(value).replace("\n", "\\n")


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_shown_runs_and_finds_something(sample: duckdb.DuckDBPyConnection, query: Block) -> None:
    assert sample.execute(query.text).fetchall()


@pytest.mark.parametrize("query", [q for q in QUERIES if q.shown is not None], ids=lambda query: query.where)
def test_a_result_shown_is_the_result(sample: duckdb.DuckDBPyConnection, query: Block) -> None:
    assert as_shown(sample, query.text) == query.shown
