"""Turn a piece of a batch into rows of event tables, and into the trait writes of its identify calls.

The messages of a piece come in the order of their tables, so that each table is one stretch of them; the
JSON of a stretch is walked once, and its columns are views into the text (see `leaves` and `cells`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

import numpy as np
import polars as pl

from pipelines.profiles.cells import iso_texts, text_column, typed
from pipelines.profiles.layout import Columns, column_of
from pipelines.profiles.leaves import Cells, Reading, Texts, extract
from pipelines.profiles.owners import Owners
from pipelines.profiles.survey import TABLE_OF, Bodies, Leaf, Survey, leaves
from pipelines.types import Kind

MESSAGE_COLUMNS = (
    "row",
    "input",
    "type",
    "message_id",
    "timestamp",
    "received_at",
    "sent_at",
    "original_timestamp",
    "anonymous_id",
    "user_id",
    "group_id",
    "previous_id",
    "event",
    "traits",
    "properties",
    "context",
    "source_id",
    "times",
)
"""Columns of a message set that event tables are made of."""

_FIXED = (
    pl.col("message_id").alias("id"),
    pl.col("segment_id"),
    pl.col("source_id").alias("event_source_id"),
    *map(pl.col, ("anonymous_id", "user_id", "received_at", "sent_at", "timestamp", "original_timestamp")),
)
_OWN = {"groups": "group_id", "aliases": "previous_id"}
_CELLS_AT_ONCE = 20_000_000
"""Bounds the memory of one stretch of a table with many columns."""

_TIMESTAMP = int(Kind.TIMESTAMP)


class Rows(NamedTuple):
    """Rows for a table, named like its columns."""

    table: str
    frame: pl.DataFrame


class _Stretch(NamedTuple):
    """The messages of one table: from place `first` to before `last` in the order of the piece's census."""

    table: str
    first: int
    last: int
    tracked: bool


class _Reading(NamedTuple):
    """How to read one JSON column of some tables, and what its columns are called."""

    names: tuple[str, ...]
    nodes: Reading


class Piece:
    """A piece of a batch, ready to be turned into rows.

    `messages` are the kept messages with `MESSAGE_COLUMNS` and the stamp of `owners.stamped`;
    `json_texts` and `found` are theirs; `columns` are the tables' columns once laid out.
    """

    def __init__(self, messages: pl.DataFrame, json_texts: Bodies, found: Survey, columns: Columns) -> None:
        self._order = found.census.order
        self._messages = messages.drop("traits", "properties", "context")[self._order]
        self._texts = json_texts
        self._found = found
        self._columns = columns
        self._leaves = tuple(leaves(found))
        self._stretches = tuple(_stretches(found))

    def rows(self, time: datetime) -> Iterator[Rows]:
        """The rows of every table; `time` is the batch's. A wide table comes in several frames."""
        reading = self._reading([leaf for leaf in self._leaves if leaf.in_context])
        context = list(self._read(self._texts.context, reading, 0, len(self._order), 1))
        for stretch in self._stretches:
            body = self._reading(self._body_leaves(stretch.table))
            for first, last in self._bites(stretch, len(body.names)):
                made = self._fixed(first, last, time, stretch.table)
                made += self._typed(stretch.table, (column[first:last] for column in context))
                made += self._typed(stretch.table, self._read(self._texts.body, body, first, last, 0))
                yield Rows(stretch.table, pl.DataFrame(made))
        tracked = [stretch for stretch in self._stretches if stretch.tracked]
        if tracked:
            first, last = tracked[0].first, tracked[-1].last
            made = self._fixed(first, last, time, "tracks")
            made += self._typed("tracks", (column[first:last] for column in context))
            yield Rows("tracks", pl.DataFrame(made))

    def trait_writes(self, owned: Owners) -> pl.DataFrame:
        """One row a trait that an identify call of a resolved user sets or, with NULL, removes.

        Columns `profile` (canonical), `owner` (before merges), `name`, `value`, `ordinal`, `timestamp`,
        `received_at`.
        """
        parts = [_NO_WRITES]
        for stretch in self._stretches:
            if stretch.table == "identifies":
                reading = self._reading(self._body_leaves("identifies"))
                for first, last in self._bites(stretch, len(reading.names)):
                    parts += self._writes(reading, first, last, owned)
        return pl.concat(parts)

    def _writes(self, reading: _Reading, first: int, last: int, owned: Owners) -> Iterator[pl.DataFrame]:
        found = self._extract(self._texts.body, reading, first, last, 0)
        messages = self._messages[first:last].select("place", "ordinal", "timestamp", "received_at")
        resolved = messages["place"].to_numpy() >= 0
        for column, name in enumerate(reading.names):
            at = np.flatnonzero((found.kind[column] != 0) & resolved)
            kind = found.kind[column][at]
            value = text_column(self._texts.body.data, found, column)[at]
            if (kind == _TIMESTAMP).any():
                value = iso_texts(value).set(pl.Series(kind != _TIMESTAMP), None).fill_null(value)
            written = messages[at]
            place = written["place"].to_numpy()
            yield written.select(
                pl.Series("profile", owned.canonical[place]),
                pl.Series("owner", owned.profile[place]),
                pl.lit(name).alias("name"),
                value.alias("value"),
                "ordinal",
                "timestamp",
                "received_at",
            )

    def _body_leaves(self, table: str) -> list[Leaf]:
        of_table = [one.table == table for one in self._found.collections]
        return [leaf for leaf in self._leaves if not leaf.in_context and of_table[leaf.collection]]

    def _reading(self, wanted: list[Leaf]) -> _Reading:
        """Names in bytewise order; the rank of a path is its place among all of them, in bytewise order."""
        names = tuple(sorted({column_of(leaf) for leaf in wanted}, key=str.encode))
        index = {name: place for place, name in enumerate(names)}
        nodes = int(self._found.trie.size[0])
        column, rank = np.full(nodes, -1, dtype=np.int32), np.zeros(nodes, dtype=np.int32)
        for place, leaf in enumerate(
            sorted(wanted, key=lambda leaf: [level.encode() for level in leaf.path])
        ):
            column[leaf.node] = index[column_of(leaf)]
            rank[leaf.node] = place
        return _Reading(names, Reading(len(names), column, rank))

    def _extract(self, json_texts: Texts, reading: _Reading, first: int, last: int, part: int) -> Cells:
        rows = self._order[first:last]
        roots = self._found.roots(part)[rows]
        return extract(json_texts, rows, roots, self._found.plain, self._found.trie, reading.nodes)

    def _read(
        self, json_texts: Texts, reading: _Reading, first: int, last: int, part: int
    ) -> Iterator[pl.Series]:
        found = self._extract(json_texts, reading, first, last, part)
        for column, name in enumerate(reading.names):
            yield text_column(json_texts.data, found, column).alias(name)

    def _typed(self, table: str, read: Iterable[pl.Series]) -> list[pl.Series]:
        """The columns the table has; a column of other tables, or of nulls alone, is left out."""
        types = self._columns[table]
        return [
            typed(column, types[column.name]).alias(column.name) for column in read if column.name in types
        ]

    def _bites(self, stretch: _Stretch, width: int) -> Iterator[tuple[int, int]]:
        step = max(1, _CELLS_AT_ONCE // max(1, width))
        for start in range(stretch.first, stretch.last, step):
            yield start, min(start + step, stretch.last)

    def _fixed(self, first: int, last: int, time: datetime, table: str) -> list[pl.Series]:
        wanted = [*_FIXED, pl.lit(time, dtype=pl.Datetime("us")).alias("uuid_ts")]
        if table in _OWN:
            wanted.append(pl.col(_OWN[table]))
        elif table not in TABLE_OF.values():
            slugs = {one.event: one.slug for one in self._found.collections if one.event is not None}
            event = pl.col("event").fill_null("")
            wanted += [event.replace_strict(slugs, return_dtype=pl.String), event.alias("event_text")]
        return self._messages[first:last].select(wanted).get_columns()


def _stretches(found: Survey) -> Iterator[_Stretch]:
    bounds = found.census.bounds
    first = 0
    for (table, tracked), group in groupby(
        found.collections, key=lambda one: (one.table, one.event is not None)
    ):
        last = first + sum(1 for _ in group)
        yield _Stretch(table, int(bounds[first]), int(bounds[last]), tracked)
        first = last


_NO_WRITES = pl.DataFrame(
    schema={
        "profile": pl.Int64,
        "owner": pl.Int64,
        "name": pl.String,
        "value": pl.String,
        "ordinal": pl.Int32,
        "timestamp": pl.Datetime("us"),
        "received_at": pl.Datetime("us"),
    }
)
