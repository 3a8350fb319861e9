"""What DuckDB says of a query, turned into a `TraitError` that points at the place.

DuckDB's own words are passed on only while no data is near (parsing, binding). What it says while a query
runs may quote a customer's value, so of that only the kind of error and the place are told.
"""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import Any

import duckdb

from pipelines.errors import TraitError
from pipelines.traits.definitions import SqlTrait
from pipelines.traits.pointing import at, offset_of_byte


def syntax_error(trait: SqlTrait, error: duckdb.Error) -> TraitError:
    """The text is not SQL."""
    said = _fields(error)
    what = f"the query is not valid SQL: {_first_line(said)}"
    return _pointing(
        trait, said, what, code="syntax_error", prefix="", expected="one read-only SELECT in DuckDB's dialect"
    )


def binding_error(trait: SqlTrait, error: duckdb.Error, prefix: str, columns: list[str]) -> TraitError:
    """The text is SQL, but names or types in it do not fit the space's tables, whose column names are
    `columns`.

    `prefix` is what stood before the user's text in the statement that was bound.
    """
    said = _fields(error)
    if said.get("error_subtype") == "COLUMN_NOT_FOUND":
        name = str(said.get("name", ""))
        close = get_close_matches(name.lower(), columns, n=1)
        return _pointing(
            trait,
            said,
            f"there is no column {name} in the tables that the query reads",
            code="missing_column",
            prefix=prefix,
            expected="a column of those tables",
            hint=f"did you mean {close[0]}?"
            if close
            else "a property's column appears with its first value; until then the trait waits",
        )
    return _pointing(
        trait,
        said,
        _first_line(said),
        code="invalid_query",
        prefix=prefix,
        expected="a query that DuckDB can bind to the space's tables",
    )


def running_error(trait: SqlTrait, error: duckdb.Error, prefix: str, seconds: float) -> TraitError:
    """The query failed while it ran: over time, out of memory, not permitted, or a value it could not
    handle.
    """
    if isinstance(error, duckdb.InterruptException):
        return TraitError(
            f"the query did not finish within {seconds:g} seconds",
            code="timeout",
            where=trait.file,
            expected="a query that ends in time",
            hint="read fewer events, or group before joining",
        )
    said = _fields(error)
    kinds: tuple[tuple[type[duckdb.Error], str, str, str | None], ...] = (
        (
            duckdb.OutOfMemoryException,
            "out_of_memory",
            "the query needs more memory than a trait may use",
            "read fewer events, or group before joining",
        ),
        (
            duckdb.PermissionException,
            "permission_denied",
            "the query reaches outside its sandbox",
            "read tables of the space only",
        ),
        (
            duckdb.ConversionException,
            "conversion_error",
            "a value cannot be converted to the type asked for",
            "try_cast gives NULL instead",
        ),
        (
            duckdb.OutOfRangeException,
            "out_of_range",
            "a number is too large for its type",
            "cast to double first",
        ),
        (
            duckdb.Error,
            "query_failed",
            f"the query failed while running ({type(error).__name__.removesuffix('Exception')})",
            "run it in a DuckDB shell on a copy of the store to see more",
        ),
    )
    code, what, hint = next((code, what, hint) for kind, code, what, hint in kinds if isinstance(error, kind))
    return _pointing(trait, said, what, code=code, prefix=prefix, hint=hint)


def _pointing(
    trait: SqlTrait,
    said: dict[str, Any],
    what: str,
    *,
    code: str,
    prefix: str,
    expected: str | None = None,
    hint: str | None = None,
) -> TraitError:
    """An error with a caret where DuckDB named a position inside the user's text, else about the file."""
    byte = int(said.get("position", -1)) - len(prefix.encode())
    if not 0 <= byte <= len(trait.text.encode()):
        return TraitError(what, code=code, where=trait.file, expected=expected, hint=hint)
    offset = offset_of_byte(trait.text, byte)
    return at(trait.text, offset, what, file=trait.file, code=code, expected=expected, hint=hint)


def _first_line(said: dict[str, Any]) -> str:
    return str(said.get("exception_message", "")).split("\n")[0]


def _fields(error: duckdb.Error) -> dict[str, Any]:
    """The fields of an error under DuckDB's `errors_as_json`: `exception_message`, `position`,
    `error_subtype`.
    """
    text = str(error)
    start = text.find("{")
    try:
        fields = json.loads(text[start:]) if start >= 0 else {}
    except ValueError:
        fields = {}
    return fields if isinstance(fields, dict) else {}
