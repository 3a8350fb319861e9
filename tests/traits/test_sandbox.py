"""The second wall holds by itself: what inspection would refuse cannot do harm in a sandbox either."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.traits.inspection import Query
from pipelines.traits.sandbox import RESULT, Room, described, fill, run, sandbox
from pipelines.traits.vocabulary import ALLOWED, CLOCKS, GRAMMAR

NOW = datetime.fromisoformat("2026-01-02T03:04:05")
SCHEMA = {"events": {"user_id": "VARCHAR", "n": "BIGINT", "unread": "VARCHAR"}}


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with sandbox("shop", SCHEMA, NOW, Room(100_000_000, 1, tmp_path / "scratch")) as con:
        yield con


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from glob('/*')",
        "select * from '/etc/passwd'",
        "copy events to 'events.csv'",
        "attach 'other.duckdb'",
        "export database 'other'",
        "install httpfs",
        "set enable_external_access = true",
        "set memory_limit = '1TB'",
        "set lock_configuration = false",
        "set temp_directory = '/var'",
    ],
)
def test_nothing_outside_can_be_reached(con: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException, duckdb.CatalogException)):
        con.execute(sql)


def test_only_what_is_read_is_copied(con: duckdb.DuckDBPyConnection) -> None:
    with duckdb.connect() as store:
        store.execute(
            "create table events as select 'u' || i as user_id, i as n, 'x' as unread from range(5) t(i)"
        )
        fill(con, store, [Query("", {"events": ("user_id",)}), Query("", {"events": ("n",)})])
    assert con.execute("select count(user_id), sum(n), count(unread) from shop.events").fetchall() == [
        (5, 10, 0)
    ]


@pytest.mark.parametrize("clock", sorted(CLOCKS))
def test_the_clock_stands_still(con: duckdb.DuckDBPyConnection, clock: str) -> None:
    words = ("current_date", "current_time", "current_timestamp", "localtime", "localtimestamp")
    asked = clock if clock in words else f"{clock}()"
    told = f"cast(timestamp '2026-01-02 03:04:05' as {CLOCKS[clock]})"
    assert con.execute(f"select {asked} = {told}").fetchall() == [(True,)]


def test_a_query_ends_in_time_and_the_next_one_runs(con: duckdb.DuckDBPyConnection) -> None:
    endless = Query(
        "select 'u' as user_id, count(*) from range(100000) a, range(100000) b, range(100000) c", {}
    )
    with pytest.raises(duckdb.InterruptException):
        run(con, endless, 10, 0.2)
    run(con, Query("select 'u' as user_id, 1 as n", {}), 10, 60)
    assert con.execute(f"from {RESULT}").fetchall() == [("u", 1)]


def test_memory_is_limited_and_what_does_not_fit_is_spilled(con: duckdb.DuckDBPyConnection) -> None:
    rows = "select i::varchar || repeat('x', 90) as v from range({}) t(i)".format
    run(con, Query(f"select count(*) as n from ({rows(3_000_000)} order by v desc offset 10)", {}), 10, 60)
    with pytest.raises(duckdb.OutOfMemoryException):
        run(con, Query(f"select string_agg(v, '') as v from ({rows(5_000_000)})", {}), 10, 60)


def test_a_comment_at_the_end_hides_nothing(con: duckdb.DuckDBPyConnection) -> None:
    assert described(con, Query("select 1 as a -- the end", {})) == [("a", "INTEGER")]


def test_every_word_of_the_vocabulary_is_known_to_duckdb(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select distinct lower(function_name) from duckdb_functions()").fetchall()
    assert sorted(ALLOWED - GRAMMAR - {name for (name,) in rows}) == []


def test_the_vocabulary_leaves_out_what_reads_or_guesses(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select function_name from duckdb_functions() where stability = 'VOLATILE'").fetchall()
    assert sorted({name for (name,) in rows} & ALLOWED) == []
    reading = ("read_", "duckdb_", "pragma_", "parquet_", "pg_", "getenv", "glob", "query", "current_setting")
    assert [name for name in ALLOWED if name.startswith(reading)] == []
