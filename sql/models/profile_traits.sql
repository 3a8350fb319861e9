-- The touched profiles with their traits side by side: the last snapshot of a canonical one; one merged away is a
-- tombstone, traits NULL and merged_to set. Every profile has a row, also without a trait.
-- Grain: one row a segment_id. $time: batch time.
with snapshots as (
  select u.*
  from profile_traits_updates u semi join touched t on t.segment_id = u.segment_id and t.profile = t.canonical
  qualify row_number() over (partition by u.segment_id order by u.seq desc) = 1
)
select t.segment_id as canonical_segment_id,
       case when t.profile <> t.canonical then t.canonical_segment_id end as merged_to,
       $time::timestamp as etl_ts,
       s.* exclude (id, segment_id, triggering_event_id, triggering_event_name, triggering_event_type,
                    triggering_event_source_id, triggering_event_source_name, triggering_event_source_slug,
                    received_at, timestamp, uuid_ts, seq)
from touched t
left join snapshots s using (segment_id)
