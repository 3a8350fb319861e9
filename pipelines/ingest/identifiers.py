"""Identifiers as columns: per declared type the values found in a message, in order of position.

The first value of a type goes into the column `id:<type>`, further ones into `more`; what stands where an
identifier would and is none goes into `ignored`. Source: identity-resolution specification, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.naming import literal, quoted
from pipelines.rules import Rules

UNDECLARED = "Undeclared identifier type"
NOT_SCALAR = "Identifier is not a string or an integer"
INCOMPLETE = "External id is incomplete"
TOO_LONG = "Group id is too long"

GROUP_ID_LENGTH = 500
"""Characters a group's id may have (identity-resolution specification, section 7)."""

EXTERNAL = "struct(type varchar, value varchar, reason varchar)[]"
"""External ids in array order; `reason` says why one is not used."""

_PAIRS = "struct(type varchar, value varchar)[]"
_REASONS = "struct(type varchar, reason varchar)[]"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place a type is read from, as columns: its text, and whether something else stands there."""

    text: str
    odd: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """Per declared type its candidates in order of position; whether there are external ids."""

    candidates: Mapping[str, tuple[Candidate, ...]]
    external: bool

    def all(self) -> list[tuple[str, Candidate]]:
        """Every candidate with its type."""
        return [(kind, place) for kind, places in self.candidates.items() for place in places]


def name(kind: str) -> str:
    """The column of a type's first value."""
    return f"id:{kind}"


def column(kind: str) -> str:
    """The same, quoted for SQL."""
    return quoted(name(kind))


def columns(rules: Rules) -> tuple[str, ...]:
    """The columns of all declared types, strongest first."""
    return tuple(column(rule.type) for rule in rules.identifiers)


def extract(inner: str, places: Places) -> str:
    """SELECT of everything in `inner` with `id:<type>` columns, `more` and `ignored`.

    `inner` has the candidates' columns and, if there is one, `external`. What is rare is computed where it
    occurs: the long expressions stand behind conditions.
    """
    first = ", ".join(f"{_first(kind, places)} as {column(kind)}" for kind in places.candidates)
    external = ["external is not null"] if places.external else []
    crowded = [
        f"({' + '.join(f'({place.text} is not null)::tinyint' for place in found)} > 1)"
        for found in places.candidates.values()
        if len(found) > 1
    ]
    odd = [place.odd for _, place in places.all() if place.odd]
    more = _when([*crowded, *external], lambda: _more(places), _PAIRS)
    ignored = _when([*odd, *external], lambda: _ignored(places), _REASONS)
    return f"""
    select *, {more} as more, {ignored} as ignored
    from (select *, {first} from ({inner}))"""


def _when(conditions: list[str], expression: Callable[[], str], kind: str) -> str:
    return f"case when {' or '.join(conditions)} then {expression()} end" if conditions else f"null::{kind}"


def _first(kind: str, places: Places) -> str:
    options = [place.text for place in places.candidates[kind]]
    if places.external:
        mine = f"e.reason is null and e.value is not null and e.type = {literal(kind)}"
        options.append(
            f"case when external is not null then list_filter(external, lambda e: {mine})[1].value end"
        )
    return f"coalesce({', '.join(options)})" if options else "null::varchar"


def _more(places: Places) -> str:
    """Values beyond the first of each type, each once, in order of position; NULL if there are none."""
    pairs = ", ".join(f"{{'type': {literal(kind)}, 'value': {place.text}}}" for kind, place in places.all())
    firsts = ", ".join(f"{{'type': {literal(kind)}, 'value': {column(kind)}}}" for kind in places.candidates)
    values = f"[{pairs}]::{_PAIRS}"
    if places.external:
        usable = "list_filter(coalesce(external, []), lambda e: e.reason is null)"
        external = f"list_transform({usable}, lambda e: {{'type': e.type, 'value': e.value}})"
        values = f"list_concat({values}, {external}::{_PAIRS})"
    wanted = f"p.value is not null and not list_contains([{firsts}]::{_PAIRS}, p)"
    return f"nullif(list_filter({values}, lambda p, i: {wanted} and list_position({values}, p) = i), [])"


def _ignored(places: Places) -> str:
    """What is no identifier though it stands where one would: odd values and unusable external ids."""
    odd = ", ".join(
        f"case when {place.odd} then {literal(kind)} end" for kind, place in places.all() if place.odd
    )
    there = f"list_filter([{odd}]::varchar[], lambda o: o is not null)"
    scalar = f"list_transform({there}, lambda o: {{'type': o, 'reason': {literal(NOT_SCALAR)}}})::{_REASONS}"
    if not places.external:
        return f"nullif({scalar}, [])"
    unusable = "list_filter(coalesce(external, []), lambda e: e.reason is not null)"
    external = f"list_transform({unusable}, lambda e: {{'type': e.type, 'reason': e.reason}})::{_REASONS}"
    return f"nullif(list_concat({scalar}, {external}), [])"
