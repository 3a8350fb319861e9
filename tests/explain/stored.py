"""Messages put through files, load and resolve, so that questions are asked of a real store."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from pipelines.config import Rules, Space, load_space
from pipelines.steps.load import load
from pipelines.steps.progress import SILENT
from pipelines.steps.resolve import resolve_batch
from pipelines.store import open_store
from pipelines.store.ledger import waiting
from tests.oracles.records import Message

NOW = datetime.fromisoformat("2026-01-01")

SPACE = """\
space: asked
store: warehouse.duckdb
resources: {threads: 1, memory: 1GB}
inputs:
  events: [events/*.jsonl]
"""


def store(folder: Path, turns: Iterable[tuple[Rules, list[Message]]], *, waits: bool = False) -> Space:
    """The space whose store holds these batches, each resolved under its rules; `waits`: but for the last."""
    (folder / "events").mkdir(parents=True)
    file = folder / "space.yaml"
    file.write_text(SPACE)
    space = load_space(file)
    course = list(turns)
    for number, (rules, messages) in enumerate(course):
        write_batch(folder, number, messages)
        space = replace(load_space(file), identity=rules)
        with open_store(space) as opened:
            load(space, opened, NOW + timedelta(days=number), SILENT)
            if not waits or number + 1 < len(course):
                for batch in waiting(opened, "loaded"):
                    resolve_batch(space, opened, batch)
    return space


def write_batch(folder: Path, number: int, messages: Iterable[Message]) -> None:
    """Write a batch as a file of events."""
    lines = "".join(f"{_line(message)}\n" for message in messages)
    (folder / "events" / f"{number}.jsonl").write_text(lines)


def _line(message: Message) -> str:
    ids = [
        {"id": value, "type": type_, "collection": "users", "encoding": "none"}
        for type_, value in message.mentions
    ]
    call = {"type": "identify", "messageId": message.message_id, "context": {"externalIds": ids}}
    return json.dumps({**call, "timestamp": f"{message.timestamp.isoformat()}Z"})
