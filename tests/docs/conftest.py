"""The sample, run once into a store of its own."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.docs.results import SampleRun, reader, run_sample


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """What running the sample left and printed."""
    return run_sample(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def sample(sample_run: SampleRun) -> Iterator[duckdb.DuckDBPyConnection]:
    """The sample's tables, as a reader of the pages sees them."""
    with reader(sample_run.store) as con:
        yield con
