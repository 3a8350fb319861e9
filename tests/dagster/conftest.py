"""Dagster on a tiny space, in this process, with an instance that forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.space import SpaceResource
from tests import tiny_space


@pytest.fixture
def space(tmp_path: Path) -> Path:
    return tiny_space.make(tmp_path / "space")


@pytest.fixture
def resource(space: Path) -> SpaceResource:
    return SpaceResource(file=str(space), now=tiny_space.NOW, wait="0s")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
