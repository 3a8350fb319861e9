"""Why two identifiers are not one profile: what was dropped from the messages that would have joined them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import pyarrow as pa

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.identity.values import blocked
from pipelines.rules import IdentifierRule
from pipelines.steps.asked import Asked, parted
from pipelines.steps.explain import Holder, holders_of, known_rules, person, same
from pipelines.steps.reading import reading
from pipelines.steps.refusals import FARTHEST, End, Refusal, Refusals, refusals
from pipelines.steps.report import Table
from pipelines.store.store import space_folder

ALIKE = 5
"""Identifiers that are listed because they differ only in how they are written."""

Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that keeps them apart: a code for machines, a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What kept two identifiers apart.

    `refusals`: the first mentions that would have joined them directly, of `refused` in all; or, if there
    are none, those on the shortest way from the one to the other.
    """

    a: str
    b: str
    segment_ids: tuple[str | None, str | None]
    reasons: tuple[Reason, ...]
    refusals: tuple[Refusal, ...]
    refused: int

    def __str__(self) -> str:
        told = [
            f"{name} belongs to {segment_id or 'nobody'}"
            for name, segment_id in zip((self.a, self.b), self.segment_ids, strict=True)
        ]
        return "\n".join((*told, *(f"- {reason.text}" for reason in self.reasons)))

    def tables(self) -> tuple[Table, ...]:
        """The mentions that were dropped."""
        if not self.refusals:
            return ()
        names = {**dict(zip(self.segment_ids, (self.a, self.b), strict=True)), None: "nobody"}
        rows = tuple(
            (
                refusal.message.timestamp,
                refusal.message.words,
                refusal.message.place,
                refusal.dropped,
                refusal.reason,
                refusal.limit,
                names.get(refusal.of, refusal.of),
                names.get(refusal.held_by, refusal.held_by),
            )
            for refusal in self.refusals
        )
        more = self.refused - len(rows)
        heads = ("when", "message", "where", "dropped", "why", "limit", "from a message of", "belongs to")
        return (
            Table("What would have joined them", heads, rows, f"and {more:,} more" if more > 0 else None),
        )

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def why_not(space: Space, a: str, b: str) -> WhyNot:
    """What kept the identifiers `a` and `b` (`type:value`) from being one profile.

    Looked for in what the log has of both sides: mentions that were dropped for a limit, a cap or a block and
    would have joined them, directly or over others; and in the simple cases, such as a value nobody brought.
    Raises `InputError` if they are one profile.
    """
    with reading(space) as con:
        con.execute(sqlfiles.read("explain/folded.sql"))
        rules = known_rules(con, space)
        asked = [_asked(con, rules, written) for written in (a, b)]
        ends = [End(*end) for end in zip(asked, holders_of(con, asked), strict=True)]
        first, second = (end.holder for end in ends)
        if ends[0].identifier == ends[1].identifier:
            raise same()
        if first and second and first.profile == second.profile:
            raise InputError(
                "they are one profile",
                expected="identifiers of two profiles",
                hint="`unify why` with the same words tells what joined them",
            )
        found = refusals(con, space_folder(space.store), *ends)
        reasons = [_found(found)] if found.total else []
        reasons += [reason for end in ends for reason in _of_one(con, space, end)]
        if first and second:
            reasons += [*_of_two(con, space, first, second), *([] if found.total else [_found(found)])]
        reasons += _waiting(con)
    return WhyNot(
        str(ends[0].identifier),
        str(ends[1].identifier),
        (ends[0].segment_id, ends[1].segment_id),
        tuple(reasons),
        found.shown,
        found.total,
    )


def _asked(con: Connection, rules: Sequence[IdentifierRule], written: str) -> Asked:
    """The identifier that is meant; one of an undeclared type, if messages brought that type."""
    kind, value = parted(written)
    if kind not in {rule.type for rule in rules} and _undeclared(con, kind):
        return Asked(kind, value, value)
    return person(rules, written)


def _undeclared(con: Connection, kind: str) -> int:
    """How many messages brought a value of a type that was not declared."""
    return int(_rows(con, "undeclared", type=kind)[0][0])


def _of_one(con: Connection, space: Space, end: End) -> Iterator[Reason]:
    """What may be said of one of the two alone."""
    wanted = end.asked
    rule = next((rule for rule in space.identity.identifiers if rule.type == wanted.type), None)
    if rule is None:
        brought = _undeclared(con, wanted.type)
        yield Reason(
            "undeclared",
            f"{wanted.type} is not declared in the space file, so no value of it is used"
            + (f"; {_counted(brought)} brought one" if brought else ""),
        )
    elif blocked(pa.array([wanted.stored], pa.large_string()), rule.blocked)[0].as_py():
        yield Reason("blocked", f"{end.identifier} is blocked by the space file: it identifies nobody")
    if end.holder:
        return
    dropped = _rows(con, "dropped", type=wanted.type, values=list(wanted.spellings))
    if dropped:
        why = ", ".join(f"{reason} ({_counted(count)})" for reason, count in dropped)
        yield Reason("dropped", f"no message that brought {end.identifier} used it: {why}")
    elif rule is not None:
        yield Reason("unseen", f"no message brought {end.identifier}")
        yield from _known_otherwise(con, wanted)


def _known_otherwise(con: Connection, wanted: Asked) -> Iterator[Reason]:
    spellings = list(wanted.spellings)
    for kind, value in _rows(
        con, "alike", type=wanted.type, value=wanted.value, values=spellings, count=ALIKE
    ):
        yield Reason("alike", f"{kind}:{value} is known, which is written differently")


def _of_two(con: Connection, space: Space, first: Holder, second: Holder) -> Iterator[Reason]:
    """What may be said of two profiles."""
    profiles = {"a": first.profile, "b": second.profile}
    for kind, value, other in _rows(con, "alike_between", **profiles, count=ALIKE):
        yield Reason(
            "alike",
            f"{kind}:{value} of the one and {kind}:{other} of the other differ only in how they are written;"
            f" `normalize` of {kind} in the space file may make such values equal, on messages to come",
        )
    limits = {rule.type: rule.limit for rule in space.identity.identifiers if rule.window == "ever"}
    merges = space.identity.merge_limit
    for kind, number in _rows(con, "together", **profiles):
        if kind in limits and number > limits[kind]:
            yield Reason(
                "limit", f"as one they would hold {number:,} of {kind}, and its limit is {limits[kind]:,}"
            )
        elif kind is None and number > merges:
            yield Reason(
                "merge_limit",
                f"as one they would have taken in {number:,} others, and merge_limit is {merges:,}",
            )


def _found(found: Refusals) -> Reason:
    """What the log says."""
    if found.direct:
        count = "one message" if found.total == 1 else f"{found.total:,} mentions"
        return Reason("refused", f"{count} would have joined them, had an identifier not been dropped")
    if found.total:
        return Reason(
            "refused_over_others",
            f"they meet only over {found.total:,} mentions in a row, which were dropped",
        )
    return Reason(
        "unconnected",
        "no message connects them, not even over identifiers that were dropped"
        f" (up to {FARTHEST} of them in a row)",
    )


def _waiting(con: Connection) -> Iterator[Reason]:
    waiting = con.execute("select count(*) from ops.batches where stage in ('opened', 'loaded')").fetchall()
    if waiting[0][0]:
        yield Reason("waiting", f"{waiting[0][0]:,} batches wait to be resolved and are not looked at")


def _counted(messages: int) -> str:
    return "one message" if messages == 1 else f"{messages:,} messages"


def _rows(con: Connection, name: str, **params: object) -> list[tuple[Any, ...]]:  # Any: cells
    return con.execute(sqlfiles.read(f"explain/{name}.sql"), params).fetchall()
