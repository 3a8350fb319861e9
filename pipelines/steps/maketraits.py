"""Which traits are due, and making them: computed and SQL traits alike end as a run and what to compare."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from pipelines.config import Space
from pipelines.errors import TraitError
from pipelines.sqlfiles import Statement
from pipelines.steps import computedtraits, sqltraits
from pipelines.store.ledger import batch_time
from pipelines.store.store import Store
from pipelines.traits import changes, computed
from pipelines.traits.rowchanges import row_changes
from pipelines.traits.runs import MOMENT, RUNS, Moment, TraitRun, computed_due, sql_due

Kind = Literal["computed", "sql"]


@dataclass(frozen=True, slots=True)
class Made:
    """A trait made anew: its run, and the statement that finds what changed (None: it keeps what it sent).

    `columns` are the traits it may send, `too_large` the rows that were discarded.
    """

    run: TraitRun
    comparison: Statement | None = None
    columns: tuple[str, ...] = ()
    too_large: int = 0


class Declared:
    """The traits a space declares, with their numbers and last runs, and the moment of a compute."""

    def __init__(self, space: Space, store: Store, now: datetime) -> None:
        self.space = space
        self.store = store
        self.moment = Moment(now, batch_time(store, now), *store.execute(MOMENT).fetchall()[0])
        self.files = sqltraits.read(space)
        runs = [TraitRun(*row) for row in store.execute(RUNS).fetchall()]
        self.last = {(run.kind, run.key): run for run in runs}
        self.numbers = self._numbered()

    def _numbered(self) -> dict[tuple[Kind, str], int]:
        """The number of every declared trait: the one it has, or the next that is free."""
        names: list[tuple[Kind, str]] = [("computed", trait.key) for trait in self.space.computed]
        names += [("sql", trait.key) for trait in self.files.traits]
        names += [("sql", key) for key, _ in self.files.faults]
        free = max((run.trait for run in self.last.values()), default=0)
        numbers: dict[tuple[Kind, str], int] = {}
        for name in dict.fromkeys(names):
            free += name not in self.last
            numbers[name] = self.last[name].trait if name in self.last else free
        return numbers

    @property
    def _lowered(self) -> list[str]:
        return [rule.type for rule in self.space.identity.identifiers if rule.normalize == "lower"]

    @property
    def obsolete(self) -> list[int]:
        """The numbers of traits that are declared no more.

        While a file cannot be read nobody knows which key its trait has, so none is obsolete then.
        """
        if self.files.faults:
            return []
        return [run.trait for name, run in self.last.items() if name not in self.numbers]

    def make(self) -> Iterator[Made]:
        """Make the traits that are due. Their values stand in temporary tables `trait_...` of the store."""
        schema = sqltraits.schema_of(self.store)
        yield from self._computed(schema)
        yield from self._sql(schema)

    def _computed(self, schema: dict[str, dict[str, str]]) -> Iterator[Made]:
        due = [
            trait
            for trait in self.space.computed
            if computed_due(
                computed.definition(trait), trait, self.last.get(("computed", trait.key)), self.moment
            )
        ]
        for trait, found in computedtraits.evaluate(self.store, due, schema, self.moment):
            definition = computed.definition(trait)
            if isinstance(found, TraitError):
                yield Made(self._failed("computed", trait.key, definition, found))
                continue
            run = self._run("computed", trait.key, definition, found.rows, moves_at=found.moves_at)
            gone = computed.gone_value(trait)
            yield Made(run, changes.computed_changes(run.trait, found.table, found.column, gone))

    def _sql(self, schema: dict[str, dict[str, str]]) -> Iterator[Made]:
        due = [
            trait
            for trait in self.files.traits
            if sql_due(trait, self.last.get(("sql", trait.key)), self.moment)
        ]
        for trait, found in sqltraits.evaluate(self.space, self.store, due, schema, self.moment):
            last = self.last.get(("sql", trait.key))
            good = found if isinstance(found, TraitError) else sqltraits.guarded(trait, found, last)
            if isinstance(good, TraitError):
                yield Made(self._failed("sql", trait.key, trait.definition, good))
                continue
            run = self._run("sql", trait.key, trait.definition, good.rows)
            followed = last.followed if last else self.moment.newest
            comparison = row_changes(run.trait, good.table, followed, self._lowered)
            yield Made(run, comparison, good.columns, good.too_large)
        for key, error in self.files.faults:
            last = self.last.get(("sql", key))
            if last is None or self.moment.now > last.ran_at:
                yield Made(self._failed("sql", key, "", error))

    def _run(
        self, kind: Kind, key: str, definition: str, rows: int | None, *, moves_at: datetime | None = None
    ) -> TraitRun:
        number, moment = self.numbers[kind, key], self.moment
        return TraitRun(
            number, kind, key, definition, moment.now, moment.newest, moves_at=moves_at, rows=rows
        )

    def _failed(self, kind: Kind, key: str, definition: str, error: TraitError) -> TraitRun:
        """The run of a trait that failed: it keeps its last good values, and has seen no batch since."""
        last = self.last.get((kind, key))
        run = self._run(kind, key, definition, last.rows if last else None)
        followed = last.followed if last and kind == "sql" else run.followed
        return replace(run, followed=followed, outcome=error.code or "failed", message=str(error))
