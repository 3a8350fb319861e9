"""Messages cut into batches along their time give the tables that one batch of all gives, and sound ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from pipelines.config import load_space
from pipelines.rules import Rules
from pipelines.steps.checks import names, violations
from pipelines.steps.run import run
from tests.e2e.lines import lines, naming_somebody
from tests.e2e.shop import NAME, write_shop
from tests.identity.graphs import random_course, random_scenario
from tests.oracles.records import Message

NOW = datetime.fromisoformat("2026-01-01")

# All columns but `id`, `seq`, `uuid_ts` and the receipt, which are the batch's; rows in the order of `seq`.
TABLES = {
    "identifies": "id, segment_id, timestamp from identifies order by id",
    "id_graph_updates": """segment_id, canonical_segment_id, triggering_event_id, triggering_event_type,
        timestamp from id_graph_updates order by seq""",
    "external_id_mapping_updates": """segment_id, external_id_type, external_id_value, external_id_hash,
        triggering_event_id, timestamp from external_id_mapping_updates order by seq""",
    "user_identifiers": "canonical_segment_id, type, value, timestamp from user_identifiers order by seq",
    "id_graph": "segment_id, canonical_segment_id, timestamp from id_graph order by seq, segment_id",
    "resolution_log": """message_id, identifier_type, identifier_value, violated_type, reason, segment_id
        from ops.resolution_log order by all""",
}


@pytest.mark.parametrize("seed", range(3))
def test_cut_along_time(seed: int, tmp_path: Path) -> None:
    course = random_course(seed)
    messages = naming_somebody(message for turn in random_scenario(seed, course) for message in turn.batch)
    messages.sort(key=lambda message: (message.timestamp, message.message_id.encode()))
    random = Random(seed)
    places = sorted(random.sample(range(1, len(messages)), 2))
    pieces = [messages[a:b] for a, b in zip([0, *places], [*places, len(messages)], strict=True)]
    assert _tables(tmp_path / "cut", course[0], pieces) == _tables(tmp_path / "whole", course[0], [messages])


def _tables(folder: Path, rules: Rules, batches: Sequence[list[Message]]) -> dict[str, list[tuple[Any, ...]]]:
    """What batch after batch of messages leaves in the tables, once every check has passed."""
    space = replace(load_space(write_shop(folder)), identity=rules, computed=(), sql_traits=())
    for number, batch in enumerate(batches):
        (folder / "events" / f"{number}.jsonl").write_text(lines(batch))
        run(space, NOW + timedelta(days=number))
    with duckdb.connect(space.store, read_only=True) as con:
        con.execute(f"use warehouse.{NAME}")
        assert {name for name in names() if violations(con, name)} == set()
        return {name: con.execute(f"select {query}").fetchall() for name, query in TABLES.items()}
