"""Decide the columns of a batch: their names, types and sources, and the statements that make room for them.

Rules (design section 6): a column is created on its first value that is not null; new columns are added in
bytewise order of their names; the type holds all values of the batch and of the column. Two paths that come
to one name share the column; in one message the first of them that is not null counts, in bytewise order of
the paths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines import sqlfiles
from pipelines.naming import column_name, quoted, snake
from pipelines.profiles.survey import Leaf, Path, Survey, has_values, leaves
from pipelines.sqlfiles import Statement
from pipelines.types import BIGINT, DOUBLE, TIMESTAMP, VARCHAR, Kind, column_type, widen

_TRACKS = "create table if not exists tracks ("
"""How the file `sql/tables/tracks.sql` begins its statement."""

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


def body_column(path: Path) -> str:
    """The column of a trait or property: snake case on every level, clear of the table's own columns.

    >>> body_column(("address", "postalCode")), body_column(("timestamp",)), body_column(("2FA",))
    ('address_postal_code', '_timestamp', '_2fa')
    """
    joined = "_".join(snake(level) for level in path)
    return joined if joined.startswith("_") else column_name(joined)


def context_column(path: Path) -> str:
    """The column of a value of the context.

    >>> context_column(("userAgentData", "mobile"))
    'context_user_agent_data_mobile'
    """
    return "_".join(("context", *(snake(level) for level in path)))


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
    for table in sorted(met, key=str.encode):
        present = existing.get(table, {})
        columns[table] = dict(present)
        changes: list[Statement] = []
        for column in sorted(
            (name for name, one in met[table].items() if has_values(one.kinds)), key=str.encode
        ):
            before, after = (
                present.get(column),
                _type(table, column, present, met[table][column].kinds, beyond_double),
            )
            columns[table][column] = after
            if before != after:
                targets = TRAIT_TABLES if table == TRAITS else (table,)
                changes.extend(_change(target, column, before, after) for target in targets)
        statements.extend(changes if table in existing else [_create(table, columns[table])])
    return Layout(columns, tuple(statements), tuple(_sources(met)))


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
    """The table of a track event: the fixed columns of `tracks`, then the given ones."""
    named = sqlfiles.read("tables/tracks.sql").replace(_TRACKS, f"create table {quoted(table)} (", 1)
    fixed, closing, _ = named.rpartition(")")
    on_demand = "".join(f"  , {quoted(name)} {type_}\n" for name, type_ in columns.items())
    return Statement(fixed + on_demand + closing, label=f"create {table}")


def _change(table: str, column: str, before: str | None, after: str) -> Statement:
    if before is None:
        return Statement(
            f"alter table {quoted(table)} add column {quoted(column)} {after}", label=f"add {table}.{column}"
        )
    value = quoted(column)
    if before == TIMESTAMP:  # as user_traits writes times: UTC, no fraction of zeros
        value = f"regexp_replace(strftime({value}, '%Y-%m-%dT%H:%M:%S.%f'), '\\.?0*$', '') || 'Z'"
    change = f"alter column {quoted(column)} type {after} using cast({value} as {after})"
    return Statement(f"alter table {quoted(table)} {change}", label=f"widen {table}.{column}")


def _sources(met: Mapping[str, Mapping[str, Met]]) -> Iterator[Source]:
    for table, columns in met.items():
        for column, one in columns.items():
            for path in sorted(one.sources):
                yield Source(table, column, ".".join(path))
