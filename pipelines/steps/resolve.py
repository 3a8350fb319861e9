"""Resolve: every loaded batch's messages find, extend, create or merge profiles (design section 5)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.config import Space
from pipelines.identity.mentions import Longs, Mentions, encode
from pipelines.identity.resolution import Known, Resolution, nothing_known
from pipelines.identity.resolution import resolve as resolve_messages
from pipelines.ids import segment_ids
from pipelines.ingest.chunks import prefetch
from pipelines.naming import quoted
from pipelines.rules import ACCOUNTS, IdentifierRule, Rules
from pipelines.sqlfiles import Statement
from pipelines.steps import accounts
from pipelines.steps.progress import SILENT, Progress
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import set_files
from pipelines.store.store import Store

USERS = "users"
_PREFIX = "use_"
_STREAMED_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """What a resolve did, over all batches it took."""

    batches: int = 0
    messages: int = 0
    unresolved: int = 0
    profiles: int = 0
    merges: int = 0
    demotions: int = 0
    accounts: int = 0

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
    columns = _Columns(store, files, _users(rules))
    mentions = encode(columns.batches(), rows, columns.size, columns.rules, threads=_threads(space))
    addressees = _addressees(store, files, columns.size, rows) if batch.kind == "traits" and files else None
    known = _known(store, mentions, addressees)
    resolution = resolve_messages(mentions, columns.timestamp[rows], rules, known, addressees)
    report = ResolveReport(
        batches=1,
        messages=len(mentions),
        unresolved=resolution.owners["profile"].null_count,
        profiles=len(resolution.profiles),
        merges=resolution.merged,
        demotions=len(resolution.log),
    )
    with store.transaction():
        _write(store, batch, rows, columns.received_at, resolution, files)
        made = accounts.resolve(store, batch, files)
        report = replace(report, accounts=made.accounts, demotions=report.demotions + made.demotions)
        _log_ignored(store, batch, files)
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


class _Columns:
    """The narrow columns of a message set, streamed once: identifiers to the encoder, times kept here."""

    def __init__(self, store: Store, files: list[str], rules: tuple[IdentifierRule, ...]) -> None:
        self._store = store
        self._files = files
        self.rules = rules
        self.size = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
        self.timestamp = np.empty(self.size, dtype=np.int64)
        self.received_at = np.empty(self.size, dtype=np.int64)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """`row`, `id:<type>` and `more`; DuckDB gives them in any order."""
        if not self._files:
            return
        identifiers = ", ".join(quoted(f"id:{rule.type}") for rule in self.rules)
        reader = self._store.con.sql(
            f"select row, timestamp, received_at, more, {identifiers} from read_parquet($files)",
            params={"files": self._files},
        ).to_arrow_reader(_STREAMED_ROWS)
        for batch in prefetch(iter(reader)):
            row = batch.column("row").to_numpy()
            self.timestamp[row] = batch.column("timestamp").cast(pa.int64()).to_numpy()
            self.received_at[row] = batch.column("received_at").cast(pa.int64()).to_numpy()
            yield batch


def _addressees(store: Store, files: list[str], size: int, rows: Longs) -> pa.Array:
    """The profile each message is addressed to, by ordinal; null for those that are matched."""
    frame = store.frame(
        """
        select m.row, p.profile
        from read_parquet($files) m join state.profiles p on p.segment_id = m.addressee
        """,
        {"files": files},
    )
    by_row = np.zeros(size, dtype=np.int64)
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
    store: Store, batch: Batch, rows: Longs, received_at: Longs, resolution: Resolution, files: list[str]
) -> None:
    """Append and move what the resolution says, in the caller's transaction."""
    receipts = received_at[rows[resolution.identifiers["ordinal"].to_numpy()]]
    with store.frames(
        owners=resolution.owners.append_column("row", pa.array(rows)),
        created=_with_segment_ids(store, files, rows, resolution.profiles),
        mapped=resolution.identifiers.append_column(
            "received_at", pa.array(receipts, type=pa.timestamp("us"))
        ),
        merged=resolution.merges,
        moved=resolution.moved,
        logged=resolution.log,
    ):
        for statement in _statements(batch):
            store.execute(statement)


def _log_ignored(store: Store, batch: Batch, files: list[str]) -> None:
    """Log what stood where an identifier would and was none."""
    of_accounts = [rule.type for rule in accounts.declared(batch.rules)]
    for file in files:
        store.execute(_LOG_IGNORED, {"batch": batch.batch, "file": file, "accounts": of_accounts})


def _with_segment_ids(store: Store, files: list[str], rows: Longs, created: pa.Table) -> pa.Table:
    """The created profiles with `segment_id`: SHA-1 of what created them, in base 62 (design section 5)."""
    if not len(created):
        return created.append_column("segment_id", pa.array([], pa.string()))
    creators = created.append_column("row", pa.array(rows[created["ordinal"].to_numpy()]))
    with store.frames(created=creators):
        frame = store.frame(
            """
            select c.profile, c.canonical, c.ordinal,
                   sha1(concat_ws(chr(0), $space, $collection, m.message_id, c.type, c.value)) as digest
            from read_parquet($files) m join created c using (row)
            """,
            {"space": store.space, "collection": USERS, "files": files},
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
    select hash, type, value, profile, first_profile, mapped_at, received_at, $batch, ordinal, place
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
    select $batch, o.ordinal, m.message_id,
           case when list_contains($accounts::varchar[], i.type) then '{ACCOUNTS}' else '{USERS}' end
             as collection,
           i.type, null, null, i.reason,
           case collection when '{USERS}' then p.segment_id else a.segment_id end
    from (select row, message_id, unnest(ignored) as i from read_parquet($file) where ignored is not null) m
    join state.owners o on o.batch = $batch and o.row = m.row
    left join state.profiles p on p.profile = o.profile
    left join state.account_owners g on g.batch = $batch and g.row = m.row
    left join state.accounts a on a.account = g.account
"""


def _statements(batch: Batch) -> list[Statement]:
    return [
        Statement(sql, {"batch": batch.batch} if "$batch" in sql else {}, label="resolve") for sql in _INSERTS
    ]
