"""Rebuild: replay every batch from its stored messages into a second file, and put it in the store's place.

Each batch runs under the rules and at the time the ledger recorded, so the result is the same, byte for
byte (design section 4). What batches start from (files, rejects, messages, the memory of traits) is copied;
what they make (graph, tables) is made again. `steps/renew.py` does it under the rules of now.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from pipelines.config import Space
from pipelines.naming import quoted
from pipelines.steps.materialize import materialize
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.radar import radar
from pipelines.steps.resolve import resolve_batch
from pipelines.store.ledger import batches
from pipelines.store.replacement import OLD, replacement
from pipelines.store.store import Store

_COPIED = ("ops.files", "ops.rejects", "ops.sync_runs", "state.messages", "state.duplicates")
"""What load and publish wrote. `state.trait_*` and, batch by batch, the ledger are copied too."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What was replayed."""

    batches: int
    messages: int

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return asdict(self)


def rebuild(space: Space, wait: timedelta = timedelta(), progress: Progress = SILENT) -> RebuildReport:
    """Build the store anew beside itself and swap it in by rename; killed before that, nothing has changed.

    Raises `InputError` if a batch is not finished: run it first.
    """
    with replacement(space, wait, swap=True) as store:
        return _replay(space, store, progress)


def _replay(space: Space, store: Store, progress: Progress) -> RebuildReport:
    with store.transaction():
        store.execute("delete from ops.meta")
        for table in ("ops.meta", *_COPIED, *_trait_memory(store)):
            store.execute(f"insert into {table} by name from {OLD}.{table}")
    recorded = batches(store, f"{OLD}.ops.batches")
    progress.start("rebuild", len(recorded))
    for batch in recorded:
        with store.transaction():
            store.execute(
                "insert into ops.batches by name select * replace ('loaded' as stage)"
                f" from {OLD}.ops.batches where batch = $batch",
                {"batch": batch.batch},
            )
        # One batch at a time, as it was: a snapshot is the state at the end of its own batch.
        resolve_batch(space, store, batch)
        materialize(space, store)
        progress.advance(1)
    radar(space, store)
    progress.done()
    return RebuildReport(len(recorded), int(store.scalar("select count(*) from state.messages")))


def _trait_memory(store: Store) -> list[str]:
    """What compute remembers of the values it sent."""
    rows = store.execute(
        "select table_name from information_schema.tables"
        # The old store is attached, and has tables of the same names.
        " where table_catalog = current_database()"
        " and table_schema = 'state' and table_name like 'trait\\_%' escape '\\' order by table_name"
    ).fetchall()
    return [f"state.{quoted(name)}" for (name,) in rows]
