"""SQL traits from file to rows: read, inspect, bind, run; each trait fails alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb

from pipelines import nul
from pipelines.config import Space
from pipelines.errors import TraitError
from pipelines.naming import quoted
from pipelines.store.store import Store, memory_budget
from pipelines.traits.complaints import binding_error, running_error
from pipelines.traits.definitions import SqlTrait, read_trait, same_keys, trait_files
from pipelines.traits.inspection import Query, Schema, inspect
from pipelines.traits.limits import DEFAULT_LIMITS, Limits
from pipelines.traits.rows import Shape, check_rows, rows_sql, shape
from pipelines.traits.runs import Moment, TraitRun
from pipelines.traits.sandbox import DESCRIBE, RUN, Room, described, fill, run, sandbox

_MEMORY_SHARE = 0.25
"""The sandbox's part of the process's memory, beside the store's own."""
_ARROW_ROWS = 122_880


@dataclass(frozen=True, slots=True)
class Rows:
    """A SQL trait's result: the temporary table that holds it, how many rows, how many were too large to
    send.
    """

    table: str
    rows: int
    too_large: int
    columns: tuple[str, ...]


Result = Rows | TraitError


@dataclass(frozen=True, slots=True)
class Files:
    """The SQL traits of a space, and what could not be read, by file."""

    traits: tuple[SqlTrait, ...]
    faults: tuple[tuple[str, TraitError], ...]


def read(space: Space) -> Files:
    """Read the files of a space's SQL traits; a fault is under the key its trait would have."""
    traits: list[SqlTrait] = []
    faults: list[tuple[str, TraitError]] = []
    for path in trait_files(space.sql_traits):
        try:
            traits.append(read_trait(path, space.file.parent))
        except TraitError as error:
            faults.append((path.stem, error))
    clashes = same_keys(traits)
    faults.extend((trait.key, clashes[trait.file]) for trait in traits if trait.file in clashes)
    return Files(tuple(trait for trait in traits if trait.file not in clashes), tuple(faults))


def guarded(trait: SqlTrait, found: Rows, last: TraitRun | None) -> Result:
    """The result, unless it is empty after one that was not: more likely a fault upstream than everybody's
    leaving.

    Source: specification, open point 11.
    """
    if found.rows or trait.allow_empty or last is None or not last.rows:
        return found
    return TraitError(
        "the query returned no row, and did before; nobody's traits were removed",
        code="empty_result",
        where=trait.file,
        expected="rows",
        hint="if everybody's traits are to go, say so: -- allow_empty: true",
    )


def schema_of(store: Store) -> dict[str, dict[str, str]]:
    """The space's tables: for each, its columns and their DuckDB types, in order."""
    rows = store.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_catalog = current_database() and table_schema = $space"
        " order by table_name, ordinal_position",
        {"space": store.space},
    ).fetchall()
    schema: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        schema.setdefault(table, {})[column] = kind
    return schema


def evaluate(
    space: Space,
    store: Store,
    traits: Sequence[SqlTrait],
    schema: Schema,
    moment: Moment,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[tuple[SqlTrait, Result]]:
    """Run traits in one sandbox, each on its own; rows stand in temporary tables of the store afterwards."""
    fit: list[tuple[SqlTrait, Query]] = []
    for trait in traits:
        try:
            fit.append((trait, inspect(trait, space.name, schema)))
        except TraitError as error:
            yield trait, error
    if not fit:
        return
    named = {table: schema[table] for _, query in fit for table in query.reads}
    scratch = (space.resources.temp or store.folder / "scratch") / "sandbox"
    room = Room(int(memory_budget(space) * _MEMORY_SHARE), space.resources.threads, scratch)
    with sandbox(space.name, named, moment.now, room) as con:
        ready: list[tuple[SqlTrait, Query, Shape]] = []
        for trait, query in fit:
            try:
                ready.append((trait, query, _bound(con, space, trait, query, schema, limits)))
            except TraitError as error:
                yield trait, error
        try:
            fill(con, store.con, [query for _, query, _ in ready])
        except duckdb.OutOfMemoryException as error:
            yield from ((trait, running_error(trait, error, RUN, limits.seconds)) for trait, _, _ in ready)
            return
        for place, (trait, query, found) in enumerate(ready):
            try:
                yield trait, _result(con, store, trait, query, found, limits, f"trait__rows_{place}")
            except TraitError as error:
                yield trait, error


def _bound(
    con: duckdb.DuckDBPyConnection,
    space: Space,
    trait: SqlTrait,
    query: Query,
    schema: Schema,
    limits: Limits,
) -> Shape:
    try:
        columns = described(con, query)
    except duckdb.Error as error:
        names = sorted({name for table in query.reads for name in schema[table]})
        raise binding_error(trait, error, DESCRIBE, names) from None
    return shape(trait, columns, [rule.type for rule in space.identity.identifiers], limits)


def _result(
    con: duckdb.DuckDBPyConnection,
    store: Store,
    trait: SqlTrait,
    query: Query,
    found: Shape,
    limits: Limits,
    table: str,
) -> Rows:
    try:
        run(con, query, limits.rows, limits.seconds)
        rows = check_rows(con, trait, found, limits)
    except duckdb.Error as error:
        raise running_error(trait, error, RUN, limits.seconds) from None
    reader = con.sql(rows_sql(found, limits)).to_arrow_reader(_ARROW_ROWS)
    store.con.register("trait__incoming", reader)
    store.execute(f"create or replace temp table {quoted(table)} as from trait__incoming")
    store.con.unregister("trait__incoming")
    nuls = store.scalar(
        f"select count(*) from {quoted(table)} where {nul.in_text('id_value')} or {nul.in_json('traits')}"
    )
    if nuls:
        raise TraitError(
            f"{nuls} rows hold the character NUL",
            code="nul_byte",
            where=trait.file,
            expected=nul.EXPECTED,
            hint="take it out: replace(..., chr(0), '')",
        )
    too_large = store.scalar(f"select count(*) from {quoted(table)} where traits is null")
    return Rows(table, rows, too_large, tuple(name for name, _ in found.traits))
