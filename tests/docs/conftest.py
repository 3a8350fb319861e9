"""The sample, run once into a store of its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.docs.markdown import ROOT

NOW = "2026-11-01T00:00:00Z"


@pytest.fixture(scope="session")
def sample_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store after `unify run` on a copy of the sample."""
    root = tmp_path_factory.mktemp("sample")
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
    assert done.returncode == 0, done.stderr
    return root / ".unify" / "warehouse.duckdb"


@pytest.fixture(scope="session")
def sample(sample_store: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to it, as a reader of the documentation has it."""
    con = duckdb.connect(str(sample_store), read_only=True)
    con.execute("use warehouse.sample")
    yield con
    con.close()
