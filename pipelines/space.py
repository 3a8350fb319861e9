"""A space in its resolved form: frozen dataclasses with every default filled in and every path absolute."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Literal

from pipelines.rules import Rules
from pipelines.types import DATE, TIMESTAMP

TraitHistory = Literal["every_batch", "every_change"]
"""When a profile's traits get a row of `profile_traits_updates`."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What the job may use; None leaves DuckDB's own choice (threads) or the suite's (memory, temp)."""

    threads: int | None = None
    memory: str | None = None
    temp: Path | None = None


@dataclass(frozen=True)
class Input:
    """One pattern of input files and how to read them.

    `pattern` is as written, `path` the same as an absolute glob; `order` counts within the space file
    (profiles first). `types` maps CSV columns to types of `pipelines.types`, `columns` maps headers to the
    names to use.
    """

    kind: Literal["profiles", "events"]
    order: int
    pattern: str
    path: str
    source_id: str
    source_name: str
    source_slug: str
    timestamp: str | None = None
    as_of: datetime | None = None
    types: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"

    @property
    def times(self) -> tuple[str, ...]:
        """Columns whose cells are times because `types` says so; any other text is just text."""
        return tuple(name for name, kind in self.types if kind in (TIMESTAMP, DATE))

    @cached_property
    def settings_hash(self) -> str:
        """SHA-256, in hex, of all that changes how a file is read (so not of where it lies)."""
        settings = {
            "kind": self.kind,
            "source": [self.source_id, self.source_name, self.source_slug],
            "timestamp": self.timestamp,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "types": self.types,
            "columns": self.columns,
            "dialect": [self.delimiter, self.quote, self.escape, self.encoding],
        }
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ComputedTrait:
    """A trait made from events.

    `event` is the name of the track event, page or screen to look at; empty for every page or screen. `where`
    is the JSON text of a condition tree (see `pipelines.conditions`).
    """

    key: str
    kind: Literal["event_counter", "last"]
    event: str
    call: Literal["track", "page", "screen"] = "track"
    property: str | None = None
    where: str | None = None
    window: timedelta | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Numbers from which on something is suspicious; None: never."""

    profile_size: int | None = None
    growth: int | None = None
    bridge: int | None = None
    shared: int | None = None


@dataclass(frozen=True, slots=True)
class Radar:
    """When profiles and identifiers are suspicious: enough to be listed, enough to publish nothing.

    What blocks is listed, so no number of `warn` is greater than that of `block`.
    """

    warn: Thresholds = Thresholds(profile_size=50, growth=20, bridge=10, shared=10)
    block: Thresholds = Thresholds()


@dataclass(frozen=True)
class Space:
    """One customer graph: its name, its store, its inputs and its rules."""

    name: str
    file: Path
    store: Path
    resources: Resources
    profiles: tuple[Input, ...]
    events: tuple[Input, ...]
    identity: Rules
    computed: tuple[ComputedTrait, ...] = ()
    sql_traits: tuple[str, ...] = ()
    trait_history: TraitHistory = "every_batch"
    max_future: timedelta = timedelta(hours=24)
    targets: tuple[str, ...] = ()
    radar: Radar = Radar()
