"""What Dagster is told: the graph reads like the journey, and what starts and guards the job is there."""

from __future__ import annotations

import dagster as dg

from pipelines.definitions import defs
from pipelines.steps.checks import names

GRAPH = defs.resolve_asset_graph()


def parents(name: str) -> set[str]:
    return {key.to_user_string() for key in GRAPH.get(dg.AssetKey(name)).parent_keys}


def test_the_graph_reads_like_the_journey() -> None:
    assert {key.to_user_string(): parents(key.to_user_string()) for key in GRAPH.get_all_asset_keys()} == {
        "files": set(),
        "messages": {"files"},
        "rejects": {"files"},
        "graph": {"messages"},
        "updates": {"graph"},
        "events": {"graph"},
        "profiles": {"graph"},
        "traits": {"updates", "events", "profiles"},
        "warehouses": {"updates", "events", "profiles", "traits"},
    }


def test_every_asset_is_described_grouped_and_owned() -> None:
    for key in GRAPH.get_all_asset_keys():
        node = GRAPH.get(key)
        assert node.description, key
        assert node.group_name != "default", key
        assert node.owners, key


def test_the_job_does_everything_in_one_process() -> None:
    job = defs.resolve_job_def("unify_run")
    assert job.executor_def is dg.in_process_executor
    assert {"load", "graph", "materialize", "traits", "warehouses"} <= {node.name for node in job.nodes}


def test_the_schedule_is_hourly() -> None:
    schedule = defs.resolve_schedule_def("hourly")
    assert schedule.cron_schedule == "0 * * * *"
    assert schedule.job_name == "unify_run"


def test_every_check_of_the_data_blocks() -> None:
    checks = {key.name: GRAPH.get_check_spec(key) for key in GRAPH.asset_check_keys}
    assert set(names()) <= set(checks)
    assert [name for name, check in checks.items() if not check.blocking] == ["traits_worked"]
    assert all(check.description for check in checks.values())
