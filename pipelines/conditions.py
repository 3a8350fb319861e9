"""Conditions on the properties of an event: the sixteen operators, nested `and` / `or`, as DuckDB SQL.

As written in a space file, a condition is a mapping of a property and one operator, or a group:

```yaml
where:
  and:
    - {property: channel, equals: web}
    - or:
        - {property: total, at_least: 100}
        - {property: coupon, exists: true}
```

A list stands for `and`. Values never enter the SQL text: they become `$name` parameters.

How values compare. A number compares with numbers, and with text that reads as one (a column of mixed
values is text). Text compares bytewise, case and all. A date compares with times, and with text that reads
as a time. What cannot be compared does not match. `not_equals` and `not_contains` are the opposites of
`equals` and `contains`, so an event without the property matches them.

Source of the operators: traits-and-audiences specification, section 2.1.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, Literal, NamedTuple

from pipelines.errors import ConfigError
from pipelines.types import BIGINT, BOOLEAN, DOUBLE, TIMESTAMP, VARCHAR

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """One property held against one value (none for `exists` and `not_exists`, several for `..._one_of`)."""

    property: str
    operator: str
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that must all hold (`and`), or of which one must (`or`)."""

    mode: Literal["and", "or"]
    parts: tuple[Condition, ...]


Condition = Comparison | Group


class Problem(NamedTuple):
    """One thing wrong with a tree as written; `path` leads to it (keys, and positions in lists)."""

    path: tuple[str | int, ...]
    what: str
    expected: str
    hint: str | None = None


class Column(NamedTuple):
    """A column of an event table as SQL, and its type (one of `pipelines.types.TYPES`)."""

    sql: str
    type: str


class Parameters:
    """Collects the values of a statement under names of its own: `p0`, `p1`, ..."""

    def __init__(self) -> None:
        self.values: dict[str, Scalar | datetime] = {}

    def add(self, value: Scalar | datetime) -> str:
        """The placeholder (`$p0`) that stands for `value`."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


# --- what may be written
# ---------------------------------------------------------------------------------------

_VALUE, _NUMBER, _TEXT, _DATE, _LIST, _FLAG = (
    "a text, number or boolean",
    "a number",
    "a text",
    "a date",
    "a list",
    "true",
)

_TAKES = {
    "equals": _VALUE,
    "not_equals": _VALUE,
    "less_than": _NUMBER,
    "greater_than": _NUMBER,
    "at_most": _NUMBER,
    "at_least": _NUMBER,
    "contains": _TEXT,
    "not_contains": _TEXT,
    "starts_with": _TEXT,
    "ends_with": _TEXT,
    "exists": _FLAG,
    "not_exists": _FLAG,
    "before": _DATE,
    "after": _DATE,
    "equals_one_of": _LIST,
    "contains_one_of": _LIST,
}

OPERATORS = tuple(_TAKES)
"""The operators by the names used in a space file, in the specification's order."""


def problems(tree: object, path: tuple[str | int, ...] = ()) -> list[Problem]:
    """Everything wrong with a condition tree as written (mappings and lists read from YAML or JSON)."""
    if isinstance(tree, list):
        return _group_problems(tree, path)
    if not isinstance(tree, Mapping):
        return [Problem(path, "not a condition", "a mapping such as {property: channel, equals: web}")]
    modes = [key for key in tree if key in ("and", "or")]
    if not modes:
        return list(_comparison_problems(tree, path))
    if len(tree) > 1:
        return [
            Problem(path, f"`{modes[0]}` with other keys beside it", "`and` or `or` alone", "nest the groups")
        ]
    return _group_problems(tree[modes[0]], (*path, modes[0]))


def _group_problems(parts: object, path: tuple[str | int, ...]) -> list[Problem]:
    if not isinstance(parts, list) or not parts:
        return [Problem(path, "a group without conditions", "a list of conditions")]
    return [problem for place, part in enumerate(parts) for problem in problems(part, (*path, place))]


def _comparison_problems(tree: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[Problem]:
    named = tree.get("property")
    if not isinstance(named, str) or not named.strip():
        yield Problem(path, "a condition without a property", "`property:` and one operator")
    operators = [key for key in tree if key != "property"]
    for key in operators:
        if key not in _TAKES:
            close = get_close_matches(str(key), OPERATORS, n=1)
            yield Problem(
                (*path, key),
                f"unknown operator `{key}`",
                f"one of {', '.join(OPERATORS)}",
                f"did you mean `{close[0]}`?" if close else None,
            )
    known = [key for key in operators if key in _TAKES]
    if len(operators) != 1 and len(known) == len(operators):
        yield Problem(
            path, f"{len(operators)} operators in one condition", "exactly one", "use `and` to join several"
        )
    for key in known:
        if not _accepts(_TAKES[key], tree[key]):
            yield Problem((*path, key), f"`{key}` with a value it cannot take", _TAKES[key])


def _accepts(takes: str, value: object) -> bool:
    if takes == _FLAG:
        return value is True
    if takes == _DATE:
        return isinstance(value, date) or (isinstance(value, str) and moment(value) is not None)
    if takes == _LIST:
        return isinstance(value, list) and bool(value) and all(_accepts(_VALUE, item) for item in value)
    if takes == _TEXT:
        return isinstance(value, str) and value != ""
    finite = isinstance(value, int | float) and math.isfinite(value)
    if takes == _NUMBER:
        return finite and not isinstance(value, bool)
    return finite or isinstance(value, str)


def parse(tree: object) -> Condition:
    """The condition a tree stands for. Raises `ConfigError` on the first thing wrong with it."""
    for problem in problems(tree):
        where = ".".join(("where", *(str(step) for step in problem.path)))
        raise ConfigError(problem.what, where=where, expected=problem.expected, hint=problem.hint)
    return _parsed(tree)


def from_text(text: str) -> Condition:
    """The condition whose tree this JSON text is, as `ComputedTrait.where` holds it."""
    return parse(json.loads(text))


def _parsed(tree: Any) -> Condition:  # Any: checked by `problems`
    if isinstance(tree, list):
        return Group("and", tuple(_parsed(part) for part in tree))
    for mode in ("and", "or"):
        if mode in tree:
            return Group("and" if mode == "and" else "or", tuple(_parsed(part) for part in tree[mode]))
    operator = next(key for key in tree if key != "property")
    value = tree[operator]
    if _TAKES[operator] == _FLAG:
        return Comparison(tree["property"], operator)
    values = value if isinstance(value, list) else [value]
    return Comparison(
        tree["property"],
        operator,
        tuple(item.isoformat() if isinstance(item, date) else item for item in values),
    )


def moment(text: str) -> datetime | None:
    """The UTC time an ISO-8601 text stands for, naive; without a zone it is UTC. None if it is no such text.

    >>> moment("2026-03-01T12:00:00+02:00")
    datetime.datetime(2026, 3, 1, 10, 0)
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def properties(condition: Condition) -> frozenset[str]:
    """The properties a condition looks at, as written."""
    if isinstance(condition, Comparison):
        return frozenset({condition.property})
    return frozenset().union(*(properties(part) for part in condition.parts))


# --- what it becomes
# -------------------------------------------------------------------------------------------


def compiled(condition: Condition, column: Callable[[str], Column | None], parameters: Parameters) -> str:
    """`condition` as a SQL expression that is true or false, never NULL.

    `column` gives the column of a property, or None if no event ever carried it. Values go to `parameters`.
    """
    if isinstance(condition, Group):
        parts = (compiled(part, column, parameters) for part in condition.parts)
        return f"({f' {condition.mode} '.join(parts)})"
    found = column(condition.property)
    negative = condition.operator.startswith("not_")
    if found is None:
        return "true" if negative else "false"
    sql = _OPERATIONS[condition.operator.removeprefix("not_")](found, condition.values, parameters)
    return f"(not coalesce({sql}, false))" if negative else f"coalesce({sql}, false)"


def _equals(column: Column, values: tuple[Scalar, ...], parameters: Parameters) -> str:
    return _any(_equals_one(column, value, parameters) for value in values)


def _equals_one(column: Column, value: Scalar, parameters: Parameters) -> str:
    if isinstance(value, bool):
        return f"{_as_boolean(column)} = {parameters.add(value)}"
    if isinstance(value, int | float):
        return f"{_as_number(column)} = {parameters.add(value)}"
    time = moment(value)
    if column.type == TIMESTAMP and time is not None:
        return f"{column.sql} = {parameters.add(time)}"
    if column.type in (BIGINT, DOUBLE):  # `equals: "5"` on a column of numbers
        return f"{column.sql} = try_cast({parameters.add(value)} as double)"
    return f"{_as_text(column)} = {parameters.add(value)}"


def _ordered(operator: str) -> _Operation:
    def compare(column: Column, values: tuple[Scalar, ...], parameters: Parameters) -> str:
        return f"{_as_number(column)} {operator} {parameters.add(values[0])}"

    return compare


def _dated(operator: str) -> _Operation:
    def compare(column: Column, values: tuple[Scalar, ...], parameters: Parameters) -> str:
        time = moment(str(values[0]))
        return "false" if time is None else f"{_as_time(column)} {operator} {parameters.add(time)}"

    return compare


def _textual(function: str) -> _Operation:
    def compare(column: Column, values: tuple[Scalar, ...], parameters: Parameters) -> str:
        return _any(f"{function}({_as_text(column)}, {parameters.add(str(value))})" for value in values)

    return compare


def _exists(column: Column, _values: tuple[Scalar, ...], _parameters: Parameters) -> str:
    return f"{column.sql} is not null"


_Operation = Callable[[Column, tuple[Scalar, ...], Parameters], str]

_OPERATIONS: Mapping[str, _Operation] = {
    "equals": _equals,
    "equals_one_of": _equals,
    "less_than": _ordered("<"),
    "greater_than": _ordered(">"),
    "at_most": _ordered("<="),
    "at_least": _ordered(">="),
    "contains": _textual("contains"),
    "contains_one_of": _textual("contains"),
    "starts_with": _textual("starts_with"),
    "ends_with": _textual("ends_with"),
    "exists": _exists,
    "before": _dated("<"),
    "after": _dated(">"),
}


def _any(parts: Iterator[str]) -> str:
    return f"({' or '.join(parts)})"


def _as_number(column: Column) -> str:
    if column.type in (BIGINT, DOUBLE):
        return column.sql
    return f"try_cast({column.sql} as double)" if column.type == VARCHAR else "cast(null as double)"


def _as_boolean(column: Column) -> str:
    if column.type == BOOLEAN:
        return column.sql
    if column.type == VARCHAR:  # a cast would also take 't', 'yes' and '1'
        return f"case lower({column.sql}) when 'true' then true when 'false' then false end"
    return "cast(null as boolean)"


def _as_time(column: Column) -> str:
    if column.type == TIMESTAMP:
        return column.sql
    # Through a time with zone: text without one is UTC, the session's zone.
    return (
        f"cast(try_cast({column.sql} as timestamptz) as timestamp)"
        if column.type == VARCHAR
        else "cast(null as timestamp)"
    )


def _as_text(column: Column) -> str:
    if column.type == TIMESTAMP:
        return f"strftime({column.sql}, '%Y-%m-%dT%H:%M:%S.%gZ')"
    return column.sql if column.type == VARCHAR else f"cast({column.sql} as varchar)"
