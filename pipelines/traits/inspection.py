"""The first wall around a SQL trait: its text must be one read-only query over tables of the space.

DuckDB's own parser says whether the text is SQL and how many statements it holds, so that what is inspected
is what will run. sqlglot's tree says what the query is made of, with positions; DuckDB's tree names the
functions as DuckDB will look them up. Nothing is executed here, and no data is near.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import duckdb
import sqlglot
from sqlglot import TokenType, exp

from pipelines.errors import TraitError
from pipelines.traits.complaints import syntax_error
from pipelines.traits.definitions import SqlTrait
from pipelines.traits.functions import refuse_functions
from pipelines.traits.pointing import at

Schema = Mapping[str, Mapping[str, str]]
"""Tables of the space by name: columns by name, with their DuckDB types, in order."""

_READ_ONLY = "one read-only SELECT"

# Whatever changes something, or is more than a query; sqlglot's names for the families.
_FORBIDDEN = (
    exp.DML,
    exp.DDL,
    exp.Command,
    exp.Into,
    exp.Set,
    exp.Pragma,
    exp.Attach,
    exp.Copy,
    exp.Lock,
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query that passed: its text without a closing semicolon, and which columns of which tables it may
    read.
    """

    sql: str
    reads: Mapping[str, tuple[str, ...]]


def inspect(trait: SqlTrait, space: str, schema: Schema) -> Query:
    """The one query of a trait's file, if it may run.

    Raises `TraitError` pointing at the place: `syntax_error`, `empty_file`, `several_statements`,
    `not_read_only`, `table_function`, `function_not_allowed`, `sample_not_allowed`, `missing_table`.
    """
    sql = _one_statement(trait)
    tree = _tree(trait, sql)
    _refuse_changes(trait, tree)
    refuse_functions(trait, sql)
    tables = _tables(trait, tree, space, schema)
    return Query(sql, {table: _columns(tree, schema[table]) for table in sorted(tables)})


def _one_statement(trait: SqlTrait) -> str:
    with duckdb.connect() as con:
        con.execute("set errors_as_json = true")
        try:
            found = con.extract_statements(trait.text)
        except duckdb.ParserException as error:
            raise syntax_error(trait, error) from None
    if not found:
        raise _whole(trait, "empty_file", "the file holds no query")
    tokens = sqlglot.tokenize(trait.text, read="duckdb")
    breaks = [token.start for token in tokens if token.token_type is TokenType.SEMICOLON]
    if len(found) > 1:
        begin = next(token.start for token in tokens if token.token_type is not TokenType.SEMICOLON)
        end = next(place for place in breaks if place > begin)
        second = (t.start for t in tokens if t.start > end and t.token_type is not TokenType.SEMICOLON)
        raise at(
            trait.text,
            next(second, end),
            f"{len(found)} statements in one file",
            file=trait.file,
            code="several_statements",
            expected=_READ_ONLY,
            hint="one file a trait set; put helpers into a `with` clause",
        )
    return _blanked(trait.text, breaks)


def _blanked(text: str, places: list[int]) -> str:
    """`text` without the semicolons that close it, every other character where it was."""
    characters = list(text)
    for place in places:
        characters[place] = " "
    return "".join(characters)


def _tree(trait: SqlTrait, sql: str) -> exp.Expr:
    try:
        tree = sqlglot.parse_one(sql, dialect="duckdb")
    except sqlglot.ParseError as error:
        first = error.errors[0] if error.errors else {}
        offset = _line_start(sql, first.get("line") or 1) + (first.get("col") or 1)
        offset -= len(first.get("highlight") or " ")
        raise at(
            trait.text,
            max(0, offset),
            "the query uses SQL that cannot be inspected",
            file=trait.file,
            code="syntax_error",
            expected=_READ_ONLY,
            hint="write it in plainer SQL",
        ) from None
    return tree


def _line_start(sql: str, line: int) -> int:
    return sum(len(text) for text in sql.splitlines(keepends=True)[: line - 1])


def _refuse_changes(trait: SqlTrait, tree: exp.Expr) -> None:
    if not isinstance(tree, exp.Query):
        raise _whole(trait, "not_read_only", "the statement is not a query")
    for node in tree.find_all(*_FORBIDDEN):
        # A query is itself counted among the DML and DDL families where it is part of one.
        if isinstance(node, exp.Query):
            continue
        raise at(
            trait.text,
            _start(node),
            "the query changes something or leaves the sandbox",
            file=trait.file,
            code="not_read_only",
            expected=_READ_ONLY,
            hint="take it out: a trait only reads",
        )
    for node in tree.find_all(exp.TableSample):
        raise at(
            trait.text,
            _start(node),
            "a sample is drawn by chance, so every run would send changes",
            file=trait.file,
            code="sample_not_allowed",
            expected="a query that returns the same rows for the same tables",
            hint="filter on a hash of the identifier",
        )


def _start(node: exp.Expr) -> int:
    """Where a node stands in the text: its own position, or the first one found inside it."""
    for inner in node.walk():
        if "start" in inner.meta:
            return int(inner.meta["start"])
    return 0


def _tables(trait: SqlTrait, tree: exp.Expr, space: str, schema: Schema) -> frozenset[str]:
    """The space's tables that the query names. One named like a CTE counts too: the CTE may be made from
    it.
    """
    by_lower = {table.lower(): table for table in schema}
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: set[str] = set()
    for table in tree.find_all(exp.Table):
        if not isinstance(table.this, exp.Identifier):
            continue  # a table function; DuckDB's tree has been asked
        name, where = table.name.lower(), table.db.lower()
        outside = bool(table.catalog) or where not in ("", space.lower())
        if not outside and name in by_lower:
            found.add(by_lower[name])
        elif outside or name not in ctes:
            raise _missing(trait, table, space, schema, outside=outside)
    return frozenset(found)


def _missing(trait: SqlTrait, table: exp.Table, space: str, schema: Schema, *, outside: bool) -> TraitError:
    if outside:
        what, hint = f"the table {table.sql('duckdb', comments=False)} is outside the space", None
    else:
        what = f"there is no table {table.name}"
        close = get_close_matches(table.name.lower(), list(schema), n=1)
        hint = (
            f"did you mean {close[0]}?"
            if close
            else "an event's table appears with its first event; until then the trait waits"
        )
    return at(
        trait.text,
        _start(table.this),
        what,
        file=trait.file,
        code="missing_table",
        expected=f"a table of schema {space}",
        hint=hint,
    )


def _columns(tree: exp.Expr, columns: Mapping[str, str]) -> tuple[str, ...]:
    """The columns of one table that the query can be reading: those whose name occurs anywhere in it.

    More than it reads, perhaps, never less; a `*` reads all of them, and no column at all still needs one
    to count.
    """
    if _reads_unnamed(tree):
        return tuple(columns)
    named = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
    return tuple(name for name in columns if name.lower() in named) or tuple(columns)[:1]


def _reads_unnamed(tree: exp.Expr) -> bool:
    """Whether columns are read without being named: by `*`, `columns(...)`, whole rows, natural joins."""
    if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
        return True
    if any(join.method.upper() == "NATURAL" for join in tree.find_all(exp.Join)):
        return True
    rows = {table.alias_or_name.lower() for table in tree.find_all(exp.Table)}
    if any(column.name.lower() in rows for column in tree.find_all(exp.Column)):
        return True
    return tree.find(exp.Columns, exp.PositionalColumn) is not None


def _whole(trait: SqlTrait, code: str, what: str) -> TraitError:
    hint = "write it as one: with ... select ..."
    return TraitError(what, line=1, column=1, code=code, where=trait.file, expected=_READ_ONLY, hint=hint)
