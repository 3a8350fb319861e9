"""Which statements make room for what a batch holds."""

from __future__ import annotations

import duckdb
import pytest

from pipelines import sqlfiles
from pipelines.profiles.layout import TRAITS, Met, lay_out
from pipelines.profiles.survey import Path
from pipelines.types import Kind

PATHS: set[Path] = {("a",)}


def never(_table: str, _column: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("before", "kinds", "after"),
    [
        ("bigint", Kind.INT, "bigint"),
        ("bigint", Kind.DOUBLE, "double"),
        ("bigint", Kind.TEXT, "varchar"),
        ("double", Kind.INT, "double"),
        ("double", Kind.BIGINT, "varchar"),
        ("boolean", Kind.INT, "varchar"),
        ("timestamp", Kind.TEXT, "varchar"),
        ("varchar", Kind.TIMESTAMP, "varchar"),
        ("varchar", Kind.NULL, "varchar"),
    ],
)
def test_a_column_widens_once(before: str, kinds: Kind, after: str) -> None:
    layout = lay_out({"e": {"a": Met(kinds, PATHS)}}, {"e": {"a": before}}, never)
    assert layout.columns["e"]["a"] == after
    assert len(layout.statements) == (before != after)


def test_a_bigint_beyond_doubles_becomes_text_where_it_meets_one() -> None:
    layout = lay_out({"e": {"a": Met(Kind.DOUBLE, PATHS)}}, {"e": {"a": "bigint"}}, lambda *_: True)
    assert layout.columns["e"]["a"] == "varchar"


def test_nulls_alone_make_no_column() -> None:
    layout = lay_out({"e": {"a": Met(Kind.NULL, set())}}, {"e": {}}, never)
    assert (layout.columns, layout.statements) == ({"e": {}}, ())


def test_traits_are_columns_of_both_wide_tables() -> None:
    layout = lay_out({TRAITS: {"plan": Met(Kind.TEXT, {("plan",)})}}, {TRAITS: {}}, never)
    assert [statement.sql for statement in layout.statements] == [
        'alter table "profile_traits_updates" add column "plan" varchar',
        'alter table "profile_traits" add column "plan" varchar',
    ]


def test_the_table_of_an_event_is_made_at_once_with_its_columns() -> None:
    layout = lay_out({"e": {"b": Met(Kind.INT, {("b",)}), "a": Met(Kind.BOOL, {("a",)})}}, {}, never)
    (statement,) = layout.statements
    with duckdb.connect() as con:
        for text in (statement.sql, sqlfiles.read("tables/tracks.sql")):
            con.execute(text)
        made, tracks = (con.execute(f"describe {name}").fetchall() for name in ("e", "tracks"))
    assert made[:-2] == tracks
    assert [column[:2] for column in made[-2:]] == [("a", "BOOLEAN"), ("b", "BIGINT")]
