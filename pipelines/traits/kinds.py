"""The kinds of computed traits: what each makes of the events that match. Another kind is another entry in
`KINDS`.

Source: traits-and-audiences specification, section 2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from pipelines.conditions import Column

# Made once a scan, however many traits use it. No property's column can have a blank in its name.
ORDER_COLUMN = '"event order"'
ORDER = "create_sort_key(timestamp, 'asc nulls first', received_at, 'asc nulls first', id, 'asc nulls first')"
"""Which of several events comes later: by time, then by receipt, then by message id (bytewise)."""


class Events(NamedTuple):
    """What an aggregate works on: the events that match (a SQL condition), and the property it looks at."""

    match: str
    property: Column | None


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of computed trait.

    `aggregate` gives the value over a profile's events, as SQL over a table called `event`, with its DuckDB
    type; it is NULL where the profile has no value. `when_gone` is the JSON sent to a profile that had a
    value and has none any more; a JSON null removes the trait.
    """

    aggregate: Callable[[Events], Column]
    when_gone: str = "null"


def _event_counter(events: Events) -> Column:
    return Column(f"nullif(count(*) filter (where {events.match}), 0)", "BIGINT")


def _last(events: Events) -> Column:
    if events.property is None:  # no event has carried the property yet
        return Column("cast(null as varchar)", "VARCHAR")
    value, type_name = events.property
    return Column(
        f"arg_max({value}, event.{ORDER_COLUMN}) filter (where {value} is not null and {events.match})",
        type_name,
    )


KINDS: Mapping[str, Kind] = {
    "event_counter": Kind(_event_counter, when_gone="0"),
    "last": Kind(_last),
}
