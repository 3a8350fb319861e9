"""The compiled passes over columns say what DuckDB and Python say, value by value."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipelines.ingest import notes, taken
from pipelines.ingest.expressions import time_of
from pipelines.ingest.instants import instants
from pipelines.ingest.objects import objects
from pipelines.ingest.tokens import slices

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NUMBERS = st.integers(0, 99).map("{:02d}".format)
NEARLY_TIMES = st.builds(
    "{}-{}-{}{}{}:{}:{}{}{}".format,
    st.sampled_from(["0000", "0001", "1900", "1970", "2000", "2024", "2026", "9999", "20x6"]),
    NUMBERS,
    NUMBERS,
    st.sampled_from(["T", "T", " ", "t"]),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(["", ".", ".5", ".123", ".000001", ".1234567", ".12a"]),
    st.sampled_from(["Z", "Z", "z", "", "+00:00"]),
)
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(lambda time: time.isoformat() + "Z")  # noqa: DTZ001  # naive UTC


@given(st.lists(st.one_of(TIMES, NEARLY_TIMES), min_size=1, max_size=60))
@settings(deadline=None, derandomize=True, max_examples=60)
def test_a_time_read_at_once_is_the_one_sql_reads(texts: list[str]) -> None:
    found = read(texts)
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        con.register("texts", pa.table({"n": np.arange(len(texts)), "t": pa.array(texts)}))
        rows = con.execute(f"select {time_of('t')} from texts order by n").fetchall()
    told = [row[0] and row[0].replace(tzinfo=UTC) for row in rows]
    assert [time and other for time, other in zip(found, told, strict=True)] == found


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "2024-02-29T23:59:59.999999Z", "9999-12-31T23:59:59Z"]
)
def test_usual_times_are_read_at_once(text: str) -> None:
    assert read([text]) == [datetime.fromisoformat(text)]


@pytest.mark.parametrize(
    "text", ["2023-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "2026-13-01T00:00:00Z"]
)
def test_what_is_no_time_is_not_read(text: str) -> None:
    assert read([text]) == [None]


def read(texts: list[str]) -> list[datetime | None]:
    data = "".join(texts).encode()
    ends = np.cumsum([len(text) for text in texts]).astype(np.int32)
    starts = np.concatenate([np.zeros(1, np.int32), ends[:-1]])
    micros = instants(np.frombuffer(data, np.uint8), starts, ends).cast(pa.int64()).to_pylist()
    return [None if micro is None else EPOCH + timedelta(microseconds=micro) for micro in micros]


TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=5)
HEADER = TEXT.filter(lambda text: not any(character < " " for character in text))  # others are refused


@given(st.dictionaries(HEADER, st.none(), min_size=1, max_size=4), st.data())
@settings(deadline=None, derandomize=True, max_examples=60)
@example({'a"\\é': None}, None)
def test_objects_are_what_duckdb_writes(names: dict[str, None], data: Any) -> None:
    rows = data.draw(st.integers(0, 6)) if data else 1
    column = st.lists(st.none() | TEXT, min_size=rows, max_size=rows)
    columns = {
        name: pa.array(data.draw(column) if data else ["\x01\x1f\x7f\b\f\n\r\t/"], pa.large_string())
        for name in names
    }
    table = pa.table({"n": np.arange(rows), **{f"c{n}": one for n, one in enumerate(columns.values())}})
    pairs = ", ".join(f"$k{n}, c{n}" for n in range(len(columns)))
    with duckdb.connect() as con:
        con.register("cells", table)
        told = con.execute(
            f"""select nullif(json_merge_patch('{{}}'::json, json_object({pairs}))::varchar, '{{}}')
            from cells order by n""",
            {f"k{n}": name for n, name in enumerate(columns)},
        ).fetchall()
    assert objects(columns, rows).to_pylist() == [row[0] for row in told]
    assert all(json.loads(row[0]) for row in told if row[0])


@given(st.lists(st.none() | st.text(max_size=30), max_size=20))
@settings(deadline=None, derandomize=True)
def test_slices_are_the_texts_they_are_cut_from(texts: list[str | None]) -> None:
    parts = [(text or "").encode() for text in texts]
    ends = np.cumsum([len(part) for part in parts], dtype=np.int64)
    starts = np.where([text is None for text in texts], -1, ends - [len(part) for part in parts])
    array = slices(b"".join(parts), starts.astype(np.int64), ends)
    array.validate(full=True)
    assert array.to_pylist() == texts


def columns(hashes: list[int], times: list[int], profile: list[bool]) -> notes.Columns:
    return notes.Columns(
        np.array(hashes, np.uint64),
        np.array(times, np.int64),
        np.ones(len(hashes), np.int32),
        np.zeros(len(hashes), np.bool_),
        np.array(profile, np.bool_),
    )


def test_only_times_shared_with_an_event_leave_the_order_open() -> None:
    found = columns([0] * 8, [5, 3, 3, 1, 5, 1, 9, 3], [False, True, True, False, False, False, True, True])
    order = notes.order(found, np.array([True] * 7 + [False]))
    assert order.rows.tolist() == [3, 5, 1, 2, 0, 4, 6]
    assert order.open.tolist() == [0, 1, 4, 5]
    mixed = columns([0] * 3, [1, 1, 1], [True, False, True])
    assert notes.order(mixed, np.ones(3, np.bool_)).open.tolist() == [0, 1, 2]
    nothing = columns([], [], [])
    assert notes.order(nothing, np.ones(0, np.bool_)).rows.tolist() == []


def test_rows_with_a_hash_that_others_have_too() -> None:
    assert notes.repeated(np.array([7, 1, 7, 2, 1, 3], np.uint64)).tolist() == [0, 1, 2, 4]
    assert notes.repeated(np.array([], np.uint64)).tolist() == []


def test_blocks_are_noted_by_row_in_whatever_order_they_come() -> None:
    made = notes.Notes()
    made.add(np.array([1, 0]), columns([11, 10], [1, 0], [False, True]))
    made.add(np.array([2, 4, 3]), columns([12, 14, 13], [2, 4, 3], [True] * 3))
    assert made.columns().hash.tolist() == [10, 11, 12, 13, 14]
    assert made.columns().profile.tolist() == [True, False, True, True, True]
    assert notes.counts(made.columns(), np.array([True, False, True, True, True])) == {1: (4, 0, 1)}


def test_taken_records_get_the_next_rows_and_the_nameless_their_names() -> None:
    judged = pa.table(
        {
            "seq": pa.array([3, 0, 2, 1]),
            "verdict": pa.array([None, None, {"reason": "x"}, None], pa.struct([("reason", pa.string())])),
            "filtered": pa.array([False, False, False, True]),
            "message_id": pa.array([None, "b", None, None], pa.string()),
        }
    )
    records = taken.taken(judged)
    assert records["seq"].to_pylist() == [3, 0]
    assert taken.places(records, 4, 10).tolist() == [11, 10]
    names = pa.table({"seq": pa.array([1, 3]), "message_id": ["x", "y"]})
    assert taken.named(records, names)["message_id"].to_pylist() == ["y", "b"]
