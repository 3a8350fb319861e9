from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines import naming, sqlfiles
from tests.kernel.cases import cases


@pytest.mark.parametrize("case", cases("naming/snake.yaml"))
def test_snake(case: dict[str, Any]) -> None:
    assert naming.snake(case["name"]) == case["snake"]


@pytest.mark.parametrize("case", cases("naming/columns.yaml"))
def test_column_name(case: dict[str, Any]) -> None:
    assert naming.column_name(case["name"]) == case["column"]


@pytest.mark.parametrize("case", cases("naming/tables.yaml"))
def test_table_name(case: dict[str, Any]) -> None:
    assert naming.table_name(case["event"]) == case["table"]


def test_reserved_columns_can_be_another_set() -> None:
    assert naming.column_name("Id", reserved={"colour"}) == "id"
    assert naming.column_name("Colour", reserved={"colour"}) == "_colour"


@given(st.text())
def test_a_column_is_a_fixed_point_unless_it_was_prefixed(name: str) -> None:
    column = naming.column_name(name)
    assert column.startswith("_") or naming.column_name(column) == column


@given(st.text(min_size=1), st.text(min_size=1))
def test_snake_of_a_joined_path_is_the_joined_snake(parent: str, child: str) -> None:
    levels = [naming.snake(level) for level in (parent, child)]
    if not any(level.startswith("_") for level in levels):
        assert naming.snake(f"{parent}_{child}") == "_".join(levels)


@given(st.text())
def test_no_name_becomes_a_table_or_column_of_the_system(name: str) -> None:
    assert naming.table_name(name) not in naming.RESERVED_TABLES
    column = naming.column_name(name)
    assert column not in naming.RESERVED_COLUMNS
    assert not column.startswith(naming.RESERVED_PREFIXES)


@given(st.text("ab_ 1Ü", min_size=1), st.integers(200, 400))
def test_long_names_are_bounded_and_stay_different(part: str, length: int) -> None:
    name = (part * length)[:length]
    one, other = naming.column_name(f"{name}a"), naming.column_name(f"{name}b")
    assert one != other
    assert max(len(one), len(other), len(naming.table_name(name))) <= naming.LONGEST_NAME
    whole = naming.snake(f"{name}a")
    assert one.removeprefix("_") == whole.removeprefix("_") or len(whole) >= naming.LONGEST_NAME
    if not one.startswith("_"):
        assert naming.column_name(one) == one


def test_every_table_of_the_space_is_reserved() -> None:
    tables = {path.rpartition("/")[2].removesuffix(".sql") for path in sqlfiles.tables()}
    assert tables <= naming.RESERVED_TABLES


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1))
def test_quoted_names_and_literals_survive_duckdb(text: str) -> None:
    selected = duckdb.execute(f"select {naming.literal(text)} as {naming.quoted(text)}")
    assert selected.description is not None
    assert (selected.description[0][0], selected.fetchall()) == (text, [(text,)])
