"""Message sets: a batch's messages as Parquet parts in a folder beside the store.

A set is written under a temporary name, synced and renamed; only then does a transaction name it in
the ledger. A set that no row names is what a killed run left, and is swept.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from pipelines.store.store import Store, disk_errors

_TEMPORARY = ".part"
_ROW_GROUP = 122_880
"""Rows of a part that are read together."""


@dataclass(frozen=True, slots=True)
class MessageSet:
    """A set being written: put Parquet parts into `folder`, name `name` in the ledger."""

    name: str
    folder: Path


@contextlib.contextmanager
def new_set(store: Store, batch: int) -> Iterator[MessageSet]:
    """A folder for the parts of a batch's messages; durable under its own name when the block ends."""
    name = f"messages-{batch:07d}{_suffix(store)}"
    folder, final = store.folder / (name + _TEMPORARY), store.folder / name
    for leftover in (folder, final):
        shutil.rmtree(leftover, ignore_errors=True)
    folder.mkdir(parents=True)
    yield MessageSet(name, folder)
    for part in sorted(folder.iterdir()):
        _sync(part)
    _sync(folder)
    rename(folder, final)


def _suffix(store: Store) -> str:
    """Nothing in a store of the first generation; later ones may make a batch anew beside its old set."""
    generation = int(store.scalar("select value from ops.meta where key = 'generation'"))
    return f".{generation}" if generation > 1 else ""


def write_part(store: Store, path: Path, messages: pa.Table, repeating: Collection[str]) -> None:
    """Write messages as one Parquet part and see it onto the disk; raises `DiskFull` when that is.

    `repeating` are the columns with few values, which are written as numbers into a dictionary. Other numbers
    and times are written as steps: they mostly grow.
    """
    stepped = {
        field.name: "DELTA_BINARY_PACKED"
        for field in messages.schema
        if (pa.types.is_int64(field.type) or pa.types.is_timestamp(field.type))
        and field.name not in repeating
    }
    with disk_errors(store.path):
        parquet.write_table(
            messages,
            path,
            row_group_size=_ROW_GROUP,
            compression="zstd",
            compression_level=1,
            use_dictionary=list(repeating),
            column_encoding=stepped,
            write_statistics=list(stepped),
            store_schema=False,
        )
        _sync(path)


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
    """The moment a set, or a rebuilt store, takes its name; it lasts once this returns."""
    old.replace(new)
    _sync(new.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
