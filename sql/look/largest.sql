-- The $count profiles with most identifiers. Grain: one row a canonical profile.
with identifiers as (
  select profile, count(*) as identifiers, count(distinct type) as types
  from state.identifiers
  group by profile
),
largest as (
  select profile, identifiers, types
  from identifiers
  order by identifiers desc, profile
  limit $count
),
members as (
  select canonical as profile, p.profile as member
  from state.profiles p
  where canonical in (select profile from largest)
),
messages as (
  select m.profile, count(*) as messages
  from state.owners o
  join members m on m.member = o.profile
  group by m.profile
)
select
  p.segment_id,
  l.identifiers,
  l.types,
  (select count(*) from members m where m.profile = l.profile) - 1 as merged,
  coalesce(messages, 0) as messages
from largest l
join state.profiles p using (profile)
left join messages using (profile)
order by l.identifiers desc, l.profile;
