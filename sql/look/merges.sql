-- The profiles merged into $segment_id, and the message that merged each for the last time. Grain: one row a profile.
select
  m.segment_id as profile,
  m.timestamp as merged_at,
  u.triggering_event_type as call,
  u.triggering_event_source_slug as source
from profile_merges m
join id_graph_updates u using (segment_id, seq)
where m.canonical_segment_id = $segment_id and m.segment_id <> $segment_id
order by m.seq;
