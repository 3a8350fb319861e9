"""Conditions on events: cases/traits/conditions.yaml."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import duckdb
import pytest

from pipelines.conditions import OPERATORS, Column, Parameters, compiled, from_text, parse, problems
from pipelines.errors import ConfigError
from pipelines.naming import column_name
from tests.traits.cases import cases

Case = Mapping[str, Any]  # Any: read from YAML

TYPES = {
    "channel": "varchar",
    "total": "double",
    "quantity": "bigint",
    "gift": "boolean",
    "placed_at": "timestamp",
    "mixed": "varchar",
}

EVENTS = """
    create table event as from (values
        ('a', 'web',   12.5::double, 3::bigint, true,  timestamp '2026-01-02 03:04:05', '12.5'),
        ('b', 'Store', 100,  1, false, timestamp '2026-02-01', '2026-01-01T00:00:00+02:00'),
        ('c', 'café',  null, null, null, null, 'true'),
        ('d', null,    null, null, null, null, null)
    ) as t(id, channel, total, quantity, gift, placed_at, mixed)
    """


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute(EVENTS)
        yield con


def column(name: str) -> Column | None:
    found = column_name(name)
    return Column(found, TYPES[found]) if found in TYPES else None


@pytest.mark.parametrize("case", [case for case in cases("conditions") if "matches" in case.values[0]])
def test_matches(case: Case, con: duckdb.DuckDBPyConnection) -> None:
    parameters = Parameters()
    sql = compiled(from_text(json.dumps(case["where"], default=date.isoformat)), column, parameters)
    rows = con.execute(f"select id, {sql} from event order by id", parameters.values or None).fetchall()
    assert "".join(name for name, matched in rows if matched) == case["matches"]
    assert None not in {matched for _, matched in rows}


@pytest.mark.parametrize("case", [case for case in cases("conditions") if "faults" in case.values[0]])
def test_faults(case: Case) -> None:
    found = problems(case["where"])
    assert [f"{'.'.join(('where', *map(str, fault.path)))}: {fault.what}" for fault in found] == case[
        "faults"
    ]
    with pytest.raises(ConfigError):
        parse(case["where"])


def test_every_operator_has_a_case() -> None:
    written = json.dumps([case.values[0]["where"] for case in cases("conditions")], default=str)
    assert [operator for operator in OPERATORS if f'"{operator}"' not in written] == []
    assert len(OPERATORS) == 16


def test_a_near_miss_gets_a_hint() -> None:
    (fault,) = problems({"property": "total", "greater": 1})
    assert fault.hint == "did you mean `greater_than`?"
