"""Rebuild: replay every batch from its stored messages into a second file, and put it in the store's place.

Each batch runs under the rules and at the time the ledger recorded, so the result is the same, byte for
byte (design section 4). What batches start from (files, rejects, messages, the memory of traits) is copied;
what they make (graph, tables) is made again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.naming import quoted
from pipelines.steps.materialize import materialize
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.radar import radar
from pipelines.steps.resolve import resolve_batch
from pipelines.store.ledger import batches
from pipelines.store.lock import writer_lock
from pipelines.store.sets import rename
from pipelines.store.store import Store, open_file

_OLD = "old_store"
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
    second = space.store.with_name(space.store.name + ".rebuild")
    with writer_lock(space.store, wait):
        with open_file(space, space.store) as store:
            _check_finished(space, store)
            store.execute("checkpoint")
        _remove(second)
        with open_file(space, second) as store:
            report = _replay(space, store, progress)
            store.execute("checkpoint")
        rename(second, space.store)
    return report


def _check_finished(space: Space, store: Store) -> None:
    unfinished = [batch.batch for batch in batches(store) if batch.stage != "materialized"]
    if unfinished:
        raise InputError(
            f"batch {unfinished[0]} has not been finished",
            where=str(space.store),
            expected="every batch materialized before a rebuild",
            hint=f"finish it first: unify run {space.file.name}",
        )


def _replay(space: Space, store: Store, progress: Progress) -> RebuildReport:
    store.execute(f"attach $path as {_OLD} (read_only)", {"path": str(space.store)})
    with store.transaction():
        store.execute("delete from ops.meta")
        store.execute(f"insert into ops.meta from {_OLD}.ops.meta")
        for table in (*_COPIED, *_trait_memory(store)):
            store.execute(f"insert into {table} from {_OLD}.{table}")
    numbers = [
        row[0] for row in store.execute(f"select batch from {_OLD}.ops.batches order by batch").fetchall()
    ]
    progress.start("rebuild", len(numbers))
    for number in numbers:
        with store.transaction():
            store.execute(
                "insert into ops.batches select * replace ('loaded' as stage)"
                f" from {_OLD}.ops.batches where batch = $batch",
                {"batch": number},
            )
        # One batch at a time, as it was: a snapshot is the state at the end of its own batch.
        resolve_batch(space, store, batches(store)[-1])
        materialize(space, store)
        progress.advance(1)
    radar(space, store)
    progress.done()
    store.execute(f"detach {_OLD}")
    return RebuildReport(len(numbers), int(store.scalar("select count(*) from state.messages")))


def _trait_memory(store: Store) -> list[str]:
    """What compute remembers of the values it sent."""
    rows = store.execute(
        "select table_name from information_schema.tables"
        # The old store is attached, and has tables of the same names.
        " where table_catalog = current_database()"
        " and table_schema = 'state' and table_name like 'trait\\_%' escape '\\' order by table_name"
    ).fetchall()
    return [f"state.{quoted(name)}" for (name,) in rows]


def _remove(second: Path) -> None:
    for leftover in (second, second.with_name(second.name + ".wal")):
        leftover.unlink(missing_ok=True)
