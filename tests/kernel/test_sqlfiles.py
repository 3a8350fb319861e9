from __future__ import annotations

import duckdb
import pytest

from pipelines import sqlfiles


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", ()),
        ("-- nothing but a comment\n", ()),
        (";;", ()),
        ("select 1", ("select 1",)),
        ("select 1; -- one\nselect 2;\n", ("select 1", "-- one\nselect 2")),
        ("select ';', \";\" from t /* ; */; select 2", ("select ';', \";\" from t /* ; */", "select 2")),
        ("select 'it''s; ok'", ("select 'it''s; ok'",)),
        ("select $$;$$ as a; select $b", ("select $$;$$ as a", "select $b")),
        ("select 'é;日本' as a; select 2", ("select 'é;日本' as a", "select 2")),
    ],
)
def test_split(script: str, expected: tuple[str, ...]) -> None:
    assert sqlfiles.split(script) == expected


def test_every_table_file_creates_the_table_it_is_named_after() -> None:
    for schema in ("", "ops", "state"):
        for path in sqlfiles.tables(schema):
            con = duckdb.connect()
            con.execute("create schema ops; create schema state")
            name = path.rpartition("/")[2].removesuffix(".sql")
            ddl = sqlfiles.statements(path)
            assert len(ddl) == 1, path
            if ddl[0].lower().find("create view") < 0 and ddl[0].lower().find("create or replace view") < 0:
                con.execute(ddl[0])
                found = con.sql("select schema_name, table_name from duckdb_tables()").fetchall()
                assert found == [(schema or "main", name)], path


def test_a_statement_has_no_parameters_unless_given() -> None:
    assert sqlfiles.Statement("select 1") == ("select 1", {}, "")
