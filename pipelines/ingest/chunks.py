"""What the readers hand on: chunks of records, gathered into blocks worth a statement, read ahead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipelines.space import Input

BLOCK_BYTES = 128 << 20
"""About the memory of one block; two or three exist at a time."""
BLOCK_ROWS = 1_000_000
MORSEL_ROWS = 20_480
"""Rows of an Arrow batch: what one thread of DuckDB takes at a time (a multiple of its vector)."""

REJECTS = pa.schema(
    [
        ("file", pa.int32()),
        ("line", pa.int64()),
        ("column", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("raw", pa.large_binary()),
    ]
)
"""Records the reader itself rejects, because they cannot even be cut into fields. `raw` may not be UTF-8."""


class Layout(Protocol):
    """How the columns of a chunk are to be read; chunks whose layouts can be joined may share a block."""

    @property
    def source(self) -> Input:
        """The input the records come from."""

    @property
    def raw(self) -> str:
        """SQL: a record as text, over the columns of the chunk."""

    def joined(self, other: Layout) -> Layout | None:
        """The layout that fits the records of both, if one does."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some records of one file, in order: `records` has `file`, `line` and what the layout says."""

    layout: Layout
    records: pa.Table
    rejects: pa.Table | None = None
    size: int = 0
    """Bytes of memory it takes, about."""
    read: int = 0
    """Bytes of the file it was read from."""

    @property
    def rows(self) -> int:
        """Records, the rejected ones included."""
        rejected = 0 if self.rejects is None else self.rejects.num_rows
        return int(self.records.num_rows + rejected)


@dataclass(frozen=True, slots=True)
class Block:
    """Chunks of one layout: `records` has a column `seq` 0.. besides, in the order of files and lines."""

    layout: Layout
    records: pa.Table
    rejects: pa.Table
    read: int
    """Bytes of files it was read from."""


def assemble(chunks: Iterable[Chunk]) -> Iterator[Block]:
    """Neighbouring chunks gathered until a block is full: many small files cost one statement."""
    waiting: list[Chunk] = []
    layout: Layout | None = None
    for chunk in chunks:
        size, rows = sum(held.size for held in waiting), sum(held.rows for held in waiting)
        full = size + chunk.size > BLOCK_BYTES or rows + chunk.rows > BLOCK_ROWS
        joined = chunk.layout if layout is None else layout.joined(chunk.layout)
        if layout is not None and (full or joined is None):
            yield _block(layout, waiting)
            waiting, joined = [], chunk.layout
        waiting.append(chunk)
        layout = joined
    if layout is not None:
        yield _block(layout, waiting)


def _block(layout: Layout, chunks: list[Chunk]) -> Block:
    # Numbered chunk by chunk: a batch that spanned chunks would be cut anew, and DuckDB takes no cut structs.
    base = 0
    tables = []
    for chunk in chunks:
        numbers = pa.array(np.arange(base, base + chunk.records.num_rows, dtype=np.int64))
        tables.append(chunk.records.append_column("seq", numbers))
        base += chunk.records.num_rows
    records = pa.concat_tables(tables, promote_options="default")
    rejects = [chunk.rejects for chunk in chunks if chunk.rejects is not None]
    return Block(
        layout,
        pa.Table.from_batches(records.to_batches(max_chunksize=MORSEL_ROWS), records.schema),
        pa.concat_tables(rejects) if rejects else REJECTS.empty_table(),
        sum(chunk.read for chunk in chunks),
    )


def rejected(**columns: object) -> pa.Table:
    """A table of the schema `REJECTS`; a column given as one value is repeated."""
    rows = max(len(value) for value in columns.values() if isinstance(value, pa.Array))
    arrays = [
        value if isinstance(value, pa.Array) else pa.repeat(pa.scalar(value, field.type), rows)
        for field in REJECTS
        for value in (columns.get(field.name),)
    ]
    return pa.table(arrays, schema=REJECTS)
