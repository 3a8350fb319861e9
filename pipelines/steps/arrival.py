"""The files of a batch streamed through DuckDB: block by block read ahead, judged, noted, and written.

Four things go on at once: a thread reads and cuts the next block, DuckDB's threads judge this one, and
another thread writes the one before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipelines.errors import FileRefused
from pipelines.ingest import arrivals, messages, notes, taken
from pipelines.ingest.canonical import canonical
from pipelines.ingest.chunks import Block, Chunk, assemble
from pipelines.ingest.notes import Notes
from pipelines.ingest.reading import read
from pipelines.readahead import prefetch
from pipelines.rules import Rules
from pipelines.space import Space
from pipelines.sqlfiles import Statement
from pipelines.steps.intake import Taken
from pipelines.steps.progress import Progress
from pipelines.store import Store
from pipelines.store.ledger import Batch
from pipelines.store.sets import write_part
from pipelines.store.store import ROW_GROUP

Longs = npt.NDArray[np.int64]


class UnusableError(Exception):
    """A file turned out to be unusable after some of it had been handed on; all starts again without it."""

    def __init__(self, number: int, refusal: FileRefused) -> None:
        super().__init__(number)
        self.number = number
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Reading:
    """The usable files of a batch as chunks, with the rows of each and why the others were refused."""

    files: Sequence[Taken]
    rules: Rules
    refused: dict[int, FileRefused]
    rows: Counter[int] = field(default_factory=Counter)

    def blocks(self) -> Iterator[Block]:
        """The records of all files, read ahead; raises `UnusableError`."""
        return prefetch(assemble(self._chunks()))

    def again(self, numbers: set[int]) -> Reading:
        """Some of the files, to be read once more."""
        files = [file for file in self.files if file.number in numbers]
        return Reading(files, self.rules, self.refused)

    def _chunks(self) -> Iterator[Chunk]:
        for file in self.files:
            if file.number not in self.refused:
                yield from self._chunks_of(file)

    def _chunks_of(self, file: Taken) -> Iterator[Chunk]:
        begun = False
        try:
            for chunk in read(file.found, file.number, file.digest.sha256 or "", self.rules):
                self.rows[file.number] += chunk.rows
                begun = True
                yield chunk
        except FileRefused as refusal:
            if begun:
                raise UnusableError(file.number, refusal) from None
            self.refused[file.number] = refusal


def stream(
    space: Space, store: Store, batch: Batch, reading: Reading, folder: Path, progress: Progress
) -> tuple[Notes, list[str]]:
    """Judge the files block by block and write what is taken; returns its notes and the parts written.

    What is rejected is gathered in `load_rejects`.
    """
    for table in arrivals.TABLES:
        store.execute(table)
    found, parts = Notes(), _Parts(store, folder)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="unify-write") as writer:
        for block in reading.blocks():
            records = _taken(space, store, batch, block, found.filtered)
            if len(records):
                source = block.layout.source
                rows = taken.places(records, len(block.records), found.rows)
                found.add(rows, taken.noted(records, source))
                parts.write(writer, taken.part(records, rows, source, batch.rules))
            progress.advance(block.read)
    return found, parts.written()


class _Parts:
    """The parts of a set: one is written while the next is made."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._paths: list[str] = []
        self._last: Future[None] | None = None

    def write(self, writer: ThreadPoolExecutor, part: pa.Table) -> None:
        path = self._folder / f"part-{len(self._paths):05d}.parquet"
        self._wait()
        self._last = writer.submit(write_part, self._store, path, part, taken.REPEATING)
        self._paths.append(str(path))

    def written(self) -> list[str]:
        """All of them, once the last is on the disk."""
        self._wait()
        return self._paths

    def _wait(self) -> None:
        if self._last is not None:
            self._last.result()


def _taken(space: Space, store: Store, batch: Batch, block: Block, filtered: Counter[int]) -> pa.Table:
    """The records of a block that are taken, each with its id; the others are put aside and counted."""
    with store.frames(load_block=block.records):
        sql, params, _ = messages.judge("load_block", block.layout, batch.rules, batch.time, space.max_future)
        judged = store.frame(sql, params)
        if judged["verdict"].null_count < len(judged):
            with store.frames(load_judged=judged):
                store.execute(arrivals.rejects(block.layout))
        if len(block.rejects):
            with store.frames(load_unreadable=block.rejects):
                store.execute(arrivals.UNREADABLE)
        if pc.any(judged["filtered"]).as_py():
            filtered.update(judged.filter(judged["filtered"])["file"].to_pylist())
        records = taken.taken(judged)
        if records["message_id"].null_count:
            records = taken.named(records, _names(store, block, records))
    return records


def _names(store: Store, block: Block, records: pa.Table) -> pa.Table:
    """The ids, made of their content, of the records that bring none."""
    unnamed = records.filter(records["message_id"].is_null())
    with store.frames(load_nameless=unnamed.select(["seq"])):
        documents = _canonical(store, arrivals.nameless(block.layout))
    with store.frames(load_canonical=documents):
        for statement in arrivals.NAMES:
            store.execute(statement)
    return store.frame(arrivals.NAMED)


def _canonical(store: Store, documents: Statement) -> pa.Table:
    """The documents (seq, document) that the statement selects, in canonical form."""
    table = store.frame(documents.sql, documents.params)
    text = table["document"].cast(pa.large_string()).combine_chunks()
    return pa.table({"seq": table["seq"], "document": canonical(text)})


def dropped(store: Store, reading: Reading, found: notes.Columns, parts: list[str]) -> Longs:
    """The rows of messages not to be kept: their ids were seen before, in this batch or an earlier one."""
    if not parts:
        return np.empty(0, np.int64)
    again = notes.repeated(found.hash)
    rows = [_least_dropped(store, reading, again, parts)] if len(again) else []
    if store.scalar("select exists (from state.messages)"):
        rows.append(_earlier(store, found, parts))
    return np.unique(np.concatenate([np.empty(0, np.int64), *rows]))


def _least_dropped(store: Store, reading: Reading, repeated: Longs, parts: list[str]) -> Longs:
    """Of several messages with one id the least stays; files are read again only where contents decide."""
    with store.frames(load_repeated=pa.table({"row": repeated})):
        for statement in arrivals.rivals(parts):
            store.execute(statement)
    if store.scalar("select count(*) from load_ties"):
        store.execute(arrivals.contest(parts))
        numbers = {file for (file,) in store.execute("select distinct file from load_contested").fetchall()}
        for block in reading.again(numbers).blocks():
            with store.frames(load_block=block.records):
                documents = _canonical(store, arrivals.contested(block.layout))
            with store.frames(load_canonical=documents):
                store.execute(arrivals.CONTENT)
    return _rows(store.frame(arrivals.DROPPED))


def _earlier(store: Store, found: notes.Columns, parts: list[str]) -> Longs:
    """The messages whose ids an earlier batch has."""
    hashes = pa.table({"row": np.arange(len(found.hash)), "hash": found.hash})
    with store.frames(load_hashes=hashes):
        known = store.frame(arrivals.KNOWN)
    if not len(known):
        return np.empty(0, np.int64)
    with store.frames(load_known=known):
        return _rows(store.frame(arrivals.EARLIER, {"parts": parts}))


def ordered(store: Store, found: notes.Columns, kept: npt.NDArray[np.bool_], parts: list[str]) -> Longs:
    """The kept rows in processing order."""
    order = notes.order(found, kept)
    if len(order.open):
        with store.frames(load_open=pa.table({"row": order.rows[order.open]})):
            order.rows[order.open] = _rows(store.frame(arrivals.BY_ID, {"parts": parts}))
    return order.rows


def _rows(table: pa.Table) -> Longs:
    rows: Longs = table["row"].to_numpy()
    return rows


def enter(store: Store, batch: int, found: notes.Columns, rows: Longs, parts: list[str]) -> None:
    """Enter the messages of `rows`, in this order, in `state.messages`: one statement for all parts."""
    ordinal = np.full(len(found.hash), -1, np.int32)
    ordinal[rows] = np.arange(len(rows), dtype=np.int32)
    if parts:
        entries = prefetch(_entry(path, found, ordinal) for path in parts)
        first = next(entries)
        groups = pa.RecordBatchReader.from_batches(first.schema, _groups(chain([first], entries)))
        with store.stream(load_kept=groups):
            store.execute(arrivals.keep(batch))


def _groups(tables: Iterable[pa.Table]) -> Iterator[pa.RecordBatch]:
    """The same rows cut as DuckDB stores them: a thread takes a batch and writes it as a whole."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(map(len, waiting)) >= ROW_GROUP:
            joined = pa.concat_tables(waiting)
            whole = len(joined) // ROW_GROUP * ROW_GROUP
            yield from (_one(joined.slice(first, ROW_GROUP)) for first in range(0, whole, ROW_GROUP))
            waiting = [joined.slice(whole)]
    yield from pa.concat_tables(waiting).combine_chunks().to_batches()


def _one(table: pa.Table) -> pa.RecordBatch:
    (batch,) = table.combine_chunks().to_batches()
    return batch


def _entry(path: str, found: notes.Columns, ordinal: npt.NDArray[np.int32]) -> pa.Table:
    """The messages of a part that are kept, for `arrivals.keep`."""
    part = parquet.read_table(path, columns=["row", "file", "line", "message_id"])
    row = part["row"].to_numpy()
    place, hashes, repaired = (column[row] for column in (ordinal, found.hash, found.repaired))
    for name, column in (("ordinal", place), ("hash", hashes), ("repaired", repaired)):
        part = part.append_column(name, pa.array(column))
    return part if (place >= 0).all() else part.filter(pa.array(place >= 0))
