-- A few of each kind of change, the largest first; with how many identifiers each profile has to do with it.
-- Identifier values are cut to their first character unless $values. Grain: one row a change; $count of a kind.
with split as (
  select 1 as kind, 'split' as change, before as "from",
    list(after || ' (' || identifiers || ')' order by identifiers desc, after) as parts,
    sum(identifiers) as size
  from compared__links semi join (from compared__fates where fate = 'split') using (before)
  group by before
), merged as (
  select 2 as kind, 'merged' as change, after as "to",
    list(before || ' (' || identifiers || ')' order by identifiers desc, before) as parts,
    sum(identifiers) as size
  from compared__links
  group by after
  having count(*) > 1
), shown as (
  select kind, change, "from", array_to_string(parts[:3], ', ') || if(len(parts) > 3, ' …', '') as "to", size
  from split
  union all
  select kind, change, array_to_string(parts[:3], ', ') || if(len(parts) > 3, ' …', ''), "to", size
  from merged
  union all
  select 3, 'renamed', before, after, identifiers
  from compared__fates where fate = 'renamed'
  union all
  select 4, 'moved ' || type || ' ' || if($values, value, left(value, 1) || '…'), before, after, 1
  from compared__identifiers join compared__links using (before, after)
  where not goes_on
)
select change, "from", "to", size::bigint as identifiers
from shown
qualify row_number() over (partition by kind order by size desc, "from", "to", change) <= $count
order by kind, size desc, "from", "to", change;
