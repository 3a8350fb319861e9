"""Query results the way the pages write them, and the command that writes them there.

`python -m tests.docs.results` runs the sample anew and puts every shown result into its page again. Read the
difference before committing it: a result that changed is a behaviour that changed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from tests.docs.markdown import PAGES, ROOT

NOW = "2026-11-01T00:00:00Z"
_SHOWN = re.compile(r"^```sql\n(.*?)^```\n```text\n.*?^```$", re.MULTILINE | re.DOTALL)


def run_sample(root: Path) -> Path:
    """Run a copy of the sample below `root` and return its store. Raises `RuntimeError` if the run fails."""
    shutil.copytree(ROOT / "data" / "sample", root / "data" / "sample")
    shutil.copytree(ROOT / "sql" / "traits", root / "sql" / "traits")
    space = root / "data" / "sample" / "space.yaml"
    command = [
        sys.executable,
        "-c",
        "from pipelines.cli import main; main()",
        "run",
        str(space),
        "--now",
        NOW,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return root / ".unify" / "warehouse.duckdb"


def reader(store: Path) -> duckdb.DuckDBPyConnection:
    """A connection as a reader of the pages has it: read-only, in the sample's schema."""
    con = duckdb.connect(str(store), read_only=True)
    con.execute("use warehouse.sample")
    return con


def as_shown(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A line of column names, then a line a row, ` | ` between cells."""
    rows = con.execute(sql).fetchall()
    names = [column[0] for column in con.description or ()]
    return "".join(" | ".join(map(_cell, row)).rstrip() + "\n" for row in [names, *rows])


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return "" if value is None else str(value).replace("\n", "\\n")


def refreshed(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """The page with the result of every query that shows one."""
    return _SHOWN.sub(lambda found: f"```sql\n{found[1]}```\n```text\n{as_shown(con, found[1])}```", text)


def main() -> None:
    """Refresh all pages."""
    with tempfile.TemporaryDirectory() as root, reader(run_sample(Path(root))) as con:
        for page in PAGES:
            page.write_text(refreshed(con, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
