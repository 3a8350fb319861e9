"""What must hold in a store: each query of `sql/checks` looks for what breaks a rule, and must find none."""

from __future__ import annotations

from pathlib import PurePosixPath

import duckdb

from pipelines import sqlfiles


def names() -> tuple[str, ...]:
    """The checks there are, in bytewise order."""
    return tuple(PurePosixPath(file).stem for file in sqlfiles.files("checks"))


def description(name: str) -> str:
    """What a check holds, in the words of the first lines of its file."""
    lines = sqlfiles.read(f"checks/{name}.sql").splitlines()
    said = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
    return " ".join(said)


def violations(con: duckdb.DuckDBPyConnection, name: str) -> int:
    """How many rows break the rule of a check: the count only, for a row may hold customers' values."""
    query = sqlfiles.statements(f"checks/{name}.sql")[0]
    row = con.execute(f"select count(*) from ({query}\n)").fetchone()
    return int(row[0]) if row else 0
