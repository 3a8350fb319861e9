"""Why two identifiers are one profile: the shortest chain of messages that joined them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from pipelines import sqlfiles
from pipelines.config import Space
from pipelines.errors import InputError
from pipelines.identity.links import Link, chain, joined_at
from pipelines.rules import ACCOUNTS, IdentifierRule, Rules
from pipelines.steps.asked import Asked, asked
from pipelines.steps.evidence import Evidence, Identifier, gather
from pipelines.steps.places import Told, places
from pipelines.steps.reading import reading
from pipelines.steps.report import Table
from pipelines.store.store import space_folder

HEADS = ("when", "message", "where", "identifiers it carried", "shared with the next")


@dataclass(frozen=True, slots=True)
class Holder:
    """An identifier and the profile that holds it."""

    identifier: Identifier
    profile: int
    segment_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """A message of a chain: the identifiers it carried that were used, and those the next one carries too."""

    message: Told
    identifiers: tuple[str, ...]
    shared: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {**asdict(self.message), "identifiers": self.identifiers, "shared": self.shared}


@dataclass(frozen=True, slots=True)
class Why:
    """How two identifiers came to be one profile.

    `at`: the message that brought them together; None if its like was removed since. `chain`: the fewest
    messages up to that one that lead from the one to the other. `since`: a shorter chain, if later messages
    have made one.
    """

    a: Identifier
    b: Identifier
    segment_id: str
    at: Told | None
    chain: tuple[Step, ...]
    since: tuple[Step, ...]

    def __str__(self) -> str:
        if self.at is None:
            return f"{self.a} and {self.b} are {self.segment_id}, but the messages that joined them are gone"
        count = f"{len(self.chain)} messages, the last at" if len(self.chain) > 1 else "one message,"
        when = self.at.timestamp.isoformat(sep=" ", timespec="seconds")
        return f"{self.a} and {self.b} are {self.segment_id}\njoined by {count} {self.at.place} ({when})"

    def tables(self) -> tuple[Table, ...]:
        """The chain, and the shorter one."""
        made = [_table(f"From {self.a} to {self.b}", self.chain)]
        if self.since:
            made.append(_table("Later messages say it more shortly", self.since))
        return tuple(table for table in made if table.rows)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "a": str(self.a),
            "b": str(self.b),
            "segment_id": self.segment_id,
            "joined_by": asdict(self.at) if self.at else None,
            "chain": [step.as_dict() for step in self.chain],
            "since": [step.as_dict() for step in self.since],
        }


def why(space: Space, a: str, b: str) -> Why:
    """The shortest chain of messages that joined the identifiers `a` and `b` (`type:value`).

    A chain is of messages up to the one that brought the two together, for no other can have; each shares
    with the next an identifier that was used on both. Raises `InputError` if one of them is nobody's, or if
    they are not one profile.
    """
    with reading(space) as con:
        rules = known_rules(con, space)
        one, other = held(con, rules, a, b)
        if one.identifier == other.identifier:
            raise same()
        if one.profile != other.profile:
            raise InputError(
                "they belong to two profiles",
                expected="two identifiers of one profile",
                hint="`unify why-not` with the same words tells what kept them apart",
            )
        sets = space_folder(space.store)
        evidence = gather(con, sets, [one.profile])
        ends = evidence.code(one.identifier), evidence.code(other.identifier)
        last = joined_at(evidence.links, *ends)
        first = _chain(evidence.links[: last + 1], ends) if last is not None else []
        later = _chain(evidence.links, ends) if last is not None else []
        links = [*first, *(later if len(later) < len(first) else ())]
        if last is not None:
            links.append(evidence.links[last])
        told = places(con, sets, [link.first for link in links])
    return Why(
        one.identifier,
        other.identifier,
        one.segment_id,
        told[evidence.links[last].first] if last is not None else None,
        tuple(_steps(evidence, first, told)),
        tuple(_steps(evidence, later, told)) if len(later) < len(first) else (),
    )


def same() -> InputError:
    """What to say when both words name one identifier."""
    return InputError(
        "both are the same identifier",
        expected="two identifiers that differ",
        hint="`unify profile` with one of them tells all about it",
    )


def known_rules(con: duckdb.DuckDBPyConnection, space: Space) -> tuple[IdentifierRule, ...]:
    """How each type of identifiers of people is read: as the space says now, else as its last batch said."""
    found: dict[str, IdentifierRule] = {}
    texts = con.execute("select rules from ops.batches group by rules order by max(batch)").fetchall()
    for rules in (*(Rules.from_text(text) for (text,) in texts), space.identity):
        found |= {rule.type: rule for rule in rules.identifiers}
    current = [rule.type for rule in space.identity.identifiers]
    return tuple(sorted(found.values(), key=lambda rule: (rule.type not in current, rule.type)))


def holders(con: duckdb.DuckDBPyConnection, wanted: Iterable[Identifier]) -> dict[Identifier, Holder]:
    """Who holds the identifiers, as far as anybody does."""
    kinds, values = {kind for kind, _ in wanted}, {value for _, value in wanted}
    if not values:
        return {}
    rows = con.execute(
        sqlfiles.read("explain/holders.sql"), {"types": sorted(kinds), "values": sorted(values)}
    ).fetchall()
    return {
        Identifier(kind, value): Holder(Identifier(kind, value), profile, segment_id)
        for kind, value, profile, segment_id in rows
    }


def holders_of(con: duckdb.DuckDBPyConnection, wanted: Sequence[Asked]) -> list[Holder | None]:
    """Who holds each of the identifiers, by the likeliest of its spellings that anybody holds."""
    spelled = [[Identifier(one.type, value) for value in one.spellings] for one in wanted]
    found = holders(con, [identifier for identifiers in spelled for identifier in identifiers])
    return [
        next((found[identifier] for identifier in identifiers if identifier in found), None)
        for identifiers in spelled
    ]


def person(rules: Sequence[IdentifierRule], written: str) -> Asked:
    """The identifier of a person that is meant; raises `InputError` if it is none, or one of accounts."""
    wanted = asked(rules, written)
    if wanted.collection == ACCOUNTS:
        raise InputError(
            f"{wanted.type} names accounts, which are never joined",
            expected="an identifier of people",
            hint="`unify profile` with it shows the account",
        )
    return wanted


def held(con: duckdb.DuckDBPyConnection, rules: Sequence[IdentifierRule], *written: str) -> list[Holder]:
    """Who holds each of the identifiers (`type:value`); raises `InputError` if nobody holds one."""
    wanted = [person(rules, one) for one in written]
    found = []
    for one, holder in zip(wanted, holders_of(con, wanted), strict=True):
        if holder is None:
            raise InputError(
                f"no profile has this {one.type}",
                expected="an identifier that some profile has",
                hint="values are kept as sent, but for their normalisation; `unify why-not` tells more",
            )
        found.append(holder)
    return found


def _chain(links: Sequence[Link], ends: tuple[int, int]) -> list[Link]:
    return [links[place] for place in chain(links, *ends) or ()]


def _steps(evidence: Evidence, links: Sequence[Link], told: dict[tuple[int, int], Told]) -> Iterator[Step]:
    for place, link in enumerate(links):
        after = links[place + 1].codes if place + 1 < len(links) else ()
        shared = set(link.codes).intersection(after)
        yield Step(told[link.first], evidence.named(link.codes), evidence.named(shared))


def _table(title: str, steps: Sequence[Step]) -> Table:
    rows = tuple(
        (
            step.message.timestamp,
            step.message.words,
            step.message.place,
            "\n".join(step.identifiers),
            "\n".join(step.shared),
        )
        for step in steps
    )
    return Table(title, HEADS, rows)
