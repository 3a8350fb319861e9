-- A canonical profile has in profile_traits what its last snapshot says, a merged-away one has nothing.
with latest as (
  select *
  from profile_traits_updates
  qualify row_number() over (partition by segment_id order by seq desc) = 1
), expected as (
  select g.segment_id as canonical_segment_id,
         l.* exclude (id, segment_id, triggering_event_id, triggering_event_name, triggering_event_type,
                      triggering_event_source_id, triggering_event_source_name, triggering_event_source_slug,
                      received_at, timestamp, uuid_ts, seq)
  from id_graph g
  left join latest l on l.segment_id = g.segment_id and g.segment_id = g.canonical_segment_id
), found as (
  select * exclude (merged_to, etl_ts) from profile_traits
), missing as (
  select canonical_segment_id from (from expected except from found)
), surplus as (
  select canonical_segment_id from (from found except from expected)
)
from missing
union all
from surplus;
