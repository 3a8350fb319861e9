"""What people ask a store without changing it: what was rejected, and who one person is."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.identity.values import normalised
from pipelines.steps.reading import reading
from pipelines.steps.report import Table, look

EVENTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Reject:
    """One input row that was not taken, with its text."""

    path: str
    line: int
    column: str | None
    reason: str
    detail: str | None
    raw: str | None

    def __str__(self) -> str:
        column = f" [{self.column}]" if self.column else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.path}:{self.line}: {self.reason}{column}{detail}\n    {self.raw or ''}"


@dataclass(frozen=True, slots=True)
class Rejects:
    """The rejected rows asked for, at most as many as asked for, and how many there are in all."""

    rows: tuple[Reject, ...]
    total: int

    def __str__(self) -> str:
        if not self.rows:
            return f"{self.total} rejected rows" if self.total else "no rejected row matches"
        more = (
            f"\n{len(self.rows)} of {self.total}; more: --limit {self.total}"
            if self.total > len(self.rows)
            else ""
        )
        return "\n".join(map(str, self.rows)) + more

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"total": self.total, "rejects": [asdict(row) for row in self.rows]}


def rejects(space: Space, *, file: str | None, reason: str | None, limit: int) -> Rejects:
    """Rejected rows in the order of files and lines; `file` is a path from here, or the end of one."""
    wanted = {"file": _as_stored(space, file), "reason": reason}
    with reading(space) as con:
        rows = tuple(Reject(*row) for row in look(con, "rejects", **wanted, limit=limit))
        ((total,),) = look(con, "rejects_total", **wanted)
    return Rejects(rows, total)


@dataclass(frozen=True, slots=True)
class Person:
    """Everything the tables say of one profile."""

    segment_id: str
    asked_for: str
    tables: tuple[Table, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: one list a table, under its title in lower case."""
        lists = {table.title.lower().replace(" ", "_"): table.as_dicts() for table in self.tables}
        return {"segment_id": self.segment_id, **lists}


def profile(space: Space, who: str) -> Person:
    """The profile that has the identifier `type:value`, or that the segment id belongs to now.

    Raises `InputError` if `who` is neither, or if no profile has it.
    """
    with reading(space) as con:
        segment_id = _find(con, space, who)
        tables = (
            Table(
                "Identifiers",
                ("type", "value", "since", "call", "source", "first profile"),
                tuple(look(con, "identifiers", segment_id=segment_id)),
            ),
            Table(
                "Merged profiles",
                ("profile", "merged at", "call", "source"),
                tuple(look(con, "merges", segment_id=segment_id)),
            ),
            Table("Traits", ("name", "value", "since"), tuple(look(con, "traits", segment_id=segment_id))),
            Table(
                "Recent events",
                ("when", "call", "event", "source", "id"),
                tuple(look(con, "events", segment_id=segment_id, count=EVENTS_SHOWN)),
            ),
        )
    return Person(segment_id, who, tables)


def _find(con: duckdb.DuckDBPyConnection, space: Space, who: str) -> str:
    kind, colon, value = who.partition(":")
    if not colon:
        found = look(con, "canonical", segment_id=who)
        missing = "no profile has this segment id"
    else:
        found = look(con, "owner", type=kind, values=_spellings(space, kind, value))
        missing = f"no profile has this {kind}"
    if not found:
        raise InputError(
            missing,
            expected="type:value, for example email:jane@example.com, or a segment id",
            hint="values are kept as sent, but for the type's normalisation; blocked ones belong to nobody",
        )
    return str(found[0][0])


def _spellings(space: Space, kind: str, value: str) -> list[str]:
    """How a value may stand in the tables: as typed, as its type is normalised, in lower case."""
    rules = {rule.type: rule for rule in space.identity.identifiers}
    if kind not in rules:
        raise InputError(
            f"{kind} is not an identifier type of this space",
            expected=f"one of {', '.join(rules)}, a colon, a value",
        )
    stored = normalised(pa.array([value], pa.large_string()), rules[kind])
    return [value, str(stored[0]), value.lower()]


def _as_stored(space: Space, file: str | None) -> str | None:
    """A path that exists from here, as `ops.files` spells it; anything else as typed."""
    if file is None or not Path(file).exists():
        return file
    return Path(os.path.relpath(Path(file).resolve(), space.file.resolve().parent)).as_posix()
