"""The SQL files of the suite: reading them, splitting them, and statements as plain data.

`sql/` lies at the top of the repository and inside the wheel as `pipelines/_sql`; both are read alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import sqlglot
from sqlglot import TokenType

_NO_PARAMS: Mapping[str, Any] = MappingProxyType({})

_PACKAGE = Path(__file__).resolve().parent


class Statement(NamedTuple):
    """One SQL statement for the store to execute: text, `$name` parameters, and a label for logs."""

    sql: str
    # Any: whatever DuckDB takes as a parameter.
    params: Mapping[str, Any] = _NO_PARAMS
    label: str = ""


def root() -> Path:
    """The folder `sql/`: inside the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "_sql"
    return installed if installed.is_dir() else _PACKAGE.parent / "sql"


def read(path: str) -> str:
    """The text of the file at `path` below `sql/`, for example `models/user_traits.sql`."""
    return (root() / path).read_text(encoding="utf-8")


def statements(path: str) -> tuple[str, ...]:
    """The statements of the file at `path` below `sql/`, in order, as `split` gives them."""
    return split(read(path))


def split(sql: str) -> tuple[str, ...]:
    r"""The statements of a DuckDB script, as written, without their semicolons.

    A semicolon in a string, a quoted name or a comment does not split.

    >>> split("select ';' as a; -- two; three\nselect 2;")
    ("select ';' as a", '-- two; three\nselect 2')
    """
    found: list[str] = []
    start = 0
    empty = True
    for token in sqlglot.tokenize(sql, read="duckdb"):
        if token.token_type is TokenType.SEMICOLON:
            if not empty:
                found.append(sql[start : token.start].strip())
            start, empty = token.end + 1, True
        else:
            empty = False
    if not empty:
        found.append(sql[start:].strip())
    return tuple(found)


def files(folder: str) -> tuple[str, ...]:
    """The paths, below `sql/`, of the SQL files that lie in `folder`, in bytewise order."""
    return tuple(sorted(f"{folder}/{file.name}" for file in (root() / folder).glob("*.sql")))


def tables(schema: str = "") -> tuple[str, ...]:
    """The DDL files of a schema: `tables()` for the space's, `tables("ops")` and `tables("state")`."""
    return files(f"tables/{schema}" if schema else "tables")
