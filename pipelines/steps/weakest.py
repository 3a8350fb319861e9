"""What holds a profile together most weakly: the fewest messages without which it would fall apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.identity import joints
from pipelines.steps.asked import EXAMPLE
from pipelines.steps.evidence import Evidence, gather
from pipelines.steps.explain import held, known_rules
from pipelines.steps.places import Key, Told, places
from pipelines.steps.reading import reading
from pipelines.steps.report import Table
from pipelines.store.store import space_folder

SHOWN = 20
"""Messages and identifiers that are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A message that holds parts together, through which identifiers, and how many of them it alone holds."""

    message: Told
    identifiers: tuple[str, ...]
    cuts_off: int = 0


@dataclass(frozen=True, slots=True)
class Weakest:
    """The weakest place of a profile of `size` identifiers.

    `messages`: how many must go for it to fall apart, the least number; None if it has only one identifier.
    `held_by`: the first of them. `apart`: the identifiers that would stand apart from the rest, the first
    of `cuts_off`. `alone`: single messages that would each do it, those that cut off most first; `singles` of
    them in all.
    """

    segment_id: str
    size: int
    messages: int | None
    held_by: tuple[Holding, ...] = ()
    apart: tuple[str, ...] = ()
    cuts_off: int = 0
    alone: tuple[Holding, ...] = ()
    singles: int = 0

    def __str__(self) -> str:
        if self.messages is None:
            return f"{self.segment_id} has a single identifier: there is nothing to split"
        rest = f"{self.cuts_off:,} of its {self.size:,} identifiers apart from the others"
        if not self.messages:
            return f"{self.segment_id}: no message that is still stored joins {rest}"
        if self.messages == 1:
            return f"{self.segment_id} hangs by one message, without which {rest} would stand"
        return f"{self.segment_id} would fall apart without {self.messages:,} messages: {rest}"

    def tables(self) -> tuple[Table, ...]:
        """The messages and what they hold."""
        if self.singles > 1:
            title = f"Any of {self.singles:,} messages holds a part alone, the first the largest"
            held = _table(title, self.alone, self.singles, cuts=True)
        else:
            held = _table("What holds it together", self.held_by, self.messages or 0, cuts=False)
        apart = tuple((name,) for name in self.apart)
        tables = (held, Table("Set apart", ("identifiers",), apart, _more(self.cuts_off - len(apart))))
        return tuple(table for table in tables if table.rows)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def weakest(space: Space, who: str) -> Weakest:
    """The fewest messages whose removal would split the profile of an identifier or segment id.

    A message ties together the identifiers that were used on it. Other messages stay as they were resolved:
    what they had to drop stays dropped.
    """
    with reading(space) as con:
        profile, segment_id = _profile(con, space, who)
        sets = space_folder(space.store)
        evidence = gather(con, sets, [profile])
        size = len(evidence.identifiers)
        cut = joints.weakest(size, evidence.links)
        if cut is None:
            return Weakest(segment_id, size, None)
        single = joints.single(size, evidence.links)
        keys = _messages(con, evidence, cut.links)
        shown = [(evidence.links[place].first, place, off) for place, off in single[:SHOWN]]
        told = places(con, sets, [*keys, *(key for key, _, _ in shown)])
    return Weakest(
        segment_id,
        size,
        cut.messages,
        tuple(Holding(told[key], evidence.named(codes)) for key, codes in keys.items()),
        evidence.named(cut.part)[:SHOWN],
        len(cut.part),
        tuple(
            Holding(told[key], evidence.named(evidence.links[place].codes), off) for key, place, off in shown
        ),
        len(single),
    )


def _profile(con: duckdb.DuckDBPyConnection, space: Space, who: str) -> tuple[int, str]:
    """Number and segment id of the canonical profile that is meant."""
    if ":" in who:
        (holder,) = held(con, known_rules(con, space), who)
        return holder.profile, holder.segment_id
    found = con.execute(sqlfiles.read("explain/canonical.sql"), {"segment_ids": [who]}).fetchall()
    if not found:
        raise InputError(
            "no profile has this segment id",
            expected=f"{EXAMPLE}, or a segment id",
            hint="copy it from `profile_traits` or from `unify profile`",
        )
    return int(found[0][1]), str(found[0][2])


def _messages(
    con: duckdb.DuckDBPyConnection, evidence: Evidence, cut: Sequence[int]
) -> dict[Key, tuple[int, ...]]:
    """The earliest messages of the links that are cut, and what each links."""
    rows = con.execute(
        sqlfiles.read("explain/messages.sql"),
        {"links": [list(evidence.links[place].codes) for place in cut], "count": SHOWN},
    ).fetchall()
    return {(batch, ordinal): tuple(codes) for batch, ordinal, codes in rows}


def _table(title: str, held_by: Sequence[Holding], total: int, *, cuts: bool) -> Table:
    heads = ("when", "message", "where", "identifiers it carried")
    rows = tuple(
        (
            holding.message.timestamp,
            holding.message.words,
            holding.message.place,
            "\n".join(holding.identifiers),
            *((holding.cuts_off,) if cuts else ()),
        )
        for holding in held_by
    )
    return Table(title, (*heads, "cuts off") if cuts else heads, rows, _more(total - len(rows)))


def _more(count: int) -> str | None:
    return f"and {count:,} more" if count > 0 else None
