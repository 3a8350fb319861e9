-- How many identifiers, before, after and by what became of them. Grain: one row.
select
  count(c.before) as before,
  count(c.after) as after,
  count(*) filter (where l.goes_on) as kept,
  count(*) filter (where not l.goes_on) as moved,
  count(*) filter (where c.before is null) as added,
  count(*) filter (where c.after is null) as dropped
from compared__identifiers c
left join compared__links l using (before, after);
