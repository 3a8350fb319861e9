"""The acceptance queries: every file of `sql/queries` runs as it stands and finds what it should."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from pipelines import sqlfiles
from tests.profiles.stories import CASES, found, opened, play

STORY = yaml.safe_load((CASES / "queries.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play(tmp_path_factory.mktemp("queries"), STORY["batches"])


@pytest.mark.parametrize("case", STORY["queries"], ids=lambda case: case["query"])
def test_query(case: dict[str, Any], store: Path) -> None:
    (query,) = sqlfiles.statements(f"queries/{case['query']}.sql")
    columns = ", ".join(case.get("columns", ["*"]))
    with opened(store) as con:
        rows = found(con, f"select {columns} from ({query}\n)", case.get("parameters"))
    assert sorted(rows, key=str) == sorted(case["rows"], key=str)


def test_every_query_is_tried() -> None:
    files = {PurePosixPath(file).stem for file in sqlfiles.files("queries")}
    assert {case["query"] for case in STORY["queries"]} == files
