"""What load notes of every message of a batch until all are read: enough to find duplicates and the order.

Some 20 bytes a message, in memory; whatever else must be known is read from the message set, for the few
messages that need it. Source: design section 4, ids and order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

Longs = npt.NDArray[np.int64]
Ints = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
_T = TypeVar("_T", bound=np.generic)


class Columns(NamedTuple):
    """A column an attribute, in the order of rows: 0, 1, 2 ... through the batch."""

    hash: Hashes
    """Of the message id."""
    timestamp: Longs
    """Microseconds."""
    file: Ints
    repaired: Flags
    profile: Flags
    """Whether it is a row of a profiles upload."""


class Order(NamedTuple):
    """Rows in processing order but for some: those at the places `open`, which are to be sorted by id."""

    rows: Longs
    open: Longs


@dataclass(slots=True)
class Notes:
    """The notes of a batch, and how many records of each file their sender did not want taken."""

    blocks: list[Columns] = field(default_factory=list)
    rows: int = 0
    filtered: Counter[int] = field(default_factory=Counter)

    def add(self, places: Longs, columns: Columns) -> None:
        """Note the messages of a block; `places` are their rows: from `rows` on, no gap, in any order."""
        place = places - self.rows
        self.blocks.append(Columns._make(_placed(column, place) for column in columns))
        self.rows += len(places)

    def columns(self) -> Columns:
        """All messages."""
        if len(self.blocks) != 1:
            joined = [np.concatenate(parts) for parts in zip(*self.blocks, strict=True)] or _NOTHING
            self.blocks = [Columns._make(joined)]
        return self.blocks[0]


_NOTHING = [np.empty(0, kind) for kind in (np.uint64, np.int64, np.int32, np.bool_, np.bool_)]


def _placed(column: npt.NDArray[_T], place: Longs) -> npt.NDArray[_T]:
    placed = np.empty_like(column)
    placed[place] = column
    return placed


def repeated(hashes: Hashes) -> Longs:
    """The rows whose hash another row has too."""
    ordered = np.sort(hashes)
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    return np.flatnonzero(np.isin(hashes, twice)) if len(twice) else np.empty(0, np.int64)


def order(notes: Columns, kept: Flags) -> Order:
    """The kept rows by time; among those of one time the rows of profiles come as they are, by row.

    Where events are among them, their ids decide: those places are open.
    """
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(notes.timestamp[rows], kind="stable")]
    times = notes.timestamp[rows]
    first = np.flatnonzero(np.concatenate([np.ones(min(len(rows), 1), np.bool_), times[1:] != times[:-1]]))
    if len(first) == len(rows):
        return Order(rows, np.empty(0, np.int64))
    sizes = np.diff(first, append=len(rows))
    events = np.add.reduceat(~notes.profile[rows], first, dtype=np.int64)
    return Order(rows, np.flatnonzero(np.repeat((sizes > 1) & (events > 0), sizes)))


def counts(notes: Columns, kept: Flags) -> dict[int, tuple[int, int, int]]:
    """Per file: rows loaded, repaired, duplicate."""
    kind = np.where(kept, notes.repaired, 2)
    files = np.unique(notes.file)
    found = np.bincount(3 * np.searchsorted(files, notes.file) + kind, minlength=3 * len(files))
    of_file = found.reshape(-1, 3).tolist()
    return {file: (one[0], one[1], one[2]) for file, one in zip(files.tolist(), of_file, strict=True)}
