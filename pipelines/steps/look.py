"""What people ask a store without changing it: what was rejected, who one person is, what one account."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.ingest.advice import ADVICE
from pipelines.rules import ACCOUNT_PREFIX, ACCOUNTS
from pipelines.steps.asked import EXAMPLE, asked
from pipelines.steps.reading import reading
from pipelines.steps.report import Table, look

EVENTS_SHOWN = 20
MEMBERS_SHOWN = 20

_SPELLING = "values are kept as sent, but for the type's normalisation; blocked ones belong to nobody"


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
        told = [f"{reason}: {what}" for reason, what in self.to_do.items()]
        return "\n".join([*map(str, self.rows), "", "to do:", *(f"  {line}" for line in told)]) + more

    @property
    def to_do(self) -> dict[str, str]:
        """The next step for each reason among the rows."""
        return {
            reason: ADVICE[reason] for reason in sorted({row.reason for row in self.rows}) if reason in ADVICE
        }

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {"total": self.total, "rejects": [asdict(row) for row in self.rows], "to_do": self.to_do}


def rejects(space: Space, *, file: str | None, reason: str | None, limit: int) -> Rejects:
    """Rejected rows in the order of files and lines; `file` is a path from here, or the end of one."""
    wanted = {"file": _as_stored(space, file), "reason": reason}
    with reading(space) as con:
        rows = tuple(Reject(*row) for row in look(con, "rejects", **wanted, limit=limit))
        ((total,),) = look(con, "rejects_total", **wanted)
    return Rejects(rows, total)


@dataclass(frozen=True, slots=True)
class Found:
    """Everything the tables say of one profile: a person's, or an account's."""

    segment_id: str
    asked_for: str
    tables: tuple[Table, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: one list a table, under its title in lower case."""
        lists = {table.title.lower().replace(" ", "_"): table.as_dicts() for table in self.tables}
        return {"segment_id": self.segment_id, **lists}


def profile(space: Space, who: str) -> Found:
    """The profile that has the identifier `type:value`, or that the segment id belongs to now.

    A type of the accounts, such as `group_id`, or the segment id of one asks for an account.
    Raises `InputError` if `who` is neither, or if no profile has it.
    """
    wanted = asked(space.identity.identifiers, who) if ":" in who else None
    of_account = wanted.collection == ACCOUNTS if wanted else who.startswith(ACCOUNT_PREFIX)
    by_id, by_value = ("account_canonical", "account_owner") if of_account else ("canonical", "owner")
    with reading(space) as con:
        if wanted:
            found = look(con, by_value, type=wanted.type, values=list(wanted.spellings))
        else:
            found = look(con, by_id, segment_id=who)
        if not found:
            whose = "account" if of_account else "profile"
            raise InputError(
                f"no {whose} has this {wanted.type if wanted else 'segment id'}",
                expected=f"{EXAMPLE}, or a segment id",
                hint=_SPELLING,
            )
        segment_id = str(found[0][0])
        return Found(segment_id, who, (_account if of_account else _person)(con, segment_id))


def _person(con: duckdb.DuckDBPyConnection, segment_id: str) -> tuple[Table, ...]:
    return (
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
            "Accounts",
            ("account", "identifiers", "first seen", "last seen"),
            tuple(look(con, "accounts", segment_id=segment_id)),
        ),
        Table(
            "Recent events",
            ("when", "call", "event", "source", "id"),
            tuple(look(con, "events", segment_id=segment_id, count=EVENTS_SHOWN)),
        ),
    )


def _account(con: duckdb.DuckDBPyConnection, segment_id: str) -> tuple[Table, ...]:
    members = look(con, "members", segment_id=segment_id, count=MEMBERS_SHOWN)
    more = members[0][-1] - len(members) if members else 0
    return (
        Table(
            "Identifiers",
            ("type", "value", "since"),
            tuple(look(con, "account_identifiers", segment_id=segment_id)),
        ),
        Table(
            "Merged accounts",
            ("account", "merged at"),
            tuple(look(con, "account_merges", segment_id=segment_id)),
        ),
        Table("Traits", ("name", "value"), tuple(look(con, "account_traits", segment_id=segment_id))),
        Table(
            "Members",
            ("profile", "identifier", "first seen", "last seen"),
            tuple(row[:-1] for row in members),
            f"and {more:,} more: select * from account_memberships" if more else None,
        ),
    )


def _as_stored(space: Space, file: str | None) -> str | None:
    """A path that exists from here, as `ops.files` spells it; anything else as typed."""
    if file is None or not Path(file).exists():
        return file
    return Path(os.path.relpath(Path(file).resolve(), space.file.resolve().parent)).as_posix()
