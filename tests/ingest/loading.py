"""Load text as files into a fresh store and look at what came of it."""

from __future__ import annotations

import contextlib
import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pipelines.rules import IdentifierRule, Rules
from pipelines.space import Input, Resources, Space
from pipelines.steps.load import LoadReport, load
from pipelines.steps.progress import SILENT
from pipelines.store import Store, open_store
from pipelines.store.ledger import batches
from pipelines.store.sets import set_files

NOW = datetime(2026, 11, 22, 12)  # noqa: DTZ001  # batch times are naive UTC

RULES = Rules(
    (
        IdentifierRule("user_id", 1, locations=("userId",)),
        IdentifierRule("email", 5, locations=("traits.email", "context.traits.email")),
        IdentifierRule(
            "app_id",
            5,
            locations=(
                "traits.app_id",
                "traits.appId",
                "context.traits.app_id",
                "context.traits.appId",
                "properties.app_id",
                "properties.appId",
            ),
        ),
        IdentifierRule("anonymous_id", 5, locations=("anonymousId",)),
        IdentifierRule("ga_client_id", 5, locations=('context.integrations."Google Analytics".clientId',)),
        IdentifierRule(
            "group_id",
            5,
            locations=("groupId", "context.groupId", "context.group_id"),
            collection="accounts",
        ),
        IdentifierRule("ios.id", 5, locations=("context.device.id?type=ios",)),
        IdentifierRule(
            "ios.idfa", 5, locations=("context.device.advertisingId?type=ios&adTrackingEnabled=true",)
        ),
    )
)


@dataclass
class Desk:
    """A space in a folder: put files in, load, look."""

    folder: Path
    inputs: list[Input] = field(default_factory=list)
    rules: Rules = RULES

    def input(self, kind: Any, pattern: str, **settings: Any) -> Input:
        """Add an input; `pattern` is relative to the folder."""
        made = Input(
            kind, len(self.inputs), pattern, str(self.folder / pattern), "web", "Web", "web", **settings
        )
        self.inputs.append(made)
        return made

    def put(self, name: str, content: str | bytes) -> Path:
        """Write a file; one named `.gz` is compressed."""
        path = self.folder / name
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
        return path

    @property
    def space(self) -> Space:
        """The space as configured so far."""
        profiles = tuple(one for one in self.inputs if one.kind == "profiles")
        events = tuple(one for one in self.inputs if one.kind == "events")
        return Space(
            "desk",
            self.folder / "space.yaml",
            self.folder / "store.duckdb",
            Resources(threads=2, memory="2GB"),
            profiles,
            events,
            self.rules,
        )

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """The open store."""
        with open_store(self.space) as store:
            yield store

    def load(self, now: datetime = NOW, again: Sequence[Path] = (), threads: int = 2) -> LoadReport:
        """One load."""
        space = replace(self.space, resources=Resources(threads=threads, memory="2GB"))
        with open_store(space) as store:
            return load(space, store, now, SILENT, again)

    def rows(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        """A query's rows as dicts."""
        with self.store() as store:
            return rows(store, sql, params)

    def messages(self) -> list[dict[str, Any]]:
        """The kept messages of all batches in the order of processing, with what the store notes of them."""
        found: list[dict[str, Any]] = []
        with self.store() as store:
            for batch in batches(store):
                if parts := set_files(store, batch.message_set):
                    found += rows(
                        store,
                        """select m.batch, m.ordinal, m.repaired, p.* from state.messages m
                        join read_parquet($parts) p using (row) where m.batch = $batch order by m.ordinal""",
                        {"parts": parts, "batch": batch.batch},
                    )
        return found

    def rejects(self) -> list[dict[str, Any]]:
        """The rejected rows, by file and line."""
        return self.rows(
            'select path, line, "column", reason, detail, raw from ops.rejects order by file, line'
        )

    def files(self) -> list[dict[str, Any]]:
        """The receipts, by number."""
        return self.rows("select * from ops.files order by file")


def rows(store: Store, sql: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a query as dicts."""
    result = store.execute(sql, params)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def identifiers(message: Mapping[str, Any]) -> dict[str, list[str]]:
    """All identifier values of a message by type, in order of position."""
    found = {
        name[3:]: [value] for name, value in message.items() if name.startswith("id:") and value is not None
    }
    for pair in message["more"] or ():
        found[pair["type"]].append(pair["value"])
    return found
