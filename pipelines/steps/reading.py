"""Open a store to read it, without the writer's lock: for people, and for a sensor."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import duckdb

from pipelines.config import Space
from pipelines.errors import StoreError, StoreLocked, StoreMismatch
from pipelines.naming import literal, quoted
from pipelines.store.store import STORE_VERSION

_CATALOG = "store"


@contextlib.contextmanager
def reading(space: Space, *, older: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to the space's store, with the space's schema as default, as in an open store.

    Raises `StoreError` if there is no store yet, `StoreLocked` while another process writes to it,
    `StoreMismatch` if the file is not this space's store or, unless `older`, lacks tables of this version.
    """
    if not space.store.exists():
        raise StoreError(
            "there is no store yet",
            where=str(space.store),
            expected="a store that a run has made",
            hint=f"make it: unify run {space.file}",
        )
    con = duckdb.connect(
        config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    try:
        con.execute("set TimeZone = 'UTC'")
        version = _attach(con, space)
        if version < STORE_VERSION and not older:
            raise StoreMismatch(
                "the store was written by an older unify",
                where=str(space.store),
                expected=f"store version {STORE_VERSION}",
                hint=f"the next run brings it up to date: unify run {space.file}",
            )
        yield con
    finally:
        con.close()


def _attach(con: duckdb.DuckDBPyConnection, space: Space) -> int:
    """Attach the store as default; returns its version."""
    try:
        con.execute(f"attach {literal(str(space.store))} as {_CATALOG} (read_only)")
        con.execute(f"use {_CATALOG}.{quoted(space.name)}")
        rows = con.execute("select value from ops.meta where key = 'store_version'").fetchall()
        return int(rows[0][0]) if rows else 0
    except duckdb.IOException as error:
        if "lock" in str(error):
            writer = re.search(r"PID (\d+)", str(error))
            raise StoreLocked(
                f"another process is writing to this store{f': process {writer[1]}' if writer else ''}",
                where=str(space.store),
                expected="no writer while somebody reads",
                hint="ask again when it is done",
            ) from None
        raise StoreMismatch(
            "the store cannot be read as a DuckDB file",
            where=str(space.store),
            expected="a store written by unify",
            hint="move the file away, or name another one under `store:`",
        ) from None
    except duckdb.CatalogException:
        raise StoreMismatch(
            f"the file is not the store of the space {space.name}",
            where=str(space.store),
            expected="one store a space",
            hint="name another file under `store:`",
        ) from None
