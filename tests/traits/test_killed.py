"""A compute that fails at any statement leaves nothing behind; the next one makes what it would have."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines.config import Space
from pipelines.sqlfiles import Statement
from pipelines.steps.compute import compute
from pipelines.store import Store, open_store
from pipelines.store.sets import sweep
from tests.traits.shop import Shop, computed_trait, shop_space

FIRST = datetime.fromisoformat("2026-01-03")
SECOND = FIRST + timedelta(days=1)

SQL = "select channel as user_id, sum(total) as spent from order_completed group by channel"


class Failed(Exception):
    """Stands for a kill."""


@dataclass(frozen=True, slots=True)
class FailingStore(Store):
    """A store that fails after some statements; `left` holds how many."""

    left: list[int]

    def execute(
        self, statement: str | Statement, params: Mapping[str, object] | None = None
    ) -> duckdb.DuckDBPyConnection:
        if not self.left[0]:
            raise Failed
        self.left[0] -= 1
        return Store.execute(self, statement, params)


def failing(store: Store, left: list[int]) -> FailingStore:
    return FailingStore(store.con, store.space, store.path, store.folder, left)


@pytest.fixture
def before(tmp_path: Path) -> Space:
    """A space in which one compute has run, and a second one has all there is to do: change, null, fold."""
    space = shop_space(
        tmp_path / "before",
        [
            computed_trait({"key": "orders", "kind": "event_counter", "days": 30}),
            computed_trait({"key": "last_channel", "kind": "last", "property": "channel"}),
        ],
    )
    space.file.parent.mkdir()
    (space.file.parent / "spending.sql").write_text(SQL)
    with open_store(space) as store:
        shop = Shop(space, store)
        shop.open()
        rows = [(f"m{n}", f"p{n % 5}", FIRST - timedelta(days=n), f"u{n % 7}", 1.1) for n in range(40)]
        names = ("id", "segment_id", "timestamp", "channel", "total")
        shop.events([dict(zip(names, row, strict=True)) for row in rows])
        shop.uploaded(FIRST)
        shop.compute(FIRST)
        shop.merge("p3", "p1")
        store.execute("delete from order_completed where channel = 'u2'")
        shop.uploaded(SECOND)
        store.execute("checkpoint")
    return space


def copied(space: Space, name: str) -> Space:
    folder = space.file.parent.parent / name
    shutil.copytree(space.file.parent, folder)
    return shop_space(folder, space.computed)


def left_behind(store: Store) -> dict[str, list[str]]:
    """All that a compute may leave, in an order of its own."""
    sweep(store)
    memory = ("state.trait_runs", "state.trait_values", "state.trait_rows", "state.messages", "ops.batches")
    queries = {table: f"from {table}" for table in memory}
    queries["messages"] = f"from '{store.folder}/messages-*/*.parquet'"
    return {name: sorted(map(repr, store.execute(query).fetchall())) for name, query in queries.items()}


def test_failing_at_each_statement_in_turn(before: Space) -> None:
    left = [10_000]
    whole = copied(before, "whole")
    with open_store(whole) as store:
        assert compute(whole, failing(store, left), SECOND).messages > 0
        expected = left_behind(store)
    statements = 10_000 - left[0]
    assert statements > 30
    broken = copied(before, "broken")
    with open_store(broken) as store:
        untouched = left_behind(store)
        for after in range(statements):
            with pytest.raises(Failed):
                compute(broken, failing(store, [after]), SECOND)
            assert left_behind(store) == untouched, f"after {after} statements"
        compute(broken, store, SECOND)
        assert left_behind(store) == expected
