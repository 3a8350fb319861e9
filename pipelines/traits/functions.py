"""Which functions a SQL trait calls, and whether it may.

DuckDB's own tree is asked, since it names every function as DuckDB will look it up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import duckdb

from pipelines.errors import TraitError
from pipelines.traits.definitions import SqlTrait
from pipelines.traits.pointing import at, offset_of_byte
from pipelines.traits.vocabulary import ALLOWED, ALLOWED_IN_FROM

_SYSTEM_SCHEMAS = frozenset({"main", "pg_catalog", "information_schema", "system", "temp"})


def refuse_functions(trait: SqlTrait, sql: str) -> None:
    """Raise `TraitError` at the first function that is not in the vocabulary: `function_not_allowed`, or
    `table_function` where it stands for a table. Operators are functions too.
    """
    with duckdb.connect() as con:
        row = con.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchone()
    tree = json.loads(row[0]) if row else {"error": True}
    if tree["error"]:
        raise TraitError(
            "the statement is not a plain query",
            line=1,
            column=1,
            code="not_read_only",
            where=trait.file,
            expected="one read-only SELECT",
            hint="write it as one: with ... select ...",
        )
    for node in _nodes(tree["statements"]):
        if node.get("type") == "TABLE_FUNCTION":
            # Of the two positions, the table's is the one DuckDB fills in.
            called = {**node["function"], "query_location": node["query_location"]}
            if called["function_name"].lower() not in ALLOWED_IN_FROM:
                raise _refused(trait, called, "table_function", "a table of the space")
        elif node.get("class") in ("FUNCTION", "WINDOW") and not _allowed(node):
            raise _refused(trait, node, "function_not_allowed", "a function that only computes")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:  # Any: JSON of any shape
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for part in tree:
            yield from _nodes(part)


def _allowed(called: Mapping[str, Any]) -> bool:
    named = called.get("schema", "").lower() in _SYSTEM_SCHEMAS or called.get("catalog", "")
    return called["function_name"].lower() in ALLOWED and not named


def _refused(trait: SqlTrait, called: Mapping[str, Any], code: str, expected: str) -> TraitError:
    name = called["function_name"].lower()
    close = get_close_matches(name, ALLOWED, n=1)
    if code == "table_function":
        what = f"the table function {name} is not allowed in a trait"
        hint = "bring the data in as events or uploads; a trait reads tables of the space"
    else:
        what = f"the function {name} is not allowed in a trait"
        hint = (
            f"did you mean {close[0]}?" if close and close[0] != name else "compute it without that function"
        )
    byte = called.get("query_location", 0)
    return at(
        trait.text,
        offset_of_byte(trait.text, byte) if byte < len(trait.text.encode()) else 0,
        what,
        file=trait.file,
        code=code,
        expected=expected,
        hint=hint,
    )
