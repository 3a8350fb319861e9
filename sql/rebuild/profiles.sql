-- How many profiles and accounts, before, after and by what became of them. Grain: one row.
select
  count(*) filter (where fate <> 'new') as before,
  (select count(distinct after) from compared__identifiers) as after,
  count(*) filter (where fate = 'unchanged') as unchanged,
  count(*) filter (where fate = 'renamed') as renamed,
  count(*) filter (where fate = 'split') as split,
  count(*) filter (where fate = 'merged') as merged,
  count(*) filter (where fate = 'altered') as altered,
  count(*) filter (where fate = 'gone') as gone,
  count(*) filter (where fate = 'new') as new
from compared__fates;
