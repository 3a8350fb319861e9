"""Cut a batch's message set into pieces that fit in memory, and read them for either pass."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl
import pyarrow.parquet as pq

from pipelines.profiles.events import MESSAGE_COLUMNS
from pipelines.profiles.owners import Owners, stamped
from pipelines.profiles.survey import SURVEYED, Bodies, Survey, bodies, survey, take_census

_ROWS = 400_000
_BYTES = 1 << 29
"""A piece holds no more JSON than this, since a string view reaches 2 GB at most."""


class Span(NamedTuple):
    """Some rows of a Parquet part."""

    path: str
    offset: int
    length: int


Slice = tuple[Span, ...]
"""The rows of a piece: of one part or of several, in order."""


class Surveyed(NamedTuple):
    """A slice and what was found in it, with its messages if they were kept."""

    slice: Slice
    found: Survey
    kept: tuple[pl.DataFrame, Bodies] | None


def slices(files: list[str]) -> list[Slice]:
    """The parts cut at row groups, in order, so that a piece has `_ROWS` rows or `_BYTES` of data at most."""
    found: list[Slice] = []
    spans: list[Span] = []
    rows = size = 0
    for path in files:
        metadata = pq.read_metadata(path)
        offset = 0
        for group in range(metadata.num_row_groups):
            one = metadata.row_group(group)
            if rows and (rows + one.num_rows > _ROWS or size + one.total_byte_size > _BYTES):
                found.append(tuple(spans))
                spans, rows, size = [], 0, 0
            spans.append(Span(path, offset, one.num_rows))
            rows, size, offset = rows + one.num_rows, size + one.total_byte_size, offset + one.num_rows
    return [*found, tuple(spans)] if spans else found


def length(one: Slice) -> int:
    """Its number of rows."""
    return sum(span.length for span in one)


def survey_slice(one: Slice, owned: Owners, *, keep: bool) -> list[Surveyed]:
    """Survey a slice; one that turns out to hold more JSON than a piece may comes back as several."""
    columns = MESSAGE_COLUMNS if keep else ("row", *SURVEYED)
    return _survey(one, _read(one, columns), owned, keep)


def _survey(one: Slice, frame: pl.DataFrame, owned: Owners, keep: bool) -> list[Surveyed]:
    if len(frame) > 1 and _json_bytes(frame) > _BYTES:
        half = len(frame) // 2
        parts = (_cut(one, 0, half), frame[:half]), (_cut(one, half, len(frame)), frame[half:])
        return [found for part, rows in parts for found in _survey(part, rows, owned, keep=False)]
    messages = stamped(frame, owned)
    texts = bodies(messages)
    found = survey(take_census(messages), texts)
    return [Surveyed(one, found, (messages, texts) if keep else None)]


def _cut(one: Slice, first: int, last: int) -> Slice:
    """The rows `first` to before `last` of a slice."""
    cut: list[Span] = []
    passed = 0
    for span in one:
        start, end = max(first - passed, 0), min(last - passed, span.length)
        if start < end:
            cut.append(Span(span.path, span.offset + start, end - start))
        passed += span.length
    return tuple(cut)


def _json_bytes(frame: pl.DataFrame) -> int:
    """Bytes of the longest of the JSON columns."""
    sizes = frame.select(pl.col("traits", "properties", "context").str.len_bytes().cast(pl.Int64).sum())
    return max(map(int, sizes.row(0)))


def ready(one: Surveyed, owned: Owners) -> tuple[pl.DataFrame, Bodies]:
    """The stamped messages of a surveyed slice, and their JSON."""
    if one.kept is not None:
        return one.kept
    messages = stamped(_read(one.slice, MESSAGE_COLUMNS), owned)
    return messages, bodies(messages)


def _read(one: Slice, columns: tuple[str, ...]) -> pl.DataFrame:
    return pl.concat([_scan(span, columns) for span in one]).collect()


def _scan(span: Span, columns: tuple[str, ...]) -> pl.LazyFrame:
    """Columns of a part; one that older versions did not write is NULL."""
    part = pl.scan_parquet(span.path)
    written = part.collect_schema().names()
    lacking = [pl.lit(None, pl.String).alias(name) for name in columns if name not in written]
    return part.with_columns(lacking).select(columns).slice(span.offset, span.length)
