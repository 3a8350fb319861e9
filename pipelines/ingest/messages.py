"""From a block of records to judged messages, and from those to the parts of a message set: the statements.

A judged block has one row a record: `seq`, `verdict` (why it is rejected, or NULL), `filtered`, `repaired`,
and the columns of a message but for those that are the same for all its source's (see `taken.part`). Source
of the times: events specification, section 2.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipelines.ingest import calls, checks, identifiers, lookups
from pipelines.ingest.chunks import Layout
from pipelines.ingest.expressions import filled
from pipelines.ingest.jsonl import Lines
from pipelines.ingest.parquet import Structs
from pipelines.ingest.rows import Cells, from_cells
from pipelines.rules import Rules
from pipelines.sqlfiles import Statement

_TIME = """coalesce(timestamp,
      case when received_at is not null and sent_at is not null
        then received_at - (sent_at - original_timestamp) end,
      original_timestamp, received_at, $batch_time::timestamp)"""
"""The time of a message: its own, else corrected for a wrong device clock, else the next best."""

PAYLOAD = (
    "type",
    "timestamp",
    "received_at",
    "sent_at",
    "original_timestamp",
    "anonymous_id",
    "user_id",
    "group_id",
    "previous_id",
    "event",
    "name",
    "category",
    "traits",
    "properties",
    "context",
)
"""What a message says, apart from its id."""


def columns(rules: Rules) -> tuple[str, ...]:
    """The columns of a message set, in order."""
    return (
        "row",
        "file",
        "line",
        "input",
        "type",
        "message_id",
        *PAYLOAD[1:],
        "source_id",
        "source_name",
        "source_slug",
        "times",
        "addressee",
        *(identifiers.name(rule.type) for rule in rules.identifiers),
        "more",
        "ignored",
    )


def judge(
    source: str, layout: Layout, rules: Rules, batch_time: datetime, max_future: timedelta
) -> Statement:
    """SELECT of the judged records of the block `source`, in any order."""
    placed, params = _placed(source, layout, rules)
    kinds = ", ".join(identifiers.columns(rules))
    kept = ", ".join(name for name in PAYLOAD if name not in ("timestamp", "received_at"))
    sql = f"""
    select seq, file, line, {checks.verdict(rules)} as verdict,
      filtered and fault is null as filtered, without_zone as repaired,
      {filled("message_id")} as message_id, {kept},
      time as timestamp, coalesce(received_at, $batch_time::timestamp) as received_at,
      {kinds}, more, ignored
    from (select *, {_TIME} as time from ({placed}))"""
    params |= {"batch_time": batch_time, "latest": batch_time + max_future}
    return Statement(sql, params, "judge a block")


def _placed(source: str, layout: Layout, rules: Rules) -> tuple[str, dict[str, object]]:
    """The relation of fields with identifiers, for any layout, and its parameters."""
    match layout:
        case Lines():
            sql, params = lookups.from_calls(layout.select(source), rules, layout.may_have)
            return sql, params if layout.simple else {**params, "shape": calls.SHAPE}
        case Structs():
            return lookups.from_calls(layout.fields(source), rules, layout.may_have)
        case Cells():
            params = {"digest": layout.digest[:16]}
            if layout.source.timestamp is None and layout.source.as_of is not None:
                params["as_of"] = layout.source.as_of
            return from_cells(source, layout, rules), params
        case _:
            raise TypeError(f"no such layout: {type(layout).__name__}")
