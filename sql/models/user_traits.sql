-- The traits of the canonical profiles touched; a removed one has no row.
-- Grain: one row a profile and trait.
with canonical as (
  select profile, segment_id from touched where profile = canonical
)
select c.segment_id as canonical_segment_id, s.name, s.value, state.seq(s.batch, s.ordinal, 0) as seq,
       s.received_at, b.batch_time as uuid_ts, s.timestamp
from canonical c
join state.traits s using (profile)
join ops.batches b using (batch)
where s.value is not null
