-- Profiles before and after merging. Grain: one row a collection (users, accounts) that has any.
with profiles as (
  select
    case when segment_id like 'acc\_%' escape '\' then 'accounts' else 'users' end as collection,
    profile,
    canonical
  from state.profiles
),
identifiers as (
  select canonical_profiles.collection, count(*) as identifiers
  from state.identifiers
  join profiles as canonical_profiles using (profile)
  group by canonical_profiles.collection
)
select
  collection,
  coalesce(any_value(identifiers), 0) as identifiers,
  count(*) as before,
  count(*) filter (where profile <> canonical) as merged,
  count(*) filter (where profile = canonical) as after
from profiles
left join identifiers using (collection)
group by collection
order by collection desc;
