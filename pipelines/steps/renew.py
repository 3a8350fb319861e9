"""Renew: resolve all stored messages anew under the space file's rules of now, and say what changes.

The result is what the store would be if today's space file had been in force from the first batch on. Batches
of files keep their number, time and messages, and are resolved again. What compute once sent was made of the
old profiles, so it is not kept: traits are made anew, by today's definitions, at the time of every batch of
traits and once at the end. Under unchanged rules and traits that gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from pipelines.config import Space
from pipelines.ingest.reread import reads_alike, reread
from pipelines.steps.comparison import Comparison, compare
from pipelines.steps.compute import ComputeReport, compute
from pipelines.steps.materialize import materialize
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.radar import radar
from pipelines.steps.resolve import resolve_batch
from pipelines.store.ledger import Batch, batches, waiting
from pipelines.store.replacement import OLD, replacement
from pipelines.store.sets import new_set, set_files
from pipelines.store.store import Store

_TICK = timedelta(microseconds=1)
_OF_FILES = f"where batch in (select batch from {OLD}.ops.batches where kind = 'files')"
_COPIED = ("ops.files", "ops.rejects", "ops.sync_runs", f"state.messages {_OF_FILES}", "state.duplicates")
"""What load and publish wrote; the messages of traits are not among it."""


@dataclass(frozen=True, slots=True)
class RenewReport:
    """What resolving anew does, or with `dry_run` would do.

    `reread` batches had their identifiers looked for anew, because types or places are others now; `nameless`
    rows were rejected for want of an identifier and stay rejected until their files are loaded again.
    """

    dry_run: bool
    batches: int
    messages: int
    reread: int
    nameless: int
    generation: int
    changes: Comparison
    compute: ComputeReport

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """JSON-ready."""
        own = {name: getattr(self, name) for name in self.__slots__}
        return {**own, "changes": self.changes.as_dict(), "compute": self.compute.as_dict()}


def renew(
    space: Space,
    now: datetime,
    wait: timedelta = timedelta(),
    progress: Progress = SILENT,
    *,
    dry_run: bool = False,
    values: bool = False,
) -> RenewReport:
    """Build the store anew under the space file's rules, and swap it in by rename unless `dry_run`.

    `now` (naive UTC) is the time of the traits made at the end; `values` shows identifiers in full in the
    report's examples. The store's generation is raised, so that every target is published in full. Raises
    `InputError` if a batch is not finished: run it first.
    """
    with replacement(space, wait, swap=not dry_run) as store:
        # Computed traits join nobody: for the graph alone the tables are not needed.
        renewal = _Renewal(space, store, tables=not dry_run or bool(space.sql_traits))
        renewal.begin()
        recorded = batches(store, f"{OLD}.ops.batches")
        progress.start("rebuild", len(recorded))
        for batch, before in zip(recorded, [None, *recorded], strict=False):
            renewal.take(batch, before)
            progress.advance(1)
        computed = renewal.compute(now)
        if not dry_run:
            radar(space, store)
        progress.done()
        return RenewReport(
            dry_run=dry_run,
            batches=len(recorded),
            messages=int(store.scalar("select count(*) from state.messages")),
            reread=renewal.reread,
            nameless=int(store.scalar("select count(*) from ops.rejects where reason = 'no_identifier'")),
            generation=int(store.scalar("select value from ops.meta where key = 'generation'")),
            changes=compare(store, values=values),
            compute=computed,
        )


class _Renewal:
    """The second file on its way; `reread` counts the batches whose identifiers were looked for anew."""

    def __init__(self, space: Space, store: Store, *, tables: bool) -> None:
        self._space = space
        self._store = store
        self._tables = tables
        self.reread = 0

    def begin(self) -> None:
        """Copy what loading found, and raise the generation."""
        with self._store.transaction():
            self._store.execute("delete from ops.meta")
            for table in ("ops.meta", *_COPIED):
                name = table.partition(" ")[0]
                self._store.execute(f"insert into {name} from {OLD}.{table}")
            self._store.execute(
                "update ops.meta set value = (value::integer + 1)::varchar where key = 'generation'"
            )

    def take(self, batch: Batch, before: Batch | None) -> None:
        """Resolve a batch of files anew; in the place of one of traits, make the traits of its time."""
        if batch.kind == "files":
            self._enter(batch)
            self._follow()
        else:
            self.compute(_moment(batch, before))

    def compute(self, now: datetime) -> ComputeReport:
        """Make the traits that are due at this time, and take what changed into the tables."""
        if not self._tables:
            return ComputeReport()
        report = compute(self._space, self._store, now)
        self._follow()
        return report

    def _follow(self) -> None:
        """Resolve and materialize what waits."""
        for batch in waiting(self._store, "loaded"):
            resolve_batch(self._space, self._store, batch)
            if self._tables:
                materialize(self._space, self._store)

    def _enter(self, batch: Batch) -> None:
        """Put a recorded batch of files into the ledger under the rules of now, with its messages."""
        store, rules = self._store, self._space.identity
        message_set = batch.message_set
        if message_set is not None and not reads_alike(batch.rules, rules):
            message_set = self._read_anew(batch)
            self.reread += 1
        with store.transaction():
            store.execute(
                "insert into ops.batches by name select * replace ('loaded' as stage, $rules as rules,"
                " $rules_hash as rules_hash, $history as trait_history, $message_set as message_set)"
                f" from {OLD}.ops.batches where batch = $batch",
                {
                    "batch": batch.batch,
                    "rules": rules.text,
                    "rules_hash": rules.hash,
                    "history": self._space.trait_history,
                    "message_set": message_set,
                },
            )

    def _read_anew(self, batch: Batch) -> str:
        """A set with the batch's messages and the identifiers that are declared now; its name."""
        with new_set(self._store, batch.batch) as written:
            for file in set_files(self._store, batch.message_set):
                target = written.folder / Path(file).name
                columns = pq.read_schema(file).names
                self._store.execute(reread(batch.rules, self._space.identity, file, str(target), columns))
        return written.name


def _moment(batch: Batch, before: Batch | None) -> datetime:
    """When the compute that made this batch ran.

    Opened in the same run as the one before, a batch has a time 1 µs later than that run's.
    """
    return before.time if before and batch.time == before.time + _TICK else batch.time
