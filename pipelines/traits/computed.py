"""Computed traits: one scan of each event table for all traits that read it.

Events are grouped by the profile that their profile has been merged into, so late events and merges need no
care of their own: a trait is made anew from all events it looks at. Messages that the suite generated are
identifies, and so never among them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from pipelines import conditions
from pipelines.conditions import Column, Parameters
from pipelines.config import ComputedTrait
from pipelines.naming import column_name, quoted, table_name
from pipelines.sqlfiles import Statement
from pipelines.traits.kinds import KINDS, ORDER, ORDER_COLUMN, Events
from pipelines.traits.values import json_text

Columns = Mapping[str, str]
"""The columns of a table by name, with their DuckDB types."""

_CALLS = {"page": "pages", "screen": "screens"}


def event_table(trait: ComputedTrait) -> str:
    """The table a trait reads: a track event's own, or that of all pages or screens."""
    return _CALLS.get(trait.call) or table_name(trait.event)


def definition(trait: ComputedTrait) -> str:
    """SHA-256, in hex, of all that decides a trait's values."""
    meaning = {
        **asdict(trait),
        "name": None,
        "window": trait.window.total_seconds() if trait.window else None,
    }
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def check(trait: ComputedTrait) -> None:
    """Raise `ConfigError` if a trait's condition is none."""
    if trait.where is not None:
        conditions.from_text(trait.where)


class Place(NamedTuple):
    """A trait's columns in a scan: its value as JSON (NULL: none), and when it may move by itself."""

    value: str
    moves_at: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan of an event table, as a SELECT of one row a profile, and where in it each trait stands."""

    select: Statement
    places: Mapping[str, Place]


def scan(table: str, columns: Columns, traits: Sequence[ComputedTrait], as_of: datetime) -> Scan:
    """The scan of `table` for the traits that read it. Columns: `profile`, and those that `places` names.

    A window ends at `as_of` and begins at, but without, the moment its length before. Raises `ConfigError`
    for a condition that is none.
    """
    parameters = Parameters()
    now = parameters.add(as_of) if any(trait.window for trait in traits) else ""
    made: list[str] = []
    written: list[str] = []
    places: dict[str, Place] = {}
    for number, trait in enumerate(traits):
        place = Place(f"v{number}", f"m{number}" if trait.window else None)
        inside = match = _match(trait, columns, parameters)
        if place.moves_at:
            begin = parameters.add(as_of - (trait.window or timedelta()))
            inside = f"{match} and event.timestamp > {begin} and event.timestamp <= {now}"
            leaves = f"min(event.timestamp) filter (where {inside}) + {_interval(trait, parameters)}"
            enters = f"min(event.timestamp) filter (where {match} and event.timestamp > {now})"
            made.append(f"least({leaves}, {enters}) as {place.moves_at}")
            written.append(place.moves_at)
        aggregate = KINDS[trait.kind].aggregate(Events(inside, _property(trait, columns)))
        made.append(f"{aggregate.sql} as {place.value}")
        written.append(
            f"{json_text(place.value, aggregate.type) or 'cast(null as varchar)'} as {place.value}"
        )
        places[trait.key] = place
    select = f"""
        select profile, {", ".join(written)}
        from (
            select owner.canonical as profile, {", ".join(made)}
            from (select *, {ORDER} as {ORDER_COLUMN} from {quoted(table)}) event
            join state.profiles owner on owner.segment_id = event.segment_id
            group by owner.canonical
        )
        """
    return Scan(Statement(select, parameters.values, f"scan {table} for traits"), places)


def _match(trait: ComputedTrait, columns: Columns, parameters: Parameters) -> str:
    parts = []
    if trait.call in _CALLS and trait.event:  # a page's or screen's name; without one, all of them count
        parts.append(f"event.name = {parameters.add(trait.event)}" if "name" in columns else "false")
    if trait.where is not None:
        condition = conditions.from_text(trait.where)
        parts.append(conditions.compiled(condition, lambda name: _typed(_column(name, columns)), parameters))
    return " and ".join(parts) or "true"


def _interval(trait: ComputedTrait, parameters: Parameters) -> str:
    seconds = trait.window.total_seconds() if trait.window else 0.0
    return f"to_microseconds(cast({parameters.add(round(seconds * 1e6))} as bigint))"


def _property(trait: ComputedTrait, columns: Columns) -> Column | None:
    return None if trait.property is None else _column(trait.property, columns)


def _column(name: str, columns: Columns) -> Column | None:
    """The column of a property, or None while no event has carried it."""
    column = column_name(name)
    return Column(f"event.{quoted(column)}", columns[column]) if column in columns else None


def _typed(column: Column | None) -> Column | None:
    """The same with the type's name as conditions know it."""
    return None if column is None else column._replace(type=column.type.lower())


def gone_value(trait: ComputedTrait) -> str:
    """The JSON for a profile that had a value and has none any more; a JSON null removes the trait."""
    return KINDS[trait.kind].when_gone


def by_table(traits: Sequence[ComputedTrait]) -> dict[str, list[ComputedTrait]]:
    """The traits by the table they read."""
    tables: dict[str, list[ComputedTrait]] = {}
    for trait in traits:
        tables.setdefault(event_table(trait), []).append(trait)
    return tables
