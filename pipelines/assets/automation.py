"""What starts the job: a clock, every hour, and new files, known by their content."""

import dagster as dg

from pipelines.assets.space import SpaceResource
from pipelines.errors import StoreLocked
from pipelines.steps.waiting import run_key, waiting

job = dg.define_asset_job(
    "unify_run",
    selection=dg.AssetSelection.all(),
    description="Everything that waits, in the order of the journey: what `unify run` does.",
)

hourly = dg.ScheduleDefinition(
    "hourly",
    job=job,
    cron_schedule="0 * * * *",
    execution_timezone="UTC",
    description="Every hour, as Profiles Sync does: traits' windows move even when no file came.",
)


@dg.sensor(job=job, minimum_interval_seconds=60)
def new_files(context: dg.SensorEvaluationContext, space: SpaceResource) -> dg.SensorResult:
    """Start the job when files wait whose content was not loaded yet.

    The run's key is a hash of the contents that wait: the same content under another name, or only touched,
    starts nothing, and a file that changed does. The cursor is a hash of the names, sizes and times of the
    files that waited at the last look, so that what already started a run is not read again.
    """
    try:
        files = waiting(space.read())
    except StoreLocked:
        return dg.SensorResult(skip_reason="a run is writing to the store", cursor=context.cursor)
    if files.looks == context.cursor:
        return dg.SensorResult(skip_reason="no file changed", cursor=context.cursor)
    contents = files.contents()
    if not contents:
        return dg.SensorResult(skip_reason="no file with new content", cursor=files.looks)
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=run_key(contents))], cursor=files.looks)
