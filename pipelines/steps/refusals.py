"""Mentions that would have joined two profiles and were dropped, as `ops.resolution_log` has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines import sqlfiles
from pipelines.rules import Rules
from pipelines.steps.asked import Asked
from pipelines.steps.evidence import Identifier
from pipelines.steps.explain import Holder, holders
from pipelines.steps.places import Told, places

SHOWN = 20
"""Mentions that are listed; all are counted."""
FARTHEST = 6
"""Dropped mentions that a way from the one to the other may lead over: beyond that it explains nothing."""

Connection = duckdb.DuckDBPyConnection
Row = tuple[Any, ...]  # Any: a row of the log: batch, ordinal, type, value, reason, violated type, segment id


@dataclass(frozen=True, slots=True)
class End:
    """One of the two identifiers that are asked about, and who holds it; None if nobody does."""

    asked: Asked
    holder: Holder | None

    @property
    def identifier(self) -> Identifier:
        """As it is stored, or would be."""
        return self.holder.identifier if self.holder else Identifier(self.asked.type, self.asked.stored)

    @property
    def segment_id(self) -> str | None:
        """Its profile's."""
        return self.holder.segment_id if self.holder else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A mention that was dropped: `dropped` stood on `message`.

    `of` and `held_by` are the profiles of the message and of the identifier today, as segment ids; None if it
    is nobody's. `limit` is the setting that was in the way, as it was then.
    """

    message: Told
    dropped: str
    reason: str
    limit: str | None
    of: str | None
    held_by: str | None


@dataclass(frozen=True, slots=True)
class Refusals:
    """The first of `total` mentions that would have joined two ends: each `direct`ly, or all in a row."""

    shown: tuple[Refusal, ...]
    total: int
    direct: bool


def refusals(con: Connection, sets: Path, a: End, b: End) -> Refusals:
    """What would have joined two ends: all that would have directly, else the shortest way over others."""
    con.execute(sqlfiles.read("explain/reach.sql"))
    _start(con, "a", a)
    _start(con, "b", b)
    found = con.execute(sqlfiles.read("explain/refusals.sql")).fetchall()
    direct = bool(found)
    if not direct:
        found = _way(con)
    return Refusals(_told(con, sets, found[:SHOWN]), len(found), direct)


def _start(con: Connection, side: str, end: End) -> None:
    if end.holder:
        con.execute(
            "insert into reached (side, depth, node, profile) values ($side, 0, 'p' || $profile, $profile)",
            {"side": side, "profile": end.holder.profile},
        )
    else:
        con.execute(
            """
            insert into reached (side, depth, node, type, value)
            select $side, 0, 'i' || $type || ':' || value, $type, value
            from (select unnest($values) as value)
            """,
            {"side": side, "type": end.asked.type, "values": list(end.asked.spellings)},
        )


def _way(con: Connection) -> list[Row]:
    """The rows of the log on a shortest way between the ends; none if no way is short enough."""
    depth = {"a": 0, "b": 0}
    while sum(depth.values()) < FARTHEST:
        sizes = {side: _frontier(con, side, depth[side]) for side in depth}
        if not all(sizes.values()):
            return []
        side = min(sizes, key=lambda one: sizes[one])
        con.execute(sqlfiles.read("explain/expand.sql"), {"side": side, "depth": depth[side]})
        depth[side] += 1
        meeting = con.execute(sqlfiles.read("explain/meeting.sql")).fetchall()
        if meeting:
            (node,) = meeting[0]
            return [*reversed(_traced(con, "a", node)), *_traced(con, "b", node)]
    return []


def _frontier(con: Connection, side: str, depth: int) -> int:
    rows = con.execute(
        "select count(*) from reached where side = $side and depth = $depth", {"side": side, "depth": depth}
    ).fetchall()
    return int(rows[0][0])


def _traced(con: Connection, side: str, node: str) -> list[Row]:
    """The rows of the log from a node back to its side's end."""
    found: list[Row] = []
    while step := con.execute(sqlfiles.read("explain/way.sql"), {"side": side, "node": node}).fetchall():
        node, batch, ordinal, kind, value = step[0]
        found += con.execute(
            sqlfiles.read("explain/refusal.sql"),
            {"batch": batch, "ordinal": ordinal, "type": kind, "value": value},
        ).fetchall()[:1]
    return found


def _told(con: Connection, sets: Path, rows: Sequence[Row]) -> tuple[Refusal, ...]:
    """The rows in words."""
    told = places(con, sets, [(row[0], row[1]) for row in rows])
    rules = {
        batch: Rules.from_text(text)
        for batch, text in con.execute(
            "select batch, rules from ops.batches where list_contains($batches, batch)",
            {"batches": [row[0] for row in rows]},
        ).fetchall()
    }
    owners = holders(con, [Identifier(row[2], row[3]) for row in rows])
    profiles = _canonical(con, [row[6] for row in rows if row[6]])
    return tuple(
        Refusal(
            told[batch, ordinal],
            f"{kind}:{value}",
            reason,
            _limit(rules[batch], reason, violated),
            profiles.get(segment_id),
            _owner(owners.get(Identifier(kind, value))),
        )
        for batch, ordinal, kind, value, reason, violated, segment_id in rows
    )


def _owner(holder: Holder | None) -> str | None:
    return holder.segment_id if holder else None


def _canonical(con: Connection, segment_ids: Sequence[str]) -> dict[str, str]:
    """What each of the segment ids belongs to now."""
    if not segment_ids:
        return {}
    rows = con.execute(
        sqlfiles.read("explain/canonical.sql"), {"segment_ids": sorted(set(segment_ids))}
    ).fetchall()
    return {segment_id: canonical for segment_id, _, canonical in rows}


def _limit(rules: Rules, reason: str, violated: str | None) -> str | None:
    """The setting of the space file that was in the way."""
    if reason == "Profile merge limit exceeded":
        return f"merge_limit {rules.merge_limit:,}"
    if reason == "Identifier mapping limit exceeded":
        return f"mapping_limit {rules.mapping_limit:,}"
    rule = next((rule for rule in rules.identifiers if rule.type == violated), None)
    if rule is None:
        return None
    return f"{rule.type} {rule.limit:,}" + (f" {rule.window}" if rule.window != "ever" else "")
