"""Materialize: every resolved batch becomes rows of the Profiles Sync tables, in one transaction a batch.

Two passes over the batch's messages. The first surveys which paths and kinds of values there are, because
a column is typed by all values of the batch; the second writes the rows, one piece after the other, while
the next piece is made ready.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import NamedTuple

import polars as pl
import pyarrow as pa

from pipelines.config import Space
from pipelines.naming import RESERVED_COLUMNS, RESERVED_PREFIXES, quoted
from pipelines.profiles import current, history, raw, traits
from pipelines.profiles.events import Piece, Rows
from pipelines.profiles.layout import TRAITS, Layout, gather, lay_out
from pipelines.profiles.owners import Owners, owners
from pipelines.steps import accounts
from pipelines.steps.inserts import Inserts
from pipelines.steps.pieces import Slice, Surveyed, length, ready, slices, survey_slice
from pipelines.steps.progress import SILENT, Progress
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import set_files
from pipelines.store.store import Store
from pipelines.types import EXACT_IN_DOUBLE


@dataclass(frozen=True, slots=True)
class MaterializeReport:
    """What a materialize did, over all batches it took."""

    batches: int = 0
    messages: int = 0
    snapshots: int = 0
    touched: int = 0
    new_columns: int = 0
    shared_columns: int = 0
    """Columns that values of more than one path have come to."""

    def __add__(self, other: MaterializeReport) -> MaterializeReport:
        mine, theirs = asdict(self), asdict(other)
        return MaterializeReport(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return asdict(self)


class _Written(NamedTuple):
    """What a piece becomes."""

    rows: list[Rows]
    writes: pl.DataFrame
    messages: int


def materialize(
    space: Space,  # noqa: ARG001  # every step takes the space and its store
    store: Store,
    progress: Progress = SILENT,
) -> MaterializeReport:
    """Write the batches that wait for it to the tables, oldest first; each is one transaction."""
    report = MaterializeReport()
    for batch in waiting(store, "resolved"):
        report += _materialize_batch(store, batch, progress)
    return report


def _materialize_batch(store: Store, batch: Batch, progress: Progress) -> MaterializeReport:
    files = set_files(store, batch.message_set)
    owned = _owners(store, batch, files)
    surveyed = _survey(slices(files), owned)
    met = gather(one.found for one in surveyed) | accounts.read_traits(store, batch, files)
    layout = lay_out(met, _columns(store), lambda *column: _beyond_double(store, *column))
    progress.start(f"materialize batch {batch.batch}", len(owned.ordinal))
    with store.transaction():
        for statement in layout.statements:
            store.execute(statement)
        shared = _note_sources(store, batch, layout)
        store.execute(_CREATE_WRITES)
        inserts = Inserts(store)
        messages = 0
        for written in _ahead(surveyed, owned, layout, batch):
            messages += written.messages
            for table, frame in (*written.rows, Rows("trait__writes", written.writes)):
                inserts.add(table, frame)
            progress.advance(written.messages)
        inserts.flush()
        if files:
            _write_profiles(store, batch, files)
        accounts.write(store, batch, layout)
        report = MaterializeReport(
            batches=1,
            messages=messages,
            snapshots=_count(store, "profile_traits_updates where uuid_ts = $time", {"time": batch.time}),
            touched=_count(store, current.NAMED, {}) if files else 0,
            new_columns=layout.added,
            shared_columns=shared,
        )
        for temporary in _TEMPORARY:
            store.execute(temporary)
        advance(
            store,
            batch,
            "materialized",
            counts={"snapshots": report.snapshots, "touched": report.touched},
        )
    progress.done()
    return report


# Two underscores, here and in `piece__rows`: no event's table is called so, and ours would be found first.
_CREATE_WRITES = """
create or replace temp table trait__writes (
  profile bigint, owner bigint, name varchar, value varchar, ordinal integer, timestamp timestamp,
  received_at timestamp
)
"""
_TEMPORARY = tuple(
    f"drop table if exists {table}" for table in ("trait__writes", "triggers", *history.TABLES, current.NAMED)
)


def _owners(store: Store, batch: Batch, files: list[str]) -> Owners:
    rows = sum(map(length, slices(files)))
    parameters = {"batch": batch.batch}
    kept = store.frame("select row, ordinal, profile from state.owners where batch = $batch", parameters)
    profiles = store.frame(
        """
        select profile, canonical, segment_id from state.profiles
        semi join (select profile from state.owners where batch = $batch) owned using (profile)
        """,
        parameters,
    )
    return owners(rows, pl.DataFrame(kept), pl.DataFrame(profiles))


def _survey(wanted: list[Slice], owned: Owners) -> list[Surveyed]:
    """Survey the slices, two at a time; a batch of one slice keeps it in memory for the second pass."""
    with ThreadPoolExecutor(2, "survey") as pool:
        found = pool.map(lambda one: survey_slice(one, owned, keep=len(wanted) == 1), wanted)
        return [one for group in found for one in group]


def _ahead(surveyed: list[Surveyed], owned: Owners, layout: Layout, batch: Batch) -> Iterator[_Written]:
    """What the pieces become, in order, one piece made ahead of the one that is being inserted."""

    def make(one: Surveyed) -> _Written:
        messages, texts = ready(one, owned)
        piece = Piece(messages, texts, one.found, layout.columns)
        return _Written(list(piece.rows(batch.time)), piece.trait_writes(owned), len(messages))

    with ThreadPoolExecutor(1, "ahead") as pool:
        made = [pool.submit(make, one) for one in surveyed[:1]]
        for place in range(len(surveyed)):
            written = made.pop().result()
            made = [pool.submit(make, one) for one in surveyed[place + 1 : place + 2]]
            yield written


def _columns(store: Store) -> dict[str, dict[str, str]]:
    """The tables of the space: table -> column -> type, in the order of the columns."""
    rows = store.execute(
        """
        select table_name, column_name, lower(data_type) from duckdb_columns()
        where database_name = current_database() and schema_name = $schema
        order by table_name, column_index
        """,
        {"schema": store.space},
    ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for table, column, type_ in rows:
        found.setdefault(table, {})[column] = type_
    return found


def _trait_columns(store: Store) -> dict[str, str]:
    """The columns on demand of the wide tables of traits."""
    return {
        name: type_
        for name, type_ in _columns(store)[TRAITS].items()
        if name not in RESERVED_COLUMNS and not name.startswith(RESERVED_PREFIXES)
    }


def _beyond_double(store: Store, table: str, column: str) -> bool:
    """Whether a bigint column holds an integer that a double cannot."""
    return bool(
        store.scalar(
            f"select exists (from {quoted(table)} where {quoted(column)} not between -$exact and $exact)",
            {"exact": EXACT_IN_DOUBLE},
        )
    )


def _note_sources(store: Store, batch: Batch, layout: Layout) -> int:
    """Add the paths that are new to `ops.column_sources`; returns how many columns are shared since."""
    sources = pa.table(
        {
            "table_name": pa.array([one.table for one in layout.sources], pa.string()),
            "column_name": pa.array([one.column for one in layout.sources], pa.string()),
            "path": pa.array([one.path for one in layout.sources], pa.string()),
        }
    )
    with store.frames(sources=sources):
        store.execute(_NEW_SOURCES, {"batch": batch.batch})
    return int(store.scalar(_SHARED, {"batch": batch.batch}))


_NEW_SOURCES = """
insert into ops.column_sources
select table_name, column_name, path, $batch
from sources
anti join ops.column_sources known using (table_name, column_name, path)
"""
_SHARED = """
select count(*)
from (
  select 1 from ops.column_sources
  group by table_name, column_name
  having count(*) > 1 and max(batch) = $batch
)
"""


def _write_profiles(store: Store, batch: Batch, files: list[str]) -> None:
    """Raw tables, traits and current state, from what resolve left and the trait writes."""
    parameters: Mapping[str, object] = {"batch": batch.batch, "time": batch.time, "files": files}
    full = not store.scalar("select exists (from id_graph)")
    columns = _trait_columns(store)
    by_change = batch.trait_history == "every_change"
    for statement in (
        *traits.COMPARE,
        *(history.COMPARE if by_change else ()),
        *raw.STATEMENTS,
        *traits.statements((history if by_change else traits).snapshots(columns)),
        *current.statements(full),
    ):
        named = {name: value for name, value in parameters.items() if f"${name}" in statement.sql}
        store.execute(statement, named)


def _count(store: Store, table: str, parameters: Mapping[str, object]) -> int:
    return int(store.scalar(f"select count(*) from {table}", parameters))
