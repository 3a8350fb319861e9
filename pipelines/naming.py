"""Names of tables and columns: snake case, reserved names, quoting.

Source: profiles-sync specification, section 7 (the rules of go-snakecase and the reserved names).
A name that is taken is kept with `_` in front, never dropped: no data is lost to a clash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

# A run of upper case and digits followed by a run of lower case and digits: `CStringRef` -> `CString`, `Ref`.
# Spelled out in ASCII: every other byte is a separator.
_TOKEN = re.compile(r"[A-Z0-9]+[a-z0-9]*|[a-z0-9]+")

LONGEST_NAME = 255
"""Characters of a table's or column's name, with the `_` that may come in front: as many as Snowflake and
Databricks take. Names are ASCII.
"""

# Columns the tables have of their own. `__operation` cannot clash: snake case never starts with two
# underscores.
RESERVED_COLUMNS = frozenset(
    {
        "anonymous_id",
        "canonical_segment_id",
        "etl_ts",
        "event",
        "event_source_id",
        "event_text",
        "group_id",
        "id",
        "loaded_at",
        "merged_to",
        "original_timestamp",
        "previous_id",
        "received_at",
        "segment_id",
        "sent_at",
        "seq",
        "timestamp",
        "user_id",
        "uuid",
        "uuid_ts",
    }
)

# Families of columns the tables have of their own, whatever follows.
RESERVED_PREFIXES = ("context_", "triggering_event_")

_PROFILE_TABLES = (
    "external_id_mapping",
    "external_id_mapping_updates",
    "id_graph",
    "id_graph_updates",
    "profile_merges",
    "profile_traits",
    "profile_traits_updates",
    "user_identifiers",
    "user_traits",
)
_EVENT_TABLES = ("aliases", "groups", "identifies", "pages", "screens", "tracks")

# Tables that a track event's own table must not be named like. Only the accounts' exact names are taken, not
# everything that starts with `account_`: "Account Created" is an ordinary event.
RESERVED_TABLES = frozenset(
    {
        *_PROFILE_TABLES,
        *_EVENT_TABLES,
        *(f"account_{table}" for table in _PROFILE_TABLES),
        "account_identifiers",
        "account_memberships",
        "account_merges",
        "account_traits",
        "account_traits_updates",
    }
)


def snake(name: str) -> str:
    """`name` in snake case, as the warehouses of Segment spell it; never empty.

    A name with no ASCII letter or digit has nothing left: it becomes `_` and 8 hex digits of its SHA-1, so
    that two such names stay two columns.

    >>> snake("CStringRef"), snake("SAMPLE 2 TEXT"), snake("lk0B@bFmjrLQ_Z6YL")
    ('cstring_ref', 'sample_2_text', 'lk0_b_b_fmjr_lq_z6yl')
    """
    tokens = _TOKEN.findall(name)
    if not tokens:
        digest = hashlib.sha1(name.encode("utf-8", "surrogatepass"), usedforsecurity=False)
        return f"_{digest.hexdigest()[:8]}"
    return "_".join(tokens).lower()


def bounded(name: str) -> str:
    """`name` cut to what warehouses take, if it is longer, and told apart by 8 hex digits of its SHA-1.

    >>> len(bounded("a" * 1000)), bounded("a" * 1000)[-11:], bounded("short")
    (254, 'aa_291e9a6c', 'short')
    """
    if len(name) < LONGEST_NAME:
        return name
    digest = hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: LONGEST_NAME - 10].rstrip('_')}_{digest[:8]}"


def column_name(name: str, reserved: Collection[str] = RESERVED_COLUMNS) -> str:
    """The column of a trait or property: its snake case, `_` in front if it starts with a digit or is taken.

    `name` may be a path already joined with `_` (`address_street`). Columns flattened from `context` are
    named `context_` + `snake(...)` instead; they are the family this function keeps others out of.

    >>> column_name("Favourite Colour"), column_name("2FA"), column_name("userId"), column_name("context.ip")
    ('favourite_colour', '_2fa', '_user_id', '_context_ip')
    """
    column = bounded(snake(name))
    if column[0].isdigit() or column in reserved or column.startswith(RESERVED_PREFIXES):
        return f"_{column}"
    return column


def table_name(event: str) -> str:
    """The table of a track event: its snake case, `_` in front if it starts with a digit or is taken.

    >>> table_name("Order Completed"), table_name("Tracks"), table_name("2nd Visit")
    ('order_completed', '_tracks', '_2nd_visit')
    """
    table = bounded(snake(event))
    if table[0].isdigit() or table in RESERVED_TABLES:
        return f"_{table}"
    return table


def quoted(name: str) -> str:
    """`name` as a quoted SQL identifier.

    >>> quoted('a "b" c')
    '"a ""b"" c"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as a SQL string, only for the places where DuckDB takes no parameter (a path in COPY).

    >>> literal("it's.parquet")
    "'it''s.parquet'"
    """
    return "'" + text.replace("'", "''") + "'"
