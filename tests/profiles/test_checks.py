"""Every check finds what it is there to find: a sound store is broken on purpose, one rule at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.steps.checks import names, violations
from tests.profiles.stories import cases, opened, play

BROKEN = cases("broken")
G1 = [{"id": "g1", "type": "group_id", "collection": "accounts", "encoding": "none"}]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (story,) = (case for case in cases("worked_example") if case["title"].startswith("the survivor"))
    events = [
        {"type": "track", "messageId": "m9", "userId": "u1", "event": "E", "properties": {"a": 1}},
        {"type": "group", "messageId": "n1", "userId": "u1", "groupId": "g1", "traits": {"plan": "pro"}},
        {"type": "group", "messageId": "n2", "userId": "u2", "groupId": "g2"},
        {"type": "group", "messageId": "n3", "userId": "u2", "groupId": "g2", "context": {"externalIds": G1}},
        {"type": "group", "messageId": "n4", "userId": "u2", "groupId": "g4"},
    ]
    return play(tmp_path_factory.mktemp("broken"), [*story["batches"], {"events": events}])


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: f"{case['check']}: {case['by']}")
def test_a_check_finds(case: dict[str, Any], store: Path) -> None:
    with opened(store, read_only=False) as con:
        assert violations(con, case["check"]) == 0
        con.execute("begin")
        con.execute(case["by"])
        assert violations(con, case["check"]) > 0
        con.execute("rollback")


def test_every_check_is_tried() -> None:
    assert {case["check"] for case in BROKEN} == set(names())
