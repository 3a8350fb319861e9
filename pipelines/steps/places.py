"""Where a message came from and what it was: how it is shown to people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

import duckdb

from pipelines import sqlfiles

Key = tuple[int, int]
"""A message: its batch, and its ordinal in it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One message; `file` and `line` are None if it was made by compute."""

    message_id: str
    file: str | None
    line: int | None
    timestamp: datetime
    call: str
    event: str | None
    source: str

    @property
    def place(self) -> str:
        """File and line, as editors link them; the message's id if it stands in no file."""
        return f"{self.file}:{self.line}" if self.file else f"made here: {self.message_id}"

    @property
    def words(self) -> str:
        """The call in words."""
        return " ".join((self.call, *([f"“{self.event}”"] if self.event else []), f"from {self.source}"))


def places(con: duckdb.DuckDBPyConnection, sets: Path, keys: Iterable[Key]) -> dict[Key, Told]:
    """Each of the messages; meant for a few, of which only their row groups are read."""
    found: dict[Key, Told] = {}
    for batch, group in groupby(sorted(set(keys)), key=lambda key: key[0]):
        ordinals = [ordinal for _, ordinal in group]
        rows = con.execute(
            sqlfiles.read("explain/places.sql"), {"batch": batch, "ordinals": ordinals}
        ).fetchall()
        name = con.execute(
            "select message_set from ops.batches where batch = $batch", {"batch": batch}
        ).fetchall()[0][0]
        called = {
            row: rest
            for row, *rest in con.execute(
                sqlfiles.read("explain/called.sql"),
                {
                    "files": [str(part) for part in sorted((sets / str(name)).glob("*.parquet"))],
                    "rows": [row for _, row, *_ in rows],
                },
            ).fetchall()
        }
        for ordinal, row, message_id, file, line in rows:
            found[batch, ordinal] = Told(message_id, file, line, *called[row])
    return found
