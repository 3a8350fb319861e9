"""Stories: a few batches of messages, and what queries on the tables then find.

In a result, `P1` is the profile created first, `P2` the next, `A1` the account created first; a time is
written as ISO 8601 without zone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pipelines.config import load_space
from pipelines.steps.run import run

CASES = Path(__file__).parents[1] / "cases" / "profiles"

SPACE = """
space: story
store: store.duckdb
resources: {threads: 2, memory: 1GB}
trait_history: every_batch
inputs:
  profiles: [{path: "*.csv", source: crm, types: {}}]
  events: [{path: "*.jsonl", source: web}]
identity:
  identifiers:
    - {type: user_id, limit: 1}
    - {type: email, limit: 5, normalize: lower}
    - {type: anonymous_id, limit: 5}
    - {type: group_id, limit: 2}
"""

Message = Mapping[str, Any]  # Any: JSON as a case writes it


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of a file below `tests/cases/profiles`."""
    loaded: list[dict[str, Any]] = yaml.safe_load((CASES / f"{name}.yaml").read_text(encoding="utf-8"))
    return loaded


def play(folder: Path, batches: Iterable[Mapping[str, Any]]) -> Path:
    """Run batch after batch in a space in `folder`; returns the store.

    A batch has `events` (messages; a string is a line as it stands), `people` (a CSV) or both, and may have
    `at`, its time, `types`, those of the CSV's columns, and `history`, of traits.
    """
    space = folder / "space.yaml"
    for number, batch in enumerate(batches, 1):
        settings = SPACE.replace("types: {}", f"types: {json.dumps(batch.get('types', {}))}")
        settings = settings.replace("every_batch", batch.get("history", "every_batch"))
        space.write_text(settings, encoding="utf-8")
        events = [one if isinstance(one, str) else json.dumps(one) for one in batch.get("events", ())]
        if events:
            (folder / f"{number}.jsonl").write_text("\n".join(events) + "\n", encoding="utf-8")
        if "people" in batch:
            (folder / f"{number}.csv").write_text(batch["people"], encoding="utf-8")
        run(load_space(space), datetime.fromisoformat(str(batch.get("at", f"2025-01-{number:02}"))))
    return folder / "store.duckdb"


@contextmanager
def opened(store: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the story's schema as default, as in a DuckDB shell after `use store.story`."""
    with duckdb.connect(store, read_only=read_only) as con:
        con.execute("set TimeZone = 'UTC'")
        con.execute("use store.story")
        yield con


def found(con: duckdb.DuckDBPyConnection, query: str, parameters: Message | None = None) -> list[list[Any]]:
    """The rows of a query in the notation of the cases; sorted as text if the query does not order them."""
    profiles = con.execute(
        "select segment_id, 'P' || profile from state.profiles"
        " union all select segment_id, 'A' || account from state.accounts"
    ).fetchall()
    names = dict(profiles)
    rows = con.execute(query, dict(parameters or {})).fetchall()
    noted = [[_noted(cell, names) for cell in row] for row in rows]
    return noted if "order by" in query else sorted(noted, key=str)


def _noted(cell: Any, names: Mapping[str, str]) -> Any:
    if isinstance(cell, datetime):
        return cell.isoformat()
    if isinstance(cell, list):
        return [_noted(one, names) for one in cell]
    if isinstance(cell, dict):
        return {key: _noted(one, names) for key, one in cell.items()}
    return names.get(cell, cell) if isinstance(cell, str) else cell
