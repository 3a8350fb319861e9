"""Values as JSON: cases/traits/values.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pytest

from pipelines.traits.values import json_text
from tests.traits.cases import cases


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        yield con


@pytest.mark.parametrize("case", cases("values"))
def test_value(case: Mapping[str, Any], con: duckdb.DuckDBPyConnection) -> None:
    kind = con.execute(f"describe select {case['sql']} as v").fetchall()[0][1]
    written = json_text("v", kind)
    if case.get("refused"):
        assert written is None
        return
    ((text,),) = con.execute(f"select {written} from (select {case['sql']} as v)").fetchall()
    assert text == case["json"]
    if text is not None:
        json.loads(text)
