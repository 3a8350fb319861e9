"""What a batch's messages are kept or dropped by: numbering, ids made from content, duplicates, order.

Statements over temporary tables of the loading connection (`TABLES`).
Source: design section 4, ids and order.
"""

from __future__ import annotations

from pipelines.ingest.chunks import Layout
from pipelines.ingest.messages import PAYLOAD
from pipelines.naming import literal
from pipelines.sqlfiles import Statement

TABLES = (
    """create or replace temp table load_arrived (
      row bigint, file integer, line bigint, hash ubigint, message_id varchar,
      timestamp timestamp, received_at timestamp, profile boolean, repaired boolean)""",
    """create or replace temp table load_rejects (
      file integer, line bigint, "column" varchar, reason varchar, detail varchar, raw varchar)""",
    "create or replace temp table load_filtered (file integer, filtered bigint)",
    "create or replace temp table load_occurrences (key ubigint, sha varchar, occurrences bigint)",
    "create or replace temp table load_contested (row bigint, file integer, line bigint)",
    "create or replace temp table load_content (row bigint, sha varchar)",
)
"""What load gathers over the blocks of a batch, emptied before the first."""

TAKEN = "verdict is null and not filtered"


def rejects(layout: Layout) -> tuple[Statement, ...]:
    """Put aside the rejected records of a block, the reader's and the checks', and count the filtered."""
    return (
        Statement(
            f"""insert into load_rejects
            select file, line, verdict."column", verdict.reason, verdict.expected, rtrim(raw, e'\\r\\n')
            from (select seq, {layout.raw} as raw from load_block) semi_raw
            join load_judged using (seq) where verdict is not null"""
        ),
        Statement(
            """insert into load_rejects
            select file, line, "column", reason, detail,
              rtrim(coalesce(replace(try(decode(raw)), chr(0), '\\x00'), raw::varchar), e'\\r\\n')
            from load_unreadable"""
        ),
        Statement(
            "insert into load_filtered select file, count(*) from load_judged "
            "where verdict is null and filtered group by file"
        ),
    )


def nameless(layout: Layout) -> Statement:
    """`load_documents`: the records of a block that are taken but bring no message id, as minified JSON."""
    return Statement(
        f"""create or replace temp table load_documents as
        select seq, json({layout.raw})::varchar as document from load_block
        where seq in (select seq from load_judged where {TAKEN} and message_id is null)"""
    )


def contested(layout: Layout) -> Statement:
    """`load_documents`: the records of a block that claim one id for several contents; `seq` is their row."""
    return Statement(
        f"""create or replace temp table load_documents as
        select c.row as seq, json({layout.raw})::varchar as document
        from load_block b join load_contested c on b.file = c.file and b.line = c.line"""
    )


CONTENT = Statement("insert into load_content select seq, sha1(document) from load_canonical")

NAMES = (
    Statement(
        """create or replace temp table load_hashed as
        select seq, sha, md5_number_lower(sha) as key
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

NO_NAMES = Statement("create or replace temp table load_names (seq bigint, message_id varchar)")


def number(base: int) -> Statement:
    """`load_numbered`: the taken records of a block with their row in the batch and their id."""
    return Statement(
        f"""create or replace temp table load_numbered as
        select seq, $base + row_number() over (order by seq) - 1 as row,
          coalesce(j.message_id, n.message_id) as message_id
        from load_judged j left join load_names n using (seq) where {TAKEN}""",
        {"base": base},
    )


def arriving(plain: bool) -> str:
    """The messages of a block as a relation; `plain` if all were taken with ids of their own."""
    if plain:
        return "(select *, $base + seq as row from load_judged)"
    return """(select j.* replace (n.message_id as message_id), n.row
        from load_judged j join load_numbered n using (seq))"""


def arrive(plain: bool, base: int) -> Statement:
    """Note a block's messages for the batch's dedup and order."""
    return Statement(
        f"""insert into load_arrived
        select row, file, line, md5_number_lower(message_id), message_id, timestamp, received_at,
          input = 'profiles', repaired from {arriving(plain)}""",
        {"base": base} if plain else {},
    )


def write(plain: bool, base: int, columns: tuple[str, ...], path: str) -> Statement:
    """Write a block's messages as one part of the message set."""
    return Statement(
        f"""copy (select {", ".join(columns)} from {arriving(plain)})
        to {literal(path)}
        (format parquet, compression snappy, row_group_size 122880, dictionary_size_limit 4096)""",
        {"base": base} if plain else {},
    )


RIVALS = (
    Statement(
        """create or replace temp table load_rivals as
        select row, file, line, message_id, timestamp, received_at from load_arrived
        where hash in (select hash from load_arrived group by hash having count(*) > 1)
        qualify count(*) over (partition by message_id) > 1"""
    ),
    Statement(
        """create or replace temp table load_ties as
        select row, file, line, message_id from load_rivals
        qualify rank() over (partition by message_id order by timestamp, received_at) = 1
          and count(*) over (partition by message_id, timestamp, received_at) > 1"""
    ),
)
"""Messages with one id, and those of them that not even their times tell apart."""


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


DROPPED = Statement(
    """create or replace temp table load_dropped as
    select row from load_rivals left join load_content using (row)
    qualify row_number() over (partition by message_id order by timestamp, received_at, sha, row) > 1
    union
    select a.row from load_arrived a
    semi join state.messages m on a.hash = m.hash and a.message_id = m.message_id"""
)
"""Duplicates: of several with one id in the batch all but the least, and every id an earlier batch had."""


def keep(batch: int) -> tuple[Statement, ...]:
    """The batch's messages in the order they are processed in, and its duplicates.

    Profile rows of equal time keep the order of files and rows; their ids do not count.
    """
    return (
        Statement(
            """insert into state.messages
            select $batch, row,
              row_number() over (
                order by timestamp, case when profile then 'csv:' else message_id end, row) - 1,
              file, line, repaired, hash, message_id
            from load_arrived anti join load_dropped using (row)""",
            {"batch": batch},
        ),
        Statement(
            """insert into state.duplicates
            select $batch, file, line, message_id from load_arrived semi join load_dropped using (row)""",
            {"batch": batch},
        ),
        Statement(
            """insert into ops.rejects
            select $batch, file, path, line, "column", reason, detail, raw
            from load_rejects join ops.files using (file) where batch = $batch""",
            {"batch": batch},
        ),
    )


COUNTS = Statement(
    """select file, sum(loaded)::bigint, sum(repaired)::bigint, sum(duplicate)::bigint,
      sum(rejected)::bigint, sum(filtered)::bigint
    from (
      select file, (d.row is null and not repaired)::int as loaded,
        (d.row is null and repaired)::int as repaired, (d.row is not null)::int as duplicate,
        0 as rejected, 0 as filtered
      from load_arrived left join load_dropped d using (row)
      union all select file, 0, 0, 0, 1, 0 from load_rejects
      union all select file, 0, 0, 0, 0, filtered from load_filtered)
    group by file"""
)
"""Per file: rows loaded, repaired, duplicate, rejected, filtered."""
