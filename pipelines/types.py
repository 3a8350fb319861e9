"""Column types and how they widen: from the kinds of JSON values a column has met to the type that holds them
all.

```
boolean    bigint    timestamp
    │        │           │
    │      double        │
    └────────┼───────────┘
          varchar
```

A column's type is the join of the kinds of its values, so it does not depend on the order in which they come.
Nothing is cast away: integers join doubles only while a double holds them exactly (up to 2**53), every other
mix is text. Source: profiles-sync specification, section 7; the widening replaces its "first value wins".
"""

from __future__ import annotations

from enum import IntFlag

BOOLEAN = "boolean"
BIGINT = "bigint"
DOUBLE = "double"
TIMESTAMP = "timestamp"
VARCHAR = "varchar"

# Every type a column of a trait or property can have; `types:` of an input may name these, and a date.
TYPES = (BOOLEAN, BIGINT, DOUBLE, TIMESTAMP, VARCHAR)

DATE = "date"
"""How a cell may be written, not a type of its own: its column is a timestamp, at midnight UTC."""

# The largest magnitude up to which every integer is a double.
EXACT_IN_DOUBLE = 2**53


class Kind(IntFlag):
    """What a JSON value is, one bit each: the kinds of a column are the bitwise or of its values'."""

    NULL = 1
    BOOL = 2
    INT = 4
    """An integer of magnitude up to 2**53: exact as a double."""
    BIGINT = 8
    """An integer beyond 2**53 that fits 64 bits."""
    HUGE = 16
    """An integer beyond 64 bits: only text keeps it."""
    DOUBLE = 32
    TIMESTAMP = 64
    """A string that is a full ISO-8601 time with zone."""
    TEXT = 128
    ARRAY = 256
    """Kept as its JSON text."""
    OBJECT = 512
    """Kept as its JSON text where it is not flattened."""


# The kinds that each type holds without loss. Ordered from narrow to wide: the first that holds all kinds is
# taken.
_HOLDS = {
    BOOLEAN: Kind.BOOL,
    BIGINT: Kind.INT | Kind.BIGINT,
    DOUBLE: Kind.INT | Kind.DOUBLE,
    TIMESTAMP: Kind.TIMESTAMP,
}

# What a column of a type may be taken to hold already, as far as its type tells.
_HELD = {
    BOOLEAN: Kind.BOOL,
    BIGINT: Kind.INT,
    DOUBLE: Kind.DOUBLE,
    TIMESTAMP: Kind.TIMESTAMP,
    VARCHAR: Kind.TEXT,
}


def column_type(kinds: int) -> str | None:
    """The narrowest type that holds values of all `kinds` (an or of `Kind` bits); None while only nulls were
    met.

    >>> column_type(Kind.INT | Kind.NULL), column_type(Kind.INT | Kind.DOUBLE)
    ('bigint', 'double')
    """
    met = Kind(kinds) & ~Kind.NULL
    if not met:
        return None
    for name, holds in _HOLDS.items():
        if not met & ~holds:
            return name
    return VARCHAR


def widen(existing: str, kinds: int) -> str:
    """The type a column of type `existing` needs so that it also holds values of `kinds`; never narrower.

    A bigint column does not tell by its type whether it holds an integer beyond 2**53. Where one is about to
    meet doubles, the caller looks and adds `Kind.BIGINT` to `kinds` if so; then the column becomes text, not
    a double.

    >>> widen("bigint", Kind.DOUBLE), widen("bigint", Kind.DOUBLE | Kind.BIGINT), widen("double", Kind.NULL)
    ('double', 'varchar', 'double')
    """
    return column_type(_HELD[existing] | kinds) or existing
