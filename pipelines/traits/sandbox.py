"""The second wall: where a user's query runs.

A sandbox is a DuckDB of its own, in memory. It holds copies of the columns the queries read and nothing
else: not the store, not `ops`, not `state`. From the start it can reach no file, and its configuration is
locked; a query runs under a memory limit and a deadline. The store is never open to it, so there is nothing
a query could write to.

(DuckDB cannot attach the store's file a second time in one process, and access to files, once off, stays
off for the whole process's database; hence a database of its own.)

The clock stands still: `now()`, `current_date` and the like are the time of the run, so that a run with the
same `--now` returns the same rows.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.naming import literal, quoted
from pipelines.traits.inspection import Query, Schema
from pipelines.traits.vocabulary import CLOCKS

RESULT = "trait__result"
"""The temporary table in which a query's rows stand while they are checked. No event's table is called so:
snake case has no two underscores in a row.
"""

_ARROW_ROWS = 122_880

# What stands before the user's text; positions in DuckDB's complaints count from its start.
DESCRIBE = "describe (\n"
RUN = f"create or replace temp table {RESULT} as select * from (\n"


@dataclass(frozen=True, slots=True)
class Room:
    """What a sandbox may use: bytes of memory, threads (None: DuckDB's choice), a folder to spill to."""

    memory: int
    threads: int | None
    scratch: Path


@contextlib.contextmanager
def sandbox(space: str, schema: Schema, now: datetime, room: Room) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked database in memory whose schema `space` has these tables, empty; `fill` those that are
    needed.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": f"{room.memory}B",
        "temp_directory": str(room.scratch),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "errors_as_json": "true",
    }
    if room.threads is not None:
        config["threads"] = str(room.threads)
    con = duckdb.connect(":memory:", config=config)
    try:
        con.execute("set TimeZone = 'UTC'")
        con.execute(f"create schema if not exists {quoted(space)}")
        con.execute(f"use memory.{quoted(space)}")
        for table, columns in schema.items():
            declared = ", ".join(f"{quoted(name)} {type_name}" for name, type_name in columns.items())
            con.execute(f"create table {quoted(table)} ({declared})")
        for clock, type_name in CLOCKS.items():
            con.execute(
                f"create macro {clock}() as cast(timestamp {literal(now.isoformat())} as {type_name})"
            )
        con.execute("set enable_external_access = false")
        con.execute("set lock_configuration = true")
        yield con
    finally:
        con.close()


def fill(con: duckdb.DuckDBPyConnection, store: duckdb.DuckDBPyConnection, queries: Sequence[Query]) -> None:
    """Copy the columns that any of the queries reads out of the store, as a stream of Arrow batches."""
    union: dict[str, dict[str, None]] = {}
    for query in queries:
        for table, columns in query.reads.items():
            union.setdefault(table, {}).update(dict.fromkeys(columns))
    for table, wanted in sorted(union.items()):
        names = ", ".join(quoted(name) for name in wanted)
        reader = store.sql(f"select {names} from {quoted(table)}").to_arrow_reader(_ARROW_ROWS)
        con.register("trait__incoming", reader)
        con.execute(f"insert into {quoted(table)} ({names}) select {names} from trait__incoming")
        con.unregister("trait__incoming")


@contextlib.contextmanager
def deadline(con: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[None]:
    """Interrupt whatever `con` is doing when the time is up; DuckDB then raises `InterruptException`."""
    timer = threading.Timer(seconds, con.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def described(con: duckdb.DuckDBPyConnection, query: Query) -> list[tuple[str, str]]:
    """The query's columns as (name, DuckDB type), in order; binds it, runs nothing."""
    rows = con.execute(f"{DESCRIBE}{query.sql}\n)").fetchall()
    return [(row[0], row[1]) for row in rows]


def run(con: duckdb.DuckDBPyConnection, query: Query, most_rows: int, seconds: float) -> None:
    """Put the query's rows (at most `most_rows` + 1, so that too many show) into `RESULT`."""
    with deadline(con, seconds):
        con.execute(f"{RUN}{query.sql}\n) limit {most_rows + 1}")
