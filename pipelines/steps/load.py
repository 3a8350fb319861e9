"""Load: input files become a message set, rejects and receipts, in one batch.

Nothing is visible before the one transaction at the end. A load that was killed is done again from the files
its batch was opened with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.errors import CheckFailed
from pipelines.ingest import arrivals, notes
from pipelines.ingest.notes import Notes
from pipelines.naming import quoted
from pipelines.space import Space
from pipelines.steps.arrival import Reading, UnusableError, dropped, enter, ordered, stream
from pipelines.steps.intake import Taken, resume, take
from pipelines.steps.progress import Progress
from pipelines.store import Store
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import new_set, set_files

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


def _complete(
    space: Space, store: Store, batch: Batch, files: Sequence[Taken], progress: Progress
) -> list[FileReport]:
    """Load the files of an opened batch and move it on; nothing of it is kept if anything fails."""
    refused = {file.number: file.digest.refusal for file in files if file.digest.refusal is not None}
    while True:
        reading = Reading(files, batch.rules, refused)
        progress.start(
            f"load: batch {batch.batch}",
            sum(file.digest.size for file in files if file.number not in refused),
        )
        try:
            with new_set(store, batch.batch) as written:
                found, parts = stream(space, store, batch, reading, written.folder, progress)
                gone = dropped(store, reading, found.columns(), parts)
        except UnusableError as unusable:
            refused[unusable.number] = unusable.refusal
            continue
        progress.done()
        reports = _commit(store, batch, reading, _Loaded(found, gone, written.name if parts else None))
        _clear(store)
        return reports


def _clear(store: Store) -> None:
    """Let go of what was gathered on the way: it holds memory, and names that tables of events may have."""
    for (table,) in store.execute(
        "select table_name from duckdb_tables() where temporary and starts_with(table_name, 'load_')"
    ).fetchall():
        store.execute(f"drop table {quoted(table)}")


class _Loaded(NamedTuple):
    """What was read: its notes, the rows of it that are duplicates, and the message set, if there is one."""

    notes: Notes
    dropped: npt.NDArray[np.int64]
    message_set: str | None


def _commit(store: Store, batch: Batch, reading: Reading, loaded: _Loaded) -> list[FileReport]:
    """Everything the batch leaves behind, in one transaction."""
    found, parts = loaded.notes.columns(), set_files(store, loaded.message_set)
    kept = np.ones(loaded.notes.rows, np.bool_)
    kept[loaded.dropped] = False
    counts = _counts(store, loaded.notes, kept)
    reports = [_report(file, reading, counts.get(file.number, _NO_COUNTS)) for file in reading.files]
    rows = ordered(store, found, kept, parts)
    with store.transaction():
        enter(store, batch.batch, found, rows, parts)
        if len(loaded.dropped):
            with store.frames(load_dropped=pa.table({"row": loaded.dropped})):
                store.execute(arrivals.duplicates(batch.batch, parts))
        store.execute(arrivals.refuse(batch.batch))
        for file, report in zip(reading.files, reports, strict=True):
            _receipt(store, file, report)
        advance(
            store,
            batch,
            "loaded",
            message_set=loaded.message_set,
            counts={
                "messages": sum(report.loaded + report.repaired for report in reports),
                "duplicates": sum(report.duplicate for report in reports),
                "rejects": sum(report.rejected for report in reports),
            },
        )
    return reports


def _counts(store: Store, found: Notes, kept: npt.NDArray[np.bool_]) -> dict[int, tuple[int, ...]]:
    """Per file: rows loaded, repaired, duplicate, rejected, filtered."""
    loaded = notes.counts(found.columns(), kept)
    rejected = dict(store.execute(arrivals.REJECTED).fetchall())
    return {
        file: (*loaded.get(file, (0, 0, 0)), rejected.get(file, 0), found.filtered[file])
        for file in {*loaded, *rejected, *found.filtered}
    }


def _report(file: Taken, reading: Reading, counts: tuple[int, ...]) -> FileReport:
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
