"""The narrow columns of a message set: a row group at a time, read ahead in a thread of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.identity.dictionary import Dictionary
from pipelines.identity.graph import Integers, Longs
from pipelines.readahead import prefetch
from pipelines.rules import IdentifierRule
from pipelines.store.ledger import Batch
from pipelines.store.sets import set_files
from pipelines.store.store import Store

_SHORTEST = 12
"""Bytes of an identifier in a column without statistics: four for its length, eight or more for its text."""
PASSED_OVER = -1
"""The ordinal of a row that is no message of the batch: a duplicate."""


@dataclass(frozen=True)
class Order:
    """The messages of a batch in order, and where they are stored."""

    row: Integers
    """By ordinal: the row of the message set."""
    size: int
    """Rows of the message set."""

    @cached_property
    def ordinal(self) -> Integers:
        """By row: the ordinal of the message, or `PASSED_OVER`."""
        ordinal = np.full(self.size, PASSED_OVER, dtype=np.int32)
        ordinal[self.row] = np.arange(len(self.row), dtype=np.int32)
        return ordinal


def order(store: Store, batch: Batch) -> Order:
    """The order that load has given the batch."""
    frame = store.frame(
        "select ordinal, row from state.messages where batch = $batch", {"batch": batch.batch}
    )
    row = np.empty(len(frame), dtype=np.int32)
    row[frame["ordinal"].to_numpy()] = frame["row"].to_numpy()
    files = set_files(store, batch.message_set)
    return Order(row, sum(pq.read_metadata(file).num_rows for file in files))


def stream(files: list[str], order: Order, columns: list[str]) -> Iterator[tuple[Integers, pa.RecordBatch]]:
    """Row groups in the order of the files: the ordinals of their rows, and the columns asked for."""
    for group in prefetch(_row_groups(files, ["row", *columns])):
        for part in group.to_batches():
            yield order.ordinal[part.column("row").to_numpy()], part


def identifier_columns(rules: tuple[IdentifierRule, ...]) -> list[str]:
    """The columns that hold identifiers."""
    return [*(f"id:{rule.type}" for rule in rules), "more"]


def dictionaries(files: list[str], rules: tuple[IdentifierRule, ...]) -> tuple[Dictionary, ...]:
    """Empty dictionaries, a type each, with the room that will probably be enough."""
    room = [_room(files, rule.type) for rule in rules]
    return tuple(
        Dictionary(rule.type, max(1, most), size) for rule, (most, size) in zip(rules, room, strict=True)
    )


def most_values(files: list[str], rules: tuple[IdentifierRule, ...]) -> int:
    """How many identifiers the files hold at most, repeats included, by statistics or by their space."""
    return sum(_room(files, rule.type)[0] for rule in rules)


def _room(files: list[str], type_: str) -> tuple[int, int]:
    """Values of a type, and bytes of their text, at most; further values of a message aside."""
    values = size = 0
    for name in files:
        metadata = pq.read_metadata(name)
        place = next(
            i for i in range(metadata.num_columns) if metadata.schema.column(i).path == f"id:{type_}"
        )
        for number in range(metadata.num_row_groups):
            column = metadata.row_group(number).column(place)
            seen, text = column.statistics, column.total_uncompressed_size
            told = seen is not None and seen.has_null_count
            absent = seen.null_count if told else max(0, column.num_values - text // _SHORTEST)
            values += column.num_values - absent
            size += text
    return values, size


def _row_groups(files: list[str], columns: list[str]) -> Iterator[pa.Table]:
    for name in files:
        with pq.ParquetFile(name, memory_map=True) as file:
            for number in range(file.num_row_groups):
                held = _held(file.metadata.row_group(number))
                wanted = [column for column in columns if column in held]
                table = file.read_row_group(number, columns=wanted, use_threads=False)
                yield _completed(table, columns, file.schema_arrow)


def _held(group: pq.RowGroupMetaData) -> set[str]:
    """The columns of a row group that are not null throughout, as its statistics tell."""
    held = set()
    for number in range(group.num_columns):
        column = group.column(number)
        seen = column.statistics
        if seen is None or not seen.has_null_count or seen.null_count < column.num_values:
            held.add(column.path_in_schema.split(".list.")[0])
    return held


def _completed(table: pa.Table, columns: list[str], schema: pa.Schema) -> pa.Table:
    """The columns in the order asked for, those that were not read as nulls."""
    return pa.table(
        {
            name: table.column(name)
            if name in table.column_names
            else pa.nulls(len(table), schema.field(name).type)
            for name in columns
        }
    )


class Times:
    """Event and receipt times by ordinal, µs, gathered while their columns pass."""

    COLUMNS = ("timestamp", "received_at", "ignored")

    def __init__(self, messages: int) -> None:
        self.timestamp: Longs = np.empty(messages, dtype=np.int64)
        self.received_at: Longs = np.empty(messages, dtype=np.int64)
        self.ignored = False
        """Whether any message has a value that would be an identifier and is none."""

    def noting(
        self, batches: Iterator[tuple[Integers, pa.RecordBatch]]
    ) -> Iterator[tuple[Integers, pa.RecordBatch]]:
        """The same batches, with what they say noted; they need the columns `COLUMNS`."""
        for ordinals, batch in batches:
            kept = slice(None) if ordinals.min(initial=0) >= 0 else ordinals >= 0
            for name, times in (("timestamp", self.timestamp), ("received_at", self.received_at)):
                times[ordinals[kept]] = batch.column(name).cast(pa.int64()).to_numpy()[kept]
            self.ignored |= batch.column("ignored").null_count < len(batch)
            yield ordinals, batch
