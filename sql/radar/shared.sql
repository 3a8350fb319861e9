-- Identifiers that the messages of $least profiles or more had to drop for a limit: devices, addresses and numbers that
-- many people use. Of those that messages after the batch $after dropped. Grain: one row an identifier.
with limits as (
  select batch, identifier_type as type, identifier_value as value, segment_id
  from ops.resolution_log
  where collection = 'users' and reason in (
    'Identifier value limit exceeded', 'Identifier value time limit exceeded', 'Profile merge limit exceeded'
  )
),
dropped as (
  select distinct type, value from limits where batch > $after
)
select 'shared' as kind, cast(null as bigint) as profile, type, value, count(distinct segment_id) as number
from limits
semi join dropped using (type, value)
group by type, value
having count(distinct segment_id) >= $least;
