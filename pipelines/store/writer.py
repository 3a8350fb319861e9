"""The one writer of a store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta

from pipelines.space import Space
from pipelines.store.lock import writer_lock
from pipelines.store.replacement import discard
from pipelines.store.sets import sweep
from pipelines.store.store import Store, open_file


@contextlib.contextmanager
def open_store(space: Space, wait: timedelta = timedelta()) -> Iterator[Store]:
    """Open the space's store for writing, creating it if missing; wait at most `wait` for another writer.

    What a killed run or rebuild left half-done is swept. Raises `StoreLocked` when another process
    is writing or has the file open, `StoreMismatch` when it belongs to another space or a newer unify.
    """
    with writer_lock(space.store, wait), open_file(space, space.store) as store:
        discard(space.store)
        sweep(store)
        yield store
