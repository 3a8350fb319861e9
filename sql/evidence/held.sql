-- What the profiles `wanted` hold, numbered by `code`, oldest first. Grain: one row an identifier.
create or replace temp table held as
select
  row_number() over (order by i.profile, i.batch, i.ordinal, i.place) - 1 as code,
  i.profile,
  i.type,
  i.value,
  i.batch,
  i.ordinal
from state.identifiers i
semi join wanted using (profile);
