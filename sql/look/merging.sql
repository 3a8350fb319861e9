-- Profiles before and after merging. Grain: one row a collection (users, accounts) that has any.
with profiles as (
  select 'users' as collection, profile, canonical from state.profiles
  union all
  select 'accounts', account, canonical from state.accounts
),
identifiers as (
  select 'users' as collection, count(*) as identifiers from state.identifiers
  union all
  select 'accounts', count(*) from state.account_identifiers
)
select
  collection,
  any_value(identifiers) as identifiers,
  count(*) as before,
  count(*) filter (where profile <> canonical) as merged,
  count(*) filter (where profile = canonical) as after
from profiles
join identifiers using (collection)
group by collection
order by collection desc;
