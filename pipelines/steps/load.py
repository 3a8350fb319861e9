"""Load: input files become a message set, rejects and receipts, in one batch.

Files are read, cut and judged block by block while the next block is read; nothing is visible before the one
transaction at the end. A load that was killed is done again from the files its batch was opened with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.errors import CheckFailed, FileRefused
from pipelines.ingest import arrivals, messages
from pipelines.ingest.canonical import canonical
from pipelines.ingest.chunks import Block, Chunk, assemble, prefetch
from pipelines.ingest.reading import read
from pipelines.rules import Rules
from pipelines.space import Space
from pipelines.sqlfiles import Statement
from pipelines.steps.intake import Taken, resume, take
from pipelines.steps.progress import Progress
from pipelines.store import Store
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import new_set

_NO_COUNTS = (0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file; rows = loaded + repaired + duplicate + rejected + filtered."""

    path: str
    status: str
    rows: int = 0
    loaded: int = 0
    repaired: int = 0
    duplicate: int = 0
    rejected: int = 0
    filtered: int = 0
    code: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: the batches it completed and the files in them, in order."""

    batches: tuple[int, ...]
    files: tuple[FileReport, ...]
    messages: int = 0
    duplicates: int = 0
    rejects: int = 0
    filtered: int = 0

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """The report as JSON would have it."""
        return asdict(self)


def load(
    space: Space, store: Store, now: datetime, progress: Progress, again: Sequence[Path] = ()
) -> LoadReport:
    """Finish a batch that was interrupted, then take every new file, and those asked for `again`.

    A file that cannot be used is refused, with a message in its receipt, and the others are loaded. Raises
    `InputError` if a file named without wildcards is missing, or one asked for again is not an input.
    """
    numbers: list[int] = []
    files: list[FileReport] = []
    for batch in waiting(store, "opened"):
        if batch.kind == "files":
            files += _complete(space, store, batch, resume(space, store, batch), progress)
            numbers.append(batch.batch)
    intake = take(space, store, now, again)
    if intake.batch is not None:
        files += _complete(space, store, intake.batch, intake.files, progress)
        numbers.append(intake.batch.batch)
    files += [
        FileReport(error.where or "", "refused", code=error.code, message=str(error))
        for error in intake.unreadable
    ]
    return LoadReport(
        tuple(numbers),
        tuple(files),
        messages=sum(file.loaded + file.repaired for file in files),
        duplicates=sum(file.duplicate for file in files),
        rejects=sum(file.rejected for file in files),
        filtered=sum(file.filtered for file in files),
    )


class _Unusable(Exception):
    """A file turned out to be unusable after some of it had been handed on; all starts again without it."""

    def __init__(self, number: int, refusal: FileRefused) -> None:
        super().__init__(number)
        self.number = number
        self.refusal = refusal


class _Reading:
    """The usable files of a batch as chunks, with the rows of each and why the others were refused."""

    def __init__(self, files: Sequence[Taken], rules: Rules, refused: dict[int, FileRefused]) -> None:
        self.files = files
        self.rules = rules
        self.refused = refused
        self.rows: Counter[int] = Counter()

    def chunks(self) -> Iterator[Chunk]:
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
                raise _Unusable(file.number, refusal) from None
            self.refused[file.number] = refusal


def _complete(
    space: Space, store: Store, batch: Batch, files: Sequence[Taken], progress: Progress
) -> list[FileReport]:
    """Load the files of an opened batch and move it on; nothing of it is kept if anything fails."""
    refused = {file.number: file.digest.refusal for file in files if file.digest.refusal is not None}
    while True:
        reading = _Reading(files, batch.rules, refused)
        progress.start(
            f"load: batch {batch.batch}",
            sum(file.digest.size for file in files if file.number not in refused),
        )
        try:
            with new_set(store, batch.batch) as written:
                parts = _stream(space, store, batch, reading, written.folder, progress)
                _find_duplicates(store, reading, parts)
        except _Unusable as unusable:
            refused[unusable.number] = unusable.refusal
            continue
        progress.done()
        return _commit(store, batch, files, reading, written.name if parts else None)


def _stream(
    space: Space, store: Store, batch: Batch, reading: _Reading, folder: Path, progress: Progress
) -> list[str]:
    """Judge the files block by block and write the messages; returns the parts written."""
    for table in arrivals.TABLES:
        store.execute(table)
    parts: list[str] = []
    base = 0
    for block in prefetch(assemble(reading.chunks())):
        _register(store, block)
        store.execute(
            messages.judge(
                "load_block", "load_judged", block.layout, batch.rules, batch.time, space.max_future
            )
        )
        for statement in arrivals.rejects(block.layout):
            store.execute(statement)
        taken, nameless = store.execute(
            f"select count(*), count(*) filter (message_id is null) from load_judged where {arrivals.TAKEN}"
        ).fetchone() or (0, 0)
        if taken:
            plain = taken == block.records.num_rows and not nameless
            if not plain:
                _number(store, block, base, nameless > 0)
            path = str(folder / f"part-{len(parts):05d}.parquet")
            store.execute(arrivals.arrive(plain, base))
            store.execute(arrivals.write(plain, base, messages.columns(batch.rules), path))
            parts.append(path)
            base += taken
        progress.advance(block.read)
    return parts


def _register(store: Store, block: Block) -> None:
    store.con.register("load_block", block.records)
    store.con.register("load_unreadable", block.rejects)


def _number(store: Store, block: Block, base: int, nameless: bool) -> None:
    """Number the taken records of a block where some are not taken or have no id of their own."""
    if nameless:
        _canonical(store, arrivals.nameless(block.layout))
        for statement in arrivals.NAMES:
            store.execute(statement)
    else:
        store.execute(arrivals.NO_NAMES)
    store.execute(arrivals.number(base))


def _canonical(store: Store, documents: Statement) -> None:
    """Put the documents that the statement gathers into canonical form, as `load_canonical`."""
    store.execute(documents)
    table = store.con.sql("select seq, document from load_documents").to_arrow_table()
    text = table["document"].cast(pa.large_string()).combine_chunks()
    store.con.register("load_canonical", pa.table({"seq": table["seq"], "document": canonical(text)}))


def _find_duplicates(store: Store, reading: _Reading, parts: list[str]) -> None:
    """Find the messages not to be kept; files are read again only for ids with several contents."""
    for statement in arrivals.RIVALS:
        store.execute(statement)
    if parts and store.scalar("select count(*) from load_ties"):
        store.execute(arrivals.contest(parts))
        numbers = {
            number for (number,) in store.execute("select distinct file from load_contested").fetchall()
        }
        again = _Reading(
            [file for file in reading.files if file.number in numbers], reading.rules, reading.refused
        )
        for block in prefetch(assemble(again.chunks())):
            _register(store, block)
            _canonical(store, arrivals.contested(block.layout))
            store.execute(arrivals.CONTENT)
    store.execute(arrivals.DROPPED)


def _commit(
    store: Store, batch: Batch, files: Sequence[Taken], reading: _Reading, message_set: str | None
) -> list[FileReport]:
    """Everything the batch leaves behind, in one transaction."""
    counts = {file: tuple(rest) for file, *rest in store.execute(arrivals.COUNTS.sql).fetchall()}
    reports = [_report(file, reading, counts.get(file.number, _NO_COUNTS)) for file in files]
    with store.transaction():
        for statement in arrivals.keep(batch.batch):
            store.execute(statement)
        for file, report in zip(files, reports, strict=True):
            _receipt(store, file, report)
        advance(
            store,
            batch,
            "loaded",
            message_set=message_set,
            counts={
                "messages": sum(report.loaded + report.repaired for report in reports),
                "duplicates": sum(report.duplicate for report in reports),
                "rejects": sum(report.rejected for report in reports),
            },
        )
    return reports


def _report(file: Taken, reading: _Reading, counts: tuple[int, ...]) -> FileReport:
    refusal = reading.refused.get(file.number)
    if refusal is not None:
        return FileReport(file.found.name, "refused", code=refusal.code, message=str(refusal))
    rows = reading.rows[file.number]
    if rows != sum(counts):
        raise CheckFailed(
            f"{rows} rows were read but {sum(counts)} accounted for",
            where=file.found.name,
            expected="rows = loaded + repaired + duplicate + rejected + filtered",
            hint="this is a fault of unify, not of the file: nothing of the batch was kept",
        )
    loaded, repaired, duplicate, rejected, filtered = counts
    return FileReport(file.found.name, "loaded", rows, loaded, repaired, duplicate, rejected, filtered)


def _receipt(store: Store, file: Taken, report: FileReport) -> None:
    """Complete the file's row. One that changed is known by nothing: as it is now it counts as new."""
    forget = report.code == "FILE_CHANGED"
    store.execute(
        """update ops.files set status = $status, rows = $rows, loaded = $loaded, repaired = $repaired,
          duplicate = $duplicate, rejected = $rejected, filtered = $filtered,
          code = $code, message = $message,
          sha256 = case when $forget then null else sha256 end,
          size = case when $forget then null else size end,
          modified_ns = case when $forget then null else modified_ns end
        where file = $file""",
        {
            "file": file.number,
            "forget": forget,
            **{name: value for name, value in asdict(report).items() if name != "path"},
        },
    )
