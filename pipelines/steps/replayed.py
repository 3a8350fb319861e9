"""Replay messages of a batch: columns of the message set and the touched state in, rows for `state` out."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

import pyarrow as pa

from pipelines.identity.births import segment_ids
from pipelines.identity.mentions import Mentions, encode
from pipelines.identity.resolution import Resolution
from pipelines.identity.resolution import resolve as resolve_messages
from pipelines.rules import IdentifierRule, Rules
from pipelines.steps.setcolumns import Order, Times, dictionaries, identifier_columns, stream
from pipelines.steps.touched import addressees, known
from pipelines.store.ledger import Batch, Count
from pipelines.store.sets import set_files
from pipelines.store.store import Store

USERS = "users"
_PREFIX = "use_"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be written. Columns as in `sql/tables/state`, without `batch`."""

    owners: pa.RecordBatchReader
    mapped: pa.RecordBatchReader
    moved: pa.Table
    """`profile`, `canonical`: known profiles whose canonical is another now."""
    merged: pa.Table
    logged: pa.Table
    """As `identity/resolution.Resolution.log`."""
    created: Callable[[], pa.Table]
    """The new profiles, as soon as their ids are made."""
    ignored: bool
    """Whether load has noted values that are no identifiers."""
    counts: dict[Count, int]


def users(rules: Rules) -> tuple[IdentifierRule, ...]:
    """The identifiers of people, strongest first."""
    return tuple(rule for rule in rules.identifiers if rule.collection == USERS)


def replayed(store: Store, batch: Batch, places: Order, pool: Executor) -> Outcome:
    """Replay the messages that `places` names; their ordinals are counted among these."""
    files = set_files(store, batch.message_set)
    rules = users(batch.rules)
    times = Times(len(places.row))
    batches = times.noting(stream(files, places, [*Times.COLUMNS, *identifier_columns(rules)]))
    mentions = encode(batches, len(places.row), dictionaries(files, rules), rules, pool)
    called = addressees(store, files, places) if batch.kind == "traits" and files else None
    found = resolve_messages(mentions, times.timestamp, batch.rules, known(store, mentions, called), called)
    ids = pool.submit(_segment_ids, store.space, files, places, mentions, found)
    return Outcome(
        owners=found.owners.beside("row", places.row, pa.int64()).reader(),
        mapped=found.identifiers.beside("received_at", times.received_at, pa.timestamp("us")).reader(),
        moved=found.moved,
        merged=found.merges,
        logged=found.log,
        created=lambda: found.profiles.append_column("segment_id", ids.result()),
        ignored=times.ignored,
        counts={
            "unresolved": found.unresolved,
            "profiles": len(found.profiles),
            "merges": found.merged,
            "demotions": len(found.log),
        },
    )


def _segment_ids(
    space: str, files: list[str], places: Order, mentions: Mentions, found: Resolution
) -> pa.LargeStringArray:
    """The ids of the created profiles; only then is it worth reading the message ids."""
    creators = (found.profiles["ordinal"].to_numpy(), found.profiles["identifier"].to_numpy())
    message_ids = stream(files, places, ["message_id"]) if len(found.profiles) else iter(())
    return segment_ids(
        ((ordinals, part.column("message_id")) for ordinals, part in message_ids),
        mentions,
        creators,
        f"{space}\0{USERS}",
        _PREFIX,
    )
