-- The profiles whose identifiers may be others than before the batches after $after. Grain: one row a canonical profile.
create or replace temp table changed as
select distinct p.canonical as profile
from state.profiles p
join (
  select profile from state.profiles where batch > $after
  union all
  select profile from state.identifiers where batch > $after
  union all
  select unnest([profile, canonical]) from state.merges where batch > $after
) c using (profile);
