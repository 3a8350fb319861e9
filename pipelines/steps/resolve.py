"""Resolve: every loaded batch's messages find, extend, create or merge profiles (design section 5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.config import Space
from pipelines.identity.mentions import Column, Longs, Mentions, encode
from pipelines.identity.resolution import Known, Resolution, nothing_known
from pipelines.identity.resolution import resolve as resolve_messages
from pipelines.ids import segment_ids
from pipelines.rules import IdentifierRule, Rules
from pipelines.sqlfiles import Statement
from pipelines.steps.progress import SILENT, Progress
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import set_files
from pipelines.store.store import Store

USERS = "users"
_PREFIX = "use_"


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """What a resolve did, over all batches it took."""

    batches: int = 0
    messages: int = 0
    unresolved: int = 0
    profiles: int = 0
    merges: int = 0
    demotions: int = 0

    def __add__(self, other: ResolveReport) -> ResolveReport:
        mine, theirs = asdict(self), asdict(other)
        return ResolveReport(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, int]:
        """JSON-ready."""
        return asdict(self)


def resolve(space: Space, store: Store, progress: Progress = SILENT) -> ResolveReport:
    """Resolve the batches that wait for it, oldest first; each is one transaction.

    One batch at a time is between resolve and materialize, because a snapshot is the state at the end of its
    own batch: a later one waits until the one before has been materialized.
    """
    report = ResolveReport()
    for batch in [] if waiting(store, "resolved") else waiting(store, "loaded")[:1]:
        progress.start(f"resolve batch {batch.batch}", None)
        report += resolve_batch(space, store, batch)
        progress.done()
    return report


def resolve_batch(space: Space, store: Store, batch: Batch) -> ResolveReport:
    """Replay one batch under its own rules and write what changed to `state`, in one transaction."""
    rules = batch.rules
    files = set_files(store, batch.message_set)
    rows = _rows(store, batch)
    order = _positions(files)[rows]
    mentions = encode(_reader(files), order, _users(rules), threads=_threads(space))
    times = _times(files, order)
    addressees = _addressees(store, files, rows) if batch.kind == "traits" and files else None
    resolution = resolve_messages(mentions, times, rules, _known(store, mentions, addressees), addressees)
    report = ResolveReport(
        batches=1,
        messages=len(mentions),
        unresolved=resolution.owners["profile"].null_count,
        profiles=len(resolution.profiles),
        merges=len(np.unique(resolution.merges["ordinal"].to_numpy())),
        demotions=len(resolution.log),
    )
    with store.transaction():
        _write(store, batch, rows, _times(files, order, "received_at"), resolution, files)
        advance(
            store,
            batch,
            "resolved",
            counts={
                "unresolved": report.unresolved,
                "profiles": report.profiles,
                "merges": report.merges,
                "demotions": report.demotions,
            },
        )
    return report


def _users(rules: Rules) -> tuple[IdentifierRule, ...]:
    return tuple(rule for rule in rules.identifiers if rule.collection == USERS)


def _threads(space: Space) -> int:
    return space.resources.threads or os.cpu_count() or 1


def _rows(store: Store, batch: Batch) -> Longs:
    """The `row` of each message, by ordinal."""
    frame = store.frame(
        "select ordinal, row from state.messages where batch = $batch", {"batch": batch.batch}
    )
    rows = np.empty(len(frame), dtype=np.int64)
    rows[frame["ordinal"].to_numpy()] = frame["row"].to_numpy()
    return rows


def _positions(files: list[str]) -> Longs:
    """Where each `row` lies in the parts: several writing threads may have put them in another order."""
    chunks = [chunk.to_numpy() for chunk in _reader(files)("row")]
    rows = np.concatenate([np.empty(0, dtype=np.int64), *chunks])
    positions = np.empty(len(rows), dtype=np.int64)
    positions[rows] = np.arange(len(rows))
    return positions


def _reader(files: list[str]) -> Column:
    """Columns of the message set, read when asked for."""

    def column(name: str) -> Iterator[pa.Array]:
        for file in files:
            yield from pq.ParquetFile(file).read(columns=[name]).column(0).chunks

    return column


def _times(files: list[str], order: Longs, column: str = "timestamp") -> Longs:
    """A time of each message in µs, by ordinal."""
    chunks = [
        chunk.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy() for chunk in _reader(files)(column)
    ]
    return np.concatenate(chunks)[order] if chunks else np.empty(0, dtype=np.int64)


def _addressees(store: Store, files: list[str], rows: Longs) -> pa.Array:
    """The profile each message is addressed to, by ordinal; null for those that are matched."""
    frame = store.frame(
        """
        select m.row, p.profile
        from read_parquet($files) m join state.profiles p on p.segment_id = m.addressee
        """,
        {"files": files},
    )
    by_row = np.zeros(sum(pq.ParquetFile(file).metadata.num_rows for file in files), dtype=np.int64)
    by_row[frame["row"].to_numpy()] = frame["profile"].to_numpy()
    profile = by_row[rows]
    return pa.array(profile, mask=profile == 0)


def _known(store: Store, mentions: Mentions, addressees: pa.Array | None) -> Known:
    """The profiles the batch touches and all they hold, found by hash and number, compared by text."""
    next_profile = int(store.scalar("select coalesce(max(profile), 0) + 1 from state.profiles"))
    if next_profile == 1:
        return nothing_known()
    called = pa.table(
        {
            "profile": pc.unique(pc.drop_null(addressees))
            if addressees is not None
            else pa.array([], pa.int64())
        }
    )
    with store.frames(mentioned=mentions.dictionary(), called=called):
        store.execute(
            """
            create or replace temp table touched_profiles as
            select i.profile
            from mentioned d
            join state.identifiers i on i.hash = d.hash and i.type = d.type and i.value = d.value
            union
            select p.canonical from called join state.profiles p using (profile)
            """
        )
        held = store.frame(
            """
            select d.code, i.type, i.profile, i.mapped_at
            from state.identifiers i
            join touched_profiles using (profile)
            left join mentioned d on i.hash = d.hash and i.type = d.type and i.value = d.value
            order by i.identifier
            """
        )
    members = store.frame(
        """
        select p.profile, p.canonical
        from state.profiles p join touched_profiles t on p.canonical = t.profile
        order by p.profile
        """
    )
    store.execute("drop table touched_profiles")
    return Known(members, held, next_profile)


def _write(
    store: Store, batch: Batch, rows: Longs, received: Longs, resolution: Resolution, files: list[str]
) -> None:
    """Append and move what the resolution says, in the caller's transaction."""
    owners = resolution.owners.append_column("row", pa.array(rows))
    receipts = pa.array(received[resolution.identifiers["ordinal"].to_numpy()], type=pa.timestamp("us"))
    mapped = resolution.identifiers.append_column("received_at", receipts)
    with store.frames(
        owners=owners,
        created=_with_segment_ids(store, batch, resolution.profiles),
        mapped=mapped,
        merged=resolution.merges,
        moved=resolution.moved,
        logged=resolution.log,
    ):
        for statement in _statements(batch):
            store.execute(statement)
        for file in files:
            store.execute(_LOG_IGNORED, {"batch": batch.batch, "file": file})


def _with_segment_ids(store: Store, batch: Batch, created: pa.Table) -> pa.Table:
    """The created profiles with `segment_id`: SHA-1 of what created them, in base 62 (design section 5)."""
    with store.frames(created=created):
        frame = store.frame(
            """
            select c.profile, c.canonical, c.ordinal,
                   sha1(concat_ws(chr(0), $space, $collection, m.message_id, c.type, c.value)) as digest
            from created c join state.messages m on m.batch = $batch and m.ordinal = c.ordinal
            """,
            {"space": store.space, "collection": USERS, "batch": batch.batch},
        )
    digests = frame["digest"].combine_chunks().cast(pa.string())
    return frame.drop_columns("digest").append_column("segment_id", segment_ids(digests, _PREFIX))


_INSERTS = (
    "insert into state.owners select $batch, row, ordinal, profile from owners",
    "insert into state.profiles select profile, segment_id, canonical, $batch, ordinal from created",
    """
    update state.identifiers set profile = moved.canonical
    from moved where identifiers.profile = moved.profile
    """,
    "update state.profiles set canonical = moved.canonical from moved where profiles.profile = moved.profile",
    """
    insert into state.identifiers
    select (select coalesce(max(identifier), 0) from state.identifiers)
             + row_number() over (order by ordinal, place),
           hash, type, value, profile, first_profile, mapped_at, received_at, $batch, ordinal, place
    from mapped
    """,
    "insert into state.merges select $batch, ordinal, place, profile, canonical from merged",
    f"""
    insert into ops.resolution_log
    select $batch, l.ordinal, m.message_id, '{USERS}', l.identifier_type, l.identifier_value, l.violated_type,
           l.reason, p.segment_id
    from logged l
    join state.messages m on m.batch = $batch and m.ordinal = l.ordinal
    left join state.profiles p on p.profile = l.profile
    """,
)

_LOG_IGNORED = f"""
    insert into ops.resolution_log
    select $batch, o.ordinal, m.message_id, '{USERS}', i.type, null, null, i.reason, p.segment_id
    from (select row, message_id, unnest(ignored) as i from read_parquet($file) where ignored is not null) m
    join state.owners o on o.batch = $batch and o.row = m.row
    left join state.profiles p on p.profile = o.profile
"""


def _statements(batch: Batch) -> list[Statement]:
    return [
        Statement(sql, {"batch": batch.batch} if "$batch" in sql else {}, label="resolve") for sql in _INSERTS
    ]
