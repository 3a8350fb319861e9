"""The assets: files become messages, messages a graph, then tables and traits, which go to warehouses."""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets import metadata
from pipelines.assets.space import SpaceResource
from pipelines.steps.compute import compute
from pipelines.steps.load import load
from pipelines.steps.materialize import materialize
from pipelines.steps.publish import publish
from pipelines.steps.radar import radar
from pipelines.steps.report import require_clear
from pipelines.steps.resolve import resolve
from pipelines.steps.run import advance_batches
from pipelines.steps.tables import tables

WRITER = "store_writer"
"""A store has one writer at a time, so Dagster starts one step at a time that writes."""

OWNERS = ["team:data-engineering"]

files = dg.AssetSpec(
    "files",
    description="Uploads of customer profiles (CSV) and historical events (JSON), named by the space file.",
    group_name="inputs",
    kinds={"csv", "json"},
    owners=OWNERS,
)


@dg.multi_asset(
    name="load",
    specs=[
        dg.AssetSpec(
            "messages",
            deps=["files"],
            description="Every row that was taken, once, as a message: Parquet beside the store.",
            kinds={"parquet", "duckdb"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            "rejects",
            deps=["files"],
            description="Every row that was not taken, with file, line, reason and text: `ops.rejects`.",
            kinds={"duckdb"},
            owners=OWNERS,
        ),
    ],
    group_name="load",
    pool=WRITER,
)
def load_files(
    context: dg.AssetExecutionContext, space: SpaceResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Take what is new in the input files as one batch of messages."""
    with space.at_work(context) as work:
        done = load(work.space, work.store, work.now, work.progress)
        yield dg.MaterializeResult("messages", metadata=metadata.of_messages(work.store.con, done))
        yield dg.MaterializeResult("rejects", metadata=metadata.of_rejects(work.store.con))


@dg.asset(
    deps=["messages"],
    group_name="resolve",
    description="Who is who: profiles, their identifiers, what was merged into what, what was not used.",
    kinds={"python", "duckdb"},
    owners=OWNERS,
    pool=WRITER,
)
def graph(context: dg.AssetExecutionContext, space: SpaceResource) -> dg.MaterializeResult[None]:
    """Give each message of the waiting batches its profile."""
    with space.at_work(context) as work:
        done = resolve(work.space, work.store, work.progress)
        return dg.MaterializeResult(metadata=metadata.of_graph(work.store.con, done))


@dg.multi_asset(
    name="materialize",
    specs=[
        dg.AssetSpec(
            "updates",
            deps=["graph"],
            description="History, only ever added to: how graph, identifiers and traits came to be.",
            kinds={"duckdb", "table"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            "events",
            deps=["graph"],
            description="A table for each kind of call and each tracked event, every row with its profile.",
            kinds={"duckdb", "table"},
            owners=OWNERS,
        ),
        dg.AssetSpec(
            "profiles",
            deps=["graph"],
            description="How things stand: a row a profile, identifier, trait; merged ones point on.",
            kinds={"duckdb", "table"},
            owners=OWNERS,
        ),
    ],
    group_name="profiles_sync",
    pool=WRITER,
)
def materialize_tables(
    context: dg.AssetExecutionContext, space: SpaceResource
) -> Iterator[dg.MaterializeResult[None]]:
    """Write the waiting batches to the Profiles Sync tables, one transaction a batch."""
    with space.at_work(context) as work:
        done = materialize(work.space, work.store, work.progress)
        radar(work.space, work.store)
        found = tables(work.store.con)
        for kind in ("updates", "events", "profiles"):
            yield dg.MaterializeResult(kind, metadata=metadata.of_tables(found, kind, done))


@dg.asset(
    deps=["updates", "events", "profiles"],
    group_name="compute",
    description="Computed and SQL traits; what changed goes, as messages, through graph and tables.",
    kinds={"sql", "duckdb"},
    owners=OWNERS,
    pool=WRITER,
)
def traits(context: dg.AssetExecutionContext, space: SpaceResource) -> dg.MaterializeResult[None]:
    """Work out the traits that are due and write what changed to the same tables."""
    with space.at_work(context) as work:
        done = compute(work.space, work.store, work.now, work.progress)
        advance_batches(work.space, work.store, progress=work.progress)
        radar(work.space, work.store)
        return dg.MaterializeResult(metadata=metadata.of_traits(done))


@dg.asset(
    deps=["updates", "events", "profiles", "traits"],
    group_name="publish",
    description="The targets of the space: replicas of its tables in other warehouses.",
    owners=OWNERS,
    pool=WRITER,
)
def warehouses(context: dg.AssetExecutionContext, space: SpaceResource) -> dg.MaterializeResult[None]:
    """Bring every target up to date."""
    with space.at_work(context) as work:
        done = publish(work.space, work.store, work.progress)
        require_clear(done, work.space)
        return dg.MaterializeResult(metadata=metadata.counts(done))
