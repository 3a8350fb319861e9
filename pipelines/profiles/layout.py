"""Decide the columns of a batch: their names, types and sources, and the statements that make room for them.

Rules (design section 6): a column is created on its first value that is not null; new columns are added in
bytewise order of their names; the type holds all values of the batch and of the column. Two paths that come
to one name share the column; in one message the first of them that is not null counts, in bytewise order of
the paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines import sqlfiles
from pipelines.naming import bounded, column_name, quoted, snake
from pipelines.profiles.survey import Leaf, Path, Survey, has_values, leaves
from pipelines.sqlfiles import Statement
from pipelines.types import BIGINT, DOUBLE, TIMESTAMP, VARCHAR, Kind, column_type, widen

_FIXED = re.compile(r'^  "?(\w+)', re.MULTILINE)
"""The columns in a file of `sql/tables`: each is first on its line."""
_MANY = 500
"""A table with more changes at once is written anew: what one costs grows with the columns of a table."""

TRAITS = "profile_traits_updates"
TRAIT_TABLES = (TRAITS, "profile_traits")
"""The wide tables of traits: the same columns, typed alike."""

Columns = Mapping[str, Mapping[str, str]]
"""Table -> column -> type."""


@dataclass(slots=True)
class Met:
    """What a batch holds for one column."""

    kinds: int = 0
    sources: set[Path] = field(default_factory=set)


class Source(NamedTuple):
    """A path whose values are in a column, for `ops.column_sources`."""

    table: str
    column: str
    path: str


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a batch."""

    columns: Columns
    """Of every table met, the columns once `statements` have run (of a new table, those on demand)."""
    statements: tuple[Statement, ...]
    sources: tuple[Source, ...]
    added: int
    """How many columns were added to tables there were."""
    widened: frozenset[str]
    """The tables of which a column changed its type."""


def body_column(path: Path) -> str:
    """The column of a trait or property: snake case on every level, clear of the table's own columns.

    >>> body_column(("address", "postalCode")), body_column(("timestamp",)), body_column(("2FA",))
    ('address_postal_code', '_timestamp', '_2fa')
    """
    joined = "_".join(snake(level) for level in path)
    return bounded(joined) if joined.startswith("_") else column_name(joined)


def context_column(path: Path) -> str:
    """The column of a value of the context.

    >>> context_column(("userAgentData", "mobile"))
    'context_user_agent_data_mobile'
    """
    return bounded("_".join(("context", *(snake(level) for level in path))))


def column_of(leaf: Leaf) -> str:
    """The column of a path, wherever it stands."""
    return context_column(leaf.path) if leaf.in_context else body_column(leaf.path)


def gather(surveys: Iterable[Survey]) -> dict[str, dict[str, Met]]:
    """Per table and column what the batch holds; the traits of resolved users also under `TRAITS`."""
    tables: dict[str, dict[str, Met]] = {}
    for found in surveys:
        for collection in found.collections:
            for table in _tables(collection.table, collection.event, in_context=True):
                tables.setdefault(table, {})
        for leaf in leaves(found):
            collection = found.collections[leaf.collection]
            names = list(_tables(collection.table, collection.event, leaf.in_context))
            if collection.table == "identifies" and collection.resolved and not leaf.in_context:
                names.append(TRAITS)
            for table in names:
                met = tables.setdefault(table, {}).setdefault(column_of(leaf), Met())
                met.kinds |= leaf.kinds
                if has_values(leaf.kinds):
                    met.sources.add(leaf.path)
    return tables


def _tables(table: str, event: str | None, in_context: bool) -> Iterator[str]:
    yield table
    if event is not None and in_context:
        yield "tracks"


def lay_out(
    met: Mapping[str, Mapping[str, Met]], existing: Columns, beyond_double: Callable[[str, str], bool]
) -> Layout:
    """The columns a batch needs.

    `existing` are the tables of the space as they stand. `beyond_double(table, column)` tells whether a
    bigint column holds an integer that a double cannot; it is asked where such a column meets doubles.
    """
    statements: list[Statement] = []
    columns: dict[str, dict[str, str]] = {}
    added = 0
    widened: set[str] = set()
    for table in sorted(met, key=str.encode):
        present = existing.get(table, {})
        columns[table] = dict(present)
        changes: list[_Change] = []
        for column in sorted(
            (name for name, one in met[table].items() if has_values(one.kinds)), key=str.encode
        ):
            before, after = (
                present.get(column),
                _type(table, column, present, met[table][column].kinds, beyond_double),
            )
            columns[table][column] = after
            if before != after:
                changes.append(_Change(column, before, after))
        if table not in existing:
            statements.append(_create(table, columns[table]))
            continue
        new = sum(change.before is None for change in changes)
        added += new
        if new < len(changes):
            widened.add(table)
        for target in TRAIT_TABLES if table == TRAITS else (table,):
            if len(changes) > _MANY:
                fixed = _FIXED.findall(_definition(table))
                on_demand = {name: type_ for name, type_ in columns[table].items() if name not in fixed}
                statements += _rewritten(target, changes, on_demand)
            else:
                statements += (_changed(target, change) for change in changes)
    return Layout(columns, tuple(statements), tuple(_sources(met)), added, frozenset(widened))


class _Change(NamedTuple):
    """A column's type before (None: it is new) and after."""

    column: str
    before: str | None
    after: str

    @property
    def value(self) -> str:
        """SQL: what the column holds, as its new type."""
        value = quoted(self.column)
        if self.before == TIMESTAMP:  # as user_traits writes times: UTC, no fraction of zeros
            value = f"regexp_replace(strftime({value}, '%Y-%m-%dT%H:%M:%S.%f'), '\\.?0*$', '') || 'Z'"
        return f"cast({value} as {self.after})"


def _type(
    table: str, column: str, present: Mapping[str, str], kinds: int, beyond_double: Callable[[str, str], bool]
) -> str:
    before = present.get(column)
    if before is None:
        return column_type(kinds) or VARCHAR
    if before == BIGINT and widen(before, kinds) == DOUBLE and beyond_double(table, column):
        kinds |= Kind.BIGINT
    return widen(before, kinds)


def _create(table: str, columns: Mapping[str, str]) -> Statement:
    """A table with its fixed columns, then the given ones."""
    on_demand = "".join(f"  , {quoted(name)} {type_}\n" for name, type_ in columns.items())
    made = f"create table {quoted(table)} (\n{_definition(table)}{on_demand})"
    return Statement(made, label=f"create {table}")


def _definition(table: str) -> str:
    """The fixed columns of a table, a line each; a track event has those of `tracks`."""
    own = f"tables/{table}.sql"
    text = sqlfiles.read(own if own in sqlfiles.tables() else "tables/tracks.sql")
    return text[text.index("(\n") + 2 : text.rindex(")")]


def _changed(table: str, change: _Change) -> Statement:
    column, before, after = change
    if before is None:
        return Statement(
            f"alter table {quoted(table)} add column {quoted(column)} {after}", label=f"add {table}.{column}"
        )
    altered = f"alter column {quoted(column)} type {after} using {change.value}"
    return Statement(f"alter table {quoted(table)} {altered}", label=f"widen {table}.{column}")


def _rewritten(table: str, changes: Iterable[_Change], columns: Mapping[str, str]) -> Iterator[Statement]:
    """The table made anew with all its columns, and its rows copied."""
    old = quoted(f"{table}__old")
    cast = ", ".join(f"{change.value} as {quoted(change.column)}" for change in changes if change.before)
    yield Statement(f"alter table {quoted(table)} rename to {old}", label=f"set aside {table}")
    yield _create(table, columns)
    copied = f"insert into {quoted(table)} by name select *{f' replace ({cast})' if cast else ''} from {old}"
    yield Statement(copied, label=f"copy {table}")
    yield Statement(f"drop table {old}", label=f"drop the old {table}")


def _sources(met: Mapping[str, Mapping[str, Met]]) -> Iterator[Source]:
    for table, columns in met.items():
        for column, one in columns.items():
            for path in sorted(one.sources):
                yield Source(table, column, ".".join(path))
