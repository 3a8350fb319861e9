"""The sensor: a run for new content, none for what was seen, moved or only touched."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from pipelines.assets.automation import new_files
from pipelines.assets.space import SpaceResource
from pipelines.definitions import defs
from pipelines.steps import waiting
from tests import tiny_space


def tick(resource: SpaceResource, instance: dg.DagsterInstance, cursor: str | None = None) -> dg.SensorResult:
    context = dg.build_sensor_context(instance=instance, cursor=cursor, definitions=defs)
    result = new_files(context, space=resource)
    assert isinstance(result, dg.SensorResult)
    return result


def keys(result: dg.SensorResult) -> list[str | None]:
    return [request.run_key for request in result.run_requests or ()]


def test_files_that_wait_start_one_run(resource: SpaceResource, instance: dg.DagsterInstance) -> None:
    assert len(keys(tick(resource, instance))) == 1


def test_the_key_is_the_content_not_the_name_or_the_time(
    space: Path, resource: SpaceResource, instance: dg.DagsterInstance
) -> None:
    before = keys(tick(resource, instance))
    events = space.parent / "events" / "web.jsonl"
    moved = events.rename(events.with_name("other.jsonl"))
    os.utime(moved, (1, 1))
    assert keys(tick(resource, instance)) == before
    tiny_space.write_events(moved, tiny_space.EVENTS[:3])
    assert keys(tick(resource, instance)) != before


def test_nothing_is_read_again_while_nothing_changes(
    resource: SpaceResource, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = tick(resource, instance)
    monkeypatch.setattr(waiting, "digests", None)
    second = tick(resource, instance, cursor=first.cursor)
    assert keys(second) == []
    assert second.cursor == first.cursor
    assert len(first.cursor or "") < 100


def test_after_the_run_nothing_waits(resource: SpaceResource, instance: dg.DagsterInstance) -> None:
    cursor = tick(resource, instance).cursor
    job = defs.resolve_job_def("unify_run")
    assert job.execute_in_process(instance=instance, resources={"space": resource}).success
    assert keys(tick(resource, instance, cursor=cursor)) == []
    assert keys(tick(resource, instance)) == []
