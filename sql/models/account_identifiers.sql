-- The identifiers of the canonical accounts touched.
-- Grain: one row an identifier.
with canonical as (
  select profile as account, segment_id from touched where profile = canonical
)
select c.segment_id as canonical_segment_id, i.type, i.value,
       state.seq(i.batch, i.ordinal, i.place) as seq, i.received_at, b.batch_time as uuid_ts, i.mapped_at as timestamp
from canonical c
join state.account_identifiers i using (account)
join ops.batches b using (batch)
