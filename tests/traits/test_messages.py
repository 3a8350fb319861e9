"""Generated messages have the columns of a message set, and carry the identifiers their rows returned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.ids import message_hashes
from pipelines.store import open_store
from tests.traits.shop import Shop, computed_trait, shop_space

NOW = datetime.fromisoformat("2026-01-03")

COLUMNS = [
    "row",
    "file",
    "line",
    "input",
    "type",
    "message_id",
    "timestamp",
    "received_at",
    "sent_at",
    "original_timestamp",
    "anonymous_id",
    "user_id",
    "group_id",
    "previous_id",
    "event",
    "name",
    "category",
    "traits",
    "properties",
    "context",
    "source_id",
    "source_name",
    "source_slug",
    "times",
    "addressee",
    "id:user_id",
    "id:email",
    "id:loyalty_id",
    "id:anonymous_id",
    "more",
    "ignored",
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with opened(tmp_path) as shop:
        yield shop


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    space = shop_space(folder, [computed_trait({"key": "orders", "kind": "event_counter"})])
    with open_store(space) as store:
        shop = Shop(space, store)
        shop.open()
        shop.events([{"id": "m1", "segment_id": "p1", "timestamp": NOW, "channel": "web", "total": 5}])
        shop.uploaded(NOW)
        yield shop


def sql_message(shop: Shop, sql: str) -> dict[str, Any]:
    (shop.space.file.parent / "trait.sql").write_text(sql)
    report = shop.compute(NOW)
    assert not report.failed
    assert report.batch is not None
    return next(row for row in shop.messages(report.batch) if row["addressee"] is None)


def test_a_computed_trait_is_addressed_to_its_profile(shop: Shop) -> None:
    report = shop.compute(NOW)
    assert report.batch is not None
    (message,) = shop.messages(report.batch)
    assert list(message) == COLUMNS
    told = {name: value for name, value in message.items() if value is not None}
    time = shop.store.scalar("select batch_time from ops.batches where kind = 'traits'")
    context = json.loads(told.pop("context"))["personas"]
    assert told.pop("message_id").startswith("gen:")
    assert told == {
        "row": 0,
        "input": "traits",
        "type": "identify",
        **dict.fromkeys(("timestamp", "received_at", "sent_at", "original_timestamp"), time),
        "traits": '{"orders":1}',
        **dict.fromkeys(("source_id", "source_name", "source_slug"), "traits"),
        "addressee": "p1",
    }
    assert (context["computation_class"], context["computation_key"]) == ("trait", "orders")
    assert context["computation_id"].startswith("tra_")
    assert context["space_id"] == context["namespace"]


def test_a_row_carries_every_identifier_it_returns(shop: Shop) -> None:
    sql = """select 'u1' as user_id, 'jane@x.com' as email, 'L1' as "loyaltyId", 7 as loyalty_id, 1 as n"""
    message = sql_message(shop, sql)
    assert message["user_id"] == "u1"
    assert [message[f"id:{kind}"] for kind in ("user_id", "email", "loyalty_id", "anonymous_id")] == [
        "u1",
        "jane@x.com",
        "L1",
        None,
    ]
    assert message["more"] == [{"type": "loyalty_id", "value": "7"}]
    assert message["ignored"] is None


def test_an_identifier_that_is_none_is_named(shop: Shop) -> None:
    message = sql_message(shop, "select 'u1' as user_id, true as loyalty_id, null::varchar as email")
    assert (message["id:loyalty_id"], message["id:email"]) == (None, None)
    assert message["ignored"] == [
        {"type": "loyalty_id", "reason": "Identifier is not a string or an integer"}
    ]


def test_messages_are_entered_in_the_order_of_their_ids(shop: Shop) -> None:
    events = [{"id": f"e{n}", "segment_id": f"p{n}", "timestamp": NOW} for n in range(2, 40)]
    shop.events(events)
    report = shop.compute(NOW)
    rows = shop.store.execute(
        "select message_id, row, repaired, file, line, hash"
        " from state.messages where batch = $batch order by ordinal",
        {"batch": report.batch},
    ).fetchall()
    ids = [row[0] for row in rows]
    assert report.batch is not None
    assert ids == sorted(ids)
    assert len(ids) == 39
    assert {row[2:5] for row in rows} == {(False, None, None)}
    assert [row[5] for row in rows] == message_hashes(pa.chunked_array([ids])).tolist()
    in_set = {message["row"]: message["message_id"] for message in shop.messages(report.batch)}
    assert in_set == {row: message_id for message_id, row, *_ in rows}
    assert sorted(in_set) == list(range(39))


def test_the_order_in_which_a_query_returns_its_rows_leaves_no_trace(tmp_path: Path) -> None:
    """Rows are numbered by message id: whatever order threads hand them on in, the state is the same."""
    told = []
    for order in ("id", "-id"):
        (tmp_path / order).mkdir()
        with opened(tmp_path / order) as shop:
            rows = "(select unnest(range(3000)) as id)"
            query = f"select 'u' || id as user_id, id as n from {rows} order by {order}"
            (tmp_path / order / "trait.sql").write_text(query)
            assert not shop.compute(NOW).failed
            state = "select row, ordinal, message_id from state.messages order by row"
            told.append(shop.store.execute(state).fetchall())
    assert told[0] == told[1]
    assert [row[0] for row in told[0]] == [row[1] for row in told[0]] == list(range(3001))
