-- The accounts of the touched profiles: what was said of any of their profiles and accounts, brought together under the
-- canonical ones.
-- Grain: one row a canonical profile and account.
with pairs as (
  select t.canonical_segment_id, a.canonical, min(m.first_seen) as first_seen,
         unnest(max_by(
           {'timestamp': m.timestamp, 'received_at': m.received_at, 'batch': m.batch, 'ordinal': m.ordinal},
           (m.timestamp, m.batch, m.ordinal)
         ))
  from touched t
  join state.memberships m using (profile)
  join state.accounts a using (account)
  group by t.canonical_segment_id, a.canonical
)
select p.canonical_segment_id, c.segment_id as account_segment_id, p.first_seen, p.timestamp as last_seen,
       state.seq(p.batch, p.ordinal, 0) as seq, p.received_at, b.batch_time as uuid_ts
from pairs p
join state.accounts c on c.account = p.canonical
join ops.batches b on b.batch = p.batch
