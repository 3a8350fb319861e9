"""What stands in a space's schema: its tables by kind, with their sizes, and columns with what they mean."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Literal, NamedTuple

import duckdb

from pipelines import sqlfiles
from pipelines.naming import literal, quoted
from pipelines.steps.report import look

Kind = Literal["updates", "events", "profiles"]

_COMMENTED = re.compile(r"^  (\w+) .*?-- (.+)$", re.MULTILINE)
"""A column in a file of `sql/tables`, with the comment that says what it means."""


class Column(NamedTuple):
    """A column, its DuckDB type, and what it means; columns made on demand say nothing of themselves."""

    name: str
    type: str
    meaning: str | None


class SyncTable(NamedTuple):
    """One table of the space: history it adds to (`updates`, `events`), or how things stand (`profiles`)."""

    name: str
    kind: Kind
    rows: int
    columns: tuple[Column, ...]


def tables(con: duckdb.DuckDBPyConnection) -> tuple[SyncTable, ...]:
    """All tables of the space by name, with their exact number of rows."""
    grouped = [
        (str(name), list(columns)) for name, columns in groupby(look(con, "tables"), key=lambda row: row[0])
    ]
    counts = _counts(con, [name for name, _ in grouped])
    found = []
    for name, columns in grouped:
        meanings = _meanings(name)
        described = tuple(Column(column, type_, meanings.get(column)) for _, column, type_ in columns)
        found.append(SyncTable(name, kind(name), counts[name], described))
    return tuple(found)


def kind(name: str) -> Kind:
    """The kind of a table: how things stand is filled by a model, updates are called so, the rest are events.

    >>> kind("id_graph_updates"), kind("tracks")
    ('updates', 'events')
    """
    if f"models/{name}.sql" in sqlfiles.files("models"):
        return "profiles"
    return "updates" if name.endswith("_updates") and f"tables/{name}.sql" in sqlfiles.tables() else "events"


def _meanings(table: str) -> dict[str, str]:
    """What the columns of a table mean, from the comments in its file; a track event has those of tracks."""
    own = f"tables/{table}.sql"
    file = own if own in sqlfiles.tables() else "tables/tracks.sql"
    return dict(_COMMENTED.findall(sqlfiles.read(file)))


def _counts(con: duckdb.DuckDBPyConnection, names: list[str]) -> dict[str, int]:
    if not names:
        return {}
    counting = " union all ".join(f"select {literal(name)}, count(*) from {quoted(name)}" for name in names)
    return dict(con.execute(counting).fetchall())
