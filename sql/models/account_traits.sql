-- The touched accounts with their traits side by side; one merged away is a tombstone, traits NULL and merged_to set.
-- Every account has a row, also without a trait. `account_winners` are the writes that count, of the canonical ones, and
-- `account_columns` the same side by side, under the number of the account as "@account".
-- Grain: one row a segment_id.
with changes as (
  select t.profile, a.batch, a.ordinal, a.received_at, a.timestamp
  from touched t join state.accounts a on a.account = t.profile
  union all
  select t.profile, m.batch, m.ordinal, m.received_at, m.timestamp
  from touched t join (
    select account as profile, * from state.account_merges union all select canonical, * from state.account_merges
  ) m using (profile)
  union all
  select account, batch, ordinal, received_at, timestamp from account_winners
), latest as (
  select profile,
         unnest(max_by(
           {'batch': batch, 'ordinal': ordinal, 'received_at': received_at, 'timestamp': timestamp}, (batch, ordinal)
         ))
  from changes
  group by profile
)
select t.segment_id as canonical_segment_id,
       case when t.profile <> t.canonical then t.canonical_segment_id end as merged_to,
       state.seq(l.batch, l.ordinal, 0) as seq, l.received_at, b.batch_time as uuid_ts, l.timestamp,
       c.* exclude ("@account")
from touched t
join latest l using (profile)
join ops.batches b on b.batch = l.batch
left join account_columns c on c."@account" = t.profile
