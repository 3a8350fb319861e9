"""Query results the way the pages write them, and the command that writes them there.

`python -m tests.docs.results` runs the sample anew and puts every shown result into its page again. Read the
difference before committing it: a result that changed is a behaviour that changed.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from tests.docs.markdown import PAGES, ROOT

NOW = "2026-11-01T00:00:00Z"
_STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_SHOWN = re.compile(r"^```sql\n(.*?)^```\n```text\n.*?^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class SampleRun:
    """A run of the sample: the store it left, and the lines it printed to a terminal 120 columns wide."""

    store: Path
    printed: tuple[str, ...]


def run_sample(root: Path) -> SampleRun:
    """Run a copy of the sample below `root`. Raises `RuntimeError` if the run fails."""
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
    screen, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm"}
    with (root / "errors").open("wb") as errors:
        run = subprocess.Popen(command, cwd=ROOT, stdout=terminal, stderr=errors, env=environment)
    os.close(terminal)
    printed = _everything(screen)
    if run.wait() != 0:
        raise RuntimeError((root / "errors").read_text(encoding="utf-8"))
    return SampleRun(root / ".unify" / "warehouse.duckdb", tuple(map(str.rstrip, printed.splitlines())))


def _everything(screen: int) -> str:
    """What is written to a terminal until its writer is gone."""
    written = b""
    with os.fdopen(screen, "rb", buffering=0) as stream:
        while True:
            try:
                block = stream.read(65536)
            except OSError:  # Linux says so when the other end closes
                break
            if not block:
                break
            written += block
    return _STYLE.sub("", written.decode())


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
    with tempfile.TemporaryDirectory() as root, reader(run_sample(Path(root)).store) as con:
        for page in PAGES:
            page.write_text(refreshed(con, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
