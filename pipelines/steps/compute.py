"""Compute: traits whose time has come are made anew, and what changed becomes a batch of messages.

Everything a compute leaves behind (the batch, what was sent, when each trait ran) is one transaction. Killed
before it, nothing has happened; run again at the same `now`, nothing is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import pyarrow as pa

from pipelines.config import Space
from pipelines.ids import message_hashes
from pipelines.naming import quoted
from pipelines.sqlfiles import Statement
from pipelines.steps.maketraits import Declared, Made
from pipelines.steps.progress import SILENT, Progress
from pipelines.store.ledger import advance, open_batch
from pipelines.store.sets import new_set
from pipelines.store.store import Store
from pipelines.traits import changes, messages
from pipelines.traits.messages import Envelope, Sent
from pipelines.traits.runs import DONE, remember

_PART_ROWS = 983_040
"""Messages a Parquet part: eight row groups."""


@dataclass(frozen=True, slots=True)
class TraitReport:
    """How one trait fared. `outcome` is `done` or a code; `rows` have a value, `changed` of them were sent.

    `too_large` rows of a SQL trait were discarded.
    """

    kind: str
    key: str
    outcome: str
    rows: int | None
    changed: int = 0
    too_large: int = 0
    message: str | None = None


@dataclass(frozen=True, slots=True)
class ComputeReport:
    """What a compute did: the traits that were due, and the batch it opened if a value changed."""

    batch: int | None = None
    messages: int = 0
    traits: tuple[TraitReport, ...] = ()

    @property
    def failed(self) -> tuple[TraitReport, ...]:
        """The traits that kept their last good values because something went wrong."""
        return tuple(trait for trait in self.traits if trait.outcome != DONE)

    def as_dict(self) -> dict[str, object]:
        """The report as JSON-ready data."""
        return asdict(self)


def compute(space: Space, store: Store, now: datetime, progress: Progress = SILENT) -> ComputeReport:
    """Make the traits that are due, from the tables as they stand, and open a batch if a value changed.

    `now` is naive UTC. A trait that fails is reported, keeps the values it sent last, and stops no other.
    """
    declared = Declared(space, store, now)
    made: list[Made] = []
    progress.start("compute", None)
    for one in declared.make():
        made.append(one)
        progress.advance(1)
    progress.done()
    if not made and not declared.obsolete:
        return ComputeReport()
    with store.transaction():
        changed = _compare(store, made)
        batch = _send(space, store, now, made) if changed else None
        for statement in changes.REMEMBER:
            store.execute(statement)
        for statement in (*_forgotten(declared), *(s for one in made for s in remember(one.run))):
            store.execute(statement)
        _drop_temporary(store)
    return ComputeReport(
        batch, sum(changed.values()), tuple(_reported(one, changed.get(one.run.trait, 0)) for one in made)
    )


def _compare(store: Store, made: Sequence[Made]) -> dict[int, int]:
    """Fill the tables of changes; how many there are by trait."""
    for statement in (*changes.TABLES, *changes.FOLD_MERGED):
        store.execute(statement)
    for one in made:
        if one.comparison:
            store.execute(one.comparison)
    return dict(store.execute(changes.COUNTS).fetchall())


def _send(space: Space, store: Store, now: datetime, made: Sequence[Made]) -> int:
    """Make the changes a batch of messages, loaded; its number."""
    batch = open_batch(store, "traits", now, space.identity, space.trait_history)
    sent = [Sent(one.run.trait, one.run.kind, one.run.key, one.columns) for one in made]
    envelope = Envelope(space.name, batch.batch, batch.time, space.identity)
    store.execute(messages.message_table(envelope, sent))
    count = int(store.scalar(f"select count(*) from {messages.MESSAGES}"))
    with new_set(store, batch.batch) as parts:
        for place, first in enumerate(range(0, count, _PART_ROWS)):
            path = parts.folder / f"part-{place:05d}.parquet"
            store.execute(messages.part(first, first + _PART_ROWS - 1, str(path)))
    ids = store.frame(f"select row, message_id from {messages.MESSAGES}")
    hashes = pa.table({"row": ids["row"], "hash": message_hashes(ids["message_id"])})
    with store.frames(sent_hashes=hashes):
        store.execute(messages.KEPT, {"batch": batch.batch})
    advance(store, batch, "loaded", message_set=parts.name, counts={"messages": count})
    return batch.batch


def _forgotten(declared: Declared) -> tuple[Statement, ...]:
    return changes.forget(declared.obsolete) if declared.obsolete else ()


def _drop_temporary(store: Store) -> None:
    for (table,) in store.execute(
        "select table_name from duckdb_tables() where temporary and starts_with(table_name, 'trait_')"
    ).fetchall():
        store.execute(f"drop table {quoted(table)}")


def _reported(one: Made, changed: int) -> TraitReport:
    run = one.run
    return TraitReport(run.kind, run.key, run.outcome, run.rows, changed, one.too_large, run.message)
