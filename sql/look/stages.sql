-- Batches that wait for a step. Grain: one row a stage short of the last.
select
  case stage
    when 'opened' then 'load'
    when 'loaded' then 'resolve'
    when 'resolved' then 'materialize'
  end as step,
  count(*) as batches,
  min(batch_time) as oldest
from ops.batches
where stage <> 'materialized'
group by stage
order by oldest, step;
