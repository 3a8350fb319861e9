"""The benchmark still runs, its workload is the crowd it claims to be, and its sums are right."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.bench import peerwork
from tests.bench.job import Result
from tests.bench.measure import Cost, StepFailedError, measure
from tests.bench.peers import table as ranked
from tests.bench.report import bars, table
from tests.bench.workload import write

ROOT = Path(__file__).resolve().parents[2]
EVENTS = 40_000


def smoke(cache: Path, form: str) -> str:
    command = [sys.executable, "-m", "tests.bench", "--smoke", "--format", form, "--cache", str(cache)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_small_benchmark_runs_to_its_end(tmp_path: Path) -> None:
    printed = smoke(tmp_path, "parquet")
    assert "20,000 events from parquet" in printed
    for line in ("load", "resolve", "materialize", "compute", "resolve (traits)", "**whole job**", "floor 2"):
        assert f"| {line}" in printed


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    folder = tmp_path_factory.mktemp("workload")
    write(folder / "parquet", EVENTS, 2, "parquet")
    write(folder / "jsonl", EVENTS, 3, "jsonl")
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    con.execute(f"create view nested as from '{folder}/parquet/*.parquet'")
    con.execute(f"create view lines as from read_ndjson('{folder}/jsonl/*.jsonl')")
    return con


def test_json_and_parquet_hold_the_same_events(workload: duckdb.DuckDBPyConnection) -> None:
    columns = '"messageId"::varchar, "anonymousId", "userId", event, traits.email, properties.price'
    both = f"select {columns} from lines intersect select {columns} from nested"
    assert workload.execute(f"select count(*) from ({both})").fetchone() == (EVENTS,)


def test_the_workload_has_the_mix_it_claims(workload: duckdb.DuckDBPyConnection) -> None:
    identifiers = "unnest(['u' || \"userId\", 'a' || \"anonymousId\", 'e' || traits.email])"
    found = workload.execute(
        f"""
        select (select count(distinct value) from (select {identifiers} as value from nested)) / count(*),
            avg((type = 'track')::integer), avg((type = 'page')::integer), avg((type = 'identify')::integer),
            max(("userId" is not null)::integer + ("anonymousId" is not null)::integer
                + (traits.email is not null)::integer),
            min(("userId" is not null)::integer + ("anonymousId" is not null)::integer),
            count(distinct "messageId") / count(*),
            count(distinct event)
        from nested
        """
    ).fetchone()
    assert found is not None
    distinct, track, page, identify, most, least, ids, names = found
    assert distinct == pytest.approx(0.4, abs=0.02)
    assert (track, page, identify) == pytest.approx((0.70, 0.15, 0.12), abs=0.02)
    assert (least, most, ids, names) == (1, 3, 1.0, 12)


def test_bars_compare_the_first_resolve_the_whole_job_and_the_highest_peak() -> None:
    step, floor = Cost(10.0, 18.0, 3_000_000_000), Cost(4.0, 8.0, 1_000_000_000)
    floors = {"table": floor, "memory": floor, "identifiers": floor}
    whole = Cost(24.0, 44.0, 2_000_000_000)
    result = Result(1000, "jsonl", whole, (("load", step), ("resolve", step), ("resolve", floor)), floors, 5)
    assert result.identity == step
    assert [(bar.value, bar.held) for bar in bars(result)] == [(2.5, False), (6.0, False), (3.0, True)]
    assert "| whole job / floor 1 | 6.00x | 5x | MISSED |" in table(result)


def test_peers_are_ranked_by_their_medians_and_absent_ones_named() -> None:
    quick, slow = Cost(1.0, 2.0, 3_000_000), Cost(9.0, 9.0, 9_000_000)
    printed = ranked(1000, 3, {"slow": [slow] * 3, "quick": [quick, slow, quick]}, {"gone": "not installed"})
    lines = printed.splitlines()
    assert lines[4:] == [
        "| quick | 1.0 | 2.0 | 3 |",
        "| slow | 9.0 | 9.0 | 9 |",
        "| gone | not installed | | |",
    ]


@pytest.mark.parametrize("peer", ["duckdb using key", "polars star contraction"])
def test_a_peer_finds_the_components(peer: str, tmp_path: Path) -> None:
    """The two that need nothing installed, on a chain of events that joins all but one identifier."""
    con = duckdb.connect()
    con.execute(
        f"""copy (from (values ('u1', 'a1', {{'email': 'e1'}}), (null, 'a1', {{'email': 'e2'}}),
        ('u2', null, {{'email': 'e2'}}), (null, 'a9', {{'email': null}})) t("userId", "anonymousId", traits))
        to '{tmp_path}/events.parquet' (format parquet)"""
    )
    peerwork.main(peer, f"{tmp_path}/*.parquet", f"{tmp_path}/out.parquet")
    (name,) = {"label", "component"} & {
        row[0] for row in con.execute(f"describe from '{tmp_path}/out.parquet'").fetchall()
    }
    sizes = con.execute(
        f"select count(*) from '{tmp_path}/out.parquet' group by {name} order by all"
    ).fetchall()
    assert sizes == [(1,), (5,)]


def test_a_failing_step_stops_the_benchmark_with_its_output(tmp_path: Path) -> None:
    with pytest.raises(StepFailedError, match="out of luck"):
        measure([sys.executable, "-c", "raise SystemExit('out of luck')"], tmp_path / "log")
