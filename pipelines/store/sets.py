"""Message sets: a batch's messages as Parquet parts in a folder beside the store.

A set is written under a temporary name, synced and renamed; only then does a transaction name it in
the ledger. A set that no row names is what a killed run left, and is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipelines.store.store import Store

_TEMPORARY = ".part"


@dataclass(frozen=True, slots=True)
class MessageSet:
    """A set being written: put Parquet parts into `folder`, name `name` in the ledger."""

    name: str
    folder: Path


@contextlib.contextmanager
def new_set(store: Store, batch: int) -> Iterator[MessageSet]:
    """A folder for the parts of a batch's messages; durable under its own name when the block ends."""
    name = f"messages-{batch:07d}"
    folder, final = store.folder / (name + _TEMPORARY), store.folder / name
    for leftover in (folder, final):
        shutil.rmtree(leftover, ignore_errors=True)
    folder.mkdir(parents=True)
    yield MessageSet(name, folder)
    for part in sorted(folder.iterdir()):
        _sync(part)
    _sync(folder)
    rename(folder, final)
    _sync(store.folder)


def set_files(store: Store, name: str | None) -> list[str]:
    """The Parquet parts of a set, in order; none for a batch without messages."""
    return [] if name is None else [str(part) for part in sorted((store.folder / name).glob("*.parquet"))]


def sweep(store: Store) -> None:
    """Remove sets that no batch names."""
    named = {
        row[0]
        for row in store.execute(
            "select message_set from ops.batches where message_set is not null"
        ).fetchall()
    }
    for folder in store.folder.glob("messages-*"):
        if folder.name not in named:
            shutil.rmtree(folder)


def rename(old: Path, new: Path) -> None:
    """The moment a set, or a rebuilt store, takes its name."""
    old.replace(new)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
