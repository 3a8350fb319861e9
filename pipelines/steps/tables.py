"""What stands in a space's schema: its tables by kind, with their sizes and columns."""

from __future__ import annotations

from itertools import groupby
from typing import Literal, NamedTuple

import duckdb

from pipelines import sqlfiles
from pipelines.naming import literal, quoted
from pipelines.steps.report import look

Kind = Literal["updates", "events", "profiles"]


class Column(NamedTuple):
    """A column and its DuckDB type."""

    name: str
    type: str


class SyncTable(NamedTuple):
    """One table of the space: history it adds to (`updates`, `events`), or how things stand (`profiles`)."""

    name: str
    kind: Kind
    rows: int
    columns: tuple[Column, ...]


def tables(con: duckdb.DuckDBPyConnection) -> tuple[SyncTable, ...]:
    """All tables of the space by name, with their exact number of rows."""
    found = [
        (name, tuple(Column(column, type_) for _, column, type_ in group))
        for name, group in groupby(look(con, "tables"), key=lambda row: str(row[0]))
    ]
    counts = _counts(con, [name for name, _ in found])
    return tuple(SyncTable(name, kind(name), counts[name], columns) for name, columns in found)


def kind(name: str) -> Kind:
    """The kind of a table: how things stand is filled by a model, updates are called so, the rest are events.

    >>> kind("id_graph_updates"), kind("tracks")
    ('updates', 'events')
    """
    if f"models/{name}.sql" in sqlfiles.files("models"):
        return "profiles"
    return "updates" if name.endswith("_updates") and f"tables/{name}.sql" in sqlfiles.tables() else "events"


def _counts(con: duckdb.DuckDBPyConnection, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    counting = " union all ".join(f"select {literal(name)}, count(*) from {quoted(name)}" for name in names)
    return dict(con.execute(counting).fetchall())
