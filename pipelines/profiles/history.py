"""Traits message by message: a snapshot for every change, for spaces with `trait_history: every_change`.

A profile's traits change with an identify call that sets or removes one, and with a merge that brings some.
Who is canonical changes within a batch too, so everything written is part of a *course*: that of the profile
it was written to, and from each merge on that of the survivor. In a course the newest write of a trait wins,
as in `traits`; a row is written wherever that makes a difference, and at every merge that combined traits.

Reads the temp tables `trait__writes` and, of `traits.COMPARE`, `traits_before`. Source of when a row is due:
spec profiles-sync.md section 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipelines.profiles.traits import insertion
from pipelines.sqlfiles import Statement

_SPANS = """
create or replace temp table trait_spans as
with moves as (
  select profile, canonical, ordinal as since from state.merges where batch = $batch
), starts as (
  select profile, profile as canonical, -1 as since
  from (select owner as profile from trait__writes union select profile from traits_before)
)
select profile, canonical, since, lead(since) over (partition by profile order by since) as until
from (from starts union all from moves semi join starts using (profile))
"""
"""In whose course a profile's traits are, from message `since` to before message `until` (NULL: to the end).
Ordinal -1 stands for all that was before the batch.
"""

_COURSES = """
create or replace temp table trait_courses as
with items as (
  select profile, canonical, name, value, timestamp, batch, ordinal, -1 as place from traits_before
  union all
  select owner, profile, name, value, timestamp, $batch, ordinal, ordinal from trait__writes
), names as (
  select distinct canonical, name from items
), below as (
  select r.profile, r.canonical, n.name, cast(null as varchar), r.timestamp, r.batch, r.ordinal, r.place
  from items r
  join names n on n.canonical = r.canonical and starts_with(n.name, r.name || '_')
  where r.value is null
), entries as (
  -- by the time and the number of its message the newest write wins, whenever it came to the course
  select s.canonical as profile, i.name, greatest(i.place, s.since) as ordinal,
         max({'at': i.timestamp, 'batch': i.batch, 'ordinal': i.ordinal, 'is_set': i.value is not null,
              'value': i.value}) as newest
  from (from items union all from below) i
  join trait_spans s on s.profile = i.profile and (s.until is null or s.until > i.place)
  group by all
), states as (
  select profile, name, ordinal,
         (max(newest) over (partition by profile, name order by ordinal)).value as value
  from entries
)
select profile, name, ordinal, value
from states
qualify ordinal < 0
     or value is distinct from lag(value) over (partition by profile, name order by ordinal)
"""
"""The traits of each profile before the batch (ordinal -1), and every change of one by the message that made
it. Removing `address` removes every `address_*`, as in `traits`.
"""

_CHANGED = """
create or replace temp table changed_profiles as
with moves as (
  select profile, min(ordinal) as ordinal, arg_min(canonical, ordinal) as canonical
  from state.merges where batch = $batch
  group by profile
), brought as (
  -- the last that the merged profile had of each trait
  select m.canonical as profile, m.ordinal, c.value
  from moves m
  join trait_courses c on c.profile = m.profile and c.ordinal < m.ordinal
  qualify row_number() over (partition by c.profile, c.name order by c.ordinal desc) = 1
)
select profile, ordinal from trait_courses where ordinal >= 0
union
select profile, ordinal from brought where value is not null
"""
"""Instead of `traits`' own: a row a profile and message that changed its traits, or merged some in."""

COMPARE = tuple(Statement(text, label="trait history") for text in (_SPANS, _COURSES, _CHANGED))
"""Find every change, message by message; to be run after `traits.COMPARE`. Parameter: `$batch`."""

TABLES = ("trait_spans", "trait_courses")
"""The temporary tables that stay for the caller to drop."""


_STATES = """
    with changes as (
      select profile, ordinal, row_number() over (partition by profile order by ordinal) as change,
             count(*) over (partition by profile) as changes
      from changed_profiles
    ), spans as (
      -- a value stands from the change that wrote it, or the first, to before the one that replaces it
      select t.profile, t.name, t.value, coalesce(c.change, 1) as first,
             coalesce(lead(c.change) over (partition by t.profile, t.name order by t.ordinal), a.changes + 1)
               as behind
      from trait_courses t
      join (select distinct profile, changes from changes) a using (profile)
      left join changes c on c.profile = t.profile and c.ordinal = t.ordinal
    ), carried as (
      select profile, name, value, unnest(range(first, behind)) as change from spans where value is not null
    )
    select c.profile as "@profile", c.ordinal as "@ordinal", v.name, v.value
    from changes c
    left join carried v using (profile, change)"""
"""All traits of a profile as they stood after each of its changes: what changed, and what was carried on."""


def snapshots(columns: Mapping[str, str]) -> str:
    """A row of `profile_traits_updates` for each of `changed_profiles`, with the traits as they then were."""
    return insertion(_STATES, columns)
