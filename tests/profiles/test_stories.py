"""Whole runs on a few messages, and what the tables then hold; all checks must hold as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipelines.steps.checks import names, violations
from tests.profiles.stories import cases, found, opened, play

FILES = ("worked_example", "columns", "traits", "tables", "accounts")
STORIES = [case for name in FILES for case in cases(name)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story["title"])
def test_story(story: dict[str, Any], tmp_path: Path) -> None:
    store = play(tmp_path, story["batches"])
    with opened(store) as con:
        for expected in story["expect"]:
            assert found(con, expected["query"]) == expected["rows"], expected["query"]
        assert [name for name in names() if violations(con, name)] == []
