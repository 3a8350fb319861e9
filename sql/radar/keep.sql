-- The findings, each with the line of a space file that would do something about it. A value that such a file could not
-- hold as text has none.
insert into ops.radar
with newest as (
  select batch, batch_time
  from ops.batches
  where stage = 'materialized'
  order by batch desc
  limit 1
),
proposed as (
  select
    f.*,
    o.place,
    case
      when f.value is null then o.opening || o.closing
      when not regexp_matches(f.value, '\$\{|\p{C}') then o.opening || to_json(f.value)::varchar || o.closing
    end as line
  from found f
  left join proposals o on o.kind = f.kind and o.type is not distinct from f.type
)
select
  f.kind,
  case when f.number >= t.block then 'block' else 'warn' end,
  p.segment_id,
  f.type,
  f.value,
  f.number,
  case when f.number >= t.block then t.block else t.warn end,
  n.batch,
  n.batch_time,
  case when f.line is not null then f.place end,
  f.line
from proposed f
join thresholds t using (kind)
left join state.profiles p using (profile)
cross join newest n;
