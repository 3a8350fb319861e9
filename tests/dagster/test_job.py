"""The job, run in this process on a tiny space."""

from __future__ import annotations

import json
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from pipelines.assets.space import SpaceResource
from pipelines.definitions import defs

VALUES = ("jane", "bob", "Ghent", "Łódź", "laptop", "kiosk")


def execute(resource: SpaceResource, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = defs.resolve_job_def("unify_run")
    return job.execute_in_process(instance=instance, resources={"space": resource}, raise_on_error=False)


def test_the_job_materializes_every_asset_and_passes_every_check(
    resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    result = execute(resource, instance)
    assert result.success
    made = {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert made == {"messages", "rejects", "graph", "updates", "events", "profiles", "traits", "warehouses"}
    checks = result.get_asset_check_evaluations()
    assert checks
    assert all(check.passed for check in checks)


def test_it_writes_what_the_command_writes(
    space: Path, resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    assert execute(resource, instance).success
    with duckdb.connect(str(space.parent / "out" / "store.duckdb"), read_only=True) as con:
        traits = con.execute("select name, value from tiny.user_traits where name = 'orders'").fetchall()
    assert traits == [("orders", "1")]


def test_metadata_holds_counts_and_no_customer_value(
    resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    result = execute(resource, instance)
    told = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert told["messages"]["dagster/row_count"].value == 8
    assert told["profiles"]["dagster/column_schema"].value.columns
    assert "data:image/svg+xml;base64," in str(told["graph"]["profiles by size"].value)
    everything = json.dumps(
        {key: {name: str(value.value) for name, value in of.items()} for key, of in told.items()}
    )
    everything += "".join(entry.user_message for entry in instance.all_logs(result.run_id))
    assert [value for value in VALUES if value in everything] == []


def test_a_failing_check_stops_what_comes_after(
    resource: SpaceResource, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.assets.checks.violations", lambda _con, _name: 1)
    result = execute(resource, instance)
    assert not result.success
    made = {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert made == {"messages", "rejects"}


def test_a_users_mistake_fails_with_its_message_and_is_not_tried_again(
    space: Path, resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    space.write_text(space.read_text(encoding="utf-8").replace("store:", "stor:"), encoding="utf-8")
    result = execute(resource, instance)
    assert not result.success
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    failed = failure.step_failure_data.user_failure_data
    assert failed is not None
    assert "space.yaml" in str(failed.description)
    assert "store" in str(failed.description)
    assert not [event for event in result.all_events if event.is_step_up_for_retry]
