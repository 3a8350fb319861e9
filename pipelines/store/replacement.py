"""A second file, built beside the store, that takes its place by rename: the one way to change all of it.

Until the rename nothing has happened: whatever ends the work before leaves the store as it was, and what was
written is removed, by the next writer if this one was killed.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from pipelines.errors import InputError, StoreError
from pipelines.space import Space
from pipelines.store import sets
from pipelines.store.ledger import batches
from pipelines.store.lock import writer_lock
from pipelines.store.store import Store, open_file, space_folder

OLD = "old_store"
"""The catalog under which the second file sees the store as it is: `old_store.ops.batches`."""


@contextlib.contextmanager
def replacement(space: Space, wait: timedelta, *, swap: bool) -> Iterator[Store]:
    """An empty second file with the store attached as `OLD`, read-only; the store is locked meanwhile.

    When the block ends well the file takes the store's place, unless `swap` is false; then, as after an
    error, nothing of it stays. Raises `StoreError` if there is no store, `InputError` if a batch in it is not
    finished.
    """
    if not space.store.exists():
        raise StoreError(
            "there is no store yet",
            where=str(space.store),
            expected="a store that a run has made",
            hint=f"make it: unify run {space.file}",
        )
    with writer_lock(space.store, wait):
        _settle(space)
        discard(space.store)
        before, swapped = _sets(space), False
        try:
            with open_file(space, _second(space.store)) as store:
                store.execute(f"attach $path as {OLD} (read_only)", {"path": str(space.store)})
                yield store
                store.execute(f"detach {OLD}")
                store.execute("checkpoint")
            if swap:
                sets.rename(_second(space.store), space.store)
                swapped = True
        finally:
            if not swapped:
                _give_up(space, before)
        if swapped:
            with open_file(space, space.store) as store:
                sets.sweep(store)


def discard(store: Path) -> None:
    """Remove the second file, if one was left by a process that was killed."""
    second = _second(store)
    for leftover in (second, second.with_name(second.name + ".wal")):
        leftover.unlink(missing_ok=True)


def _second(store: Path) -> Path:
    return store.with_name(store.name + ".rebuild")


def _settle(space: Space) -> None:
    """Bring all of the store into its file: a log left beside it would be taken for the new file's."""
    with open_file(space, space.store) as store:
        unfinished = [batch.batch for batch in batches(store) if batch.stage != "materialized"]
        if unfinished:
            raise InputError(
                f"batch {unfinished[0]} has not been finished",
                where=str(space.store),
                expected="every batch materialized before a rebuild",
                hint=f"finish it first: unify run {space.file.name}",
            )
        sets.sweep(store)
        store.execute("checkpoint")


def _sets(space: Space) -> frozenset[Path]:
    return frozenset(space_folder(space.store).glob("messages-*"))


def _give_up(space: Space, before: frozenset[Path]) -> None:
    """Remove the second file and the message sets written for it."""
    discard(space.store)
    for folder in _sets(space) - before:
        shutil.rmtree(folder, ignore_errors=True)
