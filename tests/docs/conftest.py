"""The sample, run once into a store of its own."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.docs.results import reader, run_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample's tables, as a reader of the pages sees them."""
    with reader(run_sample(tmp_path_factory.mktemp("sample"))) as con:
        yield con
