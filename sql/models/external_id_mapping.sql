-- The owner of every identifier of the canonical profiles touched.
-- Grain: one row an identifier.
with canonical as (
  select profile, segment_id from touched where profile = canonical
)
select c.segment_id as canonical_segment_id, i.value as external_id_value, i.type as external_id_type,
       sha1(i.type || i.value) as external_id_hash, i.mapped_at as timestamp, b.batch_time as uuid_ts
from canonical c
join state.identifiers i using (profile)
join ops.batches b using (batch)
