-- `seq` grows with `uuid_ts`: its first seven digits are the batch that has this time, and later batches have later
-- times. Within a batch it grows with the time of the messages.
with batches as (
  select batch, batch_time, lag(batch_time) over (order by batch) as before
  from ops.batches
), updates as (
  select 'id_graph_updates' as name, seq, uuid_ts, timestamp from id_graph_updates
  union all
  select 'external_id_mapping_updates', seq, uuid_ts, timestamp from external_id_mapping_updates
  union all
  select 'profile_traits_updates', seq, uuid_ts, timestamp from profile_traits_updates
)
select batch::varchar as seq
from batches
where batch_time <= before
union all
select u.seq
from updates u
left join batches b on b.batch_time = u.uuid_ts
where not regexp_full_match(u.seq, '[0-9]{20}') or left(u.seq, 7) is distinct from lpad(b.batch::varchar, 7, '0')
union all
(
  select seq
  from updates
  qualify timestamp < lag(timestamp) over (partition by name, uuid_ts order by seq)
);
