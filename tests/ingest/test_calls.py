"""Lines of JSON: the cases of `tests/cases/events/calls.yaml`, and what does not fit into a YAML file."""

from __future__ import annotations

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
