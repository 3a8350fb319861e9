"""What a batch's messages are kept or dropped by: ids made from content, duplicates, order, rejects.

Statements over temporary tables of the loading connection (`TABLES`) and frames that the step registers; what
they need to know of a message they read from the parts written so far.
Source: design section 4, ids and order.
"""

from __future__ import annotations

from pipelines.ingest.chunks import Layout
from pipelines.ingest.messages import PAYLOAD
from pipelines.sqlfiles import Statement

TABLES = (
    """create or replace temp table load_rejects (
      file integer, line bigint, "column" varchar, reason varchar, detail varchar, raw varchar)""",
    "create or replace temp table load_occurrences (key ubigint, sha varchar, occurrences bigint)",
    "create or replace temp table load_contested (row bigint, file integer, line bigint)",
    "create or replace temp table load_content (row bigint, sha varchar)",
)
"""What load gathers over the blocks of a batch, emptied before the first."""


def rejects(layout: Layout) -> Statement:
    """Put aside the rejected records of the block `load_block`, judged as `load_judged`."""
    return Statement(
        f"""insert into load_rejects
        select file, line, verdict."column", verdict.reason, verdict.expected, rtrim(raw, e'\\r\\n')
        from (select seq, {layout.raw} as raw from load_block) semi_raw
        join load_judged using (seq) where verdict is not null"""
    )


UNREADABLE = Statement(
    """insert into load_rejects
    select file, line, "column", reason, detail,
      rtrim(coalesce(replace(try(decode(raw)), chr(0), '\\x00'), raw::varchar), e'\\r\\n')
    from load_unreadable"""
)
"""Put aside the records that the reader has rejected."""


def nameless(layout: Layout) -> Statement:
    """The records of a block in `load_nameless` (seq) as minified JSON."""
    return Statement(
        f"""select seq, json({layout.raw})::varchar as document
        from load_block semi join load_nameless using (seq)"""
    )


def contested(layout: Layout) -> Statement:
    """The records of a block that claim one id for several contents, as minified JSON; `seq` is their row."""
    return Statement(
        f"""select c.row as seq, json({layout.raw})::varchar as document
        from load_block b join load_contested c on b.file = c.file and b.line = c.line"""
    )


CONTENT = Statement("insert into load_content select seq, sha1(document) from load_canonical")

NAMES = (
    Statement(
        """create or replace temp table load_hashed as
        select seq, sha, ('0x' || sha[1:16])::ubigint as key
        from (select seq, sha1(document) as sha from load_canonical)"""
    ),
    Statement(
        """create or replace temp table load_names as
        with before as (
          select sha, sum(occurrences)::bigint as occurrences from load_occurrences
          where key in (select key from load_hashed) group by sha)
        select seq, 'auto:' || sha || ':' ||
          coalesce(occurrences, 0) + row_number() over (partition by sha order by seq) as message_id
        from load_hashed left join before using (sha)"""
    ),
    Statement("insert into load_occurrences select key, sha, count(*) from load_hashed group by key, sha"),
)
"""Ids of messages without one: of equal ones the first is number 1, and so on through the batch."""

NAMED = "select seq, message_id from load_names order by seq"


def rivals(parts: list[str]) -> tuple[Statement, ...]:
    """Messages with one id, and those of them that not even their times tell apart.

    They are among `load_repeated` (row), whose ids at least have one hash.
    """
    return (
        Statement(
            """create or replace temp table load_rivals as
            select row, file, line, message_id, timestamp, received_at
            from read_parquet($parts) semi join load_repeated using (row)
            qualify count(*) over (partition by message_id) > 1""",
            {"parts": parts},
        ),
        Statement(
            """create or replace temp table load_ties as
            select row, file, line, message_id from load_rivals
            qualify rank() over (partition by message_id order by timestamp, received_at) = 1
              and count(*) over (partition by message_id, timestamp, received_at) > 1"""
        ),
    )


def contest(parts: list[str]) -> Statement:
    """Of the ties those whose contents differ: only they need their SHA-1, so only they are read again."""
    said = ", ".join(f"p.{name}" for name in PAYLOAD)
    return Statement(
        f"""insert into load_contested
        with said as (
          select t.row, t.file, t.line, t.message_id, hash({said}) as content
          from load_ties t join read_parquet($parts) p using (row))
        select row, file, line from said
        where message_id in (
          select message_id from said group by message_id having count(distinct content) > 1)""",
        {"parts": parts},
    )


DROPPED = """
    select row from load_rivals left join load_content using (row)
    qualify row_number() over (partition by message_id order by timestamp, received_at, sha, row) > 1"""
"""Of several messages with one id in the batch all but the least."""

KNOWN = "select row, hash from load_hashes semi join state.messages using (hash)"
"""Of `load_hashes` (row, hash) those that an earlier batch has too."""

EARLIER = """
    select p.row from read_parquet($parts) p join load_known using (row)
    semi join state.messages m on m.hash = load_known.hash and m.message_id = p.message_id"""
"""Of `load_known` the messages whose ids, and not only their hashes, an earlier batch has."""

BY_ID = """
    select row from read_parquet($parts) semi join load_open using (row)
    order by timestamp, case when input = 'profiles' then 'csv:' else message_id end, row"""
"""The messages of `load_open` (row) in processing order.

Profile rows of equal time keep the order of files and rows; their ids do not count.
"""


def keep(batch: int) -> Statement:
    """Enter the messages in `load_kept`."""
    return Statement(
        """insert into state.messages
        select $batch, row, ordinal, file, line, repaired, hash, message_id from load_kept""",
        {"batch": batch},
    )


def duplicates(batch: int, parts: list[str]) -> Statement:
    """Enter the messages in `load_dropped` (row) as duplicates."""
    return Statement(
        """insert into state.duplicates
        select $batch, file, line, message_id from read_parquet($parts) semi join load_dropped using (row)""",
        {"batch": batch, "parts": parts},
    )


def refuse(batch: int) -> Statement:
    """Enter the rejects."""
    return Statement(
        """insert into ops.rejects
        select $batch, file, path, line, "column", reason, detail, raw
        from load_rejects join ops.files using (file) where batch = $batch""",
        {"batch": batch},
    )


REJECTED = "select file, count(*) from load_rejects group by file"
"""Rejected rows per file."""
