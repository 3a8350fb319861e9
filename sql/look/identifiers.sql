-- The identifiers of the profile $segment_id and what first told of each. Grain: one row an identifier.
select
  i.type,
  i.value,
  m.timestamp as since,
  m.triggering_event_type as call,
  m.triggering_event_source_slug as source,
  m.segment_id as first_profile
from user_identifiers i
join external_id_mapping_updates m on m.external_id_type = i.type and m.external_id_value = i.value
where i.canonical_segment_id = $segment_id
order by i.seq;
