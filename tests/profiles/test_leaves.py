"""The walk over JSON bytes against Python's own parser: the same paths, kinds and values, on any object."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.profiles.cells import iso_texts, text_column, times
from pipelines.profiles.leaves import MAX_DEPTH, Reading, Texts, discover, extract, texts
from pipelines.profiles.survey import Census, Collection, Leaf, Survey, leaves
from pipelines.profiles.trie import new_trie
from pipelines.types import EXACT_IN_DOUBLE, Kind

PLAIN = np.zeros(2, dtype=np.bool_)


class Raw(str):
    """A number as it is written."""

    __slots__ = ()


Value = tuple[int, str | None]
"""Kind and text of a leaf."""


class Walked(NamedTuple):
    kinds: dict[tuple[str, ...], int]
    values: list[dict[tuple[str, ...], Value]]


def walked(documents: Sequence[str | None]) -> Walked:
    """What the compiled walk finds: kinds by path over all documents, values by path in each."""
    rows = len(documents)
    json_texts = texts(pl.Series(documents, dtype=pl.String))
    roots = np.zeros(rows, dtype=np.int32)
    # A small trie, so that it has to grow now and then.
    trie = discover(json_texts, roots, PLAIN, new_trie(2, capacity=4))
    code = np.zeros(rows, dtype=np.int32)
    census = Census((Collection("e", "e", False, True),), code, np.arange(rows), np.array([0, rows]))
    found = list(leaves(Survey(census, trie)))
    return Walked({leaf.path: leaf.kinds for leaf in found}, _values(json_texts, found, rows, trie))


def _values(json_texts: Texts, found: list[Leaf], rows: int, trie: Any) -> list[dict[tuple[str, ...], Value]]:
    column = np.full(int(trie.size[0]), -1, dtype=np.int32)
    paths = list(dict.fromkeys(leaf.path for leaf in found))
    for leaf in found:
        column[leaf.node] = paths.index(leaf.path)
    reading = Reading(len(paths), column, np.zeros(len(column), dtype=np.int32))
    roots = np.zeros(rows, dtype=np.int32)
    cells = extract(json_texts, np.arange(rows), roots, PLAIN, trie, reading)
    columns = [text_column(json_texts.data, cells, place).to_list() for place in range(len(paths))]
    return [
        {
            path: (int(cells.kind[place, row]) & 1023, columns[place][row])
            for place, path in enumerate(paths)
            if cells.kind[place, row]
        }
        for row in range(rows)
    ]


def expected(document: str) -> dict[tuple[str, ...], Value]:
    """What Python's parser finds in one document."""
    tree = json.loads(document, parse_int=Raw, parse_float=Raw)
    return dict(_expected(tree, ()))


def _expected(tree: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Value]]:
    for key, value in tree.items():
        path = (*above, key)
        if isinstance(value, dict):
            yield from _expected(value, path)
        else:
            yield path, _value(value)


def _value(value: Any) -> Value:
    if value is None:
        return Kind.NULL, None
    if isinstance(value, bool):
        return Kind.BOOL, str(value).lower()
    if isinstance(value, Raw):
        return _number_kind(value), str(value)
    if isinstance(value, list):
        return Kind.ARRAY, json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Kind.TEXT, value


def _number_kind(text: str) -> Kind:
    if any(letter in text for letter in ".eE"):
        size = abs(float(text))
        # Near the ends of the range the text is kept: 1e308 and more, and what is not normal.
        return Kind.HUGE if math.isinf(size) or size >= 1e308 or 0 < size < 1e-307 else Kind.DOUBLE
    if abs(int(text)) <= EXACT_IN_DOUBLE:
        return Kind.INT
    return Kind.BIGINT if -(2**63) <= int(text) < 2**63 else Kind.HUGE


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: x == 0 or 1e-300 < abs(x) < 1e300)
    | TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.dictionaries(TEXT, inner, max_size=4) | st.lists(st.none() | st.booleans() | TEXT, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=6)


@given(st.lists(OBJECTS, min_size=1, max_size=6), st.booleans())
def test_the_walk_finds_what_the_parser_finds(objects: list[dict[str, Any]], ascii_only: bool) -> None:
    documents = [json.dumps(one, ensure_ascii=ascii_only, separators=(",", ":")) for one in objects]
    found = walked([*documents, None])
    parsed = [expected(document) for document in documents]
    # Arrays are kept as they are written, so with escapes where those were.
    assert [{path: _loaded(value) for path, value in row.items()} for row in found.values] == [
        *({path: _loaded(value) for path, value in row.items()} for row in parsed),
        {},
    ]
    kinds: dict[tuple[str, ...], int] = {}
    for row in parsed:
        for path, (kind, _) in row.items():
            kinds[path] = kinds.get(path, 0) | kind
    assert found.kinds == kinds


def _loaded(value: Value) -> Any:
    kind, text = value
    return (kind, json.loads(text)) if kind == Kind.ARRAY and text else value


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("0", Kind.INT),
        ("-0", Kind.INT),
        ("9007199254740992", Kind.INT),
        ("9007199254740993", Kind.BIGINT),
        ("-9223372036854775808", Kind.BIGINT),
        ("9223372036854775807", Kind.BIGINT),
        ("9223372036854775808", Kind.HUGE),
        ("-9223372036854775809", Kind.HUGE),
        ("18446744073709551616", Kind.HUGE),
        ("0.1", Kind.DOUBLE),
        ("-0.0", Kind.DOUBLE),
        ("0e999", Kind.DOUBLE),
        ("1e3", Kind.DOUBLE),
        ("0.00001E+5", Kind.DOUBLE),
        ("1e307", Kind.DOUBLE),
        ("1e308", Kind.HUGE),
        ("1e400", Kind.HUGE),
        ("1e-400", Kind.HUGE),
        ("123456789.5e305", Kind.HUGE),
        ("0.000001e310", Kind.DOUBLE),
        ("1e99999999999999999999", Kind.HUGE),
    ],
)
def test_numbers(text: str, kind: Kind) -> None:
    assert walked([f'{{"a":{text}}}']).values == [{("a",): (kind, text)}]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
        ("2026-01-31T08:00:00.5+01:00", "2026-01-31T07:00:00.5Z"),
        ("2024-02-29T23:59:59.123456-0530", "2024-03-01T05:29:59.123456Z"),
        ("2024-02-29T00:00:00.123456789Z", "2024-02-29T00:00:00.123456Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
        ("2023-02-29T00:00:00Z", None),
        ("2026-13-01T00:00:00Z", None),
        ("2026-01-31T24:00:00Z", None),
        ("2026-01-31T08:00:60Z", None),
        ("2026-01-31T08:00:00", None),
        ("2026-01-31 08:00:00Z", None),
        ("2026-01-31T08:00Z", None),
        ("2026-01-31", None),
        ("2026-01-31T08:00:00.Z", None),
        ("2026-01-31T08:00:00.5", None),
        ("2026-01-31T08:00:00+1", None),
        ("2026-01-31T08:00:00+24:00", None),
        ("2026-01-31T08:00:00Zulu", None),
        ("٢٠٢٦-01-31T08:00:00Z", None),
    ],
)
def test_times(text: str, utc: str | None) -> None:
    kind = Kind.TEXT if utc is None else Kind.TIMESTAMP
    assert walked([json.dumps({"a": text}, ensure_ascii=False)]).values == [{("a",): (kind, text)}]
    assert iso_texts(pl.Series([text])).to_list() == [utc]


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_a_time_is_what_python_reads(naive: datetime, minutes: int) -> None:
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{naive.isoformat(timespec='microseconds')}{sign}{hours:02}:{rest:02}"
    micros = times(pl.Series([text])).cast(pl.Int64)[0]
    since = naive - datetime.fromisoformat("1970-01-01")
    assert micros == (since.days * 86_400 + since.seconds - minutes * 60) * 1_000_000 + since.microseconds


def test_objects_nested_too_deep_stay_text() -> None:
    depth = MAX_DEPTH + 5
    document = '{"a":' * depth + "1" + "}" * depth
    (row,) = walked([document]).values
    ((path, (kind, text)),) = row.items()
    assert (len(path), kind) == (MAX_DEPTH, Kind.OBJECT)
    assert text is not None
    assert json.loads(text)


def test_of_a_key_given_twice_the_first_that_is_not_null_counts() -> None:
    assert walked(['{"a":null,"a":1,"a":2}']).values == [{("a",): (Kind.INT, "1")}]


def test_a_key_is_found_however_it_is_spelled() -> None:
    assert walked(['{"é":1}', '{"\\u00e9":2}']).values == [
        {("é",): (Kind.INT, "1")},
        {("é",): (Kind.INT, "2")},
    ]


def test_blanks_between_tokens_do_not_matter() -> None:
    (row,) = walked([' { "a" : [ 1 , "]" ] , "b" :\t-1 , "c" : { } , "d":{"e" : null } } ']).values
    assert row == {
        ("a",): (Kind.ARRAY, '[ 1 , "]" ]'),
        ("b",): (Kind.INT, "-1"),
        ("d", "e"): (Kind.NULL, None),
    }


def test_many_paths_and_long_keys() -> None:
    documents = [json.dumps({f"{'k' * 300}{row}.{key}": key for key in range(50)}) for row in range(40)]
    assert walked(documents).values == [expected(document) for document in documents]
