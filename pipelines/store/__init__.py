"""The space's DuckDB file: connection, lock, transactions, ledger, message sets."""

from __future__ import annotations

from pipelines.store.store import Store
from pipelines.store.writer import open_store

__all__ = ["Store", "open_store"]
