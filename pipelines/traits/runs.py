"""When traits are due, and what a run of one leaves behind: the rows of `state.trait_runs`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from pipelines.config import ComputedTrait
from pipelines.sqlfiles import Statement
from pipelines.traits.definitions import SqlTrait
from pipelines.traits.schedule import is_due

DONE = "done"


@dataclass(frozen=True, slots=True)
class TraitRun:
    """A row of `state.trait_runs`: a trait's last run. All times are naive UTC."""

    trait: int
    kind: Literal["computed", "sql"]
    key: str
    definition: str
    ran_at: datetime
    followed: int
    moves_at: datetime | None = None
    outcome: str = DONE
    message: str | None = None
    rows: int | None = None


class Moment(NamedTuple):
    """The moment of a compute.

    `now` is the run's own time; `as_of` the time a batch opened now would have, at which windows end;
    `files` and `merging` the newest finished batches of files and of merges, `newest` the newest of all.
    """

    now: datetime
    as_of: datetime
    files: int
    merging: int
    newest: int


MOMENT = """
    select coalesce(max(batch) filter (where kind = 'files'), 0),
           coalesce(max(batch) filter (where merges > 0), 0), coalesce(max(batch), 0)
    from ops.batches where stage = 'materialized'
    """
"""The query for the batches of a `Moment`."""

RUNS = """
    select trait, kind, key, definition, ran_at, followed, moves_at, outcome, message, rows
    from state.trait_runs
    """
"""The query for `TraitRun`s, columns in the order of its fields."""


def computed_due(definition: str, trait: ComputedTrait, last: TraitRun | None, moment: Moment) -> bool:
    """Whether a computed trait's values can differ from those last made.

    New or redefined; after new files; as time goes on, when its window lets an event in or out, or when
    profiles were merged by what traits themselves sent. A run at the same `now` finds nothing due.
    """
    if last is None or last.definition != definition or last.followed < moment.files:
        return True
    if moment.now <= last.ran_at:
        return False
    moved = trait.window is not None and last.moves_at is not None and last.moves_at <= moment.as_of
    return moved or last.followed < moment.merging


def sql_due(trait: SqlTrait, last: TraitRun | None, moment: Moment) -> bool:
    """Whether a SQL trait is due: by its schedule, or because its last run failed and time or its text
    moved on.

    An edited query waits for the schedule, as the specification has it (section 3.2).
    """
    if last is None:
        return True
    if last.outcome != DONE:
        return moment.now > last.ran_at or trait.definition != last.definition
    return is_due(trait.schedule, last.ran_at, moment.now)


def remember(run: TraitRun) -> tuple[Statement, Statement]:
    """Put a trait's run in the place of its last one."""
    values = asdict(run)
    named = ", ".join(f"${name} as {name}" for name in values)
    return (
        Statement("delete from state.trait_runs where trait = $trait", {"trait": run.trait}),
        Statement(f"insert into state.trait_runs by name select {named}", values),
    )
