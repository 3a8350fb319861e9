"""Lines of JSON: the cases of `tests/cases/events/calls.yaml`, and what does not fit into a YAML file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ingest.loading import Desk, identifiers

CASES = yaml.safe_load((Path(__file__).parent.parent / "cases/events/calls.yaml").read_text())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.input("events", "*.jsonl*")
    return made


def shown(message: dict[str, Any], name: str) -> object:
    """A message's field as the cases write it."""
    if name == "ids":
        return identifiers(message)
    value = message[name]
    if name == "ignored" and value is not None:
        return [[pair["type"], pair["reason"]] for pair in value]
    return str(value) if name in ("timestamp", "received_at") else value


@pytest.mark.parametrize(
    "case", [case for case in CASES if not case.get("made")], ids=lambda case: case["title"]
)
def test_lines(desk: Desk, case: dict[str, Any]) -> None:
    desk.put("a.jsonl", case["lines"])
    (report,) = desk.load().files
    rejects = [[row["line"], row["column"], row["reason"]] for row in desk.rejects()]
    assert rejects == case.get("rejects", [])
    wanted = case.get("messages", [])
    messages = desk.messages()
    assert [
        {name: shown(message, name) for name in want} for message, want in zip(messages, wanted, strict=True)
    ] == wanted
    assert report.filtered == case.get("filtered", 0)
    assert report.duplicate == case.get("duplicate", 0)
    assert report.rows == case.get("rows", len([line for line in case["lines"].splitlines() if line.strip()]))


def test_a_group_id_of_more_than_500_characters_is_rejected_or_noted(desk: Desk) -> None:
    longest, longer = "ü" * 500, "ü" * 501
    external = {"type": "group_id", "collection": "accounts", "encoding": "none"}
    calls: list[dict[str, Any]] = [
        {"type": "group", "groupId": longer},
        {"type": "page", "context": {"groupId": longer}},
        {"type": "group", "messageId": "a", "groupId": longest},
        {"type": "page", "messageId": "b", "context": {"externalIds": [{"id": longer, **external}]}},
    ]
    desk.put("a.jsonl", "".join(json.dumps({"userId": "u", **call}) + "\n" for call in calls))
    desk.load()
    assert [(row["line"], row["column"], row["reason"]) for row in desk.rejects()] == [
        (1, "groupId", "group_id_too_long"),
        (2, "context.groupId", "group_id_too_long"),
    ]
    kept, noted = desk.messages()
    assert identifiers(kept) == {"user_id": ["u"], "group_id": [longest]}
    assert identifiers(noted) == {"user_id": ["u"]}
    assert shown(noted, "ignored") == [["group_id", "Group id is too long"]]
