"""Current-state tables: the rows of every touched profile are deleted and written again from `sql/models`.

A batch touches a profile in up to three ways, each with tables of its own: it created or merged it, it mapped
an identifier to it, it wrote one of its traits. With a profile all that are merged into the same one are
touched. On a full build all profiles are: one query serves both.
"""

from __future__ import annotations

from pipelines import sqlfiles
from pipelines.sqlfiles import Statement

_GROUPS = {
    "in_graph": ("id_graph", "profile_merges"),
    "in_identifiers": ("user_identifiers", "external_id_mapping"),
    "in_traits": ("user_traits", "profile_traits"),
}
"""The ways to be touched, as columns of `named_profiles`, and the tables that depend on them."""

TABLES = tuple(table for tables in _GROUPS.values() for table in tables)
"""Every current-state table."""

NAMED = "named_profiles"
"""The temporary table that stays for the caller to count and drop: a row a canonical profile touched."""

_KEYS = {"id_graph": "segment_id", "profile_merges": "segment_id"}

_NAME_TOUCHED = f"""
create or replace temp table {NAMED} as
with causes as (
  select profile, true as in_graph, false as in_identifiers, true as in_traits
  from state.profiles where batch = $batch
  union all
  select unnest([profile, canonical]), true, true, true
  from state.merges where batch = $batch
  union all
  select first_profile, false, true, false
  from state.identifiers where batch = $batch
  union all
  select distinct profile, false, false, true
  from trait__writes
)
select p.canonical, bool_or(in_graph) as in_graph, bool_or(in_identifiers) as in_identifiers,
       bool_or(in_traits) as in_traits
from causes
join state.profiles p using (profile)
group by p.canonical
"""

_NAME_ALL = f"""
create or replace temp table {NAMED} as
select profile as canonical, true as in_graph, true as in_identifiers, true as in_traits
from state.profiles
where profile = canonical
"""


def statements(full: bool) -> tuple[Statement, ...]:
    """Write the touched profiles again; `full`: all of them, into tables that are empty.

    To be run in order with `$batch` and `$time`, those that name them.
    """
    made = [Statement(_NAME_ALL if full else _NAME_TOUCHED, label="touched")]
    # all profiles are touched in every way: one table serves all groups
    groups = {"true": TABLES} if full else _GROUPS
    for way, tables in groups.items():
        made.append(Statement(_touched(way), label="touched"))
        for table in tables:
            made += _written(table, full)
    return (*made, Statement("drop table touched", label="touched"))


def _touched(way: str) -> str:
    """The table the models read: every profile touched in a way, and what it is merged into."""
    return f"""
create or replace temp table touched as
select p.profile, p.segment_id, p.canonical, c.segment_id as canonical_segment_id
from state.profiles p
join {NAMED} n using (canonical)
join state.profiles c on c.profile = p.canonical
where {way}
"""


def _written(table: str, full: bool) -> tuple[Statement, ...]:
    key = _KEYS.get(table, "canonical_segment_id")
    insert = Statement(f"insert into {table} by name\n{sqlfiles.read(f'models/{table}.sql')}", label=table)
    delete = Statement(
        f"delete from {table} using touched where {table}.{key} = touched.segment_id", label=table
    )
    return (insert,) if full else (delete, insert)
