-- How many profiles have how many identifiers. Grain: one row a size, from 1 up.
with sizes as (
  select profile, count(*) as identifiers
  from state.identifiers
  group by profile
)
select
  identifiers,
  count(*) as profiles
from sizes
group by identifiers
order by identifiers;
