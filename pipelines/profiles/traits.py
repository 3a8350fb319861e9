"""Traits of a batch: the newest write of each wins, removals included; profiles that changed get a snapshot.

Rules: design section 6. Per trait the newest (timestamp, batch, ordinal) wins; a merge combines per trait;
removing `address` removes every `address_*`. The state before a batch is the last snapshot of each profile,
so a profile has changed exactly if a value differs between before and after. Snapshots message by message
are made by `history`.

The writes are in the temp table `trait__writes`: `profile` (canonical), `owner` (before merges), `name`,
`value` (NULL: removed), `ordinal`, `timestamp`, `received_at`.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.naming import literal, quoted
from pipelines.sqlfiles import Statement

_JOINED = """
create or replace temp table joined_profiles as
select profile, canonical, max(ordinal) as ordinal from state.merges where batch = $batch group by all
"""
"""Profiles merged away in this batch, with the message that did it last."""

_BEFORE = """
create or replace temp table traits_before as
select s.*, p.canonical, s.profile = p.canonical as is_own
from state.traits s
join (select profile from trait__writes union select profile from joined_profiles
      union select canonical from joined_profiles) involved using (profile)
join state.profiles p using (profile)
"""
"""What the profiles concerned had before the batch, those merged away since included."""

_AFTER = """
create or replace temp table traits_after as
with last_rows as (
  -- within a batch a greater ordinal is a later message; no message writes a trait twice
  select max_by(rowid, ordinal) as row from trait__writes group by profile, name
), written as (
  select profile, name, value, timestamp, received_at, $batch as batch, ordinal
  from trait__writes
  semi join last_rows on row = trait__writes.rowid
), removals as (
  select canonical as profile, name || '_' as prefix, timestamp, received_at, batch, ordinal
  from traits_before
  where value is null
  union all
  select profile, name || '_', timestamp, received_at, $batch, ordinal
  from trait__writes
  where value is null
), before as (
  select canonical as profile, name, value, timestamp, received_at, batch, ordinal from traits_before
), below as (
  select r.profile, n.name, cast(null as varchar) as value, r.timestamp, r.received_at, r.batch, r.ordinal
  from removals r
  join (select profile, name from before union select profile, name from written) n
    on n.profile = r.profile and starts_with(n.name, r.prefix)
), others as (
  from before union all from below
), contested as (
  from others
  union all
  from written semi join others using (profile, name)
)
from written anti join others using (profile, name)
union all
select profile, name,
       unnest(max_by(
         {'value': value, 'timestamp': timestamp, 'received_at': received_at,
          'batch': batch, 'ordinal': ordinal},
         (timestamp, batch, ordinal, value is not null)
       ))
from contested
group by profile, name
"""
"""The newest write of every trait of those profiles. A removal stays, against older values that come late."""

_CHANGED = """
create or replace temp table changed_profiles as
with merged as (
  select canonical as profile, max(ordinal) as ordinal,
         bool_or(exists (
           from traits_before b where b.profile = j.profile and b.value is not null
         )) as combined
  from joined_profiles j
  group by canonical
), differing as (
  -- a value that this batch did not write came with a merge
  select a.profile, case when a.batch = $batch then a.ordinal else m.ordinal end as ordinal
  from traits_after a
  left join traits_before o on o.is_own and o.profile = a.profile and o.name = a.name
  left join merged m on m.profile = a.profile
  where a.value is distinct from o.value
)
select profile, max(ordinal) as ordinal
from (
  from differing
  union all
  select profile, ordinal from merged where combined
)
semi join (from state.profiles where profile = canonical) today using (profile)
group by profile
"""
"""Canonical profiles that differ from their last snapshot, or got traits by a merge, and the last message."""

_STATE = (
    """
    delete from state.traits
    using (select profile from trait__writes union select profile from joined_profiles
           union select canonical from joined_profiles) involved
    where traits.profile = involved.profile
    """,
    """
    insert into state.traits by name
    select profile, name, value, timestamp, received_at, batch, ordinal from traits_after
    """,
)

_DROP = tuple(
    f"drop table {table}"
    for table in ("joined_profiles", "traits_before", "traits_after", "changed_profiles")
)


COMPARE = tuple(Statement(text, label="traits") for text in (_JOINED, _BEFORE, _AFTER, _CHANGED))
"""Find the newest write of every trait concerned and the profiles that changed. Parameter: `$batch`."""


def statements(snapshots: str) -> tuple[Statement, ...]:
    """Bring `state.traits` up to the batch and append the rows of `snapshots` to `profile_traits_updates`.

    To be run after `COMPARE` and `raw.STATEMENTS`; parameters, where named: `$batch`, `$time`.
    """
    return tuple(Statement(text, label="traits") for text in (*_STATE, snapshots, *_DROP))


_STATES = """
    select c.profile as "@profile", c.ordinal as "@ordinal", t.name, t.value
    from traits_after t
    join changed_profiles c on c.profile = t.profile"""


def snapshots(columns: Mapping[str, str]) -> str:
    """Every changed profile with all its traits, typed as their columns (name -> type)."""
    return insertion(_STATES, columns)


def insertion(states: str, columns: Mapping[str, str]) -> str:
    """The statement that writes snapshots from rows `@profile`, `@ordinal`, `name`, `value`.

    A trait may be called `profile`, `type` or like anything else of ours that has no @ in it. A pivot puts
    the rows side by side: an aggregate for each of thousands of columns costs the square of their number.
    """
    names = "".join(f", {quoted(name)}" for name in columns)
    values = "".join(f", cast(w.{quoted(name)} as {kind})" for name, kind in columns.items())
    wide = f"pivot (from states) on name in ({', '.join(map(literal, columns))}) using max(value)"
    if not columns:
        wide = 'select "@profile", "@ordinal" from states'
    return f"""
insert into profile_traits_updates
  (id, segment_id, triggering_event_id, triggering_event_name, triggering_event_type,
   triggering_event_source_id, triggering_event_source_name, triggering_event_source_slug,
   received_at, timestamp, uuid_ts, seq{names})
with states as ({states}
), wide as (
  {wide} group by "@profile", "@ordinal"
)
select 'trt_' || state.seq($batch, t.ordinal, 0), p.segment_id, t.message_id, t.event, t.type, t.source_id,
       t.source_name, t.source_slug, t.received_at, t.timestamp, $time::timestamp,
       state.seq($batch, t.ordinal, 0){values}
from wide w
join state.profiles p on p.profile = w."@profile"
join triggers t on t.ordinal = w."@ordinal"
"""
