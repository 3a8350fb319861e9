"""The fields of profile rows, as SQL: a CSV record becomes an Identify with the row's cells as traits.

Source: csv-upload specification, section 1.4. A blank cell is not there: the trait stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.ingest.chunks import Layout
from pipelines.ingest.expressions import FAULT, TIME_EXPECTED, fault, time_of, without_zone
from pipelines.ingest.header import OWN_FIELDS, Column
from pipelines.ingest.identifiers import Candidate, Places, extract
from pipelines.ingest.locations import parse
from pipelines.naming import literal, quoted
from pipelines.rules import Rules
from pipelines.space import Input
from pipelines.types import BIGINT, BOOLEAN, DATE, DOUBLE, TIMESTAMP

_NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"


@dataclass(frozen=True, slots=True)
class Cells:
    """Layout: `record` (1-based data row), `raw`, a text column `c1`.. per header, NULL for a blank cell.

    `traits`, the cells as a JSON object, is there unless a trait has a declared type: see `typed`.
    """

    source: Input
    columns: tuple[Column, ...]
    digest: str

    @property
    def raw(self) -> str:
        """The record as it stood."""
        return "raw"

    @property
    def traits(self) -> tuple[Column, ...]:
        """The columns that are traits: all but the message's own fields and its time."""
        return tuple(
            column
            for column in self.columns
            if column.identifier not in OWN_FIELDS and column.name != self.source.timestamp
        )

    @property
    def typed(self) -> bool:
        """Whether a trait is more than text."""
        return any(_type(column, self) is not None for column in self.traits)

    def joined(self, other: Layout) -> Cells | None:
        """Only chunks of one file join: ids are made of the file's digest."""
        return self if self == other else None


def _written(time: str) -> str:
    """A time as full ISO-8601 text; NULL beyond the years that can be written so."""
    bounds = "timestamp '0001-01-01' and timestamp '9999-12-31 23:59:59.999999'"
    return f"case when {time} between {bounds} then strftime({time}, '%Y-%m-%dT%H:%M:%S.%fZ') end"


@dataclass(frozen=True, slots=True)
class _Typed:
    """A cell read as a type: the value as SQL (NULL if it does not fit), and what should have stood there."""

    value: Callable[[str], str]
    expected: str


_TYPES: Mapping[str, _Typed] = {
    BIGINT: _Typed(
        lambda c: (
            f"case when regexp_full_match(trim({c}), '[+-]?[0-9]+') then try_cast(trim({c}) as bigint) end"
        ),
        "an integer",
    ),
    DOUBLE: _Typed(
        lambda c: (
            f"case when regexp_full_match(trim({c}), '{_NUMBER}') "
            f"and isfinite(try_cast(trim({c}) as double)) then try_cast(trim({c}) as double) end"
        ),
        "a number with a point for decimals",
    ),
    BOOLEAN: _Typed(
        lambda c: f"case lower(trim({c})) when 'true' then true when 'false' then false end", "true or false"
    ),
    TIMESTAMP: _Typed(lambda c: _written(time_of(f"trim({c})")), TIME_EXPECTED),
    DATE: _Typed(
        lambda c: (
            f"case when regexp_full_match(trim({c}), '\\d{{4}}-\\d{{2}}-\\d{{2}}') "
            f"then {_written(f'try_cast(trim({c}) as timestamp)')} end"
        ),
        "a date such as 2026-01-31",
    ),
}


def from_cells(source: str, layout: Cells, rules: Rules) -> str:
    """SELECT of the relation of fields (see `calls`) with identifier columns, over a block named `source`."""
    own = {column.identifier: f"c{column.place}" for column in reversed(layout.columns) if column.identifier}
    texts = {name: own.get(name, "null::varchar") for name in OWN_FIELDS}
    time = next((f"c{c.place}" for c in layout.columns if c.name == layout.source.timestamp), None)
    read_time = (
        time_of(f"trim({time})")
        if time
        else "null::timestamp"
        if layout.source.as_of is None
        else "$as_of::timestamp"
    )
    inner = f"""
    select seq, file, line, {_faults(layout, time)} as fault, false as filtered,
      'csv:' || $digest || ':' || record as message_id, 'identify' as type,
      {", ".join(f"{text} as {name}" for name, text in texts.items())},
      {", ".join(f"null::varchar as {name}" for name in ("previous_id", "event", "name", "category"))},
      {", ".join(f"false as odd_{name}" for name in ("message_id", *OWN_FIELDS))},
      {read_time} as timestamp,
      {", ".join(f"null::timestamp as {name}" for name in ("received_at", "sent_at", "original_timestamp"))},
      {without_zone(f"trim({time})") if time else "false"} as without_zone,
      {_traits(layout)} as traits, null::varchar as properties, null::varchar as context,
      null::varchar as context_group_id,
      {", ".join(f"c{column.place}" for column in layout.columns)}
    from {quoted(source)}"""
    return extract(inner, Places(_candidates(layout, rules), external=False))


def _candidates(layout: Cells, rules: Rules) -> dict[str, tuple[Candidate, ...]]:
    """Per type the columns that hold it: those of its name, then those that are one of its traits."""
    found = {}
    for rule in rules.identifiers:
        traits = {
            location.path[0]
            for location in map(parse, rule.locations)
            if location.document == "traits" and len(location.path) == 1
        }
        named = [column for column in layout.columns if column.identifier == rule.type]
        others = [column for column in layout.columns if column not in named and column.name in traits]
        found[rule.type] = tuple(Candidate(f"c{column.place}") for column in [*named, *others])
    return found


def _type(column: Column, layout: Cells) -> _Typed | None:
    return _TYPES.get(dict(layout.source.types).get(column.name, ""))


def _faults(layout: Cells, time: str | None) -> str:
    """The first cell that does not fit its declared type."""
    cases = [
        f"when c{column.place} is not null and ({typed.value(f'c{column.place}')}) is null "
        f"then {fault('bad_value', column.name, typed.expected)}"
        for column in layout.columns
        if (typed := _type(column, layout)) is not None and layout.source.timestamp != column.name
    ]
    if time and layout.source.timestamp:
        expected = fault("bad_timestamp", layout.source.timestamp, TIME_EXPECTED)
        cases.append(f"when {time} is not null and ({time_of(f'trim({time})')}) is null then {expected}")
    return f"case {' '.join(cases)} end" if cases else f"null::{FAULT}"


def _traits(layout: Cells) -> str:
    """The filled cells as a JSON object under their names; NULL if none is."""
    if not layout.typed:
        return "traits::varchar"
    pairs = []
    for column in layout.traits:
        typed = _type(column, layout)
        cell = f"c{column.place}"
        pairs.append(f"{literal(column.name)}, {typed.value(cell) if typed else cell}")
    return f"nullif(json_merge_patch('{{}}'::json, json_object({', '.join(pairs)}))::varchar, '{{}}')"
