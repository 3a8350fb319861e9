-- The newest $count calls of the profile $segment_id and of those merged into it. Grain: one row a call.
with members as (
  select segment_id from profile_merges where canonical_segment_id = $segment_id
),
calls as (
  select segment_id, timestamp, 'identify' as call, null as event, event_source_id, id from identifies
  union all
  select segment_id, timestamp, 'track', event_text, event_source_id, id from tracks
  union all
  select segment_id, timestamp, 'page', null, event_source_id, id from pages
  union all
  select segment_id, timestamp, 'screen', null, event_source_id, id from screens
  union all
  select segment_id, timestamp, 'group', null, event_source_id, id from groups
  union all
  select segment_id, timestamp, 'alias', null, event_source_id, id from aliases
)
select timestamp as "when", call, event, event_source_id as source, id
from calls
where segment_id in (select segment_id from members)
order by timestamp desc, id
limit $count;
