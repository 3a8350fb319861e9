"""Current-state tables: the rows of every touched profile are deleted and written again from `sql/models`.

A profile is touched if the batch created, merged or extended it, or wrote one of its traits; with it all
profiles that are merged into the same one. On a full build all profiles are touched: one query serves both.
"""

from __future__ import annotations

from pipelines import sqlfiles
from pipelines.sqlfiles import Statement

TABLES = {
    "id_graph": "segment_id",
    "profile_merges": "segment_id",
    "user_identifiers": "canonical_segment_id",
    "external_id_mapping": "canonical_segment_id",
    "user_traits": "canonical_segment_id",
    "profile_traits": "canonical_segment_id",
}
"""Every current-state table, and its column by which the rows of a touched profile are found."""

_TOUCHED = """
create or replace temp table touched as
with named as (
  select profile from state.profiles where batch = $batch
  union
  select profile from state.merges where batch = $batch
  union
  select canonical from state.merges where batch = $batch
  union
  select first_profile from state.identifiers where batch = $batch
  union
  select profile from writes
), canonical as (
  select distinct p.canonical from state.profiles p semi join named using (profile)
)
select p.profile, p.segment_id, p.canonical, c.segment_id as canonical_segment_id
from state.profiles p
join canonical using (canonical)
join state.profiles c on c.profile = p.canonical
"""

_ALL = """
create or replace temp table touched as
select p.profile, p.segment_id, p.canonical, c.segment_id as canonical_segment_id
from state.profiles p join state.profiles c on c.profile = p.canonical
"""


def statements(full: bool) -> tuple[Statement, ...]:
    """Write the touched profiles again; `full`: all of them, into tables that are empty.

    To be run in order with `$batch` and `$time`, those that name them. `touched` stays, to be counted.
    """
    touched = Statement(_ALL if full else _TOUCHED, label="touched")
    return (
        touched,
        *(statement for table, key in TABLES.items() for statement in _written(table, key, full)),
    )


def _written(table: str, key: str, full: bool) -> tuple[Statement, ...]:
    insert = Statement(f"insert into {table} by name\n{sqlfiles.read(f'models/{table}.sql')}", label=table)
    delete = Statement(
        f"delete from {table} using touched where {table}.{key} = touched.segment_id", label=table
    )
    return (insert,) if full else (delete, insert)
