"""What a rebuild under other rules changes: two stores compared by who holds which identifiers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipelines import sqlfiles
from pipelines.steps.report import Table
from pipelines.store.store import Store

EXAMPLES = 3
"""Shown of each kind of change."""
_HEADS = ("change", "from", "to", "identifiers")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two stores compared.

    `profiles` (accounts among them): `before` = unchanged + renamed (same identifiers, other id) + split +
    merged (into one with others) + altered (identifiers came or went) + gone; and `after`, with `new` among
    them.
    `identifiers`: `before` = kept + moved + dropped, `after` = kept + moved + added.
    `examples`: of splits, merges, renamings and moves, how many identifiers each concerns.
    """

    profiles: dict[str, int]
    identifiers: dict[str, int]
    examples: Table

    @property
    def is_none(self) -> bool:
        """Whether everybody is who they were."""
        return self.profiles["unchanged"] == self.profiles["before"] == self.profiles["after"]

    @property
    def tables(self) -> tuple[Table, ...]:
        """For people; without examples where there are none."""
        counts = (
            _counts("Profiles and accounts that hold an identifier", self.profiles),
            _counts("Identifiers", self.identifiers),
        )
        return (*counts, self.examples) if self.examples.rows else counts

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """JSON-ready."""
        return {
            "profiles": self.profiles,
            "identifiers": self.identifiers,
            "examples": self.examples.as_dicts(),
        }


def compare(store: Store, *, values: bool = False) -> Comparison:
    """Compare the store attached as `old_store` with this one; `values`: show identifiers in full."""
    for statement in sqlfiles.statements("rebuild/compare.sql"):
        store.execute(statement)
    rows = _rows(store, "examples", {"count": EXAMPLES, "values": values})
    found = Comparison(
        _rows(store, "profiles")[0],
        _rows(store, "identifiers")[0],
        Table("For example", _HEADS, tuple(tuple(row[head] for head in _HEADS) for row in rows)),
    )
    for table in ("identifiers", "links", "fates"):
        store.execute(f"drop table compared__{table}")
    return found


def _counts(title: str, counts: dict[str, int]) -> Table:
    return Table(title, tuple(counts), (tuple(counts.values()),))


def _rows(
    store: Store, query: str, parameters: dict[str, object] | None = None
) -> list[dict[str, Any]]:  # Any: cells
    result = store.execute(sqlfiles.statements(f"rebuild/{query}.sql")[0], parameters)
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
