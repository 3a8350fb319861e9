"""What the radar has found, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import duckdb

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.identity.proposals import proposals
from pipelines.steps.reading import reading
from pipelines.steps.report import Table

WORDS = {
    "profile_size": "identifiers it holds",
    "growth": "identifiers gained by the newest batch",
    "bridge": "identifiers that hang by this one",
    "shared": "profiles whose messages dropped it",
}
"""What the number of each kind counts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of `ops.radar`; what the columns mean stands in `sql/tables/ops/radar.sql`."""

    severity: str
    kind: str
    segment_id: str | None
    identifier_type: str | None
    identifier_value: str | None
    number: int
    threshold: int
    found_at: datetime
    place: str | None
    line: str | None

    @property
    def identifier(self) -> str | None:
        """`type:value`, as far as it has them."""
        return ":".join(part for part in (self.identifier_type, self.identifier_value) if part) or None


@dataclass(frozen=True, slots=True)
class Findings:
    """The findings asked for, what blocks first, and how many there are in all.

    `lines`: what the space file could say about those asked for, as places and lines of YAML. A line names
    the values of all of them, so that it can take the place of what stands there.
    """

    rows: tuple[Finding, ...]
    total: int
    blocking: int
    lines: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        if not self.total:
            return "nothing suspicious"
        count = "one finding" if self.total == 1 else f"{self.total:,} findings"
        return f"{count}, of which {self.blocking:,} block" if self.blocking else count

    def tables(self) -> tuple[Table, ...]:
        """The findings."""
        shown = tuple(
            (
                row.severity,
                row.kind,
                row.segment_id,
                row.identifier,
                row.number,
                WORDS[row.kind],
                row.threshold,
            )
            for row in self.rows
        )
        heads = ("severity", "kind", "profile", "identifier", "number", "of", "threshold")
        more = self.total - len(self.rows)
        note = f"{len(self.rows):,} of {self.total:,}; more: --limit {self.total}" if more else None
        return (Table("Suspicious", heads, shown, note),) if shown else ()

    def advice(self) -> str:
        """The lines, each below its place, as they are to be pasted."""
        told = (f"\n{place}:\n{line}" for place, line in self.lines)
        return "\n".join(("\nFor the space file, to be looked at before they are pasted", *told))

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "total": self.total,
            "blocking": self.blocking,
            "findings": [asdict(row) for row in self.rows],
            "lines": [{"place": place, "line": line} for place, line in self.lines],
        }


def findings(space: Space, limit: int) -> Findings:
    """What stands in `ops.radar`, at most `limit` rows of it."""
    with reading(space) as con:
        found = counts(con)
        rows = con.execute(sqlfiles.read("radar/findings.sql"), {"limit": limit}).fetchall()
    listed = tuple(Finding(*row) for row in rows)
    blocking = sum(number for severity, _, number in found if severity == "block")
    return Findings(listed, sum(number for *_, number in found), blocking, tuple(_lines(space, listed)))


def _lines(space: Space, listed: tuple[Finding, ...]) -> Iterator[tuple[str, str]]:
    """A line for each proposal that findings call for, with the values of all of them."""
    told: dict[tuple[str, str, str], list[str]] = {}
    for proposal in proposals(space.identity, space.radar.warn):
        rows = [
            row
            for row in listed
            if row.line is not None
            and row.kind == proposal.kind
            and proposal.type in (None, row.identifier_type)
        ]
        if rows:
            values = told.setdefault((proposal.place, proposal.opening, proposal.closing), [])
            values += [
                json.dumps(row.identifier_value, ensure_ascii=False) for row in rows if row.identifier_value
            ]
    for (place, opening, closing), values in told.items():
        yield place, f"{opening}{', '.join(dict.fromkeys(values))}{closing}"


def counts(con: duckdb.DuckDBPyConnection) -> list[tuple[str, str, int]]:
    """How many findings there are, by severity and kind."""
    return con.execute(sqlfiles.read("radar/counts.sql")).fetchall()
