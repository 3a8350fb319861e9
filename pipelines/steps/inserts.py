"""Insert frames that come piece by piece, many tables in turn, in amounts that suit DuckDB.

DuckDB stores rows in groups. An insert that leaves a group half full has it filled up, and so compressed
anew, by the next one, on one thread. So rows wait here until they make whole groups, and each record batch
of an insert is one group, which a thread takes and writes as a whole.
"""

from __future__ import annotations

from collections import defaultdict

import polars as pl

from pipelines.naming import quoted
from pipelines.store.store import ROW_GROUP, Store

_AT_ONCE = 2 * ROW_GROUP
"""Rows that are worth an insert: a group for each of two threads."""
_WAITING_BYTES = 1 << 30
"""What may wait for all tables together; beyond it the largest is inserted, whole groups or not."""


class Inserts:
    """Rows on their way into the tables of the store. What still waits goes in with `flush`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: defaultdict[str, list[pl.DataFrame]] = defaultdict(list)
        self._bytes: defaultdict[str, int] = defaultdict(int)

    def add(self, table: str, rows: pl.DataFrame) -> None:
        """Rows for a table, their columns named like its own; a column left out is NULL."""
        waiting = sum(map(len, self._waiting.get(table, ())))
        if waiting + len(rows) >= _AT_ONCE:
            rows = self._take(table, rows)
            whole = len(rows) // ROW_GROUP * ROW_GROUP
            self._insert(table, rows[:whole])
            rows = rows[whole:]
        if len(rows):
            self._wait(table, rows)
        while sum(self._bytes.values()) > _WAITING_BYTES:
            largest = max(self._bytes, key=self._bytes.__getitem__)
            self._insert(largest, self._take(largest))

    def flush(self) -> None:
        """Insert all that waits."""
        for table in list(self._waiting):
            self._insert(table, self._take(table))

    def _wait(self, table: str, rows: pl.DataFrame) -> None:
        # a string view would keep the whole text of its piece alive: what waits is copied
        own = pl.DataFrame(rows.to_arrow(compat_level=pl.CompatLevel.oldest()))
        self._waiting[table].append(own)
        self._bytes[table] += int(own.estimated_size())

    def _take(self, table: str, *more: pl.DataFrame) -> pl.DataFrame:
        self._bytes.pop(table, None)
        return pl.concat([*self._waiting.pop(table, []), *more], how="diagonal")

    def _insert(self, table: str, rows: pl.DataFrame) -> None:
        arrow = rows.to_arrow(compat_level=pl.CompatLevel.newest()).combine_chunks()
        with self._store.frames(piece__rows=arrow):
            self._store.execute(f"insert into {quoted(table)} by name from piece__rows")
