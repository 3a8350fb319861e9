"""A space of three people, for tests that need a whole job: one CSV, one file of events, two bad rows.

Jane browses logged out on two devices and then logs in on both, so two profiles become one. Bob is in the CSV
only. The kiosk is a device nobody logged in on.
"""

from __future__ import annotations

import json
from pathlib import Path

NOW = "2026-05-01T00:00:00Z"

SPACE = """
space: tiny
store: out/store.duckdb
inputs:
  profiles: [uploads/*.csv]
  events:
    - {path: events/*.jsonl, source: web}
traits:
  computed:
    - {name: orders, type: event_counter, event: Order Completed}
"""

PEOPLE = """user_id,email,city
jane,jane@example.com,Ghent
bob,bob@example.com,Łódź
,,nobody
"""

JANE = {"userId": "jane"}
ORDER = {"event": "Order Completed", "properties": {"total": 12.5}}
EVENTS: tuple[dict[str, object], ...] = (
    {"type": "page", "messageId": "m1", "timestamp": "2026-04-01T10:00:00Z", "anonymousId": "phone"},
    {"type": "page", "messageId": "m2", "timestamp": "2026-04-02T10:00:00Z", "anonymousId": "laptop"},
    {
        "type": "identify",
        "messageId": "m3",
        "timestamp": "2026-04-02T10:05:00Z",
        "anonymousId": "laptop",
        **JANE,
    },
    {
        "type": "identify",
        "messageId": "m4",
        "timestamp": "2026-04-03T09:00:00Z",
        "anonymousId": "phone",
        **JANE,
    },
    {
        "type": "track",
        "messageId": "m5",
        "timestamp": "2026-04-03T09:05:00Z",
        "anonymousId": "phone",
        **JANE,
        **ORDER,
    },
    {"type": "page", "messageId": "m6", "timestamp": "2026-04-04T10:00:00Z", "anonymousId": "kiosk"},
    {"type": "page", "messageId": "m7", "timestamp": "yesterday", "anonymousId": "phone"},
)


def make(folder: Path) -> Path:
    """Write the space below `folder`; the path of its space file."""
    (folder / "uploads").mkdir(parents=True)
    (folder / "events").mkdir()
    (folder / "uploads" / "people.csv").write_text(PEOPLE, encoding="utf-8")
    write_events(folder / "events" / "web.jsonl", EVENTS)
    file = folder / "space.yaml"
    file.write_text(SPACE, encoding="utf-8")
    return file


def write_events(file: Path, events: tuple[dict[str, object], ...]) -> None:
    """Write events as JSON lines."""
    file.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")


def add_failing_trait(file: Path) -> None:
    """Give the space an SQL trait that reads a table there is not."""
    (file.parent / "lost.sql").write_text("select segment_id, 1 as lost from nowhere\n", encoding="utf-8")
    file.write_text(file.read_text(encoding="utf-8") + "  sql: [lost.sql]\n", encoding="utf-8")
