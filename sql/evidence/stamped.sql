-- The messages of the profiles `wanted` and of all merged into them. Grain: one row a message.
create or replace temp table stamped as
select o.batch, o.row, o.ordinal, p.canonical as profile
from state.owners o
join (
  select p.profile, p.canonical
  from state.profiles p
  semi join wanted w on w.profile = p.canonical
) p using (profile);
