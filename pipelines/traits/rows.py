"""From a query's columns to rows that can be sent: who each row is about, and its traits as one JSON object.

Source of the conditions and their names: traits-and-audiences specification, sections 3.1 and 3.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from pipelines.errors import TraitError
from pipelines.naming import literal, quoted
from pipelines.traits.definitions import ID_COLUMNS, SqlTrait
from pipelines.traits.limits import Limits
from pipelines.traits.sandbox import RESULT
from pipelines.traits.values import json_text

_ID_TYPE = re.compile(r"VARCHAR|UUID|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")

ROWS_COLUMNS = "id_type varchar, id_value varchar, traits varchar"
"""What a trait's rows become: identifier, and a JSON object of all trait columns. Grain: one row an
identifier.
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """Which of a result's columns say whom a row is about, and which are traits (name, DuckDB type)."""

    ids: tuple[str, ...]
    traits: tuple[tuple[str, str], ...]


def shape(
    trait: SqlTrait, columns: Sequence[tuple[str, str]], declared: Sequence[str], limits: Limits
) -> Shape:
    """The shape of a query's columns; `declared` are the identifier types of the space's rules.

    Raises `TraitError`: `account_traits_unsupported`, `missing_identifier_column`, `undeclared_identifier`,
    `identifier_type`, `duplicate_column`, `no_trait_column`, `too_many_columns`, `unsupported_type`.
    """
    names = [name for name, _ in columns]
    folded = [name.lower() for name in names]
    if "group_id" in folded:
        raise _fault(
            trait,
            "account_traits_unsupported",
            "traits of accounts are not supported yet",
            f"one row a user: {', '.join(ID_COLUMNS)}",
            "leave group_id out, or give it another name",
        )
    repeated = [name for place, name in enumerate(names) if name.lower() in folded[:place]]
    if repeated:
        raise _fault(
            trait,
            "duplicate_column",
            f"the query returns {repeated[0]} twice",
            "each column once",
            "rename one: as ...",
        )
    if len(columns) > limits.columns:
        raise _fault(
            trait,
            "too_many_columns",
            f"the query returns {len(columns)} columns",
            f"at most {limits.columns}",
            "split it into several files, a few traits each",
        )
    ids = _id_columns(trait, dict(zip(folded, columns, strict=True)), declared)
    traits = tuple(column for column in columns if column[0] not in ids)
    if not traits:
        raise _fault(
            trait,
            "no_trait_column",
            "the query returns no trait",
            "at least one column beside the id",
            "add what is to be a trait",
        )
    for name, kind in traits:
        if json_text("x", kind) is None:
            raise _fault(
                trait,
                "unsupported_type",
                f"the column {name} is of type {kind}",
                "text, numbers, booleans, times, or lists of them",
                f"cast it: cast({name} as varchar)",
            )
    return Shape(ids, traits)


def _id_columns(
    trait: SqlTrait, columns: dict[str, tuple[str, str]], declared: Sequence[str]
) -> tuple[str, ...]:
    present = [name for name in ID_COLUMNS if name in columns]
    if trait.id is not None:
        chosen = [trait.id] if trait.id in present else []
    else:
        # Beside a stronger identifier, an email is a trait; user and anonymous id may share the rows
        # between them.
        chosen = [name for name in present if name != "email"] or present
    if not chosen:
        raise _fault(
            trait,
            "missing_identifier_column",
            f"the query returns no column {trait.id or 'that says whom a row is about'}",
            f"a column named {trait.id or ' or '.join(ID_COLUMNS)}",
            "rename the column: as user_id",
        )
    for name in chosen:
        if name not in declared:
            raise _fault(
                trait,
                "undeclared_identifier",
                f"{name} is not an identifier of this space",
                f"one of {', '.join(declared)}",
                "declare it under identity.identifiers; else the traits would land on no profile",
            )
        if not _ID_TYPE.fullmatch(columns[name][1]):
            raise _fault(
                trait,
                "identifier_type",
                f"the identifier column {name} is of type {columns[name][1]}",
                "text or an integer",
                f"cast it: cast({name} as varchar)",
            )
    return tuple(columns[name][0] for name in chosen)


def check_rows(con: duckdb.DuckDBPyConnection, trait: SqlTrait, found: Shape, limits: Limits) -> int:
    """The number of rows in `RESULT`, if each is about exactly one somebody and nobody has two.

    Raises `TraitError`: `too_many_rows`, `both_user_and_anonymous`, `null_identifier`, `duplicate_<id
    column>`.
    """
    set_ids = " + ".join(f"cast({_carried(name)} as integer)" for name in found.ids)
    rows, both, none, repeated = con.execute(
        f"""
        select count(*), count(*) filter (ids > 1), count(*) filter (ids = 0),
               count(*) - count(distinct (kind, id))
        from (select {set_ids} as ids, {_id_type(found)} as kind, {_id_value(found)} as id from {RESULT})
        """
    ).fetchall()[0]
    names = " or ".join(found.ids)
    if rows > limits.rows:
        raise _fault(
            trait,
            "too_many_rows",
            f"the query returns more than {limits.rows} rows",
            "one row a user",
            "filter, or group by the identifier",
        )
    if both:
        raise _fault(
            trait,
            "both_user_and_anonymous",
            f"{both} rows carry a user_id and an anonymous_id",
            "one of the two in each row",
            "set the other to null, or say which: -- id: user_id",
        )
    if none:
        raise _fault(
            trait,
            "null_identifier",
            f"{none} rows have no {names}",
            f"{names} in every row",
            "filter them out",
        )
    if repeated:
        raise _fault(
            trait,
            f"duplicate_{found.ids[0].lower()}",
            f"{repeated} rows repeat a {names}",
            "one row a user",
            f"group by {names}",
        )
    return int(rows)


def rows_sql(found: Shape, limits: Limits) -> str:
    """The SELECT over `RESULT` that yields `ROWS_COLUMNS`; a record too large has `traits` NULL.

    Such a record is not sent, and its user keeps what was sent before.
    """
    members = " || ',' || ".join(
        f"{literal(_json_key(name))} || coalesce({json_text(quoted(name), kind)}, 'null')"
        for name, kind in found.traits
    )
    return f"""
        select id_type, id_value, case when strlen(traits) < {limits.row_bytes} then traits end as traits
        from (
            select {_id_type(found)} as id_type, {_id_value(found)} as id_value,
                   '{{' || {members} || '}}' as traits
            from {RESULT}
        )
        """


def _id_type(found: Shape) -> str:
    cases = " ".join(f"when {_carried(name)} then {literal(name.lower())}" for name in found.ids)
    return f"case {cases} end"


def _id_value(found: Shape) -> str:
    cases = " ".join(f"when {_carried(name)} then cast({quoted(name)} as varchar)" for name in found.ids)
    return f"case {cases} end"


def _carried(name: str) -> str:
    """Whether a row has this identifier; a blank is none."""
    return f"coalesce(trim(cast({quoted(name)} as varchar)) <> '', false)"


def _json_key(name: str) -> str:
    return json.dumps(name, ensure_ascii=False) + ":"


def _fault(trait: SqlTrait, code: str, what: str, expected: str, hint: str | None) -> TraitError:
    return TraitError(what, code=code, where=trait.file, expected=expected, hint=hint)
