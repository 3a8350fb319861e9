"""The fingerprint of a space: what "the same bytes" means, in a form that can be compared and printed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

import duckdb

from pipelines.naming import quoted


class Print(NamedTuple):
    """One table: its columns in order, with types; its number of rows; a digest of their multiset."""

    columns: tuple[str, ...]
    rows: int
    digest: str


def fingerprint(store: Path, schema: str) -> dict[str, Print]:
    """Every table of a schema; equal exactly when tables, columns, types and multisets of rows are."""
    with duckdb.connect(store, read_only=True) as con:
        con.execute("set TimeZone = 'UTC'")
        columns: dict[str, list[str]] = {}
        for table, column, type_ in con.execute(
            "select table_name, column_name, data_type from duckdb_columns() "
            "where schema_name = $schema order by table_name, column_index",
            {"schema": schema},
        ).fetchall():
            columns.setdefault(table, []).append(f"{column} {type_}")
        return {table: _print(con, schema, table, tuple(listed)) for table, listed in columns.items()}


def _print(con: duckdb.DuckDBPyConnection, schema: str, table: str, columns: tuple[str, ...]) -> Print:
    name = f"{quoted(schema)}.{quoted(table)}"
    rows = con.execute(f"select to_json(t)::varchar as r from {name} t order by r").fetchall()
    return Print(columns, len(rows), hashlib.sha256("\n".join(row for (row,) in rows).encode()).hexdigest())
