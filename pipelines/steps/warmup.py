"""Compile the kernels now, not in the first run: `python -m pipelines.steps.warmup`.

A space of five messages is run end to end in a temporary folder. What numba compiles is kept beside the
modules, for every later process; a container image does this once, when it is built.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from pipelines.config import load_space
from pipelines.steps.run import run

_SPACE = """
space: warmup
store: store.duckdb
inputs:
  profiles: ["*.csv"]
  events: ["*.jsonl"]
identity:
  identifiers:
    - {type: user_id}
    - {type: email, normalize: lower}
    - {type: anonymous_id, window: weekly}
    - {type: group_id}
traits:
  computed:
    - {name: Visits, type: event_counter, event: Visit}
"""

_UPLOAD = "user_id,email,name\nu1,ann@example.com,Ann\n"

_EVENTS = """
{"type":"page","anonymousId":"a1","timestamp":"2026-01-01T10:00:00Z","properties":{"path":"/","tags":["x"]}}
{"type":"identify","messageId":"m2","anonymousId":"a1","timestamp":"2026-01-01T10:01:00Z",
"traits":{"email":"Ann@example.com","age":40,"since":"2020-01-01T00:00:00Z","address":{"city":"Łódź"}}}
{"type":"track","event":"Visit","messageId":"m3","userId":"u1","timestamp":"2026-01-01T10:02:00Z",
"context":{"externalIds":[{"id":"bob@example.com","type":"email","collection":"users","encoding":"none"}]}}
{"type":"group","messageId":"m4","userId":"u1","groupId":"g1","timestamp":"2026-01-01T10:03:00Z",
"traits":{"motto":"\\"Always\\""}}
"""


def warm_up() -> None:
    """Run the tiny space; raises what a run raises."""
    with tempfile.TemporaryDirectory() as folder:
        space = Path(folder) / "space.yaml"
        space.write_text(_SPACE, encoding="utf-8")
        (space.parent / "people.csv").write_text(_UPLOAD, encoding="utf-8")
        (space.parent / "calls.jsonl").write_text(_EVENTS.replace(",\n", ","), encoding="utf-8")
        for day in (2, 3):
            run(load_space(space), now=datetime(2026, 1, day))  # noqa: DTZ001 - times are naive UTC


if __name__ == "__main__":
    warm_up()
