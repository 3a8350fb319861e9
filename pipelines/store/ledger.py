"""The ledger of batches: which exist, and how far each has come.

A batch is opened by load or compute, and moved by every step in the transaction that does the step's
work, so that a kill leaves a batch either before a step or after it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pipelines.config import Rules
from pipelines.space import TraitHistory
from pipelines.store.store import Store

Kind = Literal["files", "traits"]
Stage = Literal["opened", "loaded", "resolved", "materialized"]


@dataclass(frozen=True, slots=True)
class Batch:
    """A row of `ops.batches`, without its counts."""

    batch: int
    kind: Kind
    stage: Stage
    time: datetime
    rules_text: str
    rules_hash: str
    trait_history: TraitHistory
    message_set: str | None

    @property
    def rules(self) -> Rules:
        """The identity rules the batch runs under, whatever the space file says now."""
        return Rules.from_text(self.rules_text)


_COLUMNS = "batch, kind, stage, batch_time, rules, rules_hash, trait_history, message_set"


def batch_time(store: Store, now: datetime) -> datetime:
    """`now`, or 1 µs after the newest batch when that is later: `uuid_ts` must grow."""
    last: datetime | None = store.scalar("select max(batch_time) from ops.batches")
    return now if last is None else max(now, last + timedelta(microseconds=1))


def next_batch(store: Store) -> int:
    """The number the next batch will have."""
    return int(store.scalar("select coalesce(max(batch), 0) + 1 from ops.batches"))


def open_batch(store: Store, kind: Kind, now: datetime, rules: Rules, history: TraitHistory) -> Batch:
    """Enter a new batch at stage `opened`; its time, rules and history are fixed from here on."""
    time = batch_time(store, now)
    batch = Batch(next_batch(store), kind, "opened", time, rules.text, rules.hash, history, None)
    store.execute(
        f"insert into ops.batches ({_COLUMNS})"
        " values ($batch, $kind, $stage, $time, $rules, $rules_hash, $history, null)",
        {
            "batch": batch.batch,
            "kind": kind,
            "stage": batch.stage,
            "time": batch.time,
            "rules": batch.rules_text,
            "rules_hash": batch.rules_hash,
            "history": batch.trait_history,
        },
    )
    return batch


def waiting(store: Store, stage: Stage) -> list[Batch]:
    """The batches at this stage, oldest first."""
    rows = store.execute(
        f"select {_COLUMNS} from ops.batches where stage = $stage order by batch", {"stage": stage}
    ).fetchall()
    return [Batch(*row) for row in rows]


def batches(store: Store, ledger: str = "ops.batches") -> list[Batch]:
    """All batches, oldest first; `ledger` may be that of an attached store."""
    rows = store.execute(f"select {_COLUMNS} from {ledger} order by batch").fetchall()
    return [Batch(*row) for row in rows]


Count = Literal[
    "messages",
    "duplicates",
    "rejects",
    "unresolved",
    "profiles",
    "merges",
    "demotions",
    "snapshots",
    "touched",
]


def advance(
    store: Store,
    batch: Batch,
    stage: Stage,
    *,
    message_set: str | None = None,
    counts: Mapping[Count, int] | None = None,
) -> None:
    """Move the batch to `stage` and note its counts; call it inside the step's transaction."""
    values: dict[str, object] = {"stage": stage}
    values.update({str(name): count for name, count in (counts or {}).items()})
    if message_set is not None:
        values["message_set"] = message_set
    # The names are the Literal's above, never a user's.
    assignments = ", ".join(f"{name} = ${name}" for name in values)
    store.execute(
        f"update ops.batches set {assignments} where batch = $batch", {**values, "batch": batch.batch}
    )
