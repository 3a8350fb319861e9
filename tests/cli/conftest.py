"""The command, called in this process, on a tiny space."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from tests import tiny_space


@dataclass(frozen=True)
class Said:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def unify(*words: object) -> Said:
    """Call the command with these words; errors that are not foreseen come through."""
    result = CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)
    return Said(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return tiny_space.make(tmp_path / "space")


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A space on which the job ran; for tests that only ask."""
    file = tiny_space.make(tmp_path_factory.mktemp("ran") / "space")
    said = unify("run", file, "--now", tiny_space.NOW)
    assert said.code == 0, said.err
    return file
