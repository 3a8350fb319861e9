"""Open a space's store: a DuckDB file with the schemas `<space>`, `ops` and `state`."""

from __future__ import annotations

import contextlib
import errno
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pyarrow as pa

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.errors import DiskFull, StoreError, StoreLocked, StoreMismatch
from pipelines.ids import message_hashes
from pipelines.naming import quoted
from pipelines.sqlfiles import Statement

STORE_VERSION = 2
"""Raised with every change of `state` or `ops`; an older store is upgraded when it is opened.

2: accounts, of which those of older batches come with the next `unify rebuild`; another hash of message ids;
the radar; batches say how traits are kept.
"""

_ADDED_COLUMNS = {"ops.batches": "trait_history varchar default 'every_batch'"}
"""Columns that tables of older stores lack, with what holds for the rows there are; they come last."""

_SCRATCH = "scratch"
ROW_GROUP = 122_880
"""Rows DuckDB stores together."""
MEMORY_SHARE = 0.45
"""DuckDB's part of the process's memory; the rest is for Arrow blocks and the replay's arrays."""


@dataclass(frozen=True, slots=True)
class Store:
    """An open store. Every statement goes through `execute`, every change through `transaction`.

    The default schema is the space's: `tracks` is its table, `ops.files` and `state.messages` are not.
    """

    con: duckdb.DuckDBPyConnection
    space: str
    path: Path
    folder: Path
    """Where message sets live: `<stem>.sets` beside the file."""

    def execute(
        self, statement: str | Statement, params: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        """Run one statement with `$name` parameters; raises `DiskFull` when the disk is."""
        sql, bound = (
            (statement.sql, {**statement.params, **(params or {})})
            if isinstance(statement, Statement)
            else (statement, params)
        )
        with disk_errors(self.path):
            return self.con.execute(sql, dict(bound)) if bound else self.con.execute(sql)

    def scalar(
        self, sql: str, params: Mapping[str, object] | None = None
    ) -> Any:  # Any: a cell's type is the query's
        """The first cell of the first row, or None."""
        rows = self.execute(sql, params).fetchall()
        return rows[0][0] if rows else None

    def frame(self, sql: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """The result of a query as an Arrow table."""
        with disk_errors(self.path):
            return self.con.sql(sql, params=dict(params) if params else None).to_arrow_table()

    @contextlib.contextmanager
    def frames(self, **tables: pa.Table) -> Iterator[None]:
        """Arrow tables that statements inside may read by these names, a record batch a thread."""
        held = {name: _Frame(table) for name, table in tables.items()}
        for name, frame in held.items():
            self.con.register(name, frame)
        try:
            yield
        finally:
            for name, frame in held.items():
                self.con.unregister(name)
                frame.table = None

    @contextlib.contextmanager
    def stream(self, **readers: pa.RecordBatchReader) -> Iterator[None]:
        """Streams of Arrow batches that one statement inside may read by these names, once."""
        for name, reader in readers.items():
            self.con.register(name, reader)
        try:
            yield
        finally:
            for name in readers:
                self.con.unregister(name)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside take effect together, or none does."""
        self.execute("begin transaction")
        try:
            yield
            self.execute("commit")
        except BaseException:
            # After a failed commit DuckDB has rolled back by itself, and says so.
            with contextlib.suppress(duckdb.Error):
                self.con.execute("rollback")
            raise


class _Frame:
    """A table that DuckDB reads.

    What was registered in a transaction DuckDB keeps until the transaction ends; so it is given this small
    object, which lets go of the rows as soon as the statements they are for have run.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table: pa.Table | None = pa.Table.from_batches(table.to_batches(ROW_GROUP), table.schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The Arrow PyCapsule interface; a new stream for every reading."""
        if self.table is None:
            raise RuntimeError("a frame was read after the statements it was for")  # a fault of ours
        return self.table.__arrow_c_stream__(requested_schema)


def space_folder(store: Path) -> Path:
    """The folder of message sets that belongs to a store file."""
    return store.with_name(store.stem + ".sets")


def scratch_folder(space: Space) -> Path:
    """Where files lie that one run alone needs."""
    return space.resources.temp or space_folder(space.store) / _SCRATCH


@contextlib.contextmanager
def open_file(space: Space, file: Path) -> Iterator[Store]:
    """Open one DuckDB file of the space, whose writer lock is held: the store, or the one a rebuild makes."""
    folder = space_folder(space.store)
    scratch = scratch_folder(space)
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(parents=True, exist_ok=True)
        scratch.mkdir(parents=True, exist_ok=True)
    con = _connect(file, space, scratch)
    try:
        store = Store(con, space.name, file, folder)
        _prepare(store)
        yield store
    finally:
        con.close()
        shutil.rmtree(folder / _SCRATCH, ignore_errors=True)


def _connect(file: Path, space: Space, scratch: Path) -> duckdb.DuckDBPyConnection:
    config: dict[str, str | int] = {
        "preserve_insertion_order": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "temp_directory": str(scratch),
        "memory_limit": f"{int(memory_budget(space) * MEMORY_SHARE)}B",
    }
    if space.resources.threads is not None:
        config["threads"] = space.resources.threads
    try:
        with disk_errors(file):
            con = duckdb.connect(str(file), config={name: str(value) for name, value in config.items()})
            con.execute("set global TimeZone = 'UTC'")
            con.execute("set enable_progress_bar = false")  # it would write between our lines
            return con
    except duckdb.IOException as error:
        reader = re.search(r"PID (\d+)", str(error))
        if "lock" in str(error):
            raise StoreLocked(
                f"another program has the store open{f': process {reader[1]}' if reader else ''}",
                where=str(file),
                expected="no reader on the file while a batch is written",
                hint="close it, or read from a copy of the file",
            ) from None
        raise StoreMismatch(
            "the store cannot be read as a DuckDB file",
            where=str(file),
            expected="a store written by unify, or no file",
            hint="move the file away, or name another one under `store:`",
        ) from error


def memory_budget(space: Space) -> int:
    """Bytes this process may use: `resources.memory`, else half of the machine's, at most 8 GB."""
    if space.resources.memory is None:
        return int(min(8e9, psutil.virtual_memory().total / 2))
    return parse_size(space.resources.memory)


def parse_size(text: str) -> int:
    """Bytes from `8GB`, `512 MB`, `4GiB`; powers of 1000, or of 1024 with an `i`, as DuckDB reads them."""
    number, prefix, binary = re.fullmatch(r"\s*([\d.]+)\s*([KMGT]?)(i?)B\s*", text, re.IGNORECASE).groups()  # type: ignore[union-attr]  # config has checked the form
    return int(
        float(number) * (1024 if binary else 1000) ** ("KMGT".index(prefix.upper()) + 1 if prefix else 0)
    )


def _prepare(store: Store) -> None:
    """Create what is missing on first use or in an older store; refuse a store that is not ours to write."""
    schemas = {
        name
        for (name,) in store.execute("select schema_name from duckdb_schemas() where not internal").fetchall()
    }
    if "ops" in schemas:
        if _version(store) < STORE_VERSION:
            _create(store)
    elif store.space in schemas:
        raise StoreMismatch(
            f"the file has a schema {store.space} but was not made by unify",
            where=str(store.path),
            expected="a store of this space, or no file",
            hint="name another file under `store:`",
        )
    else:
        _create(store)
    store.execute(f"use {quoted(str(store.scalar('select current_database()')))}.{quoted(store.space)}")


def _create(store: Store) -> None:
    database = quoted(str(store.scalar("select current_database()")))
    with store.transaction():
        for schema in (store.space, "state", "ops"):
            store.execute(f"create schema if not exists {quoted(schema)}")
        store.execute(f"use {database}.{quoted(store.space)}")
        # Views last: they read the tables.
        for folder in ("macros", "tables/state", "tables/ops", "tables", "tables/ops/views"):
            for file in sqlfiles.files(folder):
                for statement in sqlfiles.statements(file):
                    store.execute(statement)
        for table, column in _ADDED_COLUMNS.items():
            store.execute(f"alter table {table} add column if not exists {column}")
        _hash_messages(store)
        _write_identity(store)


def _hash_messages(store: Store) -> None:
    """Messages of an older store get the hash by which they are found today."""
    ids = store.frame("select batch, row, message_id from state.messages")
    hashes = pa.array(message_hashes(ids["message_id"]))
    with store.frames(hashed=ids.drop_columns("message_id").append_column("hash", hashes)):
        store.execute(
            "update state.messages set hash = hashed.hash from hashed"
            " where messages.batch = hashed.batch and messages.row = hashed.row"
        )


def _write_identity(store: Store) -> None:
    """What the store is, in `ops.meta`; of one that is upgraded only its version is another."""
    store.execute("delete from ops.meta where key = 'store_version'")
    meta = {"space": store.space, "store_version": str(STORE_VERSION), "generation": "1"}
    for key, value in meta.items():
        store.execute(
            "insert into ops.meta select $key, $value where $key not in (select key from ops.meta)",
            {"key": key, "value": value},
        )


def _version(store: Store) -> int:
    """The version of a store of this space; raises `StoreMismatch` if it is another's or too new."""
    meta = dict(store.execute("select key, value from ops.meta").fetchall())
    if meta.get("space") != store.space:
        raise StoreMismatch(
            f"this store belongs to the space {meta.get('space')!r}, not {store.space!r}",
            where=str(store.path),
            expected="one store a space",
            hint="name another file under `store:`",
        )
    version = int(meta.get("store_version", "0"))
    if version > STORE_VERSION:
        raise StoreMismatch(
            f"this store was written by a newer unify: its version is {version}",
            where=str(store.path),
            expected=f"store version {STORE_VERSION} or older",
            hint="upgrade unify-pipelines",
        )
    return version


@contextlib.contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what DuckDB and the system say of a full disk into one clear error."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        if "No space left on device" in str(error) or getattr(error, "errno", None) in (
            errno.ENOSPC,
            errno.EDQUOT,
        ):
            raise DiskFull(
                "the disk is full; nothing of this step was kept",
                where=str(path.parent),
                expected="room for the store, its message sets and DuckDB's temporary files",
                hint="free some space and run again: the job goes on where it stopped",
            ) from None
        if isinstance(error, duckdb.FatalException):
            raise StoreError(
                f"DuckDB could not go on with this file: {str(error).splitlines()[0]}",
                where=str(path),
                expected="a sound file on a sound disk",
                hint="run again; if that fails too, put the last copy of the file in its place",
            ) from error
        raise
