"""How a space stands: what waits, what there is, how the last run ended."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from pipelines.config import Space
from pipelines.errors import StoreLocked
from pipelines.rules import Rules
from pipelines.steps.journal import LastRun, last_run
from pipelines.steps.reading import reading
from pipelines.steps.report import look
from pipelines.steps.waiting import waiting

_HASH_SHOWN = 12


@dataclass(frozen=True, slots=True)
class RulesUsed:
    """Identity rules that batches ran under: their hash, the batches, whether the space file has the same."""

    hash: str
    batches: int
    first: int
    last: int
    current: bool

    def __str__(self) -> str:
        of = f"batch {self.first}" if self.first == self.last else f"batches {self.first} to {self.last}"
        return f"{self.hash[:_HASH_SHOWN]}: {of}" + (", as in the space file" if self.current else "")


def rules_used(con: duckdb.DuckDBPyConnection, space: Space) -> tuple[RulesUsed, ...]:
    """The rules of all batches, in the order of the first batch of each.

    Rules are compared by what they say: a text that an older unify wrote may lack what it had no name for.
    """
    return tuple(
        RulesUsed(hash_, batches, first, last, Rules.from_text(text) == space.identity)
        for text, hash_, batches, first, last in look(con, "rules")
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """What can be told only while no other process writes.

    `files` are new or changed and wait to be loaded; `batches` wait for a step, because a run was stopped or
    is done step by step; `totals` counts what the store holds, None before the first run; `rules` are those
    that its batches ran under.
    """

    files: int
    batches: tuple[dict[str, Any], ...] = ()
    totals: dict[str, Any] | None = None
    rules: tuple[RulesUsed, ...] = ()


@dataclass(frozen=True, slots=True)
class Status:
    """How a space stands: either its `standing` is known, or `busy` says who writes."""

    space: str
    store: str
    exists: bool
    last_run: LastRun | None
    standing: Standing | None = None
    busy: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        told = {"space": self.space, "store": self.store if self.exists else f"{self.store} (not there yet)"}
        if self.last_run:
            told["last run"] = str(self.last_run)
        if self.busy:
            told["busy"] = self.busy
        if self.standing:
            batches = [f"{row['batches']} batches for {row['step']}" for row in self.standing.batches]
            told["waiting"] = ", ".join([f"{self.standing.files} new or changed files", *batches])
            totals = self.standing.totals or {}
            told |= {name.replace("_", " "): _plain(value) for name, value in totals.items()}
            if self.standing.rules:
                told["rules"] = "\n".join(map(str, self.standing.rules))
        margin = " " * (max(map(len, told)) + 2)
        lines = [
            f"{name}{margin[len(name) :]}{textwrap.indent(text, margin).lstrip()}"
            for name, text in told.items()
        ]
        return "\n".join(lines)


def status(space: Space) -> Status:
    """How the space stands, as far as can be told: a store that is not there yet or is busy is no error."""
    run, exists = last_run(space), space.store.exists()
    standing, busy = None, None
    try:
        standing = _standing(space) if exists else Standing(len(waiting(space).files))
    except StoreLocked as locked:
        busy = locked.what
    return Status(space.name, str(space.store), exists, run, standing, busy)


def _standing(space: Space) -> Standing:
    files = len(waiting(space).files)
    with reading(space) as con:
        (totals,) = _records(con, "totals")
        return Standing(files, tuple(_records(con, "stages")), totals, rules_used(con, space))


def _records(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    rows = look(con, name)
    heads = [column[0] for column in con.description or ()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.isoformat(sep=' ', timespec='seconds')} UTC"
    return f"{value:,}" if isinstance(value, int) else str(value or "none")
