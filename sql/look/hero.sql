-- The person whose story is told: the profile of a known user that was pieced together from most kinds of identifier,
-- then from most profiles, then identifiers; the oldest among equals. Grain: at most one row.
with members as (
  select canonical as profile, count(*) - 1 as merged
  from state.profiles
  where segment_id like 'use\_%' escape '\'
  group by canonical
),
identifiers as (
  select profile, count(distinct type) as types, count(*) as identifiers
  from state.identifiers
  group by profile
)
select p.segment_id
from members
join identifiers using (profile)
join state.profiles p using (profile)
where merged > 0
order by types desc, merged desc, identifiers desc, profile
limit 1;
