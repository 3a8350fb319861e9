"""Computed traits from event tables to values: one scan a table, for all its traits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from pipelines.config import ComputedTrait
from pipelines.errors import ConfigError, TraitError
from pipelines.naming import quoted
from pipelines.store.store import Store
from pipelines.traits.computed import Columns, by_table, check, scan
from pipelines.traits.inspection import Schema
from pipelines.traits.runs import Moment


@dataclass(frozen=True, slots=True)
class Values:
    """A computed trait's values: the temporary table they stand in and where (None: no event yet), how many
    profiles have one, and when one may change by itself.
    """

    table: str | None
    column: str
    rows: int
    moves_at: datetime | None


def evaluate(
    store: Store, traits: Sequence[ComputedTrait], schema: Schema, moment: Moment
) -> Iterator[tuple[ComputedTrait, Values | TraitError]]:
    """Make traits anew; one whose conditions make no sense fails alone."""
    sound: list[ComputedTrait] = []
    for trait in traits:
        try:
            check(trait)
        except ConfigError as error:
            yield (
                trait,
                TraitError(
                    error.what,
                    code="invalid_condition",
                    where=f"{trait.key}: {error.where}",
                    expected=error.expected,
                    hint=error.hint,
                ),
            )
        else:
            sound.append(trait)
    for place, (table, readers) in enumerate(by_table(sound).items()):
        if table not in schema:
            yield from ((trait, Values(None, "", 0, None)) for trait in readers)
        else:
            yield from _scanned(store, f"trait__scan_{place}", table, schema[table], readers, moment)


def _scanned(
    store: Store, name: str, table: str, columns: Columns, traits: Sequence[ComputedTrait], moment: Moment
) -> Iterator[tuple[ComputedTrait, Values]]:
    found = scan(table, columns, traits, moment.as_of)
    store.execute(f"create or replace temp table {quoted(name)} as {found.select.sql}", found.select.params)
    for trait in traits:
        place = found.places[trait.key]
        moves = f"min({place.moves_at})" if place.moves_at else "null"
        counted = store.execute(f"select count({place.value}), {moves} from {quoted(name)}")
        rows, moves_at = counted.fetchall()[0]
        yield trait, Values(name, place.value, rows, moves_at)
