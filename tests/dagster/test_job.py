"""The job, run in this process on a tiny space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from pipelines.assets.space import SpaceResource, readable
from pipelines.definitions import defs
from pipelines.errors import StoreLocked
from pipelines.steps.checks import names
from tests import tiny_space

VALUES = ("jane", "bob", "Ghent", "Łódź", "laptop", "kiosk")


def execute(resource: SpaceResource, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    job = defs.resolve_job_def("unify_run")
    return job.execute_in_process(instance=instance, resources={"space": resource}, raise_on_error=False)


@dataclass(frozen=True)
class Done:
    """A job that ran, the space it ran on, and what its log says."""

    space: Path
    result: dg.ExecuteInProcessResult
    log: str


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    space = tiny_space.make(tmp_path_factory.mktemp("job") / "space")
    with dg.DagsterInstance.ephemeral() as instance:
        result = execute(SpaceResource(file=str(space), now=tiny_space.NOW, wait="0s"), instance)
        log = "\n".join(entry.user_message for entry in instance.all_logs(result.run_id))
    assert result.success, log
    return Done(space, result, log)


def made(result: dg.ExecuteInProcessResult) -> dict[str, Mapping[str, dg.MetadataValue[Any]]]:
    """The metadata of every asset that was materialized."""
    return {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }


def test_the_job_materializes_every_asset_and_passes_every_check(done: Done) -> None:
    assert set(made(done.result)) == {
        *("messages", "rejects", "graph"),
        *("updates", "events", "profiles"),
        *("traits", "warehouses"),
    }
    checks = done.result.get_asset_check_evaluations()
    assert {*names()} < {check.check_name for check in checks}
    assert all(check.passed for check in checks)


def test_it_writes_what_the_command_writes(done: Done) -> None:
    with duckdb.connect(str(done.space.parent / "out" / "store.duckdb"), read_only=True) as con:
        traits = con.execute("select name, value from tiny.user_traits where name = 'orders'").fetchall()
    assert traits == [("orders", "1")]


def test_metadata_holds_rows_columns_and_a_plot(done: Done) -> None:
    told = made(done.result)
    assert told["messages"]["dagster/row_count"].value == 8
    schema = told["profiles"]["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    described = {column.name: column.description for column in schema.columns}
    assert "canonical today" in str(described["merged_to"])
    assert "data:image/svg+xml;base64," in str(told["graph"]["profiles by number of identifiers"].value)


def test_neither_metadata_nor_log_holds_a_customers_value(done: Done) -> None:
    metadata = str(
        {key: [str(value.value) for value in of.values()] for key, of in made(done.result).items()}
    )
    assert [value for value in VALUES if value in metadata + done.log] == []


def test_a_failing_check_stops_what_comes_after(
    resource: SpaceResource, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.assets.checks.violations", lambda _con, _name: 1)
    result = execute(resource, instance)
    assert not result.success
    assert set(made(result)) == {"messages", "rejects"}


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


def test_a_trait_that_fails_is_told_and_stops_nothing(
    space: Path, resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    tiny_space.add_failing_trait(space)
    result = execute(resource, instance)
    assert result.success
    assert "warehouses" in made(result)
    assert [check.check_name for check in result.get_asset_check_evaluations() if not check.passed] == [
        "traits_worked"
    ]


@pytest.mark.parametrize(("block", "published"), [(5, True), (4, False)])
def test_the_radar_warns_or_blocks(
    space: Path, resource: SpaceResource, instance: dg.DagsterInstance, block: int, published: bool
) -> None:
    numbers = f"checks: {{radar: {{warn: {{profile_size: 3}}, block: {{profile_size: {block}}}}}}}\n"
    space.write_text(space.read_text(encoding="utf-8") + numbers, encoding="utf-8")
    result = execute(resource, instance)
    assert result.success == published
    assert ("warehouses" in made(result)) == published
    (check,) = [check for check in result.get_asset_check_evaluations() if not check.passed]
    assert check.check_name == "radar"
    assert check.severity == (dg.AssetCheckSeverity.WARN if published else dg.AssetCheckSeverity.ERROR)
    assert "profile_size" in str(check.metadata["found"].value)


def test_a_locked_store_is_tried_again() -> None:
    with pytest.raises(dg.RetryRequested), readable():
        raise StoreLocked("another process is writing to this store")
