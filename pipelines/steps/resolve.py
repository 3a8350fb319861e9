"""Resolve: every loaded batch's messages find, extend, create or merge profiles (design section 5)."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pipelines.config import Space
from pipelines.rules import ACCOUNTS
from pipelines.steps import accounts
from pipelines.steps.cutting import cut, replay_budget, replayed_in_parts
from pipelines.steps.progress import SILENT, Progress
from pipelines.steps.replayed import USERS, Outcome, replayed
from pipelines.steps.setcolumns import order
from pipelines.store.ledger import Batch, advance, waiting
from pipelines.store.sets import set_files
from pipelines.store.store import Store, scratch_folder


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


def resolve_batch(space: Space, store: Store, batch: Batch, budget: int | None = None) -> ResolveReport:
    """Replay one batch under its own rules and write what changed to `state`, in one transaction.

    `budget`: bytes the replay may take, by default what `resources.memory` leaves beside DuckDB. A batch that
    would take more is cut into parts that do not touch each other, with the same result.
    """
    places = order(store, batch)
    budget = replay_budget(space) if budget is None else budget
    with ExitStack() as stack:
        pool = stack.enter_context(ThreadPoolExecutor(max_workers=_threads(space)))
        parts = cut(store, batch, places, budget)
        if len(parts) == 1:
            outcome = replayed(store, batch, places, pool)
        else:
            folder = stack.enter_context(TemporaryDirectory(dir=scratch_folder(space)))
            outcome = replayed_in_parts(store, batch, places, parts, pool, Path(folder))
        with store.transaction():
            _write(store, batch, outcome)
            made = accounts.resolve(store, batch, set_files(store, batch.message_set))
            if outcome.ignored:
                _log_ignored(store, batch)
            counts = outcome.counts | {"demotions": outcome.counts["demotions"] + made.demotions}
            advance(store, batch, "resolved", counts=counts)
    return ResolveReport(batches=1, messages=len(places.row), accounts=made.accounts, **counts)


def _threads(space: Space) -> int:
    return space.resources.threads or os.cpu_count() or 1


def _write(store: Store, batch: Batch, outcome: Outcome) -> None:
    """Append and move what came out, in the caller's transaction.

    Ids of new profiles may still be under way, in a thread that asks nothing of the store: they come last.
    """
    number = {"batch": batch.batch}
    with (
        store.stream(owners=outcome.owners, mapped=outcome.mapped),
        store.frames(moved=outcome.moved, merged=outcome.merged, logged=outcome.logged),
    ):
        for statement in (_OWNERS, *_MOVES, _IDENTIFIERS, _MERGES):
            store.execute(statement, number if "$batch" in statement else {})
        with store.frames(created=outcome.created()):
            store.execute(_PROFILES, number)
        store.execute(_LOG, number)


def _log_ignored(store: Store, batch: Batch) -> None:
    """Log what stood where an identifier would and was none."""
    of_accounts = [rule.type for rule in accounts.declared(batch.rules)]
    files = set_files(store, batch.message_set)
    store.execute(_LOG_IGNORED, {"batch": batch.batch, "files": files, "accounts": of_accounts})


_OWNERS = "insert into state.owners select $batch, row, ordinal, profile from owners"
_MOVES = (
    """
    update state.identifiers set profile = moved.canonical
    from moved where identifiers.profile = moved.profile
    """,
    "update state.profiles set canonical = moved.canonical from moved where profiles.profile = moved.profile",
)
_IDENTIFIERS = """
    insert into state.identifiers
    select hash, type, value, profile, first_profile, mapped_at, received_at, $batch, ordinal, place
    from mapped
"""
_MERGES = "insert into state.merges select $batch, ordinal, place, profile, canonical from merged"
_PROFILES = "insert into state.profiles select profile, segment_id, canonical, $batch, ordinal from created"
_LOG = f"""
    insert into ops.resolution_log
    select $batch, l.ordinal, m.message_id, '{USERS}', l.identifier_type, l.identifier_value, l.violated_type,
           l.reason, p.segment_id
    from logged l
    join state.messages m on m.batch = $batch and m.ordinal = l.ordinal
    left join state.profiles p on p.profile = l.profile
"""
_LOG_IGNORED = f"""
    insert into ops.resolution_log
    select $batch, o.ordinal, m.message_id,
           case when list_contains($accounts::varchar[], i.type) then '{ACCOUNTS}' else '{USERS}' end
             as collection,
           i.type, null, null, i.reason,
           case collection when '{USERS}' then p.segment_id else a.segment_id end
    from (select row, message_id, unnest(ignored) as i from read_parquet($files) where ignored is not null) m
    join state.owners o on o.batch = $batch and o.row = m.row
    left join state.profiles p on p.profile = o.profile
    left join state.account_owners g on g.batch = $batch and g.row = m.row
    left join state.accounts a on a.account = g.account
"""
